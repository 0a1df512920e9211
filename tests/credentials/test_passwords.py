import asyncio
from pathlib import Path

import pytest

from tests.credentials.conftest import CANARY, check_silence, profile
from tests.faultserver import wait_until
from tui.config import AskSource, CommandSource, EnvironmentSource, FileSource
from tui.credentials import CredentialError, PasswordNeeded, Passwords, Secret


async def test_without_a_source_a_person_is_needed() -> None:
    with pytest.raises(PasswordNeeded, match="its profile names no source") as caught:
        await Passwords().read(profile())
    assert isinstance(caught.value, CredentialError)
    check_silence(caught.value)


async def test_what_was_typed_is_remembered_until_it_is_forgotten() -> None:
    passwords, node = Passwords(), profile()
    assert not passwords.has(node)
    passwords.keep(node, Secret(CANARY))
    assert passwords.has(node)
    assert (await passwords.read(node)).reveal() == CANARY
    passwords.forget(node)
    passwords.forget(node)
    assert not passwords.has(node)
    with pytest.raises(PasswordNeeded):
        await passwords.read(node)


def test_what_was_typed_for_a_cluster_holds_for_its_nodes_and_the_same_user_alone() -> None:
    passwords = Passwords()
    passwords.keep(profile(cluster="blue"), Secret(CANARY))
    assert passwords.has(profile(name="n2", url="https://db2:9443", cluster="blue"))
    assert not passwords.has(profile(cluster="blue", username="other"))
    assert not passwords.has(profile(cluster="green"))
    assert not passwords.has(profile())


def test_without_a_cluster_what_was_typed_holds_for_one_address() -> None:
    passwords = Passwords()
    passwords.keep(profile(), Secret(CANARY))
    assert passwords.has(profile(name="renamed"))
    assert not passwords.has(profile(url="https://db2:9443"))
    # A cluster whose name is an address is not that node.
    assert not passwords.has(profile(cluster="https://db1:9443"))


async def test_nodes_that_share_a_source_share_its_password(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(CANARY, encoding="utf-8")
    file.chmod(0o600)
    passwords = Passwords()
    one = profile(FileSource(file), "n1", cluster="blue", username="a")
    other = profile(FileSource(file), "n2", url="https://db2:9443", username="b")
    assert (await passwords.read(one)).reveal() == CANARY
    file.unlink()
    assert passwords.has(other)
    assert (await passwords.read(other)) is (await passwords.read(one))


async def test_a_session_forgets_with_its_end(tmp_path: Path) -> None:
    first = Passwords()
    first.keep(profile(), Secret(CANARY))
    assert not Passwords().has(profile())


async def test_a_slow_source_does_not_hold_up_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSDECK_TEST_QUICK", CANARY)
    passwords = Passwords()
    slow = asyncio.create_task(passwords.read(profile(CommandSource(("sleep", "30")))))
    await asyncio.sleep(0)
    quick = await passwords.read(profile(EnvironmentSource("RSDECK_TEST_QUICK")))
    assert quick.reveal() == CANARY
    assert not slow.done()
    slow.cancel()
    with pytest.raises(asyncio.CancelledError):
        await slow


async def test_a_caller_that_is_cancelled_does_not_take_the_password_from_the_others(
    tmp_path: Path,
) -> None:
    node = profile(CommandSource(("sh", "-c", f"sleep 0.2; echo {CANARY}")))
    passwords = Passwords()
    first, second = (asyncio.create_task(passwords.read(node)) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await second).reveal() == CANARY


async def test_what_is_read_while_it_is_forgotten_is_not_remembered(tmp_path: Path) -> None:
    """P24: else a password that was changed would be refused once more."""
    source, is_read, goes_on = (tmp_path / name for name in ("password", "read", "on"))
    source.write_text("old", encoding="utf-8")
    script = f"cat {source}; : > {is_read}; while [ ! -e {goes_on} ]; do sleep 0.01; done"
    passwords, node = Passwords(), profile(CommandSource(("/bin/sh", "-c", script)))
    first = asyncio.create_task(passwords.read(node))
    await asyncio.to_thread(wait_until, is_read.exists)
    waiting = asyncio.create_task(passwords.read(node))
    await asyncio.sleep(0)
    source.write_text("new", encoding="utf-8")
    passwords.forget(node)
    goes_on.touch()
    assert (await first).reveal() == "old"
    assert (await waiting).reveal() == "new"
    assert (await passwords.read(node)).reveal() == "new"


async def test_the_passwords_of_a_session_show_nothing() -> None:
    passwords = Passwords()
    passwords.keep(profile(), Secret(CANARY))
    assert CANARY not in f"{passwords!r} {vars(passwords)!r}"
    assert profile().password == AskSource()
