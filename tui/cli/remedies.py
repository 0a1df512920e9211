"""What helps against a trouble, worded as commands: here is no key to press."""

from tui.cli.json_shapes import ErrorFields
from tui.cli.main import UNREACHABLE
from tui.cli.output import CommandError, ErrorCode, error_fields
from tui.model.reading import Remedy, Trouble, TroubleKind

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


def trouble_text(trouble: Trouble, node: str) -> str:
    """Return why a node could not be polled, and in parentheses what helps."""
    remedies = [_REMEDIES[remedy] for remedy in trouble.remedies if remedy in _REMEDIES]
    texts = [text.format(node=node) for text in remedies]
    hint = "; ".join(filter(None, (*texts, trouble.hint)))
    return f"{trouble.text} ({hint})" if hint else trouble.text


_CODES = {
    TroubleKind.UNREACHABLE: ErrorCode.UNREACHABLE,
    TroubleKind.UNTRUSTED: ErrorCode.NOT_TRUSTED,
    TroubleKind.LOGIN: ErrorCode.LOGIN_REFUSED,
    TroubleKind.FORBIDDEN: ErrorCode.FORBIDDEN,
    TroubleKind.UNAVAILABLE: ErrorCode.UNAVAILABLE,
    TroubleKind.GARBLED: ErrorCode.BAD_ANSWER,
    TroubleKind.NO_PASSWORD: ErrorCode.NO_PASSWORD,
}
_PASSING = frozenset({TroubleKind.UNREACHABLE, TroubleKind.UNAVAILABLE})
"""Troubles that may be over later, though nobody changes anything."""


def trouble_fields(trouble: Trouble, node: str) -> ErrorFields:
    """Return why a node could not be polled, as JSON has it."""
    text = trouble_text(trouble, node)
    return error_fields(_CODES[trouble.kind], text, node, retryable=trouble.kind in _PASSING)


def trouble_error(trouble: Trouble, node: str, more: str = "") -> CommandError:
    """Return the error of a command whose node could not be polled: exit code 3.

    `more` is put behind why.
    """
    return CommandError(
        trouble_text(trouble, node) + more,
        _CODES[trouble.kind],
        node=node,
        retryable=trouble.kind in _PASSING,
        exit_code=UNREACHABLE,
    )
