"""Every key of the deck in one table, for help, palette, key bar and `[keys]`."""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.binding import Binding, InvalidBinding
from textual.keys import Keys

WRITES = frozenset({"start", "stop", "restart", "rollout"})
"""Ids of the keys that lead to an order; dimmed where the guard refuses."""


@dataclass(frozen=True, slots=True)
class Key:
    """One binding: `keys` is Textual's comma list; `bar` is its word in the key bar, if it has one.

    `does` is the sentence in help and palette.
    """

    id: str
    keys: str
    action: str
    label: str
    does: str
    group: str
    bar: str = ""

    def binding(self) -> Binding:
        """Return the key as a Textual binding."""
        return Binding(
            self.keys, self.action, self.label, show=False, id=self.id, tooltip=self.does
        )


_ORDERS, _VIEW, _NODES, _DECK = "Orders", "Services", "Nodes", "Deck"

# One key a line.
KEYS: tuple[Key, ...] = (
    Key("start", "s", "order('start')", "Start", "Start the service, or the marked ones", _ORDERS, "Start"),
    Key("stop", "t", "order('stop')", "Stop", "Stop the service, or the marked ones", _ORDERS, "sTop"),
    Key("restart", "r", "order('restart')", "Restart", "Restart the service, or the marked ones", _ORDERS, "Restart"),
    Key("rollout", "R", "app.rollout", "Roll a restart over the cluster", "Restart the service, or the marked ones, on every node of the cluster in turn", _ORDERS, "Roll"),
    Key("rollouts", "o", "app.rollouts", "Show the rollout", "Show the rollout that goes on, or the last one", _ORDERS),
    Key("mark", "space", "mark", "Mark", "Mark the service or take its mark away, and go on to the next", _ORDERS),
    Key("unmark", "U", "unmark", "Unmark all", "Take all marks away", _ORDERS),
    Key("dismiss", "x", "dismiss_orders", "Clear orders", "Take the ended orders off the screen", _ORDERS),
    Key("filter", "/", "filter", "Filter", "Filter: text, !text, status=…, kind=…", _VIEW, "Filter"),
    Key("problems", "!", "problems", "Problems", "Show only the services with a problem; in the picker: all problems of all nodes", _VIEW, "Problems"),
    Key("sort", "S", "sort", "Sort", "Sort by the next column", _VIEW),
    Key("invert", "I", "invert", "Invert", "Turn the order of the rows round", _VIEW),
    Key("detail", "d", "detail", "Detail", "Open or close the detail pane of the service", _VIEW, "Detail"),
    Key("raw", "y", "raw", "Raw JSON", "Show the service's entry as the node sent it", _VIEW),
    Key("copy", "c", "copy_name", "Copy name", "Copy the name of the service", _VIEW),
    Key("copy_row", "Y", "copy_row", "Copy row", "Copy the row: node, service, status, uptime, start, kind", _VIEW),
    Key("refresh", "ctrl+r,f5", "refresh", "Refresh", "Ask every node now", _VIEW),
    Key("pause", "p", "pause", "Pause", "Stop asking, or go on", _VIEW),
    Key("faster", "+", "faster", "Faster", "Ask more often", _VIEW),
    Key("slower", "-", "slower", "Slower", "Ask less often", _VIEW),
    Key("nodes", "n", "nodes", "Nodes", "Pick a node", _NODES, "Nodes"),
    Key("previous", "[", "step(-1)", "Previous node", "Go to the previous node", _NODES),
    Key("next", "]", "step(1)", "Next node", "Go to the next node", _NODES),
    *(
        Key(f"node.{n}", str(n), f"jump({n})", f"Node {n}", f"Go to node {n}", _NODES)
        for n in range(1, 10)
    ),
    Key("matrix", "0", "app.matrix", "Matrix", "Every service on every node; there ! leaves what differs, w signs alone", _NODES, "Matrix"),
    Key("timeline", "e", "app.timeline", "Timeline", "Every change of every node, newest first; there ! leaves what is bad", _NODES),
    Key("add", "a", "app.add_node", "Add a node", "Add a profile for a node", _NODES),
    Key("edit", "E", "app.edit_node", "Edit the node", "Edit the node's profile", _NODES),
    Key("discover", "D", "app.discover", "Discover", "Find the other nodes of the node's cluster", _NODES),
    Key("trust", "T", "app.trust", "Trust", "Show the node's certificate, and pin it", _NODES),
    Key("login", "L", "app.login", "Log in", "Give the password of the node's login", _NODES),
    Key("back", "escape", "back", "Back", "Close what is open, clear filter, then marks", _DECK),
    Key("snapshot", "ctrl+s", "app.snapshot('text')", "Snapshot as text", "Write all that is known into a file, with no secret in it", _DECK),
    Key("palette", "ctrl+p,:", "app.command_palette", "Palette", "Every action by name", _DECK),
    Key("help", "?,f1", "app.help", "Help", "Every key, and what the deck shows", _DECK, "Help"),
    Key("repaint", "ctrl+l", "app.repaint", "Repaint", "Paint the whole screen again", _DECK),
    Key("quit", "q", "app.leave", "Quit", "Go back, or leave the deck", _DECK, "Quit"),
    Key("quit_now", "ctrl+q", "app.quit", "Quit at once", "Leave the deck from anywhere", _DECK),
)  # fmt: skip


