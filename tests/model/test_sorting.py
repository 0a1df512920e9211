"""The order of a table's rows: it goes round, can be reversed, and is chosen by its column."""

from enum import Enum

from tui.model.sorting import Sorting, SortWords


class Way(Enum):
    WORST = 1
    NAME = 2
    AGE = 3


def sorting() -> Sorting[Way]:
    return Sorting(
        {
            Way.WORST: SortWords("problems first", "problems last"),
            Way.NAME: SortWords("by name, a to z", "by name, z to a", "name"),
            Way.AGE: SortWords("by age, newest first", "by age, oldest first", "since"),
        }
    )


def test_the_next_order_goes_round_and_is_named_before_it_is_chosen() -> None:
    chosen = sorting()
    seen = []
    for _ in Way:
        following = chosen.next_words
        chosen.choose_next()
        assert chosen.words == following
        seen.append(chosen.order)
    assert seen == [Way.NAME, Way.AGE, Way.WORST]
    assert chosen.is_usual


def test_an_order_can_be_reversed_and_the_next_one_is_not() -> None:
    chosen = sorting()
    chosen.choose_next()
    chosen.reverse()
    assert (chosen.words, chosen.is_usual) == ("by name, z to a", False)
    chosen.choose_next()
    assert chosen.words == "by age, newest first"


def test_the_usual_order_comes_back_at_once_from_any_other() -> None:
    chosen = sorting()
    assert not chosen.reset()
    for leave in (chosen.choose_next, chosen.reverse, lambda: chosen.choose_column("since")):
        leave()
        assert not chosen.is_usual
        assert chosen.reset()
        assert chosen.is_usual
        assert chosen.words == chosen.usual_words == "problems first"


def test_a_column_chooses_its_order_and_then_reverses_it() -> None:
    chosen = sorting()
    assert chosen.choose_column("since")
    assert chosen.words == "by age, newest first"
    assert chosen.choose_column("since")
    assert chosen.words == "by age, oldest first"
    assert chosen.choose_column("name")
    assert chosen.words == "by name, a to z"
    assert not chosen.choose_column("what")
    assert not chosen.choose_column("")


def test_the_title_of_the_sorted_column_alone_has_an_arrow() -> None:
    chosen = sorting()
    assert [chosen.title(column, "T") for column in ("", "name", "since")] == ["T", "T", "T"]
    chosen.choose_column("name")
    assert [chosen.title(column, "T") for column in ("", "name", "since")] == ["T", "T ▼", "T"]
    chosen.reverse()
    assert chosen.title("name", "T") == "T ▲"
