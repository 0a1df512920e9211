"""The header band: pills, the sums of a cluster and one node, in one line or three. Pure.

What does not fit leaves out its least important part whole.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from rich.text import Text

from tui.fleet.polling.cluster_context import CONTEXT_EVERY
from tui.model.clock import one_unit
from tui.model.context import ClusterContext, Known
from tui.model.dataclass import dataclass
from tui.model.node import Environment, Role
from tui.model.service import Health
from tui.ui.format.node_view import NodeView
from tui.ui.format.parts import Part, joined, parts_that_fit
from tui.ui.format.service_row import GLYPHS, NOTHING, RESTARTED
from tui.ui.format.status_lines import Palette, PlacedAlert, alerts_part, restarts_texts

FRAMED = 3
"""Lines of the band where there is room for a frame."""

SOON = 30
"""Days below which the end of a license or certificate needs a look."""

_DAY = 86_400
_GAP = 3
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Header:
    """What the band shows. Pills stand at the right, the last one outermost.

    `brief` is the left side of the band where it is one line high.
    """

    title: str
    pills: tuple[Part, ...] = ()
    clock: str = ""
    cluster: tuple[Part, ...] = ()
    node: tuple[Part, ...] = ()
    brief: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterSummary:
    """Sums over nodes; those of services are over the nodes that are polled and fresh.

    While polling is paused they are by the last polls; `is_past` where those are stale by now.
    """

    nodes: int = 0
    nodes_ok: int = 0
    services: int = 0
    services_ok: int = 0
    down: int = 0
    failed: int = 0
    changing: int = 0
    unknown: int = 0
    restarts: int = 0
    contexts: tuple[ClusterContext, ...] = ()
    alerts: tuple[PlacedAlert, ...] = ()
    is_past: bool = False

    @classmethod
    def of(
        cls,
        views: Sequence[NodeView],
        restarts: int,
        contexts: Iterable[ClusterContext] = (),
        alerts: Iterable[PlacedAlert] = (),
    ) -> "ClusterSummary":
        """Sum up nodes; `restarts` are those of the last hour that were not ordered here.

        `alerts` are those of the contexts, each with its node.
        """
        well = [view for view in views if view.answers or view.answered_before_pause]
        healths = [
            service.health(view.facts.disabled) for view in well for service in view.problems
        ]
        failed = healths.count(Health.FAILED)
        return cls(
            nodes=len(views),
            nodes_ok=len(well),
            services=sum(view.tally.total for view in well),
            services_ok=sum(view.tally.well for view in well),
            down=failed + healths.count(Health.DOWN),
            failed=failed,
            changing=healths.count(Health.MOVING),
            unknown=healths.count(Health.UNKNOWN),
            restarts=restarts,
            contexts=tuple(contexts),
            alerts=tuple(alerts),
            is_past=any(view.answered_before_pause for view in well),
        )


# The parts


def pills(
    views: Sequence[NodeView],
    palette: Palette,
    *,
    read_only: bool = False,
    paused: bool = False,
    unlocked: bool = False,
) -> tuple[Part, ...]:
    """Return what must not be overlooked of the session and the nodes shown, in a fixed order.

    Those of a node are of the only one, or of any; stale is only what has no fresh node, by the
    newest answer. The outermost is the environment.
    """
    environments = {view.environment for view in views}
    locked = read_only or (bool(views) and all(view.read_only for view in views))
    ages = [view.age or 0 for view in views if view.is_stale]
    is_stale = bool(ages) and not any(view.is_fresh for view in views)
    stale = f"STALE {one_unit(min(ages))}" if is_stale else ""
    texts = (
        ("MAINTENANCE", any(view.facts.maintenance for view in views), "banner", 4),
        ("UNLOCKED", unlocked, "banner", 5),
        ("INSECURE", any(view.unchecked for view in views), "banner", 3),
        ("PAUSED", paused, "banner", 2),
        (stale, bool(stale), "stale", 1),
        ("READ-ONLY", locked, "readonly", 1),
        ("STAGING", environments == {Environment.STAGING}, "bold reverse", 6),
        ("PROD", Environment.PRODUCTION in environments, "production", 0),
    )
    return tuple(
        Part(Text(f" {text} ", palette.get(style, style)), rank)
        for text, is_shown, style, rank in texts
        if is_shown
    )


def cluster_parts(
    summary: ClusterSummary, now: float, today: datetime, palette: Palette
) -> tuple[Part, ...]:
    """Return line 2: nodes, services, what is down or was restarted, and what surrounds them."""
    services = _counted(
        "services",
        summary.services_ok,
        summary.services,
        palette,
        is_ok=not summary.down,
        is_past=summary.is_past,
    )
    again, fewest = _restarts_in_brief(summary)
    around = _Around.of(summary, now, palette)
    parts = [
        Part(_nodes_counted(summary, palette), 0),
        Part(services, 2),
        Part(Text(_down_text(summary), palette["bad"]), 1),
        Part(Text(f"? {summary.unknown} unknown" if summary.unknown else "", palette["warn"]), 3),
        Part(
            Text(f"◐ {summary.changing} changing" if summary.changing else "", palette["moving"]),
            3,
        ),
        Part(Text(again, palette["warn"]), 3, Text(fewest, palette["warn"])),
        around.alerts(),
        around.quorum(),
        around.term("license", _license_days(summary.contexts, today), 8),
        around.term("certs", _certificate_days(summary.contexts, today), 7),
        around.as_of(),
    ]
    return tuple(part for part in parts if part.text.plain)


_CALM = 5
"""The rank from which a part of the cluster's line needs no look."""


