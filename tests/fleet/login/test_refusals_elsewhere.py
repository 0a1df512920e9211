"""Decks and commands that run beside each other count their refused logins together."""

import asyncio
import contextlib
import fcntl
import os
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.fleet.conftest import (
    ADMIN,
    LIST,
    PASSWORD,
    Running,
    Sleep,
    asked,
    keeping,
    profile,
    profiles,
    quiet,
    running,
)
from tui.config import NodeProfile
from tui.credentials import Passwords, Secret
from tui.credentials.refused_logins import WINDOW, RefusedLogins
from tui.fleet.login.attempt_limit import AttemptLimit
from tui.fleet.login.shared_login import Login, LoginStopped, NodeLogin
from tui.model.clock import monotonic
from tui.model.login import LoginWay
from tui.model.reading import TroubleKind
from tui.sim.server import SimulatedCluster
from tui.storage.background_writer import BackgroundWriter

WRONG = "wrong"

LOCKS = 5
"""How many failed logins lock the user."""


class WallClock(Clock):
    """Unix seconds; no two refusals come at one moment."""

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


@pytest.fixture
def clock() -> Clock:
    return WallClock(1_800_000_000.0)


@pytest.fixture
def memory(tmp_path: Path, clock: Clock) -> "Memory":
    return Memory(tmp_path / "state", clock)


