"""Objects that a test made and that are still alive."""

import gc
from collections.abc import Callable

Living = Callable[[], list[object]]
"""Lists objects that are alive now."""


def living(*kinds: type) -> list[object]:
    """List the instances of some kinds, garbage left out."""
    gc.collect()
    return [one for one in gc.get_objects() if isinstance(one, kinds)]


def living_since_now(*kinds: type) -> Living:
    """Return what lists the instances of some kinds that are made from now on and still live.

    What an earlier test of the same process left does not count.
    """
    before = living(*kinds)
    return lambda: [one for one in living(*kinds) if not any(one is old for old in before)]
