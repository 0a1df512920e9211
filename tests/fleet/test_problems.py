"""All that is wrong, the worst first, and for how long."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.events import HERE
from tests.faultserver import serving
from tests.fleet.conftest import Play, profile, profiles, running, said
from tests.ui.table.hostile import NAMES
from tui.api.errors import Untrusted
from tui.fleet.polling.poller import NodePoller
from tui.fleet.problems import (
    AlertReport,
    NodeCondition,
    Problem,
    Severity,
    alert_reports,
    find_problems,
)
from tui.model.certificate import Certificate
from tui.model.clock import monotonic
from tui.model.cluster import Member
from tui.model.context import Alert, Known, VendorSeverity
from tui.model.event import Cause, CrashLoop, Event, EventDetails, OrderGiven, Restart, StatusChange
from tui.model.login import PasswordCause, PasswordPolling
from tui.model.node import Identity, Maintenance, ObservedHealth
from tui.model.order import Verb
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.service import KNOWN_STATUSES, Service, ServiceCounts
from tui.model.text import clean
from tui.sim.server import SimulatedCluster

NOW = 10_000.0
ON = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def node(name: str = "a", services: dict[str, str] | None = None, **more: Any) -> NodeCondition:
    """Make a node that answered a second ago, and well since an hour before."""
    listed = tuple(Service(one, status) for one, status in (services or {}).items())
    reading = Reading(name, listed, NOW - 1, more.pop("answered_at", NOW - 1), since=NOW - 3600)
    return NodeCondition(name, more.pop("reading", reading), 4.0, **more)


def lost(
    name: str, kind: TroubleKind = TroubleKind.UNREACHABLE, since: float = 30
) -> NodeCondition:
    reading = Reading(name, (), NOW, None, trouble=Trouble(kind, "it said no"), since=NOW - since)
    return node(name, reading=reading)


def event(details: EventDetails, ago: float, service: str = "x", **more: Any) -> Event:
    on = ON - timedelta(seconds=ago)
    return Event(more.pop("node", "a"), details, NOW - ago, on, service, **more)


def flip(change: str, ago: float, service: str = "x", **more: Any) -> Event:
    """Make a change of status, of `BEFORE AFTER`."""
    return event(StatusChange(*change.split(" ")), ago, service, **more)


def restart(ago: float, **more: Any) -> Event:
    return event(Restart("RUNNING"), ago, **more)


def ordered(ago: float, *services: str, **more: Any) -> Event:
    """Make the event of an order for one service, or for several."""
    service = services[0] if len(services) == 1 else ""
    return event(OrderGiven(Verb.RESTART, services), ago, service, **more)


def problems(*nodes: NodeCondition, events: tuple[Event, ...] = ()) -> list[Problem]:
    return list(find_problems(nodes, events, NOW, ON))


def problem_of(*nodes: NodeCondition, events: tuple[Event, ...] = ()) -> Problem:
    (problem,) = problems(*nodes, events=events)
    return problem


def test_there_is_no_problem_where_all_runs() -> None:
    assert problems(node(services={"x": "RUNNING", "start_redis_servers": "EXITED"})) == []
    assert problems() == []


class Unread(tuple[Service, ...]):
    """Services that nothing may look at one by one."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Service]:
        raise AssertionError("a service of a node was looked at where none has a problem")


def test_the_services_of_a_node_that_is_well_are_not_looked_at_one_by_one() -> None:
    """There are hundreds of nodes, and a key waits for it."""
    well = Reading("a", Unread([Service("x", "RUNNING")]), NOW - 1, NOW - 1, since=NOW - 3600)
    assert not problems(node(reading=well, tally=ServiceCounts(well=1, total=1)))


def test_the_problems_are_the_same_whether_the_services_are_counted_already_or_not() -> None:
    statuses = [*KNOWN_STATUSES, "", "ODD"]
    services = {f"{number}{status}": status for number, status in enumerate(statuses)}
    counted = node(services=services, disabled=frozenset({"3"}))
    tally = ServiceCounts.of(counted.reading.services, counted.disabled)
    events = (restart(60, service="0STARTING"), flip("RUNNING ", 30, "gone"))
    found = problems(counted, events=events)
    assert len({problem.service for problem in found}) > len(statuses) / 2
    assert problems(replace(counted, tally=tally), events=events) == found


