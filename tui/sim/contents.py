"""What a simulated cluster holds: databases with shards and endpoints, alerts, dates, actions.

Where things stand follows from the nodes at each read. Which node holds what, and that nothing
moves when a node is down, is a [choice]: the real placement follows memory and racks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tui.sim.node import Node

DAY = 86400.0
# How long a proxy that was started needs until its endpoints answer: [choice], not documented.
ENDPOINTS_AFTER = 3.0


@dataclass(slots=True)
class Shard:
    """A shard; `node` is the uid of the node that it belongs to."""

    uid: int
    node: int
    is_primary: bool


@dataclass(slots=True)
class Database:
    """A database; `policy` is `single`, `all-master-shards` or `all-nodes`."""

    uid: int
    name: str
    policy: str
    replicated: bool = True
    active_active: bool = False
    shards: list[Shard] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port of its endpoint."""
        return 12000 + self.uid


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert; `node` is None for one of the whole cluster, `since` is in Unix seconds."""

    name: str
    severity: str
    since: float
    node: int | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Action:
    """An action of the cluster; `target` is its object, as `bdb:1` or `node:2`."""

    uid: str
    name: str
    target: str
    status: str = "running"
    progress: float = 0.0
    created_at: float = 0.0
    is_state_machine: bool = False


@dataclass(frozen=True, slots=True)
class LogEvent:
    """An entry of the event log: its documented fields, and what its type adds."""

    at: float
    type: str
    severity: str
    more: dict[str, object]


_DATABASES = (
    ("sessions", "single", True, False),
    ("cart", "all-master-shards", True, False),
    ("catalog", "all-nodes", True, False),
    ("cache", "single", False, False),
    ("profiles", "single", True, True),
)
_PAIRS = {"all-master-shards": 2}


class Contents:
    """The databases of a cluster and what is known around them. `nodes` are all of the cluster's.

    `license_days` and `certificate_days` count from the start, by `clock` (Unix seconds); a cluster
    with `license_days` None has no license.
    """

    def __init__(
        self,
        nodes: Callable[[], Sequence[Node]],
        clock: Callable[[], float],
        created_at: float,
    ) -> None:
        self._nodes, self._clock = nodes, clock
        self._began = now = clock()
        self.license_days: float | None = 41.5
        self.certificate_days = 97.5
        uids = [node.uid for node in nodes()]
        self.databases: list[Database] = []
        for name, policy, replicated, active_active in _DATABASES:
            self._add(name, policy, replicated and len(uids) > 1, active_active, uids)
        # A live cluster was seen to report a disabled alert as on.
        self.alerts = [Alert("cluster_even_node_count", "WARNING", created_at, enabled=False)]
        self.actions = [
            Action("a1", "SMCreateBDB", "bdb:1", "completed", 100.0, created_at, True),
            Action("a2", "retry_bdb", "bdb:2", "completed", 100.0, created_at),
        ]
        self._count = len(self.actions)
        self.log = [
            *(
                LogEvent(created_at, "cluster_node_joined", "INFO", {"node_uid": uid})
                for uid in uids
            ),
            *(
                LogEvent(
                    created_at,
                    "cluster_bdb_created",
                    "INFO",
                    {"bdb_uid": str(one.uid), "bdb_name": one.name},
                )
                for one in self.databases
            ),
            LogEvent(now - 5400, "backup_started", "INFO", {"bdb_uid": "1"}),
            LogEvent(now - 5280, "backup_succeeded", "INFO", {"bdb_uid": "1"}),
        ]

    def _add(
        self, name: str, policy: str, replicated: bool, active_active: bool, uids: list[int]
    ) -> None:
        number = len(self.databases) + 1
        database = Database(number, name, policy, replicated, active_active)
        for pair in range(_PAIRS.get(policy, 1)):
            home = (number - 1 + pair) % len(uids)
            database.shards.append(Shard(0, uids[home], is_primary=True))
            if replicated:
                database.shards.append(Shard(0, uids[(home + 1) % len(uids)], is_primary=False))
        first = 1 + sum(len(one.shards) for one in self.databases)
        for offset, shard in enumerate(database.shards):
            shard.uid = first + offset
        self.databases.append(database)

    @property
    def license_ends(self) -> float:
        """When the license ends, in Unix seconds."""
        return self._began + (self.license_days or 0.0) * DAY

    @property
    def certificates_end(self) -> float:
        """When the certificates end, in Unix seconds."""
        return self._began + self.certificate_days * DAY

    def database(self, uid: int) -> Database | None:
        """Find a database."""
        return next((one for one in self.databases if one.uid == uid), None)

    def home(self, shard: Shard) -> Node:
        """Return the node that holds a shard now: maintenance moves it to the next node."""
        nodes = list(self._nodes())
        at = next(number for number, node in enumerate(nodes) if node.uid == shard.node)
        order = nodes[at:] + nodes[:at]
        return next((node for node in order if node.maintenance_since is None), order[0])

    def shards_on(self, node: Node) -> list[tuple[Database, Shard]]:
        """List the shards on a node."""
        return [
            (database, shard)
            for database in self.databases
            for shard in database.shards
            if self.home(shard) is node
        ]

    def endpoint_nodes(self, database: Database) -> list[Node]:
        """List the nodes that a database's endpoint is bound to, by its policy."""
        primaries = [self.home(shard) for shard in database.shards if shard.is_primary]
        match database.policy:
            case "all-nodes":
                return [node for node in self._nodes() if node.maintenance_since is None]
            case "all-master-shards":
                return list({node.uid: node for node in primaries}.values())
            case _:
                return primaries[:1]

    def raise_alert(self, name: str, severity: str = "WARNING", node: int | None = None) -> None:
        """Turn an alert on, and log it."""
        at = self._clock()
        self.alerts.append(Alert(name, severity, at, node))
        of_node: dict[str, object] = {} if node is None else {"node_uid": str(node)}
        self.log.append(LogEvent(at, name, severity, {"state": True} | of_node))

    def clear_alert(self, name: str) -> None:
        """Turn an alert off."""
        self.alerts = [alert for alert in self.alerts if alert.name != name]

    def begin_action(self, name: str, target: str, progress: float = 10.0) -> str:
        """Let the cluster carry out an action, and return its uid."""
        self._count += 1
        uid = f"a{self._count}"
        is_state_machine = name.startswith("SM")
        self.actions.append(
            Action(uid, name, target, "running", progress, self._clock(), is_state_machine)
        )
        return uid

    def end_action(self, uid: str) -> None:
        """End an action."""
        self.actions = [action for action in self.actions if action.uid != uid]


@dataclass(frozen=True, slots=True)
class CallFault:
    """What becomes of a call: another status and body, or an answer after `delay` seconds."""

    status: int | None = None
    body: bytes = b""
    delay: float = 0.0
