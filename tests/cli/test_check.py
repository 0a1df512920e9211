"""`rsdeck check` speaks as monitoring plugins do: one line, numbers, four exit codes."""

import re

import pytest

from tests.cli.conftest import PASSWORD, USER, Command
from tui.sim.server import SimulatedCluster

LINE = re.compile(r"RSDECK (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+( \| [^|\n]+)?\n")
NUMBER = re.compile(r"'?[^'=]+'?=\d+(;\d*)*")


def line(known: Command, *args: str) -> tuple[int, str]:
    ran = known.run("check", *args)
    assert LINE.fullmatch(ran.out)
    assert all(NUMBER.fullmatch(part) for part in ran.out.partition(" | ")[2].split())
    assert not ran.err
    return ran.code, ran.out


def test_a_well_cluster_is_ok_with_its_numbers(known: Command) -> None:
    code, text = line(known)
    assert code == 0
    assert "RSDECK OK - 96/96 ok on 3 nodes | services=96 ok=96 problems=0;0 nodes=3" in text


@pytest.mark.parametrize(
    ("service", "status", "code", "word"),
    [
        ("ccs", "STOPPED", 2, "CRITICAL"),
        ("alert_mgr", "STOPPED", 1, "WARNING"),
        ("alert_mgr", "FATAL", 2, "CRITICAL"),
        ("ccs", "STARTING", 1, "WARNING"),
        ("ccs", "A|B", 1, "WARNING"),
    ],
)
def test_the_worst_decides(
    service: str, status: str, code: int, word: str, known: Command, served: SimulatedCluster
) -> None:
    served.cluster.node(2).processes[service].fix_status(status)
    found = line(known)
    assert found[0] == code
    assert f"RSDECK {word} - node2: {service} {status.replace('|', '/')}" in found[1]
    assert line(known, "node1")[0] == 0
    assert line(known, "--cluster", "demo")[0] == code


def test_a_refused_login_is_unknown(known: Command, served: SimulatedCluster) -> None:
    served.cluster.users[USER].password = "another"
    code, text = line(known)
    assert code == 3
    assert "login refused" in text
    assert PASSWORD not in text


@pytest.mark.parametrize("args", [("nope",), ("--cluster", "nope"), ("node1", "--cluster", "demo")])
def test_a_usage_that_cannot_be_checked_is_unknown(args: tuple[str, ...], known: Command) -> None:
    assert line(known, *args)[0] == 3


def test_of_many_problems_the_worst_are_named(known: Command, served: SimulatedCluster) -> None:
    for process in served.cluster.node(1).processes.values():
        process.fix_status("STOPPED")
    served.cluster.node(3).processes["ccs"].fix_status("FATAL")
    code, text = line(known)
    assert code == 2
    assert "more | " in text
    assert len(text) < 300
