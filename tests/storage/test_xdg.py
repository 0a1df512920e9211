import os
from pathlib import Path

import platformdirs
import pytest

from tui.storage.xdg import user_folder


@pytest.mark.parametrize(
    "environ",
    [
        {"HOME": "/home/me"},
        {"HOME": "/home/me/"},
        {"HOME": "/home/me", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"},
        {"HOME": "/home/me", "XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": "~/s"},
        {"HOME": "/home/me", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""},
        {"HOME": "", "XDG_CONFIG_HOME": "/c"},
        {"HOME": "relative"},
        {},
    ],
)
def test_a_folder_is_the_one_that_platformdirs_finds(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    for kind, find in (
        ("config", platformdirs.user_config_path),
        ("state", platformdirs.user_state_path),
    ):
        if found := user_folder(kind, os.environ):
            assert Path(found) == find("rsdeck")
