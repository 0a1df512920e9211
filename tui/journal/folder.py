"""What is said where the journal cannot be kept: as of all that lies in the user's own folder."""

from tui.storage.private_files import Missing, NotKept

JournalError = NotKept
"""The journal or a lock cannot be written or read: one sentence that names the path."""

__all__ = ["JournalError", "Missing"]
