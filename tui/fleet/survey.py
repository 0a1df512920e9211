"""One look at a cluster before a rollout, for the command line: asked once, with GETs alone."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tui.config import Configuration
from tui.credentials import Passwords
from tui.fleet.fleet import Fleet, barred
from tui.fleet.rollout.manager import place_of
from tui.fleet.rollout.planner import Place, Wish, make_plan
from tui.model.node import Role
from tui.model.rollout import Plan

_LOOK_ONLY = "read-only: a plan is only looked at"


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen of the nodes chosen, and the plan, or why there is none."""

    places: tuple[Place, ...]
    made: Plan | str

    @property
    def is_unasked(self) -> bool:
        """Whether a node, or what the cluster says of it, could not be had."""
        return any(
            one.reading.trouble is not None or one.role is Role.UNKNOWN for one in self.places
        )


def survey(
    configuration: Configuration,
    nodes: Sequence[str],
    services: Sequence[str],
    passwords: Passwords,
) -> Survey:
    """Ask all nodes of `configuration` once, and plan `services` over `nodes`."""
    return asyncio.run(_survey(configuration, nodes, services, passwords))


async def _survey(
    configuration: Configuration,
    nodes: Sequence[str],
    services: Sequence[str],
    passwords: Passwords,
) -> Survey:
    fleet = Fleet(configuration, read_only=_LOOK_ONLY, passwords=passwords)
    await fleet.ask_once()
    places = tuple(_seen(fleet, node) for node in dict.fromkeys(nodes))
    wish = Wish(1, tuple(services), time.monotonic(), datetime.now(UTC))
    return Survey(places, make_plan(wish, places))


def _seen(fleet: Fleet, node: str) -> Place:
    """Say how a node stands for a fleet that could order: this one only looks."""
    place = place_of(fleet, node)
    age = place.standing.age
    standing = replace(
        place.standing,
        read_only=barred(fleet.watch(node).profile),
        # All were asked just now, and who answered first has waited for the slowest.
        age=None if age is None else 0.0,
    )
    return replace(place, standing=standing)
