import contextlib
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.credentials.conftest import CANARY, check_silence, profile
from tui.config import FileSource
from tui.credentials import CredentialError, Passwords
from tui.credentials.file import from_file
from tui.credentials.secret import LIMIT

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{CANARY}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def refused(path: Path, says: str) -> CredentialError:
    with pytest.raises(CredentialError, match=says) as caught:
        from_file(profile(FileSource(path)), FileSource(path))
    check_silence(caught.value)
    return caught.value


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_a_file_of_its_owner_alone_is_read(mode: int, file: Path) -> None:
    file.chmod(mode)
    assert from_file(profile(), FileSource(file)).reveal() == CANARY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777])
def test_a_file_that_others_may_touch_is_refused_with_the_command_to_run(
    mode: int, file: Path
) -> None:
    """P10."""
    file.chmod(mode)
    assert refused(file, "others may read or write it").hint == "run: chmod 600 on that file"


def test_no_message_has_the_path_as_it_may_be_a_password(tmp_path: Path) -> None:
    """P9: a password written as `password_file`."""
    path = tmp_path / CANARY
    with pytest.raises(CredentialError, match="it cannot be opened: No such file") as caught:
        from_file(profile(FileSource(path)), FileSource(path))
    error = caught.value
    assert error.source == "password_file"
    assert CANARY not in str(error)


@as_root
@pytest.mark.parametrize("mode", [0o440, 0o400, 0o040])
def test_a_secret_that_is_mounted_for_a_group_is_read(mode: int, file: Path) -> None:
    os.chown(file, 0, 54321)
    file.chmod(mode)
    assert from_file(profile(), FileSource(file)).reveal() == CANARY


def test_a_byte_order_mark_is_no_part_of_a_password(file: Path) -> None:
    """The node would refuse it, and five refusals lock the user."""
    file.write_bytes(b"\xef\xbb\xbf" + CANARY.encode())
    assert refused(file, "begins with a byte order mark").hint == "save it as UTF-8 without BOM"


@as_root
def test_a_file_of_another_user_is_refused(file: Path) -> None:
    os.chown(file, 54321, -1)
    refused(file, "belongs to another user")


def test_a_link_is_followed_and_its_target_is_checked(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    assert from_file(profile(), FileSource(link)).reveal() == CANARY
    file.chmod(0o644)
    refused(link, "others may")


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    refused(tmp_path / "none", "cannot be opened: No such file")
    refused(tmp_path / "none" / "deeper", "cannot be opened: No such file")
    (tmp_path / "dangling").symlink_to(tmp_path / "none")
    refused(tmp_path / "dangling", "cannot be opened: No such file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refused(tmp_path / "loop", "cannot be opened: Too many levels")
    refused(tmp_path / ("x" * 300), "cannot be opened: File name too long")


def test_what_is_no_plain_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero"), Path("/dev/tty0")):
        if path.exists():
            refused(path, "not a plain file|cannot be opened")
    with socket.socket(socket.AF_UNIX) as listener:
        path = Path("/tmp") / f"rsdeck-test-{os.getpid()}"  # noqa: S108 - a socket's path is short
        listener.bind(str(path))
        try:
            refused(path, "cannot be opened")
        finally:
            path.unlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_file_that_cannot_be_read_is_reported(file: Path) -> None:
    file.chmod(0o200)
    refused(file, "cannot be opened: Permission denied")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b"\n", "it is empty"),
        (b"hunter2-canary\nmore\n", "not one line"),
        (b"hunter2-canary\0", "not one line"),
        (b"hunter2-canary\xff", "not UTF-8"),
        (b"\xff\xfeh\0u\0n\0", "not one line"),
        (b"x" * (LIMIT + 1), "longer than 4096 bytes"),
    ],
)
def test_what_can_be_no_password_is_refused(content: bytes, says: str, file: Path) -> None:
    file.write_bytes(content)
    refused(file, says)


@pytest.mark.parametrize("content", [b"hunter2-canary", b"hunter2-canary\r\n"])
def test_the_end_of_the_line_does_not_belong_to_it(content: bytes, file: Path) -> None:
    file.write_bytes(content)
    assert from_file(profile(), FileSource(file)).reveal() == CANARY


async def test_a_file_is_read_once_until_it_is_forgotten(file: Path) -> None:
    passwords, one = Passwords(), profile(FileSource(file))
    assert (await passwords.read(one)).reveal() == CANARY
    file.write_text("newer", encoding="utf-8")  # noqa: ASYNC240 - a moment
    assert (await passwords.read(one)).reveal() == CANARY
    passwords.forget(one)
    assert (await passwords.read(one)).reveal() == "newer"


def test_no_handle_stays_open(file: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for mode in (0o600, 0o644):
        file.chmod(mode)
        for _ in range(20):
            with contextlib.suppress(CredentialError):
                from_file(profile(), FileSource(file))
    assert len(list(Path("/proc/self/fd").iterdir())) == before


_WAITING = """
import asyncio, sys, time
from pathlib import Path
from tui.config import FileSource, NodeProfile
from tui.credentials import CredentialError, Passwords
from tui.model.trust import NoTrust

async def longest_wait():
    worst = 0.0
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        worst = max(worst, time.monotonic() - before)
        print(worst, flush=True)

async def main():
    ticks = asyncio.create_task(longest_wait())
    await asyncio.sleep(0.05)
    source = FileSource(Path(sys.argv[1]))
    one = NodeProfile(name="n", url="https://n", username="u", password=source, trust=NoTrust())
    try:
        await Passwords(file_limit=0.5).read(one)
    except CredentialError as error:
        await asyncio.sleep(0.05)
        ticks.cancel()
        print(error)

asyncio.run(main())
"""


@pytest.mark.real_time
def test_a_disk_that_hangs_holds_nothing_else_up_and_is_reported(file: Path) -> None:
    """P15."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace")
    argv = (strace, "-f", "-o", os.devnull, "-P", str(file), "-e", "trace=openat")
    if subprocess.run([*argv, "true"], check=False, capture_output=True).returncode:  # noqa: S603 - our own words
        pytest.skip("strace may not trace here")
    argv = (*argv, "-e", "inject=openat:delay_enter=3000000", sys.executable, "-c", _WAITING)
    printed = subprocess.run(  # noqa: S603 - our own words
        [*argv, str(file)], check=True, stdout=subprocess.PIPE, text=True, timeout=60
    ).stdout.splitlines()
    assert "it could not be read within 0.5 s" in printed[-1]
    assert float(printed[-2]) < 2.5  # it hangs for 3 s