async def test_a_nodes_services_are_counted_once_for_all_that_shows_them(
    served: SimulatedCluster,
) -> None:
    async with running(*profiles(served)) as deck:
        await deck.until(lambda: all(one.reading.is_good for one in deck.fleet.nodes))
        watch = deck.fleet.nodes[0]
        assert NodeCondition.of(watch).tally is watch.tally


def test_the_worst_is_first() -> None:
    found = problems(
        node("a", {"x": "STOPPED", "y": "FATAL", "z": "PURPLE"}),
        lost("b"),
        node("c", wrong_node="another node answers"),
        node("d", answered_at=NOW - 60),
        node("e", {"x": "RUNNING"}),
        events=(restart(60, node="e"),),
    )
    assert [(p.node, p.service) for p in found] == [
        ("c", ""), ("b", ""), ("a", "y"), ("d", ""), ("a", "x"), ("a", "z"), ("e", "x"),
    ]  # fmt: skip
    assert [p.severity for p in found] == [
        *[Severity.CRITICAL] * 3, *[Severity.SERIOUS] * 3, Severity.NOTICE,
    ]  # fmt: skip


def test_a_required_service_that_is_down_is_critical_and_comes_before_an_optional_one() -> None:
    optional = frozenset({"mdns_server", "stats_archiver"})
    services = {
        "ccs": "FATAL", "dmcproxy": "STOPPED", "mdns_server": "FATAL", "stats_archiver": "STOPPED",
    }  # fmt: skip
    found = problems(node("a", services, optional=optional))
    assert [(p.service, p.severity, p.what) for p in found] == [
        ("ccs", Severity.CRITICAL, "FATAL: it does not come up, and is required"),
        ("dmcproxy", Severity.CRITICAL, "STOPPED, and is required"),
        ("mdns_server", Severity.CRITICAL, "FATAL: it does not come up"),
        ("stats_archiver", Severity.SERIOUS, "STOPPED, and should not be"),
    ]
    loop = event(CrashLoop(3, 600), 100, "mdns_server", cause=Cause.NOT_ORDERED_HERE)
    looping = node("a", {"ccs": "FATAL", "mdns_server": "BACKOFF"}, optional=optional)
    assert [p.service for p in problems(looping, events=(loop,))] == ["ccs", "mdns_server"]
    looping = replace(looping, optional=frozenset({"ccs"}))
    assert [p.service for p in problems(looping, events=(loop,))] == ["mdns_server", "ccs"]


def test_a_service_of_which_the_kind_is_not_known_is_not_called_required() -> None:
    problem = problem_of(node("a", {"ccs": "STOPPED"}))
    assert (problem.severity, problem.what) == (Severity.SERIOUS, "STOPPED, and should not be")


@pytest.mark.parametrize("kind", TroubleKind)
def test_trouble_with_a_node_is_listed_with_its_kind_and_since_when(kind: TroubleKind) -> None:
    problem = problem_of(lost("a", kind, since=90))
    assert problem.what == f"{kind.value}: it said no"
    assert problem.since == NOW - 90
    severity = Severity.SERIOUS if kind is TroubleKind.NO_PASSWORD else Severity.CRITICAL
    assert problem.severity is severity


def test_a_changed_certificate_has_both_fingerprints_whole_on_lines_of_their_own() -> None:
    error = Untrusted("a presents another certificate: …", expected="ab" * 32, got="cd" * 32)
    problem = problem_of(node("a", reading=Reading("a", trouble=error.trouble)))
    assert problem.what == "not trusted: certificate changed"
    assert problem.details == (f"pinned sha256:{'ab' * 32}", f"presented sha256:{'cd' * 32}")


