"""What helps against a trouble, where there is no key to press."""

from datetime import UTC, datetime

import pytest

from tui.cli.remedies import advice_text, next_command, trouble_text
from tui.fleet.why import NextStep, Offer
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


@pytest.mark.parametrize(
    ("step", "text", "command"),
    [
        (
            NextStep("start it", Offer.START, "ccs"),
            "start it: `rsdeck start node1 ccs`",
            "rsdeck start node1 ccs",
        ),
        (
            NextStep("look at its worst service", Offer.EXPLAIN, "x\x1b[31m"),
            "look at its worst service: `rsdeck why node1 x␛[31m`",
            "rsdeck why node1 x␛[31m",
        ),
        (
            NextStep("compare the nodes", Offer.COMPARE),
            "compare the nodes: `rsdeck status`",
            "rsdeck status",
        ),
        (NextStep("wait", Offer.RESUME), "wait: `rsdeck status`", "rsdeck status"),
        (NextStep("fix it", Offer.EDIT), "fix it: `rsdeck config path`", "rsdeck config path"),
        (
            NextStep("see what else happened", Offer.TIMELINE),
            "see what else happened: `rsdeck events --since 1h --node node1`",
            "rsdeck events --since 1h --node node1",
        ),
        (NextStep("contact Redis support"), "contact Redis support", ""),
        (
            NextStep(
                trouble=Trouble(TroubleKind.UNREACHABLE, "no", "is it up?", (Remedy.REFRESH,))
            ),
            "run it again; is it up?",
            "",
        ),
    ],
)
def test_what_to_do_next_is_worded_with_its_command(
    step: NextStep, text: str, command: str
) -> None:
    assert advice_text(step, "node1") == text
    assert next_command(step, "node1") == command


def test_every_offer_is_a_command() -> None:
    assert all(next_command(NextStep("x", offer, "ccs"), "node1") for offer in Offer)
