"""Write the JSON Schemas of what rsdeck prints and reads: `python docs/make_schemas.py FOLDER`.

Those of output come from the TypedDicts that the code which writes it is checked against; that of
the configuration from the readers that read it.
"""

import ast
import inspect
import itertools
import json
import sys
import types
from enum import StrEnum
from pathlib import Path
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from config_schema import config_schema

from tui.cli import json_shapes
from tui.cli.snapshot import PolledSnapshot
from tui.fleet.events.notifications import NotifiedEvent
from tui.journal.record_shapes import JournalRecord

DIALECT = "https://json-schema.org/draft/2020-12/schema"

SHAPES: dict[str, tuple[str, Any]] = {
    "action": ("`rsdeck start|stop|restart --json`", json_shapes.ActionResult),
    "discover": ("`rsdeck discover --json`", json_shapes.DiscoveryReport),
    "error": ("Any command with --json that could not do its work", json_shapes.ErrorObject),
    "events": ("A line of `rsdeck events --json`", json_shapes.EventLine),
    "journal": ("A line of `rsdeck journal --json`", JournalRecord),
    "notify": ("What the command of `[notify]` gets on its stdin", NotifiedEvent),
    "rollout": (
        "A line of `rsdeck rollout restart --json`",
        json_shapes.RolloutPlanLine | json_shapes.RolloutStepLine | json_shapes.RolloutEndLine,
    ),
    "snapshot": ("`rsdeck snapshot --json`", PolledSnapshot),
    "status": ("`rsdeck status --json`", json_shapes.StatusReport),
    "status-watch": (
        "A line of `rsdeck status --watch --json`",
        json_shapes.StatusLine | json_shapes.ChangeLine | json_shapes.HeartbeatLine,
    ),
    "why": ("`rsdeck why --json`", json_shapes.WhyReport),
    "wait": ("`rsdeck wait --json`", json_shapes.WaitReport),
}
"""The name of each file, what it describes, and the type."""

_PLAIN: dict[object, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    Any: {},
}


def schema(title: str, shape: Any, *, strict: bool = False) -> dict[str, Any]:
    """Return the schema of a type; a `strict` one allows no key that the type does not have.

    Later versions may add keys, so the schemas that are written allow others.
    """
    definitions: dict[str, Any] = {}
    whole = _schema(shape, definitions, strict=strict)
    head = {"$schema": DIALECT, "title": title}
    return {**head, **whole, "$defs": dict(sorted(definitions.items()))}


def _schema(shape: Any, definitions: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    if shape in _PLAIN:
        return dict(_PLAIN[shape])
    if is_typeddict(shape):
        if shape.__name__ not in definitions:
            definitions[shape.__name__] = {}  # it may hold itself
            definitions[shape.__name__] = _object(shape, definitions, strict=strict)
        return {"$ref": f"#/$defs/{shape.__name__}"}
    if inspect.isclass(shape) and issubclass(shape, StrEnum):
        return {"enum": [member.value for member in shape]}
    origin, inner = get_origin(shape), get_args(shape)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (Required, NotRequired):
        return _schema(inner[0], definitions, strict=strict)
    if origin is list:
        return {"type": "array", "items": _schema(inner[0], definitions, strict=strict)}
    if origin is dict:
        values = _schema(inner[1], definitions, strict=strict)
        return {"type": "object", "additionalProperties": values}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(one, definitions, strict=strict) for one in inner]}
    raise TypeError(f"no schema for {shape!r}")


def _object(shape: Any, definitions: dict[str, Any], *, strict: bool) -> dict[str, Any]:
    hints = get_type_hints(shape, include_extras=True)
    texts = _key_docstrings(shape)
    properties = {}
    for key, hint in hints.items():
        described = {"description": texts[key]} if key in texts else {}
        properties[key] = {**_schema(hint, definitions, strict=strict), **described}
    return {
        "type": "object",
        "description": inspect.cleandoc(shape.__doc__ or ""),
        "properties": properties,
        "required": sorted(shape.__required_keys__),
        **({"additionalProperties": False} if strict else {}),
    }


def _key_docstrings(shape: Any) -> dict[str, str]:
    """Return the docstrings below the keys of a TypedDict and of those that it extends."""
    texts: dict[str, str] = {}
    for class_ in (*reversed(getattr(shape, "__orig_bases__", ())), shape):
        if not is_typeddict(class_):
            continue
        if class_ is not shape:
            texts |= _key_docstrings(class_)
        (definition,) = ast.parse(inspect.getsource(class_)).body
        body = definition.body if isinstance(definition, ast.ClassDef) else []
        for key, text in itertools.pairwise(body):
            if (
                isinstance(key, ast.AnnAssign)
                and isinstance(key.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                texts[key.target.id] = " ".join(str(text.value.value).split())
    return texts


def schemas() -> dict[str, dict[str, Any]]:
    """Return every schema by the name of its file."""
    made = {f"{name}.schema.json": schema(*shape) for name, shape in SHAPES.items()}
    return {**made, "config.schema.json": config_schema()}


def write_schemas(folder: Path) -> list[Path]:
    """Write every schema; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, made in schemas().items():
        path = folder / name
        path.write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        written.append(path)
    return written


if __name__ == "__main__":
    for file in write_schemas(Path(sys.argv[1])):
        print(file)
