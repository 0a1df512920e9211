"""What is kept of a start decides nothing once a file that decided it has changed."""

import os
from pathlib import Path

import pytest

from tui.cli import last_start
from tui.cli.last_start import Start, remember, remembered
from tui.ui.terminal.skeleton import DARK


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    path = tmp_path / "config.toml"
    path.write_text("[nodes.node1]\n", encoding="utf-8")
    return path


def kept(config: Path) -> Path:
    """Keep a start of a configuration and of a theme that is missing; gives the file."""
    remember(Start(["node1", "node2"], DARK), [str(config), f"{config.parent}/own.toml"])
    return config.parent / ".local" / "state" / "rsdeck" / "last-start"


def test_a_start_is_known_again(config: Path) -> None:
    assert remembered(str(config)) is None
    kept(config)
    start = remembered(str(config))
    assert start is not None
    assert start.names == ("node1", "node2")
    assert vars(start.ground) == vars(DARK)


def test_it_is_for_this_user_alone(config: Path) -> None:
    path = kept(config)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert remembered(str(config)) is None


def test_another_configuration_is_not_known(config: Path) -> None:
    kept(config)
    assert remembered(f"{config}.other") is None


@pytest.mark.parametrize("change", ["written", "touched", "mode", "removed", "replaced", "theme"])
def test_a_file_that_has_changed_is_read_strictly_first(change: str, config: Path) -> None:
    kept(config)
    match change:
        case "written":
            config.write_text("[nodes.node2]\n", encoding="utf-8")
        case "touched":
            os.utime(config)
        case "mode":
            config.chmod(0o622)
        case "removed":
            config.unlink()
        case "replaced":
            other = config.with_name("other")
            other.write_bytes(config.read_bytes())
            other.rename(config)
        case "theme":
            config.with_name("own.toml").write_text("", encoding="utf-8")
    assert remembered(str(config)) is None


def test_what_another_version_kept_is_not_read(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(config)
    monkeypatch.setattr(last_start, "_FIRST_LINE", "rsdeck 99")
    assert remembered(str(config)) is None


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xff\xfe", b"rsdeck\n" * 9])
def test_a_file_that_is_broken_is_not_read(data: bytes, config: Path) -> None:
    kept(config).write_bytes(data)
    assert remembered(str(config)) is None


def test_a_name_that_a_terminal_would_obey_is_not_painted(config: Path) -> None:
    path = kept(config)
    path.write_bytes(path.read_bytes().replace(b"node2", b"\x1b[2J"))
    assert remembered(str(config)) is None


def test_without_a_folder_nothing_is_kept(config: Path) -> None:
    (config.parent / ".local").write_text("", encoding="utf-8")
    kept(config)
    assert remembered(str(config)) is None
