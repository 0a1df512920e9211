"""Every key of the deck in one table, for help, palette, key bar and `[keys]`."""

import difflib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum
from types import MappingProxyType

from textual.binding import Binding, InvalidBinding
from textual.keys import Keys

from tui.model.dataclass import dataclass

WRITES = frozenset({"start", "stop", "restart", "rollout"})
"""Ids of the keys that lead to an action on a service; a reason stands for them where the guard refuses."""


class View(Enum):
    """A screen with the deck's keys; the value is its name in a sentence."""

    DECK = "the deck"
    MATRIX = "the matrix"
    TIMELINE = "the timeline"
    PROBLEMS = "the list of problems"
    NODES = "the list of nodes"
    WHY = "Why"
    ROLLOUT = "the rollout"
    HELP = "the help"


_EVERYWHERE = frozenset(View)
_FULL = frozenset({View.DECK, View.MATRIX, View.TIMELINE, View.PROBLEMS})
_LISTS = frozenset({View.DECK, View.MATRIX, View.TIMELINE})
_ON_SERVICES = frozenset({View.DECK, View.MATRIX})
_TO_ORDER = _ON_SERVICES | {View.PROBLEMS, View.WHY}
_ON_NODES = frozenset({View.DECK, View.NODES})
_IN_DECK = frozenset({View.DECK})
_SORTED = frozenset({View.DECK, View.MATRIX, View.PROBLEMS, View.NODES})
_NEWEST_FIRST = "The timeline is sorted by time, the newest event first."
_WHY_NOT = {("sort", View.TIMELINE): _NEWEST_FIRST, ("invert", View.TIMELINE): _NEWEST_FIRST}
"""Why a key does nothing in a view, where that says more than where it works."""


@dataclass(frozen=True, slots=True)
class Key:
    """One binding: `keys` is Textual's comma list; `bar` is its word in the key bar, if it has one.

    `does` is the sentence in help and palette; `views` are the screens in which it works.
    """

    id: str
    keys: str
    action: str
    label: str
    does: str
    group: str
    views: frozenset[View]
    bar: str = ""

    def binding(self, view: View = View.DECK) -> Binding:
        """Return the key as a Textual binding of a screen; where it does nothing, it says so."""
        works = view in self.views
        action = self.action if works else f"app.unavailable('{self.id}', '{view.name}')"
        return Binding(self.keys, action, self.label, show=False, id=self.id, tooltip=self.does)


_ACTIONS, _SERVICES, _VIEWS, _NODES, _DECK = "Actions", "Services", "Views", "Nodes", "Deck"

