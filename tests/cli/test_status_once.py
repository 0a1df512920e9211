"""Which command lines are done before click is imported; what they print is in test_status.py."""

from pathlib import Path

import pytest

from tui.cli.errors import CommandError
from tui.cli.status_once import status_at_once


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["nodes"],
        ["--config", "status"],
        ["--read-only", "status"],
        ["--node", "node1", "status"],
        ["status", "--help"],
        ["status", "--watch"],
        ["status", "--color", "always"],
        ["status", "--heartbeat=3"],
        ["status", "--jso"],
        ["status", "--", "node1"],
        ["status", "-"],
        ["status", "--all", "--problems"],
        ["journal", "status"],
    ],
)
def test_what_is_not_plain_is_for_click(args: list[str]) -> None:
    assert status_at_once(args) is None


def test_a_folder_as_configuration_is_for_click(tmp_path: Path) -> None:
    assert status_at_once(["--config", str(tmp_path), "status"]) is None


def test_completion_is_for_click(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_RSDECK_COMPLETE", "bash_complete")
    assert status_at_once(["status"]) is None


@pytest.mark.parametrize("form", [["--config", "{}"], ["--config={}"]])
def test_the_configuration_that_is_named_is_read(form: list[str], tmp_path: Path) -> None:
    path = tmp_path / "status"
    path.write_text("[settings]\n", encoding="utf-8")
    path.chmod(0o600)
    with pytest.raises(CommandError, match=f"no node yet in .*{path.name}"):
        status_at_once([*(word.format(path) for word in form), "status", "--json"])
