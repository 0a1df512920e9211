"""Where a password comes from: the environment, a command, a file, the keyring, or a person.

A source that is named is the only one that is asked; nothing falls back to another one, and
nothing is ever written down. No message holds a password or what a command printed.
"""

from tui.credentials.passwords import Passwords
from tui.credentials.secret import CredentialError, PasswordNeeded, Secret

__all__ = ["CredentialError", "PasswordNeeded", "Passwords", "Secret"]
