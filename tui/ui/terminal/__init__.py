"""The terminal: input decoded, output filtered, and its modes restored however the deck ends.

Nothing here imports another package of the window.
"""
