"""Why something is as it is: the evidence in order, with source and age, and what is not known."""

import asyncio
import contextlib
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.clock import Clock
from tests.faultserver import Peer, answer, serving
from tests.fleet.conftest import BOOTSTRAP, Play, profile, profiles, running, said
from tui.fleet.orders.verdict import Patience
from tui.fleet.polling.cluster_context import ABSENT_FOR, CONTEXT_EVERY, REFUSED_FOR
from tui.fleet.problems import NodeCondition, Severity, find_problems, recent_restarts
from tui.fleet.why import (
    Checks,
    Evidence,
    EvidenceKind,
    LiveChecks,
    NextStep,
    Offer,
    Source,
    WhySubject,
    find_evidence,
    find_next_step,
    is_unknown_service,
    read_checks,
)
from tui.model.context import Alert, ClusterContext, Known, LogEntry, RunningAction, VendorSeverity
from tui.model.event import (
    Cause,
    CrashLoop,
    Event,
    EventDetails,
    OrderEnded,
    OrderGiven,
    Restart,
    RolloutMoved,
    Sender,
    StatusChange,
)
from tui.model.node import Identity, Maintenance, ObservedHealth, Role
from tui.model.order import Result, Verb
from tui.model.reading import Reading, Remedy, Trouble, TroubleKind
from tui.model.rollout import (
    GateNow,
    Plan,
    RolloutProgress,
    RolloutState,
    Step,
    StepProgress,
    StepState,
    StepStop,
    StopReason,
)
from tui.model.service import Service
from tui.sim.server import SimulatedCluster

NOW = 10_000.0
ON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STARTED = ON - timedelta(minutes=20)
HOSTILE = "x\x1b[31m[red]\u202eevil\n"


def known(value: Any, *, age: float = 5.0, gap: str = "") -> Known[Any]:
    return Known(value, gap=gap, read_at=NOW - age)


def event(details: EventDetails, ago: float, service: str = "ccs", **more: Any) -> Event:
    at, on = NOW - ago, ON - timedelta(seconds=ago)
    return Event(
        **{"node": "node1", "details": details, "at": at, "on": on, "service": service} | more
    )


def subject(service: str = "ccs", status: str = "RUNNING", **more: Any) -> WhySubject:
    started = STARTED if status == "RUNNING" else None
    services = (
        Service("ccs", status, started, 1200 if started else None),
        Service("ok", "RUNNING"),
    )
    reading = Reading("node1", services, asked_at=NOW - 2.1, answered_at=NOW - 2)
    context = ClusterContext(alerts=known(()), actions=known(()), log=known(()))
    checks = Checks(known((True, "")), known((True, "")))
    node = NodeCondition("node1", reading, 4.0, health=ObservedHealth("active", "ok", NOW - 7))
    made = WhySubject(node, service, Identity(1, role=Role.PRIMARY), context, checks)
    return replace(made, **more)


def polled_since(node: NodeCondition, ago: float) -> NodeCondition:
    return replace(node, reading=replace(node.reading, since=NOW - ago))


def find(about: WhySubject, *events: Event) -> tuple[Evidence, ...]:
    return find_evidence(about, events, NOW, ON)


def of(found: tuple[Evidence, ...], kind: EvidenceKind) -> list[Evidence]:
    return [one for one in found if one.kind is kind]


def text(found: tuple[Evidence, ...], kind: EvidenceKind) -> str:
    (one,) = of(found, kind)
    return one.text


def test_the_evidence_comes_in_the_order_of_the_checklist() -> None:
    found = find(subject(), event(OrderGiven(Verb.RESTART, ("ccs",)), 100, ""))
    kinds = [one.kind for one in found]
    assert kinds == sorted(kinds, key=[*EvidenceKind].index)
    assert set(EvidenceKind) - set(kinds) == {
        EvidenceKind.PROBLEM,
        EvidenceKind.CHANGE,
        EvidenceKind.ROLLOUT,
    }


def test_a_rollout_that_is_paused_shows_why_it_was_and_how_its_gate_is_now() -> None:
    step = Step("node1", "https://node1:9443", Identity(1), ())
    plan = Plan(1, Verb.RESTART, "demo", ("ccs",), (step,))
    stop = StepStop(StopReason.GATE_CLOSED, "ccs is FATAL on node2")
    here = StepProgress(step, StepState.BLOCKED, ended_at=NOW - 90.0)
    rollout = RolloutProgress(
        plan, RolloutState.PAUSED, (here,), text=f"node1: {stop.text}", stop=stop
    )
    paused = "restart ccs on 1 node of demo: paused, node1: ccs is FATAL on node2"
    for gate, more in (
        (None, ""),
        (GateNow("node1", stop.text, is_known=True, checked_at=NOW), "; gate closed now"),
        (GateNow("node1", "", is_known=True, checked_at=NOW - 60), "; gate open 1 m ago"),
        (
            GateNow("node1", "quorum is lost", is_known=True, checked_at=NOW),
            "; gate closed now: quorum is lost",
        ),
    ):
        about = replace(subject(), rollout=replace(rollout, gate=gate))
        (one,) = of(find(about), EvidenceKind.ROLLOUT)
        assert (one.text, one.age, one.is_problem) == (f"{paused}{more}", 90.0, True)


def test_a_status_has_its_age_and_since_when_by_the_nodes_own_clock() -> None:
    (one,) = of(find(subject()), EvidenceKind.STATUS)
    assert one == Evidence(
        EvidenceKind.STATUS,
        Source.SERVICES,
        "RUNNING since 2026-03-01 11:40:00 UTC by its clock, up for 00:20:00",
        2.0,
        STARTED,
    )


