"""Write the manual pages from the commands' own help: `python docs/make_man.py FOLDER`."""

import sys
from pathlib import Path

import click

from tui import __version__
from tui.cli.main import rsdeck

_DATE = "2026"


def page(command: click.Command, name: str, parent: click.Context | None) -> str:
    """Return one command's page in the language of man(7)."""
    ctx = _context(command, name, parent)
    title = name.replace(" ", "-")
    short = command.get_short_help_str(200).rstrip(".")
    lines = [
        f'.TH "{title.upper()}" "1" "{_DATE}" "rsdeck {__version__}" "rsdeck"',
        ".SH NAME",
        f"{_escaped(title)} \\- {_escaped(short)}",
        ".SH SYNOPSIS",
        f".B {_escaped(name)}",
        _escaped(" ".join(command.collect_usage_pieces(ctx))),
        ".SH DESCRIPTION",
        *_paragraphs(command.help or ""),
    ]
    records = [
        record
        for param in command.get_params(ctx)
        if (record := param.get_help_record(ctx)) and record[1]
    ]
    if records:
        lines.append(".SH OPTIONS")
    for option, text in records:
        lines += [".TP", f".B {_escaped(option)}", _escaped(text)]
    if isinstance(command, click.Group):
        lines.append(".SH COMMANDS")
        for sub in command.list_commands(ctx):
            child = command.get_command(ctx, sub)
            if child is not None:
                lines += [
                    ".TP",
                    f".BR {_escaped(f'{title}-{sub}')} (1)",
                    _escaped(child.get_short_help_str(200)),
                ]
    if command.epilog:
        lines += [".SH EXAMPLES AND EXIT CODES", *_paragraphs(command.epilog)]
    if parent is not None:
        lines += [".SH SEE ALSO", ".BR rsdeck (1)"]
    return "\n".join(lines) + "\n"


def write_pages(folder: Path) -> list[Path]:
    """Write the page of every command; returns the files."""
    return list(_write(rsdeck, "rsdeck", None, folder))


def _write(
    command: click.Command, name: str, parent: click.Context | None, folder: Path
) -> list[Path]:
    path = folder / f"{name.replace(' ', '-')}.1"
    path.write_text(page(command, name, parent), encoding="utf-8")
    written = [path]
    if isinstance(command, click.Group):
        ctx = _context(command, name, parent)
        for sub in command.list_commands(ctx):
            child = command.get_command(ctx, sub)
            if child is not None:
                written += _write(child, f"{name} {sub}", ctx, folder)
    return written


def _context(command: click.Command, name: str, parent: click.Context | None) -> click.Context:
    """Return the context in which a command words its help; click keeps the first one's options."""
    settings = command.context_settings if parent is None else {}
    return click.Context(command, info_name=name.rpartition(" ")[2], parent=parent, **settings)


def _paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a help text; one that click is told not to wrap keeps its lines."""
    lines: list[str] = []
    for paragraph in text.split("\n\n"):
        kept = paragraph.strip("\n")
        lines.append(".PP")
        if kept.startswith("\b"):
            lines += [".nf", *(_escaped(line) for line in kept.splitlines()[1:]), ".fi"]
        else:
            lines.append(_escaped(" ".join(kept.split())))
    return lines


def _escaped(text: str) -> str:
    """Return a text as it has to be written for troff to show it."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    for written in write_pages(Path(sys.argv[1])):
        print(written)
