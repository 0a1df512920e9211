from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.later_answers import unseen
from tui.model.node import Identity, NodeFacts, ObservedHealth, Role
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Service
from tui.ui.format.node_view import NodeNews

STARTED = datetime(2026, 1, 1, tzinfo=UTC)


def reading(second: int = 0, status: str = "RUNNING", **more: Any) -> Reading:
    service = Service("ccs", status, STARTED, 100 + second)
    return Reading("node1", (service,), second, second, STARTED, **more)


@dataclass(frozen=True)
class Watch:
    """What is looked at of a polled node."""

    reading: Reading = field(default_factory=reading)
    facts: NodeFacts = field(default_factory=NodeFacts)
    wrong_node: str = ""
    read_only: str = ""
    name: str = "node1"
    stale_after: float = 4.0


def shown(*watches: Watch) -> list[bool]:
    news = NodeNews()
    return [news.is_new(one) for one in watches]


def test_an_uptime_and_an_age_that_went_on_are_not_new() -> None:
    assert shown(Watch(), Watch(reading(2)), Watch(reading(4))) == [True, False, False]


def test_where_uptimes_alone_went_on_no_service_is_looked_at() -> None:
    first = reading()
    later = [Watch(replace(reading(at), services=unseen((*first.services,)))) for at in (2, 4)]
    assert shown(Watch(first), *later) == [True, False, False]


@pytest.mark.parametrize(
    "later",
    [
        Watch(reading(2, "STOPPED")),
        Watch(reading(2, trouble=Trouble(TroubleKind.UNREACHABLE, "it is gone"))),
        Watch(replace(reading(2), services=())),
        Watch(reading(2), NodeFacts(Identity(role=Role.PRIMARY))),
        Watch(reading(2), wrong_node="another node answers"),
        Watch(reading(2), read_only="the user may not"),
    ],
)
def test_whatever_else_changes_is_new_once(later: Watch) -> None:
    assert shown(Watch(), later, later) == [True, True, False]


def test_an_answer_after_a_stale_one_is_new() -> None:
    assert shown(Watch(), Watch(reading(9)), Watch(reading(11))) == [True, True, False]


def test_when_a_cluster_observed_a_node_is_not_new() -> None:
    seen = [NodeFacts(health=ObservedHealth("active", seen_at=at)) for at in (1.0, 6.0)]
    assert shown(*(Watch(facts=facts) for facts in seen)) == [True, False]