def test_what_is_down_is_so_since_it_was_seen_to_change_or_since_before_the_session() -> None:
    change = event(StatusChange("RUNNING", "STOPPED"), 90)
    (one,) = of(find(subject(status="STOPPED"), change), EvidenceKind.STATUS)
    assert (one.text, one.at) == ("STOPPED since 2026-03-01 11:58:30 UTC", change.on)
    assert one.is_problem
    assert one.problem is not None
    assert (one.word, one.problem.severity) == ("status", Severity.SERIOUS)
    found = find(subject(status="STOPPED"))
    assert text(found, EvidenceKind.STATUS) == "STOPPED since before this session"
    assert text(found, EvidenceKind.PROBLEM) == "STOPPED, and should not be"


def test_a_node_and_a_service_that_it_does_not_list() -> None:
    assert text(find(subject("")), EvidenceKind.STATUS) == "2 of 2 services ok"
    down = find(subject("", status="FATAL"))
    assert text(down, EvidenceKind.STATUS) == "1 of 2 services ok; with problems: ccs"
    (gone,) = of(find(subject("nope")), EvidenceKind.STATUS)
    assert (gone.text, gone.is_problem) == ("nope is not on the node", True)


def test_a_service_is_unknown_where_the_node_lists_it_not_and_no_event_names_it() -> None:
    about = subject("nope")
    gone = event(StatusChange("RUNNING", None), 90, "nope")
    sent = event(OrderGiven(Verb.STOP, ("nope", "ccs")), 90, "")
    assert is_unknown_service(about, [event(Restart("RUNNING"), 90)])
    assert is_unknown_service(about, [event(OrderGiven(Verb.STOP, ("ccs",)), 90, "")])
    assert is_unknown_service(about, [event(StatusChange("A", None), 90, "nope", node="node2")])
    assert not is_unknown_service(about, [gone])
    assert not is_unknown_service(about, [sent])
    assert not is_unknown_service(subject(), [])
    assert not is_unknown_service(subject(""), [])
    trouble = Trouble(TroubleKind.UNREACHABLE, "node1 refused the connection")
    lost = replace(about.node, reading=replace(about.node.reading, trouble=trouble))
    assert not is_unknown_service(replace(about, node=lost), [])
    other = replace(about.node, wrong_node="is node2")
    assert not is_unknown_service(replace(about, node=other), [])


def test_a_node_that_does_not_answer_says_why() -> None:
    about = subject("")
    trouble = Trouble(TroubleKind.UNREACHABLE, "node1 refused the connection")
    reading = replace(about.node.reading, trouble=trouble, since=NOW - 30)
    found = find(replace(about, node=replace(about.node, reading=reading)))
    (one,) = of(found, EvidenceKind.PROBLEM)
    assert (one.text, one.age) == ("unreachable: node1 refused the connection", 30.0)


def test_the_restarts_of_the_last_hour_are_counted_with_those_from_here() -> None:
    restarts = [
        event(Restart("RUNNING"), 4000, cause=Cause.NOT_ORDERED_HERE),
        event(Restart("RUNNING"), 600, cause=Cause.NOT_ORDERED_HERE),
        event(Restart("RUNNING"), 60, cause=Cause.ORDERED_HERE),
        event(Restart("RUNNING"), 50, "other", cause=Cause.NOT_ORDERED_HERE),
        event(Restart("RUNNING"), 40, node="node2", cause=Cause.NOT_ORDERED_HERE),
    ]
    (one,) = of(find(subject(), *restarts), EvidenceKind.RESTARTS)
    assert one.text == "restarted 2 times in the last hour, 1 of them sent from this machine"
    assert (one.age, one.is_problem) == (60.0, True)
    assert "ccs, other" in text(find(subject(""), *restarts), EvidenceKind.RESTARTS)
    assert "no restart" in text(find(subject(""), restarts[0]), EvidenceKind.RESTARTS)


def test_a_service_that_came_up_again_was_restarted_as_the_list_of_problems_says() -> None:
    changes = [
        event(StatusChange("RUNNING", "STOPPED"), 12, cause=Cause.NOT_ORDERED_HERE),
        event(StatusChange("STOPPED", "RUNNING"), 7, cause=Cause.NOT_ORDERED_HERE),
    ]
    listed = find_problems([subject().node], changes, NOW, ON)
    assert [one.what for one in listed] == ["restarted, not sent from here"]
    assert recent_restarts(changes, NOW) == {"node1": 1}
    for about in (subject(), subject("")):
        (one,) = of(find(about, *changes), EvidenceKind.RESTARTS)
        named = "" if about.service else " (ccs)"
        assert one.text == f"restarted once in the last hour{named}, not sent from this machine"
        assert (one.age, one.is_problem) == (7.0, True)


def test_restarts_that_were_all_sent_from_here_are_no_problem_and_are_named() -> None:
    order = event(OrderGiven(Verb.RESTART, ("ccs",)), 20, "")
    up = event(StatusChange("STOPPED", "RUNNING"), 9, cause=Cause.ORDERED_HERE)
    own = event(StatusChange("RESTARTING", "RUNNING"), 600, cause=Cause.ORDERED_HERE)
    changes = (own, order, up)
    assert not find_problems([subject().node], changes, NOW, ON)
    assert not recent_restarts(changes, NOW)
    (one,) = of(find(subject(), *changes), EvidenceKind.RESTARTS)
    assert one.text == "restarted 2 times in the last hour, all sent from this machine"
    assert (one.age, one.is_problem) == (9.0, False)


