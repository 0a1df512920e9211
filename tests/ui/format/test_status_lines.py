"""The lines around the table: which orders stay on the deck, and what helps against a trouble."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.text import Text

from tests.ui.node_views import node_view
from tui.fleet.why import NextStep, Offer
from tui.model.clock import clock_text
from tui.model.context import Alert, ClusterContext, Known
from tui.model.event import CrashLoop, Event
from tui.model.node import Identity
from tui.model.order import (
    Moment,
    Order,
    OrderPhase,
    OrderProgress,
    Result,
    Route,
    SeenService,
    Target,
    TimelineMark,
    Verb,
    Verdict,
)
from tui.model.reading import Remedy, Trouble, TroubleKind
from tui.model.service import Kind, Service
from tui.ui.format.node_view import NodeView
from tui.ui.format.parts import Part
from tui.ui.format.status_lines import (
    PlacedAlert,
    alerts_part,
    banner_line,
    elsewhere_line,
    fitted_line,
    next_step_text,
    order_lines,
    placed_alerts,
    remedy_text,
    status_line,
    trouble_line,
)
from tui.ui.themes import STYLES

PALETTE = dict.fromkeys(STYLES, "")
ORDERED = clock_text(datetime(2026, 1, 1, tzinfo=UTC))
DOWN, UP = TimelineMark(Moment.DOWN, 1.0), TimelineMark(Moment.UP, 6.0)


def order(number: int, *results: Result) -> OrderProgress:
    names = [f"svc{number}{letter}" for letter in "abc"[: len(results)]]
    given = Order(
        number=number,
        verb=Verb.RESTART,
        target=Target("node1", "https://node1:9443", Identity(1), None),
        services=tuple(SeenService(name, "RUNNING", Kind.OPTIONAL) for name in names),
        route=Route(via="node1", url="https://node1:9443"),
        pressed_at=0.0,
        pressed_on=datetime(2026, 1, 1, tzinfo=UTC),
    )
    verdicts = tuple(Verdict(name, result) for name, result in zip(names, results, strict=True))
    return OrderProgress(given, OrderPhase.ENDED, verdicts=verdicts)


def shown(at_most: int, *progress: OrderProgress) -> list[str]:
    return [line.plain.strip() for line in order_lines(progress, 30.0, at_most, PALETTE)]


def test_all_lines_are_shown_where_there_is_room() -> None:
    lines = shown(2, order(1, Result.VERIFIED), order(2, Result.FLAPPING))
    assert lines == [
        "✗ restart svc2a on node1: FLAPPING",
        f"✓ restart svc1a on node1: VERIFIED · {ORDERED}",
    ]


def test_verified_services_leave_first_and_then_the_oldest() -> None:
    orders = (
        order(1, Result.FLAPPING, Result.VERIFIED),
        order(2, Result.UNKNOWN),
        order(3, Result.VERIFIED),
    )
    assert shown(3, *orders) == [
        f"? restart svc2a on node1: UNKNOWN · {ORDERED}",
        f"✗ restart svc1a on node1: FLAPPING · {ORDERED}",
        "and 2 more: x clears, d shows each",
    ]
    assert shown(2, *orders) == [
        f"? restart svc2a on node1: UNKNOWN · {ORDERED}",
        "and 3 more: x clears, d shows each",
    ]


def test_a_service_named_verified_does_not_leave_for_its_name() -> None:
    failed = order(1, Result.FLAPPING)
    failed = OrderProgress(
        failed.order, failed.phase, verdicts=(Verdict("VERIFIED", Result.FLAPPING),)
    )
    others = (order(number, Result.VERIFIED) for number in (2, 3, 4))
    assert shown(2, failed, *others)[0] == f"✗ restart VERIFIED on node1: FLAPPING · {ORDERED}"


def test_why_an_order_failed_is_shown_whole_or_by_the_key_that_shows_it() -> None:
    failed = order(1, Result.FAILED)
    verdict = Verdict("svc1a", Result.FAILED, "the node reported failure")
    failed = OrderProgress(failed.order, failed.phase, verdicts=(verdict,))
    wide, narrow = (order_lines([failed], 30.0, 1, PALETTE, width)[0].plain for width in (80, 60))
    assert wide == " ✗ restart svc1a on node1: FAILED · the node reported failure"
    assert narrow == " ✗ restart svc1a on node1: FAILED · d shows why"


def test_why_an_order_was_not_sent_has_a_line_of_its_own_where_there_is_room() -> None:
    """The newest first: that one was not read yet."""
    why = "svc1a changed since you looked: RUNNING → STOPPING; nothing was sent"
    unsent = [
        replace(order(number, Result.NOT_SENT), verdicts=(Verdict("svc1a", Result.NOT_SENT, why),))
        for number in (1, 2)
    ]

    def lines(at_most: int, width: int = 80) -> list[str]:
        return [one.plain for one in order_lines(unsent, 30.0, at_most, PALETTE, width)]

    head = " ✗ restart svc1a on node1: NOT SENT"
    older = f"{head} · {ORDERED}"
    assert lines(4) == [head, f"   {why}", older, f"   {why}"]
    assert lines(3) == [head, f"   {why}", f"{older} · d shows why"]
    assert lines(2) == [f"{head} · d shows why", f"{older} · d shows why"]
    assert lines(4, width=70) == lines(2)
    assert lines(4, width=130) == [f"{head} · {why}", f"{older} · {why}"]


def test_an_action_of_which_it_is_still_watched_what_came_is_not_called_unknown() -> None:
    unknown = order(1, Result.UNKNOWN)
    watched = replace(unknown, unsettled=frozenset(unknown.order.names))
    verdict = Verdict("svc1a", Result.UNKNOWN, "running again, 3 s; 10 s are needed")
    watched = replace(watched, verdicts=(verdict,))
    wide, narrow = (order_lines([watched], 30.0, 4, PALETTE, width)[0].plain for width in (80, 60))
    assert wide == (
        " … restart svc1a on node1: still watched · running again, 3 s; 10 s are needed"
    )
    assert narrow == " … restart svc1a on node1: still watched"


def test_a_narrow_line_of_a_verified_action_still_says_when_the_service_was_back() -> None:
    done = order(1, Result.VERIFIED)
    verdict = Verdict("svc1a", Result.VERIFIED, "stable for 10 s", (DOWN, UP))
    done = OrderProgress(done.order, done.phase, verdicts=(verdict,))
    head = " ✓ restart svc1a on node1: VERIFIED"
    for width, rest in (
        (120, " · stable for 10 s · seen down after 1.0 s, back after 6.0 s"),
        (80, " · stable for 10 s · back after 6.0 s"),
        (60, " · stable for 10 s"),
    ):
        assert order_lines([done], 30.0, 4, PALETTE, width)[0].plain == head + rest


@pytest.mark.parametrize(
    ("verb", "marks", "text"),
    [
        (Verb.RESTART, (), "waiting for a new start time"),
        (Verb.RESTART, (DOWN,), "waiting for a new start time · seen down after 1.0 s"),
        (
            Verb.RESTART,
            (DOWN, UP),
            "running again, stable 4 of 10 s · seen down after 1.0 s, back after 6.0 s",
        ),
        (Verb.START, (UP,), "running, stable 4 of 10 s · back after 6.0 s"),
        (Verb.STOP, (DOWN,), "waiting for STOPPED · seen down after 1.0 s"),
    ],
)
def test_an_open_action_shows_what_it_waits_for_and_how_far_it_has_come(
    verb: Verb, marks: tuple[TimelineMark, ...], text: str
) -> None:
    given = replace(order(1, Result.VERIFIED).order, verb=verb)
    sent = OrderProgress(
        given,
        OrderPhase.WATCHING,
        timelines={"svc1a": marks},
        sent_at=20.0,
        steady=10.0,
        seen_at=30.0,
    )
    assert shown(1, sent) == [f"… {verb.value} svc1a on node1: {text}"]
    late = replace(sent, sent_at=8.0, seen_at=18.0)  # 12 s earlier, by a node that is silent now
    assert ", not seen for 12 s" in shown(1, late)[0]
    assert shown(1, late)[0].replace(", not seen for 12 s", "") == shown(1, sent)[0]


PHASES = {
    "checking": OrderProgress(order(1).order, OrderPhase.CHECKING),
    "sending": OrderProgress(order(1).order, OrderPhase.SENDING),
    "waiting": OrderProgress(
        order(1).order, OrderPhase.WATCHING, sent_at=28.0, steady=10.0, seen_at=29.0
    ),
    "4 of 10 s": OrderProgress(
        order(1).order,
        OrderPhase.WATCHING,
        timelines={"a": (DOWN, UP)},
        sent_at=20.0,
        steady=10.0,
        seen_at=30.0,
    ),
    "not seen": OrderProgress(
        order(1).order, OrderPhase.WATCHING, sent_at=8.0, steady=10.0, seen_at=18.0
    ),
}
LONG = "crdb_coordinator_with_a_very_long_name"


def placed(progress: OrderProgress, node: str, *services: str) -> OrderProgress:
    seen = tuple(SeenService(name, "RUNNING", Kind.OPTIONAL) for name in services)
    target = replace(progress.order.target, node=node)
    return replace(progress, order=replace(progress.order, services=seen, target=target))


@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize("node", ["node1", "payments-eu-west-1-node1-of-35.example.com"])
@pytest.mark.parametrize("services", [("mdns_server",), (LONG,), (LONG, "dmcproxy", "ccs")])
@pytest.mark.parametrize("phase", PHASES)
def test_a_narrow_line_of_an_open_action_shows_what_it_is_and_how_far_it_has_come(
    phase: str, services: tuple[str, ...], node: str, width: int
) -> None:
    (line,) = order_lines([placed(PHASES[phase], node, *services)], 30.0, 4, PALETTE, width)
    assert line.cell_len <= width
    head, _, rest = line.plain.partition(": ")
    assert head.startswith(" … restart ")
    named, _, where = head.removeprefix(" … restart ").partition(" on ")
    assert named[:3] in {LONG[:3], "mdn", "3 s"}
    assert where[:3] == node[:3]
    assert phase in rest


@pytest.mark.parametrize("width", [40, 60])
@pytest.mark.parametrize("result", list(Result))
def test_a_narrow_line_of_an_ended_action_shows_its_result_whole(
    result: Result, width: int
) -> None:
    ended = placed(order(1, result), "payments-eu-west-1-node1-of-35.example.com", LONG)
    ended = replace(ended, verdicts=(Verdict(LONG, result, "a reason that is long " * 4),))
    (line,) = order_lines([ended], 30.0, 1, PALETTE, width)
    assert line.cell_len <= width
    assert line.plain.rpartition(": ")[2].startswith(result.value.upper())
    assert "restart crdb" in line.plain
    assert " on pay" in line.plain


def test_the_progress_of_the_newest_action_stands_above_what_an_older_one_came_to() -> None:
    lines = order_lines(
        [order(1, Result.VERIFIED), placed(PHASES["sending"], "node1", "svc2a")],
        30.0,
        4,
        PALETTE,
        60,
    )
    assert [line.plain for line in lines] == [
        " … restart svc2a on node1: sending",
        f" ✓ restart svc1a on node1: VERIFIED · {ORDERED}",
    ]


def test_the_banner_joins_what_must_not_be_overlooked() -> None:
    assert banner_line(PALETTE).plain == ""
    banner = banner_line(PALETTE, journal_trouble="disk full", paused="p goes on", unlocked=True)
    assert banner.plain == (
        "NO JOURNAL, NO ACTIONS: disk full · PAUSED: p goes on"
        " · REQUIRED SERVICES UNLOCKED for this session"
    )


KEYS = {"refresh": "ctrl+r,f5", "reread": "ctrl+e", "trust": "T", "login": "L"}


def worded(*remedies: Remedy, hint: str = "") -> str:
    return remedy_text(Trouble(TroubleKind.LOGIN, "text", hint, remedies), KEYS)


@pytest.mark.parametrize("remedy", list(Remedy))
def test_every_remedy_has_its_words_on_the_screen(remedy: Remedy) -> None:
    assert worded(remedy)
    assert "{" not in worded(remedy)


def test_remedies_come_before_the_hint() -> None:
    assert worded(Remedy.WAIT, Remedy.REFRESH, hint="is the node up?") == (
        "it is polled again; ctrl+r polls now; is the node up?"
    )
    assert worded(hint="is the node up?") == "is the node up?"
    assert worded() == ""


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (NextStep("contact Redis support"), "contact Redis support"),
        (NextStep("start it", Offer.START, "ccs"), "start it: s, confirmed first"),
        (NextStep("look", Offer.EXPLAIN, "a\nb"), "look: esc, then f7 on a\\nb in the deck"),
        (NextStep("compare", Offer.COMPARE), "compare: 0 shows every service on every node"),
        (NextStep("see", Offer.TIMELINE), "see: e shows the timeline"),
        (NextStep("resume", Offer.RESUME), "resume: esc, then p in the deck"),
        (NextStep("fix", Offer.EDIT), "fix: n, then E on the node"),
        (
            NextStep(trouble=Trouble(TroubleKind.LOGIN, "text", "why?", (Remedy.REFRESH,))),
            "ctrl+r polls now; why?",
        ),
    ],
)
def test_what_to_do_next_names_the_live_key(step: NextStep, text: str) -> None:
    keys = KEYS | {"start": "s", "back": "escape", "why": "f7", "matrix": "0", "timeline": "e"}
    keys |= {"pause": "p", "nodes": "n", "edit": "E"}
    assert next_step_text(step, keys) == text


def test_after_a_changed_certificate_it_is_named_what_reads_the_changed_profile() -> None:
    assert worded(Remedy.REFRESH_TO_RESUME) == (
        "polling stopped; ctrl+e reads a changed profile, ctrl+r polls once more"
    )


def test_a_remedy_names_the_key_that_a_person_has_chosen() -> None:
    trouble = Trouble(TroubleKind.NO_PASSWORD, "text", remedies=(Remedy.GIVE_PASSWORD,))
    keys = KEYS | {"login": "ctrl+l", "refresh": "f9"}
    assert remedy_text(trouble, keys) == (
        "press ctrl+l to log in, or f9 to read the password's source once more"
    )


def status(
    width: int,
    *services: Service,
    age: float = 1.0,
    restarts: int = 0,
    loop: Event | None = None,
    alerts: Sequence[PlacedAlert] = (),
) -> str:
    view = node_view("node1", *services, age=age)
    sort = Part(Text("problems first"), 7)
    return status_line(
        view, restarts, len(services), sort, "", PALETTE, width=width, loop=loop, alerts=alerts
    ).plain


def test_the_status_begins_with_the_worst_and_leaves_parts_out_whole() -> None:
    services = Service("a", "RUNNING"), Service("b", "STOPPED"), Service("c", "FATAL")
    assert status(120, *services) == (
        " ✗ c FATAL and 1 more problem · 1/3 ok · polled 1 s ago (never) · every 2 s"
        " · problems first"
    )
    assert status(60, *services) == (" ✗ c FATAL and 1 more · 1/3 ok · polled 1 s ago · every 2 s")
    assert status(50, *services) == " ✗ c FATAL and 1 more · 1/3 ok · polled 1 s ago"
    assert status(30, *services) == " ✗ c FATAL and 1 more"


def test_a_node_without_problems_says_so_and_a_stale_one_does_not() -> None:
    assert status(120, Service("a", "RUNNING")).startswith(" no problems on node1 · 1/1 ok")
    stale = status(120, Service("a", "RUNNING"), age=60.0)
    assert stale.startswith(" 1/1 were ok · STALE 1 m: last good answer")


def test_a_node_whose_services_restarted_lately_is_not_shown_as_well() -> None:
    line = status(120, Service("a", "RUNNING"), restarts=3)
    assert line.startswith(" ↻ 3 restarts/1h on node1, not sent from here · 1/1 ok")
    whole = status(120, Service("a", "RUNNING"), restarts=1)
    assert whole.startswith(" ↻ 1 restart/1h on node1, not sent from here · 1/1 ok")
    brief = status(40, Service("a", "RUNNING"), restarts=1)
    assert brief.startswith(" ↻ 1/1h on node1, not from here")
    assert status(120, Service("a", "FATAL"), restarts=3).startswith(" ✗ a FATAL")


def test_a_crash_loop_comes_before_a_service_that_moves_and_after_one_that_is_down() -> None:
    loop = Event("node1", CrashLoop(3, 4.0), 1.0, datetime(2026, 1, 1, tzinfo=UTC), "b")
    for services in ((), (Service("b", "STARTING"),)):
        line = status(120, Service("a", "RUNNING"), *services, restarts=3, loop=loop)
        assert line.startswith(" ∞ b crash loop: restarted 3 times in 4 s")
    brief = status(40, Service("a", "RUNNING"), restarts=3, loop=loop)
    assert brief.startswith(" ∞ b crash loop · ")
    assert status(120, Service("a", "FATAL"), loop=loop).startswith(" ✗ a FATAL")
    stale = status(120, Service("a", "RUNNING"), age=60.0, loop=loop)
    assert "crash loop" not in stale


def test_a_trouble_begins_with_its_reason_and_has_digests_by_their_first_digits() -> None:
    text = f"presents another certificate: expected sha256:{'ab' * 32}, got sha256:{'cd' * 32}"
    trouble = Trouble(
        TroubleKind.UNTRUSTED, text, "nothing was sent to it", (Remedy.SHOW_CERTIFICATE,)
    )
    line = trouble_line(node_view("node1", trouble=trouble), PALETTE, KEYS).plain
    assert line == (
        "NOT TRUSTED for 16 m · presents another certificate: expected sha256:abababab…, "
        "got sha256:cdcdcdcd… · T shows both; nothing was sent to it"
    )


def test_a_login_that_is_held_back_has_the_time_of_the_next_try_and_not_of_the_next_look() -> None:
    """Each minute it is looked at whether it may be sent; until then nothing is tried."""
    text = "login of ops: refused 3 times in the last 15 minutes; not sent for 12 min"
    held = Trouble(TroubleKind.LOGIN, text, held_until=datetime(2026, 1, 1, 3, 12, tzinfo=UTC))
    view = node_view("node1", trouble=held)
    line = trouble_line(replace(view, next_at=view.now + 58), PALETTE, KEYS).plain
    assert line == f"LOGIN REFUSED for 16 m · {text} · next try after 03:12 UTC"
    free = replace(view, reading=replace(view.reading, trouble=replace(held, held_until=None)))
    line = trouble_line(replace(free, next_at=view.now + 58), PALETTE, KEYS).plain
    assert line.endswith(" · next try in 58 s")


def test_nodes_elsewhere_are_named_whole_and_the_rest_counted() -> None:
    stopped = Service("alert_mgr", "STOPPED")
    views = [node_view(f"node{number}", stopped) for number in (1, 2, 3)]
    assert elsewhere_line(views, PALETTE, 60).plain == (
        " elsewhere: node1: alert_mgr STOPPED · and 2 more"
    )
    assert elsewhere_line(views, PALETTE, 120).plain.endswith("node3: alert_mgr STOPPED")
    lost = Trouble(TroubleKind.UNREACHABLE, "gone")
    views.append(node_view("node4", stopped, age=60.0, trouble=lost))
    assert elsewhere_line(views, PALETTE, 60).plain.startswith(" elsewhere: node4: unreachable")
    assert elsewhere_line([], PALETTE, 60).plain == ""


def titled(uid: int, title: str, cluster: str) -> NodeView:
    return replace(node_view(title, cluster=cluster), identity=Identity(uid))


def on_now(*alerts: Alert) -> ClusterContext:
    return ClusterContext(alerts=Known(alerts))


def test_an_alert_is_named_with_its_node_of_its_own_cluster_and_one_of_no_profile_by_uid() -> None:
    views = [titled(3, "a3", "one"), titled(3, "b3", "two")]
    memory = Alert("node_memory", node=3)
    contexts = {"one": on_now(Alert("ldap_lost"), Alert("disk", node=9)), "two": on_now(memory)}
    alerts = placed_alerts(views, contexts | {"three": ClusterContext()})
    assert [*map(str, alerts)] == ["disk on node:9", "ldap_lost", "node_memory on b3"]
    part = alerts_part(alerts, PALETTE)
    assert part.text.plain == "▲ 3 alerts: disk on node:9, ldap_lost, node_memory on b3"
    assert not alerts_part((), PALETTE).text.plain


def test_where_alerts_do_not_fit_their_number_and_place_do_and_nothing_beside_is_cut() -> None:
    alerts = (PlacedAlert("disk", "node3"), PlacedAlert("node_memory", "node3"))
    parts = [
        Part(Text("✖ 1 critical")), alerts_part(alerts, PALETTE), Part(Text("PAUSED: not polling")),
    ]  # fmt: skip
    whole = "▲ 2 alerts: disk on node3, node_memory on node3"
    assert fitted_line(parts, 90).plain == f" ✖ 1 critical · {whole} · PAUSED: not polling"
    brief = " ✖ 1 critical · ▲ 2 alerts on node3 · PAUSED: not polling"
    assert fitted_line(parts, 60).plain == brief
    assert fitted_line(parts, 40).plain == " ✖ 1 critical · PAUSED: not polling"


def test_a_node_beside_an_alert_says_of_whom_it_is_and_one_with_an_alert_is_not_well() -> None:
    well = Service("a", "RUNNING")
    elsewhere = status(120, well, alerts=[PlacedAlert("node_memory", "node3")])
    assert elsewhere.startswith(" no problems on node1 · ▲ node_memory on node3 · 1/1 ok")
    narrow = status(50, well, alerts=[PlacedAlert("node_memory_is_low", "node3")])
    assert narrow.startswith(" no problems on node1 · ▲ 1 alert on node3")
    own = status(120, well, alerts=[PlacedAlert("node_memory", "node1")])
    assert own.startswith(" ▲ node_memory on node1 · 1/1 ok")
