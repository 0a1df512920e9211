"""The error that ends a command, and its exit code."""

import sys

USAGE = 2


class CommandError(Exception):
    """A command cannot go on: the problem in one sentence, and exit code 2."""

    exit_code = USAGE

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def show(self) -> None:
        """Print it on stderr."""
        sys.stderr.write(f"rsdeck: {self.message}\n")
        sys.stderr.flush()