def _nodes_counted(summary: ClusterSummary, palette: Palette) -> Text:
    """Return how many nodes are ok, or were before a pause, which it names."""
    if not summary.nodes:
        return Text("no node yet", palette["muted"])
    text = _counted(
        "nodes",
        summary.nodes_ok,
        summary.nodes,
        palette,
        is_ok=summary.nodes_ok == summary.nodes,
        is_past=summary.is_past,
    )
    return text.append(", paused" if summary.is_past else "", palette["muted"])


def _counted(
    word: str, well: int, total: int, palette: Palette, *, is_ok: bool, is_past: bool = False
) -> Text:
    """Return how many of `total` are ok, dim where they were, since old data is."""
    text = Text().append(f"{word} ", palette["muted"])
    if not total:
        return text.append(NOTHING)
    calm = palette["muted"] if is_past else "bold"
    text.append(f"{well}/{total}", calm if is_ok else palette["bad"])
    return text.append(" were ok" if is_past else " ok", palette["muted"])


def _down_text(summary: ClusterSummary) -> str:
    """Return how many services are down, with the sign that the worst of them has in its row."""
    sign = GLYPHS[Health.FAILED if summary.failed else Health.DOWN]
    return f"{sign} {summary.down} down" if summary.down else ""


def _restarts_in_brief(summary: ClusterSummary) -> tuple[str, str]:
    """Return how many restarts of the last hour were not sent from here, and the number alone.

    They are those of all nodes of the line; the status line has those of one.
    """
    count, where = summary.restarts, "all nodes" if summary.nodes > 1 else ""
    return restarts_texts(count, where)[1], f"{RESTARTED} {count}/1h" if count else ""


