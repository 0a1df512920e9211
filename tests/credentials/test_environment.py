import os
import subprocess
import sys

import pytest

from tests.credentials.conftest import CANARY, check_silence, profile
from tui.config import EnvironmentSource
from tui.credentials import CredentialError, Passwords
from tui.credentials.environment import _taken

NAME = "RSDECK_TEST_PASSWORD"
SOURCE = EnvironmentSource(NAME)


@pytest.fixture(autouse=True)
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every test be the first of its process."""
    monkeypatch.delitem(_taken, NAME, raising=False)
    monkeypatch.setenv(NAME, CANARY)


async def test_a_variable_is_read_and_leaves_the_environment() -> None:
    secret = await Passwords().read(profile(SOURCE))
    assert secret.reveal() == CANARY
    assert NAME not in os.environ
    assert CANARY not in os.environ.values()


def test_it_leaves_as_soon_as_the_profiles_are_known() -> None:
    Passwords([profile(SOURCE)])
    assert NAME not in os.environ
    child = [sys.executable, "-c", f"import os; print(os.environ.get({NAME!r}))"]
    assert subprocess.run(child, capture_output=True, check=True).stdout == b"None\n"  # noqa: S603 - our own words


async def test_it_is_remembered_for_the_whole_process() -> None:
    Passwords([profile(SOURCE)])
    for passwords in (Passwords(), Passwords()):
        assert (await passwords.read(profile(SOURCE))).reveal() == CANARY
        passwords.forget(profile(SOURCE))
        assert (await passwords.read(profile(SOURCE))).reveal() == CANARY


async def test_one_that_was_set_anew_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords([profile(SOURCE)])
    monkeypatch.setenv(NAME, "newer")
    assert (await passwords.read(profile(SOURCE))).reveal() == "newer"
    assert NAME not in os.environ


async def test_a_variable_that_is_not_set_is_reported_without_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(NAME)
    with pytest.raises(CredentialError, match="the variable is not set") as caught:
        await Passwords().read(profile(SOURCE))
    assert caught.value.source == "password_env"
    assert NAME not in str(caught.value)  # it may be a password
    check_silence(caught.value)


@pytest.mark.parametrize("value", ["", "hunter2-canary\nmore", "hunter2-canary\udcff"])
async def test_a_value_that_can_be_no_password_is_refused_and_not_shown(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(NAME, value)
    with pytest.raises(CredentialError) as caught:
        await Passwords().read(profile(SOURCE))
    check_silence(caught.value)
    assert NAME not in os.environ


async def test_letters_beyond_ascii_come_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "pässwörd 漢")
    assert (await Passwords().read(profile(SOURCE))).reveal() == "pässwörd 漢"
