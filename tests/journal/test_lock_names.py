"""What a node's lock is named after: its address, and its cluster and uid where both are known."""

from dataclasses import replace

import pytest

from tests.fleet.plan_nodes import open_order
from tui.journal.order_journal import lock_names

ORDER = open_order()


@pytest.mark.parametrize(
    ("cluster", "uid", "names"),
    [
        ("prod", 2, ["node prod 2"]),
        ("prod", 0, ["node prod 0"]),
        ("prod", None, []),
        ("", 2, []),
    ],
)
def test_a_node_is_named_by_cluster_and_uid_only_where_both_are_known(
    cluster: str, uid: int | None, names: list[str]
) -> None:
    identity = replace(ORDER.target.identity, cluster=cluster, uid=uid)
    order = replace(ORDER, target=replace(ORDER.target, identity=identity))
    assert [*lock_names(order)] == [f"url {ORDER.target.url}", *names]
