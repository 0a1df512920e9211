"""Python files as syntax trees, for tests of what stands in them."""

import ast
import gc
from pathlib import Path


def syntax_tree(path: Path) -> ast.Module:
    """Parse a file, and look for no garbage meanwhile.

    A tree has many parts that are all alive, so the search takes as long as parsing does.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text(encoding="utf-8"), str(path))
    finally:
        if collects:
            gc.enable()
