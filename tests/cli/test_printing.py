"""Lines that commands print: folded at spaces on a terminal, whole elsewhere."""

import ast
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import tui.cli
from tests.cli.conftest import terminal
from tui.cli.errors import CommandError
from tui.cli.main import run
from tui.cli.printing import folded_lines, write_remark, write_sentence

SENTENCE = (
    "rollout 1 left paused: 1 of 3 verified; nothing in flight; the next start offers the rest"
)


class Written(io.StringIO):
    """A stream that keeps what is written, with the descriptor of another one."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor


@pytest.mark.parametrize(
    "write",
    [
        write_remark,
        lambda text: write_sentence(f"rsdeck: {text}", to_stderr=True),
        lambda text: CommandError(text).show(),
    ],
)
def test_a_remark_is_folded_at_words_for_the_terminal_that_stderr_is(
    write: Callable[[str], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with terminal(40) as narrow, (tmp_path / "x").open("w") as file:
        shown, kept = Written(narrow.fileno()), Written(file.fileno())
        monkeypatch.setattr(sys, "stderr", shown)
        write(SENTENCE)
        monkeypatch.setattr(sys, "stderr", kept)
        write(SENTENCE)
    first, *rest = shown.getvalue().splitlines()
    assert first == "rsdeck: rollout 1 left paused: 1 of 3"
    assert rest
    assert all(line.startswith("  ") and len(line) <= 40 for line in rest)
    assert " ".join(shown.getvalue().split()) == f"rsdeck: {SENTENCE}"
    assert kept.getvalue() == f"rsdeck: {SENTENCE}\n"


def test_an_error_in_how_a_command_was_called_is_folded_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with terminal(30) as narrow:
        shown = Written(narrow.fileno())
        monkeypatch.setattr(sys, "stderr", shown)
        with pytest.raises(CommandError) as raised:
            run(["wait", "node1", "ccs", "--for"])
        raised.value.show()
    lines = shown.getvalue().splitlines()
    assert lines[0].startswith("Usage: rsdeck wait")
    assert "  a value," in shown.getvalue()
    assert all(len(line) <= 30 or " " not in line.strip() for line in lines)


def test_a_sentence_is_folded_for_the_terminal_that_stdout_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with terminal(40) as narrow:
        shown = Written(narrow.fileno())
        monkeypatch.setattr(sys, "stdout", shown)
        write_sentence(SENTENCE)
        assert shown.getvalue().splitlines() == folded_lines([SENTENCE])
    assert len(folded_lines([SENTENCE])) == 1


def test_nothing_is_written_where_the_stream_was_closed_at_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    write_remark(SENTENCE)


def test_every_remark_of_a_command_is_folded() -> None:
    """A line on stderr that is written otherwise would be broken inside a word."""
    found = []
    for path in Path(tui.cli.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "click.echo":
                found += [f"{path.name}:{node.lineno}"] * any(
                    word.arg == "err" and isinstance(word.value, ast.Constant)
                    for word in node.keywords
                )
    assert not found
