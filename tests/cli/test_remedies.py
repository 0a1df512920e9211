"""What helps against a trouble, where there is no key to press."""

from datetime import UTC, datetime

import pytest

from tui.cli.remedies import trouble_text
from tui.model.reading import Remedy, Trouble, TroubleKind


def worded(*remedies: Remedy, hint: str = "") -> str:
    return trouble_text(Trouble(TroubleKind.UNTRUSTED, "text", hint, remedies), "node1")


def test_remedies_are_commands() -> None:
    assert worded(Remedy.REFRESH_TO_RESUME, Remedy.SHOW_CERTIFICATE, hint="compare it") == (
        "text (`rsdeck trust node1` shows both; compare it)"
    )
    assert worded(Remedy.WAIT, Remedy.REFRESH) == "text (run it again)"


def test_what_only_the_deck_does_by_itself_is_left_out() -> None:
    assert worded(Remedy.WAIT) == "text"
    assert worded() == "text"


def test_a_login_that_is_not_sent_says_until_when_and_how_to_lift_it() -> None:
    until = datetime(2026, 3, 1, 12, 15, tzinfo=UTC)
    give = (Remedy.GIVE_PASSWORD,)
    assert trouble_text(Trouble(TroubleKind.LOGIN, "held", "", give, until), "node1") == (
        "held (until 12:15 UTC; to lift it, fix the password's source and run it on a terminal)"
    )
    assert trouble_text(Trouble(TroubleKind.LOGIN, "refused", "", give), "node1") == (
        "refused (it was not tried again, since five refused logins lock the user; "
        "fix the password's source, or run it on a terminal)"
    )


@pytest.mark.parametrize("remedy", list(Remedy))
def test_no_remedy_names_a_key(remedy: Remedy) -> None:
    for word in ("press", "ctrl", "{"):
        assert word not in worded(remedy)
