"""Columns of a matrix, made by hand."""

from typing import Any

from tui.model.filters import ServiceFilter, ServiceKinds
from tui.model.service import Service
from tui.ui.matrix.columns import ColumnContent, MatrixColumn
from tui.ui.matrix.grid import Grid, build_grid

DAYS = 3 * 86400 + 4 * 3600


def service(name: str, said: str | int | None = DAYS) -> Service:
    """Make a service: a number is the uptime of one that runs, a word its status."""
    if isinstance(said, str):
        return Service(name, said)
    return Service(name, "RUNNING", uptime=said)


def column(key: str, services: dict[str, str | int | None], **more: Any) -> MatrixColumn:
    """Make the column of a node that answered a second ago."""
    disabled = more.pop("disabled", frozenset())
    body = ColumnContent.of((service(name, said) for name, said in services.items()), disabled)
    fields = {"title": key, "cluster": "demo", "age": 1.0, "scope": ServiceKinds(disabled=disabled)}
    return MatrixColumn(key=key, body=body, **(fields | more))


def grid(*columns: MatrixColumn, text: str = "", only: bool = False) -> Grid:
    return build_grid(columns, ServiceFilter(text), only=only)


def names(shown: Grid) -> list[str]:
    return [row.name for row in shown.rows]
