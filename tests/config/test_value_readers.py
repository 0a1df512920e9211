from pathlib import Path

import pytest

from tui.config import value_readers as read
from tui.config.errors import BadValue


@pytest.mark.parametrize("wrong", [True, "2", None, [], float("nan"), float("inf"), 0.4, 301])
def test_seconds_are_a_number_within_bounds(wrong: object) -> None:
    with pytest.raises(BadValue, match=r"0\.5 to 300"):
        read.read_seconds(0.5, 300)(wrong)


def test_seconds_include_their_bounds_by_default() -> None:
    assert read.read_seconds(0.5, 300)(0.5) == 0.5
    assert read.read_seconds(0.5, 300)(300) == 300.0
    with pytest.raises(BadValue):
        read.read_seconds(0, 300, above=True)(0)


@pytest.mark.parametrize("wrong", [0, 1, "true", [], {}])
def test_only_a_boolean_is_a_flag(wrong: object) -> None:
    with pytest.raises(BadValue, match="true or false"):
        read.read_flag(wrong)


@pytest.mark.parametrize(
    "hostile", ["a\x1b[31m", "a\u202eb", "a\nb", "a\x9bb", "a\ud800", "x" * 257]
)
def test_text_that_could_harm_a_terminal_is_refused(hostile: str) -> None:
    with pytest.raises(BadValue, match="printable"):
        read.read_text_value(hostile)


def test_text_beyond_ascii_is_valid() -> None:
    assert read.read_text_value("büro 東京") == "büro 東京"


def test_a_command_written_as_one_string_is_refused_with_the_form_of_a_list() -> None:
    with pytest.raises(BadValue) as caught:
        read.read_argv("echo hunter2", 'x = ["pass", "show", "redis"]')
    assert '["pass", "show", "redis"]' in caught.value.hint
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("wrong", [[], [""], ["a", 1], ["a\0b"], {}, 3])
def test_a_command_is_a_list_of_words(wrong: object) -> None:
    with pytest.raises(BadValue):
        read.read_argv(wrong, "")


def test_a_relative_path_starts_at_the_folder_and_a_tilde_at_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    assert read.read_path("pw", tmp_path) == tmp_path / "pw"
    assert read.read_path("~/pw", tmp_path) == Path("/home/somebody/pw")
    assert read.read_path("/pw", tmp_path) == Path("/pw")


def test_a_home_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="no home"):
        read.read_path("~nobody-of-that-name/pw", tmp_path)


@pytest.mark.parametrize("wrong", ["hunter2!", "A-B", "1A", "A B", "Ä"])
def test_a_variable_is_a_name_and_not_a_password(wrong: str) -> None:
    with pytest.raises(BadValue) as caught:
        read.read_variable_name(wrong)
    assert wrong not in str(caught.value)


def test_a_wrong_environment_names_the_nearest() -> None:
    with pytest.raises(BadValue, match="production, staging or development") as caught:
        read.read_environment("prodution")
    assert caught.value.hint == "did you mean `production`?"


def test_a_user_with_a_colon_is_refused() -> None:
    with pytest.raises(BadValue, match="colon"):
        read.read_username("a:b")
