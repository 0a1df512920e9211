"""Errors of the transport and refusals of the node, each in one sentence and with what helps."""

import errno
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from urllib.parse import urlsplit

from tui.api import codec
from tui.api.codec import HttpReply
from tui.api.errors import (
    ApiError,
    Forbidden,
    Garbled,
    LoginRefused,
    TimedOut,
    Unavailable,
    Unreachable,
    Untrusted,
)
from tui.api.http_transport import ProxyRefused, UnreadableAnswer
from tui.api.tls.certificate import COMPARE
from tui.api.tls.context import PinMismatch
from tui.model.certificate import Certificate
from tui.model.reading import Remedy
from tui.model.text import clean


class RequestStage(Enum):
    """What a request waits for; the value is its wording."""

    QUEUED = "before it connected"
    FILES = "while reading the files that its trust names"
    NAMING = "while its name was looked up"
    CONNECTING = "while connecting"
    PROXY = "while the proxy opened the way"
    HANDSHAKE = "during the TLS handshake"
    SENDING = "before anything was sent"
    WAITING = "while waiting for the answer"
    READING = "in the middle of the answer"


_PORT = "is this the API's port (9443)?"
_TAKEN = "does another service have that port now?"
_STUCK = "is it stuck? on the node, `rladmin status issues_only` and `rlcheck` show more"
_AGAIN = (Remedy.WAIT, Remedy.REFRESH)

# Alerts that only a client's certificate brings about.
_NOT_TAKEN = (
    "ALERT_UNKNOWN_CA",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_CERTIFICATE_EXPIRED",
    "ALERT_CERTIFICATE_REVOKED",
    "ALERT_CERTIFICATE_UNKNOWN",
    "ALERT_UNSUPPORTED_CERTIFICATE",
)

# Codes of OpenSSL's x509_vfy.h.
_VERIFY = {
    9: "is not valid yet",
    10: "has expired",
    18: "is not signed by an authority that is trusted here",
    19: "is not signed by an authority that is trusted here",
    20: "is not signed by an authority that is trusted here",
    21: "is not signed by an authority that is trusted here",
    62: "is made out to another name",
    64: "is made out to another address",
}
_OTHER_NAME = (62, 64)
_NAMES_AT_MOST = 5

_LATE = {
    RequestStage.FILES: "are ca_file, client_cert and client_key on a disk that answers?",
    RequestStage.NAMING: "is the name right, and the name server up?",
    RequestStage.CONNECTING: "is the node up, and the way to it open?",
    RequestStage.PROXY: "does the proxy reach the node?",
    RequestStage.HANDSHAKE: "is the node stuck, or is this not the API's port (9443)?",
}


def timeout_error(where: str, seconds: float, stage: RequestStage) -> TimedOut:
    """Return the error of a request that took longer than its `seconds`."""
    text = f"{where} gave no answer within {seconds:g} s ({stage.value})"
    if stage in _LATE:
        later = _STUCK if stage is RequestStage.HANDSHAKE else ""
        return TimedOut(text, _LATE[stage], later_hint=later)
    return TimedOut(text, "the node is up but slow, or stuck", (Remedy.WAIT,))


def transport_error(error: BaseException, where: str, stage: RequestStage) -> ApiError:
    """Turn what a transport raised into an ApiError; `stage` is what the request waited for."""
    causes = tuple(_causes(error))
    for cause in causes:
        if isinstance(cause, PinMismatch):
            return _another(cause, where)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _unverified(cause, where)
    if stage is RequestStage.READING:
        return Garbled(f"{where} cut its answer short", remedies=_AGAIN)
    for cause in causes:
        found = _broken_tls(cause, where) or _no_way(cause, where)
        if found is not None:
            return found
    if isinstance(error, ProxyRefused):
        return Unreachable(
            f"{where} refused to open the way ({clean(str(error), 80)})",
            "may the proxy connect to that host and port?",
        )
    if isinstance(error, UnreadableAnswer):
        text = f"{where} does not speak HTTP as expected: {clean(str(error), 120)}"
        return Garbled(text, _PORT, later_hint=_TAKEN)
    return Unreachable(f"{where} closed the connection ({stage.value})", remedies=_AGAIN)


def _another(cause: PinMismatch, where: str) -> Untrusted:
    return Untrusted(
        f"{where} presents another certificate: expected sha256:{cause.expected}, "
        f"got sha256:{cause.got}",
        "nothing was sent to it; if the certificate was renewed, compare it on the node with "
        f"`{COMPARE}` and change fingerprint in the profile",
        (Remedy.REFRESH_TO_RESUME, Remedy.SHOW_CERTIFICATE),
        expected=cause.expected,
        got=cause.got,
    )


