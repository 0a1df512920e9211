"""`rsdeck events`, after a real deck has kept some."""

import asyncio
import json
import os
import pty
import re
import signal
import sqlite3
import termios
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import USER, Command, until
from tests.fleet.plan_nodes import open_order
from tests.history.conftest import event
from tui.history.recorder import HistoryRecorder
from tui.journal.order_journal import OrderJournal
from tui.model.event import Cause, Event, OrderGiven, Restart, Sender, StatusChange
from tui.model.order import Result, Tier, Verdict
from tui.sim.server import SimulatedCluster

ORDER = open_order()
RESTARTED = "restarted, RUNNING before and after, sent from here"


@pytest.fixture
def folder(rsdeck: Command) -> Path:
    return rsdeck.home / ".local" / "state" / "rsdeck"


def keep(folder: Path, *events: Event) -> None:
    """Keep events as a deck does; a whole session is in tests/fleet/test_history.py."""

    async def session() -> None:
        keeper = HistoryRecorder(folder)
        await keeper.begin()
        for one in events:
            keeper.note(one, "demo")
        keeper.end()

    asyncio.run(session())


def keep_some(folder: Path) -> None:
    keep(
        folder,
        event(ago=7200, details=StatusChange("RUNNING", "STOPPED")),
        event("no answer \x1b[2J", ago=600, node="node2", service=""),
        event(ago=5, service="ccs", details=Restart("RUNNING"), cause=Cause.ORDERED_HERE),
    )


@pytest.mark.terminal
def test_on_a_terminal_of_80_columns_no_word_is_broken(rsdeck: Command, folder: Path) -> None:
    sender = Sender("root", 4568, "maintenance of the host, as announced")
    change = StatusChange("RUNNING", "STOPPED")
    keep(folder, event(service="sentinel_service", details=change, sender=sender))
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    child = rsdeck.start("events", stdout=theirs)
    os.close(theirs)
    printed = b""
    while b"announced" not in printed:
        printed += os.read(ours, 4096)
    rsdeck.finish(child)
    os.close(ours)
    assert max(map(len, printed.decode().splitlines())) <= 80


def test_no_history_yet_is_no_error_and_says_what_records_one(
    rsdeck: Command, folder: Path
) -> None:
    for more in ((), ("--json",), ("--since", "1h")):
        ran = rsdeck.run("events", *more)
        assert (ran.code, ran.out) == (0, "")
        path, what = f"{folder}/history.sqlite3", "an open deck, and an action or rollout of"
        assert ran.err.splitlines()[:2] == [
            f"rsdeck: no event is recorded yet at {path}: {what} the command line, record them",
            "rsdeck: no node is configured whose cluster's log could be read",
        ]
    assert not folder.exists()


def test_without_a_history_the_clusters_own_log_is_read_by_gets_alone(
    known: Command, served: SimulatedCluster, folder: Path
) -> None:
    served.cluster.contents.raise_alert("node_memory", "WARNING", 2)
    ran = known.run("events", "--last", "2")
    assert ran.code == 0
    assert [row[2:5] for row in ran.rows] == [["demo", "-", "cluster"], ["node2", "-", "cluster"]]
    assert ran.err.splitlines()[1:] == [
        "rsdeck: shown instead: the last day of the cluster's own log (demo); it names no service"
    ]
    whole = [json.loads(line) for line in known.run("events", "--json").out.splitlines()]
    assert {(one["what"], one["ordered"], one["sender"]) for one in whole} == {
        ("cluster", False, None)
    }
    of_node = known.run("events", "--json", "--node", "node2").out.splitlines()
    assert of_node == [json.dumps(one) for one in whole if one["node"] == "node2"] != []
    recent = [
        json.loads(line) for line in known.run("events", "--json", "--since", "1m").out.splitlines()
    ]
    assert recent == [one for one in whole if one["node"] == "node2"]
    sent = {one.method for one in served.cluster.requests if one.path != "/v1/users/authorize"}
    assert sent == {"GET"}
    assert not (folder / "history.sqlite3").exists()


