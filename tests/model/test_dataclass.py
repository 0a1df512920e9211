"""Our dataclasses are those of the standard library, but defined in less time."""

import contextlib
import copy
import dataclasses
import inspect
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from tui.model import dataclass as ours

_Item = TypeVar("_Item")
ARGUMENTS = [
    {"frozen": True, "slots": True},
    {"slots": True},
    {"slots": True, "eq": False},
    {"frozen": True, "slots": True, "eq": False},
]


def define(dataclass: Callable[..., Any], arguments: dict[str, bool]) -> type[Any]:
    @dataclass(**arguments)
    class Base:
        number: int
        text: str = "a"
        hidden: str = dataclasses.field(default="h", repr=False, compare=False)
        many: list[int] = dataclasses.field(default_factory=list)
        LIMIT: ClassVar[int] = 3

        def doubled(self) -> int:
            return self.number * 2

    @dataclass(**arguments)
    class Derived(Base):
        last: tuple[int, ...] = ()

        def __repr__(self) -> str:
            return "own"

    @dataclass(**arguments)
    class Box(Generic[_Item]):
        item: _Item

    @dataclass(**arguments)
    class Empty:
        pass

    Base.others = (Derived, Box, Empty)
    return Base


@pytest.fixture(params=ARGUMENTS, ids=str)
def both(request: pytest.FixtureRequest) -> tuple[type[Any], type[Any]]:
    return define(dataclasses.dataclass, request.param), define(ours.dataclass, request.param)


def outcome(function: Callable[[], object]) -> object:
    try:
        return function()
    except Exception as error:  # noqa: BLE001 - compared with the other's
        return type(error)


CASES: dict[str, Callable[[type[Any]], object]] = {
    "repr": lambda c: repr(c(1, many=[2])).rpartition(".")[2],
    "repr of its own": lambda c: repr(c.others[0](1)),
    "equal": lambda c: c(1, "b") == c(1, "b"),
    "unequal": lambda c: c(1, "b") == c(2, "b"),
    "not compared": lambda c: c(1, hidden="x") == c(1, hidden="y"),
    "of another class": lambda c: c(1) == c.others[0](1),
    "of another kind": lambda c: c(1) == 1,
    "hash of a list": lambda c: isinstance(hash(c(1)), int),
    "hash before any other": lambda c: isinstance(hash(object.__new__(c.others[2])), int),
    "equal before any other": lambda c: object.__new__(c.others[2]) == object.__new__(c.others[2]),
    "hash": lambda c: len({c(1, many=()), c(1, many=())}),
    "assign": lambda c: setattr(c(1), "number", 2),
    "assign another": lambda c: setattr(c(1), "no_such", 2),
    "delete": lambda c: delattr(c(1), "number"),
    "lists of their own": lambda c: c(1).many is c(1).many,
    "too few": lambda c: c(),
    "too many": lambda c: c(1, 2, 3, 4, 5),
    "unknown": lambda c: c(1, no_such=2),
    "replace": lambda c: dataclasses.replace(c(1, "b"), number=2).number,
    "fields": lambda c: [field.name for field in dataclasses.fields(c.others[0])],
    "as a dict": lambda c: dataclasses.asdict(c.others[0](1)),
    "match": lambda c: c.others[0].__match_args__,
    "slots": lambda c: (c.__slots__, hasattr(c(1), "__dict__")),
    "method": lambda c: c(2).doubled(),
    "class variable": lambda c: c.LIMIT,
    "signature": lambda c: (
        [c(n) for n in range(ours._FEW + 1)] and [*inspect.signature(c).parameters]
    ),
    "generic": lambda c: c.others[1](5).item,
    "empty": lambda c: c.others[2]() == c.others[2](),
    "copied": lambda c: dataclasses.asdict(copy.copy(c(1, "b"))),
    "deeply copied": lambda c: dataclasses.asdict(copy.deepcopy(c(1, many=[1]))),
}


@pytest.mark.parametrize("few", [0, ours._FEW])
@pytest.mark.parametrize("case", CASES)
def test_it_does_as_the_standard_library(
    case: str, few: int, both: tuple[type[Any], type[Any]]
) -> None:
    """The same before the initializer is compiled and after."""
    for class_ in (both[1], *both[1].others):
        for _ in range(few):
            with contextlib.suppress(TypeError):
                class_(1)
    standard, ours = (outcome(lambda made=made: CASES[case](made)) for made in both)
    if case == "assign another":  # of slots, the standard library's message is a lookup's
        assert ours in (AttributeError, dataclasses.FrozenInstanceError, standard)
    else:
        assert ours == standard


def test_a_class_with_few_instances_compiles_nothing() -> None:
    class_ = define(ours.dataclass, ARGUMENTS[0])
    first = class_.__init__
    for _ in range(ours._FEW):
        class_(1)
    assert class_.__init__ is first
    class_(1)
    compiled = class_.__init__
    assert compiled is not first
    assert class_(1) == class_(1)
    assert class_.__init__ is compiled


def test_to_compare_instances_compiles_no_initializer() -> None:
    class_ = define(ours.dataclass, ARGUMENTS[0])
    first, comparing = class_.__init__, class_.__eq__
    assert class_(1) == class_(1)
    assert class_.__init__ is first
    assert class_.__eq__ is not comparing


def test_what_a_class_defines_itself_stays() -> None:
    @ours.dataclass(frozen=True, slots=True)
    class Own:
        number: int

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

    assert Own(1) == Own(2)
    assert hash(Own(1)) == 7


@ours.dataclass(frozen=True, slots=True)
class Pickled:
    number: int


def test_one_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(Pickled(3))) == Pickled(3)  # noqa: S301 - our own


def test_nothing_but_the_simulator_uses_the_standard_librarys() -> None:
    """It shares no code with the client; elsewhere one of them costs a start as much as ten."""
    tree = Path(ours.__file__).parents[1]
    used = {
        path.relative_to(tree).parts[0]
        for path in tree.rglob("*.py")
        if re.search(
            r"^from dataclasses import .*\bdataclass\b", path.read_text("utf-8"), re.MULTILINE
        )
    }
    assert used == {"sim"}
