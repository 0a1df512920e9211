"""Which events are shown."""

import pytest

from tests.events import EXAMPLES, LOGGED, UNPOLLED, event, flip
from tui.model.event import EventKind
from tui.model.filters import EventFilter


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("", True),
        ("  ", True),
        ("alert", True),
        ("ALERT", True),
        ("node1 stopped", True),
        ("status", True),
        ("ccs", False),
        ("!ccs", True),
        ("!alert", False),
        ("node=node", True),
        ("node=ode1", False),
        ("!node=node1", False),
        ("service=alert", True),
        ("service=", True),
        ("what=stat", True),
        ("from=here", True),
        ("from=h", True),
        ("from=cluster", False),
        ("!from=cluster", True),
        ("what=crash", False),
        ("!what=crash", True),
        ("kind=x", False),
        ("!", True),
        ("node=node1 what=status running", True),
    ],
)
def test_every_word_must_match(text: str, *, picked: bool) -> None:
    assert EventFilter(text).picks(flip("RUNNING", "STOPPED")) is picked


def test_a_crash_loop_is_found_by_the_start_of_its_word() -> None:
    assert EventFilter("what=crash").picks(event(EXAMPLES[EventKind.LOOPING]))
    # By the word that is shown; the files keep another one.
    sent = event(EXAMPLES[EventKind.ORDERED])
    assert (sent.kind.word, sent.kind.value) == ("action", "order")
    assert EventFilter("what=action").picks(sent)


@pytest.mark.parametrize(
    ("text", "picked"),
    [("", True), ("node=node2", True), ("!node=node2", True), ("what=no", True),
     ("from=cluster", False), ("watched", True), ("node=node2 ccs", False)],
)  # fmt: skip
def test_a_time_without_data_on_all_nodes_is_shown_whatever_node_is_chosen(
    text: str, *, picked: bool
) -> None:
    assert EventFilter(text).picks(event(UNPOLLED, node="", service="")) is picked
    assert not EventFilter(text, problems=True).picks(event(UNPOLLED, node="", service=""))


def test_only_problems_are_shown_where_only_problems_are_wanted() -> None:
    problems = EventFilter(problems=True)
    assert problems.picks(flip("RUNNING", "STOPPED"))
    assert not problems.picks(flip("STOPPED", "RUNNING"))
    assert not EventFilter("ccs", problems=True).picks(flip("RUNNING", "STOPPED"))


def test_a_filter_knows_whether_it_lets_everything_through() -> None:
    assert EventFilter(" ").is_empty
    assert not EventFilter(problems=True).is_empty
    assert not EventFilter("x").is_empty


def test_from_tells_the_clusters_own_log_from_what_was_seen_from_here() -> None:
    logged = event(LOGGED, service="")
    assert EventFilter("from=cluster").picks(logged)
    assert not EventFilter("from=here").picks(logged)
    assert not EventFilter("here").picks(flip("RUNNING", "STOPPED")), "no word that is shown"
    assert EventFilter("what=cluster by admin").picks(logged)
