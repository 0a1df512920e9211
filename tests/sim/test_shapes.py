"""Every answer's shape, field by field, as api-facts.md has it; written by hand, on purpose."""

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UPTIME = re.compile(r"(?:(\d+) days?, )?(\d+):([0-5]\d):([0-5]\d)")
OPTIONAL = {
    "alert_mgr",
    "call_home_agent",
    "cm_server",
    "crdb_coordinator",
    "crdb_worker",
    "entraid_agent_mgr",
    "ldap_agent_mgr",
    "mdns_server",
    "pdns_server",
    "sentinel_service",
    "stats_archiver",
}
CAPTURED = {
    "alert_mgr",
    "ccs",
    "cluster_wd",
    "cm_server",
    "cnm_exec",
    "cnm_http",
    "crdb_coordinator",
    "crdb_worker_0",
    "crdb_worker_1",
    "dmcproxy",
    "envoy",
    "envoy_control_plane",
    "gossip_envoy",
    "heartbeatd",
    "job_scheduler",
    "ldap_agent_mgr",
    "mdns_server",
    "metrics_exporter",
    "node_wd",
    "pdns_ccs_backend",
    "pdns_server",
    "persistence_mgr",
    "redis_mgr",
    "resource_mgr",
    "rl_info_provider",
    "sentinel_service",
    "start_redis_servers",
    "stats_archiver",
}


@pytest.fixture
def get(ask):
    def get(path, uid=1):
        answer = ask("GET", path, uid=uid)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    return get


def test_services_are_an_object_of_start_time_status_and_uptime(get):
    services = get("/v1/local/services", uid=2)
    assert set(services) > CAPTURED
    for name, entry in services.items():
        if name == "start_redis_servers":
            assert entry == {"status": "EXITED"}
            continue
        assert entry.keys() == {"start_time", "status", "uptime"}
        assert entry["status"] == "RUNNING"
        assert STAMP.fullmatch(entry["start_time"])
        days, hours, minutes, seconds = UPTIME.fullmatch(entry["uptime"]).groups()
        up = timedelta(
            days=int(days or 0), hours=int(hours), minutes=int(minutes), seconds=int(seconds)
        )
        assert str(up) == entry["uptime"]
        began = datetime.strptime(entry["start_time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert abs((began + up) - datetime.now(UTC)) < timedelta(seconds=1.5)


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("absent", {"status": "STOPPED"}),
        ("null", {"start_time": None, "status": "STOPPED", "uptime": None}),
        ("empty", {"start_time": "", "status": "STOPPED", "uptime": ""}),
    ],
)
def test_a_stopped_service_has_no_times_in_any_of_three_ways(get, served, setting, shown):
    served.cluster.stopped_times = setting
    served.cluster.set_status(2, "alert_mgr", "STOPPED")
    assert get("/v1/local/services", uid=2)["alert_mgr"] == shown


def test_an_operation_is_answered_by_name_with_true_or_false(ask, served):
    served.cluster.refuse_next(2, "mdns_server")
    names = ["alert_mgr", "mdns_server", "nope"]
    order = {"operation_type": "restart", "services": names}
    answer = ask("POST", "/v1/local/services", uid=2, json=order)
    assert answer.status_code == 200
    assert answer.json() == {"alert_mgr": True, "mdns_server": False, "nope": False}


def test_the_configuration_is_an_object_of_operating_modes(get, served):
    served.cluster.disable("cm_server")
    configuration = get("/v1/cluster/services_configuration")
    assert set(configuration) == OPTIONAL
    off = {name for name, one in configuration.items() if one == {"operating_mode": "disabled"}}
    assert off == {"cm_server", "entraid_agent_mgr"}
    rest = [configuration[name] for name in OPTIONAL - off]
    assert rest == [{"operating_mode": "enabled"}] * len(rest)
    assert "cm_server" not in get("/v1/local/services")


def test_nodes_are_a_list_with_a_number_for_uid_and_no_role(get, served):
    served.cluster.power_off(3)
    nodes = get("/v1/nodes")
    assert [node["uid"] for node in nodes] == [1, 2, 3]
    assert [node["status"] for node in nodes] == ["active", "active", "down"]
    for node in nodes:
        assert type(node["uid"]) is int
        assert "role" not in node
        assert node["addr"]
        assert node["external_addr"] == []
        for name in ("shard_count", "cores", "total_memory", "uptime"):
            assert type(node[name]) is int, name
        for name in ("software_version", "rack_id", "os_version"):
            assert type(node[name]) is str, name


