"""What it costs to poll with the password in each request."""

import pytest

from tui.model.login import PasswordCause, PasswordPolling


def polling(nodes: int, latency: float, at_a_time: int = 2) -> PasswordPolling:
    return PasswordPolling(PasswordCause.CONFIGURED, nodes, latency, at_a_time)


@pytest.mark.parametrize(
    ("latency", "interval", "at_a_time", "most"),
    [
        (0.2, 2.0, 2, 14),
        (0.5, 2.0, 2, 5),
        (0.2, 2.0, 1, 7),
        (0.01, 2.0, 2, 285),
        (0.2, 10.0, 2, 33),
    ],
)
def test_how_many_nodes_can_be_polled_in_time(
    latency: float, interval: float, at_a_time: int, most: int
) -> None:
    assert polling(most, latency, at_a_time).nodes_at_most(interval) == most
    assert not polling(most, latency, at_a_time).is_late(interval)
    assert polling(most + 1, latency, at_a_time).is_late(interval)


def test_before_the_latency_is_known_nothing_is_called_late() -> None:
    assert polling(1000, 0.0).nodes_at_most(2.0) is None
    assert not polling(1000, 0.0).is_late(2.0)
