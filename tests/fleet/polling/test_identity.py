"""A profile that says who its node is: another one that answers there takes no order."""

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.faultserver import answer, serving
from tests.fleet.conftest import BOOTSTRAP, NODES, Play, keeping, profile, running, said
from tests.fleet.orders.test_preflight import NOW, T0, order
from tests.later_answers import unseen
from tui.fleet.login.shared_login import Login
from tui.fleet.orders.guard import ChangedSinceSeen, check_services, judge_order
from tui.fleet.polling.cluster_cache import ClusterCache
from tui.fleet.polling.identity import SETTLED_AFTER, IdentityCheck, NodeFactsReader
from tui.fleet.polling.node_connection import NodeConnection
from tui.model.node import Identity, NodeEvidence, Origin, Role, same_host
from tui.model.order import OrderPhase, Result, Tier, Verb
from tui.model.reading import Reading
from tui.model.service import Service
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster


def check_of(**more: Any) -> IdentityCheck:
    return IdentityCheck(profile("https://10.0.0.1:9443", **more))


def test_before_the_node_was_asked_nothing_is_wrong() -> None:
    assert check_of(uid=2, hostname="host2").wrong == ""


@pytest.mark.parametrize(
    ("said", "meant", "words"),
    [
        (Identity(uid=2, hostname="host2"), {"uid": 2, "hostname": "host2"}, ""),
        (Identity(uid=2, hostname="HOST2.corp.example."), {"uid": 2, "hostname": "host2"}, ""),
        (Identity(uid=2), {"uid": 2, "hostname": "host2"}, ""),
        (Identity(uid=3), {"uid": 2}, "node:3 answers here, the profile is of node:2"),
        (Identity(), {"uid": 2}, "a node that does not report its uid answers here"),
        (Identity(uid=2, hostname="b"), {"uid": 2, "hostname": "a"}, "node:2 b answers here"),
        (Identity(uid=0), {"uid": 2}, "node:0 answers here"),
        (Identity(uid=2), {"uid": 0}, "the profile is of node:0"),
    ],
)
def test_uid_and_hostname_of_the_profile_bind(
    said: Identity, meant: dict[str, Any], words: str
) -> None:
    one = check_of(**meant)
    one.answered(said)
    assert words in one.wrong
    assert bool(one.wrong) is bool(words)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("node1", "node1", True),
        ("node1.a.example", "NODE1", True),
        ("node1.a.example", "node1.a.example.", True),
        ("node1.a.example", "node1.b.example", False),
        ("node1", "node2", False),
    ],
)
def test_a_hostname_may_lack_its_domain_and_no_more(one: str, other: str, same: bool) -> None:
    assert same_host(one, other) is same
    assert same_host(other, one) is same


def test_an_order_is_bound_to_what_the_profile_says_and_else_to_what_is_known() -> None:
    one = check_of(uid=2, hostname="host2")
    known = Identity(uid=3, hostname="host3", role=Role.REPLICA)
    assert one.meant(known) == replace(known, uid=2, hostname="host2")
    other = check_of()
    other.answered(Identity(uid=3, hostname="three"))
    assert other.meant(known) == replace(known, hostname="three")


async def test_a_reading_is_vouched_for_by_the_same_node_after_it_and_none_else_meanwhile() -> None:
    play, published = Play(1), list[object]()
    with serving(play) as server:
        node = profile(server.url)
        facts = NodeFactsReader(node, ClusterCache(), published.append)
        connection = NodeConnection(node, Login.of(node), keeping([node]), 2.0, lambda: False)

        async def learn(uid: int) -> None:
            play.get(BOOTSTRAP, said({"local_node_info": {"uid": str(uid)}}))
            async with connection.hold() as reader:
                await facts.identify(reader)

        def reading() -> Reading:
            return Reading("node1", answered_at=time.monotonic())

        await learn(1)
        first = reading()
        assert not facts.vouches(1, first)
        assert facts.vouches(None, first)
        await learn(1)
        assert facts.vouches(1, first)
        assert not facts.vouches(2, first)
        second = reading()
        await learn(2)
        await learn(1)
        assert not facts.vouches(1, second)
        third = reading()
        await learn(1)
        assert not facts.vouches(1, third)  # it may be of the other one, between two answers
        await connection.shut()


async def test_from_the_first_reading_on_another_node_than_the_profiles_takes_no_orders() -> None:
    with serving(Play(2)) as server:
        async with running(profile(server.url, uid=1, cluster="demo")) as deck:
            await deck.until(lambda: deck.watch().wrong_node)
            assert deck.watch().wrong_node == "node:2 answers here, the profile is of node:1"
            ruling = judge_order(Verb.RESTART, (), deck.fleet.standing("node1"))
            assert (ruling.tier, ruling.allowed) == (Tier.NEVER, False)
            assert deck.watch().identity.uid == 1


