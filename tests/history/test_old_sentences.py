"""Histories that were written before events had fields: their sentences become fields."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.events import ELSEWHERE, HERE, ON, SENTENCES, UNKNOWN
from tests.history.conftest import event
from tui.history.old_sentences import parse_sentence
from tui.history.reader import HistoryReader
from tui.history.stored_event import as_events
from tui.history.write_queue import Batch
from tui.history.writer import HistoryWriter
from tui.model.event import (
    RECORDED,
    Cause,
    ConnectionLost,
    EventDetails,
    EventKind,
    OldSentence,
    Restart,
    StatusChange,
)
from tui.model.event_text import details_text, event_text

_TABLES = """
CREATE TABLE event(
    at REAL NOT NULL, cluster TEXT NOT NULL, node TEXT NOT NULL, service TEXT NOT NULL,
    what TEXT NOT NULL, text TEXT NOT NULL, brief TEXT NOT NULL, ordered INTEGER NOT NULL
);
CREATE INDEX event_at ON event(at);
CREATE TABLE state(
    cluster TEXT NOT NULL, node TEXT NOT NULL, service TEXT NOT NULL, since REAL NOT NULL,
    status TEXT, started REAL, began REAL
);
CREATE INDEX state_of ON state(cluster, node, service, since);
CREATE INDEX state_since ON state(since);
CREATE TABLE span(
    cluster TEXT NOT NULL, node TEXT NOT NULL, begun REAL NOT NULL, ended REAL NOT NULL,
    PRIMARY KEY (cluster, node, begun)
) WITHOUT ROWID;
CREATE INDEX span_ended ON span(ended);
PRAGMA user_version = 1;
"""
"""What version 1 of the schema was, to the letter."""


_WORDS_THEN = (
    (", not sent from here", ", nobody here ordered it"),
    ("sent from here", "ordered here"),
    (", reason: ", ", since "),
)
"""What is said now, and what earlier versions wrote."""


def then(text: str) -> str:
    """Return a sentence as earlier versions wrote it."""
    for now, before in _WORDS_THEN:
        text = text.replace(now, before)
    return text


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a history that an earlier version wrote: every kind of event, each a second later."""
    folder = tmp_path / "rsdeck"
    folder.mkdir(mode=0o700)
    database = sqlite3.connect(folder / "history.sqlite3")
    database.executescript(_TABLES)
    for number, (details, cause, text, brief) in enumerate(SENTENCES):
        row = (
            ON.timestamp() + number, "payments", "node1", "x", details.kind.value, then(text),
            "" if text == brief else brief, cause is Cause.ORDERED_HERE,
        )  # fmt: skip
        database.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    database.commit()
    database.close()
    (folder / "history.sqlite3").chmod(0o600)
    return folder


@pytest.fixture
def writer(folder: Path) -> Iterator[HistoryWriter]:
    writer = HistoryWriter(folder, days=36_500, limit=2**26, busy=1.0)
    yield writer
    writer.close()


def kept(details: EventDetails) -> EventDetails:
    """Return what a sentence holds of details: no start time, and no kind of a trouble."""
    match details:
        case StatusChange():
            return replace(details, started_at=None)
        case Restart(via=via):
            # Of a restart that was seen on its way, the status that it came to was RUNNING.
            return replace(details, started_at=None, status="RUNNING" if via else details.status)
        case ConnectionLost():
            return replace(details, trouble=None)
    return details


