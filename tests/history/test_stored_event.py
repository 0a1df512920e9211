"""The fields of an event as JSON: the same when they are read again, and nothing else is read."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.events import EXAMPLES, SENTENCES, UNKNOWN, event
from tui.history.stored_event import (
    action_mark,
    as_events,
    as_stored,
    decode_fields,
    encode_fields,
)
from tui.model.event import (
    TEXT_AT_MOST,
    Cause,
    ConnectionLost,
    EventDetails,
    EventKind,
    OldSentence,
    RolloutMoved,
    Sender,
    StatusChange,
)
from tui.model.event_text import details_text
from tui.model.rollout import RolloutState


@pytest.mark.parametrize(("details", "cause", "text", "brief"), SENTENCES)
def test_what_is_written_is_read_again(
    details: EventDetails, cause: Cause, text: str, brief: str
) -> None:
    encoded = encode_fields(details, cause)
    assert encoded is not None
    assert decode_fields(details.kind, encoded) == (details, cause, None, "")
    assert text not in encoded or isinstance(details, ConnectionLost)
    assert brief


def test_a_sender_is_kept_beside_what_earlier_versions_read() -> None:
    details, sender = EXAMPLES[EventKind.RESTARTED], Sender("ops", 4242, "kernel \x1b[2J")
    encoded = encode_fields(details, Cause.NOT_ORDERED_HERE, sender)
    assert encoded is not None
    found = decode_fields(EventKind.RESTARTED, encoded)
    assert found == (details, Cause.NOT_ORDERED_HERE, Sender("ops", 4242, "kernel ␛[2J"), "")
    values = json.loads(encoded)
    assert values["cause"] == "not ordered here"
    for wrong in ("ops", {"user": "ops"}, {"user": 1, "pid": 2, "reason": ""}, []):
        changed_text = json.dumps(values | {"sender": wrong})
        assert decode_fields(EventKind.RESTARTED, changed_text) is None


def test_the_id_of_an_action_is_kept_beside_what_earlier_versions_read() -> None:
    details = EXAMPLES[EventKind.VERDICT]
    encoded = encode_fields(details, UNKNOWN, None, "5f2c-1")
    assert encoded is not None
    assert decode_fields(EventKind.VERDICT, encoded) == (details, UNKNOWN, None, "5f2c-1")
    assert action_mark("5f2c-1") in encoded
    assert action_mark("5f2c-") not in encoded
    by_others = json.dumps(json.loads(encoded) | {"action": 5})
    assert decode_fields(EventKind.VERDICT, by_others) is None


def test_a_rollout_of_a_history_is_that_of_another_process() -> None:
    moved = event(EXAMPLES[EventKind.ROLLOUT], cause=Cause.ORDERED_HERE)
    ops = Sender("ops", 4242)
    kept = [
        as_stored(one, "demo")
        for one in (moved, replace(moved, sender=ops), event(EXAMPLES[EventKind.RESTARTED]))
    ]
    # An earlier version did not record whose it was.
    assert [one.sender for one in as_events(kept)] == [Sender(), ops, None]


def test_a_rollout_of_an_earlier_version_is_read_without_its_services() -> None:
    moved = RolloutMoved(1, "restart ccs", RolloutState.DONE, services=("ccs",))
    values = json.loads(encode_fields(moved, UNKNOWN) or "")
    assert values.pop("services") == ["ccs"]
    found = decode_fields(EventKind.ROLLOUT, json.dumps(values))
    assert found == (replace(moved, services=()), UNKNOWN, None, "")
    del values["note"]
    assert decode_fields(EventKind.ROLLOUT, json.dumps(values)) is None


def test_when_a_sender_ended_is_kept_and_an_earlier_version_did_not_record_it() -> None:
    details = EXAMPLES[EventKind.RESTARTED]
    ended = Sender("ops", 4242, has_ended=True, ended_on=datetime(2026, 2, 1, tzinfo=UTC))
    encoded = encode_fields(details, Cause.NOT_ORDERED_HERE, ended)
    assert encoded is not None
    assert decode_fields(EventKind.RESTARTED, encoded) == (
        details,
        Cause.NOT_ORDERED_HERE,
        ended,
        "",
    )
    values = json.loads(encoded)
    values["sender"] = {"user": "ops", "pid": 4242, "reason": ""}
    found = decode_fields(EventKind.RESTARTED, json.dumps(values))
    assert found == (details, Cause.NOT_ORDERED_HERE, Sender("ops", 4242), "")


def test_a_rollout_of_a_history_that_this_process_records_by_now_is_of_one_that_has_ended() -> None:
    moved = event(EXAMPLES[EventKind.ROLLOUT], cause=Cause.ORDERED_HERE)
    no_process = 2**22 + 1  # above all that Linux gives
    pids = {no_process: True, os.getppid(): False, os.getpid(): True, None: False, 0: False}
    kept = [as_stored(replace(moved, sender=Sender("ops", pid)), "demo") for pid in pids]
    found = {
        one.sender.pid: one.sender.has_ended
        for one in as_events(kept, is_recorder=True)
        if one.sender is not None
    }
    assert found == pids
    assert not any(one.sender and one.sender.has_ended for one in as_events(kept))


def test_an_old_sentence_has_no_fields() -> None:
    assert encode_fields(OldSentence(EventKind.LOST, "gone"), UNKNOWN) is None


def test_long_and_hostile_texts_are_cut_and_clean() -> None:
    encoded = encode_fields(ConnectionLost(None, "\x1b[2J" + "x" * 9999), UNKNOWN)
    assert encoded is not None
    assert "\x1b" not in encoded
    assert len(encoded) < TEXT_AT_MOST + 100
    by_others = json.dumps({"cause": "unknown", "trouble": None, "message": "\x1b]0;x\x07"})
    found = decode_fields(EventKind.LOST, by_others)
    assert found is not None
    assert details_text(*found[:3]).isprintable()


def changed(kind: EventKind, **more: Any) -> str:
    encoded = encode_fields(EXAMPLES[kind], UNKNOWN)
    assert encoded is not None
    return json.dumps(json.loads(encoded) | more)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (EventKind.FLIPPED, ""),
        (EventKind.FLIPPED, "[]"),
        (EventKind.FLIPPED, "[" * 100_000),
        (EventKind.FLIPPED, "{}"),
        (EventKind.FLIPPED, '{"cause": "unknown"}'),
        (EventKind.FLIPPED, changed(EventKind.APPEARED)),
        (EventKind.FLIPPED, changed(EventKind.FLIPPED, cause="fate")),
        (EventKind.FLIPPED, changed(EventKind.FLIPPED, after=5)),
        (EventKind.FLIPPED, changed(EventKind.FLIPPED, started_at="noon")),
        (EventKind.FLIPPED, changed(EventKind.FLIPPED, started_at="2026-01-01T00:00:00")),
        (EventKind.LOOPING, changed(EventKind.LOOPING, seconds=float("inf"))),
        (EventKind.LOOPING, changed(EventKind.LOOPING, seconds=10**400)),
        (EventKind.LOOPING, changed(EventKind.LOOPING, seconds="long")),
        (EventKind.LOOPING, changed(EventKind.LOOPING, restarts=True)),
        (EventKind.LOOPING, changed(EventKind.LOOPING, restarts=None)),
        (EventKind.VERDICT, changed(EventKind.VERDICT, result="so so")),
        (EventKind.ORDERED, changed(EventKind.ORDERED, services="ccs")),
        (EventKind.ORDERED, changed(EventKind.ORDERED, services=[1])),
        (EventKind.ROLLOUT, changed(EventKind.ROLLOUT, is_begun=1)),
    ],
)
def test_what_does_not_hold_the_fields_is_not_read(kind: EventKind, text: str) -> None:
    assert decode_fields(kind, text) is None


@given(
    st.builds(StatusChange, st.text(), st.text())
    | st.builds(RolloutMoved, st.integers(), st.text(), st.just(EXAMPLES[EventKind.ROLLOUT].state))
)
def test_any_text_can_be_kept(details: EventDetails) -> None:
    encoded = encode_fields(details, UNKNOWN)
    assert encoded is not None
    encoded.encode()
    found = decode_fields(details.kind, encoded)
    assert found is not None
    assert details_text(*found[:3]).isprintable()
