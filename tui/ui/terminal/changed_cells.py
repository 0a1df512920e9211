"""A model of what the terminal shows, cell by cell: only cells that differ are written.

Textual writes whole lines of every widget that was painted. This writes the changed cells, with
the shortest moves of the cursor between them, and those of one look together.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from rich.cells import split_graphemes
from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.strip import Strip

from tui.model.text import is_harmless

PAINTED_UPDATES = (LayoutUpdate, ChopsUpdate)
"""What Textual 8.2 paints; both are private to it, so its version is bounded to 8.2."""

_GAP = 4
"""Cells that are written again where that is shorter than to move over them."""

_BLANKS = re.compile("( {8,}$| {12,})")
"""Blanks that are longer than what erases them and, where more follows, moves over them."""

_SIGN_IN_BLANKS = re.compile(r"(.*?)( *)([^\0-\x7f])( +)")
"""A sign before blanks: they are erased first, so that none has to be moved to after it."""

_ERASING_IN_COLOR = ("xterm", "linux", "rxvt", "alacritty", "foot")

_ENDS = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29"}
"""By attribute, what ends it."""

_UNSEEN = {"", "1", "2", "3"}
"""Attributes that change nothing in a blank: bold, dim, italic."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_Cell = tuple[str, str]
"""The text of a cell, with its combining characters, and its look: the parameters of its SGR
sequence. The right half of a wide character has no text. A blank has the look of its background
alone, where nothing else of it can be seen."""

_UNKNOWN: _Cell = ("", "?")

_Cursor = tuple[int, int | None]
"""The line and column of the cursor; after what terminals give different widths, the line alone."""

_Placed = tuple[int, int, str, int, str]
"""What is written at once: line, column, text, its width, and its look."""


def erases_in_color(environment: Mapping[str, str]) -> bool:
    """Whether the terminal gives what it erases the background that is set (terminfo's `bce`).

    False inside tmux and GNU screen, where not every version does, and for names that are not
    known to.
    """
    if environment.get("TMUX") or environment.get("STY"):
        return False
    return environment.get("TERM", "").startswith(_ERASING_IN_COLOR)


