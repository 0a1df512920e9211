"""What one login remembers and forgets, and which nodes share it; without a fleet."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.clock import Clock
from tests.fleet.conftest import ADMIN, profile
from tui.config import (
    AskSource,
    CommandSource,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    NodeProfile,
)
from tui.config.password_source import PasswordSource
from tui.credentials import Passwords, Secret
from tui.fleet.login.attempt_limit import AttemptLimit
from tui.fleet.login.shared_login import Login, LoginStopped, NodeLogin, login_key
from tui.model.login import LoginWay, PasswordCause
from tui.model.reading import Remedy, TroubleKind
from tui.model.trust import ClientCertificate

FILE = FileSource(Path("/run/password"))
FIXED: list[PasswordSource] = [FILE, EnvironmentSource("PASSWORD"), CommandSource(("pass", "show"))]
BY_PLACE: list[PasswordSource] = [AskSource(), KeyringSource()]


def at(port: int, **more: object) -> NodeProfile:
    """Make the profile of a node that is never polled."""
    return profile(f"http://127.0.0.1:{port}", f"node{port}", **more)


@pytest.mark.parametrize("source", BY_PLACE)
def test_what_is_typed_or_kept_for_one_address_is_shared_within_a_cluster_alone(
    source: PasswordSource,
) -> None:
    """P24: else one node's password would be sent to another."""
    assert login_key(at(1, password=source)) != login_key(at(2, password=source))
    together = [at(port, password=source, cluster="demo") for port in (1, 2)]
    assert login_key(together[0]) == login_key(together[1])


@pytest.mark.parametrize("source", FIXED)
def test_a_source_that_names_its_place_is_one_login_for_every_node(source: PasswordSource) -> None:
    """P24: better one login stopped too many than one user locked."""
    assert login_key(at(1, password=source)) == login_key(at(2, password=source))


ONE = at(1, password=FILE, cluster="demo")


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, cluster="another"),
        replace(ONE, username="viewer@demo.local"),
        replace(ONE, password=FileSource(Path("/run/another"))),
        replace(ONE, client=ClientCertificate(Path("/etc/cert.pem"), Path("/etc/key.pem"))),
    ],
)
def test_another_cluster_user_source_or_certificate_is_another_login(other: NodeProfile) -> None:
    assert login_key(other) != login_key(ONE)


@pytest.mark.parametrize(
    ("source", "username", "asks", "rereads"),
    [
        (AskSource(), ADMIN, True, False),
        (AskSource(), "", False, False),  # its certificate is the login
        (FILE, ADMIN, False, True),
        (CommandSource(("pass", "show")), ADMIN, False, True),
        (KeyringSource(), ADMIN, False, True),
        (EnvironmentSource("PASSWORD"), ADMIN, False, False),
    ],
)
def test_a_login_knows_whether_a_person_types_it_and_whether_its_source_may_change(
    source: PasswordSource, username: str, asks: bool, rereads: bool
) -> None:
    login = Login.of(at(1, password=source, username=username))
    assert (login.username, login.asks, login.rereads) == (username, asks, rereads)


def test_a_session_is_shared_with_a_node_that_was_found_and_only_if_there_is_one() -> None:
    """P24: no password is tried twice."""
    login, known, found = Login(ADMIN, asks=True), at(1), at(2)
    login.share_session(known, found)
    assert not login.sessions
    session = login.session(known, Secret("typed"))
    login.share_session(known, found)
    assert login.session(found, Secret("typed")) is session


def test_another_password_begins_another_session_with_what_is_known_of_its_nodes() -> None:
    login, node = Login(ADMIN, asks=True), at(1, login=LoginWay.AUTO)
    first = login.session(node, Secret("first"))
    assert login.session(node, Secret("first")) is first
    login.renew(Secret("second"))
    second = login.session(node, Secret("second"))
    assert second is not first
    assert second.habit is first.habit


# Refusals.


def taken(clock: Clock, *nodes: str, rereads: bool = False) -> Login:
    """Make a login that nodes take."""
    login = Login(ADMIN, asks=not rereads, rereads=rereads, clock=clock)
    login.attempts = AttemptLimit(clock)
    for node in nodes:
        login.took(node, by_password=True)
        login.attempts.accept(node)
    return login


@pytest.mark.parametrize(
    ("takers", "text"),
    [
        (["a"], "x refuses the login that a takes"),
        (["a", "b"], "x refuses the login that a and b take"),
        (["a", "b", "c"], "x refuses the login that a, b and c take"),
        (["a", "b", "c", "d"], "x refuses the login that a, b and 2 more nodes take"),
    ],
)
def test_who_takes_a_login_is_named_up_to_three_nodes(
    takers: list[str], text: str, clock: Clock
) -> None:
    login = taken(clock, *takers)
    login.refuse("401", login.generation, "x")
    assert login.lone_refusal("x") == text
    assert login.trouble_at("x").text == text


