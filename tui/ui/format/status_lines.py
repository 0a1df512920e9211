"""The lines around the table. Pure: a view in, `rich.text.Text` out."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime

from rich.cells import cell_len
from rich.text import Text

from tui.fleet.problems import Problem, Severity
from tui.fleet.why import NextStep, Offer
from tui.model.clock import clock_text, one_unit
from tui.model.context import ClusterContext
from tui.model.dataclass import dataclass
from tui.model.event import Event
from tui.model.event_text import event_text
from tui.model.order import OrderPhase, OrderProgress, Result, TimelineMark, Verb
from tui.model.reading import Remedy, Trouble
from tui.model.service import Health, Service
from tui.model.text import cut, visible_name
from tui.ui.format.node_view import NodeView
from tui.ui.format.parts import Part, parts_that_fit
from tui.ui.format.service_row import GLYPHS, RESTARTED
from tui.ui.keymap import key_text

Palette = Mapping[str, str]
READ_ONLY = "READ-ONLY"
_DOT = " · "
_UNSEEN_AFTER = 5.0
"""Seconds after which a node that shows nothing of an action is said not to be seen.

While an action is watched, its node is polled several times a second.
"""
_DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")

_RESULTS = {
    Result.VERIFIED: ("✓", "ok"),
    Result.REFUSED: ("✗", "bad"),
    Result.NOT_SENT: ("✗", "warn"),
    Result.FAILED: ("✗", "bad"),
    Result.NOT_RESTARTED: ("✗", "bad"),
    Result.FLAPPING: ("✗", "bad"),
    Result.TIMED_OUT: ("✗", "bad"),
    Result.UNKNOWN: ("?", "unknown"),
}

_AWAITED = {
    Verb.START: "waiting for RUNNING",
    Verb.STOP: "waiting for STOPPED",
    Verb.RESTART: "waiting for a new start time",
}
"""What an action that was sent waits for, before it must hold."""


@dataclass(frozen=True, slots=True)
class PlacedAlert:
    """An alert that is on, and the title of its node; `where` is empty for the whole cluster."""

    name: str
    where: str = ""

    def __str__(self) -> str:
        return f"{self.name} on {self.where}" if self.where else self.name


def join(parts: Sequence[Text], between: str = _DOT) -> Text:
    """Join parts into one line, without those that are empty."""
    line = Text(no_wrap=True, overflow="ellipsis", end="")
    for number, part in enumerate(part for part in parts if part.plain):
        line.append(between if number else "", "dim")
        line.append_text(part)
    return line


def time_text(moment: datetime | None) -> str:
    """Return the time of day of a moment; `never` for None."""
    return clock_text(moment) if moment else "never"


def status_line(  # noqa: PLR0917 - what the line says
    view: NodeView,
    restarts: int,
    shown: int,
    sort: Part,
    filtered: str,
    palette: Palette,
    *,
    width: int,
    loop: Event | None = None,
    alerts: Sequence[PlacedAlert] = (),
    is_titled: bool = False,
    shows_age: bool = True,
) -> Text:
    """Return the state of the services, the worst first, and which of them are shown.

    `restarts` are the node's of the last hour that were not sent from here; `loop` is a crash loop
    of one of its services, if there was one lately; `alerts` are those of its cluster that are on.
    What does not fit into `width` cells is shortened or left out whole, the least important first.
    Where the table's frame `is_titled`, it has the counts. `shows_age` is False where the header
    has the age of the answer.
    """
    well, total, _ = view.counts
    was = "" if view.is_fresh else "were "
    is_counted = view.reading.answered_at is not None and not is_titled
    has_age = shows_age or not view.is_fresh
    is_vague = bool(view.facts.kinds_gap) and view.is_fresh
    pace = "paused" if view.paused else f"every {view.interval:g} s"
    worst, brief = (
        _worst_text(view, restarts, loop, palette, is_brief=is_brief) for is_brief in (False, True)
    )
    if not view.problems and not restarts and view.title in {alert.where for alert in alerts}:
        worst = brief = Text()  # an alert of the node itself is no "no problems"
    parts = (
        Part(worst, 0, brief),
        alerts_part(alerts, palette),
        Part(Text(f"{well}/{total} {was}ok" * is_counted, palette["muted"]), 4),
        Part(Text(view.health_remark, palette["warn"]), 3),
        Part(
            freshness_text(view, palette) if has_age else Text(),
            1,
            freshness_text(view, palette, is_brief=True),
        ),
        Part(Text("kinds unknown" * is_vague, palette["warn"]), 5),
        Part(Text(f"{shown} shown" * (shown != total), palette["warn"]), 2),
        Part(Text(filtered, palette["warn"]), 2),
        Part(Text(pace, palette["warn" if view.paused else "muted"]), 6),
        sort,
    )
    return fitted_line(parts, width)


def restarts_texts(count: int, where: str = "") -> tuple[str, str]:
    """Return how many restarts of the last hour were not sent from here, and so in brief.

    `where` is on which nodes, empty in a line that is one node's own. Both are empty for none.
    Every line that counts restarts counts these, in these words.
    """
    if not count:
        return "", ""
    restarts, place = f"{count} restart{'s' * (count > 1)}", f" {where}" if where else ""
    return (
        f"{RESTARTED} {restarts}/1h{place}, not sent from here",
        f"{RESTARTED} {count}/1h{place}, not from here",
    )


def fitted_line(parts: Iterable[Part], width: int) -> Text:
    """Return parts as a line of `width` cells, indented by one.

    What does not fit is shortened or left out whole, the least important first.
    """
    kept = parts_that_fit([part for part in parts if part.text.plain], width - 1, len(_DOT))
    line = join([part.text for part in kept])
    return Text.assemble(" ", line, no_wrap=True, overflow="ellipsis", end="")


def freshness_text(view: NodeView, palette: Palette, *, is_brief: bool = False) -> Text:
    """Return how old the answer is; marked STALE once it is too old to act on.

    Where it `is_brief`, without the moment of the answer.
    """
    if view.age is None:
        return Text("never polled", palette["muted"])
    when = time_text(view.reading.answered_on)
    if view.is_stale:
        since = "" if is_brief else f": last good answer {when}"
        return Text(f"STALE {one_unit(view.age)}{since}", palette["stale"])
    moment = "" if is_brief else f" ({when})"
    return Text(f"polled {one_unit(view.age)} ago{moment}", palette["muted"])


def _worst_text(
    view: NodeView, restarts: int, loop: Event | None, palette: Palette, *, is_brief: bool = False
) -> Text:
    """Return the worst of the services; that there is no problem, where that is known.

    A crash loop is worse than a service that only moves, which is what a part of it looks like.
    """
    if not view.is_fresh:
        return Text()
    is_down = any(one.health(view.facts.disabled) is not Health.MOVING for one in view.problems)
    if loop is not None and not is_down:
        how = "" if is_brief else f": {event_text(loop)}"
        return Text(f"∞ {visible_name(loop.service)} crash loop{how}", palette["bad"])
    if not view.problems and restarts:
        return Text(restarts_texts(restarts, f"on {view.title}")[is_brief], palette["warn"])
    if not view.problems:
        return Text(f"no problems on {view.title}", palette["muted"])
    worst = view.problems[0]
    text = f"{GLYPHS[worst.health(view.facts.disabled)]} {worst.shown} {worst.status}"
    more = len(view.problems) - 1
    if more:
        text += f" and {more} more" + ("" if is_brief else f" problem{'s' * (more > 1)}")
    return Text(text, palette["bad"])


def placed_alerts(
    views: Sequence[NodeView], contexts: Mapping[str, ClusterContext]
) -> list[PlacedAlert]:
    """List the alerts that are on by name, each with the title of its node.

    `contexts` are by the name of the cluster, or of a node without one.
    """
    found = []
    for cluster, context in contexts.items():
        if not context.alerts.value:
            continue
        titles = {
            view.identity.uid: view.title
            for view in views
            if (view.cluster or view.name) == cluster
        }
        for alert in context.alerts.value:
            uid = alert.node
            where = "" if uid is None else titles.get(uid, f"node:{uid}")
            found.append(PlacedAlert(alert.name, where))
    return sorted(found, key=lambda alert: (alert.name, alert.where))


def alerts_part(alerts: Sequence[PlacedAlert], palette: Palette, more: str = "") -> Part:
    """Return the alerts that are on, each with its node; in brief, how many and where.

    They are no problems of the nodes' services, and yet nobody should take a cluster for well.
    Empty where none is on. `more` is a plus where there may be more of them.
    """
    if not alerts:
        return Part(Text())
    names = ", ".join(map(str, alerts))
    is_one = len(alerts) == 1 and not more
    count = f"{len(alerts)}{more} {'alert' if is_one else 'alerts'}"
    places = {alert.where for alert in alerts}
    where = f" on {places.pop()}" if len(places) == 1 and "" not in places else ""
    text = names if is_one else f"{count}: {names}"
    return Part(Text(f"▲ {text}", palette["warn"]), 1, Text(f"▲ {count}{where}", palette["warn"]))


def banner_line(
    palette: Palette,
    *,
    notices: Sequence[str] = (),
    journal_trouble: str = "",
    paused: str = "",
    unlocked: bool = False,
) -> Text:
    """Return what must not be overlooked; `paused` says what it means, empty where polling is on.

    `notices` are whole sentences, such as that the days of a certificate are over or nearly so;
    `journal_trouble` is why no order can be recorded, empty where all is well.
    """
    texts = (
        *filter(None, notices),
        f"NO JOURNAL, NO ACTIONS: {journal_trouble}" if journal_trouble else "",
        f"PAUSED: {paused}" if paused else "",
        "REQUIRED SERVICES UNLOCKED for this session" if unlocked else "",
    )
    return join([Text(text, palette["banner"]) for text in texts])


_REMEDIES = {
    Remedy.WAIT: "it is polled again",
    Remedy.REFRESH: "{refresh} polls now",
    Remedy.REFRESH_TO_RESUME: (
        "polling stopped; {reread} reads a changed profile, {refresh} polls once more"
    ),
    Remedy.SHOW_CERTIFICATE: "{trust} shows both",
    Remedy.GIVE_PASSWORD: (
        "press {login} to log in, or {refresh} to read the password's source once more"
    ),
    Remedy.RETRY_PASSWORD: (
        "find out why there is no answer; {refresh} sends the password once more, "
        "{login} takes another one"
    ),
    Remedy.FIX_CLIENT_CERTIFICATE: (
        "fix client_cert and client_key, or the cluster's user, then {refresh}"
    ),
}


_REMEDY_KEYS = ("refresh", "reread", "trust", "login")


def remedy_text(trouble: Trouble, keys: Mapping[str, str]) -> str:
    """Return what helps against a trouble; `keys` are the live keys by the id of their binding."""
    shown = {name: key_text(keys.get(name, "")) for name in _REMEDY_KEYS}
    remedies = [_REMEDIES[remedy].format(**shown) for remedy in trouble.remedies]
    return "; ".join(filter(None, (*remedies, trouble.hint)))


_OFFERS = {
    Offer.START: "{start}, confirmed first",
    Offer.EXPLAIN: "{back}, then {why} on {service} in the deck",
    Offer.COMPARE: "{matrix} shows every service on every node",
    Offer.TIMELINE: "{timeline} shows the timeline",
    Offer.RESUME: "{back}, then {pause} in the deck",
    Offer.EDIT: "{nodes}, then {edit} on the node",
}


def next_step_text(step: NextStep, keys: Mapping[str, str]) -> str:
    """Return what to do next; `keys` are the live keys of the evidence by their id."""
    names = ("start", "back", "why", "matrix", "timeline", "pause", "nodes", "edit")
    shown = {name: key_text(keys.get(name, "")) for name in names}
    offer = "" if step.offer is None else _OFFERS[step.offer]
    offer = offer.format(service=visible_name(step.service), **shown)
    remedies = "" if step.trouble is None else remedy_text(step.trouble, keys)
    return "; ".join(filter(None, (": ".join(filter(None, (step.text, offer))), remedies)))


def trouble_line(view: NodeView, palette: Palette, keys: Mapping[str, str]) -> Text:
    """Return the node's trouble, since when, and what is done next; empty if there is none."""
    if view.wrong_node:
        return Text(f"{view.wrong_node}. No action is sent here.", palette["bad"])
    fault = view.reading.trouble
    if fault is None:
        return Text()
    line = Text().append(f"{fault.kind.value.upper()} ", palette["bad"])
    line.append(f"for {one_unit(view.now - view.reading.since)}", palette["warn"])
    # The title names the node already, and there is little room.
    text = brief_digests(fault.text.removeprefix(f"{view.profile.place} "))
    line.append(f"{_DOT}{text}", palette["warn"])
    remedy = remedy_text(fault, keys)
    if remedy:
        line.append(f"{_DOT}{remedy}")
    if fault.held_until is not None:
        line.append(f"{_DOT}next try after {clock_text(fault.held_until, '%H:%M')}")
    elif view.next_at is not None:
        wait = view.next_at - view.now
        line.append(_DOT + (f"next try in {one_unit(wait)}" if wait >= 1 else "trying again now"))
    return line