@dataclass(frozen=True, slots=True)
class _Around:
    """What surrounds the nodes, in parts of a line; `old` is its age where all of it is old.

    It is, where none of the nodes answers now, or a part was not read for two of its periods though
    no call for it failed: then it is dim, and its age stands in the line once. Else only a part
    that could not be read again has its own age.
    """

    summary: ClusterSummary
    now: float
    palette: Palette
    old: float | None = None

    @classmethod
    def of(cls, summary: ClusterSummary, now: float, palette: Palette) -> "_Around":
        """Return what surrounds the nodes of a summary."""
        read: list[Known[Any]] = [
            known
            for context in summary.contexts
            for known in (context.alerts, context.quorum, context.license, context.certificates)
            if known.value is not None
        ]
        is_lost = bool(summary.nodes) and not summary.nodes_ok
        is_old = any(not known.gap and known.age(now) > 2 * CONTEXT_EVERY for known in read)
        ages = [known.age(now) for known in read] if is_lost or is_old else []
        return cls(summary, now, palette, max(ages, default=None))

    @property
    def _calm(self) -> str:
        """The style of what is well."""
        return "bold" if self.old is None else self.palette["muted"]

    def as_of(self) -> Part:
        """Return when it was read, empty where it is not old."""
        text = "" if self.old is None else f"as of {one_unit(self.old)} ago"
        return Part(Text(text, self.palette["warn"]), 1)

    def alerts(self) -> Part:
        """Return the alerts, the first with its node; in brief, how many there are and where."""
        found, palette = self.summary.alerts, self.palette
        read = [context.alerts for context in self.summary.contexts]
        text = Text().append("alerts ", palette["muted"])
        if all(known.value is None for known in read):
            return Part(text.append(NOTHING), 6)
        count = f"{sum(len(known.value or ()) for known in read)}{_at_least(*read)}"
        age = self._age(read)
        if not found:
            return Part(text.append(count, self._calm).append(age), 6)
        text.append(f"{count} ▲ {found[0]}{age}", palette["warn"])
        brief = alerts_part(found, palette, _at_least(*read)).brief
        if brief is not None:
            brief.append(age)
        return Part(text, 2, brief)

    def quorum(self) -> Part:
        """Return whether a cluster has lost its quorum, the first that has."""
        text = Text().append("quorum ", self.palette["muted"])
        read = [context.quorum for context in self.summary.contexts]
        known = [one.value for one in read if one.value is not None]
        if not known:
            return Part(text.append(NOTHING), 5)
        lost = next((quorum for quorum in known if not quorum.is_kept), None)
        if lost is not None:
            text.append(f"LOST {lost.up}/{lost.total}{self._age(read)}", self.palette["bad"])
            return Part(text, 0)
        return Part(text.append("ok", self._calm).append(self._age(read)), 5)

    def term(self, word: str, days: int | None, rank: int) -> Part:
        """Return for how long something is valid; what ends soon is more important."""
        if days is None:
            words, style = NOTHING, self.palette["muted"]
        elif days < 0:
            words, style, rank = "expired", self.palette["warn"], 2
        elif days < SOON:
            words, style, rank = f"{days} d", self.palette["warn"], 3
        else:
            words, style = f"{days} d", self._calm
        long, brief = (
            Text().append(f"{name} ", self.palette["muted"]).append(words, style)
            for name in (word, _BRIEF_TERMS[word])
        )
        return Part(long, rank, brief)

    def _age(self, read: Iterable[Known[Any]]) -> str:
        """Return how old the oldest value is that could not be read again; empty where none is."""
        ages = [known.age(self.now) for known in read if known.value is not None and known.gap]
        return f", {one_unit(max(ages))} old" if ages and self.old is None else ""


def _license_days(contexts: Sequence[ClusterContext], today: datetime) -> int | None:
    days = []
    for context in contexts:
        found = context.license.value
        if found is not None and found.expired:
            days.append(-1)
        elif found is not None and found.valid_until is not None:
            days.append(_days(found.valid_until, today))
    return min(days, default=None)


def _certificate_days(contexts: Sequence[ClusterContext], today: datetime) -> int | None:
    days = []
    for context in contexts:
        for term in context.certificates.value or ():
            if term.expired:
                days.append(-1)
            elif term.valid_until is not None:
                days.append(_days(term.valid_until, today))
    return min(days, default=None)


