"""The real app, driven by keys, against the real simulator over HTTPS."""

import asyncio
import contextlib
import functools
import time
import unicodedata
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import App
from textual.geometry import Size
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.message_pump import MessagePump
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

from tests.faultserver import LOGINS
from tests.ui.headless import paint_changes, paint_when_settled
from tests.ui.style_sheets import parse_style_sheets_once
from tui.config import Configuration, load
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.fleet.orders.verdict import Patience
from tui.fleet.protocols import History, Journal
from tui.fleet.snapshot.storage import SavedFiles
from tui.model.rollout import Plan
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster
from tui.storage.paths import theme_dirs
from tui.ui.app import DeckApp
from tui.ui.dialogs.armed import TypeAheadProofScreen
from tui.ui.dialogs.node_form import NodeForm
from tui.ui.dialogs.password import PasswordDialog
from tui.ui.terminal.input_guard import ArmingTimes
from tui.ui.themes import load_themes

PATIENCE = Patience(steady=0.2, limit=6.0, same=1.0)
NEVER_SURE = Patience(steady=600.0, limit=600.0)
"""For tests that need an order that is open for as long as they take."""

ARMS_AT_ONCE = ArmingTimes(painted=0.02, quiet=0.02, alone=0.02, closed=0.0)
"""For tests of what a dialog does, not of when it starts to listen."""

ARMS_AS_SHIPPED = ArmingTimes()
"""For tests of keys that come too early, too close together, or all at once."""

NEVER_ARMS = ArmingTimes(painted=600.0, quiet=600.0, alone=0.02)
"""For tests of keys that come too early, however slow the machine is."""

REPEATS = 90.0
"""Seconds for which tests try again what a busy machine answers too late; it bounds failures."""

DECIDING = frozenset({"enter", "y", "ctrl+s", "ctrl+t"})
"""Keys that decide something on a screen that wants them to come alone."""

ADMIN = "admin@demo.local", "demo-password"
VIEWER = "viewer@demo.local", "viewer-password"


@pytest.fixture
def served() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(3, pace=0.1)) as served:
        yield served


def write_configuration(
    served: SimulatedCluster,
    folder: Path,
    *,
    user: str = ADMIN[0],
    more: str = "",
    settings: str = "refresh = 0.5",
) -> Configuration:
    tables = [f"[settings]\n{settings}\n"]
    for uid, url in served.urls.items():
        trust = f'fingerprint = "{served.fingerprint}"\n' if served.fingerprint else ""
        tables.append(
            f'[nodes.node{uid}]\nurl = "{url}"\nusername = "{user}"\ncluster = "demo"\n'
            f"{trust}{more}"
        )
    path = folder / "config.toml"
    path.write_text("\n".join(tables), encoding="utf-8")
    path.chmod(0o600)
    return load(path, must_exist=True)


