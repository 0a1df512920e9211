"""Events in words, for people: the screen, the history's reader, snapshots, notices.

What these functions return is shown and never read back.
"""

from dataclasses import replace
from datetime import datetime

from tui.model.clock import DATE_AND_TIME, clock_text, shown_time, two_units
from tui.model.context import LogEntry
from tui.model.event import (
    Cause,
    ClusterLogged,
    ConnectionLost,
    ConnectionRegained,
    CrashLoop,
    Event,
    EventDetails,
    EventKind,
    OldSentence,
    OrderEnded,
    OrderGiven,
    Restart,
    RoleChange,
    RolloutMoved,
    Sender,
    StatusChange,
    StoppedLogin,
    TimeWithoutData,
)
from tui.model.order import Result
from tui.model.rollout import RolloutState
from tui.model.text import clean

ORDERED_HERE = "sent from here"
NOT_ORDERED_HERE = "not sent from here"

_ROLLOUT_STATES = {
    RolloutState.PLANNED: "planned",
    RolloutState.RUNNING: "goes on",
    RolloutState.PAUSED: "paused",
    RolloutState.DONE: "every node verified",
    RolloutState.ABORTED: "aborted",
}


def event_text(event: Event) -> str:
    """Return an event as a sentence that is complete without its node and service."""
    return details_text(event.details, event.cause, event.sender)


def event_remainder(event: Event, place: str = "") -> str:
    """Return an event's sentence for beside its kind, node and service: none is repeated.

    `place` is how a message of the connection begins: the node's name and its address.
    """
    behind = _behind(event.details, event.cause, event.sender)
    match event.details:
        case Restart(via=via):
            return _listed(behind, f"seen {via}" if via else "by its start time")
        case StatusChange(before=None, after=after):
            return _listed(after or "", behind)
        case StatusChange(before=before, after=None):
            return _listed(f"was {before}", behind)
        case ConnectionLost(message=message):
            return message.removeprefix(f"{place} ")
        case RolloutMoved(number=number, title=title, note=note) as rollout:
            state = "".join(_rollout_state(rollout))
            why = f": {note}" if note else ""
            return f"{state}{why} · {_rollout_name(number, event.sender)}, {title}"
        case _:
            return event_text(event)


def event_brief(event: Event) -> str:
    """Return an event in a word or two where there is such a form, else its sentence."""
    match event.details:
        case StatusChange(after=after) if event.kind is EventKind.FLIPPED:
            return f"→ {after}"
        case StatusChange() | Restart() | CrashLoop():
            return event.kind.value
        case RoleChange(after=after):
            return f"{after.value} now"
        case StoppedLogin():
            return "login stopped"
        case OrderGiven(verb=verb):
            return f"{verb.value} sent"
        case OrderEnded(result=Result.NOT_RESTARTED):
            return Result.NOT_RESTARTED.value
        case OrderEnded(verb=verb, result=result):
            return f"{verb.value} {result.value}"
        case RolloutMoved() as rollout:
            return f"rollout {_rollout_state(rollout)[0]}"
        case OldSentence(brief=brief) if brief:
            return brief
        case _:
            return event_text(event)


def details_text(details: EventDetails, cause: Cause, sender: Sender | None = None) -> str:
    """Return details as a sentence, with who is behind them where that matters."""
    if sender is not None and isinstance(details, StatusChange | Restart):
        # Who it was matters more than how it was seen, and a list cuts what comes last.
        what = "restarted" if isinstance(details, Restart) else _text(details)
        return f"{what} by {sender_text(sender)}"
    text = _text(details)
    if sender is not None and isinstance(details, OrderGiven):
        text = _given_text(details, f"sent by {sender_text(replace(sender, reason=''))}")
    if isinstance(details, RolloutMoved):
        text = f"{_rollout_name(details.number, sender)}: {text}"
    return _listed(text, _behind(details, cause, sender))


