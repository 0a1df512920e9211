"""The key bar of the screens that have keys of their own. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.style import Style as ContentStyle

from tui.ui.format.status_lines import Palette
from tui.ui.keymap import WRITES, key_text, spelled_keys

KEY_META = "rsdeck.key"
"""The meta of a text that presses a key where it is clicked; the key as Textual spells it."""

_REFUSED = "no actions: "
_GAP = 2
"""Cells between two keys."""

_BETWEEN = " · "
_FRAME = 6
"""Cells of a border beside its text."""

_KEPT = 8

_HELP = "help"
"""The key that stays in every bar; in a narrow one without its word."""


def key_bar(
    words: Mapping[str, str],
    keys: Mapping[str, str],
    palette: Palette,
    *,
    width: int,
    goes_first: Sequence[str] = (),
    refusal: str = "",
    brief_refusal: str = "",
    dim: frozenset[str] = frozenset(),
) -> Text:
    """Return the bar with as many keys as fit: `words` by the key's id, `keys` as they are now.

    `goes_first` names the keys that leave a bar that is too narrow, the help's word before them.
    `refusal` says why no action is possible, empty where one is; where that does not fit it is
    `brief_refusal`, for which keys leave room. It stands for the keys of actions: dim ones beside
    it would look as if they could be pressed where a terminal does not show that.
    `dim` are keys that say why they do nothing now, if they are pressed.
    """
    is_refused = bool(refusal and words.keys() & WRITES)
    labels = {
        name: _label(word, keys.get(name, ""), palette, is_dim=name in dim)
        for name, word in words.items()
        if not (is_refused and name in WRITES)
    }
    brief = brief_refusal or refusal
    room = cell_len(brief) + len(_REFUSED) if is_refused else -_GAP
    helped = labels.get(_HELP, Text())
    if _bar_width(labels) + room > width and _HELP in labels:
        labels[_HELP] = _label("", keys.get(_HELP, ""), palette, is_dim=False)
    for name in goes_first:
        if _bar_width(labels) + room <= width:
            break
        labels.pop(name, None)
    if _bar_width(labels | {_HELP: helped}) + room <= width:
        labels[_HELP] = helped
    bar = Text.assemble(" ", *labels.values(), no_wrap=True, overflow="ellipsis", end="")
    if is_refused:
        room = width - bar.cell_len - len(_REFUSED)
        fitting = next((text for text in (refusal, brief) if cell_len(text) <= room), "")
        bar.append(f"{_REFUSED}{fitting}" if fitting else "", palette["off"])
    bar.truncate(width, overflow="crop")
    return bar


class KeyBars:
    """Keeps the newest bars: a cursor goes to and fro between services that have a few of them."""

    def __init__(self) -> None:
        self._frame: tuple[object, ...] = ()
        self._bars: dict[tuple[str, str, frozenset[str]], Text] = {}

    def bar(
        self,
        words: Mapping[str, str],
        keys: Mapping[str, str],
        palette: Palette,
        *,
        width: int,
        goes_first: Sequence[str] = (),
        refusal: str = "",
        brief_refusal: str = "",
        dim: frozenset[str] = frozenset(),
    ) -> Text:
        """Return a bar that was made before, or a new one; see `key_bar`."""
        frame = (words, dict(keys), palette, width, goes_first)
        if frame != self._frame:
            self._frame, self._bars = frame, {}
        state = (refusal, brief_refusal, dim)
        bar = self._bars.get(state)
        if bar is None:
            if len(self._bars) >= _KEPT:
                self._bars.clear()
            bar = self._bars[state] = key_bar(
                words,
                keys,
                palette,
                width=width,
                goes_first=goes_first,
                refusal=refusal,
                brief_refusal=brief_refusal,
                dim=dim,
            )
        return bar


def _bar_width(labels: Mapping[str, Text]) -> int:
    """Return the cells of a bar, with the gap after its last key."""
    return 1 + sum(label.cell_len for label in labels.values())


def _label(word: str, key: str, palette: Palette, *, is_dim: bool) -> Text:
    label = Text(key_text(key), palette["off" if is_dim else "accent"])
    label.append(f" {word}" * bool(word) + " " * _GAP, palette["off"] if is_dim else "")
    return clickable(label, key)


def clickable(label: Text, keys: str) -> Text:
    """Return the label so that a click on it presses the first of `keys`."""
    if keys:
        label.stylize(Style(meta={KEY_META: spelled_keys(keys)[0]}))
    return label


Hint = tuple[str, str]
"""What a key does, beginning with the key, and the key as Textual spells it; empty for a remark."""


def fitted_hints(hints: Iterable[Hint], width: int) -> list[Hint]:
    """Return the hints that fit into `width` cells, each whole; the last are left out first."""
    kept = list(hints)
    while kept and cell_len(_BETWEEN.join(label for label, _ in kept)) > width:
        kept.pop()
    return kept


def hint_line(hints: Iterable[Hint], style: str) -> Text:
    """Return hints as a line of a dialog; a click on one presses its key."""
    line = Text(style=style)
    for number, (label, key) in enumerate(hints):
        line.append(_BETWEEN * bool(number))
        line.append_text(clickable(Text(label), key))
    return line


def hint_border(hints: Iterable[Hint], width: int) -> Content:
    """Return hints for the border of a box of `width` cells; as `hint_line`.

    The last that do not fit are not shown: a border cuts inside a word.
    """
    parts = [
        Content(label).stylize(ContentStyle.from_meta({KEY_META: key})) if key else Content(label)
        for label, key in fitted_hints(hints, width - _FRAME)
    ]
    return Content(_BETWEEN).join(parts)


def hint_more_below(lines: int) -> list[Hint]:
    """Return the hint that so many lines follow below those in view; none where none does."""
    return [(f"down: {lines} more", "down")] if lines > 0 else []


def live_keys(bindings: Iterable[BindingType], keymap: Mapping[str, str]) -> dict[str, str]:
    """Return binding id → keys; those of `keymap` replace the default ones."""
    known = {
        binding.id: binding.key
        for binding in bindings
        if isinstance(binding, Binding) and binding.id
    }
    return {name: keymap.get(name, key) for name, key in known.items()}
