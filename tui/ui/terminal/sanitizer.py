"""The second wall: whatever a widget rendered, no character that a terminal obeys gets out."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.model.text import is_harmless

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class ControlCharacterFilter(LineFilter):
    """Replaces what is not printable, and takes links away; keeps every cell where it is."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Give the segments as they are, where they are harmless."""
        if is_harmless("".join([one.text for one in segments])) and not any(
            one.control or (one.style is not None and one.style.link) for one in segments
        ):
            return segments
        return [_harmless(one) for one in segments if not one.control]


def _harmless(segment: Segment) -> Segment:
    text, style = segment.text, segment.style
    if not is_harmless(text):
        text = "".join(
            char if is_harmless(char) else _REPLACEMENT * cell_len(char) for char in text
        )
    if style is not None and style.link:
        style = style.update_link(None)
    return Segment(text, style)
