"""Whether an answer can be a node's list of services at all. Pure."""

from tui.api.errors import Garbled
from tui.model.service import Service

_HINT = "what was known before stays, and grows old; is this the API's port (9443)?"


def plausible(services: tuple[Service, ...], where: str) -> tuple[Service, ...]:
    """Give the services back, or raise Garbled where no entry is one.

    What answers is itself a service of the node, so an empty list is not a node without services,
    and an error that came as 200 must not look like services that are gone.
    """
    if not services:
        raise Garbled(f"{where} listed no services at all", _HINT)
    if all(service.note for service in services):
        raise Garbled(f"{where} listed no service that can be read: {services[0].note}", _HINT)
    return services
