import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, until
from tests.credentials.conftest import CANARY, check_silence, everything_about, profile
from tui.config import CommandSource
from tui.credentials import CredentialError, Passwords
from tui.credentials.command import from_command
from tui.credentials.secret import LIMIT


async def output(*argv: str, limit: float = 10) -> str:
    return (await from_command(profile(CommandSource(argv)), argv, limit)).reveal()


async def refused(*argv: str, says: str, limit: float = 10) -> CredentialError:
    with pytest.raises(CredentialError, match=says) as caught:
        await from_command(profile(), argv, limit)
    # No message holds an argument.
    check_silence(caught.value) if CANARY not in " ".join(argv) else None
    return caught.value


def python(code: str) -> tuple[str, ...]:
    return sys.executable, "-c", code


def is_running(pid: Path) -> bool:
    """Whether a process that wrote down its number runs."""
    try:
        process = Path("/proc", pid.read_text("ascii").strip())
        return (process / "stat").read_text("ascii").split()[2] != "Z"
    except OSError:
        return False  # also where it was killed before it wrote


async def gone(pid: Path) -> None:
    """Wait until a process that wrote down its number has ended."""
    await asyncio.to_thread(until, lambda: not is_running(pid), 30)


async def test_what_a_command_prints_is_the_password() -> None:
    assert await output("echo", CANARY) == CANARY
    assert await output("printf", "%s", CANARY) == CANARY
    assert await output("printf", "pässwörd 漢\\r\\n") == "pässwörd 漢"


async def test_no_shell_reads_its_words() -> None:
    words = "$HOME `id` $(id) ; id | id > /tmp/x && * ~ 'a' \"b\""
    assert await output("echo", words) == words


async def test_it_has_no_stdin_to_wait_for() -> None:
    assert await output(*python("import sys; print(repr(sys.stdin.read()))")) == "''"


async def test_it_runs_in_a_session_of_its_own_without_our_terminal() -> None:
    assert await output(*python("import os; print(os.getsid(0) == os.getpid())")) == "True"


async def test_it_sees_the_environment_without_the_variables_that_were_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("RSDECK_TEST_OTHER", "kept")
    assert await output("sh", "-c", "echo $RSDECK_TEST_OTHER") == "kept"


async def test_its_noise_on_stderr_is_swallowed_however_much_it_is() -> None:
    code = f"import sys; sys.stderr.write('noise {CANARY} ' * 100000); print('password')"
    assert await output(*python(code)) == "password"


async def test_nothing_of_its_noise_reaches_our_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    await refused("sh", "-c", "echo noise >&2; exit 1", says="exit code 1")
    assert capfd.readouterr() == ("", "")


async def test_a_failure_is_reported_with_its_code_and_no_output(
    tmp_path: Path,
) -> None:
    """P9, case 64."""
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\necho {CANARY}\necho {CANARY} >&2\nexit 3\n", encoding="utf-8")
    script.chmod(0o700)
    error = await refused(str(script), says="it failed with exit code 3, and wrote to stderr")
    assert error.source == "password_command"
    assert error.hint == "run it in a shell to see why"
    script.write_text(f"#!/bin/sh\necho {CANARY}\nkill -TERM $$\n", encoding="utf-8")
    error = await refused(str(script), says="it failed with signal 15")
    assert "stderr" not in str(error)


async def test_no_word_of_the_command_is_ever_reported() -> None:
    error = await refused("sh", "-c", f": {CANARY}; exit 1", says="exit code 1")
    assert CANARY not in str(error)
    error = await refused(CANARY, says="it cannot be run: No such file")
    assert CANARY not in str(error)
    error = await refused("\x1b[31mnone", CANARY, says="cannot be run")
    assert CANARY not in str(error)
    assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("rsdeck-no-such-program",), "it cannot be run: No such file"),
        (("/",), "it cannot be run: Permission denied"),
        (("/dev/null/x",), "it cannot be run: Not a directory"),
        (("echo", "a\0b"), "it cannot be run: its words"),
        (("echo", "\ud800"), "it cannot be run: its words"),
        (("echo", "x" * 3_000_000), "it cannot be run: Argument list too long"),
    ],
)
async def test_a_command_that_cannot_be_run_is_reported(argv: tuple[str, ...], says: str) -> None:
    await refused(*argv, says=says)


async def test_a_file_that_is_no_program_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "none"
    path.write_bytes(b"\x00\x01")
    path.chmod(0o700)
    await refused(str(path), says="it cannot be run: Exec format error")


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("pass", "it is empty"),
        ("print()", "it is empty"),
        ("print('hunter2-' + 'canary'); print('more')", "not one line"),
        ("import sys; sys.stdout.buffer.write(b'hunter2-' + b'canary\\xff')", "not UTF-8"),
        ("print('hunter2-' + 'canary\\0')", "not one line"),
        ("print('x' * 5000)", "longer than 4096 bytes"),
    ],
)
async def test_output_that_can_be_no_password_is_refused(code: str, says: str) -> None:
    await refused(*python(code), says=says)


