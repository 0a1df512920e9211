"""Every theme that ships can be read by everybody; one of the user's that cannot be used is not."""

from itertools import combinations
from pathlib import Path

import pytest
from rich.style import Style
from textual.color import Color

from tui.storage.paths import theme_dirs
from tui.ui.themes import STYLES, ThemeFile, load_themes, to_textual

BUNDLED = theme_dirs()[0]
NAMES = ["dark", "deuteranopia", "high-contrast", "light", "terminal"]
COLORED = [name for name in NAMES if name != "terminal"]
TEXTS = (
    "foreground", "ok", "warn", "bad", "unknown", "moving", "accent", "muted", "off", "stale_row",
)  # fmt: skip
ANSI = {
    f"{bright}{color}"
    for bright in ("", "bright_")
    for color in ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
}
RGB = tuple[float, float, float]
# Machado, Oliveira, Fernandes 2009, deuteranopia, severity 1.0; on linear RGB.
DEUTERANOPIA = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)


@pytest.fixture(scope="module")
def themes() -> dict[str, ThemeFile]:
    loaded, warnings = load_themes([BUNDLED])
    assert warnings == []
    return loaded


def rgb(color: str) -> RGB:
    parsed = Color.parse(color)
    return (parsed.r / 255, parsed.g / 255, parsed.b / 255)


def linear(color: RGB) -> RGB:
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in color
    )
    return (red, green, blue)


def contrast(one: RGB, other: RGB) -> float:
    """The contrast ratio of WCAG 2.2."""
    dark, light = sorted(
        0.2126 * red + 0.7152 * green + 0.0722 * blue
        for red, green, blue in map(linear, (one, other))
    )
    return (light + 0.05) / (dark + 0.05)


def text_of(theme: ThemeFile, name: str) -> RGB:
    if name == "foreground":
        return rgb(theme.colors["foreground"])
    color = Style.parse(theme.styles[name]).color
    assert color is not None, name
    red, green, blue = color.get_truecolor()
    return (red / 255, green / 255, blue / 255)


def grounds(theme: ThemeFile) -> dict[str, RGB]:
    """What text stands on; the line of the cursor is the primary colour at 30 %."""
    named = {name: rgb(theme.colors[name]) for name in ("background", "surface", "panel")}
    primary = rgb(theme.colors["primary"])
    for where in ("background", "surface"):
        red, green, blue = (0.3 * p + 0.7 * b for p, b in zip(primary, named[where], strict=True))
        named[f"cursor on the {where}"] = (red, green, blue)
    return named


def seen_by_a_deuteranope(color: RGB) -> RGB:
    """Give what is seen, in CIE Lab."""
    light = linear(color)
    red, green, blue = (
        min(1.0, max(0.0, sum(a * b for a, b in zip(line, light, strict=True))))
        for line in DEUTERANOPIA
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return (116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz))


def test_five_themes_ship(themes: dict[str, ThemeFile]) -> None:
    assert sorted(themes) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_style_of_a_theme_parses(name: str, themes: dict[str, ThemeFile]) -> None:
    styles = themes[name].styles
    assert set(styles) == set(STYLES)
    for style in styles.values():
        assert Style.parse(style).link is None
    assert to_textual(themes[name]).to_color_system().generate()


@pytest.mark.parametrize("name", COLORED)
def test_every_text_is_readable_on_every_background(
    name: str, themes: dict[str, ThemeFile]
) -> None:
    theme = themes[name]
    poor = {
        (text, ground): round(ratio, 2)
        for text in TEXTS
        for ground, color in grounds(theme).items()
        if (ratio := contrast(text_of(theme, text), color)) < 4.5
    }
    assert poor == {}


@pytest.mark.parametrize("name", COLORED)
def test_frames_and_scroll_bars_are_seen_on_the_background(
    name: str, themes: dict[str, ThemeFile]
) -> None:
    frame = rgb(to_textual(themes[name]).variables["frame"])
    assert contrast(frame, rgb(themes[name].colors["background"])) > 1.5


