"""`rsdeck start`, `stop`, `restart`: one action on one node, as the deck sends it."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from tui.cli.command_passwords import command_passwords
from tui.cli.completion import complete_nodes, complete_services
from tui.cli.errors import DOWN, UNREACHABLE, WELL, CommandError, ErrorCode
from tui.cli.json_shapes import ActionResult, ActionService
from tui.cli.load_config import find_profile, load_config
from tui.cli.need_journal import need_journal, unrecorded_text
from tui.cli.options import reason_option, seconds_of, services_argument, steady_option
from tui.cli.output import folded_columns, unwritten
from tui.cli.printing import write_remark, write_sentence
from tui.cli.process import call_on_signals
from tui.model.text import clean

if TYPE_CHECKING:
    from tui.cli.action_run import ActionEnd
    from tui.config import Configuration
    from tui.credentials import Passwords
    from tui.fleet.order_preview import OrderPreview
    from tui.fleet.orders.guard import Ruling
    from tui.fleet.orders.verdict import Patience
    from tui.model.order import Order

_EPILOG = """\b
Examples:
  rsdeck {verb} node1 alert_mgr --dry-run        show what would be sent
  rsdeck {verb} node1 alert_mgr                  prompt, send, await verdict
  rsdeck {verb} node1 alert_mgr --yes alert_mgr  the same without a terminal
  rsdeck {verb} node1 alert_mgr --yes alert_mgr --json | jq .verified

It goes through what an action from the deck goes through: the guard, a fresh look at the node on
the connection that sends it, the journal, one POST that is never repeated, and a verdict by what
the node shows. Services that the cluster does not list as optional are the deck's alone.
ctrl+c before the request is sent sends nothing; after it, what came of the action is unknown
until the node is polled again: the journal has it.