def test_the_place_of_a_trouble_is_not_repeated_in_its_reason() -> None:
    trouble = Trouble(TroubleKind.UNREACHABLE, "a (https://a:9443) gave no answer")
    reading = Reading("a", (), NOW, None, trouble=trouble, since=NOW)
    problem = problem_of(node("a", reading=reading, place="a (https://a:9443)"))
    assert problem.what == "unreachable: gave no answer"


def test_what_is_down_is_told_from_what_is_serious_for_another_reason() -> None:
    found = problems(node("a", {"x": "STOPPED", "y": "FATAL", "z": "PURPLE"}), lost("b"))
    assert {problem.service: problem.is_down for problem in found} == {
        "": True, "x": True, "y": True, "z": False,
    }  # fmt: skip
    assert not problem_of(node("a", {"x": "RUNNING"}, answered_at=NOW - 60)).is_down


def test_the_old_services_of_a_lost_node_are_not_listed_as_if_they_were_the_present() -> None:
    stale = node("a", {"x": "FATAL"}, answered_at=NOW - 60)
    assert problem_of(stale).what.startswith("stale")
    assert problem_of(stale).since == NOW - 60


def test_a_problem_lasts_since_it_was_well() -> None:
    events = (
        flip("RUNNING BACKOFF", 500),
        flip("BACKOFF RUNNING", 400),
        flip("RUNNING BACKOFF", 300),
        flip("BACKOFF STARTING", 200),
        flip("STARTING FATAL", 100),
    )
    found = problems(node(services={"x": "FATAL"}), events=events)
    assert found[0].since == NOW - 300


def test_a_problem_that_is_older_than_the_session_has_no_beginning() -> None:
    assert problem_of(node(services={"x": "FATAL"})).since is None
    events = (flip("BACKOFF FATAL", 100),)
    assert problem_of(node(services={"x": "FATAL"}), events=events).since is None


def test_a_problem_without_a_beginning_was_there_at_the_first_that_is_known_of_it() -> None:
    ill = node(services={"x": "FATAL"})
    # The node has answered without a break for an hour.
    assert problem_of(ill).seen_at == NOW - 3600
    earlier = (flip("RUNNING BACKOFF", 9000), flip("BACKOFF RUNNING", 8000))
    known = (flip("BACKOFF STOPPED", 5000), flip("STOPPED FATAL", 100))
    assert problem_of(ill, events=(*earlier, *known)).seen_at == NOW - 5000
    assert problem_of(ill, events=(flip("BACKOFF FATAL", 100),)).seen_at == NOW - 3600


def test_a_service_that_moves_is_a_problem_only_after_a_while() -> None:
    moving = node(services={"x": "STARTING"})
    assert problems(moving, events=(flip("STOPPED STARTING", 10),)) == []
    problem = problem_of(moving, events=(flip("STOPPED STARTING", 40),))
    assert (problem.what, problem.since) == ("still STARTING", NOW - 40)
    assert problem_of(moving).since is None


def test_a_disabled_service_that_is_stopped_is_no_problem() -> None:
    assert problems(node(services={"x": "STOPPED"}, disabled=frozenset({"x"}))) == []


def test_a_stop_that_was_ordered_here_is_timed_from_its_own_change() -> None:
    stopped = node(services={"x": "STOPPED"})
    changes = ("RUNNING STOPPING", "STOPPING STOPPED")
    flips = [flip(change, 60 - n, cause=HERE) for n, change in enumerate(changes)]
    assert problem_of(stopped, events=(*flips,)).since == NOW - 60
    ends = flip("STOPPED RUNNING", 40, cause=HERE)
    again = flip("RUNNING STOPPED", 20)
    assert problem_of(stopped, events=(*flips, ends, again)).since == NOW - 20


def test_a_restart_that_was_not_ordered_here_is_listed_for_an_hour() -> None:
    well = node(services={"x": "RUNNING"})
    restarted = restart(60)
    assert "not sent from here" in problem_of(well, events=(restarted,)).what
    assert problem_of(well, events=(restarted,)).since == NOW - 60
    came_up = (flip("RUNNING EXITED", 130), flip("EXITED RUNNING", 120))
    seen = event(Restart("RUNNING", "EXITED"), 120)
    assert "2 times" in problem_of(well, events=(*came_up, seen, restarted)).what
    assert problems(well, events=(restart(3700),)) == []