class Deck:
    """A running deck, with what a test asks of it."""

    def __init__(self, app: DeckApp, fleet: Fleet, pilot: Pilot[None]) -> None:
        self.app, self.fleet, self.pilot = app, fleet, pilot

    async def until(self, condition: Callable[[], Any], seconds: float = 30.0) -> None:
        """Wait until a condition holds; `seconds` only bounds how long a failure takes."""
        try:
            await wait_until(condition, seconds)
        except TimeoutError:
            raise AssertionError(f"it did not come about; the screen:\n{self.text}") from None

    async def press(self, *keys: str) -> None:
        """Type keys, each after what the one before it led to; letters into a field in one go."""
        for at, key in enumerate(keys):
            is_text = isinstance(self.app.focused, Input) and len(key) == 1
            decides = key in DECIDING and not is_text
            if decides and isinstance(self.app.screen, TypeAheadProofScreen):
                await self.alone()  # it decides only where it comes alone
            self.app.post_message(key_event(key))
            if not is_text or at + 1 == len(keys) or len(keys[at + 1]) != 1:
                await settle(self.app)
        paint_changes(self.app)

    async def open(self, key: str, window: type[Screen[Any]]) -> None:
        """Press a key that opens a window, as `press_until` does."""
        await self.press_until(key, lambda: isinstance(self.app.screen, window))

    async def refuses(self, key: str, *words: str) -> None:
        """Press a key whose action is refused for a reason, as `press_until` does."""
        await self.press_until(key, lambda: all(word in self.text for word in words))

    async def planned(self, service: str, *nodes: str) -> Plan:
        """Plan a restart over nodes, over all by default, once their answers are new enough.

        On a busy machine one is too old for it now and then.
        """
        chosen = nodes or tuple(node.name for node in self.fleet.nodes)
        plans: list[Plan] = []

        def is_planned() -> bool:
            plan = self.fleet.rollouts.plan((service,), chosen)
            plans.extend([plan] if isinstance(plan, Plan) else [])
            return bool(plans)

        await self.until(is_planned)
        return plans[0]

    async def press_until(self, key: str, condition: Callable[[], Any]) -> None:
        """Press a key until what it leads to is there.

        On a busy machine an answer is too old for an order now and then.
        """
        end = time.monotonic() + REPEATS
        while True:
            await self.press(key)
            with contextlib.suppress(AssertionError):
                await self.until(condition, 1.0)
                return
            assert time.monotonic() < end, f"it did not come about; the screen:\n{self.text}"

    async def settle(self) -> None:
        await settle(self.app)
        paint_changes(self.app)

    async def click(self, offset: tuple[int, int], times: int = 1) -> None:
        """Click where a mouse would, so often in one go, through the app's own door."""
        x, y = offset
        sent: list[type[events.MouseEvent]] = [events.MouseMove]
        sent += [events.MouseDown, events.MouseUp] * times
        for kind in sent:
            button = 0 if kind is events.MouseMove else 1
            self.app.post_message(
                kind(None, x, y, 0, 0, button, shift=False, meta=False, ctrl=False)
            )
        await self.settle()

    async def resize(self, width: int, height: int) -> None:
        size = Size(width, height)
        self.app._driver._size = size
        self.app.post_message(events.Resize(size, size))
        await self.until(lambda: self.app.size == size and self.app.screen._compositor.size == size)
        await self.settle()

    async def polls(self, more: int = 2) -> None:
        """Wait until every node has been polled anew `more` times."""
        for _ in range(more):
            asked = [node.reading.asked_at for node in self.fleet.nodes]
            self.fleet.refresh()
            await self.until(
                lambda asked=asked: all(
                    node.reading.asked_at != before
                    for node, before in zip(self.fleet.nodes, asked, strict=True)
                )
            )
        await self.settle()

    async def armed(self) -> None:
        await self.until(lambda: self.app.screen.query("#go.-armed"))

    async def confirm(self) -> None:
        """Say yes as a person does: a key by itself, and nothing after it until it was taken."""
        await self.armed()
        below = self.app.screen_stack[-2]
        end = time.monotonic() + REPEATS
        while self.app.screen is not below:
            # On a busy machine an answer may be too old for a moment, and the question says so.
            assert time.monotonic() < end, f"it was not confirmed; the screen:\n{self.text}"
            await self.alone()
            await self.press("y")
            with contextlib.suppress(AssertionError):
                await self.until(lambda: self.app.screen is below, 1.0)

    async def fill(self, words: str) -> None:
        """Type words into the field of a window; anew where the window did not hear them all."""
        end = time.monotonic() + REPEATS
        while True:
            await self.armed()
            await self.alone()
            field = self.app.focused
            if isinstance(field, Input) and field.value:
                await self.press("end", *["backspace"] * len(field.value))
            await self.press(*words)
            if isinstance(field, Input) and field.value == words:
                return
            assert time.monotonic() < end, f"it did not take the words; the screen:\n{self.text}"

    async def answer(self, *texts: str) -> None:
        """Type a text into each field of a window, and press enter until it is taken."""
        window = self.app.screen
        for text in texts:
            await self.fill(text)
            field = self.app.focused
            await self.press_until(
                "enter",
                lambda field=field: self.app.screen is not window or self.app.focused is not field,
            )

    async def alone(self) -> None:
        """Let so much time pass that a key before it has decided what it can decide.

        So much must pass before a key that decides, too: it has to come alone.
        """
        await asyncio.sleep(2 * self.app.arming_times.alone)
        await self.settle()

    def burst(self, *keys: str) -> None:
        """Type keys in one go, whatever the machine does meanwhile."""
        for key in keys:
            self.app.post_message(events.Key(key, key if len(key) == 1 else None))

    async def form(self) -> None:
        """Wait for the form of a profile, and until it hears."""
        await self.until(lambda: isinstance(self.app.screen, NodeForm) and self.app.screen.is_armed)

    async def asked(self) -> None:
        """Wait for the window that asks for a password, and until it hears."""
        await self.until(
            lambda: isinstance(self.app.screen, PasswordDialog) and self.app.screen.is_armed
        )

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text for strip in strips)

    async def shows(self, *words: str, seconds: float = 30.0) -> None:
        def are_all_there() -> bool:
            text = self.text
            return all(word in text for word in words)

        await self.until(are_all_there, seconds)

    @property
    def table(self) -> Any:
        return self.app.deck.table

    async def on(self, service: str) -> None:
        await self.until(lambda: service in self.table.row_keys)
        self.table.move_to(service)
        await self.settle()

    async def context_known(self) -> None:
        """Read what surrounds the first node: it is in the header."""
        await self.fleet.read_context(self.fleet.nodes[0].name)
        self.app.show_current()
        await self.settle()

    async def all_known(self) -> None:
        """Wait until every node has answered and its kind is known."""
        await self.until(
            lambda: all(
                one.reading.is_good and one.facts.optional is not None for one in self.fleet.nodes
            )
        )


