"""Who may see the page and its socket, and what passes over it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tui.web.server import SESSIONS_AT_MOST, DeckServer

TOKEN = "a-token-of-this-test"
SHELL = ("sh", "-c", 'stty -echo; printf ready; while read -r l; do stty size; echo "$l"; done')
ENV = {"PATH": "/usr/bin:/bin", "TERM": "xterm"}


@asynccontextmanager
async def serving(
    command: tuple[str, ...] = SHELL,
) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    server = DeckServer(command, ENV, TOKEN)
    url = await server.start("127.0.0.1", 0)
    try:
        async with aiohttp.ClientSession() as browser:
            yield browser, url
    finally:
        await server.stop()


def origin_of(url: str) -> str:
    return url.partition(f"/{TOKEN}")[0]


async def written_until(
    socket: aiohttp.ClientWebSocketResponse, condition: Callable[[str], object]
) -> str:
    text = ""
    async with asyncio.timeout(20):
        while not condition(text):
            text += (await socket.receive_bytes()).decode()
    return text


async def test_the_page_needs_nothing_from_outside() -> None:
    async with serving() as (browser, url):
        async with browser.get(url) as answer:
            page = await answer.text()
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert not re.findall(r"https?://", page)
        for file in re.findall(r'"(static/[^"]+)"', page):
            async with browser.get(url + file) as answer:
                assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "headers", "reason"),
    [
        ("/", {}, "token"),
        ("/wrong/", {}, "token"),
        ("/wrong/ws", {"Origin": "ORIGIN"}, "token"),
        (f"/{TOKEN}/", {"Host": "deck.example.com"}, "this machine only"),
        (f"/{TOKEN}/", {"Host": "example.com@localhost"}, "this machine only"),
        (f"/{TOKEN}/", {"Host": "localhost:1@"}, "this machine only"),
        (f"/{TOKEN}/", {"Origin": "https://example.com"}, "another page"),
        (f"/{TOKEN}/ws", {}, "by the page alone"),
        (f"/{TOKEN}/ws", {"Origin": "https://example.com"}, "another page"),
        (f"/{TOKEN}/ws", {"Origin": "null"}, "another page"),
    ],
)
async def test_whoever_has_no_right_to_look_is_refused_with_the_reason(
    path: str, headers: dict[str, str], reason: str
) -> None:
    """P25."""
    async with serving() as (browser, url):
        given = {name: value.replace("ORIGIN", origin_of(url)) for name, value in headers.items()}
        async with browser.get(origin_of(url) + path, headers=given) as answer:
            assert answer.status == 403
            assert reason in await answer.text()


@pytest.mark.parametrize(
    "request_line",
    [
        "GET / HTTP/1.1\r\nHost: [",
        "OPTIONS * HTTP/1.1\r\nHost: localhost",
        "GET http://localhost HTTP/1.1\r\nHost: localhost",
    ],
)
async def test_a_request_that_no_browser_sends_is_refused_like_any_other(
    request_line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """P25: it needs no token, so it must not fill the log with tracebacks."""
    async with serving() as (_, url):
        port = int(origin_of(url).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{request_line}\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert not caplog.records


async def test_keys_and_sizes_reach_the_program_and_its_output_the_page() -> None:
    async with serving() as (browser, url):
        at = f"{url}ws?width=100&height=30"
        async with browser.ws_connect(at, origin=origin_of(url)) as socket:
            await written_until(socket, lambda text: "ready" in text)
            await socket.send_str("no JSON")
            await socket.send_json({"not": "a list"})
            await socket.send_str("[" * 60_000)
            await socket.send_json(["stdin", "first\r"])
            text = await written_until(socket, lambda text: "first" in text)
            assert "30 100" in text
            await socket.send_json(["resize", {"width": 132, "height": 43}])
            await socket.send_json(["stdin", "second\r"])
            text = await written_until(socket, lambda text: "second" in text)
            assert "43 132" in text


@pytest.mark.parametrize(
    ("asked", "given"),
    [("width=0&height=0", "5 20"), ("width=99999&height=9999", "200 500"), ("width=x", "24 80")],
)
async def test_a_size_is_bounded(asked: str, given: str) -> None:
    async with serving() as (browser, url):
        at = f"{url}ws?{asked}"
        async with browser.ws_connect(at, origin=origin_of(url)) as socket:
            await written_until(socket, lambda text: "ready" in text)
            await socket.send_json(["stdin", "look\r"])
            assert given in await written_until(socket, lambda text: "look" in text)


async def test_a_program_gets_no_other_variables() -> None:
    text = ""
    async with (
        serving(("/usr/bin/env",)) as (browser, url),
        browser.ws_connect(f"{url}ws", origin=origin_of(url)) as socket,
    ):
        async for message in socket:
            text += message.data.decode()
    names = {line.partition("=")[0] for line in text.split()}
    assert names == set(ENV)


async def test_only_so_many_run_at_once_and_a_closed_page_ends_its_program() -> None:
    async with serving() as (browser, url):
        at, origin = f"{url}ws", origin_of(url)
        open_ones = [await browser.ws_connect(at, origin=origin) for _ in range(SESSIONS_AT_MOST)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await browser.ws_connect(at, origin=origin)
        assert refused.value.status == 503
        await open_ones.pop().close()

        async def opens() -> bool:
            try:
                open_ones.append(await browser.ws_connect(at, origin=origin))
            except aiohttp.WSServerHandshakeError:
                return False
            return True

        async with asyncio.timeout(20):
            while not await opens():  # noqa: ASYNC110 - nothing announces that it has ended
                await asyncio.sleep(0.02)
        for socket in open_ones:
            await socket.close()


async def test_pages_that_open_together_are_counted_like_others() -> None:
    async with serving() as (browser, url):

        async def opened() -> int:
            try:
                await browser.ws_connect(f"{url}ws", origin=origin_of(url))
            except aiohttp.WSServerHandshakeError as refused:
                return refused.status
            return 101

        found = await asyncio.gather(*(opened() for _ in range(SESSIONS_AT_MOST + 4)))
    assert sorted(found) == [101] * SESSIONS_AT_MOST + [503] * 4


async def test_a_page_is_closed_where_its_program_ends() -> None:
    async with (
        serving(("true",)) as (browser, url),
        browser.ws_connect(f"{url}ws", origin=origin_of(url)) as socket,
        asyncio.timeout(20),
    ):
        async for _ in socket:
            pass
        assert socket.closed