def test_a_restart_that_was_ordered_here_is_none_and_its_cause_alone_says_so() -> None:
    well = node(services={"x": "RUNNING"})
    assert problems(well, events=(restart(60, cause=HERE),)) == []
    order = ordered(70, "x")
    assert len(problems(well, events=(order, restart(60, cause=Cause.NOT_ORDERED_HERE)))) == 1


def test_a_crash_loop_is_critical_and_listed_once() -> None:
    looping = node(services={"x": "BACKOFF"})
    events = (
        restart(200),
        restart(150),
        event(CrashLoop(3, 600), 100, cause=Cause.NOT_ORDERED_HERE),
    )
    problem = problem_of(looping, events=events)
    assert problem.severity is Severity.CRITICAL
    assert problem.what == ("BACKOFF, crash loop: restarted 3 times in 10 m, not sent from here")
    old = (event(CrashLoop(3, 600), 700),)
    assert problems(node(services={"x": "RUNNING"}), events=old) == []


def test_a_service_that_vanished_is_listed_until_it_is_back() -> None:
    gone = (event(StatusChange("RUNNING", None), 60),)
    assert problem_of(node(services={"y": "RUNNING"}), events=gone).what == "vanished, was RUNNING"
    assert problems(node(services={"x": "RUNNING"}), events=gone) == []


@pytest.mark.parametrize(
    ("days", "severity"), [(-3, Severity.CRITICAL), (5, Severity.NOTICE), (90, None)]
)
def test_a_certificate_that_is_not_valid_or_ends_soon_is_listed(
    days: int, severity: Severity | None
) -> None:
    certificate = Certificate("00", not_after=ON + timedelta(days=days))
    found = problems(node(services={"x": "RUNNING"}, certificate=certificate))
    assert [(p.severity, p.timed) for p in found] == ([(severity, False)] if severity else [])


def test_a_node_whose_certificate_is_not_checked_is_listed() -> None:
    problem = problem_of(node(services={"x": "RUNNING"}, is_unchecked=True))
    assert (problem.severity, problem.what) == (
        Severity.SERIOUS,
        "INSECURE: certificate not verified",
    )


def test_equal_problems_go_by_node_and_name_whatever_order_they_come_in() -> None:
    a, b = node("a", {"y": "STOPPED", "x": "STOPPED"}), node("b", {"x": "STOPPED"})
    places = [(p.node, p.service) for p in problems(a, b)]
    assert places == [("a", "x"), ("a", "y"), ("b", "x")]


def test_of_equal_problems_the_newest_is_first_whatever_its_node() -> None:
    restarts = [
        restart(ago, node=name, cause=Cause.NOT_ORDERED_HERE)
        for name, ago in (("a", 180), ("b", 13), ("c", 60))
    ]
    nodes = (node(name, {"x": "RUNNING"}) for name in "abc")
    found = problems(*nodes, events=tuple(sorted(restarts, key=lambda one: one.at)))
    assert [p.node for p in found] == ["b", "c", "a"]


def test_hostile_names_and_statuses_are_listed_and_break_nothing() -> None:
    """P14, case 39."""
    services = {clean(name): f"{clean(name)} → x" for name in NAMES}
    events = tuple(
        event(StatusChange(status, status), 50, name) for name, status in services.items()
    )
    found = problems(node(services=services), events=events)
    assert {p.service for p in found} == set(services)
    assert all(p.what.isprintable() for p in found)


def test_kinds_that_are_unknown_are_a_notice_with_the_reason() -> None:
    found = problem_of(node(services={"x": "RUNNING"}, kinds_gap="the role may not read it"))
    assert (found.severity, found.timed) == (Severity.NOTICE, False)
    assert found.what == "kinds unknown, so every service is locked: the role may not read it"
    assert not problems(node(services={"x": "RUNNING"}))


@dataclass(frozen=True)
class Reported:
    """A node without a profile."""

    key: str
    maintenance: Maintenance | None
    health: ObservedHealth


