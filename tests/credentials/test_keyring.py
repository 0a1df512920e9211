import asyncio
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.credentials.conftest import CANARY, check_silence, profile, write_keyring
from tui.config import KeyringSource
from tui.credentials import CredentialError, Passwords

NODE = profile(KeyringSource())
Install = Callable[[str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a pretended keyring package where it is imported from."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "keyring"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(body: str) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "keyring"]:
            monkeypatch.delitem(sys.modules, name)
        write_keyring(tmp_path, body)

    return install


async def refused(says: str) -> CredentialError:
    with pytest.raises(CredentialError, match=says) as caught:
        await Passwords(keyring_limit=60).read(NODE)
    assert caught.value.source == "keyring"
    check_silence(caught.value)
    return caught.value


async def test_it_is_read_once_by_the_nodes_address_and_the_user(install: Install) -> None:
    install(f"return '{CANARY}'")
    passwords = Passwords()
    for _ in range(2):
        assert (await passwords.read(NODE)).reveal() == CANARY
    assert sys.modules["keyring"].asked == [("rsdeck:https://db1:9443", "op@example.com")]


async def test_nodes_of_other_addresses_and_other_users_have_passwords_of_their_own(
    install: Install,
) -> None:
    install("return service + ' ' + username")
    nodes = [
        profile(KeyringSource(), url="https://db1:9443", username="a"),
        profile(KeyringSource(), url="https://db2:9443", username="a"),
        profile(KeyringSource(), url="https://db1:9443", username="b"),
    ]
    passwords = Passwords()
    got = [(await passwords.read(node)).reveal() for node in nodes]
    assert got == [f"rsdeck:{node.url} {node.username}" for node in nodes]


async def test_without_the_package_the_error_shows_how_to_install_it(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Blocker:
        @staticmethod
        def find_spec(name: str, path: object = None, target: object = None) -> None:
            if name == "keyring":
                raise ModuleNotFoundError("No module named 'keyring'", name="keyring")

    monkeypatch.setattr(sys, "meta_path", [Blocker(), *sys.meta_path])
    error = await refused("the keyring package is not installed")
    assert error.hint == "run: pip install 'rsdeck[keyring]'"


@pytest.mark.parametrize("body", ["return None", "return ''"])
async def test_a_missing_password_is_reported_with_the_command_that_stores_it(
    body: str, install: Install
) -> None:
    install(body)
    error = await refused("it holds no such password")
    assert error.hint == "run: keyring set rsdeck:https://db1:9443 op@example.com"


@pytest.mark.parametrize(
    ("body", "says", "hint"),
    [
        ("raise errors.KeyringLocked('hunter2-canary')", "it is locked", "unlock it"),
        ("raise errors.InitError('hunter2-canary')", "it is locked", "unlock it"),
        ("raise errors.NoKeyringError('hunter2-canary')", "no keyring that can", "password_file"),
        ("raise errors.KeyringError('hunter2-canary')", r"failed \(KeyringError\)", "password_"),
        ("raise ValueError('hunter2-canary')", r"it failed \(ValueError\)", "password_command"),
        ("raise SystemExit('hunter2-canary')", r"it failed \(SystemExit\)", "password_command"),
        ("raise KeyboardInterrupt", r"it failed \(KeyboardInterrupt\)", "password_command"),
        ("import no_such_backend", r"it failed \(ModuleNotFoundError\)", "password_command"),
        ("raise type('x\\x1b[31m', (Exception,), {})", "it failed", "password_command"),
        ("return b'hunter2-canary'", r"it failed \(bytes\)", "password_command"),
        ("return 42", r"it failed \(int\)", "password_command"),
    ],
)
async def test_any_failure_is_reported_without_its_text(
    body: str, says: str, hint: str, install: Install, capfd: pytest.CaptureFixture[str]
) -> None:
    """P9, P10, case 64."""
    install(body)
    error = await refused(says)
    assert hint in error.hint
    assert "\x1b" not in str(error)
    assert CANARY not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return 'hunter2-canary\\nmore'", "not one line"),
        ("return 'hunter2-canary\\ud800'", "not UTF-8"),
        ("return 'x' * 5000", "longer than 4096 bytes"),
    ],
)
async def test_what_can_be_no_password_is_refused(body: str, says: str, install: Install) -> None:
    install(body)
    await refused(says)


async def test_a_keyring_that_waits_for_a_dialog_is_abandoned_after_the_limit(
    install: Install,
) -> None:
    """Case 64."""
    install("threading.Event().wait(30)")
    began = time.monotonic()
    locked = profile(KeyringSource(), url="https://locked:9443")
    with pytest.raises(CredentialError, match=r"it did not answer within 0\.05 s") as caught:
        await Passwords(keyring_limit=0.05).read(locked)
    assert time.monotonic() - began < 20
    assert "unlock it" in caught.value.hint
    assert all(one.daemon for one in threading.enumerate() if one is not threading.main_thread())


async def test_the_loop_goes_on_while_it_is_read(install: Install) -> None:
    install("time.sleep(0.3); return 'x'")
    call = asyncio.create_task(Passwords().read(NODE))
    turns = 0
    while not call.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 5
