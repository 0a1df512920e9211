"""What differs between two readings of one file."""

from dataclasses import replace
from pathlib import Path

from tests.fleet.conftest import configuration, profile
from tui.config import Notify, Settings
from tui.config.changes import ConfigurationChanges, ProfileChange, compare_configurations
from tui.config.profile import ProfileOrigin, RolloutRules
from tui.model.node import Environment

ONE, TWO = profile("http://127.0.0.1:1", "one"), profile("http://127.0.0.1:2", "two")
BEFORE = configuration([ONE, TWO])


def test_nothing_differs_where_only_lines_have_moved() -> None:
    moved = replace(ONE, origin=ProfileOrigin(Path("config.toml"), {"url": 7}))
    after = replace(BEFORE, nodes=(TWO, moved), digest="other")
    assert not compare_configurations(BEFORE, after)


def test_profiles_are_added_changed_and_removed_by_their_names() -> None:
    three = profile("http://127.0.0.1:3", "three")
    one = replace(ONE, label="first", environment=Environment.PRODUCTION)
    changes = compare_configurations(BEFORE, replace(BEFORE, nodes=(one, three)))
    changed = ProfileChange("one", ("environment production", "label"))
    assert changes == ConfigurationChanges(("three",), (changed,), ("two",))
    assert changes


def test_other_tables_wait_for_the_next_start() -> None:
    after = replace(BEFORE, settings=Settings(theme="light"), notify=Notify(protocol="osc777"))
    after = replace(after, keys={"help": "h"}, rollout=RolloutRules(gate_wait=0.0))
    changes = compare_configurations(BEFORE, after)
    assert changes.at_next_start == ("[settings]", "[keys]", "[notify]", "[rollout]")
    assert changes
