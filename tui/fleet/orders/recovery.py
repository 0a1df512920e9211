"""Orders whose result is unknown until their node is seen again: of earlier sessions, or lost."""

from collections.abc import Callable, Iterable
from dataclasses import field, replace
from datetime import UTC, datetime

from tui.fleet.orders.guard import evidence_difference
from tui.fleet.orders.verdict import REPORTED_FAILURE, RUNNING
from tui.fleet.polling.poller import NodePoller
from tui.fleet.protocols import Journal
from tui.journal.unfinished import UnfinishedOrder
from tui.model.clock import DATE_AND_TIME, clock_text, monotonic
from tui.model.dataclass import dataclass
from tui.model.node import Identity, same_host
from tui.model.order import Order, OrderPhase, OrderProgress, Result, SeenService, Verb, Verdict
from tui.model.service import Health, KnownRun, Service, uptime_came_late, uptime_started_over

_ENDED = frozenset({"STOPPED", "EXITED"})
CASES_AT_MOST = 500
_EARLIER, _LATER = "from an earlier session", "seen when the node was back"


@dataclass(slots=True, eq=False)
class _Case:
    """One such order, and those of its services that are still unknown.

    `pressed_at` is when its key was pressed (monotonic), of an order of an earlier session as the
    wall clock says. `failed` are those of which the node reported failure. `runs` are the runs
    that were seen to have begun after it, and are not stable for long enough yet.
    """

    id: str
    origin: str
    order: Order
    pressed_at: float
    verdicts: dict[str, Verdict]
    unknown: set[str]
    failed: frozenset[str] = frozenset()
    runs: dict[str, KnownRun] = field(default_factory=dict)

    def stable_for(self, service: Service, at: float) -> float:
        """Return for how many seconds a service is known to run at `at` (monotonic).

        That is by its uptime, or since the run was seen first.
        """
        known = self.runs.get(service.name)
        if known is None or known.is_over(service, at):
            known = self.runs[service.name] = KnownRun(service.started_at, service.uptime, at)
        return max(service.uptime or 0, at - known.at)


