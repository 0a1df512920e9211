"""Build the wheel and the source archive, twice, and try each in an empty environment.

What is in dist/ afterwards is what a release uploads.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from smoke import SmokeError, try_command

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"


def main() -> int:
    """Build, compare, check and try; returns the exit code."""
    os.environ.setdefault("SOURCE_DATE_EPOCH", _time_of_the_last_commit())
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        first = build(DIST)
        again = build(Path(folder))
        if first != again:
            print(f"two builds differ: {first} and {again}", file=sys.stderr)
            return 1
    print("two builds have the same bytes:")
    for name, digest in first.items():
        print(f"  {name}  sha256 {digest}")
    subprocess.run((sys.executable, "-m", "twine", "check", "--strict", *packages()), check=True)
    for package in packages():
        print(f"installing {package.name} into an empty environment")
        with tempfile.TemporaryDirectory() as folder:
            python = Path(folder) / "bin" / "python"
            venv.create(folder, with_pip=True)
            install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
            limits = ("-c", ROOT / "constraints.txt")
            subprocess.run((*install, *limits, f"{package}[demo,metrics]"), check=True, cwd=folder)
            try:
                try_command([str(python.with_name("rsdeck"))])
            except SmokeError as error:
                print(error, file=sys.stderr)
                return 1
    return 0


def build(folder: Path) -> dict[str, str]:
    """Build both packages into a folder; returns the SHA-256 of each by its name."""
    words = (sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def packages() -> list[Path]:
    """Return what was built."""
    return sorted(DIST.glob("rsdeck-*.whl")) + sorted(DIST.glob("rsdeck-*.tar.gz"))


def _time_of_the_last_commit() -> str:
    words = ("git", "log", "-1", "--format=%ct")
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return ran.stdout.strip() or "0"


if __name__ == "__main__":
    sys.exit(main())
