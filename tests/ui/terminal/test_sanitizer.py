"""Nothing that a terminal obeys gets past the last filter, whatever a widget rendered."""

import pytest
from rich.cells import cell_len
from rich.control import Control
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.color import Color

from tests.oracle import strange
from tests.terminal.hostile import PAYLOADS
from tui.ui.terminal.sanitizer import ControlCharacterFilter

GROUND = Color(0, 0, 0)
LINK = Style(color="red", bold=True, link="https://evil.example")


def sanitized(*segments: Segment) -> list[Segment]:
    return ControlCharacterFilter().apply(list(segments), GROUND)


def test_harmless_segments_pass_as_they_are() -> None:
    segments = [Segment("alert_mgr ● RUNNING 漢字", Style(bold=True)), Segment(" ")]
    assert ControlCharacterFilter().apply(segments, GROUND) is segments


@pytest.mark.parametrize("name", PAYLOADS)
def test_no_payload_gets_through_as_anything_but_text(name: str) -> None:
    line = sanitized(Segment("before "), Segment(PAYLOADS[name]), Segment(" after"))
    text = "".join(segment.text for segment in line)
    assert text.isprintable()
    assert strange(text.encode("utf-8", "surrogatepass")) == []
    assert text.startswith("before ")
    assert text.endswith(" after")


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_cell_stays_where_it_is(name: str) -> None:
    (segment,) = sanitized(Segment(PAYLOADS[name]))
    assert cell_len(segment.text) == sum(map(cell_len, PAYLOADS[name]))


def test_what_is_not_printable_is_replaced_by_a_sign_as_wide_and_the_rest_stays() -> None:
    (segment,) = sanitized(Segment("a\x1bb\u202ec", Style(bold=True)))
    assert segment.text.replace("\N{REPLACEMENT CHARACTER}", "") == "abc"
    assert segment.style == Style(bold=True)


def test_a_link_is_taken_away_and_the_colours_stay() -> None:
    (segment,) = sanitized(Segment("click", LINK))
    assert segment.text == "click"
    assert segment.style is not None
    assert segment.style.link is None
    assert segment.style.bold
    assert segment.style.color == LINK.color


def test_a_link_on_text_that_is_cleaned_is_taken_away_too() -> None:
    first, second = sanitized(Segment("\x1b]8;;x\x07", LINK), Segment("plain", Style(bold=True)))
    assert first.style is not None
    assert first.style.link is None
    assert second == Segment("plain", Style(bold=True))


def test_a_segment_of_terminal_commands_is_dropped() -> None:
    assert sanitized(Control.clear().segment, Segment("text")) == [Segment("text")]
    assert sanitized(Control.title("pwned").segment) == []


def test_a_terminal_command_whose_text_is_harmless_is_dropped_too() -> None:
    command = Segment("7", None, [(ControlType.BELL,)])
    assert sanitized(Segment("text"), command) == [Segment("text")]