def test_a_start_that_was_sent_from_here_is_no_restart() -> None:
    restart = event(OrderGiven(Verb.RESTART, ("ccs",)), 700, "")
    up = event(StatusChange("STOPPED", "RUNNING"), 690, cause=Cause.ORDERED_HERE)
    start = event(OrderGiven(Verb.START, ("ccs", "alert_mgr")), 60, "")
    started = event(StatusChange("STARTING", "RUNNING"), 50, cause=Cause.ORDERED_HERE)
    one = text(find(subject(), start, started), EvidenceKind.RESTARTS)
    assert one == "started at 2026-03-01 11:40:00 UTC by its clock, sent from this machine"
    one = text(find(subject(""), start, started), EvidenceKind.RESTARTS)
    assert one == "no restart was seen in the last hour"
    for about, named in ((subject(), ""), (subject(""), " (ccs)")):
        one = text(find(about, restart, up, start, started), EvidenceKind.RESTARTS)
        assert one == f"restarted once in the last hour{named}, sent from this machine"


def test_a_restart_soon_after_an_action_counts_by_its_cause() -> None:
    order = event(OrderGiven(Verb.RESTART, ("ccs",)), 60, "")
    own = event(Restart("RUNNING"), 55, cause=Cause.ORDERED_HERE)
    foreign = event(Restart("RUNNING"), 9, cause=Cause.NOT_ORDERED_HERE)
    (one,) = of(find(subject(), order, own, foreign), EvidenceKind.RESTARTS)
    assert one.text == "restarted 2 times in the last hour, 1 of them sent from this machine"
    assert one.is_problem
    assert recent_restarts((order, own, foreign), NOW) == {"node1": 1}


def test_a_start_of_the_last_hour_that_nothing_here_saw_is_named_by_the_uptime() -> None:
    about = subject()
    about = replace(about, node=polled_since(about.node, 600))
    one = text(find(about), EvidenceKind.RESTARTS)
    assert one == "started at 2026-03-01 11:40:00 UTC by its clock, while rsdeck did not poll it"
    (service, *others) = about.node.reading.services
    services = (replace(service, started_at=None), *others)
    reading = replace(about.node.reading, services=services)
    unclear = replace(about, node=replace(about.node, reading=reading))
    one = text(find(unclear), EvidenceKind.RESTARTS)
    assert one == "started 20 m ago, while rsdeck did not poll it"


@pytest.mark.parametrize("polled", [1201.5, 5000], ids=["within its second", "long"])
def test_a_start_that_was_polled_is_not_called_unpolled(polled: float) -> None:
    """A service that came up and still starts has no restart yet, and was polled all along."""
    about = subject()
    changed = event(StatusChange("RUNNING", "STARTING"), 1200)
    found = find(replace(about, node=polled_since(about.node, polled)), changed)
    started = "started at 2026-03-01 11:40:00 UTC by its clock"
    assert text(found, EvidenceKind.RESTARTS) == started


def test_of_a_node_in_trouble_it_is_not_known_what_was_polled_before() -> None:
    about = subject()
    trouble = Trouble(TroubleKind.UNREACHABLE, "node1 refused the connection")
    reading = replace(about.node.reading, trouble=trouble, since=NOW - 1)
    found = find(replace(about, node=replace(about.node, reading=reading)))
    assert "did not poll" not in text(found, EvidenceKind.RESTARTS)


def test_a_problem_has_the_severity_and_the_sign_that_it_has_in_the_list() -> None:
    """A restart is a notice in the list of problems, and no more here."""
    restart = event(Restart("RUNNING"), 60, cause=Cause.NOT_ORDERED_HERE)
    found = find(subject(), restart)
    (one,) = of(found, EvidenceKind.PROBLEM)
    (listed,) = find_problems([subject().node], [restart], NOW, ON)
    assert (one.word, one.problem) == ("notice", listed)


def test_checks_alerts_and_health_are_shown_with_what_is_wrong() -> None:
    about = subject()
    alerts = (
        Alert("node_memory", VendorSeverity.WARNING, ON - timedelta(minutes=3), 1),
        Alert("node_cpu", node=2),
        Alert(HOSTILE),
    )
    found = find(
        replace(
            about,
            checks=Checks(known((False, "process ccs is not running")), known((True, ""))),
            context=replace(about.context, alerts=known(alerts)),
            node=replace(
                about.node,
                health=ObservedHealth("down", "unreachable", NOW - 9),
                maintenance=Maintenance("2026-02-01"),
            ),
        )
    )
    assert text(found, EvidenceKind.NODE_CHECK) == "process ccs is not running"
    assert text(found, EvidenceKind.CLUSTER_CHECK) == "ok"
    memory, hostile = of(found, EvidenceKind.ALERTS)
    on_since = "node_memory on node1, WARNING, on since 2026-03-01 11:57:00 UTC, read 5 s ago"
    assert (memory.text, memory.age) == (on_since, 180.0)
    assert hostile.text.endswith("on the cluster, since when is not reported, read 5 s ago")
    assert hostile.text.isprintable()
    maintenance, health = of(found, EvidenceKind.HEALTH)
    assert maintenance.text == "in maintenance since 2026-02-01"
    assert (health.text, health.age) == ("the cluster reports it down (unreachable)", 9.0)


def test_a_check_that_could_not_be_read_again_is_shown_with_its_age_and_the_reason() -> None:
    checks = Checks(known((True, ""), gap="500", age=90), known((False, "no"), gap="timed out"))
    found = find(replace(subject(), checks=checks))
    (node,) = of(found, EvidenceKind.NODE_CHECK)
    assert (node.text, node.age, node.is_problem) == ("ok (not read since: 500)", 90.0, False)
    assert text(found, EvidenceKind.CLUSTER_CHECK) == "no (not read since: timed out)"


