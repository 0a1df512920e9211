"""What one process was refused counts for all: nothing that runs beside others locks a user."""

import asyncio
import fcntl
import os
import threading
from pathlib import Path

import pytest

from tests.clock import Clock
from tui.credentials.refused_logins import WINDOW, RefusedLogins
from tui.model.login import LockoutRule
from tui.storage.background_writer import BackgroundWriter

USER, PLACE = "admin@demo.local", "demo"


@pytest.fixture
def clock() -> Clock:
    return Clock(1_800_000_000.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


def command(folder: Path, clock: Clock) -> RefusedLogins:
    return RefusedLogins(folder, is_attended=False, clock=clock)


def open_to_others(folder: Path, *, is_open: bool = True) -> None:
    """Make a folder one that is not written, and not read either; or this user's alone."""
    folder.chmod(0o755 if is_open else 0o700)


def keep(folder: Path, content: bytes) -> None:
    folder.mkdir(mode=0o700)
    file = folder / "refused-logins.json"
    file.write_bytes(content)
    file.chmod(0o600)


async def test_refusals_are_known_to_others_until_they_count_no_more(
    folder: Path, clock: Clock
) -> None:
    """P24."""
    first = command(folder, clock)
    first.add(USER, PLACE)
    clock.now += 60
    first.add(USER, PLACE)
    assert await command(folder, clock).others(USER, PLACE) == [60.0, 0.0]
    for other in ((USER, "other"), ("viewer", PLACE)):
        assert await command(folder, clock).others(*other) == []
    clock.now += WINDOW - 60
    assert await command(folder, clock).others(USER, PLACE) == [WINDOW - 60]
    clock.now += 60
    assert await command(folder, clock).others(USER, PLACE) == []


async def test_what_a_login_was_refused_itself_is_not_counted_as_of_others(
    folder: Path, clock: Clock
) -> None:
    this = command(folder, clock)
    own = {this.add(USER, PLACE)}
    clock.now += 1
    command(folder, clock).add(USER, PLACE)
    assert await this.others(USER, PLACE, own) == [0.0]
    assert len(await this.others(USER, PLACE) or ()) == 2


async def test_a_login_that_is_taken_is_forgotten(folder: Path, clock: Clock) -> None:
    first = command(folder, clock)
    for place in (PLACE, PLACE, "other", "other"):
        first.add(USER, place)
    later = command(folder, clock)
    await later.others(USER, PLACE)
    later.remove(USER, PLACE)
    assert await command(folder, clock).others(USER, PLACE) == []
    assert len(await command(folder, clock).others(USER, "other") or ()) == 2


def test_what_a_process_was_refused_itself_is_removed_once_it_is_taken(
    folder: Path, clock: Clock
) -> None:
    """P24: it has read nothing of the file before, and leaves nothing of it behind."""
    this = command(folder, clock)
    this.add(USER, PLACE)
    this.remove(USER, PLACE)
    (file,) = folder.iterdir()
    assert file.read_bytes() == b"[]"
    file.unlink()
    this.remove(USER, PLACE)
    assert not list(folder.iterdir())  # what is taken again and again writes nothing


async def test_a_login_that_is_taken_leaves_what_was_refused_after_it_was_sent(
    folder: Path, clock: Clock
) -> None:
    """P24: it may have been changed meanwhile."""
    this = command(folder, clock)
    this.add(USER, PLACE)
    clock.now += 20
    command(folder, clock).add(USER, PLACE)
    clock.now += 5
    assert await this.others(USER, PLACE) == [25.0, 5.0]
    this.remove(USER, PLACE, sent_ago=10.0)
    assert await command(folder, clock).others(USER, PLACE) == [5.0]
    clock.now += 5
    this.remove(USER, PLACE, sent_ago=1.0)
    assert await command(folder, clock).others(USER, PLACE) == []


async def test_a_login_that_was_never_refused_touches_no_file(folder: Path, clock: Clock) -> None:
    this = command(folder, clock)
    assert await this.others(USER, PLACE) == []
    this.remove(USER, PLACE)
    assert not list(os.scandir(folder.parent))


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
async def test_a_file_that_cannot_be_read_holds_nothing_and_is_written_anew(
    folder: Path, clock: Clock, content: bytes
) -> None:
    keep(folder, content)
    this = command(folder, clock)
    assert await this.others(USER, PLACE) == []
    this.add(USER, PLACE)
    assert await command(folder, clock).others(USER, PLACE) == [0.0]


async def test_without_a_place_to_write_nothing_fails_and_refusals_count_in_this_process(
    tmp_path: Path, clock: Clock
) -> None:
    """P23."""
    (tmp_path / "file").touch()
    this = command(tmp_path / "file" / "state", clock)
    this.add(USER, PLACE)
    assert await this.others(USER, PLACE) == [0.0]


async def test_of_a_file_that_cannot_be_opened_nothing_is_known(folder: Path, clock: Clock) -> None:
    """P24: that is not as if nothing was refused."""
    command(folder, clock).add(USER, PLACE)
    (folder / "refused-logins.json").chmod(0o644)
    assert await command(folder, clock).others(USER, PLACE) is None


async def test_times_of_the_future_do_not_count(folder: Path, clock: Clock) -> None:
    """A wall clock that was set back must not block a login for years."""
    first = command(folder, clock)
    for _ in range(2):
        first.add(USER, PLACE)
    clock.now -= 3600
    assert await command(folder, clock).others(USER, PLACE) == []


async def test_a_command_does_not_wait_for_a_file_that_another_process_has_locked(
    folder: Path, clock: Clock
) -> None:
    this = command(folder, clock)
    this.add(USER, PLACE)
    with (folder / "refused-logins.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        this.add(USER, PLACE)
    assert len(await command(folder, clock).others(USER, PLACE) or ()) == 1
    assert [one.name for one in os.scandir(folder)] == ["refused-logins.json"]


async def test_who_goes_on_writes_beside_the_loop_and_loses_nothing_to_a_locked_file(
    folder: Path, clock: Clock
) -> None:
    command(folder, clock).add(USER, PLACE)
    deck = RefusedLogins(
        folder, is_attended=True, clock=clock, writer=BackgroundWriter("refused logins")
    )
    with (folder / "refused-logins.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        deck.add(USER, PLACE)
        deck.add(USER, "other")
    assert len(await deck.others(USER, PLACE) or ()) == 2  # after all that was to be written
    assert len(await command(folder, clock).others(USER, "other") or ()) == 1


async def test_what_cannot_be_written_counts_in_this_process_and_is_written_later(
    folder: Path, clock: Clock
) -> None:
    """P24: a full disk, a folder that cannot be written, a file that others have locked."""
    this = command(folder, clock)
    this.add(USER, PLACE)
    with (folder / "refused-logins.json").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        clock.now += 1
        this.add(USER, PLACE)
        assert "refused-logins.json: Resource temporarily unavailable" in this.trouble
        assert await this.others(USER, PLACE) == [1.0, 0.0]
        assert await command(folder, clock).others(USER, PLACE) == [1.0]
    assert await this.others(USER, PLACE) == [1.0, 0.0]
    assert not this.trouble
    assert await command(folder, clock).others(USER, PLACE) == [1.0, 0.0]


async def test_what_cannot_be_written_counts_with_what_was_read_until_it_is_old_or_taken(
    folder: Path, clock: Clock
) -> None:
    """P24."""
    command(folder, clock).add(USER, PLACE)
    clock.now += 60
    this = command(folder, clock)
    assert await this.others(USER, PLACE) == [60.0]
    open_to_others(folder)
    assert await this.others(USER, PLACE) is None
    this.add(USER, PLACE)
    assert "mode 0755" in this.trouble
    assert await this.others(USER, PLACE) == [60.0, 0.0]
    clock.now += WINDOW - 60
    assert await this.others(USER, PLACE) == [WINDOW - 60]
    this.remove(USER, PLACE)
    open_to_others(folder, is_open=False)
    assert await this.others(USER, PLACE) == []


async def test_a_disk_that_hangs_holds_up_nothing_that_goes_on(folder: Path, clock: Clock) -> None:
    """P24: what is not known is not reported as no refusal."""
    command(folder, clock).add(USER, PLACE)
    released, writer = threading.Event(), BackgroundWriter("refused logins")
    deck = RefusedLogins(folder, is_attended=True, clock=clock, writer=writer, patience=0.02)
    writer.put(released.wait)
    assert await deck.others(USER, PLACE) is None
    for count in range(1, 4):
        deck.add(USER, PLACE)
        assert len(await deck.others(USER, PLACE) or ()) == count
    await deck.written()
    assert deck.trouble == "the disk did not answer in time"
    released.set()
    patient = RefusedLogins(folder, is_attended=True, clock=clock, writer=writer, patience=30)
    assert len(await patient.others(USER, PLACE) or ()) == 4


async def test_all_who_read_at_the_same_time_know_what_others_were_refused(
    folder: Path, clock: Clock
) -> None:
    """P24."""
    for _ in range(2):
        command(folder, clock).add(USER, PLACE)
    writer = BackgroundWriter("refused logins", at_most=4)
    deck = RefusedLogins(folder, is_attended=True, clock=clock, writer=writer, patience=30)
    found = await asyncio.gather(*(deck.others(USER, PLACE) for _ in range(12)))
    assert found == [[0.0, 0.0]] * 12


async def test_what_others_were_refused_after_a_reading_is_in_the_next_one(
    folder: Path, clock: Clock
) -> None:
    """P24: who goes on looks at the file again each time."""
    writer = BackgroundWriter("refused logins")
    deck = RefusedLogins(folder, is_attended=True, clock=clock, writer=writer, patience=30)
    assert await deck.others(USER, PLACE) == []
    command(folder, clock).add(USER, PLACE)
    assert await deck.others(USER, PLACE) == [0.0]


def test_a_refusal_counts_as_long_as_the_users_lock_counts_it() -> None:
    assert LockoutRule().window == WINDOW


async def test_who_waits_no_longer_ends_no_reading_that_another_waits_for(
    folder: Path, clock: Clock
) -> None:
    command(folder, clock).add(USER, PLACE)
    released, writer = threading.Event(), BackgroundWriter("refused logins")
    deck = RefusedLogins(folder, is_attended=True, clock=clock, writer=writer, patience=30)
    writer.put(released.wait)
    first, second = (asyncio.create_task(deck.others(USER, PLACE)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first})
    released.set()
    assert await second == [0.0]


async def test_a_reading_that_began_before_the_login_was_taken_is_not_shared_after_it(
    folder: Path, clock: Clock
) -> None:
    command(folder, clock).add(USER, PLACE)
    released, writer = threading.Event(), BackgroundWriter("refused logins")
    deck = RefusedLogins(folder, is_attended=True, clock=clock, writer=writer, patience=30)
    await deck.others(USER, PLACE)
    writer.put(released.wait)
    early = asyncio.create_task(deck.others(USER, PLACE))
    await asyncio.sleep(0)
    deck.remove(USER, PLACE)
    late = asyncio.create_task(deck.others(USER, PLACE))
    await asyncio.sleep(0)
    released.set()
    assert (await early, await late) == ([0.0], [])


async def test_a_refusal_right_before_the_end_is_written(folder: Path, clock: Clock) -> None:
    """P24: the exit does not wait for a writer."""
    released, writer = threading.Event(), BackgroundWriter("refused logins")
    deck = RefusedLogins(folder, is_attended=True, clock=clock, writer=writer)
    writer.put(released.wait)
    deck.add(USER, PLACE)
    threading.Timer(0.05, released.set).start()
    deck.end(30)
    assert await command(folder, clock).others(USER, PLACE) == [0.0]


def test_the_end_waits_for_no_disk_that_hangs(folder: Path, clock: Clock) -> None:
    released, writer = threading.Event(), BackgroundWriter("refused logins")
    deck = RefusedLogins(folder, is_attended=True, clock=clock, writer=writer)
    deck.end()
    writer.put(released.wait)
    deck.add(USER, PLACE)
    deck.end(0.01)
    released.set()
