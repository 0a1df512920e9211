"""A session's history: nobody waits for it, and nothing that goes wrong with it ends the deck."""

# ruff: noqa: ASYNC240 - the files are small, and what waits for them is the test

import asyncio
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.history.conftest import ON, event, reading, service
from tui.history.reader import HistoryReader
from tui.history.recorder import EARLIER_AT_MOST, HistoryRecorder
from tui.history.writer import HistoryWriter
from tui.model.event_text import event_text
from tui.storage.paths import NOWHERE
from tui.storage.private_files import StorageError

QUICK = 0.2


@asynccontextmanager
async def keeping(folder: Path, **more: Any) -> AsyncIterator[HistoryRecorder]:
    keeper = HistoryRecorder(folder, **({"every": QUICK} | more))
    await keeper.begin()
    try:
        yield keeper
    finally:
        keeper.end()


async def until(ready: Callable[[], Any], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.01)


def texts(folder: Path) -> list[str]:
    try:
        return [one.text for one in HistoryReader(folder).events(None)]
    except StorageError:
        return []


async def test_what_is_noted_is_kept_soon_and_the_rest_at_the_end(folder: Path) -> None:
    async with keeping(folder, every=60.0) as keeper:
        keeper.note(event("soon"), "demo")
        await until(lambda: texts(folder) == ["soon"])
        keeper.note(event("at the end"), "demo")
    assert texts(folder) == ["soon", "at the end"]
    assert keeper.trouble == keeper.remark == ""


async def test_nothing_is_touched_before_it_begins(folder: Path) -> None:
    keeper = HistoryRecorder(folder)
    keeper.note(event(), "demo")
    keeper.reading(reading(service()), "demo")
    keeper.end()
    assert not folder.exists()
    assert await keeper.day("node1", "alert_mgr", "demo") is None


async def test_the_next_session_begins_with_the_events_of_the_last_day(folder: Path) -> None:
    async with keeping(folder) as keeper:
        for ago in (90_000, 3600, 5):
            keeper.note(event(f"{ago} s ago", ago=ago), "demo")
    later = HistoryRecorder(folder)
    older = await later.begin()
    later.end()
    assert [event_text(one) for one in older] == ["3600 s ago", "5 s ago"]
    ages = [time.monotonic() - one.at for one in older]
    assert ages == pytest.approx([3600, 5], abs=3)


async def test_at_most_so_many_earlier_events_are_given_and_the_newest(folder: Path) -> None:
    store = HistoryWriter(folder, days=30, limit=2**26)
    async with keeping(folder) as keeper:
        for one in range(EARLIER_AT_MOST + 10):
            keeper.note(event(str(one), ago=5000 - one), "demo")
    later = HistoryRecorder(folder)
    older = await later.begin()
    later.end()
    assert len(older) == EARLIER_AT_MOST
    assert event_text(older[-1]) == str(EARLIER_AT_MOST + 9)
    store.close()


async def test_a_day_tells_what_was_seen_up_to_now(folder: Path) -> None:
    async with keeping(folder) as keeper:
        ago = (event().on - ON).total_seconds()
        keeper.reading(reading(service(start=100), after=ago - 20), "demo")
        keeper.reading(reading(service(start=100), after=ago - 10), "demo")
        await until(lambda: texts(folder) is not None)
        day = await keeper.day("node1", "alert_mgr", "demo")
        while day is None or not day.segments:
            day = await keeper.day("node1", "alert_mgr", "demo")
        assert [one.state.status for one in day.segments] == ["RUNNING"]
        other = await keeper.day("node1", "alert_mgr", "another")
        assert other is not None
        assert other.segments == ()


