"""What the screens show of a node at one moment: data goes down to the widgets as this.

And whether a reading shows anything new, or only clocks went on.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from operator import attrgetter

from tui.config import NodeProfile
from tui.fleet.polling.poller import NodePoller
from tui.model.certificate import Certificate
from tui.model.dataclass import dataclass
from tui.model.filters import ServiceKinds
from tui.model.node import Environment, Identity, NodeEvidence, NodeFacts, Role
from tui.model.reading import Reading
from tui.model.service import Service, ServiceCounts, but_for_uptimes


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node as it stands; `now` is monotonic, and so is `next_at`.

    `facts` are of the node that answers, `identity` is the one that is meant. `presented` is the
    certificate that it showed last, `evidence` what its newest good reading shows of who answered.
    """

    number: int
    profile: NodeProfile
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
    presented: Certificate | None
    evidence: NodeEvidence
    now: float

    @classmethod
    def of(cls, watch: NodePoller, number: int, now: float) -> "NodeView":
        """Return a polled node as it is at `now`."""
        return cls(
            number=number,
            profile=watch.profile,
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
            presented=watch.certificate,
            evidence=watch.evidence,
            now=now,
        )

    @property
    def name(self) -> str:
        """The profile's name."""
        return self.profile.name

    @property
    def url(self) -> str:
        """The address of the node's API."""
        return self.profile.url

    @property
    def cluster(self) -> str:
        """The cluster that the profile names; empty if none."""
        return self.profile.cluster

    @property
    def environment(self) -> Environment | None:
        """What the node is for, as its profile says."""
        return self.profile.environment

    @property
    def title(self) -> str:
        """What the node is called: its label, else its profile's name."""
        return self.profile.title

    @property
    def unchecked(self) -> bool:
        """Whether any certificate is accepted in the node's place."""
        return self.profile.is_unchecked

    @property
    def certificate(self) -> str:
        """That the presented certificate is out of its days, or soon will be; empty else."""
        return "" if self.presented is None else self.presented.remark(datetime.now(UTC))

    @property
    def reported(self) -> str:
        """What its cluster reports against it: maintenance, a status that is not well or old."""
        maintenance = self.facts.maintenance
        parts = ("" if maintenance is None else str(maintenance), self.health_remark)
        return "; ".join(filter(None, parts))

    @property
    def health_remark(self) -> str:
        """What its cluster observed against it; empty where its own trouble says more."""
        health = self.facts.health
        if health is None or self.reading.trouble is not None:
            return ""
        return health.remark(self.now)

    @property
    def age(self) -> float | None:
        """Seconds since the last good answer."""
        return self.reading.age(self.now)

    @property
    def is_stale(self) -> bool:
        """Whether there is a last good answer and it is older than two intervals."""
        age = self.age
        return age is not None and age > self.stale_after

    @property
    def is_fresh(self) -> bool:
        """Whether what is shown may be taken for the present."""
        age = self.age
        return age is not None and age <= self.stale_after

    @property
    def answers(self) -> bool:
        """Whether it is the node that is meant, and its newest poll was answered, and recently."""
        return self.reading.trouble is None and self.is_fresh and not self.wrong_node

    @property
    def answered_before_pause(self) -> bool:
        """Whether its last poll went well and is stale now only since polling is paused."""
        is_well = self.reading.trouble is None and not self.wrong_node
        return self.paused and is_well and self.is_stale

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


_look = attrgetter("name", "status", "started_at", "note")


class NodeNews:
    """Remembers what was last to be shown of each node, but for ages and uptimes.

    A screen shows those at its next tick, and all else of a node that has changed at once.
    """

    def __init__(self) -> None:
        self._shown: dict[str, tuple[object, ...]] = {}
        self._looks: dict[str, tuple[Sequence[Service], list[object]]] = {}
        self._answered_at: dict[str, float | None] = {}

    def is_new(self, watch: NodePoller) -> bool:
        """Whether a node shows something new since the last call; it is known from now on."""
        reading = watch.reading
        shown = (
            reading.trouble,
            watch.wrong_node,
            watch.read_only,
            watch.facts,
            self._look_of(watch),
        )
        before, now = self._answered_at.get(watch.name), reading.answered_at
        # What was stale is not any more.
        is_back = now is not None and (before is None or now - before > watch.stale_after)
        is_new = is_back or self._shown.get(watch.name) != shown
        self._shown[watch.name], self._answered_at[watch.name] = shown, now
        return is_new

    def _look_of(self, watch: NodePoller) -> list[object]:
        """Return what is shown of a node's services but for uptimes; one list while it stays."""
        services = but_for_uptimes(watch.reading.services)
        known = self._looks.get(watch.name)
        if known is None or known[0] is not services:
            known = self._looks[watch.name] = (services, [*map(_look, services)])
        return known[1]
