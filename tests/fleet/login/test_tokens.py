"""Logging in by token: what a cluster takes is found out with two tries at most."""

import base64
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faultserver import Peer, answer, serving
from tests.fleet.conftest import (
    LIST,
    PASSWORD,
    Play,
    Running,
    asked,
    keeping,
    profile,
    profiles,
    quiet,
    running,
    said,
)
from tests.living import living_since_now
from tui.api.request_gate import OrderTransport
from tui.config import CommandSource, FileSource
from tui.credentials import Passwords, Secret
from tui.fleet.onboarding.connection_check import try_connection
from tui.model.login import LoginWay, PasswordCause
from tui.model.order import Result, Verb
from tui.model.reading import TroubleKind
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

AUTHORIZE, REFRESH = "/v1/users/authorize", "/v1/users/refresh_jwt"
JWT = {"login": LoginWay.JWT}


@pytest.fixture
def closed() -> Iterator[SimulatedCluster]:
    """A cluster that has Basic authentication switched off."""
    cluster = Cluster(3, pace=0.1, basic_authentication=False)
    with SimulatedCluster(cluster, tls=False) as served:
        yield served


def refused(served: SimulatedCluster) -> list[str]:
    """List what carried the password and was not accepted."""
    mine = (one for one in served.cluster.requests if one.status in (400, 401))
    return [one.path for one in mine if one.scheme == "basic" or b"password" in one.body]


def kinds(deck: Running) -> set[TroubleKind | None]:
    return {one.reading.trouble.kind if one.reading.trouble else None for one in deck.fleet.nodes}


async def two_more(deck: Running) -> None:
    """Wait until every node has been read twice more."""
    for _ in range(2):
        before = {one.name: one.reading.asked_at for one in deck.fleet.nodes}
        await deck.until(
            lambda before=before: all(
                one.reading.is_good and one.reading.asked_at > before[one.name]
                for one in deck.fleet.nodes
            )
        )


@pytest.mark.parametrize("way", ["auto", "jwt"])
async def test_where_basic_is_off_one_token_serves_every_node(
    way: str, closed: SimulatedCluster
) -> None:
    async with running(*profiles(closed, login=LoginWay(way))) as deck:
        await deck.known()
        await two_more(deck)
    assert len(asked(closed, AUTHORIZE)) == 1
    assert refused(closed) == []
    assert {one.scheme for one in asked(closed, LIST)} == {"jwt"}


@pytest.mark.parametrize("way", ["auto", "jwt"])
async def test_with_basic_off_a_wrong_password_is_sent_twice_at_most(
    way: str, closed: SimulatedCluster
) -> None:
    nodes = profiles(closed, login=LoginWay(way))
    async with running(*nodes, passwords=keeping(nodes, "wrong")) as deck:
        await deck.until(lambda: kinds(deck) == {TroubleKind.LOGIN})
        await quiet(0.25)
        assert len(refused(closed)) == len(closed.cluster.requests) == 2
        deck.fleet.renew("node2", Secret(PASSWORD))
        await deck.good()


async def test_basic_says_basic_and_never_asks_for_a_token(closed: SimulatedCluster) -> None:
    async with running(*profiles(closed, login=LoginWay.BASIC)) as deck:
        await deck.until(lambda: kinds(deck) == {TroubleKind.LOGIN})
        await quiet(0.3)
    assert [one.path for one in closed.cluster.requests] == [LIST]


