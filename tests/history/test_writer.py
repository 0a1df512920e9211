"""The database: bounded, one writer, many readers, and whole whatever happens to it."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.history.conftest import ON, event, reading, service, until
from tui.history.database import VERSION, UnknownDatabase
from tui.history.reader import HistoryReader
from tui.history.write_queue import Batch, WriteQueue
from tui.history.writer import HistoryBusy, HistoryWriter
from tui.model.event import Cause, Event, OrderEnded, OrderGiven, Sender, StatusChange
from tui.model.order import Result, Verb
from tui.model.reading import Reading
from tui.storage.paths import NOWHERE
from tui.storage.private_files import MissingFile, StorageError

NODE = "node1"


@pytest.fixture
def store(folder: Path) -> Iterator[HistoryWriter]:
    store = make(folder)
    yield store
    store.close()


def make(folder: Path, *, days: float = 30, limit: int = 2**26) -> HistoryWriter:
    return HistoryWriter(folder, days=days, limit=limit, busy=0.05)


def of(*entries: Event | Reading, queue: WriteQueue | None = None) -> Batch:
    queue = queue or WriteQueue()
    for entry in entries:
        if isinstance(entry, Event):
            queue.note(entry, "demo")
        else:
            queue.see(entry, "demo")
    return queue.take()


def rows(folder: Path, table: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(folder / "history.sqlite3")
    try:
        return database.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - a name of this test
    finally:
        database.close()


def texts(folder: Path) -> list[str]:
    return [one.text for one in HistoryReader(folder).events(None)]


def test_what_is_written_is_read_again_with_its_cluster(folder: Path, store: HistoryWriter) -> None:
    first_event = event(
        ago=5, details=StatusChange("RUNNING", "STOPPED", ON), cause=Cause.ORDERED_HERE
    )
    store.write(of(first_event, event("later")))
    first, second = HistoryReader(folder).events(None)
    assert (first.on, first.cluster, first.node, first.service) == (
        first_event.on, "demo", NODE, "alert_mgr",
    )  # fmt: skip
    assert (first.what, first.text) == ("status", "RUNNING → STOPPED, sent from here")
    assert (first.details, first.cause) == (first_event.details, first_event.cause)
    assert (first.is_ordered, second.is_ordered) == (True, False)
    assert second.text == "later"


def test_events_can_be_read_by_time_and_node_and_only_the_newest(
    folder: Path, store: HistoryWriter
) -> None:
    store.write(of(event("old", ago=9000), event("a", ago=9), event("b", node="node2")))
    reader = HistoryReader(folder)
    hour = datetime.now(UTC) - timedelta(hours=1)
    assert [one.text for one in reader.events(hour)] == ["a", "b"]
    assert [one.text for one in reader.events(None, until=hour)] == ["old"]
    assert [one.text for one in reader.events(None, node="node2")] == ["b"]
    assert [one.text for one in reader.events(None, limit=2)] == ["a", "b"]


def test_folder_and_files_are_this_users_alone(folder: Path, store: HistoryWriter) -> None:
    store.write(of(event()))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = sorted(one.name for one in folder.iterdir())
    assert names == ["history.lock", *(f"history.sqlite3{one}" for one in ("", "-shm", "-wal"))]
    assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}


def test_an_unchanged_reading_writes_no_state_and_lengthens_one_span(
    folder: Path, store: HistoryWriter
) -> None:
    queue = WriteQueue()
    for after in range(0, 60, 2):
        store.write(of(reading(service(), service("ccs"), after=after), queue=queue))
    assert len(rows(folder, "state")) == 2
    assert rows(folder, "span") == [("demo", NODE, ON.timestamp(), ON.timestamp() + 58)]


def test_a_state_is_written_when_it_changes(folder: Path, store: HistoryWriter) -> None:
    queue = WriteQueue()
    stopped = service(status="STOPPED", start=None)
    for after, services in ((0, [service()]), (2, [stopped]), (4, [stopped]), (6, [])):
        store.write(of(reading(*services, after=after), queue=queue))
    since = ON.timestamp()
    assert [(row[3], row[4]) for row in rows(folder, "state")] == [
        (since, "RUNNING"), (since + 2, "STOPPED"), (since + 6, None),
    ]  # fmt: skip


def test_the_next_session_writes_only_what_changed_meanwhile(
    folder: Path, store: HistoryWriter
) -> None:
    store.write(of(reading(service(), service("ccs"), service("envoy"))))
    store.close()
    stopped = service("ccs", "STOPPED", None)
    store.write(of(reading(service(), stopped, after=9000)))
    assert [row[2:5:2] for row in rows(folder, "state")[3:]] == [
        ("ccs", "STOPPED"), ("envoy", None),
    ]  # fmt: skip
    day = HistoryReader(folder).day(NODE, "ccs", ON + timedelta(seconds=9000))
    assert [(one.begun, one.ended, one.state.status) for one in day.segments] == [
        (ON.timestamp(), ON.timestamp(), "RUNNING"),
        (ON.timestamp() + 9000, ON.timestamp() + 9000, "STOPPED"),
    ]


def test_a_day_begins_with_the_state_that_held_then(folder: Path, store: HistoryWriter) -> None:
    queue = WriteQueue()
    for after in (0, 90_000, 90_010):
        store.write(of(reading(service(start=100), after=after), queue=queue))
    day = HistoryReader(folder).day(NODE, "alert_mgr", ON + timedelta(seconds=90_010))
    assert [one.state.status for one in day.segments] == ["RUNNING"]
    assert day.longest_run == pytest.approx(90_110)
    assert HistoryReader(folder).day("node9", "alert_mgr", ON).segments == ()


def test_two_nodes_of_one_name_are_distinguished_by_their_cluster(
    folder: Path, store: HistoryWriter
) -> None:
    queue = WriteQueue()
    queue.see(reading(service()), "one")
    queue.see(reading(service(status="FATAL", start=None)), "two")
    store.write(queue.take())
    for cluster, status in (("one", "RUNNING"), ("two", "FATAL")):
        day = HistoryReader(folder).day(NODE, "alert_mgr", ON, cluster=cluster)
        assert [one.state.status for one in day.segments] == [status]


def test_hostile_names_and_texts_are_only_data(folder: Path, store: HistoryWriter) -> None:
    name = "x'); DROP TABLE event; --"
    bad = "\x1b]52;c;aGk=\x07 \ud800 \u202e[red]"
    store.write(of(event(bad, node=name, service=bad), reading(service(bad), node=name)))
    (kept,) = HistoryReader(folder).events(None, node=name)
    assert "\x1b" not in kept.text + kept.service
    assert kept.text.isprintable()
    day = HistoryReader(folder).day(name, str(rows(folder, "state")[0][2]), ON)
    assert len(day.segments) == 1


def test_what_others_wrote_into_the_file_is_cleaned_or_left_out(
    folder: Path, store: HistoryWriter
) -> None:
    store.write(of(event("good")))
    store.close()
    database = sqlite3.connect(folder / "history.sqlite3")
    for values in (
        (1e300, "", "n", "s", "status", "never", "", 0),
        ("noon", "", "n", "s", "status", "never", "", 0),
        (5.0, "", "n", "s", "\x1b[2J", b"\xff\x1b", "", 0),
    ):
        database.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)", values)
    database.execute(
        "INSERT INTO event VALUES (6, '', 'n', 's', 'w', CAST(x'ff1b41' AS TEXT), '', 0, NULL)"
    )
    database.execute("INSERT INTO state VALUES ('', 'n', 's', 'noon', 5, 'x', 'y')")
    database.execute("INSERT INTO span VALUES ('', 'n', 'noon', 'late')")
    database.commit()
    database.close()
    events = HistoryReader(folder).events(None)
    assert [one.text for one in events if one.node == NODE] == ["good"]
    assert len(events) == 3
    assert all(one.text.isprintable() and one.what.isprintable() for one in events)
    assert HistoryReader(folder).day("n", "s", ON).segments == ()


def test_nothing_yet_is_missing(folder: Path) -> None:
    for _ in range(2):
        with pytest.raises(MissingFile):
            HistoryReader(folder).events(None)
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    (folder / "history.sqlite3").touch(0o600)
    with pytest.raises(MissingFile):
        HistoryReader(folder).day(NODE, "alert_mgr", ON)


def test_a_second_writer_only_reads_until_the_first_has_gone(
    folder: Path, store: HistoryWriter
) -> None:
    store.write(of(event("first")))
    second = make(folder)
    with pytest.raises(HistoryBusy):
        second.write(of(event("second")))
    assert texts(folder) == ["first"]
    store.close()
    second.write(of(event("third")))
    assert texts(folder) == ["first", "third"]
    second.close()


def test_a_writer_that_follows_another_does_not_write_what_that_one_wrote(
    folder: Path, store: HistoryWriter
) -> None:
    stopped, again = StatusChange("RUNNING", "STOPPED", ON), StatusChange("STOPPED", "RUNNING", ON)
    store.write(of(event(ago=2, details=stopped, cause=Cause.ORDERED_HERE)))
    second = make(folder)
    with pytest.raises(HistoryBusy):
        second.open()
    store.close()
    elsewhere = event(ago=1, details=stopped, node="node2")
    second.write(of(event(ago=1, details=stopped), elsewhere, event(details=again)))
    second.write(of(event(details=stopped)))
    second.close()
    written = [
        (one.node, one.details, one.is_ordered) for one in HistoryReader(folder).events(None)
    ]
    assert written == [
        (NODE, stopped, True),
        ("node2", stopped, False),
        (NODE, again, False),
        (NODE, stopped, False),
    ]


def step(action: str = "5f2c-1", *, ago: float = 0.0, **more: Any) -> Event:
    """Make the event of an action that was sent."""
    sent = OrderGiven(Verb.RESTART, ("alert_mgr",), "kernel patch")
    return event(ago=ago, action=action, **({"details": sent} | more))


VERIFIED = OrderEnded(Verb.RESTART, Result.VERIFIED, "held")


def actions(folder: Path) -> list[tuple[str, str]]:
    return [(one.what, one.action) for one in HistoryReader(folder).events(None)]


def test_each_step_of_an_action_is_written_once_whichever_process_comes_to_it(
    folder: Path, store: HistoryWriter
) -> None:
    store.write(of(step(ago=9), step(ago=5, details=VERIFIED)))
    store.write(of(step(ago=9, node="its name elsewhere", sender=Sender("ops", 4242))))
    failed = replace(VERIFIED, result=Result.FAILED)
    store.write(of(step(ago=4, details=VERIFIED), step(ago=4, details=failed)))
    store.write(of(step("5f2c-11"), step("other-1", details=VERIFIED)))
    assert actions(folder) == [
        ("order", "5f2c-1"), ("verdict", "5f2c-1"), ("verdict", "5f2c-1"),
        ("order", "5f2c-11"), ("verdict", "other-1"),
    ]  # fmt: skip


def test_an_action_that_an_earlier_version_wrote_without_its_id_is_not_written_again(
    folder: Path, store: HistoryWriter
) -> None:
    store.write(of(step("", ago=30)))
    store.write(of(step(ago=29), step("5f2c-2", ago=31, node="node2")))
    assert actions(folder) == [("order", "5f2c-2"), ("order", "")]


_WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.history.conftest import event, reading, service
from tests.history.test_writer import make, of
store, count = make(Path(sys.argv[1])), 0
while True:
    count += 1
    store.write(of(*(event(f"event {count}") for _ in range(20)), reading(service(), after=count)))
    store.prune()
    print(count, flush=True)
"""