# One key a line.
KEYS: tuple[Key, ...] = (
    Key("start", "s", "order('start')", "Start", "Start the service, or all marked services", _ACTIONS, _TO_ORDER, "Start"),
    Key("stop", "t", "order('stop')", "Stop", "Stop the service, or all marked services", _ACTIONS, _TO_ORDER, "Stop"),
    Key("restart", "r", "order('restart')", "Restart", "Restart the service, or all marked services", _ACTIONS, _TO_ORDER, "Restart"),
    Key("rollout", "R", "app.rollout", "Roll a restart over the cluster", "Restart the service on each node of the cluster in turn", _ACTIONS, _ON_SERVICES, "Roll"),
    Key("mark", "space", "mark", "Mark", "Mark or unmark the service, and go to the next", _ACTIONS, _ON_SERVICES),
    Key("unmark", "U", "unmark", "Unmark all", "Remove all marks", _ACTIONS, _ON_SERVICES),
    Key("dismiss", "x", "dismiss_orders", "Clear finished actions", "Clear finished actions", _ACTIONS, _ON_SERVICES),
    Key("matrix", "0", "app.matrix", "Matrix", "Every service on every node", _VIEWS, _EVERYWHERE, "Matrix"),
    Key("timeline", "e", "app.timeline", "Timeline", "Every change on every node, newest first", _VIEWS, _EVERYWHERE, "Timeline"),
    Key("all_problems", "P", "app.all_problems", "All problems", "The problems of all nodes, most severe first", _VIEWS, _EVERYWHERE, "Problems"),
    Key("rollouts", "o", "app.rollouts", "Rollout", "The running rollout, or the last one", _VIEWS, _EVERYWHERE),
    Key("why", "w", "app.why", "Why", "Why the service under the cursor, or its node, is as it is", _VIEWS, _EVERYWHERE - {View.HELP}, "Why"),
    Key("nodes", "n", "app.nodes", "Nodes", "Pick a node", _VIEWS, _EVERYWHERE, "Nodes"),
    Key("filter", "/", "filter", "Filter", "Filter: text, !text, status=…, kind=…", _SERVICES, _LISTS, "Filter"),
    Key("problems", "!", "problems", "Problems", "Show only problems, or everything again", _SERVICES, _LISTS, "Only problems"),
    Key("sort", "S", "sort", "Sort", "Sort by the next column, which the status line names", _SERVICES, _SORTED),
    Key("invert", "I", "invert", "Reverse sort", "Reverse the sort", _SERVICES, _SORTED),
    Key("signs", "v", "signs", "Signs alone", "Matrix with signs alone: more nodes fit", _SERVICES, frozenset({View.MATRIX})),
    Key("detail", "d", "detail", "Detail", "Open or close the detail pane of the service", _SERVICES, _IN_DECK, "Detail"),
    Key("raw", "y", "raw", "Raw JSON", "Show the service's entry as the node sent it", _SERVICES, _IN_DECK),
    Key("copy", "c", "copy_name", "Copy name", "Copy the name of the service", _SERVICES, _IN_DECK),
    Key("copy_row", "Y", "copy_row", "Copy row", "Copy the row: node, service, status, uptime, start, kind", _SERVICES, _IN_DECK),
    Key("refresh", "ctrl+r,f5", "refresh", "Refresh", "Poll every node now", _SERVICES, _FULL | {View.WHY}),
    Key("pause", "p", "pause", "Pause", "Pause polling, or resume it", _SERVICES, _ON_SERVICES),
    Key("faster", "+", "faster", "Faster", "Poll more often", _SERVICES, _IN_DECK),
    Key("slower", "-", "slower", "Slower", "Poll less often", _SERVICES, _IN_DECK),
    Key("previous", "[", "step(-1)", "Previous node", "Go to the previous node", _NODES, _ON_SERVICES),
    Key("next", "]", "step(1)", "Next node", "Go to the next node", _NODES, _ON_SERVICES),
    *(
        Key(f"node.{n}", str(n), f"jump({n})", f"Node {n}", f"Go to node {n}", _NODES, _FULL | _ON_NODES)
        for n in range(1, 10)
    ),
    Key("add", "a", "app.add_node", "Add a node", "Add a profile for a node", _NODES, _FULL | _ON_NODES),
    Key("edit", "E", "app.edit_node", "Edit the node", "Edit the node's profile", _NODES, _ON_NODES),
    Key("discover", "D", "app.discover", "Discover", "Find the other nodes of the node's cluster", _NODES, _ON_NODES),
    Key("trust", "T", "app.trust", "Trust", "Show the node's certificate, and pin it", _NODES, _IN_DECK),
    Key("login", "L", "app.login", "Log in", "Enter the password of the node's login", _NODES, _IN_DECK),
    Key("back", "escape", "back", "Back", "Close what is open, then clear filter, marks and sort", _DECK, _EVERYWHERE),
    Key("snapshot", "ctrl+s", "app.snapshot('text')", "Snapshot as text", "Write all that is known to a file, without secrets", _DECK, _FULL),
    Key("reread", "ctrl+e", "app.reread", "Read configuration", "Read the configuration file again; what differs is confirmed first", _DECK, _FULL),
    Key("palette", "ctrl+p,:", "app.command_palette", "Palette", "Every command by name", _DECK, _FULL),
    Key("help", "?,f1", "app.help", "Help", "Every key and every sign", _DECK, _EVERYWHERE, "Help"),
    Key("repaint", "ctrl+l", "app.repaint", "Repaint", "Paint the whole screen again", _DECK, _EVERYWHERE),
    Key("quit", "q", "app.leave", "Quit", "Go back, or quit", _DECK, _EVERYWHERE, "Quit"),
    Key("quit_now", "ctrl+q", "app.quit", "Quit from anywhere", "Quit from anywhere; what is still open is confirmed first", _DECK, _EVERYWHERE),
)  # fmt: skip


_NAMED = frozenset(
    key.value for key in Keys if "+" not in key.value and not key.value.startswith("<")
)


class KeymapError(Exception):
    """A `[keys]` entry that is not valid: the text names it and what to do."""


def bindings(view: View, own: Mapping[str, str] | None = None) -> list[Binding]:
    """Return the bindings of a screen with their default keys; `own` are its own actions by id."""
    return [
        replace(key, action=own[key.id]).binding(view)
        if own and key.id in own
        else key.binding(view)
        for key in KEYS
    ]


def bar_words(ids: str, own: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """Return the words of a key bar by the keys' `ids`, which have a space between them.

    `own` are those of keys that mean something else on the screen, or are its alone.
    """
    words = {key.id: key.bar for key in KEYS} | dict(own)
    return {name: words[name] for name in ids.split()}


TO_DECK = {f"node.{n}": f"app.show_node({n})" for n in range(1, 10)}
"""The actions of the nodes' digits on a screen over the deck that has no nodes of its own."""


def view_bindings() -> list[Binding]:
    """Return the bindings that open a view or go back, for a screen that has keys of its own."""
    return [key.binding() for key in KEYS if key.group == _VIEWS or key.id in ("help", "quit")]


def quit_binding() -> Binding:
    """Return the binding that goes back or quits, for a screen that has no other of the deck's."""
    return next(key for key in KEYS if key.id == "quit").binding()


def unavailable_text(key_id: str, shown: str, view: View) -> str:
    """Return why a key, which is `shown` so, does nothing in `view`, or where it works."""
    if (key_id, view) in _WHY_NOT:
        return _WHY_NOT[key_id, view]
    key = next(key for key in KEYS if key.id == key_id)
    *places, last = (place.value for place in View if place in key.views)
    works = f"{', '.join(places)} and {last}" if places else last
    return f"{shown} works in {works}, not in {view.value}."


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
    wanted = {name: [*spelled_keys(keys)] for name, keys in (known | dict(remapped)).items()}
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


def spelled_keys(keys: str) -> list[str]:
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
