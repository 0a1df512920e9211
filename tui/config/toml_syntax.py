"""Parse TOML, with its errors as ConfigError."""

import ast
import re
import tomllib
from pathlib import Path

from tui.config.errors import ConfigError
from tui.config.key_lines import dotted_key
from tui.model.text import clean

WITHOUT_BOM = r"save it as UTF-8 without BOM, or run: sed -i '1s/^\xef\xbb\xbf//' on that file"

_WHERE = re.compile(r"(?P<what>.*) \(at (line (?P<line>\d+), column (?P<column>\d+)|end of .*)\)")
_TWICE = re.compile(r"Cannot (?:declare|mutate immutable namespace) (?P<path>\(.*\))(?: twice)?")
_INLINE = re.compile(r"Duplicate inline table key '(?P<key>.*)'")
_KEY = re.compile(r"\s*(?P<key>[A-Za-z0-9_.-]+)\s*=")
_TABLE = re.compile(r"\s*\[\s*(?P<table>[A-Za-z0-9_.-]+)\s*\]")


def parse_toml(data: bytes, path: Path) -> dict[str, object]:
    """Parse TOML; raises ConfigError with line and column, and the key if one is there twice."""
    text = _decode(data, path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
    except RecursionError:
        raise ConfigError("is nested too deeply", file=path) from None
    except ValueError:  # a number of too many digits
        raise ConfigError("holds a number that is too long", file=path) from None
    raise _complaint(message, text, path)


def _decode(data: bytes, path: Path) -> str:
    if data.startswith(b"\xef\xbb\xbf"):
        raise ConfigError("begins with a byte order mark (BOM)", file=path, hint=WITHOUT_BOM)
    line = 0
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
    raise ConfigError(f"line {line} is not UTF-8", file=path, hint="save it as UTF-8")


def _complaint(message: str, text: str, path: Path) -> ConfigError:
    match = _WHERE.fullmatch(message)
    what = match["what"] if match else message
    if match and match["line"]:
        line, column = int(match["line"]), int(match["column"])
    else:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    place = f"line {line}, column {column}"
    twice = _TWICE.fullmatch(what)
    if twice:
        key = dotted_key(*ast.literal_eval(twice["path"]))
        return ConfigError(f"is there twice ({place})", file=path, key=key)
    inline = _INLINE.fullmatch(what)
    if inline:
        key = f"{_key_at(text, line)}: {dotted_key(inline['key'])}"
        return ConfigError(f"is there twice ({place})", file=path, key=key)
    if what == "Cannot overwrite a value":
        return ConfigError(f"is there twice ({place})", file=path, key=_key_at(text, line))
    return ConfigError(f"{place}: {clean(what[:1].lower() + what[1:])}", file=path)


def _key_at(text: str, number: int) -> str:
    """Return the key on a line (1 is the first); only the text before its `=` is read."""
    lines = text.split("\n")[:number]
    match = _KEY.match(lines[-1])
    if match is None:
        return "a key"
    tables = (_TABLE.match(line) for line in reversed(lines))
    table = next((match["table"] for match in tables if match), "")
    return f"{table}.{match['key']}" if table else match["key"]
