"""What deploy/ holds is what each program that reads it takes, as far as that can be had here."""

import itertools
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from tui.cli.main import rsdeck

DEPLOY = Path(__file__).parents[1] / "deploy"


def accepted(words: list[str]) -> click.Context:
    """Parse the words after `rsdeck` as the command line does; return the command's context."""
    group = rsdeck.make_context("rsdeck", list(words), resilient_parsing=True)
    name, command, rest = rsdeck.resolve_command(group, [*group._protected_args, *group.args])
    assert name
    assert command is not None
    return command.make_context(name, list(rest), parent=group)


# Grafana


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEPLOY / "grafana" / "rsdeck.json").read_text("utf-8"))
    return found


def test_a_dashboard_has_what_grafana_imports() -> None:
    board = dashboard()
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= board.keys()
    assert isinstance(board["schemaVersion"], int)
    assert "id" not in board, "the number is that of the Grafana that imports it"
    assert len(board["uid"]) <= 40
    variables = [variable["name"] for variable in board["templating"]["list"]]
    assert variables == ["datasource", "cluster", "node"]
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in board["panels"]:
        assert panel["type"] in {"stat", "timeseries", "state-timeline", "table"}
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
        for target in panel["targets"]:
            used = set(re.findall(r"\$(\w+)", target["expr"]))
            assert used <= set(variables), target["expr"]


def test_no_panel_lies_over_another_and_none_is_wider_than_the_page() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        cells = set(
            itertools.product(range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"]))
        )
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


# systemd


UNIT = DEPLOY / "systemd" / "rsdeck-export.service"


def test_the_unit_starts_a_command_that_there_is() -> None:
    line = re.search(r"^ExecStart=(.+)$", UNIT.read_text("utf-8"), re.MULTILINE)
    assert line is not None
    program, *words = shlex.split(line[1])
    assert Path(program).name == "rsdeck"
    assert accepted(words).info_name == "export"


@pytest.mark.real_time
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    path = tmp_path / UNIT.name
    text = UNIT.read_text("utf-8").replace("/usr/local/bin/rsdeck", sys.executable)
    path.write_text(text, encoding="utf-8")
    program = shutil.which("systemd-analyze") or ""
    ran = subprocess.run(  # noqa: S603 - our own words
        (program, "verify", path), capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


@pytest.mark.real_time
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_the_unit_little_exposed() -> None:
    program = shutil.which("systemd-analyze") or ""
    words = (program, "security", "--offline=true", "--threshold=15", "--no-pager", UNIT)
    ran = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    assert ran.returncode == 0, ran.stdout[-200:] + ran.stderr


# The container's image


def image_words(instruction: str) -> list[str]:
    """Return the words of ENTRYPOINT or CMD in the Containerfile."""
    text = (DEPLOY / "container" / "Containerfile").read_text("utf-8")
    found = re.search(rf"^{instruction} (\[.+\])$", text, re.MULTILINE)
    assert found is not None
    words: list[str] = json.loads(found[1])
    return words


def test_the_image_starts_a_command_that_there_is() -> None:
    program, *words = [*image_words("ENTRYPOINT"), *image_words("CMD")]
    assert program == "rsdeck"
    assert accepted(words).info_name == "export"


# Kubernetes


def test_the_manifest_is_a_deployment_whose_parts_fit_each_other() -> None:
    yaml = pytest.importorskip("yaml")
    text = (DEPLOY / "kubernetes" / "rsdeck-export.yaml").read_text("utf-8")
    (manifest,) = yaml.safe_load_all(text)
    assert (manifest["apiVersion"], manifest["kind"]) == ("apps/v1", "Deployment")
    spec = manifest["spec"]
    template = spec["template"]
    assert spec["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    pod = template["spec"]
    (container,) = pod["containers"]
    parsed = accepted([*image_words("ENTRYPOINT")[1:], *container["args"]])
    assert parsed.info_name == "export"
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert parsed.params["listen"].endswith(f":{ports['metrics']}")
    assert container["readinessProbe"]["httpGet"]["port"] in ports
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(ports["metrics"])
    mounted = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounted.keys() == {volume["name"] for volume in pod["volumes"]}
    assert parsed.parent is not None
    assert str(Path(parsed.parent.params["config_path"]).parent) in mounted.values()
    for hardened in (pod["securityContext"]["runAsNonRoot"], spec["replicas"] == 1):
        assert hardened
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    limits = container["resources"]["limits"]
    assert limits.keys() == {"memory"}
