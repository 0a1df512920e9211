"""The keys of a profile that say who is believed, what is shown, and which way leads there."""

from pathlib import Path

import pytest

from tests.config.conftest import Write
from tui.config import AskSource, ConfigError, NodeProfile, check_profile, load, save_profile
from tui.config.profile import fields_of
from tui.model.trust import ClientCertificate, SystemTrust

MUTUAL = """\
# mine
[nodes.a]
url = "https://a"
client_cert = "me.pem"  # renewed by cron
client_key = "~/me.key"
proxy = "http://Proxy.example:3128"
"""


def checked(**fields: object) -> NodeProfile:
    return check_profile("a", {"url": "https://a", "username": "op"} | fields, folder=Path("/f"))


def wrong(**fields: object) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        checked(**fields)
    return caught.value


def test_with_a_client_certificate_a_user_is_not_needed(write: Write) -> None:
    (profile,) = load(write(MUTUAL), must_exist=True).nodes
    folder = write(MUTUAL).parent
    assert profile.client == ClientCertificate(folder / "me.pem", Path("~/me.key").expanduser())
    assert (profile.username, profile.password) == ("", AskSource())
    assert profile.proxy == "http://proxy.example:3128"
    assert profile.trust == SystemTrust()


def test_without_one_a_user_is_missing() -> None:
    assert wrong(username=None).key == "nodes.a.username"


def test_a_password_has_a_user_even_beside_a_client_certificate() -> None:
    pair = {"client_cert": "c", "client_key": "k"}
    assert wrong(username=None, password_env="PW", **pair).key == "nodes.a.username"
    assert checked(password_env="PW", **pair).username == "op"


@pytest.mark.parametrize(
    ("given", "lacking"), [("client_cert", "client_key"), ("client_key", "client_cert")]
)
def test_certificate_and_key_come_together(given: str, lacking: str) -> None:
    error = wrong(**{given: "file.pem"})
    assert (error.key, error.reason) == (f"nodes.a.{lacking}", "is missing")
    assert given in error.hint


@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:hunter2@proxy:3128",
        "http://hunter2@proxy:3128",
        "https://proxy:3128",
        "socks5://proxy:1080",
        "proxy:3128",
        "http://proxy",
        "http://proxy:0",
        "http://proxy:3128/path",
        "http://proxy:3128?x",
        "http://pro xy:3128",
        "http://proxy\r\nX: y:3128",
        "",
        7,
    ],
)
def test_a_proxy_is_a_plain_address_and_never_shows_a_password(proxy: object) -> None:
    error = wrong(proxy=proxy)
    assert error.key == "nodes.a.proxy"
    assert "hunter2" not in f"{error} {error.hint}"


def test_proxy_and_client_certificate_are_for_https_alone() -> None:
    http = {"url": "http://127.0.0.1:8080"}
    assert wrong(proxy="http://proxy:3128", **http).key == "nodes.a.proxy"
    assert wrong(client_cert="c", client_key="k", **http).key == "nodes.a.client_cert"


def test_a_proxy_reaches_no_ipv6_address() -> None:
    assert wrong(url="https://[::1]", proxy="http://proxy:3128").key == "nodes.a.proxy"


def test_insecure_leaves_a_node_unchecked_and_plain_http_has_nothing_to_check() -> None:
    assert checked(insecure=True).is_unchecked
    assert not checked().is_unchecked
    assert not checked(url="http://127.0.0.1:1", insecure=True).is_unchecked


def test_pinning_keeps_the_other_keys_as_they_are_written(write: Write) -> None:
    path = write(MUTUAL)
    before = load(path, must_exist=True)
    (profile,) = before.nodes
    pin = "sha256:" + "ab" * 32
    fields = fields_of(profile) | {"fingerprint": pin}
    after = save_profile(path, "a", fields, replacing="a", digest=before.digest)
    assert str(after.nodes[0].trust) == pin
    assert after.nodes[0].client == profile.client
    for line in MUTUAL.splitlines():
        assert line in path.read_text().splitlines() or "proxy" in line


@pytest.mark.parametrize(
    ("given", "meant"),
    [("DB1.example", "db1.example"), ("10.0.0.1", "10.0.0.1"), ("fd00::1", "fd00::1"),
     ("[FD00::1]", "fd00::1")],
)  # fmt: skip
def test_a_server_name_is_a_name_or_an_address_for_any_trust(given: str, meant: str) -> None:
    for more in ({}, {"ca_file": "ca.pem"}, {"fingerprint": "0" * 64}, {"insecure": True}):
        profile = checked(server_name=given, **more)
        assert profile.server_name == profile.trust.server_name == meant
        assert fields_of(profile)["server_name"] == meant


@pytest.mark.parametrize("name", ["https://db1", "db1:9443", "db 1", "", "-x"])
def test_what_is_no_name_is_no_server_name(name: str) -> None:
    assert wrong(server_name=name).key == "nodes.a.server_name"


def test_a_server_name_goes_with_https() -> None:
    assert wrong(url="http://127.0.0.1:8080", server_name="db1").key == "nodes.a.server_name"
