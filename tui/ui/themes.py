"""Themes, one a file: those of the package, and the user's own, which win by name."""

import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path

from rich.errors import StyleSyntaxError
from rich.style import Style
from textual.color import Color, ColorParseError
from textual.theme import Theme

from tui.model.dataclass import dataclass
from tui.model.text import clean

_AT_MOST = 64 * 1024
_FRAME = 0.15
"""How much lighter or darker than a panel its frame is."""

_VARIABLE = re.compile(r"[a-z][a-z0-9-]*")
_TEXT_STYLES = frozenset({"none", "bold", "dim", "italic", "reverse", "strike", "underline"})
# Lists of names, read as a paragraph.
_COLORS = (
    "primary", "secondary", "accent", "foreground", "background", "surface", "panel",
    "success", "warning", "error",
)  # fmt: skip
STYLES = (
    "ok", "moving", "warn", "bad", "unknown", "off", "muted", "accent", "stale", "stale_row",
    "readonly", "production", "banner", "bold",
)  # fmt: skip
"""The names that the deck's lines and cells are styled by."""


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """One theme as in its file; `colors` for Textual, `styles` by the names of STYLES."""

    name: str
    label: str
    dark: bool
    colors: Mapping[str, str]
    styles: Mapping[str, str]
    ansi: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


class _InvalidTheme(ValueError):
    """A theme file that cannot be used, and why."""


def load_themes(
    folders: Iterable[Path], only: str | None = None
) -> tuple[dict[str, ThemeFile], list[str]]:
    """Load every `*.toml` of the folders, later ones winning by name; or `only` that of one name.

    A file that cannot be used is left out and becomes a warning that names it.
    """
    themes: dict[str, ThemeFile] = {}
    warnings: list[str] = []
    for folder in folders:
        for path in sorted(folder.glob("*.toml")):
            if only not in (None, path.stem):
                continue
            try:
                theme = _load(path)
            except (OSError, ValueError) as error:
                warnings.append(f"theme {clean(str(path))} is skipped: {_why(error)}")
            else:
                themes[theme.name] = theme
    return themes, warnings


def _load(path: Path) -> ThemeFile:
    table = _table(path)
    unknown = table.keys() - {"label", "dark", "ansi", "colors", "styles", "variables"}
    if unknown:
        raise _InvalidTheme(f"unknown key {min(unknown)!r}")
    theme = ThemeFile(
        name=clean(path.stem),
        label=clean(_label(table, path.stem)),
        dark=_flag(table, "dark", default=True),
        ansi=_flag(table, "ansi", default=False),
        colors=_texts(table, "colors", _COLORS),
        styles=_texts(table, "styles", STYLES),
        variables=_texts(table, "variables", ()),
    )
    _check(theme)
    return theme


def _table(path: Path) -> dict[str, object]:
    """Read a file's TOML; only a regular file, for others may never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise _InvalidTheme("it is not a regular file")
    with path.open("rb") as file:
        data = file.read(_AT_MOST + 1)
    if len(data) > _AT_MOST:
        raise _InvalidTheme("it is larger than 64 KiB")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except RecursionError:
        raise _InvalidTheme("it is nested too deeply") from None


def _why(error: OSError | ValueError) -> str:
    """Return why a file cannot be used, without its name."""
    if isinstance(error, OSError):
        return clean(error.strerror or type(error).__name__)
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return clean(str(error))


def _check(theme: ThemeFile) -> None:
    """Raise _InvalidTheme for what Textual or Rich would fail on later, while the deck is open."""
    for name, color in theme.colors.items():
        if _opacity(color) != 1:
            raise _InvalidTheme(f"colors.{name}: {color!r} is no colour")
    for name, style in theme.styles.items():
        try:
            parsed = Style.parse(style)
        except StyleSyntaxError:
            parsed = None
        if parsed is None or parsed.link:
            raise _InvalidTheme(f"styles.{name}: {style!r} is no style")
    for name, value in theme.variables.items():
        if not _VARIABLE.fullmatch(name):
            raise _InvalidTheme(f"variables: {name!r} is no name of a variable")
        styles = name.endswith("text-style")
        if not (_TEXT_STYLES.issuperset(value.split()) if styles else _opacity(value)):
            raise _InvalidTheme(
                f"variables.{name}: {value!r} is no {'style' if styles else 'colour'}"
            )


def _opacity(color: str) -> float:
    """Return the opacity of a colour, 0 to 1; 0 for what is no colour."""
    try:
        return Color.parse(color).a
    except ColorParseError:
        return 0


def _label(table: Mapping[str, object], default: str) -> str:
    label = table.get("label", default)
    if not isinstance(label, str):
        raise _InvalidTheme("label must be a text")
    return label


def _flag(table: Mapping[str, object], name: str, *, default: bool) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise _InvalidTheme(f"{name} must be true or false")
    return value


def _texts(table: Mapping[str, object], name: str, wanted: tuple[str, ...]) -> dict[str, str]:
    found = table.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise _InvalidTheme(f"[{name}] must hold texts")
    missing = [key for key in wanted if key not in found]
    if missing:
        raise _InvalidTheme(f"{name}.{missing[0]} is missing")
    extra = sorted(set(found) - set(wanted)) if wanted else []
    if extra:
        raise _InvalidTheme(f"unknown key '{name}.{extra[0]}'")
    return dict(found)


def to_textual(theme: ThemeFile) -> Theme:
    """Return a theme in Textual's form."""
    colors = theme.colors
    return Theme(
        name=theme.name,
        primary=colors["primary"],
        secondary=colors["secondary"],
        accent=colors["accent"],
        foreground=colors["foreground"],
        background=colors["background"],
        surface=colors["surface"],
        panel=colors["panel"],
        success=colors["success"],
        warning=colors["warning"],
        error=colors["error"],
        dark=theme.dark,
        ansi=theme.ansi,
        variables={"frame": _frame(theme), **_caution(theme)} | dict(theme.variables),
    )


def _caution(theme: ThemeFile) -> dict[str, str]:
    """Return the ground and the text of a button that acts: those of a banner.

    The colour of warnings is that of text, and on a light ground too dark for a button.
    """
    banner = Style.parse(theme.styles["banner"])
    if theme.ansi:
        return {"caution": theme.colors["warning"], "on-caution": "ansi_black"}
    if banner.color is None or banner.bgcolor is None or banner.reverse:
        return {"caution": theme.colors["warning"], "on-caution": theme.colors["background"]}
    text, ground = banner.color.get_truecolor().hex, banner.bgcolor.get_truecolor().hex
    return {"caution": ground, "on-caution": text}


def _frame(theme: ThemeFile) -> str:
    """Return the colour of frames and scroll bars without the focus, beside the panels'."""
    panel = Color.parse(theme.colors["panel"])
    if panel.ansi is not None:
        return theme.colors["panel"]
    return (panel.lighten(_FRAME) if theme.dark else panel.darken(_FRAME)).hex