class OrderRecovery:
    """Keeps each such order until good readings of its node show what came of it.

    What runs again has to be stable for `steady` seconds, as after any other order.
    """

    def __init__(
        self, journal: Journal, report: Callable[[OrderProgress], None], steady: float
    ) -> None:
        self._journal = journal
        self._report = report
        self._steady = steady
        self._cases: list[_Case] = []

    def take(self, found: Iterable[UnfinishedOrder]) -> None:
        """Report unfinished orders; their numbers are not above 0, where this session's begin."""
        for count, entry in enumerate(found):
            order, refused = replace(entry.order, number=-count), entry.refused
            text = _last_known(entry)
            verdicts = {name: _first_verdict(name, name in refused, text) for name in order.names}
            unknown = set(order.names) - refused
            pressed_at = monotonic() - (datetime.now(UTC) - order.pressed_on).total_seconds()
            case = _Case(entry.id, _EARLIER, order, pressed_at, verdicts, unknown, entry.failed)
            for name in set(order.names) & refused:
                self._journal.resolved(entry.id, verdicts[name], None)
            self._add(case)
            self._report_case(case)

    def follow(self, order: Order, verdicts: Iterable[Verdict]) -> None:
        """Add an order of this session whose node was lost before it showed what came of it."""
        by_name = {verdict.service: verdict for verdict in verdicts}
        unknown = {name for name, found in by_name.items() if found.result is Result.UNKNOWN}
        if unknown:
            id_ = self._journal.id_of(order)
            failed = frozenset(name for name in unknown if by_name[name].is_denied)
            self._add(_Case(id_, _LATER, order, order.pressed_at, by_name, unknown, failed))

    def id_of(self, order: Order) -> str:
        """Return the id in the journal of an order of an earlier session that is reported now."""
        return next((case.id for case in self._cases if case.order.number == order.number), "")

    def _add(self, case: _Case) -> None:
        """Follow a case; of too many, the oldest waits for the next session."""
        self._cases.append(case)
        del self._cases[:-CASES_AT_MOST]

    def look(self, watch: NodePoller) -> None:
        """Count a node's reading as evidence if it is good, and of the node that was meant."""
        if not self._cases or not watch.reading.is_good or watch.wrong_node:
            return
        if not watch.vouches(watch.facts.identity.uid, watch.reading):
            if any(case.runs and _is_meant(case.order, watch) for case in self._cases):
                watch.identify_again()  # what waits for a run to be stable waits for no pace
            return
        for case in self._cases:
            if _is_meant(case.order, watch) and self._settle(case, watch):
                self._report_case(case)
        self._cases = [case for case in self._cases if case.unknown]

    def close_before(self, order: Order) -> None:
        """Judge what is still unknown of the services of an order that is about to be sent.

        What came of an earlier one shows in the state that the new one was checked against;
        whatever is seen later may be of the new one.
        """
        now = {seen.name: seen for seen in order.services}
        for case in self._cases:
            if not _is_same_node(case.order, order) or not case.unknown & now.keys():
                continue
            for seen in case.order.services:
                if seen.name in case.unknown and seen.name in now:
                    new = now[seen.name]
                    service = Service(new.name, new.status, new.started_at, new.uptime)
                    self._decide(case, seen, service, monotonic(), is_last=True)
            self._report_case(case)
        self._cases = [case for case in self._cases if case.unknown]

    def _settle(self, case: _Case, watch: NodePoller) -> bool:
        before = {**case.verdicts}
        for seen in case.order.services:
            service = watch.reading.find(seen.name)
            if seen.name in case.unknown and not (service is None and watch.reading.is_cut):
                self._decide(case, seen, service, watch.reading.answered_at or 0.0)
        return case.verdicts != before

    def _decide(
        self,
        case: _Case,
        seen: SeenService,
        service: Service | None,
        at: float,
        *,
        is_last: bool = False,
    ) -> None:
        """Judge one service by its state at `at`; always where it is the last to count."""
        elapsed = monotonic() - case.pressed_at
        verdict = judge_earlier_order(case.order.verb, seen, service, elapsed, case.origin)
        if verdict is None and is_last and service is not None:
            text = f"{case.origin}; still {service.status} when the next action was sent"
            verdict = Verdict(seen.name, Result.UNKNOWN, text)
        if verdict is None:
            case.runs.pop(seen.name, None)
            return
        if verdict.result is Result.VERIFIED and service is not None and service.status == RUNNING:
            is_known, stable = seen.name in case.runs, case.stable_for(service, at)
            if stable < self._steady:
                text = f"running again, {stable:.0f} s; {self._steady:g} s are needed"
                text += ", and the next action was sent" if is_last else ""
                verdict = Verdict(seen.name, Result.UNKNOWN, f"{case.origin}; {text}")
                if not is_last:
                    if not is_known:
                        case.verdicts[seen.name] = verdict
                    return
        if seen.name in case.failed:
            verdict = _after_failure(verdict)
        status, start = (service.status, service.started_at) if service else (None, None)
        verdict = replace(verdict, started_at=start)
        case.unknown.discard(seen.name)
        case.verdicts[seen.name] = verdict
        self._journal.resolved(case.id, verdict, status)

    def _report_case(self, case: _Case) -> None:
        verdicts = tuple(case.verdicts[name] for name in case.order.names)
        ended = OrderProgress(case.order, OrderPhase.ENDED, case.origin, {}, verdicts)
        self._report(replace(ended, unsettled=frozenset(case.unknown)))


def _first_verdict(name: str, refused: bool, text: str) -> Verdict:
    """Return the verdict before its node is seen: what was refused stays refused."""
    if refused:
        return Verdict(name, Result.REFUSED, f"{text}; the node refused it")
    return Verdict(name, Result.UNKNOWN, f"{text}; waiting for its node")


def _last_known(entry: UnfinishedOrder) -> str:
    when = clock_text(entry.order.pressed_on, DATE_AND_TIME)
    if entry.answer is not None:
        what = f"its answer was {entry.answer.value}, and then it was not watched"
    elif entry.was_sent:
        what = "it was sent, and its answer never seen"
    else:
        what = "it may have been sent or not"
    return f"from an earlier session, {when}: {what}"


def _is_meant(order: Order, watch: NodePoller) -> bool:
    """Whether a poller is of the node that an order was for."""
    meant, now = order.target.identity, watch.facts.identity
    if meant.uid is None:
        return watch.profile.url == order.target.url and not _may_be_another(order, watch)
    if now.uid != meant.uid:
        return False
    return watch.profile.url == order.target.url or _is_same_cluster(meant, now)


