"""How a command ends: its exit code, the error that ends it, and that one's code for scripts."""

from enum import StrEnum

from tui.cli.printing import write_remark

WELL, DOWN, USAGE, UNREACHABLE = 0, 1, 2, 3


class ErrorCode(StrEnum):
    """Why a command could not do its work; the value is the `code` of its JSON."""

    USAGE = "usage"
    CONFIGURATION = "configuration"
    UNKNOWN_NODE = "unknown_node"
    UNKNOWN_CLUSTER = "unknown_cluster"
    UNKNOWN_SERVICE = "unknown_service"
    NO_DATA = "no_data"
    """There is no journal yet."""
    STORAGE = "storage"
    """A file of this machine cannot be read or written."""
    UNREACHABLE = "unreachable"
    NOT_TRUSTED = "not_trusted"
    LOGIN_REFUSED = "login_refused"
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"
    BAD_ANSWER = "bad_answer"
    NO_PASSWORD = "no_password"  # noqa: S105 - a word of the output
    READ_ONLY = "read_only"
    LOCKED = "locked"
    """Only the deck sends an action to a service that is not known to be optional."""
    NOT_ALLOWED = "not_allowed"
    NOTHING_TO_DO = "nothing_to_do"
    """The action makes no sense for the service as it is."""
    NOT_CONFIRMED = "not_confirmed"
    NOT_SENT = "not_sent"
    """The check right before the request found a change, or could not be made."""
    INTERRUPTED = "interrupted"


class CommandError(Exception):
    """A command cannot go on: why in one sentence, what for scripts, and the exit code.

    `node` is the node that it is about, empty if none; `retryable` is whether the same command
    may work later, though nobody changes anything.
    """

    def __init__(
        self,
        message: str,
        code: ErrorCode = ErrorCode.USAGE,
        *,
        node: str = "",
        retryable: bool = False,
        exit_code: int = USAGE,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.node = node
        self.retryable = retryable
        self.exit_code = exit_code

    def show(self) -> None:
        """Print it on stderr."""
        write_remark(self.message)
