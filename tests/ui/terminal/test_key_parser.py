"""A letter of another script is the key of its place for the deck, and itself for a field."""

import random

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import Input

from tests.ui.terminal.test_input_decoder import messages
from tui.ui.terminal.input_decoder import InputDecoder
from tui.ui.terminal.key_parser import KeyParser, is_of_other_script, key_of_place


def parsed(text: str, parser: KeyParser | None = None) -> list[tuple[str, str | None]]:
    """Return key and character of what a terminal reports."""
    found = (parser or KeyParser()).feed(text)
    return [(event.key, event.character) for event in found if isinstance(event, events.Key)]


@pytest.mark.parametrize(
    ("report", "key", "character"),
    [
        ("\x1b[1099::115;;1099u", "s", "ы"),
        ("\x1b[1099::115;1;1099u", "s", "ы"),
        ("\x1b[1099:1067:115;2;1067u", "S", "Ы"),
        ("\x1b[1099:1067:115;65;1067u", "S", "Ы"),  # caps lock
        ("\x1b[1081::113;5u", "ctrl+q", None),
        ("\x1b[1093::91;;1093u", "left_square_bracket", "х"),  # noqa: RUF001 - Cyrillic is meant
        ("\x1b[1078:1046:59;2;1046u", "colon", "Ж"),
        ("\x1b[963::115;;963u", "s", "σ"),  # noqa: RUF001 - Greek is meant
        ("\x1b[59::113;;59u", "q", ";"),
        ("\x1b[59::113;5u", "ctrl+q", None),
    ],
)
def test_a_letter_that_is_not_latin_is_the_key_of_its_place(
    report: str, key: str, character: str | None
) -> None:
    assert parsed(report) == [(key, character)]


@pytest.mark.parametrize(
    ("report", "key", "character"),
    [
        ("\x1b[122::121;;122u", "z", "z"),  # QWERTZ
        ("\x1b[246::59;;246u", "ö", "ö"),
        ("\x1b[233::50;;233u", "é", "é"),  # AZERTY: where others have the digit 2
        ("\x1b[46::47;;46u", "full_stop", "."),
        ("\x1b[115;;115u", "s", "s"),
        ("\x1b[97:65;2;65u", "A", "A"),
        ("\x1b[1099;;1099u", "ы", "ы"),
        ("\x1b[1099::1099;;1099u", "ы", "ы"),
    ],
)
def test_any_other_key_is_what_it_types(report: str, key: str, character: str) -> None:
    assert parsed(report) == [(key, character)]


def test_a_letter_that_the_configuration_names_stays_that_key() -> None:
    parser = KeyParser({"ы", "ctrl+й"}.__contains__)
    assert parsed("\x1b[1099::115;;1099u", parser) == [("ы", "ы")]
    assert parsed("\x1b[1081::113;5u", parser) == [("ctrl+й", None)]
    assert parsed("\x1b[1081::113;;1081u", parser) == [("q", "й")]


def test_composed_text_is_no_key_of_a_place() -> None:
    assert [key for key, _ in parsed("\x1b[97;;1099:1080u")] == ["ы", "и"]


def test_modifiers_stay_with_the_key() -> None:
    assert key_of_place("ctrl+shift+ы", "s") == "ctrl+shift+s"
    assert key_of_place("enter", "s") == "enter"


def test_letters_of_other_scripts_are_told_from_all_else() -> None:
    assert all(map(is_of_other_script, "ыσשש日"))
    assert not any(map(is_of_other_script, ["s", "é", "ß", "1", "№", ".", "enter", ""]))


def test_reports_in_any_pieces_are_their_keys_and_no_others() -> None:
    chance = random.Random(10)
    reports = {
        "\x1b[1099::115;;1099u": "s",
        "\x1b[1099:1067:115;2;1067u": "S",
        "\x1b[1081::113;5u": "ctrl+q",
        "\x1b[A": "up",
        "x": "x",
        "\x1b[0n": "",
        "\x1b[?29u": "",
        "\x1b[1099::115;;1099:1099:1099:1099:1099u": "",
    }
    for _ in range(300):
        sent = chance.choices([*reports], k=chance.randint(1, 8))
        data, decoder, now = "".join(sent).encode(), InputDecoder(), 0.0
        pieces = []
        while data:
            size = chance.randint(1, 20)
            now += 0.001
            pieces += decoder.feed(data[:size], now)
            data = data[size:]
        found = [event.key for event in messages(pieces) if isinstance(event, events.Key)]
        assert found == [key for report in sent if (key := reports[report])], sent


def test_no_report_with_odd_numbers_ends_the_parser() -> None:
    for report in ("\x1b[1099::;;u", "\x1b[:::;;u", "\x1b[1::99999999999u", "\x1b[99999999::115u"):
        parser = KeyParser()
        try:
            found = parsed(report, parser)
        except (ValueError, ArithmeticError, LookupError, StopIteration):
            continue  # the driver begins with a new parser
        assert "s" not in [key for key, _ in found]


class Field(App[None]):
    """One field, and a binding of the app."""

    BINDINGS = [("s", "press", "")]  # noqa: RUF012 - Textual's way

    def __init__(self) -> None:
        super().__init__()
        self.pressed = 0

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        yield Input()

    def action_press(self) -> None:
        """Count."""
        self.pressed += 1


async def test_a_field_takes_the_character_that_was_typed_and_a_binding_the_key() -> None:
    async with Field().run_test() as pilot:
        app = pilot.app
        assert isinstance(app, Field)
        for event in KeyParser().feed("\x1b[1099::115;;1099u"):
            app.post_message(event)
        await pilot.pause()
        assert (app.query_one(Input).value, app.pressed) == ("ы", 0)
        app.set_focus(None)
        for event in KeyParser().feed("\x1b[1099::115;;1099u"):
            app.post_message(event)
        await pilot.pause()
        assert (app.query_one(Input).value, app.pressed) == ("ы", 1)
