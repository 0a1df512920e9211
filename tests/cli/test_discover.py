"""`rsdeck discover`: the real command against the real simulator over HTTPS."""

import json
from collections.abc import Iterator

import pytest

from tests.cli.conftest import PASSWORD, USER, WRONG, Command
from tests.faultserver import answer, serving
from tests.fleet.conftest import NODES, STATES, Play
from tui.config import load
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster


@pytest.fixture
def spread() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(3), spread=True) as served:
        yield served


def table(served: SimulatedCluster, uid: int, more: str = "") -> str:
    return (
        f'[nodes.first{uid}]\nurl = "{served.urls[uid]}"\nusername = "{USER}"\ncluster = "demo"\n'
        f'fingerprint = "{served.fingerprint}"\npassword_env = "DEMO_PASSWORD"\n{more}\n'
    )


@pytest.fixture
def one(rsdeck: Command, spread: SimulatedCluster) -> Command:
    """`rsdeck` with a profile of the first node alone, and comments in the file."""
    rsdeck.configure(f"# ours\n{table(spread, 1)}# the end\n")
    rsdeck.env["DEMO_PASSWORD"] = PASSWORD
    return rsdeck


def test_it_lists_all_nodes_and_writes_nothing(one: Command, spread: SimulatedCluster) -> None:
    before = one.config_path.read_bytes()
    ran = one.run("discover", "first1", "--yes")
    assert (ran.code, ran.err) == (0, "")
    lines = [line.split(maxsplit=6) for line in ran.out.splitlines()]
    assert lines[0] == ["UID", "NAME", "ADDRESS", "ROLE", "VERSION", "PROFILE", "FOUND"]
    version = spread.cluster.version
    assert lines[1:] == [
        ["1", "first1", "127.0.0.1", "primary", version, "first1", "has the profile first1"],
        *(
            [
                str(uid),
                f"node{uid}",
                f"127.0.0.{uid}",
                "replica",
                version,
                "new",
                f"answers as node:{uid} node{uid}.demo.cluster.local",
            ]
            for uid in (2, 3)
        ),
    ]
    assert one.config_path.read_bytes() == before
    sent = {asked.path for asked in spread.cluster.requests if asked.method != "GET"}
    assert sent <= {"/v1/users/authorize"}


@pytest.mark.parametrize("typed", [None, "\n", "n\n", "y\n"])
def test_nothing_is_sent_to_a_new_node_before_the_terminal_or_yes_allows_it(
    typed: str | None, one: Command, spread: SimulatedCluster
) -> None:
    ran = one.run("discover", "first1", "--add", typed=typed)
    asked = {request.uid for request in spread.cluster.requests}
    names = [node.name for node in load(one.config_path, must_exist=True).nodes]
    if typed == "y\n":
        assert (ran.code, asked, names) == (0, {1, 2, 3}, ["first1", "node2", "node3"])
    else:
        assert (ran.code, asked, names) == (1, {1}, ["first1"])
        assert [row[1] for row in ran.rows] == ["first1", "node2", "node3"]
        assert ran.out.count("nothing was sent yet") == 2
    if typed is None:
        assert "nothing was sent to 2 new nodes: --yes to log in as admin@demo.local" in ran.err
    else:
        assert f"node2 ({spread.urls[2]})" in ran.err


def test_add_writes_all_that_answer_as_themselves_and_status_reads_them(one: Command) -> None:
    ran = one.run("discover", "first1", "--add", "--yes")
    assert ran.code == 0
    assert "added node2, node3; first1 is node:1 in " in ran.err
    nodes = load(one.config_path, must_exist=True).nodes
    assert [(node.name, node.uid) for node in nodes] == [("first1", 1), ("node2", 2), ("node3", 3)]
    text = one.config_path.read_text()
    assert text.startswith("# ours\n")
    assert "# the end" in text
    assert PASSWORD not in text
    assert one.run("status").code == 0
    again = one.run("discover", "first1", "--add", "--yes")
    assert again.code == 0
    assert "nothing was added in " in again.err


