"""What is written once the terminal is restored."""

import pytest

from tui.ui.terminal.crash_report import crash_report
from tui.ui.terminal.shutdown import Shutdown


class Deck:
    def leave_from_thread(self, code: int) -> None:
        raise AssertionError(code)


@pytest.mark.parametrize(("locale", "is_ascii"), [("C", True), ("de_DE.UTF-8", False)])
def test_a_report_is_ascii_where_the_terminal_has_no_utf_8(
    locale: str, is_ascii: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Case 60."""
    monkeypatch.setenv("LC_ALL", locale)
    error = type("Größenfehler", (Exception,), {})()
    shutdown = Shutdown(Deck())
    shutdown.report(crash_report(error))
    shutdown.report("rsdeck: restart sent · its verdict is unknown …")
    shutdown.write_reports()
    written = capfd.readouterr().err
    assert written.count("\n") == 3
    assert written.isascii() == is_ascii
    assert ("Gro?enfehler" if is_ascii else "Größenfehler") in written
    shutdown.write_reports()
    assert capfd.readouterr().err == ""
