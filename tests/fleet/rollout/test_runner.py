"""A node gets its order once, whatever its answer was."""

import asyncio
import math
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faultserver import Peer, answer
from tests.fleet.conftest import (
    HEALTH,
    LIST,
    OPTIONAL,
    Play,
    Running,
    Sleep,
    posts,
    profile,
    profiles,
    running,
    running_since,
    said,
)
from tests.fleet.rollouts import (
    NODE_CHECK,
    NODE_WELL,
    QUICK,
    SERVICE,
    begun,
    planned,
    played,
    progress,
    reaches,
)
from tui.fleet.protocols import NullJournal
from tui.fleet.rollout.health_gate import GateFinding, GateResult
from tui.fleet.rollout.runner import RolloutRunner, _is_late_uptime, _is_later, _Ordered
from tui.journal.journal_file import JournalError
from tui.model.clock import monotonic, shown_time
from tui.model.event import Sender
from tui.model.order import Order, Result, SeenService, Tier, Verdict
from tui.model.rollout import (
    Plan,
    RolloutAction,
    RolloutProgress,
    RolloutState,
    Step,
    StepResult,
    StepState,
    StepStop,
    StopReason,
)
from tui.model.service import Kind, KnownRun, Service
from tui.sim.server import SimulatedCluster


def answers_false(play: Play, *, works: bool) -> None:
    """Answer the next order with false, after the work where it `works`."""

    def act(peer: Peer) -> None:
        if works:
            play.restart()
        peer.answer('{"alert_mgr": false}')

    play.post(act)


async def paused(deck: Running, plan: Plan) -> RolloutProgress:
    now = await reaches(deck, plan, RolloutState.PAUSED)
    assert now.stop is not None
    assert now.stop.reason is StopReason.NOT_VERIFIED
    return now


async def resumed(deck: Running, plan: Plan) -> None:
    deck.fleet.rollouts.resume(plan.number)
    await deck.until(lambda: progress(deck, plan).state is not RolloutState.PAUSED)
    await reaches(deck, plan, RolloutState.DONE)


async def test_a_restart_that_the_node_says_failed_pauses_and_is_not_ordered_again() -> None:
    """P7, case 45."""
    with played() as (server, play):
        answers_false(play, works=True)
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await begun(deck, SERVICE)
            now = await paused(deck, plan)
            shown = [
                (one.steps[0].state, bool(one.steps[0].verdicts)) for one in deck.notes.rollouts
            ]
            assert (StepState.ORDERED, False) in shown  # before there is a verdict
            assert "although the node reported failure" in now.text
            assert [one.result for one in now.steps[0].verdicts] == [Result.VERIFIED]
            await resumed(deck, plan)
            assert len(server.posts) == 1
            assert progress(deck, plan).stop is None


async def test_a_restart_whose_end_could_not_be_seen_is_unknown_and_not_failed() -> None:
    journal = Steps()
    with played() as (server, play):

        def act(peer: Peer) -> None:
            play.get(LIST, answer("no", 503))
            peer.send(said({SERVICE: True}))

        play.post(act)
        patience = replace(QUICK, limit=0.3, unseen=0.1)
        async with running(profile(server.url), patience=patience, journal=journal) as deck:
            plan = await begun(deck, SERVICE)
            now = await paused(deck, plan)
            assert [one.result for one in now.steps[0].verdicts] == [Result.UNKNOWN]
            assert now.steps[0].state is StepState.UNKNOWN
            assert journal.results == [StepResult.UNKNOWN]


async def test_an_order_whose_answer_was_false_counts_as_sent() -> None:
    """P7, case 45: a restart that shows late was caused by this rollout."""
    with played() as (server, play):
        answers_false(play, works=False)
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await begun(deck, SERVICE)
            now = await paused(deck, plan)
            assert [one.result for one in now.steps[0].verdicts] == [Result.FAILED]
            play.restart()
            await deck.until(lambda: start(deck) != running_since(0)["start_time"])
            await resumed(deck, plan)
            assert len(server.posts) == 1
            ended = progress(deck, plan)
            assert ended.began_at is not None
            assert ended.ended_at is not None
            assert 0 < ended.paused_for < ended.ended_at - ended.began_at


