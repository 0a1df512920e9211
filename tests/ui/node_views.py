"""What the screens show of a node, made by hand."""

from dataclasses import replace

from tui.config import AskSource, NodeProfile
from tui.model.node import Environment, Identity, NodeEvidence, NodeFacts
from tui.model.reading import Reading, Trouble
from tui.model.service import Service, ServiceCounts
from tui.model.trust import SystemTrust
from tui.ui.format.node_view import NodeView

NOW = 1000.0


def node_view(
    name: str,
    *services: Service,
    age: float | None = 1.0,
    facts: NodeFacts | None = None,
    environment: Environment | None = None,
    read_only: str = "",
    cluster: str = "payments",
    trouble: Trouble | None = None,
    number: int = 1,
    paused: bool = False,
) -> NodeView:
    """Make a view at NOW of a node that answered `age` seconds ago; None: never."""
    profile = NodeProfile(
        name, f"https://{name}:9443", "user", AskSource(), SystemTrust(), cluster, environment
    )
    facts = facts or NodeFacts()
    reading = Reading(name, services, took=0.014, trouble=trouble)
    if age is not None:
        reading = replace(reading, asked_at=NOW - age, answered_at=NOW - age)
    return NodeView(
        number=number,
        profile=profile,
        read_only=read_only,
        reading=reading,
        tally=ServiceCounts.of(services, facts.disabled),
        facts=facts,
        identity=Identity(),
        stale_after=4.0,
        interval=2.0,
        next_at=None,
        paused=paused,
        wrong_node="",
        presented=None,
        evidence=NodeEvidence(),
        now=NOW,
    )
