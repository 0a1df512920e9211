"""The server behind `rsdeck serve`: one page, its files, and a socket to a terminal.

Who knows the token in the URL may look; the address is loopback, and requests whose Host or Origin
is another one are refused, so that no other page in the same browser can reach it. The page is
textual-serve's terminal (xterm.js); what it speaks over the socket is that package's protocol.
"""

import asyncio
import importlib.util
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template

from aiohttp import WSMsgType, web
from aiohttp.typedefs import Handler

from tui.web.terminal import TerminalProcess

SESSIONS_AT_MOST = 4
"""How many decks run at once: each polls the nodes for itself."""

_LOOPBACK = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)
_PAGE = Path(__file__).with_name("page.html")
_COLUMNS, _ROWS = range(20, 501), range(5, 201)
_MESSAGE_AT_MOST = 65_536
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline'; connect-src 'self' ws:",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class DeckServer:
    """Serves a program in a browser's page. `env` are all the variables that it gets."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], token: str) -> None:
        self._command = tuple(command)
        self._env = dict(env)
        self._token = token
        self._sessions = 0
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the page's URL. Raises OSError."""
        app = web.Application(middlewares=[self._check])
        app.add_routes(
            [
                web.get(f"/{self._token}/", self._show_page),
                web.get(f"/{self._token}/ws", self._open_session),
                web.static(f"/{self._token}/static", _static_files()),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        address = self._runner.addresses[0]
        place = f"[{address[0]}]" if ":" in address[0] else address[0]
        return f"http://{place}:{address[1]}/{self._token}/"

    async def stop(self) -> None:
        """End every session, and stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        reason = _refusal(request, self._token)
        if reason:
            return web.Response(status=403, text=f"{reason}\n", headers=_HEADERS)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    async def _show_page(self, request: web.Request) -> web.Response:
        text = Template(_PAGE.read_text("utf-8")).substitute(
            websocket_url=f"ws://{request.host}/{self._token}/ws", font_size=15
        )
        return web.Response(text=text, content_type="text/html")

    async def _open_session(self, request: web.Request) -> web.StreamResponse:
        if self._sessions >= SESSIONS_AT_MOST:
            text = f"{SESSIONS_AT_MOST} decks are open already: close one\n"
            return web.Response(status=503, text=text)
        socket = web.WebSocketResponse(heartbeat=15, max_msg_size=_MESSAGE_AT_MOST)
        size = _size(request.query.get("width"), request.query.get("height"))
        # Before anything is awaited: others may open meanwhile.
        self._sessions += 1
        try:
            await socket.prepare(request)
            terminal = await TerminalProcess.start(self._command, self._env, size)
            showing = asyncio.create_task(_show(terminal, socket))
            try:
                await _type(socket, terminal)
            finally:
                await terminal.end()
                await showing
                terminal.close()
        finally:
            self._sessions -= 1
        return socket


def _refusal(request: web.Request, token: str) -> str:
    """Return why a request is refused; empty where it is not."""
    if not _LOOPBACK.fullmatch(request.host):
        return "refused: this page is served to this machine only (see ssh -L)"
    if not request.path.startswith(f"/{token}/"):
        return (
            "refused: the token is missing or does not match; use the URL that rsdeck serve printed"
        )
    origin = request.headers.get("Origin")
    if origin is None and request.path.endswith("/ws"):
        return "refused: a socket is opened by the page alone"
    if origin is not None and origin != f"http://{request.host}":
        return "refused: requested by another page"
    return ""


async def _show(terminal: TerminalProcess, socket: web.WebSocketResponse) -> None:
    """Send what the program writes, until it ends or the page is closed."""
    while written := await terminal.read():
        if socket.closed:
            continue  # what is still written is read, so that the program can end
        try:
            await socket.send_bytes(written)
        except ConnectionError:
            continue
    await socket.close()


async def _type(socket: web.WebSocketResponse, terminal: TerminalProcess) -> None:
    """Pass on what the page sends, until it is closed; odd messages are dropped."""
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            continue
        try:
            kind, value = json.loads(message.data)
        except (ValueError, TypeError, RecursionError):
            continue
        if kind == "stdin" and isinstance(value, str):
            terminal.write(value.encode("utf-8", "replace"))
        elif kind == "resize" and isinstance(value, dict):
            terminal.resize(_size(value.get("width"), value.get("height")))
        elif kind == "ping":
            await socket.send_json(["pong", value])


def _size(width: object, height: object) -> tuple[int, int]:
    """Return a size in (columns, rows), bounded; 80x24 where the page sent none."""
    size = []
    for value, bounds, usual in ((width, _COLUMNS, 80), (height, _ROWS, 24)):
        is_number = str(value).isascii() and str(value).isdigit() and len(str(value)) < 6
        number = int(str(value)) if is_number else usual
        size.append(min(max(number, bounds.start), bounds.stop - 1))
    return size[0], size[1]


def _static_files() -> Path:
    """Return the folder of textual-serve's page; ModuleNotFoundError where it is not installed."""
    spec = importlib.util.find_spec("textual_serve")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(name="textual-serve")
    return Path(spec.submodule_search_locations[0]) / "static"
