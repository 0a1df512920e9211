"""The recipes for chat and paging post what the command of `[notify]` gets."""

import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

RECIPES = Path(__file__).parents[1] / "deploy" / "notify"
EVENT = {
    "at": "2026-01-01T03:00:00.000000Z", "node": "node1", "cluster": "payments", "service": "ccs",
    "what": "status", "status": "FATAL", "text": 'RUNNING → "FATAL"', "problem": True, "dropped": 0,
}  # fmt: skip

pytestmark = [
    pytest.mark.real_time,
    pytest.mark.skipif(
        not (shutil.which("jq") and shutil.which("curl")), reason="jq or curl is not installed"
    ),
]


class Receiver(http.server.ThreadingHTTPServer):
    """A server that keeps what is posted to it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[Any] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(name: str, event: dict[str, Any], *words: str) -> None:
    ran = subprocess.run(  # noqa: S603 - our own file
        (RECIPES / name, *words),
        input=json.dumps(event) + "\n",
        capture_output=True, text=True, check=False, timeout=30,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def test_a_chat_gets_a_sentence(receiver: Receiver, tmp_path: Path) -> None:
    secret = tmp_path / "chat.curl"
    secret.write_text(f'url = "http://127.0.0.1:{receiver.server_port}/hook"\n', encoding="utf-8")
    run("chat.sh", EVENT, str(secret))
    run("chat.sh", EVENT | {"service": "", "problem": False, "text": "back"}, str(secret))
    assert receiver.got == [
        ("/hook", {"text": 'rsdeck PROBLEM payments node1 ccs: status, RUNNING → "FATAL"'}),
        ("/hook", {"text": "rsdeck payments node1: status, back"}),
    ]


def test_an_incident_is_opened_and_resolved_under_one_key(
    receiver: Receiver, tmp_path: Path
) -> None:
    key, url = tmp_path / "key", f"http://127.0.0.1:{receiver.server_port}/v2/enqueue"
    key.write_text("routing-key\n", encoding="utf-8")
    run("pagerduty.sh", EVENT, str(key), url)
    run("pagerduty.sh", EVENT | {"problem": False, "status": "RUNNING"}, str(key), url)
    (_, opened), (_, closed) = receiver.got
    assert (opened["routing_key"], opened["event_action"]) == ("routing-key", "trigger")
    assert opened["payload"]["summary"] == 'node1 ccs: status, RUNNING → "FATAL"'
    assert closed["event_action"] == "resolve"
    assert opened["dedup_key"] == closed["dedup_key"] == "rsdeck/payments/node1/ccs"
