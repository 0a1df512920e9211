"""The matrix without words."""

from collections import defaultdict

from rich.console import Console
from rich.style import Style

from tests.ui.node_views import node_view
from tui.model.service import Service
from tui.ui.format.mini_matrix import mini_matrix


def test_a_sign_is_not_dim_where_the_rule_above_is() -> None:
    palette = defaultdict(str, muted="dim", ok="green")
    text = mini_matrix([node_view("node1", Service("a", "RUNNING"))], "node1", palette, 30, 4)
    looks = {
        part.text.strip(" ─"): part.style or Style()
        for part in Console(color_system=None, width=30).render(text)
    }
    assert looks["matrix, 1 services"].dim
    assert looks["●"] == Style.parse("green")


def test_of_too_many_services_those_that_are_not_alike_are_shown_and_the_title_has_how_many() -> (
    None
):
    names = "abcdefghij"
    one = node_view("node1", *(Service(name, "RUNNING") for name in names))
    two = node_view(
        "node2",
        *(Service(name, "STOPPED" if name == "j" else "RUNNING") for name in names),
        number=2,
    )
    palette = defaultdict(str)
    fits = mini_matrix([one, two], "node1", palette, 30, 4).plain.splitlines()
    assert fits[0].startswith(" matrix, 10 services ─")
    assert fits[1:] == ["  1 ●●●●●●●●●●", "  2 ●●●●●●●●●■"]
    cut = mini_matrix([one, two], "node1", palette, 10, 4).plain.splitlines()
    assert cut[0].startswith(" matrix, 6 of 10 services ")
    assert cut[1:] == ["  1 ●●●●●●", "  2 ●●●●●■"]
