from dataclasses import replace
from pathlib import Path

import pytest

from tests.fleet.conftest import profile
from tui.config import NodeProfile
from tui.fleet.onboarding.discovery import propose_profiles
from tui.model.cluster import Member
from tui.model.trust import AuthorityTrust, PinnedTrust, SystemTrust, Trust

CA = AuthorityTrust(Path("/etc/ca.pem"))


def proposed(source: NodeProfile, member: Member) -> NodeProfile:
    """Return the profile that is proposed for a member beside the source's own."""
    [found] = propose_profiles(source, [member], [source], {})
    assert found.is_new
    assert found.profile is not None
    return found.profile


def test_the_external_address_is_offered_where_there_is_one() -> None:
    source = profile("https://db1.example:9443", trust=CA)
    member = Member(2, "10.0.0.2", ("203.0.113.2", "203.0.113.3"))
    assert proposed(source, member).url == "https://203.0.113.2:9443"
    assert proposed(source, replace(member, external=())).url == "https://10.0.0.2:9443"


def test_a_profile_is_found_by_an_external_address() -> None:
    source = profile("https://203.0.113.1:9443", trust=CA)
    [found] = propose_profiles(source, [Member(1, "10.0.0.1", ("203.0.113.1",))], [source], {})
    assert (found.profile, found.is_new) == (source, False)


@pytest.mark.parametrize("trust", [CA, SystemTrust()])
def test_under_an_address_the_name_of_the_first_node_is_checked(trust: Trust) -> None:
    source = profile("https://db.example:9443", trust=trust)
    assert proposed(source, Member(2, "10.0.0.2")).server_name == "db.example"
    named = replace(source, trust=replace(trust, server_name="payments.example"))
    assert proposed(named, Member(2, "10.0.0.2")).server_name == "payments.example"
    by_address = replace(source, url="https://10.0.0.1:9443")
    assert proposed(by_address, Member(2, "10.0.0.2")).server_name == ""


def test_a_pinned_certificate_needs_no_name() -> None:
    source = profile("https://db.example:9443", trust=PinnedTrust("0" * 64))
    assert proposed(source, Member(2, "10.0.0.2")).trust == source.trust
