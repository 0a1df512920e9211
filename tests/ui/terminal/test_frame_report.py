"""What is known of a frame: written out, answered, lost; and terminals that never answer.

P5.
"""

from collections.abc import Callable

import pytest

from tui.ui.terminal.frame_report import REPLY_WITHIN, STATUS_QUERY, FrameReports, FrameState
from tui.ui.terminal.input_decoder import InputDecoder


class Queue:
    """An output that writes when the test lets it."""

    def __init__(self) -> None:
        self.dropped = 0
        self.texts: list[str] = []
        self._waiting: list[Callable[[], None]] = []

    def write(self, text: str, written: Callable[[], None] | None = None) -> None:
        self.texts.append(text)
        if written is not None:
            self._waiting.append(written)

    def get_through(self) -> None:
        while self._waiting:
            self._waiting.pop(0)()


class Reports:
    """Reports on a queue, by a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.queue = Queue()
        self.reports = FrameReports(lambda function: function(), lambda: self.now)
        self.reports.terminal_taken(self.queue)


@pytest.fixture
def terminal() -> Reports:
    return Reports()


def test_a_frame_is_shown_once_the_terminal_has_answered_behind_it(terminal: Reports) -> None:
    report = terminal.reports.request()
    assert terminal.queue.texts == [STATUS_QUERY]
    terminal.queue.get_through()
    assert terminal.reports.state(report) is FrameState.SENT
    terminal.now += 0.2
    terminal.reports.answered()
    assert terminal.reports.state(report) is FrameState.SHOWN
    assert report.shown_at == terminal.now


def test_an_answer_before_the_report_was_written_out_confirms_nothing(terminal: Reports) -> None:
    report = terminal.reports.request()
    terminal.reports.answered()
    terminal.queue.get_through()
    assert terminal.reports.state(report) is FrameState.SENT


def test_an_answer_belongs_to_the_oldest_report(terminal: Reports) -> None:
    first, second = terminal.reports.request(), terminal.reports.request()
    terminal.queue.get_through()
    terminal.reports.answered()
    assert terminal.reports.state(first) is FrameState.SHOWN
    assert terminal.reports.state(second) is FrameState.SENT


def test_a_frame_that_stays_in_the_queue_is_never_shown(terminal: Reports) -> None:
    report = terminal.reports.request()
    terminal.now += 3600
    assert terminal.reports.state(report) is FrameState.SENT
    assert report.shown_at == float("inf")


@pytest.mark.parametrize("is_answered", [False, True])
def test_a_frame_is_lost_when_something_was_dropped_since(
    is_answered: bool, terminal: Reports
) -> None:
    report = terminal.reports.request()
    terminal.queue.get_through()
    if is_answered:
        terminal.reports.answered()
    terminal.queue.dropped += 1
    assert terminal.reports.state(report) is FrameState.LOST


@pytest.mark.parametrize("lose", ["repainted", "taken"])
def test_a_frame_is_lost_when_the_screen_is_painted_again(lose: str, terminal: Reports) -> None:
    report = terminal.reports.request()
    terminal.queue.get_through()
    terminal.reports.answered()
    if lose == "taken":
        terminal.reports.terminal_taken(Queue())
    else:
        terminal.reports.repainted()
    assert terminal.reports.state(report) is FrameState.LOST


def test_an_answer_to_a_lost_frame_does_not_confirm_the_next(terminal: Reports) -> None:
    terminal.reports.request()
    terminal.reports.repainted()
    terminal.queue.get_through()
    terminal.reports.answered()
    report = terminal.reports.request()
    terminal.queue.get_through()
    assert terminal.reports.state(report) is FrameState.SENT


def test_a_terminal_that_never_answers_leaves_a_frame_unconfirmed(terminal: Reports) -> None:
    report = terminal.reports.request()
    terminal.queue.get_through()
    terminal.now += REPLY_WITHIN
    assert terminal.reports.state(report) is FrameState.SENT
    terminal.now += 0.01
    assert terminal.reports.state(report) is FrameState.UNCONFIRMED


def test_a_terminal_that_has_answered_once_must_answer_for_every_frame(terminal: Reports) -> None:
    terminal.reports.request()
    terminal.queue.get_through()
    terminal.reports.answered()
    report = terminal.reports.request()
    terminal.queue.get_through()
    terminal.now += 3600
    assert terminal.reports.state(report) is FrameState.OVERDUE


def test_after_an_answer_that_was_lost_the_next_report_is_confirmed_by_its_own(
    terminal: Reports,
) -> None:
    terminal.reports.request()
    terminal.queue.get_through()
    terminal.now += REPLY_WITHIN + 0.01
    report = terminal.reports.request()
    terminal.queue.get_through()
    terminal.reports.answered()
    assert terminal.reports.state(report) is FrameState.SHOWN


def test_without_a_terminal_every_frame_counts_as_shown() -> None:
    reports = FrameReports(lambda function: function(), lambda: 5.0)
    report = reports.request()
    assert reports.state(report) is FrameState.SHOWN
    assert report.shown_at == 5.0


@pytest.mark.parametrize("cut", range(1, 4))
def test_an_answer_is_counted_and_is_no_key(cut: int) -> None:
    decoder, answer = InputDecoder(), b"\x1b[0n"
    typed = [*decoder.feed(b"a" + answer[:cut], 0.0), *decoder.feed(answer[cut:] + b"b", 0.05)]
    assert typed == ["a", "b"]
    assert decoder.status_replies == 1


def test_another_status_or_one_inside_a_paste_is_no_answer() -> None:
    decoder = InputDecoder()
    list(decoder.feed(b"\x1b[3n\x1b[200~\x1b[0n\x1b[201~", 0.0))
    assert decoder.status_replies == 0
