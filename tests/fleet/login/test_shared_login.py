"""A login that several nodes share: one wrong try, then silence until a person acts."""

import base64
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faultserver import FaultServer, Peer, Script, always, answer, serving
from tests.fleet.conftest import (
    ADMIN,
    BOOTSTRAP,
    CLUSTER,
    HEALTH,
    LIST,
    NODES,
    OPTIONAL,
    PASSWORD,
    PATIENCE,
    STATES,
    VIEWER,
    VIEWER_PASSWORD,
    Play,
    Running,
    Sleep,
    asked,
    keeping,
    posts,
    profile,
    profiles,
    quiet,
    running,
    said,
)
from tests.living import living_since_now
from tui.api.client import NodeOperator
from tui.api.errors import NodeNotSeenYet
from tui.config import CommandSource, FileSource, NodeProfile
from tui.credentials import Passwords, Secret
from tui.credentials.refused_logins import RefusedLogins
from tui.fleet.login.attempt_limit import AttemptLimit
from tui.fleet.login.shared_login import Login, NodeLogin
from tui.fleet.orders.executor import NotAccepted
from tui.fleet.orders.guard import judge_order
from tui.model.login import LoginWay
from tui.model.order import Result, SeenService, Tier, Verb
from tui.model.reading import Remedy, TroubleKind
from tui.model.service import Kind
from tui.sim.server import SimulatedCluster

ALERT = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL)


AUTHORIZE = "/v1/users/authorize"
TRIES = 2
"""What a wrong password costs where nothing is said of the way to log in."""


def troubles(deck: Running) -> set[TroubleKind | None]:
    return {one.reading.trouble.kind if one.reading.trouble else None for one in deck.fleet.nodes}


def failures(served: SimulatedCluster) -> int:
    return sum(one.status == 401 for one in served.cluster.requests)


@pytest.mark.parametrize(("way", "tries"), [("basic", 1), ("auto", 2), ("jwt", 2)])
async def test_a_wrong_password_is_tried_as_often_as_documented_for_all_nodes_that_share_it(
    way: str, tries: int, served: SimulatedCluster
) -> None:
    """P24, case 22."""
    nodes = profiles(served, login=LoginWay(way))
    async with running(*nodes, passwords=keeping(nodes, "wrong")) as deck:
        deck.never_slow()
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        await quiet(0.3)
        assert len(served.cluster.requests) == tries
        assert failures(served) == tries
        reading = deck.watch("node3").reading
        assert reading.trouble is not None
        assert "does not accept admin@demo.local" in reading.trouble.text


async def test_not_even_refresh_now_or_another_interval_tries_a_refused_password_again(
    served: SimulatedCluster,
) -> None:
    """P24, case 22."""
    nodes = profiles(served)
    async with running(*nodes, passwords=keeping(nodes, "wrong")) as deck:
        deck.never_slow()
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        for _ in range(3):
            for one in deck.fleet.nodes:
                one.refresh_now()
            deck.fleet.set_interval(0.05)
            deck.fleet.set_paused(True)
            deck.fleet.set_paused(False)
            await quiet(0.1)
        assert failures(served) == TRIES


async def test_other_logins_go_on_while_one_is_stopped(served: SimulatedCluster) -> None:
    admin, *_ = profiles(served)
    viewer = replace(admin, name="viewed", username=VIEWER)
    passwords = Passwords()
    passwords.keep(admin, Secret("wrong"))
    passwords.keep(viewer, Secret(VIEWER_PASSWORD))
    async with running(admin, viewer, passwords=passwords) as deck:
        await deck.good("viewed")
        await deck.until(lambda: deck.watch("node1").reading.trouble is not None)
        before = len(asked(served, LIST))
        await deck.until(lambda: len(asked(served, LIST)) >= before + 3)
        assert failures(served) == TRIES


async def test_renewing_with_the_right_password_wakes_every_node(served: SimulatedCluster) -> None:
    nodes = profiles(served)
    async with running(*nodes, passwords=keeping(nodes, "wrong")) as deck:
        deck.never_slow()
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        deck.fleet.renew("node2", Secret(PASSWORD))
        await deck.good()
        assert failures(served) == TRIES


