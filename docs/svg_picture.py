"""A painted screen as SVG, cell by cell, with nothing from outside; and its text read back.

A cell is its character and its look. The text keeps its columns in whatever fixed font the
reader has, since each run of characters says how wide it is.
"""

import difflib
import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

_WIDTH, _HEIGHT, _ASCENT, _MARGIN = 9, 18, 14, 9
_FONTS = "'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace"
_TEXT = re.compile(r'<text class="\w+" x="(\d+)" y="(\d+)"[^>]*>([^<]*)</text>')

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of a cell, as `#rrggbb`, and its weight."""

    text: str
    ground: str
    bold: bool = False
    underlined: bool = False


Cell = tuple[str, Look]


def cells(line: Iterable[Segment], theme: TerminalTheme) -> list[Cell]:
    """Return the cells of a painted line; of a wide character the first has it."""
    found: list[Cell] = []
    for segment in line:
        if not segment.control:
            look = _look(segment.style or Style.null(), theme)
            for char in segment.text:
                found += [(char, look), *[("", look)] * (cell_len(char) - 1)]
    return found


def _look(style: Style, theme: TerminalTheme) -> Look:
    text = (style.color or Color.default()).get_truecolor(theme, foreground=True)
    ground = (style.bgcolor or Color.default()).get_truecolor(theme, foreground=False)
    if style.reverse:
        text, ground = ground, text
    if style.dim:
        text = type(text)(*((one + other) // 2 for one, other in zip(text, ground, strict=True)))
    return Look(text.hex, ground.hex, bool(style.bold), bool(style.underline))


def reworded(row: Sequence[Cell], text: str) -> list[Cell]:
    """Return the cells of another text in the looks of the row that it was made of.

    What `text` lacks at the end is blank.
    """
    before = "".join(char for char, _ in row)
    looks = [look for _, look in row]
    if len(text) == len(before.rstrip()):
        return [*zip(text, looks, strict=False), *((" ", look) for look in looks[len(text) :])]
    found: list[Cell] = []
    matcher = difflib.SequenceMatcher(None, before, text, autojunk=False)
    for _, start, end, new_start, new_end in matcher.get_opcodes():
        for offset, char in enumerate(text[new_start:new_end]):
            found.append((char, looks[min(start + offset, max(start, end - 1), len(looks) - 1)]))
    missing = max(0, len(row) - len(found))
    return found[: len(row)] + [(" ", looks[-1])] * missing


def svg(rows: Sequence[Sequence[Cell]], title: str) -> str:
    """Return a picture of rows of cells; `title` is what a screen reader says."""
    columns = max(map(len, rows))
    width, height = columns * _WIDTH + 2 * _MARGIN, len(rows) * _HEIGHT + 2 * _MARGIN
    classes: dict[Look, str] = {}
    shapes: list[str] = []
    ((ground, _),) = Counter(look.ground for row in rows for _, look in row).most_common(1)
    for y, row in enumerate(rows):
        for x, run in _runs(row):
            look = run[0][1]
            at = f'x="{_MARGIN + x * _WIDTH}"'
            if look.ground != ground:
                top = _MARGIN + y * _HEIGHT
                size = f'width="{len(run) * _WIDTH}" height="{_HEIGHT}"'
                shapes.append(f'<rect {at} y="{top}" {size} fill="{look.ground}"/>')
        for x, text, look in _texts(row):
            name = classes.setdefault(replace(look, ground=""), f"c{len(classes)}")
            line = _MARGIN + y * _HEIGHT + _ASCENT
            length = f'textLength="{len(text) * _WIDTH}"' if len(text) > 1 else ""
            at = f'x="{_MARGIN + x * _WIDTH}" y="{line}"'
            shapes.append(
                " ".join(filter(None, (f'<text class="{name}"', at, length)))
                + f">{html.escape(text, quote=False)}</text>"
            )
    styles = "".join(f".{name}{{{_css(look)}}}" for look, name in classes.items())
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
        f"<title>{html.escape(title, quote=False)}</title>\n"
        f"<style>rect{{shape-rendering:crispEdges}}text{{font:15px {_FONTS}}}{styles}</style>\n"
        f'<rect width="{width}" height="{height}" rx="6" fill="{ground}"/>\n'
        + "\n".join(shapes)
        + "\n</svg>\n"
    )


def _css(look: Look) -> str:
    bold = ";font-weight:bold" * look.bold
    return f"fill:{look.text}{bold}{';text-decoration:underline' * look.underlined}"


def _runs(row: Sequence[Cell]) -> Iterable[tuple[int, Sequence[Cell]]]:
    """Yield runs of cells of one ground, with their columns."""
    start = 0
    for end in range(1, len(row) + 1):
        if end == len(row) or row[end][1].ground != row[start][1].ground:
            yield start, row[start:end]
            start = end


def _texts(row: Sequence[Cell]) -> Iterable[tuple[int, str, Look]]:
    """Yield words and their columns: a run of one look, without the spaces around it.

    Two spaces end a run, so that nothing depends on how spaces are kept.
    """
    start = 0
    for end in range(1, len(row) + 1):
        if end == len(row) or replace(row[end][1], ground="") != replace(row[start][1], ground=""):
            text = "".join(char or " " for char, _ in row[start:end])
            for found in re.finditer(r"\S+(?: \S+)*", text):
                yield start + found.start(), found.group(), row[start][1]
            start = end


def read_text(picture: str) -> str:
    """Return the text of a picture as lines, each without the spaces at its end."""
    lines: dict[int, str] = {}
    for x, y, text in _TEXT.findall(picture):
        row = (int(y) - _MARGIN - _ASCENT) // _HEIGHT
        column = (int(x) - _MARGIN) // _WIDTH
        lines[row] = lines.get(row, "").ljust(column) + html.unescape(text)
    box = re.search(r'viewBox="0 0 \d+ (\d+)"', picture)
    if box is None:
        raise ValueError("the picture has no height")
    height = int(box[1]) - 2 * _MARGIN
    return "\n".join(lines.get(row, "") for row in range(height // _HEIGHT)) + "\n"
