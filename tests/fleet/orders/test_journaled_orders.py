"""No order leaves that is not on the disk.

P21, cases 42 and 50.
"""

# ruff: noqa: ASYNC240 - the files are small, and what waits for them is the test

import asyncio
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.faultserver import Peer, answer, serving
from tests.fleet.conftest import LIST, PASSWORD, Play, Running, profile, running, said
from tests.fleet.order_process import QUICK
from tests.fleet.witness import Child, Witness, child, records, traced
from tui.journal.chain import check_chain
from tui.journal.journal_file import JournalFile
from tui.journal.order_journal import OrderJournal
from tui.journal.unfinished import find_unfinished_orders
from tui.model.event import EventKind
from tui.model.order import Order, Result, Tier, Verb
from tui.storage import paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rsdeck"


# What is kept


async def test_the_life_of_an_order_is_kept_and_chained(folder: Path) -> None:
    play = Witness(folder)
    with serving(play) as server:
        journal = OrderJournal(folder)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            assert (await deck.verdict(order)).result is Result.VERIFIED
    told = records(folder)
    assert [one["kind"] for one in told] == [
        "session", "intent", "sent", "result", "verdict", "session_end",
    ]  # fmt: skip
    session, intent, sent, result, verdict, _ = told
    assert session["pid"] == os.getpid()
    assert {"version", "user", "login", "host", "tty", "ssh", "read_only"} <= session.keys()
    assert (intent["verb"], intent["node"], intent["uid"]) == ("restart", "node1", 1)
    assert (intent["hostname"], intent["cluster"]) == ("host1", "played")
    assert intent["tier"] == "plain"
    assert intent["route"]["path"] == LIST
    (seen,) = intent["services"]
    assert (seen["name"], seen["status"], seen["kind"]) == ("alert_mgr", "RUNNING", "optional")
    assert seen["start_time"] == "2026-01-01T00:00:00Z"
    assert sent["id"] == intent["id"] == result["id"] == verdict["id"]
    assert (result["outcome"], result["http"]) == ("accepted", 200)
    assert (verdict["result"], verdict["start_time"]) == ("verified", "2026-01-02T00:01:00Z")
    assert [one["seq"] for one in told] == list(range(1, 7))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", one["at"]) for one in told)
    assert all(one["mono"] > 0 for one in told)
    assert check_chain(JournalFile(folder).lines()).broken_at is None


