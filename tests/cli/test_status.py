import contextlib
import io
import json
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from tests.cli.conftest import PASSWORD, USER, WRONG, Command, profiles, until
from tests.credentials.conftest import write_keyring
from tests.faultserver import Peer, answer, once, routes, serving
from tests.fleet.conftest import profile
from tui.cli.color import uses_color
from tui.cli.status_report import unknown_kinds
from tui.fleet.node_status import NodeStatus
from tui.model.filters import ServiceKinds
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

COUNT = 32
HOSTILE = "evil\x1b[31m\u202e\x9b\n漢字"


def canary(rsdeck: Command, served: SimulatedCluster, **more: Any) -> None:
    rsdeck.configure(profiles(served, 'password_env = "DEMO_PASSWORD"', **more))
    rsdeck.env["DEMO_PASSWORD"] = WRONG


# All well


def test_all_well_is_a_line_a_node_and_exit_code_0(known: Command) -> None:
    ran = known.run("status")
    assert (ran.code, ran.err) == (0, "")
    assert ran.rows == [[f"node{n}", f"{COUNT}/{COUNT}", "ok"] for n in (1, 2, 3)]


def test_all_lists_every_service(known: Command) -> None:
    ran = known.run("status", "--all")
    assert ran.code == 0
    assert ran.err == ""
    assert ran.out.splitlines()[0].split() == ["NODE", "SERVICE", "STATUS", "UPTIME", "KIND"]
    assert len(ran.rows) == 3 * COUNT
    assert [row[0] for row in ran.rows] == [f"node{n}" for n in (1, 2, 3) for _ in range(COUNT)]
    assert {row[2] for row in ran.rows} == {"RUNNING", "EXITED"}


def test_only_the_named_nodes_are_polled_and_shown_in_the_sequence_of_the_configuration(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run("status", "node3", "node1", "node3")
    assert ran.code == 0
    assert [row[0] for row in ran.rows] == ["node1", "node3"]
    assert {one.uid for one in served.cluster.requests} == {1, 3}


def test_the_table_says_uptime_in_days_and_clock_and_what_is_optional(known: Command) -> None:
    out = known.run("status", "node1", "--all").out
    assert re.search(r"^node1  alert_mgr +RUNNING  3d \d\d:\d\d:\d\d  optional$", out, re.MULTILINE)
    assert re.search(r"^node1  ccs +RUNNING  3d \d\d:\d\d:\d\d  required$", out, re.MULTILINE)
    assert re.search(r"^node1  start_redis_servers +EXITED   -  +required$", out, re.MULTILINE)


def test_status_only_ever_gets(known: Command, served: SimulatedCluster) -> None:
    """P1."""
    known.run("status")
    sent = {one.path for one in served.cluster.requests if one.method != "GET"}
    assert sent <= {"/v1/users/authorize"}


# JSON


def test_json_is_one_object_of_exactly_this_shape(known: Command, served: SimulatedCluster) -> None:
    served.cluster.stop(1, "mdns_server")
    ran = known.run("status", "node1", "--json")
    assert ran.code == 1
    assert ran.err == ""
    assert json.loads(ran.out).keys() == {"nodes", "error"}
    assert json.loads(ran.out)["error"] is None
    (node,) = ran.nodes
    assert list(node) == [
        "node",
        "url",
        "reachable",
        "error",
        "kinds_error",
        "maintenance",
        "services",
    ]
    assert node["node"] == "node1"
    assert node["url"] == served.urls[1]
    assert node["reachable"] is True
    assert node["error"] is None
    services = {one["name"]: one for one in node["services"]}
    assert len(services) == COUNT
    for one in services.values():
        assert list(one) == ["name", "status", "start_time", "uptime_seconds", "kind", "problem"]
    assert [name for name, one in services.items() if one["problem"]] == ["mdns_server"]
    ccs = services["ccs"]
    assert ccs["status"] == "RUNNING"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ccs["start_time"])
    assert isinstance(ccs["uptime_seconds"], int)
    assert ccs["kind"] == "required"
    assert services["alert_mgr"]["kind"] == "optional"


def test_a_service_without_times_has_null_in_json(known: Command) -> None:
    (node,) = known.run("status", "node1", "--json").nodes
    (one,) = (one for one in node["services"] if one["name"] == "start_redis_servers")
    assert one["status"] == "EXITED"
    assert one["start_time"] is None
    assert one["uptime_seconds"] is None


