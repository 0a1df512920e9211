"""Events are made of readings of the node that is meant, and of no other's."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from tests.fleet.conftest import profile
from tui.fleet.events.diff import diff_readings
from tui.fleet.events.pipeline import EventBaseline
from tui.fleet.login.state import Login
from tui.model.event import EventKind
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import Service

T0 = datetime(2026, 1, 1, tzinfo=UTC)
BLANK = Reading("node1")
DOWN = Trouble(TroubleKind.UNREACHABLE, "refused")


@dataclass
class Node:
    """A node and what is known of which one answers."""

    reading: Reading = BLANK
    wrong_node: str = ""
    is_settled: bool = True
    name: str = "node1"
    login: Login = field(default_factory=lambda: Login.of(profile("http://127.0.0.1:1")))


def reading(*minutes: int, at: float = 1.0) -> Reading:
    services = tuple(
        Service(f"s{number}", "RUNNING", T0 + timedelta(minutes=minute))
        for number, minute in enumerate(minutes)
    )
    return Reading("node1", services, asked_at=at, answered_at=at)


class Deck:
    """Readings that come one after the other, and the events between them."""

    def __init__(self) -> None:
        self.node, self.baseline = Node(), EventBaseline()

    def kinds(self, new: Reading, *, wrong: str = "", settled: bool = True) -> list[EventKind]:
        before = self.node.reading
        self.node = replace(self.node, reading=new, wrong_node=wrong, is_settled=settled)
        old, counted = self.baseline.advance(self.node, before)
        return [event.kind for event in diff_readings(old, counted.reading, on=T0)]


def test_a_reading_of_the_node_that_is_meant_counts_at_once() -> None:
    deck = Deck()
    assert deck.kinds(reading(0, 0, 0)) == []
    assert deck.kinds(reading(0, 0, 5)) == [EventKind.RESTARTED]


def test_a_reading_that_is_not_settled_counts_with_the_next_one() -> None:
    deck = Deck()
    deck.kinds(reading(0, 0, 0))
    assert deck.kinds(reading(5, 5, 5), settled=False) == []
    assert deck.kinds(reading(5, 5, 5)) == [EventKind.RESTARTED] * 3
    assert deck.kinds(reading(5, 5, 5)) == []


def test_another_nodes_services_do_not_count_and_the_trouble_does() -> None:
    deck = Deck()
    deck.kinds(reading(0, 0, 0))
    assert deck.kinds(reading(9, 9, 9), wrong="node:2 answers here") == []
    lost = replace(reading(9, 9, 9), trouble=DOWN)
    assert deck.kinds(lost, wrong="node:2 answers here") == [EventKind.LOST]
    assert deck.kinds(reading(9, 9, 9), wrong="node:2 answers here") == [EventKind.REGAINED]
    assert deck.kinds(reading(0, 0, 5)) == [EventKind.RESTARTED]


def test_the_first_node_that_answers_may_be_another_one() -> None:
    deck = Deck()
    assert deck.kinds(reading(9, 9, 9), wrong="node:2 answers here") == []
    assert deck.kinds(reading(0, 0, 0)) == []
    assert deck.kinds(reading(0, 0, 5)) == [EventKind.RESTARTED]


def test_after_another_node_what_is_all_new_is_a_beginning() -> None:
    deck = Deck()
    deck.kinds(reading(0, 0, 0))
    deck.kinds(reading(9, 9, 9), wrong="several nodes answer")
    assert deck.kinds(reading(9, 9, 9), settled=False) == []
    assert deck.kinds(reading(9, 9, 9)) == []
    assert deck.kinds(reading(9, 9, 10)) == [EventKind.RESTARTED]


def test_a_node_that_is_forgotten_begins_anew() -> None:
    deck = Deck()
    deck.kinds(reading(0, 0, 0))
    deck.baseline.forget("node1")
    deck.node = Node()
    assert deck.kinds(reading(9, 9, 9)) == []
