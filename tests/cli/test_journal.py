"""`rsdeck journal`, after a real deck has written one."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tui.journal import records
from tui.journal.journal_file import JournalFile


@pytest.fixture
def folder(rsdeck: Command) -> Path:
    return rsdeck.home / ".local" / "state" / "rsdeck"


def keep(folder: Path) -> JournalFile:
    """Keep an order as a deck does (see tests/fleet/orders/test_journaled_orders.py)."""
    store = JournalFile(folder)
    at, more = "2026-11-24T04:12:21.000001Z", {"session": "5e55", "id": "5e55-1"}
    seen = {"name": "alert_mgr", "status": "RUNNING", "start_time": None, "kind": "optional"}
    for fields in (
        {
            "kind": "session",
            "session": "5e55",
            "user": "ann",
            "login": "ann",
            "host": "jump",
            "pid": 7,
            "ssh": "192.0.2.7",
            "version": "1",
            "read_only": False,
        },
        {
            "kind": "intent",
            **more,
            "verb": "restart",
            "node": "node1",
            "username": "op@demo",
            "services": [seen],
            "reason": "leak in 3.1",
        },
        {"kind": "sent", **more},
        {"kind": "result", **more, "outcome": "accepted", "http": 200, "text": "", "ms": 41},
        {
            "kind": "verdict",
            **more,
            "service": "alert_mgr",
            "result": "verified",
            "text": "held for 10 s",
            "timeline": [],
        },
        {
            "kind": "refused",
            "session": "5e55",
            "verb": "stop",
            "node": "node2",
            "services": ["ccs"],
            "why": "required \x1b[31mred",
        },
        {"kind": "session_end", "session": "5e55"},
    ):
        store.append({"at": at, **fields})
    return store


def test_no_journal_yet_is_reported_with_its_path_and_code_2(rsdeck: Command, folder: Path) -> None:
    for more in ((), ("--json",), ("--verify",)):
        ran = rsdeck.run("journal", *more)
        assert ran.code == 2
        assert ran.out.startswith('{"error": ' if more == ("--json",) else "")
        assert ran.err == f"rsdeck: there is no journal yet at {folder}/journal.jsonl\n"
    assert not folder.exists()


def test_it_is_a_table_newest_last_and_harmless(rsdeck: Command, folder: Path) -> None:
    keep(folder)
    ran = rsdeck.run("journal")
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["TIME", "UTC", "ACTION", "WHAT", "NODE"]
    assert [line.split()[3] for line in lines[1:]] == [
        "session",
        "intent",
        "sent",
        "result",
        "verdict",
        "refused",
        "session_end",
    ]
    assert "ann on jump from 192.0.2.7, pid 7" in lines[1]
    assert lines[2].split()[:5] == ["2026-11-24", "04:12:21", "5e55-1", "intent", "node1"]
    assert lines[2].endswith("restart alert_mgr as op@demo: leak in 3.1")
    assert lines[4].endswith("accepted 200 after 41 ms")
    assert lines[5].endswith("alert_mgr: verified, held for 10 s")
    assert "stop ccs: required ␛[31mred" in lines[6]
    assert "\x1b" not in ran.out


def test_a_node_after_which_a_rollout_stopped_is_shown_so(rsdeck: Command, folder: Path) -> None:
    step = {"kind": "step", "node": "node2", "text": "ccs is STOPPED on node3"}
    store = JournalFile(folder)
    for result in ("restarted", "blocked"):
        store.append({"at": "2026-11-24T04:12:21Z", "id": "5e55-r1", "result": result, **step})
    lines = rsdeck.run("journal").out.splitlines()
    assert lines[1].endswith("node2  restarted, and stopped after it: ccs is STOPPED on node3")
    assert lines[2].endswith("node2  blocked: ccs is STOPPED on node3")


def test_a_rest_that_a_person_cleared_is_shown_with_its_nodes(
    rsdeck: Command, folder: Path
) -> None:
    store, at = JournalFile(folder), "2026-11-24T04:12:21Z"
    store.append({"at": at, "id": "5e55-r1", **records.rollout_cleared(["node2", "node3"])})
    line = rsdeck.run("journal").out.splitlines()[1]
    assert "5e55-r1" in line
    assert line.endswith("rollout_cleared  -     rest not offered again: node2, node3")
    assert rsdeck.run("journal", "--verify").code == 0


def test_times_are_in_the_zone_of_the_configuration(rsdeck: Command, folder: Path) -> None:
    keep(folder)
    rsdeck.configure('[settings]\ntime = "local"\n')
    ran = rsdeck.run("journal")
    assert ran.out.startswith("TIME LOCAL")
    rsdeck.configure('[settings]\ntime = "mars"\n')
    ran = rsdeck.run("journal")
    assert "2026-11-24 04:12:21" in ran.out
    assert "times are in UTC: " in ran.err
    assert "settings.time: must be utc or local" in ran.err


def test_the_newest_records_alone_can_be_shown(rsdeck: Command, folder: Path) -> None:
    keep(folder)
    ran = rsdeck.run("journal", "--last", "2")
    assert [row[3] for row in ran.rows] == ["refused", "session_end"]
    whole = rsdeck.run("journal").rows
    for last in range(1, len(whole) + 1):
        assert rsdeck.run("journal", "--last", str(last)).rows == whole[-last:]
    assert rsdeck.run("journal", "--last", "0").code == 2
    assert rsdeck.run("journal", "--last", "2", "--verify").code == 2


def test_json_is_one_record_a_line_as_it_was_written(rsdeck: Command, folder: Path) -> None:
    store = keep(folder)
    ran = rsdeck.run("journal", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.isascii()
    written = [json.loads(line) for line in store.path.read_bytes().splitlines()]
    assert [json.loads(line) for line in ran.out.splitlines()] == written
    last = rsdeck.run("journal", "--json", "--last", "1")
    assert json.loads(last.out)["kind"] == "session_end"


def test_a_complete_journal_is_reported_as_complete(rsdeck: Command, folder: Path) -> None:
    store = keep(folder)
    ran = rsdeck.run("journal", "--verify")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{store.path}: 7 records, each follows the one before it\n"


def test_an_edit_and_a_missing_line_are_found_with_their_line(
    rsdeck: Command, folder: Path
) -> None:
    store = keep(folder)
    good = store.path.read_bytes()
    store.path.write_bytes(good.replace(b"alert_mgr", b"cm_server", 1))
    ran = rsdeck.run("journal", "--verify")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"rsdeck: {store.path}: line 2: it is not as it was written\n"
    lines = good.splitlines(keepends=True)
    store.path.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    ran = rsdeck.run("journal", "--verify", "--json")
    assert ran.code == 1
    report = json.loads(ran.out)
    assert (report["whole"], report["line"], report["records"]) == (False, 4, 3)
    assert "lines are missing" in report["why"]


def test_an_older_file_is_shown_and_checked_with_the_newest(rsdeck: Command, folder: Path) -> None:
    store = keep(folder)
    older = folder / "journal.1.jsonl"
    store.path.rename(older)
    keep(folder)
    ran = rsdeck.run("journal")
    assert (ran.err, len(ran.rows)) == ("", 14)
    assert rsdeck.run("journal", "--verify").out.startswith(f"{store.path}: 14 records")
    older.write_bytes(older.read_bytes().replace(b"alert_mgr", b"cm_server", 1))
    ran = rsdeck.run("journal", "--verify")
    assert ran.err == f"rsdeck: {older}: line 2: it is not as it was written\n"
    report = json.loads(rsdeck.run("journal", "--verify", "--json").out)
    assert (report["file"], report["line"]) == ("journal.1.jsonl", 2)
    assert "rsdeck: journal.1.jsonl line 2 is not" in rsdeck.run("journal").err


def test_a_half_written_end_is_a_note(rsdeck: Command, folder: Path) -> None:
    store = keep(folder)
    store.path.write_bytes(store.path.read_bytes()[:-30])
    ran = rsdeck.run("journal", "--verify")
    assert ran.code == 0
    assert "line 7: the last one is half-written" in ran.err
    shown = rsdeck.run("journal")
    assert (shown.code, len(shown.rows)) == (0, 6)
    assert "line 7 is not as it was written" in shown.err


def test_a_journal_that_others_can_read_is_refused(rsdeck: Command, folder: Path) -> None:
    keep(folder).path.chmod(0o644)
    ran = rsdeck.run("journal")
    assert (ran.code, ran.out) == (2, "")
    assert "chmod 600" in ran.err


@pytest.mark.real_time
def test_it_needs_neither_textual_nor_the_network(rsdeck: Command, folder: Path) -> None:
    keep(folder)
    argv = rsdeck.without("textual", "rich", "httpx", "pydantic", "uvicorn", "asyncio")
    for more in ((), ("--json",), ("--verify",)):
        assert rsdeck.run_process("journal", *more, argv=argv).code == 0
