"""One program with the states and transitions of supervisord. Times are in seconds.

Transitions are worked out from the clock at each read: nothing runs in between. How long a stop
takes and how long a failing program lives is not documented: [choice].
"""

from datetime import UTC, datetime, timedelta

STOP_TAKES = 0.6
RESTS_FOR = 0.3
DIES_AFTER = 0.4
EXIT_LASTS = 0.2
RETRIES = 3

_UP = frozenset({"RUNNING", "STARTING"})
_LIVE = _UP | {"STOPPING"}
_DOWN_WORDS = frozenset({"STOPPED", "EXITED", "BACKOFF", "FATAL"})
_LIVE_WORDS = _LIVE | {"RESTARTING"}


class Process:
    """A program by its name; `startsecs` is how long it must live to count as RUNNING."""

    def __init__(
        self, name: str, *, startsecs: float = 1.0, pace: float = 1.0, one_shot: bool = False
    ) -> None:
        self.name = name
        self.state = "STOPPED"
        self.started_at: float | None = None
        self.fails = False
        self.crashes_every: float | None = None
        self.ignores = 0
        self.refuses = 0
        self._startsecs = startsecs
        self._pace = pace
        self._one_shot = one_shot
        self._due: float | None = None
        self._starts_again = False
        self._retries = 0
        self._fixed: str | None = None

    def boot(self, at: float) -> None:
        """Set the state of long after the node's start."""
        self.started_at = at
        self.state = "EXITED" if self._one_shot else "RUNNING"

    def advance(self, now: float) -> None:
        """Make every transition that is due by `now`."""
        while self._due is not None and self._due <= now:
            at, self._due = self._due, None
            self._move(at)

    def start(self, now: float) -> None:
        """Begin to start; does nothing to a program that runs or is about to."""
        self.advance(now)
        self._drop_fixed_status(starting=True)
        if self.state == "STOPPING":
            self._starts_again = True
        elif self.state not in _UP and not (self.state == "STOPPED" and self._due is not None):
            self._retries = 0
            self.state, self._due = "STOPPED", self._earliest_spawn(now)
            self.advance(now)

    def stop(self, now: float) -> None:
        """Begin to stop; a program that is not alive is STOPPED at once."""
        self.advance(now)
        self._drop_fixed_status(starting=False)
        self._starts_again = False
        if self.state in _UP:
            self.state, self._due = "STOPPING", now + STOP_TAKES * self._pace
        elif self.state != "STOPPING":
            self.state, self._due = "STOPPED", None

    def restart(self, now: float) -> None:
        """Stop, then start."""
        self.stop(now)
        if self.state == "STOPPING":
            self._starts_again = True
        else:
            self.start(now)

    def halt(self) -> None:
        """Set STOPPED at once."""
        self.state, self._due, self._fixed, self._starts_again = "STOPPED", None, None, False

    def fix_status(self, status: str) -> None:
        """Report any status word, verbatim, until the next operation; the program goes on."""
        self._fixed = status

    def _drop_fixed_status(self, *, starting: bool) -> None:
        """Drop the fixed word, and stop the program where the word says it is not alive."""
        word, self._fixed = self._fixed, None
        if word is None or word in _LIVE_WORDS:
            return
        if starting or word in _DOWN_WORDS:
            self.halt()

    def crash_loop(self, now: float, every: float) -> None:
        """Exit again and again, `every` seconds after each start."""
        self.crashes_every = every
        if self.state == "RUNNING":
            self._due = now + every * self._pace

    def repair(self) -> None:
        """Stop failing and crashing."""
        self.fails, self.crashes_every = False, None
        if self.state == "RUNNING" and not self._one_shot:
            self._due = None

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.state == "RUNNING"

    @property
    def is_up(self) -> bool:
        """Whether it runs or starts."""
        return self.state in _UP

    @property
    def word(self) -> str:
        """The state in the supervisor's own words, which the health call reports."""
        return self.state if self._fixed is None else self._fixed

    def report(self, now: float, stopped_times: str) -> dict[str, str | None]:
        """Return the entry of `GET /v1/local/services`.

        RESTARTING is documented, and not when it is shown: [choice] while a program stops that
        will start again. Whether a stopped service has times is not documented: [choice] by
        `stopped_times`.
        """
        self.advance(now)
        restarts = self._fixed is None and self.state == "STOPPING" and self._starts_again
        status = "RESTARTING" if restarts else self.word
        has_times = self.state in _LIVE if self._fixed is None else self._fixed == "RUNNING"
        if has_times and self.started_at is not None:
            start = datetime.fromtimestamp(int(self.started_at), UTC)
            uptime = timedelta(seconds=max(0, int(now) - int(self.started_at)))
            return {
                "start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "status": status,
                "uptime": str(uptime),
            }
        if stopped_times == "absent":
            return {"status": status}
        nothing = None if stopped_times == "null" else ""
        return {"start_time": nothing, "status": status, "uptime": nothing}

    def _earliest_spawn(self, at: float) -> float:
        """Return when a program that should start at `at` may: in a later second than last time.

        The API reports start times in whole seconds, and only a later one proves a restart.
        """
        return at if self.started_at is None else max(at, float(int(self.started_at) + 1))

    def _spawn(self, at: float) -> None:
        self.started_at, self.state = at, "STARTING"
        takes = DIES_AFTER if self.fails else self._startsecs
        self._due = at + takes * self._pace

    def _move(self, at: float) -> None:
        match self.state:
            case "STARTING":
                self._started(at)
            case "STOPPING":
                self._stopped(at)
            case "RUNNING":
                self._exited(at)
            case _:
                self._spawn(at)

    def _started(self, at: float) -> None:
        if self.fails:
            self._retries += 1
            self.state = "BACKOFF" if self._retries <= RETRIES else "FATAL"
            waits = self._earliest_spawn(at + self._retries * self._pace)
            self._due = waits if self.state == "BACKOFF" else None
            return
        self.state, self._retries = "RUNNING", 0
        if self._one_shot:
            self._due = at + self._pace
        elif self.crashes_every is not None:
            self._due = at + self.crashes_every * self._pace

    def _stopped(self, at: float) -> None:
        self.state = "STOPPED"
        if self._starts_again:
            self._starts_again = False
            self._due = self._earliest_spawn(at + RESTS_FOR * self._pace)

    def _exited(self, at: float) -> None:
        self.state = "EXITED"
        again = self._earliest_spawn(at + EXIT_LASTS * self._pace)
        self._due = None if self._one_shot else again
