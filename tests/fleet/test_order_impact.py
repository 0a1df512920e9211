"""What an action touches, from what a fleet knows."""

from tests.fleet.conftest import profiles, running
from tui.fleet.order_impact import order_impact
from tui.fleet.orders.impact import Subject
from tui.model.clock import monotonic
from tui.model.order import Verb
from tui.sim.server import SimulatedCluster


async def test_another_node_with_problems_is_named_with_the_worst_of_them(
    served: SimulatedCluster,
) -> None:
    served.cluster.stop(2, "alert_mgr")
    async with running(*profiles(served)) as deck:
        await deck.known()

        def ill() -> list[tuple[object, object]]:
            found = order_impact(deck.fleet, Verb.RESTART, ("ccs",), "node1", monotonic())
            return [(one.names, one.worst) for one in found if one.subject is Subject.UNHEALTHY]

        await deck.until(lambda: ill() == [(("node2",), (("node2", "alert_mgr STOPPED"),))])