class TerminalCells:
    """The cells of a terminal, as far as they are known.

    `keeps_column` says whether a line feed goes straight down (no ONLCR), `keeps_ground` whether
    what is erased gets the background that is set (`erases_in_color`). The caller calls `forget`
    whenever something else may have written to the terminal, or a frame was dropped.
    """

    def __init__(self, *, keeps_column: bool = False, keeps_ground: bool = False) -> None:
        self.keeps_column = keeps_column
        self.keeps_ground = keeps_ground
        self._size = (0, 0)
        self._rows: list[list[_Cell]] = []
        self._look: str | None = None
        self._cursor: _Cursor | None = None

    def forget(self) -> None:
        """Know nothing of the terminal any more: all that is painted next is written."""
        width, height = self._size
        self._rows = [[_UNKNOWN] * width for _ in range(height)]
        self._look = self._cursor = None

    def move_to(self, x: int, y: int) -> str:
        """Return what moves the cursor to a cell; nothing where it is there."""
        moved = self._moved(y, x)
        self._cursor = (y, x)
        return moved

    def draw(
        self,
        update: LayoutUpdate | ChopsUpdate,
        size: tuple[int, int],
        colors: ColorSystem = ColorSystem.TRUECOLOR,
    ) -> str:
        """Take over a painted update of a screen of `size` (width, height).

        Returns what makes the terminal show it; nothing where it does already.
        """
        if size != self._size:
            self._size = size
            self.forget()
        changed: list[tuple[int, list[int]]] = []
        for y, x, strip in _strips(update):
            if y < size[1] and (columns := self._take(y, x, strip, colors)):
                changed.append((y, columns))
        return "".join(self._written(changed)) if changed else ""

    def _take(self, y: int, x: int, strip: Strip, colors: ColorSystem) -> list[int]:
        """Take over a strip; return the columns that differ, in their order."""
        cells: list[_Cell] = []
        for text, style, control in strip:
            if control:
                continue
            look = "" if style is None else Strip.render_ansi(style, colors)
            if text.isspace() and text.isascii() and text.isprintable():
                cells += [(" ", _ground(look))] * len(text)
            elif text.isascii() and text.isprintable():
                ground = _ground(look)
                cells += [(char, ground if char == " " else look) for char in text]
            else:
                _add_graphemes(cells, text, look)
        row = self._rows[y]
        del cells[max(0, len(row) - x) :]
        end = x + len(cells)
        if row[x:end] == cells:
            return []
        columns = [at for at, cell in enumerate(cells, x) if row[at] != cell]
        # A wide character is written whole.
        halves = {at - 1 for at in columns if not cells[at - x][0] and at > x}
        if not halves.issubset(columns):
            columns = sorted(halves.union(columns))
        row[x:end] = cells
        if end < len(row) and row[end][0] == "" and row[end] is not _UNKNOWN:
            row[end] = _UNKNOWN  # the right half of a wide character that was painted over
        return columns

    def _written(self, changed: list[tuple[int, list[int]]]) -> Iterator[str]:
        by_look: dict[str, list[_Placed]] = {}
        blanks: list[_Placed] = []
        for y, columns in changed:
            for x, text, width, look in self._runs(self._rows[y], columns):
                if text.isspace() and look == _ground(look):
                    blanks.append((y, x, text, width, look))
                else:
                    by_look.setdefault(look, []).append((y, x, text, width, look))
        _share_out(blanks, by_look, self._look)
        while by_look:
            look = min(by_look, key=lambda one: len(_restyled(self._look, one)))
            yield _restyled(self._look, look)
            self._look = look
            runs = by_look.pop(look)
            if self.keeps_ground and _is_plain(look):
                for y, x, text, width in _joined_around_signs(runs):
                    yield self._moved(y, x)
                    yield self._put_and_erase(y, x, text, width)
            else:
                for y, x, text, width, _ in runs:
                    yield self._moved(y, x)
                    yield self._put(y, x, text, width)

    def _put(self, y: int, x: int, text: str, width: int) -> str:
        """Return what writes a text in the current look where the cursor is."""
        end = x + width
        is_ascii = text.isascii()
        # At the right edge it is anywhere; a terminal may give two cells to what has one here.
        is_known = (end if is_ascii else end + width) < self._size[0]
        self._cursor = (y, end if is_ascii else None) if is_known else None
        return text

    def _put_and_erase(self, y: int, x: int, text: str, width: int) -> str:
        """Return the same as `_put`, with what erases blanks where that is shorter."""
        written = self._put(y, x, text, width)
        if not text.isascii():
            match = _SIGN_IN_BLANKS.fullmatch(text)
            if match is None:
                return written
            head, blanks, sign, tail = match.groups()
            over = f"\x1b[{len(blanks)}C" if blanks else ""
            return f"{head}\x1b[{len(blanks) + 1 + len(tail)}X{over}{sign}"
        *parts, last = _BLANKS.split(text)
        if not parts:
            return written
        pieces = [
            f"\x1b[{len(part)}X\x1b[{len(part)}C" if number % 2 else part
            for number, part in enumerate(parts)
        ]
        if not last:
            blanks_at_end = len(parts[-1])
            pieces[-1] = f"\x1b[{blanks_at_end}X"
            self._cursor = (y, x + width - blanks_at_end)
        return "".join((*pieces, last))

    def _runs(self, row: list[_Cell], columns: list[int]) -> Iterator[tuple[int, str, int, str]]:
        """Yield column, text, width and look of what is written of a row.

        What terminals may give another width ends a run, so that the next one is moved to.
        """
        start = end = columns[0]
        text, look = row[start]
        is_ascii, is_blank = text.isascii(), text == " "
        for column in columns[1:]:
            text, its_look = row[column]
            common = _common_look(look, is_blank, its_look, text == " ")
            # A wide character's right half, which has no text, goes with its left one.
            joins = common is not None and (is_ascii or not text or not text.isascii())
            if joins and column > end + 1:
                joins = is_ascii and _is_short_gap(row[end + 1 : column], common or "")
            if not joins:
                yield _run(row, start, end, look)
                start, look, is_ascii, is_blank = column, its_look, True, True
            elif common is not None:
                look = common
            is_blank = is_blank and text == " "
            is_ascii = is_ascii and text.isascii()
            end = column
        yield _run(row, start, end, look)

    def _moved(self, y: int, x: int) -> str:
        """Return the shortest move of the cursor to a cell."""
        if self._cursor == (y, x):
            return ""
        home = f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"
        if self._cursor is None:
            return home
        moves = [home]
        from_y, from_x = self._cursor
        if from_y == y:
            moves.append(_sideways(from_x, x))
        elif y == from_y + 1:
            aside = _sideways(from_x if self.keeps_column else 0, x)
            moves.append(f"{aside}\n" if self.keeps_column else f"\n{aside}")
        elif from_x is not None:
            vertical = "\x1b[A" if y == from_y - 1 else f"\x1b[{y + 1}d"
            moves.append(f"{_sideways(from_x, x)}{vertical}")
        return min(moves, key=len)


