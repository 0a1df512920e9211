"""The application: theme, keymap, screens, and the controllers of orders, rollouts and profiles.

The screens over the deck are imported when they are first opened, so that the deck paints sooner.
"""

import gc
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from textual import events, on
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.filter import LineFilter
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.widgets import Input

from tui.config import Configuration, NodeProfile, Signs
from tui.fleet.events.notifications import NotifyCommand
from tui.fleet.fleet import Fleet
from tui.journal.unfinished import UnfinishedRollout
from tui.model.clock import monotonic
from tui.model.event import Event
from tui.model.order import OrderProgress, Verb
from tui.model.rollout import RolloutProgress
from tui.storage.paths import state_dir
from tui.ui.command_palette import DeckCommands
from tui.ui.controllers.notifications import NotificationController
from tui.ui.controllers.orders import OrderController
from tui.ui.controllers.profiles import AddedProfiles, Discover, ProfileController
from tui.ui.controllers.rollouts import Rollable, RolloutController, RolloutTargets
from tui.ui.format.copy_text import selected_text
from tui.ui.format.key_bar import KEY_META
from tui.ui.format.node_view import NodeNews
from tui.ui.format.status_lines import Palette
from tui.ui.keymap import View, key_text, unavailable_text
from tui.ui.screens.deck import DeckScreen
from tui.ui.screens.live_screen import FilteredScreen, LiveScreen, ServicesScreen
from tui.ui.table.live_table import LiveTable
from tui.ui.table.navigation import COLUMN_BINDINGS
from tui.ui.terminal.ascii_signs import AsciiFilter, wants_ascii
from tui.ui.terminal.input_guard import ArmingTimes, InputGuard
from tui.ui.terminal.mouse_faults import MouseSafeApp
from tui.ui.terminal.skeleton import Skeleton
from tui.ui.themes import ThemeFile, to_textual

_View = TypeVar("_View", bound=Screen[Any])

if TYPE_CHECKING:
    import asyncio

    from tui.fleet.early_polling import EarlyPolling
    from tui.fleet.snapshot.storage import SavedFiles
    from tui.ui.controllers.export import ExportController
    from tui.ui.dialogs.leave import OpenWork, QuitKey


_DEFAULT_THEME = "dark"
_STANDS = 2.0
"""Seconds after which the deck stands, and what a first table does not need can be loaded."""

_GC_THRESHOLDS = (20_000, 20, 50)
"""Thresholds of the garbage collector: rare, since nearly all of an answer is freed without it."""

_FIRST_PAINT_WITHIN = 0.5
"""Seconds within which the deck is painted, whether there is a first table or not."""

_KEYS_WAIT = 2.0
"""Seconds after which what was typed during the start waits no longer for a first table."""

_QUIT_HINT_FOR = 3.0
"""Seconds for which it is shown that the key that quits must be pressed again."""

_GATHER_FOR = 0.2
"""Seconds for which news of nodes are gathered, outside the table in front."""


class _WholeCells(ScrollBarRender):
    """A scroll bar of whole cells: its ends need no sign that a terminal may not have."""

    VERTICAL_BARS = HORIZONTAL_BARS = [" "]


ScrollBar.renderer = _WholeCells


