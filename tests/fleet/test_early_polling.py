"""A fleet polls before there is a window, and none of its news is lost."""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from tests.fleet.conftest import Notes, configuration, keeping, profiles
from tui.fleet.early_polling import EarlyPolling
from tui.fleet.fleet import Fleet
from tui.sim.server import SimulatedCluster

WINDOW: ContextVar[str] = ContextVar("WINDOW")


class NotesInWindow(Notes):
    """A listener that can be told of news in its own context alone."""

    def node_changed(self, node: str) -> None:
        assert WINDOW.get() == "open"
        super().node_changed(node)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - a fleet has no event for it
            await asyncio.sleep(0.01)


def fleet_of(served: SimulatedCluster) -> Fleet:
    nodes = profiles(served)
    return Fleet(configuration(nodes), passwords=keeping(nodes))


async def test_what_came_before_the_window_is_told_first_and_the_rest_in_its_context(
    served: SimulatedCluster,
) -> None:
    fleet, notes = fleet_of(served), NotesInWindow()
    polling = EarlyPolling(fleet)
    await until(lambda: all(node.reading.answered_at is not None for node in fleet.nodes))
    WINDOW.set("open")
    task = asyncio.create_task(polling.hand_over(notes))
    await until(lambda: set(notes.nodes) == {"node1", "node2", "node3"})
    before = len(notes.nodes)
    await until(lambda: len(notes.nodes) > before)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [one for one in asyncio.all_tasks() if one.get_name().startswith("watch")]


async def test_a_bug_before_the_window_comes_out_in_it(
    served: SimulatedCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = fleet_of(served)

    async def begin() -> None:
        raise KeyError("bug")

    monkeypatch.setattr(fleet.journal, "begin", begin)
    polling = EarlyPolling(fleet)
    await asyncio.sleep(0)
    with pytest.raises(ExceptionGroup) as raised:
        await polling.hand_over(Notes())
    assert raised.group_contains(KeyError)
