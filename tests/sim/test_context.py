"""What surrounds the services, field by field, as api-context.md has it; written by hand."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.sim.conftest import ADMIN
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FIELDS = "fields=uid,name,status,endpoints,proxy_policy,replication,crdt"
AVAILABLE = "/v1/local/bdbs/{}/endpoint/availability"


@pytest.fixture
def get(ask):
    def get(path, uid=1, **more):
        answer = ask("GET", path, uid=uid, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return get


@contextmanager
def simulated(cluster: Cluster) -> Iterator[httpx.Client]:
    with (
        SimulatedCluster(cluster, tls=False) as served,
        httpx.Client(base_url=served.urls[1], auth=ADMIN, trust_env=False) as client,
    ):
        yield client


def test_databases_have_just_the_fields_that_are_asked_for(get):
    listed = get(f"/v1/bdbs?{FIELDS}")
    assert [one["name"] for one in listed] == ["sessions", "cart", "catalog", "cache", "profiles"]
    for one in listed:
        assert one.keys() == set(FIELDS.removeprefix("fields=").split(","))
        assert type(one["uid"]) is int
        (endpoint,) = one["endpoints"]
        assert endpoint["uid"] == f"{one['uid']}:1"
        assert endpoint["proxy_policy"] == one["proxy_policy"]
        assert type(endpoint["port"]) is int
    assert [one["replication"] for one in listed] == [True, True, True, False, True]
    assert [one["crdt"] for one in listed] == [False] * 4 + [True]
    addresses = {one["name"]: one["endpoints"][0]["addr"] for one in listed}
    assert addresses["sessions"] == ["127.0.0.1"]
    assert addresses["cart"] == ["127.0.0.2", "127.0.0.3"]
    assert addresses["catalog"] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


def test_without_the_fields_the_passwords_come_too(get):
    assert all(one["authentication_redis_pass"] for one in get("/v1/bdbs"))


def test_shards_have_a_database_and_a_node(get, served):
    served.cluster.power_off(3)
    listed = get("/v1/shards")
    assert len({one["uid"] for one in listed}) == len(listed) == 11
    for one in listed:
        assert (type(one["uid"]), type(one["bdb_uid"]), type(one["node_uid"])) == (str, int, str)
        assert one["role"] in ("master", "slave")
        is_down = one["node_uid"] == "3"
        state = ("inactive", "down") if is_down else ("active", "ok")
        assert (one["status"], one["detailed_status"]) == state
    by_database = {one["bdb_uid"]: one["node_uid"] for one in listed if one["role"] == "slave"}
    assert set(by_database) == {1, 2, 3, 5}


def test_the_health_call_and_the_nodes_status_list_the_same_shards(get):
    listed = {(one["uid"], one["node_uid"]) for one in get("/v1/shards")}
    health = get("/v4/cluster/health")["nodes"]
    assert {(shard["id"], node["id"]) for node in health for shard in node["shards"]} == listed
    for node in health:
        for shard in node["shards"]:
            assert shard.keys() == {"id", "role", "status", "detailed_status"}
    status = get("/v1/nodes/status")
    assert {
        (uid, node)
        for node, state in status.items()
        for uid in (*state["master_shards"], *state["slave_shards"])
    } == listed


def test_maintenance_empties_a_node(get, served):
    served.cluster.maintain(2)
    assert {one["node_uid"] for one in get("/v1/shards")} == {"1", "3"}
    assert get("/v4/cluster/health")["nodes"][1]["quorum_only"] is True
    assert "127.0.0.2" not in str(get(f"/v1/bdbs?{FIELDS}"))


def test_alerts_that_are_on_are_shown_by_all_three_calls(get, served):
    assert get("/v4/cluster/health")["active_alerts"] == []
    served.cluster.contents.raise_alert("cluster_multiple_nodes_down", "CRITICAL")
    served.cluster.contents.raise_alert("node_memory", node=2)
    of_cluster, of_nodes = get("/v1/cluster/alerts"), get("/v1/nodes/alerts")
    assert of_cluster["cluster_multiple_nodes_down"]["state"] is True
    assert of_cluster["cluster_even_node_count"]["enabled"] is False
    assert of_cluster["cluster_even_node_count"]["state"] is True
    assert of_nodes["2"]["node_memory"]["severity"] == "WARNING"
    assert STAMP.fullmatch(of_nodes["2"]["node_memory"]["change_time"])
    assert of_nodes["1"]["node_memory"]["state"] is False
    health = get("/v4/cluster/health")
    assert [one["name"] for one in health["active_alerts"]] == ["cluster_multiple_nodes_down"]
    assert [one["name"] for one in health["nodes"][1]["active_alerts"]] == ["node_memory"]
    served.cluster.contents.clear_alert("node_memory")
    assert get("/v1/nodes/alerts")["2"]["node_memory"]["state"] is False


def test_the_license_ends_in_41_days_by_both_calls(get, ask, served):
    license_ = get("/v1/license")
    assert license_["expired"] is False
    assert {"license", "key"} <= license_.keys()
    assert get("/v4/cluster/health")["license"]["valid_until"] == license_["expiration_date"]
    assert license_["ram_shards_in_use"] == 11
    served.cluster.contents.license_days = -1.0
    assert get("/v1/license")["expired"] is True
    served.cluster.contents.license_days = None
    assert ask("GET", "/v1/license").status_code == 404


def test_a_database_is_highly_available_where_all_its_shards_are_up(get, served):
    def states() -> list[str]:
        infos = get("/v4/cluster/health")["database_infos"]
        return [one["high_availability"]["status"] for one in infos]

    assert states() == ["up", "up", "up", "disabled", "up"]
    served.cluster.power_off(3)
    assert states() == ["up", "down", "down", "disabled", "down"]


def test_running_actions_have_the_form_of_their_version(get, ask, served):
    uid = served.cluster.contents.begin_action("SMMigrateShard", "bdb:2", 40)
    running = [one for one in get("/v2/actions") if one["status"] == "running"]
    assert [one["name"] for one in running] == ["SMMigrateShard"]
    assert running[0]["additional_info"] == {"object_type": "bdb", "object_uid": "2"}
    old = get("/v1/actions")
    assert [one["status"] for one in old["state-machines"]] == ["completed", "active"]
    assert [one["progress"] for one in old["actions"]] == ["100"]
    served.cluster.contents.end_action(uid)
    assert all(one["status"] == "completed" for one in get("/v2/actions"))
    served.cluster.contents.actions = []
    assert get("/v2/actions") == []
    assert ask("GET", "/v1/actions").status_code == 404


def test_the_event_log_is_bounded_and_in_the_order_asked_for(get):
    newest = get("/v1/logs?order=desc&limit=2")
    assert [one["type"] for one in newest] == ["backup_succeeded", "backup_started"]
    assert all(STAMP.fullmatch(one["time"]) for one in newest)
    oldest = get("/v1/logs?limit=1")
    assert oldest[0]["type"] == "cluster_node_joined"
    assert get("/v1/logs?order=desc&limit=1&offset=1")[0]["type"] == "backup_started"


@pytest.mark.parametrize(
    ("role", "version", "status"),
    [
        ("cluster_viewer", "8.0.16-22", 200),
        ("db_member", "8.0.16-22", 200),
        ("db_viewer", "8.0.16-22", 403),
        ("user_manager", "8.0.16-22", 200),
        ("user_manager", "7.4.2-54", 403),
        ("none", "8.0.16-22", 403),
    ],
)
def test_the_event_log_is_not_for_every_role(role, version, status):
    cluster = Cluster(1, version=version)
    cluster.add_user("x@demo.local", "pw", role)
    with simulated(cluster) as client:
        assert client.get("/v1/logs", auth=("x@demo.local", "pw")).status_code == status
        allowed = 403 if role == "none" else 200
        for path in ("/v1/shards", "/v1/license", "/v1/cluster/alerts", "/v1/actions"):
            assert client.get(path, auth=("x@demo.local", "pw")).status_code == allowed


@pytest.mark.parametrize(
    ("version", "missing"),
    [
        ("7.4.2-54", {"/v4/cluster/health", "/v2/actions", AVAILABLE.format(1)}),
        ("7.8.6-13", {"/v4/cluster/health", "/v2/actions"}),
        ("7.22.0-28", {"/v4/cluster/health"}),
        ("8.0.2-17", {"/v4/cluster/health"}),
        ("8.0.16-22", set()),
        ("8.2.0-1", set()),
    ],
)
def test_older_versions_lack_some_calls(version, missing):
    with simulated(Cluster(1, version=version)) as client:
        paths = {"/v4/cluster/health", "/v2/actions", "/v1/actions", AVAILABLE.format(1)}
        assert {path for path in paths if client.get(path).status_code == 404} == missing
        optional = client.get("/v1/cluster/services_configuration").json()
        assert ("sentinel_service" in optional) == (not version.startswith(("7.4", "7.8")))
        assert ("entraid_agent_mgr" in optional) == (not version.startswith("7.4"))
        listed = client.get("/v1/local/services").json()
        assert ("cluster_api" in listed) == version.startswith("8")
        assert ("call_home_agent" in listed) == ("call_home_agent" in optional)


def test_a_scoped_role_sees_some_databases_only():
    for version, seen in [("8.2.0-1", 2), ("8.0.16-22", 5)]:
        cluster = Cluster(1, version=version)
        cluster.users["viewer@demo.local"].databases = frozenset({1, 4})
        with simulated(cluster) as client:
            viewer = ("viewer@demo.local", "viewer-password")
            assert len(client.get(f"/v1/bdbs?{FIELDS}", auth=viewer).json()) == seen


def test_a_restart_of_the_proxy_takes_its_endpoints_away_for_a_while(clock):
    cluster = Cluster(3, clock=clock)
    with simulated(cluster) as client:

        def look(database: int) -> tuple[int, str]:
            answer = client.get(AVAILABLE.format(database))
            return answer.status_code, answer.json()["error_code"] if answer.content else ""

        assert look(1) == (200, "")
        assert look(2) == (404, "bdb_endpoint_not_found")
        assert look(9) == (404, "not_found")
        cluster.restart(1, "dmcproxy")
        for _ in range(3):
            clock.after(1.0)
            assert look(1) == (503, "bdb_endpoint_unavailable")
        clock.after(4.0)
        assert look(1) == (200, "")
        cluster.power_off(2)
        assert look(1) == (200, "")
        cluster.power_off(3)
        assert look(1) == (503, "no_quorum")


def test_a_replica_answers_for_its_own_endpoints(ask):
    assert ask("GET", AVAILABLE.format(2), uid=2).status_code == 200


def test_any_call_can_be_told_to_fail(ask, served):
    served.cluster.fail_call("/v1/shards", 403)
    assert ask("GET", "/v1/shards").status_code == 403
    assert ask("GET", "/v1/license").status_code == 200
    served.cluster.fail_call("/v1/license", 200, b"garbled")
    assert ask("GET", "/v1/license").content == b"garbled"
    served.cluster.heal_call("/v1/shards")
    assert ask("GET", "/v1/shards").status_code == 200
    served.cluster.slow_call("/v1/shards", 30)
    with pytest.raises(httpx.ReadTimeout):
        ask("GET", "/v1/shards", timeout=0.2)
    assert ask("GET", "/v1/cluster/alerts").status_code == 200


def test_the_health_call_may_be_the_primarys_too(ask, served):
    assert ask("GET", "/v4/cluster/health", uid=2).status_code == 200
    served.cluster.health_anywhere = False
    assert ask("GET", "/v4/cluster/health", uid=2).status_code == 307
    assert ask("GET", "/v4/cluster/health", uid=1).status_code == 200


def test_a_cluster_of_one_node_has_no_replicas():
    with simulated(Cluster(1)) as client:
        listed = client.get(f"/v1/bdbs?{FIELDS}").json()
        assert not any(one["replication"] for one in listed)
        assert all(one["role"] == "master" for one in client.get("/v1/shards").json())
