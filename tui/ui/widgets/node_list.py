"""The node picker: every profile, grouped by cluster, live."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rich.cells import cell_len

from tui.model.clock import one_unit
from tui.model.node import Environment, Role
from tui.model.service import Health
from tui.model.trust import UNCHECKED
from tui.ui.format.node_view import NodeView
from tui.ui.format.service_row import GLYPHS, STYLES
from tui.ui.format.status_lines import READ_ONLY, brief_digests, restarts_texts, standing_out
from tui.ui.table.live_table import Cell, Column, LiveTable, Row
from tui.ui.table.rows import GUTTER

_BAR, _STAR = 6, " ★"

SIDE = (
    Column("number", "", 1, right=True),
    Column("name", "", 6),
    Column("bar", "", 6, drop=2),
    Column("ok", "", 5, right=True),
    Column("age", "", 3, right=True),
    Column("badges", "", 0, drop=1),
)
FULL = (
    Column("number", "", 2, right=True),
    Column("name", "NODE", 10),
    Column("role", "ROLE", 7, drop=1),
    Column("ok", "OK", 5, right=True),
    Column("age", "AGE", 5, right=True),
    Column("about", "", 24, grow=3),
)


class NodeList(LiveTable):
    """Rows keyed by the profile's name; cluster names and second lines cannot be chosen."""

    def __init__(self, palette: Mapping[str, str], *, full: bool, id: str) -> None:
        super().__init__(FULL if full else SIDE, palette=palette, id=id)
        self._full = full
        self.clicks_to_choose = 2 if full else 1  # at the side a click shows the node
        self._ok: dict[str, bool] = {}
        self._answers: dict[str, bool] = {}
        self._members: dict[str, list[str]] = {}

    def make_heads(self) -> tuple[Row, ...]:
        """Make no head at the side: its columns need no words."""
        return super().make_heads() if self._full else ()

    def is_mark_at(self, x: int) -> bool:  # noqa: ARG002 - as LiveTable's
        """Return False: nodes have no marks."""
        return False

    @property
    def wanted_width(self) -> int:
        """The cells that all columns at the side need."""
        return GUTTER + sum(column.width + 1 for column in self.columns if column.width)

    @property
    def hidden(self) -> str:
        """How many nodes are above and below what is in view, and how many have problems."""
        top, rows = self.scroll_offset.y, [*self._ok]
        seen = frozenset(self.visible_keys)
        if not rows or seen.issuperset(rows) or not seen:
            return ""
        keys = self.row_keys
        at = {key: number for number, key in enumerate(keys)}
        above = [name for name in rows if at.get(name, 0) < top]
        below = [name for name in rows if name not in seen and name not in above]
        ill = sum(not self._ok[name] for name in (*above, *below))
        parts = [f"▲ {len(above)}" if above else "", f"▼ {len(below)} more" if below else ""]
        return " ".join(filter(None, (*parts, f"· {ill} with problems" if ill else "")))

    def present(
        self, views: Sequence[NodeView], here: str, restarts: Mapping[str, int] | None = None
    ) -> None:
        """Show the nodes in the order given; `here` is the node whose services are shown.

        `restarts` are those of the last hour that were not ordered here, by node.
        """
        if not self._full:
            self._present_side(views, here)
            return
        rows: list[Row] = []
        cluster: str | None = None
        for view in views:
            if view.cluster != cluster:
                cluster = view.cluster
                name = cluster or "no cluster named"
                rows.append(_inert(f"\0cluster {name}", name, "bold", len(self.columns)))
            rows += _full(view, here, (restarts or {}).get(view.name, 0))
        longest = max((cell_len(row.cells[1].text) for row in rows if not row.spans), default=0)
        most = max(FULL[1].width, self.size.width // 3)
        names = replace(FULL[1], width=min(max(FULL[1].width, longest), most))
        self.set_columns((FULL[0], names, *FULL[2:]))
        self.show(rows)

    def _present_side(self, views: Sequence[NodeView], here: str) -> None:
        """Show one line a node, under a rule with the cluster's name.

        The only cluster's rule is left out where that lets one more node be seen.
        """
        nodes = [_side(view, here) for view in views]
        self._ok, self._answers = {}, {}
        for view in views:
            self._note(view)
        self._fit(nodes, views)
        self._members = {}
        for view in views:
            self._members.setdefault(view.cluster, []).append(view.name)
        rows: list[Row] = []
        is_tight = len(self._members) == 1 and len(nodes) >= self._lines > 0
        made = iter(nodes)
        for cluster, members in self._members.items():
            if not is_tight:
                rows.append(self._rule(cluster))
            rows += [next(made) for _ in members]
        self.show(rows)

    def _note(self, view: NodeView) -> None:
        self._answers[view.name] = view.answers
        self._ok[view.name] = view.answers and not view.problems

    def _rule(self, cluster: str) -> Row:
        """Return the line over a cluster's nodes: its name, and how many of them answer."""
        members = self._members[cluster]
        well = sum(self._answers[name] for name in members)
        width = self._laid[-1].end - self._laid[1].at if len(self._laid) > 1 else 0
        text = f"{cluster or 'no cluster'} {well}/{len(members)} ok "
        text += "─" * max(0, width - cell_len(text))
        style = "bold" if well == len(members) else "bad"
        return _inert(f"\0cluster {cluster}", text, style, len(self.columns))

    def _fit(
        self, rows: Sequence[Row], views: Sequence[NodeView], at_least: Sequence[Column] = SIDE
    ) -> None:
        """Make each column as wide as its longest cell, and none narrower than `at_least`.

        A node that is lost, or that becomes the primary, makes no column narrower or wider: the
        table beside it would be laid out anew.
        """
        fitted = []
        for number, column in enumerate(at_least):
            texts = [row.cells[number].text for row in rows if not row.spans]
            if column.key == "name":
                texts = [f"{GLYPHS[Health.UP]} {view.title}{_STAR}" for view in views]
            elif column.key == "ok":
                texts = [_count(view).text for view in views]
            elif column.key == "badges":
                texts = [_badges(view).text for view in views]
            longest = max(map(cell_len, texts), default=0)
            fitted.append(replace(column, width=max(column.width, longest)))
        self.set_columns(fitted)

    def update_nodes(self, views: Iterable[NodeView], here: str) -> None:
        """Show nodes at the side that are shown already, as they are now; the order stays."""
        views, rows = [*views], []
        for view in views:
            self._note(view)
            rows.append(_side(view, here))
        self._fit(rows, views, at_least=self.columns)
        self.patch([*rows, *(self._rule(cluster) for cluster in self._members)])


def _inert(key: str, text: str, style: str, columns: int) -> Row:
    cells = (Cell(""), Cell(text, style), *(Cell("") for _ in range(columns - 2)))
    return Row(key, cells, inert=True)


def _running(view: NodeView) -> Cell:
    if view.reading.answered_at is None:
        return Cell(
            "✗" if view.reading.trouble else "…", "bad" if view.reading.trouble else "muted"
        )
    well, total, problems = view.counts
    style = "off" if not view.is_fresh else "bad" if problems else "ok"
    return Cell(f"{well}/{total}", style)


def _name(view: NodeView, here: str) -> Cell:
    return Cell(f"{view.title}{_star(view)}", "bold" if view.name == here else "")


def _star(view: NodeView) -> str:
    return _STAR if view.role is Role.PRIMARY else ""


def _age(view: NodeView) -> Cell:
    if view.age is None:
        return Cell("—" if view.reading.trouble else "…", "muted")
    return Cell(one_unit(view.age), "stale" if view.is_stale else "muted")


def _side(view: NodeView, here: str) -> Row:
    """Return a node's line: number, sign and name, bar, count, age, badges."""
    number = Cell(str(view.number) if view.number < 10 else "", "muted")
    sign, style = _sign(view)
    star = _star(view)
    name = Cell(f"{sign} {view.title}{star}", "bold" if view.name == here else "", lead=style)
    if view.reading.trouble is not None or view.wrong_node:
        words = standing_out(view)[0]
        name = Cell(f"{sign} {view.title}{star} {words}", "bad", lead=style)
        return Row(view.name, (number, name, *(Cell(""),) * 4), spans=True)
    cells = (number, name, _bar(view), _count(view), _brief_age(view), _badges(view))
    return Row(view.name, cells, dim=not view.is_fresh)


def _sign(view: NodeView) -> tuple[str, str]:
    """Return the sign of a node and its style: its trouble, else its worst service's."""
    if view.reading.trouble is not None or view.wrong_node:
        return "✗", "bad"
    if view.reading.answered_at is None:
        return "?", "muted"
    if view.is_stale:
        return "?", "warn"
    if view.problems:
        health = view.problems[0].health(view.facts.disabled)
        return GLYPHS[health], STYLES[health]
    return GLYPHS[Health.UP], STYLES[Health.UP]


def _bar(view: NodeView) -> Cell:
    """Return the share of services that are ok; full only where all are."""
    well, total, _ = view.counts
    if not total:
        return Cell("")
    filled = _BAR if well == total else min(_BAR - 1, well * _BAR // total)
    text = "▰" * filled + "▱" * (_BAR - filled)
    return Cell(text, "ok" if well == total else "bad")


def _count(view: NodeView) -> Cell:
    if view.reading.answered_at is None:
        return Cell("—", "muted")
    well, total, problems = view.counts
    return Cell(f"{well}/{total}", "bad" if problems and view.is_fresh else "")


def _brief_age(view: NodeView) -> Cell:
    """Return the age of the last answer without a space, as `2s`."""
    if view.age is None:
        return Cell("—", "muted")
    return Cell(one_unit(view.age).replace(" ", ""), "stale" if view.is_stale else "muted")


_BADGES = {Environment.PRODUCTION: ("P", "production"), Environment.STAGING: ("S", "bold reverse")}


def _badges(view: NodeView) -> Cell:
    """Return what a node is in letters: P production, S staging, RO, M maintenance, ! insecure."""
    found = [_BADGES[view.environment]] if view.environment in _BADGES else []
    if view.read_only:
        found.append(("RO", "readonly"))
    if view.facts.maintenance is not None:
        found.append(("M", "banner"))
    if view.unchecked:
        found.append(("!", "banner"))
    runs: list[tuple[str, int]] = []
    for text, style in found:
        runs += [("", 1)] * bool(runs) + [(style, len(text))]
    return Cell(" ".join(text for text, _ in found), runs=tuple(runs))


def _full(view: NodeView, here: str, restarts: int) -> list[Row]:
    text, style = _about(view, restarts)
    role = Cell(view.role.value, "bold" if view.role is Role.PRIMARY else "muted")
    number = Cell(str(view.number) if view.number < 10 else "", "muted")
    old = (number, _name(view, here), role, _running(view), _age(view))
    is_now = view.is_fresh or view.reading.trouble is not None  # why it is lost is not old
    cells = (
        *(replace(cell, faded=not view.is_fresh) for cell in old),
        Cell(text, style, faded=not is_now),
    )
    rows = [Row(view.name, cells)]
    blank = (Cell(""),) * (len(FULL) - 2)
    if view.unchecked:
        warning = Cell(UNCHECKED, "warn")
        rows.append(
            Row(f"\0unchecked {view.name}", (Cell(""), warning, *blank), inert=True, spans=True)
        )
    if view.reading.trouble is not None:
        text = view.reading.trouble.text.removeprefix(f"{view.profile.place} ")
        why = Cell(brief_digests(text), "warn")
        rows.append(Row(f"\0why {view.name}", (Cell(""), why, *blank), inert=True, spans=True))
    return rows


def _about(view: NodeView, restarts: int = 0) -> tuple[str, str]:
    """Return in words what stands out about a node: its trouble first."""
    parts = standing_out(view)
    style = "bad" if parts else "warn" if restarts else "muted"
    if view.reported:
        parts.append(view.reported)
        style = "warn" if style == "muted" else style
    if restarts:
        parts.append(restarts_texts(restarts)[1])
    if view.environment is not None:
        parts.append(view.environment.value)
        if view.environment is Environment.PRODUCTION and style == "muted":
            style = "production"
    if view.read_only:
        parts.append(READ_ONLY)
    return " · ".join(parts), style
