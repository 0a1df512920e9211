import re
from pathlib import Path

import pytest

from tests.config.conftest import Write
from tui.config import Notify, RolloutRules, Settings, load
from tui.config.profile_rules import FIELDS, SOURCES, TRUSTS

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
ALTERNATIVES = re.findall(r"^#: (\w+) = .*$", EXAMPLE.partition("[nodes.node1]")[2], re.MULTILINE)


def test_the_example_is_valid_as_it_stands_and_says_the_defaults(write: Write) -> None:
    configuration = load(write(EXAMPLE), must_exist=True)
    assert configuration.settings == Settings()
    assert configuration.notify == Notify()
    assert configuration.rollout == RolloutRules()
    assert [one.name for one in configuration.nodes] == ["node1"]


def test_the_example_holds_every_key() -> None:
    for field in (*FIELDS, *Settings.__slots__, *Notify.__slots__, *RolloutRules.__slots__):
        assert re.search(rf"^(#: )?{field} = ", EXAMPLE, re.MULTILINE), field


@pytest.mark.parametrize(
    "field", [*SOURCES, *TRUSTS, "environment", "proxy", "role", "uid", "hostname"]
)
def test_each_alternative_of_the_example_is_valid(field: str, write: Write) -> None:
    assert field in ALTERNATIVES
    text, count = re.subn(rf"^#: ({field} = )", r"\1", EXAMPLE, flags=re.MULTILINE)
    assert count == 1
    plain = load(write(EXAMPLE), must_exist=True).nodes[0]
    assert load(write(text), must_exist=True).nodes[0] != plain


def test_the_second_node_and_the_keys_of_the_example_are_valid(write: Write) -> None:
    head, mark, tail = EXAMPLE.partition("#: [nodes.node2]")
    assert mark
    keys = re.sub(r'^#: (refresh|"node)', r"\1", head, flags=re.MULTILINE)
    configuration = load(write(keys + (mark + tail).replace("#: ", "")), must_exist=True)
    assert [one.name for one in configuration.nodes] == ["node1", "node2"]
    assert set(configuration.keys) == {"refresh", "node.1"}
