from tui.config.key_lines import dotted_key, key_lines

TEXT = """\
[settings]
refresh = 2
[nodes."db1.example"]
url = "https://db1"
[nodes.n1]   # a comment
'url' = "x"
"tok\\u0065n" = 1
password_command = [
  "pass",
  "show",
]
username . x = 2
"hunter2 !" = true
nodes.url = 3
"""


def test_every_table_and_key_has_its_line() -> None:
    assert key_lines(TEXT) == {
        "settings": 1,
        "settings.refresh": 2,
        "nodes": 3,
        'nodes."db1.example"': 3,
        'nodes."db1.example".url': 4,
        "nodes.n1": 5,
        "nodes.n1.url": 6,
        "nodes.n1.token": 7,
        "nodes.n1.password_command": 8,
        "nodes.n1.username.x": 12,
        'nodes.n1."…"': 13,
        "nodes.n1.nodes.url": 14,
    }


def test_a_key_that_toml_does_not_take_breaks_nothing() -> None:
    assert key_lines('"a\\q" = 1\n\x00 = 2\n= 3\n[[x]]\n') == {'"…"': 1, "x": 4}


def test_a_part_that_no_key_can_be_called_is_hidden() -> None:
    assert dotted_key("nodes", "db1.example", "url") == 'nodes."db1.example".url'
    assert dotted_key("nodes", "hunter2 !") == 'nodes."…"'
    assert dotted_key("x" * 65) == '"…"'
