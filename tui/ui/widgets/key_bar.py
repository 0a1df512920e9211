"""The keys that matter most, in one line, from the live bindings."""

from collections.abc import Mapping

from rich.cells import cell_len
from rich.text import Text

from tui.ui.keymap import KEYS, WRITES, Key, key_text
from tui.ui.widgets.text_line import TextLine

_GOES_FIRST = (
    "matrix",
    "rollout",
    "problems",
    "filter",
    "detail",
    "nodes",
    "stop",
    "start",
    "restart",
)
"""Which keys leave a bar that is too narrow; help and quit stay."""

_REFUSED = "no orders: "
_READABLE = 22
"""Cells that a refusal needs to say anything; the keys that are no orders make room for them."""


class KeyBar(TextLine):
    """Shows as many keys as fit; orders are dimmed and their reason said where they cannot be."""

    def present(
        self, live: Mapping[str, str], palette: Mapping[str, str], refusal: str, width: int
    ) -> None:
        """Show the bar; `refusal` says why orders cannot be given now, empty where they can."""
        labels = {key.id: _label(key, live, palette, refusal) for key in KEYS if key.bar}
        needed = min(_READABLE, cell_len(refusal) + len(_REFUSED)) if refusal else 0
        for name in _GOES_FIRST:
            if name in WRITES - {"rollout"}:
                needed = 0
            if sum(label.cell_len for label in labels.values()) + 1 + needed <= width:
                break
            labels.pop(name, None)
        bar = Text(" ", no_wrap=True, overflow="ellipsis", end="")
        for label in labels.values():
            bar.append_text(label)
        if refusal and labels.keys() & WRITES:
            bar.append(f"{_REFUSED}{refusal}", palette["off"])
        self.say(bar)


def _label(key: Key, live: Mapping[str, str], palette: Mapping[str, str], refusal: str) -> Text:
    dimmed = bool(refusal) and key.id in WRITES
    label = Text()
    label.append(key_text(live.get(key.id, key.keys)), palette["off" if dimmed else "accent"])
    label.append(f" {key.bar}  ", palette["off"] if dimmed else "")
    return label
