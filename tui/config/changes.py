"""What differs between two readings of one configuration file. Pure."""

from tui.config.profile import Configuration
from tui.model.records import dataclass


@dataclass(frozen=True, slots=True)
class ConfigurationChanges:
    """The names of the profiles that differ, and the tables that a running deck does not adopt."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    at_next_start: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.changed or self.removed or self.at_next_start)


def compare_configurations(before: Configuration, after: Configuration) -> ConfigurationChanges:
    """Return what differs; where a profile is written in the file does not count."""
    old = {profile.name: profile for profile in before.nodes}
    new = {profile.name: profile for profile in after.nodes}
    tables = {
        "settings": before.settings != after.settings,
        "keys": before.keys != after.keys,
        "notify": before.notify != after.notify,
        "rollout": before.rollout != after.rollout,
    }
    return ConfigurationChanges(
        tuple(name for name in new if name not in old),
        tuple(name for name in new if name in old and new[name] != old[name]),
        tuple(name for name in old if name not in new),
        tuple(f"[{name}]" for name, differs in tables.items() if differs),
    )
