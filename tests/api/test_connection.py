"""What one connection sends, and which answers count: those of now, and none of one that ended."""

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.faultserver import Peer, always, answer, serving
from tui.api.auth import LoginHabit, OutdatedAuthorization, Session
from tui.api.client import NodeOperator
from tui.api.connection import Connection, NoGuard
from tui.api.errors import ApiError, LoginRefused, Unreachable
from tui.api.http_transport import Authorization, HiddenText
from tui.api.request_gate import BOOTSTRAP, SERVICES
from tui.model.login import LoginWay
from tui.model.trust import NoTrust

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


async def test_a_request_is_that_of_before_only_while_its_path_and_authorization_are() -> None:
    sent = [
        (SERVICES, Authorization("JWT", first := HiddenText("first"))),
        (SERVICES, Authorization("JWT", HiddenText("second"))),
        (SERVICES, Authorization("Bearer", first)),
        (BOOTSTRAP, again := Authorization("JWT", first)),
        (BOOTSTRAP, again),
        (SERVICES, again),
        (SERVICES, None),
    ]
    with serving(always(answer(OLD))) as server:
        connection = Connection("node1", server.url, NoTrust(), 5.0)
        for path, authorization in sent:
            await connection.get(path, authorization)
        await connection.aclose()
    assert [(one.path, one.headers.get("authorization")) for one in server.asked] == [
        (path, authorization and authorization.header()) for path, authorization in sent
    ]


def test_a_token_is_authorized_under_the_scheme_of_now_and_by_one_object_until_it_changes() -> None:
    session = Session("admin", HiddenText("secret"), LoginHabit(LoginWay.JWT))
    session.keep(HiddenText("first"), 0.0)
    kept = session.token_authorization()
    assert session.token_authorization() is kept
    assert session.switch_scheme()
    assert session.token_authorization().header() == "Bearer first"
    session.keep(HiddenText("second"), 0.0)
    assert session.token_authorization().header() == "Bearer second"
    assert session.token is not None
    session.drop(session.token)
    with pytest.raises(OutdatedAuthorization):
        session.token_authorization()


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
