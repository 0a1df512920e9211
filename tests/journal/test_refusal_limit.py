"""The same press that is refused again and again is recorded once a minute, with a count."""

from tui.journal.order_journal import REFUSAL_EVERY, RefusalLimit


def test_the_first_is_recorded_and_those_of_the_same_minute_are_counted() -> None:
    limit = RefusalLimit()
    assert limit.take("press", 100.0) == 0
    assert limit.take("press", 100.0 + REFUSAL_EVERY - 0.1) is None
    assert limit.take("press", 100.0 + REFUSAL_EVERY - 0.1) is None
    assert limit.take("press", 100.0 + REFUSAL_EVERY) == 2
    assert limit.take("press", 100.0 + 2 * REFUSAL_EVERY) == 0


def test_another_press_or_reason_is_recorded_at_once() -> None:
    limit = RefusalLimit()
    assert limit.take(("stop", "ccs"), 0.0) == 0
    assert limit.take(("start", "ccs"), 0.0) == 0


def test_of_too_many_presses_the_one_recorded_longest_ago_is_forgotten() -> None:
    limit = RefusalLimit()
    for number in range(500):
        assert limit.take(number, 1.0) == 0
    assert limit.take(499, 2.0) is None
    assert limit.take(0, 2.0) == 0
