"""A node's certificate: compared by a person, then pinned by typing its first digits.

A certificate that replaced a pinned one is shown beside it, and cannot be accepted here. As with
orders, what is typed before it can be read decides nothing, nor does what is pasted.
"""

import asyncio
from datetime import UTC, datetime

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
    PinMatch,
    PresentedCertificate,
    certificate_facts,
    changed_certificate_remedy,
    fetch_certificate,
    pin_certificate,
)
from tui.ui.dialogs.armed import ArmedScreen, TypedInput
from tui.ui.dialogs.confirm import facts_table
from tui.ui.format.status_lines import Palette
from tui.ui.widgets.text_line import TextLine


class TrustDialog(ArmedScreen[Configuration | None]):
    """Shows a certificate and pins it; returns the configuration with the pin, or None."""

    def __init__(
        self, configuration: Configuration, profile: NodeProfile, palette: Palette
    ) -> None:
        super().__init__()
        self._configuration = configuration
        self._profile = profile
        self._palette = palette
        self._presented: PresentedCertificate | None = None

    def compose(self) -> ComposeResult:
        """Lay out the facts; the field for the digits comes only where a pin may be set."""
        with Vertical(id="certificate"):
            with VerticalScroll(id="facts"):
                yield Static(f"shaking hands with {self._profile.url} …", id="what", markup=False)
            yield TextLine(id="message", hides=True)
            yield TextLine(id="how")

    def on_mount(self) -> None:
        """Fetch the certificate."""
        box = self.query_one("#certificate")
        box.border_title = Content(f"Certificate of {self._profile.name}")
        self.begin_arming()
        self.set_interval(0.1, self._arm)
        self.run_worker(self._fetch(), group="trust")

    async def _fetch(self) -> None:
        try:
            presented = await fetch_certificate(self._profile, self._configuration.settings.timeout)
        except Unreachable as error:
            if self in self.app.screen_stack:
                self._show_message(str(error), "bad")
            return
        remedy = ""
        if presented.match is PinMatch.CHANGED:
            remedy = await asyncio.to_thread(
                changed_certificate_remedy, presented, self._configuration
            )
        if self not in self.app.screen_stack:
            return  # closed meanwhile: its widgets may be gone
        self.query_one("#what", Static).update(
            facts_table(
                [
                    (fact.label, fact.words, self._palette.get(fact.style, ""))
                    for fact in certificate_facts(presented, datetime.now(UTC))
                ],
                self._palette,
                label_width=9,
            )
        )
        if presented.match is PinMatch.CHANGED:
            self._show_message(remedy, "bad")
        elif presented.match is PinMatch.NEW:
            hint = f"the first {DIGITS} digits or more, as the node prints them"
            field = TypedInput(id="digits", placeholder=hint, disabled=True)
            await self.query_one("#certificate").mount(field, before="#how")
        self._presented = presented
        self.begin_arming()  # what was typed until now was typed before it could be read

    def _show_message(self, text: str, style: str) -> None:
        self.query_one("#message", TextLine).say(Text(text, self._palette[style]))

    def _arm(self) -> None:
        """Enable the field once the keyboard is quiet."""
        if not self.arm():
            how = "a moment…"
        elif self._presented is None or self._presented.match is not PinMatch.NEW:
            how = "esc closes"
        else:
            how = "compare it on the node, type the digits, enter pins it · esc not now"
            field = self.query_one("#digits", TypedInput)
            if field.disabled:
                field.disabled = False
                field.focus()
        self.query_one("#how", TextLine).say(Text(how, self._palette["muted"]))

    def on_key(self, event: events.Key) -> None:
        """Close; the field handles its keys first."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        presented = self._presented
        if presented is None or not presented.agrees(event.value):
            self.app.bell()
            self._show_message("The node does not present that one. Nothing was written.", "bad")
            return
        try:
            after = await asyncio.to_thread(pin_certificate, self._configuration, presented)
        except ConfigError as error:
            self._show_message(str(error), "bad")
            return
        self.dismiss(after)
