"""What looks like a secret is taken out of texts that are passed on.

No password is ever in what the deck shows; but a sentence may name the command that a password
comes from, and a node may send back in an error what it was sent.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from tui.model.text import clean

TEXT_AT_MOST = 1000
_LEFT_OUT = "(left out)"
_RULES = (
    # The name of a password's command may show where the password is.
    (re.compile(r"(?i)\bpassword[ _]command\b.+"), f"password command {_LEFT_OUT}"),
    (re.compile(r"(?i)\b(Basic|Bearer|JWT)[ :=\"']+[A-Za-z0-9+/_=.-]{16,}"), rf"\1 {_LEFT_OUT}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,2}"), _LEFT_OUT),
    (
        # Of an object within a sentence within an object, the quotes have backslashes.
        re.compile(r"(?i)([\"']?\b(?:password|access_token|token|authorization)\b"
                   r"\\*[\"']?\s*[:=]\s*)"
                   r"(?:\\+\"(?:(?!\\+\").)*(?:\\+\")?|\"(?:[^\"\\]|\\.)*\"?|'[^']*'?"
                   r"|(?:(?:Basic|Bearer|JWT)\s+)?[^\s,;}]+)"),
        rf"\1{_LEFT_OUT}",
    ),
    (re.compile(r"//[^/\s]*@"), f"//{_LEFT_OUT}@"),
)  # fmt: skip


@lru_cache(maxsize=8192)
def redact(text: str) -> str:
    """Return a text clean, and without what may be a secret."""
    text = clean(text, TEXT_AT_MOST)
    for rule, instead in _RULES:
        text = rule.sub(instead, text)
    return text


def redact_document(value: object) -> object:
    """Redact every text, keys included, in an object of mappings and lists."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {redact(str(key)): redact_document(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redact_document(item) for item in value]
    return value
