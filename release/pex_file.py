"""Make one file for hosts without internet: rsdeck and all that it needs, for this platform.

It needs a Python of the same version on the host, and nothing else.
"""

import platform
import subprocess
import sys
from pathlib import Path

from smoke import SmokeError, try_command

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Build the file from the wheel in dist/, and try it; returns the exit code."""
    wheels = sorted((ROOT / "dist").glob("rsdeck-*.whl"))
    if not wheels:
        print("dist/ holds no wheel: run `make dist` first", file=sys.stderr)
        return 2
    version = wheels[-1].name.split("-")[1]
    python = f"py{sys.version_info.major}.{sys.version_info.minor}"
    system = f"{platform.system().lower()}-{platform.machine()}"
    path = ROOT / "dist" / f"rsdeck-{version}-{system}-{python}.pex"
    subprocess.run(
        (
            *(sys.executable, "-m", "pex", f"{wheels[-1]}[demo,metrics]"),
            *("--constraints", ROOT / "constraints.txt"),
            *("--console-script", "rsdeck", "--output-file", path),
            *("--python-shebang", f"/usr/bin/env python{python[2:]}", "--venv"),
        ),
        check=True,
    )
    print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    try:
        try_command([sys.executable, str(path)])
    except SmokeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
