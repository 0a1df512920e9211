"""What `rsdeck wait` takes for a restart."""

from datetime import UTC, datetime, timedelta

import pytest

from tui.fleet.waiting import _is_restarted
from tui.model.service import Service

T0 = datetime(2026, 1, 1, tzinfo=UTC)
LATER = T0 + timedelta(hours=1)
FIRST = Service("ccs", "RUNNING", T0, 7200)


@pytest.mark.parametrize(
    ("uptime", "started_at", "is_restarted"),
    [(3, LATER, True), (None, LATER, True), (3, T0, True), (12, T0, False), (3600, LATER, False)],
)
def test_a_restart_is_no_older_than_the_first_look(
    uptime: int | None, started_at: datetime, *, is_restarted: bool
) -> None:
    """One that runs for longer was not restarted since; an uptime that started over was."""
    now = Service("ccs", "RUNNING", started_at, uptime)
    assert _is_restarted(FIRST, now, 8.0) is is_restarted