async def test_of_two_decks_on_one_folder_one_writes_and_the_other_takes_over(
    folder: Path,
) -> None:
    first = HistoryRecorder(folder, every=QUICK)
    await first.begin()
    first.note(event("first"), "demo")
    await until(lambda: texts(folder) == ["first"])
    second = HistoryRecorder(folder, every=QUICK)
    assert [event_text(one) for one in await second.begin()] == ["first"]
    assert (second.trouble, "another deck keeps the history" in second.remark) == ("", True)
    second.note(event("by the second, unwritten"), "demo")
    second.reading(reading(service("seen by both")), "demo")
    assert await second.day("node1", "alert_mgr", "demo") is not None
    await asyncio.to_thread(first.end)
    await until(lambda: second.remark == "")
    second.note(event("by the second"), "demo")
    second.reading(reading(service("seen by both"), after=2), "demo")
    second.end()
    assert texts(folder)[-1] == "by the second"
    day = HistoryReader(folder).day("node1", "seen by both", ON, hours=1)
    assert day.segments == ()
    database = sqlite3.connect(folder / "history.sqlite3")
    assert database.execute("SELECT service FROM state").fetchall() == [("seen by both",)]
    database.close()


async def test_a_broken_history_is_begun_anew_and_said_to_be(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    path = folder / "history.sqlite3"
    path.write_bytes(b"not a database" * 1000)
    path.chmod(0o600)
    async with keeping(folder) as keeper:
        assert keeper.trouble == ""
        assert f"the old one is {folder}/history.sqlite3.broken-" in keeper.remark
        keeper.note(event("anew"), "demo")
    assert texts(folder) == ["anew"]


async def test_a_locked_history_is_trouble_until_it_is_not_and_nothing_is_lost(
    folder: Path,
) -> None:
    async with keeping(folder) as keeper:
        keeper.note(event("before"), "demo")
        await until(lambda: texts(folder) == ["before"])
        database = sqlite3.connect(folder / "history.sqlite3", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        keeper.note(event("meanwhile"), "demo")
        keeper.reading(reading(service()), "demo")
        await until(lambda: "database is locked" in keeper.trouble)
        database.execute("ROLLBACK")
        database.close()
        await until(lambda: not keeper.trouble)
    assert texts(folder) == ["before", "meanwhile"]


async def test_a_disk_that_hangs_delays_neither_the_deck_nor_its_end(folder: Path) -> None:
    async with keeping(folder) as keeper:
        await until(lambda: not keeper.trouble and folder.exists())
        database = sqlite3.connect(folder / "history.sqlite3", isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for _ in range(30_000):
            keeper.note(event(), "demo")
        assert time.monotonic() - began < 2
        await asyncio.sleep(3 * QUICK)
        began = time.monotonic()
        keeper.end()
        assert time.monotonic() - began < 1
        database.close()


@pytest.mark.parametrize("spoil", ["nowhere", "file", "later"])
async def test_a_history_that_cannot_be_had_is_said_and_tried_again(
    folder: Path, spoil: str
) -> None:
    if spoil == "nowhere":
        folder = NOWHERE
    elif spoil == "file":
        folder.parent.mkdir(parents=True)
        folder.touch()
    else:
        async with keeping(folder):
            pass
        database = sqlite3.connect(folder / "history.sqlite3")
        database.execute("PRAGMA user_version = 99")
        database.close()
    async with keeping(folder) as keeper:
        assert keeper.trouble
        keeper.note(event(), "demo")
        keeper.reading(reading(service()), "demo")
        assert await keeper.day("node1", "alert_mgr", "demo") is None
        if spoil == "file":
            folder.unlink()
            await until(lambda: not keeper.trouble)
            await until(lambda: texts(folder))


async def test_a_python_without_a_database_ends_no_deck(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tui.history.writer", None)
    keeper = HistoryRecorder(folder, every=QUICK)
    assert await keeper.begin() == ()
    assert "tui.history.writer" in keeper.trouble
    keeper.note(event("lost"), "demo")
    assert await keeper.day("node1", "alert_mgr", "demo") is None
    keeper.end()


async def test_what_waits_for_the_disk_is_bounded(folder: Path) -> None:
    keeper = HistoryRecorder(NOWHERE)
    await keeper.begin()
    for one in range(70):
        keeper.reading(reading(*(service(f"s{one}-{n}") for n in range(1000)), after=one), "demo")
    for _ in range(25_000):
        keeper.note(event(), "demo")
    waiting = keeper._backlog.take()
    assert len(waiting.events) <= 20_000
    assert sum(len(one.marks) for one in waiting.sights) <= 60_000
    assert keeper._backlog.lost >= 5000
    keeper.end()