@pytest.mark.real_time
async def test_what_is_not_ordered_again_has_to_hold_before_the_gate() -> None:
    with played() as (server, play):
        answers_false(play, works=True)
        patience = replace(QUICK, steady=0.5)
        async with running(profile(server.url), patience=patience) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)
            deck.fleet.rollouts.resume(plan.number)
            await deck.until(lambda: "has to stay stable" in progress(deck, plan).steps[0].text)
            again = progress(deck, plan)
            assert (again.text, again.stop, again.gate) == ("", None, None)
            assert again.steps[0].ended_at is None
            play.services[SERVICE] = running_since(90)
            now = await reaches(deck, plan, RolloutState.PAUSED)
            assert now.stop is not None
            assert now.stop.reason is StopReason.RESTARTED_ELSEWHERE
            assert "was restarted, and not by this rollout" in now.text
            assert len(server.posts) == 1


def start(deck: Running) -> Any:
    service = deck.watch().reading.find(SERVICE)
    assert service is not None
    assert service.started_at is not None
    return service.started_at.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("uptime", "is_new"), [(12, True), (3000, False), (3600, False), (4000, False)]
)
def test_a_run_that_is_shorter_than_before_and_than_the_time_since_the_order_is_another(
    uptime: int, is_new: bool
) -> None:
    """A node's clock that is set back makes an uptime shorter too, and is no restart."""
    seen = SeenService(SERVICE, "RUNNING", Kind.OPTIONAL, None, 3600)
    before = _Ordered(seen, monotonic() - 60)
    assert _is_later(before, Service(SERVICE, "RUNNING", None, uptime)) is is_new
    assert not _is_later(before, Service(SERVICE, "STARTING", None, uptime))


def test_a_start_time_that_moved_back_is_no_later_run() -> None:
    seen = SeenService(SERVICE, "RUNNING", Kind.OPTIONAL, datetime(2026, 1, 2, tzinfo=UTC))
    before = _Ordered(seen, monotonic() - 60)
    assert not _is_later(before, Service(SERVICE, "RUNNING", None))
    unknown = _Ordered(replace(seen, started_at=None), monotonic() - 60)
    assert not _is_later(unknown, Service(SERVICE, "RUNNING", seen.started_at))
    for day, is_new in ((1, False), (2, False), (3, True)):
        now = Service(SERVICE, "RUNNING", datetime(2026, 1, day, tzinfo=UTC))
        assert _is_later(before, now) is is_new


def test_a_start_time_that_moved_with_the_clock_of_its_node_is_no_later_run() -> None:
    """Or a restart that was refused would count as made, and the next resume send none."""
    began = datetime(2026, 1, 2, tzinfo=UTC)
    before = _Ordered(SeenService(SERVICE, "RUNNING", Kind.OPTIONAL, began, 3600), monotonic() - 60)
    for uptime, is_new in ((3660, False), (30, True)):
        now = Service(SERVICE, "RUNNING", began + timedelta(seconds=1), uptime)
        assert _is_later(before, now) is is_new


@pytest.mark.parametrize(
    ("before", "now", "is_late"),
    [
        (3600, 3602, True),
        (3600, 3600, True),
        (3600, 2, False),
        (None, 2, False),
        (3600, None, False),
    ],
)
def test_a_restarted_service_may_still_show_the_uptime_of_the_run_before(
    before: int | None, now: int | None, is_late: bool
) -> None:
    seen = SeenService(SERVICE, "RUNNING", Kind.OPTIONAL, None, before)
    assert _is_late_uptime(seen, Service(SERVICE, "RUNNING", None, now)) is is_late


