"""One order at a time on a node, by whichever address and uid it is known."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fleet.plan_nodes import open_order
from tui.journal.order_journal import NodeBusy, NodeLock, RolloutLock
from tui.model.node import Identity
from tui.model.order import Order, Verb
from tui.model.rollout import Plan, Step

KNOWN = Identity(3, cluster="demo.local")


def order(url: str, identity: Identity) -> Order:
    one = open_order()
    return replace(one, target=replace(one.target, url=url, identity=identity))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (order("https://a", Identity()), order("https://a", Identity())),
        (order("https://a", Identity()), order("https://a", KNOWN)),
        (order("https://a", KNOWN), order("https://b", KNOWN)),
    ],
)
def test_the_same_node_is_busy_by_address_or_by_cluster_and_uid(
    tmp_path: Path, first: Order, second: Order
) -> None:
    holder, other = (NodeLock(tmp_path / "s" / "r", one, "here") for one in (first, second))
    holder.take()
    with pytest.raises(NodeBusy, match=r"since \d+ s, has an action open on node3"):
        other.take()
    holder.free()
    other.take()
    other.free()


@pytest.mark.parametrize(
    "identity",
    [replace(KNOWN, uid=2), replace(KNOWN, cluster="other.local"), replace(KNOWN, cluster="")],
)
def test_another_node_is_free(tmp_path: Path, identity: Identity) -> None:
    holder = NodeLock(tmp_path / "s" / "r", order("https://a", KNOWN), "here")
    other = NodeLock(tmp_path / "s" / "r", order("https://b", identity), "here")
    holder.take()
    other.take()
    holder.free()
    other.free()


def test_an_order_that_fails_to_lock_one_name_keeps_none(tmp_path: Path) -> None:
    locks = [
        NodeLock(tmp_path / "s" / "r", order(url, identity), "here")
        for url, identity in (("https://b", KNOWN), ("https://a", KNOWN), ("https://a", Identity()))
    ]
    locks[0].take()
    with pytest.raises(NodeBusy):
        locks[1].take()
    locks[2].take()


# Rollouts


def plan(*uids: int, cluster: str = "demo.local", port: int = 9443) -> Plan:
    steps = tuple(
        Step(f"n{uid}", f"https://10.0.0.{uid}:{port}", Identity(uid, cluster=cluster), ())
        for uid in uids
    )
    return Plan(1, Verb.RESTART, "demo", ("alert_mgr",), steps)


@pytest.mark.parametrize(
    "other",
    [
        plan(2, 3),
        pytest.param(plan(9), id="other nodes of the cluster"),
        pytest.param(plan(3, cluster=""), id="an address whose cluster is not known"),
    ],
)
def test_two_processes_do_not_roll_one_cluster_side_by_side(tmp_path: Path, other: Plan) -> None:
    first = RolloutLock(tmp_path / "s" / "r", plan(1, 2, 3), "here")
    second = RolloutLock(tmp_path / "s" / "r", other, "here")
    first.take()
    holder = r"^user .+, pid \d+, since \d+ s, rolls restart alert_mgr on 3 nodes of demo$"
    with pytest.raises(NodeBusy, match=holder):
        second.take()
    first.free()
    second.take()
    second.free()


def test_two_clusters_are_rolled_side_by_side(tmp_path: Path) -> None:
    first = RolloutLock(tmp_path / "s" / "r", plan(1, 2), "here")
    second = RolloutLock(tmp_path / "s" / "r", plan(1, 2, cluster="b.local", port=19443), "here")
    first.take()
    second.take()
    first.free()
    second.free()


def test_a_rollout_leaves_its_nodes_free_for_its_own_actions(tmp_path: Path) -> None:
    rolling = RolloutLock(tmp_path / "s" / "r", plan(3), "here")
    acting = NodeLock(tmp_path / "s" / "r", order("https://10.0.0.3:9443", KNOWN), "here")
    rolling.take()
    acting.take()
    acting.free()
    rolling.free()
