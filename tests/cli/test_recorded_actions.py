"""Actions that the journal has and the history not yet are found, and no others."""

import os
import time
from dataclasses import replace
from pathlib import Path

from tests.events import EXAMPLES, event
from tests.fleet.plan_nodes import open_order
from tui.cli.recorded_actions import missing_actions
from tui.history.stored_event import as_stored
from tui.journal.order_journal import OrderJournal
from tui.model.event import EventKind
from tui.model.order import Result, Tier, Verdict

ORDER = open_order()


async def test_what_the_history_lacks_is_found_with_its_cluster(tmp_path: Path) -> None:
    journal = OrderJournal(tmp_path)
    await journal.begin()
    await journal.intend(ORDER, Tier.TYPED, "admin")
    journal.judged(ORDER, Verdict("ccs", Result.VERIFIED, "held"))
    journal.end()
    change = as_stored(event(EXAMPLES[EventKind.FLIPPED]), "demo")
    (sent, cluster), (ended, _) = missing_actions(tmp_path, [change])
    assert (sent.kind, ended.kind) == (EventKind.ORDERED, EventKind.VERDICT)
    assert cluster == ORDER.target.identity.cluster
    kept = as_stored(replace(sent, node="its name in the history"), "demo")
    assert missing_actions(tmp_path, [change, kept]) == [(ended, cluster)]
    assert missing_actions(tmp_path, [kept, ended]) == []
    # What is older than an hour is not looked for.
    old = time.time() - 3700
    os.utime(tmp_path / "journal.jsonl", (old, old))
    assert missing_actions(tmp_path, []) == []


def test_without_a_journal_there_is_none(tmp_path: Path) -> None:
    assert missing_actions(tmp_path, []) == []
    assert not list(tmp_path.iterdir())
