"""An answer other than 200, in one sentence that a person can act on."""

import email.utils
from datetime import UTC, datetime
from urllib.parse import urlsplit

from tui.api import codec
from tui.api.codec import Reply
from tui.api.errors import ApiError, Forbidden, LoginRefused, Unavailable
from tui.model.text import clean

_HINTS = {
    404: "this node has no such call: is it Redis Software, and this its API port?",
    429: "it is asked again, more slowly",
    503: "the node is not ready, or not a member of a cluster",
}


def refusal(reply: Reply, *, where: str, username: str, what: str) -> ApiError:
    """Turn an answer other than 200 into its error; `what` is the request as a person says it."""
    said, user = codec.read_error(reply.body), clean(username)
    because = f": {said}" if said else ""
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
        status=reply.status,
        retry_after=_retry_after(reply),
    )


def _redirect(reply: Reply, where: str) -> Unavailable:
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


def _retry_after(reply: Reply) -> float | None:
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
    if len(raw) > 64:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(raw)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