def test_what_a_cluster_reports_of_its_nodes_is_listed_with_and_without_a_profile() -> None:
    down = ObservedHealth("down", "node_unreachable", NOW - 7200)
    well = node("a", maintenance=Maintenance("2026-03-01 02:00:00"))
    odd = node("b", health=ObservedHealth("active", "ok", NOW - 7200))
    fine = node("c", health=ObservedHealth("active", "ok", NOW - 5))
    unmanaged = [Reported("\0x node:4", None, down)]
    found = find_problems([well, odd, fine], (), NOW, ON, unmanaged=unmanaged)
    assert [(one.severity, one.node, one.has_profile, one.what) for one in found] == [
        (
            Severity.SERIOUS,
            "\0x node:4",
            False,
            "down (node_unreachable) by its cluster, observed 2 h ago",
        ),
        (Severity.NOTICE, "a", True, "in maintenance since 2026-03-01 02:00:00"),
        (Severity.NOTICE, "b", True, "not observed by its cluster for 2 h"),
    ]


def test_polling_with_the_password_for_want_of_a_token_is_one_notice_for_all_nodes() -> None:
    polling = PasswordPolling(PasswordCause.NO_TOKEN, 3, 0.01, 2)
    (found,) = problems(*(node(name, password=polling) for name in "abc"))
    assert (found.severity, found.node) == (Severity.NOTICE, "a")
    assert found.what == "no token taken by 3 nodes: 2 polls at a time carry the password"


def test_the_way_basic_is_a_notice_only_where_it_makes_readings_late() -> None:
    well = PasswordPolling(PasswordCause.CONFIGURED, 14, 0.2, 2)
    late = PasswordPolling(PasswordCause.CONFIGURED, 15, 0.2, 2)
    assert problems(node(password=well, interval=2.0)) == []
    (found,) = problems(node(password=late, interval=2.0))
    assert "15 nodes at 0.2 s" in found.what
    assert "enough for 14 at 2 s" in found.what


def test_what_a_cluster_observed_of_a_node_that_does_not_answer_is_no_second_problem() -> None:
    gone = replace(lost("a"), health=ObservedHealth("down", "node_unreachable", NOW - 9))
    assert [one.what for one in problems(gone)] == ["unreachable: it said no"]


def lit(*alerts: Alert, gap: str = "", age: float = 5.0, title: str = "cluster x") -> AlertReport:
    return AlertReport(title, "x", Known(alerts, gap, read_at=NOW - age), {1: "a"})


def alerts_of(*reports: AlertReport) -> list[Problem]:
    return list(find_problems([node("a")], (), NOW, ON, alerts=reports))


def test_an_alert_has_its_node_its_severity_its_beginning_and_what_to_do() -> None:
    alert = Alert("node_memory", VendorSeverity.WARNING, ON - timedelta(minutes=3), 1)
    (problem,) = alerts_of(lit(alert))
    assert (problem.severity, problem.node, problem.has_profile) == (Severity.NOTICE, "a", True)
    assert (problem.what, problem.since) == ("alert node_memory, WARNING", NOW - 180)
    assert problem.details == (
        "read from its cluster 5 s ago",
        "find its reason: on a node, `rladmin status issues_only` and `rlcheck` show more",
    )


def test_an_alert_of_a_cluster_whose_clock_is_ahead_has_begun_by_now() -> None:
    (problem,) = alerts_of(lit(Alert("x", since=ON + timedelta(minutes=3))))
    assert problem.since == NOW


def test_an_alert_of_a_cluster_or_of_a_node_without_a_profile_names_its_place() -> None:
    of_other, of_all = alerts_of(lit(Alert("quorum"), Alert("node_memory", node=7)))
    assert (of_all.node, of_all.place, of_all.has_profile) == (
        "\0cluster x", ("cluster x", "x"), False,
    )  # fmt: skip
    assert (of_other.node, of_other.place, of_other.has_profile) == (
        "\0x node:7", ("node:7", "x"), False,
    )  # fmt: skip


