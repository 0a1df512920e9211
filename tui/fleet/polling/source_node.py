"""Which node of a cluster is asked for what the cluster says of itself.

A node that is not primary may redirect the cluster's calls to the primary, and a redirect is never
followed with credentials: the node that answers is found by trying.
"""

from urllib.parse import urlsplit

FACTS_EVERY = 5.0
"""Seconds after which the cluster is polled again, and a node that redirected the call."""

_TRY_EVERY_INTERVALS = 0.75
_OVERDUE_INTERVALS = 1.5
_HURRIED_NO_MORE_THAN = 1.0


class SourceNode:
    """Picks the node that its cluster's facts are read from: `name`, empty while none answers.

    Times are monotonic, `every` is the interval in seconds. Without a source one node an interval
    is tried all the same. If it redirects elsewhere than before, the primary is another one, and
    then all are tried at their next reading.
    """

    def __init__(self) -> None:
        self.name = ""
        self._answered_at = 0.0
        self._asked_at = 0.0
        self._failed_until: dict[str, float] = {}
        self._redirected_until: dict[str, float] = {}
        self._redirects: dict[str, str] = {}

    def may_ask(self, node: str, now: float, every: float) -> bool:
        """Whether this node may be asked now."""
        if now < self._failed_until.get(node, 0.0):
            return False
        if self.name:
            overdue = max(every * _OVERDUE_INTERVALS, _HURRIED_NO_MORE_THAN)
            return node == self.name or now - self._answered_at > overdue
        tries = now - self._asked_at >= every * _TRY_EVERY_INTERVALS
        return tries or now >= self._redirected_until.get(node, 0.0)

    def begin(self, now: float) -> None:
        """Begin to ask a node."""
        self._asked_at = now

    def answered(self, node: str, now: float) -> None:
        """Make a node that answered the source: it is the one that is asked from now on."""
        self.name, self._answered_at = node, now
        self._redirects.pop(node, None)

    def redirected(self, node: str, location: str, now: float) -> None:
        """Remember where a node redirected the call."""
        place = _place(location)
        if self._redirects.get(node, place) != place:
            self._redirected_until.clear()
        self.lose(node)
        self._redirects[node] = place
        self._redirected_until[node] = now + FACTS_EVERY

    def failed(self, node: str, until: float) -> None:
        """Exclude a node that failed: it is not polled before `until`."""
        self.lose(node)
        self._failed_until[node] = until

    def lose(self, node: str) -> None:
        """Drop a node as the source; if it was, any other may be from now on."""
        if node == self.name:
            self.name = ""
            self._redirected_until.clear()

    def forget(self, node: str) -> None:
        """Forget a node that is not polled any more."""
        self.lose(node)
        for kept in (self._failed_until, self._redirected_until, self._redirects):
            kept.pop(node, None)


def _place(location: str) -> str:
    """Return the host and port of a redirect; the path is that of the call."""
    try:
        return urlsplit(location).netloc.lower()
    except ValueError:
        return location