async def test_renewing_wakes_a_node_that_rests(served: SimulatedCluster) -> None:
    async with running(*profiles(served), refresh=60) as deck:
        await deck.good()
        asked_at = [one.reading.asked_at for one in deck.fleet.nodes]
        deck.fleet.renew("node1", Secret(PASSWORD))
        await deck.until(
            lambda: all(
                one.reading.asked_at > before
                for one, before in zip(deck.fleet.nodes, asked_at, strict=True)
            )
        )


async def test_renewing_with_another_wrong_password_costs_one_more_try(
    served: SimulatedCluster,
) -> None:
    nodes = profiles(served)
    async with running(*nodes, passwords=keeping(nodes, "wrong")) as deck:
        deck.never_slow()
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        deck.fleet.renew("node1", Secret("wrong too"))
        await deck.until(lambda: failures(served) == TRIES + 1)
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        await quiet(0.3)
        assert failures(served) == TRIES + 1


async def test_renewing_without_a_password_reads_its_source_again(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text("wrong\n")
    file.chmod(0o600)
    nodes = profiles(served, password=FileSource(file))
    async with running(*nodes, passwords=Passwords()) as deck:
        deck.never_slow()
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        file.write_text(f"{PASSWORD}\n")
        deck.fleet.renew("node1", None)
        await deck.good()
        assert failures(served) == TRIES


async def test_a_missing_password_sends_nothing_and_is_reported(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served), passwords=Passwords()) as deck:
        await deck.until(lambda: troubles(deck) == {TroubleKind.NO_PASSWORD})
        assert not served.cluster.requests
        deck.fleet.renew("node1", Secret(PASSWORD))
        await deck.good()


@pytest.mark.parametrize("way", list(LoginWay))
async def test_a_password_that_changes_while_all_is_well_costs_two_refusals_at_most(
    way: LoginWay, served: SimulatedCluster
) -> None:
    """P24, case 22."""
    nodes = profiles(served, login=way)
    async with running(*nodes) as deck:
        await deck.known()
        served.cluster.users[nodes[0].username].password = "another"
        served.cluster.logins.revoke()
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        await quiet(0.3)
        wrong = [one for one in served.cluster.requests if one.status == 401]
        assert 1 <= sum(one.scheme == "basic" for one in wrong) <= 2
        deck.fleet.renew("node1", Secret("another"))
        await deck.good()


@pytest.mark.real_time
async def test_a_login_that_stops_while_another_node_asks_for_more_ends_nothing() -> None:
    """One node is refused between another's services and its facts."""
    well, bad = Play(), Play(2)
    lingering = said({"local_node_info": {"uid": "1"}})

    def linger(peer: Peer) -> None:
        peer.server.closing.wait(0.5)
        peer.send(lingering)

    well.get(BOOTSTRAP, linger)
    with serving(well) as first, serving(bad) as second:
        nodes = (
            profile(first.url, cluster="demo"),
            profile(second.url, "node2", cluster="demo"),
        )
        async with running(*nodes) as deck:
            await deck.until(lambda: len(first.asked) == 2)
            bad.get(LIST, answer("no", 401))
            well.get(LIST, answer("no", 401))
            await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
            seen = len(first.asked) + len(second.asked)
            await quiet(0.25)
            assert len(first.asked) + len(second.asked) == seen
            bad.heal(LIST)
            well.heal(LIST)
            deck.fleet.renew("node1", Secret("new"))
            await deck.good()


async def test_a_late_refusal_of_an_old_password_does_not_stop_the_new_one() -> None:
    play, renewed = Play(), threading.Event()

    def refuse_late(peer: Peer) -> None:
        renewed.wait(30)
        play.heal(LIST)
        peer.answer("no", 401)

    play.get(LIST, refuse_late)
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.until(lambda: server.asked)
            deck.fleet.renew("node1", Secret("new"))
            renewed.set()
            await deck.good()
            assert deck.watch().login.trouble == ""


