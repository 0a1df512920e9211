"""JSON as strictly as its standard has it, with what is wrong said in words."""

import json
import re
from collections import Counter
from typing import Any

from tui.model.text import clean

_VALUES_AT_MOST = 100_000  # two thousand services have ten thousand
_TITLE = re.compile(r"<title[^>]*>([^<]*)", re.IGNORECASE)


class WireError(ValueError):
    """An answer that is not what the API says; the text says what it is."""


class JsonObject(dict[str, Any]):
    """A JSON object that remembers which of its keys came more than once."""

    twice: frozenset[str] = frozenset()


def _pairs(items: list[tuple[str, Any]]) -> JsonObject:
    found = JsonObject(items)
    if len(found) != len(items):
        counts = Counter(key for key, _ in items)
        found.twice = frozenset(key for key, count in counts.items() if count > 1)
    return found


def _no_constant(name: str) -> None:
    raise WireError(f"it holds {name}, which is not JSON")


def read_json(body: bytes) -> Any:
    """Parse an answer's body strictly; raises WireError with what is wrong in words."""
    if not body.strip():
        raise WireError("it is empty")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("it is not UTF-8") from None
    # Each value takes some hundred bytes of memory, however short it is written.
    if sum(map(body.count, (b",", b"[", b"{"))) > _VALUES_AT_MOST:
        raise _too_much(text)
    try:
        return json.loads(text, object_pairs_hook=_pairs, parse_constant=_no_constant)
    except WireError:
        raise
    except RecursionError:
        raise WireError("it is nested too deeply") from None
    except ValueError:
        page = web_page(text)
        if page:
            raise WireError(f"{page} instead of JSON; is this the API's port (9443)?") from None
        raise WireError("it is not JSON, or cut short") from None


def _too_much(text: str) -> WireError:
    return WireError(web_page(text) or "it holds more values than any answer of a node")


def web_page(text: str) -> str:
    """Say which web page a text is; empty if it is none."""
    if not text.lstrip().startswith("<"):
        return ""
    title = _TITLE.search(text, 0, 4096)
    named = clean(" ".join(title[1].split()), 80) if title else ""
    return f'it is a web page ("{named}")' if named else "it is a web page"


def read_object(body: bytes) -> JsonObject:
    """Parse a body that must be an object; raises WireError."""
    value = read_json(body)
    if not isinstance(value, JsonObject):
        raise WireError(f"it is {kind_of_json(value)} where an object was expected")
    return value


def kind_of_json(value: object) -> str:
    """Say what a parsed value is, as a sentence does."""
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return "an object" if isinstance(value, dict) else names.get(type(value), "a number")