def _days(moment: datetime, today: datetime) -> int:
    return int((moment - today).total_seconds() // _DAY)


_BRIEF_TERMS = {"license": "lic", "certs": "crt"}


def nodes_parts(views: Sequence[NodeView], palette: Palette) -> tuple[Part, ...]:
    """Return line 3 where no node is picked: each cluster, of a single one each node.

    Those that are not well come first.
    """
    clusters: dict[str, list[NodeView]] = {}
    for view in views:
        clusters.setdefault(view.cluster or view.title, []).append(view)
    if len(clusters) == 1:
        found = [_services_of(view, palette) for view in views]
    else:
        sums = {name: ClusterSummary.of(nodes, 0) for name, nodes in clusters.items()}
        found = [
            (one.nodes_ok == one.nodes and not one.down, _nodes_of(name, one, palette))
            for name, one in sums.items()
        ]
    worst_first = sorted(found, key=lambda pair: pair[0])
    return tuple(Part(text, rank) for rank, (_, text) in enumerate(worst_first))


def _services_of(view: NodeView, palette: Palette) -> tuple[bool, Text]:
    one = ClusterSummary.of([view], 0)
    if not one.nodes_ok:
        word = "stale" if view.is_stale else "never polled"
        trouble = view.reading.trouble.kind.value if view.reading.trouble else word
        return False, Text().append(f"{view.title} ", palette["muted"]).append(
            trouble, palette["bad"]
        )
    is_ok, past = not one.down, one.is_past
    services = _counted(
        view.title, one.services_ok, one.services, palette, is_ok=is_ok, is_past=past
    )
    return is_ok, services


def _nodes_of(name: str, one: ClusterSummary, palette: Palette) -> Text:
    is_ok = one.nodes_ok == one.nodes
    return _counted(name, one.nodes_ok, one.nodes, palette, is_ok=is_ok, is_past=one.is_past)


def node_parts(view: NodeView, context: ClusterContext, palette: Palette) -> tuple[Part, ...]:
    """Return line 3: who the node is, what it holds, and how old its last answer is."""
    uptimes = [service.uptime for service in view.reading.services if service.uptime is not None]
    version = view.facts.identity.version
    parts = (
        Part(node_name(view, palette), 0),
        Part(Text(view.profile.host), 3),
        Part(Text(version, palette["muted"]), 5),
        Part(Text(f"up {one_unit(max(uptimes))}" if uptimes else "", palette["muted"]), 6),
        Part(_shards(view, context, palette), 4),
        Part(_endpoints(view, context, palette), 7),
        Part(polled_text(view, palette), 1, polled_text(view, palette, is_brief=True)),
    )
    return tuple(part for part in parts if part.text.plain)


def node_name(view: NodeView, palette: Palette) -> Text:
    """Return a node's name and role."""
    text = Text(view.title, "bold")
    if view.role is Role.PRIMARY:
        return text.append(" ★ primary", "bold")
    return text.append(f" {view.role.value}", palette["muted"])


def _shards(view: NodeView, context: ClusterContext, palette: Palette) -> Text:
    text, uid = Text().append("shards ", palette["muted"]), view.facts.identity.uid
    shards = context.shards.value
    if shards is None or uid is None:
        return text.append(NOTHING, palette["muted"])
    here = [shard for shard in shards if shard.node == uid]
    text.append(f"{len(here)}{_at_least(context.shards)}")
    primaries = sum(shard.is_primary is True for shard in here)
    return text.append(f" ({primaries} primary)" if here else "", palette["muted"])


def _endpoints(view: NodeView, context: ClusterContext, palette: Palette) -> Text:
    text, address = Text().append("endpoints ", palette["muted"]), view.facts.identity.address
    databases = context.databases.value
    if databases is None or not address:
        return text.append(NOTHING, palette["muted"])
    endpoints = [endpoint for database in databases for endpoint in database.endpoints or ()]
    here = sum(address in endpoint.addresses for endpoint in endpoints)
    return text.append(f"{here}{_at_least(context.databases)}")


def _at_least(*read: Known[_Value]) -> str:
    """Return a plus where entries or a whole list could not be read: there may be more."""
    return "+" if any(known.left_out or known.value is None for known in read) else ""


def polled_text(view: NodeView, palette: Palette, *, is_brief: bool = False) -> Text:
    """Return when the node was polled last and how long that took; marked where it is too old.

    Where it `is_brief`, without how long that took.
    """
    if view.age is None:
        return Text("never polled", palette["muted"])
    if view.is_stale:
        return Text(f"STALE: last good answer {one_unit(view.age)} ago", palette["warn"])
    text = Text().append(f"polled {one_unit(view.age)} ago", palette["muted"])
    took = "" if is_brief else f" ({view.reading.took * 1000:.0f} ms)"
    return text.append(took, palette["muted"])


def brief_parts(
    name: Text,
    summary: ClusterSummary,
    view: NodeView | None,
    now: float,
    today: datetime,
    *,
    palette: Palette,
    short_name: Text | None = None,
) -> tuple[Part, ...]:
    """Return the left side of a band of one line; `name` is the node's, or the view's.

    `short_name` stands for it where there is little room, None where it has no shorter one.
    Of what surrounds the nodes, it has what needs a look, which is worth more than that all nodes
    are ok.
    """
    nodes_ok = summary.nodes_ok == summary.nodes
    again, fewest = _restarts_in_brief(summary)
    around = _Around.of(summary, now, palette)
    found = (
        around.quorum(),
        around.alerts(),
        around.term("license", _license_days(summary.contexts, today), _CALM),
        around.term("certs", _certificate_days(summary.contexts, today), _CALM),
    )
    notable = [part for part in found if part.rank < _CALM]
    parts = [
        Part(name, 0, short_name),
        Part(_nodes_counted(summary, palette), 4 if nodes_ok else 1),
        Part(Text(_down_text(summary), palette["bad"]), 1),
        Part(Text(again, palette["warn"]), 3, Text(fewest, palette["warn"])),
        *notable,
        *([around.as_of()] if notable else []),
    ]
    if view is not None:
        parts += [
            Part(Text(view.profile.host, palette["muted"]), _CALM + 1, Text()),
            Part(Text(view.facts.identity.version, palette["muted"]), _CALM + 2, Text()),
        ]
    return tuple(part for part in parts if part.text.plain)


def context_gaps(context: ClusterContext) -> str:
    """Return what of a cluster could not be read, each with the reason; empty where all was."""
    parts = ((part.name, getattr(context, part.name)) for part in fields(context))
    gaps = (f"{name} ({known.gap})" for name, known in parts if known.gap and not known.is_pending)
    return ", ".join(gaps)


def view_name(word: str, palette: Palette) -> Text:
    """Return the name of a view as it begins a band of one line."""
    return Text("rsdeck ", palette["accent"]).append(word, "bold")


# The lines


def header_lines(header: Header, width: int, height: int, palette: Palette) -> tuple[Text, ...]:
    """Return the band in exactly `width` cells: one line, or three with a frame."""
    if height < FRAMED:
        return (_brief(header, width, palette),)
    frame = palette["muted"]
    return (
        _top(header, width, frame, palette),
        _framed(header.cluster, width, frame),
        _framed(header.node, width, frame),
    )


def _brief(header: Header, width: int, palette: Palette) -> Text:
    """Return the band in one line; the clock is beside the pills, where nothing else is shortened.

    Only the node's address and version leave it room.
    """
    right = joined(parts_that_fit(header.pills, width - 1, 1), 1)
    room = width - right.cell_len - (2 if right.plain else 1)
    clock = Part(Text(f"{header.clock} ", palette["muted"]), _CALM, Text())
    left = list(parts_that_fit([*header.brief, *([clock] if header.clock else [])], room, _GAP))
    if left and left[-1] is clock:
        right = joined([left.pop(), *([Part(right)] if right.plain else [])], 1)
    line = Text(" ").append_text(joined(left, _GAP))
    line.append(" " * max(0, width - line.cell_len - right.cell_len)).append_text(right)
    return _cut(line, width)


def _top(header: Header, width: int, frame: str, palette: Palette) -> Text:
    """Return the upper edge of the frame: title at the left, pills and the clock at the right."""
    clock = Part(Text(f" {header.clock} ", palette["muted"]), 9)
    chosen = parts_that_fit((*header.pills, *([clock] if header.clock else [])), width - 6, 1)
    right = Text()
    for part in chosen:
        right.append_text(part.text).append("─", frame)
    right.append("╮", frame)
    left = Text().append("╭ ", frame).append("rsdeck", palette["accent"])
    title = Text().append(" ── ", frame).append(header.title, "bold")
    if header.title and left.cell_len + title.cell_len + right.cell_len + 2 <= width:
        left.append_text(title)
    left.append(" ")
    left.append("─" * max(0, width - left.cell_len - right.cell_len), frame)
    return _cut(left.append_text(right), width)


def _framed(parts: Sequence[Part], width: int, frame: str) -> Text:
    line = Text().append("│ ", frame)
    line.append_text(joined(parts_that_fit(parts, width - 4, _GAP), _GAP))
    line.append(" " * max(0, width - line.cell_len - 1)).append("│", frame)
    return _cut(line, width)


def _cut(line: Text, width: int) -> Text:
    line.truncate(width, overflow="ellipsis")
    line.no_wrap, line.end = True, ""
    return line
