"""What is copied of a row, as text."""

import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tui.config import AskSource, CommandSource, NodeProfile
from tui.model.filters import ServiceKinds
from tui.model.service import Service
from tui.model.trust import AuthorityTrust, ClientCertificate, NoTrust, PinnedTrust, SystemTrust
from tui.ui.format.copy_text import curl_text, row_text, selected_text

STARTED = datetime(2024, 5, 13, 18, 38, tzinfo=UTC)
PIN = "ab" * 32
URL = "https://db1.example:9443"


def profile(**more: object) -> NodeProfile:
    base = NodeProfile("node1", URL, "admin@x.example", AskSource(), SystemTrust())
    return replace(base, **more)


def test_a_row_has_six_fields_with_tabs_between() -> None:
    service = Service("alert_mgr", "RUNNING", STARTED, 60)
    row = row_text("node1", service, 3661, ServiceKinds(frozenset({"alert_mgr"})))
    assert row == "node1\talert_mgr\tRUNNING\t01:01:01\t2024-05-13T18:38:00Z\toptional"


def test_a_row_of_which_little_is_known_keeps_its_fields() -> None:
    row = row_text("node1", Service("ccs", "STOPPED"), None, ServiceKinds())
    assert row.split("\t") == ["node1", "ccs", "STOPPED", "", "", "unknown"]


def test_no_control_character_is_in_a_row_but_its_tabs() -> None:
    row = row_text("n\t1", Service("a\tb\x1b]52;c;x\x07", "x\ny"), 1, ServiceKinds())
    assert row.count("\t") == 5
    assert row.replace("\t", "").isprintable()


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (SystemTrust(), []),
        (AuthorityTrust(Path("/etc/my ca.pem")), ["--cacert", "/etc/my ca.pem"]),
        (NoTrust(), ["--insecure"]),
    ],
)
def test_the_curl_trusts_as_the_profile_does(trust: object, words: list[str]) -> None:
    curl = shlex.split(curl_text(profile(trust=trust)))
    path = f"{URL}/v1/local/services"
    assert curl == ["curl", "--user", "admin@x.example", *words, path]


def test_a_pin_that_curl_cannot_check_is_a_comment_and_never_insecure() -> None:
    first, second = curl_text(profile(trust=PinnedTrust(PIN))).splitlines()
    assert first.startswith(f"# pinned: sha256:{PIN}")
    assert shlex.split(second)[0] == "curl"
    assert "insecure" not in second
    assert "-k" not in shlex.split(second)


def test_no_part_of_the_password_is_in_the_curl() -> None:
    curl = curl_text(profile(password=CommandSource(("pass", "show", "redis/secret-place"))))
    assert "secret-place" not in curl
    assert ":" not in shlex.split(curl)[2]


def test_the_curl_is_quoted_for_a_shell() -> None:
    curl = curl_text(profile(username="a; rm -rf $HOME 'x'"))
    assert shlex.split(curl)[2] == "a; rm -rf $HOME 'x'"


def test_the_curl_shows_the_certificate_and_goes_by_the_proxy_of_the_profile() -> None:
    own = ClientCertificate(Path("/me.pem"), Path("/me.key"))
    curl = shlex.split(curl_text(profile(username="", client=own, proxy="http://proxy:3128")))
    assert curl[1:7] == ["--cert", "/me.pem", "--key", "/me.key", "--proxy", "http://proxy:3128"]


def test_the_curl_checks_the_server_name_of_the_profile() -> None:
    curl = shlex.split(curl_text(profile(trust=SystemTrust(server_name="db.example"))))
    assert curl[-3:] == [
        "--connect-to",
        "db.example:9443:db1.example:9443",
        "https://db.example:9443/v1/local/services",
    ]


def test_what_was_selected_is_clean_line_by_line() -> None:
    assert selected_text("one\x1b[2J\ntwo\u202e") == "one\u241b[2J\ntwo\ufffd"