@pytest.mark.real_time
def test_a_writer_that_is_killed_leaves_a_database_that_opens(folder: Path) -> None:
    root = str(Path(__file__).parents[2])
    written = 0
    for _ in range(2):
        child = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-c", _WRITER, str(folder), root], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        counts = [child.stdout.readline() for _ in range(10)]
        child.send_signal(signal.SIGKILL)
        counts += child.stdout.read().splitlines()
        child.wait()
        child.stdout.close()
        written += max(int(one) for one in counts if one.strip())
        kept = texts(folder)
        assert len(kept) >= 20 * written
        assert len(kept) % 20 == 0, "a part of a batch was kept"
        written = len(kept) // 20
    store = make(folder)
    store.write(of(event("and on")))
    assert texts(folder)[-1] == "and on"
    store.close()
    assert not list(folder.glob("*broken*"))


def test_what_is_older_than_the_bound_goes_and_a_quiet_service_keeps_its_state(
    folder: Path,
) -> None:
    store, queue, day = make(folder, days=20), WriteQueue(), 86_400
    shift = (datetime.now(UTC) - ON).total_seconds()
    for ago in (40, 25, 0):
        status = "RUNNING" if ago == 25 else "STOPPED"
        services = (service(start=10**7), service("ccs", status, None))
        store.write(
            of(reading(*services, after=shift - ago * day), event(f"{ago}", ago=ago * day),
               reading(service("x"), node="gone", after=shift - 40 * day), queue=queue)
        )  # fmt: skip
    store.prune()
    assert texts(folder) == ["0"]
    assert len(rows(folder, "span")) == 1
    kept = sorted((str(row[2]), row[4]) for row in rows(folder, "state"))
    assert kept == [("alert_mgr", "RUNNING"), ("ccs", "RUNNING"), ("ccs", "STOPPED")]
    assert store.generation == 2
    store.close()


