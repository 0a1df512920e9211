"""A filter of all output: no control character leaves, whatever a widget rendered."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui.model.text import is_harmless

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class ControlCharacterFilter(LineFilter):
    """Replaces what is not printable, and takes links away; keeps every cell where it is."""

    def apply(self, segments: list[Segment], _background: Color) -> list[Segment]:
        """Return the segments, with what is not harmless replaced."""
        if is_harmless("".join([segment.text for segment in segments])) and not any(
            segment.control or (segment.style is not None and segment.style.link)
            for segment in segments
        ):
            return segments
        return [_harmless(segment) for segment in segments if not segment.control]


def _harmless(segment: Segment) -> Segment:
    text, style = segment.text, segment.style
    if not is_harmless(text):
        text = "".join(
            char if is_harmless(char) else _REPLACEMENT * cell_len(char) for char in text
        )
    if style is not None and style.link:
        style = style.update_link(None)
    return Segment(text, style)
