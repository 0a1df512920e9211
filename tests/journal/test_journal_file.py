import contextlib
import multiprocessing
import os
import resource
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.faultserver import wait_until
from tests.journal.slow_disk import locked
from tui.journal.chain import check_chain, link, open_record, seal
from tui.journal.journal_file import JournalError, JournalFile, MissingFile
from tui.storage import paths


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "rsdeck"


def ids(store: JournalFile) -> list[object]:
    records = (open_record(line.removesuffix(b"\n")) for line in store.lines())
    return [record and record["id"] for record in records]


def test_folders_and_file_are_made_for_this_user_alone(folder: Path) -> None:
    before = os.umask(0)
    try:
        JournalFile(folder).append({"id": 1})
    finally:
        os.umask(before)
    for path, mode in ((folder.parent, 0o700), (folder, 0o700), (folder / "journal.jsonl", 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_the_chain_goes_on_over_sessions(folder: Path) -> None:
    for number in range(5):
        JournalFile(folder).append({"id": number})
    assert ids(JournalFile(folder)) == [0, 1, 2, 3, 4]
    assert check_chain(JournalFile(folder).lines()).broken_at is None


def test_lines_longer_than_what_is_read_at_once_are_followed(folder: Path) -> None:
    store = JournalFile(folder)
    for number in range(3):
        store.append({"id": number, "text": "x" * 200_000})
    assert check_chain(store.lines()).records == 3


def opened(path: Path) -> int:
    """Count the descriptors of this process that are open on a file."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found += descriptor.readlink() == path
    return found


def test_a_file_that_another_process_keeps_locked_is_not_written(folder: Path) -> None:
    store = JournalFile(folder, wait=0.05)
    store.append({"id": 1})
    with locked(folder), pytest.raises(JournalError, match="another process has kept it locked"):
        store.append({"id": 2})
    store.append({"id": 3})
    assert ids(store) == [1, 3]


def test_a_writer_waits_for_the_lock_and_then_goes_on_from_the_new_end(folder: Path) -> None:
    store = JournalFile(folder, wait=20)
    store.append({"id": 1})
    with ThreadPoolExecutor(1) as pool:
        with locked(folder):
            writing = pool.submit(store.append, {"id": 3})
            wait_until(lambda: opened(store.path) >= 2, 20)
            last = store.path.read_bytes().splitlines()[-1]
            with store.path.open("ab") as file:
                file.write(seal({"id": 2}, link(last)))
        writing.result(20)
    assert ids(store) == [1, 2, 3]
    assert check_chain(store.lines()).broken_at is None


def test_a_file_that_is_removed_while_a_writer_waits_is_reported(folder: Path) -> None:
    store = JournalFile(folder, wait=20)
    store.append({"id": 1})
    with ThreadPoolExecutor(1) as pool:
        with locked(folder):
            writing = pool.submit(store.append, {"id": 2})
            wait_until(lambda: opened(store.path) >= 2, 20)
            store.path.unlink()
        with pytest.raises(JournalError, match="it was taken away while it was written"):
            writing.result(20)
    store.append({"id": 3})
    assert ids(store) == [3]


def append_many(folder: Path, who: int) -> None:
    store = JournalFile(folder)
    for number in range(25):
        store.append({"id": f"{who}-{number}"})


@pytest.mark.real_time
def test_several_decks_write_whole_lines_in_one_chain(folder: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_many, args=(folder, who)) for who in range(3)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
        assert one.exitcode == 0
    report = check_chain(JournalFile(folder).lines())
    assert (report.records, report.broken_at, report.notes) == (75, None, [])
    for who in range(3):
        mine = [one for one in ids(JournalFile(folder)) if str(one).startswith(f"{who}-")]
        assert mine == [f"{who}-{number}" for number in range(25)]


@pytest.mark.parametrize("torn", [b'{"seq":3,"id"', b"\0" * 4096, b"x" * 100_000])
def test_a_half_written_line_is_taken_away_and_the_next_record_says_so(
    folder: Path, torn: bytes
) -> None:
    store = JournalFile(folder)
    store.append({"id": 1})
    store.append({"id": 2})
    with store.path.open("ab") as file:
        file.write(torn)
    assert check_chain(store.lines()).notes
    JournalFile(folder).append({"id": 3})
    assert ids(store) == [1, 2, 3]
    report = check_chain(store.lines())
    assert report.broken_at is None
    assert [note.line for note in report.notes] == [3]


def test_a_torn_first_line_is_as_good_as_none(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    (folder / "journal.jsonl").write_bytes(b'{"se')
    (folder / "journal.jsonl").chmod(0o600)
    JournalFile(folder).append({"id": 1})
    assert check_chain(JournalFile(folder).lines()).broken_at is None


def test_after_a_line_that_was_spoiled_records_go_on_and_the_check_still_finds_it(
    folder: Path,
) -> None:
    store = JournalFile(folder)
    store.append({"id": 1})
    with store.path.open("ab") as file:
        file.write(b"junk\n")
    store.append({"id": 3})
    assert check_chain(store.lines()).broken_at == 2


def test_a_missing_journal_is_reported_as_missing(folder: Path) -> None:
    with pytest.raises(MissingFile):
        list(JournalFile(folder).lines())


def spoil_mode(folder: Path) -> str:
    (folder / "journal.jsonl").chmod(0o644)
    return "others can get at it (mode 0644); run: chmod 600"


def spoil_folder(folder: Path) -> str:
    folder.chmod(0o755)
    return "others can get at it (mode 0755); run: chmod 700"


def spoil_link(folder: Path) -> str:
    (folder / "journal.jsonl").rename(folder / "elsewhere")
    (folder / "journal.jsonl").symlink_to(folder / "elsewhere")
    return "it is a symbolic link"


def spoil_folder_link(folder: Path) -> str:
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to(folder.parent / "elsewhere")
    return "it is a symbolic link"


def spoil_pipe(folder: Path) -> str:
    (folder / "journal.jsonl").unlink()
    os.mkfifo(folder / "journal.jsonl", 0o600)
    return "it is not a regular file"


def spoil_directory(folder: Path) -> str:
    (folder / "journal.jsonl").unlink()
    (folder / "journal.jsonl").mkdir()
    return "Is a directory"


def spoil_owner(folder: Path) -> str:
    if os.geteuid():
        pytest.skip("only root can give files away")
    os.chown(folder / "journal.jsonl", 12345, 12345)
    return "it belongs to another user (uid 12345)"


SPOILS = [
    spoil_mode, spoil_folder, spoil_link, spoil_folder_link, spoil_pipe, spoil_directory,
    spoil_owner,
]  # fmt: skip


@pytest.mark.parametrize("spoil", SPOILS, ids=lambda one: one.__name__)
def test_a_file_that_is_not_safely_this_users_is_refused_with_its_path(
    folder: Path, spoil: object
) -> None:
    JournalFile(folder).append({"id": 1})
    says = spoil(folder)
    with pytest.raises(JournalError, match=str(folder)) as told:
        JournalFile(folder).append({"id": 2})
    assert says in str(told.value)


def test_without_a_home_there_is_nowhere_to_keep_it() -> None:
    with pytest.raises(JournalError, match="no home folder"):
        JournalFile(paths.NOWHERE).append({"id": 1})


def test_a_home_that_does_not_exist_is_not_made() -> None:
    home = Path("/no-such-home-of-rsdeck")
    with pytest.raises(JournalError, match="there is no such folder"):
        JournalFile(home / ".local/state/rsdeck").append({"id": 1})
    assert not home.exists()


_LIMITED = """
import sys, resource
from pathlib import Path
from tui.journal.journal_file import JournalError, JournalFile
store = JournalFile(Path(sys.argv[1]))
store.append({"id": 1})
size = store.path.stat().st_size
sys.dont_write_bytecode = True  # half a compiled module would stay
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
try:
    store.append({"id": 2})
except JournalError as error:
    print(error)
assert store.path.stat().st_size == size, "a part was left"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.append({"id": 3})
"""


@pytest.mark.real_time
def test_a_record_that_does_not_fit_is_taken_back_whole(folder: Path) -> None:
    assert resource.RLIMIT_FSIZE
    done = subprocess.run(  # noqa: S603 - a fixed command
        [sys.executable, "-c", _LIMITED, str(folder)], capture_output=True, text=True, check=True
    )
    assert "File too large" in done.stdout
    assert ids(JournalFile(folder)) == [1, 3]
    report = check_chain(JournalFile(folder).lines())
    assert (report.broken_at, report.notes) == (None, [])


def test_a_journal_that_is_moved_away_is_begun_anew(folder: Path) -> None:
    store = JournalFile(folder)
    store.append({"id": 1})
    store.path.rename(folder / "journal.old")
    store.append({"id": 2})
    assert ids(store) == [2]
    assert check_chain(store.lines()).broken_at is None


def test_a_new_file_is_synced_into_its_folder_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bool] = []
    sync = os.fsync

    def noting(file: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(file).st_mode))
        sync(file)

    store = JournalFile(tmp_path)
    monkeypatch.setattr(os, "fsync", noting)
    store.append({"kind": "session"})
    assert synced == [False, True]
    store.append({"kind": "session_end"})
    assert synced == [False, True, False]


def test_a_check_writes_no_record_and_fails_where_a_record_would(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "state")
    journal.check()
    assert list(journal.lines()) == []
    journal.path.chmod(0o644)
    with pytest.raises(JournalError, match="chmod 600"):
        journal.check()
