"""A clock for tests: time goes on when the test says so."""


class Clock:
    """Monotonic seconds that a test moves on."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
