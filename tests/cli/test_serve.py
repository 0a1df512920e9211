"""`rsdeck serve`: what it refuses, what its decks get, and the deck in a real browser."""

import asyncio
import base64
import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import aiohttp
import pyte
import pytest

from tests.cli.conftest import Command
from tui.cli.serve import deck_environment
from tui.config import load
from tui.sim.server import SimulatedCluster

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
COLUMNS, ROWS = 240, 100


def test_without_a_node_there_is_nothing_to_serve(rsdeck: Command) -> None:
    rsdeck.configure("")
    ran = rsdeck.run("serve", "--port", "0")
    assert ran.code == 2
    assert "no node yet" in ran.err


@pytest.mark.real_time
def test_without_its_extra_the_command_says_what_to_install(known: Command) -> None:
    ran = known.run_process("serve", argv=known.without("aiohttp"))
    assert ran.code == 2
    assert "pip install 'rsdeck[web]'" in ran.err


def test_a_deck_gets_the_folders_and_its_passwords_and_no_other_variable(
    rsdeck: Command,
) -> None:
    """P25."""
    path = rsdeck.configure(
        '[nodes.a]\nurl = "https://127.0.0.1:9"\nusername = "u"\npassword_env = "A_PASSWORD"\n'
    )
    environ = {
        "HOME": "/home/u",
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "XDG_CONFIG_HOME": "/c",
        "A_PASSWORD": "secret",
        "AWS_SECRET_ACCESS_KEY": "other",
        "SSH_AUTH_SOCK": "/s",
        "VAULT_ADDR": "v",
        "TERM": "dumb",
    }
    env = deck_environment(environ, load(path, must_exist=True), ("VAULT_ADDR",))
    assert env == {
        "HOME": "/home/u",
        "PATH": "/bin",
        "LC_ALL": "C.UTF-8",
        "XDG_CONFIG_HOME": "/c",
        "A_PASSWORD": "secret",
        "VAULT_ADDR": "v",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }


class Page:
    """A page of a real Chromium: what its socket brought is shown in a terminal model."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    async def call(self, method: str, **params: Any) -> None:
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": params})

    async def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, **text)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                await self._receive()

    async def has_focus(self) -> None:
        """Wait until what is typed goes to the terminal."""
        expression = "document.activeElement.className.includes('xterm')"
        async with asyncio.timeout(60):
            while True:
                await self.call("Runtime.evaluate", expression=expression)
                while (message := await self._receive()).get("id") != self._number:
                    pass
                if message["result"]["result"]["value"]:
                    return

    async def _receive(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads((await self._socket.receive()).data)
        if message.get("method") == "Network.webSocketFrameReceived":
            frame = message["params"]["response"]
            if frame["opcode"] == 2:
                self._stream.feed(base64.b64decode(frame["payloadData"]))
        assert message.get("method") != "Inspector.targetCrashed"
        return message


@pytest.mark.real_time
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
async def test_a_real_browser_shows_the_table_and_sends_no_action(
    known: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    """P25."""
    server = known.start("serve", "--port", "0")
    assert server.stderr is not None
    line = await asyncio.to_thread(server.stderr.readline)
    (url,) = re.findall(r"http://\S+", line)
    try:
        await _look(url, tmp_path / "browser")
    finally:
        server.terminate()
        ran = await asyncio.to_thread(known.finish, server)
    assert ran.code == 0
    posts = {request.path for request in served.cluster.requests if request.method == "POST"}
    assert posts <= {"/v1/users/authorize"}  # the login


async def _look(url: str, profile: Path) -> None:
    """See the table in a browser, try to restart a service, and open the help."""
    log = profile.with_suffix(".log")
    with log.open("wb") as written:
        browser = await _browser(profile, written)
    try:
        page_socket = await _page_of(log)
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(page_socket, max_msg_size=0) as socket,
        ):
            page = Page(socket)
            await page.call("Network.enable")
            await page.call("Page.navigate", url=url)
            words = ("alert_mgr", "RUNNING", "READ-ONLY")
            await page.until(lambda: all(word in page.text for word in words))
            # Chromium 150 crashes now and then where this comes before the page.
            await page.call("Emulation.setFocusEmulationEnabled", enabled=True)
            await page.has_focus()
            await page.press("r")
            await page.press("y")
            await page.press("?")
            await page.until(lambda: "esc close" in page.text)
            assert "operation_type" not in page.text
    finally:
        browser.kill()
        await browser.wait()


async def _browser(profile: Path, log: BinaryIO) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(CHROMIUM or "", "--headless=new", "--no-sandbox", "--disable-gpu"),
        *("--disable-dev-shm-usage", "--remote-debugging-port=0"),
        *(f"--user-data-dir={profile}", "--window-size=1400,900", "about:blank"),
        stderr=log,
        stdout=asyncio.subprocess.DEVNULL,
    )


async def _page_of(log: Path) -> str:
    """Return the socket by which the page of the browser that writes a log is driven."""
    at = f"http://{await asyncio.to_thread(_address_in, log)}/json/list"
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            async with session.get(at) as answer:
                pages = [one for one in await answer.json() if one["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])


def _address_in(log: Path) -> str:
    """Wait for the address by which a browser is driven; it writes it into its log."""
    end = time.monotonic() + 60
    while not (found := re.search(rb"ws://([^/\s]+)/", log.read_bytes())):
        assert time.monotonic() < end, log.read_text("utf-8", "replace")
        time.sleep(0.02)
    return found.group(1).decode()
