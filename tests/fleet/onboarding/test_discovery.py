"""From one good profile to its whole cluster: found, asked who they are, written down."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.certificates import self_signed
from tests.faultserver import FaultServer, Peer, always, answer, serving
from tests.fleet.conftest import (
    ADMIN,
    BOOTSTRAP,
    NODES,
    PASSWORD,
    STATES,
    VIEWER,
    VIEWER_PASSWORD,
    Play,
    keeping,
    profile,
    said,
)
from tui.config import Configuration, NodeProfile, load
from tui.credentials import Passwords, Secret
from tui.fleet.onboarding.discovery import (
    DiscoveredNode,
    Discovery,
    DiscoveryResult,
    add_profiles,
    discover_cluster,
    propose_profiles,
)
from tui.model.cluster import Member
from tui.model.node import Environment, Identity, Role
from tui.model.trust import AuthorityTrust, PinnedTrust, SystemTrust, Trust
from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

TIMEOUT = 3.0


@pytest.fixture
def secure() -> Iterator[SimulatedCluster]:
    with SimulatedCluster(Cluster(4), spread=True) as served:
        yield served


def write(folder: Path, *tables: str) -> Configuration:
    path = folder / "config.toml"
    path.write_text("# ours, ask Kim\n\n" + "\n".join(tables) + "\n# the end\n", encoding="utf-8")
    path.chmod(0o600)
    return load(path, must_exist=True)


def table(name: str, url: str, trust: str, more: str = 'cluster = "demo"') -> str:
    return f'[nodes.{name}]\nurl = "{url}"  # {name} here\nusername = "{ADMIN}"\n{trust}\n{more}\n'


def pinned(served: SimulatedCluster) -> str:
    return f'fingerprint = "{served.fingerprint}"'


async def look(
    configuration: Configuration,
    name: str = "node1",
    password: str = PASSWORD,
    *,
    timeout: float = TIMEOUT,
    **more: Any,
) -> Discovery:
    profile = configuration.node(name)
    assert profile is not None
    passwords = keeping(configuration.nodes, password)
    return await discover_cluster(configuration, profile, passwords, timeout, **more)


def meetings(found: Discovery) -> dict[int, DiscoveryResult]:
    return {one.member.uid: one.meeting for one in found.found}


async def test_nothing_is_sent_to_a_node_without_a_profile_before_consent(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write(tmp_path, table("first", secure.urls[1], pinned(secure)))
    polled_before: list[set[int]] = []
    listed: list[tuple[DiscoveredNode, ...]] = []

    async def consent(nodes: tuple[DiscoveredNode, ...]) -> bool:
        polled_before.append({one.uid for one in secure.cluster.requests})
        listed.append(nodes)
        return True

    found = await look(configuration, "first", consent=consent)
    assert polled_before == [{1}]
    assert [(node.member.uid, node.meeting) for node in listed[0]] == [
        (1, DiscoveryResult.KNOWN),
        *((uid, DiscoveryResult.NOT_ASKED) for uid in (2, 3, 4)),
    ]
    assert found.is_whole


async def test_without_consent_the_nodes_are_listed_and_nothing_is_sent_to_new_ones(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write(tmp_path, table("first", secure.urls[1], pinned(secure)))

    async def consent(_: tuple[DiscoveredNode, ...]) -> bool:
        return False

    found = await look(configuration, "first", consent=consent)
    assert meetings(found)[4] is DiscoveryResult.NOT_ASKED
    assert not found.is_whole
    assert {one.uid for one in secure.cluster.requests} == {1}


async def test_no_consent_is_asked_for_where_every_node_has_a_profile(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    tables = [table(f"n{uid}", secure.urls[uid], pinned(secure)) for uid in (1, 2, 3, 4)]
    configuration = write(tmp_path, *tables)

    async def consent(_: tuple[DiscoveredNode, ...]) -> bool:
        raise AssertionError

    assert (await look(configuration, "n1", consent=consent)).is_whole


async def test_from_one_profile_all_nodes_are_found_and_asked_who_they_are(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    more = 'cluster = "demo"\nenvironment = "staging"\nlabel = "eins"\npassword_env = "PW_DEMO"'
    configuration = write(tmp_path, table("first", secure.urls[1], pinned(secure), more))
    found = await look(configuration, "first")
    assert found.trouble is None
    assert found.notes == ()
    assert found.is_whole
    assert found.cluster == "demo.cluster.local"
    assert meetings(found) == {
        1: DiscoveryResult.KNOWN,
        **dict.fromkeys((2, 3, 4), DiscoveryResult.ITSELF),
    }
    second = found.found[1]
    assert second.member.role is Role.REPLICA
    assert second.member.version == secure.cluster.version
    profile, source = second.profile, configuration.node("first")
    assert profile is not None
    assert source is not None
    assert profile == replace(
        source,
        name="node2",
        url=secure.urls[2],
        label="",
        uid=2,
        hostname="node2.demo.cluster.local",
    )
    assert profile.environment is Environment.STAGING
    assert isinstance(profile.trust, PinnedTrust)
    sent = {one.path for one in secure.cluster.requests if one.method != "GET"}
    assert sent <= {"/v1/users/authorize"}
    assert (tmp_path / "config.toml").read_bytes().startswith(b"# ours")


async def test_what_is_chosen_is_written_and_bound_and_the_comments_stay(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write(tmp_path, table("node1", secure.urls[1], pinned(secure)))
    found = await look(configuration)
    chosen = [one for one in found.found if one.member.uid != 4]
    after = add_profiles(configuration, chosen)
    assert [(one.name, one.uid, one.hostname) for one in after.nodes] == [
        (f"node{uid}", uid, f"node{uid}.demo.cluster.local") for uid in (1, 2, 3)
    ]
    text = (tmp_path / "config.toml").read_text()
    for comment in ("# ours, ask Kim", "# node1 here", "# the end"):
        assert comment in text
    assert "password" not in text
    assert after == load(tmp_path / "config.toml", must_exist=True)
    again = await look(after)
    assert meetings(again) == {
        **dict.fromkeys((1, 2, 3), DiscoveryResult.KNOWN),
        4: DiscoveryResult.ITSELF,
    }
    assert not any(one.lacks_identity for one in again.found)


async def test_sources_of_passwords_and_paths_are_written_by_reference_only(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD, encoding="utf-8")
    secret.chmod(0o600)
    ca = secure.write_ca(tmp_path / "ca.pem")
    more = 'cluster = "demo"\npassword_file = "secret"'
    configuration = write(tmp_path, table("node1", secure.urls[1], f'ca_file = "{ca.name}"', more))
    profile = configuration.node("node1")
    assert profile is not None
    found = await discover_cluster(configuration, profile, Passwords(), TIMEOUT)
    after = add_profiles(configuration, found.found)
    assert len(after.nodes) == 4
    assert {one.password for one in after.nodes} == {profile.password}
    assert {one.trust for one in after.nodes} == {profile.trust}
    text = (tmp_path / "config.toml").read_text()
    assert PASSWORD not in text
    assert 'password_file = "secret"' in text  # the line that was there stays as it was written


async def test_profiles_are_known_by_uid_in_their_cluster_and_else_by_address(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    trust = pinned(secure)
    configuration = write(
        tmp_path,
        table("node1", secure.urls[1], trust),
        table("zwei", secure.urls[2], trust, ""),
        table("drei", "https://10.9.9.9:9443", trust, 'cluster = "demo"\nuid = 3'),
        table("other", "https://10.9.9.8:9443", trust, 'cluster = "else"\nuid = 4'),
    )
    found = await look(configuration)
    names = {one.member.uid: (one.name, one.is_new) for one in found.found}
    assert names == {
        1: ("node1", False),
        2: ("zwei", False),
        3: ("drei", False),
        4: ("node4", True),
    }
    after = add_profiles(configuration, found.found)
    zwei = after.node("zwei")
    assert zwei is not None
    assert (zwei.uid, zwei.cluster) == (2, "")


async def test_nodes_of_profiles_that_do_not_say_who_they_are_are_asked(
    tmp_path: Path,
) -> None:
    """So that a node which is reached by another address than its own is not added twice."""
    with SimulatedCluster(Cluster(3)) as served:
        tables = [table(f"mine{uid}", url, pinned(served)) for uid, url in served.urls.items()]
        found = await look(write(tmp_path, *tables), "mine1")
        assert [(one.name, one.is_new) for one in found.found] == [
            (f"mine{uid}", False) for uid in (1, 2, 3)
        ]
        after = add_profiles(load(tmp_path / "config.toml", must_exist=True), found.found)
        assert [one.uid for one in after.nodes] == [1, 2, 3]


async def test_known_identities_find_their_profiles(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write(
        tmp_path,
        table("node1", secure.urls[1], pinned(secure)),
        table("far", "https://10.9.9.9:9443", pinned(secure)),
    )
    found = await look(configuration, known={"far": Identity(uid=3, hostname="three")})
    third = found.found[2]
    assert (third.name, third.is_new, third.lacks_identity) == ("far", False, True)
    far = add_profiles(configuration, [third]).node("far")
    assert far is not None
    assert (far.uid, far.hostname) == (3, "three")


async def test_a_node_that_does_not_answer_is_reported_with_the_reason(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write(tmp_path, table("node1", secure.urls[1], pinned(secure)))
    secure.cluster.power_off(3)
    found = await look(configuration)
    assert not found.is_whole
    third = found.found[2]
    assert third.meeting is DiscoveryResult.UNREACHABLE
    assert "refused the connection" in third.text
    assert third.may_be_added
    assert meetings(found)[4] is DiscoveryResult.ITSELF


async def test_a_replica_redirects_and_the_hint_names_the_primary(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    tables = [table(f"node{uid}", secure.urls[uid], pinned(secure)) for uid in (2, 1)]
    found = await look(write(tmp_path, *tables), "node2")
    assert found.found == ()
    assert found.trouble is not None
    assert "redirect to 127.0.0.1" in found.trouble.text
    assert found.trouble.hint == "only the primary reports: discover from node1, which is there"
    alone = await look(write(tmp_path, tables[0]), "node2")
    assert alone.trouble is not None
    assert "add a profile for that one first" in alone.trouble.hint
    assert {one.uid for one in secure.cluster.requests} == {2}


async def test_a_wrong_password_is_shown_to_one_node_once(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    secure.cluster.logins.challenges = True
    found = await look(
        write(tmp_path, table("node1", secure.urls[1], pinned(secure))), password="x"
    )
    assert found.trouble is not None
    assert "does not accept" in found.trouble.text
    assert len(secure.cluster.requests) == 1


async def test_without_a_password_nothing_is_sent(secure: SimulatedCluster, tmp_path: Path) -> None:
    configuration = write(tmp_path, table("node1", secure.urls[1], pinned(secure)))
    found = await discover_cluster(configuration, configuration.nodes[0], Passwords(), TIMEOUT)
    assert found.trouble is not None
    assert not secure.cluster.requests


async def test_a_cluster_that_takes_tokens_alone_is_discovered_with_one_token(
    tmp_path: Path,
) -> None:
    with SimulatedCluster(Cluster(4, basic_authentication=False), spread=True) as served:
        found = await look(write(tmp_path, table("node1", served.urls[1], pinned(served))))
        assert found.is_whole
        posts = [one for one in served.cluster.requests if one.method == "POST"]
        assert [one.path for one in posts] == ["/v1/users/authorize"]


async def test_a_viewer_may_discover_too(secure: SimulatedCluster, tmp_path: Path) -> None:
    text = table("node1", secure.urls[1], pinned(secure)).replace(ADMIN, VIEWER)
    assert (await look(write(tmp_path, text), password=VIEWER_PASSWORD)).is_whole


async def test_nodes_that_are_all_listed_under_one_address_get_no_profile(tmp_path: Path) -> None:
    with SimulatedCluster(Cluster(2)) as served:
        served.cluster.node(2).addr = served.cluster.node(1).addr
        found = await look(write(tmp_path, table("node1", served.urls[1], pinned(served))))
        second = found.found[1]
        assert (second.meeting, second.profile) == (DiscoveryResult.NOT_ASKED, None)
        assert "listed under the address of node1" in second.text
        assert not second.may_be_added
        assert (
            add_profiles(load(tmp_path / "config.toml", must_exist=True), [second]).nodes[0].uid
            is None
        )


async def test_from_the_wrong_node_nothing_is_discovered(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    more = 'cluster = "demo"\nuid = 7'
    found = await look(write(tmp_path, table("node1", secure.urls[1], pinned(secure), more)))
    assert found.trouble is not None
    assert "node:1 answers here, the profile is of node:7" in found.trouble.text


async def test_a_profile_without_a_cluster_gets_a_note_on_what_that_costs(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    found = await look(write(tmp_path, table("node1", secure.urls[1], pinned(secure), "")))
    assert found.is_whole
    assert "names no cluster" in found.notes[0]
    assert len({one.name for one in found.found}) == 4


class Liars:
    """A cluster played by fault servers, each at an address of its own and all on one port."""

    def __init__(self, stack: contextlib.ExitStack, **scripts: Any) -> None:
        self.first = Play(1)
        self.servers: dict[int, FaultServer] = {}
        members = [{"uid": uid, "addr": f"127.0.9.{uid}"} for uid in range(1, len(scripts) + 2)]
        states = {
            str(one["uid"]): {"hostname": f"host{one['uid']}", "role": "slave"} for one in members
        }
        self.first.get(NODES, said(members))
        self.first.get(STATES, said(states))
        port = 0
        for uid, script in enumerate((self.first, *scripts.values()), 1):
            served = serving(script, host=f"127.0.9.{uid}", port=port)
            self.servers[uid] = stack.enter_context(served)
            port = self.servers[uid].port


async def test_a_member_that_answers_as_another_node_is_never_added(tmp_path: Path) -> None:
    impostor, renamed = Play(9), Play(3)
    renamed.get(BOOTSTRAP, said({"local_node_info": {"uid": "3", "hostname": "elsewhere"}}))
    with contextlib.ExitStack() as stack:
        cluster = Liars(stack, second=impostor, third=renamed, fourth=Play(4))
        configuration = write(tmp_path, table("node1", cluster.servers[1].url, ""))
        found = await look(configuration)
        assert meetings(found) == {
            1: DiscoveryResult.KNOWN,
            2: DiscoveryResult.STRANGER,
            3: DiscoveryResult.STRANGER,
            4: DiscoveryResult.ITSELF,
        }
        assert "answers as node:9 host9, the cluster lists node:2 host2" in found.found[1].text
        after = add_profiles(configuration, found.found)
        assert [one.name for one in after.nodes] == ["node1", "host4"]


async def test_one_node_that_refuses_the_login_stops_the_asking_of_all(tmp_path: Path) -> None:
    refusing = always("no", 401)
    with contextlib.ExitStack() as stack:
        cluster = Liars(stack, a=refusing, b=refusing, c=refusing, d=refusing, e=refusing)
        found = await look(write(tmp_path, table("node1", cluster.servers[1].url, "")))
        told = list(meetings(found).values())
        assert told.count(DiscoveryResult.REFUSED) == 1
        assert told.count(DiscoveryResult.NOT_ASKED) == 4
        asked = [one for uid in range(2, 7) for one in cluster.servers[uid].asked]
        assert len(asked) == 2  # a login for a token, and a GET
        assert not found.is_whole


async def test_another_certificate_gets_neither_password_nor_profile_by_itself(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    port = int(secure.urls[1].rpartition(":")[2])
    secure.cluster.node(4).addr = "127.0.9.9"
    tls, _ = self_signed(tmp_path)
    with serving(Play(4), host="127.0.9.9", port=port, tls=tls) as impostor:
        found = await look(write(tmp_path, table("node1", secure.urls[1], pinned(secure))))
        assert impostor.asked == []
        assert impostor.received == 0
    fourth = found.found[3]
    assert fourth.meeting is DiscoveryResult.UNREACHABLE
    assert "certificate" in fourth.text


@pytest.mark.real_time
async def test_a_node_that_hangs_keeps_no_other_from_being_asked(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        cluster = Liars(stack, second=Peer.hang, third=Play(3), fourth=answering_nothing)
        configuration = write(tmp_path, table("node1", cluster.servers[1].url, ""))
        found = await look(configuration, timeout=0.8)
        assert meetings(found)[2] is DiscoveryResult.UNREACHABLE
        assert meetings(found)[3] is DiscoveryResult.ITSELF
        assert meetings(found)[4] is DiscoveryResult.UNTOLD


def answering_nothing(peer: Peer) -> None:
    while peer.read() is not None:
        peer.answer("{}")


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([{"uid": 1, "addr": "127.0.9.1"}, {"uid": 2}], "does not report its address"),
        ([{"uid": 2, "addr": "10.0.0.1/x?y"}], "no profile can be made of it"),
        ([{"uid": 2, "addr": "me:secret@10.0.0.1"}], "no profile can be made of it"),
        ([{"uid": 2, "addr": "\x1b]0;x\x07"}], "no profile can be made of it"),
    ],
)
async def test_an_impossible_address_is_reported(
    listed: list[Any], words: str, tmp_path: Path
) -> None:
    with contextlib.ExitStack() as stack:
        cluster = Liars(stack)
        cluster.first.get(NODES, said(listed))
        cluster.first.get(STATES, said({}))
        found = await look(write(tmp_path, table("node1", cluster.servers[1].url, "")))
        assert words in found.found[-1].text


@pytest.mark.parametrize(
    ("hostname", "name"),
    [
        ("db 7!.corp.example", "db-7"),
        ("node1.corp", "demo-node2"),  # node1 is taken
        ("10.0.0.2", "demo-node2"),
        ("", "demo-node2"),
        ("…", "demo-node2"),
        ("x" * 80, "x" * 64),
    ],
)
async def test_a_new_profile_has_a_valid_name_that_is_its_own(
    hostname: str, name: str, tmp_path: Path
) -> None:
    with contextlib.ExitStack() as stack:
        cluster = Liars(stack, second=Play(2))
        cluster.first.get(STATES, said({"2": {"hostname": hostname}}))
        found = await look(write(tmp_path, table("node1", cluster.servers[1].url, "")))
        second = found.found[1]
        assert second.name == name


async def test_a_cluster_that_lists_nothing_says_which_call_failed(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        cluster = Liars(stack, second=Play(2))
        cluster.first.get(NODES, answer('{"description": "not for you"}', 403))
        found = await look(write(tmp_path, table("node1", cluster.servers[1].url, "")))
        assert "not reported: /v1/nodes:" in found.notes[0]
        assert "not for you" in found.notes[0]
        assert all("does not report its address" in one.text for one in found.found[1:])


async def test_a_secret_given_once_is_not_asked_for_again(
    secure: SimulatedCluster, tmp_path: Path
) -> None:
    configuration = write(tmp_path, table("node1", secure.urls[1], pinned(secure), ""))
    passwords = Passwords()
    passwords.keep(configuration.nodes[0], Secret(PASSWORD))
    found = await discover_cluster(configuration, configuration.nodes[0], passwords, TIMEOUT)
    assert found.is_whole


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