@pytest.mark.parametrize(("details", "cause", "text", "brief"), SENTENCES)
def test_a_sentence_becomes_the_fields_it_was_made_of(
    details: EventDetails, cause: Cause, text: str, brief: str
) -> None:
    found = parse_sentence(
        details.kind, then(text), brief=brief, service="x", ordered=cause is Cause.ORDERED_HERE
    )
    assert found == (kept(details), cause)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (EventKind.FLIPPED, "RUNNING became STOPPED"),
        (EventKind.APPEARED, "it is there"),
        (EventKind.RESTARTED, "restarted"),
        (EventKind.LOOPING, "restarted often"),
        (EventKind.LOOPING, "restarted 3 times in 90 m, nobody here ordered it"),
        (EventKind.ROLE, "is primary now, was king"),
        (EventKind.REGAINED, "answers again after a while, was: unreachable"),
        (EventKind.VERDICT, "burn: verified, all of it"),
        (EventKind.VERDICT, "stop: verified"),
        (EventKind.ORDERED, "burn ordered here"),
        (EventKind.LOGIN, "login stopped"),
        (EventKind.ROLLOUT, "rollout one: paused"),
        (EventKind.ROLLOUT, "rollout 1: restart ccs: flew away"),
    ],
)
def test_a_sentence_that_cannot_be_read_is_kept_as_it_was(kind: EventKind, text: str) -> None:
    details, _ = parse_sentence(kind, text, brief="in short", service="x", ordered=False)
    assert details == OldSentence(kind, text, "in short")


@given(st.sampled_from(RECORDED), st.text(max_size=60), st.booleans())
def test_no_sentence_is_lost_or_shown_otherwise(kind: EventKind, text: str, ordered: bool) -> None:
    details, cause = parse_sentence(kind, text, brief="", service="x", ordered=ordered)
    assert details_text(details, cause) == text
    assert (cause is HERE) is ordered
    assert details.kind is kind or isinstance(details, OldSentence)


@given(st.sampled_from(SENTENCES), st.text(max_size=20), st.integers(0, 60))
def test_a_sentence_that_was_cut_or_changed_is_shown_as_it_is(
    example: tuple[EventDetails, Cause, str, str], more: str, at: int
) -> None:
    details, cause, sentence, _ = example
    text = then(sentence)[:at] + more
    found = parse_sentence(details.kind, text, brief="", service="x", ordered=cause is HERE)
    assert then(details_text(*found)) == text


def check_old(folder: Path) -> None:
    stored = HistoryReader(folder).events(None, node="node1")
    assert [one.text for one in stored] == [text for _, _, text, _ in SENTENCES]
    assert [(one.details, one.cause) for one in stored] == [
        (kept(details), cause) for details, cause, *_ in SENTENCES
    ]
    assert {(one.cluster, one.service) for one in stored} == {("payments", "x")}


def test_an_old_history_is_read_as_it_is_and_not_changed(folder: Path) -> None:
    before = (folder / "history.sqlite3").read_bytes()
    check_old(folder)
    assert (folder / "history.sqlite3").read_bytes() == before


def test_an_old_history_is_written_on_with_fields_beside_its_sentences(
    folder: Path, writer: HistoryWriter
) -> None:
    new = [event(details=details, cause=cause, node="new") for details, cause, *_ in SENTENCES]
    writer.write(Batch([("payments", one) for one in new]))
    check_old(folder)
    stored = HistoryReader(folder).events(None, node="new")
    assert [(one.details, one.cause) for one in stored] == [(one.details, one.cause) for one in new]
    assert [one.text for one in stored] == [event_text(one) for one in new]
    database = sqlite3.connect(folder / "history.sqlite3")
    (written,) = database.execute("SELECT DISTINCT text || brief FROM event WHERE node = 'new'")
    assert written == ("",)
    assert database.execute("PRAGMA user_version").fetchone() == (2,)
    database.close()
    writer.close()
    writer.open()
    check_old(folder)


def test_old_events_are_events_of_a_session_again(folder: Path) -> None:
    events = list(as_events(HistoryReader(folder).events(None)))
    # Whose rollouts they were is not in them.
    whose = r"\g<0> of another rsdeck here"
    shown = [re.sub(r"^rollout \d", whose, text) for _, _, text, _ in SENTENCES]
    assert [event_text(one) for one in events] == shown
    assert {one.cause for one in events} == {HERE, ELSEWHERE, UNKNOWN}
