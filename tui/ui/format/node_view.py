"""What the screens show of a node at one moment: data goes down to the widgets as this."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tui.fleet.polling.poller import NodePoller
from tui.model.filters import ServiceKinds
from tui.model.node import Environment, Identity, NodeFacts, Role
from tui.model.reading import Reading
from tui.model.service import Service, ServiceCounts


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as it stands; `now` is monotonic, and so is `next_at`.

    `facts` are of the node that answers, `identity` is the one that is meant. `certificate` tells
    whether its days are over, not come, or nearly over; empty else.
    """

    number: int
    name: str
    title: str
    url: str
    cluster: str
    environment: Environment | None
    read_only: str
    reading: Reading
    tally: ServiceCounts
    facts: NodeFacts
    identity: Identity
    stale_after: float
    interval: float
    next_at: float | None
    paused: bool
    wrong_node: str
    unchecked: bool
    certificate: str
    now: float

    @classmethod
    def of(cls, watch: NodePoller, number: int, now: float) -> "NodeView":
        """Return a polled node as it is at `now`."""
        profile = watch.profile
        return cls(
            number=number,
            name=profile.name,
            title=profile.title,
            url=profile.url,
            cluster=profile.cluster,
            environment=profile.environment,
            read_only=watch.read_only,
            reading=watch.reading,
            tally=watch.tally,
            facts=watch.facts,
            identity=watch.identity,
            stale_after=watch.stale_after,
            interval=watch.interval,
            next_at=watch.next_at,
            paused=watch.paused,
            wrong_node=watch.wrong_node,
            unchecked=profile.is_unchecked,
            certificate=(watch.certificate.remark(datetime.now(UTC)) if watch.certificate else ""),
            now=now,
        )

    @property
    def age(self) -> float | None:
        """Seconds since the last good answer."""
        return self.reading.age(self.now)

    @property
    def is_stale(self) -> bool:
        """Whether there is a last good answer and it is older than two intervals."""
        return self.age is not None and self.age > self.stale_after

    @property
    def is_fresh(self) -> bool:
        """Whether what is shown may be taken for the present."""
        return self.age is not None and not self.is_stale

    @property
    def scope(self) -> ServiceKinds:
        """What the cluster says of the services' kinds here."""
        return ServiceKinds(self.facts.optional, self.facts.disabled)

    @property
    def role(self) -> Role:
        """The node's part in its cluster."""
        return self.facts.identity.role

    @property
    def problems(self) -> tuple[Service, ...]:
        """The services that somebody should look at, the worst first."""
        return self.tally.problems

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many services are well, how many there are, how many have a problem."""
        return self.tally.well, self.tally.total, len(self.tally.problems)