def test_actions_from_here_and_changes_that_they_do_not_explain_are_apart() -> None:
    events = [
        event(OrderGiven(Verb.RESTART, ("ccs", "other"), "leak"), 120, ""),
        event(OrderGiven(Verb.RESTART, ("other",)), 110, "", node="node2"),
        event(StatusChange("RUNNING", "STOPPED"), 100, cause=Cause.NOT_ORDERED_HERE),
        event(OrderEnded(Verb.RESTART, Result.VERIFIED, "10 s stable"), 90),
        event(Restart("RUNNING"), 80, cause=Cause.ORDERED_HERE),
    ]
    found = find(subject(), *events)
    assert [one.age for one in of(found, EvidenceKind.ACTION)] == [90.0, 120.0]
    assert [one.text for one in of(found, EvidenceKind.CHANGE)] == [
        "RUNNING → STOPPED, not sent from here"
    ]
    of_node = [one.text for one in of(find(subject(""), *events), EvidenceKind.ACTION)]
    assert of_node[0] == "restart of ccs: verified, 10 s stable"
    assert "no action from here" in text(find(subject()), EvidenceKind.ACTION)


def test_how_a_rollout_went_on_at_other_nodes_comes_before_its_pause_at_this_one() -> None:
    title = "restart ccs on 3 nodes of demo"
    paused = RolloutMoved(1, title, RolloutState.PAUSED, note="gate closed")
    done = RolloutMoved(1, title, RolloutState.DONE)
    mine = event(paused, 100, "")
    found = find(
        subject(),
        mine,
        event(RolloutMoved(2, title, RolloutState.RUNNING), 40, "", node="node2"),
        event(done, 30, "", node="node2", sender=Sender("ann", 7)),
        event(done, 20, "", node="node2"),
    )
    assert [one.age for one in of(found, EvidenceKind.ACTION)] == [20.0, 100.0]


def test_for_a_service_the_rollouts_and_actions_of_others_are_counted_or_missing() -> None:
    def moved(number: int, ago: float, *services: str) -> Event:
        title = f"restart {', '.join(services)} on 3 nodes of demo"
        state = RolloutState.PAUSED
        return event(RolloutMoved(number, title, state, note="no", services=services), ago, "")

    of_other = event(OrderGiven(Verb.STOP, ("ok", "other")), 70, "")
    events = [moved(1, 90, "ok"), of_other, moved(2, 60, "ok", "ccs"), moved(3, 30, "ok")]
    own, others = of(find(subject(), *events), EvidenceKind.ACTION)
    assert own.text.startswith("rollout 2: restart ok, ccs on 3 nodes")
    assert (others.text, others.age) == ("2 rollouts of other services came to node1", 30.0)
    assert not others.is_problem
    none, single = of(find(subject(), moved(1, 20, "ok")), EvidenceKind.ACTION)
    assert none.text == "no action from here is known"
    assert single.text == "1 rollout of other services came to node1"
    of_node = of(find(subject(""), *events), EvidenceKind.ACTION)
    assert [one.age for one in of_node] == [30.0, 60.0, 70.0, 90.0]


def test_an_open_rollout_of_other_services_is_named_without_why_it_is_paused() -> None:
    step = Step("node1", "https://node1:9443", Identity(1), ())
    plan = Plan(1, Verb.RESTART, "demo", ("ok",), (step,))
    gate = GateNow("node1", "quorum is lost", is_known=True, checked_at=NOW)
    paused = RolloutProgress(plan, RolloutState.PAUSED, began_at=NOW - 80, gate=gate)
    (brief,) = of(find(replace(subject(), rollout=paused)), EvidenceKind.ROLLOUT)
    assert (brief.text, brief.is_problem) == ("restart ok on 1 node of demo: paused", False)
    assert brief.age == 80.0
    (whole,) = of(find(replace(subject(""), rollout=paused)), EvidenceKind.ROLLOUT)
    assert (whole.is_problem, whole.text.endswith("quorum is lost")) == (True, True)


def test_running_actions_of_the_cluster_are_named() -> None:
    about = subject()
    running_ = known((RunningAction("SMUpdateBDB", "running", 40.0), RunningAction(HOSTILE)))
    found = find(replace(about, context=replace(about.context, actions=running_)))
    assert text(found, EvidenceKind.RUNNING).startswith("SMUpdateBDB 40 %, x")
    assert text(found, EvidenceKind.RUNNING).isprintable()


def test_the_clusters_log_is_shown_around_the_last_change() -> None:
    about = subject()
    entries = (
        LogEntry(STARTED - timedelta(seconds=200), "early"),
        LogEntry(STARTED + timedelta(seconds=30), HOSTILE, VendorSeverity.ERROR, 1, 2, HOSTILE),
        LogEntry(ON - timedelta(seconds=5), "node_joined"),
    )
    about = replace(about, context=replace(about.context, log=known(entries)))
    (one,) = of(find(about), EvidenceKind.LOG)
    assert (one.at, one.is_problem) == (entries[1].at, True)
    assert "node:1, database 2" in one.text
    assert one.text.isprintable()
    seen = find(about, event(StatusChange("RUNNING", "STARTING"), 10))
    assert [one.at for one in of(seen, EvidenceKind.LOG)] == [entries[2].at, entries[1].at]
    never = replace(about, node=replace(about.node, reading=Reading("node1")))
    (one,) = of(find(never), EvidenceKind.LOG)
    assert one.at == entries[1].at, "without a change, what the node logged"


