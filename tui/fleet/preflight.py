"""The last look before an order leaves: same node, same services, as the operator saw. Pure."""

from collections.abc import Iterable, Sequence

from tui.model.cluster import Member
from tui.model.node import Identity, Role, same_host
from tui.model.order import Order, Seen
from tui.model.service import Service


class Changed(Exception):
    """What the operator saw is not so any more; the text says what is."""


def check_services(order: Order, identity: Identity, services: Sequence[Service]) -> None:
    """Raise Changed unless the node is the one meant and its services stand as they were seen.

    `identity` is what the node says of itself; a hostname that it does not tell is not missed.
    """
    meant = order.target.identity
    where = f"answers at {order.target.url}, meant was"
    if meant.uid is not None and identity.uid != meant.uid:
        who = (
            "a node that does not tell its uid" if identity.uid is None else f"node:{identity.uid}"
        )
        raise Changed(f"{who} {where} node:{meant.uid}")
    told = identity.hostname
    if meant.hostname and told and not same_host(told, meant.hostname):
        raise Changed(f"{told} {where} {meant.hostname}")
    now = {service.name: service for service in services}
    for seen in order.services:
        _check(seen, now.get(seen.name))


def _check(seen: Seen, now: Service | None) -> None:
    if now is None:
        raise Changed(f"{seen.name} is not on the node any more")
    if now.status != seen.status:
        raise Changed(f"{seen.name} changed since you looked: {seen.status} → {now.status}")
    if now.started_at != seen.started_at:
        raise Changed(f"{seen.name} was restarted since you looked")


def check_target(order: Order, members: Iterable[Member]) -> None:
    """Raise Changed unless the node meant is the primary, as `POST /v1/services` needs."""
    primary = next((member for member in members if member.role is Role.PRIMARY), None)
    meant = order.target.identity.uid
    if meant is None or primary is None:
        raise Changed("which node is primary cannot be told, and /v1/services acts on that one")
    if primary.uid != meant:
        raise Changed(f"node:{primary.uid} is primary now, meant was node:{meant}")
