"""What a node, or a proxy before it, repeats of a request's credentials is cut out of its answer.

Servers that are asked for details put the request's headers into the body of an error, and such a
body is shown, printed and kept. They write it as it came, or as JSON, HTML or a URL has it.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import replace

from tui.api.codec import HttpReply
from tui.api.http_transport import Request
from tui.api.request_gate import AUTHORIZE, REFRESH

_REMOVED = "(removed)"
_LOGIN_PATHS = frozenset({AUTHORIZE, REFRESH})
_PASSWORD_AT_LEAST = 4
"""Characters of a password that is looked for: a shorter one is a part of many words."""
_PLAIN = re.compile("[0-9A-Za-z]+")
_NOT_PLAIN = re.compile("[^0-9A-Za-z]")
_QUOTATION = re.compile(r"[: ]*\b(?:bytearray\()?b['\"]")
_NAMES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
"""Of characters that HTML escapes; html.entities takes 1 ms to import."""


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
        body = _cut(body, secret)
    if is_good:
        return reply if body is reply.body else replace(reply, body=body)
    # Of its headers, only those of an error are ever shown.
    headers = {name: _cut_secrets(value, request) for name, value in reply.headers.items()}
    return replace(reply, headers=headers, body=body)


def before_quotation(text: str) -> str:
    """Return what h11 says of bytes that it cannot read, up to those that it quotes.

    In its quotation a secret may be escaped in any way, or cut in two.
    """
    return _QUOTATION.split(text, maxsplit=1)[0]


def _cut_secrets(text: str, request: Request) -> str:
    body = text.encode("utf-8", "surrogatepass")
    for secret in _secrets(request, with_password=True):
        body = _cut(body, secret)
    return body.decode("utf-8", "surrogatepass")


def _cut(body: bytes, secret: str) -> bytes:
    """Return a body without a secret, however its characters are written."""
    # Most bodies hold no secret: nothing else writes a letter or a digit in another way.
    longest = max(_PLAIN.findall(secret), key=len, default="")
    if longest.encode() not in body:
        return body
    pattern = _NOT_PLAIN.sub(lambda found: _spellings(found[0]), secret)
    return re.sub(pattern.encode("utf-8", "surrogatepass"), _REMOVED.encode(), body)


def _spellings(one: str) -> str:
    """Return a pattern for one character: as it is, in JSON, in HTML, and in a URL."""
    code = ord(one)
    escaped = {json.dumps(one)[1:-1], f"\\u{code:04x}", f"&#{code};", f"&#x{code:x};"}
    escaped |= {"".join(f"%{byte:02x}" for byte in one.encode("utf-8", "surrogatepass"))}
    escaped |= {f"&{_NAMES[one]};"} if one in _NAMES else set()
    # Last as it is, since others may begin with it.
    ignoring_case = "|".join(re.escape(form) for form in sorted(escaped - {one}, key=len)[::-1])
    plain = [f"\\{one}", *("+" * (one == " ")), one]
    return f"(?:(?i:{ignoring_case})|{'|'.join(map(re.escape, plain))})"


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
        yield password


def _password_in(encoded: str) -> str:
    """Return the password of a Basic authorization."""
    return base64.b64decode(encoded).decode("utf-8", "surrogatepass").partition(":")[2]