def test_entries_of_the_log_that_have_nothing_to_do_with_it_are_no_evidence() -> None:
    about = subject()
    hour = ON - timedelta(hours=1)
    backup = LogEntry(hour, "backup_succeeded", database=1)
    node_memory = LogEntry(hour, "node_memory", node=1)
    named = LogEntry(hour, "process_exited", node=1, detail="process=ccs code=9")
    elsewhere = replace(named, node=2)

    def listed(about: WhySubject, *entries: LogEntry) -> list[str]:
        context = replace(about.context, log=known(entries))
        return [one.text for one in of(find(replace(about, context=context)), EvidenceKind.LOG)]

    none = "no entry of the event log is about it"
    not_near = f"{none}, and none is within a minute of its last change"
    assert listed(about, backup, node_memory, elsewhere) == [not_near]
    assert listed(about, backup, named) == ["process_exited, node:1: process=ccs code=9"]
    stopped = subject(status="STOPPED")
    assert listed(stopped, backup, node_memory) == ["node_memory, node:1"]
    assert listed(stopped, backup) == [none]
    node = subject("")
    assert listed(node, backup, node_memory) == ["node_memory, node:1"]
    assert listed(node, *(replace(node_memory, type=f"n{n}") for n in range(9))) == [
        "n0, node:1", "n1, node:1", "n2, node:1",
    ]  # fmt: skip
    assert listed(node, backup) == [none]


def test_the_log_of_another_node_is_not_evidence_for_this_one() -> None:
    about = subject()
    near = STARTED + timedelta(seconds=5)
    entries = tuple(LogEntry(near, f"of_{node}", node=node) for node in (1, 3, None))
    about = replace(about, context=replace(about.context, log=known(entries)))
    assert [one.text for one in of(find(about), EvidenceKind.LOG)] == ["of_1, node:1", "of_None"]
    others = replace(about, context=replace(about.context, log=known(entries[1:2])))
    nothing = (
        "no entry of the event log is about it, and none is within a minute of its last change"
    )
    assert text(find(others), EvidenceKind.LOG) == nothing


def test_where_it_is_not_known_which_node_it_is_nothing_of_single_nodes_is_its_own() -> None:
    near = STARTED + timedelta(seconds=5)
    entries = tuple(LogEntry(near, f"of_{node}", node=node) for node in (1, 3, None))
    alerts = tuple(Alert(f"alert_{node}", node=node) for node in (1, 3, None))
    about = replace(subject(), identity=Identity())
    both = replace(about.context, log=known(entries), alerts=known(alerts))
    found = find(replace(about, context=both))
    why = "not listed: the uid of node1 is not known"
    assert [one.text for one in of(found, EvidenceKind.LOG)] == [
        "of_None", f"entries of single nodes are {why}",
    ]  # fmt: skip
    assert [one.text for one in of(found, EvidenceKind.ALERTS)] == [
        f"2 on single nodes, {why}",
        "alert_None on the cluster, since when is not reported, read 5 s ago",
    ]  # fmt: skip
    single = replace(about.context, log=known(entries[:1]), alerts=known(alerts[:1]))
    found = find(replace(about, context=single))
    nothing = (
        "no entry of the event log is about it, and none is within a minute of its last change"
    )
    assert of(found, EvidenceKind.LOG)[0].text == nothing
    assert text(found, EvidenceKind.ALERTS) == f"1 on single nodes, {why}"


def test_alerts_of_other_nodes_are_counted_where_the_node_has_none() -> None:
    about = subject()
    other = (Alert("node_memory", node=3),)
    found = find(replace(about, context=replace(about.context, alerts=known(other))))
    assert text(found, EvidenceKind.ALERTS) == "none is on for node1 (1 on others)"


def test_what_is_not_known_is_said_with_its_reason() -> None:
    node = NodeCondition("node1", Reading("node1"), 4.0)
    context = ClusterContext(alerts=Known(gap="403"), log=Known(gap="timed out"))
    found = find(WhySubject(node, "ccs", Identity(), context, Checks(Known(gap="403"))))
    gaps = {one.kind: one.gap for one in found if one.gap}
    assert gaps == {
        EvidenceKind.STATUS: "no answer yet",
        EvidenceKind.NODE_CHECK: "403",
        EvidenceKind.CLUSTER_CHECK: "not polled yet",
        EvidenceKind.ALERTS: "403",
        EvidenceKind.HEALTH: "not reported",
        EvidenceKind.RUNNING: "not polled yet",
        EvidenceKind.LOG: "timed out",
    }
    assert all(one.text.startswith("not known: ") for one in found if one.gap)
    stale = replace(subject(), context=replace(context, alerts=known((), gap="timed out")))
    assert text(find(stale), EvidenceKind.ALERTS) == "none is on (not read since: timed out)"


# What is not the present


@pytest.mark.parametrize("is_lost", [True, False], ids=["lost", "stale"])
@pytest.mark.parametrize(
    ("service", "status", "said"),
    [
        ("ccs", "RUNNING", "RUNNING since 2026-03-01 11:40:00 UTC by its clock, up for 00:20:00"),
        ("ccs", "STOPPED", "STOPPED since before this session"),
        ("nope", "RUNNING", "nope is not on the node"),
        ("", "RUNNING", "2 of 2 services ok"),
    ],
)
def test_the_status_of_a_node_that_is_lost_or_stale_is_the_last_one_that_is_known(
    service: str, status: str, said: str, *, is_lost: bool
) -> None:
    fresh = subject(service, status)
    trouble = Trouble(TroubleKind.UNREACHABLE, "node1 refused the connection")
    reading = replace(fresh.node.reading, answered_at=NOW - 300.0)
    reading = replace(reading, trouble=trouble if is_lost else None, since=NOW - 290.0)
    old = replace(fresh, node=replace(fresh.node, reading=reading))
    assert text(find(fresh), EvidenceKind.STATUS) == said
    assert text(find(old), EvidenceKind.STATUS) == f"last known, 5 m old: {said}"


# What the service is, and what to do next


KINDS = frozenset({"ccs"})


def next_of(about: WhySubject, *events: Event) -> NextStep | None:
    return find_next_step(about, events, NOW, ON)


