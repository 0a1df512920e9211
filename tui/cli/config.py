"""`rsdeck config` and `rsdeck nodes`: what the configuration holds. Nothing here polls a node."""

from typing import TYPE_CHECKING

import click

from tui.cli.errors import USAGE
from tui.cli.load_config import find_config, load_config
from tui.cli.output import stacked_columns
from tui.cli.printing import write_remark, write_sentence
from tui.storage.private_files import path_text

if TYPE_CHECKING:
    from tui.config import NodeProfile

_HEADINGS = ("NAME", "URL", "CLUSTER", "ENVIRONMENT", "READ-ONLY", "LOGIN", "TRUST")
_LOGINS = {
    "EnvironmentSource": "environment",
    "CommandSource": "command",
    "FileSource": "file",
    "KeyringSource": "keyring",
    "AskSource": "asked",
}
_TRUSTS = {
    "SystemTrust": "system",
    "AuthorityTrust": "CA file",
    "PinnedTrust": "pinned",
    "NoTrust": "unchecked",
}


@click.group("config")
def config() -> None:
    """Find and check the configuration."""


@config.command("path")
@click.pass_context
def path(ctx: click.Context) -> None:
    """Print where the configuration lives, whether or not it is there."""
    click.echo(path_text(find_config(ctx)[0]))


@config.command("example")
def example() -> None:
    """Print a configuration with every key, its default and what it does."""
    from tui.storage.paths import example_config

    click.echo(example_config().read_text(encoding="utf-8"), nl=False)


@config.command("schema")
def schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    from tui.storage.paths import config_schema

    click.echo(config_schema().read_text(encoding="utf-8"), nl=False)


@config.command("check")
@click.pass_context
def check_config(ctx: click.Context) -> None:
    """List every problem of the configuration; exit code 2 if there is one."""
    from tui.cli.config_check import config_problems, theme_problems
    from tui.cli.deck import appearance

    path, named = find_config(ctx)
    problems = config_problems(path, must_exist=named)
    problems += theme_problems(path, must_exist=named)
    for problem in problems:
        write_remark(problem)
    if len(problems) > 1:
        write_remark(f"{len(problems)} problems")
    if problems:
        ctx.exit(USAGE)
    configuration = load_config(ctx)
    where = path_text(configuration.path)
    for warning in appearance(configuration)[2]:
        write_remark(warning)
    if not configuration.digest:
        write_remark(f"there is no {where} yet")
        return
    count = len(configuration.nodes)
    write_sentence(f"{where}: {count} {'node' if count == 1 else 'nodes'}, all well")


@click.command("nodes")
@click.pass_context
def nodes(ctx: click.Context) -> None:
    """List the nodes of the configuration, without polling them."""
    configuration = load_config(ctx)
    if not configuration.nodes:
        where = path_text(configuration.path)
        write_remark(f"no node yet in {where}")
        return
    click.echo(stacked_columns([_HEADINGS, *map(_row, configuration.nodes)]))


def _login(profile: "NodeProfile") -> str:
    if not profile.username:
        return "client certificate"
    return f"{profile.username} ({_LOGINS[type(profile.password).__name__]})"


def _row(profile: "NodeProfile") -> tuple[str, ...]:
    return (
        profile.name,
        profile.url,
        profile.cluster or "-",
        profile.environment.value if profile.environment else "-",
        "yes" if profile.read_only or profile.role else "no",
        _login(profile),
        _TRUSTS[type(profile.trust).__name__],
    )