class Memory:
    """The file that decks and commands share."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder, self._clock = folder, clock

    def of_command(self) -> RefusedLogins:
        return RefusedLogins(self._folder, is_attended=False, clock=self._clock)

    def of_deck(self, nodes: Sequence[NodeProfile], password: str = WRONG) -> Passwords:
        passwords = keeping(nodes, password)
        writer = BackgroundWriter("refused logins")
        passwords.refused = RefusedLogins(
            self._folder, is_attended=True, clock=self._clock, writer=writer
        )
        return passwords

    def refuse(self, times: int) -> None:
        for _ in range(times):
            self.of_command().add(ADMIN, "demo")

    async def holds(self, refusals: int) -> None:
        """Wait until so many are written."""
        end = monotonic() + 30
        while len(found := await self.of_command().others(ADMIN, "demo") or ()) != refusals:
            assert monotonic() < end, found
            await asyncio.sleep(0.01)


def failures(served: SimulatedCluster) -> int:
    return sum(one.status == 401 for one in served.cluster.requests)


async def stopped(deck: Running) -> str:
    """Wait until the login is stopped on every node, and return why."""
    await deck.until(
        lambda: all(
            one.reading.trouble is not None and one.reading.trouble.kind is TroubleKind.LOGIN
            for one in deck.fleet.nodes
        )
    )
    return deck.watch().login.trouble


@pytest.mark.parametrize(("before", "own"), [(0, 2), (1, 1), (2, 1), (3, 0), (4, 0)])
async def test_a_deck_sends_a_wrong_password_less_often_after_others_were_refused(
    before: int, own: int, served: SimulatedCluster, memory: Memory
) -> None:
    """P24: a person who has just opened it gets one try, but never the one before the last."""
    memory.refuse(before)
    nodes = profiles(served)
    async with running(*nodes, passwords=memory.of_deck(nodes)) as deck:
        deck.never_slow()
        text = await stopped(deck)
        await quiet(0.1)
        assert failures(served) == own
        await memory.holds(before + own)
        if not own:
            told = f"login of {ADMIN}: refused {before} times in the last 15 minutes"
            assert text == f"{told}; not sent for 15 min"
            assert not len(served.cluster.requests)


@pytest.mark.parametrize(("before", "more"), [(2, 1), (3, 1), (4, 0)])
async def test_what_a_person_types_then_is_never_the_refusal_that_locks_the_user(
    before: int, more: int, served: SimulatedCluster, memory: Memory
) -> None:
    """P24."""
    memory.refuse(before)
    nodes = profiles(served)
    async with running(*nodes, passwords=memory.of_deck(nodes)) as deck:
        deck.never_slow()
        await stopped(deck)
        count = failures(served)
        for _ in range(3):
            deck.fleet.renew("node1", Secret("wrong too"))
            await stopped(deck)
        await deck.until(lambda: failures(served) >= count + more)
        await quiet(0.1)
        assert failures(served) == count + more
        assert before + failures(served) <= LOCKS - 1


async def test_a_deck_that_is_held_back_goes_on_by_itself_once_no_refusal_counts(
    served: SimulatedCluster, memory: Memory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = Sleep(monkeypatch)
    memory.refuse(3)
    nodes = profiles(served)
    async with running(*nodes, passwords=memory.of_deck(nodes, PASSWORD)) as deck:
        await stopped(deck)
        await deck.until(lambda: (deck.watch().next_at or 0) > monotonic())
        assert (deck.watch().next_at or 0) - monotonic() <= 10
        clock.now += 300
        sleep.asleep += 300
        await deck.readings(1)
        assert "not sent for 10 min" in await stopped(deck)
        assert not len(served.cluster.requests)
        clock.now += WINDOW - 300
        sleep.asleep += WINDOW - 300
        deck.watch().refresh_now()
        await deck.good()
        assert failures(served) == 0


async def test_a_deck_that_is_held_back_goes_on_once_another_process_took_the_login(
    served: SimulatedCluster, memory: Memory
) -> None:
    memory.refuse(3)
    nodes = profiles(served)
    async with running(*nodes, passwords=memory.of_deck(nodes, PASSWORD)) as deck:
        await stopped(deck)
        other = memory.of_command()
        await other.others(ADMIN, "demo")
        other.remove(ADMIN, "demo")
        deck.watch().refresh_now()
        await deck.good()


async def test_two_decks_and_a_command_side_by_side_never_lock_the_user(
    served: SimulatedCluster, memory: Memory
) -> None:
    """P24."""
    nodes = profiles(served)
    async with (
        running(*nodes, passwords=memory.of_deck(nodes)) as first,
        running(*nodes, passwords=memory.of_deck(nodes)) as second,
    ):
        for _ in range(2):
            await stopped(first)
            await stopped(second)
            first.fleet.refresh()
            second.fleet.refresh()
            for deck in (first, second):
                deck.fleet.renew("node1", Secret("wrong too"))
        await stopped(first)
        await stopped(second)
        await quiet(0.1)
        assert failures(served) <= LOCKS - 1
        await memory.holds(failures(served))


async def test_refusals_of_others_do_not_disturb_a_login_that_nodes_take(
    served: SimulatedCluster, memory: Memory
) -> None:
    """A cron job with an old password must not end a deck with the right one."""
    nodes = profiles(served, login=LoginWay.BASIC)
    async with running(*nodes, passwords=memory.of_deck(nodes, PASSWORD)) as deck:
        await deck.good()
        memory.refuse(2)
        before = len(asked(served, LIST))
        await deck.readings(3)
        assert len(asked(served, LIST)) >= before + 9
        assert not deck.watch().login.trouble


async def test_a_deck_whose_login_is_taken_removes_what_others_were_refused(
    served: SimulatedCluster, memory: Memory, clock: Clock
) -> None:
    memory.refuse(2)
    clock.now += 60
    nodes = profiles(served)
    async with running(*nodes, passwords=memory.of_deck(nodes, PASSWORD)) as deck:
        await deck.good()
        await memory.holds(0)
        assert deck.watch().login.attempts.refusals == 0


async def test_every_refusal_of_a_password_that_was_changed_is_kept(
    served: SimulatedCluster, memory: Memory
) -> None:
    """Two requests may carry it at a time, and the second answer comes after the login stopped."""
    nodes = profiles(served, login=LoginWay.BASIC)
    async with running(*nodes, passwords=memory.of_deck(nodes, PASSWORD)) as deck:
        await deck.good()
        served.cluster.users[ADMIN].password = "another"
        await stopped(deck)
        await quiet(0.1)
        await memory.holds(failures(served))


def remembering(folder: Path, clock: Clock, *, is_attended: bool = True) -> Login:
    """Make a login whose refusals are kept in a folder, without a fleet."""
    login = Login(ADMIN, asks=False)
    login.memory = RefusedLogins(folder, is_attended=is_attended, clock=clock)
    return login


async def test_what_is_known_of_others_still_counts_while_the_file_cannot_be_read(
    tmp_path: Path, memory: Memory, clock: Clock
) -> None:
    """P24."""
    memory.refuse(2)
    login = remembering(tmp_path / "state", clock, is_attended=False)
    await login.count_refusals("demo")
    assert login.attempts.is_over
    (tmp_path / "state").chmod(0o755)
    await login.count_refusals("demo")
    assert login.attempts.is_over


async def test_refusals_that_cannot_be_kept_count_for_every_login_here_and_are_reported(
    served: SimulatedCluster, memory: Memory, tmp_path: Path
) -> None:
    """P24: the trouble of a stopped login says why no other process knows of it."""
    (tmp_path / "state").mkdir(mode=0o755)
    (tmp_path / "state").chmod(0o755)
    nodes = profiles(served)
    passwords = memory.of_deck(nodes)
    async with running(*nodes, passwords=passwords) as deck:
        await stopped(deck)
        for node in deck.fleet.nodes:
            trouble = node.reading.trouble
            assert trouble is not None
            assert trouble.hint.startswith("no other deck or command knows of its refusals: ")
            assert "mode 0755" in trouble.hint
    second = Login(ADMIN, asks=False, memory=passwords.refused)
    await second.count_refusals("demo")
    assert second.attempts.refusals == failures(served)


async def test_no_further_place_of_a_login_allows_a_try_after_its_own_refusals(
    tmp_path: Path, clock: Clock
) -> None:
    """P24: nodes of no named cluster share a login, and each is a place."""
    login = remembering(tmp_path / "state", clock)
    await login.count_refusals("http://a")
    for _ in range(2):
        login.attempts.refuse("a", place="http://a")
    for place in ("http://b", "http://c"):
        await login.count_refusals(place)
        assert login.attempts.is_over


async def test_what_others_were_refused_allows_no_try_after_an_own_refusal(
    tmp_path: Path, memory: Memory, clock: Clock
) -> None:
    """P24: a person's first try has been made by then."""
    memory.refuse(1)
    login = remembering(tmp_path / "state", clock)
    login.attempts.refuse("a", place="http://a")
    await login.count_refusals("demo")
    assert login.attempts.refusals == 2
    assert login.attempts.is_over