def of_kind(about: WhySubject, optional: frozenset[str] | None) -> WhySubject:
    return replace(about, node=replace(about.node, optional=optional))


def test_a_service_is_described_with_its_kind() -> None:
    what = "Cluster configuration store: the cluster's metadata."
    assert of_kind(subject(), frozenset()).description == f"{what} It is required."
    assert of_kind(subject(), KINDS).description == f"{what} It is optional."
    assert subject().description == f"{what} Its kind is not known."
    unlisted = "No description of this service is known."
    assert subject("nope").description == f"{unlisted} Its kind is not known."
    assert of_kind(subject("nope"), KINDS).description == unlisted
    assert not subject("").description


def test_a_stopped_service_is_started_where_it_may_be_and_else_is_a_matter_for_support() -> None:
    stopped = subject(status="STOPPED")
    assert next_of(of_kind(stopped, KINDS)) == NextStep("start it", Offer.START, "ccs")
    required = next_of(of_kind(stopped, frozenset()))
    assert required == NextStep("contact Redis support: it is required, and so it is locked here")
    unknown = next_of(replace(stopped, node=replace(stopped.node, kinds_gap="403")))
    assert unknown is not None
    assert unknown.offer is None
    assert unknown.text.endswith("until then it is locked here: 403")
    barred = next_of(replace(of_kind(stopped, KINDS), is_read_only=True))
    assert barred == NextStep("start it where actions may be sent: here is read-only")
    disabled = replace(of_kind(stopped, KINDS), node=replace(stopped.node, disabled=KINDS))
    assert next_of(disabled) == NextStep("nothing: the cluster's configuration disables it")


@pytest.mark.parametrize("kinds", [KINDS, frozenset()], ids=["optional", "required"])
def test_what_fails_or_loops_is_not_restarted_but_read_about(kinds: frozenset[str]) -> None:
    failed = next_of(of_kind(subject(status="BACKOFF"), kinds))
    loop = event(CrashLoop(3, 600), 100, cause=Cause.NOT_ORDERED_HERE)
    looping = next_of(of_kind(subject(), kinds), loop)
    assert failed is not None
    assert looping is not None
    assert looping.text.startswith("do not restart it again")
    for step in (failed, looping):
        assert step.offer is None
        assert "its log on the node (/var/opt/redislabs/log)" in step.text
        assert step.text.endswith("contact Redis support") == (not kinds)
    others = next_of(of_kind(subject(), kinds), replace(loop, service="other"))
    assert others is None


def test_what_its_supervisor_gave_up_is_started_once_the_reason_is_known() -> None:
    """Nothing else starts it again; one between two tries is started by its supervisor."""
    fatal = of_kind(subject(status="FATAL"), KINDS)
    reason = "find the reason in its log on the node (/var/opt/redislabs/log)"
    assert next_of(fatal) == NextStep(f"{reason}; then start it", Offer.START, "ccs")
    assert next_of(replace(fatal, is_read_only=True)) == NextStep(reason)
    for locked in (of_kind(fatal, frozenset()), subject(status="FATAL")):
        step = next_of(locked)
        assert step is not None
        assert step.offer is None


def test_other_states_of_a_service_have_a_next_step_of_their_own() -> None:
    moving = next_of(subject(status="STARTING"))
    assert moving is not None
    assert moving.text.startswith("wait for it")
    odd = next_of(subject(status="PURPLE"))
    assert odd is not None
    assert "supervisorctl status" in odd.text
    assert next_of(subject("nope")) == NextStep("compare the nodes of its cluster", Offer.COMPARE)
    assert next_of(subject()) is None
    restarted = event(Restart("RUNNING"), 60, cause=Cause.NOT_ORDERED_HERE)
    timeline = NextStep("see what else happened then", Offer.TIMELINE)
    assert next_of(subject(), restarted) == timeline
    assert next_of(subject(), replace(restarted, cause=Cause.ORDERED_HERE)) is None


def test_a_node_that_is_not_well_itself_comes_before_its_services() -> None:
    about = of_kind(subject(status="STOPPED"), KINDS)

    def with_node(**more: Any) -> NextStep | None:
        return next_of(replace(about, node=replace(about.node, **more)))

    wrong = with_node(wrong_node="another node answers")
    assert wrong is not None
    assert "url of the profile" in wrong.text
    assert wrong.offer is Offer.EDIT
    trouble = Trouble(TroubleKind.LOGIN, "login stopped", remedies=(Remedy.GIVE_PASSWORD,))
    lost = with_node(reading=replace(about.node.reading, trouble=trouble))
    assert lost == NextStep(trouble=trouble)
    bare = Trouble(TroubleKind.GARBLED, "no JSON")
    assert with_node(reading=replace(about.node.reading, trouble=bare)) == NextStep(
        "check the node itself", trouble=bare
    )
    stale = with_node(reading=replace(about.node.reading, answered_at=NOW - 60))
    assert stale is not None
    assert stale.text.startswith("wait for its next answer")
    assert stale.offer is Offer.RESUME
    assert with_node(reading=Reading("node1")) is None


def test_of_a_node_the_worst_service_is_looked_at_next() -> None:
    assert next_of(subject("", "FATAL")) == NextStep(
        "look at its worst service", Offer.EXPLAIN, "ccs"
    )
    assert next_of(subject("")) is None
    down = replace(subject("").node, health=ObservedHealth("down", "unreachable", NOW - 9))
    step = next_of(replace(subject(""), node=down))
    assert step is not None
    assert "rladmin status issues_only" in step.text


