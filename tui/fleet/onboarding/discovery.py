"""Find the nodes of a cluster from one good profile, and propose profiles for them.

Nothing but GETs is sent, and the login's token call. All nodes are polled with one login, and one
password at a time is on its way: once refused, it is sent to no other node.
"""

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path

from tui.api.errors import ApiError, LoginRefused, Unavailable, Unreachable
from tui.config import (
    ConfigError,
    Configuration,
    NodeProfile,
    check_profile,
    fields_of,
    save_profile,
)
from tui.credentials import Passwords
from tui.fleet.login.shared_login import Login, LoginStopped, login_key
from tui.fleet.polling.identity import REBIND, IdentityCheck
from tui.fleet.polling.node_connection import NodeConnection
from tui.fleet.polling.poller import NodePoller
from tui.model.cluster import ClusterFacts, Member
from tui.model.dataclass import dataclass
from tui.model.node import Identity, Role, same_host
from tui.model.reading import Trouble, TroubleKind
from tui.model.trust import AuthorityTrust, SystemTrust, Trust

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class ProfileProposal:
    """A member, and its profile: one that is there, or the one that `is_new`.

    `why_not` says why there can be none; then `profile` is None.
    """

    member: Member
    profile: NodeProfile | None
    is_new: bool = False
    why_not: str = ""


def propose_profiles(
    source: NodeProfile,
    members: Sequence[Member],
    profiles: Sequence[NodeProfile],
    known: Mapping[str, Identity],
) -> tuple[ProfileProposal, ...]:
    """Match members to profiles and propose one, made after `source`, for each that has none.

    `known` is who the nodes of profiles say they are, by profile.
    """
    matched = _match(source, members, profiles, known)
    names = {one.name for one in profiles}
    taken = {one.url: one for one in profiles}
    proposals = []
    for member in members:
        found = matched.get(member.uid)
        if found is not None:
            hostname = known.get(found.name, Identity()).hostname
            named = replace(member, hostname=hostname or member.hostname)
            proposals.append(ProfileProposal(named, found))
            continue
        proposal = _new(source, member, names, taken)
        if proposal.profile is not None:
            names.add(proposal.profile.name)
            taken[proposal.profile.url] = proposal.profile
        proposals.append(proposal)
    return tuple(proposals)


def _match(
    source: NodeProfile,
    members: Sequence[Member],
    profiles: Sequence[NodeProfile],
    known: Mapping[str, Identity],
) -> dict[int, NodeProfile]:
    """Find each member's profile: by uid in the same cluster, else by address and port."""
    group = [one for one in profiles if one is source or _is_of(one, source)]
    uids = {
        one.name: known.get(one.name, Identity()).uid if one.uid is None else one.uid
        for one in group
    }
    matched: dict[int, NodeProfile] = {}
    for one in group:
        uid = uids[one.name]
        if uid is not None and any(member.uid == uid for member in members):
            matched.setdefault(uid, one)
    left = [one for one in profiles if one.uid is None and uids.get(one.name) is None]
    port = _port(source)
    for member in members:
        names = (member.address, member.hostname, *member.external)
        places = {_place(name, port) for name in names if name}
        there = next((one for one in left if one.host in places), None)
        if member.uid not in matched and there is not None:
            matched[member.uid] = there
            left.remove(there)
    return matched


def _is_of(profile: NodeProfile, source: NodeProfile) -> bool:
    return bool(source.cluster) and profile.cluster == source.cluster


def _port(profile: NodeProfile) -> str:
    return profile.host.rpartition(":")[2]


def _place(address: str, port: str) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address.lower()}:{port}"


def _new(
    source: NodeProfile, member: Member, names: set[str], taken: Mapping[str, NodeProfile]
) -> ProfileProposal:
    address = next(iter(member.external), member.address)
    if not address:
        return ProfileProposal(member, None, why_not="the cluster does not report its address")
    scheme = source.url.partition("://")[0]
    wanted = replace(
        source,
        name=_name(source, member, names),
        url=f"{scheme}://{_place(address, _port(source))}",
        trust=_trust(source, address),
        label="",
        uid=member.uid,
        hostname=member.hostname,
    )
    try:
        profile = check_profile(wanted.name, fields_of(wanted), folder=Path("/"))
    except ConfigError as error:
        return ProfileProposal(
            member, None, why_not=f"no profile can be made of it: {error.reason}"
        )
    twin = taken.get(profile.url)
    if twin is not None:
        why = f"it is listed under the address of {twin.name}: add it by the address it has for you"
        return ProfileProposal(member, None, why_not=why)
    return ProfileProposal(member, profile, is_new=True)


