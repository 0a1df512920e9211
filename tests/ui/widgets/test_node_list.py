"""The list of the nodes."""

from dataclasses import replace

from rich.style import Style
from textual.app import App, ComposeResult

from tests.ui.node_views import node_view
from tui.model.node import Environment, Identity, Role
from tui.model.reading import Trouble, TroubleKind
from tui.model.service import Service
from tui.ui.format.node_view import NodeView
from tui.ui.widgets.node_list import NodeList

PALETTE = {"bad": "red", "stale_row": "dim", "stale": "reverse", "off": "", "muted": "", "bold": ""}


class Host(App[None]):
    """Holds the list as it fills a screen."""

    CSS = "#nodes { height: 1fr; }"

    def __init__(self, *, full: bool = True) -> None:
        super().__init__()
        self.nodes = NodeList(PALETTE, full=full, id="nodes")

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


async def test_at_the_side_a_lost_node_and_another_primary_change_no_width() -> None:
    # The table of services beside it would be laid out anew, just when something has happened.
    host = Host(full=False)
    async with host.run_test(size=(44, 10)) as pilot:
        await pilot.pause()
        many = [Service(f"s{number}", "RUNNING") for number in range(120)]

        def views(primary: str, lost: str = "") -> list[NodeView]:
            trouble = Trouble(TroubleKind.UNREACHABLE, "refused the connection")
            made = [
                node_view(
                    name,
                    *(many if name == "payments1" else many[:9]),
                    trouble=trouble if name == lost else None,
                    environment=Environment.PRODUCTION if name == "payments1" else None,
                )
                for name in ("payments1", "node2")
            ]
            return [
                replace(view, identity=Identity(role=Role.PRIMARY))
                if view.name == primary
                else view
                for view in made
            ]

        host.nodes.present(views("payments1"), "node2")
        had = host.nodes.wanted_width
        for primary, lost in (("node2", ""), ("", ""), ("node2", "payments1"), ("payments1", "")):
            host.nodes.present(views(primary, lost), "node2")
            assert host.nodes.wanted_width == had, (primary, lost)
            host.nodes.update_nodes(views(primary, lost)[:1], "node2")
            assert host.nodes.wanted_width == had, (primary, lost)
