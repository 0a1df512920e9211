"""P4: whatever the rows do, cursor and marks stay with the services they were put on."""

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tui.ui.table.rows import Cell, Cells, Row, Rows

MUTATIONS = 10_000
LINES = 12


def row(key: str, text: str = "") -> Row:
    return Row(key, (Cell(text or key),), inert=key.startswith("="))


Mutation = Callable[[random.Random, list[str]], list[str]]


def shuffle(chance: random.Random, keys: list[str]) -> list[str]:
    return chance.sample(keys, len(keys))


def insert(chance: random.Random, keys: list[str]) -> list[str]:
    at = chance.randrange(len(keys) + 1)
    return [*keys[:at], f"new{chance.randrange(10**6)}", *keys[at:]]


def remove(chance: random.Random, keys: list[str]) -> list[str]:
    gone = chance.choice(keys) if keys else ""
    return [key for key in keys if key != gone]


def swap(chance: random.Random, keys: list[str]) -> list[str]:
    if len(keys) < 2:
        return keys
    one, other = chance.sample(range(len(keys)), 2)
    keys[one], keys[other] = keys[other], keys[one]
    return keys


def head(chance: random.Random, keys: list[str]) -> list[str]:
    return [f"={chance.randrange(100)}", *(key for key in keys if not key.startswith("="))]


def empty(_chance: random.Random, _keys: list[str]) -> list[str]:
    return []


def halve(chance: random.Random, keys: list[str]) -> list[str]:
    return keys[: chance.randrange(len(keys) + 1)]


MUTATING: tuple[Mutation, ...] = (shuffle, insert, insert, remove, swap, head, halve, empty)


def test_ten_thousand_mutations_between_key_and_confirmation_never_move_the_cursor() -> None:
    """P4, case 42: it is on the chosen service, or that is gone and it returns with it."""
    chance = random.Random(42)
    cells, pool = Cells(), [f"service{number}" for number in range(30)]
    table = cells.rows
    table.show([row(key) for key in pool], 0, LINES)
    chosen, marked, top = "service17", {("", "service3"), ("", "service21")}, 0
    assert table.move_to(chosen)
    cells.marks |= marked
    keys = list(pool)
    for _ in range(MUTATIONS):
        keys = chance.choice(MUTATING)(chance, keys)
        if chance.random() < 0.4:
            back = chance.sample(pool, chance.randrange(len(pool)))
            keys = [*keys, *(key for key in back if key not in keys)]
        keys = keys[:60]
        top = table.show([row(key, str(chance.random())) for key in keys], top, LINES)
        assert cells.marks == marked
        assert table.cursor == chosen if chosen in keys else table.cursor != chosen
        assert table.cursor is None or table.row(table.cursor).key == table.cursor
        assert 0 <= top <= max(0, len(keys) - LINES)


KEY = st.sampled_from("abcdefghij")
KEYS = st.lists(KEY, unique=True, max_size=10)


@given(KEYS.filter(bool), st.lists(KEYS, max_size=20), st.data())
def test_a_cursor_is_on_its_key_or_on_none_that_was_chosen(
    first: list[str], later: list[list[str]], data: st.DataObject
) -> None:
    """P4."""
    table = Rows()
    table.show([row(key) for key in first], 0, 4)
    chosen = data.draw(st.sampled_from(first))
    assert table.move_to(chosen)
    for keys in later:
        table.show([row(key) for key in keys], 0, 4)
        if chosen in keys:
            assert table.cursor == chosen
        else:
            assert (table.cursor in keys) if keys else (table.cursor is None)


@given(KEYS, st.integers(-20, 20), st.integers(-5, 15))
def test_a_click_and_a_step_always_mean_a_row_that_is_there(
    keys: list[str], by: int, number: int
) -> None:
    """P4."""
    table = Rows()
    table.show([row(key) for key in keys], 0, 4)
    assert table.step(by) in {*keys, None}
    pointed = table.pointed(number)
    assert pointed == (keys[number] if 0 <= number < len(keys) else None)


@given(KEYS, KEY, st.text(max_size=5))
def test_a_row_that_is_put_takes_the_place_of_its_own_key_only(
    keys: list[str], key: str, text: str
) -> None:
    """P4."""
    table = Rows()
    table.show([row(one) for one in keys], 0, 4)
    table.put(row(key, text))
    assert list(table.keys) == keys
    for one in keys:
        if one != key:
            assert table.row(one) == row(one)
