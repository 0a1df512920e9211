"""One look at each node, for the command line: asked once, side by side."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tui.config import Configuration, NodeProfile
from tui.credentials import Passwords
from tui.fleet.fleet import Fleet
from tui.fleet.polling.identity import REBIND
from tui.fleet.polling.poller import NodeWatch
from tui.model.filters import Query, Scope, arrange
from tui.model.reading import Trouble, TroubleKind
from tui.model.service import Service

_LOOK_ONLY = "read-only: a status is only looked at"


@dataclass(frozen=True, slots=True)
class Glance:
    """What one node answered; with `trouble`, it could not be asked and `services` is empty.

    An answer that was followed by a refusal of the same login counts as none.
    """

    profile: NodeProfile
    services: tuple[Service, ...]
    scope: Scope
    trouble: Trouble | None

    @property
    def problems(self) -> int:
        """How many services somebody should look at."""
        return sum(one.health(self.scope.disabled).is_problem for one in self.services)

    def arranged(self) -> list[Service]:
        """List the services, problems first."""
        return arrange(self.services, Query(), self.scope)


def asked(
    configuration: Configuration,
    profiles: Sequence[NodeProfile],
    passwords: Passwords,
    *,
    read_only: str,
) -> Fleet:
    """Ask `profiles` once, and give the fleet that did; `read_only` says why it may no more."""
    wanted = replace(configuration, nodes=tuple(profiles))
    return asyncio.run(_asked(wanted, passwords, read_only))


async def _asked(configuration: Configuration, passwords: Passwords, read_only: str) -> Fleet:
    fleet = Fleet(configuration, read_only=read_only, passwords=passwords)
    await fleet.ask_once()
    return fleet


def glance(
    configuration: Configuration, profiles: Sequence[NodeProfile], passwords: Passwords
) -> list[Glance]:
    """Ask `profiles` once and give what they said, in their order."""
    fleet = asked(configuration, profiles, passwords, read_only=_LOOK_ONLY)
    glances = []
    for profile in profiles:
        watch = fleet.watch(profile.name)
        scope = Scope(watch.facts.optional, watch.facts.disabled)
        trouble = watch.reading.trouble or stranger(watch)
        services = () if trouble else watch.reading.services
        glances.append(Glance(profile, services, scope, trouble))
    return glances


def stranger(watch: NodeWatch) -> Trouble | None:
    """Say so where another node than that of the profile answered: its services are not meant.

    One that does not say who it is may be looked at all the same.
    """
    who = watch.wrong_node
    if not who or watch.facts.identity.uid is None:
        return None
    where = f"{watch.name} ({watch.profile.url})"
    return Trouble(TroubleKind.UNAVAILABLE, f"{where}: {who}", REBIND)