def _trust(source: NodeProfile, address: str) -> Trust:
    """Return the trust of a new profile.

    Under a bare address, an authority's certificate is checked against the name under which the
    source was reached: the nodes of a cluster present one certificate, made out to names.
    """
    trust, name = source.trust, source.server_name or source.address
    by_name = isinstance(trust, AuthorityTrust | SystemTrust) and source.url.startswith("https")
    if not by_name or not _is_address(address) or _is_address(name):
        return trust
    return replace(trust, server_name=name)


def _name(source: NodeProfile, member: Member, names: set[str]) -> str:
    """Return a name that no profile has: the host's, else that of cluster and node."""
    by_cluster = _cleaned(f"{source.cluster or 'cluster'}-node{member.uid}")
    host = "" if _is_address(member.hostname) else member.hostname.partition(".")[0]
    first = _cleaned(host) or by_cluster
    numbered = (f"{by_cluster[: _LONGEST - 4]}-{number}" for number in range(2, len(names) + 3))
    return next(name for name in (first, by_cluster, *numbered) if name not in names)


def _cleaned(text: str) -> str:
    return _NOT_IN_A_NAME.sub("-", text).strip("-")[:_LONGEST]


def _is_address(hostname: str) -> bool:
    try:
        ipaddress.ip_address(hostname)
    except ValueError:
        return False
    return True


class DiscoveryResult(Enum):
    """What came of asking a node who it is; the value is the word for it."""

    KNOWN = "has a profile"
    ITSELF = "answers"
    UNREACHABLE = "unreachable"
    STRANGER = "another node"
    REFUSED = "login refused"
    UNTOLD = "does not say who it is"
    NOT_ASKED = "not polled"


@dataclass(frozen=True, slots=True)
class DiscoveredNode:
    """A member of the cluster and its profile, there or proposed, as it would be written.

    `text` says what was found in a sentence.
    """

    member: Member
    profile: NodeProfile | None
    is_new: bool
    meeting: DiscoveryResult
    text: str

    @property
    def name(self) -> str:
        """The profile's name, or what to call a node that can have none."""
        return self.profile.name if self.profile else f"node:{self.member.uid}"

    @property
    def may_be_added(self) -> bool:
        """Whether its profile can be written: never that of another node."""
        return (
            self.is_new
            and self.profile is not None
            and self.meeting is not DiscoveryResult.STRANGER
        )

    @property
    def lacks_identity(self) -> bool:
        """Whether it has a profile that does not say who its node is."""
        profile = self.profile
        return not self.is_new and profile is not None and _identified(self) != profile


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the node of `source` says of its cluster.

    With `trouble` it could not be polled, or did not say it. `notes` are sentences on what is
    missing, and what to do.
    """

    source: NodeProfile
    cluster: str = ""
    found: tuple[DiscoveredNode, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: Trouble | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every node has a profile or could have one; never so where none was found."""
        well = (DiscoveryResult.KNOWN, DiscoveryResult.ITSELF)
        is_found = self.trouble is None and bool(self.found)
        return is_found and all(node.meeting in well for node in self.found)


LoginConsent = Callable[[tuple[DiscoveredNode, ...]], Awaitable[bool]]
"""Returns whether the login may be sent to the new ones of these nodes, which nothing polled yet.
"""


