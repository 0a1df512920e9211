"""The certificate of a cluster was renewed: when its pins may be replaced, and how."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.certificates import NOW, self_signed
from tests.faultserver import FaultServer, serving
from tests.fleet.conftest import profile
from tui.api.tls.certificate import fingerprint
from tui.config import Configuration, load
from tui.fleet.onboarding.certificate_renewal import (
    Renewal,
    RenewalBlock,
    fetch_renewal,
    renew_pins,
    renewal_facts,
    replace_pin,
)
from tui.fleet.onboarding.pinning import PresentedCertificate, certificate_facts
from tui.model.certificate import Certificate
from tui.model.trust import AuthorityTrust, PinnedTrust

OLD, NEW, OTHER = "aa" * 32, "bb" * 32, "cc" * 32


def written(folder: Path, *pins: str, urls: tuple[str, ...] = ()) -> Configuration:
    """Write a configuration with one profile for each pin, and load it."""
    path = folder / "config.toml"
    tables = [
        f'[nodes.n{number}]  # node {number}\nurl = "{url}"\nusername = "op"\n'
        f'cluster = "demo"\nfingerprint = "sha256:{pin}"  # pinned\nserver_name = "db"\n'
        for number, (pin, url) in enumerate(
            zip(pins, urls or [f"https://10.0.0.{n}" for n in range(len(pins))], strict=True), 1
        )
    ]
    path.write_text("# ours\n[notify]\nbell = ['lost']\n\n" + "\n".join(tables), encoding="utf-8")
    path.chmod(0o600)
    return load(path, must_exist=True)


def presenting(configuration: Configuration, *shown: str, **unreachable: str) -> Renewal:
    """Return the renewal of profiles whose nodes present these fingerprints."""
    reached = zip(configuration.nodes, shown, strict=False)
    return Renewal(
        tuple(PresentedCertificate(one, Certificate(sha)) for one, sha in reached),
        unreachable,
    )


@pytest.mark.parametrize(
    ("pins", "shown", "block"),
    [
        ([OLD, OLD], [NEW, NEW], None),
        ([OLD, OTHER], [NEW, NEW], None),  # each had its own
        ([OLD, NEW], [NEW, NEW], None),  # one was replaced before
        ([OLD, OLD], [OLD, OLD], RenewalBlock.UNCHANGED),
        ([OLD, OLD, OLD], [NEW, NEW, OLD], RenewalBlock.SOME_PRESENT_THE_PINNED),
        ([OLD, OLD], [NEW, OTHER], RenewalBlock.SEVERAL),
        ([OLD], [NEW], RenewalBlock.ONE_NODE),
        ([OLD, OLD], [NEW], RenewalBlock.ONE_NODE),  # the other one was not reached
        ([], [], RenewalBlock.NONE_PINNED),
    ],
)
def test_pins_are_replaced_only_where_all_nodes_present_one_new_certificate(
    pins: list[str], shown: list[str], block: RenewalBlock | None, tmp_path: Path
) -> None:
    """P12."""
    configuration = written(tmp_path, *pins)
    renewal = presenting(configuration, *shown)
    assert renewal.block is block
    if block is not None:
        before = configuration.path.read_bytes()
        with pytest.raises(ValueError, match="blocked"):
            renew_pins(configuration, renewal)
        assert configuration.path.read_bytes() == before


def test_where_no_node_is_reached_nothing_is_replaced(tmp_path: Path) -> None:
    renewal = presenting(written(tmp_path, OLD), n1="refused")
    assert Renewal((), renewal.unreachable).block is RenewalBlock.NONE_REACHED


def test_two_profiles_of_one_address_confirm_nothing(tmp_path: Path) -> None:
    configuration = written(tmp_path, OLD, OLD)
    first = configuration.nodes[0]
    twins = tuple(PresentedCertificate(first, Certificate(NEW)) for _ in range(2))
    assert Renewal(twins, {}).block is RenewalBlock.ONE_NODE


def test_all_profiles_get_the_new_pin_in_one_write_and_nothing_else_changes(tmp_path: Path) -> None:
    configuration = written(tmp_path, OLD, OLD, OLD)
    text = configuration.path.read_text(encoding="utf-8")
    after = renew_pins(configuration, presenting(configuration, NEW, NEW, n3="refused"))
    assert [node.trust for node in after.nodes] == [
        PinnedTrust(NEW, "db"),
        PinnedTrust(NEW, "db"),
        PinnedTrust(OLD, "db"),
    ]
    now = configuration.path.read_text(encoding="utf-8")
    assert now == text.replace(OLD, NEW, 2)
    assert after.digest != configuration.digest


def test_one_pin_is_replaced_where_the_old_one_is_named(tmp_path: Path) -> None:
    configuration = written(tmp_path, OLD, OLD)
    [contact] = presenting(configuration, NEW).reached
    for was in (NEW, OTHER, ""):
        with pytest.raises(ValueError, match="another"):
            replace_pin(configuration, contact, was)
    after = replace_pin(configuration, contact, OLD)
    assert [str(node.trust) for node in after.nodes] == [f"sha256:{NEW}", f"sha256:{OLD}"]


def test_the_facts_have_old_and_new_and_who_did_not_answer(tmp_path: Path) -> None:
    configuration = written(tmp_path, OLD, OLD, OTHER)
    facts = renewal_facts(presenting(configuration, NEW, NEW, NEW, n4="n4 refused it"), NOW)
    lines = [f"{fact.label} {fact.words}" for fact in facts]
    assert f"pinned sha256:{OLD}  n1, n2" in lines
    assert f"pinned sha256:{OTHER}  n3" in lines
    assert f"presented sha256:{NEW}" in lines
    assert "no answer n4: n4 refused it" in lines
    assert {"issuer", "names", "valid", "compare"} <= {fact.label for fact in facts}


def test_the_facts_of_a_blocked_one_name_who_presents_what(tmp_path: Path) -> None:
    configuration = written(tmp_path, OLD, OLD, OLD)
    lines = {f.label: f.words for f in renewal_facts(presenting(configuration, NEW, NEW, OLD), NOW)}
    assert lines["unchanged"].startswith("n3: ")
    several = renewal_facts(presenting(configuration, NEW, OTHER), NOW)
    assert [fact.words for fact in several if fact.label == "presented"] == [
        f"sha256:{NEW}  n1",
        f"sha256:{OTHER}  n2",
    ]


@pytest.fixture
def renewed(tmp_path: Path) -> Iterator[tuple[FaultServer, FaultServer, str]]:
    """Two nodes that present one certificate, and its fingerprint."""
    context, der = self_signed(tmp_path, NOW, NOW + timedelta(days=9))
    with serving(tls=context) as first, serving(tls=context) as second:
        yield first, second, fingerprint(der)


async def test_every_pinned_node_of_the_cluster_is_reached_without_http(
    renewed: tuple[FaultServer, FaultServer, str], tmp_path: Path, closed_port: int
) -> None:
    """P11."""
    first, second, sha256 = renewed
    gone = f"https://127.0.0.1:{closed_port}"
    configuration = written(tmp_path, OLD, OLD, OLD, urls=(first.url, second.url, gone))
    renewal = await fetch_renewal(configuration, "demo", 2)
    assert [one.shown.sha256 for one in renewal.reached] == [sha256] * 2
    assert set(renewal.unreachable) == {"n3"}
    assert renewal.block is None
    assert renewal.agrees(sha256[:8])
    assert not renewal.agrees(sha256[:7])
    assert (first.received, second.received) == (0, 0)
    assert (await fetch_renewal(configuration, "other", 2)).block is RenewalBlock.NONE_PINNED


def test_the_trust_screen_names_the_key_of_a_ca_file_and_not_its_value() -> None:
    """P9: it may be a password written into the wrong key."""
    source = profile("https://db1:9443", trust=AuthorityTrust(Path("/hunter2"), "line 4, ca_file"))
    facts = certificate_facts(PresentedCertificate(source, Certificate(NEW)), NOW)
    words = " ".join(fact.words for fact in facts)
    assert "a CA file (line 4, ca_file)" in words
    assert "hunter2" not in words
