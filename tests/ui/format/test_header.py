"""The header band: fixed pills, sums that say what is not known, whole parts or none."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console
from rich.style import Style
from rich.text import Text

from tests.ui.node_views import node_view
from tui.model.context import (
    Alert,
    CertificateTerm,
    ClusterContext,
    Database,
    Endpoint,
    Known,
    License,
    Quorum,
    Shard,
)
from tui.model.node import Environment, Identity, Maintenance, NodeFacts, Role
from tui.model.reading import Trouble, TroubleKind
from tui.model.service import Service
from tui.ui.format.header import (
    ClusterSummary,
    Header,
    brief_parts,
    cluster_parts,
    context_gaps,
    header_lines,
    node_name,
    node_parts,
    nodes_parts,
    pills,
    view_name,
)
from tui.ui.format.parts import Part
from tui.ui.format.status_lines import PlacedAlert, placed_alerts
from tui.ui.themes import STYLES

PALETTE = dict.fromkeys(STYLES, "")
NOW = 1000.0
TODAY = datetime(2026, 11, 27, 12, 3, tzinfo=UTC)


def words(parts: object) -> list[str]:
    return [part.text.plain.strip() for part in parts]


def known(**values: object) -> ClusterContext:
    return ClusterContext(**{name: Known(value, "", read_at=NOW) for name, value in values.items()})


FULL = known(
    alerts=(Alert("node_memory", node=3),),
    quorum=Quorum(2, 3),
    license=License(valid_until=TODAY + timedelta(days=41, hours=3)),
    certificates=(
        CertificateTerm("api", valid_until=TODAY + timedelta(days=300)),
        CertificateTerm("proxy", valid_until=TODAY + timedelta(days=12, hours=1)),
    ),
    shards=(
        Shard("1", 1, 1, is_primary=True),
        Shard("2", 1, 1, is_primary=False),
        Shard("3", 1, 2),
    ),
    databases=(
        Database(1, endpoints=(Endpoint("1:1", ("10.0.0.1", "10.0.0.2")),)),
        Database(2, endpoints=(Endpoint("2:1", ("10.0.0.2",)),)),
    ),
)


def placed(context: ClusterContext) -> list[PlacedAlert]:
    third = replace(node_view("node3"), identity=Identity(3))
    return placed_alerts([third], {"payments": context})


def summed(*views: object, restarts: int = 0, context: ClusterContext = FULL) -> list[str]:
    summary = ClusterSummary.of(views, restarts, [context], placed(context))
    return words(cluster_parts(summary, NOW, TODAY, PALETTE))


def test_what_is_down_has_the_sign_of_the_worst_of_it() -> None:
    stopped, failed = Service("a", "STOPPED"), Service("b", "FATAL")
    assert "■ 1 down" in summed(node_view("node1", stopped))
    assert "✗ 1 down" in summed(node_view("node1", failed))
    assert "✗ 2 down" in summed(node_view("node1", stopped), node_view("node2", failed))


def test_what_is_known_of_a_cluster_is_summed_up() -> None:
    one = node_view("node1", Service("a", "RUNNING"), Service("b", "STOPPED"))
    lost = node_view("node2", Service("a", "RUNNING"), age=60.0)
    assert summed(one, lost, restarts=2) == [
        "nodes 1/2 ok", "services 1/2 ok", "■ 1 down", "↻ 2/1h all nodes, not from here",
        "alerts 1 ▲ node_memory on node3", "quorum ok", "license 41 d", "certs 12 d",
    ]  # fmt: skip


def test_a_node_whose_last_poll_failed_is_not_ok_though_its_answer_is_recent() -> None:
    lost = Trouble(TroubleKind.UNREACHABLE, "refused the connection")
    one = node_view("node1", Service("a", "RUNNING"))
    two = node_view("node2", Service("a", "RUNNING"), trouble=lost)
    assert summed(one, two)[:2] == ["nodes 1/2 ok", "services 1/1 ok"]


def test_while_polling_is_paused_the_last_polls_are_summed_up_as_past() -> None:
    lost = Trouble(TroubleKind.UNREACHABLE, "refused the connection")
    one = node_view("node1", Service("a", "RUNNING"), age=60.0, paused=True)
    two = node_view("node2", Service("a", "STOPPED"), age=60.0, paused=True)
    gone = node_view("node3", Service("a", "RUNNING"), age=60.0, paused=True, trouble=lost)
    assert summed(one, two, gone)[:3] == [
        "nodes 2/3 were ok, paused", "services 1/2 were ok", "■ 1 down",
    ]  # fmt: skip
    assert words(nodes_parts([one], PALETTE)) == ["node1 1/1 were ok"]
    just_paused = node_view("node1", Service("a", "RUNNING"), paused=True)
    assert summed(just_paused)[:2] == ["nodes 1/1 ok", "services 1/1 ok"]


def test_in_a_narrow_band_what_is_down_or_restarted_is_worth_more_than_that_nodes_are_ok() -> None:
    view = node_view("node1", Service("a", "STOPPED"))
    summary = ClusterSummary.of([view], 2, [FULL], placed(FULL))
    name, brief = (view_name(text, PALETTE) for text in ("matrix · 12 nodes of demo", "matrix"))
    left = brief_parts(name, summary, None, NOW, TODAY, palette=PALETTE, short_name=brief)
    for width, shown in (
        (60, "rsdeck matrix   ■ 1 down   ↻ 2/1h   ▲ 1 alert on node3"),
        (48, "rsdeck matrix   ■ 1 down   ▲ 1 alert on node3"),
    ):
        assert header_lines(Header("", brief=left), width, 1, PALETTE)[0].plain.strip() == shown


def test_the_terms_keep_their_place_in_fewer_words_where_something_changes() -> None:
    calm = known(alerts=(), quorum=Quorum(3, 3), license=FULL.license.value)
    moving = node_view("node1", Service("a", "RUNNING"), Service("b", "STARTING"))
    parts = cluster_parts(ClusterSummary.of([moving], 1, [calm]), NOW, TODAY, PALETTE)
    line = header_lines(Header("", cluster=parts), 110, 3, PALETTE)[1].plain
    assert "◐ 1 changing   ↻ 1/1h   alerts 0   quorum ok   lic 41 d" in line


def test_a_band_of_one_line_has_of_the_context_what_needs_a_look() -> None:
    view = node_view("node1", Service("a", "RUNNING"))
    soon = known(license=License(expired=True), certificates=FULL.certificates.value)
    for context, shown in (
        (FULL, ["alerts 1 ▲ node_memory on node3", "certs 12 d"]),
        (soon, ["license expired", "certs 12 d"]),
        (known(alerts=(), license=FULL.license.value), []),
    ):
        summary = ClusterSummary.of([view], 0, [context], placed(context))
        line = words(
            brief_parts(node_name(view, PALETTE), summary, view, NOW, TODAY, palette=PALETTE)
        )
        assert line[2:-1] == shown
        assert line[-1] == view.profile.host


def narrow(*pills: Part, restarts: int = 2) -> str:
    view = node_view("node1", Service("a", "RUNNING"))
    summary = ClusterSummary.of([view], restarts, [FULL], placed(FULL))
    name, short = view_name("timeline · 3 nodes", PALETTE), view_name("timeline", PALETTE)
    left = brief_parts(name, summary, None, NOW, TODAY, palette=PALETTE, short_name=short)
    return header_lines(Header("", pills, brief=left), 80, 1, PALETTE)[0].plain


def test_in_a_narrow_band_what_needs_a_look_is_shown_before_that_all_nodes_are_ok() -> None:
    alert = "▲ 1 alert on node3"
    assert f"rsdeck timeline   nodes 1/1 ok   ↻ 2/1h   {alert}   crt 12 d" in narrow()
    assert f"timeline · 3 nodes   nodes 1/1 ok   {alert}   crt 12 d" in narrow(restarts=0)
    production = Part(Text(" PROD "), 0)
    crowded = narrow(production, Part(Text("x" * 8), 0))
    assert f"rsdeck timeline   ↻ 2/1h   {alert} " in crowded


def test_a_band_of_one_line_says_that_the_quorum_is_lost_and_not_that_it_is_kept() -> None:
    view = node_view("node1", Service("a", "RUNNING"))
    for up, quorum in ((2, ["quorum LOST 2/5"]), (3, [])):
        context = ClusterContext(quorum=Known(Quorum(up, 5), "", read_at=NOW))
        summary = ClusterSummary.of([view], 0, [context])
        shown = words(
            brief_parts(node_name(view, PALETTE), summary, view, NOW, TODAY, palette=PALETTE)
        )
        assert [word for word in shown if "quorum" in word] == quorum


def test_what_is_not_known_is_never_a_number() -> None:
    nothing = summed(node_view("node1", Service("a", "RUNNING")), context=ClusterContext())
    assert nothing[2:] == ["alerts —", "quorum —", "license —", "certs —"]
    assert summed(context=ClusterContext())[:2] == ["no node yet", "services —"]


def test_a_value_that_could_not_be_read_again_has_its_age() -> None:
    old = Known((Alert("node_memory"),), "403", read_at=NOW - 200)
    assert "alerts 1 ▲ node_memory, 3 m old" in summed(context=ClusterContext(alerts=old))
    assert "quorum ok, 3 m old" in summed(
        context=ClusterContext(quorum=Known(Quorum(3, 3), "403", read_at=NOW - 200))
    )


def test_what_surrounds_nodes_of_which_none_answers_is_dim_and_has_its_age_once() -> None:
    lost = Trouble(TroubleKind.UNREACHABLE, "refused the connection")
    views = [node_view(name, age=48.0, trouble=lost) for name in ("node1", "node2")]
    read = {"alerts": (), "quorum": Quorum(3, 3), "license": FULL.license.value}
    known = {name: Known(value, "timed out", read_at=NOW - 48) for name, value in read.items()}
    summary = ClusterSummary.of(views, 0, [ClusterContext(**known)])
    parts = cluster_parts(summary, NOW, TODAY, defaultdict(str, muted="dim", ok="green"))
    assert words(parts)[2:] == [
        "alerts 0", "quorum ok", "license 41 d", "certs —", "as of 48 s ago",
    ]  # fmt: skip
    assert {span.style for part in parts[2:5] for span in part.text.spans} == {"dim"}


def test_what_surrounds_nodes_has_its_age_from_two_of_its_reading_periods_on() -> None:
    view = node_view("node1", Service("a", "RUNNING"))
    for age, shown in ((59.0, []), (61.0, ["as of 1 m ago"])):
        old = Known(Quorum(3, 3), "", read_at=NOW - age)
        summary = ClusterSummary.of([view], 0, [replace(FULL, quorum=old)], placed(FULL))
        parts = words(cluster_parts(summary, NOW, TODAY, PALETTE))
        assert [part for part in parts if "as of" in part] == shown
        narrow = words(brief_parts(Text("node1"), summary, view, NOW, TODAY, palette=PALETTE))
        assert [part for part in narrow if "as of" in part] == shown


def test_nodes_of_which_none_has_answered_lately_are_stale_by_the_newest_answer() -> None:
    old, older = (node_view("node1", age=age) for age in (48.0, 90.0))
    never = node_view("node2", age=None)
    assert words(pills([older, old, never], PALETTE)) == ["STALE 48 s"]
    assert words(pills([old, node_view("node3")], PALETTE)) == []
    assert words(pills([never], PALETTE)) == []


def test_a_count_that_may_be_too_small_has_a_plus() -> None:
    assert "alerts 1+ ▲ node_memory" in summed(
        context=ClusterContext(alerts=Known((Alert("node_memory"),), "", left_out=2))
    )
    facts = NodeFacts(Identity(1, "", "10.0.0.1"))
    some = ClusterContext(shards=Known((), "", 1), databases=Known((), "", 1))
    line = words(node_parts(node_view("node1", facts=facts), some, PALETTE))
    assert {"shards 0+", "endpoints 0+"} <= {*line}
    summary = ClusterSummary.of([], 0, [FULL, ClusterContext()], placed(FULL))
    assert "alerts 1+ ▲ node_memory on node3" in words(cluster_parts(summary, NOW, TODAY, PALETTE))


def test_why_something_is_not_known_is_said_of_each_part() -> None:
    context = ClusterContext(alerts=Known(None, "403"), log=Known((), "timed out", read_at=NOW))
    assert context_gaps(context) == "alerts (403), log (timed out)"
    assert context_gaps(ClusterContext()) == ""


def test_a_lost_quorum_and_what_is_over_stand_out() -> None:
    bad = known(quorum=Quorum(1, 3), license=License(expired=True), certificates=())
    assert summed(context=bad)[-3:] == ["quorum LOST 1/3", "license expired", "certs —"]


def test_a_node_is_described_with_what_it_holds() -> None:
    facts = NodeFacts(Identity(1, "", "10.0.0.1", Role.PRIMARY, "8.0.16-22"))
    view = node_view("node1", Service("a", "RUNNING", uptime=12 * 86400 + 5), facts=facts)
    assert words(node_parts(view, FULL, PALETTE)) == [
        "node1 ★ primary", "node1:9443", "8.0.16-22", "up 12 d", "shards 2 (1 primary)",
        "endpoints 1", "polled 1 s ago (14 ms)",
    ]  # fmt: skip
    unknown = words(node_parts(node_view("node1", age=None), ClusterContext(), PALETTE))
    assert unknown == [
        "node1 role unknown",
        "node1:9443",
        "shards —",
        "endpoints —",
        "never polled",
    ]


def test_pills_stand_in_one_order_and_say_words() -> None:
    view = node_view("node1", age=60.0, environment=Environment.PRODUCTION, read_only="why")
    view = replace(view, facts=NodeFacts(maintenance=Maintenance()))
    every = pills([view], PALETTE, paused=True, unlocked=True)
    assert words(every) == [
        "MAINTENANCE", "UNLOCKED", "PAUSED", "STALE 1 m", "READ-ONLY", "PROD",
    ]  # fmt: skip
    staging = node_view("node2", environment=Environment.STAGING)
    assert words(pills([staging], PALETTE)) == ["STAGING"]
    assert words(pills([staging, view], PALETTE, read_only=True)) == [
        "MAINTENANCE", "READ-ONLY", "PROD",
    ]  # fmt: skip


def full_header() -> Header:
    facts = NodeFacts(Identity(1, "", "10.0.0.1", Role.PRIMARY, "8.0.16-22"))
    view = node_view(
        "node1", Service("a", "FATAL", uptime=5), facts=facts, environment=Environment.PRODUCTION
    )
    summary = ClusterSummary.of([view], 2, [FULL], placed(FULL))
    return Header(
        title="payments",
        pills=pills([view], PALETTE, read_only=True, paused=True),
        clock="12:03 UTC",
        cluster=cluster_parts(summary, NOW, TODAY, PALETTE),
        node=node_parts(view, FULL, PALETTE),
        brief=brief_parts(node_name(view, PALETTE), summary, view, NOW, TODAY, palette=PALETTE),
    )


@pytest.mark.parametrize("width", [10, 40, 60, 79, 80, 100, 120, 160, 200])
@pytest.mark.parametrize("height", [1, 3])
def test_a_band_is_as_wide_as_it_should_be_and_cuts_no_part(width: int, height: int) -> None:
    header = full_header()
    lines = header_lines(header, width, height, PALETTE)
    assert [line.cell_len for line in lines] == [width] * height
    parts = (*header.cluster, *header.node, *header.brief, *header.pills)
    briefs = [part.brief.plain for part in parts if part.brief is not None]
    wholes = sorted(
        [*words(parts), *briefs, "payments", "rsdeck", header.clock], key=len, reverse=True
    )
    for line in lines:
        rest = line.plain
        for whole in wholes:
            rest = rest.replace(whole, "")
        assert width < 20 or not rest.strip("╭╮│─ "), (line.plain, rest)


def test_the_frame_lends_its_look_to_nothing_in_it() -> None:
    # In the terminal's own colours the frame is dim, and all that matters was dim with it.
    palette = dict.fromkeys(PALETTE, "") | {"muted": "dim", "banner": "reverse"}
    header = Header("payments", pills([node_view("node1")], palette, paused=True))
    for line in header_lines(header, 100, 3, palette):
        assert not line.style
    console = Console(color_system=None, width=100)
    looks = {
        segment.text.strip(): segment.style
        for segment in console.render(header_lines(header, 100, 3, palette)[0])
    }
    assert not (looks["PAUSED"] or Style()).dim
    assert (looks["╭"] or Style()).dim


def test_the_worst_stays_where_there_is_little_room() -> None:
    (line,) = header_lines(full_header(), 60, 1, PALETTE)
    assert line.plain == " node1 ★ primary   ✗ 1 down       PAUSED   READ-ONLY   PROD "
    top, cluster, _ = header_lines(full_header(), 100, 3, PALETTE)
    assert top.plain.startswith("╭ rsdeck ── payments ──")
    assert top.plain.endswith("─ PAUSED ─ READ-ONLY ─ PROD ─ 12:03 UTC ─╮")
    assert "✗ 1 down" in cluster.plain


def test_in_a_band_of_one_line_the_clock_shortens_nothing_but_address_and_version() -> None:
    facts = NodeFacts(Identity(1, "", "10.0.0.1", Role.PRIMARY, "8.0.16-22"))
    view = node_view("node1", Service("a", "STOPPED"), facts=facts)
    summary = ClusterSummary.of([view], 2)
    left = brief_parts(node_name(view, PALETTE), summary, view, NOW, TODAY, palette=PALETTE)
    first_to_go = ("8.0.16-22", view.profile.host, "12:03 UTC", "↻ 2/1h, not from here")
    for pill, end in (((), "12:03 UTC "), ((Part(Text(" PROD "), 0),), "12:03 UTC   PROD ")):
        header = Header("", pill, "12:03 UTC", brief=left)
        seen = set()
        for width in range(40, 120):
            line = header_lines(header, width, 1, PALETTE)[0].plain
            shown = [text in line for text in first_to_go]
            assert shown == sorted(shown), line
            assert line.endswith(end) is shown[2]
            seen.add(sum(shown))
        assert seen == {0, 1, 2, 3, 4}


def test_without_a_node_the_third_line_lists_what_there_is_the_worst_first() -> None:
    well, ill = Service("a", "RUNNING"), Service("a", "STOPPED")
    lost = Trouble(TroubleKind.UNREACHABLE, "gone")
    nodes = [
        node_view("node1", well),
        node_view("node2", ill),
        node_view("node3", well, age=60.0, trouble=lost),
    ]
    assert words(nodes_parts(nodes, PALETTE)) == [
        "node2 0/1 ok", "node3 unreachable", "node1 1/1 ok",
    ]  # fmt: skip
    other = node_view("node4", well, cluster="orders")
    assert words(nodes_parts([*nodes, other], PALETTE)) == ["payments 2/3 ok", "orders 1/1 ok"]
