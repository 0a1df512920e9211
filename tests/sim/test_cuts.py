"""When connections are cut, that they are really reset, and that dead nodes say nothing."""

import socket
import ssl
from contextlib import contextmanager

import httpx
import pytest

from tests.cli.conftest import until
from tests.sim.conftest import ADMIN
from tui.sim.cluster import Cluster
from tui.sim.http_app import create_app
from tui.sim.server import SimulatedCluster

CARRIERS = ["envoy", "envoy_control_plane", "cnm_http"]
LOOK = (
    b"GET /v1/local/services HTTP/1.1\r\nHost: x\r\n"
    b"Authorization: Basic YWRtaW5AZGVtby5sb2NhbDpkZW1vLXBhc3N3b3Jk\r\n\r\n"
)


@pytest.fixture(params=["https", "http"])
def cluster(request):
    with SimulatedCluster(Cluster(3, pace=0.1), tls=request.param == "https") as served:
        yield served


@contextmanager
def wire(served, uid):
    """A connection of its own, on which one request was answered."""
    port = int(served.urls[uid].rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        if not served.ca_pem:
            yield answered(Wire(raw, raw))
            return
        trust = ssl.create_default_context(cadata=served.ca_pem.decode("ascii"))
        # The TCP connection is read beside TLS, which takes a reset for an end.
        with raw.dup() as beside, trust.wrap_socket(raw, server_hostname="localhost") as safe:
            yield answered(Wire(safe, beside))


class Wire:
    def __init__(self, connection, raw):
        self.sendall, self.recv, self.settimeout = (
            connection.sendall,
            connection.recv,
            connection.settimeout,
        )
        self.raw = raw


def answered(connection):
    assert look(connection).startswith(b"HTTP/1.1 200")
    return connection


def look(connection):
    connection.sendall(LOOK)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split()[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head


def is_reset(connection):
    connection.raw.settimeout(3)
    with pytest.raises(ConnectionResetError):
        connection.raw.recv(1)
    return True


def is_whole(connection, seconds=0.2):
    connection.raw.settimeout(seconds)
    with pytest.raises(TimeoutError):
        connection.raw.recv(1)
    connection.settimeout(3)
    return look(connection).startswith(b"HTTP/1.1 ")


def answers(served, uid):
    """Whether a new connection to a node is taken, kept and answered on."""
    try:
        with wire(served, uid) as connection:
            return is_whole(connection)
    except OSError:
        return False


def order(served, uid, operation, *services):
    with httpx.Client(verify=False, trust_env=False, timeout=30, auth=ADMIN) as client:  # noqa: S501 - the simulator's certificate is its own
        return client.post(
            served.urls[uid] + "/v1/local/services",
            json={"operation_type": operation, "services": list(services)},
        )


def test_dropped_connections_are_reset(cluster):
    with wire(cluster, 1) as first, wire(cluster, 2) as other:
        cluster.drop_connections(1)
        assert is_reset(first)
        assert is_whole(other)


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("operation", ["stop", "restart"])
def test_an_operation_on_a_carrier_resets_the_nodes_connections(cluster, carrier, operation):
    with wire(cluster, 2) as here, wire(cluster, 1) as other:
        with pytest.raises(httpx.TransportError):
            order(cluster, 2, operation, carrier)
        assert is_reset(here)
        assert is_whole(other)
    assert cluster.cluster.requests[-2].status == 0


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_refused_or_ignored_operation_on_a_carrier_cuts_nothing(cluster, carrier):
    with wire(cluster, 2) as here:
        cluster.cluster.refuse_next(2, carrier)
        assert order(cluster, 2, "restart", carrier).json() == {carrier: False}
        cluster.cluster.ignore_next(2, carrier)
        assert order(cluster, 2, "restart", carrier).json() == {carrier: True}
        assert is_whole(here)


def test_an_unknown_name_cuts_nothing_and_no_start_does(cluster):
    with wire(cluster, 2) as here:
        assert order(cluster, 2, "restart", "envoy_2").json() == {"envoy_2": False}
        assert order(cluster, 2, "start", *CARRIERS).json() == dict.fromkeys(CARRIERS, True)
        assert is_whole(here)


def test_a_carried_out_operation_cuts_even_beside_a_refused_one(cluster):
    cluster.cluster.refuse_next(2, "alert_mgr")
    with pytest.raises(httpx.TransportError):
        order(cluster, 2, "restart", "alert_mgr", "nope", "envoy_control_plane")


def test_an_operation_for_the_primary_cuts_the_primary_and_not_the_redirecting_node(cluster):
    cluster.cluster.handle_redirects = True
    with wire(cluster, 1) as primary, wire(cluster, 2) as here:
        with httpx.Client(verify=False, trust_env=False, auth=ADMIN) as client:  # noqa: S501 - the simulator's certificate is its own
            answer = client.post(
                cluster.urls[2] + "/v1/services",
                json={"operation_type": "restart", "services": ["envoy"]},
            )
        assert answer.json() == {"envoy": True}
        assert is_reset(primary)
        assert is_whole(here)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_restart_by_command_cuts_as_an_operation_does(cluster, carrier):
    with wire(cluster, 2) as here, wire(cluster, 1) as other:
        cluster.cluster.restart(2, carrier)
        assert is_reset(here)
        assert is_whole(other)


def test_a_restart_of_the_control_plane_cuts_once_and_later_connections_live(cluster):
    with wire(cluster, 2) as before:
        cluster.cluster.restart(2, "envoy_control_plane")
        assert is_reset(before)
    with wire(cluster, 2) as later:
        assert is_whole(later, seconds=0.5)
    assert cluster.cluster.process(2, "envoy_control_plane").state == "RUNNING"


def test_each_restart_is_one_cut_however_many_carriers_it_names():
    cluster = Cluster(2)
    cuts = []
    cluster.when_cut(2, lambda: cuts.append(2))
    cluster.restart(2, "envoy_control_plane")
    assert cuts == [2]
    cluster.operate(2, "restart", ["cnm_http", "envoy", "envoy"])
    assert cuts == [2, 2]
    cluster.restart(1, "envoy")
    cluster.restart(2, "alert_mgr")
    assert cuts == [2, 2]


def test_a_node_without_power_resets_what_is_open_and_refuses_what_is_new(cluster):
    with wire(cluster, 2) as here:
        cluster.cluster.power_off(2)
        assert is_reset(here)
    with pytest.raises(OSError, match=r"refused|reset"), wire(cluster, 2):
        pass
    cluster.cluster.power_on(2)
    until(lambda: answers(cluster, 2))


@pytest.mark.parametrize("death", ["power_off", "stop"])
def test_a_dead_node_answers_nothing_even_at_once(cluster, death):
    with wire(cluster, 2) as here:
        if death == "stop":
            cluster.cluster.stop(2, "envoy")
        else:
            cluster.cluster.power_off(2)
        here.settimeout(2)
        with pytest.raises(OSError):  # noqa: PT011 - reset, broken pipe, or TLS's word for it
            look_once(here)
    assert len(cluster.cluster.requests) == 1


def look_once(connection):
    connection.sendall(LOOK)
    if not connection.recv(1):
        raise ConnectionResetError


@pytest.mark.parametrize("death", ["power_off", "stop", "crash"])
async def test_the_application_itself_says_nothing_for_a_dead_node(clock, death):
    cluster = Cluster(2, clock=clock)
    aborted = []
    app = create_app(cluster, 2, lambda: aborted.append(2))
    if death == "stop":
        cluster.stop(2, "envoy")
    elif death == "crash":
        cluster.crash_loop(2, "envoy", every=1)
        clock.after(1.1)
    else:
        cluster.power_off(2)
    printed = await messages_of(app)
    assert not printed
    assert aborted
    assert not cluster.requests


async def test_an_answer_in_the_making_when_the_node_dies_is_not_sent(clock):
    cluster = Cluster(2, clock=clock)
    printed = await messages_of(
        create_app(cluster, 2), before_the_body=lambda: cluster.power_off(2)
    )
    assert not printed


async def test_an_operation_that_ends_the_proxy_without_a_stop_is_not_answered(clock):
    cluster = Cluster(2, clock=clock)
    cluster.set_status(2, "envoy", "FATAL")
    aborted = []
    app = create_app(cluster, 2, lambda: aborted.append(2))
    body = b'{"operation_type": "start", "services": ["envoy"]}'
    assert not await messages_of(app, body, method="POST")
    assert aborted == [2]
    assert cluster.requests[-1].status == 0


async def test_an_incomplete_operation_is_not_carried_out(clock):
    cluster = Cluster(2, clock=clock)
    body = b'{"operation_type": "stop", "services": ["alert_mgr"]}'
    assert not await messages_of(create_app(cluster, 2), body, method="POST", more_body=True)
    assert cluster.services(2)["alert_mgr"]["status"] == "RUNNING"
    assert not cluster.requests


async def messages_of(
    app, body=b"", *, method="GET", more_body=False, before_the_body=lambda: None
):
    asked = {"type": "http.request", "body": body, "more_body": more_body}
    messages = iter([asked, {"type": "http.disconnect"}])
    printed = []

    async def receive():
        message = next(messages)
        if message is asked:
            before_the_body()
        return message

    async def send(message):
        printed.append(message)

    login = b"Basic YWRtaW5AZGVtby5sb2NhbDpkZW1vLXBhc3N3b3Jk"
    headers = [(b"authorization", login), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": method, "path": "/v1/local/services", "query_string": b""}
    await app({**scope, "headers": headers}, receive, send)
    return printed
