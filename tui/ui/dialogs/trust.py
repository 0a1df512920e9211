"""A node's certificate: compared by a person, then pinned by typing its first digits.

A certificate that replaced a pinned one is shown beside it. It is accepted only where all nodes of
the cluster present it, and then for all its profiles at once. As with actions, what is typed before
it can be read decides nothing, nor does what is pasted.
"""

import asyncio
from datetime import UTC, datetime
from typing import ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from tui.api.errors import Unreachable
from tui.config import ConfigError, Configuration, NodeProfile
from tui.fleet.onboarding.certificate_renewal import (
    Renewal,
    fetch_renewal,
    renew_pins,
    renewal_facts,
)
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
from tui.ui.dialogs.armed import SCROLL_KEYS, ArmedScreen, TypedInput
from tui.ui.dialogs.confirm import MORE, facts_table, fit_facts
from tui.ui.format.key_bar import hint_line
from tui.ui.format.status_lines import Palette
from tui.ui.widgets.text_line import TextLine


class TrustDialog(ArmedScreen[Configuration | None]):
    """Shows a certificate and pins it; returns the configuration with the pin, or None."""

    free_keys: ClassVar[frozenset[str]] = SCROLL_KEYS

    def __init__(
        self, configuration: Configuration, profile: NodeProfile, palette: Palette
    ) -> None:
        super().__init__()
        self._configuration = configuration
        self._profile = profile
        self._palette = palette
        self._presented: PresentedCertificate | None = None
        self._renewal: Renewal | None = None

    def compose(self) -> ComposeResult:
        """Lay out the facts; the field for the digits comes only where a pin may be set."""
        with Vertical(id="certificate"):
            with VerticalScroll(id="facts", can_focus=False):
                yield Static(
                    f"Reading the certificate of {self._profile.url} …", id="what", markup=False
                )
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
        timeout = self._configuration.settings.timeout
        try:
            presented = await fetch_certificate(self._profile, timeout)
        except Unreachable as error:
            if self in self.app.screen_stack:
                self._show_message(str(error), "bad")
            return
        renewal = None
        if presented.match is PinMatch.CHANGED and self._profile.cluster:
            renewal = await fetch_renewal(self._configuration, self._profile.cluster, timeout)
        if self not in self.app.screen_stack:
            return  # closed meanwhile: its widgets may be gone
        now = datetime.now(UTC)
        if renewal is not None and renewal.block is None:
            self._renewal = renewal
            self._show_facts(renewal_facts(renewal, now))
            self._show_message(_renewal_text(renewal), "warn")
        else:
            self._show_facts(certificate_facts(presented, now))
            if presented.match is PinMatch.CHANGED:
                reason = f"{renewal.block.value}. " if renewal and renewal.block else ""
                self._show_message(reason + changed_certificate_remedy(presented), "bad")
        self._presented = presented
        self.query_one("#certificate").set_class(presented.match is PinMatch.CHANGED, "-dangerous")
        if self._takes_digits:
            hint = f"the first {DIGITS} digits or more, as the node prints them"
            field = TypedInput(id="digits", placeholder=hint, disabled=True)
            await self.query_one("#certificate").mount(field, before="#how")
        self.begin_arming()  # what was typed until now was typed before it could be read

    def _show_facts(self, facts: list[CertificateFact]) -> None:
        lines = [(fact.label, fact.words, self._palette.get(fact.style, "")) for fact in facts]
        self.query_one("#what", Static).update(facts_table(lines, self._palette, label_width=9))

    @property
    def _takes_digits(self) -> bool:
        """Whether a pin may be written here."""
        presented = self._presented
        is_new = presented is not None and presented.match is PinMatch.NEW
        return is_new or self._renewal is not None

    def _show_message(self, text: str, style: str) -> None:
        self.query_one("#message", TextLine).say(Text(text, self._palette[style]))

    def _arm(self) -> None:
        """Enable the field once the keyboard is quiet, and show what the keys do."""
        facts = self.query_one("#facts", VerticalScroll)
        fit_facts(self.query_one("#certificate"), facts, self.size.height)
        is_armed = self.arm()
        hints = [("esc close", "escape")]
        if self._takes_digits:
            hints = [
                ("compare it on the node and type its first digits", ""),
                ("enter pin", "enter"),
                ("esc not now", "escape"),
            ]
            field = next(iter(self.query("#digits").results(TypedInput)), None)
            if is_armed and field is not None and field.disabled:
                field.disabled = False
                field.focus()
        if facts.scroll_offset.y < facts.max_scroll_y:
            hints = [MORE, *hints]
        style = self._palette["muted" if is_armed else "off"]
        self.query_one("#how", TextLine).say(hint_line(self.with_arming(hints), style))

    def on_key(self, event: events.Key) -> None:
        """Close, or scroll; the field handles its keys first."""
        if event.key == "escape":
            event.stop()
            self.dismiss(None)
        elif event.key in SCROLL_KEYS:
            event.stop()
            facts = self.query_one("#facts", VerticalScroll)
            step = 1 if event.key.endswith("down") else -1
            facts.scroll_relative(y=step * max(1, facts.size.height - 1), animate=False)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.decide(self._pin)

    async def _pin(self) -> None:
        presented, renewal = self._presented, self._renewal
        typed = self.query_one("#digits", Input).value
        if presented is None or not presented.agrees(typed):
            self.app.bell()
            self._show_message(
                "The digits do not match the certificate. Nothing was written.", "bad"
            )
            return
        try:
            if renewal is None:
                after = await asyncio.to_thread(pin_certificate, self._configuration, presented)
            else:
                after = await asyncio.to_thread(renew_pins, self._configuration, renewal)
        except ConfigError as error:
            self._show_message(str(error), "bad")
            return
        self.dismiss(after)


def _renewal_text(renewal: Renewal) -> str:
    count = len(renewal.changed)
    later = ", ".join(renewal.unreachable)
    return (
        f"Renewed, or a possible man-in-the-middle: compare it on a node. The digits replace "
        f"the pins of {count} {'profile' if count == 1 else 'profiles'}."
        + (f" Not reached, and not changed: {later}." if later else "")
    )
