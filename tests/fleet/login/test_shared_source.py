"""What is wrong with a source that several nodes share is said of none of them alone."""

from tests.fleet.conftest import profile
from tui.config import EnvironmentSource
from tui.credentials import Passwords
from tui.fleet.login.shared_login import Login


async def test_a_shared_source_that_fails_names_no_node() -> None:
    nodes = [
        profile(f"http://127.0.0.1:{uid}", f"node{uid}", password=EnvironmentSource("NO_SUCH_VAR"))
        for uid in (1, 3)
    ]
    login = Login.of(nodes[0])
    assert await login.unlock(nodes[0], Passwords()) is None
    assert "password_env" in login.trouble
    assert "node1" not in login.trouble_at("node3").text