@pytest.mark.parametrize("before", [1, 2])
async def test_a_person_gets_one_try_after_what_others_were_refused_and_none_after_more(
    before: int, tmp_path: Path, memory: Memory, clock: Clock
) -> None:
    """P24."""
    memory.refuse(before)
    login = remembering(tmp_path / "state", clock)
    await login.count_refusals("demo")
    assert not login.attempts.is_over
    memory.refuse(1)
    await login.count_refusals("demo")
    assert login.attempts.is_over


async def test_what_a_node_of_no_named_cluster_refused_counts_for_its_address_alone(
    tmp_path: Path, memory: Memory, clock: Clock
) -> None:
    """P24."""
    for _ in range(2):
        memory.of_command().add(ADMIN, "http://a")
    for url, is_held_back in (("http://a", True), ("http://b", False)):
        login, node = remembering(tmp_path / "state", clock, is_attended=False), profile(url)
        await login.unlock(node, keeping([node], WRONG))
        assert login.is_held_back is is_held_back


async def test_a_node_of_no_named_cluster_that_takes_the_login_removes_what_it_refused(
    tmp_path: Path, memory: Memory, clock: Clock
) -> None:
    memory.of_command().add(ADMIN, "http://a")
    login, at = remembering(tmp_path / "state", clock), Clock()
    login.clock, login.attempts = at, AttemptLimit(at)
    guard = NodeLogin(login, "a", login.generation, profile("http://a"))
    await guard.before_password()
    guard.login_accepted(by_password=True)
    guard.after_request(unanswered=False)
    guard.prove()
    assert await memory.of_command().others(ADMIN, "http://a") == []


@pytest.mark.parametrize(
    ("is_taken", "own", "is_stopped"), [(False, 0, True), (True, 0, False), (True, 1, True)]
)
async def test_what_others_were_refused_counts_before_each_password_that_is_not_certain(
    is_taken: bool, own: int, is_stopped: bool, tmp_path: Path, memory: Memory, clock: Clock
) -> None:
    """P24."""
    memory.refuse(2)
    login = remembering(tmp_path / "state", clock, is_attended=False)
    guard = NodeLogin(login, "a", login.generation, profile("http://a", cluster="demo"))
    if is_taken:
        login.attempts.accept("a")
    for _ in range(own):
        login.attempts.refuse("a", place="elsewhere")
    with pytest.raises(LoginStopped) if is_stopped else contextlib.nullcontext():
        await guard.before_password()
    assert bool(login.trouble) is is_stopped


async def test_a_refusal_is_kept_once_the_login_is_stopped_and_so_is_each_that_follows(
    tmp_path: Path, memory: Memory, clock: Clock
) -> None:
    """P24: what one node alone refuses may end no other command."""
    login = remembering(tmp_path / "state", clock, is_attended=False)
    node = profile("http://a", cluster="demo")
    first, second = (NodeLogin(login, name, login.generation, node) for name in "ab")
    first.password_refused()
    await memory.holds(0)
    login.stop("401", refused=True)
    await memory.holds(1)
    second.password_refused()
    await memory.holds(2)


