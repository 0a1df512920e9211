"""What a person takes away from the deck: a snapshot in a file, a copy on the clipboard."""

import asyncio
import os

from textual.notifications import SeverityLevel

from tui.fleet.fleet import Fleet
from tui.fleet.snapshot.capture import SnapshotCapture
from tui.fleet.snapshot.storage import SavedFile, SavedFiles, StorageError
from tui.storage.private_files import path_text
from tui.ui.terminal.app import TerminalApp
from tui.ui.terminal.clipboard import LIMIT, clipboard_sequence, fits_clipboard


class ExportController:
    """Writes in threads, one thing after the other, and says what came of each."""

    def __init__(self, app: TerminalApp, fleet: Fleet, shelf: SavedFiles) -> None:
        self._app = app
        self._fleet = fleet
        self._shelf = shelf
        self._camera = SnapshotCapture(shelf.state)
        self._one_at_a_time = asyncio.Lock()

    def snapshot(self, *, json: bool) -> None:
        """Write all that is known now into a file; returns at once."""
        self._app.run_worker(self._snapshot(json=json), group="takeaway", name="snapshot")

    async def _snapshot(self, *, json: bool) -> None:
        exposure = self._camera.capture(self._fleet)
        moment = exposure[1].on

        def write() -> SavedFile:
            text = self._camera.render(exposure, json=json)
            return self._shelf.keep_snapshot(text, "json" if json else "txt", moment)

        async with self._one_at_a_time:
            try:
                kept = await asyncio.to_thread(write)
            except StorageError as error:
                self._say(f"No snapshot: {error}", severity="error")
                return
        because = f" (here, since {kept.note})" if kept.note else ""
        self._say(f"Snapshot: {path_text(kept.path)}{because}")

    def copy(self, text: str, what: str) -> None:
        """Put a clean text on the terminal's clipboard and into a file; returns at once.

        `what` is its name, for the line that says so.
        """
        if not text:
            return
        short = fits_clipboard(text)
        if short:
            self._app.to_terminal(clipboard_sequence(text, os.environ))
        self._app.run_worker(self._copy(text, what, short=short), group="takeaway", name="copy")

    async def _copy(self, text: str, what: str, *, short: bool) -> None:
        said = f"Copied {what}" if short else f"{what} is too long to copy (over {LIMIT} bytes)"
        async with self._one_at_a_time:
            try:
                path = await asyncio.to_thread(self._shelf.keep_copy, text)
            except StorageError as error:
                self._say(f"{said}; not in a file: {error}", severity="warning")
                return
        self._say(f"{said}; also in {path_text(path)}")

    def _say(self, text: str, *, severity: SeverityLevel = "information") -> None:
        self._app.notify(text, severity=severity, markup=False)
