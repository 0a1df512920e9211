"""The screens of the pictures: how each is opened, and in which state its cluster is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from stage import FAILED, STOPPED, make_trouble, until
from textual.pilot import Pilot

from tui.fleet.fleet import Fleet
from tui.model.event import EventKind
from tui.model.rollout import Plan, RolloutProgress, RolloutState, StepState
from tui.sim.cluster import Cluster
from tui.ui.app import DeckApp

_LOST, _REFUSES = 7, 4
"""The node that is switched off, and the one that refuses its restart in the rollout."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A running deck and the cluster below it."""

    app: DeckApp
    fleet: Fleet
    pilot: Pilot[None]
    cluster: Cluster
    path: Path
    """The configuration file."""

    @property
    def text(self) -> str:
        """What the screen in front shows, as text."""
        strips = self.app.screen._compositor.render_strips()  # noqa: SLF001 - there is no other way
        return "\n".join(strip.text for strip in strips)

    async def press(self, *keys: str) -> None:
        """Type keys, each after what the last one led to."""
        for key in keys:
            self.app.simulate_key(key)
            await self.pilot.pause(0.2)

    async def shown(self, name: str, condition: Callable[[], bool]) -> None:
        """Wait until what a picture is to show has come about."""
        await until(self.pilot, condition, name)

    async def on(self, service: str) -> None:
        """Put the deck's cursor on a service."""
        self.app.deck.table.move_to(service)
        await self.pilot.pause(0.1)

    async def armed(self) -> None:
        """Wait until the dialog in front accepts input."""
        await self.shown("the dialog listens", lambda: getattr(self.app.screen, "is_armed", True))

    async def deck(self) -> None:
        """Go back to the deck from whatever is in front."""
        for _ in range(6):
            if self.app.screen is self.app.deck:
                break
            await self.press("escape")
        while self.app.screen is not self.app.deck:
            self.app.pop_screen()
        deck = self.app.deck
        deck.action_back()
        while deck.step_back():
            pass
        deck.table.clear_marks()
        deck.go_to("node1")
        deck.table.focus()


@dataclass(frozen=True, slots=True)
class Scene:
    """A screen by the name of its pictures, and how it is opened from the deck."""

    name: str
    open: Callable[[Stage], Awaitable[None]]


def _by(*keys: str, on: str = FAILED) -> Callable[[Stage], Awaitable[None]]:
    """Return what opens a screen by keys, with the deck's cursor on a service."""

    async def opened(stage: Stage) -> None:
        await stage.on(on)
        await stage.press(*keys)
        await stage.armed()

    return opened


async def _rollout_progress(stage: Stage) -> None:
    plan = stage.fleet.rollouts.plan([FAILED], [node.name for node in stage.fleet.nodes])
    if not isinstance(plan, Plan):
        raise TimeoutError(f"there is no plan of a rollout: {plan}")
    stage.cluster.refuse_next(_REFUSES, FAILED)
    stage.fleet.rollouts.begin(plan)
    await stage.press("o")

    def moved() -> bool:
        done = [step for step in _rollout(stage).steps if step.state is StepState.DONE]
        return len(done) >= 1

    await stage.shown("the first node is verified", moved)


async def _rollout_paused(stage: Stage) -> None:
    if not stage.fleet.rollouts.progress:  # drawn without the scene before
        await _rollout_progress(stage)
    await stage.press("o")
    await stage.shown("it pauses", lambda: _rollout(stage).state is RolloutState.PAUSED)
    await stage.armed()


def _rollout(stage: Stage) -> RolloutProgress:
    return max(stage.fleet.rollouts.progress.values(), key=lambda shown: shown.plan.number)


async def bring_trouble(stage: Stage) -> None:
    """Bring every kind of row about, after the rollout is over."""
    for number in stage.fleet.rollouts.progress:
        stage.fleet.rollouts.abort(number)
    cluster = stage.cluster
    await make_trouble(stage.pilot, stage.fleet, cluster)
    cluster.set_status(1, "pdns_server", "STARTING")
    cluster.remove_service(5, "mdns_server")
    cluster.restart(1, "cm_server")
    cluster.power_off(_LOST)
    lost = stage.fleet.watch(f"node{_LOST}")
    await stage.shown("a node is lost", lambda: lost.reading.trouble is not None)
    stage.fleet.refresh()
    await stage.pilot.pause(1.0)