@pytest.mark.parametrize("churn", [False, True], ids=["events", "names"])
def test_it_never_grows_beyond_its_limit_and_the_oldest_goes(folder: Path, *, churn: bool) -> None:
    limit = 2**18
    store, queue = make(folder, limit=limit), WriteQueue()
    for count in range(30):
        names = [service(f"s{count}-{one}") for one in range(100)] if churn else [service()]
        events = [event(f"event {count}", ago=600 - count) for _ in range(100)]
        store.write(of(*events, reading(*names, after=count), queue=queue))
        store.prune()
        assert (folder / "history.sqlite3").stat().st_size < limit
    left = texts(folder)
    assert left[-1] == "event 29"
    assert left == sorted(left, key=lambda text: int(text.split()[1]))
    assert 100 < len(left) < 30 * 100
    store.close()


def test_a_hundred_thousand_events_are_pruned_in_a_moment(folder: Path) -> None:
    store = make(folder)
    store.write(of(event("x" * 60, ago=40 * 86_400), event("y" * 60)))
    database = store.open()
    copies = """WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count LIMIT 49999)
    INSERT INTO event SELECT event.* FROM event, count"""
    database.execute(copies)
    began = time.process_time()
    store.prune()
    assert time.process_time() - began < 5
    assert database.execute("SELECT count(*), max(at) FROM event").fetchone()[0] == 50_000
    assert len(HistoryReader(folder).events(None, limit=100)) == 100
    store.close()


