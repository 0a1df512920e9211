"""P4 in two directions: whatever rows and columns do, cursor and marks stay with their cells."""

from hypothesis import given
from hypothesis import strategies as st

from tui.ui.table.rows import Cells, Row

NODES = st.lists(st.sampled_from("ABCDEFGH"), unique=True, max_size=8)
SERVICES = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8)
ROOM = st.integers(1, 5)


def show(plane: Cells, nodes: list[str], services: list[str], room: int, top: int = 0) -> int:
    plane.show_columns(nodes, room)
    return plane.rows.show([Row(name, ()) for name in services], top, room)


@given(
    NODES.filter(bool),
    SERVICES.filter(bool),
    st.lists(st.tuples(NODES, SERVICES, ROOM), max_size=20),
    st.data(),
)
def test_the_cursor_is_on_its_cell_or_away_until_that_is_back(
    nodes: list[str],
    services: list[str],
    later: list[tuple[list[str], list[str], int]],
    data: st.DataObject,
) -> None:
    """P4."""
    plane = Cells()
    show(plane, nodes, services, 3)
    node, service = data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(services))
    assert plane.point(node, service)
    plane.marks |= {(node, service)}
    top = 0
    for others, names, room in later:
        top = show(plane, others, names, room, top)
        assert plane.marks == {(node, service)}
        if plane.cursor is None:
            assert not others or not names
            continue
        assert plane.cursor[0] in others
        assert plane.cursor[1] in names
        assert (plane.cursor[0] == node) is (node in others)
        assert (plane.cursor[1] == service) is (service in names)


@given(NODES.filter(bool), SERVICES.filter(bool), ROOM, st.data())
def test_the_node_under_the_cursor_is_in_view(
    nodes: list[str], services: list[str], room: int, data: st.DataObject
) -> None:
    """P4."""
    plane = Cells()
    show(plane, nodes, services, room)
    node = data.draw(st.sampled_from(nodes))
    plane.point(node, services[0])
    plane.reveal(room)
    seen = nodes[plane.left : plane.left + room]
    assert node in seen
    assert len(seen) == min(room, len(nodes))


@given(NODES.filter(bool), SERVICES.filter(bool), st.data())
def test_the_next_of_some_cells_goes_through_all_of_them_and_round(
    nodes: list[str], services: list[str], data: st.DataObject
) -> None:
    """P4."""
    plane = Cells()
    show(plane, nodes, services, 3)
    cells = [(node, service) for service in services for node in nodes]
    wrong = [cell for cell in cells if data.draw(st.booleans())]
    assert (plane.next_of(wrong, 1) is None) is (not wrong)
    met = []
    for _ in wrong:
        cell = plane.next_of(wrong, 1)
        assert cell is not None
        plane.point(*cell)
        met.append(cell)
    assert sorted(met) == sorted(wrong)
    if wrong:
        assert plane.next_of(wrong, -1) == wrong[wrong.index(met[-1]) - 1]