def test_of_a_node_that_is_well_what_is_lit_is_looked_at_next_and_no_service() -> None:
    restarted = event(Restart("RUNNING"), 100, cause=Cause.NOT_ORDERED_HERE)
    assert find_problems([subject("").node], [restarted], NOW, ON)  # a notice: all is well now
    assert next_of(subject(""), restarted) is None
    lit = known((Alert("node_memory", node=1), Alert("node_cpu", node=2)))
    step = next_of(replace(subject(""), context=ClusterContext(alerts=lit)), restarted)
    assert step is not None
    assert step.offer is None
    assert step.text.startswith("find the reason of its alert node_memory: on a node, ")


# The checks


@pytest.mark.parametrize(
    ("replies", "node", "cluster"),
    [
        ({}, (True, ""), (True, "")),
        ({"node": said({"result": False, "error": "no"})}, (False, "no"), (True, "")),
        ({"node": answer("no", 403)}, "403", (True, "")),
        ({"node": answer("no", 404), "cluster": answer("", 500)}, "not in this version", "500"),
    ],
)
async def test_the_checks_are_read_or_why_they_are_not_known(
    replies: dict[str, bytes], node: object, cluster: object
) -> None:
    play = Play()
    play.get("/v1/nodes/check/1", replies.get("node", said({"result": True})))
    play.get("/v1/cluster/check", replies.get("cluster", said({"cluster_test_result": True})))
    with serving(play) as server:
        async with running(profile(server.url), refresh=2) as deck:
            await deck.known()
            checks = await read_checks(deck.fleet, "node1")
            assert (checks.node.value or checks.node.gap) == node
            assert (checks.cluster.value or checks.cluster.gap) == cluster
            assert not server.posts


async def test_a_node_whose_uid_is_not_known_costs_one_call_and_not_one_at_each_node() -> None:
    """P24: while they are shown, that is each time that they are read."""
    plays = [Play(uid) for uid in (1, 2, 3)]
    for play in plays:
        play.get(BOOTSTRAP, answer("", 404))
        play.get("/v1/cluster/check", said({"cluster_test_result": True}))
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serving(play)) for play in plays]
        nodes = [
            profile(server.url, f"node{uid}", cluster="demo")
            for uid, server in enumerate(servers, 1)
        ]
        async with running(*nodes, refresh=2) as deck:
            await deck.good()
            assert deck.watch("node2").identity.uid is None
            checks = await read_checks(deck.fleet, "node2")
            assert checks.cluster.value == (True, "")
            assert checks.node.gap == "the node's uid is not known"
            assert sum(map(check_requests, servers)) == 1


async def test_a_node_whose_last_poll_failed_is_not_waited_for_again() -> None:
    """With every node stuck, each of its calls would take as long as a request may."""
    play = Play()
    play.get("/v1/local/services", answer("", 500))
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.until(lambda: deck.watch("node1").reading.trouble)
            before = len(server.asked)
            checks = await read_checks(deck.fleet, "node1")
            await deck.fleet.read_context("node1")
            assert checks.node.gap == checks.cluster.gap == "no node of its cluster could be polled"
            assert {one.path for one in server.asked[before:]} <= {"/v1/local/services"}


async def test_a_login_that_is_refused_for_the_checks_is_stopped() -> None:
    play = Play()
    play.get("/v1/nodes/check/1", answer("no", 401))
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            checks = await read_checks(deck.fleet, "node1")
            assert checks.node.gap == "401"
            assert checks.cluster.gap == "401"


def check_requests(server: Any) -> int:
    return sum("check" in one.path for one in server.asked)


async def test_checks_that_are_shown_are_read_again_at_a_slow_pace_one_reading_at_a_time() -> None:
    play, clock = Play(), Clock()
    play.get("/v1/nodes/check/1", said({"result": True}))
    play.get("/v1/cluster/check", said({"cluster_test_result": True}))
    with serving(play) as server:
        async with running(profile(server.url), refresh=2) as deck:
            await deck.known()
            checks = LiveChecks(deck.fleet, "node1", clock)
            assert checks.newest.node.gap == "being read"
            assert checks.is_due
            await asyncio.gather(checks.read(), checks.read())
            assert check_requests(server) == 2
            first = checks.newest.node
            clock.now += CONTEXT_EVERY - 1
            assert not checks.is_due
            clock.now += 1
            assert checks.is_due
            play.get("/v1/nodes/check/1", answer("", 500))
            await checks.read()
            assert checks.newest.node == replace(first, gap="500"), "the last answer stays"
            assert checks.newest.node.read_at == first.read_at
            play.get("/v1/nodes/check/1", said({"result": True}))
            await checks.read()
            assert checks.newest.node.gap, "it is not due"
            await checks.read(is_wish=True)
            assert not checks.newest.node.gap
            assert checks.newest.node.read_at > first.read_at


@pytest.mark.parametrize(
    ("reply", "pause"),
    [(answer("no", 403), REFUSED_FOR), (answer("no", 404), ABSENT_FOR)],
    ids=["403", "404"],
)
@pytest.mark.parametrize("refused", ["/v1/nodes/check/1", "/v1/cluster/check"])
async def test_a_check_that_was_refused_is_not_read_again_soon_and_the_other_one_is(
    refused: str, reply: bytes, pause: float
) -> None:
    """P24."""
    play, clock = Play(), Clock()
    play.get("/v1/nodes/check/1", said({"result": True}))
    play.get("/v1/cluster/check", said({"cluster_test_result": True}))
    play.get(refused, reply)
    with serving(play) as server:
        async with running(profile(server.url), refresh=2) as deck:
            await deck.known()
            checks = LiveChecks(deck.fleet, "node1", clock)

            def requests() -> tuple[int, int]:
                """Count those of the refused check, and of the other one."""
                paths = [one.path for one in server.asked if "check" in one.path]
                return paths.count(refused), sum(path != refused for path in paths)

            await checks.read()
            assert requests() == (1, 1)
            known = (checks.newest.node, checks.newest.cluster)
            await checks.read(is_wish=True)
            assert requests() == (1, 2), "what was refused is not repeated for a wish"
            assert [one.gap for one in (checks.newest.node, checks.newest.cluster)] == [
                one.gap for one in known
            ]
            clock.now += CONTEXT_EVERY
            assert checks.is_due
            await checks.read()
            assert requests() == (1, 3)
            clock.now += pause - CONTEXT_EVERY - 1
            await checks.read()
            assert requests() == (1, 4)
            clock.now += 1
            assert checks.is_due
            await checks.read()
            assert requests() == (2, 4)


