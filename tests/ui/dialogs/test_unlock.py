"""What is shown before required services are unlocked. Pure."""

from collections import defaultdict

from tui.ui.dialogs.unlock import UnlockDialog, unlock_facts


def test_what_it_allows_until_when_and_that_nothing_is_sent_are_shown() -> None:
    """P8."""
    facts = {label: text for label, text, _ in unlock_facts(defaultdict(str), "f9")}
    assert [*facts] == ["DANGER", "allows", "each", "until", "sends"]
    assert "loss of the cluster and its data" in facts["DANGER"]
    assert facts["each"].endswith("confirmed with its name and a reason typed")
    assert facts["until"] == "rsdeck quits, or f9: lock required services"


def test_it_can_be_confirmed_at_any_time_and_confirms_one_thing() -> None:
    dialog = UnlockDialog(defaultdict(str), "ctrl+p")
    assert dialog.refusal() is None
    assert dialog.confirmed() is True
