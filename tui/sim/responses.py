"""The replies of a node on its services, its cluster and logins."""

import json
import time
from urllib.parse import parse_qs

from tui.sim.catalogue import ONE_SHOT, OPERATIONS
from tui.sim.cluster import Cluster, Node
from tui.sim.context_responses import ContextResponses
from tui.sim.login import MAY_ORDER, MAY_VIEW
from tui.sim.replies import (
    NOT_FOUND,
    NOT_JSON,
    UNAUTHORIZED,
    SimReply,
    SimRequest,
    fault,
)


class Responses:
    """The API of one cluster: one method for each call."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._context = ContextResponses(cluster)

    def services(self, request: SimRequest) -> SimReply:
        """`GET /v1/local/services`."""
        return SimReply(200, self._cluster.services(request.uid))

    def operate(self, request: SimRequest) -> SimReply:
        """`POST /v1/local/services`, and `POST /v1/services` on the primary's programs."""
        role = self._cluster.users[request.user or ""].role
        if role not in MAY_ORDER:
            return fault(403, "insufficient_permissions", "the role may not operate services")
        if "application/json" not in request.headers.get("content-type", ""):
            return fault(400, "bad_content_type", "Content-Type must be application/json")
        try:
            order = json.loads(request.body)
        except (ValueError, RecursionError):
            return NOT_JSON
        wanted = order.get("services") if isinstance(order, dict) else None
        if not isinstance(wanted, list) or not wanted or not all(map(_is_text, wanted)):
            return fault(400, "invalid_schema", "services must be a list of names")
        operation = order.get("operation_type")
        if not isinstance(operation, str) or operation not in OPERATIONS:
            return fault(400, "invalid_schema", "operation_type must be start, stop or restart")
        uid = request.uid
        if request.path == "/v1/services":
            uid = self._cluster.primary_uid
        return SimReply(200, self._cluster.operate(uid, operation, wanted))

    def nodes(self, _: SimRequest) -> SimReply:
        """`GET /v1/nodes`."""
        return SimReply(200, [self._node(node) for node in self._cluster.nodes])

    def node(self, request: SimRequest) -> SimReply:
        """`GET /v1/nodes/{uid}`."""
        wanted = request.path.removeprefix("/v1/nodes/")
        node = next((node for node in self._cluster.nodes if str(node.uid) == wanted), None)
        if node is None:
            return fault(404, "node_not_exist", "no such node")
        return SimReply(200, self._node(node))

    def _node(self, node: Node) -> dict[str, object]:
        return {
            "uid": node.uid,
            "addr": node.addr,
            "external_addr": [],
            "status": "active" if node.powered else "down",
            "software_version": self._cluster.version,
            "rack_id": "",
            "shard_count": len(self._cluster.contents.shards_on(node)),
            "cores": 8,
            "total_memory": 33_554_432_000,
            "uptime": int(self._cluster.now() - self._cluster.created_at),
            "os_version": "Red Hat Enterprise Linux 9.4",
        }

    def nodes_status(self, request: SimRequest) -> SimReply:
        """`GET /v1/nodes/status`; a replica that answers knows hostnames and roles alone."""
        states = {}
        for node in self._cluster.nodes:
            is_primary = node.uid == self._cluster.primary_uid
            state: dict[str, object] = {
                "hostname": node.hostname,
                "role": "master" if is_primary else "slave",
            }
            if request.uid == self._cluster.primary_uid:
                state |= self._details_of(node)
            states[str(node.uid)] = state
        return SimReply(200, states)

    def _details_of(self, node: Node) -> dict[str, object]:
        shards = [shard for _, shard in self._cluster.contents.shards_on(node)]
        details: dict[str, object] = {
            "node_status": "active" if node.powered else "down",
            "software_version": self._cluster.version,
            "cores": 8,
            "free_ram": 24_000_000_000,
            "total_memory": 33_554_432_000,
            # Their elements are not documented: [choice] uids, as texts.
            "master_shards": [str(shard.uid) for shard in shards if shard.is_primary],
            "slave_shards": [str(shard.uid) for shard in shards if not shard.is_primary],
            "node_overbooking_depth": 0,
        }
        if node.maintenance_since is not None:
            began = time.gmtime(node.maintenance_since)
            details["maintenance_snapshot"] = {
                "name": time.strftime("maintenance_mode_%Y-%m-%d_%H-%M-%S", began),
                "created_time": time.strftime("%Y-%m-%d %H:%M:%S", began),
                "node_uid": str(node.uid),
            }
        return details

    def cluster(self, _: SimRequest) -> SimReply:
        """`GET /v1/cluster`."""
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._cluster.created_at))
        return SimReply(
            200, {"name": self._cluster.name, "created_time": created, "cnm_https_port": 9443}
        )

    def configuration(self, _: SimRequest) -> SimReply:
        """`GET /v1/cluster/services_configuration`."""
        return SimReply(
            200,
            {
                name: {"operating_mode": "enabled" if on else "disabled"}
                for name, on in self._cluster.configuration.items()
            },
        )

    def bootstrap(self, request: SimRequest) -> SimReply:
        """`GET /v1/bootstrap`: the uid is a string here."""
        node = self._cluster.node(request.uid)
        return SimReply(
            200,
            {
                "bootstrap_status": {"state": "completed"},
                "local_node_info": {
                    "uid": str(node.uid),
                    "hostname": node.hostname,
                    "software_version": self._cluster.version,
                },
            },
        )

    def master_healthcheck(self, request: SimRequest) -> SimReply:
        """`GET /v1/local/node/master_healthcheck`: the node's link to the primary and the CCS."""
        states = self._cluster.states(request.uid)
        linked = self._cluster.node(self._cluster.primary_uid).powered
        linked = linked and states.get("ccs") == "RUNNING"
        return SimReply(200, {"status": "active" if linked else "inactive"})

    def node_check(self, request: SimRequest) -> SimReply:
        """`GET /v1/nodes/check/{uid}`."""
        wanted = request.path.removeprefix("/v1/nodes/check/")
        node = next((node for node in self._cluster.nodes if str(node.uid) == wanted), None)
        if node is None:
            return fault(404, "node_not_exist", "no such node")
        return SimReply(200, {"node_uid": node.uid} | self._check(node))

    def _check(self, node: Node) -> dict[str, object]:
        down = self._down(node.uid)
        if node.powered and not down:
            return {"result": True}
        error = "the node does not answer"
        if node.powered:
            error = f"process {down[0]} is not running or not responding (supervisord)"
        return {"result": False, "error": error}

    def cluster_check(self, _: SimRequest) -> SimReply:
        """`GET /v1/cluster/check`."""
        nodes = [{"node_uid": str(node.uid)} | self._check(node) for node in self._cluster.nodes]
        well = all(node["result"] for node in nodes)
        return SimReply(200, {"cluster_test_result": well, "nodes": nodes})

    def _down(self, uid: int) -> list[str]:
        states = self._cluster.states(uid)
        return [
            name for name, state in states.items() if state != "RUNNING" and name not in ONE_SHOT
        ]

    def health(self, request: SimRequest) -> SimReply:
        """`GET /v4/cluster/health`, which came with 8.0.16."""
        if not self._cluster.health_v4:
            return fault(404, "not_found", "no such path")
        issues = parse_qs(request.query).get("issues_only", ["false"])[0] == "true"
        nodes = [self._health_of(node, issues_only=issues) for node in self._cluster.nodes]
        words = {node["status"] for node in nodes}
        status = "error" if "down" in words else "warning" if "warning" in words else "ok"
        return SimReply(
            200,
            {
                "fqdn": self._cluster.name,
                "status": status,
                **self._context.health_parts(),
                "nodes": nodes,
            },
        )

    def _health_of(self, node: Node, *, issues_only: bool) -> dict[str, object]:
        states = self._cluster.states(node.uid)
        down = set(self._down(node.uid))
        seen_at = self._cluster.now() if node.observed_at is None else node.observed_at
        in_maintenance = node.maintenance_since is not None
        status, detail = _health_words(node, down)
        return {
            "id": str(node.uid),
            "status": status,
            "detailed_status": detail,
            "role": "leader" if node.uid == self._cluster.primary_uid else "follower",
            "version": self._cluster.version,
            **self._context.node_parts(node),
            "memory": {"total_ram": 33_554_432_000, "free_ram": 24_000_000_000},
            "quorum_only": in_maintenance,
            "observed_at": int(seen_at),
            "in_maintenance": in_maintenance,
            "services": [
                {"name": name, "status": state}
                for name, state in states.items()
                if not issues_only or name in down
            ],
        }

    def authorize(self, request: SimRequest) -> SimReply:
        """`POST /v1/users/authorize`: Basic with an optional ttl, or name and password (7.4)."""
        try:
            wanted = json.loads(request.body or b"{}")
        except (ValueError, RecursionError):
            return NOT_JSON
        wanted = wanted if isinstance(wanted, dict) else {}
        logins, now = self._cluster.logins, self._cluster.now()
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        form = "header" if scheme.lower() == "basic" else "body"
        if form not in logins.forms:
            return fault(400, "invalid_schema", f"a login by {form} is not understood")
        if form == "header":
            user = logins.by_basic(rest, now)
        else:
            pair = str(wanted.get("username", "")), str(wanted.get("password", ""))
            user = logins.by_password(*pair, now)
        if user is None:
            return self.unauthorized()
        return self._token(user, wanted)

    def refresh(self, request: SimRequest) -> SimReply:
        """`POST /v1/users/refresh_jwt`, with an optional ttl. [choice] Basic is no token: 401."""
        if not self._cluster.logins.refreshes:
            return NOT_FOUND
        if request.headers.get("authorization", "").lower().startswith("basic "):
            return self.unauthorized()
        try:
            wanted = json.loads(request.body or b"{}")
        except (ValueError, RecursionError):
            return NOT_JSON
        return self._token(request.user or "", wanted if isinstance(wanted, dict) else {})

    def unauthorized(self) -> SimReply:
        """Return a 401."""
        challenge = self._cluster.logins.challenge
        headers = {"www-authenticate": challenge} if challenge else {}
        return SimReply(401, UNAUTHORIZED.value, headers)

    def _token(self, user: str, wanted: dict[str, object]) -> SimReply:
        ttl = wanted.get("ttl", 300)
        if type(ttl) is not int or not 1 <= ttl <= 86400:
            return fault(400, "invalid_ttl", "ttl must be from 1 to 86400 seconds")
        token = self._cluster.logins.token(user, self._cluster.now(), ttl)
        return SimReply(200, {"access_token": token})

    def may_view(self, user: str) -> bool:
        """Whether a user's role may read."""
        return self._cluster.users[user].role in MAY_VIEW


def _health_words(node: Node, down: set[str]) -> tuple[str, str]:
    """Return a node's status and detailed_status; the words of the second are a [choice]."""
    if not node.powered:
        return "down", "node_unreachable"
    return ("warning", "service_down") if down else ("active", "ok")


def _is_text(value: object) -> bool:
    return isinstance(value, str)
