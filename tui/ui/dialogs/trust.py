"""A node's certificate: compared by a person, then pinned by typing its first digits.

One that took the place of a pinned one is shown beside it, and there is nothing here that accepts
it. As with orders, what is typed before it can be read decides nothing, and what is pasted neither.
"""

import asyncio
from datetime import UTC, datetime

from rich.table import Table
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.api.errors import Unreachable
from tui.config import ConfigError, Configuration, NodeProfile
from tui.fleet.onboarding.pinning import (
    DIGITS,
    CertificateFact,
    PinMatch,
    PresentedCertificate,
    certificate_facts,
    changed_certificate_remedy,
    fetch_certificate,
    pin_certificate,
)
from tui.ui.dialogs.armed import ArmedScreen, TypedInput
from tui.ui.format.status_lines import Palette
from tui.ui.widgets.text_line import TextLine


class TrustDialog(ArmedScreen[Configuration | None]):
    """Gives the configuration with the pin in it, or None."""

    def __init__(
        self, configuration: Configuration, profile: NodeProfile, palette: Palette
    ) -> None:
        super().__init__()
        self._configuration = configuration
        self._profile = profile
        self._palette = palette
        self._contact: PresentedCertificate | None = None

    def compose(self) -> ComposeResult:
        """Lay out the facts; the field for the digits comes only where a pin may be set."""
        with Vertical(id="meeting"):
            with VerticalScroll(id="facts"):
                yield Static(f"shaking hands with {self._profile.url} …", id="what", markup=False)
            yield TextLine(id="said", hides=True)
            yield TextLine(id="how")

    def on_mount(self) -> None:
        """Name the box and shake hands."""
        box = self.query_one("#meeting")
        box.border_title = Content(f"Certificate of {self._profile.name}")
        self.begin_arming()
        self.set_interval(0.1, self._arm)
        self.run_worker(self._meet(), group="trust")

    async def _meet(self) -> None:
        try:
            contact = await fetch_certificate(self._profile, self._configuration.settings.timeout)
        except Unreachable as error:
            self._say(str(error), "bad")
            return
        self.query_one("#what", Static).update(
            _table(certificate_facts(contact, datetime.now(UTC)), self._palette)
        )
        if contact.match is PinMatch.CHANGED:
            self._say(
                await asyncio.to_thread(changed_certificate_remedy, contact, self._configuration),
                "bad",
            )
        elif contact.match is PinMatch.NEW:
            hint = f"the first {DIGITS} digits or more, as the node prints them"
            field = TypedInput(id="digits", placeholder=hint, disabled=True)
            await self.query_one("#meeting").mount(field, before="#how")
        self._contact = contact
        self.begin_arming()  # what was typed until now was typed blindly

    def _say(self, words: str, style: str) -> None:
        self.query_one("#said", TextLine).say(Text(words, self._palette[style]))

    def _arm(self) -> None:
        """Open the field once the keyboard is quiet."""
        if not self.arm():
            how = "a moment…"
        elif self._contact is None or self._contact.match is not PinMatch.NEW:
            how = "esc closes"
        else:
            how = "compare it on the node, type the digits, enter pins it · esc not now"
            field = self.query_one("#digits", TypedInput)
            if field.disabled:
                field.disabled = False
                field.focus()
        self.query_one("#how", TextLine).say(Text(how, self._palette["muted"]))

    def on_key(self, event: events.Key) -> None:
        """Close; the field takes its keys first."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        contact = self._contact
        if contact is None or not contact.agrees(event.value):
            self.app.bell()
            self._say("The node does not present that one. Nothing was written.", "bad")
            return
        try:
            after = await asyncio.to_thread(pin_certificate, self._configuration, contact)
        except ConfigError as error:
            self._say(str(error), "bad")
            return
        self.dismiss(after)


def _table(rows: list[CertificateFact], palette: Palette) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(width=9)
    table.add_column(overflow="fold")
    for row in rows:
        style = palette[row.style] if row.style else ""
        table.add_row(Text(row.label, palette["muted"]), Text(row.words, style))
    return table