def test_the_nodes_status_is_keyed_by_text_with_a_role_and_no_address(get, served):
    served.cluster.promote(2)
    nodes = get("/v1/nodes/status", uid=2)
    assert list(nodes) == ["1", "2", "3"]
    assert [one["role"] for one in nodes.values()] == ["slave", "master", "slave"]
    for node in nodes.values():
        assert not {"addr", "uid", "external_addr"} & node.keys()
        assert node["node_status"] == "active"
        for name in ("hostname", "software_version"):
            assert node[name]
        for name in ("cores", "free_ram", "total_memory"):
            assert type(node[name]) is int, name


def test_the_cluster_has_a_name_and_a_creation_time(get):
    cluster = get("/v1/cluster")
    assert cluster["name"] == "demo.cluster.local"
    assert STAMP.fullmatch(cluster["created_time"])


@pytest.mark.parametrize("uid", [1, 2, 3])
def test_bootstrap_shows_the_nodes_own_uid_as_a_string(get, uid):
    bootstrap = get("/v1/bootstrap", uid=uid)
    assert bootstrap["bootstrap_status"]["state"]
    assert bootstrap["local_node_info"]["uid"] == str(uid)


def test_the_masters_healthcheck_is_of_the_link_to_the_primary_and_not_of_the_role(get, served):
    path = "/v1/local/node/master_healthcheck"
    assert [get(path, uid) for uid in (1, 2, 3)] == [{"status": "active"}] * 3
    served.cluster.stop(2, "ccs")
    assert [get(path, uid)["status"] for uid in (1, 2, 3)] == ["active", "inactive", "active"]
    served.cluster.power_off(1)
    assert [get(path, uid)["status"] for uid in (2, 3)] == ["inactive", "inactive"]


def test_a_replica_that_answers_knows_of_the_nodes_their_hostname_and_role_alone(get, served):
    served.cluster.handle_redirects = True
    nodes = get("/v1/nodes/status", uid=2)
    assert [node.keys() for node in nodes.values()] == [{"hostname", "role"}] * 3
    assert [node["role"] for node in nodes.values()] == ["master", "slave", "slave"]


def test_a_node_in_maintenance_has_a_snapshot_in_its_status(get, served):
    served.cluster.maintain(2)
    nodes = get("/v1/nodes/status")
    assert [uid for uid, node in nodes.items() if "maintenance_snapshot" in node] == ["2"]
    snapshot = nodes["2"]["maintenance_snapshot"]
    assert snapshot.keys() == {"name", "created_time", "node_uid"}
    assert snapshot["node_uid"] == "2"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", snapshot["created_time"])
    assert [one["in_maintenance"] for one in get("/v4/cluster/health")["nodes"]] == [
        False,
        True,
        False,
    ]
    served.cluster.maintain(2, on=False)
    assert "maintenance_snapshot" not in get("/v1/nodes/status")["2"]


def test_a_nodes_check_has_a_number_for_uid(get, served):
    assert get("/v1/nodes/check/2") == {"node_uid": 2, "result": True}
    served.cluster.set_status(2, "alert_mgr", "FATAL")
    check = get("/v1/nodes/check/2")
    assert check.keys() == {"node_uid", "result", "error"}
    assert check["node_uid"] == 2
    assert check["result"] is False
    assert check["error"].startswith("process alert_mgr is not running or not responding (")


def test_a_node_without_power_fails_its_check(get, served):
    served.cluster.power_off(3)
    check = get("/v1/nodes/check/3")
    assert (check["node_uid"], check["result"]) == (3, False)
    assert check["error"]


def test_the_clusters_check_has_a_text_for_uid(get, served):
    well = [{"node_uid": str(uid), "result": True} for uid in (1, 2, 3)]
    assert get("/v1/cluster/check") == {"cluster_test_result": True, "nodes": well}
    served.cluster.set_status(2, "alert_mgr", "STOPPED")
    served.cluster.power_off(3)
    check = get("/v1/cluster/check")
    assert check["cluster_test_result"] is False
    assert [node["result"] for node in check["nodes"]] == [True, False, False]
    assert [node.keys() - {"node_uid", "result"} for node in check["nodes"]] == [
        set(),
        {"error"},
        {"error"},
    ]
    assert check["nodes"][1]["error"].startswith("process alert_mgr is not running")


