"""What helps against a trouble, worded as commands: here is no key to press."""

from typing import TYPE_CHECKING

from tui.cli.errors import UNREACHABLE, CommandError, ErrorCode
from tui.model.clock import clock_text
from tui.model.reading import Remedy, Trouble, TroubleKind
from tui.model.text import clean

if TYPE_CHECKING:
    from tui.fleet.why import NextStep

_REMEDIES = {
    Remedy.REFRESH: "run it again",
    Remedy.SHOW_CERTIFICATE: "`rsdeck trust {node}` shows both",
    Remedy.GIVE_PASSWORD: "fix the password's source, or run it on a terminal",
    Remedy.RETRY_PASSWORD: "see why it is not answered before you run it again",
    Remedy.FIX_CLIENT_CERTIFICATE: (
        "fix client_cert and client_key, or the cluster's user, and run it again"
    ),
}
"""A command polls once: what waits or resumes by itself in the deck is not worded here."""

_LIFT = "to lift it, fix the password's source and run it on a terminal"
_NOT_REPEATED = "it was not tried again, since five refused logins lock the user"


def trouble_text(trouble: Trouble, node: str) -> str:
    """Return why a node could not be polled, and in parentheses what helps.

    Of a login that is not sent for now, it says until when, and how to lift it.
    """
    hint = _remedies_text(trouble, node)
    return f"{trouble.text} ({hint})" if hint else trouble.text


def _remedies_text(trouble: Trouble, node: str) -> str:
    remedies = [_REMEDIES[remedy] for remedy in trouble.remedies if remedy in _REMEDIES]
    texts = [text.format(node=node) for text in remedies]
    if trouble.held_until is not None:
        texts = [f"until {clock_text(trouble.held_until, '%H:%M')}", _LIFT]
    elif trouble.kind is TroubleKind.LOGIN and Remedy.GIVE_PASSWORD in trouble.remedies:
        texts.insert(0, _NOT_REPEATED)
    return "; ".join(filter(None, (*texts, trouble.hint)))


def advice_text(step: "NextStep", node: str) -> str:
    """Return what to do next, with the command for it."""
    remedies = "" if step.trouble is None else _remedies_text(step.trouble, node)
    command = next_command(step, node)
    return "; ".join(
        filter(None, (f"{step.text}: `{command}`" if command else step.text, remedies))
    )


def next_command(step: "NextStep", node: str) -> str:
    """Return the command that does what to do next; empty where there is none."""
    from tui.fleet.why import Offer

    match step.offer:
        case Offer.START:
            return f"rsdeck start {node} {step.service}"
        case Offer.EXPLAIN:
            return f"rsdeck why {node} {clean(step.service, 64)}"
        case Offer.COMPARE | Offer.RESUME:
            return "rsdeck status"
        case Offer.TIMELINE:
            return f"rsdeck events --since 1h --node {node}"
        case Offer.EDIT:
            return "rsdeck config path"
        case None:
            return ""


_CODES = {
    TroubleKind.UNREACHABLE: ErrorCode.UNREACHABLE,
    TroubleKind.UNTRUSTED: ErrorCode.NOT_TRUSTED,
    TroubleKind.LOGIN: ErrorCode.LOGIN_REFUSED,
    TroubleKind.FORBIDDEN: ErrorCode.FORBIDDEN,
    TroubleKind.UNAVAILABLE: ErrorCode.UNAVAILABLE,
    TroubleKind.GARBLED: ErrorCode.BAD_ANSWER,
    TroubleKind.NO_PASSWORD: ErrorCode.NO_PASSWORD,
}


def error_code(kind: TroubleKind) -> ErrorCode:
    """Return the code of a trouble in JSON."""
    return _CODES[kind]


def is_passing(kind: TroubleKind) -> bool:
    """Whether a trouble may be over later, though nobody changes anything."""
    return kind in (TroubleKind.UNREACHABLE, TroubleKind.UNAVAILABLE)


def trouble_error(trouble: Trouble, node: str, more: str = "") -> CommandError:
    """Return the error of a command whose node could not be polled: exit code 3.

    `more` is put behind why.
    """
    return CommandError(
        trouble_text(trouble, node) + more,
        error_code(trouble.kind),
        node=node,
        retryable=is_passing(trouble.kind),
        exit_code=UNREACHABLE,
    )