async def test_a_node_of_another_name_is_seen_though_it_has_the_same_uid() -> None:
    with serving(Play(1)) as server:
        async with running(profile(server.url, uid=1, hostname="payments1")) as deck:
            await deck.until(lambda: deck.watch().wrong_node)
            assert "host1 answers here, the profile is of payments1" in deck.watch().wrong_node


async def test_what_a_wrong_node_says_of_its_cluster_is_not_asked_for(
    served: SimulatedCluster,
) -> None:
    stranger = Play(1)
    with serving(stranger) as server:
        nodes = (
            profile(server.url, "first", uid=1, hostname="payments1", cluster="demo"),
            profile(served.urls[1], "second", cluster="demo"),
        )
        async with running(*nodes) as deck:
            await deck.until(lambda: deck.watch("second").facts.optional is not None)
            await deck.until(lambda: deck.watch("first").wrong_node)
            assert deck.watch("second").facts.identity.cluster == "demo.cluster.local"
            assert not [one for one in server.asked if one.path == NODES]


async def test_the_check_before_an_order_refuses_another_node_than_the_profiles() -> None:
    """The very first reading was fine, and the node was changed behind it."""
    play = Play(1)
    with serving(play) as server:
        async with running(profile(server.url, uid=1, hostname="host1")) as deck:
            await deck.known()
            given = deck.order(Verb.RESTART, "alert_mgr")
            given = replace(given, target=replace(given.target, identity=deck.watch().identity))
            info = {"uid": "1", "hostname": "another"}
            play.get(BOOTSTRAP, said({"local_node_info": info}))
            deck.fleet.give(given)
            verdict = await deck.verdict(given)
            assert verdict.result is Result.NOT_SENT
            assert "another answers at" in verdict.text
            assert not server.posts
            assert deck.fleet.orders.progress[given.number].phase is OrderPhase.ENDED


def test_the_last_check_needs_no_hostname_where_the_node_gives_none() -> None:
    meant = order(identity=Identity(uid=1, hostname="host1"))
    check_services(meant, Identity(uid=1), [NOW], Origin())
    check_services(meant, Identity(uid=1, hostname="host1.example"), [NOW], Origin())
    with pytest.raises(ChangedSinceSeen, match="host9 answers at"):
        check_services(meant, Identity(uid=1, hostname="host9"), [NOW], Origin())


async def test_a_node_that_says_nothing_does_not_count_as_the_profiles_uid() -> None:
    play = Play(1)
    play.get(BOOTSTRAP, answer("no", 500))
    with serving(play) as server:
        async with running(profile(server.url, uid=1)) as deck:
            await deck.until(lambda: deck.watch().wrong_node)
            assert "does not report its uid" in deck.watch().wrong_node


async def test_an_order_on_a_node_with_its_right_uid_goes_out() -> None:
    with SimulatedCluster(Cluster(2, pace=0.05), tls=False, spread=True) as served:
        one = profile(served.urls[1], uid=1, hostname="node1.demo.cluster.local")
        async with running(one) as deck:
            await deck.known()
            verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            assert verdict.result is Result.VERIFIED


class FakeClock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


A, B = Identity(uid=1, hostname="host1"), Identity(uid=2, hostname="host2")
OTHER_CLUSTER = Identity(uid=1, hostname="elsewhere")
NOBODY = Identity()
IN_TURN = "several nodes answer here in turn"


def timed_check(**more: Any) -> tuple[IdentityCheck, FakeClock]:
    clock = FakeClock()
    return IdentityCheck(profile("https://10.0.0.1:9443", **more), clock), clock


@pytest.mark.parametrize(
    ("answers", "in_turn"),
    [
        ((A, A, A), False),
        ((A, B), False),
        ((A, B, B), False),
        ((A, B, A), True),
        ((A, B, B, A), True),
        ((A, B, NOBODY, A), True),
        ((A, NOBODY, A), False),
        ((A, OTHER_CLUSTER), False),
        ((A, OTHER_CLUSTER, A), True),
        ((A, Identity(uid=1), A), False),
        ((Identity(hostname="x"), Identity(hostname="y"), Identity(hostname="x")), True),
        ((Identity(hostname="x"), Identity(hostname="x.example")), False),
        ((NOBODY, NOBODY), False),
    ],
)
def test_a_node_that_answers_again_after_another_one_answers_in_turn(
    answers: tuple[Identity, ...], in_turn: bool
) -> None:
    """P4: as several nodes behind one address do."""
    check, _ = timed_check()
    for answer_ in answers:
        check.answered(answer_)
    assert (IN_TURN in check.wrong) is in_turn


