"""`rsdeck status`: each node asked once, side by side, and nothing that could write."""

import contextlib
import time
from typing import Any

import pytest

from tests.faultserver import Peer, always, answer, serving
from tests.fleet.conftest import (
    BOOTSTRAP,
    CLUSTER,
    LIST,
    NODES,
    OPTIONAL,
    STATES,
    VIEWER,
    VIEWER_PASSWORD,
    Play,
    Reply,
    asked,
    configuration,
    keeping,
    profile,
    profiles,
    said,
)
from tests.living import living_since_now
from tui.api.client import NodeOperator
from tui.config import NodeProfile
from tui.credentials import Passwords
from tui.fleet.node_status import NodeStatus, node_status, read_status
from tui.fleet.poll_once import poll_once
from tui.model.login import LoginWay
from tui.model.reading import TroubleKind
from tui.model.service import Kind
from tui.sim.server import SimulatedCluster


def look(*nodes: NodeProfile, passwords: Passwords | None = None, **more: Any) -> list[NodeStatus]:
    return read_status(configuration(nodes, **more), nodes, passwords or keeping(nodes))


def test_every_node_is_polled_once_and_returned_in_the_order_of_the_profiles(
    served: SimulatedCluster,
) -> None:
    operators = living_since_now(NodeOperator)
    nodes = profiles(served)[::-1]
    glances = look(*nodes)
    assert [one.profile.name for one in glances] == ["node3", "node2", "node1"]
    assert all(len(one.services) == 32 and one.trouble is None for one in glances)
    assert [one.problems for one in glances] == [0, 0, 0]
    assert len(asked(served, LIST)) == 3
    sent = {one.path for one in served.cluster.requests if one.method != "GET"}
    assert sent <= {"/v1/users/authorize"}
    assert not operators()


def test_a_look_at_a_node_takes_one_connection() -> None:
    with serving(Play()) as server:
        (found,) = look(profile(server.url))
        assert found.scope.optional == {"alert_mgr"}
        assert server.connections == 1


def test_the_kinds_are_known_for_every_node_of_a_cluster(served: SimulatedCluster) -> None:
    for one in look(*profiles(served)):
        kinds = {service.name: one.scope.kind(service) for service in one.services}
        assert kinds["alert_mgr"] is Kind.OPTIONAL
        assert kinds["ccs"] is Kind.REQUIRED


@pytest.mark.parametrize("late", [[2], [1], [1, 2]])
def test_the_kinds_are_known_whichever_node_answers_slowly(late: list[int]) -> None:
    replica, primary = Play(2), Play(1)

    def redirect(peer: Peer) -> None:
        peer.server.closing.wait(0.3 if 2 in late else 0)
        peer.answer("", 307, Location="https://elsewhere/")

    replica.get(NODES, redirect)
    told = primary.answers["GET", NODES]
    assert isinstance(told, bytes)

    def tell(peer: Peer) -> None:
        peer.server.closing.wait(0.3 if 1 in late else 0)
        peer.send(told)

    primary.get(NODES, tell)
    with serving(replica) as two, serving(primary) as one:
        nodes = (
            profile(two.url, "node2", cluster="demo"),
            profile(one.url, "node1", cluster="demo"),
        )
        for found in look(*nodes):
            assert found.scope.optional == {"alert_mgr"}


def test_what_is_down_counts_as_a_problem_and_comes_first(served: SimulatedCluster) -> None:
    served.cluster.stop(1, "mdns_server")
    served.cluster.process(1, "mdns_server").advance(served.cluster.clock() + 10)
    served.cluster.set_status(1, "ccs", "FATAL")
    first, second, _ = look(*profiles(served))
    assert first.problems == 2
    assert [one.name for one in first.arranged()[:2]] == ["ccs", "mdns_server"]
    assert second.problems == 0


@pytest.mark.real_time
def test_a_node_in_trouble_spoils_and_delays_no_other(served: SimulatedCluster) -> None:
    with serving(Peer.hang) as hole, serving(always("<html>")) as page:
        nodes = (
            profile(hole.url, "hole", username="other"),
            profile(page.url, "page", username="third"),
            *profiles(served),
        )
        began = time.monotonic()
        hanging, odd, *rest = look(*nodes, timeout=2)
        assert time.monotonic() - began < 20
    assert hanging.trouble is not None
    assert hanging.trouble.kind is TroubleKind.UNREACHABLE
    assert odd.trouble is not None
    assert odd.trouble.kind is TroubleKind.GARBLED
    assert [len(one.services) for one in rest] == [32, 32, 32]


def test_a_wrong_password_is_tried_at_one_node_and_reported_for_every_node(
    served: SimulatedCluster,
) -> None:
    nodes = profiles(served)
    glances = look(*nodes, passwords=keeping(nodes, "wrong"))
    assert len(served.cluster.requests) == 2
    for one in glances:
        assert one.trouble is not None
        assert one.trouble.kind is TroubleKind.LOGIN
        assert not one.services