async def discover_cluster(
    configuration: Configuration,
    profile: NodeProfile,
    passwords: Passwords,
    timeout: float,
    *,
    known: Mapping[str, Identity] | None = None,
    consent: LoginConsent | None = None,
) -> Discovery:
    """Return the nodes of a profile's cluster, each polled for who it is.

    `timeout` is in seconds, for each answer; `known` is who the nodes of profiles say they are, as
    far as that is known already, by profile. Nothing is sent to a node without a profile where
    `consent` returns False, nor before it returns; without it, whoever calls has consented.
    """
    login = Login.of(profile, passwords.refused)
    line = NodeConnection(profile, login, passwords, timeout, lambda: False)
    try:
        async with line.hold() as reader:
            identity = await _or_unknown(reader.identity())
            facts = await reader.cluster_facts()
    except LoginStopped:
        return Discovery(profile, trouble=login.trouble_at(profile.name))
    except ApiError as error:
        return Discovery(profile, trouble=_explained(error, configuration))
    finally:
        await line.shut()
    check = IdentityCheck(profile)
    check.answered(identity)
    if check.wrong:
        return Discovery(profile, trouble=Trouble(TroubleKind.UNAVAILABLE, check.wrong, REBIND))
    identities = {**(known or {}), profile.name: identity}
    unnamed = [
        one for one in configuration.nodes if one.name not in identities and _shares(one, profile)
    ]
    identities |= await _ask_names(unnamed, login, passwords, timeout)
    proposals = propose_profiles(profile, facts.members, configuration.nodes, identities)
    listed = tuple(map(_listed, proposals))
    has_new = any(node.is_new and node.profile for node in listed)
    if consent is not None and has_new and not await consent(listed):
        return Discovery(profile, facts.name, listed, _notes(profile, facts))
    for proposal in proposals:
        if proposal.is_new and proposal.profile is not None:
            login.share_session(profile, proposal.profile)
    found = await _meet_all(proposals, login, passwords, timeout)
    return Discovery(profile, facts.name, found, _notes(profile, facts))


async def _or_unknown(asking: Awaitable[Identity]) -> Identity:
    try:
        return await asking
    except (LoginRefused, Unreachable):
        raise
    except ApiError:
        return Identity()


def _explained(error: ApiError, configuration: Configuration) -> Trouble:
    """Return the trouble with what helps: a node that redirects the call is a replica."""
    if not isinstance(error, Unavailable) or not 300 <= error.status < 400:
        return error.trouble
    host = error.location.partition("://")[2].partition("/")[0].lower()
    there = next((one.name for one in configuration.nodes if one.host == host), "")
    what = f"discover from {there}, which is there" if there else "add a profile for that one first"
    return replace(error.trouble, hint=f"only the primary reports: {what}")


def _notes(profile: NodeProfile, facts: ClusterFacts) -> tuple[str, ...]:
    notes = [
        f"not reported: {path}: {facts.gaps[path]}; the user needs at least the role cluster_viewer"
        for path in ("/v1/nodes", "/v1/nodes/status")
        if path in facts.gaps
    ]
    if not profile.cluster:
        notes.append(
            f"{profile.name} names no cluster, so the new profiles share neither login nor roles "
            "with it: give it a `cluster` first"
        )
    return tuple(notes)


def _shares(one: NodeProfile, source: NodeProfile) -> bool:
    """Whether a profile of the same cluster does not say who its node is, and can be asked."""
    same = one.cluster == source.cluster != "" and one.login is source.login
    return same and one.uid is None and login_key(one) == login_key(source)


async def _ask_names(
    profiles: Iterable[NodeProfile], login: Login, passwords: Passwords, timeout: float
) -> dict[str, Identity]:
    """Return who the nodes of profiles are, as far as they say it."""

    async def ask(profile: NodeProfile) -> tuple[str, Identity]:
        try:
            return profile.name, await _name_of(profile, login, passwords, timeout)
        except (ApiError, LoginStopped):
            return profile.name, Identity()

    answers = dict(await asyncio.gather(*map(ask, profiles)))
    return {name: found for name, found in answers.items() if found.uid is not None}


async def _name_of(
    profile: NodeProfile, login: Login, passwords: Passwords, timeout: float
) -> Identity:
    """Return who a node is. Raises ApiError and LoginStopped."""
    line = NodeConnection(profile, login, passwords, timeout, lambda: False)
    try:
        async with line.hold() as reader:
            return await reader.identity()
    finally:
        await line.shut()


async def _meet_all(
    proposals: Iterable[ProfileProposal], login: Login, passwords: Passwords, timeout: float
) -> tuple[DiscoveredNode, ...]:
    """Poll all side by side; the login is never proven here, so passwords leave one by one."""
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(_meet(one, login, passwords, timeout)) for one in proposals]
    return tuple(one.result() for one in asking)


def _listed(proposal: ProfileProposal) -> DiscoveredNode:
    """Return a node as the cluster lists it, with nothing sent to it."""
    member, profile = proposal.member, proposal.profile
    if profile is None:
        return DiscoveredNode(member, None, True, DiscoveryResult.NOT_ASKED, proposal.why_not)
    if not proposal.is_new:
        text = f"has the profile {profile.name}"
        return DiscoveredNode(member, profile, False, DiscoveryResult.KNOWN, text)
    return DiscoveredNode(member, profile, True, DiscoveryResult.NOT_ASKED, "nothing was sent yet")


