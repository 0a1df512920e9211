import os
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, WRONG, Command
from tests.cli.conftest import profiles as all_profiles
from tui.sim.server import SimulatedCluster

NODE = '[nodes.n1]\nurl = "https://db1"\nusername = "op"\n'


# config path


def test_the_path_is_below_the_users_configuration_whether_it_is_there_or_not(
    rsdeck: Command,
) -> None:
    for _ in range(2):
        ran = rsdeck.run("config", "path")
        assert (ran.code, ran.out, ran.err) == (0, f"{rsdeck.config_path}\n", "")
        rsdeck.configure("")


def test_without_xdg_the_path_is_below_the_home(rsdeck: Command) -> None:
    del rsdeck.env["XDG_CONFIG_HOME"]
    assert rsdeck.run("config", "path").out == f"{rsdeck.home}/.config/rsdeck/config.toml\n"


def test_the_option_goes_before_the_variable_and_that_before_xdg(rsdeck: Command) -> None:
    env = {"RSDECK_CONFIG": "/by/variable.toml"}
    assert rsdeck.run("config", "path", env=env).out == "/by/variable.toml\n"
    ran = rsdeck.run("--config", "/by/option.toml", "config", "path", env=env)
    assert (ran.code, ran.out) == (0, "/by/option.toml\n")
    home = rsdeck.run("config", "path", env={"RSDECK_CONFIG": "~/x.toml"})
    assert home.out == f"{rsdeck.home}/x.toml\n"


def test_a_path_with_controls_is_printed_harmlessly(rsdeck: Command) -> None:
    ran = rsdeck.run("--config", "/evil\x1b[31m\n\udcff.toml", "config", "path")
    assert (ran.code, ran.out) == (0, "/evil␛[31m␊\ufffd.toml\n")


# config check


def test_a_valid_configuration_is_reported_with_its_path_and_count(rsdeck: Command) -> None:
    path = rsdeck.configure(NODE)
    ran = rsdeck.run("config", "check")
    assert (ran.code, ran.out, ran.err) == (0, f"{path}: 1 node, all well\n", "")
    rsdeck.configure(NODE + '[nodes.n2]\nurl = "https://db2"\nusername = "op"\n')
    assert rsdeck.run("config", "check").out == f"{path}: 2 nodes, all well\n"


def test_the_bundled_example_is_valid(rsdeck: Command) -> None:
    rsdeck.configure((ROOT / "config.example.toml").read_text(encoding="utf-8"))
    assert rsdeck.run("config", "check").code == 0


def test_a_missing_configuration_is_no_error_but_is_reported(rsdeck: Command) -> None:
    ran = rsdeck.run("config", "check")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == f"rsdeck: there is no {rsdeck.config_path} yet\n"


def test_the_example_is_printed_and_is_a_valid_configuration(rsdeck: Command) -> None:
    ran = rsdeck.run("config", "example")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (ROOT / "config.example.toml").read_text(encoding="utf-8")
    rsdeck.configure(ran.out)
    assert rsdeck.run("config", "check").code == 0


def test_every_problem_is_listed_with_its_file_and_key(rsdeck: Command) -> None:
    path = rsdeck.configure(
        f"""
shadow = 1
[settings]
them = "dark"
refresh = true
timeout = 3
[keys]
quit = 3
[node]
[nodes.n1]
url = "https://db1/path"
usrname = "op"
password = "{WRONG}"
[nodes.n2]
url = "https://db2"
username = "op"
keyring = true
password_env = "X"
[nodes."a b"]
url = "https://db3"
username = "op"
[nodes.n4]
url = "https://db4"
username = "op"
environment = "prodction"
[nodes.n5]
url = "https://db5"
username = "op"
[nodes.n6]
url = "https://DB5:9443"
username = "op"
[nodes.n7]
url = "https://db5"
username = "another"
"""
    )
    ran = rsdeck.run("config", "check")
    assert ran.code == 2
    assert ran.out == ""
    assert WRONG not in ran.err
    for line, key, says in (
        (2, "shadow", "there is no such key"),
        (4, "settings.them", "did you mean `theme`?"),
        (5, "settings.refresh", "must be a number of seconds"),
        (8, "keys.quit", "must be text in quotes"),
        (9, "node", "did you mean `nodes`?"),
        (11, "nodes.n1.url", "https://host:port"),
        (12, "nodes.n1.usrname", "did you mean `username`?"),
        (13, "nodes.n1.password", "a password is never written into the configuration"),
        (10, "nodes.n1.username", "is missing"),
        (17, "nodes.n2.keyring", "only one of password_env, keyring may be set"),
        (19, 'nodes."…"', "a node's name is 1 to 64 letters"),
        (25, "nodes.n4.environment", "did you mean `production`?"),
        (30, "nodes.n6.url", "is the same node as nodes.n5"),
    ):
        begin = f"rsdeck: {path}, line {line}: {key}: "
        (start,) = (at for at in range(len(ran.err)) if ran.err.startswith(begin, at))
        assert says in ran.err[start:].partition("\nrsdeck: ")[0], key
    assert ran.err.endswith("rsdeck: 13 problems\n")


