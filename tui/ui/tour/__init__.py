"""The tour of `rsdeck demo --tour`: a deck that plays its own keys on the embedded cluster.

Only the demo starts it; no deck on a configuration imports it.
"""
