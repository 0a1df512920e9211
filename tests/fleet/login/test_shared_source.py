"""What is wrong with a source that several nodes share is said of none of them alone."""

import asyncio
from pathlib import Path

import pytest

from tests.faultserver import wait_until
from tests.fleet.conftest import profile
from tui.config import CommandSource, EnvironmentSource
from tui.credentials import Passwords, Secret
from tui.fleet.login.shared_login import Login

_READS = 'cd "$0"; rm -f begun; : > begun; while [ ! -e word ]; do sleep 0.02; done; cat word'
"""A command that gives the password in `word`, once there is one."""


async def test_a_shared_source_that_fails_names_no_node() -> None:
    nodes = [
        profile(f"http://127.0.0.1:{uid}", f"node{uid}", password=EnvironmentSource("NO_SUCH_VAR"))
        for uid in (1, 3)
    ]
    login = Login.of(nodes[0])
    assert await login.unlock(nodes[0], Passwords()) is None
    assert "password_env" in login.trouble
    assert "node1" not in login.trouble_at("node3").text


@pytest.mark.real_time
async def test_a_source_whose_reading_is_cancelled_is_read_by_the_next_that_ends(
    tmp_path: Path,
) -> None:
    """As where a node's profile goes: a password that was changed is wanted by all others too."""
    node = profile(
        "http://127.0.0.1:1", password=CommandSource(("sh", "-c", _READS, f"{tmp_path}"))
    )
    login, passwords = Login.of(node), Passwords()
    (tmp_path / "word").write_text("the old one")
    assert await login.unlock(node, passwords) == Secret("the old one")
    login.attempts.accept("node1")
    (tmp_path / "word").unlink()
    (tmp_path / "begun").unlink()
    login.refuse("node1 answered 401", login.generation, "node1")
    reading = asyncio.create_task(login.reconsider(node, passwords))
    await asyncio.to_thread(wait_until, (tmp_path / "begun").exists)
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    (tmp_path / "word").write_text("the new one")
    await login.reconsider(node, passwords)
    assert (login.secret, login.trouble) == (Secret("the new one"), "")