async def _unlocked(stage: Stage) -> None:
    await stage.on("ccs")
    stage.app.action_unlock()


async def _required(stage: Stage) -> None:
    """Open the dialog for a required service of a session that unlocked them."""
    await stage.on("ccs")
    if not stage.fleet.unlocked:
        stage.app.action_unlock()
    await stage.press("r")
    await stage.armed()


async def _toast(stage: Stage) -> None:
    await stage.on("ccs")
    await stage.press("r")


async def _lost(stage: Stage) -> None:
    stage.app.deck.go_to(f"node{_LOST}")
    await stage.pilot.pause(1.2)


async def _why(stage: Stage) -> None:
    stage.app.deck.go_to("node2")
    await stage.on(FAILED)
    await stage.press("w")
    await stage.shown("the checks are read", lambda: "being read" not in stage.text)


async def _why_node(stage: Stage) -> None:
    await stage.deck()
    stage.app.deck.go_to(f"node{_LOST}")
    stage.app.deck.table.focus()
    await stage.press("P", "w")
    await stage.shown("the checks are read", lambda: "being read" not in stage.text)


CALM = (
    Scene("rollout-plan", _by("R")),
    Scene("rollout-progress", _rollout_progress),
    Scene("rollout-paused", _rollout_paused),
)
TROUBLED = (
    Scene("deck", _by(on=STOPPED)),
    Scene("detail", _by("d", on=STOPPED)),
    Scene("filter", _by("slash", *"zz", on=STOPPED)),
    Scene("marks", _by("space", "space", on="cm_server")),
    Scene("toast", _toast),
    Scene("unlocked", _unlocked),
    Scene("lost", _lost),
    Scene("confirm", _by("r", on="cm_server")),
    Scene("confirm-stop", _by("t", on="cm_server")),
    Scene("confirm-required", _required),
    Scene("why", _why),
    Scene("why-node", _why_node),
    Scene("matrix", _by("0")),
    Scene("matrix-signs", _by("0", "v")),
    Scene("events", _by("e")),
    Scene("problems", _by("P")),
    Scene("nodes", _by("n")),
    Scene("discover", _by("D")),
    Scene("help", _by("f1")),
    Scene("form", _by("a")),
    Scene("trust", _by("T")),
    Scene("password", _by("L")),
    Scene("palette", _by("ctrl+p")),
    Scene("raw", _by("y", on=STOPPED)),
)


# Troubles: each has a cluster of its own.


@dataclass(frozen=True, slots=True)
class Trouble:
    """A state that an operator meets in trouble: its cluster, its profiles, and what is opened.

    `more` are lines of every profile, `settings` those of [settings], `environ` is set while it
    runs. `read_only` is why no action may be given. Its nodes can be read where it `is_read`.
    `beside` is the version of a second cluster, empty where there is none.
    """

    name: str
    open: Callable[[Stage], Awaitable[None]]
    nodes: int = 3
    more: str = ""
    settings: str = ""
    read_only: str = ""
    user: str = "admin@demo.local"
    environ: Mapping[str, str] = field(default_factory=dict)
    is_read: bool = True
    beside: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """What is drawn from a real terminal: a command, by the words that its screen then shows.

    It has the configuration of a cluster whose nodes pin another certificate than they present.
    """

    name: str
    command: tuple[str, ...]
    words: tuple[str, ...]


async def _stopped_login(stage: Stage) -> None:
    stage.cluster.add_user("admin@demo.local", "another")
    stage.cluster.logins.revoke()
    await stage.shown(
        "the login is refused", lambda: stage.fleet.watch("node1").reading.trouble is not None
    )
    await stage.pilot.pause(1.2)


async def _stale(stage: Stage) -> None:
    await stage.on("ccs")
    await stage.press("p")
    await stage.shown("it is stale", lambda: "STALE" in stage.text)


