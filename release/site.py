"""Build the site into build/site: strictly, and with nothing from outside in a page."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SITE = ROOT / "build" / "site"
_ASSET = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\ssrc=\"(?P<src>[^\"]+)\"|"
                    r"<link\b(?=[^>]*\brel=\"(?:stylesheet|icon|preload|preconnect)\")"
                    r"[^>]*\bhref=\"(?P<href>[^\"]+)\"")  # fmt: skip


def main() -> int:
    """Return the exit code."""
    shutil.rmtree(SITE, ignore_errors=True)
    zensical = Path(sys.executable).with_name("zensical")
    built = subprocess.run((zensical, "build", "--strict"), cwd=ROOT, check=False)
    if built.returncode:
        return built.returncode
    pages = sorted(SITE.rglob("*.html"))
    outside = [
        f"{page.relative_to(SITE)}: {source}"
        for page in pages
        for found in _ASSET.finditer(page.read_text("utf-8"))
        if (source := found["src"] or found["href"]).startswith(("http:", "https:", "//"))
    ]
    for line in outside:
        print(f"from outside: {line}", file=sys.stderr)
    print(f"{len(pages)} pages in build/site, nothing from outside" if not outside else "")
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
