"""The password that must show nowhere, and a search for every form in which it could."""

import base64
import json
import os
from pathlib import Path
from urllib.parse import quote, quote_plus

CANARY = 'hunter2-canary-ÄÖ"\\%'


def forms(secret: str) -> set[bytes]:
    """List what a secret looks like: plain, base64 at every offset, percent, JSON, markup."""
    raw = secret.encode()
    made = {raw, secret.encode("latin-1"), secret.encode("utf-16-le"), repr(secret)[1:-1].encode()}
    made |= {quote(secret).encode(), quote(secret, safe="").encode(), quote_plus(secret).encode()}
    made |= {one.lower() for one in made if b"%" in one}
    made |= {json.dumps(secret, ensure_ascii=bare)[1:-1].encode() for bare in (True, False)}
    made |= {raw.replace(b'"', b"&quot;"), raw.hex().encode(), repr(raw)[2:-1].encode()}
    for lead in (0, 1, 2):
        # Whole groups of three bytes of the secret, which its neighbours do not change.
        whole = raw[(3 - lead) % 3 :]
        whole = whole[: len(whole) // 3 * 3]
        made |= {base64.b64encode(whole), base64.urlsafe_b64encode(whole)}
    # The ASCII part, for any encoding of the rest.
    return made | {b"hunter2-canary"}


NEEDLES = forms(CANARY)


def leaks(data: bytes) -> list[bytes]:
    """List the forms of the secret that stand in some bytes."""
    return [one for one in NEEDLES if one in data]


def found_below(*folders: Path) -> dict[str, list[bytes]]:
    """Search every file, and its name, below some folders."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            shown = os.fsencode(path) + (path.read_bytes() if path.is_file() else b"")
            if leaks(shown):
                found[str(path)] = leaks(shown)
    return found
