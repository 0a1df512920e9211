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