def spoil_text(path: Path) -> None:
    path.write_bytes(b"this is no database at all, whatever its name is\n" * 100)


def spoil_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : 4096 * 3] = b"\xff" * 8192
    path.write_bytes(data)


def spoil_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("spoil", [spoil_text, spoil_page, spoil_half])
def test_a_broken_file_is_put_aside_and_a_new_one_begun(
    folder: Path, store: HistoryWriter, spoil: object
) -> None:
    store.write(of(*(event("before") for _ in range(500))))
    store.close()
    spoil(folder / "history.sqlite3")
    broken = (folder / "history.sqlite3").read_bytes()
    with pytest.raises(StorageError):
        HistoryReader(folder).events(None)
    store.write(of(event("after")))
    assert texts(folder) == ["after"]
    assert store.set_aside is not None
    assert store.set_aside.read_bytes() == broken


def test_a_file_that_breaks_while_it_is_open_is_put_aside_too(
    folder: Path, store: HistoryWriter
) -> None:
    store.write(of(*(event("before") for _ in range(500))))
    database = store.open()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    spoil_page(folder / "history.sqlite3")
    database.execute("PRAGMA cache_size = 1")
    database.execute("PRAGMA shrink_memory")
    for _ in range(20):
        store.write(of(*(event("after") for _ in range(50)), reading(service())))
    store.close()
    assert len(list(folder.glob("history.sqlite3.broken-*Z"))) == 1
    store.write(of(event("last")))
    assert texts(folder)[-1] == "last"


def test_a_file_of_a_later_version_is_not_touched(folder: Path, store: HistoryWriter) -> None:
    store.write(of(event("before")))
    store.close()
    database = sqlite3.connect(folder / "history.sqlite3")
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    before = (folder / "history.sqlite3").read_bytes()
    for ask in (store.open, lambda: HistoryReader(folder).events(None)):
        with pytest.raises(UnknownDatabase, match="a later version of rsdeck wrote it"):
            ask()
    assert (folder / "history.sqlite3").read_bytes() == before


def test_a_locked_file_is_an_error_and_is_written_later(folder: Path, store: HistoryWriter) -> None:
    store.write(of(event("before")))
    database = sqlite3.connect(folder / "history.sqlite3", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageError, match=r"history\.sqlite3: database is locked"):
        store.write(of(event("meanwhile")))
    assert texts(folder) == ["before"]
    database.execute("ROLLBACK")
    database.close()
    store.write(of(event("after")))
    assert texts(folder) == ["before", "after"]