class SlowJournal(OrderJournal):
    """A journal on a disk that has written an intent and does not say so."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.written = asyncio.Event()

    async def intend(self, order: Order, tier: Tier, username: str) -> None:
        await super().intend(order, tier, username)
        self.written.set()
        await asyncio.Event().wait()


async def test_an_order_interrupted_before_its_post_is_no_unknown_one_later(folder: Path) -> None:
    with serving(Play()) as server:
        journal = SlowJournal(folder)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            await deck.known()
            deck.give(Verb.RESTART, "alert_mgr")
            await journal.written.wait()
        assert not server.posts
    assert [one["kind"] for one in records(folder)] == [
        "session", "intent", "verdict", "session_end",
    ]  # fmt: skip
    assert records(folder)[2]["result"] == "not sent"
    assert find_unfinished_orders(JournalFile(folder).lines()) == ()


async def test_no_password_and_no_header_is_in_the_journal(folder: Path) -> None:
    play = Play()
    play.post(answer('{"description": "because\\u001b[31m"}', 400))
    with serving(play) as server:
        journal = OrderJournal(folder)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            assert (await deck.verdict(order)).result is Result.REFUSED
    data = b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())
    assert b"because" in data
    encoded = server.posts[0].headers["authorization"].removeprefix("Basic ")
    for secret in (PASSWORD, encoded, "uthorization", "Basic", "\x1b", "u001b"):
        assert secret.encode() not in data


def steps_of(deck: Running) -> list[EventKind]:
    """List the steps of actions in the timeline."""
    steps = (EventKind.ORDERED, EventKind.VERDICT)
    return [one.kind for one in deck.fleet.events if one.kind in steps]


async def test_what_the_last_check_stops_is_kept_as_refused(folder: Path) -> None:
    play = Play()
    with serving(play) as server:
        journal = OrderJournal(folder)
        async with running(profile(server.url), refresh=30, journal=journal) as deck:
            await deck.known()
            play.restart()
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            # Nothing was sent: the timeline has no action, only its verdict.
            assert steps_of(deck) == [EventKind.VERDICT]
    assert not records(folder, "intent")
    (refused,) = records(folder, "refused")
    assert (refused["verb"], refused["services"]) == ("restart", ["alert_mgr"])
    assert "was restarted since you looked" in refused["why"]


async def test_what_could_not_leave_after_its_record_has_its_end_in_the_journal(
    folder: Path,
) -> None:
    """P5, P6: the node closes the connection after the check, and nothing stays unfinished."""
    play = Play()

    def last(peer: Peer) -> None:
        peer.send(said(play.services).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
        peer.sock.shutdown(socket.SHUT_RDWR)

    with serving(play) as server:
        journal = OrderJournal(folder)
        async with running(profile(server.url), refresh=30, journal=journal) as deck:
            await deck.known()
            play.get(LIST, last)
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.NOT_SENT
            assert not server.posts
            assert steps_of(deck) == [EventKind.ORDERED, EventKind.VERDICT]
            id_ = records(folder, "intent")[0]["id"]
            assert {one.action for one in deck.fleet.events if one.action} == {id_}
    (ended,) = records(folder, "verdict")
    assert ended["result"] == "not sent"
    assert not records(folder, "refused")
    assert not find_unfinished_orders(JournalFile(folder).lines())


async def test_a_read_only_fleet_touches_nothing(folder: Path) -> None:
    with serving(Play()) as server:
        journal = OrderJournal(folder)
        async with running(profile(server.url), read_only="read-only", journal=journal) as deck:
            await deck.known()
    assert not folder.exists()


# Before it leaves


async def test_each_of_twenty_orders_is_in_the_journal_when_its_post_arrives(folder: Path) -> None:
    play = Witness(folder)
    with serving(play) as server:
        journal = OrderJournal(folder)
        async with running(
            profile(server.url), refresh=0.05, patience=QUICK, journal=journal
        ) as deck:
            await deck.known()
            for _ in range(20):
                before = deck.watch().reading.asked_at
                verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
                assert verdict.result is Result.VERIFIED
                await deck.until(lambda at=before: deck.watch().reading.asked_at > at)
    assert (len(server.posts), play.unrecorded) == (20, 0)
    assert play.paired == [one["id"] for one in records(folder, "intent")]


@pytest.mark.real_time
def test_the_intent_is_synced_before_the_first_byte_of_the_post_is_written(folder: Path) -> None:
    argv = traced(folder)
    with serving(Witness(folder)) as server, child("once", server, folder, *argv) as deck:
        deck.hears()
        deck.tell()
        assert deck.hears()["result"] == "verified"
    log = (folder.parent / "strace.log").read_text("utf-8", "replace").splitlines()
    wrote = [n for n, line in enumerate(log) if "journal.jsonl" in line and " write(" in line]
    synced = [n for n, line in enumerate(log) if "journal.jsonl" in line and " fsync(" in line]
    folders = [n for n, line in enumerate(log) if "fsync(" in line and "/rsdeck>" in line]
    (posted,) = [n for n, line in enumerate(log) if '"POST /v1/local/services' in line]
    # The session and the intent are written, and each synced, and the folder too. That it is
    # being sent is written beside the sending, and may come first.
    before = [n for n in wrote if n < posted]
    assert len(before) in (2, 3)
    assert any(before[1] < n < posted for n in synced)
    assert any(n < posted for n in folders)


# Where it cannot be kept


def spoil_mode(folder: Path) -> Path:
    (folder / "journal.jsonl").touch(0o644)
    (folder / "journal.jsonl").chmod(0o644)
    return folder


def spoil_link(folder: Path) -> Path:
    (folder / "journal.jsonl").symlink_to(folder / "elsewhere")
    return folder


def spoil_folder(folder: Path) -> Path:
    folder.chmod(0o777)
    return folder


def no_folder(folder: Path) -> Path:
    (folder / "file").touch()
    return folder / "file" / "rsdeck"


def no_home(_: Path) -> Path:
    return paths.NOWHERE


def full_device(folder: Path) -> Path:
    (folder / "journal.jsonl").symlink_to("/dev/full")
    return folder


SPOILS = (spoil_mode, spoil_link, spoil_folder, no_folder, no_home, full_device)


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda one: one.__name__)
async def test_without_a_record_nothing_is_sent_and_watching_goes_on(
    folder: Path, spoil: Any
) -> None:
    folder.mkdir(mode=0o700)
    journal = OrderJournal(spoil(folder))
    with serving(Play()) as server:
        async with running(profile(server.url), journal=journal) as deck:
            await deck.known()
            assert journal.trouble
            for _ in range(2):
                verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
                assert verdict.result is Result.NOT_SENT
                assert verdict.text.endswith("; nothing was sent")
            before = deck.watch().reading.asked_at
            await deck.until(lambda: deck.watch().reading.asked_at > before)
            assert deck.watch().reading.is_good
        assert not server.posts


def in_own_mounts(folder: Path, script: str) -> tuple[str, ...]:
    """Run a child with the state folder on a file system of its own."""
    folder.mkdir(mode=0o700)
    argv = ("unshare", "-rm", "sh", "-ec", f'{script}\nexec "$@"', "sh")
    mount = f"mount -t tmpfs -o size=16k,mode=700 none '{folder}'"
    argv = (*argv[:4], f'{mount}\n{script}\nexec "$@"', "sh")
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    if subprocess.run([*argv, "true"], check=False, capture_output=True).returncode:  # noqa: S603 - our own words
        pytest.skip("may not mount here")
    return argv


def refused_twice(deck: Child, says: str) -> None:
    for _ in range(2):
        deck.tell()
        told = deck.hears()
        assert told["result"] == "not sent"
        assert says in told["text"]
    assert deck.process.stdin is not None
    deck.process.stdin.close()
    # It is watched all the same. Ended here, since without strace its disk would be well again.
    assert deck.hears() == {"readings": True}
    deck.process.wait(20)


@pytest.mark.real_time
@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("head -c 20000 /dev/zero > {}/big || true", "No space left on device"),
        ("mount -o remount,ro,size=16k,mode=700 none {}", "Read-only file system"),
    ],
)
def test_a_full_disk_and_a_read_only_one_refuse_the_order(
    folder: Path, script: str, says: str
) -> None:
    argv = in_own_mounts(folder, script.format(f"'{folder}'"))
    with serving(Play()) as server, child("once", server, folder, *argv) as deck:
        assert says in deck.hears()["trouble"]
        refused_twice(deck, says)
        assert not server.posts


@pytest.mark.real_time
def test_a_disk_that_fails_to_sync_refuses_the_order(folder: Path) -> None:
    argv = traced(folder, "-e", "inject=fsync:error=EIO")
    with serving(Play()) as server, child("once", server, folder, *argv) as deck:
        assert "Input/output error" in deck.hears()["trouble"]
        refused_twice(deck, "Input/output error")
        assert not server.posts
    assert records(folder) == []


async def test_a_disk_with_room_again_lets_the_next_order_go(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    spoil_mode(folder)
    with serving(Witness(folder)) as server:
        journal = OrderJournal(folder)
        async with running(profile(server.url), patience=QUICK, journal=journal) as deck:
            await deck.known()
            order = deck.give(Verb.RESTART, "alert_mgr")
            assert (await deck.verdict(order)).result is Result.NOT_SENT
            (folder / "journal.jsonl").chmod(0o600)
            order = deck.give(Verb.RESTART, "alert_mgr")
            assert (await deck.verdict(order)).result is Result.VERIFIED
            await deck.until(lambda: not journal.trouble)
    (intent,) = records(folder, "intent")
    assert [one["id"] for one in records(folder, "verdict")] == [intent["id"]]
