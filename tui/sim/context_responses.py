"""The replies on what surrounds the services: databases, shards, alerts, actions, license, log."""

import time
from urllib.parse import parse_qs

from tui.sim.cluster import Cluster
from tui.sim.contents import ENDPOINTS_AFTER, Action, Alert, Database, Shard
from tui.sim.login import MAY_SEE_LOGS
from tui.sim.node import Node
from tui.sim.replies import NOT_FOUND, SimReply, SimRequest, fault

_SECRET = "database-password-of-the-simulator"  # noqa: S105 - protects nothing
_LICENSE_TEXT = "----- LICENSE START -----\nsimulated\n----- LICENSE END -----\n"


class ContextResponses:
    """One method for each call; `health_parts` is what the health call adds to its nodes."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def databases(self, request: SimRequest) -> SimReply:
        """`GET /v1/bdbs`: without `fields` with the passwords, as the real one."""
        fields = parse_qs(request.query).get("fields", [""])[0]
        wanted = {name for name in fields.split(",") if name}
        listed = [self._database(one) for one in self._visible(request)]
        if wanted:
            listed = [
                {name: value for name, value in one.items() if name in wanted} for one in listed
            ]
        return SimReply(200, listed)

    def database(self, request: SimRequest) -> SimReply:
        """`GET /v1/bdbs/{uid}`."""
        wanted = request.path.removeprefix("/v1/bdbs/")
        found = next((one for one in self._visible(request) if str(one.uid) == wanted), None)
        if found is None:
            return fault(404, "db_not_exist", "no such database")
        return SimReply(200, self._database(found))

    def _visible(self, request: SimRequest) -> list[Database]:
        """List what a user sees: from 8.2 on a scoped role some databases only."""
        scope = self._cluster.users[request.user or ""].databases
        databases = self._cluster.contents.databases
        if scope is None or self._cluster.release < (8, 2):
            return databases
        return [one for one in databases if one.uid in scope]

    def _database(self, database: Database) -> dict[str, object]:
        nodes = self._cluster.contents.endpoint_nodes(database)
        host = f"redis-{database.port}.{self._cluster.name}"
        endpoint = {
            "uid": f"{database.uid}:1",
            "addr": [node.addr for node in nodes],
            "addr_type": "external",  # with the internal address, as seen on a live cluster
            "dns_name": host,
            "port": database.port,
            "proxy_policy": database.policy,
            "oss_cluster_api_preferred_ip_type": "internal",
        }
        return {
            "uid": database.uid,
            "name": database.name,
            "status": "active",
            "endpoints": [endpoint],
            "proxy_policy": database.policy,
            "replication": database.replicated,
            "shards_count": sum(shard.is_primary for shard in database.shards),
            "crdt": database.active_active,
            "authentication_redis_pass": _SECRET,
            "version": "8.0",
        }

    def shards(self, _: SimRequest) -> SimReply:
        """`GET /v1/shards`."""
        contents = self._cluster.contents
        return SimReply(
            200,
            [
                {
                    "uid": str(shard.uid),
                    "bdb_uid": database.uid,
                    "node_uid": str(contents.home(shard).uid),
                    "role": "master" if shard.is_primary else "slave",
                    "assigned_slots": "0-16383",
                    "loading": {"status": "idle"},
                    "report_timestamp": _stamp(self._cluster.now()),
                    "redis_info": {},
                    **self._state(shard),
                }
                for database in contents.databases
                for shard in database.shards
            ],
        )

    def _state(self, shard: Shard) -> dict[str, object]:
        is_up = self._cluster.contents.home(shard).powered
        return {
            "status": "active" if is_up else "inactive",
            "detailed_status": "ok" if is_up else "down",
        }

    def cluster_alerts(self, _: SimRequest) -> SimReply:
        """`GET /v1/cluster/alerts`."""
        alerts = [alert for alert in self._cluster.contents.alerts if alert.node is None]
        off = ("cluster_multiple_nodes_down", "cluster_license_about_to_expire")
        return SimReply(200, {**dict.fromkeys(off, _off()), **_by_name(alerts)})

    def node_alerts(self, _: SimRequest) -> SimReply:
        """`GET /v1/nodes/alerts`."""
        alerts = self._cluster.contents.alerts
        return SimReply(
            200,
            {
                str(node.uid): {
                    **dict.fromkeys(("node_failed", "node_memory"), _off()),
                    **_by_name([alert for alert in alerts if alert.node == node.uid]),
                }
                for node in self._cluster.nodes
            },
        )

    def license(self, _: SimRequest) -> SimReply:
        """`GET /v1/license`: 404 without one, and the whole license with one."""
        contents = self._cluster.contents
        if contents.license_days is None:
            return fault(404, "no_license", "there is no license")
        return SimReply(
            200,
            {
                "activation_date": _stamp(self._cluster.created_at),
                "expiration_date": _stamp(contents.license_ends),
                "expired": contents.license_ends <= self._cluster.now(),
                "cluster_name": None,
                "features": ["bigstore"],
                "owner": "simulated",
                "shards_limit": 100,
                "ram_shards_limit": 100,
                "ram_shards_in_use": self._shards_in_use(),
                "flash_shards_limit": 100,
                "flash_shards_in_use": 0,
                "license": _LICENSE_TEXT,
                "key": _LICENSE_TEXT,
            },
        )

    def _shards_in_use(self) -> int:
        return sum(len(database.shards) for database in self._cluster.contents.databases)

    def actions(self, _: SimRequest) -> SimReply:
        """`GET /v2/actions`, which came with 7.22."""
        if self._cluster.release < (7, 22):
            return NOT_FOUND
        return SimReply(200, [_new_action(action) for action in self._cluster.contents.actions])

    def old_actions(self, _: SimRequest) -> SimReply:
        """`GET /v1/actions`: tasks and state machines apart, and 404 where there are none."""
        actions = self._cluster.contents.actions
        if not actions:
            return fault(404, "not_found", "no action")
        return SimReply(
            200,
            {
                "actions": [_old_task(one) for one in actions if not one.is_state_machine],
                "state-machines": [_old_machine(one) for one in actions if one.is_state_machine],
            },
        )

    def logs(self, request: SimRequest) -> SimReply:
        """`GET /v1/logs?order&limit&offset`."""
        role = self._cluster.users[request.user or ""].role
        allowed = MAY_SEE_LOGS | ({"user_manager"} if self._cluster.release >= (7, 8) else set())
        if role not in allowed:
            return fault(403, "insufficient_permissions", "the role lacks view_logged_events")
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        events = sorted(self._cluster.contents.log, key=lambda event: event.at)
        if asked.get("order") == "desc":
            events.reverse()
        first = _number(asked.get("offset"), 0)
        events = events[first : first + _number(asked.get("limit"), len(events))]
        return SimReply(
            200,
            [
                {"time": _stamp(one.at), "type": one.type, "severity": one.severity, **one.more}
                for one in events
            ],
        )

    def availability(self, request: SimRequest) -> SimReply:
        """`GET /v1/local/bdbs/{uid}/endpoint/availability`, which came with 7.8.

        A node without an endpoint of the database answers 404: [choice].
        """
        uid = request.path.split("/")[4]
        database = self._cluster.contents.database(int(uid)) if uid.isdigit() else None
        node = self._cluster.node(request.uid)
        if self._cluster.release < (7, 8) or database is None:
            return NOT_FOUND
        if node not in self._cluster.contents.endpoint_nodes(database):
            return fault(404, "bdb_endpoint_not_found", "no endpoint on this node")
        if 2 * sum(one.powered for one in self._cluster.nodes) <= len(self._cluster.nodes):
            return fault(503, "no_quorum", "the node is not part of a majority")
        if not self._proxy_serves(node):
            return fault(503, "bdb_endpoint_unavailable", "the endpoint is not available")
        return SimReply(200, b"")

    def _proxy_serves(self, node: Node) -> bool:
        if "dmcproxy" not in node.processes:
            return False
        proxy = self._cluster.process(node.uid, "dmcproxy")
        began, pace = proxy.started_at, self._cluster.pace
        settled = began is not None and self._cluster.now() - began >= ENDPOINTS_AFTER * pace
        return proxy.is_running and settled

    def health_parts(self) -> dict[str, object]:
        """Return what `GET /v4/cluster/health` reports beside the nodes."""
        contents, now = self._cluster.contents, self._cluster.now()
        in_use = self._shards_in_use()
        ends = _stamp(contents.certificates_end)
        expired = contents.certificates_end <= now
        return {
            "license": {
                "expired": contents.license_days is not None and contents.license_ends <= now,
                "valid_until": _stamp(contents.license_ends),
                "shards_in_use": in_use,
                "shards_limit": 100,
                "ram_shards_in_use": in_use,
                "ram_shards_limit": 100,
                "flex_shards_in_use": 0,
                "flex_shards_limit": 0,
            },
            "certificates": [
                {"type": name, "expired": expired, "valid_until": ends}
                for name in ("api", "cm", "proxy", "syncer", "metrics_exporter")
            ],
            "active_alerts": self._active(None),
            "database_infos": [self._info(database) for database in contents.databases],
        }

    def node_parts(self, node: Node) -> dict[str, object]:
        """Return the shards and alerts of a node in the health call: no shard names a database."""
        return {
            "shards": [
                {
                    "id": str(shard.uid),
                    "role": "leader" if shard.is_primary else "follower",
                    **self._state(shard),
                }
                for _, shard in self._cluster.contents.shards_on(node)
            ],
            "active_alerts": self._active(node.uid),
        }

    def _active(self, node: int | None) -> list[dict[str, object]]:
        return [
            {
                "name": alert.name,
                "active_since": _stamp(alert.since),
                "severity": alert.severity,
            }
            for alert in self._cluster.contents.alerts
            if alert.enabled and alert.node == node
        ]

    def _info(self, database: Database) -> dict[str, object]:
        homes = [self._cluster.contents.home(shard) for shard in database.shards]
        are_up = all(node.powered for node in homes)
        available = "disabled"
        if database.replicated:
            available = "up" if are_up else "down"
        return {
            "id": str(database.uid),
            "name": database.name,
            "version": "8.0",
            "status": "active" if are_up else "warning",
            "detailed_status": "ok" if are_up else "shard_down",
            "high_availability": {"status": available},
        }


def _stamp(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else otherwise


def _off() -> dict[str, object]:
    return {"enabled": True, "state": False, "severity": "INFO", "change_value": {"state": False}}


def _by_name(alerts: list[Alert]) -> dict[str, object]:
    return {
        alert.name: {
            "enabled": alert.enabled,
            "state": True,
            "severity": alert.severity,
            "change_time": _stamp(alert.since),
            "change_value": {"state": True},
        }
        for alert in alerts
    }


def _new_action(action: Action) -> dict[str, object]:
    kind, _, uid = action.target.partition(":")
    return {
        "action_uid": action.uid,
        "action_type": "state-machine" if action.is_state_machine else "task",
        "name": action.name,
        "status": action.status,
        "progress": action.progress,
        "creation_time": int(action.created_at),
        "additional_info": {"object_type": kind, "object_uid": uid},
    }


_OLD_STATUS = {"running": "active", "queued": "pending"}


def _old_task(action: Action) -> dict[str, object]:
    kind, _, uid = action.target.partition(":")
    return {
        "action_uid": action.uid,
        "task_id": action.uid,
        "name": action.name,
        "progress": f"{action.progress:g}",  # a text, as seen on a live cluster
        "status": _OLD_STATUS.get(action.status, action.status),
        **({"node_uid": uid} if kind == "node" else {}),
    }


def _old_machine(action: Action) -> dict[str, object]:
    return {
        "action_uid": action.uid,
        "name": action.name,
        "object_name": action.target,
        "heartbeat": int(action.created_at),
        "progress": action.progress,
        "status": _OLD_STATUS.get(action.status, action.status),
    }
