"""A line of parts shows each whole or not at all."""

from rich.text import Text

from tui.ui.format.parts import Part, joined, parts_that_fit


def parts(*ranks: int) -> list[Part]:
    return [Part(Text(f"{rank}" * 4), rank) for rank in ranks]


def test_the_least_important_leaves_first_and_the_others_keep_their_order() -> None:
    every = parts(2, 0, 3, 1)
    assert joined(parts_that_fit(every, 22, 2), 2).plain == "2222  0000  3333  1111"
    assert joined(parts_that_fit(every, 21, 2), 2).plain == "2222  0000  1111"
    assert joined(parts_that_fit(every, 10, 2), 2).plain == "0000  1111"


def test_of_two_that_are_as_important_the_first_stays() -> None:
    first, second = Part(Text("aaaa"), 1), Part(Text("bbbb"), 1)
    assert parts_that_fit([first, second], 4, 2) == (first,)


def test_parts_are_shortened_before_any_is_left_out() -> None:
    first = Part(Text("polled 2 s ago (12:00:00)"), 1, Text("polled 2 s ago"))
    second = Part(Text("every 2 s"), 2)
    assert (
        joined(parts_that_fit([first, second], 40, 2), 2).plain
        == "polled 2 s ago (12:00:00)  every 2 s"
    )
    assert joined(parts_that_fit([first, second], 30, 2), 2).plain == "polled 2 s ago  every 2 s"
    assert joined(parts_that_fit([first, second], 20, 2), 2).plain == "polled 2 s ago"


def test_nothing_is_left_where_nothing_fits() -> None:
    assert parts_that_fit(parts(0, 1), 3, 2) == ()