def test_without_a_history_a_log_that_is_not_known_has_its_reason_and_an_unknown_node_is_refused(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run("events", "--node", "node9", "--json")
    assert (ran.code, json.loads(ran.out)["error"]["code"]) == (2, "unknown_node")
    served.cluster.users[USER].role = "db_viewer"
    ran = known.run("events")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines()[1:] == [
        "rsdeck: the log of demo is not known: 403",
        "rsdeck: no event is known",
    ]
    for uid in served.urls:
        served.cluster.power_off(uid)
    ran = known.run("events")
    assert (ran.code, ran.out) == (0, "")
    assert "rsdeck: the log of demo is not known: node1 (" in ran.err


def test_it_is_a_table_newest_last_and_harmless(rsdeck: Command, folder: Path) -> None:
    keep_some(folder)
    ran = rsdeck.run("events")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["TIME", "UTC", "NODE", "SERVICE", "WHAT"]
    assert [line.split()[2:5] for line in lines[1:]] == [
        ["node1", "alert_mgr", "status"],
        ["node2", "-", "lost"],
        ["node1", "ccs", "restarted"],
    ]
    assert lines[1].endswith("RUNNING → STOPPED")
    assert lines[2].endswith("no answer ␛[2J")
    assert lines[3].endswith(f"{RESTARTED}")


def test_json_is_one_object_a_line(rsdeck: Command, folder: Path) -> None:
    keep_some(folder)
    ran = rsdeck.run("events", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.isascii()
    shown = [json.loads(line) for line in ran.out.splitlines()]
    assert {tuple(one) for one in shown} == {
        ("at", "until", "node", "service", "what", "text", "ordered", "sender", "action")
    }
    assert [one["what"] for one in shown] == ["status", "lost", "restarted"]
    assert [one["ordered"] for one in shown] == [False, False, True]
    age = datetime.now(UTC) - datetime.fromisoformat(shown[0]["at"])
    assert abs(age - timedelta(hours=2)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("more", "texts"),
    [
        (["--since", "1h"], ["no answer ␛[2J", RESTARTED]),
        (["--since", "30s"], [RESTARTED]),
        (["--since", "15m", "--node", "node2"], ["no answer ␛[2J"]),
        (["--since", "2d", "--last", "1"], [RESTARTED]),
        (["--since", "999999d"], ["RUNNING → STOPPED", "no answer ␛[2J", RESTARTED]),
        (["--node", "no-such"], []),
    ],
)
def test_it_can_be_narrowed(
    more: list[str], texts: list[str], rsdeck: Command, folder: Path
) -> None:
    keep_some(folder)
    ran = rsdeck.run("events", "--json", *more)
    assert ran.code == 0
    assert [json.loads(line)["text"] for line in ran.out.splitlines()] == texts


def test_nothing_that_happened_is_no_fault(rsdeck: Command, folder: Path) -> None:
    keep(folder)
    ran = rsdeck.run("events")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "rsdeck: no event is known\n"
    ran = rsdeck.run("events", "--json")
    assert (ran.code, ran.out, ran.err) == (0, "", "")


def keep_watched(folder: Path, *spans: tuple[str, float, float]) -> None:
    """Keep that nodes answered, from and until so many seconds ago, in a file of a session."""
    now = datetime.now(UTC).timestamp()
    with sqlite3.connect(folder / "history.sqlite3") as database:
        database.executemany(
            "INSERT INTO span VALUES ('demo', ?, ?, ?)",
            [(node, now - begun, now - ended) for node, begun, ended in spans],
        )
    database.close()


def test_a_time_without_data_is_a_line_of_its_own_once_for_all_nodes(
    rsdeck: Command, folder: Path
) -> None:
    keep_some(folder)
    watched = (("node1", 9000, 7000), ("node2", 9000, 6900), ("node1", 700, 20), ("node2", 650, 1))
    keep_watched(folder, *watched, ("node1", 17, 1))
    shown = [json.loads(line) for line in rsdeck.run("events", "--json").out.splitlines()]
    assert [one["what"] for one in shown] == ["status", "no data", "lost", "restarted"]
    gap = shown[1]
    assert (gap["node"], gap["service"], gap["ordered"]) == ("", "", False)
    lasted = datetime.fromisoformat(gap["until"]) - datetime.fromisoformat(gap["at"])
    assert lasted == timedelta(seconds=6200)
    (line,) = [line for line in rsdeck.run("events").out.splitlines() if "no data" in line]
    assert line.split()[2:4] == ["-", "-"]
    assert line.endswith(" (1 h 43 m)")
    assert "not watched " in line


def test_a_span_that_is_no_time_is_left_out(rsdeck: Command, folder: Path) -> None:
    keep_some(folder)
    never = 1e300
    keep_watched(folder, ("node1", 9000, 7000), ("node1", -never, -never), ("node2", never, never))
    ran = rsdeck.run("events")
    assert (ran.code, ran.err) == (0, "")
    assert "no data" not in ran.out


@pytest.mark.parametrize(
    ("more", "kinds"),
    [
        (["--node", "node2"], ["no data", "lost"]),
        (["--since", "15m"], ["no data", "lost", "restarted"]),
        (["--since", "5m"], ["restarted"]),
        (["--last", "2"], ["lost", "restarted"]),
    ],
)
def test_times_without_data_are_narrowed_as_events_are(
    more: list[str], kinds: list[str], rsdeck: Command, folder: Path
) -> None:
    keep_some(folder)
    keep_watched(folder, ("node1", 9000, 7000), ("node2", 9000, 6900), ("node2", 700, 1))
    shown = rsdeck.run("events", "--json", *more).out.splitlines()
    assert [json.loads(line)["what"] for line in shown] == kinds


@pytest.mark.parametrize(
    "value", ["1", "h", "1 h", "-1h", "1.5h", "\uff11h", "1w", "9999999s", "\x1b"]
)
def test_what_is_no_duration_is_refused(value: str, rsdeck: Command, folder: Path) -> None:
    keep_some(folder)
    ran = rsdeck.run("events", f"--since={value}")
    assert (ran.code, ran.out) == (2, "")
    assert "write 30s, 15m, 1h or 2d" in ran.err
    assert "\x1b" not in ran.err


def test_what_is_written_into_the_file_by_others_is_cleaned(rsdeck: Command, folder: Path) -> None:
    keep_some(folder)
    database = sqlite3.connect(folder / "history.sqlite3")
    database.execute("UPDATE event SET text = char(27) || ']0;x' || char(7), node = char(8238)")
    database.execute("UPDATE event SET fields = NULL WHERE service = 'ccs'")
    database.commit()
    database.close()
    for more in ((), ("--json",)):
        ran = rsdeck.run("events", *more)
        assert ran.code == 0
        assert not any(raw in ran.out for raw in ("\x1b", "\x07", "\u202e"))
        assert "u001b" not in ran.out


def test_a_history_that_others_can_read_or_that_is_broken_is_refused(
    rsdeck: Command, folder: Path
) -> None:
    keep_some(folder)
    path = folder / "history.sqlite3"
    path.chmod(0o644)
    ran = rsdeck.run("events")
    assert (ran.code, ran.out) == (2, "")
    assert "chmod 600" in ran.err
    path.chmod(0o600)
    path.write_bytes(b"no database" * 1000)
    ran = rsdeck.run("events")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"rsdeck: {path}: file is not a database\n"


def test_it_reads_while_a_deck_writes(rsdeck: Command, folder: Path) -> None:
    async def session() -> None:
        keeper = HistoryRecorder(folder)
        await keeper.begin()
        keeper.note(event("while it is open"), "demo")
        until(lambda: "while it is open" in rsdeck.run("events").out)
        keeper.end()

    asyncio.run(session())


async def send(folder: Path) -> str:
    """Record an action and its verdict as another process does; return its id."""
    journal = OrderJournal(folder)
    await journal.begin()
    await journal.intend(ORDER, Tier.TYPED, "admin")
    journal.judged(ORDER, Verdict("ccs", Result.VERIFIED, "held"))
    journal.end()
    return journal.id_of(ORDER)


def test_an_action_that_the_journal_alone_has_is_shown_once(rsdeck: Command, folder: Path) -> None:
    """Deck and command were killed before one of them could write it into the history."""
    keep(folder, event(ago=5))
    id_ = asyncio.run(send(folder))

    def shown(*more: str) -> list[tuple[str, str | None]]:
        lines = rsdeck.run("events", "--json", *more).out.splitlines()
        return [(one["what"], one["action"]) for one in map(json.loads, lines)]

    steps = [("order", id_), ("verdict", id_)]
    assert shown() == [("lost", None), *steps]
    assert shown("--node", "node1") == [("lost", None)]
    assert shown("--last", "1", "--node", ORDER.target.node) == steps[1:]
    table = rsdeck.run("events").out
    assert "stop sent by another rsdeck here (" in table
    assert "stop: verified, held" in table
    sent = OrderGiven(ORDER.verb, ORDER.names, ORDER.reason)
    keep(folder, event(service="ccs", details=sent, node=ORDER.target.node, action=id_))
    assert sorted(shown(), key=str) == sorted([("lost", None), *steps], key=str)


def test_an_action_in_the_journal_is_shown_where_there_is_no_history(
    rsdeck: Command, folder: Path
) -> None:
    """The first command of all was killed after it had sent its action."""
    id_ = asyncio.run(send(folder))
    ran = rsdeck.run("events", "--json")
    assert "no event is recorded yet" in ran.err
    assert [json.loads(line)["action"] for line in ran.out.splitlines()] == [id_, id_]


@pytest.mark.real_time
def test_it_needs_neither_textual_nor_the_network(rsdeck: Command, folder: Path) -> None:
    keep_some(folder)
    argv = rsdeck.without("textual", "rich", "httpx", "pydantic", "uvicorn", "tomlkit")
    for more in ((), ("--json",), ("--since", "1d")):
        assert rsdeck.run_process("events", *more, argv=argv).code == 0


@pytest.mark.real_time
def test_its_help_has_examples_and_needs_no_database(rsdeck: Command) -> None:
    ran = rsdeck.run_process("events", "--help", argv=rsdeck.without("sqlite3", "platformdirs"))
    assert ran.code == 0
    assert "rsdeck events --since 1h" in ran.out
    assert "Exit codes: 0 also if nothing happened" in ran.out


@pytest.mark.real_time
def test_what_is_recorded_later_follows_and_each_event_comes_once(
    rsdeck: Command, folder: Path
) -> None:
    child = rsdeck.start("events", "--follow", "--json", "--since", "1h")
    assert child.stdout is not None
    keep(folder, event(ago=60, service="ccs", details=Restart("RUNNING")))
    first = json.loads(child.stdout.readline())
    keep(folder, event(ago=0, service="alert_mgr", details=Restart("RUNNING")))
    second = json.loads(child.stdout.readline())
    assert (first["service"], second["service"]) == ("ccs", "alert_mgr")
    # An action of another process is recorded when the deck comes to know of it.
    keep(folder, event(ago=20, service="late", details=Restart("RUNNING")))
    assert json.loads(child.stdout.readline())["service"] == "late"
    child.send_signal(signal.SIGINT)
    ran = rsdeck.finish(child)
    assert ran.code == 130
    assert ran.out == ""


@pytest.mark.real_time
def test_a_line_that_follows_names_the_zone_of_its_time(rsdeck: Command, folder: Path) -> None:
    """No heading stands above it."""
    child = rsdeck.start("events", "--follow", "--since", "1h")
    assert child.stdout is not None
    keep(folder, event(ago=60, service="ccs", details=Restart("RUNNING")))
    line = child.stdout.readline()
    assert re.match(r"20[0-9-]{8} [0-9:]{8} UTC  node1  ccs  restarted  ", line)
    child.send_signal(signal.SIGINT)
    assert rsdeck.finish(child).code == 130


@pytest.mark.real_time
def test_following_ends_when_its_reader_has_gone(rsdeck: Command, folder: Path) -> None:
    child = rsdeck.start("events", "--follow", "--since", "1h")
    assert child.stdout is not None
    child.stdout.close()
    child.stdout = None
    keep(folder, event(ago=-1, service="ccs", details=Restart("RUNNING")))
    assert rsdeck.finish(child).code == 141
