"""The words of a rollout on its way. Pure."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.ui.dialogs.test_rollout import PALETTE, SINCE, plan, progress, step
from tui.journal.unfinished import UnfinishedRollout
from tui.model.order import (
    Moment,
    Order,
    OrderPhase,
    OrderProgress,
    Result,
    Route,
    Target,
    TimelineMark,
    Verb,
    Verdict,
)
from tui.model.rollout import (
    GateNow,
    GateWait,
    RolloutProgress,
    RolloutState,
    StepProgress,
    StepState,
    StepStop,
    StopReason,
)
from tui.model.service import KnownRun
from tui.ui.controllers.rollouts import cleared_text, unfinished_text
from tui.ui.format.rollout_text import (
    cut_off_line,
    rollout_alarm,
    rollout_heading,
    rollout_line,
    rollout_lines,
    rollout_rows,
    seconds_left,
    step_counts,
)
from tui.ui.terminal.ascii_signs import ascii_text

DONE, FAILED, SKIPPED = StepState.DONE, StepState.FAILED, StepState.SKIPPED
WAITING, CHECKING, SENT = StepState.WAITING, StepState.CHECKING, StepState.ORDERED
SETTLING, BLOCKED = StepState.SETTLING, StepState.BLOCKED
RESTARTED = StepState.RESTARTED
RUNNING, PAUSED = RolloutState.RUNNING, RolloutState.PAUSED


def phase(
    state: StepState,
    *,
    rolling: RolloutState = RUNNING,
    sent: OrderProgress | None = None,
    now: float = 24.0,
    **more: object,
) -> str:
    """Return the phase of node2, whose turn began at 10 and which ended, if so, at 24."""
    ended = None if state in (WAITING, CHECKING, SENT, SETTLING) else 24.0
    one = StepProgress(step(2), state, began_at=10.0, ended_at=ended)
    one = replace(one, **more)
    whole = RolloutProgress(plan(step(2)), rolling, (one,))
    (row,) = rollout_rows(whole, {"node2": sent} if sent else {}, now)
    return row.text


# A node's phase

HELD = Verdict("alert_mgr", Result.VERIFIED, "stable for 10 s", (TimelineMark(Moment.UP, 2.0),))
CLOSED = "alert_mgr is STARTING"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (phase(WAITING), "waiting"),
        (phase(WAITING, rolling=RolloutState.ABORTED), "not touched"),
        (phase(CHECKING), "checking: the gate before"),
        (
            phase(CHECKING, wait=GateWait(CLOSED, since=12.0, limit=60.0)),
            "waiting at the gate: alert_mgr is STARTING, 12 s of 60",
        ),
        (phase(SENT), "sent"),
        (phase(SETTLING), "checking: the gate after"),
        (phase(DONE, verdicts=(HELD,)), "verified in 14 s · stable for 10 s (back after 2.0 s)"),
        (
            phase(BLOCKED, text=CLOSED, reason=StopReason.GATE_CLOSED),
            "blocked: alert_mgr is STARTING, nothing sent",
        ),
        (
            phase(BLOCKED, text="locked; nothing was sent", reason=StopReason.NOT_SENT),
            "blocked: locked; nothing was sent",
        ),
        (phase(FAILED, text="alert_mgr: timed out"), "failed: alert_mgr: timed out"),
        (
            phase(
                StepState.UNKNOWN,
                text="alert_mgr: unknown, reached it after 2.1 s",
                verdicts=(Verdict("alert_mgr", Result.UNKNOWN, "reached it after 2.1 s"),),
                reason=StopReason.NOT_VERIFIED,
            ),
            "unknown: reached it after 2.1 s",
        ),
        (
            phase(RESTARTED, text="node9: away", verdicts=(HELD,), reason=StopReason.GATE_CLOSED),
            "restart verified: stable for 10 s (back after 2.0 s); then node9: away: paused",
        ),
        (phase(SKIPPED, text="node9: away"), "skipped: node9: away"),
    ],
)
def test_a_node_shows_its_phase_and_the_reason(text: str, shown: str) -> None:
    assert text == shown


def sent(
    *marks: TimelineMark, at: float | None = 14.0, seen_at: float | None = None
) -> OrderProgress:
    made = step(2)
    order = Order(
        1,
        Verb.RESTART,
        Target("node2", made.url, made.identity),
        made.services,
        Route("node2", made.url),
        0.0,
        SINCE,
    )
    return OrderProgress(
        order, OrderPhase.WATCHING, "", {"alert_mgr": marks}, (), at, 10.0, seen_at
    )


DOWN, UP = TimelineMark(Moment.DOWN, 1.0), TimelineMark(Moment.UP, 4.0)


@pytest.mark.parametrize(
    ("out", "now", "shown"),
    [
        (sent(), 14.0, "sent"),
        (sent(), 24.0, "sent · not seen for 10 s"),
        (sent(DOWN, seen_at=23.0), 24.0, "sent · seen down after 1.0 s"),
        (
            sent(DOWN, UP, seen_at=24.0),
            24.5,
            "sent · running again, stable 6 of 10 s · seen down after 1.0 s, back after 4.0 s",
        ),
        (
            sent(DOWN, UP, seen_at=20.0),
            49.0,
            (
                "sent · running again, stable 2 of 10 s, not seen for 29 s"
                " · seen down after 1.0 s, back after 4.0 s"
            ),
        ),
        (
            sent(DOWN, UP, seen_at=29.0),
            29.0,
            "sent · running again, stable 10 of 10 s · seen down after 1.0 s, back after 4.0 s",
        ),
        (sent(UP, DOWN, seen_at=24.0), 24.0, "sent · back after 4.0 s, seen down after 1.0 s"),
        (sent(DOWN, UP, at=None), 24.0, "sent · seen down after 1.0 s, back after 4.0 s"),
    ],
)
def test_what_was_sent_counts_how_long_it_is_stable(
    out: OrderProgress, now: float, shown: str
) -> None:
    assert phase(SENT, sent=out, now=now) == shown


def test_a_wait_at_the_gate_never_counts_beyond_its_limit() -> None:
    assert phase(CHECKING, wait=GateWait(CLOSED, 0.0, 60.0), now=99.0).endswith(", 60 s of 60")


def test_a_row_shows_times_by_service_where_there_are_several() -> None:
    marks = (TimelineMark(Moment.ANSWERED, 0.1), TimelineMark(Moment.UP, 2.34))
    made = plan(step(2, "a", "b"))
    verdicts = tuple(Verdict(name, Result.VERIFIED, "held", marks) for name in ("a", "b"))
    one = StepProgress(made.steps[0], DONE, began_at=0.0, ended_at=75.0, verdicts=verdicts)
    (row,) = rollout_rows(RolloutProgress(made, RUNNING, (one,)), {}, 99.0)
    assert row.text == (
        "verified in 1 m 15 s · a: held (back after 2.3 s)\nb: held (back after 2.3 s)"
    )


# The whole


@pytest.mark.parametrize(
    ("state", "states", "shown"),
    [
        (RUNNING, (DONE, SETTLING, WAITING), "1/3 verified, node3 rechecking, 1 waiting"),
        (RUNNING, (WAITING, WAITING, WAITING), "0/3 verified, 3 waiting"),
        (PAUSED, (DONE, FAILED, WAITING), "1/3 verified, node3 failed, 1 waiting"),
        (PAUSED, (DONE, BLOCKED, WAITING), "1/3 verified, node3 blocked, 1 waiting"),
        (RolloutState.DONE, (DONE, SKIPPED, DONE), "2/3 verified, node3 skipped"),
        (
            RolloutState.ABORTED,
            (FAILED, WAITING, WAITING),
            "0/3 verified, node2 failed, not touched: node3, node1",
        ),
    ],
)
def test_the_counts_add_up_to_the_nodes(
    state: RolloutState, states: Sequence[StepState], shown: str
) -> None:
    now = progress(state, *states)
    assert step_counts(now) == shown
    assert shown in rollout_heading(now, 30.0, PALETTE).plain


@pytest.mark.parametrize("state", StepState)
def test_every_state_of_a_step_is_counted(state: StepState) -> None:
    counted = step_counts(progress(RUNNING, state, state, state))
    numbers = [part.split()[0] for part in counted.split(", ") if " " in part and "/" not in part]
    # Those that it stopped after are named beside the count of the restarted, which has them.
    named = 0 if state is RESTARTED else counted.count("node")
    verified = int(counted.partition("/")[0])
    assert verified + named + sum(int(each) for each in numbers if each.isdigit()) == 3


def test_of_many_nodes_in_one_state_the_number_is_shown() -> None:
    made = plan(*(step(uid) for uid in range(1, 9)))
    steps = tuple(StepProgress(each, SKIPPED) for each in made.steps)
    whole = RolloutProgress(made, RolloutState.DONE, steps)
    assert step_counts(whole) == "0/8 verified, 8 nodes skipped"


def test_a_bar_has_a_cell_for_each_node_and_is_filled_by_those_verified() -> None:
    now = progress(RUNNING, DONE, DONE, WAITING)
    text = rollout_heading(now, 20.0, PALETTE).plain
    assert text.startswith("▰▰▱ 2/3 verified, 1 waiting · about 10 s left")
    assert ascii_text(text).startswith("##. 2/3 verified")


def test_the_bar_of_many_nodes_stays_short_and_is_full_at_the_end_alone() -> None:
    made = plan(*(step(uid) for uid in range(1, 101)))
    steps = tuple(StepProgress(each, DONE if n else WAITING) for n, each in enumerate(made.steps))
    bar = rollout_heading(RolloutProgress(made, RUNNING, steps), 0.0, PALETTE).plain.split()[0]
    assert bar == "▰" * 19 + "▱"


def test_the_time_that_remains_goes_by_the_nodes_that_are_verified() -> None:
    now = progress(RUNNING, DONE, SETTLING, WAITING)  # 10 s each, the second since 10.0
    assert seconds_left(now, 14.0) == 16.0
    assert seconds_left(now, 99.0) == 10.0
    assert seconds_left(progress(RUNNING, SETTLING, WAITING, WAITING), 14.0) is None
    assert seconds_left(progress(PAUSED, DONE, FAILED, WAITING), 14.0) is None
    slow = replace(now, steps=(replace(now.steps[0], began_at=-90.0), *now.steps[1:]))
    assert "· about 4 min left" in rollout_heading(slow, 10.0, PALETTE).plain


def test_no_time_remains_that_is_not_known_at_a_gate_or_while_no_node_is_seen() -> None:
    now = progress(RUNNING, DONE, SETTLING, WAITING)
    assert "left" in rollout_heading(now, 14.0, PALETTE).plain
    assert "left" not in rollout_heading(now, 14.0, PALETTE, is_unseen=True).plain
    wait = replace(now.steps[1], wait=GateWait(CLOSED, since=12.0, limit=60.0))
    waiting = replace(now, steps=(now.steps[0], wait, now.steps[2]))
    assert seconds_left(waiting, 14.0) is None


def gate(text: str = "", *, is_known: bool = True, at: float = 26.0) -> GateNow:
    return GateNow("node3", text, is_known, at)


WHY = StepStop(StopReason.GATE_CLOSED, "quorum is lost: 1 of 3 nodes are up")


def test_a_pause_begins_with_the_reason_and_ends_with_the_place() -> None:
    now = replace(progress(PAUSED, DONE, FAILED, WAITING, text=f"node3: {WHY.text}"), stop=WHY)
    shown = rollout_alarm(now, None, 30.0)
    assert shown == "PAUSED: quorum is lost: 1 of 3 nodes are up · node3 · for 10 s"
    assert rollout_alarm(progress(RUNNING, DONE, SETTLING, WAITING), None, 30.0) == ""


def test_a_restart_that_went_well_is_not_called_failed_for_what_came_after_it() -> None:
    now = progress(PAUSED, DONE, RESTARTED, WAITING)
    steps = (
        now.steps[0],
        replace(now.steps[1], verdicts=(HELD,), reason=StopReason.GATE_CLOSED, text="node9: away"),
        now.steps[2],
    )
    now = replace(now, steps=steps)
    assert step_counts(now) == "2/3 restarted, paused after node3, 1 waiting"
    assert rollout_heading(now, 30.0, PALETTE).plain.startswith("▰▰▱ 2/3 restarted")
    done = "node3 is restarted and verified; waiting because node9: away"
    assert done in rollout_line(now, 30.0, "o", PALETTE, 200).plain
    brief = rollout_line(now, 30.0, "o", PALETTE, 60).plain
    assert "node3 restarted, paused after it" in brief
    stop = StepStop(StopReason.GATE_CLOSED, "node9: away")
    still = replace(now, stop=stop, gate=gate("node9: away"))
    first, second = rollout_alarm(still, None, 30.0).splitlines()
    assert first == f"PAUSED: {done}. Put that right, then r · for 10 s"
    assert second.startswith("NOW: still so")
    over = replace(now, stop=stop, gate=gate())
    assert rollout_alarm(over, None, 30.0).splitlines()[0] == f"PAUSED: {done} · for 10 s"
    assert rollout_rows(now, {}, 30.0)[1].sign == "■"
    ended = rollout_rows(replace(now, state=RolloutState.ABORTED), {}, 30.0)[1].text
    assert ended.endswith("; then node9: away: aborted")


@pytest.mark.parametrize(
    ("found", "shown", "brief"),
    [
        (gate(), "NOW: gate open at node3, checked 4 s ago: r resumes", "gate open now"),
        (
            gate("ccs is FATAL on node2"),
            "NOW: gate closed at node3, because ccs is FATAL on node2 (checked 4 s ago)",
            "gate closed now",
        ),
        (gate(WHY.text), "NOW: still so, checked 4 s ago", "gate closed now"),
        (
            gate("no fresh answer from node2", is_known=False),
            "NOW: gate of node3 not known, checked 4 s ago: no fresh answer from node2",
            "gate not known now",
        ),
        (
            replace(gate("node3 (https://node3:9443) is away", is_known=False), names_node=True),
            "NOW: gate not known, checked 4 s ago: node3 (https://node3:9443) is away",
            "gate not known now",
        ),
        (
            gate(at=14.0),
            "NOW: gate open at node3, checked 16 s ago: r resumes",
            "gate open 16 s ago",
        ),
        (
            gate(at=-90.0),
            "NOW: gate open at node3, checked 2 m ago: r resumes",
            "gate open 2 m ago",
        ),
    ],
)
def test_a_pause_shows_whether_its_gate_is_open_now(found: GateNow, shown: str, brief: str) -> None:
    now = progress(PAUSED, DONE, FAILED, WAITING, text=f"node3: {WHY.text}")
    now = replace(now, stop=WHY, gate=found)
    assert rollout_alarm(now, None, 30.0).splitlines()[1] == shown
    assert brief in rollout_line(now, 30.0, "o", PALETTE).plain
    narrow = rollout_line(now, 30.0, "o", PALETTE, 60).plain
    assert narrow == f" PAUSED · node3 · {brief} · o shows it "


FOREIGN = "alert_mgr on node1 was restarted, and not by this rollout"


def test_a_restart_from_elsewhere_is_shown_as_one_that_resuming_accepts() -> None:
    run = KnownRun(None, 5, 20.0)
    since = replace(gate(FOREIGN), restarted={("node1", "alert_mgr"): run})
    now = replace(progress(PAUSED, DONE, FAILED, WAITING), stop=WHY, gate=since)
    closed = f"NOW: gate closed at node3, because {FOREIGN} (checked 4 s ago): r accepts it"
    assert rollout_alarm(now, None, 30.0).splitlines()[1] == closed
    stop = StepStop(StopReason.RESTARTED_ELSEWHERE, FOREIGN)
    stopped = replace(now, stop=stop, gate=gate())
    first, second = rollout_alarm(stopped, None, 30.0).splitlines()
    assert first == f"PAUSED: {FOREIGN}; r accepts it · node3 · for 10 s"
    assert second == "NOW: gate open at node3, checked 4 s ago: r resumes"
    well = progress(PAUSED, DONE, RESTARTED, WAITING)
    assert "Put that right" not in rollout_alarm(replace(well, stop=stop), None, 30.0)


def test_the_times_of_an_aborted_rollout_give_way_to_the_nodes_that_are_not_touched() -> None:
    aborted = progress(RolloutState.ABORTED, DONE, WAITING, WAITING, text="stopped here")
    aborted = replace(aborted, began_at=10.0, ended_at=60.0, paused_for=7.0)
    counts = "▰▱▱ 1/3 verified, not touched: node3, node1 · ABORTED"
    wide = f"{counts} · after 50 s, 7 s of it paused\nstopped here"
    assert rollout_heading(aborted, 90.0, PALETTE, 90).plain == wide
    assert rollout_heading(aborted, 90.0, PALETTE, 74).plain == f"{counts}\nstopped here"


def test_that_all_nodes_are_lost_is_shown_before_anything_else() -> None:
    runs = progress(RUNNING, DONE, SETTLING, WAITING)
    shown = rollout_alarm(runs, 25.0, 30.0)
    assert shown == "LOST for 5 s: none of 3 nodes answers; no action is sent before one does"
    alone = replace(runs, steps=runs.steps[:1])
    shown = rollout_alarm(alone, 25.0, 30.0)
    node = alone.steps[0].step.node
    assert shown == f"LOST for 5 s: {node} does not answer; no action is sent before it does"
    paused = rollout_alarm(replace(progress(PAUSED, DONE, FAILED, WAITING), stop=WHY), 25.0, 30.0)
    assert [line.split()[0] for line in paused.splitlines()] == ["LOST", "PAUSED:"]
    assert rollout_alarm(progress(RolloutState.DONE, DONE, DONE, DONE), 25.0, 30.0) == ""


def test_a_reason_that_names_the_node_is_not_followed_by_its_name() -> None:
    text = "node3 (https://node3:9443) is away"
    stop = StepStop(StopReason.GATE_NOT_ANSWERED, text, names_node=True)
    now = replace(progress(PAUSED, DONE, BLOCKED, WAITING, text=stop.at("node3")), stop=stop)
    assert rollout_alarm(now, None, 30.0) == f"PAUSED: {text} · for 10 s"
    assert stop.at("node3") == stop.text
    assert WHY.at("node3") == f"node3: {WHY.text}"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RolloutState.DONE, "done in"),
        (RolloutState.ABORTED, "ABORTED · after"),
        (RUNNING, "running"),
    ],
)
def test_how_long_it_took_says_how_much_of_that_it_was_paused(
    state: RolloutState, words: str
) -> None:
    now = replace(progress(state, DONE, DONE, DONE), began_at=3.0, ended_at=150.0, paused_for=110.4)
    text = rollout_heading(now, 150.0, PALETTE).plain
    assert words in text
    assert "2 m 27 s, 1 m 50 s of it paused" in text
    never = rollout_heading(replace(now, paused_for=0.4), 150.0, PALETTE).plain
    assert "paused" not in never


def test_the_heading_leaves_out_times_that_do_not_fit() -> None:
    runs = progress(RUNNING, DONE, SETTLING, WAITING)
    wide = rollout_heading(runs, 30.0, PALETTE, 120).plain
    assert " left · running for " in wide
    narrow = rollout_heading(runs, 30.0, PALETTE, 60).plain
    assert narrow == "▰▱▱ 1/3 verified, node3 rechecking, 1 waiting"


def test_the_deck_s_line_puts_a_pause_in_front_of_everything() -> None:
    runs = progress(RUNNING, DONE, SETTLING, WAITING)
    stands = progress(PAUSED, DONE, FAILED, WAITING, text="node3: refused")
    over = progress(RolloutState.DONE, DONE, DONE, DONE)
    assert rollout_line(runs, 30.0, "o", PALETTE).plain == (
        " … restart alert_mgr on 3 nodes of demo · 1/3 verified, node3 rechecking, 1 waiting"
        " · o shows it "
    )
    told = [each.plain for each in rollout_lines([over, runs, stands], 30.0, 2, "o", PALETTE)]
    assert told[0].startswith(" PAUSED · node3: refused · o shows it")
    assert told[1].endswith("· 1 more")
    assert "shows it" not in rollout_line(runs, 30.0, "", PALETTE).plain


def test_the_key_of_rollouts_is_named_once_and_where_it_does_something() -> None:
    stands = progress(PAUSED, DONE, FAILED, WAITING, text="node3: refused")
    ended = progress(RolloutState.ABORTED, DONE, DONE, WAITING)
    nodes = tuple((f"n{number}", "https://n:9443") for number in range(2))
    cut_off = (UnfinishedRollout("a-r1", "restart", "demo", ("alert_mgr",), nodes, SINCE),)

    def found(shown: Sequence[RolloutProgress], cut_off: Sequence[UnfinishedRollout]) -> list[str]:
        lines = rollout_lines(shown, 30.0, 2, "o", PALETTE, cut_off=cut_off)
        texts = [line.plain for line in lines]
        return ["shows" if "o shows it" in one else "plans" * ("o plans" in one) for one in texts]

    assert found([ended, stands], ()) == ["shows", ""]
    assert found([ended, ended], ()) == ["shows", ""]
    assert found([ended, stands], cut_off) == ["shows", "", ""]
    assert found([ended], cut_off) == ["", "plans"]
    assert found([], cut_off) == ["plans"]


def test_a_line_on_the_deck_that_does_not_fit_keeps_the_key_and_drops_parts_whole() -> None:
    paused = progress(PAUSED, DONE, FAILED, WAITING, text="alert_mgr: " + "very long " * 9)
    assert (
        rollout_line(paused, 30.0, "o", PALETTE, 60).plain == " PAUSED · node3 failed · o shows it "
    )
    aborted = progress(RolloutState.ABORTED, DONE, FAILED, WAITING, text="very long " * 9)
    assert rollout_line(aborted, 30.0, "o", PALETTE, 80).plain == (
        " ✗ restart alert_mgr on 3 nodes of demo · ABORTED · 1/3 verified · o shows it "
    )
    assert rollout_line(aborted, 30.0, "o", PALETTE, 60).plain == (
        " ✗ restart alert_mgr · ABORTED · 1/3 verified · o shows it "
    )
    running = progress(RolloutState.RUNNING, DONE, SETTLING, WAITING)
    assert rollout_line(running, 30.0, "o", PALETTE, 60).plain == (
        " … restart alert_mgr · 1/3 verified · o shows it "
    )
    several = replace(running, plan=replace(running.plan, names=("alert_mgr", "mdns_server")))
    assert rollout_line(several, 30.0, "o", PALETTE, 60).plain == (
        " … restart 2 services · 1/3 verified · o shows it "
    )
    long = replace(running, plan=replace(running.plan, names=("a_name_without_end_" * 4,)))
    assert rollout_line(long, 30.0, "o", PALETTE, 40).plain == (
        " … restart a_name_witho… · 1/3 verified "
    )


@pytest.mark.parametrize(
    ("done", "count", "shown"),
    [
        (
            1,
            2,
            (
                "A rollout was cut off: restart alert_mgr on 2 nodes of demo: n0 verified; "
                "n1 remains."
            ),
        ),
        (
            0,
            2,
            (
                "A rollout was cut off: restart alert_mgr on 2 nodes of demo: none verified; "
                "n0, n1 remain."
            ),
        ),
        (
            2,
            9,
            (
                "A rollout was cut off: restart alert_mgr on 9 nodes of demo: n0, n1 verified; "
                "7 nodes remain."
            ),
        ),
    ],
)
def test_a_rollout_that_was_cut_off_shows_how_far_it_had_come(
    done: int, count: int, shown: str
) -> None:
    nodes = tuple((f"n{number}", "https://n:9443") for number in range(count))
    over = frozenset(name for name, _ in nodes[:done])
    rollout = UnfinishedRollout("a-r1", "restart", "demo", ("alert_mgr",), nodes, SINCE, over)
    assert unfinished_text(rollout) == shown


def test_a_rollout_that_was_cut_off_shows_what_was_skipped_and_why_it_stopped_last() -> None:
    nodes = tuple((f"n{number}", "https://n:9443") for number in range(3))
    over = frozenset({"n0", "n1"})
    rollout = UnfinishedRollout("a-r1", "restart", "demo", ("alert_mgr",), nodes, SINCE, over)
    stopped = replace(
        rollout,
        skipped=frozenset({"n0"}),
        ungated=frozenset({"n1"}),
        stopped_at="n1",
        stop_text="ccs is STOPPED on n2",
    )
    what = "A rollout was cut off: restart alert_mgr on 3 nodes of demo"
    assert unfinished_text(stopped) == (
        f"{what}: n1 verified, n0 skipped; n2 remains. It stopped after n1: ccs is STOPPED on n2. "
        "The gate after n1 was not passed: look there first."
    )
    at = replace(rollout, stopped_at="n2", stop_text="ccs is STOPPED")
    assert unfinished_text(at) == (
        f"{what}: n0, n1 verified; n2 remains. It stopped at n2: ccs is STOPPED."
    )


@pytest.mark.parametrize(
    ("trouble", "begins"),
    [
        ("", "Cleared, not offered again"),
        ("disk full", "Cleared in this session only, the record failed: disk full"),
    ],
)
def test_clearing_what_was_cut_off_is_reported_with_what_remains(trouble: str, begins: str) -> None:
    nodes = tuple((f"n{number}", "") for number in range(5))
    one = UnfinishedRollout("a-r1", "restart", "demo", ("ccs", "dmc"), nodes[:2], SINCE)
    assert cleared_text([one], trouble) == f"{begins}: restart ccs, dmc of demo on n0, n1."
    many = replace(one, cluster="", nodes=nodes)
    assert cleared_text([one, many], trouble) == (
        f"{begins}: restart ccs, dmc of demo on n0, n1; restart ccs, dmc on 5 nodes."
    )


def test_a_rollout_that_was_cut_off_names_the_nodes_after_which_no_gate_was_passed() -> None:
    nodes = tuple((f"n{number}", "https://n:9443") for number in range(5))
    over = frozenset(name for name, _ in nodes[:4])
    rollout = UnfinishedRollout("a-r1", "restart", "demo", ("alert_mgr",), nodes, SINCE, over)
    text, line = unfinished_text(rollout), cut_off_line([rollout], "o", PALETTE).plain
    one = replace(rollout, ungated=frozenset({"n3"}))
    assert unfinished_text(one) == f"{text} The gate after n3 was not passed: look there first."
    assert cut_off_line([one], "o", PALETTE, 60).plain.strip() == (
        "CUT OFF · o plans them · gate after n3 not passed"
    )
    two = replace(rollout, ungated=frozenset({"n3", "n1"}))
    assert "The gate after n1, n3 was not passed" in unfinished_text(two)
    four = replace(rollout, ungated=over)
    assert "The gate after 4 nodes was not passed" in unfinished_text(four)
    assert "gate" not in line


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, "CUT OFF · n1, n2 remain · o plans them · restart alert_mgr of demo · 1 more"),
        (60, "CUT OFF · n1, n2 remain · o plans them · 1 more"),
        (36, "CUT OFF · o plans them"),
    ],
)
def test_a_rollout_that_was_cut_off_stays_in_a_line(width: int, shown: str) -> None:
    nodes = tuple((f"n{number}", "https://n:9443") for number in range(3))
    one = UnfinishedRollout(
        "a-r1", "restart", "demo", ("alert_mgr",), nodes, SINCE, frozenset({"n0"})
    )
    assert cut_off_line([one, one], "o", PALETTE, width).plain.strip() == shown
