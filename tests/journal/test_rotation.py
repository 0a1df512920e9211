"""The journal is rotated by size: its chain goes on, readers see across, a gap shows."""

import fcntl
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faultserver import wait_until
from tests.fleet.plan_nodes import open_order
from tui.journal.chain import ChainLink, check_chain, link, open_record, seal
from tui.journal.journal_file import KEPT, JournalError, JournalFile, JournalReader
from tui.journal.order_journal import OrderJournal
from tui.model.order import Result, Tier, Verdict

SMALL = 600
"""Bytes that hold a few records."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rsdeck"


def written(folder: Path, count: int, *, largest: int = SMALL) -> JournalFile:
    store = JournalFile(folder, largest=largest)
    for number in range(count):
        store.append({"id": number})
    return store


def ids(folder: Path) -> list[object]:
    records = (open_record(line.removesuffix(b"\n")) for line in JournalFile(folder).lines())
    return [record and record["id"] for record in records]


def old(folder: Path) -> list[Path]:
    """List the older files, the oldest first."""
    numbers = sorted(int(path.name.split(".")[1]) for path in folder.glob("journal.*.jsonl"))
    return [folder / f"journal.{number}.jsonl" for number in numbers]


def test_a_file_that_has_grown_too_large_is_kept_and_the_chain_goes_on(folder: Path) -> None:
    written(folder, 12)
    first = old(folder)[0]
    assert first.name == "journal.1.jsonl"
    assert first.stat().st_mode & 0o777 == 0o600
    assert SMALL <= first.stat().st_size < SMALL + 400
    assert ids(folder) == list(range(12))
    report = check_chain(JournalFile(folder).lines())
    assert (report.records, report.broken_at, report.notes) == (12, None, [])


def test_the_first_record_of_a_file_carries_the_link_of_the_last_one(folder: Path) -> None:
    written(folder, 12)
    before = old(folder)[0].read_bytes().splitlines()[-1]
    after = old(folder)[1].read_bytes().splitlines()[0]
    last, first = open_record(before), open_record(after)
    assert last is not None
    assert first is not None
    assert first["seq"] == last["seq"] + 1
    assert first["prev"] == link(before).digest
    assert first["rotated"] == {"oldest": 1}


def test_only_the_newest_files_are_kept_and_what_was_removed_is_no_gap(folder: Path) -> None:
    written(folder, 60)
    files = old(folder)
    assert len(files) == KEPT
    assert files[0].name != "journal.1.jsonl"
    report = check_chain(JournalFile(folder).lines())
    assert (report.broken_at, report.notes) == (None, [])
    assert 0 < report.records < 60
    assert ids(folder)[-1] == 59


def lose_the_oldest_file(folder: Path) -> None:
    old(folder)[0].unlink()


def lose_a_file_between(folder: Path) -> None:
    old(folder)[2].unlink()


def lose_the_first_line(folder: Path) -> None:
    path = old(folder)[0]
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])


def lose_the_last_line_of_an_old_file(folder: Path) -> None:
    path = old(folder)[1]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def cut_the_last_line_of_an_old_file(folder: Path) -> None:
    path = old(folder)[1]
    path.write_bytes(path.read_bytes()[:-9])


def edit_a_line(folder: Path) -> None:
    path = old(folder)[1]
    path.write_bytes(path.read_bytes().replace(b'"id":', b'"ID":', 1))


def begin_a_file_anew(folder: Path) -> None:
    path = old(folder)[1]
    lines = path.read_bytes().splitlines(keepends=True)
    record = open_record(lines[0].removesuffix(b"\n"))
    assert record is not None
    lines[0] = seal({"id": record["id"]}, ChainLink(record["seq"] - 1))
    path.write_bytes(b"".join(lines))


@pytest.mark.parametrize(
    "spoil",
    [
        lose_the_oldest_file, lose_a_file_between, lose_the_first_line, edit_a_line,
        lose_the_last_line_of_an_old_file, cut_the_last_line_of_an_old_file, begin_a_file_anew,
    ],
    ids=lambda spoil: spoil.__name__,
)  # fmt: skip
@pytest.mark.parametrize("count", [26, 60])
def test_a_break_in_the_chain_shows(
    spoil: Callable[[Path], None], count: int, folder: Path
) -> None:
    written(folder, count)
    assert check_chain(JournalFile(folder).lines()).broken_at is None
    spoil(folder)
    assert check_chain(JournalFile(folder).lines()).broken_at is not None


def test_a_break_is_named_by_its_file_and_line(folder: Path) -> None:
    written(folder, 26)
    edit_a_line(folder)
    reader = JournalReader(folder)
    report = check_chain(reader.lines())
    assert report.broken_at is not None
    assert reader.place(report.broken_at) == (old(folder)[1], 1)
    whole = len(old(folder)[0].read_bytes().splitlines())
    assert reader.place(whole) == (old(folder)[0], whole)


def test_a_crash_after_the_file_got_its_number_loses_nothing(folder: Path) -> None:
    store = written(folder, 3, largest=10**6)
    store.path.rename(folder / "journal.1.jsonl")
    assert ids(folder) == [0, 1, 2]
    JournalFile(folder).append({"id": 3})
    assert ids(folder) == [0, 1, 2, 3]
    assert check_chain(JournalFile(folder).lines()).broken_at is None


def test_a_half_written_end_is_replaced_first_and_the_next_record_rotates(folder: Path) -> None:
    store = written(folder, 4, largest=10**6)
    with store.path.open("ab") as file:
        file.write(b'{"seq":5,"id"')
    small = JournalFile(folder, largest=SMALL)
    small.append({"id": 4})
    assert not old(folder)
    small.append({"id": 5})
    assert len(old(folder)) == 1
    report = check_chain(JournalFile(folder).lines())
    assert (report.records, report.broken_at) == (6, None)
    assert [note.line for note in report.notes] == [5]


def test_where_it_cannot_be_rotated_records_go_on_in_the_same_file(folder: Path) -> None:
    store = written(folder, 4, largest=10**6)
    # The next number's name is longer than a name can be.
    (folder / f"journal.{'9' * 241}.jsonl").touch(0o600)
    size = store.path.stat().st_size
    JournalFile(folder, largest=SMALL).append({"id": 4})
    assert store.path.stat().st_size > size
    assert check_chain(store.lines()).broken_at is None


_LIMITED = """
import sys, resource
from pathlib import Path
from tui.journal.journal_file import JournalError, JournalFile
store = JournalFile(Path(sys.argv[1]), largest=600)
for number in range(4):
    store.append({"id": number})
