"""Why a service or a node is as it is: the evidence, live, over the screen it was opened from."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.fleet.fleet import Fleet
from tui.fleet.why import (
    Evidence,
    EvidenceKind,
    LiveChecks,
    WhySubject,
    find_evidence,
    find_next_step,
)
from tui.model.clock import monotonic, one_unit
from tui.model.order import Verb
from tui.model.text import visible_name
from tui.ui.controllers.orders import DOES, NO_SERVICE, AskOnDeck, OrderController
from tui.ui.format.key_bar import Hint
from tui.ui.format.service_row import RESTARTED
from tui.ui.format.status_lines import Palette, next_step_text, problem_sign
from tui.ui.keymap import View, bindings, key_text, spelled_keys
from tui.ui.terminal.app import is_covered
from tui.ui.widgets.scroll_page import ScrollPage

_SIGNS = {EvidenceKind.RESTARTS: RESTARTED, EvidenceKind.ALERTS: "▲"}
_PROBLEM = "!"
"""Stands before evidence of a problem that has no sign of its own elsewhere."""


def why_page(
    evidence: Iterable[Evidence], palette: Palette, *, description: str = "", next_step: str = ""
) -> Table:
    """Return the evidence, a row each: sign, what it is about, its age, its text and its source.

    First come what the service does, and what to do next; the ages have a heading, as one beside
    RUNNING would be taken for how long it runs.
    """
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for label, advice, style in (
        ("what it does", description, ""),
        ("next step", next_step, palette["bold"]),
    ):
        if advice:
            table.add_row("", Text(label, palette["muted"]), "", Text(advice, style))
    muted = palette["muted"]
    table.add_row("", Text("WHAT", muted), Text("AGE", muted), Text("EVIDENCE (SOURCE)", muted))
    for found in evidence:
        sign, style = _sign(found)
        age = "" if found.age is None else one_unit(found.age)
        text = Text(found.text, "" if not found.gap else palette["muted"])
        # Without its method the path is one word, and is not torn apart at the end of a line.
        text.append(f" ({found.source.value.removeprefix('GET ')})", palette["muted"])
        table.add_row(
            Text(sign, palette[style]),
            Text(found.word, palette["muted"]),
            Text(age, palette["muted"]),
            text,
        )
    return table


def why_title(node: str, service: str) -> str:
    """Return what the evidence is about."""
    return f"Why: {service} on {node}" if service else f"Why: {node}"


def _sign(found: Evidence) -> tuple[str, str]:
    if found.gap:
        return "?", "muted"
    if not found.is_problem:
        return " ", "muted"
    if found.problem is not None:
        return problem_sign(found.problem)
    return _SIGNS.get(found.kind, _PROBLEM), "warn"


_EVERY = 1.0
"""Seconds after which ages go on, and new readings and events are shown."""


@runtime_checkable
class Explainable(Protocol):
    """A screen under whose cursor is something that evidence can be shown for."""

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node and the service under the cursor, None where there is none.

        The service is empty where the whole node is meant.
        """


class WhyScreen(ModalScreen[None]):
    """Shows the evidence for the subject: a node and a service, which is empty for the node alone.

    The node's and the cluster's own checks are read as it opens, by the refresh key, and at a slow
    pace while nothing lies over it; all else is what is polled anyway. `order` asks for an action
    on a service of a node, over the deck.
    """

    AUTO_FOCUS = "#why"
    DEFAULT_CSS = """
    WhyScreen { align: center middle; }
    WhyScreen #why {
        width: 120; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $primary; background: $surface;
    }
    """
    BINDINGS = [
        *bindings(View.WHY, {"back": "close", "why": "close"}),
        Binding("j", "down", "Down", show=False),
        Binding("k", "up", "Up", show=False),
    ]

    def __init__(
        self,
        fleet: Fleet,
        orders: OrderController,
        subject: tuple[str, str],
        palette: Palette,
        keys: Mapping[str, str],
        *,
        order: AskOnDeck,
    ) -> None:
        super().__init__()
        self._keys, self._controller, self._order = keys, orders, order
        self._fleet = fleet
        self._node, self._service = subject
        self._palette = palette
        self._checks = LiveChecks(fleet, self._node)

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        box = ScrollPage(Static(id="evidence", markup=False), self._hints, id="why")
        box.border_title = Content(why_title(self._node, visible_name(self._service)))
        yield box

    def on_mount(self) -> None:
        """Show what is known, read the checks, and start the clock."""
        self._show()
        self._fleet.look_elsewhere()
        if self._node in self._fleet:
            self._fleet.refresh_context(self._node)
            self._read_checks()
        self.set_interval(_EVERY, self._on_clock)

    def on_screen_resume(self) -> None:
        """Show what changed while another view lay over it."""
        self._show()

    def _hints(self) -> list[Hint]:
        """Return what keys do now, the most important first."""
        back, again = (spelled_keys(self._keys[name])[0] for name in ("back", "refresh"))
        return [
            (f"{key_text(back)} closes", back),
            *self._order_hints(),
            (f"{key_text(again)} reads the checks again", again),
            ("live", ""),
        ]

    def _order_hints(self) -> list[Hint]:
        """Return the actions that may be asked for on the service, or why none may."""
        if not self._service:
            return []
        if self._controller.refusal(self._node):
            return [(f"no actions: {self._controller.brief_refusal(self._node)}", "")]
        possible = self._controller.possible(self._node, self._service)
        keys = {verb: spelled_keys(self._keys[verb.value])[0] for verb in Verb if verb in possible}
        return [(f"{key_text(key)} {DOES[verb]} it", key) for verb, key in keys.items()]

    def action_refresh(self) -> None:
        """Poll every node now, as everywhere, and read the checks that may be read."""
        self._fleet.refresh()
        self._read_checks(is_wish=True)

    def _read_checks(self, *, is_wish: bool = False) -> None:
        self.run_worker(self._read(is_wish=is_wish), group="why")

    async def _read(self, *, is_wish: bool = False) -> None:
        if self._node in self._fleet:
            await self._checks.read(is_wish=is_wish)
            if self in self.app.screen_stack:  # closed meanwhile, its widgets may be gone
                self._show()

    def _on_clock(self) -> None:
        """Let ages go on, and read the checks where they are due and can be seen."""
        self._show()
        if self.is_active and self._node in self._fleet and self._checks.is_due:
            self._read_checks()

    def _show(self) -> None:
        if is_covered(self, self.app.screen_stack):
            return
        if self._node not in self._fleet:
            self.dismiss(None)
            return
        about = WhySubject.of(self._fleet, self._node, self._service, self._checks.newest)
        now, on, events = monotonic(), datetime.now(UTC), self._fleet.events
        step = find_next_step(about, events, now, on)
        page = why_page(
            find_evidence(about, events, now, on),
            self._palette,
            description=about.description,
            next_step="" if step is None else next_step_text(step, self._keys),
        )
        self.query_one("#evidence", Static).update(page)
        self.query_one(ScrollPage).show_hints()

    def action_order(self, verb: str) -> None:
        """Ask for an action on the service, where this is about one."""
        if self._service:
            self._order(Verb(verb), self._node, self._service)
        else:
            self.notify(NO_SERVICE, severity="warning", markup=False)

    def action_close(self) -> None:
        """Go back to the screen below."""
        self.dismiss(None)

    def action_down(self) -> None:
        """Scroll down a line."""
        self.query_one(ScrollPage).scroll_down(animate=False)

    def action_up(self) -> None:
        """Scroll up a line."""
        self.query_one(ScrollPage).scroll_up(animate=False)
