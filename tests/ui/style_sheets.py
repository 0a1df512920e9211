"""Style sheets that are parsed once for all apps of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

_parse = Stylesheet._parse_rules
_PARSED: dict[object, list[RuleSet]] = {}


@contextmanager
def parse_style_sheets_once() -> Iterator[None]:
    """Let all apps share what was parsed of a style sheet with the colours of a theme.

    Textual keeps it for as long as the theme of one app stays: a tenth of what an app computes.
    """

    def parse(sheet: Stylesheet, css: str, *where: Any, **rest: Any) -> list[RuleSet]:
        key = css, where, *rest.items(), *sheet._variables.items()
        if key not in _PARSED:
            _PARSED[key] = _parse(sheet, css, *where, **rest)
        return _PARSED[key]

    with patch.object(Stylesheet, "_parse_rules", parse):
        yield
