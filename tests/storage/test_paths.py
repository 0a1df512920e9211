import subprocess
import sys
from pathlib import Path

import pytest

from tui.storage import paths


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)


def test_the_command_line_goes_before_the_environment_and_that_before_the_default(
    tmp_path: Path,
) -> None:
    environ = {"RSDECK_CONFIG": "/env.toml"}
    assert paths.config_file(Path("mine.toml"), environ) == (Path("mine.toml"), True)
    assert paths.config_file(None, environ) == (Path("/env.toml"), True)
    default, named = paths.config_file(None, {})
    assert default.is_relative_to(tmp_path)
    assert default.parts[-2:] == ("rsdeck", "config.toml")
    assert not named


def test_an_empty_variable_counts_as_not_set() -> None:
    assert paths.config_file(None, {"RSDECK_CONFIG": ""})[1] is False


def test_a_tilde_in_the_variable_is_the_home(tmp_path: Path) -> None:
    assert paths.config_file(None, {"RSDECK_CONFIG": "~/x.toml"})[0] == tmp_path / "x.toml"


def test_the_bundled_themes_come_before_those_of_the_user(tmp_path: Path) -> None:
    bundled, user = paths.theme_dirs()
    assert bundled.name == "themes"
    assert not bundled.is_relative_to(tmp_path)
    assert user.parent == paths.config_file(None, {})[0].parent


def test_the_state_lies_in_the_users_folder(tmp_path: Path) -> None:
    assert paths.state_dir().is_relative_to(tmp_path)


_HOMELESS = """
import os, pwd, sys
def nobody(uid): raise KeyError(uid)
pwd.getpwuid = nobody
os.environ.pop("HOME", None)
from tui.storage import paths
from tui.config import load
path, named = paths.config_file(None, os.environ)
assert path.is_absolute() and paths.state_dir().is_absolute(), path
assert all(one.is_absolute() for one in paths.theme_dirs())
assert load(path, must_exist=named).nodes == ()
assert str(paths.config_file(None, {"RSDECK_CONFIG": "~/x"})[0]) == "~/x"
assert "platformdirs" in sys.modules
"""


@pytest.mark.real_time
def test_without_a_home_the_configuration_is_empty_and_nothing_is_looked_for_here(
    tmp_path: Path,
) -> None:
    """P23."""
    subprocess.run([sys.executable, "-c", _HOMELESS], check=True, cwd=tmp_path, env={})  # noqa: S603 - our own words


@pytest.mark.real_time
def test_importing_the_paths_and_the_configuration_imports_nothing_slow() -> None:
    slow = ["platformdirs", "tomlkit", "tempfile", "pydantic", "textual", "httpx", "keyring"]
    code = (
        f"import sys, tui.storage.paths, tui.config; print([n for n in {slow} if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 - our own words
    assert done.stdout == "[]\n"