@pytest.mark.parametrize("uid", [1, 2])
def test_any_node_reports_the_clusters_health_without_times(get, served, uid):
    served.cluster.set_status(3, "alert_mgr", "FATAL")
    nodes = get("/v4/cluster/health", uid)["nodes"]
    assert [node["id"] for node in nodes] == ["1", "2", "3"]
    assert [node["role"] for node in nodes] == ["leader", "follower", "follower"]
    assert [node["status"] for node in nodes] == ["active", "active", "warning"]
    for node in nodes:
        assert type(node["observed_at"]) is int
        assert node["in_maintenance"] is False
        assert re.fullmatch("[a-z_]+", node["detailed_status"])
        assert node["quorum_only"] is False
        assert type(node["shards"]) is list
        assert node["memory"].keys() >= {"total_ram", "free_ram"}
        assert node["version"] == "8.0.16-22"
        assert all(one.keys() == {"name", "status"} for one in node["services"])
    assert {"name": "alert_mgr", "status": "FATAL"} in nodes[2]["services"]
    assert {"name": "start_redis_servers", "status": "EXITED"} in nodes[0]["services"]


def test_the_clusters_health_has_all_that_is_required_of_it(get, served):
    health = get("/v4/cluster/health")
    assert health.keys() == {
        "fqdn",
        "status",
        "license",
        "certificates",
        "active_alerts",
        "database_infos",
        "nodes",
    }
    assert (health["fqdn"], health["status"]) == ("demo.cluster.local", "ok")
    assert health["license"].keys() >= {"expired", "valid_until", "shards_in_use", "shards_limit"}
    assert all(one.keys() == {"type", "expired", "valid_until"} for one in health["certificates"])
    assert all(type(one["id"]) is str for one in health["database_infos"])
    served.cluster.set_status(2, "alert_mgr", "STOPPED")
    assert get("/v4/cluster/health")["status"] == "warning"
    served.cluster.power_off(3)
    assert get("/v4/cluster/health")["status"] == "error"


def test_a_node_that_is_down_was_observed_when_it_was_last_seen(get, served):
    served.cluster.power_off(3)
    served.cluster.lose_sight(2, 7200)
    nodes = get("/v4/cluster/health")["nodes"]
    assert [node["status"] for node in nodes] == ["active", "active", "down"]
    ages = [time.time() - node["observed_at"] for node in nodes]
    assert 7195 < ages[1] < 7205
    assert ages[0] < 5
    frozen = nodes[2]["observed_at"]
    assert get("/v4/cluster/health")["nodes"][2]["observed_at"] == frozen


def test_the_health_may_be_asked_for_issues_only(get, served):
    served.cluster.set_status(3, "alert_mgr", "FATAL")
    nodes = get("/v4/cluster/health?issues_only=true")["nodes"]
    shown = [one for node in nodes for one in node["services"]]
    assert shown == [{"name": "alert_mgr", "status": "FATAL"}]


@pytest.mark.parametrize(
    "path",
    [
        "/v1/services/alert_mgr/restart",
        "/v1/local/services/alert_mgr",
        "/v1/nodes/1/services",
        "/v1/node",
        "/",
    ],
)
def test_what_does_not_exist_is_404(ask, path):
    answer = ask("GET", path)
    assert answer.status_code == 404
    assert answer.json()["error_code"]


@pytest.mark.parametrize("uid", [2, 3])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/nodes",
        "/v1/nodes/status",
        "/v1/nodes/check/1",
        "/v1/cluster",
        "/v1/cluster/check",
        "/v1/cluster/services_configuration",
        "/v1/bdbs?fields=uid,name",
        "/v1/shards",
        "/v1/cluster/alerts",
        "/v1/nodes/alerts",
        "/v1/license",
        "/v1/actions",
        "/v2/actions",
        "/v1/logs?order=desc&limit=2",
    ],
)
def test_a_replica_redirects_the_clusters_calls_to_the_primary(ask, served, path, uid):
    answer = ask("GET", path, uid=uid)
    assert answer.status_code == 307
    assert answer.headers["location"] == served.urls[1] + path


def test_before_the_login_nothing_is_shown(ask):
    for path in ("/v1/local/services", "/v1/nodes", "/v1/bootstrap", "/nowhere"):
        for uid in (1, 2):
            answer = ask("GET", path, uid=uid, auth=None)
            assert answer.status_code == 401
            assert answer.json().keys() == {"error_code", "description"}
