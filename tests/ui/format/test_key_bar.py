"""The key bar dims what would be refused, and says why nothing can be done where that is so."""

from rich.text import Text

from tui.ui.format.key_bar import KEY_META, Hint, KeyBars, hint_border, key_bar

PALETTE = {"off": "dim", "accent": "bold"}
WORDS = {"start": "Start", "restart": "Restart", "help": "Help"}
KEYS = {"start": "s", "restart": "r", "help": "question_mark"}


def dimmed(bar: Text) -> list[str]:
    """Return the words that are dim, in their order."""
    found = (bar.plain[one.start : one.end].strip() for one in bar.spans if one.style == "dim")
    return [text.split()[-1] for text in found]


def test_only_what_would_be_refused_is_dim() -> None:
    bar = key_bar(WORDS, KEYS, PALETTE, width=80, dim=frozenset({"start"}))
    assert bar.plain == " s Start  r Restart  ? Help  "
    assert dimmed(bar) == ["Start", "Start"]


def test_where_no_action_is_possible_the_reason_stands_for_the_keys_of_actions() -> None:
    bar = key_bar(WORDS, KEYS, PALETTE, width=80, refusal="read-only")
    assert bar.plain == " ? Help  no actions: read-only"
    assert dimmed(bar) == ["read-only"]


def test_a_reason_that_does_not_fit_is_shown_in_a_few_words() -> None:
    long = "node1 (https://node1:9443) refused the connection"
    for width, words in ((100, long), (60, "unreachable")):
        bar = key_bar(WORDS, KEYS, PALETTE, width=width, refusal=long, brief_refusal="unreachable")
        assert bar.plain.endswith(f"no actions: {words}")
        assert bar.cell_len <= width


def test_where_there_is_no_room_the_help_has_no_word_and_keys_leave_in_their_order() -> None:
    for width, shown in (
        (29, " s Start  r Restart  ? Help  "),
        (27, " s Start  r Restart  ? Help"),
        (22, " s Start  r Restart  ?"),
        (20, " s Start  ? Help  "),
        (11, " s Start  ?"),
        (6, " ?  "),
    ):
        bar = key_bar(WORDS, KEYS, PALETTE, width=width, goes_first=("restart", "start"))
        assert bar.plain == shown


def test_keys_leave_room_for_the_reason() -> None:
    words = {"why": "Why", "restart": "Restart", "matrix": "Matrix", "help": "Help"}
    keys = KEYS | {"matrix": "0", "why": "w"}
    bar = key_bar(words, keys, PALETTE, width=36, goes_first=("matrix",), refusal="read-only")
    assert bar.plain == " w Why  ?  no actions: read-only"


def test_a_bar_is_made_once_while_a_cursor_goes_to_and_fro() -> None:
    bars = KeyBars()
    dim = frozenset({"restart"})
    first = bars.bar(WORDS, KEYS, PALETTE, width=80)
    second = bars.bar(WORDS, KEYS, PALETTE, width=80, dim=dim)
    assert first == key_bar(WORDS, KEYS, PALETTE, width=80)
    assert (dimmed(first), dimmed(second)) == ([], ["Restart", "Restart"])
    assert bars.bar(WORDS, KEYS, PALETTE, width=80) is first
    assert bars.bar(WORDS, KEYS, PALETTE, width=80, dim=dim) is second


def test_a_bar_is_made_again_in_another_frame() -> None:
    bars, keys = KeyBars(), dict(KEYS)
    assert bars.bar(WORDS, keys, PALETTE, width=80).plain.startswith(" s Start")
    keys["start"] = "x"
    assert bars.bar(WORDS, keys, PALETTE, width=80).plain.startswith(" x Start")
    assert bars.bar(WORDS, keys, PALETTE, width=6).plain == " x Start"[:6]
    red = bars.bar(WORDS, keys, PALETTE | {"off": "red"}, width=80, dim=frozenset({"start"}))
    assert red.spans[0].style == "red"


def test_few_bars_are_kept() -> None:
    bars = KeyBars()
    for number in range(100):
        bars.bar(WORDS, KEYS, PALETTE, width=80, refusal=f"the answer is {number} s old")
    assert len(bars._bars) <= 8


def test_hints_in_a_border_are_shown_whole_or_not_at_all() -> None:
    hints: list[Hint] = [
        ("live", ""),
        ("esc closes", "escape"),
        ("ctrl+r reads the checks", "ctrl+r"),
    ]
    whole = "live · esc closes · ctrl+r reads the checks"
    assert hint_border(hints, len(whole) + 6).plain == whole
    assert hint_border(hints, len(whole) + 5).plain == "live · esc closes"
    assert hint_border(hints, 4).plain == ""
    shown = hint_border(hints, 80)
    assert [(shown.plain[one.start : one.end]) for one in shown.spans] == [
        "esc closes",
        "ctrl+r reads the checks",
    ]
    assert KEY_META not in hint_border(hints[:1], 80).markup