_NAMED = frozenset(
    key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")
)


class KeymapError(Exception):
    """A `[keys]` entry that is not valid: the text names it and what to do."""


def bindings() -> list[Binding]:
    """Return the deck's bindings with their default keys."""
    return [key.binding() for key in KEYS]


def check_keymap(remapped: Mapping[str, str], others: Iterable[Binding] = ()) -> dict[str, str]:
    """Return the `[keys]` of a configuration as binding id → keys, as Textual spells them.

    `others` are bindings of widgets that share the keyboard with the deck's. Raises KeymapError
    for an unknown id and for a key that would do two things.
    """
    known = {key.id: key.keys for key in KEYS}
    known |= {binding.id: binding.key for binding in others if binding.id}
    for name in remapped:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f', did you mean "{near[0]}"?' if near else "; the deck's help (?) names the ids"
            raise KeymapError(f"keys.{name}: no such key id{hint}")
    wanted = {name: [*_spelled(keys)] for name, keys in (known | dict(remapped)).items()}
    for name in remapped:
        for key in wanted[name]:
            if not _is_key(key):
                near = difflib.get_close_matches(key, _NAMED, 1)
                hint = (
                    f', did you mean "{near[0]}"?' if near else '; write it as "R", "ctrl+t", "f5"'
                )
                raise KeymapError(f'keys.{name}: no keyboard has the key "{key}"{hint}')
    taken: dict[str, str] = {}
    for name, keys in wanted.items():
        for key in keys:
            if key in taken and taken[key] != name:
                raise KeymapError(
                    f'keys.{name if name in remapped else taken[key]}: "{key}" is already '
                    f'the key of "{taken[key] if name in remapped else name}"'
                )
            taken[key] = name
    return {name: ",".join(wanted[name]) for name in remapped}


def _is_key(key: str) -> bool:
    """Whether a keyboard can have a key, as Textual spells it."""
    bare = key
    while (parts := bare.partition("+"))[1] and parts[0] in (
        "ctrl",
        "shift",
        "alt",
        "super",
        "meta",
    ):
        bare = parts[2]
    if bare in _NAMED or len(bare) == 1:
        return True
    try:
        return bool(unicodedata.lookup(bare.replace("_", " ")))
    except KeyError:
        return False


def _spelled(keys: str) -> list[str]:
    """Return a comma list of keys as Textual splits it, single characters under their names."""
    try:
        return [binding.key for binding in Binding.make_bindings([Binding(keys, "nothing")])]
    except InvalidBinding as error:
        raise KeymapError(f'"{keys}" is not a list of keys with commas between them') from error


def key_text(key: str) -> str:
    """Return a key as it is labelled on the keyboard."""
    # A list of pairs, read as a paragraph.
    names = {
        "escape": "esc", "slash": "/", "exclamation_mark": "!", "left_square_bracket": "[",
        "right_square_bracket": "]", "question_mark": "?", "plus": "+", "minus": "-",
        "colon": ":", "full_stop": ".", "comma": ",", "equals_sign": "=",
    }  # fmt: skip
    first = key.split(",", maxsplit=1)[0]
    return names.get(first, first)