def _run(row: list[_Cell], start: int, end: int, look: str) -> tuple[int, str, int, str]:
    text = "".join([text for text, _ in row[start : end + 1]])
    return start, text, end + 1 - start, look


def _is_short_gap(between: list[_Cell], look: str) -> bool:
    """Whether to write cells again between two that changed, all of one look."""
    return len(between) <= _GAP and all(
        text and text.isascii() and _common_look(look, False, its_look, text == " ") == look
        for text, its_look in between
    )


@lru_cache(maxsize=4096)
def _common_look(look: str, is_blank: bool, other: str, is_other_blank: bool) -> str | None:
    """Return the look that cells of two looks can be written in, as blanks can; else None."""
    if look == other or (is_other_blank and other == _ground(look)):
        return look
    return other if is_blank and look == _ground(other) else None


def _share_out(
    blanks: list[_Placed], by_look: dict[str, list[_Placed]], current: str | None
) -> None:
    """Add each run of blanks to those of a look with the same background, where there is one."""
    ends = {(y, x + width): its for its, runs in by_look.items() for y, x, _, width, _ in runs}
    touched = set()
    for run in blanks:
        y, x, *_, ground = run
        beside = ends.get((y, x))
        if beside is not None and _ground(beside) == ground:
            look = beside
        else:
            looks = (one for one in by_look if _ground(one) == ground)
            fallback = current if current is not None and _ground(current) == ground else ground
            look = next(looks, fallback)
        by_look.setdefault(look, []).append(run)
        touched.add(look)
    for look in touched:
        by_look[look].sort()


def _joined_around_signs(runs: list[_Placed]) -> Iterator[tuple[int, int, str, int]]:
    """Yield line, column, text and width of runs, each sign together with the blanks after it."""
    waiting: tuple[int, int, str, int] | None = None
    for y, x, text, width, _ in runs:
        if waiting is not None:
            its_y, its_x, before, its_width = waiting
            is_beside = its_y == y and its_x + its_width == x
            # One sign that is one cell wide.
            if is_beside and text.isspace() and _ends_with_sign(before, its_width):
                waiting = its_y, its_x, before + text, its_width + width
                continue
            yield waiting
        waiting = y, x, text, width
    if waiting is not None:
        yield waiting


def _ends_with_sign(text: str, width: int) -> bool:
    return len(text) == width and text[:-1].isascii() and not text.isascii()


