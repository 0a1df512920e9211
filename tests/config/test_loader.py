from pathlib import Path

import pytest

from tests.config.conftest import Write
from tui.config import ConfigError, RolloutRules, Settings, load, save_profile
from tui.model.rollout import GateHazard

NODE = '[nodes.n1]\nurl = "https://db1"\nusername = "op"\n'


def test_a_missing_default_file_is_an_empty_configuration(tmp_path: Path) -> None:
    configuration = load(tmp_path / "config.toml", must_exist=False)
    assert configuration.nodes == ()
    assert configuration.settings == Settings()
    assert configuration.digest == ""


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    """P3."""
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "config.toml", must_exist=True)


def test_a_folder_that_is_a_file_counts_as_missing() -> None:
    assert load(Path("/dev/null/rsdeck/config.toml"), must_exist=False).nodes == ()


def test_settings_keys_and_nodes_are_read(write: Write) -> None:
    text = '[settings]\ntheme = "x"\nrefresh = 7\nmouse = false\n[keys]\nquit = "Q"\n'
    configuration = load(write(text + NODE), must_exist=True)
    assert configuration.settings == Settings(theme="x", refresh=7.0, mouse=False)
    assert configuration.keys == {"quit": "Q"}
    found = configuration.node("n1")
    assert found is not None
    assert found.url == "https://db1:9443"
    assert configuration.node("n2") is None
    assert len(configuration.digest) == 64


def test_what_a_gate_accepts_is_read_and_is_nothing_by_default(write: Write) -> None:
    assert load(write(NODE), must_exist=True).rollout == RolloutRules(frozenset(), 60.0)
    text = '[rollout]\naccept = ["unreplicated", "quorum"]\ngate_wait = 5\n'
    accepted = frozenset({GateHazard.UNREPLICATED, GateHazard.QUORUM})
    assert load(write(text + NODE), must_exist=True).rollout == RolloutRules(accepted, 5.0)


def test_a_relative_path_in_a_profile_starts_at_the_folder_of_the_file(write: Write) -> None:
    path = write(NODE + 'ca_file = "ca.pem"\n')
    trust = load(path, must_exist=True).nodes[0].trust
    assert getattr(trust, "ca_file", None) == path.parent / "ca.pem"


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("[node.n1]\n", "node", "`nodes`"),
        ('[settings]\nthem = "x"\n', "settings.them", "`theme`"),
        ("[settings]\nrefresh = true\n", "settings.refresh", "seconds"),
        ("[settings]\ntimeout = 0\n", "settings.timeout", "above 0"),
        ('[settings]\ntheme = ""\n', "settings.theme", "empty"),
        ("settings = 3\n", "settings", "[settings]"),
        ("[[nodes]]\n", "nodes", "[nodes.NAME]"),
        ('[nodes]\nurl = "https://db1"\n', "nodes.url", "[nodes.NAME]"),
        ("[keys]\nquit = 3\n", "keys.quit", "text in quotes"),
        ('[keys]\nquit = " "\n', "keys.quit", "empty"),
        ('[nodes."a b"]\nurl = "https://db1"\nusername = "x"\n', 'nodes."a b"', "64 letters"),
        (NODE + 'usrname = "x"\n', "nodes.n1.usrname", "`username`"),
        ('[nodes.n1]\nurl = "https://db1"\n', "nodes.n1.username", "missing"),
        (NODE + "label = 1979-05-27\n", "nodes.n1.label", "a date or time"),
        (NODE + 'uid = "1"\n', "nodes.n1.uid", "a whole number"),
        (NODE + "uid = -1\n", "nodes.n1.uid", "from 0"),
        ('[notify]\nbell = "lost"\n', "notify.bell", "must be a list"),
        ('[notify]\nbell = ["list"]\n', "notify.bell", "`lost`"),
        ('[notify]\nprotocol = "osc52"\n', "notify.protocol", "osc9 or osc777"),
        ("[notify]\nloop_restarts = 1\n", "notify.loop_restarts", "from 2 to 100"),
        ("[notify]\nbel = []\n", "notify.bel", "`bell`"),
        ('[rollout]\naccept = "quorum"\n', "rollout.accept", "must be a list"),
        ('[rollout]\naccept = ["unreplicatd"]\n', "rollout.accept", "`unreplicated`"),
        ("[rollout]\ngate_wait = 3601\n", "rollout.gate_wait", "from 0 to 3600"),
        ("[rollout]\nwait = 1\n", "rollout.wait", "no such key"),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_remedy(
    text: str, key: str, says: str, write: Write
) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        load(path, must_exist=True)
    assert caught.value.file == path
    shown = key.replace('"a b"', '"…"')
    assert caught.value.key == shown
    assert says in str(caught.value)
    assert caught.value.line
    assert str(caught.value).startswith(f"{path}, line {caught.value.line}: {shown}: ")
    assert len(str(caught.value).splitlines()) <= 2


def test_a_password_anywhere_is_refused_and_not_echoed(write: Write) -> None:
    for text in (
        NODE + 'password = "hunter2"\n',
        'password = "hunter2"\n',
        '[settings]\npassword = "hunter2"\n',
        '[nodes]\npassword = "hunter2"\n',
    ):
        with pytest.raises(ConfigError) as caught:
            load(write(text), must_exist=True)
        assert "hunter2" not in str(caught.value)


def test_two_profiles_of_one_node_are_refused_and_both_named(write: Write) -> None:
    twin = NODE.replace("n1", "n2").replace("https://db1", "https://DB1:9443/")
    with pytest.raises(ConfigError) as caught:
        load(write(NODE + twin), must_exist=True)
    assert "nodes.n2.url" in str(caught.value)
    assert "nodes.n1" in str(caught.value)


def test_a_hostile_path_is_shown_harmless(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "a\x1b[31m\nb.toml", must_exist=True)
    assert "\x1b" not in str(caught.value)
    assert "\n" not in str(caught.value)


TWINS = """[nodes.view]
url = "https://db1"
username = "viewer@example.com"
[nodes.act]
url = "https://DB1:9443"
username = "op@example.com"
label = "DB 1"
[nodes.mutual]
url = "https://db1"
client_cert = "me.pem"
client_key = "me.pem"
[nodes.other]
url = "https://db2"
username = "op@example.com"
"""


def test_profiles_of_one_node_have_different_users_and_each_is_shown_with_its_own(
    write: Write,
) -> None:
    profiles = load(write(TWINS), must_exist=True).nodes
    assert [profile.title for profile in profiles] == [
        "view (viewer@example.com)",
        "DB 1 (op@example.com)",
        "mutual (client certificate)",
        "other",
    ]


def test_two_profiles_of_one_node_with_one_user_are_refused(write: Write) -> None:
    with pytest.raises(ConfigError, match="with the same user") as caught:
        load(write(TWINS.replace("op@example.com", "viewer@example.com")), must_exist=True)
    assert (caught.value.key, caught.value.line) == ("nodes.act.url", 5)


def test_a_profile_of_a_node_that_has_one_can_be_saved_and_both_titles_follow(write: Write) -> None:
    before = load(write('[nodes.view]\nurl = "https://db1"\nusername = "v"\n'), must_exist=True)
    assert before.nodes[0].title == "view"
    fields = {"url": "https://db1", "username": "op"}
    after = save_profile(before.path, "act", fields, replacing=None, digest=before.digest)
    assert [profile.title for profile in after.nodes] == ["view (v)", "act (op)"]
