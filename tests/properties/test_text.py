"""P14: whatever comes in, what `clean` gives is inert, and cleaning it again changes nothing."""

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.model.text import clean
from tui.ui.table.rows import fit

_MEAN = "\x00\x07\x1b\x7f\x9b\x9d\xad\u0301\u0488\u200b\u200d\u202e\u2028\u2066\ufe0f\ufeff"
NASTY = st.text(
    st.one_of(
        st.characters(),
        st.characters(categories=("Cs", "Cf", "Cc", "Mn", "Me", "Co", "Zs", "Zl", "Zp")),
        st.sampled_from(_MEAN + "[@]=$/ \t\n\r\uff11\u4e2d\U0001f680\U000e0041\U0010ffff"),
    ),
    max_size=400,
)
LIMITS = st.integers(1, 300)


@given(NASTY, LIMITS)
@example("a" + "\u0301" * 300, 256)
@example("\u0301" * 3, 2)
@example("a" * 300, 1)
def test_what_is_clean_stays_as_it_is(raw: str, limit: int) -> None:
    once = clean(raw, limit)
    assert clean(once, limit) == once


@given(NASTY, LIMITS)
def test_what_is_clean_can_be_printed_and_is_no_longer_than_its_limit(raw: str, limit: int) -> None:
    text = clean(raw, limit)
    assert text.isprintable()
    assert len(text) <= limit
    assert text.encode("utf-8").decode("utf-8") == text
    assert not {unicodedata.category(one) for one in text} & {"Cc", "Cf", "Cs", "Co", "Cn"}


@given(NASTY)
def test_nothing_is_taken_out_so_an_unclean_text_never_passes_for_a_clean_one(raw: str) -> None:
    text = clean(raw, 1000)
    assert len(text) == len(raw)
    for was, became in zip(raw, text, strict=True):
        assert was == became or became in "\N{REPLACEMENT CHARACTER} " or ord(became) >= 0x2400


@given(NASTY, st.integers(0, 60))
@example("\u4e2d" * 40, 7)
@example("e" + "\u0301" * 50 + "x" * 20, 5)
@example("\u2764\ufe0f" * 9, 6)
def test_a_cell_is_as_wide_as_its_column_whatever_is_in_it(raw: str, width: int) -> None:
    """Case 38: a column that shifts would make a status belong to another row."""
    text = fit(clean(raw), width)
    assert cell_len(text) == width
    assert sum(cell_len(one) for one in text) == width
    assert text == "" or text.isprintable()
