"""Build the container's image where a builder is at hand; elsewhere carry out its steps here."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONTAINERFILE = ROOT / "deploy" / "container" / "Containerfile"
_PORT = 19797
_SECONDS = 30


def main() -> int:
    """Return the exit code."""
    for builder in ("podman", "buildah", "docker"):
        if _works(builder):
            words = (builder, "build", "-f", CONTAINERFILE, "-t", "rsdeck", ROOT)
            return subprocess.run(words, check=False).returncode
    print("no builder works here: its steps are tried in a virtual environment")
    with tempfile.TemporaryDirectory(prefix="rsdeck-image-") as folder:
        return try_steps(Path(folder))


def _works(builder: str) -> bool:
    """Whether a builder is installed, and reaches its daemon if it needs one."""
    if shutil.which(builder) is None:
        return False
    return subprocess.run((builder, "info"), capture_output=True, check=False).returncode == 0


def try_steps(folder: Path) -> int:
    """Copy and install as the Containerfile does, then run its command; returns the exit code."""
    text = CONTAINERFILE.read_text("utf-8")
    environment = folder / "python"
    venv.create(environment, with_pip=True)
    env = os.environ | {"PATH": f"{environment / 'bin'}:{os.environ['PATH']}"}
    for sources, target in re.findall(r"^COPY (\S+) (/tmp/\S*)$", text, re.MULTILINE):
        place = folder / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        for source in ROOT.glob(sources):
            shutil.copy(source, place / source.name if target.endswith("/") else place)
    install = next(step for step in re.findall(r"^RUN (.*)$", text, re.MULTILINE) if "pip" in step)
    subprocess.run(install.replace("/tmp/", f"{folder}/tmp/"), shell=True, check=True, env=env)
    configuration = folder / "config.toml"
    configuration.write_text(
        '[nodes.node1]\nurl = "https://127.0.0.1:9"\nusername = "monitor"\n'
        'password_env = "RSDECK_PASSWORD"\n',
        encoding="utf-8",
    )
    configuration.chmod(0o600)
    words = [*_json_line(text, "ENTRYPOINT"), *_json_line(text, "CMD")]
    words = [word.replace("/config/", f"{folder}/").replace(":9797", f":{_PORT}") for word in words]
    env |= {"RSDECK_PASSWORD": "secret", "HOME": str(folder)}
    server = subprocess.Popen(words, env=env)
    try:
        series = _read(f"http://127.0.0.1:{_PORT}/metrics")
    finally:
        server.terminate()
        server.wait()
    is_there = "rsdeck_up{" in series
    print(f"{shlex.join(words)}: {'the series are served' if is_there else series}")
    return 0 if is_there else 1


def _json_line(text: str, word: str) -> list[str]:
    found = re.search(rf"^{word} \[(.*)\]$", text, re.MULTILINE)
    assert found, word
    return re.findall(r'"([^"]*)"', found.group(1))


def _read(url: str) -> str:
    end = time.monotonic() + _SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
                return str(answer.read().decode())
        except urllib.error.URLError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