class AtTheVerdict(NullJournal):
    """Does something as soon as an action has its verdict."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def judged(self, order: Order, verdict: Verdict) -> None:
        self._act()


OLD_START, NEW_START = (running_since(second)["start_time"] for second in (0, 60))
LATE = {
    "uptime": ({"start_time": NEW_START, "uptime": "1 day, 0:00:01"}, "0:00:01"),
    "start time": ({"start_time": OLD_START, "uptime": "0:00:00"}, "0:00:01"),
}


@pytest.mark.parametrize(
    ("late", "is_late_until_the_verdict"),
    # The verdict itself waits for an uptime of the new run.
    [("uptime", False), ("start time", True), ("start time", False)],
)
async def test_what_a_node_reports_one_reading_late_is_no_second_restart(
    late: str, is_late_until_the_verdict: bool
) -> None:
    """Of a restart, the start time or the uptime alone shows at first, and then the other."""
    first, uptime = LATE[late]

    def catch_up() -> None:
        play.services[SERVICE] = {
            "status": "RUNNING",
            "start_time": NEW_START,
            "uptime": uptime,
        }

    def restart(peer: Peer) -> None:
        play.services[SERVICE] = {"status": "RUNNING", **first}
        if not is_late_until_the_verdict:
            play.get(LIST, once_late)
        peer.answer('{"alert_mgr": true}')

    def once_late(peer: Peer) -> None:
        services = said(play.services)
        catch_up()
        play.heal(LIST)
        peer.send(services)

    with played() as (server, play):
        play.post(restart)
        journal = AtTheVerdict(catch_up)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            plan = await begun(deck, SERVICE)
            now = await reaches(deck, plan, RolloutState.DONE)
            assert [one.result for one in now.steps[0].verdicts] == [Result.VERIFIED]
            assert len(server.posts) == 1


async def test_maintenance_that_only_the_health_call_reports_closes_the_gate() -> None:
    """The older calls name a node in maintenance where the cluster took a snapshot for it."""
    with played() as (server, play):
        node = {"id": "1", "role": "leader", "status": "active", "in_maintenance": True}
        play.get(HEALTH, said({"nodes": [node | {"services": []}]}))
        async with running(profile(server.url), patience=QUICK) as deck:
            await deck.until(lambda: deck.watch().facts.maintenance is not None)
            plan = await begun(deck, SERVICE)
            now = await reaches(deck, plan, RolloutState.PAUSED)
            assert now.text == "node1: it is in maintenance"
            assert not server.posts


@pytest.mark.parametrize("is_well", [True, False])
async def test_an_abort_while_the_gate_is_checked_sends_nothing(is_well: bool) -> None:
    checked, may_answer = threading.Event(), threading.Event()

    def check(peer: Peer) -> None:
        checked.set()
        may_answer.wait(10)
        peer.send(NODE_WELL if is_well else said({"node_uid": 1, "result": False}))

    journal = Steps()
    with played(node=check) as (server, _):
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            plan = await begun(deck, SERVICE)
            await asyncio.to_thread(checked.wait, 10)
            deck.fleet.rollouts.abort(plan.number)
            assert progress(deck, plan).text.startswith("stopping: no action is sent")
            assert progress(deck, plan).is_stopping
            may_answer.set()
            now = await reaches(deck, plan, RolloutState.ABORTED)
            why = now.steps[0].text
            assert not now.is_stopping
            by, _, before = now.text.partition("; before that: ")
            assert before == ("" if is_well else f"node1: {why}")
            assert by.startswith("stopped by ops at ")
            assert by.endswith(f" {shown_time(datetime.now(UTC)).tzname()}")
            assert (now.steps[0].state, now.steps[0].began_at is None) == (
                StepState.WAITING if is_well else StepState.BLOCKED,
                is_well,
            )
            assert now.began_at is not None
            assert journal.texts == ([] if is_well else [why])
            assert not server.posts


async def test_of_two_choices_in_a_row_the_first_counts_and_while_it_runs_only_an_abort() -> None:
    with played() as (server, play):
        answers_false(play, works=True)
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await begun(deck, SERVICE)
            await deck.until(lambda: server.posts)
            deck.fleet.rollouts.resume(plan.number)  # not paused: no choice to make
            await paused(deck, plan)
            deck.fleet.rollouts.resume(plan.number)
            deck.fleet.rollouts.resume(plan.number)
            await deck.until(lambda: progress(deck, plan).state is not RolloutState.PAUSED)
            await reaches(deck, plan, RolloutState.DONE)
            assert len(server.posts) == 1


async def test_a_proxy_whose_endpoints_did_not_come_back_pauses(served: SimulatedCluster) -> None:
    """P29: it is verified, and yet its clients are not served."""
    patience = replace(QUICK, endpoints=0.3)
    async with running(*profiles(served), patience=patience) as deck:
        deck.fleet.unlocked = True
        plan = replace(await planned(deck, "dmcproxy"), reason="a test")
        await deck.fleet.read_context(plan.steps[0].node)
        for database in range(1, 9):
            path = f"/v1/local/bdbs/{database}/endpoint/availability"
            served.cluster.fail_call(path, 503, b'{"error_code": "bdb_endpoint_unavailable"}')
        deck.fleet.rollouts.begin(plan)
        now = await reaches(deck, plan, RolloutState.PAUSED)
        assert now.stop is not None
        assert now.stop.reason is StopReason.NOT_VERIFIED, now.text
        assert "endpoints back" in now.text
        assert len(posts(served)) == 1


async def test_a_rehearsal_names_the_node_whose_gate_is_closed_and_sends_nothing() -> None:
    with played() as (server, play):
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await planned(deck, SERVICE)
            assert await deck.fleet.rollouts.rehearse(plan) is None
            play.services["ccs"] = {"status": "STOPPED"}
            await deck.readings(1)
            stop = await deck.fleet.rollouts.rehearse(plan)
            assert stop is not None
            assert (stop.node, stop.stop.reason) == ("node1", StopReason.GATE_CLOSED)
            assert "ccs" in stop.stop.text
            assert stop.waits == 0.0
            play.services["ccs"] = {"status": "STARTING"}
            await deck.readings(1)
            stop = await deck.fleet.rollouts.rehearse(plan)
            assert stop is not None
            assert stop.waits == deck.fleet.rollout_rules.gate_wait > 0
            assert not server.posts


class Endings(NullJournal):
    """Keeps how rollouts ended, and whether they were paused."""

    def __init__(self) -> None:
        self.endings: list[tuple[bool, str]] = []
        self.pauses: list[bool] = []

    def rollout_paused(self, plan: Plan, *, is_paused: bool) -> None:
        self.pauses.append(is_paused)

    def rollout_ended(self, plan: Plan, *, is_done: bool, text: str) -> None:
        self.endings.append((is_done, text))


async def test_an_abort_is_recorded_as_one_and_after_the_end_it_changes_nothing() -> None:
    journal = Endings()
    with played() as (server, play):
        answers_false(play, works=True)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)
            assert journal.pauses == [True]
            deck.fleet.rollouts.abort(plan.number)
            await deck.until(lambda: progress(deck, plan).state is RolloutState.ABORTED)
            assert journal.pauses == [True, False]
            ended = progress(deck, plan)
            deck.fleet.rollouts.abort(plan.number)
            assert progress(deck, plan) == ended
            done = await begun(deck, SERVICE)
            await reaches(deck, done, RolloutState.PAUSED)
            deck.fleet.rollouts.resume(done.number)
            await deck.until(lambda: progress(deck, done).state is not RolloutState.PAUSED)
            await reaches(deck, done, RolloutState.DONE)
            await deck.until(lambda: len(journal.endings) == 2)
            assert [is_done for is_done, _ in journal.endings] == [False, True]


class Full(NullJournal):
    """A disk that takes no record of an action."""

    async def intend(self, order: Order, tier: Tier, username: str) -> None:
        raise JournalError("the disk is full")


async def test_an_action_that_was_not_sent_blocks_its_node_and_is_no_failure() -> None:
    with played() as (server, _):
        async with running(profile(server.url), patience=QUICK, journal=Full()) as deck:
            plan = await begun(deck, SERVICE)
            now = await reaches(deck, plan, RolloutState.PAUSED)
            assert now.stop is not None
            assert now.stop.reason is StopReason.NOT_SENT
            assert now.steps[0].state is StepState.BLOCKED
            assert now.steps[0].reason is StopReason.NOT_SENT
            assert not server.posts


async def test_a_gate_that_waits_shows_for_what_until_it_opens_and_the_turn_began_before() -> None:
    with played() as (server, play):
        play.services["second"], journal = running_since(0), Steps()
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            plan = await planned(deck, SERVICE)
            play.services["ccs"] = {"status": "STARTING"}
            await deck.readings(1)
            deck.fleet.rollouts.begin(plan)
            await deck.until(lambda: "ccs" in waits_for(deck, plan))
            changed_at = monotonic()
            play.services |= {"ccs": running_since(0), "second": {"status": "STARTING"}}
            await deck.until(lambda: "second" in waits_for(deck, plan))
            waiting = progress(deck, plan).steps[0]
            assert waiting.wait is not None
            assert waiting.began_at is not None
            assert waiting.began_at <= waiting.wait.since < changed_at
            play.post(restarts(play))
            play.services["second"] = running_since(0)
            (done,) = (await reaches(deck, plan, RolloutState.DONE)).steps
            assert done.wait is None
            assert done.began_at == waiting.began_at
            assert journal.results == [StepResult.VERIFIED]
            assert "stable for" in journal.texts[0]


def waits_for(deck: Running, plan: Plan) -> str:
    wait = progress(deck, plan).steps[0].wait
    return "" if wait is None else wait.text


def restarts(play: Play) -> Callable[[Peer], None]:
    def act(peer: Peer) -> None:
        play.restart()
        peer.answer('{"alert_mgr": true}')

    return act


class Steps(NullJournal):
    """Keeps what came of each node's turn."""

    sender = Sender("ops")

    def __init__(self) -> None:
        self.results: list[StepResult] = []
        self.texts: list[str] = []

    def stepped(
        self, plan: Plan, step: Step, result: StepResult, text: str, orders: tuple[int, ...]
    ) -> None:
        self.results.append(result)
        self.texts.append(text)


