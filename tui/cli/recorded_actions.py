"""Actions that the journal has, and the history not yet."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from tui.journal.journal_file import JournalReader
from tui.model.event import ActionEvent, OrderEnded, OrderGiven, is_same_step

if TYPE_CHECKING:
    from tui.model.event import Event

_LAST_HOUR = timedelta(hours=1)


def missing_actions(folder: Path, kept: Iterable[ActionEvent]) -> "list[tuple[Event, str]]":
    """List the steps of actions of the last hour that the history lacks, with their clusters.

    An open deck keeps what others send within half a minute. Where it was killed before that, the
    next deck does. `kept` are the events of the history. Reads the disk, and blocks as long.
    """
    if not _was_written_since(JournalReader(folder).path, datetime.now(UTC) - _LAST_HOUR):
        return []
    from tui.journal.other_actions import OtherActions

    steps = [one for one in kept if isinstance(one.details, OrderGiven | OrderEnded)]
    return [
        (event, action.cluster)
        for action in OtherActions(folder).read_now()
        for event in action.events
        if not any(is_same_step(event, one) for one in steps)
    ]


def _was_written_since(path: Path, moment: datetime) -> bool:
    try:
        return path.stat().st_mtime >= moment.timestamp()
    except OSError:
        return False
