"""A screen as a picture: its text can be read back, and every cell keeps its look."""

from tests.site_pictures import svg_picture

picture = svg_picture()
PLAIN = picture.Look("#ffffff", "#000000")
RED = picture.Look("#ff0000", "#000000", bold=True)
BAR = picture.Look("#ffffff", "#0000ff")


def row(*parts: tuple[str, object]) -> list[tuple[str, object]]:
    return [(char, look) for text, look in parts for char in text]


def test_the_text_of_a_picture_is_read_back_with_its_columns() -> None:
    rows = [
        row(("  a <b> & c", PLAIN), ("  ✗ FATAL", RED)),
        row((" " * 20, PLAIN)),
        row(("bar   ", BAR), ("end", PLAIN), (" " * 11, PLAIN)),
    ]
    drawn = picture.svg(rows, "a title & more")
    assert picture.read_text(drawn) == "  a <b> & c  ✗ FATAL\n\nbar   end\n"
    assert "<title>a title &amp; more</title>" in drawn
    assert 'fill="#0000ff"' in drawn
    assert "fill:#ff0000;font-weight:bold" in drawn


def test_another_text_of_the_same_width_keeps_every_look_in_its_column() -> None:
    before = row(("08:32:46", PLAIN), (" node2", RED), ("   ", PLAIN))
    after = picture.reworded(before, "12:34:56 node2")
    assert after == row(("12:34:56", PLAIN), (" node2", RED), ("   ", PLAIN))


def test_a_shorter_text_keeps_the_looks_of_what_is_the_same() -> None:
    before = row(("for ", PLAIN), ("12 s", PLAIN), (" FATAL", RED), ("  ", PLAIN))
    after = picture.reworded(before, "for 9 s FATAL")
    assert "".join(char for char, _ in after) == "for 9 s FATAL   "
    assert [char for char, look in after if look == RED] == list(" FATAL")
