"""The journal of a session beside a disk that is slow, or a file that another process locks."""

import fcntl
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Timer

import pytest

from tests.fleet.plan_nodes import open_order, place, wish
from tests.fleet.witness import records
from tests.journal.slow_disk import locked
from tui.fleet.rollout.planner import make_plan
from tui.journal.chain import check_chain
from tui.journal.journal_file import JournalError, JournalFile
from tui.journal.order_journal import (
    REFUSAL_EVERY,
    NodeBusy,
    NodeLock,
    OrderJournal,
    RefusalLimit,
    RolloutLock,
)
from tui.journal.unfinished import find_unfinished_orders
from tui.model.node import Identity
from tui.model.order import Order, Tier, Verb
from tui.model.rollout import Plan, Step

ORDER = open_order()


def rollout_plan() -> Plan:
    plan = make_plan(wish(), [place(2), place(3)])
    assert isinstance(plan, Plan)
    return plan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rsdeck"


async def test_an_intent_that_comes_too_late_is_no_order_whose_end_is_unknown(
    folder: Path,
) -> None:
    journal = OrderJournal(folder, limit=0.1)
    assert await journal.begin() == ()
    with locked(folder):
        with pytest.raises(
            JournalError, match="the action could not be recorded: the disk did not"
        ):
            await journal.intend(ORDER, Tier.PLAIN, "admin")
        assert "did not answer" in journal.trouble
    journal.end()
    assert [one["kind"] for one in records(folder)] == [
        "session", "intent", "verdict", "session_end",
    ]  # fmt: skip
    assert records(folder, "verdict")[0]["result"] == "not sent"
    assert find_unfinished_orders(JournalFile(folder).lines()) == ()


async def test_an_intent_that_cannot_be_written_leaves_no_verdict_behind(folder: Path) -> None:
    journal = OrderJournal(folder)
    await journal.begin()
    (folder / "journal.jsonl").chmod(0o644)
    with pytest.raises(JournalError, match="mode 0644"):
        await journal.intend(ORDER, Tier.PLAIN, "admin")
    assert "mode 0644" in journal.trouble
    (folder / "journal.jsonl").chmod(0o600)
    await journal.intend(ORDER, Tier.PLAIN, "admin")
    journal.sent(ORDER)
    journal.end()
    assert journal.trouble == ""
    assert [one["kind"] for one in records(folder)] == [
        "session", "intent", "sent", "session_end",
    ]  # fmt: skip
    (left,) = find_unfinished_orders(JournalFile(folder).lines())
    assert (left.id, left.was_sent) == (journal.id_of(ORDER), True)


async def test_a_rollout_that_a_person_cleared_is_offered_by_no_later_session(
    folder: Path,
) -> None:
    killed, deck, later = (OrderJournal(folder) for _ in range(3))
    await killed.begin()
    plan = rollout_plan()
    await killed.planned(plan, Tier.PLAIN, "admin")
    await deck.begin()
    (rest,) = deck.unfinished_rollouts
    assert rest.id == killed.rollout_id_of(plan)
    (folder / "journal.jsonl").chmod(0o644)
    with pytest.raises(JournalError, match="mode 0644"):
        await deck.rollout_cleared(rest)
    assert "mode 0644" in deck.trouble
    (folder / "journal.jsonl").chmod(0o600)
    await later.begin()
    assert later.unfinished_rollouts == (rest,)
    await later.rollout_cleared(rest)
    last = OrderJournal(folder)
    await last.begin()
    assert last.unfinished_rollouts == ()
    for journal in (killed, deck, later, last):
        journal.end()
    (cleared,) = records(folder, "rollout_cleared")
    assert (cleared["id"], cleared["session"]) == (rest.id, later.session)
    assert cleared["remaining"] == ["node2", "node3"]
    assert check_chain(JournalFile(folder).lines()).broken_at is None


async def test_a_refused_press_is_recorded_once_per_press_and_reason_a_minute(
    folder: Path,
) -> None:
    journal = OrderJournal(folder)
    await journal.begin()
    for _ in range(200):
        journal.refused(Verb.STOP, "node1", ("ccs",), "it is required")
    journal.refused(Verb.STOP, "node1", ("ccs",), "the node is read-only")
    journal.refused(Verb.STOP, "node2", ("ccs",), "it is required")
    journal.end()
    assert [(one["node"], one["why"]) for one in records(folder, "refused")] == [
        ("node1", "it is required"),
        ("node1", "the node is read-only"),
        ("node2", "it is required"),
    ]


KNOWN = Identity(3, cluster="demo.local")


