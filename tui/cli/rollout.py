"""`rsdeck rollout`: one restart from node to node, with the deck's own gates. Without textual."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from tui.cli.command_passwords import command_passwords
from tui.cli.completion import complete_clusters, complete_node_list, complete_services
from tui.cli.errors import DOWN, UNREACHABLE, WELL, CommandError, ErrorCode
from tui.cli.load_config import load_config
from tui.cli.need_journal import need_journal
from tui.cli.options import reason_option, services_argument, steady_option
from tui.cli.output import folded_columns
from tui.cli.printing import folded_lines, write_remark
from tui.cli.process import call_on_signals
from tui.cli.rollout_report import echo_plan, end_line
from tui.model.text import clean
from tui.storage.private_files import path_text

if TYPE_CHECKING:
    from tui.config import Configuration
    from tui.credentials import Passwords
    from tui.fleet.poll_once import RolloutPreview
    from tui.fleet.rollout.manager import GateLook
    from tui.model.rollout import GateHazard, Plan, PlanRefusal

_READ_ONLY = "read-only: nothing can be sent; --dry-run shows the plan"

_GATE = (
    "gate: fresh answers of every node, none of them in trouble; the node is the one planned; "
    "no restart but this rollout's; GET /v1/nodes/check/{uid} and GET /v1/cluster/check well; "
    "the same primary; no action that may move shards"
)

_EPILOG = """\b
Examples:
  rsdeck rollout restart alert_mgr --cluster payments --dry-run
      show the plan and check every gate; sends nothing but GETs, and its
      exit code is that of the run
  rsdeck rollout restart alert_mgr --cluster payments
      show it, prompt for the service's name, and go from node to node
  rsdeck rollout restart alert_mgr --cluster payments --yes alert_mgr
      the same without a terminal; --json: one object a line, the plan
      first and the end last

Replicas go first and the primary last. Before and after each node: fresh answers of every node of
the cluster, the node is the one planned, GET /v1/nodes/check/{uid} and GET /v1/cluster/check well.
It stops at the first failure and never resumes by itself. ctrl+c waits for the verdict of the
action that was sent and starts no further one.

Exit codes: 0 every node verified, 1 stopped at a node, 2 usage, configuration or refused,
3 a node or a gate could not be polled; 3 too where another process rolls the cluster, or the
journal cannot be written: then nothing was sent.
"""


@click.group("rollout")
def rollout() -> None:
    """Go through a cluster node by node, with a gate before and after each."""


@rollout.command("restart", epilog=_EPILOG)
@services_argument
@click.option(
    "--cluster",
    required=True,
    help="The cluster, as the profiles name it.",
    shell_complete=complete_clusters,
)
@click.option(
    "--nodes",
    help="Only these of its nodes, as names with commas between.",
    shell_complete=complete_node_list,
)
@click.option("--dry-run", is_flag=True, help="Show the plan, and send nothing but GETs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
@click.option(
    "--yes",
    "typed",
    metavar="SERVICE",
    help="The service again (for several: how many).",
    shell_complete=complete_services,
)
@reason_option
@steady_option
@click.pass_context
def restart(
    ctx: click.Context,
    *,
    services: tuple[str, ...],
    cluster: str,
    nodes: str | None,
    typed: str | None,
    reason: str,
    steady: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Restart services on each node of a cluster in turn."""
    configuration = _narrowed(load_config(ctx), cluster)
    chosen = _chosen(configuration, nodes)
    is_locked = bool(ctx.obj and ctx.obj["read_only"]) or configuration.settings.read_only
    if is_locked and not dry_run:
        raise CommandError(_READ_ONLY, ErrorCode.READ_ONLY)
    from tui.cli.command_passwords import ask_for_passwords
    from tui.fleet.poll_once import preview_rollout
    from tui.journal.order_journal import OrderJournal
    from tui.model.rollout import PlanRefusal
    from tui.storage.paths import state_dir

    passwords = command_passwords(configuration.nodes)
    ask_for_passwords(configuration.nodes, passwords)
    journal = OrderJournal(state_dir())
    seen = preview_rollout(configuration, chosen, services, passwords, journal=journal)
    if isinstance(seen.made, PlanRefusal):
        raise _refused(seen.made, seen)
    if as_json:
        echo_plan(seen.made, dry_run=dry_run)
    else:
        click.echo(_table(seen.made, seen, configuration.rollout.accept, steady))
    if dry_run:
        ctx.exit(_rehearse(configuration, seen.made, passwords, typed, as_json=as_json))
    plan = replace(seen.made, reason=clean(reason))
    need_journal(UNREACHABLE)
    if typed is not None:
        _agree(plan, typed)
    if seen.gates.node == plan.steps[0].node and not seen.gates.waits:
        ctx.exit(_stop_before(plan, seen.gates, as_json=as_json))
    if typed is None:
        _agree(plan, typed)
    ctx.exit(_go(configuration, plan, passwords, steady, as_json=as_json))


