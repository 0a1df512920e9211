"""Case 60: where the locale is not UTF-8 the deck writes ASCII, and its columns stand."""

import pytest
from rich.cells import cell_len

from tests.terminal.conftest import Open

pytestmark = pytest.mark.terminal


@pytest.mark.parametrize(
    ("env", "signs"),
    [
        ({"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "*v"),
        ({"PYTHONIOENCODING": "ascii"}, "●✓"),
        ({"LANG": "", "LC_ALL": "POSIX"}, "*v"),
        ({"LANG": "C"}, "*v"),
        ({"PYTHONIOENCODING": "latin-1:strict"}, "●✓"),
    ],
    ids=["C", "ascii", "POSIX", "coerced", "latin-1"],
)
def test_signs_are_signs_and_columns_stand(env: dict[str, str], signs: str, opened: Open) -> None:
    with opened(env=env) as terminal:
        terminal.shows("alert_mgr", f"{signs[0]} RUNNING")
        terminal.send(b"G")  # the one that has ended is farther down
        terminal.shows(f"{signs[0]} RUNNING", f"{signs[1]} EXITED")
        assert terminal.text.isascii() == ("*" in signs)
        assert "\\u" not in terminal.text
        rows = [line for line in terminal.lines if " RUNNING" in line]
        assert len({cell_len(line[: line.index("RUNNING")]) for line in rows}) == 1
        terminal.send(b"q")
        assert terminal.ends() == 0
