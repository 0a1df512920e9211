"""What surrounds the services: read from hand-written answers, in the forms of the facts."""

import json
from datetime import UTC, datetime

import pytest

from tui.api import context_codec
from tui.api.codec import HttpReply, WireError
from tui.model.context import (
    Alert,
    CertificateTerm,
    Database,
    Endpoint,
    EndpointAvailability,
    Entries,
    HighAvailability,
    License,
    LogEntry,
    RunningAction,
    Shard,
    VendorSeverity,
)
from tui.model.node import Role

JULY = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
JULY_TEXT = "2026-07-01T12:00:00Z"


def body(value: object) -> bytes:
    return json.dumps(value).encode()


def test_the_health_of_a_cluster_is_read_by_uid() -> None:
    body = json.dumps(
        {
            "nodes": [
                {"id": "2", "role": "follower", "status": "unhealthy", "in_maintenance": True},
                {
                    "id": "1",
                    "role": "leader",
                    "version": "8.0.16",
                    "detailed_status": "ok\x1b[2J",
                    "observed_at": 1715625480,
                    "services": [{"name": "ccs", "status": "RUNNING"}, {"name": "ccs"}, 7],
                },
                {"id": "no"},
                None,
            ]
        }
    )
    first, second = context_codec.read_health(body.encode()).nodes
    assert (first.uid, first.role, first.version) == (1, Role.PRIMARY, "8.0.16")
    assert first.detail == "ok␛[2J"
    assert first.observed_on == datetime(2024, 5, 13, 18, 38, tzinfo=UTC)
    assert [(one.name, one.status) for one in first.services] == [
        ("ccs", "RUNNING"),
        ("ccs #2", "?"),
    ]
    assert (second.role, second.status, second.in_maintenance) == (Role.REPLICA, "unhealthy", True)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"nodes": {}}', b"<html>"])
def test_what_is_no_health_of_a_cluster_is_an_error(body: bytes) -> None:
    with pytest.raises(WireError):
        context_codec.read_health(body)


HEALTH = {
    "license": {"expired": False, "valid_until": JULY_TEXT, "shards_in_use": 4, "shards_limit": 9},
    "certificates": [{"type": "api", "expired": True, "valid_until": "2026-07-01T12:00:00Z"}, {}],
    "active_alerts": [
        {"name": "cluster_license_about_to_expire", "active_since": JULY_TEXT, "severity": "INFO"},
        "odd",
    ],
    "database_infos": [
        {"id": "1", "name": "a", "status": "active", "high_availability": {"status": "up"}},
        {"id": "2", "high_availability": {"status": "disabled"}},
        {"id": "3", "high_availability": {"status": "down"}},
        {"id": "4", "high_availability": {"status": ["up"]}},
        {"name": "without an id"},
    ],
    "nodes": [
        {
            "id": "1",
            "quorum_only": True,
            "shards": [
                {"id": "7", "role": "leader", "status": "active", "detailed_status": "ok"},
                {"id": 8, "role": "follower", "status": "active", "detailed_status": "importing"},
                None,
            ],
            "active_alerts": [{"name": "node_memory", "active_since": 1782907200}],
        }
    ],
}


def test_the_health_call_keeps_what_surrounds_the_nodes() -> None:
    health = context_codec.read_health(body(HEALTH))
    assert health.nodes[0].quorum_only
    assert health.license == License(False, JULY)
    assert health.certificates == Entries((CertificateTerm("api", True, JULY),), 1)
    assert health.alerts == Entries(
        (
            Alert("cluster_license_about_to_expire", VendorSeverity.INFO, JULY),
            Alert("node_memory", since=JULY, node=1),
        ),
        1,
    )
    assert health.databases is not None
    assert health.databases.left_out == 1
    assert [(one.uid, one.replicated, one.high_availability) for one in health.databases.read] == [
        (1, True, HighAvailability.UP),
        (2, False, HighAvailability.DISABLED),
        (3, True, HighAvailability.DOWN),
        (4, None, HighAvailability.UNKNOWN),
    ]
    assert health.databases.read[0].endpoints is None
    assert health.shards == Entries(
        (
            Shard("7", node=1, is_primary=True, status="active"),
            Shard("8", node=1, is_primary=False, status="importing"),
        ),
        1,
    )


@pytest.mark.parametrize("odd", [None, 7, "x", {}])
@pytest.mark.parametrize("part", ["certificates", "active_alerts", "database_infos"])
def test_a_part_of_the_health_call_that_is_not_there_is_unknown_and_spoils_no_other(
    part: str, odd: object
) -> None:
    health = context_codec.read_health(body(HEALTH | {part: odd}))
    parts = {
        "certificates": health.certificates,
        "active_alerts": health.alerts,
        "database_infos": health.databases,
    }
    assert parts.pop(part) is None
    assert None not in parts.values()


