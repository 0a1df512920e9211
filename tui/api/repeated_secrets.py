"""What a node, or a proxy before it, repeats of a request's credentials is cut out of its answer.

Servers that are asked for details put the request's headers into the body of an error, and such a
body is shown, printed and kept.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

from tui.api.codec import HttpReply
from tui.api.http_transport import Request
from tui.api.request_gate import AUTHORIZE, REFRESH

_REMOVED = "(removed)"
_LOGIN_PATHS = frozenset({AUTHORIZE, REFRESH})
_PASSWORD_AT_LEAST = 4
"""Characters of a password that is looked for: a shorter one is a part of many words."""


def without_secrets(reply: HttpReply, request: Request) -> HttpReply:
    """Return an answer without what authorized its request.

    Of a good answer only the token and the encoded password are cut out: a plain password may be
    a word that it rightly holds. A good answer to a login holds the token that was wanted.
    """
    is_good = reply.status == 200
    if is_good and request.path in _LOGIN_PATHS:
        return reply
    body = reply.body
    for secret in _secrets(request, with_password=not is_good):
        body = body.replace(secret.encode("utf-8", "surrogatepass"), _REMOVED.encode())
    if is_good:
        return reply if body is reply.body else replace(reply, body=body)
    # Of its headers, only those of an error are ever shown.
    headers = {name: cut_secrets(value, request) for name, value in reply.headers.items()}
    return replace(reply, headers=headers, body=body)


def cut_secrets(text: str, request: Request) -> str:
    """Return a text of a failed request without what authorized it."""
    for secret in _secrets(request, with_password=True):
        text = text.replace(secret, _REMOVED)
    return text


def _secrets(request: Request, *, with_password: bool) -> Iterator[str]:
    authorization = request.authorization
    shown = authorization.secret.reveal() if authorization is not None else ""
    if shown:
        yield shown
    if not with_password:
        return
    password = ""
    if authorization is not None and authorization.is_password:
        password = _password_in(shown)
    elif authorization is None and request.path in _LOGIN_PATHS:
        password = str(json.loads(request.body or b"{}").get("password", ""))
    if len(password) >= _PASSWORD_AT_LEAST:
        yield from {
            password,
            json.dumps(password)[1:-1],
            json.dumps(password, ensure_ascii=False)[1:-1],
            quote(password, safe="", errors="surrogatepass"),
        }


def _password_in(encoded: str) -> str:
    """Return the password of a Basic authorization."""
    try:
        pair = base64.b64decode(encoded).decode("utf-8", "surrogatepass")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return pair.partition(":")[2]
