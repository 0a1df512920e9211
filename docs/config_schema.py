"""The JSON Schema of the configuration, for editors, from the readers that read it."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from tui.config.errors import BadValue
from tui.config.loader import NOTIFY_READERS, ROLLOUT_READERS, SETTING_READERS
from tui.config.profile import NodeProfile, Notify, RolloutRules, Settings
from tui.config.profile_rules import FIELD_READERS, NAME, PAIR, SOURCES, TRUSTS
from tui.storage.paths import example_config

_SAMPLES: tuple[tuple[str, object], ...] = (
    ("boolean", True),
    ("integer", 2),
    ("number", 2.5),
    ("array", ["word"]),
)
"""A value of each type that a reader may take beside text."""


def config_schema() -> dict[str, Any]:
    """Return the schema of the whole file."""
    texts = _comments(example_config().read_text(encoding="utf-8"))
    nodes = _table(FIELD_READERS, NodeProfile, texts["nodes"])
    # A profile without `username` is valid where a client certificate is the login.
    nodes["required"] = ["url"]
    nodes["allOf"] = [
        *({"not": {"required": list(pair)}} for pair in _pairs(SOURCES, TRUSTS)),
        {"dependentRequired": {PAIR[0]: [PAIR[1]], PAIR[1]: [PAIR[0]]}},
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of rsdeck",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "settings": _table(SETTING_READERS, Settings, texts["settings"]),
            "keys": {
                "type": "object",
                "description": "Other keys for the deck, by the id of a binding.",
                "additionalProperties": {"type": "string", "minLength": 1},
            },
            "notify": _table(NOTIFY_READERS, Notify, texts["notify"]),
            "rollout": _table(ROLLOUT_READERS, RolloutRules, texts["rollout"]),
            "nodes": {
                "type": "object",
                "description": "One table for each node.",
                "patternProperties": {f"^{NAME.pattern}$": nodes},
                "additionalProperties": False,
            },
        },
    }


def _pairs(*groups: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the pairs of keys of which only one may be set; false is as if it were not."""
    flags = {"keyring", "insecure"}
    return [
        (one, other)
        for group in groups
        for place, one in enumerate(group)
        for other in group[place + 1 :]
        if not {one, other} & flags
    ]


def _table(
    readers: Mapping[str, Callable[..., object]], class_: type, texts: Mapping[str, str]
) -> dict[str, Any]:
    hints = get_type_hints(class_)
    defaults = {field.name: field.default for field in fields(class_)}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            key: {
                **_key(reader, hints.get(key)),
                **({"description": texts[key]} if key in texts else {}),
                **_default(defaults.get(key)),
            }
            for key, reader in readers.items()
        },
    }


def _default(value: object) -> dict[str, Any]:
    plain = value.value if isinstance(value, Enum) else value
    return {"default": plain} if isinstance(plain, bool | int | float | str) and plain != "" else {}


def _key(reader: Callable[..., object], hint: Any) -> dict[str, Any]:
    """Return the schema of one key: its type by what its reader takes, its bounds by the reader."""
    words = _words(hint)
    if get_origin(hint) is frozenset:
        taken_words = [word for word in _words(get_args(hint)[0]) if _takes(reader, [word])]
        return {"type": "array", "items": {"enum": taken_words}}
    if words:
        return {"enum": words}
    taken = [name for name, sample in _SAMPLES if _takes(reader, sample)]
    if taken == ["array"]:
        return {"type": "array", "items": {"type": "string"}, "minItems": 1}
    if "number" in taken or "integer" in taken:
        bounds = inspect.getclosurevars(reader).nonlocals
        least = "exclusiveMinimum" if bounds.get("above") else "minimum"
        limits = {least: bounds["least"], "maximum": bounds["most"]} if "least" in bounds else {}
        return {"type": "number" if "number" in taken else "integer", **limits}
    names = inspect.getclosurevars(reader).nonlocals.get("names")
    if names:
        return {"enum": list(names)}
    return {"type": taken[0] if taken else "string"}


def _words(hint: Any) -> list[str]:
    """Return the words of an enum, which may be one of a union with None."""
    for class_ in (hint, *get_args(hint)):
        if inspect.isclass(class_) and issubclass(class_, Enum):
            return [str(member.value) for member in class_]
    return []


def _takes(reader: Callable[..., object], sample: object) -> bool:
    arguments = [sample, Path()][: len(inspect.signature(reader).parameters)]
    try:
        reader(*arguments)
    except BadValue:
        return False
    return True


_TABLE = re.compile(r"\[(\w+)")
_KEY = re.compile(r"(?:#: )?(\w+) = ")


def _comments(example: str) -> dict[str, dict[str, str]]:
    """Return the comments above the keys of the example, by table and key."""
    found: dict[str, dict[str, str]] = {"": {}}
    table, above = "", [""]
    for line in example.splitlines():
        if key := _KEY.match(line):
            text = " ".join(above).strip()
            if text:
                found[table].setdefault(key[1], text)
            above = []
        elif start := _TABLE.match(line):
            table, above = start[1], []
            found.setdefault(table, {})
        elif line.startswith("# "):
            above.append(line[2:])
        else:
            above = []
    return found