def test_shards_of_the_health_call_are_unknown_where_a_node_does_not_list_its_own() -> None:
    nodes = [*HEALTH["nodes"], {"id": "2"}]
    assert context_codec.read_health(body(HEALTH | {"nodes": nodes})).shards is None


@pytest.mark.parametrize(
    ("alert", "is_on"),
    [
        ({"enabled": True, "state": True}, True),
        ({"enabled": True, "state": "on"}, True),
        ({"state": True}, True),
        ({"enabled": False, "state": True}, False),
        ({"enabled": True, "state": False}, False),
        ({"enabled": True, "state": "off"}, False),
        ({"enabled": True}, False),
        ({"enabled": True, "state": []}, False),
    ],
)
def test_an_alert_is_shown_that_is_on_and_not_disabled(
    alert: dict[str, object], is_on: bool
) -> None:
    alert |= {"severity": "WARNING", "change_time": JULY_TEXT}
    of_cluster = context_codec.read_cluster_alerts(body({"a\x1b": alert}))
    of_nodes = context_codec.read_node_alerts(body({"2": {"b": alert}}))
    assert of_cluster.read == ((Alert("a␛", VendorSeverity.WARNING, JULY),) if is_on else ())
    assert of_nodes.read == ((Alert("b", VendorSeverity.WARNING, JULY, 2),) if is_on else ())


def test_alerts_of_another_form_are_counted() -> None:
    assert context_codec.read_cluster_alerts(b'{"a": 1, "b": null}') == Entries((), 2)
    assert context_codec.read_node_alerts(b'{"x": {}, "1": [], "2": {"a": 1}}') == Entries((), 3)


def test_a_license_is_read_without_its_own_text() -> None:
    """P26."""
    secret = {"license": "hunter2-canary", "key": "hunter2-canary", "cluster_name": None}
    dates = {"expired": False, "expiration_date": "2026-07-01T12:00:00Z"}
    found = context_codec.read_license(body(secret | dates))
    assert found == License(False, JULY)
    assert "canary" not in repr(found)


def test_databases_are_read_with_their_endpoints() -> None:
    found = context_codec.read_databases(
        body(
            [
                {
                    "uid": 1,
                    "name": "a\x1b",
                    "status": "active",
                    "replication": True,
                    "crdt": True,
                    "proxy_policy": "all-nodes",
                    "authentication_redis_pass": "hunter2-canary",
                    "endpoints": [
                        {"uid": "1:1", "addr": ["10.0.0.1"], "port": 12000},
                        {"uid": "1:2", "addr": "10.0.0.2", "proxy_policy": "single"},
                        {"addr": [7, "10.0.0.3"], "port": True},
                        "odd",
                    ],
                },
                {"uid": "2", "endpoints": None, "replication": "yes"},
                {"name": "without a uid"},
                7,
            ]
        )
    )
    first, second = found.read
    assert found.left_out == 2
    assert first == Database(
        1,
        "a␛",
        "active",
        replicated=True,
        active_active=True,
        endpoints=(
            Endpoint("1:1", ("10.0.0.1",), 12000, "all-nodes"),
            Endpoint("1:2", ("10.0.0.2",), None, "single"),
            Endpoint("", ("10.0.0.3",), None, "all-nodes"),
        ),
    )
    assert second == Database(2)
    assert "canary" not in repr(found)


def test_shards_are_read_with_numbers_or_texts_for_uids() -> None:
    found = context_codec.read_shards(
        body(
            [
                {"uid": "1", "bdb_uid": 3, "node_uid": "2", "role": "master", "status": "active"},
                {"uid": 2, "role": ["slave"], "status": "active", "detailed_status": "down"},
                {"bdb_uid": 3},
            ]
        )
    )
    assert found == Entries((Shard("1", 3, 2, True, "active"), Shard("2", status="down")), 1)


