"""What `rsdeck status` does once: poll, print, and return the exit code.

With plain options it does so before click is imported, whose import takes as long as the polling.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tui.cli.color import stdout_color
from tui.cli.command_passwords import ask_for_passwords, command_passwords
from tui.cli.errors import DOWN, UNREACHABLE, WELL
from tui.cli.load_config import choose_nodes, read_config
from tui.cli.plain_options import plain_options
from tui.cli.printing import write_line
from tui.cli.status_report import print_remarks, status_json, status_table

if TYPE_CHECKING:
    from tui.config import Configuration
    from tui.credentials import Passwords
    from tui.fleet.node_status import NodeStatus

_FLAGS = {"--json", "--all", "--problems"}


def status_at_once(args: Sequence[str]) -> int | None:
    """Do `status` and return the exit code; None where `args` ask for more, or are wrong.

    Raises CommandError and OSError.
    """
    if "_RSDECK_COMPLETE" in os.environ or "status" not in args:
        return None
    at = args.index("status")
    words = args[at + 1 :]
    before = plain_options(args[:at], set(), {"--config"})
    flags = {word for word in words if word.startswith("-")}
    if before is None or not flags <= _FLAGS or flags >= {"--all", "--problems"}:
        return None
    from tui.storage.paths import config_file

    named = Path(before["--config"]) if "--config" in before else None
    if named is not None and named.is_dir():
        return None
    configuration = read_config(*config_file(named, os.environ))
    names = [word for word in words if word not in flags]
    choose_nodes(configuration, names)
    return print_status(
        configuration,
        names,
        as_json="--json" in flags,
        lists_all="--all" in flags,
        only_problems="--problems" in flags,
        color=stdout_color("auto"),
    )


def print_status(
    configuration: "Configuration",
    names: Sequence[str],
    *,
    as_json: bool = False,
    lists_all: bool = False,
    only_problems: bool = False,
    color: bool = False,
    passwords: "Passwords | None" = None,
) -> int:
    """Poll, print, and return the exit code; `passwords` may hold some already."""
    from tui.fleet.node_status import read_status

    profiles = [one for one in configuration.nodes if not names or one.name in names]
    passwords = passwords or command_passwords(configuration.nodes)
    ask_for_passwords(profiles, passwords)
    with_alerts = only_problems and not as_json
    statuses = read_status(configuration, profiles, passwords, with_alerts=with_alerts)
    if as_json:
        write_line(json.dumps(status_json(statuses, only_problems=only_problems), indent=2))
    else:
        table = status_table(
            statuses, lists_all=lists_all, only_problems=only_problems, color=color
        )
        if table:
            write_line(table)
    print_remarks(statuses)
    return status_code(statuses)


def status_code(statuses: Sequence["NodeStatus"]) -> int:
    """Return the exit code of a look at some nodes."""
    if any(node.trouble is not None for node in statuses):
        return UNREACHABLE
    return DOWN if any(node.problems for node in statuses) else WELL
