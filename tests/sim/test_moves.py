"""How a program moves between its states, and what its times say, by a fake clock."""

from datetime import UTC, datetime, timedelta

import pytest

from tui.sim.cluster import Cluster


def shown(cluster, name="alert_mgr"):
    return cluster.services(1)[name]


def started(entry):
    return datetime.strptime(entry["start_time"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def watch(cluster, clock, seconds, step=0.05):
    """Return (second, status) of every look."""
    seen = []
    begin = clock.now
    while clock.now < begin + seconds:
        seen.append((clock.now - begin, shown(cluster)["status"]))
        clock.after(step)
    return seen


def order_of(seen):
    return [word for n, (_, word) in enumerate(seen) if n == 0 or seen[n - 1][1] != word]


def test_a_restart_rests_in_stopped_between_restarting_and_starting(clock):
    cluster = Cluster(clock=clock)
    cluster.restart(1, "alert_mgr")
    seen = watch(cluster, clock, 4)
    assert order_of(seen) == ["RESTARTING", "STOPPED", "STARTING", "RUNNING"]
    rested = [at for at, word in seen if word == "STOPPED"]
    assert rested[-1] - rested[0] >= 0.2


def test_only_the_services_call_says_restarting_and_the_health_call_the_supervisors_word(clock):
    cluster = Cluster(clock=clock)
    cluster.restart(1, "alert_mgr")
    assert shown(cluster)["status"] == "RESTARTING"
    assert cluster.states(1)["alert_mgr"] == "STOPPING"
    cluster.stop(1, "alert_mgr")
    assert shown(cluster)["status"] == "STOPPING"


@pytest.mark.parametrize("pace", [1.0, 0.1, 0.001])
def test_no_start_time_is_ever_in_the_future_and_each_is_later_than_the_last(clock, pace):
    cluster = Cluster(clock=clock, pace=pace)
    starts = [started(shown(cluster))]
    cluster.restart(1, "alert_mgr")
    for look in range(600):
        entry = shown(cluster)
        if "start_time" in entry:
            assert started(entry).timestamp() <= clock.now
            if entry["status"] == "RUNNING" and started(entry) != starts[-1]:
                starts.append(started(entry))
                cluster.restart(1, "alert_mgr")
        clock.after(0.01 + look % 3 / 100)
    assert len(starts) > 3
    assert starts == sorted(set(starts))


def test_a_start_in_the_same_second_waits_in_stopped_for_the_next(clock):
    cluster = Cluster(clock=clock, pace=0.01)
    cluster.restart(1, "alert_mgr")
    clock.after(0.1)
    before = shown(cluster)
    assert before["status"] == "RUNNING"
    cluster.stop(1, "alert_mgr")
    clock.after(0.05)
    cluster.start(1, "alert_mgr")
    assert shown(cluster)["status"] == "STOPPED"
    clock.after(0.3)
    cluster.start(1, "alert_mgr")
    assert shown(cluster)["status"] == "STOPPED"
    clock.after(0.5)
    after = shown(cluster)
    assert after["status"] == "RUNNING"
    assert started(after) == started(before) + timedelta(seconds=1)


def test_a_stop_during_the_rest_of_a_restart_keeps_it_stopped(clock):
    cluster = Cluster(clock=clock)
    cluster.restart(1, "alert_mgr")
    clock.after(0.7)
    assert shown(cluster)["status"] == "STOPPED"
    cluster.stop(1, "alert_mgr")
    clock.after(60)
    assert shown(cluster)["status"] == "STOPPED"


def test_a_start_while_stopping_starts_it_after_all(clock):
    cluster = Cluster(clock=clock)
    cluster.stop(1, "alert_mgr")
    cluster.start(1, "alert_mgr")
    assert order_of(watch(cluster, clock, 4))[-1] == "RUNNING"


def test_a_stop_while_it_backs_off_stops_it_at_once(clock):
    cluster = Cluster(clock=clock)
    cluster.fail(1, "alert_mgr")
    cluster.restart(1, "alert_mgr")
    while shown(cluster)["status"] != "BACKOFF":
        clock.after(0.05)
    cluster.stop(1, "alert_mgr")
    assert shown(cluster) == {"status": "STOPPED"}
    clock.after(60)
    assert shown(cluster) == {"status": "STOPPED"}


def test_a_start_from_fatal_works(clock):
    cluster = Cluster(clock=clock)
    before = started(shown(cluster))
    cluster.fail(1, "alert_mgr")
    cluster.restart(1, "alert_mgr")
    clock.after(30)
    assert shown(cluster) == {"status": "FATAL"}
    cluster.repair(1, "alert_mgr")
    cluster.start(1, "alert_mgr")
    assert shown(cluster)["status"] == "STARTING"
    clock.after(1.1)
    assert shown(cluster)["status"] == "RUNNING"
    assert started(shown(cluster)) > before


def test_a_failing_program_started_from_fatal_tries_again_as_often(clock):
    cluster = Cluster(clock=clock)
    cluster.fail(1, "alert_mgr")
    cluster.restart(1, "alert_mgr")
    clock.after(30)
    cluster.start(1, "alert_mgr")
    words = order_of(watch(cluster, clock, 30))
    assert words.count("BACKOFF") == 3
    assert words[-1] == "FATAL"


@pytest.mark.parametrize("word", ["STOPPED", "FATAL", "RESTARTING", "UNKNOWN", "[bold]x", ""])
def test_a_fixed_status_other_than_running_has_no_times(clock, word):
    cluster = Cluster(clock=clock)
    cluster.set_status(1, "alert_mgr", word)
    assert shown(cluster) == {"status": word}


def test_the_fixed_status_running_keeps_its_times(clock):
    cluster = Cluster(clock=clock)
    before = shown(cluster)
    cluster.set_status(1, "alert_mgr", "RUNNING")
    assert shown(cluster) == before


@pytest.mark.parametrize("word", ["STOPPED", "FATAL", "UNKNOWN", "huh"])
@pytest.mark.parametrize("order", ["start", "restart"])
def test_a_start_after_a_fixed_status_ends_running_with_a_later_start_time(clock, word, order):
    cluster = Cluster(clock=clock)
    before = started(shown(cluster))
    cluster.set_status(1, "alert_mgr", word)
    cluster.operate(1, order, ["alert_mgr"])
    assert shown(cluster)["status"] != word
    clock.after(4)
    assert shown(cluster)["status"] == "RUNNING"
    assert started(shown(cluster)) > before


@pytest.mark.parametrize("word", ["FATAL", "RUNNING", "huh"])
def test_a_stop_after_a_fixed_status_stops(clock, word):
    cluster = Cluster(clock=clock)
    cluster.set_status(1, "alert_mgr", word)
    cluster.stop(1, "alert_mgr")
    clock.after(2)
    assert shown(cluster) == {"status": "STOPPED"}


def test_a_given_fatal_is_stopped_at_once(clock):
    cluster = Cluster(clock=clock)
    cluster.set_status(1, "alert_mgr", "FATAL")
    cluster.stop(1, "alert_mgr")
    assert shown(cluster) == {"status": "STOPPED"}


def test_the_start_time_and_the_uptime_add_up_to_now(clock):
    cluster = Cluster(clock=clock)
    for name, entry in cluster.services(1).items():
        if entry["status"] == "RUNNING":
            days, _, clock_part = entry["uptime"].rpartition(", ")
            hours, minutes, seconds = map(int, clock_part.split(":"))
            up = timedelta(
                days=int(days.split()[0]) if days else 0,
                hours=hours,
                minutes=minutes,
                seconds=seconds,
            )
            assert abs((started(entry) + up).timestamp() - clock.now) < 1, name


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00:00"),
        (1287, "0:21:27"),
        (86_400 + 5329, "1 day, 1:28:49"),
        (3 * 86_400 + 3539, "3 days, 0:58:59"),
    ],
)
def test_the_uptime_is_written_as_python_writes_a_timedelta(clock, seconds, text):
    cluster = Cluster(clock=clock)
    cluster.add_service(1, "fresh")
    clock.after(seconds)
    assert shown(cluster, "fresh")["uptime"] == text