def test_a_missing_password_is_reported_and_nothing_is_requested(
    served: SimulatedCluster,
) -> None:
    for one in look(*profiles(served), passwords=Passwords()):
        assert one.trouble is not None
        assert one.trouble.kind is TroubleKind.NO_PASSWORD
    assert not served.cluster.requests


def test_a_viewer_sees_as_much(served: SimulatedCluster) -> None:
    nodes = profiles(served, username=VIEWER)
    glances = look(*nodes, passwords=keeping(nodes, VIEWER_PASSWORD))
    assert [len(one.services) for one in glances] == [32, 32, 32]


@pytest.mark.real_time
def test_a_status_needs_nothing_but_the_services() -> None:
    play = Play()
    for path in (BOOTSTRAP, NODES, STATES, CLUSTER, OPTIONAL):
        play.get(path, Peer.hang)
    with serving(play) as server:
        began = time.monotonic()
        (one,) = look(profile(server.url), timeout=1.5)
        assert time.monotonic() - began < 20
    assert one.trouble is None
    assert one.scope.optional is None
    assert one.scope.kind(one.services[0]) is Kind.UNKNOWN


AUTHORIZE = "/v1/users/authorize"
SIDE_CALLS = (BOOTSTRAP, NODES, STATES, CLUSTER, OPTIONAL)


@pytest.mark.parametrize(
    "reply", [Peer.hang, answer("", 404), answer("", 307, Location="http://x/")]
)
@pytest.mark.parametrize("path", [NODES, CLUSTER, OPTIONAL, STATES])
def test_one_bad_side_call_costs_only_what_it_tells(path: str, reply: Reply) -> None:
    play = Play()
    play.get(path, reply)
    with serving(play) as server:
        node = profile(server.url)
        wanted = configuration([node], timeout=0.4)
        fleet = poll_once(wanted, [node], keeping([node]), read_only="only polled")
    one = node_status(fleet.watch("node1"))
    assert one.trouble is None
    assert (one.scope.optional is None) == (path == OPTIONAL)
    assert [gap.partition(":")[0] for gap in one.gaps] == [path]


@pytest.mark.parametrize("reply", [Peer.hang, answer("", 404)])
def test_the_kinds_are_known_where_the_list_with_the_roles_cannot_be_read(reply: Reply) -> None:
    """Which nodes belong to the cluster is read of another call then."""
    plays = [Play(uid) for uid in (1, 2)]
    for play in plays:
        play.get(STATES, reply)
    plays[1].get(OPTIONAL, answer("", 307, Location="http://elsewhere/"))
    with serving(plays[0]) as one, serving(plays[1]) as two:
        nodes = (
            profile(one.url, "node1", cluster="demo"),
            profile(two.url, "node2", cluster="demo"),
        )
        found = look(*nodes, timeout=0.4)
    assert [status.scope.optional for status in found] == [{"alert_mgr"}] * 2


@pytest.mark.parametrize("way", LoginWay)
@pytest.mark.real_time
def test_a_status_reads_only_what_the_kinds_depend_on_two_calls_at_a_time(
    served: SimulatedCluster, way: LoginWay
) -> None:
    """Side calls of 0.5 s: three times that by password, twice by token, and what starts up."""
    for path in SIDE_CALLS:
        served.cluster.slow_call(path, 0.5)
    at_most = (3 if way is LoginWay.BASIC else 2) * 0.5 + 0.9
    took = []
    while not took or (len(took) < 5 and took[-1] >= at_most):  # a busy machine takes longer
        began = time.monotonic()
        found = look(*profiles(served, login=way), timeout=2)
        took.append(time.monotonic() - began)
        assert [bool(status.scope.optional) for status in found] == [True] * 3
    assert min(took) < at_most
    assert not [*asked(served, NODES), *asked(served, CLUSTER)]
    assert len(asked(served, STATES)) == len(took)


def test_a_password_changed_after_the_services_is_refused_twice_at_most() -> None:
    """P24: and the services that were read are shown."""
    refused: list[str] = []

    def refuse(peer: Peer) -> None:
        peer.server.closing.wait(0.1)  # so that others are on their way
        refused.append(peer.server.asked[-1].path)
        peer.send(answer("no", 401))

    with contextlib.ExitStack() as stack:
        nodes = []
        for uid in (1, 2, 3):
            play = Play(uid)
            for path in SIDE_CALLS:
                play.get(path, refuse)
            server = stack.enter_context(serving(play))
            nodes.append(profile(server.url, f"node{uid}", cluster="demo"))
        found = look(*nodes)
    assert len(refused) <= 2
    assert [(status.trouble, len(status.services)) for status in found] == [(None, 2)] * 3
    assert all(status.scope.optional is None and status.kinds_gap for status in found)