def brief_digests(text: str) -> str:
    """Return a text with the SHA-256 digests in it cut to 8 digits: they are shown elsewhere."""
    return _DIGEST.sub(r"\1…", text)


def elsewhere_line(views: Sequence[NodeView], palette: Palette, width: int) -> Text:
    """Return the troubles and problems of nodes that are not shown; empty if there are none.

    Lost nodes come first. Of too many for `width` cells, the line ends with how many more there
    are.
    """
    found = ((view, standing_out(view)) for view in sorted(views, key=lambda view: view.answers))
    texts = [f"{view.title}: {', '.join(what)}" for view, what in found if what]
    for kept in range(len(texts), 0, -1):
        more = f"{_DOT}and {len(texts) - kept} more" if kept < len(texts) else ""
        line = f" elsewhere: {_DOT.join(texts[:kept])}{more}"
        if cell_len(line) <= width or kept == 1:
            return Text(line, palette["bad"])
    return Text()


def standing_out(view: NodeView) -> list[str]:
    """Return the troubles and problems of a node as texts, its connection first."""
    texts = []
    if view.wrong_node:
        texts.append("not the node it was")
    if view.reading.trouble is not None:
        texts.append(f"{view.reading.trouble.kind.value} {one_unit(view.now - view.reading.since)}")
    if view.is_fresh and view.problems:
        texts.append(problems_text(view.problems))
    return texts