async def test_a_wish_repeats_no_login_that_was_refused() -> None:
    """P24: each refused password counts for the lock of its user."""
    play, clock = Play(), Clock()
    play.get("/v1/nodes/check/1", answer("no", 401))
    with serving(play) as server:
        async with running(profile(server.url), refresh=30) as deck:
            await deck.known()
            checks = LiveChecks(deck.fleet, "node1", clock)
            await checks.read()
            assert check_requests(server) == 1
            for _ in range(3):
                await checks.read(is_wish=True)
            assert check_requests(server) == 1
            assert "401" in checks.newest.node.gap


async def test_checks_are_due_at_once_when_a_lost_node_answers_again() -> None:
    """Else the page is fresh, and its checks are of the time when nothing could be polled."""
    play, clock = Play(), Clock()
    play.get("/v1/nodes/check/1", said({"result": True}))
    play.get("/v1/cluster/check", said({"cluster_test_result": True}))
    play.get("/v1/local/services", answer("", 500))
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.until(lambda: deck.watch("node1").reading.trouble)
            checks = LiveChecks(deck.fleet, "node1", clock)
            await checks.read()
            assert checks.newest.node.gap == "no node of its cluster could be polled"
            assert not checks.is_due
            play.heal("/v1/local/services")
            # Not before it has said who it is: its check is read by its uid.
            await deck.until(lambda: checks.is_due)
            await checks.read()
            assert checks.newest.node.value == (True, "")
            assert not checks.is_due


async def test_checks_that_were_refused_are_not_due_sooner_when_a_lost_node_answers_again() -> None:
    """P24."""
    lost, beside, clock = Play(1), Play(2), Clock()
    lost.get("/v1/local/services", answer("", 500))
    for path in ("/v1/nodes/check/1", "/v1/cluster/check"):
        lost.get(path, answer("no", 403))
        beside.get(path, answer("no", 403))
    with serving(lost) as first, serving(beside) as second:
        nodes = (profile(first.url, cluster="demo"), profile(second.url, "node2", cluster="demo"))
        async with running(*nodes) as deck:
            await deck.until(lambda: deck.watch("node1").reading.trouble)
            await deck.until(lambda: deck.watch("node2").reading.is_good)
            checks = LiveChecks(deck.fleet, "node1", clock)
            await checks.read()

            def cluster_requests() -> int:
                asked = (*first.asked, *second.asked)
                return sum(one.path == "/v1/cluster/check" for one in asked)

            assert cluster_requests() == 1
            lost.heal("/v1/local/services")
            await deck.until(lambda: checks.is_due)  # the node's own, once its uid is known
            await checks.read()
            assert cluster_requests() == 1
            assert check_requests(first) + check_requests(second) > 1
            assert not checks.is_due
            clock.now += REFUSED_FOR
            assert checks.is_due


async def test_no_check_is_read_while_an_action_is_open_in_the_cluster(
    served: SimulatedCluster,
) -> None:
    patience = Patience(steady=600.0, limit=600.0)
    async with running(*profiles(served), patience=patience) as deck:
        await deck.known()
        checks = LiveChecks(deck.fleet, "node2", clock=lambda: 0.0)
        deck.give(Verb.RESTART, "alert_mgr")
        assert not checks.is_due
        await checks.read()
        assert checks.newest.node.gap == "an action is open in the cluster"
        assert not any("check" in one.path for one in served.cluster.requests)
        assert checks.newest.node.value is None


def slow_check() -> tuple[Play, threading.Event]:
    """Return a node whose check answers once the event is set."""
    play, may_answer = Play(), threading.Event()

    def slow(peer: Peer) -> None:
        may_answer.wait(60)
        peer.send(said({"result": True}))

    play.get("/v1/nodes/check/1", slow)
    return play, may_answer


async def test_no_further_check_is_read_once_an_action_was_sent_meanwhile() -> None:
    """P24."""
    play, may_answer = slow_check()
    play.get("/v1/cluster/check", said({"cluster_test_result": True}))
    play.post(said({"alert_mgr": True}))
    patience = Patience(steady=600.0, limit=600.0)
    with serving(play) as server:
        async with running(profile(server.url), patience=patience) as deck:
            await deck.known()
            checks = LiveChecks(deck.fleet, "node1")
            reading = asyncio.create_task(checks.read())
            await deck.until(lambda: check_requests(server))
            deck.give(Verb.RESTART, "alert_mgr")
            may_answer.set()
            await reading
            assert check_requests(server) == 1
            assert checks.newest.node.value == (True, "")
            assert checks.newest.cluster.gap == "an action is open in the cluster"


async def test_a_check_that_takes_long_holds_up_no_poll() -> None:
    play, may_answer = slow_check()
    with serving(play) as server:
        async with running(profile(server.url)) as deck:
            await deck.known()
            reading = asyncio.create_task(read_checks(deck.fleet, "node1"))
            await deck.until(lambda: check_requests(server))
            await deck.readings(2)
            assert not reading.done()
            may_answer.set()
            await reading
