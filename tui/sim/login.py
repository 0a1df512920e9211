"""Users, roles, the login lockout, and tokens."""

import base64
import hashlib
import hmac
import json
import secrets
from collections import deque
from dataclasses import dataclass, field

FAILURES = 5
WITHIN = 900.0
LOCKED_FOR = 1800.0

# Which roles may write services is not documented per role: [choice] only admin.
MAY_ORDER = frozenset({"admin"})
MAY_VIEW = frozenset(
    {"admin", "cluster_member", "cluster_viewer", "db_member", "db_viewer", "user_manager"}
)
# Permission view_logged_events; user_manager has it from 7.8 on.
MAY_SEE_LOGS = frozenset({"admin", "cluster_member", "cluster_viewer", "db_member"})


@dataclass(slots=True)
class User:
    """An account: five failures within 900 s lock it for 1800 s, as the documentation says.

    `databases` are the uids that a scoped role sees (8.2), None where it sees all.
    """

    password: str
    role: str = "admin"
    databases: frozenset[int] | None = None
    locked_until: float = 0.0
    failures: deque[float] = field(default_factory=deque)


class Logins:
    """The accounts and their logins; times are those of the cluster's clock.

    With `basic` off only tokens pass, and a Basic login is not counted as a failure: [choice],
    neither is documented. `schemes` are those under which a token passes: [choice] both, as the
    pages of versions differ. `forms` are those of a request for a token, `header` (Basic and an
    optional ttl) and `body` (name and password, 7.4): [choice] both; another answers 400. A token
    ends `ends_after` seconds after it was made, whatever it claims. With `refreshes` off there is
    no call to refresh one. With `challenges` a 401 names the schemes that pass (RFC 9110):
    [choice] off, the pages show none.
    """

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.basic = True
        self.schemes = frozenset({"jwt", "bearer"})
        self.forms = frozenset({"header", "body"})
        self.ends_after: float | None = None
        self.refreshes = True
        self.challenges = False
        self._key = secrets.token_bytes(32)

    def by_header(self, header: str, now: float) -> str | None:
        """Return the user of an Authorization header, or None."""
        scheme, _, rest = header.partition(" ")
        if scheme.lower() in self.schemes:
            return self._by_token(rest.strip(), now)
        if scheme.lower() != "basic" or not self.basic:
            return None
        return self.by_basic(rest, now)

    def by_basic(self, encoded: str, now: float) -> str | None:
        """Return the user of a Basic login, or None; a failure is counted against the name."""
        try:
            pair = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except ValueError:  # no base64, no ASCII or no UTF-8
            return None
        name, _, password = pair.partition(":")
        return self.by_password(name, password, now)

    def by_password(self, name: str, password: str, now: float) -> str | None:
        """Return the user if the password is right and the account is not locked, or else None."""
        user = self.users.get(name)
        if user is None or now < user.locked_until:
            return None
        if _same(user.password, password):
            user.failures.clear()
            return name
        user.failures.append(now)
        while user.failures and user.failures[0] <= now - WITHIN:
            user.failures.popleft()
        if len(user.failures) >= FAILURES:
            user.locked_until = now + LOCKED_FOR
            user.failures.clear()
        return None

    def token(self, name: str, now: float, ttl: int = 300) -> str:
        """Return a new token for a user."""
        head = _encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
        body = _encode(json.dumps({"sub": name, "iat": now, "exp": now + ttl}).encode())
        return f"{head}.{body}.{self._sign(f'{head}.{body}')}"

    def _sign(self, text: str) -> str:
        return _encode(hmac.new(self._key, text.encode(), hashlib.sha256).digest())

    def _by_token(self, token: str, now: float) -> str | None:
        signed, _, signature = token.rpartition(".")
        if not _same(self._sign(signed), signature):
            return None
        claims = json.loads(_decode(signed.partition(".")[2]))
        name, end = str(claims["sub"]), claims["exp"]
        if self.ends_after is not None:
            end = min(end, claims["iat"] + self.ends_after)
        return name if end > now and name in self.users else None

    def revoke(self) -> None:
        """Revoke all tokens."""
        self._key = secrets.token_bytes(32)

    @property
    def challenge(self) -> str:
        """The WWW-Authenticate header of a 401; empty without one."""
        names = {"basic": "Basic", "jwt": "JWT", "bearer": "Bearer"}
        taken = {*self.schemes, *(("basic",) if self.basic else ())}
        words = (f'{names[scheme]} realm="cluster"' for scheme in sorted(taken))
        return ", ".join(words) if self.challenges else ""


def _same(wanted: str, given: str) -> bool:
    """Compare texts of any letters, even the lone surrogates of JSON."""
    wanted_bytes, given_bytes = (text.encode("utf-8", "surrogatepass") for text in (wanted, given))
    return hmac.compare_digest(wanted_bytes, given_bytes)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
