"""What an action touches, from what a fleet knows."""

from datetime import UTC, datetime

from tests.fleet.conftest import profiles, running
from tui.fleet.order_impact import order_impact
from tui.fleet.orders.impact import Subject
from tui.fleet.orders.impact_text import impact_lines, plan_impact_lines
from tui.model.clock import monotonic
from tui.model.event import CrashLoop, Event
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
            return [(one.names, one.remarks) for one in found if one.subject is Subject.UNHEALTHY]

        await deck.until(lambda: ill() == [(("node2",), (("node2", "alert_mgr STOPPED"),))])
        served.cluster.stop(2, "mdns_server")
        worst = "alert_mgr STOPPED and 1 more"
        await deck.until(lambda: ill() == [(("node2",), (("node2", worst),))])


async def test_what_is_wrong_on_the_node_itself_is_named_but_for_what_is_acted_on(
    served: SimulatedCluster,
) -> None:
    """Also where only its events show it: a crash loop that runs at this moment."""
    served.cluster.stop(1, "alert_mgr")
    served.cluster.stop(1, "ccs")
    async with running(*profiles(served)) as deck:
        await deck.known()
        loop = Event("node1", CrashLoop(3, 60.0), monotonic(), datetime.now(UTC), "stats_archiver")
        deck.fleet.events.append(loop)

        def found(*names: str) -> list[str]:
            impact = order_impact(deck.fleet, Verb.START, names, "node1", monotonic())
            return [line.text for line in impact_lines(Verb.START, impact) if line.is_risk]

        both = "ccs STOPPED, stats_archiver RUNNING in a crash loop"
        named = [f"this node has problems already: {both}"]
        await deck.until(lambda: found("alert_mgr") == named)
        assert found("alert_mgr", "stats_archiver") == [
            "this node has a problem already: ccs STOPPED"
        ]
        assert found("alert_mgr", "stats_archiver", "ccs") == []
        plan = {
            name: order_impact(deck.fleet, Verb.RESTART, ("cnm_exec",), name, monotonic())
            for name in ("node1", "node2")
        }
        lines = [line.text for line in plan_impact_lines(Verb.RESTART, plan) if line.is_risk]
        assert len([line for line in lines if "problems" in line]) == 1, "not once more as node1's"
