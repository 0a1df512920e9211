"""The programs of a node, by a clock that moves only when told."""

import pytest

from tui.sim.cluster import Cluster


def shown(cluster, name="alert_mgr"):
    return cluster.services(1)[name]


def states(cluster, clock, seconds, name="alert_mgr"):
    seen = []
    for _ in range(int(seconds / 0.1)):
        status = shown(cluster, name)["status"]
        if not seen or seen[-1] != status:
            seen.append(status)
        clock.after(0.1)
    return seen


def test_a_restart_goes_through_restarting_and_starting(clock):
    cluster = Cluster(clock=clock)
    cluster.restart(1, "alert_mgr")
    seen = states(cluster, clock, 5)
    assert (seen[0], seen[-2], seen[-1]) == ("RESTARTING", "STARTING", "RUNNING")


def test_a_fast_restart_still_shows_a_later_start_time(clock):
    cluster = Cluster(clock=clock, pace=0.01)
    starts = [shown(cluster)["start_time"]]
    for _ in range(3):
        cluster.restart(1, "alert_mgr")
        clock.after(1.2)
        assert shown(cluster)["status"] == "RUNNING"
        starts.append(shown(cluster)["start_time"])
    assert starts == sorted(set(starts))


def test_a_stopped_service_stays_stopped_until_it_is_started(clock):
    cluster = Cluster(clock=clock)
    cluster.stop(1, "alert_mgr")
    clock.after(3600)
    assert shown(cluster) == {"status": "STOPPED"}
    cluster.start(1, "alert_mgr")
    assert shown(cluster)["status"] == "STARTING"
    clock.after(2)
    assert shown(cluster)["status"] == "RUNNING"


@pytest.mark.parametrize(("option", "value"), [("null", None), ("empty", "")])
def test_a_stopped_service_shows_its_times_as_configured(clock, option, value):
    cluster = Cluster(clock=clock, stopped_times=option)
    cluster.stop(1, "alert_mgr")
    clock.after(5)
    assert shown(cluster) == {"start_time": value, "status": "STOPPED", "uptime": value}


def test_a_start_of_what_runs_changes_nothing(clock):
    cluster = Cluster(clock=clock)
    before = shown(cluster)
    assert cluster.operate(1, "start", ["alert_mgr"]) == {"alert_mgr": True}
    assert shown(cluster) == before


def test_a_failing_program_backs_off_and_ends_fatal(clock):
    cluster = Cluster(clock=clock)
    cluster.fail(1, "alert_mgr")
    cluster.restart(1, "alert_mgr")
    seen = states(cluster, clock, 20)
    assert seen[-1] == "FATAL"
    assert seen.count("BACKOFF") == 3
    assert "RUNNING" not in seen


def test_a_repaired_program_starts_again(clock):
    cluster = Cluster(clock=clock)
    cluster.fail(1, "alert_mgr")
    cluster.restart(1, "alert_mgr")
    clock.after(20)
    cluster.repair(1, "alert_mgr")
    cluster.start(1, "alert_mgr")
    clock.after(2)
    assert shown(cluster)["status"] == "RUNNING"


def test_a_crash_loop_shows_ever_later_start_times(clock):
    cluster = Cluster(clock=clock)
    cluster.crash_loop(1, "alert_mgr", every=3)
    starts = []
    for _ in range(200):
        clock.after(0.1)
        entry = shown(cluster)
        if entry["status"] == "RUNNING" and entry["start_time"] not in starts:
            starts.append(entry["start_time"])
    assert len(starts) >= 3
    assert starts == sorted(starts)


def test_the_job_scheduler_takes_ten_seconds_to_count_as_running(clock):
    cluster = Cluster(clock=clock)
    cluster.restart(1, "job_scheduler")
    clock.after(9)
    assert shown(cluster, "job_scheduler")["status"] == "STARTING"
    clock.after(3)
    assert shown(cluster, "job_scheduler")["status"] == "RUNNING"


def test_the_one_shot_has_exited(clock):
    assert shown(Cluster(clock=clock), "start_redis_servers")["status"] == "EXITED"


def test_a_status_is_shown_verbatim(clock):
    cluster = Cluster(clock=clock)
    cluster.set_status(1, "alert_mgr", "[bold]x\x1b[31m")
    assert shown(cluster)["status"] == "[bold]x\x1b[31m"


def test_a_disabled_service_leaves_every_list(clock):
    cluster = Cluster(clock=clock)
    cluster.disable("crdb_worker")
    assert not [
        n for uid in (1, 2, 3) for n in cluster.services(uid) if n.startswith("crdb_worker")
    ]
    cluster.enable("crdb_worker")
    assert {"crdb_worker_0", "crdb_worker_1"} <= set(cluster.services(2))


def test_a_lively_cluster_is_repeatable_and_touches_only_optional_services(clock):

    def play():
        clock.now = 1700000000.25
        cluster = Cluster(clock=clock, lively=True, seed=4)
        seen = set()
        for _ in range(600):
            clock.after(1)
            for uid in (1, 2, 3):
                for name, entry in cluster.services(uid).items():
                    if entry["status"] not in {"RUNNING", "EXITED"}:
                        seen.add((clock.now, uid, name, entry["status"]))
        return seen

    first = play()
    assert first == play()
    assert {name for _, _, name, _ in first} <= {
        "alert_mgr",
        "call_home_agent",
        "cm_server",
        "crdb_coordinator",
        "crdb_worker_0",
        "crdb_worker_1",
        "ldap_agent_mgr",
        "mdns_server",
        "pdns_server",
        "sentinel_service",
        "stats_archiver",
    }
    assert "STOPPED" in {status for *_, status in first}


def stopped(cluster):
    return {
        (uid, name)
        for uid in (1, 2, 3)
        for name, entry in cluster.services(uid).items()
        if entry["status"] == "STOPPED"
    }


def first_stop(cluster, clock):
    for _ in range(120):
        clock.after(1)
        if found := stopped(cluster):
            return found.pop()
    raise AssertionError("nothing has stopped within two minutes")


@pytest.mark.parametrize("seed", range(8))
def test_the_first_trouble_is_a_stopped_service_that_waits_minutes_for_its_start(clock, seed):
    cluster = Cluster(clock=clock, lively=True, seed=seed)
    first = first_stop(cluster, clock)
    for _ in range(280):
        clock.after(3)
        assert first in stopped(cluster)
    for _ in range(40):
        clock.after(3)
        cluster.services(1)
    assert first not in stopped(cluster)


def test_the_first_stopped_service_is_left_alone_once_an_action_has_moved_it(clock):
    cluster = Cluster(clock=clock, lively=True, seed=4)
    uid, name = first_stop(cluster, clock)
    cluster.operate(uid, "start", [name])
    clock.after(5)
    assert (uid, name) not in stopped(cluster)
    cluster.operate(uid, "stop", [name])
    clock.after(890)
    cluster.services(uid)
    clock.after(30)
    assert (uid, name) in stopped(cluster)


def test_a_still_cluster_stays_as_it_is(clock):
    cluster = Cluster(clock=clock)
    clock.after(86400)
    assert {e["status"] for e in cluster.services(1).values()} == {"RUNNING", "EXITED"}


def test_a_lively_cluster_begins_nothing_for_a_while_after_an_action(clock):
    clock.now = 1700000000.25
    cluster = Cluster(clock=clock, lively=True, seed=4)
    for _ in range(30):
        clock.after(3)
        cluster.operate(1, "restart", ["alert_mgr"])
        for uid in (2, 3):
            moving = {one["status"] for one in cluster.services(uid).values()}
            assert moving <= {"RUNNING", "EXITED"}
