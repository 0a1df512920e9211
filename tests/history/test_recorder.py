"""A session's history: the deck never waits for it, and no fault of it ends the deck."""

# ruff: noqa: ASYNC240 - the files are small, and what waits for them is the test

import asyncio
import contextlib
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.history.conftest import ON, event, reading, service
from tui.history.reader import HistoryReader
from tui.history.recorder import EARLIER_AT_MOST, HistoryRecorder, WriteTimes
from tui.history.write_queue import AT_MOST
from tui.history.writer import HistoryBusy, HistoryWriter
from tui.model.event import OrderGiven, RolloutMoved, Sender, TimeWithoutData
from tui.model.event_text import event_text
from tui.model.order import Verb
from tui.model.reading import Reading
from tui.model.rollout import RolloutState
from tui.storage.paths import NOWHERE
from tui.storage.private_files import StorageError

QUICK = 0.05
TIMES = WriteTimes(every=QUICK, soon=QUICK, busy=QUICK)


@asynccontextmanager
async def recording(folder: Path, **more: Any) -> AsyncIterator[HistoryRecorder]:
    recorder = HistoryRecorder(folder, **({"times": TIMES} | more))
    await recorder.begin()
    try:
        yield recorder
    finally:
        recorder.end()


async def until(ready: Callable[[], Any], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        await asyncio.sleep(0.01)


def texts(folder: Path) -> list[str]:
    try:
        return [one.text for one in HistoryReader(folder).events(None)]
    except StorageError:
        return []


def states(folder: Path) -> list[str]:
    """List the services of the states in the file."""
    database = sqlite3.connect(folder / "history.sqlite3")
    try:
        return [service for (service,) in database.execute("SELECT service FROM state")]
    finally:
        database.close()


async def test_an_event_is_written_soon_and_the_rest_at_the_end(folder: Path) -> None:
    async with recording(folder, times=WriteTimes(every=60.0, soon=QUICK)) as recorder:
        recorder.note(event("soon"), "demo")
        await until(lambda: texts(folder) == ["soon"])
        recorder.note(event("at the end"), "demo")
    assert texts(folder) == ["soon", "at the end"]
    assert recorder.trouble == recorder.remark == ""


async def test_nothing_is_touched_before_it_begins(folder: Path) -> None:
    recorder = HistoryRecorder(folder)
    recorder.note(event(), "demo")
    recorder.reading(reading(service()), "demo")
    recorder.end()
    assert not folder.exists()
    assert await recorder.day("node1", "alert_mgr", "demo") is None
    await recorder.begin()
    recorder.end()
    assert texts(folder) == []
    assert states(folder) == []


async def test_nothing_is_recorded_after_the_end(folder: Path) -> None:
    async with recording(folder) as recorder:
        recorder.note(event("in time"), "demo")
    recorder.note(event("late"), "demo")
    recorder.reading(reading(service()), "demo")
    assert not recorder._queue.take()
    recorder.end()
    assert texts(folder) == ["in time"]


async def test_events_of_this_session_are_not_loaded_as_earlier_ones(folder: Path) -> None:
    async with recording(folder) as first:
        first.note(event("earlier", ago=5), "demo")
    recorder = HistoryRecorder(folder, times=TIMES)
    begin = asyncio.create_task(recorder.begin())
    while not begin.done():
        await asyncio.sleep(0)
        recorder.note(event("of this session"), "demo")
    recorder.end()
    assert [event_text(one) for one in await begin] == ["earlier"]


def is_free(folder: Path) -> bool:
    """Whether no deck keeps the history."""
    with contextlib.closing(HistoryWriter(folder, days=1, limit=10**9, busy=QUICK)) as writer:
        try:
            writer.open()
        except HistoryBusy:
            return False
        return True


async def test_a_rollout_of_an_earlier_session_has_ended_for_the_deck_that_records_alone(
    folder: Path,
) -> None:
    details = RolloutMoved(1, "restart ccs on 2 nodes", RolloutState.PAUSED)
    moved = replace(event(ago=5), details=details, sender=Sender("ops", 2**22 + 1))
    async with recording(folder) as first:
        first.note(moved, "demo")
        await until(lambda: texts(folder))
        second = HistoryRecorder(folder, times=TIMES)
        (read_only,) = await second.begin()
        second.end()
    await until(lambda: is_free(folder))
    third = HistoryRecorder(folder, times=TIMES)
    (recorded,) = await third.begin()
    third.end()
    found = [one.sender.has_ended for one in (read_only, recorded) if one.sender is not None]
    assert found == [False, True]


async def test_what_is_too_old_goes_when_a_session_begins(folder: Path) -> None:
    async with recording(folder) as recorder:
        recorder.note(event("old", ago=11 * 86_400), "demo")
        recorder.note(event("young", ago=9 * 86_400), "demo")
    assert texts(folder) == ["old", "young"]
    async with recording(folder, days=10):
        pass
    assert texts(folder) == ["young"]


async def test_events_that_were_too_many_for_a_slow_disk_are_counted(folder: Path) -> None:
    async with recording(folder) as recorder:
        database = sqlite3.connect(folder / "history.sqlite3", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        same = event()
        for _ in range(AT_MOST + 7):
            recorder.note(same, "demo")
        await until(lambda: recorder.remark == "7 events could not be kept in time")
        database.execute("ROLLBACK")
        database.close()
        await until(lambda: len(texts(folder)) == AT_MOST)
        assert recorder.remark == "7 events could not be kept in time"


async def test_the_next_session_begins_with_the_events_of_the_last_day(folder: Path) -> None:
    async with recording(folder) as recorder:
        for ago in (90_000, 3600, 5):
            recorder.note(event(f"{ago} s ago", ago=ago), "demo")
    later = HistoryRecorder(folder)
    events = await later.begin()
    later.end()
    assert [event_text(one) for one in events] == ["3600 s ago", "5 s ago"]
    ages = [time.monotonic() - one.at for one in events]
    assert ages == pytest.approx([3600, 5], abs=3)


async def test_of_many_earlier_events_the_newest_are_loaded(folder: Path) -> None:
    store = HistoryWriter(folder, days=30, limit=2**26, busy=QUICK)
    async with recording(folder) as recorder:
        for one in range(EARLIER_AT_MOST + 10):
            recorder.note(event(str(one), ago=5000 - one), "demo")
    later = HistoryRecorder(folder)
    events = await later.begin()
    later.end()
    assert len(events) == EARLIER_AT_MOST
    assert event_text(events[-1]) == str(EARLIER_AT_MOST + 9)
    store.close()


async def test_a_day_shows_what_was_seen_up_to_now(folder: Path) -> None:
    async with recording(folder) as recorder:
        ago = (event().on - ON).total_seconds()
        recorder.reading(reading(service(start=100), after=ago - 20), "demo")
        recorder.reading(reading(service(start=100), after=ago - 10), "demo")
        await until(lambda: texts(folder) is not None)
        day = await recorder.day("node1", "alert_mgr", "demo")
        while day is None or not day.segments:
            day = await recorder.day("node1", "alert_mgr", "demo")
        assert [one.state.status for one in day.segments] == ["RUNNING"]
        other = await recorder.day("node1", "alert_mgr", "another")
        assert other is not None
        assert other.segments == ()


async def test_the_times_without_data_of_the_last_day_are_between_answers(folder: Path) -> None:
    hours = (datetime.now(UTC) - ON) / timedelta(hours=1)
    async with recording(folder) as recorder:
        for ago in (30, 28, 2, 1.999):
            recorder.reading(reading(service(), after=(hours - ago) * 3600), "demo")
        await until(lambda: len(HistoryReader(folder).gaps(None)) == 2)
        (gap,) = await recorder.gaps()
        assert isinstance(gap.details, TimeWithoutData)
        assert (gap.node, gap.service, gap.on) == ("", "", gap.details.begun)
        lasted = gap.details.ended - gap.details.begun
        assert abs(lasted - timedelta(hours=26)) < timedelta(seconds=1)
        (folder / "history.sqlite3").chmod(0o644)
        assert await recorder.gaps() == (gap,), "what was read last, where it cannot be read"
        (folder / "history.sqlite3").chmod(0o600)
    assert await recorder.gaps() == (), "after its end it is not read"


async def test_of_two_decks_on_one_folder_one_writes_and_the_other_takes_over(
    folder: Path,
) -> None:
    first = HistoryRecorder(folder, times=TIMES)
    await first.begin()
    first.note(event("first"), "demo")
    await until(lambda: texts(folder) == ["first"])
    second = HistoryRecorder(folder, times=TIMES)
    assert [event_text(one) for one in await second.begin()] == ["first"]
    assert (second.trouble, "another deck keeps the history" in second.remark) == ("", True)
    second.note(event("by the second, unwritten"), "demo")
    second.reading(reading(service("seen by both")), "demo")
    await until(lambda: not second._queue._batch)  # dropped: the first deck writes
    assert await second.day("node1", "alert_mgr", "demo") is not None
    await asyncio.to_thread(first.end)
    await until(lambda: second.remark == "")
    second.note(event("by the second"), "demo")
    second.reading(reading(service("seen by both"), after=2), "demo")
    second.end()
    assert texts(folder) == ["first", "by the second"]
    day = HistoryReader(folder).day("node1", "seen by both", ON, hours=1)
    assert day.segments == ()
    assert states(folder) == ["seen by both"]


async def test_an_action_waits_for_the_deck_that_writes_to_end_and_is_written_if_that_did_not(
    folder: Path,
) -> None:
    sent = [
        event(details=OrderGiven(Verb.RESTART, (name,)), service=name, ago=9, action=f"5f2c-{name}")
        for name in ("alert_mgr", "ccs")
    ]
    first = HistoryRecorder(folder, times=TIMES)
    await first.begin()
    second = HistoryRecorder(folder, times=TIMES)
    await second.begin()
    first.note(sent[0], "demo")
    for one in (event("unwritten"), *sent):
        second.note(one, "demo")
    await until(lambda: len(second._queue._batch.events) == 2)
    await asyncio.to_thread(first.end)
    await until(lambda: second.remark == "")
    second.end()
    written = [(one.service, one.action) for one in HistoryReader(folder).events(None)]
    assert written == [(one.service, one.action) for one in sent]


async def test_a_broken_history_is_begun_anew_and_the_remark_says_so(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    path = folder / "history.sqlite3"
    path.write_bytes(b"not a database" * 1000)
    path.chmod(0o600)
    async with recording(folder) as recorder:
        assert recorder.trouble == ""
        assert f"the old one is {folder}/history.sqlite3.broken-" in recorder.remark
        recorder.note(event("anew"), "demo")
    assert texts(folder) == ["anew"]


async def test_a_locked_history_is_trouble_until_it_is_not_and_nothing_is_lost(
    folder: Path,
) -> None:
    async with recording(folder) as recorder:
        recorder.note(event("before"), "demo")
        await until(lambda: texts(folder) == ["before"])
        database = sqlite3.connect(folder / "history.sqlite3", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        recorder.note(event("meanwhile"), "demo")
        recorder.reading(reading(service()), "demo")
        await until(lambda: "database is locked" in recorder.trouble)
        database.execute("ROLLBACK")
        database.close()
        await until(lambda: not recorder.trouble)
    assert texts(folder) == ["before", "meanwhile"]


@pytest.mark.real_time
async def test_a_disk_that_hangs_delays_neither_the_deck_nor_its_end(folder: Path) -> None:
    times = WriteTimes(every=QUICK, soon=QUICK, busy=60.0)
    async with recording(folder, times=times) as recorder:
        database = sqlite3.connect(folder / "history.sqlite3", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        began, same = time.monotonic(), event()
        recorder.note(same, "demo")
        await until(lambda: not recorder._queue._batch)  # it is being written
        for _ in range(30_000):
            recorder.note(same, "demo")
        recorder.end()
        assert time.monotonic() - began < times.busy / 2
        database.close()


@pytest.mark.parametrize("spoil", ["nowhere", "file", "later"])
async def test_a_history_that_cannot_be_opened_is_trouble_and_tried_again(
    folder: Path, spoil: str
) -> None:
    if spoil == "nowhere":
        folder = NOWHERE
    elif spoil == "file":
        folder.parent.mkdir(parents=True)
        folder.touch()
    else:
        async with recording(folder):
            pass
        database = sqlite3.connect(folder / "history.sqlite3")
        database.execute("PRAGMA user_version = 99")
        database.close()
    async with recording(folder) as recorder:
        assert recorder.trouble
        recorder.note(event(), "demo")
        recorder.reading(reading(service()), "demo")
        assert await recorder.day("node1", "alert_mgr", "demo") is None
        if spoil == "file":
            folder.unlink()
            await until(lambda: not recorder.trouble)
            await until(lambda: texts(folder))


async def test_a_python_without_a_database_ends_no_deck(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tui.history.writer", None)
    recorder = HistoryRecorder(folder, times=TIMES)
    assert await recorder.begin() == ()
    assert "tui.history.writer" in recorder.trouble
    recorder.note(event("lost"), "demo")
    assert await recorder.day("node1", "alert_mgr", "demo") is None
    recorder.end()


async def test_what_waits_for_the_disk_is_bounded(folder: Path) -> None:
    recorder = HistoryRecorder(NOWHERE)
    await recorder.begin()
    services = [service(f"s{n}") for n in range(1000)]
    for one in range(70):
        flipped = [replace(each, status=f"STATUS {one}") for each in services]
        recorder.reading(reading(*flipped, after=one), "demo")
    same = event()
    for _ in range(25_000):
        recorder.note(same, "demo")
    waiting = recorder._queue.take()
    assert len(waiting.events) <= 20_000
    assert sum(len(one.marks) for one in waiting.states) <= 60_000
    assert recorder._queue.lost >= 5000
    recorder.end()


async def test_the_last_hour_of_a_node_has_all_its_services_and_no_others(folder: Path) -> None:
    now = datetime.now(UTC)
    async with recording(folder) as recorder:
        for number, status in enumerate(("RUNNING", "STOPPED")):
            services = (service("alert_mgr", status), service("ccs"))
            at = now - timedelta(seconds=50 - 20 * number)
            for cluster in ("demo", "other"):
                seen = Reading("node1", services, answered_at=1.0, answered_on=at)
                recorder.reading(seen, cluster)
        recorder.reading(
            Reading("node2", (service("dmcproxy"),), answered_at=1.0, answered_on=now), "demo"
        )
        await until(lambda: "dmcproxy" in states(folder))
        days = await recorder.last_hour("node1", "demo")
        assert sorted(days) == ["alert_mgr", "ccs"]
        assert [one.state.status for one in days["alert_mgr"].segments] == ["RUNNING", "STOPPED"]
        day = await recorder.day("node1", "alert_mgr", "demo")
        assert day is not None
        assert day.segments == days["alert_mgr"].segments
    assert await recorder.last_hour("node1", "demo") == {}
