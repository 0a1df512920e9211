"""The services of a node, and which of them are optional."""

# The complete list of a 7.2.4-92 node, from a published capture of a live cluster, and the further
# services that an 8.0 node shows.
SERVICES = (
    "alert_mgr", "authentication_service", "call_home_agent", "ccs", "cluster_api",
    "cluster_exporter", "cluster_wd", "cm_server", "cnm_exec", "cnm_http", "crdb_coordinator",
    "crdb_worker_0", "crdb_worker_1", "dmcproxy", "envoy", "envoy_control_plane", "gossip_envoy",
    "heartbeatd", "job_scheduler", "ldap_agent_mgr", "mdns_server", "metrics_exporter", "node_wd",
    "pdns_ccs_backend", "pdns_server", "persistence_mgr", "redis_mgr", "resource_mgr",
    "rl_info_provider", "sentinel_service", "start_redis_servers", "stats_archiver",
)  # fmt: skip

# The keys of /v1/cluster/services_configuration in 8.0, and whether they are on.
CONFIGURATION = {
    "alert_mgr": True,
    "call_home_agent": True,
    "cm_server": True,
    "crdb_coordinator": True,
    "crdb_worker": True,
    "entraid_agent_mgr": False,
    "ldap_agent_mgr": True,
    "mdns_server": True,
    "pdns_server": True,
    "sentinel_service": True,
    "stats_archiver": True,
}

_SINCE: dict[str, tuple[int, ...]] = {
    "entraid_agent_mgr": (7, 8),
    "ldap_agent_mgr": (7, 8),
    "call_home_agent": (7, 22),
    "sentinel_service": (7, 22),
}


def configuration_of(release: tuple[int, ...]) -> dict[str, bool]:
    """Return the optional services of a version, and whether they are on."""
    return {name: on for name, on in CONFIGURATION.items() if release >= _SINCE.get(name, ())}


# Of the further services that an 8.0 node shows; a 7.2 node was seen without them.
_PROGRAM_SINCE: dict[str, tuple[int, ...]] = {
    "authentication_service": (8, 0),
    "call_home_agent": (7, 22),
    "cluster_api": (8, 0),
    "cluster_exporter": (8, 0),
}


def services_of(release: tuple[int, ...]) -> tuple[str, ...]:
    """Return the services of a node of a version."""
    return tuple(name for name in SERVICES if release >= _PROGRAM_SINCE.get(name, ()))


STARTSECS = {"job_scheduler": 10.0}
ONE_SHOT = frozenset({"start_redis_servers"})
CARRIERS = frozenset({"cnm_http", "envoy", "envoy_control_plane"})
OPERATIONS = frozenset({"start", "stop", "restart"})


def is_instance(service: str, name: str) -> bool:
    """Whether a process belongs to a configuration name: NAME or NAME_<digits>."""
    rest = service.removeprefix(f"{name}_")
    return service == name or (rest != service and rest.isascii() and rest.isdigit())
