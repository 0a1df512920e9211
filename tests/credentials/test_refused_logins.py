"""What was refused to one command counts for the next: nothing that is scheduled locks a user."""

import fcntl
from pathlib import Path

import pytest

from tui.credentials.refused_logins import WINDOW, RefusedLogins

USER, PLACE = "admin@demo.local", "demo"


class Clock:
    """Unix seconds that a test moves on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def command(folder: Path, clock: Clock, limit: int = 2) -> RefusedLogins:
    return RefusedLogins(folder, limit=limit, clock=clock)


def test_two_refusals_block_later_commands_until_they_count_no_more(
    folder: Path, clock: Clock
) -> None:
    """P24."""
    first = command(folder, clock)
    first.add(USER, PLACE)
    assert command(folder, clock).blocked(USER, PLACE) == (0, 0.0)
    clock.now += 60
    first.add(USER, PLACE)
    assert command(folder, clock).blocked(USER, PLACE) == (2, WINDOW - 60)
    assert command(folder, clock, limit=3).blocked(USER, PLACE) == (0, 0.0)
    for other in ((USER, "other"), ("viewer", PLACE)):
        assert command(folder, clock).blocked(*other) == (0, 0.0)
    clock.now += WINDOW - 60
    assert command(folder, clock).blocked(USER, PLACE) == (0, 0.0)


def test_a_command_is_never_blocked_by_what_it_was_refused_itself(
    folder: Path, clock: Clock
) -> None:
    this = command(folder, clock)
    assert this.blocked(USER, PLACE) == (0, 0.0)
    for _ in range(3):
        this.add(USER, PLACE)
    assert this.blocked(USER, PLACE) == (0, 0.0)


def test_a_login_that_is_taken_is_not_blocked_any_more(folder: Path, clock: Clock) -> None:
    first = command(folder, clock)
    for place in (PLACE, PLACE, "other", "other"):
        first.add(USER, place)
    later = command(folder, clock, limit=3)
    later.blocked(USER, PLACE)
    later.remove(USER, PLACE)
    assert command(folder, clock).blocked(USER, PLACE) == (0, 0.0)
    assert command(folder, clock).blocked(USER, "other")[0] == 2


def test_a_login_that_was_never_refused_touches_no_file(folder: Path, clock: Clock) -> None:
    this = command(folder, clock)
    assert this.blocked(USER, PLACE) == (0, 0.0)
    this.remove(USER, PLACE)
    assert not folder.exists()


def test_the_file_is_the_users_alone_and_its_size_is_bounded(folder: Path, clock: Clock) -> None:
    for _ in range(50):
        command(folder, clock).add(USER, PLACE)
        clock.now += 60
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_size < 1000  # those of 15 minutes


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"[[1]]", b'[["x", "admin@demo.local", "demo"]]', b"\xff", b"[1e999]"],
)
def test_a_file_that_cannot_be_read_blocks_nothing_and_is_written_anew(
    folder: Path, clock: Clock, content: bytes
) -> None:
    folder.mkdir(mode=0o700)
    file = folder / "refused-logins.json"
    file.write_bytes(content)
    file.chmod(0o600)
    this = command(folder, clock, limit=1)
    assert this.blocked(USER, PLACE) == (0, 0.0)
    this.add(USER, PLACE)
    assert command(folder, clock, limit=1).blocked(USER, PLACE)[0] == 1


def test_without_a_place_to_write_nothing_is_kept_and_nothing_fails(
    tmp_path: Path, clock: Clock
) -> None:
    """P23."""
    (tmp_path / "file").touch()
    this = command(tmp_path / "file" / "state", clock)
    this.add(USER, PLACE)
    assert this.blocked(USER, PLACE) == (0, 0.0)


def test_times_of_the_future_do_not_count(folder: Path, clock: Clock) -> None:
    """A wall clock that was set back must not block a login for years."""
    first = command(folder, clock)
    for _ in range(2):
        first.add(USER, PLACE)
    clock.now -= 3600
    assert command(folder, clock).blocked(USER, PLACE) == (0, 0.0)


def test_a_file_that_another_process_has_locked_is_not_waited_for(
    folder: Path, clock: Clock
) -> None:
    this = command(folder, clock)
    this.add(USER, PLACE)
    with (folder / "refused-logins.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        this.add(USER, PLACE)
    assert command(folder, clock, limit=1).blocked(USER, PLACE)[0] == 1
    assert [one.name for one in folder.iterdir()] == ["refused-logins.json"]
