"""Export from the deck: a snapshot in a file, a copy on the clipboard."""

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
    """Writes in threads, one after the other, and reports the result of each."""

    def __init__(self, app: TerminalApp, fleet: Fleet, files: SavedFiles) -> None:
        self._app = app
        self._fleet = fleet
        self._files = files
        self._capture = SnapshotCapture(files.state)
        self._one_at_a_time = asyncio.Lock()

    def snapshot(self, *, json: bool) -> None:
        """Begin to write all that is known now into a file."""
        self._app.run_worker(self._snapshot(json=json), group="export", name="snapshot")

    async def _snapshot(self, *, json: bool) -> None:
        exposure = self._capture.capture(self._fleet)
        moment = exposure[1].on

        def write() -> SavedFile:
            text = self._capture.render(exposure, json=json)
            return self._files.keep_snapshot(text, "json" if json else "txt", moment)

        async with self._one_at_a_time:
            try:
                kept = await asyncio.to_thread(write)
            except StorageError as error:
                self._notify(f"No snapshot: {error}", severity="error")
                return
        note = f" ({kept.note})" if kept.note else ""
        self._notify(f"Snapshot: {path_text(kept.path)}{note}")

    def copy(self, text: str, what: str) -> None:
        """Begin to put a clean text on the terminal's clipboard and into a file.

        `what` names it in the message.
        """
        if not text:
            return
        short = fits_clipboard(text)
        if short:
            self._app.to_terminal(clipboard_sequence(text, os.environ))
        self._app.run_worker(self._copy(text, what, short=short), group="export", name="copy")

    async def _copy(self, text: str, what: str, *, short: bool) -> None:
        result = f"Copied {what}" if short else f"{what} is too long to copy (over {LIMIT} bytes)"
        async with self._one_at_a_time:
            try:
                path = await asyncio.to_thread(self._files.keep_copy, text)
            except StorageError as error:
                self._notify(f"{result}; not in a file: {error}", severity="warning")
                return
        self._notify(f"{result}; also in {path_text(path)}")

    def _notify(self, text: str, *, severity: SeverityLevel = "information") -> None:
        self._app.notify(text, severity=severity, markup=False)
