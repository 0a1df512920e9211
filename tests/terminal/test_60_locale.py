"""Case 60: whatever the locale says, the deck writes UTF-8, and its columns stand."""

import pytest
from rich.cells import cell_len

from tests.terminal.conftest import Open

pytestmark = pytest.mark.terminal


@pytest.mark.parametrize(
    "env",
    [
        {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"LANG": "", "LC_ALL": "POSIX"},
        {"PYTHONIOENCODING": "latin-1:strict"},
    ],
    ids=["C", "ascii", "POSIX", "latin-1"],
)
def test_signs_are_signs_and_columns_stand(env: dict[str, str], opened: Open) -> None:
    with opened(env=env) as terminal:
        terminal.shows("alert_mgr", "● RUNNING", "✓ EXITED")
        assert "\\u" not in terminal.text
        rows = [line for line in terminal.lines if " RUNNING" in line]
        assert len({cell_len(line[: line.index("RUNNING")]) for line in rows}) == 1
        terminal.send(b"q")
        assert terminal.ends() == 0
