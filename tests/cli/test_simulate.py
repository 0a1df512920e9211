import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import PASSWORD, USER, Command
from tui.config import profile_problems


@dataclass
class Simulator:
    """A running `rsdeck simulate` and what it said."""

    child: "subprocess.Popen[str]"
    urls: list[str]
    users: dict[str, str]
    fingerprint: str
    printed: str


def start(rsdeck: Command, *args: str) -> Simulator:
    """Start it and read all that it says at first."""
    child = rsdeck.start("simulate", *args)
    assert child.stdout is not None
    printed = ""
    while "curl" not in printed.rpartition("\n  ")[2] or not printed.endswith("\n"):
        line = child.stdout.readline()
        assert line, "it ended too soon"
        printed += line
    return Simulator(
        child,
        re.findall(r"^node \d+  (\S+)  ", printed, re.MULTILINE),
        dict(re.findall(r"^user (\S+)  password (\S+)  ", printed, re.MULTILINE)),
        re.findall(r"^fingerprint (\S+)$", printed, re.MULTILINE)[0],
        printed,
    )


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    command = Command(tmp_path_factory.mktemp("home"))
    simulator = start(command)
    yield simulator
    simulator.child.send_signal(signal.SIGTERM)
    assert command.finish(simulator.child).code == 0


@pytest.mark.real_time
def test_it_prints_addresses_users_passwords_and_the_fingerprint(simulator: Simulator) -> None:
    assert len(simulator.urls) == 3
    for url in simulator.urls:
        assert re.fullmatch(r"https://127\.0\.0\.1:\d+", url)
    assert simulator.users == {USER: PASSWORD, "viewer@demo.local": "viewer-password"}
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", simulator.fingerprint)
    assert "node 1" in simulator.printed
    assert "primary" in simulator.printed.splitlines()[0]


@pytest.mark.real_time
def test_without_spread_it_says_that_discovery_needs_it(simulator: Simulator) -> None:
    assert "discovery finds the others with --spread" in simulator.printed


@pytest.mark.real_time
def test_what_it_prints_is_true(simulator: Simulator) -> None:
    login = base64.b64encode(f"{USER}:{simulator.users[USER]}".encode()).decode()
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for url in simulator.urls:
        there = urlsplit(url)
        connection = http.client.HTTPSConnection(
            there.hostname or "", there.port, context=context, timeout=10
        )
        connection.request("GET", "/v1/local/services", headers={"Authorization": f"Basic {login}"})
        certificate = connection.sock.getpeercert(binary_form=True)
        response = connection.getresponse()
        services = json.loads(response.read())
        connection.close()
        assert response.status == 200
        assert services["redis_mgr"]["status"] == "RUNNING"
        assert f"sha256:{hashlib.sha256(certificate).hexdigest()}" == simulator.fingerprint


@pytest.mark.real_time
def test_a_profile_made_of_what_it_prints_works(rsdeck: Command, simulator: Simulator) -> None:
    fields = {
        "url": simulator.urls[0],
        "username": USER,
        "password_env": "DEMO_PASSWORD",
        "fingerprint": simulator.fingerprint,
    }
    assert profile_problems("n1", fields) == []
    rsdeck.configure(
        "[nodes.n1]\n" + "".join(f"{key} = {json.dumps(fields[key])}\n" for key in fields)
    )
    ran = rsdeck.run("status", env={"DEMO_PASSWORD": simulator.users[USER]})
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.real_time
def test_the_line_to_try_is_a_command_of_curl(simulator: Simulator) -> None:
    last = simulator.printed.splitlines()[-1]
    url = f"{simulator.urls[0]}/v1/local/services"
    assert last == f"  curl -k -u {USER}:{PASSWORD} {url}"


@pytest.mark.real_time
def test_the_number_of_nodes_and_the_first_port_may_be_chosen(rsdeck: Command) -> None:
    port = free_ports(2)
    simulator = start(rsdeck, "--nodes", "2", "--port", str(port))
    assert simulator.urls == [f"https://127.0.0.1:{port + n}" for n in range(2)]


def free_ports(count: int) -> int:
    """Find some free ports in a row and return the first."""
    for port in range(21000, 30000, 10):
        with contextlib.ExitStack() as taken:
            try:
                for number in range(count):
                    taken.enter_context(socket.create_server(("127.0.0.1", port + number)))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


@pytest.mark.real_time
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(number: signal.Signals, rsdeck: Command) -> None:
    simulator = start(rsdeck)
    simulator.child.send_signal(number)
    ran = rsdeck.finish(simulator.child, 10)
    assert (ran.code, ran.err) == (0, "")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(simulator.urls[0]).port or 0))


def test_a_port_that_is_taken_is_reported_with_what_to_do(rsdeck: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = rsdeck.run("simulate", "--port", str(port), "--nodes", "1")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"rsdeck: port {port} cannot be had on 127.0.0.1: Address already")
    assert "--port" in ran.err
    assert ran.err.count("\n") == 1


def test_a_later_port_that_is_taken_is_reported_as_well(rsdeck: Command) -> None:
    first = free_ports(3)
    with socket.create_server(("127.0.0.1", first + 2)):
        ran = rsdeck.run("simulate", "--port", str(first))
    assert (ran.code, ran.out) == (2, "")
    assert f"port {first + 2} cannot be had" in ran.err


def test_ports_beyond_the_last_are_usage(rsdeck: Command) -> None:
    ran = rsdeck.run("simulate", "--port", "65534", "--nodes", "3")
    assert (ran.code, ran.out) == (2, "")
    assert "65535" in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("args", [("--nodes", "0"), ("--nodes", "101"), ("--port", "-1"), ("x",)])
def test_numbers_out_of_bounds_are_usage(args: tuple[str, ...], rsdeck: Command) -> None:
    assert rsdeck.run("simulate", *args).code == 2


@pytest.mark.real_time
def test_it_writes_nothing_to_the_users_folders(rsdeck: Command) -> None:
    simulator = start(rsdeck)
    simulator.child.send_signal(signal.SIGTERM)
    rsdeck.finish(simulator.child)
    assert list(rsdeck.home.iterdir()) == []


@pytest.mark.real_time
def test_a_reader_that_has_gone_ends_it_without_a_traceback(rsdeck: Command) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = rsdeck.start("simulate", stdout=writing)
    os.close(writing)
    ran = rsdeck.finish(child)
    assert (ran.code, ran.err) == (141, "")


@pytest.mark.real_time
def test_spread_gives_every_node_an_address_and_all_the_same_port(rsdeck: Command) -> None:
    simulator = start(rsdeck, "--spread", "--nodes", "2")
    assert "--spread" not in simulator.printed
    hosts = [urlsplit(url) for url in simulator.urls]
    assert [one.hostname for one in hosts] == ["127.0.0.1", "127.0.0.2"]
    assert hosts[0].port == hosts[1].port
    simulator.child.send_signal(signal.SIGTERM)
    assert rsdeck.finish(simulator.child).code == 0