sys.dont_write_bytecode = True  # half a compiled module would stay
resource.setrlimit(resource.RLIMIT_FSIZE, (20, resource.RLIM_INFINITY))
for _ in range(2):
    try:
        store.append({"id": "lost"})
    except JournalError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.append({"id": 4})
"""


@pytest.mark.real_time
def test_a_record_that_does_not_fit_after_a_rotation_is_an_error_and_is_not_there(
    folder: Path,
) -> None:
    """P21: what cannot be recorded is not sent."""
    done = subprocess.run(  # noqa: S603 - a fixed command
        [sys.executable, "-c", _LIMITED, str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("File too large") == 2
    assert [path.name for path in old(folder)] == ["journal.1.jsonl"]
    assert ids(folder) == [0, 1, 2, 3, 4]
    assert check_chain(JournalFile(folder).lines()).broken_at is None


def test_an_old_file_that_others_can_read_refuses_the_first_record_of_a_new_one(
    folder: Path,
) -> None:
    """P21: the chain cannot go on from it."""
    store = written(folder, 4, largest=10**6)
    store.path.rename(folder / "journal.1.jsonl")
    (folder / "journal.1.jsonl").chmod(0o644)
    with pytest.raises(JournalError, match=r"journal\.1\.jsonl: others can get at it"):
        JournalFile(folder).append({"id": 4})
    assert store.path.read_bytes() == b""


# Several decks


def test_a_writer_that_waited_while_another_rotated_writes_to_the_new_file(folder: Path) -> None:
    store = written(folder, 3, largest=10**6)
    file = os.open(store.path, os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(JournalFile(folder, wait=20).append, {"id": 3})
        wait_until(lambda: opened(store.path) >= 2, 20)
        store.path.rename(folder / "journal.1.jsonl")
        os.close(file)
        writing.result(20)
    assert len(store.path.read_bytes().splitlines()) == 1
    assert ids(folder) == [0, 1, 2, 3]
    assert check_chain(JournalFile(folder).lines()).broken_at is None


def opened(path: Path) -> int:
    """Count the descriptors of this process that are open on a file."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found += descriptor.readlink() == path
        except OSError:
            continue
    return found


def append_many(folder: Path, who: int) -> None:
    store = JournalFile(folder, largest=4000)
    for number in range(25):
        store.append({"id": f"{who}-{number}"})


@pytest.mark.real_time
def test_several_decks_rotate_one_journal_and_lose_nothing(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_many, args=(folder, who)) for who in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        # A reader meanwhile sees a whole chain at any moment.
        if folder.exists() and any(folder.iterdir()):
            assert check_chain(JournalFile(folder).lines()).broken_at is None
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    report = check_chain(JournalFile(folder).lines())
    assert (report.records, report.broken_at, report.notes) == (75, None, [])
    assert 2 <= len(old(folder)) <= KEPT
    for who in range(3):
        mine = [id_ for id_ in ids(folder) if str(id_).startswith(f"{who}-")]
        assert mine == [f"{who}-{number}" for number in range(25)]


# Readers


def test_a_reader_sees_what_there_was_when_it_began_and_then_what_was_added(folder: Path) -> None:
    store = written(folder, 12)
    reader = JournalReader(folder)
    lines = reader.lines()
    first = next(lines)
    for number in range(12, 17):
        store.append({"id": number})
    before = [first, *lines]
    assert check_chain(before).records == len(before) >= 12
    after = list(reader.lines())
    assert check_chain([*before, *after]).records == 17
    assert list(reader.lines()) == []


async def test_an_order_without_its_end_is_found_in_an_older_file(folder: Path) -> None:
    """Case 48."""
    order = open_order()
    earlier = OrderJournal(folder)
    await earlier.begin()
    await earlier.intend(order, Tier.PLAIN, "admin")
    earlier.end()
    JournalFile(folder).append({"kind": "session", "id": "", "text": "x" * 10_000_000})
    later = OrderJournal(folder)
    (left,) = await later.begin()
    assert left.order.names == order.names
    assert [path.name for path in old(folder)] == ["journal.1.jsonl"]
    later.resolved(left.id, Verdict(order.names[0], Result.VERIFIED), "RUNNING")
    later.end()
    assert await OrderJournal(folder).begin() == ()