SEVERITY_SIGNS = {
    Severity.CRITICAL: ("✗", "bad"),
    Severity.SERIOUS: ("▲", "warn"),
    Severity.NOTICE: ("△", "moving"),
}
"""A shape and the palette's name for each severity."""


def problem_sign(problem: Problem) -> tuple[str, str]:
    """Return a problem's sign and the palette's name; what is down has the colour of that."""
    sign, style = SEVERITY_SIGNS[problem.severity]
    return sign, "bad" if problem.is_down else style


def problems_text(services: Sequence[Service]) -> str:
    """Return the one service that has a problem, or how many have."""
    if len(services) == 1:
        return f"{services[0].name} {services[0].status}"
    return f"{len(services)} problems"


def order_words(progress: OrderProgress) -> str:
    """Return what an action is: its verb, its services and its node."""
    order = progress.order
    return f"{order.verb.value} {', '.join(order.names)} on {order.target.node}"


def order_lines(
    shown: Sequence[OrderProgress], now: float, at_most: int, palette: Palette, width: int = 10_000
) -> list[Text]:
    """Return orders in at most so many lines, the newest first; `shown` has it last.

    Verified services are left out first, then the oldest. What does not fit into `width` cells of
    a line is left out of it whole, but for what the action is and how far it has come; why one was
    not well has a line of its own then, while there is room. What an older action came to has the
    time at which it was ordered.
    """
    newest = shown[-1] if shown else None
    lines = [
        entry
        for progress in reversed(shown)
        for entry in _order_lines(progress, now, palette, width, is_newest=progress is newest)
    ]
    left_out = 0
    while len(lines) + bool(left_out) > at_most:
        last = len(lines) - 1
        verified = (at for at in range(last, -1, -1) if lines[at].result is Result.VERIFIED)
        del lines[next(verified, last)]
        left_out += 1
    texts: list[Text] = []
    room = at_most - len(lines) - bool(left_out)
    for line in lines:
        if line.why is not None and room > 0:
            texts += line.head, line.why
            room -= 1
        else:
            texts.append(line.text)
    if left_out:
        texts.append(Text(f" and {left_out} more: x clears, d shows each", palette["muted"]))
    return texts


