"""The series say what is known of the fleet at the moment of the scrape, and nothing more."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from tests.ui.conftest import ADMIN, write_configuration
from tui.credentials import Passwords, Secret
from tui.fleet.fleet import Fleet
from tui.metrics.collector import KNOWN_STATES, FleetCollector, RestartCounter
from tui.model.event import Cause, Event, Restart, Sender, StatusChange
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

NODE = {"cluster": "demo", "node": "node1"}


@pytest.fixture
def served() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(2, pace=0.1)) as served:
        yield served


def fleet_on(served: SimulatedCluster, folder: Path, password: str = ADMIN[1]) -> Fleet:
    configuration = write_configuration(served, folder)
    passwords = Passwords()
    for profile in configuration.nodes:
        passwords.keep(profile, Secret(password))
    return Fleet(configuration, read_only="read-only: a test", passwords=passwords)


def series(
    fleet: Fleet, counter: RestartCounter | None = None, later: float = 0.0
) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    collector = FleetCollector(
        fleet, counter or RestartCounter(), clock=lambda: time.monotonic() + later
    )
    registry.register(collector)
    return registry


async def test_a_polled_node_has_all_its_series(served: SimulatedCluster, tmp_path: Path) -> None:
    fleet = fleet_on(served, tmp_path)
    await fleet.poll_once()
    found = series(fleet)

    def value(series_name: str, **labels: str) -> float | None:
        return found.get_sample_value(series_name, NODE | labels)

    assert value("rsdeck_up") == 1
    assert value("rsdeck_login_stopped") == 0
    assert value("rsdeck_node_maintenance") == 0
    assert value("rsdeck_tls_pin_match") == 1
    ends = value("rsdeck_tls_certificate_not_after_timestamp_seconds")
    assert ends is not None
    assert ends > datetime.now(UTC).timestamp()
    states = {
        state: value("rsdeck_service_state", name="ccs", state=state) for state in KNOWN_STATES
    }
    assert states.pop("RUNNING") == 1
    assert set(states.values()) == {0}
    kinds = {"name": "alert_mgr", "kind": "optional", "mode": "enabled"}
    assert value("rsdeck_service_info", **kinds) == 1
    assert value("rsdeck_service_start_time_seconds", name="ccs") is not None
    assert value("rsdeck_service_unordered_restarts_total", name="ccs") == 0


async def test_maintenance_is_as_the_cluster_reports_it_and_absent_where_it_is_not_heard(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.maintain(1)
    fleet = fleet_on(served, tmp_path)
    assert series(fleet).get_sample_value("rsdeck_node_maintenance", NODE) is None
    await fleet.poll_once()
    assert series(fleet).get_sample_value("rsdeck_node_maintenance", NODE) == 1


async def test_a_status_that_nobody_documents_stands_under_its_own_word(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    served.cluster.node(1).processes["ccs"].fix_status("WEDGED")
    fleet = fleet_on(served, tmp_path)
    await fleet.poll_once()
    found = series(fleet)
    labels = NODE | {"name": "ccs"}
    assert found.get_sample_value("rsdeck_service_state", labels | {"state": "WEDGED"}) == 1
    assert found.get_sample_value("rsdeck_service_state", labels | {"state": "RUNNING"}) == 0


async def test_a_node_that_refuses_the_login_is_down_and_has_no_services(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    fleet = fleet_on(served, tmp_path, password="wrong")
    await fleet.poll_once()
    found = series(fleet)
    assert found.get_sample_value("rsdeck_up", NODE) == 0
    assert found.get_sample_value("rsdeck_login_stopped", NODE) == 1
    assert found.get_sample_value("rsdeck_poll_age_seconds", NODE) is None
    assert b"rsdeck_service_state{" not in generate_latest(found)


async def test_a_stale_answer_gives_no_services_and_its_age(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    fleet = fleet_on(served, tmp_path)
    await fleet.poll_once()
    found = series(fleet, later=1000.0)
    age = found.get_sample_value("rsdeck_poll_age_seconds", NODE)
    assert age is not None
    assert age >= 1000
    assert b"rsdeck_service_state{" not in generate_latest(found)


async def test_restarts_that_nobody_ordered_are_counted(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    fleet, counter = fleet_on(served, tmp_path), RestartCounter()
    await fleet.poll_once()
    causes = (Cause.NOT_ORDERED_HERE, Cause.ORDERED_HERE, Cause.UNKNOWN)
    for at, cause in enumerate(causes):
        # One that was seen on its way is a change of status and a restart of the same moment.
        for details in (StatusChange("STARTING", "RUNNING"), Restart("RUNNING", "STARTING")):
            counter.event_happened(Event("node1", details, at, datetime.now(UTC), "ccs", cause))
    by_others = Event(
        "node1",
        Restart("RUNNING"),
        0.0,
        datetime.now(UTC),
        "ccs",
        Cause.NOT_ORDERED_HERE,
        Sender("ops", 4242),
    )
    counter.event_happened(by_others)
    found = series(fleet, counter)
    labels = NODE | {"name": "ccs"}
    assert found.get_sample_value("rsdeck_service_unordered_restarts_total", labels) == 2


async def test_no_label_holds_a_password_or_a_user(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    fleet = fleet_on(served, tmp_path)
    await fleet.poll_once()
    text = generate_latest(series(fleet)).decode()
    assert ADMIN[0] not in text
    assert ADMIN[1] not in text
    assert len(list(text_string_to_metric_families(text))) >= 12
