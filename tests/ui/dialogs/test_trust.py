"""The certificate of a node on the screen: shown, compared, pinned, and never accepted by a key."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Button, Input

from tests.certificates import DAY, NOW, self_signed
from tests.faultserver import serving
from tests.fleet.conftest import Play
from tests.ui.conftest import Deck, open_deck, posts
from tui.api.tls.certificate import fingerprint
from tui.config import Configuration, load
from tui.sim.server import SimulatedCluster
from tui.ui.dialogs.order import OrderDialog
from tui.ui.dialogs.trust import TrustDialog
from tui.ui.screens.nodes import NodesScreen

pytestmark = pytest.mark.real_time

WRONG = "ab" * 32
UNCHECKED, INSECURE = "INSECURE: certificate not verified", " INSECURE "


def trusting(
    served: SimulatedCluster, folder: Path, trust: str = "", more: str = ""
) -> Configuration:
    """Write a configuration of one node of a cluster."""
    path = folder / "config.toml"
    path.write_text(
        f"# ours\n[settings]\nrefresh = 0.5\n\n[nodes.node1]\n"
        f'url = "{served.urls[1]}"  # here\nusername = "admin@demo.local"\n{trust}\n{more}\n',
        encoding="utf-8",
    )
    path.chmod(0o600)
    return load(path, must_exist=True)


def bare(served: SimulatedCluster) -> str:
    return served.fingerprint.removeprefix("sha256:")


async def met(deck: Deck) -> TrustDialog:
    """Wait until the trust screen has its facts, and hears."""
    await deck.until(lambda: isinstance(deck.app.screen, TrustDialog))
    screen = deck.app.screen
    assert isinstance(screen, TrustDialog)
    await deck.until(lambda: screen._presented is not None and screen.is_armed)
    await deck.settle()
    return screen


async def type_digits(deck: Deck, digits: str) -> None:
    """Type into the field of the trust screen; anew where it did not take them all."""
    field = deck.app.screen.query_one("#digits", Input)
    while field.value != digits:
        await deck.until(lambda: not field.disabled)
        await deck.alone()
        await deck.press("end", *["backspace"] * len(field.value), *digits)


async def test_first_contact_opens_the_certificate_once_and_typed_digits_pin_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(trusting(served, tmp_path), size=(80, 24)) as deck:
        await met(deck)
        await deck.shows("Certificate of node1", "sha256:", "valid", "api_cert.pem", "issuer")
        assert not served.cluster.requests  # P11
        await type_digits(deck, bare(served)[:8])
        await deck.press_until("enter", lambda: deck.app.screen is deck.app.deck)
        await deck.shows("32/32 ok")
    text = (tmp_path / "config.toml").read_text()
    assert f'fingerprint = "{served.fingerprint}"' in text
    assert "# ours" in text
    assert "# here" in text


async def test_the_certificate_does_not_open_by_itself_again_and_t_opens_it(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    before = trusting(served, tmp_path)
    async with open_deck(before) as deck:
        await met(deck)
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        asked_at = deck.fleet.watch("node1").reading.asked_at
        await deck.press("ctrl+r")
        await deck.until(lambda: deck.fleet.watch("node1").reading.asked_at > asked_at)
        await deck.settle()
        assert deck.app.screen is deck.app.deck
        await deck.press("T")
        await met(deck)
    assert load(tmp_path / "config.toml", must_exist=True).digest == before.digest


async def test_other_digits_write_nothing(served: SimulatedCluster, tmp_path: Path) -> None:
    before = trusting(served, tmp_path)
    async with open_deck(before) as deck:
        for typed in ("0" * 8, "", "yes", bare(served)[:7]):
            await met(deck)
            await type_digits(deck, typed)
            await deck.refuses("enter", "Nothing was written")
            assert isinstance(deck.app.screen, TrustDialog)
            await deck.press("escape")
            await deck.until(lambda: deck.app.screen is deck.app.deck)
            await deck.press("T")
    assert load(tmp_path / "config.toml", must_exist=True).digest == before.digest


async def test_what_is_typed_ahead_or_pasted_pins_nothing(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    before = trusting(served, tmp_path, f'ca_file = "{served.write_ca(tmp_path / "ca.pem")}"')
    async with open_deck(before) as deck:
        await deck.shows("32/32 ok")
        deck.burst("T", *bare(served)[:8], "enter")
        screen = await met(deck)
        assert screen.query_one("#digits", Input).value == ""
        paste = events.Paste(f"{bare(served)}\n")
        paste.set_sender(deck.app)
        await deck.app.on_event(paste)
        # On a busy machine the key may seem to come with the paste, and decides nothing then.
        await deck.refuses("enter", "Nothing was written")
        assert screen.query_one("#digits", Input).value == ""
    assert load(tmp_path / "config.toml", must_exist=True).digest == before.digest


async def test_a_changed_certificate_is_explained_and_no_key_accepts_it(  # P12, case 18
    served: SimulatedCluster, tmp_path: Path
) -> None:
    before = trusting(served, tmp_path, f'fingerprint = "sha256:{WRONG}"')
    async with open_deck(before, size=(120, 40)) as deck:
        await deck.shows("NOT TRUSTED", "presents another certificate")
        assert deck.app.screen is deck.app.deck
        await deck.press("T")
        screen = await met(deck)
        await deck.shows(f"sha256:{WRONG}", served.fingerprint, "valid", "line 8")
        await deck.shows("Possible man-in-the-middle", "rsdeck trust node1", "--was", "--yes")
        assert screen.query_one("#certificate").has_class("-dangerous")
        assert not screen.query(Input)
        assert not screen.query(Button)
        for size in ((80, 24), (60, 20)):
            await deck.resize(*size)
            await deck.shows("down shows the rest · esc close", "--yes")
            await deck.press(*["pagedown"] * 12)
            await deck.shows("compare")
            await deck.until(lambda: "down shows the rest" not in deck.text)
            await deck.shows("esc close")
            await deck.press(*["pageup"] * 12)
        await deck.resize(120, 40)
        for key in ("enter", "y", "Y", "a", "p", "s", "t", "T", "tab", "space", "ctrl+s", "f1"):
            await deck.press(key)
        await deck.press(*bare(served)[:8], "enter")
        assert deck.app.screen is screen
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        # Neither does the form offer it.
        await deck.press("E")
        await deck.form()
        deck.app.screen.query_one("#typed", Input).value = "demo-password"
        await deck.press("ctrl+t")
        await deck.until(
            lambda: "another certificate" in str(deck.app.screen.query_one("#found").render())
        )
        assert not deck.app.screen.query_one("#pin").display
    assert load(tmp_path / "config.toml", must_exist=True).digest == before.digest
    assert not served.cluster.requests


async def test_a_renewed_certificate_of_all_nodes_replaces_all_pins_at_once(  # P12
    served: SimulatedCluster, tmp_path: Path
) -> None:
    first = trusting(served, tmp_path, f'fingerprint = "sha256:{WRONG}"', 'cluster = "demo"')
    with first.path.open("a", encoding="utf-8") as file:
        file.write(
            f'[nodes.node2]\nurl = "{served.urls[2]}"\nusername = "admin@demo.local"\n'
            f'fingerprint = "sha256:{WRONG}"\ncluster = "demo"\n'
        )
    async with open_deck(load(first.path, must_exist=True), size=(120, 40)) as deck:
        await deck.shows("NOT TRUSTED")
        await deck.press("T")
        screen = await met(deck)
        await deck.shows(f"sha256:{WRONG}", "node1, node2", served.fingerprint, "2 profiles")
        await deck.until(lambda: not screen.query_one("#digits", Input).disabled)
        await type_digits(deck, bare(served)[:8])
        await deck.press_until("enter", lambda: deck.app.screen is not screen)
        pins = [str(profile.trust) for profile in load(first.path, must_exist=True).nodes]
        assert pins == [served.fingerprint] * 2
        # Without opening the deck again, the new pin is what is trusted.
        await deck.until(lambda: "NOT TRUSTED" not in deck.text)


async def test_a_pinned_node_shows_that_it_is_the_pinned_one(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(
        trusting(served, tmp_path, f'fingerprint = "{served.fingerprint}"')
    ) as deck:
        await deck.shows("32/32 ok")
        await deck.press("T")
        screen = await met(deck)
        await deck.shows("this is the certificate that the profile pins")
        assert not screen.query(Input)


async def test_a_node_that_is_gone_is_said(served: SimulatedCluster, tmp_path: Path) -> None:
    async with open_deck(
        trusting(served, tmp_path, f'fingerprint = "{served.fingerprint}"')
    ) as deck:
        await deck.shows("32/32 ok")
        served.cluster.power_off(1)
        await deck.press("T")
        await deck.shows("shows no certificate", "esc close")
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
async def test_not_checked_is_shown_on_every_screen_of_the_node_and_no_order_is_possible(
    size: tuple[int, int], served: SimulatedCluster, tmp_path: Path
) -> None:
    async with open_deck(trusting(served, tmp_path, "insecure = true"), size=size) as deck:
        await deck.all_known()
        await deck.shows(INSECURE)
        await deck.on("alert_mgr")
        await deck.press("r")
        await deck.until(
            lambda: any("not verified" in one.message for one in deck.app._notifications)
        )
        assert not isinstance(deck.app.screen, OrderDialog)
        await deck.press("n")
        await deck.shows(INSECURE)
        if isinstance(deck.app.screen, NodesScreen):
            assert UNCHECKED in deck.text
            await deck.press("escape")
        await deck.press("E")
        await deck.form()
        await deck.shows("INSECURE")
        await deck.press("escape")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
        await deck.press("L")
        await deck.shows("Log in", INSECURE)
    assert not posts(served)


@pytest.fixture
def expired(tmp_path: Path) -> Iterator[Configuration]:
    context, der = self_signed(tmp_path, NOW - 9 * DAY, NOW - 3 * DAY)
    with serving(Play(), tls=context) as server:
        path = tmp_path / "config.toml"
        path.write_text(
            f'[settings]\nrefresh = 0.5\n[nodes.old]\nurl = "{server.url}"\n'
            f'username = "me@example.com"\nfingerprint = "sha256:{fingerprint(der)}"\n',
            encoding="utf-8",
        )
        path.chmod(0o600)
        yield load(path, must_exist=True)


async def test_an_expired_pinned_certificate_works_with_a_banner_and_a_warning(  # P13, case 19
    expired: Configuration,
) -> None:
    async with open_deck(expired) as deck:
        await deck.all_known()
        await deck.shows("CERTIFICATE EXPIRED 3 d ago", "2/2 ok")
        await deck.on("alert_mgr")
        await deck.press("r")
        await deck.until(lambda: isinstance(deck.app.screen, OrderDialog))
        await deck.shows("CERTIFICATE EXPIRED 3 d ago; it is the certificate that")
        await deck.press("escape")


async def test_the_form_keeps_the_keys_that_it_does_not_show(
    served: SimulatedCluster, tmp_path: Path
) -> None:
    mutual = (
        'client_cert = "me.pem"  # by cron\nclient_key = "me.key"\nproxy = "http://127.0.0.1:9"'
    )
    before = trusting(served, tmp_path, f'fingerprint = "{served.fingerprint}"', mutual)
    async with open_deck(before) as deck:
        await deck.shows("was not polled")
        await deck.press("E")
        await deck.form()
        deck.app.screen.query_one("#username", Input).value = ""
        deck.app.screen.query_one("#label", Input).value = "eins"
        await deck.press("ctrl+s")
        await deck.until(lambda: deck.app.screen is deck.app.deck)
    text = (tmp_path / "config.toml").read_text()
    for line in mutual.splitlines():
        assert line in text
    assert "username" not in text