def _unverified(cause: ssl.SSLCertVerificationError, where: str) -> Untrusted:
    reason = clean(cause.verify_message or str(cause), 120)
    why = _VERIFY.get(cause.verify_code, f"is not trusted ({reason})")
    compare = f"compare it on the node with `{COMPARE}` and set fingerprint in the profile"
    if cause.verify_code in _OTHER_NAME:
        hint = (
            "if it is this node's certificate, set server_name in the profile to a name that the "
            f"certificate has; or {compare}"
        )
    else:
        hint = f"{compare}, or set ca_file to its authority"
    return Untrusted(f"{where} presents a certificate that {why}", hint)


def with_presented_certificate(fault: Untrusted, presented: Certificate) -> Untrusted:
    """Return an Untrusted with what the node presents added."""
    trouble = fault.trouble
    names = ", ".join(presented.names[:_NAMES_AT_MOST])
    more = ", …" if len(presented.names) > _NAMES_AT_MOST else ""
    made_out = f" for {names}{more}" if names else ""
    text = f"{fault}; it presents sha256:{presented.sha256}{made_out}"
    return Untrusted(text, trouble.hint, trouble.remedies, got=presented.sha256)


def _broken_tls(cause: BaseException, where: str) -> Unreachable | None:
    if not isinstance(cause, ssl.SSLError):
        return None
    reason = clean(cause.reason or "broken off", 60)
    if "CERTIFICATE_REQUIRED" in reason:
        return Unreachable(
            f"{where} requires a client certificate",
            "the cluster wants mutual TLS: set client_cert and client_key in the profile",
        )
    if any(word in reason for word in _NOT_TAKEN):
        return Unreachable(
            f"{where} does not take the client's certificate ({reason})",
            "is client_cert signed by an authority that the cluster knows (mtls_trusted_ca), "
            "and not expired?",
        )
    text = f"{where} does not speak TLS as expected ({reason})"
    return Unreachable(text, _PORT, later_hint=_TAKEN)


def _no_way(cause: BaseException, where: str) -> Unreachable | None:
    if isinstance(cause, socket.gaierror):
        return Unreachable(f"{where}: no such host name", "is the name in the URL right?")
    if isinstance(cause, ConnectionRefusedError):
        return Unreachable(
            f"{where} refused the connection",
            "is the node up, and this its API port (9443)?",
            later_hint="is the node up?",
        )
    if isinstance(cause, ConnectionResetError | BrokenPipeError):
        return Unreachable(f"{where} reset the connection", remedies=_AGAIN)
    if isinstance(cause, OSError) and cause.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH):
        return Unreachable(f"{where} cannot be reached: no route", "is the network up?")
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk an exception and all that led to it, nearest first."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
        waiting += [more for more in (cause.__cause__, cause.__context__) if more is not None]


_HINTS = {
    404: "this node has no such call: is it Redis Software, and this its API port?",
    503: "the node is not ready, or not a member of a cluster",
}


def refused_error(reply: HttpReply, *, where: str, username: str, what: str) -> ApiError:
    """Turn an answer other than 200 into its error; `what` is the request, such as `GET /v1/…`."""
    reason, user = codec.read_error(reply.body), clean(username)
    because = f": {reason}" if reason else ""
    if reply.status == 401 and not username:
        return LoginRefused(
            f"{where} does not accept the client's certificate as a login{because}",
            "has the cluster a user with this certificate's subject line?",
        )
    user = user or "this certificate's user"
    if reply.status == 401:
        return LoginRefused(
            f"{where} does not accept {user} with this password{because}",
            "polling of this login has stopped, since five failures lock the user for half an hour",
        )
    if reply.status == 403:
        return Forbidden(
            f"{where}: {user} may not {what}{because}",
            "the user's role lacks the permission; reading wants at least cluster_viewer",
        )
    if 300 <= reply.status < 400:
        return _redirect(reply, where)
    return Unavailable(
        f"{where} answered {reply.status} to {what}{because}",
        _HINTS.get(reply.status, ""),
        (Remedy.WAIT,) if reply.status == 429 else (),
        status=reply.status,
        retry_after=_retry_after(reply),
    )


def _redirect(reply: HttpReply, where: str) -> Unavailable:
    raw = reply.headers.get("location", "")
    return Unavailable(
        f"{where} answered with a redirect to {_host(raw)}, which is not followed",
        "give the profile the address of the node itself",
        status=reply.status,
        location=clean(raw),
    )


def _host(location: str) -> str:
    try:
        # Without user and password, which a URL may hold.
        host = urlsplit(location).netloc.rpartition("@")[2]
    except ValueError:
        host = location
    return clean(host, 120) or "another path"


def _retry_after(reply: HttpReply) -> float | None:
    raw = reply.headers.get("retry-after", "").strip()
    if raw.isascii() and raw.isdigit():
        return float(raw) if len(raw) < 10 else None
    moment = _moment(raw)
    if moment is None:
        return None
    # The node's two times are compared with each other: its clock is not this machine's.
    now = _moment(reply.headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())


def _moment(raw: str) -> datetime | None:
    if not raw or len(raw) > 64:
        return None
    import email.utils  # rarely needed, and takes 5 ms

    try:
        moment = email.utils.parsedate_to_datetime(raw)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