async def test_the_longest_password_comes_through_in_pieces() -> None:
    code = (
        "import sys, time\n"
        "for _ in range(4): sys.stdout.write('x' * 1024); sys.stdout.flush(); time.sleep(0.02)"
    )
    assert await output(*python(code)) == "x" * LIMIT


@pytest.mark.real_time
async def test_output_without_an_end_is_cut_off_and_the_command_killed(tmp_path: Path) -> None:
    """Case 64."""
    pid = tmp_path / "pid"
    began = time.monotonic()
    await refused("sh", "-c", f"echo $$ > {pid}; exec yes hunter2", says="longer than 4096")
    assert time.monotonic() - began < 30
    await gone(pid)


@pytest.mark.real_time
async def test_a_command_that_hangs_is_killed_with_all_it_started(tmp_path: Path) -> None:
    """Case 64."""
    child = tmp_path / "child"
    script = f"sleep 60 & echo $! > {child}; echo hunter2; wait"
    began = time.monotonic()
    error = await refused("sh", "-c", script, says="it did not answer within 0.5 s", limit=0.5)
    assert time.monotonic() - began < 30
    assert "hunter2" not in everything_about(error).replace(script, "")
    await gone(child)


@pytest.mark.real_time
async def test_one_that_heeds_no_signal_is_killed_all_the_same(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"trap '' TERM INT HUP; echo $$ > {pid}; while :; do sleep 1; done"
    await refused("sh", "-c", script, says="did not answer", limit=0.5)
    await gone(pid)


@pytest.mark.real_time
async def test_one_that_closes_its_output_and_goes_on_has_the_same_limit(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"echo $$ > {pid}; echo pw; exec >&- 2>&-; exec sleep 60"
    await refused("sh", "-c", script, says="did not answer", limit=0.5)
    await gone(pid)


async def test_a_call_that_is_cancelled_kills_the_command(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    script = f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60"
    call = asyncio.create_task(output("sh", "-c", script))
    await asyncio.to_thread(until, pid.exists)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await gone(pid)


_CHILD = """
import asyncio, sys
from pathlib import Path
from tui.config import CommandSource, NodeProfile
from tui.credentials import CredentialError
from tui.credentials.command import from_command
from tui.model.trust import SystemTrust
argv = tuple(sys.argv[2:])
profile = NodeProfile("n1", "https://db1:9443", "op", CommandSource(argv), SystemTrust())
try:
    print(asyncio.run(from_command(profile, argv, float(sys.argv[1]))).reveal())
except CredentialError as error:
    print(error)
"""


@pytest.mark.real_time
@pytest.mark.parametrize(
    "script",
    [
        "exec sleep 60",
        "exec yes",
        "setsid sleep 3 & echo password",
        "setsid sleep 3 >/dev/null & echo password",
        "echo password; exit 1",
        "kill -KILL $$",
    ],
)
def test_nothing_is_left_to_complain_about_at_the_end(script: str) -> None:
    """A transport that is collected after its loop was closed would write to stderr."""
    ran = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-W", "always", "-c", _CHILD, "0.5", "sh", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert ran.stderr == ""
    assert ran.returncode == 0


@pytest.mark.parametrize("kept", ["", ">/dev/null", "2>/dev/null"])
async def test_the_end_of_the_command_is_the_end_whatever_it_leaves_running(
    kept: str, tmp_path: Path
) -> None:
    """An agent that a password manager starts often keeps the pipes that it was given."""
    pid, longest = tmp_path / "pid", "p" * LIMIT
    script = f"sleep 60 {kept} & echo $! > {pid}; printf {longest}"
    try:
        assert await output("sh", "-c", script, limit=30) == longest
        assert is_running(pid)
    finally:
        os.kill(int(pid.read_text("ascii")), signal.SIGKILL)


async def test_a_command_runs_once_for_all_who_wait_for_it(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    argv = ("sh", "-c", f"echo run >> {ran}; sleep 0.2; echo {CANARY}")
    passwords = Passwords()
    nodes = [profile(CommandSource(argv), f"n{n}", url=f"https://db{n}:9443") for n in range(20)]
    secrets = await asyncio.gather(*(passwords.read(node) for node in nodes))
    assert {secret.reveal() for secret in secrets} == {CANARY}
    assert ran.read_text("ascii") == "run\n"


async def test_a_command_that_failed_is_run_again_at_the_next_read(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    node = profile(CommandSource(("cat", str(flag))))
    passwords = Passwords()
    with pytest.raises(CredentialError, match="exit code 1"):
        await passwords.read(node)
    assert not passwords.has(node)
    flag.write_text(CANARY, encoding="utf-8")
    assert (await passwords.read(node)).reveal() == CANARY
    assert passwords.has(node)


async def test_the_limit_of_a_session_holds() -> None:
    passwords = Passwords(command_limit=0.3)
    with pytest.raises(CredentialError, match=r"within 0\.3 s"):
        await passwords.read(profile(CommandSource(("sleep", "60"))))
