"""The application: theme, keymap, which screen, and where orders and passwords go.

The screens that lie over the deck are imported when they are first opened: the deck paints sooner.
"""

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual import events, on
from textual.app import App
from textual.driver import Driver
from textual.filter import LineFilter
from textual.widget import Widget
from textual.widgets import Input

from tui.config import Configuration, NodeProfile
from tui.credentials import Secret
from tui.fleet.fleet import Fleet
from tui.model.event import Event
from tui.model.order import Progress
from tui.model.reading import TroubleKind
from tui.model.rollout import RolloutProgress
from tui.model.trust import UNCHECKED, PinnedTrust
from tui.paths import state_dir
from tui.ui.calling import Caller
from tui.ui.copying import selected_text
from tui.ui.desk import OrderDesk
from tui.ui.keyline import KeyLine, Settled
from tui.ui.lines import Palette
from tui.ui.palette import DeckCommands
from tui.ui.rollouts import Rollable, RolloutDesk, Targets
from tui.ui.screens.deaf import DeafScreen
from tui.ui.screens.deck import DeckScreen
from tui.ui.terminal.driver import DeckDriver
from tui.ui.terminal.ending import Ending
from tui.ui.terminal.output import Output
from tui.ui.terminal.wall import Wall
from tui.ui.themes import ThemeFile, palette, to_textual
from tui.ui.widgets.moves import ACROSS
from tui.ui.widgets.table import LiveTable


@runtime_checkable
class Painted(Protocol):
    """A screen that wears the theme's colours in what it paints itself."""

    def repalette(self, palette: Palette) -> None:
        """Take the colours of another theme."""


@runtime_checkable
class Watching(Protocol):
    """A screen that shows what is known of several nodes, and what became of orders."""

    @property
    def is_mounted(self) -> bool:
        """Whether it can show anything yet."""

    def nodes_changed(self) -> None:
        """Show the nodes as they stand now."""

    def orders_moved(self) -> None:
        """Show the orders as they stand now."""


if TYPE_CHECKING:
    from tui.fleet.shelf import Shelf
    from tui.ui.screens.discover import Added
    from tui.ui.screens.node_form import Saved
    from tui.ui.takeaway import Takeaway

_DEFAULT_THEME = "dark"
_PAINTED = 0.05
"""Seconds from the first refresh until it has reached the terminal."""

_RARELY = (20_000, 20, 50)
"""How many objects more there must be before garbage is looked for, and how often in all."""

_CALM = 0.2
"""Seconds for which news of nodes that are not in front are gathered before they are painted."""


