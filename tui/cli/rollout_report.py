"""What `rollout restart --json` prints: one object a line, the plan first and the end last."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from tui.cli.json_shapes import RolloutEndLine, RolloutPlanLine, RolloutStepLine

if TYPE_CHECKING:
    from tui.model.rollout import Plan, StepProgress


def echo_plan(plan: "Plan", *, dry_run: bool) -> None:
    """Print the turns of a plan."""
    line: RolloutPlanLine = {
        "type": "plan",
        "at": _now(),
        "action": plan.verb.value,
        "cluster": plan.cluster,
        "services": list(plan.names),
        "dry_run": dry_run,
        "nodes": [
            {
                "node": step.node,
                "uid": step.identity.uid,
                "role": step.identity.role.value,
                "url": step.url,
                "services": [seen.name for seen in step.services],
            }
            for step in plan.steps
        ],
        "left_out": [str(remark) for remark in plan.left_out],
        "warning": plan.danger,
    }
    click.echo(json.dumps(line))


def step_line(step: "StepProgress", seconds: float) -> str:
    """Return the line of one node's turn, which has taken `seconds` so far."""
    line: RolloutStepLine = {
        "type": "step",
        "at": _now(),
        "node": step.step.node,
        "state": step.state.value,
        "seconds": round(seconds, 1),
        "text": step.text or "; ".join(map(str, step.verdicts)),
    }
    return json.dumps(line)


def end_line(
    text: str,
    *,
    stopped_at: str | None,
    verified: Sequence[str] = (),
    restarted: Sequence[str] = (),
    not_touched: Sequence[str],
) -> str:
    """Return the last line; `stopped_at` is None where every node is verified."""
    line: RolloutEndLine = {
        "type": "end",
        "at": _now(),
        "complete": stopped_at is None and not not_touched,
        "stopped_at": stopped_at,
        "text": text,
        "verified": list(verified),
        "restarted": list(restarted),
        "not_touched": list(not_touched),
    }
    return json.dumps(line)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
