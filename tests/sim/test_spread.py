"""A cluster as it really stands: an address for each node, one port for all."""

import contextlib
import ssl
import time

import httpx
import pytest

from tests.sim.conftest import ADMIN
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster, SimulatorError


def ask(served: SimulatedCluster, path: str, uid: int = 1) -> httpx.Response:
    trust = ssl.create_default_context(cadata=served.ca_pem.decode("ascii"))
    with httpx.Client(verify=trust, trust_env=False, timeout=30) as client:
        return client.get(served.urls[uid] + path, auth=ADMIN)


def test_every_node_has_an_address_of_its_own_and_one_port_and_says_so():
    with SimulatedCluster(Cluster(3), spread=True) as served:
        hosts = [url.removeprefix("https://").partition(":") for url in served.urls.values()]
        assert [host for host, _, _ in hosts] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
        assert len({port for _, _, port in hosts}) == 1
        listed = ask(served, "/v1/nodes").json()
        assert {one["uid"]: one["addr"] for one in listed} == {
            1: "127.0.0.1",
            2: "127.0.0.2",
            3: "127.0.0.3",
        }
        for uid in (1, 2, 3):  # the certificate names every address
            printed = ask(served, "/v1/bootstrap", uid).json()
            assert printed["local_node_info"]["uid"] == str(uid)


def test_without_it_every_node_has_a_port_of_its_own():
    with SimulatedCluster(Cluster(2)) as served:
        assert served.urls[1] != served.urls[2]
        assert all(url.startswith("https://127.0.0.1:") for url in served.urls.values())
        listed = [one["addr"] for one in ask(served, "/v1/nodes").json()]
        assert listed == ["127.0.0.1", "127.0.0.2"]  # by which endpoints are found on nodes


def test_a_redirect_points_to_the_address_of_the_primary():
    with SimulatedCluster(Cluster(2), spread=True) as served:
        elsewhere = ask(served, "/v1/nodes", uid=2)
        assert elsewhere.status_code == 307
        assert elsewhere.headers["location"] == f"{served.urls[1]}/v1/nodes"


def test_clusters_of_different_bases_stand_side_by_side_on_one_port():
    with SimulatedCluster(Cluster(2, name="one"), spread=True) as first:
        port = int(first.urls[1].rpartition(":")[2])
        with SimulatedCluster(
            Cluster(2, name="two"), spread=True, base="127.0.7", port=port
        ) as second:
            assert second.urls[2] == f"https://127.0.7.2:{port}"
            assert ask(second, "/v1/cluster").json()["name"] == "two"
            assert ask(first, "/v1/cluster").json()["name"] == "one"


def test_a_port_that_one_address_cannot_bind_is_reported_and_all_are_freed():
    with SimulatedCluster(Cluster(2), spread=True) as taken:
        port = int(taken.urls[1].rpartition(":")[2])
        with pytest.raises(SimulatorError, match=f"port {port} cannot be had on 127.0.0.1"):
            SimulatedCluster(Cluster(3), spread=True, port=port).__enter__()
    with SimulatedCluster(Cluster(3), spread=True, port=port) as served:
        assert ask(served, "/v1/bootstrap", 3).status_code == 200


def test_an_address_that_this_machine_lacks_is_reported():
    with pytest.raises(SimulatorError, match=r"192\.0\.2\.1.*no such address"):
        SimulatedCluster(Cluster(2), spread=True, base="192.0.2").__enter__()


def test_three_clusters_one_of_them_of_35_nodes_are_up_within_seconds():
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        served = [
            stack.enter_context(
                SimulatedCluster(Cluster(nodes), spread=True, base=f"127.0.{number}")
            )
            for number, nodes in enumerate((35, 3, 3))
        ]
        assert time.monotonic() - began < 30
        assert ask(served[0], "/v1/bootstrap", 35).status_code == 200
        assert len(ask(served[0], "/v1/nodes").json()) == 35


def test_a_failover_makes_another_node_tell_and_the_old_one_redirect():
    with SimulatedCluster(Cluster(3), spread=True) as served:
        served.cluster.promote(2)
        assert ask(served, "/v1/nodes", uid=1).headers["location"] == f"{served.urls[2]}/v1/nodes"
        states = ask(served, "/v1/nodes/status", uid=2).json()
        assert [states[uid]["role"] for uid in "123"] == ["slave", "master", "slave"]
        health = ask(served, "/v4/cluster/health", uid=3).json()
        assert [one["role"] for one in health["nodes"]] == ["follower", "leader", "follower"]