@pytest.mark.parametrize("way", [LoginWay.BASIC, LoginWay.AUTO])
async def test_a_node_that_waited_with_an_old_password_does_not_send_it(way: LoginWay) -> None:
    first, second, renewed = Play(), Play(2), threading.Event()

    def refuse_late(peer: Peer) -> None:
        renewed.wait(30)
        first.heal(LIST)
        peer.answer("no", 401)

    first.get(LIST, refuse_late)
    with serving(first) as one, serving(second) as two:
        nodes = (
            profile(one.url, cluster="demo", login=way),
            profile(two.url, "node2", cluster="demo", login=way),
        )
        async with running(*nodes, refresh=30) as deck:
            await deck.until(
                lambda: any(asked.path == LIST for asked in one.asked) and two.connections
            )
            # While the first node does not answer, the other waits; it may have sent before.
            before = len(two.asked)
            deck.fleet.renew("node1", Secret("new"))
            renewed.set()
            await deck.good()
            sent = {asked.headers["authorization"] for asked in two.asked[before:]}
            assert len(sent) == 1
            assert sent == {one.asked[-1].headers["authorization"]}
            old = one.asked[0].headers["authorization"]
            shown = [asked.headers.get("authorization") for asked in (*one.asked, *two.asked)]
            assert shown.count(old) == before + (1 if way is LoginWay.BASIC else 2)


