"""One lock for one node: a reading and an order, or two of either, never mix."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.faultserver import Peer, serving
from tests.fleet.conftest import LIST, TIMEOUT, Play, keeping, profile, said
from tests.later_answers import unseen
from tui.api.errors import Garbled
from tui.credentials import Secret
from tui.fleet.login.shared_login import Login, LoginStopped
from tui.fleet.polling.node_connection import NodeConnection, check_services_answer
from tui.model.login import LoginWay, PasswordCause
from tui.model.service import Service


def connection_to(url: str, **more: Any) -> NodeConnection:
    node = profile(url, **more)
    return NodeConnection(node, Login.of(node), keeping([node]), TIMEOUT, lambda: False)


READABLE = Service("ccs", "RUNNING", None)
NOTED = replace(READABLE, name="odd", note="no status")


@pytest.mark.parametrize("services", [(READABLE,), (READABLE, NOTED)])
def test_an_answer_with_one_service_that_can_be_read_is_one(services: tuple[Service, ...]) -> None:
    assert check_services_answer(services, "node1") is services


def test_an_answer_in_which_uptimes_alone_went_on_is_checked_without_a_look_at_one() -> None:
    later = unseen((READABLE, READABLE))
    assert check_services_answer(later, "node1") is later


@pytest.mark.parametrize(
    ("services", "text"),
    [
        ((), "node1 listed no services at all"),
        ((NOTED, NOTED), "node1 listed no service that can be read: no status"),
    ],
)
def test_an_answer_without_a_service_is_no_node_without_services(
    services: tuple[Service, ...], text: str
) -> None:
    """What was known before stays: all services did not go at once."""
    with pytest.raises(Garbled) as caught:
        check_services_answer(services, "node1")
    assert str(caught.value).startswith(text)


async def test_who_wants_the_connection_waits_until_the_one_before_has_its_answer() -> None:
    """P24."""
    play, order = Play(), list[str]()
    listed = said(play.services)

    def slowly(peer: Peer) -> None:
        order.append("request")
        peer.server.closing.wait(0.05)
        order.append("answer")
        peer.send(listed)

    play.get(LIST, slowly)
    with serving(play) as server:
        connection = connection_to(server.url)

        async def poll() -> None:
            async with connection.hold() as reader:
                await reader.services()

        await asyncio.gather(*(poll() for _ in range(4)))
        await connection.shut()
        assert order == ["request", "answer"] * 4
        assert server.connections == 1


async def test_a_connection_that_is_shut_while_it_is_held_closes_after_the_answer() -> None:
    with serving(Play()) as server:
        connection = connection_to(server.url)
        async with connection.hold() as reader:
            shutting = asyncio.create_task(connection.shut())
            await asyncio.sleep(0)
            assert not shutting.done()
            assert len(await reader.services()) == 2
        await shutting
        assert connection._client is None


async def test_a_holder_that_fails_gives_the_connection_back() -> None:
    with serving(Play()) as server:
        connection = connection_to(server.url)
        with pytest.raises(ZeroDivisionError):
            async with connection.hold():
                raise ZeroDivisionError
        async with connection.hold() as reader:
            assert len(await reader.services()) == 2
        await connection.shut()


async def test_who_finds_the_login_stopped_gives_the_connection_back() -> None:
    with serving(Play()) as server:
        connection = connection_to(server.url)
        connection._login.stop("the password was refused", refused=True)
        for _ in range(2):
            with pytest.raises(LoginStopped, match="the password was refused"):
                async with connection.hold():
                    pytest.fail("it was held")
        connection._login.renew(Secret("another"))
        async with connection.hold() as reader:
            assert len(await reader.services()) == 2
        await connection.shut()


@pytest.mark.parametrize(
    ("way", "cause"),
    [
        (LoginWay.BASIC, PasswordCause.CONFIGURED),
        (LoginWay.AUTO, PasswordCause.NO_TOKEN),
    ],
)
async def test_why_polls_carry_the_password_is_known_once_one_did_and_until_it_is_shut(
    way: LoginWay, cause: PasswordCause
) -> None:
    with serving(Play()) as server:
        connection = connection_to(server.url, login=way)
        assert connection.password_cause is None
        async with connection.hold() as reader:
            await reader.services()
            connection.prove()
        assert connection.password_cause is cause
        assert connection._login.password_polling(cause).nodes == 1
        await connection.shut()
        assert connection.password_cause is None
        assert connection._login.password_polling(cause).nodes == 0


async def test_a_new_password_is_sent_by_a_new_client_and_the_old_one_is_closed() -> None:
    """P24: what was opened with the one before carries it no more."""
    with serving(Play()) as server:
        connection = connection_to(server.url)
        async with connection.hold() as first:
            await first.services()
        async with connection.hold() as same:
            assert same is first
        connection._login.renew(Secret("another"))
        async with connection.hold() as second:
            assert second is not first
            await second.services()
        await connection.shut()
        assert len({one.headers["authorization"] for one in server.asked}) == 2


async def test_a_connection_that_was_shut_is_kept_open_for_no_later_use() -> None:
    with serving(Play()) as server:
        connection = connection_to(server.url)
        await connection.shut()
        async with connection.hold() as reader:
            assert len(await reader.services()) == 2
        assert connection._client is None
