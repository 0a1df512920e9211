"""What a screen has under its cursor that evidence can be shown for."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class Explainable(Protocol):
    """A screen with services, problems or events."""

    def why_subject(self) -> tuple[str, str] | None:
        """Return the node and the service under the cursor, None where there is none.

        The service is empty where the whole node is meant.
        """