def _refused(refusal: "PlanRefusal", seen: "RolloutPreview") -> CommandError:
    """Return why there is no plan."""
    from tui.cli.remedies import error_code, is_passing

    why = str(refusal)
    text = f"{clean(why, len(why))}; nothing was sent"
    if not seen.is_unasked:
        if refusal.is_passing:  # as of an action there
            code = ErrorCode.NOT_SENT
            return CommandError(text, code, retryable=True, exit_code=UNREACHABLE)
        code = ErrorCode.LOCKED if refusal.is_locked else ErrorCode.NOT_ALLOWED
        return CommandError(text, code)
    troubles = [
        (place.node, place.reading.trouble.kind) for place in seen.places if place.reading.trouble
    ]
    node, code = "", ErrorCode.UNREACHABLE  # a role that could not be read
    if troubles:
        node, code = troubles[0][0], error_code(troubles[0][1])
    retryable = all(is_passing(kind) for _, kind in troubles)
    return CommandError(text, code, node=node, retryable=retryable, exit_code=UNREACHABLE)


def _narrowed(configuration: "Configuration", cluster: str) -> "Configuration":
    """Keep the nodes of one cluster."""
    members = tuple(
        profile for profile in configuration.nodes if cluster and profile.cluster == cluster
    )
    if not members:
        known = ", ".join(
            dict.fromkeys(profile.cluster for profile in configuration.nodes if profile.cluster)
        )
        where = path_text(configuration.path)
        text = f"no cluster '{clean(cluster)}' in {where}; there are: {known or 'none'}"
        raise CommandError(text, ErrorCode.UNKNOWN_CLUSTER)
    return replace(configuration, nodes=members)


def _chosen(configuration: "Configuration", nodes: str | None) -> list[str]:
    known = [profile.name for profile in configuration.nodes]
    if nodes is None:
        return known
    names = [name.strip() for name in nodes.split(",") if name.strip()]
    for name in names:
        if name not in known:
            there = ", ".join(known)
            text = f"no node '{clean(name)}' in the cluster; there are: {there}"
            raise CommandError(text, ErrorCode.UNKNOWN_NODE, node=clean(name))
    if not names:
        raise CommandError("--nodes names no node")
    return names


def _table(
    plan: "Plan", seen: "RolloutPreview", accepted: "frozenset[GateHazard]", steady: float
) -> str:
    """Lay out a plan: the turns, what it touches, the requests, and the checks between them."""
    from tui.fleet.orders.impact_text import plan_impact_lines
    from tui.model.clock import DATE_AND_TIME, clock_text
    from tui.model.order import Route, write_operation
    from tui.model.rollout import GateHazard

    rows = [("TURN", "NODE", "UID", "ROLE", "SERVICE", "KIND", "STATUS", "SINCE")]
    sent = []
    for turn, step in enumerate(plan.steps, 1):
        where = (str(turn), step.node, str(step.identity.uid), step.identity.role.value)
        rows += [
            (
                *where,
                service.name,
                service.kind.value,
                service.status,
                clock_text(service.started_at, DATE_AND_TIME) if service.started_at else "-",
            )
            for service in step.services
        ]
        body = write_operation(plan.verb, [service.name for service in step.services]).decode(
            "ascii"
        )
        sent.append(f"send {turn}: POST {step.url}{Route.LOCAL} {body}")
    touched = plan_impact_lines(plan.verb, seen.impact)
    lines = [*(f"touches: {line.text}" for line in touched), *sent]
    lines += [f"skipped: {remark}" for remark in plan.left_out]
    lines += [f"warning: {plan.danger}"] if plan.danger else []
    verdict = f"verdict: a new start time, then {steady:g} s stable; then the gate again"
    gates = [
        _GATE,
        *(
            f"accepted: {hazard.title} ([rollout] accept)"
            for hazard in GateHazard
            if hazard in accepted
        ),
        f"gate now: {seen.gates.text_of(pauses=False)}",
    ]
    table = folded_columns(rows)
    return "\n".join([plan.title, table, *folded_lines([*lines, *gates, verdict])])


