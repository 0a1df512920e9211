"""From two readings to events: what changed, who caused it, what it adds up to, who is notified.

Pure but for its memory: no network, no order is given, no window is known.
"""
