"""The list of the nodes."""

from rich.style import Style
from textual.app import App, ComposeResult

from tests.ui.node_views import node_view
from tui.model.reading import Trouble, TroubleKind
from tui.model.service import Service
from tui.ui.widgets.node_list import NodeList

PALETTE = {"bad": "red", "stale_row": "dim", "stale": "reverse", "off": "", "muted": "", "bold": ""}


class Host(App[None]):
    """Holds the list as it fills a screen."""

    CSS = "#nodes { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self.nodes = NodeList(PALETTE, full=True, id="nodes")

    def compose(self) -> ComposeResult:
        yield self.nodes


def looks(host: Host, line: int) -> dict[str, Style]:
    """Return the look of each piece of a line, by its text."""
    strip = host.nodes.render_line(line)
    return {part.text.strip(): part.style or Style() for part in strip if part.text.strip()}


async def test_why_a_node_is_lost_is_not_faded_with_what_is_old() -> None:
    host = Host()
    async with host.run_test(size=(80, 10)) as pilot:
        await pilot.pause()
        lost = Trouble(TroubleKind.UNREACHABLE, "refused the connection")
        view = node_view("node1", Service("a", "RUNNING"), age=60.0, trouble=lost)
        host.nodes.present([view], "node2")
        found = looks(host, 2)
        (reason,) = (look for text, look in found.items() if "unreachable" in text)
        (name,) = (look for text, look in found.items() if "node1" in text)
        assert not reason.dim
        assert reason.color is not None
        assert reason.color.name == "red"
        assert name.dim
