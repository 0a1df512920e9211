"""The guard fails closed: what is not known refuses."""

from dataclasses import replace

import pytest

from tests.fleet.plan_nodes import open_order
from tui.fleet.orders.guard import (
    NodeStanding,
    PointlessVerb,
    Refusal,
    judge_node,
    judge_order,
    judge_verb,
)
from tui.model.node import Environment
from tui.model.order import SeenService, Tier, Verb
from tui.model.service import Kind, Service

FINE = NodeStanding(age=1.0, stale_after=4.0)
ALERT = SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL)
CCS = SeenService("ccs", "RUNNING", Kind.REQUIRED)
ODD = SeenService("odd", "RUNNING", Kind.UNKNOWN)


def test_an_optional_service_on_a_quiet_node_needs_a_plain_yes() -> None:
    ruling = judge_order(Verb.RESTART, [ALERT], FINE)
    assert (ruling.tier, ruling.allowed, ruling.words) == (Tier.PLAIN, True, "")
    assert not ruling.needs_reason


@pytest.mark.parametrize("environment", [None, Environment.STAGING, Environment.DEVELOPMENT])
def test_only_production_asks_for_the_name(environment: Environment | None) -> None:
    assert (
        judge_order(Verb.STOP, [ALERT], replace(FINE, environment=environment)).tier is Tier.PLAIN
    )


@pytest.mark.parametrize("verb", list(Verb))
def test_on_production_the_name_is_typed_for_every_verb(verb: Verb) -> None:
    ruling = judge_order(verb, [ALERT], replace(FINE, environment=Environment.PRODUCTION))
    assert (ruling.tier, ruling.words) == (Tier.TYPED, "alert_mgr")
    assert not ruling.needs_reason


def test_many_services_ask_for_their_count() -> None:
    ruling = judge_order(Verb.STOP, [ALERT, replace(ALERT, name="cm_server")], FINE)
    assert (ruling.tier, ruling.words) == (Tier.TYPED, "2")


@pytest.mark.parametrize("name", ["cnm_http", "envoy", "envoy_control_plane", "dmcproxy"])
def test_what_carries_the_api_or_the_clients_asks_for_its_name(name: str) -> None:
    ruling = judge_order(Verb.RESTART, [replace(ALERT, name=name)], FINE)
    assert (ruling.tier, ruling.words, ruling.allowed) == (Tier.TYPED, name, True)


@pytest.mark.parametrize("seen", [CCS, ODD])
def test_what_is_not_known_to_be_optional_is_locked(seen: SeenService) -> None:
    """P8, case 43."""
    ruling = judge_order(Verb.STOP, [seen], FINE)
    assert (ruling.tier, ruling.allowed) == (Tier.LOCKED, False)
    assert "loss of the cluster" in ruling.reason


@pytest.mark.parametrize("verb", list(Verb))
def test_a_locked_order_says_of_which_service_why(verb: Verb) -> None:
    unknown, both = [ALERT, ODD], [ALERT, ODD, CCS]
    reason = judge_order(verb, unknown, FINE).reason
    assert reason.startswith(f"odd: not known to be optional. To {verb.value} it can harm")
    reason = judge_order(verb, both, FINE).reason
    assert reason.startswith(f"odd, ccs: required. To {verb.value} it can harm the cluster")
    several = judge_order(verb, both, replace(FINE, unlocked=True)).reason
    assert several.endswith("Such services go one at a time")


@pytest.mark.parametrize("seen", [CCS, ODD])
def test_unlocked_it_needs_the_name_and_a_reason(seen: SeenService) -> None:
    ruling = judge_order(Verb.STOP, [seen], replace(FINE, unlocked=True))
    assert (ruling.tier, ruling.allowed) == (Tier.LOCKED, True)
    assert (ruling.words, ruling.needs_reason) == (seen.name, True)


def test_one_required_service_among_optional_ones_locks_all() -> None:
    unlocked = replace(FINE, unlocked=True)
    assert judge_order(Verb.STOP, [ALERT, CCS], FINE).refusal is Refusal.LOCKED
    assert judge_order(Verb.STOP, [ALERT, CCS], unlocked).refusal is Refusal.LOCKED_SEVERAL


@pytest.mark.parametrize(
    ("standing", "refusal", "word"),
    [
        (replace(FINE, read_only="read-only: so"), Refusal.READ_ONLY, "read-only"),
        (replace(FINE, trouble="refused the connection"), Refusal.TROUBLE, "refused"),
        (replace(FINE, age=4.1), Refusal.STALE, "too old"),
        (replace(FINE, age=None), Refusal.NOT_ANSWERED, "not answered yet"),
        (replace(FINE, busy=open_order()), Refusal.BUSY, "stop ccs is still open here"),
        (replace(FINE, rolled="user eve, pid 7, rolls it"), Refusal.ROLLED, "pid 7, rolls it"),
    ],
)
def test_a_node_that_may_take_no_order_refuses_even_when_unlocked(
    standing: NodeStanding, refusal: Refusal, word: str
) -> None:
    """P3, P18, case 51."""
    for verb in Verb:
        ruling = judge_order(verb, [ALERT], replace(standing, unlocked=True))
        assert (ruling.tier, ruling.allowed) == (Tier.NEVER, False)
        assert ruling.refusal is refusal
        assert word in ruling.reason
        assert ruling == judge_node(standing)


