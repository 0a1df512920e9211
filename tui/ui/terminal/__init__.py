"""The terminal: taken when the deck opens, filtered on the way out, given back however it ends.

Knows nothing of what the deck shows.
"""
