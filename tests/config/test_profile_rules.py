from pathlib import Path

import pytest

from tui.config import (
    AskSource,
    CommandSource,
    ConfigError,
    EnvironmentSource,
    FileSource,
    KeyringSource,
    check_profile,
    fields_of,
    profile_problems,
)
from tui.model.login import LoginWay, ViewerRole
from tui.model.node import Environment
from tui.model.trust import AuthorityTrust, NoTrust, PinnedTrust, SystemTrust

MINIMAL = {"url": "https://db1", "username": "op@example.com"}


def test_the_shortest_profile_prompts_for_its_password_and_trusts_the_system(
    tmp_path: Path,
) -> None:
    profile = check_profile("n1", MINIMAL, folder=tmp_path)
    assert profile.password == AskSource()
    assert profile.trust == SystemTrust()
    assert (profile.title, profile.host) == ("n1", "db1:9443")
    assert (profile.cluster, profile.environment, profile.read_only) == ("", None, False)


@pytest.mark.parametrize(
    ("field", "value", "source"),
    [
        ("password_env", "PW", EnvironmentSource("PW")),
        ("password_command", ["pass", "show x"], CommandSource(("pass", "show x"))),
        ("password_file", "/pw", FileSource(Path("/pw"))),
        ("keyring", True, KeyringSource()),
        ("keyring", False, AskSource()),
    ],
)
def test_each_way_to_a_password_is_read(
    field: str, value: object, source: object, tmp_path: Path
) -> None:
    assert check_profile("n", {**MINIMAL, field: value}, folder=tmp_path).password == source


@pytest.mark.parametrize(
    ("field", "value", "trust"),
    [
        ("ca_file", "/ca.pem", AuthorityTrust(Path("/ca.pem"))),
        ("fingerprint", "SHA256:" + "AA:" * 31 + "aa", PinnedTrust("aa" * 32)),
        ("insecure", True, NoTrust()),
        ("insecure", False, SystemTrust()),
    ],
)
def test_each_kind_of_trust_is_read(
    field: str, value: object, trust: object, tmp_path: Path
) -> None:
    assert check_profile("n", {**MINIMAL, field: value}, folder=tmp_path).trust == trust


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"password_env": "PW", "password_file": "/pw"}, "password_file"),
        ({"password_env": "PW", "keyring": True}, "keyring"),
        ({"ca_file": "/ca", "insecure": True}, "insecure"),
    ],
)
def test_two_answers_to_one_question_are_refused(
    more: dict[str, object], key: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="only one of") as caught:
        check_profile("n", {**MINIMAL, **more}, folder=tmp_path)
    assert caught.value.key == f"nodes.n.{key}"


def test_a_plain_password_is_refused_with_the_ways_there_are_and_not_echoed(
    tmp_path: Path,
) -> None:
    """P9, P10."""
    for key in ("password", "Password", "passwd", "secret", "token"):
        with pytest.raises(ConfigError) as caught:
            check_profile("n", {**MINIMAL, key: "hunter2"}, folder=tmp_path)
        assert "hunter2" not in str(caught.value)
        for way in ("password_env", "password_command", "password_file", "keyring"):
            assert way in caught.value.hint


def test_no_value_of_a_wrong_type_is_echoed(tmp_path: Path) -> None:
    fields = ("url", "username", "password_env", "password_command", "password_file", "keyring")
    for field in (*fields, "fingerprint", "environment", "read_only", "label"):
        for value in ({"a": "hunter2"}, "hunter2\x1b", ["hunter2", 4]):
            with pytest.raises(ConfigError) as caught:
                check_profile("n", {**MINIMAL, field: value}, folder=tmp_path)
            assert "hunter2" not in str(caught.value)
            assert "hunter2" not in repr(caught.value)


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    """P3."""
    with pytest.raises(ConfigError) as caught:
        check_profile("prod1", {"url": "https://db1", "usrname": "x"}, folder=tmp_path)
    assert caught.value.key == "nodes.prod1.usrname"
    assert "`username`" in caught.value.hint


