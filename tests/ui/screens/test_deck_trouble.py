"""Bad answers and lost links: the last good rows stay, and the node says what happened."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faultserver import Peer, Script, answer, once, routes, serving
from tests.ui.conftest import open_deck, write_configuration
from tui.config import Configuration, load
from tui.sim.server import SimulatedCluster

pytestmark = pytest.mark.real_time

SERVICES = {
    "alert_mgr": {
        "start_time": "2024-05-13T18:38:00Z",
        "status": "RUNNING",
        "uptime": "3 days, 0:58:59",
    },
    "ccs": {"start_time": "2024-05-13T18:38:00Z", "status": "RUNNING", "uptime": "0:21:27"},
}
GOOD = json.dumps(SERVICES)


def one_node(url: str, folder: Path, more: str = "") -> Configuration:
    path = folder / "config.toml"
    path.write_text(
        f"[settings]\nrefresh = 0.5\ntimeout = 1\n"
        f'[nodes.odd]\nurl = "{url}"\nusername = "me@example.com"\n{more}',
        encoding="utf-8",
    )
    path.chmod(0o600)
    return load(path, must_exist=True)


def then(bad: Script) -> Callable[[list[int]], Script]:
    """Answer the first question for services well, and every later one badly."""

    def make(count: list[int]) -> Script:
        def script(peer: Peer) -> None:
            while (asked := peer.read()) is not None:
                if asked.path != "/v1/local/services":
                    peer.answer("{}", 404)
                    continue
                count[0] += 1
                if count[0] == 1:
                    peer.answer(GOOD)
                    continue
                bad(peer)
                return

        return script

    return make


def says(data: bytes) -> Script:
    return lambda peer: peer.send(data)


HTML = "<html><body>503 upstream</body></html>"


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (says(answer(HTML, Content_Type="text/html")), ["BAD ANSWER"]),
        (says(answer(GOOD)[:-20]), ["odd"]),
        (says(answer('{"a": "' + "x" * 5_000_000 + '"}')), ["4 MiB"]),
        (says(answer("[" * 100_000)), ["BAD ANSWER"]),
        (says(answer('{"alert_mgr": 7}')), ["alert_mgr"]),
        (says(answer("{}")), ["odd"]),
        (says(answer("[]")), ["BAD ANSWER"]),
        (says(answer("null")), ["BAD ANSWER"]),
        (says(answer(b"\xff\xfe\x00")), ["BAD ANSWER"]),
        (says(answer('{"error_code": "x", "description": "no [b]way[/b]"}', 500)), ["500"]),
        (says(answer("", 503)), ["503"]),
        (says(answer("", 302, Location="https://evil.example/")), ["redirect"]),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n"), ["odd"]),
        (says(b""), ["odd"]),
        (lambda peer: peer.reset(), ["odd"]),
        (lambda peer: peer.hang(), ["odd"]),
    ],
    ids=[
        "html", "cut", "huge", "nested", "wrong type", "empty object", "list", "null",
        "not utf-8", "500", "503", "redirect", "no http", "closed", "reset", "hang",
    ],
)  # fmt: skip
async def test_the_last_good_rows_stay_and_the_bad_answer_is_described(
    bad: Script, words: list[str], tmp_path: Path
) -> None:
    count = [0]
    with serving(then(bad)(count)) as server:
        async with open_deck(one_node(server.url, tmp_path)) as deck:
            await deck.until(lambda: count[0] > 1)
            await deck.shows(" for ", *words)
            assert "alert_mgr" in deck.table.row_keys
            assert "evil.example" not in "".join(one.path for one in server.asked)
    assert not server.posts


async def test_a_server_that_speaks_only_the_three_calls_can_be_watched(tmp_path: Path) -> None:
    with serving(routes({"/v1/local/services": answer(GOOD)})) as server:
        async with open_deck(one_node(server.url, tmp_path)) as deck:
            await deck.shows("alert_mgr", "3d 00:5", "2/2 ok")
            await deck.on("alert_mgr")
            await deck.refuses("r", "not known to be optional")
            await deck.press("d")
            await deck.shows("so treated as required")
    assert not server.posts


async def test_a_closed_port_is_one_clear_sentence(tmp_path: Path, closed_port: int) -> None:
    """Case 1."""
    address = f"127.0.0.1:{closed_port}"
    async with open_deck(one_node(f"https://{address}", tmp_path)) as deck:
        await deck.shows("odd", address, "refused the connection", "is the node up")
        await deck.shows("This node has not answered yet")


async def test_a_name_that_does_not_resolve_is_one_clear_sentence(tmp_path: Path) -> None:
    """Case 27."""
    async with open_deck(one_node("https://nowhere.invalid:9443", tmp_path)) as deck:
        await deck.shows("nowhere.invalid", "odd")


async def test_an_unknown_certificate_is_one_clear_sentence_and_gets_no_password(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(one_node(served.urls[1], tmp_path)) as deck:
        await deck.shows("NOT TRUSTED", "odd")
        await deck.polls()
    assert not served.cluster.requests


async def test_a_certificate_other_than_the_pinned_one_is_refused(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P11, P12, case 18."""
    pin = f'fingerprint = "sha256:{"ab" * 32}"\n'
    async with open_deck(one_node(served.urls[1], tmp_path, pin)) as deck:
        await deck.shows("NOT TRUSTED", "odd")
        for size in ((80, 24), (60, 20)):
            await deck.resize(*size)
            await deck.press("P")
            await deck.shows("not trusted: certificate changed", "pinned", "presented")
            # A line of a narrow screen holds no whole digest.
            whole = "".join(deck.text.split())
            assert "ab" * 32 in whole
            assert served.fingerprint in whole
            await deck.press("P")
            await deck.until(lambda: deck.app.screen is deck.app.deck)
    assert not served.cluster.requests


