"""Draw the painted lines of a screen as a picture, one cell a character."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont
from pyte.screens import Char
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

Rgb = tuple[int, int, int]
_HEX_DIGITS = 6

_SIZE = 15
"""Points: at these, DejaVu Sans Mono's characters are a whole number of pixels wide."""

_FACES = {False: "DejaVuSansMono.ttf", True: "DejaVuSansMono-Bold.ttf"}


class FontMissingError(Exception):
    """No font with the characters of the deck is installed."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a terminal paints where a cell has no colour of its own: its theme."""

    theme: TerminalTheme

    def colors(self, style: Style) -> tuple[Rgb, Rgb]:
        """Return the text's and the ground's colour of a style."""
        text = self._rgb(style.color, foreground=True)
        ground = self._rgb(style.bgcolor, foreground=False)
        if style.reverse:
            text, ground = ground, text
        if style.dim:
            red, green, blue = ((one + other) // 2 for one, other in zip(text, ground, strict=True))
            text = (red, green, blue)
        return text, ground

    def _rgb(self, color: Color | None, *, foreground: bool) -> Rgb:
        color = color or Color.default()
        red, green, blue = color.get_truecolor(self.theme, foreground=foreground)
        return red, green, blue


@cache
def _font(*, bold: bool) -> ImageFont.FreeTypeFont:
    try:
        return ImageFont.truetype(_FACES[bold], _SIZE)
    except OSError as error:
        raise FontMissingError(
            f"{_FACES[bold]} is not installed: on Debian, apt-get install fonts-dejavu"
        ) from error


def terminal_segments(cells: Sequence[Char]) -> list[Segment]:
    """Return a line of a terminal's model as segments, a cell each."""
    return [
        Segment(
            cell.data,
            Style(
                color=_color(cell.fg),
                bgcolor=_color(cell.bg),
                bold=cell.bold,
                reverse=cell.reverse,
                underline=cell.underscore,
            ),
        )
        for cell in cells
    ]


def _color(name: str) -> str | None:
    """Return the colour of a terminal's model as Rich writes it, None for the terminal's own."""
    if name == "default":
        return None
    if len(name) == _HEX_DIGITS and not name.isalpha():
        return f"#{name}"
    plain = name.removeprefix("bright")
    plain = "yellow" if plain == "brown" else plain
    return f"bright_{plain}" if name.startswith("bright") else plain


def draw(lines: Sequence[Iterable[Segment]], columns: int, ground: Ground) -> Image.Image:
    """Return the picture of `lines` of `columns` cells. Raises FontMissingError."""
    regular = _font(bold=False)
    ascent, descent = regular.getmetrics()
    width, height = round(regular.getlength("M")), ascent + descent
    image = Image.new("RGB", (columns * width, len(lines) * height))
    pen = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        left, top = 0, row * height
        for segment in line:
            if segment.control or not segment.text:
                continue
            style = segment.style or Style.null()
            text, back = ground.colors(style)
            right = left + cell_len(segment.text) * width
            pen.rectangle((left, top, right - 1, top + height - 1), fill=back)
            if style.underline:
                pen.line((left, top + ascent + 1, right - 1, top + ascent + 1), fill=text)
            font = _font(bold=bool(style.bold))
            for character in segment.text:
                pen.text((left, top), character, fill=text, font=font)
                left += cell_len(character) * width
    return image
