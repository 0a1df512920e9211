"""Which endpoints of databases are back on a node after its proxy was started or restarted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.api.errors import ApiError, LoginRefused, gap_of
from tui.model.context import ClusterContext, EndpointAvailability
from tui.model.records import dataclass

if TYPE_CHECKING:
    from tui.api.client import NodeReader


def databases_on(context: ClusterContext, uid: int | None) -> tuple[int, ...]:
    """Return the uids of the databases that have an endpoint on a node, as far as it is known."""
    return tuple(
        database.uid
        for database in context.databases.value or ()
        if any(uid in (endpoint.nodes or ()) for endpoint in database.endpoints or ())
    )


@dataclass(frozen=True, slots=True)
class EndpointCount:
    """How many endpoints that were on a node are back, and how many are missing.

    `elsewhere` are not on the node any more; `gap` is why others are not known, empty if none.
    """

    back: int = 0
    missing: int = 0
    elsewhere: int = 0
    gap: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to wait for."""
        return not self.missing and not self.gap

    def __str__(self) -> str:
        """Return it as part of a verdict: `5 of 5 endpoints back`."""
        here = self.back + self.missing
        parts = [f"{self.back} of {here} endpoint{'' if here == 1 else 's'} back"] if here else []
        if self.elsewhere:
            parts.append(f"{self.elsewhere} not on this node now")
        if self.gap:
            parts.append(f"endpoints not known: {self.gap}")
        return ", ".join(parts)


async def count_endpoints(client: NodeReader, databases: Iterable[int]) -> EndpointCount:
    """Read which endpoints of a node are available (7.8 and later). Raises LoginRefused."""
    found, gap = [], ""
    for uid in databases:
        try:
            found.append(await client.endpoint_availability(uid))
        except LoginRefused:
            raise
        except ApiError as error:
            gap = gap or gap_of(error)
    back = found.count(EndpointAvailability.AVAILABLE)
    elsewhere = found.count(EndpointAvailability.NONE)
    if found and elsewhere == len(found):
        # A version without the call answers the same as a node without the endpoint.
        return EndpointCount(gap=gap or "not reported")
    return EndpointCount(back, len(found) - back - elsewhere, elsewhere, gap)
