"""What the commands print is as `docs/schemas` describes it, and so is what they read."""

import asyncio
import importlib
import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import ROOT, Command, profiles
from tests.history.conftest import event
from tui.config import ConfigError, load
from tui.history.recorder import HistoryRecorder
from tui.sim.server import SimulatedCluster

SCHEMAS = ROOT / "docs" / "schemas"
NODE = '[nodes.node1]\nurl = "https://10.0.0.1:9443"\nusername = "u"\n'


@pytest.fixture
def make_schemas(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(ROOT / "docs")
    return importlib.import_module("make_schemas")


def check(make_schemas: ModuleType, name: str, values: Iterable[Any]) -> None:
    """Hold values to the schema of a file, and allow no key that it does not describe."""
    title, shape = make_schemas.SHAPES[name]
    validator = Draft202012Validator(make_schemas.schema(title, shape, strict=True))
    count = 0
    for value in values:
        validator.validate(value)
        count += 1
    assert count


def lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_schemas_are_those_of_the_code_as_it_is(make_schemas: ModuleType) -> None:
    committed = {path.name: json.loads(path.read_text("utf-8")) for path in SCHEMAS.iterdir()}
    assert committed == make_schemas.schemas(), "run `make schemas`"
    for schema in committed.values():
        Draft202012Validator.check_schema(schema)


def test_a_key_that_no_schema_describes_is_noticed(make_schemas: ModuleType) -> None:
    with pytest.raises(AssertionError):
        check(make_schemas, "error", [])
    error = {"code": "usage", "message": "", "node": None, "retryable": False}
    check(make_schemas, "error", [{"error": error}])
    with pytest.raises(Exception, match="Additional properties"):
        check(make_schemas, "error", [{"error": error | {"more": 1}}])


def test_what_only_looks(
    make_schemas: ModuleType, known: Command, served: SimulatedCluster
) -> None:
    served.cluster.set_status(1, "redis_mgr", "FATAL")
    served.power_off(3)
    check(make_schemas, "status", [json.loads(known.run("status", "--json").out)])
    check(make_schemas, "snapshot", [json.loads(known.run("snapshot", "--json").out)])
    check(make_schemas, "discover", [json.loads(known.run("discover", "node1", "--json").out)])
    wait = ("wait", "node1", "ccs", "--for", "running", "--timeout", "0", "--json")
    check(make_schemas, "wait", [json.loads(known.run(*wait).out)])
    for why in (("node1", "redis_mgr"), ("node1",), ("node3",)):
        check(make_schemas, "why", [json.loads(known.run("why", *why, "--json").out)])
    dry = known.run("restart", "node1", "alert_mgr", "--dry-run", "--json")
    check(make_schemas, "action", [json.loads(dry.out)])
    errors = [known.run("status", "--json", "node9"), known.run("wait", "--json")]
    check(make_schemas, "error", [json.loads(ran.out) for ran in errors])


POLLING = (
    ("status",),
    ("status", "node2", "--problems"),
    ("snapshot",),
    ("why", "node2"),
    ("why", "node2", "ccs"),
    ("discover", "node2"),
    ("wait", "node2", "ccs", "--for", "running", "--timeout", "0"),
    ("restart", "node2", "alert_mgr", "--dry-run"),
    ("rollout", "restart", "alert_mgr", "--cluster", "demo", "--dry-run"),
)
"""Every command that polls and prints JSON."""


def test_one_key_has_why_a_node_could_not_be_polled_whatever_is_printed(
    known: Command, served: SimulatedCluster
) -> None:
    """What prints nodes, or a node, has it beside them; what needs the node prints it alone."""
    for good in ("status", "snapshot", "why"):
        assert json.loads(known.run(good, "node1", "--json").out)["error"] is None
    served.power_off(2)
    for command in POLLING:
        ran = known.run(*command, "--json")
        error = json.loads(ran.out)["error"]
        assert ran.code == 3, command
        assert (error["code"], error["node"], error["retryable"]) == ("unreachable", "node2", True)


def test_a_refused_login_is_not_an_error_to_try_again(known: Command) -> None:
    for command in POLLING:
        ran = known.run(*command, "--json", env={"DEMO_PASSWORD": "another"})
        error = json.loads(ran.out)["error"]
        assert ran.code == 3, command
        assert (error["code"], error["retryable"]) == ("login_refused", False), command
        assert error["node"], command


def test_events(make_schemas: ModuleType, rsdeck: Command) -> None:
    async def keep() -> None:
        recorder = HistoryRecorder(rsdeck.home / ".local" / "state" / "rsdeck")
        await recorder.begin()
        recorder.note(event("no answer", node="node2", service=""), "demo")
        recorder.note(event(), "demo")
        recorder.end()

    asyncio.run(keep())
    check(make_schemas, "events", lines(rsdeck.run("events", "--json").out))


@pytest.mark.real_time
def test_actions_and_the_journal_of_them(
    make_schemas: ModuleType, known: Command, served: SimulatedCluster
) -> None:
    yes = ("--yes", "alert_mgr", "--steady", "1")
    ran = known.run("restart", "node1", "alert_mgr", *yes, "--json")
    check(make_schemas, "action", [json.loads(ran.out)])
    known.run("stop", "node1", "ccs", "--yes", "ccs")
    served.cluster.refuse_next(2, "alert_mgr")
    roll = ("rollout", "restart", "alert_mgr", "--cluster", "demo", *yes, "--json")
    told = lines(known.run(*roll).out)
    check(make_schemas, "rollout", told)
    assert [line["type"] for line in told][:1] == ["plan"]
    assert (told[-1]["stopped_at"], told[-1]["complete"]) == ("node2", False)
    assert (told[-1]["verified"], told[-1]["not_touched"]) == ([], ["node3", "node1"])
    records = lines(known.run("journal", "--json").out)
    check(make_schemas, "journal", records)
    assert {record["kind"] for record in records} == {
        "session", "session_end", "intent", "sent", "result", "verdict", "refused", "plan", "step",
        "rollout_end",
    }  # fmt: skip
    check(make_schemas, "snapshot", [json.loads(known.run("snapshot", "--json").out)])


@pytest.mark.real_time
def test_a_watched_status(
    make_schemas: ModuleType, known: Command, served: SimulatedCluster
) -> None:
    child = known.start("status", "--watch", "--json", "--heartbeat", "1")
    assert child.stdout is not None
    seen: dict[str, Any] = {}
    for line in child.stdout:
        value = json.loads(line)
        seen[value["type"]] = value
        if value["type"] == "status":
            served.cluster.set_status(1, "redis_mgr", "FATAL")
        if seen.keys() == {"status", "change", "heartbeat"}:
            break
    child.terminate()
    known.finish(child)
    check(make_schemas, "status-watch", seen.values())


# The configuration


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (NODE, True),
        (NODE + 'password_env = "P"\nca_file = "ca.pem"\nenvironment = "production"\n', True),
        (NODE + 'client_cert = "a"\nclient_key = "b"\nlogin = "jwt"\nuid = 3\n', True),
        ("[settings]\nrefresh = 0.5\ntimeout = 300\nmouse = false\nsigns = 'ascii'\n", True),
        ('[notify]\nbell = ["lost", "crash loop"]\nprotocol = "osc777"\nloop_minutes = 5\n', True),
        ('[keys]\nrefresh = "f5"\n', True),
        ('[rollout]\naccept = ["actions"]\ngate_wait = 0\n', True),
        ('[rollout]\naccept = ["all"]\n', False),
        ("[rollout]\ngate_wait = 3601\n", False),
        ("[sittings]\n", False),
        ("[settings]\nrefresh = 0.4\n", False),
        ("[settings]\ntimeout = 0\n", False),
        ("[settings]\nmouse = 'yes'\n", False),
        ("[settings]\nsigns = 'emoji'\n", False),
        ('[notify]\nbell = ["noise"]\n', False),
        ('[notify]\nbell = ["cluster"]\n', False),
        ('[notify]\ndesktop = ["no data"]\n', False),
        ('[notify]\nprotocol = "osc8"\n', False),
        ("[notify]\nloop_restarts = 1\n", False),
        ("[keys]\nrefresh = 5\n", False),
        ('[nodes.node1]\nusername = "u"\n', False),
        (NODE + 'usrname = "u"\n', False),
        (NODE + 'password_env = "P"\npassword_file = "p"\n', False),
        (NODE + 'client_cert = "a"\n', False),
        (NODE + 'password_command = "pass"\n', False),
        (NODE + 'environment = "live"\n', False),
        (NODE + 'uid = "1"\n', False),
        ('[nodes."a b"]\nurl = "https://10.0.0.1"\nusername = "u"\n', False),
    ],
)
def test_an_editor_and_rsdeck_agree_on_a_configuration(
    text: str, valid: bool, tmp_path: Path
) -> None:
    schema = json.loads((SCHEMAS / "config.schema.json").read_text("utf-8"))
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    is_read = True
    try:
        load(path, must_exist=True)
    except ConfigError:
        is_read = False
    fits = Draft202012Validator(schema).is_valid(tomllib.loads(text))
    assert (fits, is_read) == (valid, valid)


def test_the_example_is_valid_for_an_editor_and_every_key_of_it_is_described() -> None:
    schema = json.loads((SCHEMAS / "config.schema.json").read_text("utf-8"))
    example = tomllib.loads((ROOT / "config.example.toml").read_text("utf-8"))
    Draft202012Validator(schema).validate(example)
    settings = schema["properties"]["settings"]["properties"]
    assert all(key["description"] for key in settings.values())


def test_the_command_prints_it(rsdeck: Command) -> None:
    ran = rsdeck.run("config", "schema")
    assert (ran.code, ran.out) == (0, (SCHEMAS / "config.schema.json").read_text("utf-8"))


def test_profiles_of_the_tests_are_valid_for_an_editor(served: SimulatedCluster) -> None:
    schema = json.loads((SCHEMAS / "config.schema.json").read_text("utf-8"))
    text = profiles(served, 'password_env = "DEMO_PASSWORD"')
    Draft202012Validator(schema).validate(tomllib.loads(text))