def test_that_refusals_are_not_kept_is_said_of_a_refusal_and_of_nothing_else(
    tmp_path: Path, clock: Clock
) -> None:
    (tmp_path / "state").mkdir(mode=0o755)
    (tmp_path / "state").chmod(0o755)
    login = remembering(tmp_path / "state", clock)
    for _ in range(3):
        login.attempts.refuse("a", place="demo")
    login.stop("401", refused=True)
    unknown = login.trouble_at("a").hint
    assert unknown.startswith("no other deck or command knows of its refusals: ")
    login.reread()
    barred, _, rest = login.trouble_at("a").hint.partition("; ")
    assert barred.startswith("not tried again")
    assert rest == unknown
    login.renew(Secret("another"))
    login.stop("the keyring is locked")
    assert login.trouble_at("a").hint == ""


async def test_a_login_that_others_were_refused_says_where_lost_answers_stop_it(
    tmp_path: Path, memory: Memory, clock: Clock
) -> None:
    """One refusal elsewhere keeps nothing from being sent, three failures do."""
    memory.refuse(1)
    login = remembering(tmp_path / "state", clock)
    await login.count_refusals("demo")
    await lose(login, 2)
    login.stop_if_spent()
    assert not login.is_held_back
    assert login.unanswered
    lost = f"2 passwords of {ADMIN} were sent and never answered; none is sent any more"
    assert login.trouble == f"{lost}, as 5 that are refused lock the user"


async def test_a_login_that_is_held_back_says_what_else_stops_it_by_then(
    tmp_path: Path, memory: Memory, clock: Clock
) -> None:
    at = Clock(1000.0)
    login = remembering(tmp_path / "state", clock, is_attended=False)
    login.attempts = AttemptLimit(at)
    memory.refuse(1)
    clock.now += 600
    at.now += 600
    memory.refuse(1)
    await lose(login, 2)
    node = profile("http://a", cluster="demo")
    passwords = keeping([node], WRONG)
    assert await login.unlock(node, passwords) is None
    assert "refused 2 times in the last 15 minutes; not sent for 5 min" in login.trouble
    clock.now += 301
    at.now += 301
    assert await login.unlock(node, passwords) is None
    assert "were sent and never answered" in login.trouble
    assert not login.is_held_back


async def test_a_node_that_takes_the_login_leaves_what_was_refused_after_it_was_sent(
    tmp_path: Path, memory: Memory
) -> None:
    """P24: and what another place refused keeps nothing of this one."""
    clock = Clock(1_800_000_000.0)
    at = Clock(1000.0)
    login = remembering(tmp_path / "state", clock)
    login.clock, login.attempts = at, AttemptLimit(at)
    others = RefusedLogins(tmp_path / "state", is_attended=False, clock=clock)
    others.add(ADMIN, "demo")
    node = profile("http://a", cluster="demo")
    guard = NodeLogin(login, "a", login.generation, node)
    clock.now += 1
    at.now += 1
    guard.begin()
    guard.node_answered()
    await guard.before_password()
    clock.now += 10
    at.now += 10
    login.attempts.refuse("b", place="elsewhere")
    login.attempts.settle("b")
    others.add(ADMIN, "demo")
    guard.login_accepted(by_password=True)
    guard.after_request(unanswered=False)
    guard.prove()
    assert await others.others(ADMIN, "demo") == [0.0]


async def test_a_deck_that_ends_waits_for_a_refusal_that_is_still_to_be_written(
    served: SimulatedCluster, memory: Memory, tmp_path: Path
) -> None:
    """P24: its process does not, and the next one would not know of it."""
    nodes = profiles(served)
    passwords = memory.of_deck(nodes)
    async with running(*nodes, passwords=passwords) as deck:
        await stopped(deck)
        await memory.holds(failures(served))
        assert passwords.refused is not None
        lock = os.open(tmp_path / "state" / "refused-logins.json", os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)
        passwords.refused.add(ADMIN, "other")
        deck.task.cancel()
        threading.Timer(0.1, os.close, (lock,)).start()
    assert len(await memory.of_command().others(ADMIN, "other") or ()) == 1


async def lose(login: Login, times: int) -> None:
    """Send a password so many times, and lose each answer."""
    for _ in range(times):
        await login.attempts.enter("a", has_answered=True)
        login.attempts.leave("a", unanswered=True)