def _rehearse(
    configuration: "Configuration",
    plan: "Plan",
    passwords: "Passwords",
    typed: str | None,
    *,
    as_json: bool,
) -> int:
    """Check the gates as the run would, and return the exit code that it would begin with."""
    from tui.cli.rollout_run import stop_code
    from tui.fleet.poll_once import check_gates

    if typed is not None:
        _agree(plan, typed)
    found = check_gates(configuration, plan, passwords)
    if found is not None:
        waits = f" (it would wait up to {found.waits:.0f} s first)" if found.waits else ""
        at = "" if found.stop.names_node else f" at {found.node}"
        why = f"the gate is closed now: it would stop{at}: {found.stop.text}{waits}"
        write_remark(clean(why, len(why)))
    else:
        write_remark("every gate would open now")
    write_remark("a dry run: nothing was sent")
    if as_json:
        text = "" if found is None else found.stop.text
        where = None if found is None else found.node
        nodes = [step.node for step in plan.steps]
        click.echo(end_line(text, stopped_at=where, not_touched=nodes))
    return WELL if found is None else stop_code(found.stop)


def _stop_before(plan: "Plan", gates: "GateLook", *, as_json: bool) -> int:
    """Say that the first gate is closed, so no rollout begins; returns the exit code."""
    at = "" if gates.names_node else f" at {gates.node}"
    text = f"stopped{at}, nothing sent there: {gates.text}"
    write_remark(f"{clean(text, len(text))}; no rollout was begun")
    if as_json:
        nodes = [step.node for step in plan.steps]
        click.echo(end_line(text, stopped_at=gates.node, not_touched=nodes))
    return DOWN if gates.is_known else UNREACHABLE


def _agree(plan: "Plan", given: str | None) -> None:
    """Require the service's name again; raises CommandError."""
    count = sum(len(step.services) for step in plan.steps)
    # The plan's own words are empty where a plain yes is enough: here something must be typed.
    word = plan.names[0] if len(plan.names) == 1 else plan.words or str(count)
    if given is not None:
        if given != word:
            raise CommandError(
                f"--yes is '{clean(given)}', and must be '{word}'; nothing was sent",
                ErrorCode.NOT_CONFIRMED,
            )
        return
    if sys.stdin is None or not sys.stdin.isatty():
        text = f"without a terminal it takes --yes {word}; nothing was sent"
        raise CommandError(text, ErrorCode.NOT_CONFIRMED)
    what = "the service's name" if word in plan.names else "how many restarts it comes to"
    try:
        typed = click.prompt(
            f"To begin, type {what} ({word})", default="", show_default=False, err=True
        )
    except UnicodeError:
        typed = ""
    if typed.strip() != word:
        raise CommandError("that is not it; nothing was sent", ErrorCode.NOT_CONFIRMED)


def _go(
    configuration: "Configuration",
    plan: "Plan",
    passwords: "Passwords",
    steady: float,
    *,
    as_json: bool,
) -> int:
    import asyncio

    from tui.cli.rollout_run import RolloutRun
    from tui.fleet.fleet import Fleet
    from tui.fleet.orders.verdict import Patience
    from tui.history.recorder import HistoryRecorder
    from tui.journal.order_journal import OrderJournal
    from tui.storage.paths import state_dir

    async def go() -> int:
        fleet = Fleet(
            configuration,
            passwords=passwords,
            patience=Patience(steady=steady),
            journal=OrderJournal(state_dir()),
            history=HistoryRecorder(state_dir()),
        )
        rolling = RolloutRun(fleet, plan, as_json=as_json)
        call_on_signals(lambda _: rolling.stop())
        return await rolling.run()

    return asyncio.run(go())
