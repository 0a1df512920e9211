"""The nodes of the picked node's cluster: found, marked, and added as profiles.

Nothing is sent but GETs and the login's token call. What is written is the configuration alone.
"""

import asyncio

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
from tui.ui.format.status_lines import Palette
from tui.ui.table.live_table import Cell, Column, LiveTable, Row
from tui.ui.widgets.text_line import TextLine

_COLUMNS = (
    Column("uid", "UID", 4, right=True),
    Column("name", "NAME", 14, grow=2),
    Column("address", "ADDRESS", 15),
    Column("role", "ROLE", 9, drop=2),
    Column("version", "VERSION", 10, drop=3),
    Column("found", "FOUND", 22, grow=4),
)
_GLYPHS = {
    DiscoveryResult.KNOWN: ("=", "muted"),
    DiscoveryResult.ITSELF: ("✓", "ok"),
    DiscoveryResult.UNREACHABLE: ("✗", "bad"),
    DiscoveryResult.STRANGER: ("✗", "bad"),
    DiscoveryResult.REFUSED: ("✗", "bad"),
    DiscoveryResult.UNTOLD: ("?", "unknown"),
    DiscoveryResult.NOT_ASKED: ("?", "unknown"),
}
_HOW = "space marks · enter adds the marked ones · esc leaves"


class DiscoverScreen(ArmedScreen[AddedProfiles | None]):
    """Gives what was added, or None. `discover` does the asking."""

    AUTO_FOCUS = "#members"
    BINDINGS = [
        Binding("space", "mark", "Mark", show=False),
        Binding("escape,q", "close", "Leave", show=False),
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
        self._writes = False
        self._table = LiveTable(_COLUMNS, palette=palette, id="members")

    def compose(self) -> ComposeResult:
        """Lay out the list, and below it what is not told and what the keys do."""
        with Vertical(id="discovery"):
            yield self._table
            yield TextLine(id="notes", hides=True)
            yield TextLine(id="said", hides=True)
            yield TextLine(id="how")

    def on_mount(self) -> None:
        """Name the box and begin to ask."""
        box = self.query_one("#discovery")
        box.border_title = Content(f"Nodes of the cluster of {self._profile.name}")
        self._table.set_empty(f"Asking {self._profile.url} …")
        self.begin_arming()
        self.set_interval(0.1, self._arm)
        self.run_worker(self._ask(), group="discover")

    async def _ask(self) -> None:
        discovery = await self._discover()
        trouble = discovery.trouble
        if trouble is not None:
            self._table.set_empty("Nothing was found.")
            self._say(" · ".join(filter(None, (trouble.text, trouble.hint))), "bad")
            return
        if discovery.cluster:
            title = f"Nodes of {discovery.cluster}, as {self._profile.name} tells"
            self.query_one("#discovery").border_title = Content(title)
        self._found = {str(one.member.uid): one for one in discovery.found}
        self._table.set_empty("The cluster lists no nodes.")
        self._table.show([_row(key, one) for key, one in self._found.items()])
        for key, one in self._found.items():
            if one.is_new and one.meeting is DiscoveryResult.ITSELF:
                self._table.toggle_mark(key)
        notes = Text(" · ".join(discovery.notes), self._palette["warn"])
        self.query_one("#notes", TextLine).say(notes)
        self.begin_arming()  # what was typed until now was typed before there was a list

    def _say(self, words: str, style: str) -> None:
        self.query_one("#said", TextLine).say(Text(words, self._palette[style]))

    def _arm(self) -> None:
        how = _HOW if self._found is not None else "esc leaves"
        how = how if self.arm() else "a moment…"
        self.query_one("#how", TextLine).say(Text(how, self._palette["muted"]))

    @on(LiveTable.CursorMoved, "#members")
    def _moved(self, event: LiveTable.CursorMoved) -> None:
        """Tell the whole of what was found of the node under the cursor."""
        if type(event) is not LiveTable.CursorMoved:
            return  # choosing and marking are messages of that sort too
        one = (self._found or {}).get(self._table.cursor_key or "")
        if one is not None:
            self._say(f"{one.name}: {one.text}", _GLYPHS[one.meeting][1])

    def action_mark(self) -> None:
        """Mark the node, or take its mark away, and go on to the next."""
        one = (self._found or {}).get(self._table.cursor_key or "")
        if one is None:
            return
        if one.may_be_added:
            self._table.toggle_mark()
            self._table.action_down()
        else:
            self._say(f"{one.name} is not added: {one.text}", "warn")

    @on(LiveTable.Chosen, "#members")
    async def _chosen(self, event: LiveTable.Chosen) -> None:
        """Write the marked ones, and into profiles that are there who their nodes are."""
        event.stop()
        found = self._found or {}
        new = [one for key, one in found.items() if key in self._table.marks]
        bound = [one for one in found.values() if one.lacks_identity]
        if not new and not bound:
            self._say("Nothing is marked, and nothing was written. space marks.", "warn")
        elif not self._writes:
            self._writes = True
            await self._write(new, bound)
            self._writes = False

    async def _write(self, new: list[DiscoveredNode], bound: list[DiscoveredNode]) -> None:
        written: list[str] = []
        for one in [*bound, *new]:
            try:
                self._configuration = await asyncio.to_thread(
                    add_profiles, self._configuration, [one]
                )
            except ConfigError as error:
                if not written:
                    self._say(str(error), "bad")
                else:
                    told = f"{', '.join(written)} written; not {one.name}: {error}"
                    self.dismiss(AddedProfiles(self._configuration, told))
                return
            written.append(one.name)
        said = [f"Added {', '.join(one.name for one in new)}."] if new else []
        if bound:
            who = ", ".join(f"{one.name} is node:{one.member.uid}" for one in bound)
            said.append(f"Written into the profiles: {who}.")
        self.dismiss(AddedProfiles(self._configuration, " ".join(said)))

    def action_close(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)


def _row(key: str, one: DiscoveredNode) -> Row:
    glyph, style = _GLYPHS[one.meeting]
    member = one.member
    role = "★ primary" if member.role is Role.PRIMARY else member.role.value
    return Row(
        key,
        (
            Cell(str(member.uid), "muted"),
            Cell(one.name, "bold" if one.may_be_added else "muted"),
            Cell(member.address or "—"),
            Cell(role, "accent" if member.role is Role.PRIMARY else "muted"),
            Cell(member.version or "—", "muted"),
            Cell(f"{glyph} {_brief(one)}", lead=style),
        ),
    )


def _brief(one: DiscoveredNode) -> str:
    """Say it in a few words, for a column; the line below tells the whole."""
    word: str = one.meeting.value
    if one.meeting is DiscoveryResult.KNOWN:
        return "profile lacks its uid" if one.lacks_identity else word
    return word if one.meeting is DiscoveryResult.ITSELF else f"{word}: {one.text}"
