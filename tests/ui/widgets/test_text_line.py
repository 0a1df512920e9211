"""The band at the top: what of it is selected with the mouse."""

from textual.geometry import Offset
from textual.selection import Selection

from tui.ui.widgets.text_line import HeaderBand


def test_a_selection_of_a_line_that_is_no_longer_there_is_empty() -> None:
    band = HeaderBand(id="header")
    assert band.get_selection(Selection(Offset(2, 2), Offset(5, 2))) == ("", "\n")
