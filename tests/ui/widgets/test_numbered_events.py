"""Events keep their numbers while others come and go."""

from collections import deque
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tui.model.event import ConnectionLost, Event
from tui.ui.widgets.events_table import NumberedEvents


def event(number: int = 0) -> Event:
    return Event(
        "node1", ConnectionLost(None, f"event {number}"), 0.0, datetime(2026, 1, 1, tzinfo=UTC)
    )


def test_nothing_new_is_shown_as_such() -> None:
    numbered, events = NumberedEvents(), deque([event()])
    assert numbered.follow(events)
    assert not numbered.follow(events)


def test_equal_events_are_still_two() -> None:
    numbered = NumberedEvents()
    numbered.follow(deque([event(), event(), event()]))
    assert len(dict(numbered.newest_first())) == 3


def test_there_is_no_event_of_a_number_that_is_gone() -> None:
    numbered = NumberedEvents()
    events = deque([event(0)], maxlen=1)
    numbered.follow(events)
    ((number, _),) = numbered.newest_first()
    events.append(event(1))
    numbered.follow(events)
    assert numbered.event(number) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["newer", "older"]), st.integers(1, 12)), min_size=1, max_size=20
    )
)
def test_an_event_keeps_its_number_for_as_long_as_it_is_there(
    steps: list[tuple[str, int]],
) -> None:
    numbered = NumberedEvents()
    events: deque[Event] = deque(maxlen=10)
    numbers: dict[int, int] = {}
    kept: list[Event] = []
    for way, count in steps:
        before = list(events)
        for _ in range(count):
            kept.append(event(len(kept)))
            if way == "newer":
                events.append(kept[-1])
            elif len(events) < 10:
                events.appendleft(kept[-1])
            else:
                del events[len(kept) % 10]
        numbered.follow(events)
        now = {id(one): number for number, one in numbered.newest_first()}
        assert [numbered.event(now[id(one)]) for one in events] == list(events)
        assert len(set(now.values())) == len(events)
        still = [one for one in before if id(one) in now]
        assert all(now[id(one)] == numbers[id(one)] for one in still)
        numbers = now