async def test_a_deck_that_is_left_while_a_rollout_is_paused_records_nothing_more() -> None:
    journal = Steps()
    with played() as (server, play):
        answers_false(play, works=True)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)
        assert journal.results == [StepResult.FAILED]


@pytest.mark.parametrize(
    ("check", "state"),
    [
        pytest.param(said({"node_uid": 1, "result": False}), StepState.RESTARTED, id="paused"),
        pytest.param(Peer.hang, StepState.SETTLING, id="the deck ended"),
    ],
)
async def test_a_verified_restart_is_recorded_as_that_whatever_stops_the_rollout_after_it(
    check: Any, state: StepState
) -> None:
    journal = Steps()
    with played() as (server, play):

        def act(peer: Peer) -> None:
            play.get(NODE_CHECK, check)
            play.restart()
            peer.answer('{"alert_mgr": true}')

        play.post(act)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            plan = await begun(deck, SERVICE)
            await deck.until(lambda: progress(deck, plan).steps[0].state is state)
        assert journal.results == [StepResult.RESTARTED]


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_a_node_that_was_sent_a_restart_is_not_called_blocked_where_it_slept_before_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Blocked means that nothing was sent."""
    sleep, journal = Sleep(monkeypatch), Steps()
    with played() as (server, play):
        answers_false(play, works=False)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)

            def doze(now: RolloutProgress) -> None:
                if now.state is RolloutState.RUNNING and not sleep.asleep:
                    sleep.asleep = 7210

            monkeypatch.setattr(deck.notes, "rollout_moved", doze)
            deck.fleet.rollouts.resume(plan.number)
            await deck.until(lambda: len(journal.results) == 2)
            now = progress(deck, plan)
            assert now.steps[0].reason is StopReason.SLEPT, now.text
            assert now.steps[0].state is StepState.FAILED
            assert journal.results == [StepResult.FAILED, StepResult.FAILED]
            assert len(server.posts) == 1


async def test_a_paused_rollout_is_resumed_though_a_node_comes_back_at_that_moment() -> None:
    """Python 3.11 loses a cancellation in `asyncio.wait_for` that comes with what it waits for."""
    with played() as (server, play):
        answers_false(play, works=False)
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)
            await deck.until(lambda: progress(deck, plan).gate is not None)
            await asyncio.sleep(0)  # by now it waits for the next check
            deck.fleet.rollouts._runners[plan.number].recheck_soon()
            before = len(deck.notes.rollouts)
            deck.fleet.rollouts.resume(plan.number)
            await deck.until(
                lambda: any(
                    now.state is RolloutState.RUNNING for now in deck.notes.rollouts[before:]
                ),
                10,
            )


async def test_the_gate_of_a_paused_rollout_is_checked_once_a_service_of_its_cluster_changes() -> (
    None
):
    """P24."""
    with played() as (server, play):
        answers_false(play, works=True)
        async with running(profile(server.url), patience=replace(QUICK, recheck=3600)) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)
            await deck.until(lambda: gate_text(deck, plan) == "")
            play.services["ccs"] = {"status": "STOPPED"}
            await deck.until(lambda: gate_text(deck, plan) == "ccs is STOPPED")
            play.services["ccs"] = running_since(0)
            await deck.until(lambda: gate_text(deck, plan) == "")


async def test_a_service_that_flaps_does_not_have_the_gate_checked_with_every_poll() -> None:
    """P24."""
    with played() as (server, play):
        answers_false(play, works=True)
        patience = replace(QUICK, recheck=3600, apart=3600)
        async with running(profile(server.url), patience=patience) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)
            await deck.until(lambda: gate_text(deck, plan) == "")
            checks = sum(NODE_CHECK in one.path for one in server.asked)
            for status in ("STOPPED", "RUNNING"):
                play.services["ccs"] = running_since(0) | {"status": status}
                await deck.readings(2)
            assert sum(NODE_CHECK in one.path for one in server.asked) == checks


def gate_text(deck: Running, plan: Plan) -> str | None:
    """Return what closes the gate of a paused rollout, empty where it is open."""
    gate = progress(deck, plan).gate
    return gate.text if gate is not None and gate.is_known else None


async def test_a_check_of_the_gate_is_no_younger_than_the_answer_that_it_rests_on() -> None:
    with played() as (server, play):
        answers_false(play, works=True)
        patience = replace(QUICK, recheck=0.05)
        async with running(profile(server.url), patience=patience) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)
            node = deck.watch("node1")
            node.set_paused(True)

            def is_as_old() -> bool:
                gate = progress(deck, plan).gate
                return gate is not None and gate.checked_at == node.reading.answered_at

            await deck.until(is_as_old)


async def test_a_node_that_is_skipped_is_recorded_as_skipped() -> None:
    journal = Steps()
    with played() as (server, play):
        answers_false(play, works=True)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)
            deck.fleet.rollouts.skip(plan.number)
            await deck.until(lambda: progress(deck, plan).state is RolloutState.DONE)
            assert journal.results == [StepResult.FAILED, StepResult.SKIPPED]
            assert progress(deck, plan).steps[0].reason is StopReason.NOT_VERIFIED


async def test_an_abort_does_not_wait_for_a_gate_that_may_open_by_itself() -> None:
    with played() as (server, play):
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await planned(deck, SERVICE)
            play.services["ccs"] = {"status": "STARTING"}
            await deck.readings(1)
            deck.fleet.rollouts.begin(plan)
            await deck.until(lambda: "ccs" in waits_for(deck, plan))
            deck.fleet.rollouts.abort(plan.number)
            await deck.until(lambda: progress(deck, plan).state is RolloutState.ABORTED, 30)
            assert deck.fleet.rollout_rules.gate_wait > 30
            assert not server.posts


async def test_the_last_known_primary_is_kept_and_must_not_come_before_others_wait(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served), patience=QUICK) as deck:
        plan = await planned(deck, SERVICE)
        runner = RolloutRunner(plan, deck.fleet, QUICK, lambda _: None)
        first, *_, last = plan.steps
        assert last.identity.uid == 1
        unasked = GateResult(GateFinding.UNASKED, "no fresh answer")
        for state in (StepState.CHECKING, StepState.SETTLING):
            stop = runner._passed(first, state, unasked)
            assert stop is not None
            assert stop.reason is StopReason.GATE_NOT_ANSWERED
            assert runner._primary == 1
        moved = GateResult(GateFinding.WELL, primary=first.identity.uid)
        stop = runner._passed(first, StepState.CHECKING, moved)
        assert stop is not None
        assert stop.reason is StopReason.PRIMARY_TOO_EARLY
        answered = [node.reading.answered_at for node in deck.fleet.nodes]
        assert [runner._of(step).step for step in plan.steps] == list(plan.steps)
        assert runner._polled_at(first) == min(answered) < max(answered)
        # It was restarted already: that another node handed its role over to it stops nothing.
        assert runner._passed(first, StepState.SETTLING, moved) is None


async def test_a_restart_after_an_action_that_was_refused_is_not_taken_for_this_rollouts() -> None:
    with played() as (server, play):
        play.post(answer('{"description": "no"}', 400))
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await begun(deck, SERVICE)
            now = await paused(deck, plan)
            assert [one.result for one in now.steps[0].verdicts] == [Result.REFUSED]
            play.restart()
            await deck.until(lambda: start(deck) != running_since(0)["start_time"])
            deck.fleet.rollouts.resume(plan.number)
            foreign = "was restarted, and not by this rollout"
            await deck.until(lambda: foreign in progress(deck, plan).text)
            assert progress(deck, plan).state is RolloutState.PAUSED
            assert len(server.posts) == 1


async def test_a_restart_that_was_seen_at_a_pause_is_accepted_by_one_resume() -> None:
    with played() as (server, play):
        play.post(answer('{"description": "no"}', 400))
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await begun(deck, SERVICE)
            await paused(deck, plan)
            play.restart()
            await deck.until(lambda: (gate := progress(deck, plan).gate) and gate.restarted)
            now = progress(deck, plan)
            assert now.gate is not None
            assert list(now.gate.restarted) == [("node1", SERVICE)]
            assert now.accepts_restart
            before = len(deck.notes.rollouts)
            deck.fleet.rollouts.resume(plan.number, now.gate)

            def new_stops() -> list[StopReason]:
                moved = deck.notes.rollouts[before:]
                stops = [one.stop for one in moved if one.stop not in (None, now.stop)]
                return [stop.reason for stop in stops if stop is not None]

            # On a busy machine its gate may close again, by answers that are too old.
            await deck.until(lambda: len(server.posts) == 2 or new_stops())
            assert StopReason.RESTARTED_ELSEWHERE not in new_stops()


async def test_a_node_that_is_skipped_may_be_restarted_by_anybody() -> None:
    """What runs there is this rollout's no more: no later gate takes its restart for a surprise."""
    with played() as (server, _):
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await planned(deck, SERVICE)
            runner = RolloutRunner(plan, deck.fleet, QUICK, lambda _: None)
            (step,) = plan.steps
            assert list(runner._starts) == [("node1", SERVICE)]
            stop = StepStop(StopReason.NOT_SENT, "no; nothing was sent")
            going = asyncio.create_task(runner._goes_on(step, stop))
            await deck.until(lambda: runner._action is not None)
            runner.choose(RolloutAction.SKIP)
            assert await going
            assert not runner._starts


