"""Events in words: the same for the screen, the history, snapshots and notices."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.events import (
    ELSEWHERE,
    EXAMPLES,
    HERE,
    LOGGED,
    ON,
    SENTENCES,
    TITLE,
    UNKNOWN,
    UNPOLLED,
    event,
)
from tui.model.clock import clock_text
from tui.model.context import LogEntry
from tui.model.event import (
    Cause,
    ClusterLogged,
    ConnectionLost,
    EventDetails,
    EventKind,
    OldSentence,
    OrderEnded,
    OrderGiven,
    Restart,
    RolloutMoved,
    Sender,
    StatusChange,
    TimeWithoutData,
)
from tui.model.event_text import event_brief, event_remainder, event_text, sender_text
from tui.model.order import Result, Verb
from tui.model.rollout import RolloutState


@pytest.mark.parametrize(("details", "cause", "text", "brief"), SENTENCES)
def test_every_event_has_its_sentence_and_its_short_form(
    details: EventDetails, cause: Cause, text: str, brief: str
) -> None:
    assert event_text(event(details, cause=cause)) == text
    assert event_brief(event(details, cause=cause)) == brief


def test_a_rollout_of_another_process_names_who_runs_it() -> None:
    """Each process counts its rollouts from 1."""
    mine = event(RolloutMoved(1, TITLE, RolloutState.PAUSED, note="node2: refused"), cause=HERE)
    theirs = replace(mine, sender=Sender("ops", 4242))
    who = "another rsdeck here (ops, pid 4242)"
    assert event_text(mine) == f"rollout 1: {TITLE}: paused, node2: refused"
    assert event_text(theirs) == f"rollout 1 of {who}: {TITLE}: paused, node2: refused"
    assert event_remainder(theirs) == f"paused: node2: refused · rollout 1 of {who}, {TITLE}"
    assert event_brief(theirs) == event_brief(mine) == "rollout paused"
    unnamed = replace(mine, sender=Sender())
    assert event_text(unnamed).startswith(f"rollout 1 of another rsdeck here: {TITLE}")


def test_an_action_of_another_process_names_who_sent_it() -> None:
    theirs = Sender("ops", 4242, "kernel patch")
    sent = event(OrderGiven(Verb.RESTART, ("ccs",), "kernel patch"), sender=theirs)
    who = "another rsdeck here (ops, pid 4242)"
    assert event_text(sent) == f"restart sent by {who}, reason: kernel patch"
    assert event_brief(sent) == "restart sent"
    two = replace(sent, details=OrderGiven(Verb.STOP, ("ccs", "gossip_envoy")))
    assert event_text(two) == f"stop sent by {who}: ccs, gossip_envoy"
    ended = event(OrderEnded(Verb.RESTART, Result.VERIFIED, "held"), sender=theirs)
    assert event_text(ended) == "restart: verified, held"


def test_a_process_that_has_ended_is_not_called_another_that_runs() -> None:
    ended = Sender("ops", 4242, "kernel patch", has_ended=True)
    assert sender_text(ended) == "an earlier rsdeck here (ops, pid 4242): kernel patch"
    on = datetime(2026, 2, 1, 18, 2, tzinfo=UTC)
    known = sender_text(replace(ended, ended_on=on))
    who = "an earlier rsdeck here (ops, pid 4242)"
    assert known == f"{who}, ended {clock_text(on)}: kernel patch"


@pytest.mark.parametrize("kind", EventKind)
def test_who_ordered_it_is_added_only_where_that_matters(kind: EventKind) -> None:
    plain = event_text(event(EXAMPLES[kind]))
    changes = {EventKind.FLIPPED, EventKind.APPEARED, EventKind.VANISHED, EventKind.RESTARTED}
    here = event_text(event(EXAMPLES[kind], cause=HERE))
    assert here == plain + ", sent from here" * (kind in changes)
    elsewhere = event_text(event(EXAMPLES[kind], cause=ELSEWHERE))
    assert elsewhere == plain + ", not sent from here" * (kind in changes | {EventKind.LOOPING})


def test_an_entry_of_the_clusters_log_is_shown_clean_with_its_places() -> None:
    assert event_text(event(LOGGED)) == "node_joined, node:2, database 3: by admin"
    hostile = LogEntry(ON, "x\x1b[31m", detail="[red]\u202e\n")
    assert event_text(event(ClusterLogged(hostile))).isprintable()
    assert event_text(event(ClusterLogged(LogEntry(ON, "rebooted")))) == "rebooted"


def test_a_time_without_data_is_shown_from_when_to_when_it_was() -> None:
    assert event_text(event(UNPOLLED)) == "not watched 03:00:00 to 04:30:00 (1 h 30 m)"
    assert event_text(event(TimeWithoutData(ON, ON + timedelta(days=1)))) == (
        "not watched 2026-01-01 03:00:00 to 2026-01-02 03:00:00 (1 d)"
    )


def test_an_old_sentence_is_shown_as_it_was_kept() -> None:
    old = event(OldSentence(EventKind.FLIPPED, "it was so, sent from here", "so"), cause=HERE)
    assert event_text(old) == "it was so, sent from here"
    assert event_brief(old) == "so"
    assert event_brief(event(OldSentence(EventKind.LOST, "gone"))) == "gone"


PLACE = "node1 (https://node1:9443)"


@pytest.mark.parametrize(
    ("details", "cause", "text"),
    [
        (Restart("RUNNING"), ELSEWHERE, "not sent from here, by its start time"),
        (Restart("RUNNING", via="EXITED"), HERE, "sent from here, seen EXITED"),
        (Restart("RUNNING"), UNKNOWN, "by its start time"),
        (StatusChange(None, "RUNNING"), ELSEWHERE, "RUNNING, not sent from here"),
        (StatusChange(None, "RUNNING"), HERE, "RUNNING, sent from here"),
        (StatusChange("FATAL", None), ELSEWHERE, "was FATAL, not sent from here"),
        (StatusChange("RUNNING", "FATAL"), ELSEWHERE, "RUNNING → FATAL, not sent from here"),
        (ConnectionLost(None, f"{PLACE} gave no answer"), UNKNOWN, "gave no answer"),
        (ConnectionLost(None, "the proxy gave no answer"), UNKNOWN, "the proxy gave no answer"),
        (
            RolloutMoved(1, TITLE, RolloutState.PAUSED, note="node2: refused"), HERE,
            f"paused: node2: refused · rollout 1, {TITLE}",
        ),
    ],
)  # fmt: skip
def test_beside_its_kind_and_node_an_event_repeats_neither(
    details: EventDetails, cause: Cause, text: str
) -> None:
    assert event_remainder(event(details, cause=cause), PLACE) == text
