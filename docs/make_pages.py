"""Write what the site shows of the code: keys, commands, alerts, files (`python docs/make_pages.py`).

Pages are in docs/pages. A line `<!-- file: PATH -->` is followed by a file, as it is now, and
`<!-- alerts -->` by a table of the alert rules. Files to save are copied into docs/pages/files.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from tui.cli.main import rsdeck
from tui.ui.keymap import KEYS, View, key_text

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "pages"
FILES = (
    "deploy/prometheus/rsdeck.rules.yml",
    "deploy/prometheus/rsdeck.rules.test.yml",
    "deploy/grafana/rsdeck.json",
    "deploy/systemd/rsdeck-export.service",
    "deploy/kubernetes/rsdeck-export.yaml",
    "deploy/notify/chat.sh",
    "deploy/notify/pagerduty.sh",
    *(f"docs/schemas/{path.name}" for path in sorted((ROOT / "docs" / "schemas").iterdir())),
)
"""What a reader who has the site alone saves."""

_FILE = re.compile(
    r"^<!-- file: (?P<name>\S+) -->\n(?:\n```[a-z]*\n.*?\n```\n)?", re.MULTILINE | re.DOTALL
)
_ALERTS = re.compile(r"^<!-- alerts -->\n(?:\n\|.*\n(?:\|.*\n)+)?", re.MULTILINE)
_RULE = re.compile(
    r"- alert: (?P<name>\w+)\n(?:(?!- alert).)*?(?:for: (?P<after>\w+)\n\s+)?labels:\s+severity: (?P<severity>\w+)"
    r"\s+annotations:\s+summary: \"(?P<summary>[^\"]+)\"",
    re.DOTALL,
)


def pages() -> dict[Path, str]:
    """Return every page as it should be, and every file to save, by its path."""
    made = {path: _page(path.read_text("utf-8")) for path in sorted(PAGES.glob("*.md"))}
    made[PAGES / "keys.md"] = _keys()
    made[PAGES / "commands.md"] = "".join(_commands())
    for name in FILES:
        made[PAGES / "files" / Path(name).name] = (ROOT / name).read_text("utf-8")
    return made


def _page(text: str) -> str:
    return _ALERTS.sub(lambda _: _alerts(), _FILE.sub(_included, text))


def _included(mark: re.Match[str]) -> str:
    name = mark["name"]
    text = (ROOT / name).read_text("utf-8").rstrip("\n")
    language = Path(name).suffix.removeprefix(".")
    return f"<!-- file: {name} -->\n\n```{language}\n{text}\n```\n"


def _alerts() -> str:
    """Return the alert rules as a table."""
    lines = ["<!-- alerts -->\n", "| alert | severity | after | says |", "|---|---|---|---|"]
    for rule in _RULE.finditer((ROOT / FILES[0]).read_text("utf-8")):
        says = re.sub(r"\{\{ \$labels\.(\w+) \}\}", r"*\1*", rule["summary"])
        after = rule["after"] or "at once"
        lines.append(f"| `{rule['name']}` | {rule['severity']} | {after} | {says} |")
    return "\n".join(lines) + "\n"


def _keys() -> str:
    """Return the page of the keys, from the deck's own table."""
    lines = [
        "# Keys\n",
        "Made from the deck's own table; `?` shows them in the deck, and `[keys]` in the configuration changes them by their id.\n",
    ]
    for group in dict.fromkeys(key.group for key in KEYS):
        lines += [f"## {group}\n", "| key | does | where | id |", "|---|---|---|---|"]
        for key in KEYS:
            if key.group == group:
                everywhere = len(key.views) == len(View)
                where = (
                    "everywhere"
                    if everywhere
                    else ", ".join(view.value for view in View if view in key.views)
                )
                shown = " ".join(f"`{key_text(one)}`" for one in key.keys.split(","))
                lines.append(f"| {shown} | {key.does} | {where} | `{key.id}` |")
        lines.append("")
    return "\n".join(lines)


def _commands() -> Iterator[str]:
    """Yield the page of the commands, from their own help."""
    yield "# Commands\n\nMade from the commands' own help. Each has a manual page too: `man rsdeck-status`.\n"
    yield from _command(rsdeck, "rsdeck", None)


def _command(command: click.Command, name: str, parent: click.Context | None) -> Iterator[str]:
    settings = dict(command.context_settings if parent is None else {})
    ctx = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent, **settings)
    ctx.terminal_width = 96
    yield f"\n## {name}\n\n```text\n{command.get_help(ctx)}\n```\n"
    if isinstance(command, click.Group):
        for sub in command.list_commands(ctx):
            child = command.get_command(ctx, sub)
            if child is not None:
                yield from _command(child, f"{name} {sub}", ctx)


def main() -> int:
    """Write the pages that are not as they should be."""
    for path, text in pages().items():
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