def spoil_mode(folder: Path) -> str:
    (folder / "history.sqlite3").chmod(0o644)
    return "others can get at it (mode 0644); run: chmod 600"


def spoil_folder(folder: Path) -> str:
    folder.chmod(0o755)
    return "others can get at it (mode 0755); run: chmod 700"


def spoil_link(folder: Path) -> str:
    (folder / "history.sqlite3").rename(folder / "elsewhere")
    (folder / "history.sqlite3").symlink_to(folder / "elsewhere")
    return "it is a symbolic link"


def spoil_pipe(folder: Path) -> str:
    (folder / "history.sqlite3").unlink()
    os.mkfifo(folder / "history.sqlite3", 0o600)
    return "it is not a regular file"


def spoil_owner(folder: Path) -> str:
    if os.geteuid():
        pytest.skip("only root can give files away")
    os.chown(folder / "history.sqlite3", 12345, 12345)
    return "it belongs to another user (uid 12345)"


@pytest.mark.parametrize(
    "spoil", [spoil_mode, spoil_folder, spoil_link, spoil_pipe, spoil_owner],
    ids=lambda one: one.__name__,
)  # fmt: skip
def test_a_file_that_is_not_safely_this_users_is_refused_with_its_path(
    folder: Path, store: HistoryWriter, spoil: object
) -> None:
    store.write(of(event()))
    store.close()
    says = spoil(folder)
    for ask in (store.open, lambda: HistoryReader(folder).events(None)):
        with pytest.raises(StorageError, match=str(folder)) as refused:
            ask()
        assert says in str(refused.value)


def test_without_a_home_there_is_nowhere_to_keep_it() -> None:
    with pytest.raises(StorageError, match="no home folder"):
        make(NOWHERE).open()


_FULL = """
import sys, resource
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.history.conftest import event
from tests.history.test_writer import make, of, texts
from tui.storage.private_files import StorageError
folder = Path(sys.argv[1])
store = make(folder)
store.write(of(event("before")))
sys.dont_write_bytecode = True  # half a compiled module would stay
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
try:
    store.write(of(*(event("too much " * 50) for _ in range(2000))))
except StorageError as error:
    print(error)
print(texts(folder))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.write(of(event("after")))
print(texts(folder))
"""


@pytest.mark.real_time
def test_a_full_disk_takes_nothing_away_and_is_written_again_when_there_is_room(
    folder: Path,
) -> None:
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", _FULL, str(folder), str(Path(__file__).parents[2])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    error, full, after = done.stdout.splitlines()
    assert f"{folder}/history.sqlite3: " in error
    assert full == "['before']"
    assert after == "['before', 'after']"


def test_a_batch_that_fails_halfway_leaves_nothing_and_its_states_are_written_again(
    folder: Path, store: HistoryWriter
) -> None:
    store.write(of(event("before")))
    other = sqlite3.connect(folder / "history.sqlite3", isolation_level=None)
    other.execute("CREATE TRIGGER refuse BEFORE INSERT ON span BEGIN SELECT RAISE(FAIL, 'no'); END")
    with pytest.raises(StorageError, match="no"):
        store.write(of(event("halfway"), reading(service())))
    assert texts(folder) == ["before"]
    assert rows(folder, "state") == []
    other.execute("DROP TRIGGER refuse")
    other.close()
    store.write(of(event("after"), reading(service())))
    assert texts(folder) == ["before", "after"]
    assert len(rows(folder, "state")) == 1


def test_a_file_that_is_taken_away_is_begun_anew(folder: Path, store: HistoryWriter) -> None:
    store.write(of(event("before"), reading(service())))
    for one in folder.glob("history.sqlite3*"):
        one.rename(folder / f"old-{one.name}")
    store.write(of(event("after")))
    assert texts(folder) == ["after"]
    assert store.generation == 2


def test_many_readers_never_keep_the_writer_waiting(folder: Path, store: HistoryWriter) -> None:
    store.write(of(event("before")))
    database = sqlite3.connect(folder / "history.sqlite3", isolation_level=None)
    database.execute("BEGIN")
    database.execute("SELECT * FROM event").fetchall()
    store.write(of(event("after")))
    store.prune()
    assert texts(folder) == ["before", "after"]
    database.close()
    until(lambda: texts(folder))
