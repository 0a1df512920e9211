"""Keys that come in one read mean what they would mean one by one."""

from pathlib import Path

import pytest

from tests.pty import RSDECK, Terminal, environment
from tests.terminal.conftest import Open

pytestmark = pytest.mark.terminal


def test_what_is_typed_after_the_filters_key_is_looked_for_and_no_order(opened: Open) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr", "optional")
        terminal.send(b"/rastd_worker\r")
        terminal.shows("filter: rastd_worker")
        assert "Add a node" not in terminal.text
        assert "Restart" not in terminal.text.replace("r Restart", "")
        terminal.send(b"\x1b")
        terminal.until(lambda: "filter:" not in terminal.text)
        terminal.send(b"/!crdb\r!")
        terminal.shows("filter: !crdb problems only")
        terminal.send(b"\x11")
        assert terminal.ends() == 0


def test_what_is_typed_after_a_tab_goes_into_the_next_field(tmp_path: Path) -> None:
    with Terminal(RSDECK, environment(tmp_path)) as terminal:
        terminal.asks("Add a node", "ctrl+s save")
        terminal.send(b"nodeA\thttps://127.0.0.1:19444\tadmin@demo.local\t\tSECRETPW")
        terminal.shows("admin@demo.local", "nodeA", "•" * len("SECRETPW"))
        assert "SECRET" not in terminal.text
        assert "nodeAhttps" not in terminal.text
        terminal.send(b"\x1b")
        terminal.until(lambda: "ctrl+s save" not in terminal.text)
        terminal.send(b"\x11")
        assert terminal.ends() == 0


def test_the_key_that_leaves_works_in_a_dialog_that_does_not_listen_yet(
    opened: Open,
) -> None:
    with opened() as terminal:
        terminal.shows("alert_mgr", "optional")
        terminal.send(b"ry\x11")
        assert terminal.ends() == 0
        assert terminal.is_given_back