@pytest.mark.parametrize("verb", list(Verb))
def test_where_nothing_identifies_the_node_the_name_is_typed_and_the_reason_said(
    verb: Verb,
) -> None:
    """P4."""
    nameless = replace(FINE, is_identified=False)
    ruling = judge_order(verb, [ALERT], nameless)
    assert (ruling.tier, ruling.words, ruling.allowed) == (Tier.TYPED, "alert_mgr", True)
    assert "nothing but its address identifies the node" in ruling.reason
    locked = judge_order(verb, [CCS], replace(nameless, unlocked=True))
    assert (locked.tier, locked.words, locked.needs_reason) == (Tier.LOCKED, "ccs", True)
    assert "nothing but its address identifies the node" in locked.reason
    for seen in (ALERT, CCS):
        known = judge_order(verb, [seen], replace(FINE, unlocked=True))
        assert "identifies" not in known.reason


def test_an_answer_of_two_intervals_is_just_not_too_old() -> None:
    assert judge_node(replace(FINE, age=4.0)) is None


def test_nothing_chosen_is_refused() -> None:
    assert judge_order(Verb.START, [], FINE).refusal is Refusal.NO_SERVICE
    assert judge_node(FINE) is None


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        (Verb.START, "RUNNING"),
        (Verb.START, "STARTING"),
        (Verb.STOP, "STOPPED"),
        (Verb.STOP, "EXITED"),
        (Verb.RESTART, "STOPPED"),
        (Verb.STOP, "WEIRD"),
        (Verb.RESTART, ""),
    ],
)
def test_a_verb_that_makes_no_sense_is_refused_with_a_reason(verb: Verb, status: str) -> None:
    pointless = judge_verb(verb, Service("alert_mgr", status))
    assert pointless is not None
    assert pointless.text.startswith("alert_mgr ")
    assert verb not in pointless.possible


@pytest.mark.parametrize(
    ("verb", "status", "text", "possible"),
    [
        (Verb.START, "RUNNING", "already RUNNING. Nothing to start", (Verb.STOP, Verb.RESTART)),
        (Verb.START, "STARTING", "already STARTING", ()),
        (Verb.START, "RESTARTING", "already RESTARTING", ()),
        (Verb.STOP, "EXITED", "already EXITED. Nothing to stop", (Verb.START,)),
        (Verb.RESTART, "EXITED", "EXITED. Nothing to restart", (Verb.START,)),
        (Verb.STOP, "STOPPED", "already STOPPED. Nothing to stop", (Verb.START,)),
        (Verb.RESTART, "STOPPED", "STOPPED. Nothing to restart", (Verb.START,)),
    ],
)
def test_the_verbs_that_make_sense_instead_are_given_as_data(
    verb: Verb, status: str, text: str, possible: tuple[Verb, ...]
) -> None:
    expected = PointlessVerb(f"alert_mgr is {text}", possible)
    assert judge_verb(verb, Service("alert_mgr", status)) == expected


@pytest.mark.parametrize(
    ("verb", "status"),
    [
        (Verb.START, "STOPPED"),
        (Verb.START, "FATAL"),
        (Verb.START, "EXITED"),
        (Verb.STOP, "RUNNING"),
        (Verb.START, "STOPPING"),
        (Verb.STOP, "BACKOFF"),
        (Verb.STOP, "STARTING"),
        (Verb.STOP, "RESTARTING"),
        (Verb.RESTART, "RUNNING"),
        (Verb.RESTART, "STARTING"),
        (Verb.RESTART, "STOPPING"),
        (Verb.RESTART, "FATAL"),
    ],
)
def test_a_verb_that_makes_sense_is_let_through(verb: Verb, status: str) -> None:
    assert judge_verb(verb, Service("alert_mgr", status)) is None


def test_a_service_with_a_bad_entry_is_never_acted_on() -> None:
    """Cases 32 and 33."""
    for verb in Verb:
        assert judge_verb(verb, Service("alert_mgr", "RUNNING", note="sent twice"))
        assert judge_verb(verb, Service("a\N{REPLACEMENT CHARACTER}b", "RUNNING"))


@pytest.mark.parametrize("verb", list(Verb))
@pytest.mark.parametrize(
    ("service", "why"),
    [
        (Service("odd", "RUNNING", note="it is a list"), "it is a list"),
        (Service("c c", "RUNNING"), "its name holds more than letters, digits"),
        (Service("odd", "WEIRD"), "'WEIRD' is not a status that is known"),
    ],
)
def test_what_was_not_understood_cannot_be_acted_on(verb: Verb, service: Service, why: str) -> None:
    """P3."""
    pointless = judge_verb(verb, service)
    assert pointless is not None
    assert pointless.possible == ()
    assert f" cannot be acted on: {why}" in pointless.text
