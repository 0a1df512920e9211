import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.config.conftest import Write
from tui.config import (
    ConfigError,
    NodeProfile,
    fields_of,
    load,
    save_profile,
)
from tui.config.writer import _checked

TEXT = """\
# mine
[settings]
refresh = 9  # slow

[nodes.a]
url = "https://A"  # as I write it
username = "op"
password_file = "pw"

# the second
[nodes.b]
url = "https://b"
username = "op"
"""


def files(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()} - {"config.toml.lock"}


def profile(path: Path, name: str) -> NodeProfile:
    found = load(path, must_exist=True).node(name)
    assert found is not None
    return found


def test_the_first_profile_makes_a_private_file_in_a_private_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rsdeck" / "config.toml"
    fields = {"url": "https://db1", "username": "op"}
    saved = save_profile(path, "n1", fields, replacing=None, digest="")
    assert saved == load(path, must_exist=True)
    assert [one.name for one in saved.nodes] == ["n1"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert files(path.parent) == {"config.toml"}


def test_saving_a_profile_unchanged_changes_no_byte(write: Write) -> None:
    path = write(TEXT)
    digest = load(path, must_exist=True).digest
    for name in ("a", "b"):
        fields = fields_of(profile(path, name))
        assert save_profile(path, name, fields, replacing=name, digest=digest).digest == digest
    assert path.read_text() == TEXT


def test_a_change_keeps_comments_order_mode_and_the_rest(write: Write) -> None:
    path = write(TEXT)
    path.chmod(0o640)
    before = load(path, must_exist=True)
    fields = {**fields_of(profile(path, "a")), "label": "A", "url": None}
    fields["url"] = "https://c:1"
    after = save_profile(path, "z", fields, replacing="a", digest=before.digest)
    assert [one.name for one in after.nodes] == ["z", "b"]
    assert after.settings == before.settings
    text = path.read_text()
    for kept in ("# mine", "# slow", "# as I write it", 'password_file = "pw"', "# the second"):
        assert kept in text
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_field_that_is_none_is_taken_out(write: Write) -> None:
    path = write(TEXT)
    fields = {**fields_of(profile(path, "a")), "password_file": None}
    save_profile(path, "a", fields, replacing="a", digest=load(path, must_exist=True).digest)
    assert "password_file" not in path.read_text()


def test_a_change_by_somebody_else_is_not_written_over(write: Write, tmp_path: Path) -> None:
    """P22."""
    path = write(TEXT)
    digest = load(path, must_exist=True).digest
    fields = {"url": "https://new", "username": "op"}
    changed = TEXT + "# theirs\n"
    write(changed)
    with pytest.raises(ConfigError, match="has changed since it was read"):
        save_profile(path, "n", fields, replacing=None, digest=digest)
    assert path.read_text() == changed
    path.unlink()
    with pytest.raises(ConfigError, match="has changed since it was read"):
        save_profile(path, "n", fields, replacing=None, digest=digest)
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("name", "fields", "replacing", "says"),
    [
        ("b", {}, None, "already a node of that name"),
        ("b", {"url": "https://n"}, "a", "already a node of that name"),
        ("n", {"url": "https://b:9443"}, None, "same node as nodes.b"),
        ("n", {"url": "http://n"}, None, "this machine alone"),
        ("n", {"password": "hunter2"}, None, "never written"),
        ("n", {}, "gone", "no such node"),
    ],
)
def test_what_would_not_load_is_not_written(
    name: str, fields: dict[str, object], replacing: str | None, says: str, write: Write
) -> None:
    path = write(TEXT)
    digest = load(path, must_exist=True).digest
    whole = {"url": "https://n", "username": "op", **fields}
    with pytest.raises(ConfigError, match=says) as caught:
        save_profile(path, name, whole, replacing=replacing, digest=digest)
    assert "hunter2" not in str(caught.value)
    assert path.read_text() == TEXT
    assert files(path.parent) == {"config.toml"}


def test_a_form_that_cannot_be_edited_is_reported_and_left_alone(write: Write) -> None:
    text = '[nodes]\na = { url = "https://a", username = "op" }\n'
    path = write(text)
    digest = load(path, must_exist=True).digest
    with pytest.raises(ConfigError, match="does not edit") as caught:
        save_profile(
            path, "a", {"url": "https://n", "username": "op"}, replacing="a", digest=digest
        )
    assert "by hand" in caught.value.hint
    assert path.read_text() == text


