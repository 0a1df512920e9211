"""The events of histories that were written before events had fields: a kind and a sentence.

This is the one place where a sentence is read. What it cannot read stays the sentence it was.
"""

import re
from collections.abc import Callable
from re import Match

from tui.model.event import (
    Cause,
    ConnectionLost,
    ConnectionRegained,
    CrashLoop,
    EventDetails,
    EventKind,
    OldSentence,
    OrderEnded,
    OrderGiven,
    Restart,
    RoleChange,
    RolloutMoved,
    StatusChange,
    StoppedLogin,
)
from tui.model.event_text import details_text
from tui.model.node import Role
from tui.model.order import Result, Verb
from tui.model.reading import TroubleKind
from tui.model.rollout import RolloutState

_ORDERED_HERE, _NOT_ORDERED_HERE = ", ordered here", ", nobody here ordered it"
_WORDS_THEN = (
    (", not sent from here", _NOT_ORDERED_HERE),
    ("sent from here", "ordered here"),
    (", reason: ", ", since "),
)
"""What events are worded with now, and what was written."""

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_SPAN = r"(?P<span>\d{1,9} [dhms](?: \d{1,9} [dhms])?)"
_CERTIFICATE = "the certificate"
_CAUSED = frozenset(
    {
        EventKind.FLIPPED,
        EventKind.RESTARTED,
        EventKind.VANISHED,
        EventKind.APPEARED,
        EventKind.LOOPING,
    }
)


def _one_of(values: list[str]) -> str:
    # The longest first: "not restarted" is not "restarted".
    return "|".join(map(re.escape, sorted(values, key=len, reverse=True)))


_VERBS = _one_of([verb.value for verb in Verb])
_RESULTS = _one_of([result.value for result in Result])
_ROLES = _one_of([role.value for role in Role])
_TROUBLES = _one_of([trouble.value for trouble in TroubleKind])

_PATTERNS = {
    EventKind.FLIPPED: r"(?P<before>.*?) → (?P<after>.*)",
    EventKind.APPEARED: r"appeared, (?P<after>.*)",
    EventKind.VANISHED: r"vanished, was (?P<before>.*)",
    EventKind.RESTARTED: (
        r"restarted, (?:was seen (?P<via>.+) on the way|(?P<status>.*) before and after)"
    ),
    EventKind.LOOPING: rf"restarted (?P<restarts>\d{{1,9}}) times in {_SPAN}",
    EventKind.LOST: r"(?P<message>.*)",
    EventKind.REGAINED: (
        rf"answers (?:for the first time|again after {_SPAN}), was: (?P<trouble>{_TROUBLES})"
    ),
    EventKind.ROLE: rf"is (?P<after>{_ROLES}) now, was (?P<before>{_ROLES})",
    EventKind.LOGIN: r"login of (?P<username>.+?) stopped: (?P<reason>.*)",
    EventKind.ORDERED: (
        rf"(?P<verb>{_VERBS}) ordered here(?:: (?P<services>[^ ]+(?:, [^ ]+)*?))?"
        r"(?:, since (?P<reason>.+))?"
    ),
    EventKind.VERDICT: rf"(?P<verb>{_VERBS}): (?P<result>{_RESULTS}), (?P<evidence>.*)",
    EventKind.ROLLOUT: (
        r"rollout (?P<number>\d{1,9}): (?P<title>.*?): (?:(?P<state>planned|begun|goes on|paused|"
        r"every node verified|aborted)|done, but (?P<skipped>.+?) (?:was|were) skipped)"
        r"(?:, (?P<note>.+))?"
    ),
}
_READERS = {kind: re.compile(pattern, re.DOTALL) for kind, pattern in _PATTERNS.items()}


def parse_sentence(
    kind: EventKind, text: str, *, brief: str, service: str, ordered: bool
) -> tuple[EventDetails, Cause]:
    """Return the details and the cause of an event by what was kept of it.

    `ordered` is whether an order given here explains it. Details other than an `OldSentence` say
    the same as `text`, to the letter.
    """
    cause = Cause.UNKNOWN
    if ordered:
        cause = Cause.ORDERED_HERE
    elif kind in _CAUSED:
        cause = Cause.NOT_ORDERED_HERE
    sentence = text.removesuffix(_ORDERED_HERE if ordered else _NOT_ORDERED_HERE)
    match = _READERS[kind].fullmatch(sentence)
    if match is not None:
        details = _BUILDERS[kind](match, service)
        if _as_written(details_text(details, cause)) == text:
            return details, cause
    return OldSentence(kind, text, brief), cause


def _as_written(text: str) -> str:
    for now, then in _WORDS_THEN:
        text = text.replace(now, then)
    return text


def _seconds(span: str) -> float:
    parts = span.split()
    return sum(
        int(count) * _UNITS[unit] for count, unit in zip(parts[::2], parts[1::2], strict=True)
    )


def _regained(found: Match[str], _: str) -> EventDetails:
    silent_for = None if found["span"] is None else _seconds(found["span"])
    return ConnectionRegained(TroubleKind(found["trouble"]), silent_for)


def _login(found: Match[str], _: str) -> EventDetails:
    username = "" if found["username"] == _CERTIFICATE else found["username"]
    return StoppedLogin(username, found["reason"])


def _ordered(found: Match[str], service: str) -> EventDetails:
    services = (service,) if found["services"] is None else tuple(found["services"].split(", "))
    return OrderGiven(Verb(found["verb"]), services, found["reason"] or "")


def _rollout(found: Match[str], _: str) -> EventDetails:
    states = {
        "planned": RolloutState.PLANNED,
        "begun": RolloutState.RUNNING,
        "goes on": RolloutState.RUNNING,
        "paused": RolloutState.PAUSED,
        "aborted": RolloutState.ABORTED,
    }
    return RolloutMoved(
        int(found["number"]),
        found["title"],
        states.get(found["state"] or "", RolloutState.DONE),
        found["state"] == "begun",
        () if found["skipped"] is None else tuple(found["skipped"].split(", ")),
        found["note"] or "",
    )


_BUILDERS: dict[EventKind, Callable[[Match[str], str], EventDetails]] = {
    EventKind.FLIPPED: lambda found, _: StatusChange(found["before"], found["after"]),
    EventKind.APPEARED: lambda found, _: StatusChange(None, found["after"]),
    EventKind.VANISHED: lambda found, _: StatusChange(found["before"], None),
    EventKind.RESTARTED: lambda found, _: Restart(
        "RUNNING" if found["status"] is None else found["status"], found["via"] or ""
    ),
    EventKind.LOOPING: lambda found, _: CrashLoop(int(found["restarts"]), _seconds(found["span"])),
    EventKind.LOST: lambda found, _: ConnectionLost(None, found["message"]),
    EventKind.REGAINED: _regained,
    EventKind.ROLE: lambda found, _: RoleChange(Role(found["before"]), Role(found["after"])),
    EventKind.LOGIN: _login,
    EventKind.ORDERED: _ordered,
    EventKind.VERDICT: lambda found, _: OrderEnded(
        Verb(found["verb"]), Result(found["result"]), found["evidence"]
    ),
    EventKind.ROLLOUT: _rollout,
}