@pytest.mark.parametrize("key", ["hunter2", "hunter2 !", "c0rrect-horse", "password hunter2"])
def test_an_unknown_key_that_may_be_a_password_is_not_echoed(key: str, tmp_path: Path) -> None:
    """P9: it was written before the `=`."""
    with pytest.raises(ConfigError, match="no such key") as caught:
        check_profile("n", {**MINIMAL, key: True}, folder=tmp_path)
    assert key not in str(caught.value)
    assert caught.value.key == 'nodes.n."…"'


@pytest.mark.parametrize("name", [" op", "op ", "op\t"])
def test_a_username_has_no_space_around_it(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        check_profile("n", {**MINIMAL, "username": name}, folder=tmp_path)
    assert caught.value.key == "nodes.n.username"


def test_a_hostile_key_is_made_harmless(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        check_profile("n", {**MINIMAL, "\x1b]0;x\x07[red]": 1}, folder=tmp_path)
    assert "\x1b" not in str(caught.value)
    assert "\x07" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "x" * 65, "a\n", "[red]"])
def test_a_name_is_one_plain_word(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1 to 64 letters"):
        check_profile(name, MINIMAL, folder=tmp_path)


def test_problems_names_every_field_that_is_wrong() -> None:
    found = profile_problems("a b", {"url": "http://db1", "read_only": "yes", "labl": "x"})
    table = 'nodes."…"'
    by_key = {problem.key.removeprefix(f"{table}."): problem for problem in found}
    assert set(by_key) == {table, "url", "read_only", "labl", "username"}
    assert by_key["username"].reason == "is missing"
    assert "https://" in by_key["url"].hint


def test_problems_is_empty_where_check_profile_is_content() -> None:
    assert profile_problems("n", {**MINIMAL, "label": None}) == []


def test_the_fields_of_a_profile_make_the_same_profile_again(tmp_path: Path) -> None:
    choices: list[dict[str, object]] = [
        {},
        {"password_env": "PW", "ca_file": "ca.pem", "cluster": "c", "environment": "staging"},
        {"password_command": ["a", "b c"], "fingerprint": "sha256:" + "0f" * 32, "label": "L"},
        {"password_file": "pw", "insecure": True, "read_only": True},
        {"keyring": True, "environment": "production"},
        {"login": "jwt"},
        {"login": "basic"},
        {"role": "viewer"},
    ]
    for more in choices:
        profile = check_profile("n", {**MINIMAL, **more}, folder=tmp_path)
        assert check_profile("n", fields_of(profile), folder=Path("/elsewhere")) == profile
        assert set(fields_of(profile)) == {*MINIMAL, *more}


def test_an_environment_is_what_the_model_knows(tmp_path: Path) -> None:
    profile = check_profile("n", {**MINIMAL, "environment": "production"}, folder=tmp_path)
    assert profile.environment is Environment.PRODUCTION


@pytest.mark.parametrize("value", ["", "Viewer", "admin", "db_member", True, 1, ["viewer"]])
def test_only_the_role_of_a_viewer_can_be_named(value: object, tmp_path: Path) -> None:
    for name in ("viewer", "db_viewer", "cluster_viewer"):
        role = check_profile("n", {**MINIMAL, "role": name}, folder=tmp_path).role
        assert role is ViewerRole(name)
    with pytest.raises(ConfigError) as caught:
        check_profile("n", {**MINIMAL, "role": value}, folder=tmp_path)
    assert caught.value.key == "nodes.n.role"


@pytest.mark.parametrize("value", ["", "BASIC", "Jwt", "token", "none", 1, True, ["jwt"]])
def test_a_way_to_log_in_that_there_is_not_is_refused(value: object, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        check_profile("n", {**MINIMAL, "login": value}, folder=tmp_path)
    assert caught.value.key == "nodes.n.login"


def test_the_way_to_log_in_is_detected_unless_it_is_set(tmp_path: Path) -> None:
    for more, way in (({}, LoginWay.AUTO), ({"login": "jwt"}, LoginWay.JWT)):
        assert check_profile("n", {**MINIMAL, **more}, folder=tmp_path).login is way
