"""The parts of a screen: one subject each, shown with the live table or lines of text.

They are handed what they show, and open no dialog.
"""
