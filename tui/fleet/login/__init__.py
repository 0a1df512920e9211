"""One login and its password, shared by nodes: how many tries it has, and when it is stopped.

Sends nothing itself, and knows no node but as a key.
"""