async def test_a_rollout_goes_on_where_the_clock_of_its_node_was_set() -> None:
    with played() as (server, play):
        play.services[SERVICE] = running_since(0)

        def act(peer: Peer) -> None:
            play.restart()
            peer.send(said({SERVICE: True}))

        play.post(act)
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await planned(deck, SERVICE)
            play.services[SERVICE] = running_since(1)
            await deck.until(lambda: start(deck) == running_since(1)["start_time"])
            deck.fleet.rollouts.begin(plan)

            def has_ended() -> bool:
                now = progress(deck, plan)
                if now.stop is not None and now.stop.reason is StopReason.GATE_NOT_ANSWERED:
                    deck.fleet.rollouts.resume(plan.number)  # as on a busy machine
                    return False
                return now.state is not RolloutState.RUNNING

            await deck.until(has_ended)
            now = progress(deck, plan)
            assert now.state is RolloutState.DONE, now.text
            assert now.steps[0].verdicts[0].result is Result.VERIFIED
            assert len(server.posts) == 1


async def test_a_start_time_that_moved_with_the_clock_of_its_node_keeps_no_action_back() -> None:
    with played() as (server, _):
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await planned(deck, SERVICE)
            runner = RolloutRunner(plan, deck.fleet, QUICK, lambda _: None)
            (step,) = plan.steps
            reading = deck.watch().reading
            shown = reading.find(SERVICE)
            assert shown is not None
            assert shown.started_at is not None
            assert shown.uptime is not None
            before, at = shown.started_at - timedelta(seconds=1), reading.answered_at
            assert at is not None
            for uptime, bound in ((shown.uptime, shown.started_at), (None, before)):
                runner._starts = {("node1", SERVICE): KnownRun(before, uptime, at)}
                (left,) = runner._left(step)
                assert left.started_at == bound