class DeckApp(MouseSafeApp):
    """The deck over one fleet. `keys` is a checked keymap, `themes` are by name.

    `polling` is that of the fleet where it began before the window. `more_themes` loads all themes,
    with warnings: once the deck stands, or when one is looked for.
    """

    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-roomy")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (30, "-tall"), (36, "-high")]
    TITLE = "rsdeck"
    COMMANDS = {DeckCommands}
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    def __init__(
        self,
        configuration: Configuration,
        fleet: Fleet,
        *,
        themes: Mapping[str, ThemeFile],
        more_themes: Callable[[], tuple[Mapping[str, ThemeFile], Sequence[str]]] | None = None,
        keys: Mapping[str, str],
        node: str | None = None,
        files: "SavedFiles | None" = None,
        polling: "EarlyPolling | None" = None,
        arming_times: ArmingTimes | None = None,
    ) -> None:
        super().__init__(arming_times=arming_times)
        self._fleet = fleet
        self._themes = dict(themes)
        self._more_themes = more_themes
        self._keys = dict(keys)
        self._is_gathering = self._is_gathering_orders = False
        self._news = NodeNews()
        wanted = configuration.settings.theme
        self._theme_file = self._themes.get(wanted) or self._themes[_DEFAULT_THEME]
        for theme in self._themes.values():
            self.register_theme(to_textual(theme))
        self.theme = self._theme_file.name
        self._css_variables = self.get_css_variables()
        self.stylesheet.set_variables(self._css_variables)
        self._notifier = NotificationController(
            configuration.notify, os.environ, self.to_terminal, self.set_timer
        )
        self._notify_command = NotifyCommand(configuration.notify, os.environ, self._warn)
        self._orders = OrderController(
            self, fleet, warn=self._warn, palette=self._colors, keys=lambda: self.live_keys
        )
        self._rollouts = RolloutController(
            self,
            fleet,
            warn=self._warn,
            palette=self._colors,
            open_rollout=self._open_rollout,
            keys=lambda: self.live_keys,
        )
        self._files = files
        if files is not None and files.fleeting:
            self._exit_guard.fleeting = files.state
        self._copied = ""
        self._first_paint = ExitStack()
        signs = configuration.settings.signs
        is_ascii = signs is Signs.ASCII or (signs is Signs.AUTO and wants_ascii(os.environ))
        self._sign_filters = [AsciiFilter()] if is_ascii else []
        self.deck = DeckScreen(fleet, self._orders, self._theme_file.styles, self._keys)
        self._profiles = ProfileController(
            self,
            self.deck,
            fleet,
            configuration,
            warn=self._warn,
            palette=self._colors,
            discovery_screen=_discovery_screen,
        )
        if node is not None:
            self.deck.here = node
        self._polling = polling
        if polling is None:
            fleet.listener = self

    @property
    def live_keys(self) -> Mapping[str, str]:
        """Binding id → the keys it has now, as Textual spells them."""
        return self.deck.live_keys

    @property
    def theme_files(self) -> list[ThemeFile]:
        """The themes that can be chosen."""
        self._load_more_themes()
        return list(self._themes.values())

    def _load_more_themes(self) -> None:
        load, self._more_themes = self._more_themes, None
        if load is None:
            return
        themes, warnings = load()
        for theme in themes.values():
            if theme.name not in self._themes:
                self.register_theme(to_textual(theme))
        self._themes = dict(themes) | self._themes
        for warning in warnings:
            self._warn(warning)

    def get_default_screen(self) -> Screen[Any]:
        """Return the deck, styled for its size at once: there is no screen below it."""
        for cells, breakpoints in (
            (self.size.width, self.HORIZONTAL_BREAKPOINTS),
            (self.size.height, self.VERTICAL_BREAKPOINTS),
        ):
            _, name = max((least, name) for least, name in breakpoints if least <= cells)
            self.deck.add_class(name, update=False)
        return self.deck

    def refresh_css(self, animate: bool = True) -> None:
        """Parse the styles again, unless they are still those of the theme that the app began with.

        Textual does so once at every start, and would do all its work twice.
        """
        variables = self.get_css_variables()
        if variables != self._css_variables:
            self._css_variables = variables
            super().refresh_css(animate=animate)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return the filters of every painted line, that of the signs last."""
        return [*super().get_line_filters(), *self._sign_filters]

    def on_mount(self) -> None:
        """Paint, then start polling; with no profile yet, open the form."""
        self.set_keymap(self._keys)
        self._profiles.ask_at_start()
        self.deck.on_second = self._profiles.second_passed
        self.set_timer(_STANDS, self._load_more_themes)
        if self.holds_keys:
            self.set_timer(_KEYS_WAIT, self.release_keys)
            if self._fleet.nodes and self.screen is self.deck:
                # The first frame stands there: what would be painted before a table is no news.
                self._first_paint.enter_context(self.batch_update())
                self.set_timer(_FIRST_PAINT_WITHIN, self._paint_first)
        self.deck.call_after_refresh(self._start)

    def _start(self) -> None:
        gc.freeze()  # else the first collection would go through all that was imported
        gc.set_threshold(*_GC_THRESHOLDS)
        gc.enable()
        polling = self._fleet.run() if self._polling is None else self._polling.hand_over(self)
        self.run_worker(polling, group="fleet", name="fleet")
        if not self._fleet.nodes:
            self.action_add_node()
            self.call_later(self.release_keys)

    def _paint_first(self) -> None:
        """Paint from now on."""
        self._first_paint.close()
        self.screen.refresh(repaint=False, layout=True)  # a layout paints all by itself

    def is_own_key(self, key: str) -> bool:
        """Whether the configuration names a key, as Textual spells it."""
        return any(key in keys.split(",") for keys in self._keys.values())

    def on_click(self, event: events.Click) -> None:
        """Do what the key does that the clicked text names, by the rules of a click."""
        key = event.style.meta.get(KEY_META)
        if key:
            self.press(key)

    def _press_later(self, key: str | None) -> None:
        """Do what a key does once the screen that it was clicked on is closed."""
        if key:
            self.call_later(self.press, key)

    def press(self, key: str) -> None:
        """Do what a key does on the screen in front; the filter does not take it as text."""
        event, screen = events.Key(key, None), self.screen
        if isinstance(screen, FilteredScreen) and isinstance(screen.focused, Input):
            screen.set_focus(screen.table)
        # Let through already, as the click that it comes of.
        event._set_forwarded()  # noqa: SLF001 - Textual has no other way to mark it
        screen.post_message(event)

    # News of the fleet

    def node_changed(self, node: str) -> None:
        """Show a node's new reading: at once if it is in front, else with those of other nodes.

        Hundreds of nodes answer hundreds of times a second, faster than a person reads. Where
        only clocks went on, the next tick shows it.
        """
        if self._is_shown and self._news.is_new(self._fleet.watch(node)):
            self.deck.node_changed(node)
            self._gather()
            if self.holds_keys and node == self.deck.here and self.deck.has_news:
                self._paint_first()
                self.deck.call_after_refresh(self.release_keys)

    def _gather(self) -> None:
        if not self._is_gathering:
            self._is_gathering = True
            self.set_timer(_GATHER_FOR, self._show_changes)

    @property
    def _is_shown(self) -> bool:
        """Whether the deck is there: not at the very end."""
        return self.is_running and self.deck.is_mounted and bool(self.screen_stack)

    @property
    def _live_screens(self) -> list[LiveScreen[Any]]:
        return [
            screen
            for screen in self.screen_stack
            if isinstance(screen, LiveScreen) and screen.is_mounted
        ]

    def _show_changes(self) -> None:
        self._is_gathering = False
        for screen in self._live_screens:
            screen.nodes_changed()
        if self._is_shown and self.screen is self.deck:
            self._profiles.node_shown(self.deck.here)

    def event_happened(self, event: Event) -> None:
        """Show an event on the deck and on the screens of events, then notify of it."""
        self.deck.event_happened(event)
        self._gather()
        self.call_later(self._notify_of, event)

    def _notify_of(self, event: Event) -> None:
        self._notifier.event_happened(event)
        self._notify_command.event_happened(event, self._fleet.cluster_of(event.node))

    def order_moved(self, _: OrderProgress) -> None:
        """Show an order's step, after the order has gone on: it waits for no screen."""
        if not self._is_gathering_orders:
            self._is_gathering_orders = True
            self.call_later(self._show_orders)

    def _show_orders(self) -> None:
        self._is_gathering_orders = False
        if self._is_shown:
            for screen in self._live_screens:
                screen.orders_moved()

    def rollout_moved(self, progress: RolloutProgress) -> None:
        """Show a rollout's progress."""
        if self._is_shown:
            self._show_orders()
            self._rollouts.moved(progress)

    def rollouts_unfinished(self, rollouts: tuple[UnfinishedRollout, ...]) -> None:
        """Show how far the rollouts of earlier sessions had come."""
        self._rollouts.take_unfinished(rollouts)
        self._show_orders()

    def _warn(self, text: str) -> None:
        if text:
            self.notify(text, severity="warning", markup=False)

    def show_current(self) -> None:
        """Show everything as it is now."""
        for screen in self._live_screens:
            if not screen.is_covered:
                screen.refresh_all()

    # Rollouts

    def action_rollout(self, names: Sequence[str] = (), nodes: Sequence[str] = ()) -> None:
        """Ask for a rollout; nothing begins before it is confirmed.

        Of `names` on `nodes`, else of what the screen in front has under its cursor or marked.
        """
        if names:
            self._rollouts.ask(RolloutTargets(tuple(names), tuple(nodes)))
        elif isinstance(self.screen, Rollable):
            screen = self.screen
            self._rollouts.ask(screen.rollout_targets(), screen.rollout_begun)
        else:
            self.bell()

    def action_rollouts(self) -> None:
        """Show the open rollout, or the last one."""
        self._rollouts.show()

    @on(ServicesScreen.CutOffCleared)
    def _clear_cut_off(self) -> None:
        self.run_worker(self._rollouts.clear_unfinished())

    def _open_rollout(self, number: int) -> None:
        from tui.ui.screens.rollout import RolloutScreen

        if (screen := self._comes_back_to(RolloutScreen)) is not None:
            screen.show_rollout(number)
        else:
            self.push_screen(RolloutScreen(self._fleet, number, self._colors()))

    # Export

    @cached_property
    def _export(self) -> "ExportController":
        """The controller of snapshots and copies, imported when it is first needed."""
        from tui.fleet.snapshot.storage import SavedFiles
        from tui.ui.controllers.export import ExportController

        return ExportController(self, self._fleet, self._files or SavedFiles(state_dir()))

    def action_snapshot(self, form: str) -> None:
        """Write all that is known into a file, as text or as JSON."""
        self._export.snapshot(json=form == "json")

    @on(DeckScreen.Copied)
    def _copy(self, event: DeckScreen.Copied) -> None:
        self.copy(event.text, event.what)

    def copy(self, text: str, what: str) -> None:
        """Copy a clean text; `what` names it."""
        self._copied = text
        self._export.copy(text, what)

    @property
    def clipboard(self) -> str:
        """What was copied last, for pasting into a field."""
        return self._copied

    def copy_to_clipboard(self, text: str) -> None:
        """Copy a selection, cleaned; never a password.

        Textual calls this for its own copy and cut keys, also in a field that hides its text.
        """
        field = self.focused
        if isinstance(field, Input) and field.password:
            self._warn("A password is not copied.")
        elif text:
            self.copy(selected_text(text), "what was selected")

    # Profiles

    @on(DeckScreen.NodeShown)
    def _node_shown(self, event: DeckScreen.NodeShown) -> None:
        self._profiles.node_shown(event.node)

    def action_login(self) -> None:
        """Ask for the password of the login of the node that is picked."""
        self._profiles.log_in()

    def action_trust(self) -> None:
        """Show the certificate of the node that is picked, to compare it and pin it."""
        self._profiles.show_certificate()

    def action_add_node(self) -> None:
        """Open the form for a new profile."""
        self._profiles.add()

    def action_edit_node(self) -> None:
        """Open the form for the profile of the node that is picked."""
        self._profiles.edit()

    def action_reread(self) -> None:
        """Read the configuration again, and ask before its profiles are adopted."""
        self._profiles.reread()

    def action_discover(self) -> None:
        """Find the other nodes of the cluster of the node that is picked."""
        self._profiles.discover()

    # The whole cluster

    def action_matrix(self) -> None:
        """Show every service on every node."""
        from tui.ui.screens.matrix import MatrixScreen

        if self._comes_back_to(MatrixScreen) is None:
            here = (self.deck.here, self.deck.table.cursor_key or "")
            colors, views = self._theme_file.styles, self.deck.views
            screen = MatrixScreen(self._fleet, self._orders, views, colors, self._keys, here)
            self.push_screen(screen, self._go)

    def action_all_problems(self) -> None:
        """Show the problems of all nodes."""
        from tui.ui.screens.problems import ProblemsScreen

        if self._comes_back_to(ProblemsScreen) is None:
            colors, order = self._theme_file.styles, self._order_on_deck
            screen = ProblemsScreen(self._fleet, self._orders, colors, self._keys, order=order)
            self.push_screen(screen, self._go)

    def _order_on_deck(self, verb: Verb, node: str, service: str) -> None:
        """Ask for an action on a service over the deck, which shows how it goes on."""
        self._show_deck()
        self.deck.order_service(verb, node, service)

    def action_why(self) -> None:
        """Show why the service or the node under the cursor is as it is."""
        from tui.ui.screens.why import Explainable, WhyScreen

        subject = self.screen.why_subject() if isinstance(self.screen, Explainable) else None
        if subject is None or subject[0] not in self._fleet:
            self._warn("No service and no node is under the cursor.")
        else:
            colors, keys, order = self._colors(), self.live_keys, self._order_on_deck
            screen = WhyScreen(self._fleet, self._orders, subject, colors, keys, order=order)
            self.push_screen(screen)

    def action_timeline(self) -> None:
        """Show the events of all nodes."""
        from tui.ui.screens.events import EventsScreen

        if self._comes_back_to(EventsScreen) is None:
            screen = EventsScreen(self._fleet, self._theme_file.styles, self._keys)
            self.push_screen(screen, self._go)

    def _go(self, where: tuple[str, str] | None) -> None:
        """Go to a node and a service on the deck, closing the screens over it."""
        if where is not None:
            self._show_deck()
            self.deck.go_to_service(*where)

    def action_nodes(self) -> None:
        """Pick a node: at the deck's side where that is shown, else over the view in front."""
        from tui.ui.screens.nodes import NodesScreen

        if self.deck.has_side:
            self._show_deck()
            self.deck.focus_side()
        elif self._comes_back_to(NodesScreen) is None:
            self.push_screen(self.deck.node_picker(), self._node_picked)

    def _node_picked(self, node: str | None) -> None:
        if node:
            self._show_deck()
            self.deck.go_to(node)

    def action_show_node(self, number: int) -> None:
        """Go to a node by its number on the deck."""
        self._show_deck()
        self.deck.action_jump(number)

    def _comes_back_to(self, kind: type[_View]) -> _View | None:
        """Go back to a view that is open below the one in front; None where it is not open.

        Each view is open once, and returns to the one that it was opened from.
        """
        from tui.ui.screens.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        found = next((screen for screen in self.screen_stack if isinstance(screen, kind)), None)
        if found is not None:
            close_screens_over(self, found)
        return found

    def _show_deck(self) -> None:
        """Close the screens over the deck."""
        close_screens_over(self, self.deck)

    def action_unavailable(self, key_id: str, view: str) -> None:
        """Show where a key works that does nothing in the view in front."""
        self._warn(unavailable_text(key_id, key_text(self.live_keys[key_id]), View[view]))

    # The rest

    def action_command_palette(self) -> None:
        """Open the palette, but not over a dialog."""
        if self.screen.is_modal:
            self.bell()
        else:
            super().action_command_palette()

    def action_help(self) -> None:
        """Show every key."""
        from tui.ui.screens.help import HelpScreen

        colors = self._theme_file.styles
        self.push_screen(
            HelpScreen(self.deck.live_keys, (*LiveTable.MOVES, *COLUMN_BINDINGS), colors),
            self._press_later,
        )

    def action_help_quit(self) -> None:
        """Show what quits, where ctrl+c was pressed and nothing was marked to be copied."""
        keys = [
            key
            for key, active in self.active_bindings.items()
            if active.binding.action.endswith("quit")
        ]
        quits = f"{key_text(keys[0])} quits rsdeck. " if keys else ""
        self.notify(f"{quits}ctrl+c copies text that is marked with the mouse.", markup=False)

    def action_paint(self, name: str) -> None:
        """Switch the theme, for this session."""
        if name in self._themes:
            self._theme_file = self._themes[name]
            self.theme = self._theme_file.name
            for screen in self.screen_stack:
                if isinstance(screen, LiveScreen):
                    screen.repalette(self._theme_file.styles)

    def _colors(self) -> Palette:
        return self._theme_file.styles

    def action_unlock(self) -> None:
        """Allow orders on required services in this session, once it is confirmed."""
        from tui.ui.dialogs.unlock import UnlockDialog

        if self._fleet.read_only:
            self._warn(self._fleet.read_only)
        elif not self._fleet.unlocked:
            palette_key = key_text(self.live_keys["palette"])
            self.push_screen(UnlockDialog(self._colors(), palette_key), self._unlock_confirmed)

    def _unlock_confirmed(self, is_confirmed: bool | None) -> None:
        if is_confirmed:
            self._fleet.unlocked = True
            self.show_current()

    def action_lock(self) -> None:
        """Refuse orders on required services again."""
        self._fleet.unlocked = False
        self.show_current()

    def action_repaint(self) -> None:
        """Paint the whole screen again."""
        self.repaint()

    @cached_property
    def _quit_key(self) -> "QuitKey":
        from tui.ui.dialogs.leave import QuitKey

        return QuitKey(self.arming_times.closed)

    def pop_screen(self) -> AwaitComplete:
        """Close the screen in front.

        Right after a dialog, the key that goes back quits only when it is pressed twice.
        """
        if isinstance(self.screen, InputGuard):
            self._quit_key.closed(monotonic())
        return super().pop_screen()

    def action_leave(self) -> None:
        """Close the view in front, else the detail pane, else leave as `action_quit` does.

        Right after it closed something, it leaves only when it is pressed once more.
        """
        if self.screen is not self.deck:
            self.screen.dismiss(None)
            self._quit_key.closed(monotonic())
        elif self.deck.step_back():
            self._quit_key.closed(monotonic())
        elif self._is_work_open() or self._quit_key.quits(monotonic()):
            self._leave()
        else:
            key = key_text(self.live_keys["quit"])
            self.notify(f"{key} again quits.", timeout=_QUIT_HINT_FOR, markup=False)

    async def action_quit(self) -> None:
        """Leave; where an action or a rollout is open, confirm it first."""
        self._leave()

    def _leave(self) -> None:
        from tui.ui.dialogs.leave import LeaveDialog

        if isinstance(self.screen, LeaveDialog):
            self.screen.press_again()
        elif self._is_work_open():
            self.push_screen(LeaveDialog(self._open_work, self._colors()), self._leave_confirmed)
        else:
            self.exit()

    def _leave_confirmed(self, is_confirmed: bool | None) -> None:
        if is_confirmed:
            self.exit()

    def _open_work(self) -> "OpenWork":
        from tui.ui.dialogs.leave import OpenWork

        gave = self._fleet.rollouts.gave
        orders = tuple(one for one in self._fleet.orders.open if not gave(one.order.number))
        is_fleeting = self._files is not None and self._files.fleeting
        return OpenWork(orders, self._fleet.rollouts.open, is_kept=not is_fleeting)

    def _is_work_open(self) -> bool:
        """Whether an order or a rollout is open."""
        return bool(self._fleet.orders.open or self._fleet.rollouts.open)

    def leave_report(self) -> Sequence[str]:
        """Return lines on the orders and rollouts that are open; none where none is."""
        if not self._is_work_open():
            return ()
        from tui.ui.dialogs.leave import left_lines

        return left_lines(replace(self._open_work(), orders=self._fleet.orders.open))


def _discovery_screen(
    configuration: Configuration, profile: NodeProfile, discover: Discover, palette: Palette
) -> Screen[AddedProfiles | None]:
    from tui.ui.screens.discover import DiscoverScreen

    return DiscoverScreen(configuration, profile, discover, palette)


def close_screens_over(app: App[Any], below: Screen[Any]) -> None:
    """Close the screens over one; fewer where a handler of one that is closed calls this."""
    for _ in range(len(app.screen_stack)):
        if app.screen is below:
            break
        app.pop_screen()


def open_deck(
    app: DeckApp, *, mouse: bool, skeleton: Skeleton, runner: "asyncio.Runner | None" = None
) -> int:
    """Run the deck until it is left; return the exit code."""
    return app.run_to_the_end(mouse=mouse, skeleton=skeleton, runner=runner)