def test_nodes_that_answer_in_turn_are_named_with_what_helps() -> None:
    check, _ = timed_check(uid=1)
    for answer_ in (A, B, A):
        check.answered(answer_)
    names = "node:1 host1, node:2 host2"
    help_ = "give the profile the address of one node"
    assert check.wrong == f"{IN_TURN} ({names}): {help_}"


def test_of_very_many_nodes_the_newest_are_remembered() -> None:
    check, _ = timed_check()
    for uid in range(40):
        check.answered(Identity(uid=uid))
    check.answered(Identity(uid=39))
    assert IN_TURN not in check.wrong
    check.answered(Identity(uid=0))
    assert IN_TURN not in check.wrong
    check.answered(Identity(uid=38))
    assert IN_TURN in check.wrong
    assert check.wrong.count("node:") == 8


def test_nodes_answer_in_turn_until_one_has_answered_alone_for_a_minute() -> None:
    check, clock = timed_check()
    for answer_ in (A, B, A):
        check.answered(answer_)
    clock.now += SETTLED_AFTER - 1
    assert IN_TURN in check.wrong
    check.answered(B)
    clock.now += SETTLED_AFTER - 1
    assert IN_TURN in check.wrong
    clock.now += 1
    assert check.wrong == "node:2 answers here, it was node:1 before"
    check, clock = timed_check()
    for answer_ in (A, B, A, A):
        check.answered(answer_)
    clock.now += SETTLED_AFTER
    assert check.wrong == ""


def test_when_another_node_answered_last_is_remembered() -> None:
    check, clock = timed_check(uid=1)
    check.answered(A)
    assert check.strayed_at == 0.0
    clock.now = 1001.0
    check.answered(B)
    assert check.strayed_at == 1001.0
    clock.now = 1002.0
    check.answered(A)
    assert check.strayed_at == 1002.0  # the reading between the two may be of either
    clock.now += SETTLED_AFTER
    check.answered(A)
    assert check.strayed_at == 1002.0


HERE, THERE = Origin("10.0.0.1:9443"), Origin("10.0.0.2:9443")


def seen(*seconds: int | None) -> list[Service]:
    return [
        Service(f"s{at}", "RUNNING", None if second is None else T0 + timedelta(seconds=second))
        for at, second in enumerate(seconds)
    ]


def test_where_uptimes_alone_went_on_no_service_is_looked_at() -> None:
    check, first = check_of(), (*seen(50, 50, 50),)
    check.saw(first, HERE)
    evidence = check.evidence
    check.saw(unseen(first), HERE)
    assert check.is_settled
    assert check.evidence == evidence
    check.saw(unseen(first), THERE)
    assert not check.is_settled
    assert check.evidence == NodeEvidence(THERE, evidence.starts)


def test_start_times_that_go_back_are_another_nodes() -> None:
    """P4: without a uid, too."""
    check, clock = timed_check()
    check.saw(seen(50, 50, 50), HERE)
    check.saw(seen(50, 50, 20), HERE)
    assert check.wrong == ""
    assert check.is_settled
    clock.now += 5
    check.saw(seen(10, 10, 10), HERE)
    assert f"{IN_TURN} (the start times are not those of one node" in check.wrong
    assert check.strayed_at == clock.now
    clock.now += SETTLED_AFTER - 1
    check.saw(seen(10, 10, 10), HERE)
    assert check.wrong
    clock.now += 1
    check.saw(seen(10, 10, 10), HERE)
    assert check.wrong == ""


def test_a_reading_of_what_may_be_another_node_is_not_settled_and_the_next_one_is() -> None:
    check, _ = timed_check()
    check.answered(A)
    settled = []
    for seconds, origin in (
        ((0, 0, 0), HERE),
        ((5, 0, 0), HERE),
        ((9, 9, 9), HERE),
        ((9, 9, 9), HERE),
        ((9, 9, 9), THERE),
        ((9, 9, 9), THERE),
        ((20, 20, 20), HERE),
        ((30, 30, 30), HERE),
    ):
        check.saw(seen(*seconds), origin)
        check.answered(A)
        settled.append(check.is_settled)
    assert settled == [True, True, False, True, False, True, False, True]
    assert check.wrong == ""


def test_a_reading_is_not_settled_before_the_node_has_said_who_it_is() -> None:
    """P4: a node that is slow to say it is waited for, and not for ever."""
    check, _ = timed_check()
    check.answered(A)
    check.saw(seen(0, 0, 0), HERE)
    settled = []
    for _ in range(4):
        check.saw(seen(9, 9, 9), HERE)
        settled.append(check.is_settled)
    assert settled == [False, False, True, True]
    check.saw(seen(20, 20, 20), HERE)
    check.saw(seen(20, 20, 20), HERE)
    assert not check.is_settled
    check.answered(B)
    check.saw(seen(20, 20, 20), HERE)
    assert check.is_settled
