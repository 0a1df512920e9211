"""The words of a plan and of a rollout on its way. Pure."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console, RenderableType

from tui.fleet.orders.impact import Finding, Subject
from tui.fleet.rollout.manager import GateLook
from tui.model.clock import monotonic
from tui.model.node import Environment, Identity, Role
from tui.model.order import (
    Order,
    OrderPhase,
    OrderProgress,
    Result,
    Route,
    SeenService,
    Target,
    Verb,
    Verdict,
)
from tui.model.rollout import (
    GateHazard,
    GateNow,
    Plan,
    PlanReason,
    PlanRemark,
    RolloutAction,
    RolloutProgress,
    RolloutState,
    Step,
    StepProgress,
    StepState,
    StepStop,
    StopReason,
)
from tui.model.service import Kind, KnownRun
from tui.ui.controllers.rollouts import (
    plan_difference,
    unknown_restarts,
)
from tui.ui.dialogs.confirm import ConfirmRefusal
from tui.ui.dialogs.rollout import RolloutDialog, RolloutPage, RolloutQuestion
from tui.ui.dialogs.rollout_action import RolloutActionDialog, action_effect, action_facts
from tui.ui.format.rollout_text import (
    pause_question,
    rollout_rows,
)
from tui.ui.screens.rollout import Turns

SINCE = datetime(2026, 3, 1, 2, 3, 4, tzinfo=UTC)


class Plain(dict[str, str]):
    """A palette with no colours."""

    def __missing__(self, key: str) -> str:
        return ""


PALETTE = Plain()


def step(uid: int, *names: str, role: Role = Role.REPLICA) -> Step:
    services = tuple(
        SeenService(name, "RUNNING", Kind.OPTIONAL, SINCE, 90_000)
        for name in names or ("alert_mgr",)
    )
    identity = Identity(uid, f"n{uid}.demo", role=role)
    return Step(f"node{uid}", f"https://10.0.0.{uid}:9443", identity, services)


def plan(*steps: Step, **more: object) -> Plan:
    steps = steps or (step(2), step(3), step(1, role=Role.PRIMARY))
    made = Plan(1, Verb.RESTART, "demo", ("alert_mgr",), steps, words="alert_mgr")
    return replace(made, **more)


def progress(state: RolloutState, *states: StepState, text: str = "") -> RolloutProgress:
    made = plan()
    steps = tuple(
        StepProgress(one, how, began_at=10.0, ended_at=20.0 if how is not how.SETTLING else None)
        for one, how in zip(made.steps, states, strict=True)
    )
    return RolloutProgress(made, state, steps, text, began_at=5.0)


def shown(what: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return [text.rstrip() for text in console.file.getvalue().splitlines()]


def page(made: Plan, width: int, **more: object) -> list[str]:
    proposal = RolloutQuestion(made, **more)
    return shown(RolloutPage(proposal, PALETTE, whole=True), width)


@pytest.mark.parametrize(("width", "each"), [(72, 3), (116, 2), (160, 1)])
def test_a_turn_takes_as_few_lines_as_fit(width: int, each: int) -> None:
    told = page(plan(), width)
    first, second = (
        next(n for n, one in enumerate(told) if turn in one) for turn in ("1 of", "2 of")
    )
    assert second - first == each


def test_a_restart_that_was_sent_and_whose_end_is_not_known_must_be_seen() -> None:
    proposal = RolloutQuestion(plan(), unknown=("node2: a restart was sent",))
    told = shown(RolloutPage(proposal, PALETTE, whole=False), 120)
    assert any("node2: a restart was sent" in line for line in told)


def test_one_body_is_shown_once_and_different_ones_each_with_its_node() -> None:
    assert sum('"services"' in one for one in page(plan(), 120)) == 1
    told = page(plan(step(2, "a", "b"), step(3, "a")), 120)
    assert sum('"services": ["a", "b"]' in one for one in told) == 1
    assert sum('"services": ["a"]' in one for one in told) == 1


def test_what_is_left_out_hidden_required_or_out_of_its_days_is_said() -> None:
    made = plan(
        left_out=(PlanRemark(PlanReason.READ_ONLY, "read-only", "node9"),),
        needs_reason=True,
        danger="ccs: required",
    )
    told = "\n".join(
        page(made, 120, hidden=frozenset({"alert_mgr"}), remarks=("node2: it has expired",))
    )
    assert told.splitlines()[:2] == [
        "Restart alert_mgr on 3 nodes of demo, 1 skipped",
        "DANGER   ccs: required",
    ]
    for words in ("(hidden by the filter)", "node2: it has expired"):
        assert words in told


def test_skipped_nodes_are_counted_and_named_by_reason_before_the_turns() -> None:
    down = "alert_mgr is STOPPED"
    left_out = (
        PlanRemark(PlanReason.DOWN, down, "node4", "alert_mgr"),
        PlanRemark(PlanReason.READ_ONLY, "read-only", "node9"),
        PlanRemark(PlanReason.DOWN, down, "node5", "alert_mgr"),
        PlanRemark(PlanReason.MISSING, "other is not on the node", "node2", "other"),
    )
    told = page(plan(left_out=left_out), 120, beyond={"node:7 node7": "it has no profile"})
    assert told[:5] == [
        "Restart alert_mgr on 3 nodes of demo, 4 skipped",
        "skipped  node4, node5: alert_mgr is STOPPED",
        "skipped  node9: read-only",
        "skipped  node2: other is not on the node",
        "skipped  node:7 node7: it has no profile",
    ]


def test_production_is_said_with_its_node() -> None:
    told = page(plan(replace(step(2), environment=Environment.PRODUCTION)), 160)
    assert told[0] == "Restart alert_mgr on 1 node of demo (PRODUCTION)"
    assert "(replica), production" in "\n".join(told)


def test_what_the_restarts_touch_is_said_once_where_it_is_the_same_on_every_node() -> None:
    same = Finding(Subject.LICENSE, gap="403")
    impact = {
        "node2": (Finding(Subject.CLIENTS, 2, age=3.0), same),
        "node3": (Finding(Subject.CLIENTS, 1, age=3.0), same),
        "node1": (same,),
    }
    told = page(plan(), 120, impact=impact)
    at = next(number for number, line in enumerate(told) if line.startswith("touches"))
    assert [line[9:] for line in told[at : at + 3]] == [
        "node2: clients of 2 databases will be disconnected · read 3 s ago",
        "node3: clients of 1 database will be disconnected · read 3 s ago",
        "not known: license (403)",
    ]


@pytest.mark.parametrize(
    ("gates", "said"),
    [
        (GateLook(), "open by the last polls; the cluster's checks are read at each node"),
        (
            GateLook(unknown=("a (1)",)),
            "open by the last polls; the cluster's checks are read at each node; not known: a (1)",
        ),
        (
            GateLook("node3", "ccs is FATAL on node1"),
            "closed at node3, because ccs is FATAL on node1; the rollout pauses there",
        ),
        (
            GateLook("node3", "node3 (https://node3:9443) is away", names_node=True),
            "closed, because node3 (https://node3:9443) is away; the rollout pauses there",
        ),
        (
            GateLook("node3", "ccs is STARTING", 60.0),
            "closed at node3, because ccs is STARTING; the rollout waits up to 60 s, then pauses",
        ),
    ],
)
def test_the_plan_says_whether_the_gates_are_open_now(gates: GateLook, said: str) -> None:
    assert f"gate now {said}" in page(plan(), 160, gates=gates)


def test_what_must_be_seen_anew_is_another_touch_or_gate_and_never_an_age() -> None:
    """P29."""
    found = Finding(Subject.CLIENTS, 5, age=12.0)
    question = RolloutQuestion(plan(), impact={"node2": (found,)})
    looks = [
        replace(question, impact={"node2": (replace(found, age=13.0),)}),
        replace(question, impact={"node2": (replace(found, count=6),)}),
        replace(question, gates=GateLook("node2", "quorum is lost")),
    ]
    dialog = RolloutDialog(question, PALETTE, lambda: None, lambda _: looks.pop(0))
    first = dialog.ageless_essentials
    dialog.renew_facts()
    assert dialog.ageless_essentials == first
    for _ in range(2):
        before = dialog.ageless_essentials
        dialog.renew_facts()
        assert dialog.ageless_essentials not in (first, before)


def test_the_uptimes_of_a_node_go_on_from_its_own_answer() -> None:
    now = monotonic()
    question = RolloutQuestion(plan(pressed_at=now), answered_at={"node2": now - 3600})
    dialog = RolloutDialog(question, PALETTE, lambda: None, lambda same: same)
    text = " ".join(shown(dialog.essentials, 160))
    assert len(re.findall("RUNNING for 1d 02:00:0", text)) == 1
    assert len(re.findall("RUNNING for 1d 01:00:0", text)) == 2


def test_uptimes_do_not_go_on_while_it_is_refused_and_have_their_age() -> None:
    now = monotonic()
    question = RolloutQuestion(plan(pressed_at=now), answered_at={"node2": now - 3600})
    dialog = RolloutDialog(question, PALETTE, lambda: None, lambda same: same)
    dialog.refused = ConfirmRefusal("changed since you looked: node2: alert_mgr was restarted")
    text = " ".join(shown(dialog.essentials, 160))
    assert text.count("RUNNING for 1d 01:00:00 (1 h ago)") == 1
    assert text.count("RUNNING for 1d 01:00:00 (0 s ago)") == 2


def test_the_plan_says_for_how_many_seconds_a_restart_must_be_stable() -> None:
    told = "\n".join(page(plan(), 160))
    assert "wait for a new start time, then 10 s stable, before the next node" in told
    assert "then 2.5 s stable" in "\n".join(page(plan(), 160, steady=2.5))


def test_the_warnings_of_a_rollout_must_be_seen_and_stand_directly_below_the_sentence() -> None:
    """P29."""
    made = plan(danger="3 nodes, one after the other")
    question = RolloutQuestion(made, remarks=("node3: certificate ended yesterday",))
    lines = shown(RolloutPage(question, PALETTE, whole=False), 116)
    warnings = [line.removeprefix("warning").strip() for line in lines[1:3]]
    assert warnings == [made.danger, "node3: certificate ended yesterday"]
    assert not any(line.startswith("vendor") for line in lines)


def test_the_vendors_warning_for_required_services_is_another_than_for_optional_ones() -> None:
    last = page(plan(needs_reason=True, danger="ccs: required"), 160)[-1]
    assert last.endswith("for optional services only: send this only if Redis support says so")
    assert page(plan(), 160)[-1].endswith("for optional services, with Redis support")


def test_what_the_configuration_accepts_is_said_in_the_plan() -> None:
    told = page(plan(), 160, accepted=frozenset({GateHazard.UNREPLICATED, GateHazard.UNKNOWN}))
    assert "accepted databases without a replica ([rollout] accept)" in told
    assert not any("accepted" in line for line in page(plan(), 160))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (plan(), ""),
        (plan(step(3), step(2), step(1)), "the turns are node3, node2, node1 now"),
        (
            plan(left_out=(PlanRemark(PlanReason.READ_ONLY, "read-only", "node4"),)),
            "node4: read-only",
        ),
        (plan(step(2), step(3, role=Role.PRIMARY), step(1)), "node3: the node is primary now"),
        (plan(words="3", danger="more"), "more must be typed now: more"),
    ],
)
def test_what_differs_from_the_confirmed_plan_is_named(now: Plan, said: str) -> None:
    before = plan()
    if "turns" not in said and said:
        now = replace(now, steps=now.steps if "primary" in said else before.steps)
    assert plan_difference(before, now).startswith(said)
    assert bool(plan_difference(before, now)) is bool(said)


def test_a_plan_that_wants_more_than_has_to_be_typed_by_now_differs_in_nothing() -> None:
    before = plan(words="alert_mgr", danger="the node is marked production")
    assert plan_difference(before, plan(words="")) == ""


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"status": "STARTING"}, "alert_mgr: RUNNING → STARTING"),
        ({"started_at": SINCE.replace(year=2027)}, "alert_mgr was restarted"),
        ({"kind": Kind.REQUIRED}, "alert_mgr is required now, was optional"),
        ({"uptime": 5}, ""),
    ],
)
def test_a_service_that_changed_is_named_with_its_node(
    change: dict[str, object], said: str
) -> None:
    other = step(3)
    seen = replace(other.services[0], **change)
    now = plan(step(2), replace(other, services=(seen,)), step(1, role=Role.PRIMARY))
    assert plan_difference(plan(), now) == (f"node3: {said}" if said else "")


DONE, FAILED, WAITING = StepState.DONE, StepState.FAILED, StepState.WAITING


def test_of_many_nodes_the_first_are_named_and_the_others_counted() -> None:
    made = plan(*(step(uid) for uid in range(1, 36)))
    steps = tuple(
        StepProgress(one, FAILED if not n else WAITING) for n, one in enumerate(made.steps)
    )
    now = RolloutProgress(made, RolloutState.PAUSED, steps)
    assert action_effect(RolloutAction.SKIP, now).endswith(
        "goes on with node2, node3, node4 and 31 more; the gate before each still has to open"
    )
    assert action_effect(RolloutAction.RESUME, replace(now, steps=steps[:1])).endswith(
        "not restarted yet"
    )
    assert "so it ends" in action_effect(RolloutAction.SKIP, replace(now, steps=steps[:1]))


_GATED = "goes on with node1; the gate before each still has to open"
_KEPT = "leaves node3 as it is (what was sent to it is not taken back)"
_ENDS = f"goes to no further node, and {_KEPT}; not touched: node1"


@pytest.mark.parametrize(
    ("state", "question", "resume", "skip", "abort"),
    [
        (
            StepState.RESTARTED,
            "node3 is verified: go on?",
            "checks the gate after node3 again, and sends nothing to node3; then node1",
            f"leaves node3 as it is, verified, without the gate after it, and {_GATED}",
            _ENDS,
        ),
        (
            StepState.BLOCKED,
            "node3 is blocked, nothing sent: go on?",
            "checks the gate before node3 again, and restarts it if that opens; then node1",
            f"does not touch node3, and {_GATED}",
            "ends it here; not touched: node3, node1",
        ),
        (
            FAILED,
            "node3 failed: go on?",
            "polls node3 again, and restarts there what is not restarted yet; then node1",
            f"{_KEPT}, and {_GATED}",
            _ENDS,
        ),
    ],
)
def test_a_pause_asks_how_to_go_on_by_what_was_sent_to_its_node(
    state: StepState, question: str, resume: str, skip: str, abort: str
) -> None:
    now = progress(RolloutState.PAUSED, DONE, state, WAITING)
    assert pause_question(now) == question
    assert pause_question(now, is_brief=True) == question.replace(", nothing sent", "")
    effects = [action_effect(action, now) for action in RolloutAction]
    assert effects == [resume, skip, abort]


def test_a_node_that_was_sent_an_action_before_it_was_blocked_is_not_called_untouched() -> None:
    now = progress(RolloutState.PAUSED, DONE, StepState.BLOCKED, WAITING)
    sent = replace(now.steps[1], verdicts=(Verdict("alert_mgr", Result.FAILED, "DOWN"),))
    now = replace(now, steps=(now.steps[0], sent, now.steps[2]))
    assert pause_question(now) == "node3 is blocked: go on?"
    assert "not taken back" in action_effect(RolloutAction.SKIP, now)
    assert "not restarted yet" in action_effect(RolloutAction.RESUME, now)


def test_going_on_accepts_a_restart_from_elsewhere_and_says_so() -> None:
    now = progress(RolloutState.PAUSED, DONE, StepState.BLOCKED, WAITING)
    run = {("node1", "alert_mgr"): KnownRun(None, 5, 20.0)}
    gate = GateNow("node3", "why", is_known=True, checked_at=26.0, restarted=run)
    stop = StepStop(StopReason.RESTARTED_ELSEWHERE, "why")
    accepts = "accepts the restart from elsewhere; "
    for seen in (replace(now, gate=gate), replace(now, stop=stop)):
        for action in (RolloutAction.RESUME, RolloutAction.SKIP):
            assert action_effect(action, seen) == accepts + action_effect(action, now)
        assert action_effect(RolloutAction.ABORT, seen) == action_effect(RolloutAction.ABORT, now)


LOST = Verdict("alert_mgr", Result.UNKNOWN, "the node has shown nothing for 60 s")
HELD = Verdict("alert_mgr", Result.VERIFIED, "stable for 10 s")


def test_resuming_where_a_restart_was_sent_looks_first_and_says_so() -> None:
    now = progress(RolloutState.PAUSED, DONE, StepState.UNKNOWN, WAITING, text="node3: unknown")
    now = replace(now, steps=(now.steps[0], replace(now.steps[1], verdicts=(LOST,)), now.steps[2]))
    facts = {name: text for name, text, _ in action_facts(RolloutAction.RESUME, now, PALETTE, 30.0)}
    assert facts["resume"] == (
        "looks first whether node3 was restarted since a restart was sent there: if so, nothing "
        "is sent to it, else it is restarted; then node1"
    )
    assert facts["sent"] == (
        "a restart of alert_mgr was sent to node3 already, and what came of it is not known"
    )
    assert facts["next"] == (
        "POST https://10.0.0.3:9443/v1/local/services, only if it was not restarted since"
    )
    failed = replace(now, steps=(now.steps[0], replace(now.steps[1], verdicts=())))
    assert "sent" not in {
        name for name, *_ in action_facts(RolloutAction.RESUME, failed, PALETTE, 30)
    }


def ended(
    node: str, verdict: Verdict, *, minutes: int = 0, verb: Verb = Verb.RESTART
) -> OrderProgress:
    """Return an action on a node that ended, sent so many minutes after SINCE."""
    made = step(int(node.removeprefix("node")))
    order = Order(
        1,
        verb,
        Target(node, made.url, made.identity),
        made.services,
        Route(node, made.url),
        0.0,
        SINCE + timedelta(minutes=minutes),
    )
    return OrderProgress(order, OrderPhase.ENDED, verdicts=(verdict,))


def test_a_plan_names_the_nodes_to_which_a_restart_was_sent_whose_end_is_not_known() -> None:
    orders = [ended("node3", LOST), ended("node2", LOST), ended("node2", HELD, minutes=1)]
    assert unknown_restarts(plan(), orders) == (
        (
            "node3: a restart of alert_mgr was sent at 02:03:04 UTC, and what came of it is not "
            "known: look first"
        ),
    )
    assert unknown_restarts(plan(), [ended("node3", LOST, verb=Verb.START)]) == ()
    assert unknown_restarts(plan(step(3, "ccs")), orders) == ()


@pytest.mark.parametrize("width", [10, 40, 76, 116])
def test_rows_never_take_more_cells_than_there_are(width: int) -> None:
    now = progress(RolloutState.PAUSED, DONE, FAILED, WAITING)
    wide = replace(now.steps[1], step=replace(now.steps[1].step, node="日本" * 30), text="日" * 90)
    told = rollout_rows(replace(now, steps=(now.steps[0], wide, now.steps[2])), {}, 30.0)
    console = Console(file=io.StringIO(), width=width, color_system=None)
    for segments in console.render_lines(Turns(told, PALETTE)):
        assert sum(one.cell_length for one in segments) <= width


@pytest.mark.parametrize(
    ("gate", "shown"),
    [
        (None, "gate not checked since it paused"),
        (
            GateNow("node3", "", is_known=True, checked_at=26.0),
            "gate open at node3, checked 4 s ago",
        ),
        (
            GateNow("node3", "ccs is FATAL on node1", is_known=True, checked_at=26.0),
            "gate closed at node3, because ccs is FATAL on node1 (checked 4 s ago)",
        ),
        (
            GateNow("node3", "ccs is STOPPED", is_known=True, checked_at=26.0),
            "still so, checked 4 s ago",
        ),
    ],
)
def test_what_closes_the_gate_now_is_said_where_it_is_decided(
    gate: GateNow | None, shown: str
) -> None:
    """It may be another reason by now than the one that paused the rollout."""
    stop = StepStop(StopReason.GATE_CLOSED, "ccs is STOPPED")
    now = progress(RolloutState.PAUSED, DONE, FAILED, WAITING, text=stop.at("node3"))
    now = replace(now, stop=stop, gate=gate)
    for action in RolloutAction:
        facts = {name: text for name, text, _ in action_facts(action, now, PALETTE, 30.0)}
        assert (facts["paused"], facts["now"]) == ("node3: ccs is STOPPED", shown)


def test_how_the_gate_is_now_must_be_seen_anew_where_it_is_another_but_not_where_it_is_older() -> (
    None
):
    """P29."""
    gate = GateNow("node3", "ccs is STOPPED", is_known=True, checked_at=26.0)
    paused = replace(progress(RolloutState.PAUSED, DONE, FAILED, WAITING), gate=gate)
    gates: list[GateNow | None] = [
        gate,
        replace(gate, checked_at=41.0),
        replace(gate, text="ccs is FATAL"),
        replace(gate, text=""),
        replace(gate, is_known=False),
        None,
    ]
    now = paused
    dialog = RolloutActionDialog(RolloutAction.RESUME, lambda: now, PALETTE)
    seen = []
    for gate_now in gates:
        now = replace(paused, gate=gate_now)
        assert dialog.renew_facts()
        assert dialog.seen == gate_now
        seen.append(dialog.ageless_essentials)
    assert seen[0] == seen[1]
    assert len({*seen}) == len(gates) - 1
