"""The entry point: argv → exit code, and what ends every command alike."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # as typing has it, whose import takes longer than a first frame may
if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.cli.errors import CommandError

GC_THRESHOLDS = (100_000, 20, 50)
"""Thresholds of the garbage collector: more objects than any command imports (60,000), which stay:
ten collections at start found nothing in a tenth of a command's time."""

_INTERRUPTED = 130
_UNREAD = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    gc.set_threshold(*GC_THRESHOLDS)
    args = sys.argv[1:] if argv is None else list(argv)
    for stream in (sys.stdout, sys.stderr):
        # Letters that a terminal cannot show are written as escapes.
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")
    try:
        return _run(args)
    except BrokenPipeError:
        _drop_unwritten()
        return _UNREAD
    except OSError as error:
        from tui.cli.errors import CommandError, ErrorCode
        from tui.model.text import clean

        _drop_unwritten()
        where = f"{clean(os.fsdecode(error.filename), 4096)}: " if error.filename else ""
        text = f"{where}{error.strerror or clean(str(error))}"
        return _failed(CommandError(text, ErrorCode.STORAGE), args)
    except KeyboardInterrupt:
        _say("stopped")
        return _INTERRUPTED
    finally:
        _drop_unwritten()
        if argv is None:
            # The process ends: the interpreter would collect all that was imported, a sixth of the
            # time of a command.
            gc.freeze()


def _run(args: Sequence[str]) -> int:
    try:
        code = None
        if "status" in args:
            from tui.cli.status_once import status_at_once

            code = status_at_once(args)
        if code is None:
            from tui.cli.first_frame import open_at_once

            code = open_at_once(args)
        if code is not None:
            return code
        from tui.cli.main import run

        return run(args)
    except _command_error() as error:
        return _failed(error, args)


def _command_error() -> type[CommandError]:
    """Import the error of commands, once there is one: its enums take longer than a first frame."""
    from tui.cli.errors import CommandError

    return CommandError


def _failed(error: CommandError, args: Sequence[str]) -> int:
    """Print why a command ended, with --json on stdout too, and return the exit code."""
    try:
        error.show()
        if "--json" in args:
            from tui.cli.output import echo_error

            echo_error(error)
    except BrokenPipeError:
        return _UNREAD
    except OSError:
        pass  # the exit code is what is left to tell it
    return error.exit_code


def _say(text: str) -> None:
    try:
        sys.stderr.write(f"rsdeck: {text}\n")
        sys.stderr.flush()
    except OSError:
        pass


def _drop_unwritten() -> None:
    """Drop what a full disk did not take: Python would try again at exit, and end with 120."""
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            nothing = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nothing, stream.fileno())
            os.close(nothing)
