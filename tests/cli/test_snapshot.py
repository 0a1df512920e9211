"""`rsdeck snapshot`: asked once, printed or written, with the exit codes of `status`."""

import json
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import PASSWORD, Command, profiles
from tests.faultserver import always, serving
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster


def test_all_well_is_text_of_every_node_and_exit_code_0(
    known: Command, served: SimulatedCluster
) -> None:
    ran = known.run("snapshot")
    assert (ran.code, ran.err) == (0, "")
    assert "NO PROBLEMS on 3 nodes" in ran.out
    assert [line.split()[1] for line in ran.out.splitlines() if line.startswith("NODE ")] == [
        "node1",
        "node2",
        "node3",
    ]
    assert "there is no journal" in ran.out
    sent = {one.path for one in served.cluster.requests if one.method != "GET"}
    assert sent <= {"/v1/users/authorize"}
    assert max(map(len, ran.out.splitlines())) <= 100


def test_json_of_the_nodes_that_were_named(known: Command) -> None:
    ran = known.run("snapshot", "node2", "--json")
    assert (ran.code, ran.err) == (0, "")
    (node,) = json.loads(ran.out)["nodes"]
    assert (node["node"], node["uid"], len(node["services"])) == ("node2", 2, 32)
    assert ran.out.isascii()


def test_something_down_is_exit_code_1(rsdeck: Command) -> None:
    with SimulatedCluster(Cluster(1, pace=0.1)) as served:
        served.cluster.stop(1, "alert_mgr")
        rsdeck.configure(profiles(served, 'password_env = "DEMO_PASSWORD"'))
        ran = rsdeck.run("snapshot", env={"DEMO_PASSWORD": PASSWORD})
    assert ran.code == 1
    assert "node1: alert_mgr STOP" in ran.out


def test_a_node_that_cannot_be_polled_is_exit_code_3_and_reported(
    known: Command, closed_port: int
) -> None:
    text = known.config_path.read_text(encoding="utf-8")
    known.configure(
        f'{text}\n[nodes.gone]\nurl = "https://127.0.0.1:{closed_port}"\nusername = "a@b.c"\n'
        'password_env = "DEMO_PASSWORD"\n'
    )
    ran = known.run("snapshot")
    assert ran.code == 3
    assert "gone: UNREACHABLE" in ran.out


def test_the_error_of_a_snapshot_is_as_free_of_logins_as_the_rest(rsdeck: Command) -> None:
    """P9: it is the node's sentence, which may repeat the login of somebody else."""
    login = "Basic b3BAeDpodW50ZXIyLWNhbmFyeQ=="
    with serving(always(json.dumps({"description": f"got {login}"}), 500)) as server:
        rsdeck.configure(
            f'[nodes.odd]\nurl = "{server.url}"\nusername = "a@b.c"\n'
            'password_env = "DEMO_PASSWORD"\n'
        )
        ran = rsdeck.run("snapshot", "--json", env={"DEMO_PASSWORD": PASSWORD})
    assert ran.code == 3
    assert json.loads(ran.out)["error"]["message"].endswith("got Basic (left out)")
    assert login not in ran.out


def test_another_node_than_that_of_the_profile_is_exit_code_3(
    rsdeck: Command, served: SimulatedCluster
) -> None:
    rsdeck.configure(profiles(served, 'password_env = "DEMO_PASSWORD"\nuid = 9'))
    ran = rsdeck.run("snapshot", env={"DEMO_PASSWORD": PASSWORD})
    assert ran.code == 3
    assert "node:1 answers here, the profile is of node:9" in ran.out


def test_no_node_of_that_name_is_exit_code_2(known: Command) -> None:
    ran = known.run("snapshot", "node9")
    assert (ran.code, ran.out) == (2, "")
    assert "no node 'node9'" in ran.err


def test_a_file_is_for_this_user_alone_and_never_written_over(
    known: Command, tmp_path: Path
) -> None:
    path = tmp_path / "now.json"
    ran = known.run("snapshot", "--json", "--output", str(path))
    assert (ran.code, ran.out) == (0, "")
    assert str(path) in ran.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert json.loads(before)["nodes"]
    ran = known.run("snapshot", "--output", str(path))
    assert (ran.code, ran.out) == (2, "")
    assert "never written over" in ran.err
    assert path.read_bytes() == before


@pytest.mark.real_time
@pytest.mark.parametrize("words", [("snapshot",), ("snapshot", "--json")])
def test_it_needs_no_window(words: tuple[str, ...], known: Command) -> None:
    assert known.run_process(*words, argv=known.without("textual", "rich")).code == 0
