"""The pictures of the site, made of the screens that are kept as text: `make site-pictures`."""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from textual.app import App

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "pages"
PICTURES = PAGES / "pictures"
_SHOWN = re.compile(r"!\[(?P<title>[^\]]+)\]\(pictures/(?P<name>[\w-]+)\.svg\)")


def svg_picture() -> ModuleType:
    """Return the module that writes and reads them; docs/ is no package."""
    name = "svg_picture"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


def shown_pictures() -> dict[str, str]:
    """Return the names of the pictures that the pages show, and what a screen reader says."""
    texts = [path.read_text("utf-8") for path in sorted(PAGES.glob("*.md"))]
    return {found["name"]: found["title"] for text in texts for found in _SHOWN.finditer(text)}


def keep_picture(name: str, text: str, app: App[Any]) -> None:
    """Write the picture of what an app shows, with the words of `text` in its places."""
    picture = svg_picture()
    lines = text.splitlines()
    rows = [
        picture.reworded(picture.cells(strip, app.ansi_theme), lines[number])
        for number, strip in enumerate(app.screen._compositor.render_strips())
    ]
    PICTURES.mkdir(exist_ok=True)
    drawn = picture.svg(rows, shown_pictures()[name])
    (PICTURES / f"{name}.svg").write_text(drawn, encoding="utf-8")
