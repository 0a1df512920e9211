"""The keys that matter most, in one line, from the live bindings."""

from collections.abc import Mapping

from rich.text import Text

from tui.ui.keymap import KEYS, WRITES, Key, shown
from tui.ui.widgets.line import Line

_GOES_FIRST = ("rollout", "problems", "filter", "detail", "nodes", "stop", "start", "restart")
"""Which keys leave a bar that is too narrow; help and quit stay."""


class KeyBar(Line):
    """Shows as many keys as fit; orders are dimmed and their reason said where they cannot be."""

    def present(
        self, live: Mapping[str, str], palette: Mapping[str, str], refusal: str, width: int
    ) -> None:
        """Show the bar; `refusal` says why orders cannot be given now, empty where they can."""
        labels = {key.id: _label(key, live, palette, refusal) for key in KEYS if key.bar}
        for name in _GOES_FIRST:
            if sum(label.cell_len for label in labels.values()) + 1 <= width:
                break
            labels.pop(name, None)
        bar = Text(" ", no_wrap=True, overflow="ellipsis", end="")
        for label in labels.values():
            bar.append_text(label)
        if refusal and labels.keys() & WRITES:
            bar.append(f"no orders: {refusal}", palette["off"])
        self.say(bar)


def _label(key: Key, live: Mapping[str, str], palette: Mapping[str, str], refusal: str) -> Text:
    dimmed = bool(refusal) and key.id in WRITES
    label = Text()
    label.append(shown(live.get(key.id, key.keys)), palette["off" if dimmed else "accent"])
    label.append(f" {key.bar}  ", palette["off"] if dimmed else "")
    return label