async def test_a_lost_node_keeps_its_rows_dims_them_says_stale_and_comes_back(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P18."""
    async with open_deck(write_configuration(served, tmp_path)) as deck:
        await deck.all_known()
        await deck.on("mdns_server")
        await deck.press("space")
        served.cluster.power_off(1)
        await deck.shows("UNREACHABLE", "STALE", "last good answer", "next try in")
        assert len(deck.table.row_keys) == 32
        await deck.until(lambda: all(deck.table.row(key).dim for key in deck.table.visible_keys))
        await deck.press("r")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        served.cluster.power_on(1)
        await deck.until(lambda: "STALE" not in deck.text)
        await deck.until(lambda: "UNREACHABLE" not in deck.text)
        assert deck.table.cursor_key is not None
        assert deck.table.marks == {"mdns_server"}


async def test_one_node_that_hangs_does_not_hold_up_another(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    """P15."""
    with serving(lambda peer: peer.hang()) as server:
        path = tmp_path / "config.toml"
        path.write_text(
            "[settings]\nrefresh = 0.5\ntimeout = 60\n"
            f'[nodes.stuck]\nurl = "{server.url}"\nusername = "a@b"\n'
            f'[nodes.well]\nurl = "{served.urls[1]}"\nusername = "admin@demo.local"\n'
            f'cluster = "demo"\nfingerprint = "{served.fingerprint}"\n',
            encoding="utf-8",
        )
        path.chmod(0o600)
        async with open_deck(load(path, must_exist=True)) as deck:
            await deck.press("2")
            await deck.until(lambda: len(served.cluster.requests) > 8)
            await deck.shows("32/32 ok")
            assert deck.fleet.watch("stuck").reading.answered_at is None


async def test_rubbish_that_ends_a_connection_is_survived_again_and_again(
    tmp_path: Path,
) -> None:
    """P16."""
    with serving(once(b"\x00" * 64), once(answer(GOOD))) as server:
        async with open_deck(one_node(server.url, tmp_path)) as deck:
            await deck.shows("alert_mgr", "2/2 ok")