@pytest.mark.parametrize("name", COLORED)
def test_what_brings_its_own_background_can_be_read(
    name: str, themes: dict[str, ThemeFile]
) -> None:
    for style in ("stale", "readonly", "banner", "production"):
        own = Style.parse(themes[name].styles[style]).bgcolor
        assert own is not None
        red, green, blue = own.get_truecolor()
        ground = (red / 255, green / 255, blue / 255)
        assert contrast(text_of(themes[name], style), ground) >= 4.5, style


@pytest.mark.parametrize("name", NAMES)
def test_a_button_that_acts_can_be_read(name: str, themes: dict[str, ThemeFile]) -> None:
    variables = to_textual(themes[name]).variables
    text, ground = variables["on-caution"], variables["caution"]
    if themes[name].ansi:  # the terminal's own foreground may be as light as its yellow
        assert (text, ground) == ("ansi_black", "ansi_yellow")
    else:
        assert contrast(rgb(text), rgb(ground)) >= 4.5


def test_high_contrast_is_high(themes: dict[str, ThemeFile]) -> None:
    theme = themes["high-contrast"]
    for text in ("foreground", "ok", "warn", "bad", "unknown", "moving", "accent"):
        for ground, color in grounds(theme).items():
            assert contrast(text_of(theme, text), color) >= 7, (text, ground)


def test_good_and_bad_differ_without_red_and_green(themes: dict[str, ThemeFile]) -> None:
    theme = themes["deuteranopia"]
    for one, other in combinations(("ok", "warn", "bad"), 2):
        a, b = text_of(theme, one), text_of(theme, other)
        seen = zip(seen_by_a_deuteranope(a), seen_by_a_deuteranope(b), strict=True)
        distance = sum((x - y) ** 2 for x, y in seen) ** 0.5
        assert distance >= 20 or contrast(a, b) >= 1.5, (one, other, distance)


def test_the_terminal_theme_uses_the_terminals_own_colours_only(
    themes: dict[str, ThemeFile],
) -> None:
    theme = themes["terminal"]
    assert theme.ansi
    for color in (*theme.colors.values(), *theme.variables.values()):
        assert color.removeprefix("ansi_") in ANSI | {"default"}
        assert color.startswith("ansi_")
    for style in map(Style.parse, theme.styles.values()):
        for used in (style.color, style.bgcolor):
            assert used is None or used.name in ANSI | {"default"}


# The user's own

GOOD = (BUNDLED / "dark.toml").read_text(encoding="utf-8")
UNFIT = {
    "unknown key": (f"name = '../evil'\n{GOOD}", "unknown key 'name'"),
    "unknown colour": (GOOD.replace("[styles]", "tint = 'red'\n[styles]"), "'colors.tint'"),
    "unknown style": (f"{GOOD}loud = 'bold'\n", "unknown key 'styles.loud'"),
    "missing colour": (GOOD.replace("panel =", "#"), "colors.panel is missing"),
    "missing style": (GOOD.replace("banner =", "#"), "styles.banner is missing"),
    "empty": ("", "colors.primary is missing"),
    "number for a text": (GOOD.replace('off = "#', 'off = 7 # "'), "[styles] must hold texts"),
    "text for a table": ("colors = 'red'", "[colors] must hold texts"),
    "text for a flag": (GOOD.replace("dark = true", "dark = 'no'"), "dark must be true or false"),
    "number for a flag": (f"ansi = 1\n{GOOD}", "ansi must be true or false"),
    "number for a label": (GOOD.replace('"Dark"', "3"), "label must be a text"),
    "bad colour": (GOOD.replace("#5b8fd9", "no-such"), "colors.primary: 'no-such' is no colour"),
    "automatic colour": (GOOD.replace("#5b8fd9", "auto"), "colors.primary: 'auto'"),
    "see-through colour": (GOOD.replace("#5b8fd9", "transparent"), "'transparent' is no colour"),
    "bad style": (GOOD.replace('bold = "bold"', 'bold = "loud and"'), "'loud and' is no style"),
    "link as a style": (GOOD.replace('bold = "bold"', 'bold = "link x:y"'), "is no style"),
    "bad variable": (f"{GOOD}[variables]\nborder = 'red; x'\n", "variables.border: 'red; x'"),
    "bad text style": (f"{GOOD}[variables]\na-text-style = 'red'\n", "'red' is no style"),
    "bad name of a variable": (f"{GOOD}[variables]\n'a: b;' = 'red'\n", "is no name"),
    "too large": (GOOD + "#" * 70_000, "larger than 64 KiB"),
    "no TOML": ("label = = 1", "line 1"),
    "nested too deeply": (f"label = {'[' * 60_000}", "nested too deeply"),
}