def test_add_writes_those_that_are_named(one: Command) -> None:
    ran = one.run("discover", "first1", "--add", "node3", "--yes")
    assert ran.code == 0
    assert [node.name for node in load(one.config_path, must_exist=True).nodes] == [
        "first1",
        "node3",
    ]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("nobody",), "no node 'nobody'"),
        (("first1", "--add", "node9"), "no new node 'node9' was found; there are: node2, node3"),
        (("first1", "--add", "first1"), "no new node 'first1'"),
        (("first1", "node2"), "names go with --add"),
        ((), "Missing argument 'NODE'"),
    ],
)
def test_invalid_arguments_are_exit_code_2_and_nothing_is_written(
    argv: tuple[str, ...], words: str, one: Command
) -> None:
    before = one.config_path.read_bytes()
    ran = one.run("discover", *argv)
    assert ran.code == 2
    assert words in ran.err
    assert ran.out == ""
    assert one.config_path.read_bytes() == before


def test_a_node_that_does_not_answer_is_exit_code_1_and_is_not_added_by_itself(
    one: Command, spread: SimulatedCluster
) -> None:
    spread.power_off(2)
    ran = one.run("discover", "first1", "--add", "--yes")
    assert ran.code == 1
    assert "refused the connection" in ran.out
    assert "added node3" in ran.err
    assert load(one.config_path, must_exist=True).node("node2") is None
    named = one.run("discover", "first1", "--add", "node2", "--yes")
    assert named.code == 1
    added = load(one.config_path, must_exist=True).node("node2")
    assert added is not None
    assert added.uid == 2


def test_json_is_one_object_on_stdout(one: Command, spread: SimulatedCluster) -> None:
    ran = one.run("discover", "first1", "--add", "node2", "--json", "--yes")
    assert ran.code == 0
    printed = json.loads(ran.out)
    assert (printed["node"], printed["cluster"], printed["notes"]) == (
        "first1",
        "demo.cluster.local",
        [],
    )
    assert [(node["uid"], node["profile"], node["added"]) for node in printed["nodes"]] == [
        (1, "first1", False),
        (2, None, True),
        (3, None, False),
    ]
    assert printed["nodes"][1]["url"] == spread.urls[2]
    assert printed["nodes"][1]["found"] == "answers"


@pytest.mark.parametrize("why", ["wrong password", "no password", "off", "replica"])
def test_a_node_that_cannot_be_polled_is_exit_code_3(
    why: str, one: Command, spread: SimulatedCluster
) -> None:
    spread.cluster.logins.challenges = True
    words = {
        "wrong password": "does not accept",
        "no password": "password_env: the variable is not set",
        "off": "refused the connection",
        "replica": "only the primary reports",
    }
    if why == "wrong password":
        one.env["DEMO_PASSWORD"] = WRONG
    elif why == "no password":
        del one.env["DEMO_PASSWORD"]
    elif why == "off":
        spread.power_off(1)
    else:
        spread.cluster.promote(2)
    ran = one.run("discover", "first1", "--add", "--yes")
    assert ran.code == 3
    assert words[why] in ran.err
    assert WRONG not in ran.err
    assert ran.out == ""
    assert len(spread.cluster.requests) <= 4  # a login, and three calls


def test_a_cluster_that_does_not_tell_its_nodes_is_exit_code_3(rsdeck: Command) -> None:
    play = Play()
    for path in (NODES, STATES):
        play.get(path, answer("not for you", 403))
    with serving(play) as server:
        rsdeck.configure(
            f'[nodes.first]\nurl = "{server.url}"\nusername = "{USER}"\n'
            'password_env = "DEMO_PASSWORD"\n'
        )
        ran = rsdeck.run("discover", "first", env={"DEMO_PASSWORD": PASSWORD})
    assert ran.code == 3
    assert "not reported: /v1/nodes" in ran.err
