"""Lines of parts: what does not fit is said in fewer words, or left out whole. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from tui.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line; of too many, those with the highest `rank` are left out first.

    `brief` is the same in fewer words, where there are any; empty where the part is left out before
    any that is more important is shortened.
    """

    text: Text
    rank: int = 0
    brief: Text | None = None


def parts_that_fit(parts: Sequence[Part], width: int, gap: int) -> tuple[Part, ...]:
    """Return the parts that fit with `gap` cells between.

    All are shortened, the least important first, before any is left out.
    """
    kept = list(parts)
    while kept and sum(part.text.cell_len + gap for part in kept) - gap > width:
        # Of two of the same rank, the one farther right.
        long = [part for part in kept if part.brief is not None]
        last = max(reversed(long or kept), key=lambda part: part.rank)
        if last.brief is None or not last.brief.plain:
            kept.remove(last)
        else:
            kept[kept.index(last)] = replace(last, text=last.brief, brief=None)
    return tuple(kept)


def joined(parts: Sequence[Part], gap: int) -> Text:
    """Return the parts as one line, with `gap` cells between."""
    line = Text()
    for number, part in enumerate(parts):
        line.append(" " * gap if number else "").append_text(part.text)
    return line