async def wait_until(condition: Callable[[], Any], seconds: float = 30.0) -> None:
    """Wait until a condition holds. Raises TimeoutError; `seconds` only bounds a failure."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError
        await asyncio.sleep(0.05)


def key_event(key: str) -> events.Key:
    """Make the event that Textual's own pilot makes of a key's name."""
    if len(key) == 1 and not key.isalnum():
        key = _character_to_key(key)
    original = REPLACED_KEYS.get(key, key)
    try:
        character: str | None = unicodedata.lookup(_get_unicode_name_from_key(original))
    except KeyError:
        character = key if len(key) == 1 else None
    return events.Key(key, character)


async def settle(app: App[Any]) -> None:
    """Wait until no message waits in any queue, none is being handled, and all is laid out.

    Textual's own wait is for a process that computes nothing, which beside a busy simulator
    takes up to a second for each key.
    """
    calm = 0
    for _ in range(100):
        if not app.screen_stack or app._exception is not None:
            return
        screen = app.screen
        pumps: list[MessagePump] = [app, *screen.walk_children(with_self=True)]
        waiting = [one for one in pumps if not one._message_queue.empty()]
        hearing = screen.focused.ancestors_with_self if screen.focused else [screen, app]
        await passed({*waiting, *hearing})
        if not app.screen_stack or app.screen is not screen:
            calm = 0
            continue
        screen._on_timer_update()
        keys = getattr(app, "_key_queue", None)
        if keys is not None and (keys._is_busy or keys._waiting):
            calm = 0
            await asyncio.sleep(0.005)
            continue
        is_calm = not screen._callbacks and all(one._message_queue.empty() for one in pumps)
        calm = calm + 1 if is_calm else 0
        if calm == 3:
            return


async def passed(pumps: Collection[MessagePump]) -> None:
    """Wait until each has handled what was in its queue, or is no longer there to."""
    reached: list[asyncio.Future[None]] = []
    for pump in pumps:
        future = asyncio.get_running_loop().create_future()
        if pump.call_later(_done, future):
            reached.append(future)
    if reached:
        await asyncio.wait(reached, timeout=1.0)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


_themes_below = functools.cache(load_themes)
"""The themes are the same files for all tests: they are read once."""


@asynccontextmanager
async def open_deck(
    configuration: Configuration,
    *,
    password: str | None = ADMIN[1],
    read_only: str = "",
    size: tuple[int, int] = (120, 40),
    patience: Patience = PATIENCE,
    arming: ArmingTimes = ARMS_AT_ONCE,
    keys: dict[str, str] | None = None,
    state: Path | None = None,
    history: History | None = None,
    journal: Journal | None = None,
) -> AsyncIterator[Deck]:
    passwords = Passwords()
    if password is not None:
        for profile in configuration.nodes:
            passwords.keep(profile, Secret(password))
    fleet = Fleet(
        configuration,
        read_only=read_only,
        patience=patience,
        passwords=passwords,
        history=history,
        journal=journal,
    )
    themes, _ = _themes_below(theme_dirs())
    files = SavedFiles(state or configuration.path.parent / "state")
    app = DeckApp(
        configuration, fleet, themes=themes, keys=keys or {}, files=files, arming_times=arming
    )
    with parse_style_sheets_once(), paint_when_settled():
        async with app.run_test(size=size, notifications=True) as pilot:
            yield Deck(app, fleet, pilot)
            paint_changes(app)


def posts(served: SimulatedCluster) -> list[Any]:
    sent = (one for one in served.cluster.requests if one.method != "GET")
    return [one for one in sent if one.path not in LOGINS]


async def quiet(seconds: float) -> None:
    """Give something that must not happen the time to happen."""
    await asyncio.sleep(seconds)
