"""What the benchmarks compare starts alike."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real_time

_BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
_ASK = (
    "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; import cluster; "
    "print(sorted(name for name in cluster._environment(Path(), '') if name.startswith('PYTHON')))"
)


def test_the_deck_is_not_compiled_anew_at_every_start_that_is_measured() -> None:
    told = subprocess.run(  # noqa: S603 - our own words
        (sys.executable, "-c", _ASK, str(_BENCHMARKS)),
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
        cwd=_BENCHMARKS.parent,
    )
    assert told.stdout == "[]\n"
