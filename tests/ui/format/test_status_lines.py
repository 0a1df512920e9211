"""What the lines around the table say; a trouble's remedies name the keys as they are now."""

import pytest

from tui.model.reading import Remedy, Trouble, TroubleKind
from tui.ui.format.status_lines import remedy_text

KEYS = {"refresh": "ctrl+r,f5", "trust": "T", "login": "L"}


def worded(*remedies: Remedy, hint: str = "") -> str:
    return remedy_text(Trouble(TroubleKind.LOGIN, "text", hint, remedies), KEYS)


@pytest.mark.parametrize("remedy", list(Remedy))
def test_every_remedy_has_its_words_on_the_screen(remedy: Remedy) -> None:
    assert worded(remedy)
    assert "{" not in worded(remedy)


def test_remedies_come_before_the_hint() -> None:
    assert worded(Remedy.WAIT, Remedy.REFRESH, hint="is the node up?") == (
        "it is asked again; ctrl+r asks now; is the node up?"
    )
    assert worded(hint="is the node up?") == "is the node up?"
    assert worded() == ""


def test_a_remedy_names_the_key_that_a_person_has_chosen() -> None:
    trouble = Trouble(TroubleKind.NO_PASSWORD, "text", remedies=(Remedy.GIVE_PASSWORD,))
    keys = KEYS | {"login": "ctrl+l", "refresh": "f9"}
    assert remedy_text(trouble, keys) == (
        "press ctrl+l to give the password, or f9 after mending its source"
    )
