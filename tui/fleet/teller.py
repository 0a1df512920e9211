"""Which node is asked about its cluster: the one that told last, until it tells no more."""

from urllib.parse import urlsplit

FACTS_EVERY = 5.0
"""Seconds after which the cluster is asked again, and a node that sent the question elsewhere."""

_ONCE_A_BEAT = 0.75
_OVERDUE = 1.5
_HURRIED_NO_MORE_THAN = 1.0


class Teller:
    """Holds the turns of one cluster's nodes; times are monotonic, `every` is the pace in seconds.

    While nobody tells, one node a beat is asked all the same. If it points elsewhere than before,
    the primary is another one, and then all are asked at their next reading.
    """

    def __init__(self) -> None:
        self.name = ""
        self._told_at = 0.0
        self._asked_at = 0.0
        self._barred: dict[str, float] = {}
        self._sent_on: dict[str, float] = {}
        self._points: dict[str, str] = {}

    def may_tell(self, node: str, now: float, every: float) -> bool:
        """Say whether it is this node's turn."""
        if now < self._barred.get(node, 0.0):
            return False
        if self.name:
            overdue = max(every * _OVERDUE, _HURRIED_NO_MORE_THAN)
            return node == self.name or now - self._told_at > overdue
        scouts = now - self._asked_at >= every * _ONCE_A_BEAT
        return scouts or now >= self._sent_on.get(node, 0.0)

    def asks(self, now: float) -> None:
        """Note that a node is being asked."""
        self._asked_at = now

    def told(self, node: str, now: float) -> None:
        """Note that a node answered: it is the one that is asked from now on."""
        self.name, self._told_at = node, now
        self._points.pop(node, None)

    def points_to(self, node: str, location: str, now: float) -> None:
        """Note that a node sent the question elsewhere."""
        place = _place(location)
        if self._points.get(node, place) != place:
            self._sent_on.clear()
        self.lose(node)
        self._points[node] = place
        self._sent_on[node] = now + FACTS_EVERY

    def bar(self, node: str, until: float) -> None:
        """Leave a node that failed alone for a while."""
        self.lose(node)
        self._barred[node] = until

    def lose(self, node: str) -> None:
        """Note that a node tells no more; if it was the one, any other may from now on."""
        if node == self.name:
            self.name = ""
            self._sent_on.clear()

    def forget(self, node: str) -> None:
        """Forget a node that is not watched any more."""
        self.lose(node)
        for kept in (self._barred, self._sent_on, self._points):
            kept.pop(node, None)


def _place(location: str) -> str:
    """Give the host and port of a redirect; the path is that of the question."""
    try:
        return urlsplit(location).netloc.lower()
    except ValueError:
        return location