async def _flapping(stage: Stage) -> None:
    stage.cluster.crash_loop(1, "mdns_server", every=3)
    await stage.shown(
        "it loops", lambda: any(e.kind is EventKind.LOOPING for e in stage.fleet.events)
    )
    await stage.on("mdns_server")


async def _flapping_problems(stage: Stage) -> None:
    await _flapping(stage)
    await stage.press("P")


async def _maintenance(stage: Stage) -> None:
    stage.cluster.maintain(1)
    stage.cluster.contents.raise_alert("node_memory", node=2)
    stage.fleet.refresh()
    stage.fleet.refresh_context("node1")
    await stage.shown("it is in maintenance", lambda: "MAINTENANCE" in stage.text)


async def _maintenance_confirm(stage: Stage) -> None:
    await _maintenance(stage)
    await stage.on("cm_server")
    await stage.press("r")
    await stage.armed()


async def _quorum(stage: Stage) -> None:
    for uid in (2, 3, 4):
        stage.cluster.power_off(uid)
    await stage.shown(
        "they are lost",
        lambda: all(stage.fleet.watch(f"node{n}").reading.trouble for n in (2, 3, 4)),
    )
    stage.fleet.refresh_context("node1")
    await stage.pilot.pause(2.5)


async def _quorum_confirm(stage: Stage) -> None:
    await _quorum(stage)
    await stage.on("cm_server")
    await stage.press("r")
    await stage.armed()


async def _thirty(stage: Stage) -> None:
    stage.cluster.power_off(28)
    stage.cluster.set_status(4, "redis_mgr", "FATAL")
    await stage.shown("it is lost", lambda: stage.fleet.watch("node28").reading.trouble is not None)
    await stage.pilot.pause(1.5)


async def _thirty_matrix(stage: Stage) -> None:
    await _thirty(stage)
    await stage.press("0")


async def _hostile(stage: Stage) -> None:
    names = (
        "\x1b[31mred",
        "[bold]markup[/bold]",
        "bidi\u202eabc",
        "line\nbreak",
        "日本語のサービス名",
        "a" * 200,
    )
    for name in (*names, *(f"service_with_a_long_name_{n:03}" for n in range(64))):
        stage.cluster.add_service(1, name)
    await stage.shown("they are listed", lambda: len(stage.app.deck.table.row_keys) > 90)
    await stage.pilot.pause(1.2)
    await stage.press("end")
    await stage.press("pageup")


async def _hostile_events(stage: Stage) -> None:
    await _hostile(stage)
    await stage.press("e")


async def _plain(stage: Stage) -> None:
    stage.cluster.stop(1, STOPPED)
    stage.cluster.set_status(1, "pdns_server", "STARTING")
    await stage.shown("it stopped", lambda: STOPPED in stage.app.deck.table.row_keys[:2])
    await stage.pilot.pause(1.2)


async def _refused(stage: Stage) -> None:
    """Press a key that is refused."""
    await _plain(stage)
    await stage.on("cm_server")
    await stage.press("r")


async def _plain_matrix(stage: Stage) -> None:
    await _plain(stage)
    await stage.press("0")


async def _production(stage: Stage) -> None:
    await stage.on("dmcproxy" if stage.fleet.unlocked else "cm_server")
    await stage.press("r")
    await stage.armed()


async def _typed_wrong(stage: Stage) -> None:
    await _production(stage)
    await stage.press("tab", *"cm_srv")


async def _nothing(stage: Stage) -> None:
    await stage.pilot.pause(1.2)


async def _pin_trust(stage: Stage) -> None:
    await stage.shown("the trust dialog", lambda: "ertificate" in stage.text)
    await stage.pilot.pause(1.0)


async def _pin_deck(stage: Stage) -> None:
    await _pin_trust(stage)
    await stage.press("escape")
    await stage.pilot.pause(1.2)


async def _rollout_action(stage: Stage) -> None:
    await _rollout_paused(stage)
    await stage.press("s")
    await stage.armed()


