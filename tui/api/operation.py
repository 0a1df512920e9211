"""The body of an action's request, and the outcome of sending it. Light to import."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from tui.model.order import Verb


def write_operation(verb: Verb, services: Iterable[str]) -> bytes:
    """Write the body of an order, as the documentation has it."""
    body = {"operation_type": verb.value, "services": list(services)}
    return json.dumps(body).encode("ascii")


class Outcome(Enum):
    """What came back for an order that left."""

    ACCEPTED = "accepted"
    """200 and a JSON object; by service, it says whether the operation ran."""
    REFUSED = "refused"
    """4xx."""
    LOST = "lost"
    """Anything else, or nothing: whether the node acted is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for an order.

    `results` is by service asked for: true, false, or None if not told. `status` is None where
    no answer came at all; `took` is in seconds.
    """

    outcome: Outcome
    text: str
    took: float
    status: int | None = None
    results: Mapping[str, bool | None] = field(default_factory=dict)

    @property
    def forbidden(self) -> bool:
        """Whether the user's role may not give orders."""
        return self.status == 403

    @property
    def login_refused(self) -> bool:
        """Whether the login was not accepted."""
        return self.status == 401