@pytest.mark.parametrize("word", VendorSeverity)
def test_alerts_are_sorted_among_the_problems_by_the_clusters_word_for_them(
    word: VendorSeverity,
) -> None:
    (problem,) = alerts_of(lit(Alert("x", word)))
    serious = {VendorSeverity.ERROR, VendorSeverity.UNKNOWN}
    expected = Severity.SERIOUS if word in serious else Severity.NOTICE
    assert problem.severity is (Severity.CRITICAL if word is VendorSeverity.CRITICAL else expected)
    found = find_problems(
        [node("a", {"x": "FATAL", "y": "STOPPED"})],
        (restart(60, service="z"),),
        NOW,
        ON,
        alerts=[lit(Alert("x", word))],
    )
    severities = [*Severity]
    ranks = [severities.index(one.severity) for one in found]
    assert ranks == sorted(ranks)
    assert not problem.is_down


def test_the_name_of_an_alert_is_shown_clean() -> None:
    (problem,) = alerts_of(lit(Alert("x\x1b[31m[red]\u202e\n" * 90, node=1), gap="\x1b["))
    assert all(text.isprintable() for text in (problem.what, problem.alert, *problem.details))
    assert len(problem.alert) <= 64


def test_an_alert_that_was_not_read_again_is_shown_as_old_and_says_why() -> None:
    (problem,) = alerts_of(lit(Alert("x", VendorSeverity.ERROR), gap="timed out", age=300))
    assert problem.what == "alert x, ERROR, 5 m old"
    assert problem.details[0] == "read from its cluster 5 m ago, not read since: timed out"
    assert problem.timed
    assert problem.since is None


@pytest.mark.parametrize("since", [ON, None])
def test_the_alerts_of_clusters_that_are_not_known_to_be_the_same_stay_apart(
    since: datetime | None,
) -> None:
    alert = Alert("node_memory", VendorSeverity.WARNING, since, 1)
    first, second = (
        AlertReport(f"cluster of {name}", "", Known((alert,), "", read_at=NOW), {}) for name in "ab"
    )
    found = alerts_of(first, second)
    assert [one.place for one in found] == [("node:1", "cluster of a"), ("node:1", "cluster of b")]
    assert [one.node for one in found] == ["\0cluster of a node:1", "\0cluster of b node:1"]
    assert found[0].details[0] == "read from cluster of a 0 s ago"
    assert len(alerts_of(first, first)) == 1


@pytest.mark.parametrize(("told", "first_of"), [("", "cluster of a"), ("x", "cluster x")])
async def test_clusters_without_a_name_in_their_profiles_share_no_alert(
    told: str, first_of: str
) -> None:
    """Both list a node 2 by the name host2, and one of them, or none, tells its own name."""
    plays = [Play(uid) for uid in (1, 2)]
    raised = {
        "enabled": True,
        "state": True,
        "severity": "WARNING",
        "change_time": "2026-03-01T03:00:00Z",
    }
    plays[0].get("/v1/cluster", said({"name": told}))
    plays[1].get("/v1/cluster", said({}))
    for play in plays:
        play.get("/v1/nodes/alerts", said({"2": {"node_memory": raised}}))
        play.get("/v1/cluster/alerts", said({}))
    with serving(plays[0]) as first, serving(plays[1]) as second:
        async with running(profile(first.url, "a"), profile(second.url, "b")) as deck:
            await deck.until(lambda: all(one.members for one in deck.fleet.nodes))
            assert [one.identity.cluster for one in deck.fleet.nodes] == [told, ""]
            for name in "ab":
                await deck.fleet.read_context(name)
            reports = alert_reports(deck.fleet.nodes)
            found = find_problems((), (), monotonic(), datetime.now(UTC), alerts=reports)
            assert [(one.node, one.has_profile) for one in found] == [
                (f"\0{first_of} node:2", False), ("b", True),
            ]  # fmt: skip