def test_a_plain_password_is_refused_with_the_ways_named_and_never_shown(rsdeck: Command) -> None:
    rsdeck.configure(f'{NODE}password = "{WRONG}"\n')
    for words in (("config", "check"), ("status",), ("nodes",)):
        ran = rsdeck.run(*words)
        assert (ran.code, ran.out) == (2, "")
        for way in ("password_env", "password_command", "password_file", "keyring"):
            assert way in ran.err
        assert "nodes.n1.password" in ran.err
        assert WRONG not in ran.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[nodes", "line 1"),
        ("a = 1\na = 2\n", "twice"),
        (f"{NODE}{NODE}", "nodes.n1: is there twice"),
        ("a = " + "[" * 5000, "nested too deeply"),
        ("a = " + "9" * 5000, "too long"),
        ("settings = 3\n", "must be a table"),
        ("[nodes]\nn1 = 3\n", "nodes.n1: must be a table"),
        ("a = " + "[" * 150 + "]" * 150, "there is no such key"),
        ("[settings]\nrefresh = nan\n[keys]\nx = 2020-01-01\n", "settings.refresh"),
    ],
)
def test_invalid_toml_is_reported_without_a_traceback(
    text: str, says: str, rsdeck: Command
) -> None:
    path = rsdeck.configure(text)
    ran = rsdeck.run("config", "check")
    assert ran.code == 2
    assert says in ran.err
    assert ran.err.startswith((f"rsdeck: {path}: ", f"rsdeck: {path}, line "))


def test_bytes_that_are_no_text_are_reported_with_their_line(rsdeck: Command) -> None:
    path = rsdeck.configure("")
    path.write_bytes(b"# x\n\xff\x1b[31m")
    ran = rsdeck.run("config", "check")
    assert (ran.code, ran.err.count("\x1b")) == (2, 0)
    assert "line 2 is not UTF-8" in ran.err


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_configuration_that_others_can_write_is_refused(mode: int, rsdeck: Command) -> None:
    path = rsdeck.configure(NODE, mode=mode)
    for words in (("config", "check"), ("nodes",), ("status",)):
        ran = rsdeck.run(*words)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"rsdeck: {path}: others can write it")
        assert "chmod go-w" in ran.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root can read everything")
def test_a_configuration_that_cannot_be_read_is_reported(rsdeck: Command) -> None:
    rsdeck.configure(NODE, mode=0o000)
    assert "Permission denied" in rsdeck.run("config", "check").err


def test_a_key_or_a_theme_that_the_deck_would_refuse_is_found_too(rsdeck: Command) -> None:
    path = rsdeck.configure('[keys]\nqit = "Q"\n')
    ran = rsdeck.run("config", "check")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"rsdeck: {path}: keys.qit: ")
    rsdeck.configure('[settings]\ntheme = "drak"\n')
    ran = rsdeck.run("config", "check")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"rsdeck: {path}: settings.theme: no theme 'drak'; there are: dark")


