"""The user's own folders and files, and the thread that writes them.

Knows paths and permissions, not what is written; imports the model alone.
"""
