"""The texts of the deck: data in, cells and lines of text out. Pure.

No widget, no clock but the one handed in, and no access to the fleet's state.
"""