def order(url: str, identity: Identity) -> Order:
    one = open_order()
    return replace(one, target=replace(one.target, url=url, identity=identity))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (order("https://a", Identity()), order("https://a", Identity())),
        (order("https://a", Identity()), order("https://a", KNOWN)),
        (order("https://a", KNOWN), order("https://b", KNOWN)),
    ],
)
def test_the_same_node_is_busy_by_address_or_by_cluster_and_uid(
    tmp_path: Path, first: Order, second: Order
) -> None:
    holder, other = (NodeLock(tmp_path / "s" / "r", one, "here") for one in (first, second))
    holder.take()
    with pytest.raises(
        NodeBusy,
        match=r"^another rsdeck has an action open on node3 \(user .+, pid \d+, for \d+ s\)$",
    ):
        other.take()
    holder.free()
    other.take()
    other.free()


@pytest.mark.parametrize(
    "identity",
    [replace(KNOWN, uid=2), replace(KNOWN, cluster="other.local"), replace(KNOWN, cluster="")],
)
def test_another_node_is_free(tmp_path: Path, identity: Identity) -> None:
    holder = NodeLock(tmp_path / "s" / "r", order("https://a", KNOWN), "here")
    other = NodeLock(tmp_path / "s" / "r", order("https://b", identity), "here")
    holder.take()
    other.take()
    holder.free()
    other.free()


def test_an_order_that_fails_to_lock_one_name_keeps_none(tmp_path: Path) -> None:
    locks = [
        NodeLock(tmp_path / "s" / "r", order(url, identity), "here")
        for url, identity in (("https://b", KNOWN), ("https://a", KNOWN), ("https://a", Identity()))
    ]
    locks[0].take()
    with pytest.raises(NodeBusy):
        locks[1].take()
    locks[2].take()


# Rollouts


def plan(*uids: int, cluster: str = "demo.local", port: int = 9443) -> Plan:
    steps = tuple(
        Step(f"n{uid}", f"https://10.0.0.{uid}:{port}", Identity(uid, cluster=cluster), ())
        for uid in uids
    )
    return Plan(1, Verb.RESTART, "demo", ("alert_mgr",), steps)


@pytest.mark.parametrize(
    "other",
    [
        plan(2, 3),
        pytest.param(plan(9), id="other nodes of the cluster"),
        pytest.param(plan(3, cluster=""), id="an address whose cluster is not known"),
    ],
)
def test_two_processes_do_not_roll_one_cluster_side_by_side(tmp_path: Path, other: Plan) -> None:
    first = RolloutLock(tmp_path / "s" / "r", plan(1, 2, 3), "here")
    second = RolloutLock(tmp_path / "s" / "r", other, "here")
    first.take()
    what = "another rsdeck rolls restart alert_mgr on 3 nodes of demo"
    holder = rf"^{what} \(user .+, pid \d+, for \d+ s\)$"
    with pytest.raises(NodeBusy, match=holder):
        second.take()
    first.free()
    second.take()
    second.free()


def test_a_check_of_a_lock_neither_keeps_it_nor_names_itself_as_its_holder(tmp_path: Path) -> None:
    rolling = RolloutLock(tmp_path / "s" / "r", plan(1, 2, 3), "here")
    looking = [RolloutLock(tmp_path / "s" / "r", plan(9), "here") for _ in range(2)]
    for one in looking:
        one.check()
    rolling.take()
    for one in looking:
        with pytest.raises(NodeBusy, match=r"rolls restart alert_mgr on 3 nodes of demo \("):
            one.check()
    rolling.free()
    looking[0].check()


def test_a_check_by_another_process_does_not_turn_a_rollout_away(tmp_path: Path) -> None:
    rolling = RolloutLock(tmp_path / "s" / "r", plan(1), "here")
    rolling.take()
    rolling.free()
    (path, *_) = (tmp_path / "s" / "r" / "locks").iterdir()
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        timer = Timer(0.02, lambda: fcntl.flock(file, fcntl.LOCK_UN))
        timer.start()
        rolling.take(wait=30)
        timer.join()
    rolling.free()


def test_a_process_that_is_held_up_in_its_check_is_not_taken_for_one_that_rolled_before(
    tmp_path: Path,
) -> None:
    rolling = RolloutLock(tmp_path / "s" / "r", plan(1), "here")
    rolling.take()
    rolling.free()
    (path, *_) = (tmp_path / "s" / "r" / "locks").iterdir()
    with path.open("rb") as file, ThreadPoolExecutor() as pool:
        fcntl.flock(file, fcntl.LOCK_SH)
        with pytest.raises(NodeBusy, match=r"^another rsdeck checks the lock, and does not go on"):
            rolling.take(wait=-100)
        taking = pool.submit(rolling.take, wait=0)
        with pytest.raises(TimeoutError):
            taking.result(0.05)
        fcntl.flock(file, fcntl.LOCK_UN)
        taking.result(30)
    rolling.free()


