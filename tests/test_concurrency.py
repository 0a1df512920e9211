import asyncio
import socket
import threading
import time

import pytest

from tests.faultserver import always, serving
from tui import concurrency
from tui.api.errors import Unreachable


@pytest.fixture
def hanging(monkeypatch):
    """Make every name that ends in .hang hang, and count who asks."""
    release, asked = threading.Event(), []
    real = socket.getaddrinfo

    def slow(host, *more, **named):
        asked.append(host)
        if str(host).endswith(".hang"):
            release.wait(10)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return real(host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    yield asked
    release.set()


async def test_names_that_hang_delay_no_other_and_end_at_their_deadline(connect, hanging):
    """P15, case 27."""
    with serving(always()) as server:
        dead = [connect(f"https://n{i}.hang:9443", timeout=0.4).services() for i in range(12)]
        waiting = [asyncio.create_task(one) for one in dead]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        named = connect(f"http://localhost:{server.port}")
        assert await named.services() == ()
        assert time.monotonic() - began < 0.3
        for one in waiting:
            with pytest.raises(Unreachable, match="while its name was looked up"):
                await one


async def test_a_name_that_hangs_is_looked_up_once_for_all_who_ask(hanging):
    """Case 27."""
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await concurrency.resolve_host("one.hang")
    assert hanging == ["one.hang"]
    threads = [one for one in threading.enumerate() if one.name == "rsdeck-name"]
    assert threads
    assert all(one.daemon for one in threads)


async def test_an_address_is_not_looked_up(hanging):
    for address in ("10.0.0.1", "::1", "[fe80::1]"):
        await concurrency.resolve_host(address)
    assert hanging == []


async def test_what_cannot_be_a_name_is_no_such_name():
    with pytest.raises(socket.gaierror):
        await concurrency.resolve_host("a" * 70 + ".example")
