"""`rsdeck journal`: which actions were taken from here, and whether the record is complete."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from tui.cli.errors import CommandError, ErrorCode
from tui.cli.load_config import use_clock_setting
from tui.cli.output import folded_columns
from tui.cli.printing import write_remark, write_sentence
from tui.model.clock import DATE_AND_TIME, clock_text, zone_word
from tui.model.text import clean

if TYPE_CHECKING:
    from tui.journal.chain import ChainReport, Record
    from tui.journal.journal_file import JournalReader

BROKEN = 1
_HEADINGS = ("ACTION", "WHAT", "NODE", "")

_EPILOG = """\b
Examples:
  rsdeck journal --last 20       the newest twenty records, newest last
  rsdeck journal --json          the records as they are, one object a line
  rsdeck journal --verify        whether a line was changed or removed

Exit codes: 0 all well, 1 the journal is not as it was written, 2 usage, or no journal.
"""


@click.command("journal", epilog=_EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
@click.option("--verify", is_flag=True, help="Check that every line follows the one before it.")
@click.option("--last", type=click.IntRange(min=1), help="Show only the newest records.")
@click.pass_context
def journal(ctx: click.Context, *, as_json: bool, verify: bool, last: int | None) -> None:
    """Show the journal of actions, newest last."""
    from tui.journal.journal_file import JournalReader
    from tui.storage.paths import state_dir
    from tui.storage.private_files import MissingFile, StorageError, path_text

    use_clock_setting(ctx)
    if verify and last is not None:
        raise CommandError("--verify checks the whole journal: leave --last away")
    reader = JournalReader(state_dir())
    try:
        if verify:
            ctx.exit(_verify(reader, as_json=as_json))
        ctx.exit(_show(reader, last, as_json=as_json))
    except MissingFile:
        text = f"there is no journal yet at {path_text(reader.path)}"
        raise CommandError(text, ErrorCode.NO_DATA) from None
    except StorageError as error:
        raise CommandError(str(error), ErrorCode.STORAGE) from None


def _verify(reader: "JournalReader", *, as_json: bool) -> int:
    from tui.journal.chain import check_chain
    from tui.storage.private_files import path_text

    report = check_chain(reader.lines())

    def where(number: int) -> str:
        path, line = reader.place(number)
        return f"{path_text(path)}: line {line}"

    if as_json:
        click.echo(json.dumps(_as_json(report, reader)))
    elif report.broken_at is None:
        text = f"{report.records} records, each follows the one before it"
        write_sentence(f"{path_text(reader.path)}: {text}")
    for note in report.notes:
        write_remark(f"{where(note.line)}: {note.text}")
    if report.broken_at is None:
        return 0
    write_remark(f"{where(report.broken_at)}: {report.why}")
    return BROKEN


def _as_json(report: "ChainReport", reader: "JournalReader") -> dict[str, Any]:
    from tui.journal.journal_file import place_text

    at = report.broken_at
    path, line = (None, None) if at is None else reader.place(at)
    return {
        "records": report.records,
        "whole": at is None,
        "file": path.name if path else None,
        "line": line,
        "why": report.why or None,
        "notes": [f"{place_text(*reader.place(note.line))}: {note.text}" for note in report.notes],
    }


def _show(reader: "JournalReader", last: int | None, *, as_json: bool) -> int:
    records = list(_records(reader))
    newest = slice(-(last or sys.maxsize), None)
    if as_json:
        for record in records[newest]:
            click.echo(json.dumps(record))
    else:
        rows = list(_rows(records))[newest]  # an older record may name the node of a newer one
        click.echo(folded_columns([(f"TIME {zone_word()}", *_HEADINGS), *rows]))
    return 0


def _records(reader: "JournalReader") -> Iterator["Record"]:
    from tui.journal.chain import open_record
    from tui.journal.journal_file import place_text

    for number, line in enumerate(reader.lines(), 1):
        record = open_record(line.removesuffix(b"\n"))
        if record is not None:
            yield record
        else:
            where = place_text(*reader.place(number))
            write_remark(f"{where} is not as it was written: `rsdeck journal --verify`")


def _rows(records: Sequence["Record"]) -> Iterator[tuple[str, ...]]:
    """Lay out records; one without a node belongs to the node of its order."""
    nodes: dict[str, object] = {}
    for record in records:
        id_ = _word(record, "id")
        if record.get("kind") == "intent":
            nodes[id_] = record.get("node")
        known = {"node": nodes[id_]} if "node" not in record and id_ in nodes else {}
        yield _row({**record, **known})


def _row(record: "Record") -> tuple[str, ...]:
    """Lay out one record. Text from a file is cleaned here."""
    kind = _word(record, "kind")
    describe = _TEXTS.get(kind)
    text = describe(record) if describe else ""
    id_ = _word(record, "id") or _word(record, "session")
    cells = (_time(record), id_, kind, _word(record, "node"))
    return (*(cell or "-" for cell in cells), text)


def _time(record: "Record") -> str:
    """Return when a record was written; what is no time is shown as it is."""
    at = _word(record, "at")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return at
    return at if moment.tzinfo is None else clock_text(moment, DATE_AND_TIME, named=False)


def _word(record: "Record", name: str) -> str:
    value = record.get(name)
    return "" if value is None else clean(str(value))


def _session(record: "Record") -> str:
    ssh = f" from {_word(record, 'ssh')}" if record.get("ssh") else ""
    login = _word(record, "login")
    by = f" (logged in as {login})" if login not in ("", record.get("user")) else ""
    user, host, pid = (_word(record, name) for name in ("user", "host", "pid"))
    return f"{user}{by} on {host}{ssh}, pid {pid}, version {_word(record, 'version')}"


def _names(record: "Record") -> str:
    services = record.get("services")
    names = services if isinstance(services, list) else []
    return ", ".join(
        clean(str(service.get("name", "")) if isinstance(service, dict) else str(service))
        for service in names
    )


def _intent(record: "Record") -> str:
    reason = _word(record, "reason")
    because = f": {reason}" if reason else ""
    return f"{_word(record, 'verb')} {_names(record)} as {_word(record, 'username')}{because}"


def _result(record: "Record") -> str:
    http = f" {_word(record, 'http')}" if record.get("http") is not None else ""
    text = f": {_word(record, 'text')}" if record.get("text") else ""
    return f"{_word(record, 'outcome')}{http} after {_word(record, 'ms')} ms{text}"


def _verdict(record: "Record") -> str:
    return f"{_word(record, 'service')}: {_word(record, 'result')}, {_word(record, 'text')}"


def _refused(record: "Record") -> str:
    names, why = _names(record), _word(record, "why")
    return f"{_word(record, 'verb')} {names}: {why.removeprefix(f'{names}: ')}"


def _plan(record: "Record") -> str:
    steps = record.get("steps")
    nodes = [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []
    way = ", then ".join(clean(str(step.get("node", ""))) for step in nodes)
    cluster = _word(record, "cluster")
    where = f" on {cluster}" if cluster else ""
    reason = _word(record, "reason")
    because = f": {reason}" if reason else ""
    what = f"{_word(record, 'verb')} {_names(record)}{where} as {_word(record, 'username')}"
    return f"{what}: {way}{because}"


def _step(record: "Record") -> str:
    from tui.model.rollout import StepResult

    result, text = _word(record, "result"), _word(record, "text")
    if result == StepResult.RESTARTED.value:
        return f"{result}, and stopped after it: {text}"
    return f"{result}: {text}"


def _rollout_end(record: "Record") -> str:
    text = _word(record, "text")
    return f"rollout {_word(record, 'result')}" + (f": {text}" if text else "")


def _rollout_cleared(record: "Record") -> str:
    remaining = record.get("remaining")
    names = [clean(str(name)) for name in remaining] if isinstance(remaining, list) else []
    return "rest not offered again" + (f": {', '.join(names)}" if names else "")


_TEXTS: dict[str, Callable[["Record"], str]] = {
    "session": _session,
    "intent": _intent,
    "result": _result,
    "verdict": _verdict,
    "refused": _refused,
    "resolved": _verdict,
    "plan": _plan,
    "step": _step,
    "rollout_end": _rollout_end,
    "rollout_cleared": _rollout_cleared,
}
