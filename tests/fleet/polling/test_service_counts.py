from tui.fleet.polling.service_counts import CountsCache, ServiceCounts
from tui.model.service import Service

SERVICES = tuple(
    Service(name, status)
    for name, status in (
        ("a", "RUNNING"),
        ("b", "STOPPED"),
        ("c", "FATAL"),
        ("crdb_worker_0", "STOPPED"),
        ("start_redis_servers", "EXITED"),
        ("\u202e[@click=app.quit]x[/]", "\x1b[2J"),
    )
)


def test_what_is_well_is_counted_and_what_is_not_is_named_the_worst_first() -> None:
    tally = ServiceCounts.of(SERVICES, frozenset({"crdb_worker"}))
    assert (tally.well, tally.total) == (2, 6)
    assert [one.status for one in tally.problems] == ["FATAL", "STOPPED", "\x1b[2J"]


def test_the_same_services_are_counted_once_and_others_again() -> None:
    tallies, none = CountsCache(), frozenset[str]()
    first = tallies.of(SERVICES, none)
    assert tallies.of(SERVICES, none) is first
    assert tallies.of(SERVICES[:1], none).total == 1
    assert len(tallies.of(SERVICES, frozenset({"crdb_worker"})).problems) == 3
