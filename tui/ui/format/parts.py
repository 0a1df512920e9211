"""Lines of parts: what does not fit leaves out its least important part whole. Pure."""

from collections.abc import Sequence

from rich.text import Text

from tui.model.records import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line; of too many, those with the highest `rank` are left out first."""

    text: Text
    rank: int = 0


def parts_that_fit(parts: Sequence[Part], width: int, gap: int) -> tuple[Part, ...]:
    """Return the parts that fit with `gap` cells between: the least important go first."""
    kept = list(parts)
    while kept and sum(part.text.cell_len + gap for part in kept) - gap > width:
        # Of two of the same rank, the one farther right.
        kept.remove(max(reversed(kept), key=lambda part: part.rank))
    return tuple(kept)


def joined(parts: Sequence[Part], gap: int) -> Text:
    """Return the parts as one line, with `gap` cells between."""
    line = Text()
    for number, part in enumerate(parts):
        line.append(" " * gap if number else "").append_text(part.text)
    return line
