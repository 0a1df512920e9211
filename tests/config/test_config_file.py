import os
from pathlib import Path

import pytest

from tests.config.conftest import Write
from tui.config.config_file import LIMIT, read_bytes
from tui.config.errors import ConfigError

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused(mode: int, write: Write) -> None:
    """P3."""
    path = write("")
    path.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        read_bytes(path)
    assert "chmod" in caught.value.hint


def test_a_file_that_others_can_only_read_is_valid(write: Write) -> None:
    path = write("x")
    path.chmod(0o644)
    assert read_bytes(path) == b"x"


@as_root
def test_a_file_of_another_user_is_refused(write: Write) -> None:
    path = write("")
    os.chown(path, 54321, -1)
    with pytest.raises(ConfigError, match="another user"):
        read_bytes(path)


def test_a_link_is_followed_and_its_target_is_checked(write: Write, tmp_path: Path) -> None:
    target = write("x")
    link = tmp_path / "link.toml"
    link.symlink_to(target)
    assert read_bytes(link) == b"x"
    target.chmod(0o622)
    with pytest.raises(ConfigError, match="others can write"):
        read_bytes(link)


def test_a_link_to_nowhere_is_missing_and_a_loop_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    assert read_bytes(tmp_path / "dangling") is None
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ConfigError, match="cannot be opened"):
        read_bytes(tmp_path / "loop")


def test_what_is_no_file_is_named_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, what in (
        (tmp_path, "a folder"),
        (tmp_path / "pipe", "a pipe"),
        (Path("/dev/null"), "a device"),
    ):
        with pytest.raises(ConfigError, match=what):
            read_bytes(path)


def test_a_file_beyond_the_limit_is_refused(write: Write) -> None:
    assert len(read_bytes(write(b"#" * LIMIT)) or b"") == LIMIT
    with pytest.raises(ConfigError, match="1 MiB"):
        read_bytes(write(b"#" * (LIMIT + 1)))