@dataclass(frozen=True, slots=True)
class _OrderLine:
    """The line of an order, or of one service of it that has a `result`.

    Where `text` has no room for it, `why` is a line of its own to stand below `head`.
    """

    text: Text
    result: Result | None = None
    head: Text = field(default_factory=Text)
    why: Text | None = None


def _order_lines(
    progress: OrderProgress, now: float, palette: Palette, width: int, *, is_newest: bool
) -> list[_OrderLine]:
    """Return an order's lines: one while it is open, then one a service."""
    given = progress.order
    if progress.is_open:
        who, phase = _open_words(progress, now, width - cell_len(" … : "))
        line = Text(f" … {who}: {phase}", palette["moving"])
        if len(given.names) == 1:
            more = _timeline_part(progress.timelines.get(given.names[0], ()), 1, palette)
        else:
            count = f"{len(progress.verdicts)} of {len(given.names)} decided"
            more = Part(Text(count if progress.verdicts else "", palette["muted"]), 1)
        return [_OrderLine(_with_parts(line, [more], width))]
    lines: list[_OrderLine] = []
    for verdict in progress.verdicts:
        (glyph, style), word = _RESULTS[verdict.result], verdict.result.value.upper()
        is_unsettled = verdict.service in progress.unsettled
        if is_unsettled:
            (glyph, style), word = ("…", "moving"), "still watched"
        room = width - cell_len(f" {glyph} : {word}")
        who = _cut_action(given.verb, verdict.service, given.target.node, room)
        head = Text(f" {glyph} {who}: ")
        head.append(word, palette[style])
        is_plain = is_unsettled or verdict.result is Result.VERIFIED
        ordered = Part(Text("" if is_newest else clock_text(given.pressed_on), palette["muted"]), 1)
        text = _with_parts(
            head,
            [
                ordered,
                Part(
                    Text(verdict.text, palette["muted" if is_plain else style]),
                    2,
                    None if is_plain else Text("d shows why", palette["muted"]),
                ),
                _timeline_part(verdict.timeline, 3, palette),
            ],
            width,
        )
        why = Text(f"   {verdict.text}", palette[style])
        is_cut = not is_plain and verdict.text not in text.plain and why.cell_len <= width
        above = _with_parts(head, [ordered], width)
        lines.append(_OrderLine(text, verdict.result, above, why if is_cut else None))
    return lines


