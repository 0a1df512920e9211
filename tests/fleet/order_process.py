"""A deck without a window in a process of its own, for the tests that kill or starve it.

    python -m tests.fleet.order_process once URL FOLDER
        an order for each line on stdin
    python -m tests.fleet.order_process forks URL FOLDER
        a child for each line, which orders on and on
    python -m tests.fleet.order_process deck URL FOLDER
        only looks, and keeps the history

Each says on stdout, one JSON value a line, what its orders came to; `forks` the children's pids.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from tests.fleet.conftest import Running, profile, running
from tui.fleet.orders.verdict import Patience
from tui.history.recorder import HistoryRecorder
from tui.journal.order_journal import OrderJournal
from tui.journal.other_actions import OtherActions
from tui.model.order import Verb

QUICK = Patience(steady=0.0, limit=3.0, same=0.5, interval=0.02)


def say(value: object) -> None:
    print(json.dumps(value), flush=True)  # noqa: T201 - what the test hears


async def next_line() -> str:
    """Wait for a line on stdin; a thread would keep the process from ending."""
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str] = loop.create_future()
    loop.add_reader(0, lambda: line.done() or line.set_result(sys.stdin.readline()))
    try:
        return await line
    finally:
        loop.remove_reader(0)


async def order_once(deck: Running) -> None:
    verdict = await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
    say({"result": verdict.result.value, "text": verdict.text})
    await deck.good()


async def once(url: str, folder: Path) -> None:
    async with running(profile(url), patience=QUICK, journal=OrderJournal(folder)) as deck:
        await deck.known()
        say({"ready": os.getpid(), "trouble": deck.fleet.journal.trouble})
        while await next_line():
            await order_once(deck)
        say({"readings": deck.watch().reading.is_good})


async def on_and_on(url: str, folder: Path) -> None:
    journal = OrderJournal(folder)
    async with running(profile(url), refresh=0.05, patience=QUICK, journal=journal) as deck:
        await deck.known()
        while True:
            before = deck.watch().reading.asked_at
            await deck.verdict(deck.give(Verb.RESTART, "alert_mgr"))
            await deck.until(lambda at=before: deck.watch().reading.asked_at > at)


async def watch(url: str, folder: Path) -> None:
    history, others = HistoryRecorder(folder), OtherActions(folder)
    looks = running(profile(url), read_only="it looks", history=history, elsewhere=others)
    async with looks as deck:
        await deck.known()
        say({"ready": os.getpid(), "remark": history.remark})
        await next_line()


def forks(url: str, folder: Path) -> None:
    import tui.api.client  # noqa: F401 - once for all children

    say("ready")
    while sys.stdin.readline():
        child = os.fork()
        if child == 0:
            asyncio.run(on_and_on(url, folder))
            os._exit(1)
        say(child)
        _, status = os.waitpid(child, 0)
        say({"signal": os.WTERMSIG(status), "code": os.WEXITSTATUS(status)})


if __name__ == "__main__":
    how, where, kept = sys.argv[1:]
    if how == "forks":
        forks(where, Path(kept))
    elif how == "deck":
        asyncio.run(watch(where, Path(kept)))
    else:
        asyncio.run(once(where, Path(kept)))
