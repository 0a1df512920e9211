"""The journal of a session beside a disk that is slow, or a file that another process locks."""

from pathlib import Path

import pytest

from tests.fleet.plan_nodes import open_order
from tests.fleet.witness import records
from tests.journal.slow_disk import locked
from tui.journal.journal_file import JournalError, JournalFile
from tui.journal.order_journal import OrderJournal
from tui.journal.unfinished import find_unfinished_orders
from tui.model.order import Tier, Verb

ORDER = open_order()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "rsdeck"


async def test_an_intent_that_comes_too_late_is_no_order_whose_end_is_unknown(
    folder: Path,
) -> None:
    journal = OrderJournal(folder, limit=0.1)
    assert await journal.begin() == ()
    with locked(folder):
        with pytest.raises(
            JournalError, match="the action could not be recorded: the disk did not"
        ):
            await journal.intend(ORDER, Tier.PLAIN, "admin")
        assert "did not answer" in journal.trouble
    journal.end()
    assert [one["kind"] for one in records(folder)] == [
        "session", "intent", "verdict", "session_end",
    ]  # fmt: skip
    assert records(folder, "verdict")[0]["result"] == "not sent"
    assert find_unfinished_orders(JournalFile(folder).lines()) == ()


async def test_an_intent_that_cannot_be_written_leaves_no_verdict_behind(folder: Path) -> None:
    journal = OrderJournal(folder)
    await journal.begin()
    (folder / "journal.jsonl").chmod(0o644)
    with pytest.raises(JournalError, match="mode 0644"):
        await journal.intend(ORDER, Tier.PLAIN, "admin")
    assert "mode 0644" in journal.trouble
    (folder / "journal.jsonl").chmod(0o600)
    await journal.intend(ORDER, Tier.PLAIN, "admin")
    journal.sent(ORDER)
    journal.end()
    assert journal.trouble == ""
    assert [one["kind"] for one in records(folder)] == [
        "session", "intent", "sent", "session_end",
    ]  # fmt: skip
    (left,) = find_unfinished_orders(JournalFile(folder).lines())
    assert (left.id, left.was_sent) == (journal.id_of(ORDER), True)


async def test_a_refused_press_is_recorded_once_per_press_and_reason_a_minute(
    folder: Path,
) -> None:
    journal = OrderJournal(folder)
    await journal.begin()
    for _ in range(200):
        journal.refused(Verb.STOP, "node1", ("ccs",), "it is required")
    journal.refused(Verb.STOP, "node1", ("ccs",), "the node is read-only")
    journal.refused(Verb.STOP, "node2", ("ccs",), "it is required")
    journal.end()
    assert [(one["node"], one["why"]) for one in records(folder, "refused")] == [
        ("node1", "it is required"),
        ("node1", "the node is read-only"),
        ("node2", "it is required"),
    ]
