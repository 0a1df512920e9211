"""Command lines so plain that they are read before click is imported."""

from __future__ import annotations

TYPE_CHECKING = False  # as typing has it, whose import takes longer than a first frame may
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


def plain_options(
    args: Sequence[str], flags: Collection[str], values: Collection[str]
) -> Mapping[str, str] | None:
    """Return options and their values, empty for flags; None where anything else is there."""
    found: dict[str, str] = {}
    words = iter(args)
    for word in words:
        name, has_value, value = word.partition("=")
        if word in flags:
            found[word] = ""
        elif name in values and (value := value if has_value else next(words, "")):
            found[name] = value
        else:
            return None
    return found