def _listed(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _behind(details: EventDetails, cause: Cause, sender: Sender | None) -> str:
    """Return who is behind an event, where that matters."""
    if sender is not None and isinstance(details, StatusChange | Restart):
        return f"sent by {sender_text(sender)}"
    if cause is Cause.ORDERED_HERE and isinstance(details, StatusChange | Restart):
        return ORDERED_HERE
    if cause is Cause.NOT_ORDERED_HERE and isinstance(details, StatusChange | Restart | CrashLoop):
        return NOT_ORDERED_HERE
    return ""


def sender_text(sender: Sender) -> str:
    """Return another process of this machine, as "another rsdeck here (ops, pid 4242): reason".

    One that has ended is "an earlier rsdeck here", with when it ended where that is known.
    """
    pid = "" if sender.pid is None else f"pid {sender.pid}"
    who = ", ".join(filter(None, (sender.user, pid)))
    reason = f": {sender.reason}" if sender.reason else ""
    which = "an earlier" if sender.has_ended else "another"
    ended = "" if sender.ended_on is None else f", ended {clock_text(sender.ended_on)}"
    return f"{which} rsdeck here{f' ({who})' if who else ''}{ended}{reason}"


def _text(details: EventDetails) -> str:
    match details:
        case StatusChange() | Restart() | CrashLoop():
            return _service_text(details)
        case OrderGiven() | OrderEnded() | RolloutMoved():
            return _order_text(details)
        case ClusterLogged(entry=entry):
            return log_entry_text(entry)
        case TimeWithoutData(begun=begun, ended=ended):
            return _without_data(begun, ended)
        case OldSentence(text=text):
            return text
        case _:
            return _node_text(details)


def _service_text(details: StatusChange | Restart | CrashLoop) -> str:
    match details:
        case StatusChange(before=None, after=after):
            return f"appeared, {after}"
        case StatusChange(before=before, after=None):
            return f"vanished, was {before}"
        case StatusChange(before=before, after=after):
            return f"{before} → {after}"
        case Restart() as restart:
            return f"restarted, {_restart_way(restart)}"
        case CrashLoop(restarts=restarts, seconds=seconds):
            return f"restarted {restarts} times in {two_units(seconds)}"


def _restart_way(restart: Restart) -> str:
    if restart.via:
        return f"was seen {restart.via} on the way"
    return f"{restart.status} before and after"


def _node_text(details: ConnectionLost | ConnectionRegained | RoleChange | StoppedLogin) -> str:
    match details:
        case ConnectionLost(message=message):
            return message
        case ConnectionRegained(trouble=trouble, silent_for=silent_for):
            again = "for the first time"
            if silent_for is not None:
                again = f"again after {two_units(silent_for)}"
            return f"answers {again}, was: {trouble.value}"
        case RoleChange(before=before, after=after):
            return f"is {after.value} now, was {before.value}"
        case StoppedLogin(username=username, reason=reason):
            return f"login of {username or 'the certificate'} stopped: {reason}"


def _without_data(begun: datetime, ended: datetime) -> str:
    """Return from when to when there is no data; with dates where these are two."""
    is_one_day = shown_time(begun).date() == shown_time(ended).date()
    form = "%H:%M:%S" if is_one_day else DATE_AND_TIME
    first, last = (clock_text(moment, form, named=False) for moment in (begun, ended))
    return f"not watched {first} to {last} ({two_units((ended - begun).total_seconds())})"


def _order_text(details: OrderGiven | OrderEnded | RolloutMoved) -> str:
    match details:
        case OrderGiven():
            return _given_text(details, ORDERED_HERE)
        case OrderEnded(verb=verb, result=result, evidence=evidence):
            return f"{verb.value}: {result.value}, {evidence}"
        case RolloutMoved(title=title, note=note) as rollout:
            state = "".join(_rollout_state(rollout))
            return f"{title}: {state}" + (f", {note}" if note else "")


def _given_text(details: OrderGiven, whose: str) -> str:
    names = "" if len(details.services) == 1 else f": {', '.join(details.services)}"
    reason = f", reason: {details.reason}" if details.reason else ""
    return f"{details.verb.value} {whose}{names}{reason}"


def _rollout_name(number: int, sender: Sender | None) -> str:
    """Return which rollout it is; that of another process with who runs it."""
    return f"rollout {number}" + ("" if sender is None else f" of {sender_text(sender)}")


def log_entry_text(entry: LogEntry) -> str:
    """Return an entry of the cluster's log as a sentence: its type, where, and its details."""
    node = "" if entry.node is None else f", node:{entry.node}"
    database = "" if entry.database is None else f", database {entry.database}"
    detail = f": {clean(entry.detail)}" if entry.detail else ""
    return f"{clean(entry.type, 64)}{node}{database}{detail}"


def _rollout_state(rollout: RolloutMoved) -> tuple[str, str]:
    """Return the state in a word or two, and what is to be added to it in a sentence.

    A rollout that left nodes out on its way did not verify every node.
    """
    if rollout.is_begun:
        return "begun", ""
    if rollout.state is RolloutState.DONE and rollout.skipped:
        were = "was" if len(rollout.skipped) == 1 else "were"
        return "done", f", but {', '.join(rollout.skipped)} {were} skipped"
    return _ROLLOUT_STATES[rollout.state], ""
