"""A connection that ends as it begins is a trouble of its node, and nothing more."""

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faultserver import Peer, always, answer, serving
from tui.api.client import NodeOperator
from tui.api.connection import NoGuard
from tui.api.errors import ApiError, LoginRefused, Unreachable

OLD = '{"ccs": {"status": "RUNNING"}}'
NEW = '{"ccs": {"status": "STOPPED"}}'


@contextmanager
def resetting() -> Iterator[str]:
    """Serve an address whose connections are reset as they are accepted."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


async def test_a_node_that_resets_each_connection_at_once_is_in_trouble(
    connect: Callable[..., NodeOperator],
) -> None:
    with resetting() as url:
        reader = connect(url)
        for _ in range(50):
            with pytest.raises(ApiError):
                await reader.services()


class Sleeper:
    """A machine that sleeps while a node's answer lies in its socket."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._asleep = 0.0
        self._clock = time.clock_gettime
        monkeypatch.setattr(time, "clock_gettime", self._now)

    def _now(self, clock: int) -> float:
        return self._clock(clock) + (self._asleep if clock == time.CLOCK_BOOTTIME else 0.0)

    def before_answers(self, seconds: float, *answers: bytes) -> Callable[[Peer], None]:
        """Answer each request of a connection, the first of them before the machine slept."""

        def play(peer: Peer) -> None:
            for body in answers:
                if peer.read() is None:
                    return
                self._asleep += seconds
                peer.send(body)

        return play


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_an_answer_of_before_the_machine_slept_is_not_taken_for_one_of_now(
    connect: Callable[..., NodeOperator], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be hours old, and the request is sent again on a new connection. P18."""
    sleeper = Sleeper(monkeypatch)
    with serving(sleeper.before_answers(7200, answer(OLD), answer(OLD)), always(NEW)) as server:
        (service,) = await connect(server).services()
        assert service.status == "STOPPED"
    assert (server.connections, len(server.asked)) == (2, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_an_answer_is_requested_once_where_the_machine_slept_before_it_or_for_a_moment(
    connect: Callable[..., NodeOperator], monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = Sleeper(monkeypatch)
    with serving(sleeper.before_answers(1, answer(OLD), answer(NEW))) as server:
        reader = connect(server)
        await reader.services()
        sleeper._asleep += 7200
        (service,) = await reader.services()
        assert service.status == "STOPPED"
    assert (server.connections, len(server.asked)) == (1, 2)


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_a_refusal_of_before_the_machine_slept_is_believed(
    connect: Callable[..., NodeOperator], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent again, the password could be refused again."""
    sleeper = Sleeper(monkeypatch)
    with (
        serving(sleeper.before_answers(7200, answer("no", 401)), always(NEW)) as server,
        pytest.raises(LoginRefused),
    ):
        await connect(server).services()
    assert len(server.asked) == 1


class KeepingGuard(NoGuard):
    """A guard that keeps what it is called with, in order."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def before_password(self, *, is_certain: bool = True) -> None:
        self.calls.append("password")

    def after_request(self, *, unanswered: bool) -> None:
        self.calls.append("no answer" if unanswered else "answer")


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_a_password_that_was_answered_before_the_machine_slept_is_no_try_without_an_answer(
    connect: Callable[..., NodeOperator], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard counts one that is sent again before its request has ended."""
    sleeper, guard = Sleeper(monkeypatch), KeepingGuard()
    with serving(sleeper.before_answers(7200, answer(OLD)), always(NEW)) as server:
        await connect(server, guard=guard).services()
    assert guard.calls == ["password", "answer", "password", "answer"]


@pytest.mark.skipif(sys.platform != "linux", reason="CLOCK_BOOTTIME is Linux's")
async def test_an_answer_to_a_request_that_was_sent_again_is_not_taken_either_if_the_machine_slept(
    connect: Callable[..., NodeOperator], monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper = Sleeper(monkeypatch)
    slept = sleeper.before_answers(7200, answer(OLD))
    with serving(slept, slept, always(NEW)) as server:
        reader = connect(server)
        with pytest.raises(
            Unreachable, match="this machine slept for 2 h before its answer was read"
        ):
            await reader.services()
        (service,) = await reader.services()
        assert service.status == "STOPPED"
    assert (server.connections, len(server.asked)) == (3, 3)