@pytest.mark.real_time
def test_a_node_that_does_not_report_who_it_is_in_time_is_not_waited_for() -> None:
    """The others' kinds are known, and the reason for the lack of its own is."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for uid in range(1, 9):
            play = Play(uid)
            if uid > 1:
                play.get(BOOTSTRAP, Peer.hang)
                play.get(OPTIONAL, answer("", 307, Location="http://elsewhere/"))
            server = stack.enter_context(serving(play))
            nodes.append(profile(server.url, f"node{uid}", cluster="demo"))
        began = time.monotonic()
        first, *_, last = look(*nodes, timeout=0.4)
        assert time.monotonic() - began < 4  # 7 that hang, two at a time: 1.4 s without a limit
    assert first.scope.optional == {"alert_mgr"}
    assert last.trouble is None
    assert last.scope.optional is None
    assert last.kinds_gap == "the node has not reported its identity yet"


@pytest.mark.parametrize("attempt", range(4))
def test_the_kinds_of_nodes_without_a_uid_are_known_whoever_answers_first(attempt: int) -> None:
    plays = [Play(uid) for uid in (1, 2, 3)]
    for number, play in enumerate(plays):
        play.get(BOOTSTRAP, answer("", 404))
        late = play.answers["GET", STATES]
        assert isinstance(late, bytes)
        if number == attempt:
            play.get(STATES, slow(late, 0.2))
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serving(play)) for play in plays]
        nodes = [profile(server.url, f"n{server.port}", cluster="demo") for server in servers]
        assert [one.scope.optional for one in look(*nodes)] == [{"alert_mgr"}] * 3


@pytest.mark.real_time
def test_a_status_takes_no_longer_than_its_slow_calls_side_by_side() -> None:
    """Three nodes, each side call slow: who they are and who can answer is asked all at once."""
    with contextlib.ExitStack() as stack:
        nodes = []
        for uid in (3, 2, 1):
            play = Play(uid)
            play.answers["POST", AUTHORIZE] = said({"access_token": "token"})
            for path in SIDE_CALLS:
                reply = play.answers["GET", path]
                assert isinstance(reply, bytes)
                if uid > 1 and path != BOOTSTRAP:
                    reply = answer("", 307, Location="http://elsewhere/")
                play.get(path, slow(reply, 0.5))
            play.answers["POST", "/v1/users/authorize"] = said({"access_token": "token"})
            server = stack.enter_context(serving(play))
            way = LoginWay.AUTO  # passwords go two at a time, tokens side by side
            nodes.append(profile(server.url, f"node{uid}", cluster="demo", login=way))
        took = []
        while len(took) < 5 and min(took, default=9.0) >= 4 * 0.5 + 1.0:
            began = time.monotonic()
            found = look(*nodes, timeout=20)
            took.append(time.monotonic() - began)
            assert [one.scope.optional for one in found] == [{"alert_mgr"}] * 3
    assert min(took) < 4 * 0.5 + 1.0


def slow(reply: bytes, seconds: float) -> Reply:
    def send(peer: Peer) -> None:
        peer.server.closing.wait(seconds)
        peer.send(reply)

    return send


def test_connections_are_closed_at_the_end() -> None:
    play = Play()
    with serving(play) as server:
        look(profile(server.url))
        end = time.monotonic() + 2
        while server.ended < server.connections:
            assert time.monotonic() < end
            time.sleep(0.01)


def test_another_node_than_the_profiles_is_trouble_and_its_services_are_not_shown() -> None:
    with serving(Play(2)) as server:
        (one,) = look(profile(server.url, uid=1, hostname="host1"))
        assert one.trouble is not None
        assert "node:2 answers here, the profile is of node:1" in one.trouble.text
        assert one.services == ()
        (right,) = look(profile(server.url, uid=2, hostname="host2"))
        assert right.trouble is None


def test_the_services_of_a_node_that_reports_no_uid_are_shown() -> None:
    play = Play(1)
    play.get(BOOTSTRAP, answer("{}", 500))
    with serving(play) as server:
        (one,) = look(profile(server.url, uid=1))
        assert one.trouble is None
        assert len(one.services) == 2


@pytest.mark.parametrize("path", [BOOTSTRAP, STATES, OPTIONAL])
def test_a_401_to_one_side_call_discards_no_services_that_were_read(path: str) -> None:
    play = Play()
    play.get(path, answer("no", 401))
    with serving(play) as server:
        (one,) = look(profile(server.url))
    assert one.trouble is None
    assert len(one.services) == 2
    # No further password leaves before services were polled again, and the reason is known.
    assert (one.scope.optional is None) == (path != STATES)
    assert any("401" in gap or "refused" in gap for gap in one.gaps)
