"""The options that several commands have take no number that breaks a clock."""

from collections.abc import Iterator

import click
import pytest

from tui.cli.errors import CommandError
from tui.cli.main import rsdeck
from tui.cli.options import SecondsRange, seconds_of


def options(command: click.Command, words: str = "") -> Iterator[tuple[str, click.Option]]:
    """Go through the options of a command and of those under it, with the words to type."""
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield f"{words} {parameter.opts[0]}", parameter
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            under = command.get_command(context, name)
            assert under is not None
            yield from options(under, f"{words} {name}")


def test_no_option_of_any_command_takes_nan_for_seconds() -> None:
    """P17. Polling every `nan` seconds polled without a pause: 1,900 requests a second."""
    numbers = {words: found for words, found in options(rsdeck) if found.type.name == "float range"}
    assert {words.split()[-1] for words in numbers} == {"--every", "--heartbeat", "--steady"}
    for words, option in numbers.items():
        with pytest.raises(click.BadParameter):
            option.type.convert("nan", option, None)
        assert option.type.convert("2.5", option, None) == 2.5, words


@pytest.mark.parametrize("text", ["0", "601", "inf", "-nan", "NaN", "ten"])
def test_a_number_of_seconds_is_in_its_range(text: str) -> None:
    with pytest.raises(click.BadParameter):
        SecondsRange(1, 600).convert(text, None, None)


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "1d", "1 s", "9" * 400, "\u0661s"])
def test_a_timeout_that_is_no_finite_time_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="wants a time such as 30s"):
        seconds_of(text)


def test_a_timeout_has_a_unit_or_is_in_seconds() -> None:
    assert [seconds_of(text) for text in ("500ms", "2", "1.5m", "1h")] == [0.5, 2, 90, 3600]
