"""Dataclasses that are defined in a fifth of the time: there are 200, and each start pays them.

`dataclasses` compiles five functions for each frozen class, one after another. Here the three that
must be quick when they are called are compiled when they are called: what compares at once, the
initializer with many instances, since most classes that a start imports have few. All classes share
the other functions.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

_FEW = 60
"""Instances that are filled field by field: to compile takes as long as to fill so many."""

_Filled = tuple[str, Any, Any]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(
        *, slots: bool, frozen: bool = False, eq: bool = True
    ) -> Callable[[type[Any]], type[Any]]:
        """Return a decorator that does as `dataclasses.dataclass` with the same arguments.

        Assigning to a frozen instance raises FrozenInstanceError, also for a name that is no field.
        """

        def decorate(cls: type[Any]) -> type[Any]:
            own = frozenset(vars(cls))
            if cls.__doc__ is None:
                cls.__doc__ = cls.__qualname__  # else its signature, which takes long to write
            made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
            added = _compiled_when_called(made, is_frozen=frozen, is_compared=eq) | _SHARED
            if frozen:
                added |= _FROZEN
            for name in added.keys() - own:
                setattr(made, name, added[name])
            return made

        return decorate


def _compiled_when_called(cls: type[Any], *, is_frozen: bool, is_compared: bool) -> dict[str, Any]:
    """Return functions that put compiled ones into the class in their place."""
    instances_left = _FEW
    fields: Sequence[_Filled] = ()

    def put(functions: Mapping[str, Any]) -> None:
        for name, function in functions.items():
            if vars(cls).get(name) is made[name]:  # not one of the class's own
                setattr(cls, name, function)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - as it is called
        nonlocal instances_left, fields
        instances_left -= 1
        fields = fields or _filled(cls)
        if instances_left < 0 or not _is_filled(self, fields, args, kwargs):
            put(_initializer(cls, is_frozen=is_frozen))
            cls.__init__(self, *args, **kwargs)

    def __eq__(self: Any, other: object) -> Any:  # noqa: N807 - as above
        put(_comparison(cls, is_frozen=is_frozen))
        return vars(cls)["__eq__"](self, other)

    def __hash__(self: Any) -> Any:  # noqa: N807 - as above
        put(_comparison(cls, is_frozen=is_frozen))
        return vars(cls)["__hash__"](self)

    made: dict[str, Any] = {"__init__": __init__}
    if is_compared:
        made["__eq__"] = __eq__
        made["__hash__"] = __hash__ if is_frozen else None
    return made


def _filled(cls: type[Any]) -> Sequence[_Filled]:
    """Return what fills each field of a class: its name, its default and what makes one."""
    return [(one.name, one.default, one.default_factory) for one in dataclasses.fields(cls)]


def _is_filled(
    one: Any, fields: Sequence[_Filled], args: Sequence[Any], kwargs: dict[str, Any]
) -> bool:
    """Set the fields of an instance as its initializer would; False where that would raise."""
    if len(args) > len(fields):
        return False
    given = len(kwargs)
    for number, (name, default, make) in enumerate(fields):
        if number < len(args):
            value = args[number]
        elif name in kwargs:
            value = kwargs[name]
            given -= 1
        elif default is not dataclasses.MISSING:
            value = default
        elif make is not dataclasses.MISSING:
            value = make()
        else:
            return False
        object.__setattr__(one, name, value)
    return not given


def _initializer(cls: type[Any], *, is_frozen: bool) -> dict[str, Any]:
    """Compile the initializer of a class."""
    fields = dataclasses.fields(cls)
    known = {"__set": object.__setattr__, "__missing": dataclasses.MISSING}
    heads, lines = ["self"], []
    for field in fields:
        name = value = field.name
        if field.default is not dataclasses.MISSING:
            known[f"__default_{name}"] = field.default
            heads.append(f"{name}=__default_{name}")
        elif field.default_factory is not dataclasses.MISSING:
            known[f"__make_{name}"] = field.default_factory
            heads.append(f"{name}=__missing")
            value = f"__make_{name}() if {name} is __missing else {name}"
        else:
            heads.append(name)
        if not is_frozen:
            lines.append(f" self.{name} = {value}")
        elif isinstance(slot := getattr(cls, name, None), MemberDescriptorType):
            known[f"__set_{name}"] = slot.__set__
            lines.append(f" __set_{name}(self, {value})")
        else:
            lines.append(f" __set(self, {name!r}, {value})")
    made = _compiled(cls, [f"def __init__({', '.join(heads)}):", *(lines or [" pass"])], known)
    made["__init__"].__annotations__ = {field.name: field.type for field in fields}
    return made


def _comparison(cls: type[Any], *, is_frozen: bool) -> dict[str, Any]:
    """Compile what compares instances of a class."""
    names = [field.name for field in dataclasses.fields(cls) if field.compare]
    ours, theirs = (
        f"({''.join(f'{one}.{name}, ' for name in names)})" for one in ("self", "other")
    )
    source = [
        "def __eq__(self, other):",
        f" return {ours} == {theirs} if other.__class__ is self.__class__ else NotImplemented",
    ]
    if is_frozen:
        source += ["def __hash__(self):", f" return hash({ours})"]
    return _compiled(cls, source, {})


def _compiled(cls: type[Any], source: Sequence[str], known: dict[str, Any]) -> dict[str, Any]:
    """Compile functions of a class, to which `known` is global."""
    made: dict[str, Any] = {}
    exec("\n".join(source), known, made)  # noqa: S102 - names of fields alone, as dataclasses does
    for name, function in made.items():
        function.__qualname__ = f"{cls.__qualname__}.{name}"
        function.__module__ = cls.__module__
    return made


def _repr(self: Any) -> str:
    fields = (field for field in dataclasses.fields(self) if field.repr)
    values = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields)
    return f"{type(self).__qualname__}({values})"


def _assign(_self: Any, name: str, _: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(_self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restore(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


_SHARED = {"__repr__": _repr}
_FROZEN = {
    "__setattr__": _assign,
    "__delattr__": _delete,
    "__getstate__": _state,
    "__setstate__": _restore,
}