def left_out(folder: Path) -> str:
    themes, warnings = load_themes([BUNDLED, folder])
    assert sorted(themes) == NAMES
    assert len(warnings) == 1, warnings
    assert warnings[0].isprintable()
    return warnings[0]


@pytest.mark.parametrize("case", UNFIT)
def test_a_file_that_cannot_be_used_is_left_out_with_its_name_and_the_reason(
    case: str, tmp_path: Path
) -> None:
    text, reason = UNFIT[case]
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    warning = left_out(tmp_path)
    assert f"theme {tmp_path}/mine.toml is skipped: " in warning
    assert reason in warning


def test_a_file_in_another_encoding_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b"label = '\xff'\n")
    assert left_out(tmp_path).endswith("mine.toml is skipped: it is not UTF-8")


def test_a_folder_and_a_link_to_nowhere_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.mkdir()
    assert left_out(tmp_path).endswith("mine.toml is skipped: it is not a regular file")
    path.rmdir()
    path.symlink_to(tmp_path / "nowhere")
    assert left_out(tmp_path).endswith("mine.toml is skipped: No such file or directory")
    path.unlink()
    path.symlink_to("mine.toml")
    assert "mine.toml is skipped: Too many levels" in left_out(tmp_path)


def test_a_file_without_an_end_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").symlink_to("/dev/zero")
    assert "not a regular file" in left_out(tmp_path)


def test_an_unusable_file_leaves_the_others_usable(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("no theme", encoding="utf-8")
    (tmp_path / "b.toml").write_text(GOOD, encoding="utf-8")
    themes, warnings = load_themes([BUNDLED, tmp_path, tmp_path / "missing", tmp_path / "a.toml"])
    assert sorted(themes) == sorted([*NAMES, "b"])
    assert len(warnings) == 1


def test_the_users_theme_wins_by_name(tmp_path: Path) -> None:
    (tmp_path / "dark.toml").write_text(GOOD.replace('"Dark"', '"Mine"'), encoding="utf-8")
    assert load_themes([BUNDLED, tmp_path])[0]["dark"].label == "Mine"
    (tmp_path / "dark.toml").write_text("broken", encoding="utf-8")
    assert load_themes([BUNDLED, tmp_path])[0]["dark"].label == "Dark"


@pytest.mark.parametrize("stem", ["a\x1b[2Jb", "a\nb", "..", "\u202ed", "a\x9bb", "a[b]"])
def test_a_name_is_clean_and_only_a_name(stem: str, tmp_path: Path) -> None:
    text = GOOD.replace('"Dark"', '"a\\u001bb"')
    (tmp_path / f"{stem}.toml").write_text(text, encoding="utf-8")
    themes, warnings = load_themes([tmp_path])
    assert warnings == []
    (theme,) = themes.values()
    assert theme.name.isprintable()
    assert theme.label == "a\N{SYMBOL FOR ESCAPE}b"
    assert to_textual(theme).name == theme.name
    (tmp_path / f"{stem}.toml").write_text("\x00", encoding="utf-8")
    assert load_themes([tmp_path])[1][0].isprintable()
