"""The page of symptoms: each can be said by the code, and every trouble of a node is on it."""

import errno
import re
import socket
import ssl
from pathlib import Path

import pytest

from tui.api.codec import HttpReply
from tui.api.error_messages import (
    RequestStage,
    refused_error,
    timeout_error,
    transport_error,
)
from tui.api.errors import ApiError
from tui.api.http_transport import ProxyRefused, UnreadableAnswer

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "pages" / "troubleshooting.md"
ROWS = re.findall(r"^\| (.+?) \|", PAGE.read_text("utf-8"), re.MULTILINE)
SYMPTOMS = [piece for row in ROWS for piece in re.findall(r"`([^`]+)`", row)]
SAID = {"changed: ctrl+e to read it": "changed: {key} to read it"}
"""Symptoms that have a live key in them, as the code has them."""
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "tui").rglob("*.py")))


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_a_symptom_is_a_piece_of_what_the_code_says(symptom: str) -> None:
    if symptom.startswith("answered ") and symptom[-3:].isdigit():
        symptom = "answered {reply.status}"
    assert SAID.get(symptom, symptom) in re.sub(r'"\n\s+f?"', "", SOURCE)


def _verification(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "no")
    error.verify_code, error.verify_message = code, "no"
    return error


def _alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "no")
    error.reason = reason
    return error


def _transport(error: BaseException, stage: RequestStage = RequestStage.CONNECTING) -> ApiError:
    return transport_error(error, "node1", stage)


def _refused(status: int, username: str = "u") -> ApiError:
    reply = HttpReply(status, {"location": "https://other/"}, b"")
    return refused_error(reply, where="node1", username=username, what="GET /v1/local/services")


TROUBLES = [
    timeout_error("node1", 5, RequestStage.WAITING),
    *(_transport(_verification(code)) for code in (9, 10, 18, 19, 20, 21, 62, 64)),
    *(_transport(_alert(why)) for why in ("CERTIFICATE_REQUIRED", "ALERT_UNKNOWN_CA", "OTHER")),
    _transport(socket.gaierror()),
    _transport(ConnectionRefusedError()),
    _transport(ConnectionResetError()),
    _transport(OSError(errno.EHOSTUNREACH, "no")),
    _transport(ProxyRefused("no")),
    _transport(UnreadableAnswer("no")),
    _transport(EOFError(), RequestStage.READING),
    _transport(EOFError()),
    *(_refused(status) for status in (301, 403, 404, 503)),
    _refused(401, username=""),
]


@pytest.mark.parametrize("error", TROUBLES, ids=str)
def test_every_trouble_of_a_node_is_on_the_page(error: ApiError) -> None:
    text = f"{error.trouble.text}; {error.trouble.hint}"
    assert any(symptom in text for symptom in SYMPTOMS), text