def test_a_link_stays_a_link_and_its_target_is_written(write: Write, tmp_path: Path) -> None:
    target = write(TEXT)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    link = folder / "config.toml"
    link.symlink_to(target)
    before = load(link, must_exist=True)
    save_profile(
        link, "n", {"url": "https://n", "username": "op"}, replacing=None, digest=before.digest
    )
    assert link.is_symlink()
    assert "[nodes.n]" in target.read_text()
    assert files(folder) == {"config.toml"}


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    path = Path("/dev/null/rsdeck/config.toml")
    with pytest.raises(ConfigError, match="cannot be written: Not a directory") as caught:
        save_profile(path, "n", {"url": "https://n", "username": "o"}, replacing=None, digest="")
    assert "--config" in caught.value.hint


_FULL = """
import resource, signal, sys
from pathlib import Path
from tui.config import ConfigError, load, save_profile
path = Path(sys.argv[1])
digest = load(path, must_exist=True).digest
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.dont_write_bytecode = True  # half a compiled module would stay
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
try:
    save_profile(path, "n", {"url": "https://n", "username": "op"}, replacing=None, digest=digest)
except ConfigError as error:
    print(error.reason)
"""


def test_a_disk_that_takes_no_more_loses_nothing(write: Write) -> None:
    """P22."""
    path = write(TEXT)
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", _FULL, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "cannot be written: File too large\n"
    assert path.read_text() == TEXT
    assert files(path.parent) == {"config.toml"}


def test_a_writer_waits_for_another_one(write: Write) -> None:
    path = write(TEXT)
    digest = load(path, must_exist=True).digest
    handle = os.open(path.with_name("config.toml.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    started = threading.Event()

    def save() -> None:
        started.set()
        save_profile(
            path, "n", {"url": "https://n", "username": "o"}, replacing=None, digest=digest
        )

    thread = threading.Thread(target=save)
    thread.start()
    started.wait()
    thread.join(0.2)
    assert thread.is_alive()
    assert path.read_text() == TEXT
    os.close(handle)
    thread.join(5)
    assert "[nodes.n]" in path.read_text()


_MANY = """
import sys
from pathlib import Path
from tui.config import ConfigError, load, save_profile
path, who = Path(sys.argv[1]), sys.argv[2]
done = 0
while done < 20:
    digest = load(path, must_exist=True).digest
    fields = {"url": f"https://{who}-{done}", "username": "op"}
    try:
        save_profile(path, f"{who}-{done}", fields, replacing=None, digest=digest)
    except ConfigError as error:
        assert error.reason == "has changed since it was read", error
    else:
        done += 1
"""


def adding(path: Path, who: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", _MANY, str(path), who])  # noqa: S603 - our own words


@pytest.mark.real_time
def test_two_writers_lose_nothing_of_each_other(write: Write) -> None:
    path = write(TEXT)
    writers = [adding(path, who) for who in ("x", "y")]
    while any(writer.poll() is None for writer in writers):
        load(path, must_exist=True)
    assert [writer.returncode for writer in writers] == [0, 0]
    names = {one.name for one in load(path, must_exist=True).nodes}
    assert names == {"a", "b"} | {f"{who}-{n}" for who in "xy" for n in range(20)}


@pytest.mark.real_time
def test_nothing_of_a_writer_that_was_killed_spoils_the_file(write: Write) -> None:
    path = write(TEXT)
    for delay in (0.2, 0.35, 0.5):
        writer = adding(path, f"k{int(delay * 100)}")
        try:
            writer.wait(delay)
        except subprocess.TimeoutExpired:
            writer.kill()
            writer.wait()
        digest = load(path, must_exist=True).digest
    fields = {"url": "https://last", "username": "op"}
    assert save_profile(path, "last", fields, replacing=None, digest=digest).node("last")


def test_a_change_of_any_other_table_is_found_and_not_written(write: Write) -> None:
    """P22: of all tables, not of those that were known when it was written."""
    text = '[notify]\nbell = ["lost"]\n[settings]\ntime = "local"\n[keys]\nquit = "f9"\n'
    path = write(text)
    before = load(path, must_exist=True)
    for old, new in (('["lost"]', "[]"), ('"local"', '"utc"'), ('"f9"', '"f8"')):
        with pytest.raises(ConfigError, match="a form that rsdeck does not edit"):
            _checked(text.replace(old, new), path, before, before.nodes)
    assert _checked(text, path, before, before.nodes) == before
