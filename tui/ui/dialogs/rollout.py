"""The door that a rollout goes through: the whole plan, before anything is sent."""

from collections.abc import Callable
from dataclasses import replace

from tui.model.rollout import Plan
from tui.ui.dialogs.confirm import Demand, DoorScreen
from tui.ui.format.status_lines import Palette
from tui.ui.screens.planned import Page, Proposal


class PlanScreen(DoorScreen[Plan]):
    """Asks before a rollout begins; gives the plan with its reason, or None.

    `ask_again` says what keeps it from being begun as it was planned, empty where nothing does.
    """

    def __init__(self, proposal: Proposal, palette: Palette, ask_again: Callable[[], str]) -> None:
        plan = proposal.plan
        title = f"{plan.title[:1].upper()}{plan.title[1:]}?"
        super().__init__(Demand(title, "begin", plan.words, plan.needs_reason), palette)
        self._proposal = proposal
        self._ask_again = ask_again

    @property
    def plan(self) -> Plan:
        """The plan with the reason as it stands now."""
        return replace(self._proposal.plan, reason=self.field("#reason"))

    def agreed(self) -> Plan:
        """Give the plan."""
        return self.plan

    @property
    def facts(self) -> Page:
        """The plan and what speaks for care."""
        return Page(self._proposal, self._palette, whole=True)

    @property
    def essentials(self) -> Page:
        """The plan alone."""
        return Page(self._proposal, self._palette, whole=False)

    def bar(self) -> str:
        """Say what has changed since the key."""
        return self._ask_again()
