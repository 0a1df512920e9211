"""The guard fails closed: no mixture of circumstances opens what one of them alone shuts."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.plan_nodes import open_order
from tui.fleet.orders.guard import NodeStanding, Ruling, judge_order, judge_verb
from tui.model.node import Environment
from tui.model.order import SeenService, Tier, Verb
from tui.model.service import API_CARRIERS, CLIENT_CARRIERS, Kind, Service, kind_of

VERBS = st.sampled_from(Verb)
NAMES = st.sampled_from(
    ["alert_mgr", "ccs", "cm_server", *sorted(API_CARRIERS), *sorted(CLIENT_CARRIERS)]
) | st.from_regex(r"[A-Za-z0-9_.-]{1,10}", fullmatch=True)
SEEN = st.builds(
    SeenService,
    name=NAMES,
    status=st.sampled_from(["RUNNING", "STOPPED", "?"]),
    kind=st.sampled_from(Kind),
)
OPEN = open_order()
TEXTS = st.just("") | st.sampled_from(["read-only: asked for", "node:2 answers here", " "])
STANDINGS = st.builds(
    NodeStanding,
    age=st.none() | st.floats(0, 1000),
    stale_after=st.floats(0.1, 600),
    read_only=TEXTS,
    trouble=TEXTS,
    busy=st.none() | st.just(OPEN),
    environment=st.none() | st.sampled_from(Environment),
    unlocked=st.booleans(),
)
CLEAR = STANDINGS.map(
    lambda one: replace(one, age=0.0, read_only="", trouble="", busy=None, unlocked=False)
)
CHOSEN = st.lists(SEEN, max_size=4)


def is_refused(ruling: Ruling) -> bool:
    return not ruling.allowed and bool(ruling.reason)


@given(VERBS, CHOSEN, STANDINGS)
def test_what_is_read_only_troubled_stale_busy_or_unanswered_is_never_allowed(
    verb: Verb, chosen: list[SeenService], standing: NodeStanding
) -> None:
    """P1, P2, P3, P18, cases 51 and 52."""
    ruling = judge_order(verb, chosen, standing)
    stale = standing.age is None or standing.age > standing.stale_after
    if standing.read_only or standing.trouble or standing.busy or stale or not chosen:
        assert is_refused(ruling)
        assert ruling.tier is Tier.NEVER


UNPROVEN = st.sampled_from([Kind.REQUIRED, Kind.UNKNOWN])
SEVERAL = st.lists(SEEN, min_size=1, max_size=4).filter(
    lambda chosen: any(one.kind is not Kind.OPTIONAL for one in chosen)
)


@given(VERBS, SEEN, UNPROVEN, CLEAR)
def test_what_is_not_known_to_be_optional_needs_the_switch_the_words_and_a_reason(
    verb: Verb, seen: SeenService, kind: Kind, standing: NodeStanding
) -> None:
    """P8, case 43."""
    chosen = [replace(seen, kind=kind)]
    assert is_refused(judge_order(verb, chosen, standing))
    ruling = judge_order(verb, chosen, replace(standing, unlocked=True))
    assert ruling.allowed
    assert ruling.tier is Tier.LOCKED
    assert ruling.words == seen.name
    assert ruling.needs_reason
    assert ruling.reason


@given(VERBS, SEVERAL, CLEAR, st.booleans())
def test_of_services_not_known_to_be_optional_no_two_go_at_once(
    verb: Verb, chosen: list[SeenService], standing: NodeStanding, unlocked: bool
) -> None:
    """P8, case 43."""
    ruling = judge_order(verb, chosen, replace(standing, unlocked=unlocked))
    assert ruling.allowed is (unlocked and len(chosen) == 1)


@given(VERBS, CHOSEN, CLEAR)
def test_nothing_risky_goes_out_on_a_bare_yes(
    verb: Verb, chosen: list[SeenService], standing: NodeStanding
) -> None:
    """P5, P8."""
    ruling = judge_order(verb, chosen, standing)
    names = {one.name for one in chosen}
    risky = (
        len(chosen) > 1
        or standing.environment is Environment.PRODUCTION
        or names & (API_CARRIERS | CLIENT_CARRIERS)
        or any(one.kind is not Kind.OPTIONAL for one in chosen)
    )
    if ruling.allowed and risky:
        assert ruling.words
        assert ruling.reason


WORSE = [{"read_only": "read-only"}, {"trouble": "it is away"}, {"busy": OPEN}]


@given(VERBS, CHOSEN, STANDINGS, st.sampled_from(WORSE))
def test_another_objection_never_opens_what_was_shut(
    verb: Verb, chosen: list[SeenService], standing: NodeStanding, change: dict[str, Any]
) -> None:
    """P3."""
    worse = replace(standing, **change)
    assert is_refused(judge_order(verb, chosen, worse))
    older = replace(standing, age=None)
    assert is_refused(judge_order(verb, chosen, older))


@given(NAMES, st.frozensets(NAMES, max_size=5))
def test_a_service_is_optional_only_where_the_cluster_says_so(
    name: str, optional: frozenset[str]
) -> None:
    """P8, case 43."""
    assert kind_of(name, None) is Kind.UNKNOWN
    assert kind_of(name, frozenset()) is Kind.REQUIRED
    if kind_of(name, optional) is Kind.OPTIONAL:
        base, _, digits = name.rpartition("_")
        assert name in optional or (base in optional and digits.isascii() and digits.isdigit())


@given(VERBS, NAMES, st.text(max_size=12), st.text(max_size=8))
def test_a_status_that_nobody_knows_and_an_unsound_entry_are_never_acted_on(
    verb: Verb, name: str, status: str, note: str
) -> None:
    """Cases 32, 33 and 34."""
    known = {"RUNNING", "STARTING", "STOPPING", "RESTARTING", "STOPPED", "EXITED", "BACKOFF"}
    service = Service(name, status, note=note)
    if note or status not in known | {"FATAL"} or not service.is_actionable:
        assert judge_verb(verb, service)