async def test_what_is_gone_is_not_ordered_and_a_known_run_is_compared_with() -> None:
    with played() as (server, play):
        play.services["second"] = running_since(0)
        enabled = {"operating_mode": "enabled"}
        play.get(OPTIONAL, said({SERVICE: enabled, "second": enabled}))
        async with running(profile(server.url), patience=QUICK) as deck:
            plan = await planned(deck, SERVICE, "second")
            runner = RolloutRunner(plan, deck.fleet, QUICK, lambda _: None)
            (step,) = plan.steps
            earlier = datetime(2025, 1, 1, tzinfo=UTC)
            runner._starts = {("node1", SERVICE): KnownRun(earlier, None, 0.0)}
            play.services["second"] = {"status": "STARTING"}
            await deck.readings(1)
            runner._note(step)  # since when it runs is not known yet
            assert list(runner._starts) == [("node1", SERVICE)]
            del play.services["second"]
            await deck.readings(1)
            runner._note(step)  # nothing is known of what is gone
            (left,) = runner._left(step)
            assert (left.name, left.started_at) == (SERVICE, earlier)
            stop = await runner._act(step)
            assert stop is not None
            assert stop.reason is StopReason.NOT_SENT
            assert "second" in stop.text
            deck.fleet.adopt(())
            assert (runner._polled_at(step), runner._refusal(step)) == (math.inf, "")
            stop = await runner._act(step)
            assert stop == StepStop(StopReason.NOT_SENT, "its profile is gone; nothing was sent")
            assert not server.posts