def test_a_node_that_took_a_login_counts_for_five_minutes(clock: Clock) -> None:
    login = taken(clock, "a")
    clock.now += 299
    assert login.takers() == ["a"]
    assert login.takers(besides="a") == []
    clock.now += 2
    assert login.takers() == []
    login.refuse("401", login.generation, "x")
    assert login.trouble == "401"


def test_a_token_that_is_taken_does_not_end_a_nodes_refusal_of_the_password(clock: Clock) -> None:
    login = taken(clock, "a")
    login.refuse("401", login.generation, "x")
    login.took("x", by_password=False)
    assert login.lone_refusal("x")
    login.took("x", by_password=True)
    assert not login.lone_refusal("x")


def test_a_refusal_after_a_login_was_stopped_is_not_why_it_was(clock: Clock) -> None:
    login = taken(clock, "a")
    login.stop("the keyring is locked")
    login.refuse("401", login.generation, "a")
    login.refuse("401", login.generation - 1, "a")
    assert (login.trouble, login.refused) == ("the keyring is locked", False)
    assert login.trouble_at("a").kind is TroubleKind.NO_PASSWORD


def test_what_stopped_a_login_is_still_the_reason_once_it_is_refused_too_often(
    clock: Clock,
) -> None:
    login = taken(clock)
    login.stop("node1 does not accept the login", refused=True)
    for _ in range(3):
        login.attempts.refuse("a")
    with pytest.raises(LoginStopped, match="node1 does not accept the login"):
        login_at(login, "a").check()
    assert login.trouble == "node1 does not accept the login"


# A source that is read once more.


def write_password(file: Path, password: str) -> None:
    file.write_text(password, encoding="utf-8")
    file.chmod(0o600)


