"""Files for one user alone: made new, never written over, replaced whole."""

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.fleet.snapshot.storage import SavedFiles, StorageError, write_new
from tui.storage.paths import NOWHERE

ON = datetime(2026, 5, 13, 18, 38, 1, tzinfo=UTC)
NAME = "rsdeck-20260513T183801Z.txt"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_a_snapshot_lies_in_a_folder_of_its_own_under_its_time(tmp_path: Path) -> None:
    kept = SavedFiles(tmp_path / "a" / "state").keep_snapshot("text ä", "txt", ON)
    assert kept.path == tmp_path / "a" / "state" / "snapshots" / NAME
    assert kept.note == ""
    assert kept.path.read_text(encoding="utf-8") == "text ä"
    assert (mode(kept.path), mode(kept.path.parent)) == (0o600, 0o700)


@pytest.mark.parametrize("umask", [0, 0o077])
def test_no_umask_lets_others_read_it(umask: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        kept = SavedFiles(tmp_path / "state").keep_snapshot("x", "txt", ON)
    finally:
        os.umask(before)
    assert (mode(kept.path), mode(kept.path.parent)) == (0o600, 0o700)


def test_two_in_one_second_are_not_written_over_each_other(tmp_path: Path, here: Path) -> None:
    shelf = SavedFiles(tmp_path / "state")
    kept = shelf.keep_snapshot("one", "txt", ON)
    with pytest.raises(StorageError, match="there already"):
        shelf.keep_snapshot("two", "txt", ON)
    assert kept.path.read_text(encoding="utf-8") == "one"
    assert not list(here.iterdir())


def test_a_link_in_the_files_place_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "snapshots"
    folder.mkdir(parents=True, mode=0o700)
    folder.parent.chmod(0o700)
    victim = tmp_path / "victim"
    (folder / NAME).symlink_to(victim)
    with pytest.raises(StorageError):
        SavedFiles(tmp_path / "state").keep_snapshot("x", "txt", ON)
    assert not victim.exists()


def test_a_link_in_the_folders_place_is_not_followed(tmp_path: Path, here: Path) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    (state / "snapshots").symlink_to(other)
    kept = SavedFiles(state).keep_snapshot("x", "txt", ON)
    assert kept.path == here / NAME
    assert "symbolic link" in kept.note
    assert not list(other.iterdir())


def test_one_of_the_demo_lies_in_its_own_folder_and_says_that_it_does_not_stay(
    tmp_path: Path, here: Path
) -> None:
    kept = SavedFiles(tmp_path / "demo", fleeting=True).keep_snapshot("x", "txt", ON)
    assert kept.path == tmp_path / "demo" / "snapshots" / NAME
    assert kept.note == "deleted when the demo ends"
    assert not list(here.iterdir())


def test_where_there_is_no_place_it_lies_in_the_current_directory(here: Path) -> None:
    kept = SavedFiles(NOWHERE).keep_snapshot("x", "json", ON)
    assert kept.path == here / NAME.replace("txt", "json")
    assert kept.note == "here, since this user has no home folder"
    assert mode(kept.path) == 0o600


def test_what_was_copied_takes_the_place_of_what_was_copied_before(tmp_path: Path) -> None:
    shelf = SavedFiles(tmp_path / "state")
    for text in ("one", "another"):
        path = shelf.keep_copy(text)
        assert path.read_text(encoding="utf-8") == text
        assert mode(path) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["copied.txt"]


def test_a_link_in_the_copys_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (state / "copied.txt").symlink_to(victim)
    SavedFiles(state).keep_copy("x")
    assert victim.read_text(encoding="utf-8") == "mine"
    assert not (state / "copied.txt").is_symlink()


def test_a_copy_that_cannot_be_put_in_place_leaves_nothing_half_done(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "copied.txt").mkdir(parents=True)
    state.chmod(0o700)
    with pytest.raises(StorageError, match=r"copied\.txt"):
        SavedFiles(state).keep_copy("x")
    assert [one.name for one in state.iterdir()] == ["copied.txt"]


def test_a_file_of_ones_own_choice_is_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "now.txt"
    write_new(path, "one")
    assert mode(path) == 0o600
    with pytest.raises(StorageError, match="never written over"):
        write_new(path, "two")
    assert path.read_text(encoding="utf-8") == "one"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none.*No such file"):
        write_new(tmp_path / "none" / "now.txt", "x")
