"""Readers of single values of a configuration: each returns the value or raises BadValue.

No message holds the value: a password written under the wrong key must not be shown.
"""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tui.config.errors import BadValue
from tui.config.profile import Signs
from tui.model.clock import ClockZone
from tui.model.event import RECORDED, EventKind
from tui.model.login import LoginWay, ViewerRole
from tui.model.node import Environment
from tui.model.rollout import GateHazard
from tui.model.text import clean

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}


def kind_of_value(value: object) -> str:
    """Return the name of a value's TOML type."""
    return _KINDS.get(type(value), "a date or time")


def read_text_value(value: object) -> str:
    """Read text that can be shown as it stands, up to 256 characters; it may be empty."""
    if not isinstance(value, str):
        raise BadValue(f"must be text in quotes, not {kind_of_value(value)}")
    if clean(value) != value:
        raise BadValue("must be printable and at most 256 characters long")
    return value


def read_nonempty_text(value: object) -> str:
    """Read text that is not empty."""
    read = read_text_value(value)
    if not read.strip():
        raise BadValue("must not be empty")
    return read


def read_flag(value: object) -> bool:
    """Read a boolean; 0, 1 and "yes" are not valid."""
    if not isinstance(value, bool):
        raise BadValue(f"must be true or false, not {kind_of_value(value)}")
    return value


def read_seconds(least: float, most: float, *, above: bool = False) -> Callable[[object], float]:
    """Return a reader of seconds from `least` (or `above` it) to `most`."""
    bounds = f"above {least:g}, at most {most:g}" if above else f"from {least:g} to {most:g}"

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadValue(f"must be a number of seconds ({bounds}), not {kind_of_value(value)}")
        # A comparison with nan is false, so nan is refused as well.
        if not (least < value <= most or (value == least and not above)):
            raise BadValue(f"must be a number of seconds {bounds}")
        return float(value)

    return read


def read_integer(least: int, most: int) -> Callable[[object], int]:
    """Return a reader of whole numbers from `least` to `most`."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadValue(
                f"must be a whole number ({least} to {most}), not {kind_of_value(value)}"
            )
        if not least <= value <= most:
            raise BadValue(f"must be a whole number from {least} to {most}")
        return int(value)

    return read


def read_choice(*names: str) -> Callable[[object], str]:
    """Return a reader of one of these words."""
    return lambda value: _one_of(value, list(names))


def read_event_kinds(value: object) -> frozenset[EventKind]:
    """Read a list of kinds of events."""
    return frozenset(map(EventKind, _some_of(value, [kind.value for kind in RECORDED])))


def read_gate_hazards(value: object) -> frozenset[GateHazard]:
    """Read a list of what does not close the gate of a rollout."""
    return frozenset(map(GateHazard, _some_of(value, [hazard.value for hazard in GateHazard])))


def read_username(value: object) -> str:
    """Read a user's name; basic authentication cannot carry a colon in one."""
    read = read_nonempty_text(value)
    if ":" in read:
        raise BadValue("must not hold a colon")
    if read != read.strip():
        raise BadValue("must not begin or end with a space", "a node would not know that user")
    return read


def read_variable_name(value: object) -> str:
    """Read the name of an environment variable."""
    read = read_nonempty_text(value)
    if not _VARIABLE.fullmatch(read):
        raise BadValue("must be the name of an environment variable, not a password")
    return read


def read_argv(value: object, example: str) -> tuple[str, ...]:
    """Read a command as a list of its words; `example` is a line that sets it."""
    form = f"write it as a list of words: {example}"
    if isinstance(value, str):
        raise BadValue("must be a list, as no shell will read it", form)
    if not isinstance(value, list | tuple) or not value:
        raise BadValue("must be a list of words that is not empty", form)
    words: list[str] = []
    for word in value:
        if not isinstance(word, str) or "\0" in word:
            raise BadValue("must hold nothing but text", form)
        words.append(str(word))
    if not words[0].strip():
        raise BadValue("must begin with the program to run", form)
    return tuple(words)


def read_path(value: object, folder: Path) -> Path:
    """Read a path: `~` is a home, and a relative one starts at `folder`."""
    read = read_nonempty_text(value)
    try:
        path = Path(read).expanduser()
    except RuntimeError:
        raise BadValue("there is no home folder to put in the place of ~") from None
    return (folder / path).absolute()


def read_environment(value: object) -> Environment:
    """Read what a node is for."""
    return Environment(_one_of(value, [choice.value for choice in Environment]))


def read_signs(value: object) -> Signs:
    """Read which signs the deck shows."""
    return Signs(_one_of(value, [choice.value for choice in Signs]))


def read_login_way(value: object) -> LoginWay:
    """Read how to log in."""
    return LoginWay(_one_of(value, [choice.value for choice in LoginWay]))


def read_viewer_role(value: object) -> ViewerRole:
    """Read which viewer's role a login has."""
    return ViewerRole(_one_of(value, [choice.value for choice in ViewerRole]))


def read_clock_zone(value: object) -> ClockZone:
    """Read in which zone times are shown."""
    return ClockZone(_one_of(value, [choice.value for choice in ClockZone]))


def _one_of(value: object, names: list[str]) -> str:
    read = read_text_value(value)
    if read not in names:
        near = nearest(read, names)
        raise BadValue(f"must be {', '.join(names[:-1])} or {names[-1]}", near)
    return read


def _some_of(value: object, names: list[str]) -> list[str]:
    """Read a list of some of these words."""
    if not isinstance(value, list | tuple):
        form = f"write it as a list of words out of: {', '.join(names)}"
        raise BadValue(f"must be a list, not {kind_of_value(value)}", form)
    return [_one_of(word, names) for word in value]


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return the most similar word as a hint, or else all of them."""
    names = list(valid)
    import difflib  # for a name that is wrong alone

    near = difflib.get_close_matches(name.lower(), names, 1)
    return f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(names)}"
