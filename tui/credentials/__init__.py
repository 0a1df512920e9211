"""The sources of a password: the environment, a command, a file, the keyring, or a person.

A source that is named is the only one that is read; there is no fallback to another one, and
no password is written to disk. No message holds a password or a command's output.
"""

from tui.credentials.passwords import Passwords
from tui.credentials.secret import CredentialError, PasswordNeeded, Secret

__all__ = ["CredentialError", "PasswordNeeded", "Passwords", "Secret"]
