"""Whom a running fleet asks for the nodes of a cluster, and with which password."""

from tui.config import Configuration, NodeProfile
from tui.credentials import Passwords
from tui.fleet.fleet import Fleet
from tui.fleet.onboarding.discovery import Discovery, discover
from tui.fleet.polling.poller import NodeWatch
from tui.model.node import Role


def teller_for(fleet: Fleet, node: str) -> str:
    """Name the node to ask for the cluster of `node`: the primary, if `node` is a replica."""
    if node not in fleet:
        return node
    one = fleet.watch(node)
    if one.facts.identity.role is not Role.REPLICA or not one.profile.cluster:
        return node
    return next((other.name for other in fleet.nodes if _tells_of(other, one)), node)


def _tells_of(other: NodeWatch, one: NodeWatch) -> bool:
    """Whether `other` is the primary of the cluster of `one`, and can be asked."""
    same = other.profile.cluster == one.profile.cluster and other.reading.is_good
    return same and not other.wrong_node and other.facts.identity.role is Role.PRIMARY


async def discover_from(
    fleet: Fleet, configuration: Configuration, profile: NodeProfile
) -> Discovery:
    """Find the nodes of a watched node's cluster, with its login as it is now."""
    known = {one.name: one.identity for one in fleet.nodes if not one.wrong_node}
    passwords = Passwords()
    secret = fleet.watch(profile.name).login.secret
    if secret is not None:
        passwords.keep(profile, secret)
    timeout = configuration.settings.timeout
    return await discover(configuration, profile, passwords, timeout, known)
