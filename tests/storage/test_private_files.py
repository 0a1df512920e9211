"""A folder and files that are the user's alone: made so, and refused when they are not."""

import os
from pathlib import Path

import pytest

from tui.storage.paths import NOWHERE
from tui.storage.private_files import (
    MissingFile,
    StorageError,
    check_file,
    opened_file,
    opened_folder,
)

OTHERS = [0o040, 0o020, 0o010, 0o004, 0o002, 0o001]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


def look(folder: Path, *, make: bool = False) -> None:
    with opened_folder(folder, make=make):
        pass


@pytest.mark.parametrize("bit", OTHERS)
def test_a_folder_with_any_right_for_others_is_refused(bit: int, folder: Path) -> None:
    folder.chmod(0o700 | bit)
    with pytest.raises(StorageError, match=f"mode {0o700 | bit:04o}.*chmod 700 {folder}"):
        look(folder)


@pytest.mark.parametrize("bit", OTHERS)
def test_a_file_with_any_right_for_others_is_refused(bit: int, folder: Path) -> None:
    path = folder / "file"
    path.touch(0o600)
    path.chmod(0o600 | bit)
    with opened_folder(folder, make=False) as handle:
        with (
            pytest.raises(StorageError, match=f"mode {0o600 | bit:04o}.*chmod 600 {path}"),
            opened_file(handle, path, os.O_RDONLY),
        ):
            pass
        with pytest.raises(StorageError, match="others can get at it"):
            check_file(handle, path)


def test_what_is_the_users_alone_is_opened(folder: Path) -> None:
    path = folder / "file"
    with opened_folder(folder, make=False) as handle:
        with opened_file(handle, path, os.O_CREAT | os.O_RDWR) as file:
            os.write(file, b"text")
        assert check_file(handle, path).st_size == 4
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_belongs_to_another_user_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(StorageError, match=rf"belongs to another user \(uid {own}\)"):
        look(folder)


def test_a_link_in_the_place_of_a_folder_or_a_file_is_refused(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    with pytest.raises(StorageError, match="symbolic link"):
        look(link)
    target, path = tmp_path / "target", folder / "file"
    target.touch(0o600)
    path.symlink_to(target)
    with opened_folder(folder, make=False) as handle:
        with (
            pytest.raises(StorageError, match="symbolic link"),
            opened_file(handle, path, os.O_RDONLY),
        ):
            pass
        with pytest.raises(StorageError, match="symbolic link"):
            check_file(handle, path)


def test_a_pipe_in_the_place_of_a_file_is_refused_without_waiting(folder: Path) -> None:
    path = folder / "file"
    os.mkfifo(path, 0o600)
    with opened_folder(folder, make=False) as handle:
        with (
            pytest.raises(StorageError, match="not a regular file"),
            opened_file(handle, path, os.O_RDONLY),
        ):
            pass
        with pytest.raises(StorageError, match="not a regular file"):
            check_file(handle, path)


def test_a_missing_folder_is_missing_or_made_with_its_parents(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c"
    with pytest.raises(MissingFile):
        look(path)
    before = os.umask(0)
    try:
        look(path, make=True)
    finally:
        os.umask(before)
    for made in (path, path.parent, path.parent.parent):
        assert made.stat().st_mode & 0o777 == 0o700


def test_a_made_folder_is_on_the_disk_before_anything_is_kept_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry of a new folder is lost in a power cut unless its parent is synced."""
    synced = []
    real = os.fsync

    def fsync(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    look(tmp_path / "a" / "b", make=True)
    assert synced == [tmp_path, tmp_path / "a"]
    look(tmp_path / "a" / "b", make=True)
    assert len(synced) == 2


def test_a_home_that_does_not_exist_is_not_made() -> None:
    with pytest.raises(StorageError, match="/no-such-home: there is no such folder"):
        look(Path("/no-such-home/user/state"), make=True)
    assert not Path("/no-such-home").exists()
    with pytest.raises(StorageError, match="no home folder"):
        look(NOWHERE / "state", make=True)
