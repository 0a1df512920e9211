"""`rsdeck wait` looks until a service is as a script wants it, and says what it saw last."""

import re

import pytest

from tests.cli.conftest import USER, Command, until
from tui.sim.server import SimulatedCluster


@pytest.mark.parametrize(
    ("service", "awaited", "code"),
    [("ccs", "running", 0), ("ccs", "stopped", 1), ("ccs", "restarted", 1), ("nope", "running", 1)],
)
def test_one_look_says_what_is(service: str, awaited: str, code: int, known: Command) -> None:
    ran = known.run("wait", "node1", service, "--for", awaited, "--timeout", "0")
    assert ran.code == code
    if service == "ccs":
        assert re.fullmatch(r"node1 ccs RUNNING since 20[0-9-]{8} [0-9:]{8} UTC\n", ran.out)
    else:
        assert "lists no service nope" in ran.err


@pytest.mark.real_time
@pytest.mark.parametrize("awaited", ["restarted", "stopped"])
def test_what_comes_later_is_waited_for(
    awaited: str, known: Command, served: SimulatedCluster
) -> None:
    child = known.start("wait", "node2", "alert_mgr", "--for", awaited, "--timeout", "1m")
    looked = "/v1/local/services"
    until(lambda: any(sent.path == looked for sent in served.cluster.requests))
    if awaited == "restarted":
        served.cluster.node(2).processes["alert_mgr"].restart(served.cluster.clock())
    else:
        served.cluster.node(2).processes["alert_mgr"].fix_status("STOPPED")
    ran = known.finish(child)
    assert ran.code == 0
    assert ran.out.startswith("node2 alert_mgr ")


def test_a_node_that_cannot_be_polled_ends_it_at_once(
    known: Command, served: SimulatedCluster
) -> None:
    served.cluster.users[USER].password = "another"
    ran = known.run("wait", "node1", "ccs", "--for", "running", "--timeout", "1h")
    assert ran.code == 3
    assert not ran.out


@pytest.mark.parametrize("timeout", ["", "soon", "-1", "5 m", "\u0661s"])
def test_a_timeout_that_is_no_time_is_refused(timeout: str, known: Command) -> None:
    ran = known.run("wait", "node1", "ccs", "--for", "running", "--timeout", timeout)
    assert ran.code == 2
