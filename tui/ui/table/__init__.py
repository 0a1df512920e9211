"""The live table: rows and columns by key, cursor and marks by identity, painting what changed.

Knows nothing of services, nodes or events.
"""
