"""Dialogs that ask before something is decided, and that no typed-ahead key can answer.

They return a decision; they never send, write or call the fleet.
"""
