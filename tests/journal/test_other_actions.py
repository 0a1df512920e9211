"""What other processes of this machine record is followed, cheaply, and its own is not."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fleet.plan_nodes import open_order
from tui.fleet.events.pipeline import verdict_event
from tui.journal.journal_file import JournalFile
from tui.journal.order_journal import OrderJournal
from tui.journal.other_actions import OtherAction, OtherActions
from tui.journal.records import boot_id, timestamp, user_name
from tui.model.clock import monotonic
from tui.model.event import OrderEnded, OrderGiven, Sender, is_same_step
from tui.model.order import Result, Tier, Verdict
from tui.model.sent_action import OPEN_FOR

ORDER = replace(open_order(), reason="kernel patch")
START = datetime(2026, 2, 1, 3, 0, 7, tzinfo=UTC)


@asynccontextmanager
async def session(folder: Path) -> AsyncIterator[OrderJournal]:
    journal = OrderJournal(folder)
    await journal.begin()
    yield journal
    journal.end()


async def only(others: OtherActions) -> OtherAction:
    (action,) = await others.read()
    return action


def add_line(journal: Path, line: bytes) -> None:
    """Add a line to a journal that no version has sealed."""
    with journal.open("ab") as file:
        file.write(line + b"\n")


async def test_an_action_of_another_session_is_followed_until_its_verdict(
    tmp_path: Path,
) -> None:
    others = OtherActions(tmp_path, "mine")
    async with session(tmp_path) as journal:
        assert await others.read() == ()
        before = monotonic()
        await journal.intend(ORDER, Tier.TYPED, "admin")
        action = await only(others)
        assert before <= action.action.since <= monotonic()
        assert action.action.before == {"ccs": ORDER.services[0]}
        assert (action.action.verb, action.action.ends) == (ORDER.verb, {})
        assert (action.url, action.uid) == (ORDER.target.url, 3)
        assert action.sender.reason == "kernel patch"
        assert action.sender.pid is not None
        assert user_name()
        ended = monotonic()
        journal.judged(ORDER, Verdict("ccs", Result.VERIFIED, "held", started_at=START))
    action = await only(others)
    end = action.action.ends["ccs"]
    assert (end.result, end.started_at) == (Result.VERIFIED, START)
    assert ended - 0.01 <= end.at <= monotonic()


async def test_its_steps_are_events_each_of_which_comes_once(tmp_path: Path) -> None:
    others = OtherActions(tmp_path)
    async with session(tmp_path) as journal:
        await journal.intend(ORDER, Tier.TYPED, "admin")
        assert (await only(others)).is_open(monotonic())
        unknown = Verdict("ccs", Result.UNKNOWN, "the answer was lost\x07")
        verified = Verdict("ccs", Result.VERIFIED, "held")
        for verdict in (unknown, unknown, verified):
            journal.judged(ORDER, verdict)
        id_ = journal.id_of(ORDER)
    action = await only(others)
    assert not action.is_open(monotonic())
    assert (action.id, {one.action for one in action.events}) == (id_, {id_})
    assert [one.details for one in action.events] == [
        OrderGiven(ORDER.verb, ("ccs",), "kernel patch"),
        OrderEnded(ORDER.verb, Result.UNKNOWN, "the answer was lost␇"),
        OrderEnded(ORDER.verb, Result.VERIFIED, "held"),
    ]
    assert {(one.node, one.service) for one in action.events} == {(ORDER.target.node, "ccs")}
    sender = replace(action.sender, has_ended=False, ended_on=None)  # it had not ended then
    assert all(one.sender == sender and one.is_ordered for one in action.events)
    times = [one.on for one in action.events]
    assert times == sorted(times)
    assert abs((times[0] - datetime.now(UTC)).total_seconds()) < 30


@pytest.mark.parametrize("length", [300, 900])
async def test_a_long_verdict_is_the_step_that_its_own_process_keeps(
    length: int, tmp_path: Path
) -> None:
    async with session(tmp_path) as journal:
        await journal.intend(ORDER, Tier.TYPED, "admin")
        failed = Verdict("ccs", Result.FAILED, "x" * length)
        journal.judged(ORDER, failed)
    ended = (await only(OtherActions(tmp_path))).events[-1]
    assert is_same_step(ended, verdict_event(ORDER, failed, journal.id_of(ORDER)))


async def test_without_a_verdict_an_action_is_open_for_as_long_as_any_is_watched(
    tmp_path: Path,
) -> None:
    file, others = JournalFile(tmp_path), OtherActions(tmp_path)
    file.append({**timestamp(), **INTENT, "boot": "another", "at": ago(OPEN_FOR + 60)})
    assert not (await only(others)).is_open(monotonic())


@pytest.mark.parametrize("at", ["2026-02-01T00:00:00", "0001-01-01T00:00:00+14:00", 7, None])
async def test_an_action_without_a_time_is_none(at: object, tmp_path: Path) -> None:
    JournalFile(tmp_path).append({**timestamp(), **INTENT, "at": at})
    assert await OtherActions(tmp_path).read() == ()


async def test_an_action_of_a_session_that_has_ended_is_told_from_one_of_a_running_deck(
    tmp_path: Path,
) -> None:
    others, before = OtherActions(tmp_path, "mine"), datetime.now(UTC)
    async with session(tmp_path) as running, session(tmp_path) as ended:
        await running.intend(replace(ORDER, number=1), Tier.TYPED, "admin")
        await ended.intend(replace(ORDER, number=2), Tier.TYPED, "admin")
        assert [one.sender.has_ended for one in await others.read()] == [False, False]
        ended.end()
        first, second = [one.sender for one in await others.read()]
        assert (first.has_ended, first.ended_on) == (False, None)
        assert second.ended_on is not None
        assert before <= second.ended_on <= datetime.now(UTC)
        assert second == replace(first, has_ended=True, ended_on=second.ended_on)
    file = JournalFile(tmp_path)
    for at in (None, "never"):  # of no version of this program
        file.append({"at": at, "session": running.session, "kind": "session_end"})
    assert [one.sender.reason for one in await others.read()] == ["kernel patch"] * 2


async def test_what_this_session_records_is_left_out(tmp_path: Path) -> None:
    async with session(tmp_path) as journal:
        others = OtherActions(tmp_path, journal.session)
        await journal.intend(ORDER, Tier.TYPED, "admin")
    assert await others.read() == ()


@pytest.mark.parametrize("result", Result)
async def test_each_verdict_is_known_of_its_own_service(result: Result, tmp_path: Path) -> None:
    others = OtherActions(tmp_path)
    async with session(tmp_path) as journal:
        await journal.intend(ORDER, Tier.TYPED, "admin")
        journal.judged(ORDER, Verdict("ccs", result, "why"))
    action = (await only(others)).action
    assert {name: end.result for name, end in action.ends.items()} == {"ccs": result}


async def test_what_this_session_found_out_of_an_action_that_was_cut_off_ends_it(
    tmp_path: Path,
) -> None:
    async with session(tmp_path) as journal:
        await journal.intend(ORDER, Tier.TYPED, "admin")
        id_ = journal.id_of(ORDER)
    async with session(tmp_path) as journal:
        others = OtherActions(tmp_path, journal.session)
        assert not (await only(others)).action.ends
        found = Verdict("ccs", Result.VERIFIED, "after the action", started_at=START)
        journal.resolved(id_, found, "RUNNING")
    end = (await only(others)).action.ends["ccs"]
    assert (end.result, end.started_at) == (Result.VERIFIED, START)


async def test_who_a_session_is_is_found_where_its_record_stands_long_before(
    tmp_path: Path,
) -> None:
    async with session(tmp_path) as journal:
        file = JournalFile(tmp_path)
        file.append({**timestamp(), "session": "other", "kind": "session", "user": "other"})
        add_line(file.path, b'{"session":"%b","kind":"session"}' % journal.session.encode())
        for _ in range(40):
            file.append({**timestamp(), "session": "x", "kind": "refused", "why": "w" * 8000})
        await journal.intend(ORDER, Tier.TYPED, "admin")
        action = await only(OtherActions(tmp_path))
    assert action.sender.pid == os.getpid()
    assert action.sender.user not in ("", "other")


async def test_of_a_long_journal_only_the_end_is_read_first(tmp_path: Path) -> None:
    async with session(tmp_path) as journal:
        await journal.intend(ORDER, Tier.TYPED, "admin")
        file = JournalFile(tmp_path)
        for _ in range(40):
            file.append({**timestamp(), "session": "x", "kind": "refused", "why": "w" * 8000})
    assert await OtherActions(tmp_path).read() == ()


async def test_a_journal_that_is_missing_or_hostile_gives_no_action(tmp_path: Path) -> None:
    assert await OtherActions(tmp_path / "none").read() == ()
    file, others = JournalFile(tmp_path), OtherActions(tmp_path)
    for record in (
        {"kind": "intent"},
        {"kind": "intent", "mono": "soon", "at": "never", "services": [], "session": []},
        {"kind": "intent", "mono": 1, "boot": "b", "at": 7, "services": [1], "session": "s"},
        {"kind": "session", "pid": "x", "user": ["\x1b[2J"], "session": None},
        {"kind": "verdict", "id": "none", "service": 3},
    ):
        file.append(record)
    add_line(file.path, b'{"session":"s","kind":"intent"}')
    assert await others.read() == ()


INTENT = {
    "kind": "intent", "id": "s-1", "session": "s", "node": "node1", "uid": None, "verb": "restart",
    "services": [
        {"name": "ccs", "status": "RUNNING", "start_time": None, "uptime": 9, "kind": "required"}
    ],
    "url": "https://a:9443", "cluster": "", "reason": "",
}  # fmt: skip


def ago(seconds: float) -> str:
    """Return the time of day so long ago, as a record has it."""
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ({"user": "o\x1b[2Jps"}, "o␛[2Jps"),
        ({"user": "root", "login": "o\x1b[2Jps"}, "o␛[2Jps"),
        ({}, ""),
    ],
)
async def test_a_sender_is_clean_text_and_who_logged_in_where_it_is_known(
    names: dict[str, str], shown: str, tmp_path: Path
) -> None:
    file, others = JournalFile(tmp_path), OtherActions(tmp_path)
    file.append({**timestamp(), "session": "s", "kind": "session", "pid": 7, **names})
    file.append({**timestamp(), **INTENT, "reason": "r\x07"})
    action = await only(others)
    assert action.sender == Sender(shown, 7, "r␇")


async def test_a_record_of_another_boot_is_placed_by_the_wall_clock(tmp_path: Path) -> None:
    file, others = JournalFile(tmp_path), OtherActions(tmp_path)
    file.append({**timestamp(), **INTENT, "boot": "another", "mono": 1.0, "at": ago(600)})
    action = await only(others)
    assert abs(monotonic() - 600 - action.action.since) < 30


@pytest.mark.skipif(not boot_id(), reason="the system does not identify its boots")
async def test_a_record_of_this_boot_is_placed_where_it_is_whatever_the_wall_clock_was(
    tmp_path: Path,
) -> None:
    file, others = JournalFile(tmp_path), OtherActions(tmp_path)
    file.append({**timestamp(), **INTENT, "mono": monotonic() - 60, "at": ago(-3000)})
    action = await only(others)
    assert abs(monotonic() - 60 - action.action.since) < 30


async def test_an_action_is_forgotten_after_an_hour(tmp_path: Path) -> None:
    file, others = JournalFile(tmp_path), OtherActions(tmp_path)
    for number, seconds in enumerate((3700, 3500)):
        old = {"id": f"s-{number}", "boot": "another", "at": ago(seconds)}
        file.append({**timestamp(), **INTENT, **old})
    action = await only(others)
    assert abs(monotonic() - 3500 - action.action.since) < 30


async def test_a_verdict_of_an_earlier_version_has_no_start_time(tmp_path: Path) -> None:
    file, others = JournalFile(tmp_path), OtherActions(tmp_path)
    verdict = {"kind": "verdict", "id": "s-1", "service": "ccs", "result": "verified"}
    file.append({**timestamp(), **INTENT})
    file.append({**timestamp(), **verdict})
    end = (await only(others)).action.ends["ccs"]
    assert (end.result, end.started_at) == (Result.VERIFIED, None)


@pytest.mark.parametrize("start", ["noon", "2026-02-01T00:00:00", 7, ["\x1b[2J"]])
async def test_a_verdict_whose_start_time_is_none_ends_nothing(
    start: object, tmp_path: Path
) -> None:
    file, others = JournalFile(tmp_path), OtherActions(tmp_path)
    verdict = {"kind": "verdict", "id": "s-1", "service": "ccs", "result": "verified"}
    file.append({**timestamp(), **INTENT})
    file.append({**timestamp(), **verdict, "start_time": start})
    assert not (await only(others)).action.ends


async def test_a_verdict_without_a_time_ends_nothing(tmp_path: Path) -> None:
    file, others = JournalFile(tmp_path), OtherActions(tmp_path)
    file.append({**timestamp(), **INTENT})
    before = await only(others)
    verdict = {"kind": "verdict", "id": "s-1", "service": "ccs", "result": "verified"}
    file.append({**timestamp(), **verdict, "boot": "another", "at": "never"})
    file.append({**timestamp(), **INTENT, "id": "s-2"})
    first, second = await others.read()
    assert first == before
    assert not second.action.ends