def test_json_shows_a_node_that_could_not_be_polled_beside_the_others(
    known: Command, served: SimulatedCluster
) -> None:
    served.power_off(2)
    ran = known.run("status", "--json")
    assert ran.code == 3
    assert [node["reachable"] for node in ran.nodes] == [True, False, True]
    assert ran.nodes[1]["services"] == []
    error = ran.nodes[1]["error"]
    assert (error["code"], error["node"], error["retryable"]) == ("unreachable", "node2", True)
    assert "refused the connection" in error["message"]
    assert json.loads(ran.out)["error"] == error
    assert len(ran.nodes[0]["services"]) == COUNT


# Something is down


def test_a_stopped_service_is_exit_code_1_and_comes_first(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.stop(1, "stats_archiver")
    served.cluster.set_status(1, "redis_mgr", "FATAL")
    until(lambda: served.cluster.process(1, "stats_archiver").state == "STOPPED")
    ran = known.run("status", "node1")
    assert ran.code == 1
    assert [row[1:3] for row in ran.rows[:2]] == [
        ["redis_mgr", "FATAL"],
        ["stats_archiver", "STOPPED"],
    ]
    assert "STOPPED" not in {row[2] for row in ran.rows[2:]}


def test_an_undocumented_status_is_a_problem(known: Command, served: SimulatedCluster) -> None:
    served.cluster.set_status(1, "redis_mgr", "CONFUSED")
    ran = known.run("status", "node1")
    assert ran.code == 1
    assert ran.rows[0][1:3] == ["redis_mgr", "CONFUSED"]


def test_an_exited_one_shot_is_not_a_fault_but_an_exited_service_is(
    known: Command, served: SimulatedCluster
) -> None:
    assert known.run("status", "node1").code == 0
    served.cluster.set_status(1, "redis_mgr", "EXITED")
    assert known.run("status", "node1").code == 1


class _ListsDisabled(Cluster):
    """A cluster whose nodes go on listing what the configuration switches off."""

    def _is_disabled(self, service: str) -> bool:
        return False


def test_a_service_that_the_configuration_switched_off_is_not_a_fault(rsdeck: Command) -> None:
    cluster = _ListsDisabled(1, pace=0.1)
    with SimulatedCluster(cluster) as served:
        rsdeck.configure(profiles(served, 'password_env = "DEMO_PASSWORD"'))
        rsdeck.env["DEMO_PASSWORD"] = PASSWORD
        for name in ("crdb_worker_0", "crdb_worker_1"):
            cluster.stop(1, name)
        until(lambda: cluster.process(1, "crdb_worker_1").state == "STOPPED")
        assert rsdeck.run("status").code == 1
        cluster.configuration["crdb_worker"] = False
        ran = rsdeck.run("status", "--all")
        assert ran.code == 0
        assert [row[2] for row in ran.rows if row[1].startswith("crdb_worker")] == ["STOPPED"] * 2


def test_problems_alone_are_listed_and_that_there_is_none_is_said(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run("status", "--problems")
    assert (ran.code, ran.out, ran.err) == (0, "no problems on 3 nodes\n", "")
    assert known.run("status", "--problems", "node1").out == "no problems on 1 node\n"
    assert known.run("status", "--problems", "--json").nodes == []
    served.cluster.set_status(2, "redis_mgr", "FATAL")
    ran = known.run("status", "--problems")
    assert (ran.code, [row[:3] for row in ran.rows]) == (1, [["node2", "redis_mgr", "FATAL"]])
    (node,) = known.run("status", "--problems", "--json").nodes
    assert (node["node"], [one["name"] for one in node["services"]]) == ("node2", ["redis_mgr"])
    assert known.run("status", "--problems", "--all").code == 2


def test_where_no_service_has_a_problem_the_alerts_that_are_on_are_named(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.contents.raise_alert("node_memory", "WARNING", 3)
    ran = known.run("status", "--problems")
    text = "1 alert: node_memory on node3"
    assert (ran.code, ran.out, ran.err) == (0, f"no problems on 3 nodes; {text}\n", "")
    one = known.run("status", "--problems", "node1")
    assert one.out == "no problems on 1 node; 1 alert: node_memory on node:3\n"
    served.cluster.set_status(2, "redis_mgr", "FATAL")
    ran = known.run("status", "--problems")
    assert (ran.code, ran.err) == (1, f"rsdeck: {text}\n")
    assert "alert" not in known.run("status", "node1").out


# Colors


@pytest.mark.parametrize(
    ("args", "env", "colored"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ((), {"CLICOLOR_FORCE": "1"}, True),
        ((), {"CLICOLOR_FORCE": "0"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_color_is_as_the_option_or_the_environment_says(
    args: tuple[str, ...],
    env: dict[str, str],
    colored: bool,
    known: Command,
    served: SimulatedCluster,
) -> None:
    served.cluster.set_status(2, "redis_mgr", "FATAL")
    ran = known.run("status", *args, env=env)
    assert ("\x1b[31mnode2" in ran.out) is ("\x1b[32mnode1" in ran.out) is colored
    assert "\x1b" not in known.run("status", "--json", *args, env=env).out


class _Stream(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("env", "colored"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({}, False),
        ({"TERM": "xterm", "CLICOLOR": "0"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
    ],
)
def test_a_terminal_is_colored_where_it_can(env: dict[str, str], colored: bool) -> None:
    assert uses_color("auto", _Stream(), env) is colored
    assert not uses_color("auto", None, env)


# Watched


def lines_of(child: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert child.stdout is not None
    for line in child.stdout:
        yield json.loads(line)


@pytest.mark.real_time
def test_watch_prints_the_status_then_a_line_a_change_and_a_heartbeat(
    known: Command, served: SimulatedCluster
) -> None:
    child = known.start("status", "--watch", "--json", "--heartbeat", "1")
    lines = lines_of(child)
    first = next(lines)
    assert (first["type"], len(first["nodes"]), first["error"]) == ("status", 3, None)
    served.cluster.set_status(2, "redis_mgr", "FATAL")
    change = next(line for line in lines if line["type"] == "change")
    assert (change["node"], change["service"], change["status"]) == ("node2", "redis_mgr", "FATAL")
    assert change["problem"] is True
    beat = next(line for line in lines if line["type"] == "heartbeat")
    assert (beat["nodes"], beat["unreachable"], beat["problems"]) == (3, 0, 1)
    child.send_signal(signal.SIGINT)
    ran = known.finish(child)
    assert (ran.code, ran.err) == (130, "")


@pytest.mark.real_time
def test_watch_in_text_is_a_table_then_a_line_a_change(
    known: Command, served: SimulatedCluster
) -> None:
    child = known.start("status", "node1", "--watch")
    assert child.stdout is not None
    assert child.stdout.readline().startswith("NODE ")
    assert child.stdout.readline().split() == ["node1", f"{COUNT}/{COUNT}", "ok"]
    served.cluster.set_status(1, "redis_mgr", "FATAL")
    assert re.fullmatch(
        r"20\S+ \S+ UTC  node1  redis_mgr  status  RUNNING → FATAL, not sent from here\n",
        child.stdout.readline(),
    )
    child.send_signal(signal.SIGTERM)
    ran = known.finish(child)
    assert (ran.code, ran.err) == (143, "")


@pytest.mark.real_time
def test_watch_ends_where_nobody_reads_it(known: Command) -> None:
    reading, writing = os.pipe()
    child = known.start("status", "--watch", "--json", "--heartbeat", "1", stdout=writing)
    os.close(writing)
    with os.fdopen(reading) as lines:
        lines.readline()
    assert known.finish(child).code == 141


# Usage and configuration


def test_an_unknown_node_is_exit_code_2_and_no_node_is_polled(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run("status", "node1", "nose2")
    assert ran.code == 2
    assert ran.out == ""
    assert "'nose2'" in ran.err
    assert "node1, node2, node3" in ran.err
    assert not list(served.cluster.requests)


def test_a_configuration_that_is_not_there_is_exit_code_2_with_what_to_do(rsdeck: Command) -> None:
    for args in (("status",), ("status", "--json")):
        ran = rsdeck.run(*args)
        assert ran.code == 2
        assert ran.out.startswith('{"error": ' if "--json" in args else "")
        assert str(rsdeck.config_path) in ran.err
        assert "rsdeck demo" in ran.err


def test_a_configuration_that_is_wrong_is_exit_code_2_with_file_and_key(rsdeck: Command) -> None:
    path = rsdeck.configure('[nodes.n1]\nurl = "https://db1"\nusrname = "x"\n')
    ran = rsdeck.run("status")
    assert ran.code == 2
    assert ran.out == ""
    assert f"{path}, line 3: nodes.n1.usrname" in ran.err
    assert "`username`" in ran.err


def test_a_configuration_that_others_can_write_is_refused(
    known: Command, served: SimulatedCluster
) -> None:
    known.config_path.chmod(0o666)
    ran = known.run("status")
    assert ran.code == 2
    assert "others can write it" in ran.err
    assert not list(served.cluster.requests)


def test_a_path_with_controls_cannot_reach_the_terminal(rsdeck: Command, tmp_path: Path) -> None:
    path = rsdeck.configure("", tmp_path / "evil\x1b[31m.toml")
    ran = rsdeck.run("--config", str(path), "status", "no\x1b[31mde")
    assert ran.code == 2
    assert "evil␛[31m.toml" in ran.err
    assert "\x1b" not in ran.err


def test_an_unknown_option_is_exit_code_2(rsdeck: Command) -> None:
    assert rsdeck.run("status", "--yaml").code == 2


def test_the_configuration_is_named_by_option_or_variable(
    known: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    text = known.config_path.read_text(encoding="utf-8")
    known.config_path.unlink()
    path = known.configure(text, tmp_path / "elsewhere.toml")
    assert known.run("status").code == 2
    assert known.run("--config", str(path), "status").code == 0
    assert known.run("status", env={"RSDECK_CONFIG": str(path)}).code == 0
    other = known.configure("", tmp_path / "empty.toml")
    assert known.run("--config", str(other), "status", env={"RSDECK_CONFIG": str(path)}).code == 2


# A node that could not be polled


def test_a_node_that_is_off_is_exit_code_3_even_when_something_else_is_down(
    known: Command, served: SimulatedCluster
) -> None:
    served.power_off(2)
    served.cluster.set_status(1, "redis_mgr", "FATAL")
    ran = known.run("status")
    assert ran.code == 3
    assert re.search(r"^node2  - +UNREACHABLE  -", ran.out, re.MULTILINE)
    assert ran.err.count("\n") == 1
    assert ran.err.startswith(f"rsdeck: node2 ({served.urls[2]}) refused the connection")


@pytest.mark.parametrize(("names_basic", "tries"), [(True, 1), (False, 2)])
def test_a_wrong_password_is_sent_once_for_a_whole_cluster_and_once_more_for_a_token(
    names_basic: bool, tries: int, rsdeck: Command, served: SimulatedCluster
) -> None:
    served.cluster.logins.challenges = names_basic
    canary(rsdeck, served)
    ran = rsdeck.run("status")
    assert ran.code == 3
    assert [one.status for one in served.cluster.requests] == [401] * tries
    assert len(served.cluster.users[USER].failures) == tries
    assert [row[1:] for row in ran.rows] == [["-", "LOGIN", "REFUSED", "-", "-"]] * 3
    assert WRONG not in ran.out + ran.err


def test_messages_are_not_repeated_and_name_no_keys_of_the_deck(
    rsdeck: Command, served: SimulatedCluster
) -> None:
    canary(rsdeck, served)
    refused = rsdeck.run("status").err
    missing = rsdeck.run("status", env={"DEMO_PASSWORD": ""}).err
    served.power_off(1)
    off = rsdeck.run("status").err
    for err in (refused, missing, off):
        lines = err.splitlines()
        assert len(set(lines)) == len(lines)
        for word in ("press", "ctrl", "asked again"):
            assert word not in err
    assert refused.count("does not accept") == 1
    assert "five refused logins lock the user" in refused


def test_another_certificate_is_exit_code_3_and_nothing_is_sent_to_it(
    known: Command, served: SimulatedCluster
) -> None:
    pin = "0" * 64
    canary(known, served, trust=f'fingerprint = "sha256:{pin}"')
    ran = known.run("status")
    assert ran.code == 3
    assert [row[2:4] for row in ran.rows] == [["NOT", "TRUSTED"]] * 3
    assert served.fingerprint in ran.err
    assert not list(served.cluster.requests)


def test_a_certificate_of_an_unknown_authority_is_not_trusted(
    known: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    source = 'password_env = "DEMO_PASSWORD"'
    known.configure(profiles(served, source, trust="insecure = false"))
    assert known.run("status", "node1").code == 3
    ca_file = served.write_ca(tmp_path / "ca.pem")
    known.configure(profiles(served, source, trust=f'ca_file = "{ca_file}"'))
    assert known.run("status", "node1").code == 0


def test_a_ca_file_that_is_missing_or_no_certificate_is_reported_without_a_traceback(
    known: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    known.configure(
        profiles(served, 'password_env = "DEMO_PASSWORD"', trust='ca_file = "../../../ca.pem"')
    )
    assert known.run("status", "node1").code == 3
    ca_file.write_text("no certificate", encoding="utf-8")
    assert known.run("status", "node1").code == 3
    assert not list(served.cluster.requests)


# Where the password comes from


def test_a_password_from_a_file_a_command_or_a_variable_logs_in(
    rsdeck: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    file.chmod(0o600)
    marker = tmp_path / "ran"
    script = f"echo run >> {shlex.quote(str(marker))}; cat {shlex.quote(str(file))}"
    for source in (
        f'password_file = "{file}"',
        f"password_command = {json.dumps(['sh', '-c', script])}",
        'password_env = "DEMO_PASSWORD"',
    ):
        rsdeck.configure(profiles(served, source))
        ran = rsdeck.run("status", env={"DEMO_PASSWORD": PASSWORD})
        assert (ran.code, ran.err) == (0, "")
    assert marker.read_text(encoding="utf-8") == "run\n"


def test_a_password_file_that_others_can_read_is_refused(
    rsdeck: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(WRONG, encoding="utf-8")
    file.chmod(0o640)
    rsdeck.configure(profiles(served, f'password_file = "{file}"'))
    ran = rsdeck.run("status")
    assert ran.code == 3
    assert "chmod 600 on that file" in ran.err
    assert WRONG not in ran.err
    assert not list(served.cluster.requests)


@pytest.mark.parametrize(
    "line",
    [
        f'password_file = "{WRONG}"',
        f'password_command = ["{WRONG}"]',
        'password_env = "hunter2_wrong"',
        f'ca_file = "{WRONG}"\npassword_env = "DEMO_PASSWORD"',
        f'client_cert = "{WRONG}"\nclient_key = "{WRONG}"\npassword_env = "DEMO_PASSWORD"',
        f'"{WRONG} !" = ""',
        f'password."{WRONG}" = 1',
        f'password = "x"\n"{WRONG} !" = 1\n"{WRONG} !" = 2',
    ],
)
def test_a_password_in_the_wrong_key_is_never_shown_and_its_line_is(
    line: str, rsdeck: Command, served: SimulatedCluster
) -> None:
    """P9."""
    rsdeck.env["DEMO_PASSWORD"] = "not-sent"
    key = "" if line.startswith(('"', "password =", "password.")) else line.partition(" ")[0]
    rsdeck.configure(f'[nodes.n1]\nurl = "{served.urls[1]}"\nusername = "op"\n{line}\n')
    for command in (("status", "--json"), ("status",), ("snapshot",), ("config", "check")):
        ran = rsdeck.run(*command)
        assert WRONG not in ran.out + ran.err
        assert "hunter2_wrong" not in ran.out + ran.err
        if command == ("status",):
            assert ran.code in (2, 3)
            assert re.search(r"config\.toml.*\bline \d", ran.err)
            assert key in ran.err


def test_a_failed_command_is_reported_without_its_output(
    rsdeck: Command, served: SimulatedCluster
) -> None:
    words = json.dumps(["sh", "-c", f"echo {WRONG}; echo {WRONG} >&2; exit 3"])
    rsdeck.configure(profiles(served, f"password_command = {words}"))
    ran = rsdeck.run("status")
    assert ran.code == 3
    assert ", password_command: it failed with exit code 3" in ran.err
    assert WRONG not in ran.out + ran.err


@pytest.mark.real_time
def test_without_a_source_and_a_terminal_it_exits_with_3_and_does_not_wait(
    rsdeck: Command, served: SimulatedCluster
) -> None:
    rsdeck.configure(profiles(served, ""))
    for stdin in (subprocess.DEVNULL, subprocess.PIPE):
        ran = rsdeck.run_process("status", stdin=stdin)
        assert ran.code == 3
        assert "its profile names no source" in ran.err
        assert [row[2:4] for row in ran.rows] == [["NO", "PASSWORD"]] * 3


@pytest.mark.real_time
def test_a_stdin_that_is_closed_is_no_terminal(rsdeck: Command, served: SimulatedCluster) -> None:
    rsdeck.configure(profiles(served, ""))
    argv = ("sh", "-c", f"exec {sys.executable} -m tui status <&-")
    assert rsdeck.run_process(argv=argv).code == 3


def test_a_command_never_sees_the_variable_of_another_node(
    rsdeck: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    words = ["sh", "-c", f"env > {shlex.quote(str(seen))}; echo {PASSWORD}"]
    sources = iter(
        [f"password_command = {json.dumps(words)}"] + ['password_env = "OTHER_SECRET"'] * 2
    )
    text = re.sub("source", lambda _: next(sources), profiles(served, "source"))
    rsdeck.configure(text)
    ran = rsdeck.run("status", "node1", env={"OTHER_SECRET": WRONG})
    assert (ran.code, ran.err) == (0, "")
    found = seen.read_text(encoding="utf-8")
    assert "PATH=" in found
    assert WRONG not in found


@pytest.mark.real_time
def test_a_keyring_may_be_missing_locked_slow_or_good(
    rsdeck: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    """P10, case 64."""
    rsdeck.configure(profiles(served, "keyring = true"))
    ran = rsdeck.run_process("status", "node1", argv=rsdeck.without("keyring"))
    assert ran.code == 3
    assert "pip install 'rsdeck[keyring]'" in ran.err
    rsdeck.env["PYTHONPATH"] = str(tmp_path)
    for body, code, says in (
        ("raise errors.KeyringLocked('hunter2-canary')", 3, "it is locked"),
        ("threading.Event().wait(60)", 3, "it did not answer within 3 s"),
        ("return 'demo-password'", 0, ""),
    ):
        write_keyring(tmp_path, body)
        ran = rsdeck.run_process("status", "node1")
        assert ran.code == code
        assert says in ran.err
        assert WRONG not in ran.out + ran.err


_ON_A_TERMINAL = """
import fcntl, os, sys, termios
os.setsid()
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "tui", *sys.argv[1:]])
"""


class _Asked:
    """A run of `status --json` that asks for a password on a terminal of its own."""

    def __init__(self, rsdeck: Command, served: SimulatedCluster) -> None:
        rsdeck.configure(profiles(served, ""))
        self._ours, theirs = pty.openpty()
        argv = (sys.executable, "-c", _ON_A_TERMINAL)
        self._child = rsdeck.start("status", "--json", argv=argv, stdin=theirs, stderr=theirs)
        os.close(theirs)
        self.shown = b""
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        until(lambda: b"Password" in self.shown and self.shown.endswith(b": "))

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._ours, 4096):
                self.shown += data

    def type(self, keys: bytes) -> tuple[int, str]:
        os.write(self._ours, keys)
        out, _ = self._child.communicate(timeout=60)
        self._listener.join(5)
        os.close(self._ours)
        assert b"Traceback" not in self.shown
        return self._child.returncode, out


@pytest.mark.terminal
def test_on_a_terminal_the_password_is_prompted_for_once_a_cluster_and_not_shown(
    rsdeck: Command, served: SimulatedCluster
) -> None:
    asked = _Asked(rsdeck, served)
    code, out = asked.type(f"{PASSWORD}\n".encode())
    assert code == 0
    assert len(json.loads(out)["nodes"]) == 3
    assert asked.shown.count(b"Password") == 1
    assert f"{USER} for demo".encode() in asked.shown
    assert PASSWORD.encode() not in asked.shown


@pytest.mark.terminal
@pytest.mark.parametrize(
    ("keys", "code", "says"),
    [
        (b"\x03", 130, b"rsdeck: stopped"),
        (b"\x04", 130, b"rsdeck: stopped"),
        (b"\xff\n", 2, b"rsdeck: what was typed is not UTF-8"),
    ],
)
def test_keys_that_are_no_password_cause_no_traceback(
    keys: bytes, code: int, says: bytes, rsdeck: Command, served: SimulatedCluster
) -> None:
    asked = _Asked(rsdeck, served)
    ended, out = asked.type(keys)
    assert ended == code
    assert out.startswith('{"error": ' if code == 2 else "")
    assert says in asked.shown
    assert not list(served.cluster.requests)


@pytest.mark.real_time
def test_the_debug_output_of_python_holds_no_secret(
    rsdeck: Command, served: SimulatedCluster
) -> None:
    """P9."""
    canary(rsdeck, served)
    for env in ({"PYTHONASYNCIODEBUG": "1"}, {"PYTHONDEVMODE": "1"}):
        child = rsdeck.start("status", env=env)
        out, err = child.communicate(timeout=30)
        assert child.returncode == 3
        assert WRONG not in out + err


# Streams


@pytest.mark.real_time
def test_without_textual_and_rich_it_still_answers(known: Command) -> None:
    ran = known.run_process("status", argv=known.without("textual", "rich", "uvicorn", "trustme"))
    assert ran.code == 0


@pytest.mark.real_time
@pytest.mark.parametrize("args", [("status",), ("status", "--json"), ("nodes",), ("--help",)])
def test_a_reader_that_has_gone_is_no_traceback(args: tuple[str, ...], known: Command) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    child = known.start(*args, stdout=writing)
    os.close(writing)
    ran = known.finish(child)
    assert ran.err == ""
    assert ran.code == 141


@pytest.mark.real_time
def test_a_pipe_to_head_is_no_traceback(known: Command) -> None:
    argv = ("bash", "-o", "pipefail", "-c", f"{sys.executable} -m tui status | head -0")
    ran = known.run_process(argv=argv)
    assert (ran.code, ran.out, ran.err) == (141, "", "")


@pytest.mark.real_time
def test_a_full_disk_behind_stdout_is_reported_in_one_line(known: Command) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ran = known.run_process("status", stdout=full)
    assert ran.code == 2
    assert ran.err == "rsdeck: No space left on device\n"


@pytest.mark.real_time
def test_a_stdout_that_is_closed_is_no_traceback(known: Command) -> None:
    ran = known.run_process(argv=("sh", "-c", f"exec {sys.executable} -m tui status >&-"))
    assert (ran.code, ran.err) == (0, "")


def test_a_terminal_type_changes_nothing_where_stdout_is_none(known: Command) -> None:
    for env in ({"NO_COLOR": "1"}, {"TERM": "xterm-256color"}):
        ran = known.run("status", "node1", env=env)
        assert ran.code == 0
        assert "\x1b" not in ran.out


@pytest.fixture
def hanging(rsdeck: Command) -> Iterator[Any]:
    """A node that takes a request and says nothing."""

    def hang(peer: Peer) -> None:
        peer.read()
        peer.hang()

    with serving(hang) as server:
        rsdeck.configure(
            f'[settings]\ntimeout = 60\n[nodes.n1]\nurl = "{server.url}"\nusername = "x"\n'
            'password_env = "DEMO_PASSWORD"\n'
        )
        rsdeck.env["DEMO_PASSWORD"] = WRONG
        yield server


@pytest.mark.real_time
def test_ctrl_c_while_a_node_hangs_ends_it_at_once_with_130(rsdeck: Command, hanging: Any) -> None:
    child = rsdeck.start("status")
    until(lambda: hanging.asked)
    child.send_signal(signal.SIGINT)
    ran = rsdeck.finish(child, 5)
    assert ran.code == 130
    assert ran.out == ""
    assert ran.err.strip() == "rsdeck: stopped"


@pytest.mark.real_time
def test_ctrl_c_while_a_password_command_runs_ends_both(
    rsdeck: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    words = json.dumps(["sh", "-c", f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60"])
    rsdeck.configure(profiles(served, f"password_command = {words}"))
    child = rsdeck.start("status")
    until(pid.exists)
    child.send_signal(signal.SIGINT)
    ran = rsdeck.finish(child, 5)
    assert ran.code == 130
    assert ran.err.strip() == "rsdeck: stopped"
    command = Path("/proc") / pid.read_text(encoding="utf-8").strip()
    until(lambda: not command.exists())


def test_a_node_that_hangs_is_given_up_after_the_timeout(rsdeck: Command, hanging: Any) -> None:
    text = rsdeck.config_path.read_text(encoding="utf-8").replace("timeout = 60", "timeout = 0.5")
    rsdeck.configure(text)
    ran = rsdeck.run("status")
    assert ran.code == 3
    assert "no answer within 0.5 s" in ran.err


@pytest.mark.real_time
def test_no_secret_is_in_the_arguments_of_a_running_process(rsdeck: Command, hanging: Any) -> None:
    """P9."""
    child = rsdeck.start("status")
    until(lambda: hanging.asked)
    assert WRONG.encode() not in Path(f"/proc/{child.pid}/cmdline").read_bytes()
    child.send_signal(signal.SIGINT)
    ran = rsdeck.finish(child, 5)
    assert WRONG not in ran.out + ran.err


# Hostile answers


def test_hostile_names_and_statuses_are_harmless_and_the_columns_stay_aligned(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.add_service(1, HOSTILE)
    served.cluster.add_service(1, "thai_ก็_อ̈́_한글", "RUN\x1b]0;title\x07")
    ran = known.run("status", "node1", "--all")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert len(lines) == 1 + COUNT + 2
    for char in ("\x1b", "\x9b", "\u202e", "\x07"):
        assert char not in ran.out
    starts = set()
    for line in lines:
        kind = re.search(r"\S+$", line)
        assert kind is not None
        starts.add(cell_len(line[: kind.start()]))
    assert len(starts) == 1


def test_hostile_names_and_statuses_are_escaped_in_json(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.add_service(1, HOSTILE, "RUN\x1b]0;title\x07")
    ran = known.run("status", "node1", "--json")
    assert ran.out.isascii()
    (one,) = (one for one in ran.nodes[0]["services"] if one["name"].startswith("evil"))
    assert one["name"] == "evil␛[31m\ufffd\ufffd␊漢字"
    assert one["status"] == "RUN␛]0;title␇"


@pytest.mark.real_time
def test_letters_that_the_terminal_lacks_are_written_as_escapes(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.add_service(1, HOSTILE)
    ran = known.run_process("status", "node1", "--all", env={"PYTHONIOENCODING": "latin-1"})
    assert ran.code == 0
    assert "\\u6f22" in ran.out


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (answer(b"<html>\x1b[31m"), "invalid answer"),
        (answer(b"[1, 2]"), "invalid answer"),
        (answer(b"\x1b[2J", 500), "500"),
        (answer(b"", 302, Location="https://evil.example/\x1b"), "a redirect to evil.example"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "HTTP"),
        (b"", "closed the connection"),
    ],
)
def test_a_wrong_answer_of_a_node_is_one_line(body: bytes, says: str, rsdeck: Command) -> None:
    with serving(once(body)) as server:
        rsdeck.configure(
            f'[nodes.n1]\nurl = "{server.url}"\nusername = "x"\npassword_env = "DEMO_PASSWORD"\n'
        )
        ran = rsdeck.run("status", env={"DEMO_PASSWORD": WRONG})
    assert ran.code == 3
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert "\x1b" not in ran.out + ran.err
    assert WRONG not in ran.out + ran.err


def test_why_the_kinds_are_unknown_is_one_line_on_stderr_and_a_field_in_json(
    rsdeck: Command,
) -> None:
    play = {
        "/v1/local/services": answer('{"ccs": {"status": "RUNNING"}}'),
        "/v1/bootstrap": answer('{"local_node_info": {"uid": "1"}}'),
        "/v1/nodes/status": answer('{"1": {"role": "master"}}'),
        "/v1/cluster/services_configuration": answer("", 403),
    }
    with serving(routes(play)) as server:
        rsdeck.configure(
            f'[nodes.n1]\nurl = "{server.url}"\nusername = "x"\npassword_env = "DEMO_PASSWORD"\n'
        )
        rsdeck.env["DEMO_PASSWORD"] = PASSWORD
        ran, as_json = rsdeck.run("status", "--all"), rsdeck.run("status", "--json")
    assert (ran.code, as_json.code) == (0, 0)
    assert ran.rows == [["n1", "ccs", "RUNNING", "-", "unknown"]]
    assert ran.err.startswith("rsdeck: kinds unknown on n1: ")
    assert "/v1/cluster/services_configuration" in ran.err
    assert ran.err.count("\n") == 1
    (node,) = as_json.nodes
    assert node["kinds_error"] == ran.err.removeprefix("rsdeck: kinds unknown on n1: ").strip()


def test_nodes_whose_kinds_are_unknown_for_one_reason_share_a_line() -> None:
    unread = [
        NodeStatus(profile("http://127.0.0.1:1", name), (), ServiceKinds(), None, (), gap)
        for name, gap in (("a", "403"), ("b", "404"), ("c", "403"), ("d", ""))
    ]
    assert unknown_kinds(unread) == ["kinds unknown on a, c: 403", "kinds unknown on b: 404"]


HELD = (
    r"refused 2 times in the last 15 minutes; not sent for 1[45] min "
    r"\(until \d\d:\d\d UTC; to lift it, fix the password's source and run it on a terminal\)"
)
WHY = ("why", "node1", "alert_mgr")


def test_a_scheduled_command_never_locks_the_user(
    rsdeck: Command, served: SimulatedCluster
) -> None:
    """P24: what was refused to one command counts for the next."""
    rsdeck.configure(profiles(served, f'password_command = ["echo", "{WRONG}"]'))
    for _ in range(4):
        ran = rsdeck.run("status")
        assert ran.code == 3
    # Every command says in the same words until when it is not sent, and how to lift it.
    assert re.search(HELD, ran.err), ran.err
    for other in (("check",), ("restart", "node1", "alert_mgr", "--yes", "alert_mgr"), WHY):
        ended = rsdeck.run(*other)
        assert ended.code == 3
        if other != ("check",):
            assert re.search(HELD, ended.err), ended.err
    assert sum(one.status == 401 for one in served.cluster.requests) == 2
    assert "refused 2 times in the last 15 minutes; not sent for 15 min" in ran.err
    assert ran.rows[0][1:4] == ["-", "LOGIN", "REFUSED"]
    # Nothing of the password is kept.
    (kept,) = rsdeck.home.rglob("refused-logins.json")
    assert WRONG not in kept.read_text(encoding="ascii")
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_person_at_a_terminal_gets_one_try_more_and_what_is_taken_ends_it(
    rsdeck: Command, served: SimulatedCluster
) -> None:
    """P24."""
    rsdeck.configure(profiles(served, f'password_command = ["echo", "{WRONG}"]'))
    assert rsdeck.run("status").code == 3
    rsdeck.configure(profiles(served, f'password_command = ["echo", "{PASSWORD}"]'))
    assert rsdeck.run("status").code == 3
    assert rsdeck.run("status", typed="").code == 0
    assert rsdeck.run("status").code == 0
