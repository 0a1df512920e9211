import tomllib

import pytest

from tui.config.text_edit import NotEditable, with_added, with_changed

TEXT = """\
# mine

[nodes.a]   # the first
url = "https://a"  # stays
username = "op"
# about a

# about b
[nodes."b.c"]
url = "https://b"
username = "op"

# about keys
[keys]
quit = "Q"
"""
A = {"url": "https://a", "username": "op"}


def test_a_change_touches_its_own_line_alone() -> None:
    text = with_changed(TEXT, "a", "a", {**A, "username": "new"}, A)
    assert text == TEXT.replace('username = "op"', 'username = "new"', 1)


def test_what_did_not_change_stays_as_it_was_written() -> None:
    assert with_changed(TEXT, "a", "a", A, A) == TEXT


def test_a_new_field_joins_its_table_and_an_old_one_leaves() -> None:
    text = with_changed(TEXT, "a", "a", {"url": "https://a", "label": 'x"]\n[y'}, A)
    assert tomllib.loads(text)["nodes"]["a"] == {"url": "https://a", "label": 'x"]\n[y'}
    assert text.index("label") < text.index("# about b")
    for comment in ("# mine", "# the first", "# stays", "# about a\n", "# about b\n[nodes"):
        assert comment in text


def test_a_new_name_keeps_the_place_of_the_table() -> None:
    text = with_changed(TEXT, "b.c", "z.z", A, A)
    assert text == TEXT.replace('[nodes."b.c"]', '[nodes."z.z"]')


def test_a_new_node_stands_at_the_end() -> None:
    text = with_added(TEXT, "d.e", {"username": "op", "url": "https://d"})
    assert text == f'{TEXT}\n[nodes."d.e"]\nurl = "https://d"\nusername = "op"\n'


def test_the_first_node_of_all_makes_a_valid_file() -> None:
    assert tomllib.loads(with_added("", "a", A)) == {"nodes": {"a": A}}


def test_windows_line_ends_stay() -> None:
    crlf = TEXT.replace("\n", "\r\n")
    edited = with_changed(crlf, "a", "a", {**A, "label": "x"}, A)
    added = with_added(edited, "d", A)
    for text in (edited, added):
        assert text.count("\n") == text.count("\r\n")
        assert "\r\r" not in text
        tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        'nodes = { a = { url = "x" } }\n',
        'nodes.a.url = "x"\n',
        '[nodes]\na = { url = "x" }\n',
        '[nodes.a]\nlabel = """\\\n[x"""\nurl = "y"\n',
    ],
)
def test_other_forms_are_left_alone(text: str) -> None:
    tomllib.loads(text)
    with pytest.raises(NotEditable):
        with_changed(text, "a", "a", A, {})
