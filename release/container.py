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
_IMAGE = "localhost/rsdeck"
_PORT = 19797
_SECONDS = 30


def main() -> int:
    """Build and try the image or its steps; returns the exit code.

    Words of the command line go to the builder: a volume with the pip.conf of a mirror, say.
    """
    text = CONTAINERFILE.read_text("utf-8")
    base = _line(text, "FROM")
    builder = next(filter(_works, ("podman", "buildah", "docker")), None)
    with tempfile.TemporaryDirectory(prefix="rsdeck-image-") as folder:
        if builder is None:
            reason = "no builder works here"
        elif not _has_image(builder, base):
            reason = f"{builder} cannot pull {base}"
        else:
            words = [builder, "build", *sys.argv[1:], "-f", str(CONTAINERFILE)]
            subprocess.run([*words, "-t", _IMAGE, str(ROOT)], check=True)
            return try_image(builder, text, Path(folder))
        print(f"{reason}: its steps are tried in a virtual environment", flush=True)
        return try_steps(text, Path(folder))


def _works(builder: str) -> bool:
    """Whether a builder is installed, and reaches its daemon if it needs one."""
    if shutil.which(builder) is None:
        return False
    return subprocess.run((builder, "info"), capture_output=True, check=False).returncode == 0


def _has_image(builder: str, name: str) -> bool:
    """Whether the builder has an image already, or can pull it within five minutes."""
    for words in ((builder, "inspect", "--type", "image", name), (builder, "pull", name)):
        try:
            ran = subprocess.run(words, capture_output=True, check=False, timeout=300)
        except subprocess.TimeoutExpired:
            return False
        if ran.returncode == 0:
            return True
    return False


def try_image(builder: str, text: str, folder: Path) -> int:
    """Run the image's command with a configuration of root or this user; returns the exit code."""
    _write_configuration(folder)
    folder.chmod(0o755)
    options = ["--network", "host", "--volume", f"{folder}:/config:ro"]
    options += ["--env", "RSDECK_PASSWORD=secret"]
    if builder == "docker":
        options += ["--user", str(os.getuid() or _line(text, "USER"))]
    command = _on_the_port_of_the_try(_json_line(text, "CMD"))
    if builder != "buildah":
        return _serves([builder, "run", "--rm", "--read-only", *options, _IMAGE, *command])
    made = subprocess.run(
        ("buildah", "from", "--pull-never", _IMAGE), check=True, stdout=subprocess.PIPE, text=True
    )
    container = made.stdout.strip()
    try:
        entry = _json_line(text, "ENTRYPOINT")
        return _serves(["buildah", "run", *options, container, "--", *entry, *command])
    finally:
        subprocess.run(("buildah", "rm", container), check=True, stdout=subprocess.DEVNULL)


def try_steps(text: str, folder: Path) -> int:
    """Copy and install as the Containerfile does, then run its command; returns the exit code."""
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
    _write_configuration(folder)
    words = [*_json_line(text, "ENTRYPOINT"), *_json_line(text, "CMD")]
    words = [word.replace("/config/", f"{folder}/") for word in _on_the_port_of_the_try(words)]
    return _serves(words, env | {"RSDECK_PASSWORD": "secret", "HOME": str(folder)})


def _write_configuration(folder: Path) -> None:
    configuration = folder / "config.toml"
    configuration.write_text(
        '[nodes.node1]\nurl = "https://127.0.0.1:9"\nusername = "monitor"\n'
        'password_env = "RSDECK_PASSWORD"\n',
        encoding="utf-8",
    )
    configuration.chmod(0o644)


def _on_the_port_of_the_try(words: list[str]) -> list[str]:
    return [word.replace("0.0.0.0:9797", f"127.0.0.1:{_PORT}") for word in words]


def _serves(words: list[str], env: dict[str, str] | None = None) -> int:
    """Start an exporter and read its series; returns the exit code."""
    server = subprocess.Popen(words, env=env)
    try:
        series = _read(f"http://127.0.0.1:{_PORT}/metrics")
    finally:
        server.terminate()
        server.wait()
    is_there = "rsdeck_up{" in series
    print(f"{shlex.join(words)}: {'the series are served' if is_there else series}")
    return 0 if is_there else 1


def _line(text: str, word: str) -> str:
    """Return what stands after an instruction of the Containerfile."""
    found = re.search(rf"^{word} (.*)$", text, re.MULTILINE)
    assert found, word
    return found.group(1)


def _json_line(text: str, word: str) -> list[str]:
    return re.findall(r'"([^"]*)"', _line(text, word))


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