class Reread:
    """A login whose password is in a file, and was taken by two nodes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "password"
        self.node = at(1, password=FileSource(self.file), cluster="demo")
        self.login, self.passwords = Login.of(self.node), Passwords()

    async def given(self) -> Secret | None:
        return await self.login.unlock(self.node, self.passwords)

    async def begin(self) -> None:
        write_password(self.file, "first")
        assert await self.given() == Secret("first")
        for name in ("well", "also"):
            self.login.took(name, by_password=True)
            self.login.attempts.accept(name)

    def refuse(self, name: str) -> None:
        self.login.refuse("401", self.login.generation, name)

    async def reconsider(self) -> None:
        await self.login.reconsider(self.node, self.passwords)


@pytest.fixture
async def reread(tmp_path: Path) -> Reread:
    made = Reread(tmp_path)
    await made.begin()
    return made


async def test_a_source_is_read_once_for_all_nodes_that_refuse_until_one_takes_its_password(
    reread: Reread,
) -> None:
    login = reread.login
    reread.refuse("a")
    assert not login.refused_by  # what it means is known once the source is read
    await reread.reconsider()
    assert [*login.refused_by] == ["a"]
    reread.refuse("b")
    assert [*login.refused_by] == ["a", "b"]
    login.took("well", by_password=True)
    reread.refuse("c")
    assert [*login.refused_by] == ["a", "b"]
    await reread.reconsider()
    assert [*login.refused_by] == ["a", "b", "c"]


async def test_a_password_that_no_node_has_taken_is_not_read_again(tmp_path: Path) -> None:
    login = Login.of(Reread(tmp_path).node)
    login.refuse("401", login.generation, "a")
    assert (login.trouble, login.refused) == ("401", True)


async def test_who_wants_the_password_while_it_is_read_again_waits_for_what_it_is_by_then(
    reread: Reread,
) -> None:
    """P24: the one that was refused is sent by no other node meanwhile."""
    write_password(reread.file, "second")
    reread.refuse("a")
    reading = asyncio.create_task(reread.reconsider())
    await asyncio.sleep(0)
    assert await reread.given() == Secret("second")
    await reading


async def test_a_password_that_is_typed_while_its_source_is_read_again_is_the_one(
    reread: Reread,
) -> None:
    for word in ("second", None):
        if word is None:
            reread.file.unlink()
        else:
            write_password(reread.file, word)
        reread.refuse("a")
        reading = asyncio.create_task(reread.reconsider())
        await asyncio.sleep(0)
        reread.login.renew(Secret("typed"))
        await reading
        assert (reread.login.secret, reread.login.trouble) == (Secret("typed"), "")
        reread.login.attempts.accept("well")


async def test_a_password_that_is_typed_while_its_source_fails_is_not_stopped_by_that(
    tmp_path: Path,
) -> None:
    missing = Reread(tmp_path)
    reading = asyncio.create_task(missing.given())
    await asyncio.sleep(0)
    missing.login.renew(Secret("typed"))
    assert await reading == Secret("typed")
    assert not missing.login.trouble


async def test_a_login_that_was_stopped_meanwhile_is_not_begun_by_another_password(
    reread: Reread,
) -> None:
    """P24: only a person begins it again."""
    reread.refuse("a")
    reread.login.stop("the password was refused 2 times in a row", refused=True)
    write_password(reread.file, "second")
    await reread.reconsider()
    assert reread.login.trouble == "the password was refused 2 times in a row"
    assert await reread.given() is None


async def test_a_source_that_cannot_be_read_again_is_said_with_the_refusal(reread: Reread) -> None:
    reread.login.refused_by.clear()
    reread.login._taken_at.clear()  # no other node takes it
    reread.refuse("a")
    reread.file.unlink()
    await reread.reconsider()
    assert reread.login.trouble.startswith("401; password_file: it cannot be opened")
    assert reread.login.refused


async def test_another_password_gets_a_try_of_its_own_after_two_refusals(reread: Reread) -> None:
    """P24: two requests may carry the one before when it is changed."""
    write_password(reread.file, "second")
    for name in ("well", "also"):
        reread.login.attempts.refuse(name)
    reread.refuse("well")
    await reread.reconsider()
    reread.login.stop_if_spent()
    assert not reread.login.trouble
    reread.login.attempts.refuse("well")
    reread.login.stop_if_spent()
    assert reread.login.trouble


# What a person does.


def test_a_person_who_tries_again_changes_nothing_where_nothing_is_refused(clock: Clock) -> None:
    login = taken(clock, "a")
    before = login.generation
    login.reread()
    assert (login.generation, login.proven, login.takers()) == (before, True, ["a"])


@pytest.mark.parametrize(("refusals", "is_tried"), [(2, True), (3, False)])
def test_a_person_who_tries_again_has_a_lone_refusal_tried_where_that_locks_nobody(
    refusals: int, is_tried: bool, clock: Clock
) -> None:
    """P24: so is a token, with the password that it costs."""
    login, node = taken(clock, "a"), at(1)
    state = login.session(node, Secret("typed")).node(node.url)
    state.issues_from = 60.0
    login.refuse("401", login.generation, "x")
    for _ in range(refusals):
        login.attempts.refuse("x")
    login.reread()
    assert bool(login.lone_refusal("x")) is not is_tried
    assert state.issues_from == (0.0 if is_tried else 60.0)
    assert login.takers() == ["a"]  # the password is the same


@pytest.mark.parametrize(("rereads", "secret"), [(False, Secret("typed")), (True, None)])
def test_a_person_who_tries_again_has_the_source_read_or_the_same_password_sent(
    rereads: bool, secret: Secret | None, clock: Clock
) -> None:
    login = taken(clock, rereads=rereads)
    login.secret = Secret("typed")
    login.stop("401", refused=True)
    login.reread()
    assert (login.secret, login.trouble, login.refused) == (secret, "", False)


def test_that_a_password_is_not_tried_again_is_said_until_another_is_typed(clock: Clock) -> None:
    """P24: three refusals; two more would lock the user."""
    login = taken(clock)
    for _ in range(3):
        login.attempts.refuse("a")
    login.stop_if_spent()
    assert login.trouble_at("a").hint == ""
    login.reread()
    assert "not tried again for some minutes" in login.trouble_at("a").hint
    assert login.trouble
    login.renew(Secret("another"))
    login.stop("the keyring is locked")
    assert login.trouble_at("a").hint == ""


def test_what_stopped_a_login_says_nothing_of_the_next_password(clock: Clock) -> None:
    login = taken(clock)
    login.attempts.count_elsewhere("demo", (0.0, 0.0))
    login.stop_if_spent()
    assert login.is_held_back
    login.renew(Secret("another"))
    login.unanswered = True
    login.renew(Secret("a third"))
    login.stop("401", refused=True)
    trouble = login.trouble_at("a")
    assert (trouble.held_until, trouble.remedies) == (None, (Remedy.GIVE_PASSWORD,))


def test_the_time_until_which_a_login_is_held_back_is_a_whole_minute_and_none_too_early(
    clock: Clock,
) -> None:
    login = taken(clock)
    login.attempts.count_elsewhere("demo", (0.0, 0.0))
    login.stop_if_spent()
    earliest = datetime.now(UTC)
    held_until = login.trouble_at("a").held_until
    latest = datetime.now(UTC) + timedelta(minutes=1)
    assert held_until is not None
    assert (held_until.second, held_until.microsecond) == (0, 0)
    assert earliest <= held_until - timedelta(seconds=login.attempts.free_in) < latest


def test_what_polling_by_password_costs_is_reported_with_its_nodes_and_its_limit() -> None:
    login = Login(ADMIN, asks=True)
    login.attempts._slots.latency = 0.4
    for node in ("a", "b", "c"):
        login.polled(node, with_password=True)
    login.polled("c", with_password=False)
    login.polled("d", with_password=False)
    polling = login.password_polling(PasswordCause.NO_TOKEN)
    assert (polling.cause, polling.nodes) == (PasswordCause.NO_TOKEN, 2)
    assert (polling.latency, polling.at_a_time) == (0.4, 2)


# One node's connection.


def login_at(login: Login, name: str) -> NodeLogin:
    return NodeLogin(login, name, login.generation, profile("http://127.0.0.1:1", name))


def test_who_takes_a_password_elsewhere_says_nothing_of_another_one(clock: Clock) -> None:
    login = taken(clock, "a")
    a, b = login_at(login, "a"), login_at(login, "b")
    assert (a.is_taken_elsewhere, b.is_taken_elsewhere) == (False, True)
    login.renew(Secret("another"))
    login.took("c", by_password=True)
    assert not b.is_taken_elsewhere
    with pytest.raises(LoginStopped, match="was changed meanwhile"):
        b.check()


def test_one_refusal_puts_a_password_in_doubt_until_its_place_takes_it(clock: Clock) -> None:
    login = taken(clock, "a")
    node = login_at(login, "a")
    assert not node.is_doubted
    node.password_refused()
    assert node.is_doubted
    node.login_accepted(by_password=True)
    node.prove()
    assert not node.is_doubted


def test_only_an_answer_of_this_use_of_the_connection_shows_that_a_node_takes_the_login(
    clock: Clock,
) -> None:
    """P24: a node that answers with an error has checked no login."""
    login = taken(clock)
    node = login_at(login, "a")
    node.prove()
    assert not login.takers()
    node.login_accepted(by_password=False)
    node.prove()
    assert (login.takers(), login.proven) == (["a"], False)
    clock.now += 400
    node.begin()
    node.prove()
    assert not login.takers()


async def test_an_answer_ends_no_refusal_that_came_after_its_request_was_sent(
    clock: Clock,
) -> None:
    """P24: the node may have taken the password before it was changed."""
    login = taken(clock, "a")
    a, b = login_at(login, "a"), login_at(login, "b")
    await a.before_password()
    clock.now += 1
    b.password_refused()
    a.login_accepted(by_password=True)
    a.after_request(unanswered=False)
    a.prove()
    assert login.attempts.own_refusals == 1


def test_a_token_that_is_taken_after_the_password_proves_nothing_of_it(clock: Clock) -> None:
    """P24."""
    login = taken(clock, "a")
    a, b = login_at(login, "a"), login_at(login, "b")
    a.login_accepted(by_password=True)
    a.prove()
    b.password_refused()
    a.login_accepted(by_password=False)
    a.prove()
    assert login.attempts.own_refusals == 1


async def turns() -> None:
    """Let every task run until it waits."""
    for _ in range(6):
        await asyncio.sleep(0)


async def test_every_connection_of_a_node_that_took_a_password_may_send_it(clock: Clock) -> None:
    login = taken(clock, "a")
    second = NodeLogin(login, ("a", 2), login.generation, profile("http://127.0.0.1:1", "a"))
    await login.attempts.enter("new", has_answered=True)
    sending = asyncio.create_task(second.before_password())
    await turns()
    assert sending.done()  # a node that never took it goes one at a time
    await sending


async def test_a_call_that_a_node_may_refuse_alone_waits_for_others_but_at_the_last_look(
    clock: Clock,
) -> None:
    """Nothing is polled after it, so two refusals end nothing."""
    for is_last_look in (False, True):
        login = taken(clock, "a", "b")
        login.is_last_look = is_last_look
        a, b = login_at(login, "a"), login_at(login, "b")
        await a.before_password(is_certain=False)
        waiting = asyncio.create_task(b.before_password(is_certain=False))
        for _ in range(6):
            await asyncio.sleep(0)
        assert waiting.done() is is_last_look
        a.after_request(unanswered=False)
        await asyncio.wait_for(waiting, 30)
        b.after_request(unanswered=False)
        await asyncio.wait_for(a.before_password(), 30)
