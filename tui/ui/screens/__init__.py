"""Whole screens: the deck, the matrix, events, problems, a rollout, nodes, discovery, help.

They lay out widgets and hand keys to controllers; what they say is worded in `format`.
"""
