"""`rsdeck trust`: what is shown, what is written, and what never is."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import DAY, NOW, self_signed
from tests.cli.conftest import RSDECK, Command
from tests.faultserver import FaultServer, serving
from tests.proxyserver import proxying
from tests.pty import Terminal
from tests.test_imports import run
from tui.api.tls.certificate import fingerprint
from tui.ui.keymap import KEYS

TEXT = """\
# ours, ask Kim
[nodes.node1]
url = "{url}"  # the first
username = "me@example.com"
password_file = "pw"
{more}
# the end
"""
WRONG = "ab" * 32


class Node:
    """A node with a certificate of its own, and an rsdeck whose profile names it."""

    def __init__(self, server: FaultServer, der: bytes, rsdeck: Command) -> None:
        self.server, self.sha256, self.rsdeck = server, fingerprint(der), rsdeck
        self.profile()

    def profile(self, more: str = "", url: str = "") -> None:
        self.rsdeck.configure(TEXT.format(url=url or self.server.url, more=more))

    @property
    def written(self) -> str:
        return self.rsdeck.config_path.read_text(encoding="utf-8")

    @property
    def pinned(self) -> list[str]:
        return re.findall(r'^fingerprint = "sha256:(.*)"$', self.written, re.MULTILINE)


@pytest.fixture
def node(rsdeck: Command, tmp_path: Path) -> Iterator[Node]:
    context, der = self_signed(tmp_path, NOW - 9 * DAY, NOW - 3 * DAY)
    with serving(tls=context) as server:
        yield Node(server, der, rsdeck)
    assert server.received == 0  # whatever happened, no HTTP was spoken (P11)


def test_it_shows_all_that_is_to_be_compared(node: Node) -> None:
    ran = node.rsdeck.run("trust", "node1")
    assert ran.code == 2
    assert "--yes SHA256" in ran.err
    digits = node.sha256.upper()
    for words in (
        f"sha256:{node.sha256}",
        ":".join(digits[at : at + 2] for at in range(0, 64, 2)),
        "CN=node␛[2J, O=Redis",
        "itself (self-signed)",
        "node1.example, *.node1.example, 127.0.0.1, ::1",
        "CERTIFICATE EXPIRED 3 d ago",
        f"{NOW - 9 * DAY:%Y-%m-%d}",
        "the profile pins none; it trusts the system CAs",
        "openssl x509 -noout -fingerprint -sha256 -in /etc/opt/redislabs/api_cert.pem",
    ):
        assert words in ran.out
    assert "\x1b" not in ran.out
    assert not node.pinned


@pytest.mark.parametrize("form", ["sha256:{}", "{}", "SHA256 Fingerprint={colons}"])
def test_yes_with_the_right_fingerprint_pins_it_and_keeps_the_comments(
    node: Node, form: str
) -> None:
    digits = node.sha256.upper()
    colons = ":".join(digits[at : at + 2] for at in range(0, 64, 2))
    ran = node.rsdeck.run("trust", "node1", "--yes", form.format(node.sha256, colons=colons))
    assert ran.code == 0
    assert node.pinned == [node.sha256]
    for line in TEXT.format(url=node.server.url, more="").splitlines():
        assert line in node.written.splitlines()
    again = node.rsdeck.run("trust", "node1")
    assert again.code == 0
    assert "this is the certificate that the profile pins" in again.out


def test_yes_with_another_fingerprint_writes_nothing(node: Node) -> None:
    before = node.written
    ran = node.rsdeck.run("trust", "node1", "--yes", WRONG)
    assert (ran.code, node.written) == (1, before)
    assert "not the one that --yes names" in ran.err


@pytest.mark.parametrize("more", ['ca_file = "ca.pem"', "insecure = true"])
def test_a_pin_takes_the_place_of_other_trust(node: Node, more: str) -> None:
    node.profile(more)
    ran = node.rsdeck.run("trust", "node1", "--yes", node.sha256)
    assert ran.code == 0
    assert "in whose place the pin comes" in ran.out
    assert more not in node.written
    assert node.pinned == [node.sha256]


@pytest.mark.parametrize("known", [False, True])
def test_a_changed_certificate_is_explained_and_never_pinned(
    node: Node, known: bool
) -> None:  # P12
    node.profile(f'fingerprint = "sha256:{WRONG}"')
    before = node.written
    ran = node.rsdeck.run("trust", "node1", *(("--yes", node.sha256) if known else ()))
    assert (ran.code, node.written) == (1, before)
    assert f"pinned     sha256:{WRONG}" in ran.out
    assert f"presented  sha256:{node.sha256}" in ran.out
    assert "valid" in ran.out
    assert "config.toml, line 6, fingerprint" in ran.err
    assert f"rsdeck trust node1 --was sha256:{WRONG} --yes sha256:{node.sha256}" in ran.err


def test_a_pin_is_replaced_where_the_old_one_is_named_too(node: Node) -> None:
    node.profile(f'fingerprint = "sha256:{WRONG}"')
    ran = node.rsdeck.run("trust", "node1", "--was", WRONG, "--yes", node.sha256)
    assert ran.code == 0
    assert node.pinned == [node.sha256]
    assert f"pinned     sha256:{WRONG}" in ran.out
    assert ran.err.endswith(f"; an open deck reads it with {_reread()}\n")


def _reread() -> str:
    return next(key.keys for key in KEYS if key.id == "reread")


@pytest.mark.parametrize("pinned", [WRONG, None])
def test_a_pin_other_than_the_one_named_is_not_replaced(node: Node, pinned: str | None) -> None:
    node.profile(f'fingerprint = "sha256:{pinned}"' if pinned else "")
    before = node.written
    for was, known in (("cd" * 32, node.sha256), (WRONG, "cd" * 32)):
        ran = node.rsdeck.run("trust", "node1", "--was", was, "--yes", known)
        assert (ran.code, node.written) == (1, before)
        assert "nothing was written" in ran.err


@pytest.fixture
def cluster(node: Node) -> Iterator[Node]:
    """Two nodes of one cluster with one new certificate, and profiles that pin an old one."""
    with serving(tls=node.server.tls) as second:
        table = (
            '[nodes.node{}]\nurl = "{}"\nusername = "me@example.com"\ncluster = "demo"\n'
            f'fingerprint = "sha256:{WRONG}"  # pinned in May\n'
        )
        tables = (table.format(1, node.server.url), table.format(2, second.url))
        node.rsdeck.configure("# ours, ask Kim\n" + "".join(tables))
        yield node
    assert second.received == 0


@pytest.mark.parametrize("ways", ["typed", "named"])
def test_the_pins_of_a_cluster_are_replaced_after_one_confirmation(
    cluster: Node, ways: str
) -> None:
    """P12."""
    before = cluster.written
    argv = ("--was", WRONG, "--yes", cluster.sha256) if ways == "named" else ()
    typed = f"{cluster.sha256[:8]}\n" if ways == "typed" else ""
    ran = cluster.rsdeck.run("trust", "--cluster", "demo", *argv, typed=typed)
    assert ran.code == 0
    assert f"sha256:{WRONG}  node1, node2" in ran.out
    assert f"presented  sha256:{cluster.sha256}" in ran.out
    assert "openssl x509" in ran.out
    assert ran.err.endswith(f"; an open deck reads it with {_reread()}\n")
    # A comment on the line of a value that changes stays too.
    assert cluster.written == before.replace(WRONG, cluster.sha256)
    again = cluster.rsdeck.run("trust", "--cluster", "demo")
    assert again.code == 0
    assert "presents the certificate that its profile pins" in again.err


@pytest.mark.parametrize("argv", [("--yes", "{}"), ("--was", "cd" * 32, "--yes", "{}")])
def test_pins_of_a_cluster_other_than_the_one_named_stay(
    cluster: Node, argv: tuple[str, ...]
) -> None:
    before = cluster.written
    words = [word.format(cluster.sha256) for word in argv]
    ran = cluster.rsdeck.run("trust", "--cluster", "demo", *words)
    assert ran.code in (1, 2)
    assert "--was" in ran.err
    assert cluster.written == before


def test_typed_digits_that_no_node_presents_replace_nothing(cluster: Node) -> None:
    before = cluster.written
    ran = cluster.rsdeck.run("trust", "--cluster", "demo", typed="00000000\n")
    assert (ran.code, cluster.written) == (1, before)


def test_a_node_that_is_off_is_reported(rsdeck: Command, node: Node) -> None:
    with serving() as gone:
        url = gone.url.replace("http:", "https:")
    node.profile(url=url)
    ran = rsdeck.run("trust", "node1")
    assert ran.code == 3
    assert "shows no certificate" in ran.err


def test_through_a_proxy_it_is_the_same_certificate(node: Node) -> None:
    with proxying() as proxy:
        node.profile(f'proxy = "{proxy.url}"')
        ran = node.rsdeck.run("trust", "node1", "--yes", node.sha256)
        assert (ran.code, node.pinned) == (0, [node.sha256])
        assert f"through {proxy.url}" in ran.out


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("node2",), "no node 'node2'"),
        (("node1", "--yes", "abc"), "64 hexadecimal digits"),
        (("node1", "--yes"), "needs a value, SHA256: Pin this one"),
        ((), "name a NODE or a --cluster"),
        (("node1", "--cluster", "demo"), "name a NODE or a --cluster"),
        (("node1", "--was", WRONG), "--was goes with --yes"),
        (("--cluster", "demo"), "no profile has the cluster 'demo'; there are: none"),
    ],
)
def test_invalid_arguments_are_exit_code_2(node: Node, argv: tuple[str, ...], words: str) -> None:
    ran = node.rsdeck.run("trust", *argv)
    assert ran.code == 2
    assert words in ran.err
    assert node.server.connections == 0


def test_plain_http_has_no_certificate(node: Node) -> None:
    node.profile(url="http://127.0.0.1:8080")
    ran = node.rsdeck.run("trust", "node1")
    assert ran.code == 2
    assert "has no certificate" in ran.err


@pytest.mark.terminal
def test_on_a_terminal_the_first_digits_pin_it(node: Node) -> None:
    env = node.rsdeck.env | {"TERM": "xterm"}
    with Terminal((*RSDECK, "trust", "node1"), env) as terminal:
        terminal.shows("type the first 8 digits")
        terminal.send(f"{node.sha256[:8]}\n".encode())
        assert terminal.ends() == 0
    assert node.pinned == [node.sha256]


def test_the_digits_may_be_typed_as_openssl_prints_them(node: Node) -> None:
    digits = node.sha256.upper()
    keys = ":".join(digits[at : at + 2] for at in range(0, 10, 2))
    assert node.rsdeck.run("trust", "node1", typed=f"{keys}\n").code == 0
    assert node.pinned


@pytest.mark.parametrize("keys", ["", "y", "yes", "00000000", "{7}", "{8}0x"])
def test_anything_else_writes_nothing(node: Node, keys: str) -> None:
    before = node.written
    keys = keys.replace("{7}", node.sha256[:7]).replace("{8}", node.sha256[:8])
    assert node.rsdeck.run("trust", "node1", typed=f"{keys}\n").code == 1
    assert node.written == before


@pytest.mark.real_time
def test_it_is_light(node: Node, tmp_path: Path) -> None:
    argv = ("--config", str(node.rsdeck.config_path), "trust", "node1", "--yes", WRONG)
    code, _, imported = run(*argv, folder=tmp_path)
    assert code == 1
    assert not imported & {"textual", "rich", "httpx", "pydantic", "tomlkit"}
    _, _, imported = run("trust", "--help", folder=tmp_path)
    assert not imported & {"textual", "rich", "httpx", "pydantic", "asyncio"}