def is_made(folder: Path) -> bool:
    return folder.exists()


async def test_a_look_finds_the_rollouts_of_other_processes_alone_and_makes_no_file(
    folder: Path,
) -> None:
    journal = OrderJournal(folder)
    here, there = plan(1, 2), plan(3, 4, cluster="b.local", port=19443)
    nodes = [*here.steps, *there.steps, order(there.steps[0].url, Identity()).target]
    assert await journal.rolled_elsewhere(nodes) == ("",) * 5
    assert not is_made(folder)
    other = RolloutLock(folder, there, "here")
    other.take()
    async with journal.hold_cluster(here):
        *own, third, fourth, by_address = await journal.rolled_elsewhere(nodes)
        assert own == ["", ""]
        assert third == fourth == by_address
        what = "another rsdeck rolls restart alert_mgr on 2 nodes of demo"
        assert third.startswith(f"{what} (user ")
        assert third.endswith(" s): wait until it ends, or abort it there")
        other.mark_paused(is_paused=True)
        (busy,) = await journal.rolled_elsewhere(there.steps[:1])
        assert busy.startswith(f"{what} (user ")
        way = "it is paused: resume or abort it there, or act from its deck"
        assert busy.endswith(f" s); {way}")
        other.mark_paused(is_paused=False)
        assert await journal.rolled_elsewhere(there.steps[:1]) != (busy,)
    other.free()
    assert await journal.rolled_elsewhere(nodes) == ("",) * 5


async def test_another_process_sees_whether_a_rollout_is_paused(folder: Path) -> None:
    here, other = OrderJournal(folder), OrderJournal(folder)
    async with here.hold_cluster(plan(1)):
        for is_paused in (True, False):
            here.rollout_paused(plan(1), is_paused=is_paused)
            await here.rolled_elsewhere(())  # after it, in the same thread
            (busy,) = await other.rolled_elsewhere(plan(1).steps)
            assert ("it is paused" in busy) is is_paused
    here.rollout_paused(plan(1), is_paused=True)
    await here.rolled_elsewhere(())
    assert await other.rolled_elsewhere(plan(1).steps) == ("",)


async def test_a_rollout_that_is_turned_away_does_not_end_the_own_one_that_is_locked(
    folder: Path,
) -> None:
    journal = OrderJournal(folder)
    async with journal.hold_cluster(plan(1, 2)):
        with pytest.raises(NodeBusy):
            async with journal.hold_cluster(plan(2, 3)):
                pass
        assert await journal.rolled_elsewhere(plan(1).steps) == ("",)


async def test_a_look_that_the_disk_does_not_answer_finds_nothing(folder: Path) -> None:
    earlier, journal = OrderJournal(folder), OrderJournal(folder, limit=0.1)
    await earlier.begin()
    earlier.end()
    await journal.begin()
    with locked(folder):
        journal.refused(Verb.STOP, "node1", ("ccs",), "it is required")
        assert await journal.rolled_elsewhere(plan(1).steps) == ("",)
    journal.end()


def test_two_clusters_are_rolled_side_by_side(tmp_path: Path) -> None:
    first = RolloutLock(tmp_path / "s" / "r", plan(1, 2), "here")
    second = RolloutLock(tmp_path / "s" / "r", plan(1, 2, cluster="b.local", port=19443), "here")
    first.take()
    second.take()
    first.free()
    second.free()


def test_a_rollout_leaves_its_nodes_free_for_its_own_actions(tmp_path: Path) -> None:
    rolling = RolloutLock(tmp_path / "s" / "r", plan(3), "here")
    acting = NodeLock(tmp_path / "s" / "r", order("https://10.0.0.3:9443", KNOWN), "here")
    rolling.take()
    acting.take()
    acting.free()
    rolling.free()


def test_the_first_is_recorded_and_those_of_the_same_minute_are_counted() -> None:
    limit = RefusalLimit()
    assert limit.take("press", 100.0) == 0
    assert limit.take("press", 100.0 + REFUSAL_EVERY - 0.1) is None
    assert limit.take("press", 100.0 + REFUSAL_EVERY - 0.1) is None
    assert limit.take("press", 100.0 + REFUSAL_EVERY) == 2
    assert limit.take("press", 100.0 + 2 * REFUSAL_EVERY) == 0


def test_another_press_or_reason_is_recorded_at_once() -> None:
    limit = RefusalLimit()
    assert limit.take(("stop", "ccs"), 0.0) == 0
    assert limit.take(("start", "ccs"), 0.0) == 0


def test_of_too_many_presses_the_one_recorded_longest_ago_is_forgotten() -> None:
    limit = RefusalLimit()
    for number in range(500):
        assert limit.take(number, 1.0) == 0
    assert limit.take(499, 2.0) is None
    assert limit.take(0, 2.0) == 0
