"""The simulator's Python commands: what tests and the demo do to a cluster."""

import threading

import pytest

from tui.sim.cluster import Cluster, RequestRecord


def record(number):
    return RequestRecord(1, "GET", f"/{number}", "", b"", None, 200, 0.0)


def test_a_command_is_neither_refused_nor_ignored_and_leaves_that_for_the_next_operation(clock):
    cluster = Cluster(clock=clock)
    cluster.refuse_next(1, "alert_mgr")
    cluster.ignore_next(1, "mdns_server")
    for name in ("alert_mgr", "mdns_server"):
        cluster.stop(1, name)
        assert cluster.services(1)[name]["status"] == "STOPPING"
        clock.after(2)
        cluster.start(1, name)
        clock.after(2)
        cluster.restart(1, name)
        assert cluster.services(1)[name]["status"] == "RESTARTING"
        clock.after(4)
    assert cluster.operate(1, "stop", ["alert_mgr"]) == {"alert_mgr": False}
    assert cluster.operate(1, "stop", ["mdns_server"]) == {"mdns_server": True}
    assert cluster.services(1)["alert_mgr"]["status"] == "RUNNING"
    assert cluster.services(1)["mdns_server"]["status"] == "RUNNING"


@pytest.mark.parametrize("command", ["start", "stop", "restart"])
def test_a_command_for_a_service_that_is_not_there_is_a_key_error(clock, command):
    with pytest.raises(KeyError):
        getattr(Cluster(clock=clock), command)(1, "alert_mngr")


def test_enabling_what_the_configuration_had_off_makes_it_appear_on_every_node(clock):
    cluster = Cluster(clock=clock)
    assert "entraid_agent_mgr" not in cluster.services(1)
    cluster.enable("entraid_agent_mgr")
    for uid in (1, 2, 3):
        assert cluster.services(uid)["entraid_agent_mgr"]["status"] == "STARTING"
    clock.after(2)
    assert cluster.services(2)["entraid_agent_mgr"]["status"] == "RUNNING"
    assert cluster.operate(1, "stop", ["entraid_agent_mgr"]) == {"entraid_agent_mgr": True}


def test_a_service_enabled_again_is_freshly_started(clock):
    cluster = Cluster(clock=clock)
    before = cluster.services(2)["crdb_worker_1"]["start_time"]
    cluster.disable("crdb_worker")
    assert cluster.operate(2, "restart", ["crdb_worker_1"]) == {"crdb_worker_1": False}
    clock.after(5)
    cluster.enable("crdb_worker")
    clock.after(2)
    entry = cluster.services(2)["crdb_worker_1"]
    assert entry["status"] == "RUNNING"
    assert entry["start_time"] > before


def test_a_service_switched_off_and_on_within_a_second_has_a_later_start_time(clock):
    cluster = Cluster(clock=clock, pace=0.01)
    cluster.restart(1, "alert_mgr")
    clock.after(0.1)
    before = cluster.services(1)["alert_mgr"]["start_time"]
    cluster.disable("alert_mgr")
    cluster.enable("alert_mgr")
    clock.after(1.1)
    assert cluster.services(1)["alert_mgr"]["start_time"] > before


def test_a_fixed_status_is_dropped_when_the_service_is_disabled(clock):
    cluster = Cluster(clock=clock)
    cluster.set_status(1, "alert_mgr", "huh")
    cluster.disable("alert_mgr")
    cluster.enable("alert_mgr")
    clock.after(2)
    assert cluster.services(1)["alert_mgr"]["status"] == "RUNNING"


def test_enabling_what_is_on_restarts_nothing(clock):
    cluster = Cluster(clock=clock)
    before = cluster.services(1)
    cluster.enable("alert_mgr")
    assert cluster.services(1) == before


@pytest.mark.parametrize("name", ["typo", "ccs", "crdb_worker_0"])
def test_only_what_the_configuration_names_is_switched(clock, name):
    cluster = Cluster(clock=clock)
    with pytest.raises(KeyError):
        cluster.disable(name)
    with pytest.raises(KeyError):
        cluster.enable(name)
    assert name not in cluster.configuration


def test_a_lively_cluster_leaves_a_disabled_service_alone(clock):
    cluster = Cluster(clock=clock, lively=True, seed=4)
    for name in list(cluster.configuration):
        cluster.disable(name)
    for _ in range(600):
        clock.after(1)
        assert {one["status"] for one in cluster.services(1).values()} == {"RUNNING", "EXITED"}


def test_the_records_are_bounded_and_still_read_as_a_list():
    cluster = Cluster(1)
    for number in range(100_010):
        cluster.requests.append(record(number))
    assert len(cluster.requests) == 100_000
    assert cluster.requests[-1].path == "/100009"
    assert cluster.requests[0].path == "/10"
    assert [one.path for one in cluster.requests[-2:]] == ["/100008", "/100009"]
    assert len(list(cluster.requests)) == 100_000
    cluster.requests.clear()
    assert not cluster.requests


def test_the_records_may_be_read_while_a_node_writes_them():
    requests = Cluster(1).requests
    ended = threading.Event()

    def write():
        for number in range(30_000):
            requests.append(record(number))
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not ended.is_set():
        assert all(one.method == "GET" for one in requests)
    writer.join()