class DeckApp(App[None]):
    """The deck over one fleet. `keys` is a checked keymap, `themes` are by name."""

    CSS_PATH = "app.tcss"
    TITLE = "rsdeck"
    COMMANDS = {DeckCommands}
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"
    NOTIFICATION_TIMEOUT = 6

    def __init__(  # noqa: PLR0913 - what the command line found out
        self,
        configuration: Configuration,
        fleet: Fleet,
        *,
        themes: Mapping[str, ThemeFile],
        keys: Mapping[str, str],
        warnings: tuple[str, ...] = (),
        node: str | None = None,
        shelf: "Shelf | None" = None,
    ) -> None:
        # Else Textual writes greys where NO_COLOR asks for no colour at all.
        plain = True if os.environ.get("NO_COLOR") else None
        super().__init__(driver_class=DeckDriver, ansi_color=plain)
        self._ending = Ending(self)
        self._wall = Wall()
        self._keyline = KeyLine(self._hand_on, self._hearing, self.set_timer)
        self._configuration = configuration
        self._fleet = fleet
        self._themes = dict(themes)
        self._keys = dict(keys)
        self._warnings = warnings
        self._gathers = False
        self._asked: set[tuple[int, int]] = set()
        self._met: set[NodeProfile] = set()
        self._warned: frozenset[tuple[str, int]] = frozenset()
        self._is_leaving = False
        wanted = configuration.settings.theme
        self._theme_file = self._themes.get(wanted) or self._themes[_DEFAULT_THEME]
        for theme in self._themes.values():
            self.register_theme(to_textual(theme))
        self._wear(self._theme_file)
        self._caller = Caller(configuration.notify, os.environ, self._write, self.set_timer)
        self._desk = OrderDesk(self, fleet, self._say)
        self._rollouts = RolloutDesk(self, fleet, self._say, lambda: palette(self._theme_file))
        self._shelf = shelf
        self._taken: Takeaway | None = None
        self._copied = ""
        self.deck = DeckScreen(fleet, self._desk, palette(self._theme_file), self._keys)
        if node is not None:
            self.deck.here = node
        fleet.listener = self

    @property
    def theme_files(self) -> list[ThemeFile]:
        """The themes that can be chosen."""
        return list(self._themes.values())

    def on_mount(self) -> None:
        """Paint, then start watching; with no profile yet, begin with the form."""
        self.set_keymap(self._keys)
        self.push_screen(self.deck)
        for warning in self._warnings:
            self.notify(warning, severity="warning", markup=False)
        # What is imported for the first question would hold up the first paint.
        self.deck.call_after_refresh(lambda: self.set_timer(_PAINTED, self._begin))

    def _begin(self) -> None:
        # What was imported stays, and need not be looked through again and again. Of hundreds of
        # nodes' answers nearly all goes by itself: searching all for the rest would be felt.
        gc.freeze()
        gc.set_threshold(*_RARELY)
        gc.enable()
        self.run_worker(self._fleet.run(), group="fleet", name="fleet")
        if not self._fleet.nodes:
            self.action_add_node()

    async def on_event(self, event: events.Event) -> None:
        """Take what is typed in its order."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            await self._keyline.take(event)
        else:
            await self._hand_on(event)

    async def _hand_on(self, event: events.Event) -> None:
        """Keep from a modal that is not armed yet what was typed before it could be read."""
        if (
            isinstance(event, events.InputEvent | events.Paste)
            and not event.is_forwarded
            and isinstance(self.screen, DeafScreen)
            and not _leaves(event)
            and self.screen.swallows(event)
        ):
            return
        await super().on_event(event)

    def _hearing(self) -> Widget | None:
        """Give what hears a key now; at the very end, nothing."""
        return (self.focused or self.screen) if self.screen_stack else None

    @on(Settled)
    async def _settled(self, event: Settled) -> None:
        event.stop()
        await self._keyline.settled(event)

    # What the fleet tells

    def node_changed(self, node: str) -> None:
        """Hand a node's news on: at once if it is in front, else with those of all the others.

        Hundreds of nodes answer hundreds of times a second, and nobody reads so fast.
        """
        if not self._is_shown:
            return
        if node == self.deck.here:
            self.deck.node_changed()
            if self.screen is self.deck:
                self._ask_password_once(node)
                self._meet_once(node)
        self._gather()

    def _gather(self) -> None:
        if not self._gathers:
            self._gathers = True
            self.set_timer(_CALM, self._tell)

    @property
    def _is_shown(self) -> bool:
        """Whether there is a deck to tell: at the very end there is not."""
        return self.deck.is_mounted and bool(self.screen_stack)

    @property
    def _watching(self) -> list[Watching]:
        return [one for one in self.screen_stack if isinstance(one, Watching) and one.is_mounted]

    def _tell(self) -> None:
        self._gathers = False
        for screen in self._watching:
            screen.nodes_changed()

    def event_happened(self, event: Event) -> None:
        """Hand an event to the deck and whoever shows events; call for it, if it is worth it."""
        self.deck.event_happened(event)
        self._caller.event_happened(event)
        self._gather()

    def order_moved(self, _: Progress) -> None:
        """Hand an order's step to the deck."""
        if self._is_shown:
            for screen in self._watching:
                screen.orders_moved()

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """Hand a rollout's move to the screens that show it."""
        if self._is_shown:
            for screen in self._watching:
                screen.orders_moved()
            self._rollouts.moved(progress)

    def _say(self, text: str) -> None:
        if text:
            self.notify(text, severity="warning", markup=False)

    # Rollouts

    def action_rollout(self, names: Sequence[str] = (), nodes: Sequence[str] = ()) -> None:
        """Ask for a restart that goes from node to node; nothing is begun by it.

        Of `names` on `nodes`, else of what the screen in front has under its cursor or marked.
        """
        if names:
            self._rollouts.ask(Targets(tuple(names), tuple(nodes)))
        elif isinstance(self.screen, Rollable):
            screen = self.screen
            self._rollouts.ask(screen.rollout_targets(), screen.rollout_begun)
        else:
            self.bell()

    def action_rollouts(self) -> None:
        """Show the rollout that goes on, or the last one."""
        self._rollouts.show()

    # The terminal

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Have every painted line go past the wall, as the last of all filters."""
        return [*super().get_line_filters(), self._wall]

    def _write(self, data: str) -> None:
        """Write what is no picture; a terminal that is stalled or not ours now misses it."""
        if isinstance(self._driver, DeckDriver):
            self._driver.write(data)

    def terminal_taken(self, output: Output) -> None:
        """Know how to give the terminal back, if it comes to the worst."""
        self._ending.output = output

    def terminal_gone(self) -> None:
        """End: nobody sees the deck any more; from any thread."""
        self._ending.gone()

    def leave_from_thread(self, code: int) -> None:
        """Leave with an exit code; from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(lambda: self.exit(return_code=code))

    def exit(self, *args: Any, **more: Any) -> None:
        """Leave, and not take for ever about it; say what is open still."""
        still = self._still_open()
        if still and not self._is_leaving:
            self._ending.report(
                "rsdeck: left while this was open, so its outcome is unknown: "
                f"{'; '.join(still.values())}"
            )
        self._is_leaving = True
        self._ending.limit()
        super().exit(*args, **more)

    @on(Driver.SignalResume)
    def show_all(self) -> None:
        """Paint everything anew, as it stands now: what the terminal shows is of another time."""
        if self.deck.is_mounted:
            self.deck.refresh_all()
        if isinstance(self._driver, DeckDriver):
            self._driver.release()
        self.refresh(layout=True)

    def _fatal_error(self) -> None:
        """End after a bug: Textual's own way prints the locals of every frame, secrets and all."""
        self._ending.limit(code=1)
        self._ending.report(crash_report(sys.exception()))
        self._close_messages_no_wait()

    def panic(self, *_: object) -> None:
        """End after a bug, in our own way whatever it was."""
        self._fatal_error()

    def run_to_the_end(self, *, mouse: bool) -> int:
        """Run until it is left or ended; gives the exit code."""
        with self._ending as ending:
            self.run(mouse=mouse)
        ending.say()
        return ending.code or self.return_code or 0

    # What is taken away

    def _takeaway(self) -> "Takeaway":
        """Give what writes snapshots and copies; it is imported when it is first wanted."""
        if self._taken is None:
            from tui.fleet.shelf import Shelf  # noqa: PLC0415 - see above
            from tui.ui.takeaway import Takeaway  # noqa: PLC0415

            self._taken = Takeaway(self, self._fleet, self._shelf or Shelf(state_dir()))
        return self._taken

    def action_snapshot(self, form: str) -> None:
        """Write all that is known into a file, as text or as JSON."""
        self._takeaway().snapshot(json=form == "json")

    @on(DeckScreen.Copied)
    def _copy(self, event: DeckScreen.Copied) -> None:
        self.copy(event.text, event.what)

    def copy(self, text: str, what: str) -> None:
        """Copy a clean text; `what` names it."""
        self._copied = text
        self._takeaway().copy(text, what)

    def to_terminal(self, sequence: str) -> None:
        """Write a sequence of our own to the terminal, if there is one."""
        if isinstance(self._driver, DeckDriver):
            self._driver.write(sequence)

    @property
    def clipboard(self) -> str:
        """What was copied last, for ctrl+v in a field."""
        return self._copied

    def copy_to_clipboard(self, text: str) -> None:
        """Copy what was selected, in Textual's stead: a password never, and all else clean.

        Textual gives what ctrl+c and ctrl+x copy, from a field that hides it just the same.
        """
        field = self.focused
        if isinstance(field, Input) and field.password:
            self._say("A password is not copied.")
        elif text:
            self.copy(selected_text(text), "what was selected")

    # Logins

    @on(DeckScreen.NodeShown)
    def _node_shown(self, event: DeckScreen.NodeShown) -> None:
        if event.node in self._fleet:
            self._ask_password_once(event.node)
            self._meet_once(event.node)

    def _ask_password_once(self, node: str) -> None:
        """Ask by itself once for each password that is wanted; after that, L asks."""
        login = self._fleet.watch(node).login
        if login.username and login.trouble and (login.asks or login.refused):
            key = (id(login), login.generation)
            if key not in self._asked:
                self._asked.add(key)
                self.action_login()

    def action_login(self) -> None:
        """Ask for the password of the login of the node that is picked."""
        from tui.ui.screens.password import PasswordScreen  # noqa: PLC0415 - see above

        node = self.deck.here
        if node not in self._fleet:
            return
        watch = self._fleet.watch(node)
        if not watch.profile.username:
            self._say("This node's login is the client's certificate; there is no password.")
            return
        why = watch.login.trouble or "It is logged in. A new password takes its place."
        if watch.profile.is_unchecked:
            why = f"{UNCHECKED}: whoever stands between reads the password.\n{why}"

        def given(secret: Secret | None) -> None:
            if secret is not None:
                self._fleet.renew(node, secret)

        screen = PasswordScreen(
            watch.profile.username, watch.profile.url, why, palette(self._theme_file)
        )
        self.push_screen(screen, given)

    # Certificates

    def _meet_once(self, node: str) -> None:
        """Show the certificate by itself, once, of a node that nobody has trusted yet."""
        watch = self._fleet.watch(node)
        trouble, first = watch.reading.trouble, watch.reading.answered_at is None
        untrusted = trouble is not None and trouble.kind is TroubleKind.UNTRUSTED
        pinned = isinstance(watch.profile.trust, PinnedTrust)
        if untrusted and first and not pinned and watch.profile not in self._met:
            self._met.add(watch.profile)
            self._show_certificate(node)

    def action_trust(self) -> None:
        """Show the certificate of the node that is picked, to compare it and pin it."""
        self._show_certificate(self.deck.here)

    def _show_certificate(self, node: str) -> None:
        from tui.ui.screens.trust import TrustScreen  # noqa: PLC0415 - see above

        profile = self._configuration.node(node)
        if profile is None or not profile.url.startswith("https://"):
            self._say("This node has no certificate to show." if node else "")
            return
        screen = TrustScreen(self._configuration, profile, palette(self._theme_file))
        self.push_screen(screen, self._trusted)

    def _trusted(self, configuration: Configuration | None) -> None:
        if configuration is not None:
            self._configuration = configuration
            self._fleet.adopt(configuration.nodes)
            self.deck.refresh_all()

    # Profiles

    def action_add_node(self) -> None:
        """Open the form for a new profile."""
        self._open_form(None)

    def action_edit_node(self) -> None:
        """Open the form for the profile of the node under the picker's cursor, else the shown."""
        node = str(getattr(self.screen, "picked", self.deck.here))
        profile = self._configuration.node(node)
        if profile is not None:
            self._open_form(profile)
        elif node:
            self._say("This node has no profile in the configuration, so there is none to edit.")

    def _open_form(self, profile: NodeProfile | None) -> None:
        from tui.ui.screens.node_form import NodeForm  # noqa: PLC0415 - see above

        form = NodeForm(self._configuration, profile, palette(self._theme_file))
        self.push_screen(form, self._saved)

    def _saved(self, saved: "Saved | None") -> None:
        if saved is None:
            return
        configuration = saved.configuration
        before = {one.name for one in self._configuration.nodes}
        self._configuration = configuration
        self._fleet.adopt(configuration.nodes)
        if saved.typed is not None:
            self._fleet.renew(saved.name, saved.typed)
        fresh = [one.name for one in configuration.nodes if one.name not in before]
        if fresh:
            self.deck.go_to(fresh[0])
        self.deck.refresh_all()

    # The whole cluster

    def action_matrix(self) -> None:
        """Show every service on every node."""
        from tui.ui.screens.matrix import MatrixScreen  # noqa: PLC0415 - see above

        if self.screen is not self.deck:
            return
        here = (self.deck.here, self.deck.table.cursor_key or "")
        colors = palette(self._theme_file)
        screen = MatrixScreen(self._fleet, self._desk, self.deck.views, colors, self._keys, here)
        self.push_screen(screen, self._go)

    def action_all_problems(self) -> None:
        """List all that is wrong on all nodes."""
        from tui.ui.screens.problems import ProblemsScreen  # noqa: PLC0415 - see above

        if not isinstance(self.screen, ProblemsScreen):
            screen = ProblemsScreen(self._fleet, palette(self._theme_file), self._keys)
            self.push_screen(screen, self._go)

    def action_timeline(self) -> None:
        """Show what happened on all nodes."""
        from tui.ui.screens.events import EventsScreen  # noqa: PLC0415 - see above

        if not isinstance(self.screen, EventsScreen):
            screen = EventsScreen(self._fleet, palette(self._theme_file), self._keys)
            self.push_screen(screen, self._go)

    def _go(self, where: tuple[str, str] | None) -> None:
        """Go to a node and a service on the deck, whatever lies over it."""
        if where is not None:
            while self.screen is not self.deck:
                self.pop_screen()
            self.deck.go_to_service(*where)

    # Discovery

    def action_discover(self) -> None:
        """Find the other nodes of the cluster of the node that is picked."""
        from tui.fleet.asking import discover_from, teller_for  # noqa: PLC0415 - see above
        from tui.ui.screens.discover import DiscoverScreen  # noqa: PLC0415 - see above

        name = teller_for(self._fleet, str(getattr(self.screen, "picked", self.deck.here)))
        profile = self._configuration.node(name)
        trouble = self._fleet.watch(name).login.trouble if name in self._fleet else ""
        if profile is None or trouble:
            self._say(trouble or ("This node has no profile in the configuration." if name else ""))
            return
        configuration = self._configuration
        asking = partial(discover_from, self._fleet, configuration, profile)
        screen = DiscoverScreen(configuration, profile, asking, palette(self._theme_file))
        self.push_screen(screen, self._discovered)

    def _discovered(self, added: "Added | None") -> None:
        if added is not None:
            self._trusted(added.configuration)
            self.notify(added.said, markup=False)

    # The rest

    def action_command_palette(self) -> None:
        """Open the palette, but not over a question that waits for its answer."""
        if self.screen.is_modal:
            self.bell()
        else:
            super().action_command_palette()

    def action_help(self) -> None:
        """Show every key."""
        from tui.ui.screens.help import HelpScreen  # noqa: PLC0415 - see above

        colors = palette(self._theme_file)
        self.push_screen(HelpScreen(self.deck.live_keys(), (*LiveTable.MOVES, *ACROSS), colors))

    def action_paint(self, name: str) -> None:
        """Wear another theme, for this session."""
        if name in self._themes:
            self._theme_file = self._themes[name]
            self._wear(self._theme_file)
            for screen in self.screen_stack:
                if isinstance(screen, Painted):
                    screen.repalette(palette(self._theme_file))

    def _wear(self, theme: ThemeFile) -> None:
        self.theme = theme.name

    def action_unlock(self) -> None:
        """Allow orders on required services in this session, each with typed name and reason."""
        if self._fleet.read_only:
            self._say(self._fleet.read_only)
            return
        self._fleet.unlocked = True
        self.deck.refresh_all()

    def action_lock(self) -> None:
        """Refuse orders on required services again."""
        self._fleet.unlocked = False
        self.deck.refresh_all()

    def action_repaint(self) -> None:
        """Paint the whole screen again."""
        self.refresh(layout=True)

    def action_leave(self) -> None:
        """Go back to the table, else leave; if something is still open, say what first."""
        if self.deck.step_back():
            return
        still = self._still_open()
        # A rollout goes on with order after order: it is asked about once.
        mine = {key for key in still if key[0] != "order" or not self._fleet.rollouts.gave(key[1])}
        if mine - self._warned:
            self._warned |= mine
            told = "; ".join(still.values())
            self._say(f"Still open: {told}. q again leaves, and its outcome stays unknown.")
            return
        self.exit()

    def _still_open(self) -> dict[tuple[str, int], str]:
        """Say which orders and rollouts are open, by what they are and their numbers."""
        still = {("order", one.order.number): _told(one) for one in self._fleet.orders.open}
        for one in self._fleet.rollouts.open:
            number = one.plan.number
            still["rollout", number] = f"rollout {number}, {one.plan.title}"
        return still


def _leaves(event: events.Event) -> bool:
    """Say whether an event is the key that leaves from anywhere, and nothing else."""
    return isinstance(event, events.Key) and event.key == "ctrl+q"


def _told(one: Progress) -> str:
    return f"{one.order.verb.value} {', '.join(one.order.names)} on {one.order.target.node}"


def crash_report(error: BaseException | None) -> str:
    """Say what went wrong by types and lines, never by values."""
    lines = ["rsdeck has a bug and had to stop. Please report these lines:"]
    for one in _flat(error):
        lines.append(f"{type(one).__module__}.{type(one).__qualname__}")
        lines += [
            f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(one.__traceback__)
        ]
    return "\n".join(lines)


def _flat(error: BaseException | None) -> list[BaseException]:
    """List an exception and those within it: a group's, and its causes."""
    if error is None:
        return []
    within = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
    return [error, *(deeper for one in (*within, error.__cause__) for deeper in _flat(one))]


def open_deck(app: DeckApp, *, mouse: bool) -> int:
    """Run the deck until it is left; gives the exit code."""
    return app.run_to_the_end(mouse=mouse)
