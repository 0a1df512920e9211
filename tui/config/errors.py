"""The errors of a configuration, with what to do about them."""

from pathlib import Path

from tui.model.text import clean

_LONGEST = 4096


class ConfigError(Exception):
    """A configuration cannot be read, trusted or written.

    `file` is None for fields that are in no file yet; `line` is the key's, from 1, where it is
    known; `key` is dotted (`nodes.prod1.url`) and may be empty; `hint` says what to do and may be
    empty. `str` is one line, and a second one for the hint. No value of the file is ever in it.
    """

    def __init__(
        self,
        reason: str,
        *,
        file: Path | None = None,
        line: int | None = None,
        key: str = "",
        hint: str = "",
    ) -> None:
        self.file = file
        self.line = line
        self.key = key
        self.reason = reason
        self.hint = hint
        super().__init__(reason)

    def __str__(self) -> str:
        file = "" if self.file is None else clean(str(self.file), _LONGEST)
        place = ", ".join(part for part in (file, f"line {self.line}" if self.line else "") if part)
        text = ": ".join(part for part in (place, self.key, self.reason) if part)
        return f"{text}\n  {self.hint}" if self.hint else text


class BadValue(ValueError):
    """A value is not valid; the caller, who knows its key, raises ConfigError."""

    def __init__(self, reason: str, hint: str = "") -> None:
        self.reason = reason
        self.hint = hint
        super().__init__(reason)

    def __str__(self) -> str:
        return f"{self.reason}: {self.hint}" if self.hint else self.reason