def test_a_theme_of_the_user_is_known_and_a_broken_one_is_reported(rsdeck: Command) -> None:
    path = rsdeck.configure('[settings]\ntheme = "mine"\n')
    folder = path.parent / "themes"
    folder.mkdir()
    dark = (ROOT / "themes" / "dark.toml").read_text(encoding="utf-8")
    (folder / "mine.toml").write_text(dark, encoding="utf-8")
    (folder / "broken.toml").write_text("[", encoding="utf-8")
    ran = rsdeck.run("config", "check")
    assert ran.code == 0
    assert ran.err.startswith(f"rsdeck: theme {folder}/broken.toml is skipped: ")


# nodes


def test_nodes_are_listed_with_the_source_of_their_password_and_not_polled(
    rsdeck: Command, served: SimulatedCluster, tmp_path: Path
) -> None:
    rsdeck.configure(
        all_profiles(served, f'password_command = ["echo", "{WRONG}"]')
        + f'[nodes.far]\nurl = "https://db1"\nusername = "op"\npassword_file = "{tmp_path}/none"\n'
        'environment = "production"\nread_only = true\n'
        '[nodes.asks]\nurl = "https://db2"\nusername = "漢字"\ninsecure = true\n'
        '[nodes.ring]\nurl = "https://db3"\nusername = "x"\nkeyring = true\nca_file = "/ca"\n'
        '[nodes.env]\nurl = "https://db4"\nusername = "x"\npassword_env = "CANARY"\n'
    )
    ran = rsdeck.run("nodes", env={"CANARY": WRONG})
    assert (ran.code, ran.err) == (0, "")
    assert WRONG not in ran.out
    heads, *rows = (line.split() for line in ran.out.splitlines())
    assert heads == ["NAME", "URL", "CLUSTER", "ENVIRONMENT", "READ-ONLY", "LOGIN", "TRUST"]
    assert rows[0] == [
        "node1",
        served.urls[1],
        "demo",
        "-",
        "no",
        "admin@demo.local",
        "(command)",
        "pinned",
    ]
    assert rows[3:] == [
        ["far", "https://db1:9443", "-", "production", "yes", "op", "(file)", "system"],
        ["asks", "https://db2:9443", "-", "-", "no", "漢字", "(asked)", "unchecked"],
        ["ring", "https://db3:9443", "-", "-", "no", "x", "(keyring)", "CA", "file"],
        ["env", "https://db4:9443", "-", "-", "no", "x", "(environment)", "system"],
    ]
    assert not list(served.cluster.requests)


def test_without_nodes_stdout_is_empty_and_stderr_names_the_configuration(rsdeck: Command) -> None:
    ran = rsdeck.run("nodes")
    assert (ran.code, ran.out) == (0, "")
    assert str(rsdeck.config_path) in ran.err


@pytest.mark.real_time
def test_nodes_needs_neither_textual_nor_the_network(rsdeck: Command) -> None:
    rsdeck.configure(NODE)
    ran = rsdeck.run_process("nodes", argv=rsdeck.without("textual", "rich", "httpx", "uvicorn"))
    assert ran.code == 0


def test_asking_about_the_configuration_writes_nothing(rsdeck: Command) -> None:
    for words in (("config", "path"), ("config", "check"), ("nodes",), ("status",)):
        rsdeck.run(*words)
    assert list(rsdeck.home.iterdir()) == []


def test_check_reports_keys_theme_and_nodes_together(rsdeck: Command) -> None:
    rsdeck.configure(
        '[settings]\ntheme = "nope"\n[keys]\nrestart = "wibble"\n'
        '[nodes.n1]\nurl = "ftp://x"\nusername = "me@example.com"\n'
    )
    ran = rsdeck.run("config", "check")
    assert ran.code == 2
    for word in ("settings.theme", "keys.restart", "nodes.n1.url", "3 problems"):
        assert word in ran.err


def test_check_reports_a_password_file_that_cannot_be_read(rsdeck: Command) -> None:
    rsdeck.configure(
        '[nodes.n1]\nurl = "https://x"\nusername = "me@example.com"\npassword_file = "none"\n'
    )
    ran = rsdeck.run("config", "check")
    assert ran.code == 2
    assert "config.toml, line 4, password_file: it cannot be opened" in ran.err