def _sideways(old: int | None, new: int) -> str:
    """Return the shortest move within a line, from a column that may be unknown."""
    moves = [f"\x1b[{new + 1}G" if new else "\x1b[G"]
    if old is not None:
        by = new - old
        moves.insert(0, "\b" * -by if by <= 0 else "\x1b[C" if by == 1 else f"\x1b[{by}C")
    return min(moves, key=len)


def _add_graphemes(cells: list[_Cell], text: str, look: str) -> None:
    for grapheme, width in _graphemes(text):
        if width:
            cells.append((grapheme, look))
            cells += [("", look)] * (width - 1)
        elif cells:
            before, its_look = cells[-1]
            cells[-1] = (before + grapheme, its_look)


@lru_cache(maxsize=4096)
def _graphemes(text: str) -> tuple[tuple[str, int], ...]:
    """Split a text into what stands in one place each, with its width; most is painted again."""
    found: list[tuple[str, int]] = []
    for start, end, width in split_graphemes(text)[0]:
        grapheme = text[start:end]
        if is_harmless(grapheme):
            found.append((grapheme, width))
        else:
            found += [(_REPLACEMENT, 1)] * width
    return tuple(found)


def _strips(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Yield line, column and content of all that an update paints."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, left, right in update.spans:
        line: Mapping[int, Strip | None] = update.chops[y]
        for end, (x, chop) in zip(update.chop_ends[y], line.items(), strict=False):
            if chop is not None and x <= right and end > left:
                yield y, x, chop if end <= right else chop.crop(0, right - x)


@lru_cache(maxsize=4096)
def _restyled(old: str | None, new: str) -> str:
    """Return the shortest SGR sequence from one look to another; `old` None is not known."""
    if old == new:
        return ""
    if not new:
        return "\x1b[m"
    whole = f"\x1b[0;{new}m"
    if old is None:
        return whole
    if not old:
        return f"\x1b[{new}m"
    (flags, *colors), (new_flags, *new_colors) = _parts(old), _parts(new)
    differ = _reflagged(flags, new_flags)
    if differ is None:
        return whole
    for default, had, has in zip(("39", "49"), colors, new_colors, strict=True):
        if had != has:
            differ.append(has or default)
    return min(f"\x1b[{';'.join(differ)}m", whole, key=len)


def _reflagged(old: str, new: str) -> list[str] | None:
    """Return what sets the attributes `new` after `old`; None where only a reset does."""
    had, has = set(old.split(";")) - {""}, set(new.split(";")) - {""}
    if not had.issubset(_ENDS):
        return None
    ends = {_ENDS[flag] for flag in had - has}
    lost = {flag for flag in has & had if _ENDS[flag] in ends}
    return [*sorted(ends), *sorted(has - had | lost)]


@lru_cache(maxsize=4096)
def _ground(look: str) -> str:
    """Return what of a look can be seen of a blank: its background, if there is nothing else."""
    flags, _, background = _parts(look)
    return background if set(flags.split(";")) <= _UNSEEN else look


@lru_cache(maxsize=4096)
def _is_plain(look: str) -> bool:
    """Whether a blank of this look shows a background and nothing else."""
    return _ground(look) == _parts(look)[2]


@lru_cache(maxsize=4096)
def _parts(look: str) -> tuple[str, str, str]:
    """Split the parameters of an SGR sequence into attributes, foreground and background."""
    flags, colors = [], {"3": "", "4": ""}
    numbers = look.split(";") if look else []
    while numbers:
        number = numbers.pop(0)
        if number in {"38", "48"}:
            count = 2 if numbers[0] == "5" else 4
            colors[number[0]] = ";".join([number, *numbers[:count]])
            del numbers[:count]
        elif (len(number) > 1 and number[0] in "349") or len(number) == 3:
            ground = "3" if number[0] in "39" else "4"
            colors[ground] = number
        else:
            flags.append(number)
    return ";".join(flags), colors["3"], colors["4"]
