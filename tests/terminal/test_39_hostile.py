"""Cases 14, 26, 38 and 39, promise P14: what a node sends reaches the terminal as text alone.

P14, cases 38 and 39.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faultserver import answer, routes, serving
from tests.oracle import ends_well, strange
from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import write
from tests.terminal.hostile import PAYLOADS

pytestmark = pytest.mark.terminal

TEXTS = list(PAYLOADS.values())
GOOD = {"status": "RUNNING", "start_time": "2024-05-13T18:38:00Z", "uptime": "0:10:00"}


def services() -> str:
    return json.dumps(
        {"alert_mgr": GOOD}
        | {text: {"status": text, "start_time": text, "uptime": text} for text in TEXTS}
        | {f"st{n}": GOOD | {"status": text} for n, text in enumerate(TEXTS)}
    )


def node(text: str) -> str:
    return json.dumps(
        [{"uid": 1, "addr": text, "software_version": text, "rack_id": text, "status": text}]
    )


def answers() -> dict[str, bytes]:
    all_of_it = "".join(TEXTS[:13])
    configuration = json.dumps(
        {text: {"operating_mode": "enabled"} for text in ("alert_mgr", *TEXTS)}
    )
    identity = {
        "bootstrap_status": {"state": all_of_it, "completed": True},
        "local_node_info": {"uid": "1", "uuid": all_of_it, "software_version": all_of_it},
    }
    return {
        "/v1/local/services": answer(services()),
        "/v1/cluster/services_configuration": answer(configuration),
        "/v1/bootstrap": answer(json.dumps(identity)),
        "/v1/cluster": answer(json.dumps({"name": all_of_it})),
        "/v1/nodes": answer(node(all_of_it)),
        "/v1/nodes/status": answer(node(all_of_it)),
    }


@contextmanager
def deck(url: str, home: Path, env: dict[str, str] | None = None) -> Iterator[Terminal]:
    write(home, f'[settings]\nrefresh = 60\n[nodes.odd]\nurl = "{url}"\nusername = "me@x.example"\n'
          'password_env = "DECK_TEST_PASSWORD"\n')  # fmt: skip
    env = environment(home, DECK_TEST_PASSWORD="x") | (env or {})
    with Terminal(RSDECK, env) as terminal:
        yield terminal


def leave(terminal: Terminal) -> None:
    terminal.send(b"\x11")
    assert terminal.ends() == 0
    assert strange(bytes(terminal.written)) == []
    assert ends_well(bytes(terminal.written))


def look(terminal: Terminal, keys: bytes, *words: str) -> None:
    """Open a screen, and close it."""
    terminal.send(keys)
    terminal.asks(*words)
    terminal.send(b"\x1b")
    terminal.until(lambda: words[-1] not in terminal.text)


def test_on_every_screen_only_the_decks_own_sequences_are_written(tmp_path: Path) -> None:
    with serving(routes(answers())) as server, deck(server.url, tmp_path) as terminal:
        terminal.shows("services 1/59 ok")
        terminal.send(b"dy")
        for _ in range(len(TEXTS) * 2):
            terminal.send(b"\x1b[B")
            terminal.quiet(0.03)
        # The last row is the one that is well; the one before it must not be acted on.
        terminal.send(b"G\x1b[A")
        terminal.quiet(0.3)
        terminal.send(b"r")
        terminal.shows("acted")  # "… cannot be acted on …", wrapped as the name needs
        terminal.send(b"y")
        look(terminal, b"?", "─ Help")
        terminal.send(b"n\x1b[B")
        terminal.shows("▌ 1 ")  # the list of nodes has the cursor
        terminal.send(b"\x1b")
        terminal.quiet(1.0)
        look(terminal, b"\x10", "Search")
        look(terminal, b"a", "Add a node", "ctrl+s save")
        look(terminal, b"L", "password", "enter log in")
        terminal.send(b"/alert_mgr\r")
        terminal.quiet(0.5)
        terminal.send(b"r")
        terminal.asks("Cancel", "y restarts")
        terminal.send(b"n")
        terminal.resize(60, 20)
        terminal.shows("alert_mgr", "odd")
        leave(terminal)
    assert not server.posts


@pytest.mark.parametrize("what", ["body", "reason", "header", "redirect", "garbage"])
def test_errors_are_written_as_text_alone(what: str, tmp_path: Path) -> None:
    text = "".join(TEXTS[:13])
    raw = text.replace("\r", "").replace("\n", "").encode("latin-1", "replace")
    bad = {
        "body": answer(json.dumps({"error_code": text, "description": text}), 500),
        "reason": b"HTTP/1.1 500 " + raw + b"\r\nContent-Length: 0\r\n\r\n",
        "header": b"HTTP/1.1 503 No\r\nRetry-After: " + raw + b"\r\nContent-Length: 0\r\n\r\n",
        "redirect": b"HTTP/1.1 302 No\r\nLocation: //" + raw + b"\r\nContent-Length: 0\r\n\r\n",
        "garbage": raw + b"\r\n\r\n",
    }[what]
    with (
        serving(routes({"/v1/local/services": bad})) as server,
        deck(server.url, tmp_path) as terminal,
    ):
        terminal.until(lambda: "next try" in terminal.text or "answer" in terminal.text.lower())
        terminal.until(lambda: server.asked or server.ended)
        terminal.quiet(0.5)
        terminal.send(b"r")
        terminal.quiet(0.3)
        leave(terminal)


def test_clicks_on_every_line_run_nothing(tmp_path: Path) -> None:
    with serving(routes(answers())) as server, deck(server.url, tmp_path) as terminal:
        terminal.shows("services 1/59 ok")
        for line in range(1, 39):
            terminal.send(b"\x1b[<0;50;%dM\x1b[<0;50;%dm" % (line, line))
        terminal.quiet(1.0)
        assert terminal.child.poll() is None
        assert "services 1/59 ok" in terminal.text
        leave(terminal)
    assert not server.posts


def test_the_output_of_a_password_command_is_not_written(tmp_path: Path) -> None:
    said = "\\033]52;c;cXVpdA==\\007\\033[2J"
    with serving(routes(answers())) as server:
        text = (
            f'[nodes.odd]\nurl = "{server.url}"\nusername = "me@x.example"\n'
            f'password_command = ["sh", "-c", "printf \'{said}\' >&2; exit 1"]\n'
        )
        write(tmp_path, text.replace("\\", "\\\\"))
        with Terminal(RSDECK, environment(tmp_path)) as terminal:
            terminal.shows("odd", "password")
            terminal.quiet(1.0)
            leave(terminal)
