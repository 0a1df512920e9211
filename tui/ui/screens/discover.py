"""The nodes of the picked node's cluster: found, marked, and added as profiles.

Nothing is sent to a node without a profile before a key has allowed it.
Only GETs and the login's token call are sent, and only the configuration is written.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from rich.cells import cell_len
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content

from tui.config import ConfigError, Configuration, NodeProfile
from tui.fleet.onboarding.discovery import DiscoveredNode, DiscoveryResult, add_profiles
from tui.model.node import Role
from tui.ui.controllers.profiles import AddedProfiles, Discover
from tui.ui.dialogs.armed import ArmedScreen
from tui.ui.format.key_bar import hint_line
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import quit_binding
from tui.ui.table.live_table import Cell, Column, LiveTable, Row
from tui.ui.widgets.text_line import TextLine

_COLUMNS = (
    Column("uid", "UID", 3, right=True),
    Column("name", "NAME", 10),
    Column("address", "ADDRESS", 15),
    Column("role", "ROLE", 9, drop=2),
    Column("version", "VERSION", 10, drop=3),
    Column("found", "FOUND", 20, grow=1),
)
_NAME_SHARE = 4
"""The part of the width that the names have at most."""

_BESIDE = 75
"""Cells of a line that the other columns take where there is room."""

_GLYPHS = {
    DiscoveryResult.KNOWN: ("=", "muted"),
    DiscoveryResult.ITSELF: ("✓", "ok"),
    DiscoveryResult.UNREACHABLE: ("✗", "bad"),
    DiscoveryResult.STRANGER: ("✗", "bad"),
    DiscoveryResult.REFUSED: ("✗", "bad"),
    DiscoveryResult.UNTOLD: ("?", "unknown"),
    DiscoveryResult.NOT_ASKED: ("?", "unknown"),
}
_CLOSE = ("esc close", "escape")
_HINTS = [("space mark", "space"), ("enter add the marked nodes", "enter"), _CLOSE]


class DiscoverScreen(ArmedScreen[AddedProfiles | None]):
    """Lists the nodes that `discover` finds; returns what was added, or None."""

    AUTO_FOCUS = "#members"
    holds_toasts = False
    BINDINGS = [
        Binding("space", "mark", "Mark", show=False),
        Binding("y", "log_in", "Log in", show=False),
        Binding("escape", "close", "Leave", show=False),
        quit_binding(),
    ]

    def __init__(
        self,
        configuration: Configuration,
        profile: NodeProfile,
        discover: Discover,
        palette: Palette,
    ) -> None:
        super().__init__()
        self._configuration = configuration
        self._profile = profile
        self._discover = discover
        self._palette = palette
        self._found: dict[str, DiscoveredNode] | None = None
        self._new = 0
        """How many nodes without a profile are listed."""
        self._may_log_in: asyncio.Future[None] | None = None
        """Done once the login may be sent to new nodes; None while that is not asked."""
        self._is_writing = False
        self._table = LiveTable(_COLUMNS, palette=palette, id="members")

    def compose(self) -> ComposeResult:
        """Lay out the list, and below it the notes and what the keys do."""
        with Vertical(id="discovery"):
            yield self._table
            yield TextLine(id="notes", hides=True)
            yield TextLine(id="message", hides=True)
            yield TextLine(id="how")

    def on_mount(self) -> None:
        """Begin to discover."""
        box = self.query_one("#discovery")
        box.border_title = Content(f"Nodes of the cluster of {self._profile.name}")
        self._table.set_empty(f"Polling {self._profile.url} …")
        self.begin_arming()
        self.set_interval(0.1, self._arm)
        self.run_worker(self._run_discovery(), group="discover")

    async def _run_discovery(self) -> None:
        discovery = await self._discover(self._ask_consent)
        if self not in self.app.screen_stack:
            return  # closed meanwhile: its widgets may be gone
        trouble = discovery.trouble
        if trouble is not None:
            self._table.set_empty("No nodes found.")
            self._show_message(" · ".join(filter(None, (trouble.text, trouble.hint))), "bad")
            return
        if discovery.cluster:
            title = f"Nodes of {discovery.cluster}, as {self._profile.name} lists them"
            self.query_one("#discovery").border_title = Content(title)
        self._found = {str(node.member.uid): node for node in discovery.found}
        self._table.set_empty("The cluster lists no nodes.")
        self._show_nodes(discovery.found)
        for key, node in self._found.items():
            if node.is_new and node.meeting is DiscoveryResult.ITSELF:
                self._table.toggle_mark(key)
        room = self.app.size.width - _BESIDE
        hidden = [key for key, node in self._found.items() if _hides_reason(node, room)]
        if hidden:
            self._table.move_to(hidden[0])  # the line below the list shows the reason then
        notes = Text(" · ".join(discovery.notes), self._palette["warn"])
        self.query_one("#notes", TextLine).say(notes)
        self.begin_arming()  # what was typed until now was typed before there was a list

    async def _ask_consent(self, nodes: tuple[DiscoveredNode, ...]) -> bool:
        """List the nodes, and wait for the key that allows to log in to the new ones."""
        self._new = sum(node.is_new and node.profile is not None for node in nodes)
        self._show_nodes(nodes)
        user = self._profile.username or "its certificate"
        self._show_message(
            f"Nothing was sent to {self._new_nodes} yet. "
            f"y logs in there as {user}, with the login of {self._profile.name}.",
            "warn",
        )
        self._may_log_in = asyncio.get_running_loop().create_future()
        self.begin_arming()  # what was typed until now was typed before there was a question
        await self._may_log_in
        self._may_log_in = None
        self._show_message("", "muted")
        self._table.show([])
        self._table.set_empty(f"Polling {self._new_nodes} …")
        return True

    def _show_nodes(self, nodes: Sequence[DiscoveredNode]) -> None:
        """List nodes by their uids; the names' column is as wide as the longest."""
        width = self.app.size.width
        longest = max((cell_len(node.name) for node in nodes), default=0)
        self._table.set_columns(
            [
                replace(column, width=max(column.width, min(longest, width // _NAME_SHARE)))
                if column.key == "name"
                else column
                for column in _COLUMNS
            ]
        )
        self._table.show([_row(str(node.member.uid), node, width - _BESIDE) for node in nodes])

    @property
    def _new_nodes(self) -> str:
        return "1 new node" if self._new == 1 else f"{self._new} new nodes"

    def action_log_in(self) -> None:
        """Allow to send the login to the nodes that are listed."""
        self.decide(self._allow_login)

    def _allow_login(self) -> None:
        if self._may_log_in is not None and not self._may_log_in.done():
            self._may_log_in.set_result(None)

    def _show_message(self, text: str, style: str) -> None:
        self.query_one("#message", TextLine).say(Text(text, self._palette[style]))

    def _arm(self) -> None:
        if self._may_log_in is not None:
            hints = [(f"y log in to {self._new_nodes}", "y"), _CLOSE]
        else:
            hints = _HINTS if self._found is not None else [_CLOSE]
        style = self._palette["muted" if self.arm() else "off"]
        self.query_one("#how", TextLine).say(hint_line(self.with_arming(hints), style))

    @on(LiveTable.CursorMoved, "#members")
    def _cursor_moved(self, event: LiveTable.CursorMoved) -> None:
        """Show all that was found of the node under the cursor."""
        if type(event) is not LiveTable.CursorMoved:
            return  # choosing and marking send subclasses of this message
        node = (self._found or {}).get(self._table.cursor_key or "")
        if node is not None:
            more = "; enter writes its uid into it" if node.lacks_identity else ""
            self._show_message(f"{node.name}: {node.text}{more}", _GLYPHS[node.meeting][1])

    def action_mark(self) -> None:
        """Mark or unmark the node, and go on to the next."""
        if self._toggle_mark():
            self._table.action_down()

    @on(LiveTable.MarkClicked, "#members")
    def _toggle_mark(self) -> bool:
        """Mark or unmark the node under the cursor; False where it cannot be added."""
        node = (self._found or {}).get(self._table.cursor_key or "")
        if node is None:
            return False
        if node.may_be_added:
            self._table.toggle_mark()
        else:
            self._show_message(f"{node.name} is not added: {node.text}", "warn")
        return node.may_be_added

    @on(LiveTable.Chosen, "#members")
    def _chosen(self, event: LiveTable.Chosen) -> None:
        event.stop()
        self.decide(self._add)

    async def _add(self) -> None:
        """Write profiles for the marked nodes, and the identities that existing profiles lack."""
        if self._may_log_in is not None:
            return  # not yet found: the line below the list names the key
        found = self._found or {}
        new = [node for key, node in found.items() if key in self._table.marks]
        bound = [node for node in found.values() if node.lacks_identity]
        if not new and not bound:
            self._show_message("No node is marked, and nothing was written. space marks.", "warn")
        elif not self._is_writing:
            self._is_writing = True
            await self._write(new, bound)
            self._is_writing = False

    async def _write(self, new: list[DiscoveredNode], bound: list[DiscoveredNode]) -> None:
        written: list[str] = []
        for node in [*bound, *new]:
            try:
                self._configuration = await asyncio.to_thread(
                    add_profiles, self._configuration, [node]
                )
            except ConfigError as error:
                if not written:
                    self._show_message(str(error), "bad")
                else:
                    text = f"{', '.join(written)} written; not {node.name}: {error}"
                    self.dismiss(AddedProfiles(self._configuration, text))
                return
            written.append(node.name)
        sentences = [f"Added {', '.join(node.name for node in new)}."] if new else []
        if bound:
            identities = ", ".join(f"{node.name} is node:{node.member.uid}" for node in bound)
            sentences.append(f"Written into the profiles: {identities}.")
        self.dismiss(AddedProfiles(self._configuration, " ".join(sentences)))

    def action_close(self) -> None:
        """Close without adding anything."""
        self.dismiss(None)


def _row(key: str, node: DiscoveredNode, room: int) -> Row:
    glyph, style = _GLYPHS[node.meeting]
    member = node.member
    role = "★ primary" if member.role is Role.PRIMARY else member.role.value
    return Row(
        key,
        (
            Cell(str(member.uid), "muted"),
            Cell(node.name, "bold" if node.may_be_added else "muted"),
            Cell(member.address or "—"),
            Cell(role, "accent" if member.role is Role.PRIMARY else "muted"),
            Cell(member.version or "—", "muted"),
            Cell(f"{glyph} {_brief(node, room)}", lead=style),
        ),
    )


def _brief(node: DiscoveredNode, room: int) -> str:
    """Return the result, in `room` cells with its reason; the line below the list has all of it."""
    word: str = node.meeting.value
    if node.meeting is DiscoveryResult.KNOWN:
        return "profile lacks uid" if node.lacks_identity else word
    place = f"{node.profile.place} " if node.profile is not None else ""
    full = f"{word}: {node.text.removeprefix(place)}"
    return word if node.meeting is DiscoveryResult.ITSELF or cell_len(full) > room else full


def _hides_reason(node: DiscoveredNode, room: int) -> bool:
    """Whether a row has no room for the reason why its node cannot be added as it is."""
    is_well = node.meeting in (DiscoveryResult.KNOWN, DiscoveryResult.ITSELF)
    return not is_well and _brief(node, room) == node.meeting.value
