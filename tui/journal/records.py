"""What the journal's records say: of a session, of an order and of a rollout.

No header, no body and no password is ever among the fields, nor what was typed to confirm.
"""

from __future__ import annotations

import contextlib
import functools
import getpass
import os
import socket
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tui import __version__
from tui.model.clock import iso_time, monotonic
from tui.model.event import TEXT_AT_MOST, Sender
from tui.model.order import Order, OrderAnswer, SeenService, Tier, Verb, Verdict
from tui.model.rollout import Plan, Step, StepResult
from tui.model.text import clean

if TYPE_CHECKING:
    from tui.journal.record_shapes import (
        AnswerFields,
        IntentFields,
        PlanFields,
        RefusedFields,
        ResolvedFields,
        RolloutClearedFields,
        RolloutEndFields,
        SeenFields,
        SessionFields,
        StepFields,
        TurnFields,
        VerdictFields,
    )

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def intent(order: Order, tier: Tier, username: str, age: float) -> IntentFields:
    """Return the record before a POST; `age` is seconds since the operator pressed the key."""
    who = order.target.identity
    fields: IntentFields = {
        "kind": "intent",
        "verb": order.verb.value,
        "node": clean(order.target.node),
        "uid": who.uid,
        "hostname": clean(who.hostname),
        "cluster": clean(who.cluster),
        "url": clean(order.target.url),
        "username": clean(username),
        "services": [_seen(seen) for seen in order.services],
        "age": round(age, 3),
        "route": {
            "via": clean(order.route.via),
            "url": clean(order.route.url),
            "path": order.route.path,
        },
        "tier": tier.value,
        "reason": clean(order.reason, TEXT_AT_MOST),
    }
    if order.rollout:
        fields["rollout"] = order.rollout
    if who.uid is None:
        # What identifies a node that reports no uid, for a later session to compare.
        evidence = order.target.evidence
        peer, certificate = evidence.origin.peer, evidence.origin.certificate
        fields["origin"] = {"peer": clean(peer), "certificate": clean(certificate)}
        fields["starts"] = {clean(name): iso_time(start) for name, start in evidence.starts}
    return fields


def _seen(seen: SeenService) -> SeenFields:
    return {
        "name": clean(seen.name),
        "status": clean(seen.status),
        "start_time": iso_time(seen.started_at),
        "uptime": seen.uptime,
        "kind": seen.kind.value,
    }


def result(answer: OrderAnswer) -> AnswerFields:
    """Return the record of what came back.

    `refused` are the services that an answer says false of, though it took the order: the node
    reported that the operation failed.
    """
    refused = [clean(name) for name, taken in answer.results.items() if taken is False]
    fields: AnswerFields = {
        "kind": "result",
        "outcome": answer.outcome.value,
        "http": answer.status,
        "text": clean(answer.text, TEXT_AT_MOST),
        "ms": round(answer.took * 1000),
    }
    if refused:
        fields["refused"] = refused
    return fields


def verdict(given: Verdict) -> VerdictFields:
    """Return the record of a verdict; the timeline is in seconds after the POST left."""
    return {
        "kind": "verdict",
        "service": clean(given.service),
        "result": given.result.value,
        "text": clean(given.text, TEXT_AT_MOST),
        "timeline": [
            {"what": mark.moment.value, "at": round(mark.at, 3)} for mark in given.timeline
        ],
        "start_time": iso_time(given.started_at),
    }


def refused(
    verb: Verb, node: str, names: tuple[str, ...], why: str, unrecorded: int = 0
) -> RefusedFields:
    """Return the record of an order that was not sent.

    `unrecorded` is how many of the same were refused since the last record of it.
    """
    fields: RefusedFields = {
        "kind": "refused",
        "verb": verb.value,
        "node": clean(node),
        "services": [clean(name) for name in names],
        "why": clean(why, TEXT_AT_MOST),
    }
    if unrecorded:
        fields["unrecorded"] = unrecorded
    return fields