async def _reload(stage: Stage) -> None:
    """Change the file: a node less, one that is production, and another interval."""
    text = stage.path.read_text(encoding="utf-8")
    kept, _, _ = text.partition("[nodes.node3]")
    kept = kept.replace("refresh = 0.5", "refresh = 5")
    changed = kept.replace("[nodes.node2]\n", '[nodes.node2]\nenvironment = "production"\n')
    new = '[nodes.node4]\nurl = "https://redis4.example:9443"\nusername = "admin@demo.local"\n'
    stage.path.write_text(changed + new + 'cluster = "demo"\n', encoding="utf-8")
    await stage.press("ctrl+e")
    await stage.shown("the dialog of the changes", lambda: stage.app.screen is not stage.app.deck)
    await stage.armed()


async def _versions(stage: Stage) -> None:
    stage.app.deck.go_to("old1")
    await stage.pilot.pause(1.2)


async def _versions_matrix(stage: Stage) -> None:
    await stage.press("0")
    await stage.pilot.pause(1.2)


async def _lost_all(stage: Stage) -> None:
    for node in stage.cluster.nodes:
        stage.cluster.power_off(node.uid)
    await stage.shown(
        "all are lost", lambda: all(node.reading.trouble for node in stage.fleet.nodes)
    )
    await stage.pilot.pause(1.2)


async def _palette_word(stage: Stage) -> None:
    await stage.press("ctrl+p", *"theme")
    await stage.pilot.pause(0.5)


WRONG_PIN = "sha256:" + "ab" * 32
TROUBLES = (
    Trouble("t-login", _stopped_login, more='login = "basic"'),
    Trouble("t-pin", _pin_deck, is_read=False, more=f'fingerprint = "{WRONG_PIN}"'),
    Trouble("t-pin-trust", _pin_trust, is_read=False, more=f'fingerprint = "{WRONG_PIN}"'),
    Trouble("t-insecure", _nothing, more="insecure = true"),
    Trouble("t-stale", _stale),
    Trouble("t-lost-all", _lost_all),
    Trouble("t-flapping", _flapping),
    Trouble("t-flapping-problems", _flapping_problems),
    Trouble("t-maintenance", _maintenance),
    Trouble("t-maintenance-confirm", _maintenance_confirm),
    Trouble("t-quorum", _quorum, nodes=5),
    Trouble("t-quorum-confirm", _quorum_confirm, nodes=5),
    Trouble("t-30-nodes", _thirty, nodes=30),
    Trouble("t-30-nodes-matrix", _thirty_matrix, nodes=30),
    Trouble("t-hostile", _hostile),
    Trouble("t-hostile-events", _hostile_events),
    Trouble("t-read-only", _refused, read_only="rsdeck was started with --read-only"),
    Trouble("t-viewer", _refused, user="viewer@demo.local", more='role = "viewer"'),
    Trouble("t-production", _plain, more='environment = "production"'),
    Trouble("t-production-confirm", _production, more='environment = "production"'),
    Trouble("t-production-typed", _typed_wrong, more='environment = "production"'),
    Trouble("t-rollout-action", _rollout_action, nodes=5),
    Trouble("t-no-color", _plain, environ={"NO_COLOR": "1"}),
    Trouble("t-no-color-matrix", _plain_matrix, environ={"NO_COLOR": "1"}),
    Trouble("t-ascii", _plain, settings='signs = "ascii"'),
    Trouble("t-ascii-matrix", _plain_matrix, settings='signs = "ascii"'),
    Trouble("t-palette", _palette_word),
    Trouble("t-reload", _reload),
    Trouble("t-versions", _versions, beside="7.4.6-102"),
    Trouble("t-versions-matrix", _versions_matrix, beside="7.4.6-102"),
)
"""What an operator meets in trouble, by the name of its pictures."""

PROGRAMS = (
    Program("p-tour", ("demo", "--tour"), ("esc ends the tour", "alert_mgr")),
    Program("p-trust-cluster", ("trust", "--cluster", "demo"), ("first 8 digits",)),
)
"""What is seen in a terminal alone, by the name of its pictures."""
