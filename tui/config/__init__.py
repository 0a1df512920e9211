"""The configuration: read strictly, written without losing a comment."""

from tui.config.errors import ConfigError
from tui.config.loader import load
from tui.config.password_source import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    PasswordSource,
)
from tui.config.profile import (
    Configuration,
    NodeProfile,
    Notify,
    RolloutRules,
    Settings,
    Signs,
    fields_of,
)
from tui.config.profile_rules import FIELDS, check_profile, profile_problems
from tui.config.writer import save_changes, save_profile

__all__ = [
    "FIELDS",
    "AskSource",
    "CommandSource",
    "ConfigError",
    "Configuration",
    "EnvironmentSource",
    "FileSource",
    "KeyringSource",
    "NodeProfile",
    "Notify",
    "PasswordSource",
    "RolloutRules",
    "Settings",
    "Signs",
    "check_profile",
    "fields_of",
    "load",
    "profile_problems",
    "save_changes",
    "save_profile",
]
