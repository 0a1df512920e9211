from pathlib import Path

import pytest

from tui.config.errors import ConfigError
from tui.config.toml_syntax import parse_toml

FILE = Path("/c.toml")


def complaint(text: str | bytes) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_toml(text.encode() if isinstance(text, str) else text, FILE)
    assert caught.value.file == FILE
    return str(caught.value)


def test_a_mistake_is_named_with_line_and_column() -> None:
    assert complaint("[nodes.a]\nurl = = 3\n") == "/c.toml: line 2, column 7: invalid value"


def test_a_mistake_at_the_end_has_a_line_and_a_column_too() -> None:
    printed = complaint('[nodes.a]\npassword = "hunter2')
    assert "line 2, column 20" in printed
    assert "hunter2" not in printed


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[nodes.a]\nx = 1\nx = 2\n", "nodes.a.x"),
        ("x = 1\nx = 2\n", "x"),
        ("[nodes.a]\n[nodes.a]\n", "nodes.a"),
        ("x = { b = 1, b = 2 }\n", "x: b"),
        ('[nodes.a]\n"password" = "hunter2"\n"password" = "hunter2"\n', "a key"),
    ],
)
def test_what_is_there_twice_is_named(text: str, key: str) -> None:
    printed = complaint(text)
    assert printed.startswith(f"/c.toml: {key}: is there twice (line ")
    assert "hunter2" not in printed


def test_a_byte_order_mark_and_bad_utf8_are_named() -> None:
    assert "byte order mark" in complaint(b"\xef\xbb\xbfx = 1\n")
    assert "line 2 is not UTF-8" in complaint(b"x = 1\ny = '\xff'\n")


def test_no_nesting_and_no_number_is_a_traceback() -> None:
    assert "deep" in complaint("x = " + "[" * 100_000)
    assert "number" in complaint("x = " + "9" * 10_000)


def test_an_error_carries_no_bytes_of_the_file_along() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_toml(b"password = 'hunter2\xff'", FILE)
    assert caught.value.__context__ is None
