"""A change of the file is found once, and not while it is being written."""

import os
from pathlib import Path

from tui.config.changes import FileStamp, FileWatch, file_stamp

ONE, TWO, THREE = FileStamp(1, 10, 7), FileStamp(2, 10, 7), FileStamp(3, 12, 7)


def found(*stamps: FileStamp | None) -> list[bool]:
    watch = FileWatch()
    return [watch.is_new(stamp) for stamp in stamps]


def test_a_file_is_new_once_and_then_known() -> None:
    assert found(ONE, ONE, ONE, ONE) == [False, True, False, False]


def test_a_change_is_found_once_it_has_stood_still() -> None:
    assert found(ONE, ONE, TWO, THREE, THREE, THREE) == [False, True, False, False, True, False]


def test_what_changes_and_is_put_back_meanwhile_is_no_change() -> None:
    assert found(ONE, ONE, TWO, ONE, ONE) == [False, True, False, False, False]


def test_no_file_is_no_change_until_there_was_one() -> None:
    assert found(None, None, ONE, ONE, None, None) == [False, False, False, True, False, True]


def test_a_stamp_differs_by_time_size_and_file(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    assert file_stamp(path) is None
    path.write_text("a", encoding="utf-8")
    first = file_stamp(path)
    assert first == file_stamp(path)
    times = path.stat()
    path.write_text("ab", encoding="utf-8")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file_stamp(path) != first  # its size
    other = tmp_path / "other.toml"
    other.write_text("a", encoding="utf-8")
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)
    assert file_stamp(path) != first  # another file with the same time and size
