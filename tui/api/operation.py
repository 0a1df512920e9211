"""The body of an order's request. Light to import."""

import json
from collections.abc import Iterable

from tui.model.order import Verb


def write_operation(verb: Verb, services: Iterable[str]) -> bytes:
    """Write the body of an order, as the documentation has it."""
    body = {"operation_type": verb.value, "services": list(services)}
    return json.dumps(body).encode("ascii")
