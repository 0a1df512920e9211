"""A cluster's members → the profiles that they have, and those that they could have. Pure."""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tui.config import ConfigError, NodeProfile, check_profile, fields_of
from tui.model.cluster import Member
from tui.model.node import Identity
from tui.model.records import dataclass
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