@pytest.mark.real_time
async def test_a_typed_password_is_not_undone_by_its_slow_source(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    script = f"import time; open({str(started)!r}, 'w').close(); time.sleep(1); print('wrong')"
    nodes = profiles(served, password=CommandSource((sys.executable, "-c", script)))
    async with running(*nodes, passwords=Passwords()) as deck:
        deck.never_slow()
        await deck.until(started.exists)
        deck.fleet.renew("node1", Secret(PASSWORD))
        await deck.good()
        await quiet(0.3)
        assert failures(served) == 0


def sent_to(server: FaultServer) -> set[str]:
    return {
        base64.b64decode(one.headers["authorization"].removeprefix("Basic ")).decode()
        for one in server.asked
    }


async def test_a_password_of_one_node_is_never_sent_to_another_that_shares_no_cluster() -> None:
    with serving(Play()) as one, serving(Play()) as two:
        nodes = profile(one.url), profile(two.url, "node2")
        passwords = Passwords()
        for number, node in enumerate(nodes, start=1):
            passwords.keep(node, Secret(f"password {number}"))
        async with running(*nodes, passwords=passwords) as deck:
            await deck.good()
            deck.fleet.renew("node1", Secret("password 3"))
            await deck.until(lambda: len(sent_to(one)) == 2)
            await deck.good()
            assert sent_to(one) == {f"{ADMIN}:password 1", f"{ADMIN}:password 3"}
            assert sent_to(two) == {f"{ADMIN}:password 2"}


async def test_one_source_is_one_login_even_without_a_cluster(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("wrong\n")
    file.chmod(0o600)
    refusing = always("no", 401)
    with serving(refusing) as one, serving(refusing) as two:
        source = FileSource(file)
        nodes = profile(one.url, password=source), profile(two.url, "node2", password=source)
        async with running(*nodes, passwords=Passwords()) as deck:
            deck.never_slow()
            await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
            assert len(one.asked) + len(two.asked) == 1


async def test_a_403_to_an_order_makes_every_node_of_the_login_read_only_and_reads_go_on(
    served: SimulatedCluster,
) -> None:
    """Case 23."""
    operators = living_since_now(NodeOperator)
    nodes = profiles(served, username=VIEWER)
    async with running(*nodes, passwords=keeping(nodes, VIEWER_PASSWORD)) as deck:
        await deck.known()
        verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert verdict.result is Result.REFUSED
        assert VIEWER in verdict.text
        assert len(posts(served)) == 1
        for one in deck.fleet.nodes:
            assert "may not send actions" in one.read_only
            assert judge_order(Verb.STOP, [ALERT], deck.fleet.standing(one.name)).tier is Tier.NEVER
        before = len(asked(served, LIST))
        await deck.until(lambda: len(asked(served, LIST)) >= before + 6)
        assert troubles(deck) == {None}
        assert not operators()
        with pytest.raises(NotAccepted, match="may not send actions"):
            deck.give(Verb.RESTART, "alert_mgr", node="node2")
        assert len(posts(served)) == 1


async def test_a_new_password_may_write_again(served: SimulatedCluster) -> None:
    nodes = profiles(served, username=VIEWER)
    async with running(*nodes, passwords=keeping(nodes, VIEWER_PASSWORD)) as deck:
        await deck.known()
        await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        served.cluster.users[VIEWER].role = "admin"
        deck.fleet.renew("node1", Secret(VIEWER_PASSWORD))
        await deck.good()
        verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
        assert verdict.result is Result.VERIFIED


async def test_a_403_to_a_reading_is_reported_and_polled_again_without_stopping_the_login() -> None:
    """Case 23."""
    with serving(always('{"description": "not you"}', 403)) as server:
        async with running(profile(server.url), refresh=0.1) as deck:
            await deck.until(lambda: troubles(deck) == {TroubleKind.FORBIDDEN})
            await deck.until(lambda: len(server.asked) >= 3)
            assert deck.watch().login.trouble == ""


async def test_a_401_to_an_order_is_refused_and_stops_the_login() -> None:
    play = Play()
    play.post(answer("no", 401))
    patience = replace(PATIENCE, look=0.5)  # no reading comes after it
    with serving(play) as server:
        async with running(profile(server.url), patience=patience) as deck:
            await deck.known()
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.REFUSED
            await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
            assert len(server.posts) == 1


@pytest.mark.parametrize("way", list(LoginWay))
async def test_an_account_that_was_unlocked_comes_back_on_refresh_without_typing(
    way: LoginWay, served: SimulatedCluster
) -> None:
    nodes = profiles(served, login=way)
    account = served.cluster.users[ADMIN]
    account.locked_until = served.cluster.now() + 1800
    async with running(*nodes) as deck:
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        account.locked_until = 0.0
        await quiet(0.2)
        assert troubles(deck) == {TroubleKind.LOGIN}
        deck.fleet.refresh()
        await deck.good()


@pytest.mark.real_time
async def test_each_refresh_tries_a_refused_source_once_and_never_so_often_that_it_locks(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P24, case 22: the vendor's lock is at five."""
    file = tmp_path / "password"
    file.write_text("wrong")
    file.chmod(0o600)
    nodes = profiles(served, password=FileSource(file), login=LoginWay.BASIC)
    async with running(*nodes, passwords=Passwords()) as deck:
        deck.never_slow()
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        for tried in (2, 3, 3, 3):
            deck.fleet.refresh()
            await deck.until(lambda tried=tried: failures(served) == tried)
            await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
            await quiet(0.2)
            assert failures(served) == tried
        hint = deck.watch().login.trouble_at("node1").hint
        assert "not tried again" in hint


async def test_a_fixed_source_is_read_again_on_refresh(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P24, case 22."""
    file = tmp_path / "password"
    file.write_text("wrong")
    file.chmod(0o600)
    nodes = profiles(served, password=FileSource(file), login=LoginWay.BASIC)
    async with running(*nodes, passwords=Passwords()) as deck:
        deck.never_slow()
        await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
        file.write_text(PASSWORD)
        deck.fleet.refresh()
        await deck.known()
    assert failures(served) == 1


# One node that refuses what others take.


def three(stack: ExitStack, way: LoginWay = LoginWay.BASIC) -> tuple[list[Play], list[FaultServer]]:
    plays = [Play(uid) for uid in (1, 2, 3)]
    if way is not LoginWay.BASIC:
        for play in plays:
            play.answers["POST", AUTHORIZE] = said({"access_token": "token"})
    return plays, [stack.enter_context(serving(play)) for play in plays]


def named(servers: list[FaultServer], way: LoginWay = LoginWay.BASIC) -> list[NodeProfile]:
    return [
        profile(one.url, f"node{uid}", cluster="demo", login=way)
        for uid, one in enumerate(servers, start=1)
    ]


async def test_a_node_that_refuses_what_others_took_stops_alone_and_says_who_takes_it() -> None:
    """P24, case 22: its LDAP agent is down, and two seconds ago the password was right."""
    with ExitStack() as stack:
        plays, servers = three(stack)
        async with running(*named(servers)) as deck:
            await deck.known()
            plays[1].get(LIST, answer("no", 401))
            await deck.until(lambda: deck.watch("node2").reading.trouble is not None)
            trouble = deck.watch("node2").reading.trouble
            assert trouble is not None
            assert trouble.kind is TroubleKind.LOGIN
            assert trouble.text == "node2 refuses the login that node1 and node3 take"
            assert trouble.remedies == (Remedy.REFRESH,)
            seen = carried(servers[1])
            await deck.readings(3, "node1", "node3")
            assert deck.watch("node1").reading.is_good
            assert deck.watch("node3").reading.is_good
            assert not deck.watch("node1").login.trouble
            assert carried(servers[1]) == seen
            plays[1].heal(LIST)
            deck.fleet.refresh()
            await deck.good()


async def test_a_node_that_refuses_alone_is_tried_once_in_each_window_of_the_lock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """P24, case 22: it comes back by itself once it takes the login again."""
    sleep = Sleep(monkeypatch)
    with ExitStack() as stack:
        plays, servers = three(stack)
        async with running(*named(servers)) as deck:
            await deck.known()
            login = deck.watch().login
            plays[1].get(LIST, answer("no", 401))
            await deck.until(lambda: "node2" in login.refused_by)
            tried = carried(servers[1])
            sleep.asleep += 880
            await deck.readings(3)
            assert carried(servers[1]) == tried
            for tries in (1, 2):
                sleep.asleep += 905
                await deck.readings(5)
                assert carried(servers[1]) == tried + tries
                assert login.attempts.refusals <= 1
                assert not login.trouble
                assert deck.watch("node3").reading.is_good
            plays[1].heal(LIST)
            await deck.readings(3)
            assert not deck.watch("node2").reading.is_good
            sleep.asleep += 905
            await deck.readings(2, "node1", "node3")
            await deck.readings(2, "node2")
            assert deck.watch("node2").reading.is_good
            assert not login.refused_by


def refused_alone(clock: list[float], *nodes: str) -> Login:
    """Make a login that these nodes refuse one after the other, and well takes."""
    login = Login(ADMIN, asks=True, clock=lambda: clock[0])
    login.attempts = AttemptLimit(lambda: clock[0])
    for node in nodes:
        login.took("well", by_password=True)
        login.attempts.accept("well")
        login.attempts.refuse(node)
        login.attempts.settle(node)
        login.refuse("no", login.generation, node)
    return login


def test_a_new_password_begins_with_nothing_known_of_the_one_before() -> None:
    login, woken = refused_alone([0.0], "a"), list[str]()
    assert (list(login.refused_by), login.takers(), login.trouble) == (["a"], ["well"], "")
    login.took("a", by_password=False)
    login.refuse("no", login.generation, "a")
    assert login.takers() == ["well"]  # who refuses it now took it before
    login.wakers.add(lambda: woken.append("woken"))
    login.renew(Secret("another"))
    assert (login.refused_by, login.takers(), login.proven) == ({}, [], False)
    assert woken == ["woken"]


def test_a_login_that_is_stopped_is_proven_no_more_and_refused_by_no_node_alone() -> None:
    login = refused_alone([0.0], "a")
    login.stop("the keyring is locked")
    assert (login.refused_by, login.proven) == ({}, False)


@pytest.mark.parametrize(
    ("refusals", "lost", "text", "remedy"),
    [
        (2, 0, "refused 2 times in a row; it is not sent again", Remedy.GIVE_PASSWORD),
        (1, 2, "refused 1 time; it is not sent again", Remedy.GIVE_PASSWORD),
        (0, 3, "sent and never answered; none is sent any more", Remedy.RETRY_PASSWORD),
    ],
)
async def test_why_no_password_is_sent_any_more_is_said_with_what_helps(
    refusals: int, lost: int, text: str, remedy: Remedy
) -> None:
    login = Login(ADMIN, asks=True)
    for node in range(lost):
        await login.attempts.enter(node, has_answered=True)
        login.attempts.leave(node, unanswered=True)
    for _ in range(refusals):
        login.attempts.refuse("a")
    login.stop_if_spent()
    whose = f"the password of {ADMIN} was" if refusals else f"3 passwords of {ADMIN} were"
    assert login.trouble == f"{whose} {text}, as 5 that are refused lock the user"
    trouble = login.trouble_at("a")
    assert (trouble.kind, trouble.remedies) == (TroubleKind.LOGIN, (remedy,))
    assert trouble.held_until is None


def test_a_login_without_a_user_is_its_certificate() -> None:
    assert Login("", asks=False).trouble_at("a").remedies == (Remedy.FIX_CLIENT_CERTIFICATE,)


def test_a_login_that_others_were_refused_is_held_back_until_that_counts_no_more() -> None:
    login = Login(ADMIN, asks=True)
    login.attempts.count_elsewhere("demo", (0.0, 0.0))
    login.stop_if_spent()
    held_until = login.trouble_at("a").held_until
    assert held_until is not None
    left = held_until - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=16)


def login_at(login: Login, name: str = "a") -> NodeLogin:
    return NodeLogin(login, name, login.generation, profile("http://127.0.0.1:1", name))


def test_a_node_proves_the_password_only_where_it_took_that_one() -> None:
    """P24: an answer to a token, or to the password before, proves nothing of this one."""
    login = Login(ADMIN, asks=True)
    node = login_at(login)
    node.login_accepted(by_password=False)
    node.prove()
    assert not login.proven
    node.login_accepted(by_password=True)
    node.password_refused()
    node.prove()
    assert not login.proven
    node.login_accepted(by_password=True)
    node.prove()
    assert login.proven
    login.renew(Secret("another"))
    node.login_accepted(by_password=True)
    node.prove()
    assert (login.proven, login.takers()) == (False, [])


async def test_what_a_node_answered_before_counts_for_one_use_of_its_connection() -> None:
    """P24: after an answer that was lost, it answers without the password first."""
    login = Login(ADMIN, asks=True)
    node = login_at(login)
    await node.before_password()
    node.after_request(unanswered=True)
    with pytest.raises(NodeNotSeenYet):
        await node.before_password()
    node.node_answered()
    await node.before_password()
    node.after_request(unanswered=False)
    node.begin()
    with pytest.raises(NodeNotSeenYet):
        await node.before_password()


async def test_requests_that_are_lost_stop_their_own_password_alone() -> None:
    """P24."""
    for is_current in (True, False):
        login = Login(ADMIN, asks=True)
        node = login_at(login)
        node.node_answered()
        for _ in range(2):
            await node.before_password()
            node.after_request(unanswered=True)
        await node.before_password()
        if not is_current:
            login.renew(Secret("another"))
        node.after_request(unanswered=True)
        assert bool(login.trouble) is is_current
        assert login.attempts.spent == 2 + is_current


def test_a_refusal_of_the_password_before_leaves_the_new_one_its_try() -> None:
    """P24."""
    login = Login(ADMIN, asks=True)
    node = login_at(login)
    assert node.password_refused()
    login.renew(Secret("another"))
    assert not node.password_refused()  # which this node may not repeat
    login.stop_if_spent()
    assert not login.trouble


async def test_a_source_is_read_once_more_where_its_password_was_taken_and_is_refused(
    tmp_path: Path,
) -> None:
    """P24: what it gives by then may be another one."""
    file = tmp_path / "password"
    write_password(file, "first")
    node, passwords = profile("http://127.0.0.1:1", password=FileSource(file)), Passwords()
    login = Login.of(node)
    assert await given(login, node, passwords) == "first"
    login.attempts.accept("node1")
    write_password(file, "second")
    login.refuse("401", login.generation, "node1")
    assert login.trouble == ""
    await login.reconsider(node, passwords)
    assert await given(login, node, passwords) == "second"
    login.attempts.accept("node1")
    login.refuse("401", login.generation, "node1")
    await login.reconsider(node, passwords)  # the file holds the same one still
    assert login.trouble == "401"
    write_password(file, "third")
    login.renew(None)
    assert await given(login, node, passwords) == "third"


def write_password(file: Path, password: str) -> None:
    file.write_text(password, encoding="utf-8")
    file.chmod(0o600)


async def given(login: Login, node: NodeProfile, passwords: Passwords) -> str:
    secret = await login.unlock(node, passwords)
    return "" if secret is None else secret.reveal()


def test_nodes_that_refuse_alone_are_tried_one_in_a_window_and_only_while_another_takes_it() -> (
    None
):
    """P24: a try that fails must not be the second refusal in a row."""
    clock = [0.0]
    login = refused_alone(clock, "a", "b")
    clock[0] += 900.0
    assert login.lone_refusal("a")  # none took it in the last minutes
    login.took("well", by_password=False)
    assert not login.lone_refusal("a")
    assert not login.lone_refusal("b")
    login.attempts.refuse("a")
    login.refuse("no", login.generation, "a")
    assert login.lone_refusal("a")
    assert login.lone_refusal("b")
    clock[0] += 900.0
    login.took("well", by_password=False)
    assert not login.lone_refusal("b")
    login.took("b", by_password=True)
    assert list(login.refused_by) == ["a"]


async def test_only_a_login_that_stops_for_all_nodes_is_kept_for_later_commands(
    tmp_path: Path,
) -> None:
    """P24: one whose LDAP agent is down must not end what a scheduler runs on the others."""
    clock = [0.0]
    login = refused_alone(clock, "a")
    login.memory = RefusedLogins(tmp_path / "state", is_attended=False)
    login.refuse("no", login.generation, "b")
    assert not login.trouble
    assert not (tmp_path / "state").exists()
    login.attempts.refuse("a", place="demo")
    login.refuse("no", login.generation, "a")
    assert login.trouble
    later = RefusedLogins(tmp_path / "state", is_attended=False)
    assert len(await later.others(ADMIN, "demo") or ()) == 1


def test_a_node_is_not_tried_by_itself_where_a_lost_answer_may_have_been_a_failure() -> None:
    """P24."""
    clock = [0.0]
    login = refused_alone(clock, "a")
    clock[0] += 800.0
    login.attempts._unanswered.append(clock[0])
    clock[0] += 100.0
    login.took("well", by_password=False)
    assert login.lone_refusal("a")
    clock[0] += 801.0
    login.took("well", by_password=False)
    assert not login.lone_refusal("a")


async def test_a_second_node_that_refuses_what_it_took_before_stops_all() -> None:
    """P24, case 22."""
    with ExitStack() as stack:
        plays, servers = three(stack)
        async with running(*named(servers)) as deck:
            await deck.known()
            refused: list[str] = []

            def refuse(peer: Peer) -> None:
                refused.append(peer.server.asked[-1].path)
                peer.send(answer("no", 401))

            for play in plays:
                for path in (LIST, BOOTSTRAP, NODES, STATES, CLUSTER, OPTIONAL, HEALTH):
                    play.get(path, refuse)
            await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
            assert deck.watch().login.refused
            await quiet(0.3)
            assert len(refused) <= 2


async def test_a_side_call_that_refuses_the_login_is_that_calls_trouble_and_is_not_repeated() -> (
    None
):
    """P24: the services are answered with the same password."""
    play = Play()
    play.get(BOOTSTRAP, answer("no", 401))
    play.get(HEALTH, answer("no", 401))
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.good()
            await deck.readings(6)
            assert deck.watch().reading.is_good
            assert not deck.watch().login.trouble
            paths = [one.path for one in server.asked]
            assert paths.count(BOOTSTRAP) == 1
            assert paths.count(HEALTH) <= 1


async def test_a_side_call_that_refuses_a_token_is_that_calls_trouble_and_costs_no_login() -> None:
    with ExitStack() as stack:
        plays, servers = three(stack, LoginWay.AUTO)
        for play in plays:
            play.get(BOOTSTRAP, answer("no", 401))
        async with running(*named(servers, LoginWay.AUTO)) as deck:
            await deck.good()
            await deck.readings(6)
            assert troubles(deck) == {None}
            assert sum(carried_password(one) for one in servers) == 1


async def test_a_cluster_that_locks_at_three_gets_no_second_wrong_password() -> None:
    """P24: two below what GET /v1/cluster reports."""
    with ExitStack() as stack:
        plays, servers = three(stack)
        for play in plays:
            play.get(CLUSTER, said({"name": "played", "login_lockout_threshold": 3}))
        async with running(*named(servers)) as deck:
            await deck.known()
            await deck.until(lambda: deck.watch().login.attempts.threshold == 3)
            for play in plays:
                play.get(LIST, answer("no", 401))
            await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
            await quiet(0.2)
            assert deck.watch().login.attempts.refusals == 1
            deck.fleet.refresh()
            await quiet(0.2)
            assert deck.watch().login.attempts.refusals == 1


# Passwords whose answer never comes.


def carried(*servers: FaultServer) -> int:
    """Count the requests that held a password."""
    return sum(
        "authorization" in one.headers or b"password" in one.body
        for server in servers
        for one in server.asked
    )


def carried_password(server: FaultServer) -> int:
    """Count the requests that held the password itself, not a token."""
    return sum(one.headers.get("authorization", "").startswith("Basic") for one in server.asked)


def late_to(*, passwords_only: bool) -> Script:
    """Refuse a password too late to be seen, and answer at once to a request that has none."""

    def script(peer: Peer) -> None:
        while (request := peer.read()) is not None:
            if "authorization" in request.headers or not passwords_only:
                peer.server.closing.wait(0.3)
            peer.answer("no", 401)

    return script


@pytest.mark.real_time
@pytest.mark.parametrize("way", list(LoginWay))
async def test_a_node_that_refuses_too_late_is_asked_on_and_never_sent_the_password_again(
    way: LoginWay,
) -> None:
    """P24, case 22."""
    with serving(late_to(passwords_only=False)) as server:
        async with running(profile(server.url, login=way), timeout=0.15, refresh=0.02) as deck:
            await deck.until(lambda: len(server.asked) >= 6)
            assert carried(server) == 1
            assert troubles(deck) == {TroubleKind.UNREACHABLE}


@pytest.mark.real_time
@pytest.mark.parametrize("way", list(LoginWay))
async def test_three_passwords_without_an_answer_stop_the_login_until_a_person_acts(
    way: LoginWay,
) -> None:
    """P24, case 22: the node answers, and yet never says what it thinks of the password."""
    with serving(late_to(passwords_only=True)) as server:
        async with running(profile(server.url, login=way), timeout=0.15, refresh=0.02) as deck:
            await deck.until(lambda: troubles(deck) == {TroubleKind.LOGIN})
            trouble = deck.watch().reading.trouble
            assert trouble is not None
            assert "3 passwords of admin@demo.local were sent and never answered" in trouble.text
            assert trouble.remedies == (Remedy.RETRY_PASSWORD,)
            await quiet(0.25)
            assert carried(server) == 3
            for _ in range(4):  # a person who presses it again and again
                deck.fleet.refresh()
                await quiet(0.25)
            assert carried(server) == 4


@pytest.mark.real_time
async def test_a_password_that_a_node_has_taken_survives_nodes_that_do_not_answer() -> None:
    """P15, P24."""
    with serving(late_to(passwords_only=True)) as dead, serving(Play()) as alive:
        nodes = profile(alive.url, cluster="demo"), profile(dead.url, "node2", cluster="demo")
        async with running(*nodes, timeout=0.15, refresh=0.02) as deck:
            await deck.good("node1")
            await deck.until(lambda: len(dead.asked) >= 6)
            assert not deck.watch().login.trouble
            assert deck.watch("node1").reading.is_good


async def test_nodes_that_refuse_the_connection_cost_no_try(closed_port: int) -> None:
    """P24: nothing was sent."""
    none = profile(f"http://127.0.0.1:{closed_port}", login=LoginWay.BASIC)
    async with running(none, refresh=0.05) as deck:
        await deck.until(lambda: deck.watch()._failures >= 4)
        assert deck.watch().login.attempts.spent == 0


@pytest.mark.real_time
@pytest.mark.parametrize("way", list(LoginWay))
async def test_five_nodes_that_hang_do_not_keep_a_healthy_one_waiting_for_an_unproven_login(
    way: LoginWay,
) -> None:
    """P15, P24."""
    healthy = Play()
    healthy.answers["POST", "/v1/users/authorize"] = said({"access_token": "token"})
    with ExitStack() as stack:
        holes = [stack.enter_context(serving(reading_and_hanging)) for _ in range(5)]
        well = stack.enter_context(serving(healthy))
        nodes = [
            profile(one.url, f"node{no}", cluster="demo", login=way)
            for no, one in enumerate([*holes, well], start=1)
        ]
        async with running(*nodes, timeout=100, refresh=1) as deck:
            await deck.good("node6")
            assert carried(*holes) <= 2


def reading_and_hanging(peer: Peer) -> None:
    peer.read()
    peer.hang()
