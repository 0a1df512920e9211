"""The read-only deck in a browser: a loopback server, and a terminal for each page.

Holds nothing of the deck, which runs in a process of its own; imports no other package of it.
"""
