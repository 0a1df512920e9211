"""The pictures of the deck: that in README, and those of every screen to be looked at."""

import html
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageFont

pytestmark = pytest.mark.real_time

ROOT = Path(__file__).parents[1]


def words(picture: Path) -> set[str]:
    """Return the words of a picture, without what differs from run to run: numbers."""
    texts = re.findall(r"<text[^>]*>(.*?)</text>", picture.read_text(encoding="utf-8"), re.DOTALL)
    said = html.unescape(" ".join(texts)).replace("\xa0", " ")
    return {word for word in said.split() if not any(char.isdigit() for char in word)}


def test_the_picture_shows_what_the_deck_shows(tmp_path: Path) -> None:
    fresh = tmp_path / "deck.svg"
    command = (sys.executable, "benchmarks/screenshot.py", str(fresh))
    subprocess.run(command, cwd=ROOT, check=True, timeout=250)  # noqa: S603 - our own words
    kept = words(ROOT / "docs" / "deck.svg")
    assert {"stats_archiver", "STOPPED", "primary", "quorum", "Stop"} <= kept
    assert words(fresh) == kept


def _has_font() -> bool:
    try:
        ImageFont.truetype("DejaVuSansMono.ttf", 15)
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_font(), reason="fonts-dejavu is not installed")
def test_a_screen_is_drawn_at_the_size_and_in_the_theme_that_were_asked_for(tmp_path: Path) -> None:
    wanted = ("--size", "60x20", "--theme", "dark", "--theme", "light", "rollout-plan")
    command = (sys.executable, "benchmarks/pictures.py", str(tmp_path), *wanted)
    subprocess.run(command, cwd=ROOT, check=True, timeout=250)  # noqa: S603 - our own words
    pictures = [tmp_path / f"rollout-plan-60x20-{theme}.png" for theme in ("dark", "light")]
    dark, light = map(Image.open, pictures)
    assert dark.size == light.size == (60 * 9, 20 * 18)
    grounds = [max(image.getcolors(1 << 20))[1] for image in (dark, light)]
    assert sum(grounds[0]) < 3 * 100 < 3 * 155 < sum(grounds[1])
    assert pictures[0].name in (tmp_path / "index.html").read_text(encoding="utf-8")