Exit codes: 0 verified; 1 sent, and not verified, or the verdict could not be printed; 2 usage,
configuration or refused, 3 the node could not be polled or had changed, another process rolls its
cluster, or the journal cannot be written: with 2 and 3 nothing was sent. 130, 143: interrupted
before anything was sent. 141: no reader; the journal has what was sent.
"""


def _command(verb: str, does: str) -> click.Command:
    """Return the command of one verb."""

    @click.command(verb, epilog=_EPILOG.format(verb=verb), help=does)
    @click.argument("node", metavar="NODE", shell_complete=complete_nodes)
    @services_argument
    @click.option(
        "--yes",
        "named",
        metavar="SERVICE",
        multiple=True,
        help="Confirm this service by its name; several: each with its own --yes.",
        shell_complete=complete_services,
    )
    @reason_option
    @click.option("--dry-run", is_flag=True, help="Show what would be sent, and send only GETs.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    @click.option(
        "--timeout",
        default="60s",
        show_default=True,
        metavar="TIME",
        help="How long the node is watched for the verdict: 60s, 2m.",
    )
    @steady_option
    @click.pass_context
    def command(
        ctx: click.Context,
        *,
        node: str,
        services: tuple[str, ...],
        named: tuple[str, ...],
        reason: str,
        timeout: str,
        steady: float,
        dry_run: bool,
        as_json: bool,
    ) -> None:
        from tui.fleet.orders.verdict import Patience

        patience = Patience(steady=steady, limit=seconds_of(timeout))
        names = tuple(dict.fromkeys(services))
        action = _Action(ctx, node, as_json=as_json)
        if not dry_run:
            action.require_writable()
        preview = action.preview(verb, names)
        if dry_run:
            ctx.exit(action.rehearse(preview, named))
        ctx.exit(action.carry_out(preview, named, clean(reason), patience))

    return command


start = _command("start", "Start services of one node.")
stop = _command("stop", "Stop services of one node.")
restart = _command("restart", "Restart services of one node.")


class _Action:
    """One action: looked at first, then carried out."""

    def __init__(self, ctx: click.Context, node: str, *, as_json: bool) -> None:

        self._node = node
        self._as_json = as_json
        self._configuration = load_config(ctx)
        profile = find_profile(self._configuration, node)
        self._read_only = bool(ctx.obj and ctx.obj["read_only"])
        # The others of its cluster may report what is optional for it.
        self._configuration = self._configuration.narrowed_to_cluster_of(profile)
        self._passwords = command_passwords(self._configuration.nodes)

    def preview(self, verb: str, names: Sequence[str]) -> "OrderPreview":
        """Poll the node, and show what would be sent; raises CommandError."""
        import asyncio

        from tui.cli.command_passwords import ask_for_passwords
        from tui.fleet.order_preview import preview_order
        from tui.journal.order_journal import OrderJournal
        from tui.model.order import Verb
        from tui.storage.paths import state_dir

        ask_for_passwords(self._configuration.nodes, self._passwords)
        configuration, passwords = self._configuration, self._passwords
        journal = OrderJournal(state_dir())
        preview = asyncio.run(
            preview_order(configuration, self._node, Verb(verb), names, passwords, journal=journal)
        )
        _require_seen(preview, self._node)
        if preview.bound.order is not None:
            # JSON alone goes to stdout then.
            click.echo(_facts(preview.bound.order, preview), err=self._as_json)
        return preview

    def rehearse(self, preview: "OrderPreview", named: Sequence[str]) -> int:
        """End a dry run as the run would, as far as that is known without sending anything."""
        order, ruling = _allowed(preview, self._node)
        if named:
            _confirm(order, ruling, named)
        write_remark("a dry run: nothing was sent")
        if self._as_json:
            click.echo(json.dumps(_as_json(order, ruling, preview, None)))
        return WELL

    def require_writable(self) -> None:
        """Raise CommandError where the whole session is read-only."""
        if self._read_only or self._configuration.settings.read_only:
            why = "read-only: nothing can be sent; --dry-run shows what would be"
            raise CommandError(why, ErrorCode.READ_ONLY, node=self._node)

    def carry_out(
        self, preview: "OrderPreview", named: Sequence[str], reason: str, patience: "Patience"
    ) -> int:
        """Confirm and send the order, await its verdict, print it, and return the exit code."""
        try:
            order, ruling = _allowed(preview, self._node)
        except CommandError as refused:
            _record_refusal(preview, refused)
            raise
        need_journal(UNREACHABLE)
        order = replace(order, reason=reason)
        _confirm(order, ruling, named)
        end = _run(self._configuration, order, self._passwords, patience, quiet=self._as_json)
        if not end.sent:
            code = ErrorCode.INTERRUPTED if end.signal else ErrorCode.NOT_SENT
            raise CommandError(
                end.text,
                code,
                node=self._node,
                retryable=True,
                exit_code=128 + end.signal if end.signal else UNREACHABLE,
            )
        try:
            if self._as_json:
                click.echo(json.dumps(_as_json(order, ruling, preview, end)))
            else:
                for verdict in end.verdicts:
                    write_sentence(f"{self._node} {verdict}")
            if end.signal:
                write_remark(end.text)
            if end.unrecorded:
                write_remark(unrecorded_text(end.unrecorded))
        except OSError as error:
            raise unwritten(error) from None
        return WELL if end.is_verified else DOWN


def _require_seen(preview: "OrderPreview", node: str) -> None:
    """Raise CommandError unless the node was polled and lists every service."""
    from tui.cli.remedies import trouble_error

    if preview.trouble is not None:
        raise trouble_error(preview.trouble, node, "; nothing was sent")
    if preview.missing:
        names = ", ".join(clean(name) for name in preview.missing)
        text = f"{node} lists no service {names}; nothing was sent"
        raise CommandError(text, ErrorCode.UNKNOWN_SERVICE, node=node)


def _allowed(preview: "OrderPreview", node: str) -> "tuple[Order, Ruling]":
    """Return the order and its ruling; raises CommandError where nothing may be sent."""
    from tui.fleet.orders.guard import Refusal

    bound = preview.bound
    if bound.left_out:
        why = "; ".join(bound.left_out)
        raise CommandError(f"{why}; nothing was sent", ErrorCode.NOTHING_TO_DO, node=node)
    if bound.order is not None and bound.ruling is not None and bound.ruling.allowed:
        return bound.order, bound.ruling
    refusal = None if bound.ruling is None else bound.ruling.refusal
    if refusal in (Refusal.LOCKED, Refusal.LOCKED_SEVERAL):
        text = f"locked: {bound.message}. Only the deck sends it; nothing was sent"
        raise CommandError(text, ErrorCode.LOCKED, node=node)
    text = f"{bound.message}; nothing was sent"
    if refusal is Refusal.ROLLED:
        # As where the other process has begun by the time that the action would be sent.
        raise CommandError(
            text, ErrorCode.NOT_SENT, node=node, retryable=True, exit_code=UNREACHABLE
        )
    code = ErrorCode.READ_ONLY if refusal is Refusal.READ_ONLY else ErrorCode.NOT_ALLOWED
    raise CommandError(text, code, node=node)


def _record_refusal(preview: "OrderPreview", refused: CommandError) -> None:
    """Write into the journal, as the deck does, that the guard refused an order."""
    import asyncio

    from tui.journal.order_journal import OrderJournal
    from tui.storage.paths import state_dir

    order = preview.bound.order
    if order is None or refused.code is ErrorCode.READ_ONLY:
        return
    journal = OrderJournal(state_dir())

    async def record() -> None:
        await journal.begin()
        journal.refused(order.verb, order.target.node, order.names, preview.bound.message)
        journal.end()

    asyncio.run(record())


def _confirm(order: "Order", ruling: "Ruling", named: Sequence[str]) -> None:
    """Require the services' names, or what the deck would have typed; raises CommandError."""
    if named:
        if set(named) != set(order.names):
            given = ", ".join(clean(name) for name in named)
            raise _not_confirmed(order, f"--yes names {given}, not {', '.join(order.names)}")
        return
    if sys.stdin is None or not sys.stdin.isatty():
        options = " ".join(f"--yes {name}" for name in order.names)
        raise _not_confirmed(order, f"without a terminal it takes {options}")
    what = "the service's name" if len(order.names) == 1 else "how many services"
    question = f"To send it, type {what} ({ruling.words})" if ruling.words else "Send it? [y/N]"
    try:
        typed = click.prompt(question, default="", show_default=False, err=True).strip()
    except UnicodeError:
        typed = ""
    if typed != ruling.words if ruling.words else typed.lower() not in ("y", "yes"):
        raise _not_confirmed(order, "not confirmed")