async def _meet(
    proposal: ProfileProposal, login: Login, passwords: Passwords, timeout: float
) -> DiscoveredNode:
    member, profile = proposal.member, proposal.profile
    if profile is None or not proposal.is_new:
        return _listed(proposal)
    try:
        identity = await _name_of(profile, login, passwords, timeout)
    except LoginStopped:
        text = "not polled: the login was refused elsewhere, and five refusals lock the user"
        return DiscoveredNode(member, profile, True, DiscoveryResult.NOT_ASKED, text)
    except ApiError as error:
        return DiscoveredNode(member, profile, True, _meeting(error), str(error))
    return _compared(member, profile, identity)


def _meeting(error: ApiError) -> DiscoveryResult:
    if isinstance(error, LoginRefused):
        return DiscoveryResult.REFUSED
    return DiscoveryResult.UNREACHABLE if isinstance(error, Unreachable) else DiscoveryResult.UNTOLD


def _compared(member: Member, profile: NodeProfile, identity: Identity) -> DiscoveredNode:
    """Compare what a node says of itself with what the cluster says of it."""
    if identity.uid is None:
        text = f"{profile.host} answers, and does not say who it is"
        return DiscoveredNode(member, profile, True, DiscoveryResult.UNTOLD, text)
    who = f"node:{identity.uid} {identity.hostname}".strip()
    is_named_so = not (identity.hostname and member.hostname) or same_host(
        identity.hostname, member.hostname
    )
    if identity.uid != member.uid or not is_named_so:
        meant = f"node:{member.uid} {member.hostname}".strip()
        text = f"{profile.host} answers as {who}, the cluster lists {meant} there"
        return DiscoveredNode(member, profile, True, DiscoveryResult.STRANGER, text)
    # Its own word for its name: that is what it will be compared with.
    kept = replace(profile, hostname=identity.hostname or profile.hostname)
    return DiscoveredNode(member, kept, True, DiscoveryResult.ITSELF, f"answers as {who}")


def _identified(found: DiscoveredNode) -> NodeProfile | None:
    """Return an existing profile with uid and hostname, where it lacks them."""
    profile, member = found.profile, found.member
    if profile is None:
        return None
    return replace(profile, uid=member.uid, hostname=profile.hostname or member.hostname)


def add_profiles(configuration: Configuration, chosen: Iterable[DiscoveredNode]) -> Configuration:
    """Write new profiles, and into those that are there who their nodes are.

    Those that may not be added are left out. Gives the configuration as it is then. Raises
    ConfigError; what was written before it stays.
    """
    for one in chosen:
        before = configuration.node(one.profile.name) if one.profile and not one.is_new else None
        wanted = one.profile if one.may_be_added else _identified(one)
        if wanted is None or not (one.may_be_added or one.lacks_identity):
            continue
        configuration = save_profile(
            configuration.path,
            wanted.name,
            fields_of(wanted),
            replacing=before.name if before else None,
            digest=configuration.digest,
        )
    return configuration


def source_node_for(nodes: Sequence[NodePoller], name: str) -> str:
    """Return the name of the node to discover from: the primary, where `name` is a replica."""
    picked = next((node for node in nodes if node.name == name), None)
    if picked is None or picked.facts.identity.role is not Role.REPLICA:
        return name
    if not picked.profile.cluster:
        return name
    return next((node.name for node in nodes if _is_primary_of(node, picked)), name)


def _is_primary_of(node: NodePoller, replica: NodePoller) -> bool:
    """Whether `node` is the primary of the cluster of `replica`, and can be polled."""
    same = node.profile.cluster == replica.profile.cluster and node.reading.is_good
    return same and not node.wrong_node and node.facts.identity.role is Role.PRIMARY


async def discover_from(
    nodes: Sequence[NodePoller],
    configuration: Configuration,
    profile: NodeProfile,
    consent: LoginConsent | None = None,
) -> Discovery:
    """Find the nodes of a watched node's cluster, with its login as it is now."""
    known = {node.name: node.identity for node in nodes if not node.wrong_node}
    passwords = Passwords()
    login = next((node.login for node in nodes if node.name == profile.name), None)
    if login is not None:
        passwords.refused = login.memory
        if login.secret is not None:
            passwords.keep(profile, login.secret)
    timeout = configuration.settings.timeout
    return await discover_cluster(
        configuration, profile, passwords, timeout, known=known, consent=consent
    )
