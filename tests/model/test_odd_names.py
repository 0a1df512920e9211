"""Names that look like another service's: shown escaped, of no known kind, never acted on.

P8.
"""

import pytest

from tui.fleet.orders.guard import NodeStanding, Refusal, judge_order, judge_verb
from tui.model.filters import ServiceFilter, ServiceKinds
from tui.model.order import SeenService, Tier, Verb
from tui.model.service import Health, Kind, Service, configured_name, kind_of
from tui.model.text import visible_name

ODD = [
    ("c\u0441s", r"c\u0441s"),
    ("ccs ", r"ccs\u0020"),
    (" ccs", r"\u0020ccs"),
    ("cc\u0323s", r"cc\u0323s"),
    ("\uff43cs", r"\uff43cs"),
    ("ccs\u2026", r"ccs\u2026"),
    (r"c\u0441s", r"c\\u0441s"),
    ("\U0001d41ccs", r"\ud835\udc1ccs"),
]


@pytest.mark.parametrize(("name", "shown"), ODD)
def test_an_odd_name_is_shown_escaped_and_is_of_no_known_kind(name: str, shown: str) -> None:
    names = frozenset({"ccs", name})
    service = Service(name, "STOPPED")
    assert service.shown == visible_name(name) == shown
    assert kind_of(name, names) is Kind.UNKNOWN
    assert configured_name(name, names) is None
    assert service.health(names) is Health.DOWN
    assert ServiceFilter(text="kind=unknown").picks(service, ServiceKinds(names, names))


@pytest.mark.parametrize("name", [name for name, _ in ODD])
def test_the_guard_refuses_an_odd_name_even_where_required_services_are_unlocked(name: str) -> None:
    standing = NodeStanding(age=1.0, stale_after=10.0, unlocked=True)
    for kind in Kind:
        ruling = judge_order(Verb.RESTART, [SeenService(name, "RUNNING", kind)], standing)
        assert (ruling.tier, ruling.refusal) == (Tier.NEVER, Refusal.ODD_NAME)
        assert visible_name(name) in ruling.reason
    pointless = judge_verb(Verb.RESTART, Service(name, "RUNNING"))
    assert pointless is not None
    assert not pointless.possible
    assert visible_name(name) in pointless.text


def test_two_names_never_look_alike() -> None:
    shown = {visible_name(name) for name, _ in ODD}
    assert len(shown) == len(ODD)
    assert all(text.isascii() and " " not in text for text in shown)


@pytest.mark.parametrize("name", ["ccs", "crdb_worker_0", "a.b-C", "(5 more)"])
def test_a_plain_name_is_shown_as_it_is(name: str) -> None:
    assert visible_name(name) == name


def test_a_filter_finds_an_odd_name_as_it_is_and_as_it_is_shown() -> None:
    service = Service("c\u0441s", "RUNNING")
    assert ServiceFilter(text="c\u0441s").picks(service, ServiceKinds())
    assert ServiceFilter(text=r"\u0441").picks(service, ServiceKinds())
    assert not ServiceFilter(text="ccs").picks(service, ServiceKinds())