def _not_confirmed(order: "Order", why: str) -> CommandError:
    text = f"{why}; nothing was sent"
    return CommandError(text, ErrorCode.NOT_CONFIRMED, node=order.target.node)


def _facts(order: "Order", preview: "OrderPreview") -> str:
    """Return what the deck's dialog shows: the node, the services, the request, the warnings."""
    from tui.fleet.orders.executor import request_text
    from tui.model.clock import DATE_AND_TIME, clock_text

    target = order.target
    environment = f", {target.environment.value}" if target.environment else ""
    rows = [
        ("action", f"{order.verb.value} {', '.join(order.names)} on {target.node}"),
        ("node", f"{target.url}, {target.identity.title}{environment}"),
    ]
    rows += [
        (
            "service",
            f"{seen.name}: {seen.kind.value}, {seen.status} since "
            f"{clock_text(seen.started_at, DATE_AND_TIME)}"
            if seen.started_at
            else f"{seen.name}: {seen.kind.value}, {seen.status}",
        )
        for seen in order.services
    ]
    rows += [("touches", text) for text in _touches(order, preview)]
    rows.append(("request", " ".join(request_text(order))))
    rows += [("warning", text) for text in _warnings(preview)]
    return folded_columns(rows)


def _touches(order: "Order", preview: "OrderPreview") -> list[str]:
    """Return what the order touches: databases, shards, alerts, the quorum."""
    from tui.fleet.orders.impact_text import impact_lines

    return [line.text for line in impact_lines(order.verb, preview.impact)]


def _warnings(preview: "OrderPreview") -> list[str]:
    """Return what should be known before confirming: the guard's reason first."""
    ruling = preview.bound.ruling
    reason = ruling.reason if ruling is not None and ruling.allowed else ""
    return [*filter(None, (reason,)), *preview.warnings]


def _run(
    configuration: "Configuration",
    order: "Order",
    passwords: "Passwords",
    patience: "Patience",
    *,
    quiet: bool,
) -> "ActionEnd":
    import asyncio

    from tui.cli.action_run import ActionRun
    from tui.fleet.fleet import Fleet
    from tui.history.recorder import HistoryRecorder
    from tui.journal.order_journal import OrderJournal
    from tui.storage.paths import state_dir

    async def go() -> "ActionEnd":
        fleet = Fleet(
            configuration,
            passwords=passwords,
            patience=patience,
            journal=OrderJournal(state_dir()),
            history=HistoryRecorder(state_dir()),
        )
        running = ActionRun(fleet, order, quiet=quiet)
        call_on_signals(running.stop)
        return await running.run()

    return asyncio.run(go())


def _as_json(
    order: "Order", ruling: "Ruling", preview: "OrderPreview", end: "ActionEnd | None"
) -> ActionResult:
    """Return the action as JSON has it; `end` is None for a dry run."""
    from tui.model.clock import iso_time

    verdicts = {} if end is None else {verdict.service: verdict for verdict in end.verdicts}
    services: list[ActionService] = [
        {
            "name": seen.name,
            "kind": seen.kind.value,
            "status_before": seen.status,
            "start_time_before": iso_time(seen.started_at),
            "result": verdicts[seen.name].result.value if seen.name in verdicts else None,
            "text": verdicts[seen.name].text if seen.name in verdicts else "",
        }
        for seen in order.services
    ]
    return {
        "action": order.verb.value,
        "node": order.target.node,
        "url": order.target.url,
        "id": None if end is None else end.id,
        "dry_run": end is None,
        "sent": end is not None,
        "verified": end is not None and end.is_verified,
        "tier": ruling.tier.value,
        "touches": _touches(order, preview),
        "warnings": _warnings(preview),
        "services": services,
    }
