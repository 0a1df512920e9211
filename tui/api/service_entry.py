"""What the API says that an entry of `GET /v1/local/services` is, and how another one differs.

Imported for an entry that is not as nodes send it: pydantic takes longer to import than all else
that reads a node.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tui.model.text import clean


class ServiceEntry(BaseModel):
    """One value of the answer. Whatever else it holds is left alone; times never make it bad."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    status: str
    start_time: Any = None
    uptime: Any = None


def fault_of_entry(raw: dict[str, Any]) -> str:
    """Return how an object differs from an entry; empty where it is one."""
    try:
        ServiceEntry.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        return clean(f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}")
    return ""