async def test_where_basic_works_too_the_password_leaves_once_for_all_nodes(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await deck.known()
        await two_more(deck)
    assert [one.path for one in served.cluster.requests if one.scheme == "basic"] == [AUTHORIZE]


async def test_the_form_of_7_4_is_the_second_try_of_jwt_and_is_remembered(
    closed: SimulatedCluster,
) -> None:
    closed.cluster.logins.forms = frozenset({"body"})
    async with running(*profiles(closed, **JWT)) as deck:
        await deck.good()
        closed.cluster.logins.revoke()
        await two_more(deck)
    assert [one.status for one in asked(closed, AUTHORIZE)] == [400, 200, 200]


async def test_auto_spends_no_third_try_on_the_form_of_7_4(closed: SimulatedCluster) -> None:
    closed.cluster.logins.forms = frozenset({"body"})
    async with running(*profiles(closed)) as deck:
        await deck.until(lambda: kinds(deck) == {TroubleKind.LOGIN})
        await quiet(0.3)
    assert refused(closed) == [AUTHORIZE, LIST]


@pytest.mark.parametrize("scheme", ["jwt", "bearer"])
async def test_the_scheme_that_works_is_found_once_and_remembered(
    scheme: str, closed: SimulatedCluster
) -> None:
    closed.cluster.logins.schemes = frozenset({scheme})
    async with running(*profiles(closed, **JWT)) as deck:
        await deck.known()
        closed.cluster.logins.revoke()
        await two_more(deck)
        verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert verdict.result is Result.VERIFIED
    (order,) = [one for one in asked(closed, LIST) if one.method == "POST"]
    assert order.scheme == scheme
    wrong = [one for one in closed.cluster.requests if one.scheme == "jwt" and one.status == 401]
    assert len(asked(closed, AUTHORIZE)) == 2
    if scheme == "bearer":
        assert 1 <= len(wrong) <= 3  # nodes that show the first token side by side


async def test_a_token_that_no_scheme_makes_good_stops_the_login_and_says_so(
    closed: SimulatedCluster,
) -> None:
    closed.cluster.logins.schemes = frozenset()
    async with running(*profiles(closed, **JWT)) as deck:
        await deck.until(lambda: kinds(deck) == {TroubleKind.LOGIN})
        await quiet(0.3)
        trouble = deck.watch().reading.trouble
        assert trouble is not None
        assert "does not take it" in trouble.text
    assert len(asked(closed, AUTHORIZE)) == 1


@pytest.mark.real_time
async def test_tokens_that_end_early_cost_a_login_and_no_reading(closed: SimulatedCluster) -> None:
    closed.cluster.logins.ends_after = 0.6
    async with running(*profiles(closed, **JWT)) as deck:
        await deck.good()
        await deck.until(lambda: len(asked(closed, AUTHORIZE)) >= 4)
        await two_more(deck)
        assert kinds(deck) == {None}
    assert refused(closed) == []


@pytest.mark.parametrize("refreshes", [True, False])
async def test_a_token_is_renewed_at_two_thirds_of_its_time_once_for_all_nodes(
    refreshes: bool, closed: SimulatedCluster
) -> None:
    closed.cluster.logins.refreshes = refreshes
    nodes = profiles(closed, **JWT)
    async with running(*nodes) as deck:
        await deck.good()
        _, session = next(iter(deck.watch().login.sessions.values()))
        assert 190 < session._renew_at - (session._ends_at - 300) < 201
        session._renew_at = 0.0  # as if 200 s had passed
        await deck.until(lambda: session._renew_at > 0.0 and not session._gate.locked())
        await two_more(deck)
    assert len(asked(closed, REFRESH)) == 1
    assert len(asked(closed, AUTHORIZE)) == (1 if refreshes else 2)


async def test_a_token_is_never_shown_to_a_node_of_another_cluster(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    with (
        SimulatedCluster(Cluster(1, name="a", basic_authentication=False), tls=False) as one,
        SimulatedCluster(Cluster(1, name="b", basic_authentication=False), tls=False) as two,
    ):
        source = FileSource(file)
        nodes = [
            profile(served.urls[1], name, password=source, **JWT)
            for served, name in ((one, "a"), (two, "b"))
        ]
        async with running(*nodes, passwords=Passwords()) as deck:
            assert deck.watch("a").login is deck.watch("b").login
            await deck.good()
        for served in (one, two):
            assert [x.status for x in served.cluster.requests if x.status != 200] == []
            assert len(asked(served, AUTHORIZE)) == 1


async def test_a_read_only_session_logs_in_and_has_nothing_that_could_give_an_order(
    closed: SimulatedCluster,
) -> None:
    made = living_since_now(OrderTransport)
    async with running(*profiles(closed), read_only="read-only: told so") as deck:
        await deck.known()
        assert not made()
    sent = [one for one in closed.cluster.requests if one.method != "GET"]
    assert [(one.path, one.body) for one in sent] == [(AUTHORIZE, b'{"ttl": 300}')]


async def test_the_forms_test_logs_in_as_the_profile_says(closed: SimulatedCluster) -> None:
    for way in ("auto", "jwt"):
        found = await try_connection(
            profile(closed.urls[1], login=LoginWay(way)), Secret(PASSWORD), 5
        )
        assert found.well
    found = await try_connection(profile(closed.urls[1], login=LoginWay.BASIC), Secret(PASSWORD), 5)
    assert not found.well


async def test_a_node_that_hangs_at_its_login_delays_no_other(
    closed: SimulatedCluster, closed_port: int
) -> None:
    """It is never asked for a token before it has taken a connection."""
    with serving(Peer.hang) as hole:
        nodes = (
            profile(f"http://127.0.0.1:{closed_port}", "none", cluster="demo", **JWT),
            *profiles(closed, **JWT),
            profile(hole.url, "hole", cluster="demo", **JWT),
        )
        async with running(*nodes, timeout=100, refresh=0.3) as deck:
            await deck.good("node1", "node2", "node3")
            await deck.until(lambda: hole.connections)


@pytest.mark.real_time
async def test_with_tokens_slow_nodes_are_polled_side_by_side_for_one_password() -> None:
    """P15, P24: two at a time, forty nodes of 0.5 s would take ten seconds each."""
    cluster = Cluster(40)
    with SimulatedCluster(cluster, tls=False) as served:
        async with running(*profiles(served), refresh=2) as deck:
            await deck.until(lambda: all(one.reading.is_good for one in deck.fleet.nodes), 20)
            cluster.latency = 0.5
            began = time.monotonic()
            await deck.until(
                lambda: all(one.reading.asked_at > began + 2 for one in deck.fleet.nodes), 20
            )
            assert max(one.reading.took for one in deck.fleet.nodes) < 8
    passwords = [one for one in cluster.requests if one.scheme == "basic"]
    assert [one.path for one in passwords] == [AUTHORIZE]


@pytest.mark.real_time
@pytest.mark.parametrize("status", [400, 404, 405, 501])
async def test_a_node_that_issues_no_token_is_polled_with_the_password_and_says_so(
    status: int,
) -> None:
    play = Play()
    play.answers["POST", AUTHORIZE] = answer("no", status)
    with serving(play) as server:
        async with running(profile(server.url, login=LoginWay.AUTO)) as deck:
            await deck.known()
            await deck.readings(3)
            polling = deck.watch().password_polling
            assert polling is not None
            assert polling.cause is PasswordCause.NO_TOKEN
            for _ in range(3):  # nothing is refused, so there is nothing to try again
                deck.fleet.refresh()
                await deck.readings(1)
            asked = [one.path for one in server.asked if one.method == "POST"]
            assert asked == [AUTHORIZE] * (2 if status == 400 else 1)  # 400: the form of 7.4 too


async def test_a_node_that_refuses_the_token_of_others_is_polled_with_the_password() -> None:
    """Nodes of two versions from 8.0.22 on do not take each other's tokens; that is no 401."""

    def takes_basic_alone(peer: Peer) -> None:
        asked = peer.server.asked[-1]
        basic = asked.headers.get("authorization", "").startswith("Basic")
        peer.send(said(other.services) if basic else answer("no", 401))

    issuer, other = Play(1), Play(2)
    issuer.answers["POST", AUTHORIZE] = said({"access_token": "token"})
    other.answers["POST", AUTHORIZE] = answer("no", 404)
    other.get(LIST, takes_basic_alone)
    with serving(issuer) as one, serving(other) as two:
        nodes = [
            profile(one.url, "node1", cluster="demo", login=LoginWay.AUTO),
            profile(two.url, "node2", cluster="demo", login=LoginWay.AUTO),
        ]
        async with running(nodes[0], passwords=keeping(nodes)) as deck:
            await deck.good()  # so the token is known to be good, and its scheme too
            deck.fleet.adopt(nodes)
            await deck.good("node1", "node2")
            await deck.readings(3)
            assert kinds(deck) == {None}
            assert deck.watch("node1").password_polling is None
            assert deck.watch("node2").password_polling is not None
            assert deck.watch().login.attempts.refusals == 0
    tokens = [one for one in two.asked if one.headers.get("authorization", "").startswith("JWT")]
    assert len(tokens) == 1


async def test_a_node_that_redirects_the_request_for_a_token_uses_that_of_the_primary() -> None:
    primary, replica = Play(1), Play(2)
    primary.answers["POST", AUTHORIZE] = said({"access_token": "token"})
    replica.answers["POST", AUTHORIZE] = answer("", 307, Location="https://10.0.0.1:9443/")
    with serving(primary) as one, serving(replica) as two:
        first = profile(two.url, "node2", cluster="demo", login=LoginWay.AUTO)
        second = profile(one.url, "node1", cluster="demo", login=LoginWay.AUTO)
        async with running(first, second) as deck:
            await deck.good()
            await deck.readings(2)
            assert deck.watch("node2").password_polling is None
    last = [x.headers.get("authorization", "") for x in two.asked if x.path == LIST][-1]
    assert last == "JWT token"


@pytest.mark.real_time
async def test_the_way_basic_says_from_when_on_readings_are_late(served: SimulatedCluster) -> None:
    nodes = profiles(served, login=LoginWay.BASIC)
    async with running(*nodes, refresh=0.1) as deck:
        await deck.good()
        polling = deck.watch().password_polling
        assert polling is not None
        assert (polling.cause, polling.nodes) == (PasswordCause.CONFIGURED, 3)
        served.cluster.latency = 0.3
        await deck.until(lambda: _is_late(deck))
        served.cluster.latency = 0.0


def _is_late(deck: Running) -> bool:
    polling = deck.watch().password_polling
    return polling is not None and polling.is_late(0.1)


# A password that is changed while all is well.


@pytest.fixture
def twelve() -> tuple[list[Play], list[str], dict[str, str]]:
    """Twelve slow nodes of one cluster, which all take the password that stands in the dict."""
    rule = {"password": PASSWORD}
    plays = [Play(uid) for uid in range(1, 13)]
    refusals: list[str] = []
    for play in plays:
        for (method, path), reply in list(play.answers.items()):
            if method == "GET" and isinstance(reply, bytes):
                play.get(path, guarded(reply, rule, refusals))
        play.get(LIST, slowly(play, rule, refusals))
    return plays, refusals, rule


def slowly(play: Play, rule: dict[str, str], refusals: list[str]) -> Callable[[Peer], None]:
    return guarded(said(play.services), rule, refusals, seconds=0.1)


def guarded(
    reply: bytes, rule: dict[str, str], refusals: list[str], seconds: float = 0.0
) -> Callable[[Peer], None]:
    def script(peer: Peer) -> None:
        asked = peer.server.asked[-1]
        peer.server.closing.wait(seconds)
        scheme, _, pair = asked.headers.get("authorization", "").partition(" ")
        given = base64.b64decode(pair).decode() if scheme == "Basic" else asked.body.decode()
        if given.partition(":")[2] == rule["password"]:
            peer.send(reply)
        else:
            refusals.append(given)
            peer.send(answer("no", 401))

    return script


def serve_all(stack: ExitStack, plays: list[Play]) -> list[str]:
    return [stack.enter_context(serving(play)).url for play in plays]


@pytest.mark.real_time
async def test_twelve_slow_nodes_cost_two_refusals_when_a_password_is_changed(
    twelve: tuple[list[Play], list[str], dict[str, str]],
) -> None:
    plays, refusals, rule = twelve
    with ExitStack() as stack:
        urls = serve_all(stack, plays)
        nodes = [profile(url, f"n{no}", cluster="demo") for no, url in enumerate(urls)]
        async with running(*nodes) as deck:
            await deck.good()
            rule["password"] = "another"
            await deck.until(lambda: kinds(deck) == {TroubleKind.LOGIN}, 15)
            await quiet(0.25)
            assert 1 <= len(refusals) <= 2
            deck.fleet.renew("n0", Secret("another"))
            await deck.good()
            assert len(refusals) <= 2


@pytest.mark.real_time
async def test_the_source_of_a_changed_password_is_read_once_more_and_the_deck_goes_on(
    twelve: tuple[list[Play], list[str], dict[str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    plays, refusals, rule = twelve
    with ExitStack() as stack:
        urls = serve_all(stack, plays)
        source = FileSource(file)
        nodes = [
            profile(url, f"n{no}", cluster="demo", password=source) for no, url in enumerate(urls)
        ]
        async with running(*nodes, passwords=Passwords()) as deck:
            await deck.good()
            file.write_text("another\n")
            rule["password"] = "another"
            await deck.until(lambda: bool(refusals))
            await two_more(deck)
            assert len(refusals) <= 2
            assert not deck.watch("n3").login.trouble


@pytest.mark.real_time
@pytest.mark.parametrize("first_way", ["auto", "basic"])
@pytest.mark.parametrize("way", ["auto", "jwt", "basic"])
async def test_a_password_that_one_node_takes_does_not_lock_the_user_of_another_cluster(
    way: str,
    first_way: str,
    twelve: tuple[list[Play], list[str], dict[str, str]],
    served: SimulatedCluster,
    tmp_path: Path,
) -> None:
    """P24, case 22: nodes of no named cluster, one source, and two tries a node."""
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    file.chmod(0o600)
    plays, refusals, rule = twelve
    rule["password"] = "of the other cluster"
    for play in plays:
        play.answers["POST", AUTHORIZE] = slowly(play, rule, refusals)
    with ExitStack() as stack:
        urls = serve_all(stack, plays)
        source = FileSource(file)
        first = profile(served.urls[1], password=source, login=LoginWay(first_way))
        others = [
            profile(url, f"n{no}", password=source, login=LoginWay(way))
            for no, url in enumerate(urls)
        ]
        async with running(first, *others, passwords=Passwords()) as deck:
            await deck.until(lambda: kinds(deck) == {TroubleKind.LOGIN}, 15)
            await quiet(0.25)
    assert len(refusals) == 2


@pytest.mark.real_time
@pytest.mark.parametrize("gives", ["the same", "another wrong one", "nothing"])
async def test_a_source_that_has_nothing_better_is_read_once_and_then_a_person_is_asked(
    gives: str, served: SimulatedCluster, tmp_path: Path
) -> None:
    file, count = tmp_path / "password", tmp_path / "count"
    file.write_text(PASSWORD)
    script = (
        f"import sys; open({str(count)!r}, 'a').write('x'); "
        f"word = open({str(file)!r}).read(); print(word) if word else sys.exit(1)"
    )
    nodes = profiles(served, password=CommandSource((sys.executable, "-c", script)))
    async with running(*nodes, passwords=Passwords()) as deck:
        await deck.known()
        words = {"the same": PASSWORD, "another wrong one": "wrong", "nothing": ""}
        file.write_text(words[gives])
        served.cluster.users[nodes[0].username].password = "changed"
        served.cluster.logins.revoke()
        await deck.until(lambda: kinds(deck) == {TroubleKind.LOGIN})
        await quiet(0.25)
        assert count.read_text() == "xx"
        assert len(refused(served)) == 2
        login = deck.watch().login
        assert login.refused
        assert "does not accept" in login.trouble
        deck.fleet.renew("node1", Secret("changed"))
        await deck.good()


async def test_a_changed_password_costs_a_token_login_two_refusals(
    closed: SimulatedCluster,
) -> None:
    nodes = profiles(closed, **JWT)
    async with running(*nodes) as deck:
        await deck.known()
        closed.cluster.users[nodes[0].username].password = "changed"
        closed.cluster.logins.revoke()
        await deck.until(lambda: kinds(deck) == {TroubleKind.LOGIN})
        await quiet(0.25)
        assert refused(closed) == [AUTHORIZE] * 2
        deck.fleet.renew("node1", Secret("changed"))
        await deck.good()
        assert refused(closed) == [AUTHORIZE] * 2


async def test_a_token_shows_in_no_repr(closed: SimulatedCluster) -> None:
    async with running(*profiles(closed)) as deck:
        await deck.good()
        _, session = next(iter(deck.watch().login.sessions.values()))
        token = session.token
        assert token is not None
        shown = [repr(session), repr(vars(session)), repr(deck.watch().login)]
        assert not [one for one in shown if token.reveal() in one or PASSWORD in one]


@pytest.mark.real_time
@pytest.mark.parametrize("proven", [True, False])
async def test_nodes_that_wait_for_a_token_never_keep_the_one_that_gets_it_from_its_second_form(
    proven: bool,
) -> None:
    """P15: the first form is slow, so that every lane is taken meanwhile; nothing stands still."""

    def authorize(peer: Peer) -> None:
        if peer.server.asked[-1].headers.get("authorization"):
            peer.server.closing.wait(1.2)
            peer.send(answer("no", 400))
        else:
            peer.send(said({"access_token": "token"}))

    with ExitStack() as stack:
        plays = [Play(uid) for uid in (1, 2, 3, 4, 5)]
        for play in plays:
            play.answers["POST", AUTHORIZE] = authorize
        well, *urls = serve_all(stack, plays)
        first = profile(well, cluster="demo", login=LoginWay.BASIC)
        others = [profile(url, f"n{no}", cluster="demo", **JWT) for no, url in enumerate(urls)]
        passwords = keeping([first, *others])
        async with running(
            *([first] if proven else others), passwords=passwords, timeout=5
        ) as deck:
            if proven:
                await deck.good()
                deck.fleet.adopt([first, *others])
            await deck.until(lambda: all(one.reading.is_good for one in deck.fleet.nodes), 8)