def _is_same_node(earlier: Order, order: Order) -> bool:
    """Whether two orders are for one node."""
    meant, now = earlier.target.identity, order.target.identity
    if earlier.target.url == order.target.url:
        return meant.uid == now.uid
    return meant.uid is not None and meant.uid == now.uid and _is_same_cluster(meant, now)


def _may_be_another(order: Order, watch: NodePoller) -> bool:
    """Whether another node than the one without a uid may answer at its address.

    The order's own services prove nothing: it may have moved their start times.
    """
    meant, now = order.target.identity.hostname, watch.facts.identity.hostname
    if meant and now and not same_host(meant, now):
        return True
    before, here = (
        replace(evidence, starts=tuple(one for one in evidence.starts if one[0] not in order.names))
        for evidence in (order.target.evidence, watch.evidence)
    )
    return bool(evidence_difference(before, here, is_named=bool(meant and now)))


def _is_same_cluster(meant: Identity, now: Identity) -> bool:
    return bool(meant.cluster) and meant.cluster == now.cluster


def judge_earlier_order(
    verb: Verb,
    before: SeenService,
    now: Service | None,
    elapsed: float = 0.0,
    origin: str = _EARLIER,
) -> Verdict | None:
    """Return what a service's present state proves of an order; None while it still moves.

    `elapsed` is in seconds since the key was pressed.
    """
    if now is not None and now.health() is Health.MOVING:
        return None
    is_new_run = now is not None and uptime_started_over(before.uptime, now.uptime, elapsed)
    if verb is Verb.RESTART and now is not None and now.status == RUNNING and is_new_run:
        text = f"RUNNING for {now.uptime} s, so started after the action"
        return Verdict(before.name, Result.VERIFIED, f"{origin}; {text}")
    if verb is Verb.RESTART and now is not None and uptime_came_late(before, now, elapsed):
        text = f"a new start time, but it runs for {now.uptime} s, from before the action"
        return Verdict(before.name, Result.UNKNOWN, f"{origin}; {text}: look at the node")
    result, text = _RULES[verb](before, now)
    return Verdict(before.name, result, f"{origin}; {text}")


def _after_failure(verdict: Verdict) -> Verdict:
    """Return a verdict on what the node reported to have failed."""
    unmoved = verdict.result in (Result.NOT_RESTARTED, Result.TIMED_OUT)
    result = Result.FAILED if unmoved else verdict.result
    join = ", although" if result is Result.VERIFIED else ";"
    text = f"{verdict.text}{join} {REPORTED_FAILURE}"
    return replace(verdict, result=result, text=text, is_denied=True)


def _restarted(before: SeenService, now: Service | None) -> tuple[Result, str]:
    if now is None:
        return Result.UNKNOWN, "it is not on the node any more"
    if _is_unchanged(before, now):
        return Result.NOT_RESTARTED, f"{now.status} since the same moment as before"
    later = before.started_at and now.started_at and now.started_at > before.started_at
    if now.status == RUNNING and later:
        return Result.VERIFIED, f"RUNNING since {_moment(now.started_at)}, after the action"
    return _unclear(before, now)


def _stopped(before: SeenService, now: Service | None) -> tuple[Result, str]:
    if now is None or now.status in _ENDED:
        return Result.VERIFIED, f"it is {now.status if now else 'gone'} now"
    if _is_unchanged(before, now):
        return Result.TIMED_OUT, f"still {now.status}, since the same moment as before"
    return _unclear(before, now)


def _started(before: SeenService, now: Service | None) -> tuple[Result, str]:
    if now is None:
        return Result.UNKNOWN, "it is not on the node any more"
    if now.status == RUNNING:
        return Result.VERIFIED, f"RUNNING since {_moment(now.started_at)}"
    if now.status == before.status:
        return Result.TIMED_OUT, f"still {now.status}"
    return _unclear(before, now)


_RULES: dict[Verb, Callable[[SeenService, Service | None], tuple[Result, str]]] = {
    Verb.RESTART: _restarted,
    Verb.STOP: _stopped,
    Verb.START: _started,
}


def _is_unchanged(before: SeenService, now: Service) -> bool:
    same = before.started_at is not None and before.started_at == now.started_at
    return same and before.status == now.status


def _unclear(before: SeenService, now: Service) -> tuple[Result, str]:
    since = f" since {_moment(now.started_at)}" if now.started_at else ""
    return Result.UNKNOWN, f"{now.status}{since} now, {before.status} before: look at the node"


def _moment(at: datetime | None) -> str:
    return clock_text(at, DATE_AND_TIME) if at else "some time"
