"""The node's API: one client a node, and every way it can fail."""

import sys

# httpx brings a command line of its own, and with it rich and click, wherever it is imported. It
# does without where that cannot be found.
if "httpx" not in sys.modules:
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