def resolved(given: Verdict, status: str | None, id_: str) -> ResolvedFields:
    """Return the record of an earlier session's order whose result its node shows now."""
    return {
        "kind": "resolved",
        "id": id_,
        "by": "first good reading",
        "service": clean(given.service),
        "result": given.result.value,
        "status": None if status is None else clean(status),
        "start_time": iso_time(given.started_at),
        "text": clean(given.text, TEXT_AT_MOST),
    }


def plan(made: Plan, tier: Tier, username: str, age: float) -> PlanFields:
    """Return the record before a rollout; `age` is seconds since it was planned."""
    return {
        "kind": "plan",
        "verb": made.verb.value,
        "cluster": clean(made.cluster),
        "services": [clean(name) for name in made.names],
        "username": clean(username),
        "age": round(age, 3),
        "steps": [_turn(step) for step in made.steps],
        "left_out": [clean(str(remark), TEXT_AT_MOST) for remark in made.left_out],
        "tier": tier.value,
        "reason": clean(made.reason, TEXT_AT_MOST),
    }


def _turn(step: Step) -> TurnFields:
    return {
        "node": clean(step.node),
        "uid": step.identity.uid,
        "hostname": clean(step.identity.hostname),
        "role": step.identity.role.value,
        "url": clean(step.url),
        "services": [_seen(seen) for seen in step.services],
    }


def step(of: Step, result: StepResult, text: str, orders: Sequence[str]) -> StepFields:
    """Return the record of one node's turn; `orders` are the ids of its orders."""
    return {
        "kind": "step",
        "node": clean(of.node),
        "uid": of.identity.uid,
        "result": result.value,
        "text": clean(text, TEXT_AT_MOST),
        "orders": list(orders),
    }


def rollout_end(*, is_done: bool, text: str) -> RolloutEndFields:
    """Return the record of a rollout's end: all nodes had their turn, or it was aborted."""
    result: Literal["done", "aborted"] = "done" if is_done else "aborted"
    return {"kind": "rollout_end", "result": result, "text": clean(text, TEXT_AT_MOST)}


def rollout_cleared(remaining: Sequence[str]) -> RolloutClearedFields:
    """Return the record that a person cleared the offer of a rollout's remaining nodes."""
    return {"kind": "rollout_cleared", "remaining": [clean(name) for name in remaining]}


# The session


def timestamp() -> dict[str, Any]:
    """Return the time: `at` the wall clock (UTC), `mono` seconds of this boot, `boot` its id."""
    at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return {"at": at, "mono": round(monotonic(), 6), "boot": boot_id()}


@functools.cache
def boot_id() -> str:
    """Return the id of this boot of the machine; empty where the system has none."""
    try:
        return clean(_BOOT.read_text(encoding="ascii").strip(), 64)
    except (OSError, UnicodeDecodeError):
        return ""


def user_name() -> str:
    """Return the name of the user that this process runs as."""
    try:
        import pwd

        return clean(pwd.getpwuid(os.geteuid()).pw_name)
    except (ImportError, KeyError):
        return f"uid {os.geteuid()}"


def describe_session(environ: Mapping[str, str], *, read_only: bool) -> SessionFields:
    """Return who started this process, and from where; empty where it is not known."""
    return {
        "version": __version__,
        "user": user_name(),
        "login": _login(environ),
        "host": clean(socket.gethostname()),
        "pid": os.getpid(),
        "tty": _terminal(),
        "ssh": clean(environ.get("SSH_CONNECTION", "").partition(" ")[0], 64),
        "read_only": read_only,
    }


def session_sender(session: Mapping[str, object]) -> Sender:
    """Return the process of a session's record, as others name it."""
    pid = session.get("pid")
    user = session.get("login") or session.get("user") or ""
    return Sender(clean(str(user)), pid if isinstance(pid, int) else None)


def _login(environ: Mapping[str, str]) -> str:
    """Return the name of the user who logged in, before any sudo."""
    try:
        return clean(os.getlogin())
    except OSError:
        with contextlib.suppress(KeyError, OSError):
            return clean(environ.get("SUDO_USER") or getpass.getuser())
    return ""


def _terminal() -> str:
    for number in (0, 1, 2):
        with contextlib.suppress(OSError):
            return clean(os.ttyname(number))
    return ""