def test_running_actions_are_read_in_the_form_of_both_versions() -> None:
    new = [
        {
            "action_uid": "a",
            "action_type": "task",
            "name": "export_bdb",
            "status": "running",
            "progress": 12.5,
            "additional_info": {"object_type": "bdb", "object_uid": "3"},
        },
        {"name": "maintenance_on", "status": "queued", "additional_info": {"object_type": "node"}},
        {"name": "other", "status": "an unknown word", "progress": "most"},
        {"name": "done", "status": "completed"},
        {"name": "bad", "status": "Failed"},
        {"status": "running"},
    ]
    assert context_codec.read_actions(body(new)) == Entries(
        (
            RunningAction("export_bdb", "running", 12.5, database=3, moves_shards=False),
            RunningAction("maintenance_on", "queued"),
            RunningAction("other", "an unknown word"),
        ),
        1,
    )
    old = {
        "actions": [
            {"name": "retry_bdb", "node_uid": "2", "progress": "100", "status": "active"},
            {"name": "retry_bdb", "node_uid": "1", "progress": "100", "status": "completed"},
        ],
        "state-machines": [{"name": "SMCreateBDB", "object_name": "bdb:1", "status": "active"}],
    }
    assert context_codec.read_actions(body(old)).read == (
        RunningAction("retry_bdb", "active", 100.0, node=2),
        RunningAction("SMCreateBDB", "active", database=1),
    )
    assert context_codec.read_actions(b'{"actions": []}') == Entries()


@pytest.mark.parametrize(
    ("name", "moves"),
    [
        ("SMCreateBDB", True),
        ("SMImportBDB", False),
        ("SMExport", False),
        ("backup_bdb", False),
        ("import_rdb", False),
        ("important_change", True),
        ("rebalance", True),
        ("change_master", True),
        ("maintenance_off", True),
        ("something new", True),
    ],
)
def test_an_action_of_an_unknown_name_may_move_shards(name: str, moves: bool) -> None:
    assert context_codec.moves_shards(name) is moves


def test_the_event_log_is_read_with_what_each_event_holds() -> None:
    found = context_codec.read_log(
        body(
            [
                {
                    "time": JULY_TEXT,
                    "type": "bdb_name_updated",
                    "severity": "INFO",
                    "bdb_uid": "1",
                    "old_val": "a",
                    "new_val": "b\x1b",
                    "admin_password": "hunter2-canary",
                    "more": {"deep": 1},
                },
                {"time": JULY_TEXT, "type": "cluster_node_joined", "node_uid": 2, "severity": "?"},
                {"time": JULY_TEXT, "type": "node_memory", "state": True, "limit": 1},
                {"time": JULY_TEXT, "type": "node_memory", "state": False},
                {"time": JULY_TEXT, "type": "node_memory", "state": "on"},
                {"time": "yesterday", "type": "x"},
                {"time": JULY_TEXT},
            ]
        )
    )
    assert found == Entries(
        (
            LogEntry(
                JULY,
                "bdb_name_updated",
                VendorSeverity.INFO,
                database=1,
                detail="old_val=a new_val=b␛",
            ),
            LogEntry(JULY, "cluster_node_joined", node=2),
            LogEntry(JULY, "node_memory", detail="raised limit=1"),
            LogEntry(JULY, "node_memory", detail="cleared"),
            LogEntry(JULY, "node_memory", detail="state=on"),
        ),
        2,
    )


def test_no_more_of_a_list_is_read_than_can_be_of_use() -> None:
    log = [{"time": JULY_TEXT, "type": "x"}] * 150
    found = context_codec.read_log(body(log))
    assert (len(found.read), found.left_out) == (100, 50)
    found_shards = context_codec.read_shards(body([{"uid": n} for n in range(2500)]))
    assert (len(found_shards.read), found_shards.left_out) == (2000, 500)


@pytest.mark.parametrize(
    ("read", "wrong"),
    [
        (context_codec.read_cluster_alerts, b"[]"),
        (context_codec.read_node_alerts, b"[]"),
        (context_codec.read_license, b"[]"),
        (context_codec.read_databases, b"{}"),
        (context_codec.read_shards, b"{}"),
        (context_codec.read_actions, b"{}"),
        (context_codec.read_actions, b'{"actions": {}}'),
        (context_codec.read_actions, b"7"),
        (context_codec.read_log, b'{"error_code": "x"}'),
    ],
)
def test_an_answer_of_another_shape_is_an_error(read: object, wrong: bytes) -> None:
    assert callable(read)
    for bad in (wrong, b"", b"<html>", b"nul"):
        with pytest.raises(WireError):
            read(bad)


@pytest.mark.parametrize(
    ("status", "text", "found"),
    [
        (200, b"", EndpointAvailability.AVAILABLE),
        (404, b"", EndpointAvailability.NONE),
        (503, b'{"error_code": "no_quorum"}', EndpointAvailability.NO_QUORUM),
        (503, b'{"error_code": "bdb_endpoint_unavailable"}', EndpointAvailability.UNAVAILABLE),
        (503, b'{"error_code": ["no_quorum"]}', None),
        (503, b"upstream connect error", None),
        (403, b"", None),
    ],
)
def test_an_endpoint_is_available_by_the_status_and_the_code(
    status: int, text: bytes, found: EndpointAvailability | None
) -> None:
    assert context_codec.read_availability(HttpReply(status, {}, text)) is found