class Watched(SimpleNamespace):
    """A node without a cluster in its profile; counts how often it is asked who it is."""

    asked = 0

    @property
    def identity(self) -> Identity:
        self.asked += 1
        return self.known

    @classmethod
    def make(
        cls, name: str, uid: int, cluster: str = "", members: tuple[Member, ...] = ()
    ) -> NodePoller:
        alert = Alert("node_memory", VendorSeverity.WARNING, ON, 2)
        made = cls(
            name=name,
            known=Identity(uid, cluster=cluster),
            members=members,
            cluster_key=name,
            profile=SimpleNamespace(cluster="", address="10.0.0.2"),
            context=SimpleNamespace(alerts=Known((alert,), "", read_at=NOW)),
        )
        return cast(NodePoller, made)


def test_a_node_that_two_clusters_list_at_one_place_is_of_neither() -> None:
    members = (Member(2, "10.0.0.2"),)
    nodes = [Watched.make(name, 1, name, members) for name in ("one", "other")]
    reports = alert_reports([*nodes, Watched.make("replica", 2)])
    assert [report.title for report in reports] == [
        "cluster one", "cluster other", "cluster of replica",
    ]  # fmt: skip
    assert [report.nodes for report in reports] == [{1: "one"}, {1: "other"}, {2: "replica"}]


def test_the_alerts_of_many_nodes_are_found_in_one_pass_over_them() -> None:
    nodes = [Watched.make(f"node{uid}", uid, "one") for uid in range(200)]
    assert len(alert_reports(nodes)) == 200
    assert sum(cast(Watched, node).asked for node in nodes) < 200 * 10


@pytest.mark.parametrize("cluster", ["demo", ""])
async def test_the_alerts_of_a_cluster_are_read_once_for_all_its_nodes(
    cluster: str, served: SimulatedCluster
) -> None:
    served.cluster.contents.raise_alert("cluster_multiple_nodes_down", "CRITICAL")
    served.cluster.contents.raise_alert("node_memory", "WARNING", 2)
    async with running(*profiles(served, cluster=cluster)) as deck:
        await deck.good()
        await deck.until(lambda: all(one.identity.uid for one in deck.fleet.nodes))
        await deck.until(lambda: deck.watch("node1").identity.cluster)
        for one in ("node1", "node2", "node3"):
            await deck.fleet.read_context(one)
        reports = alert_reports(deck.fleet.nodes)
        assert len(reports) == (1 if cluster else 3)
        found = find_problems((), (), monotonic(), datetime.now(UTC), alerts=reports)
        title = f"cluster {cluster or 'demo.cluster.local'}"
        assert [(one.alert, one.node) for one in found] == [
            ("cluster_multiple_nodes_down", f"\0{title}"), ("node_memory", "node2"),
        ]  # fmt: skip


async def test_where_two_profiles_without_a_cluster_have_one_uid_the_alert_names_neither(
    served: SimulatedCluster,
) -> None:
    served.cluster.contents.raise_alert("node_memory", "WARNING", 1)
    url = served.urls[1]
    async with running(profile(url, "a"), profile(url, "b")) as deck:
        await deck.known()
        await deck.fleet.read_context("a")
        reports = alert_reports(deck.fleet.nodes)
        (found,) = find_problems((), (), monotonic(), datetime.now(UTC), alerts=reports)
        assert (found.place, found.has_profile) == (("node:1", "cluster demo.cluster.local"), False)


async def test_an_alert_of_a_cluster_that_no_profile_names_is_of_no_node_of_another_cluster(
    served: SimulatedCluster,
) -> None:
    served.cluster.contents.raise_alert("node_memory", "WARNING", 2)
    with serving(Play(uid=2)) as other:
        async with running(profile(served.urls[1], "a"), profile(other.url, "b")) as deck:
            await deck.known()
            await deck.until(lambda: all(one.identity.cluster for one in deck.fleet.nodes))
            assert deck.watch("b").identity.uid == 2
            await deck.fleet.read_context("a")
            reports = alert_reports(deck.fleet.nodes)
            (found,) = find_problems((), (), monotonic(), datetime.now(UTC), alerts=reports)
            assert (found.place, found.has_profile) == (
                ("node:2", "cluster demo.cluster.local"),
                False,
            )