def _with_parts(head: Text, parts: Sequence[Part], width: int) -> Text:
    """Return `head`, and of the parts behind it those that fit."""
    room = width - head.cell_len - len(_DOT)
    kept = parts_that_fit([part for part in parts if part.text.plain], room, len(_DOT))
    return join([head, *(part.text for part in kept)])


def _open_words(progress: OrderProgress, now: float, room: int) -> tuple[str, str]:
    """Return what an open action is and how far it has come, together in `room` cells.

    Of too many services only their number is named; then how far it has come is said in fewer
    words, and last of all the names are cut.
    """
    given = progress.order
    names, node, phases = given.names, given.target.node, _phase_texts(progress, now)
    services = [", ".join(names), *([f"{len(names)} services"] if len(names) > 1 else [])]
    for phase in phases:
        for some in services:
            who = f"{given.verb.value} {some} on {node}"
            if cell_len(who) + cell_len(phase) <= room:
                return who, phase
    shortest = phases[-1]
    return _cut_action(given.verb, services[-1], node, room - cell_len(shortest)), shortest


def _cut_action(verb: Verb, services: str, node: str, room: int) -> str:
    """Return what an action is in `room` cells; of the names, the longer one is cut first."""
    left = max(2, room - cell_len(f"{verb.value}  on "))
    services = cut(services, max(left - cell_len(node), left // 2))
    return f"{verb.value} {services} on {cut(node, left - cell_len(services))}"


def _phase_texts(progress: OrderProgress, now: float) -> tuple[str, ...]:
    """Return how far an open action has come, in ever fewer words."""
    if progress.phase is not OrderPhase.WATCHING:
        return (progress.phase.value,)
    full = stable_text(progress, now, _AWAITED[progress.order.verb])
    if is_unseen(progress, now):
        unseen = one_unit(progress.unseen_for(now))
        return full, f"not seen for {unseen}", f"not seen {unseen}"
    stable = progress.stable_for()
    if stable is None:
        return full, "waiting"
    held = f"{stable:.0f} of {progress.steady:.0f} s"
    return full, f"stable {held}", held


def stable_text(progress: OrderProgress, now: float, awaited: str = "") -> str:
    """Return for how long the services of an order were seen to run again, else what is `awaited`.

    While the node does not answer that time stands still, and the text says so.
    """
    stable, text = progress.stable_for(), awaited
    if stable is not None:
        again = "" if progress.order.verb is Verb.START else " again"
        text = f"running{again}, stable {stable:.0f} of {progress.steady:.0f} s"
    if not is_unseen(progress, now):
        return text
    unseen = f"not seen for {one_unit(progress.unseen_for(now))}"
    return f"{text}, {unseen}" if text else unseen


def is_unseen(progress: OrderProgress, now: float) -> bool:
    """Whether an action is watched whose node shows nothing of it."""
    return progress.phase is OrderPhase.WATCHING and progress.unseen_for(now) >= _UNSEEN_AFTER


def timeline_text(marks: Iterable[TimelineMark]) -> str:
    """Return the moments of an order's timeline, in seconds after the POST left."""
    return ", ".join(map(str, marks))


def _timeline_part(marks: Sequence[TimelineMark], rank: int, palette: Palette) -> Part:
    """Return an order's timeline; in brief, its last moment."""
    long, brief = (Text(timeline_text(some), palette["muted"]) for some in (marks, marks[-1:]))
    return Part(long, rank, brief)
