"""The watched nodes and the orders given to them: the core of window and command line."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from tui.config import Configuration, NodeProfile
from tui.credentials import Passwords, Secret
from tui.fleet.events.pipeline import (
    ActionsElsewhere,
    ChangeQueue,
    Changes,
    EventBaseline,
    EventLog,
    EventPipeline,
    order_event,
    verdict_event,
)
from tui.fleet.orders.binding import SeenNode
from tui.fleet.orders.executor import NotAccepted, Orders
from tui.fleet.orders.guard import NodeStanding, judge_order
from tui.fleet.orders.recovery import OrderRecovery
from tui.fleet.orders.verdict import Patience
from tui.fleet.polling.one_look import look_once
from tui.fleet.polling.poller import NodePoller, PollMoments, PollTiming
from tui.fleet.polling.poller_factory import PollerFactory
from tui.fleet.protocols import (
    FleetListener,
    History,
    Journal,
    NullHistory,
    NullJournal,
    NullListener,
)
from tui.fleet.rollout.manager import Rollouts
from tui.fleet.unmanaged_nodes import UnmanagedNode, find_unmanaged_nodes
from tui.journal.journal_file import JournalError
from tui.journal.other_actions import OtherAction
from tui.journal.unfinished import UnfinishedRollout
from tui.model.clock import monotonic
from tui.model.context import ClusterContext
from tui.model.event import Event, RoleChange, RolloutMoved
from tui.model.node import Identity, NodeEvidence
from tui.model.order import Order, OrderPhase, OrderProgress, Result, SeenService, Verdict
from tui.model.reading import Reading
from tui.model.rollout import RolloutProgress
from tui.model.service import kind_of

if TYPE_CHECKING:
    from tui.credentials.refused_logins import RefusedLogins

_SPREAD = 0.03
_FEW = 20
_APART_IF_FEW, _APART_IF_MANY = 0.25, 0.1
_ROLLED_EVERY, _ROLLED_FOR = 1.0, 3.0
"""Seconds between two looks for rollouts of other processes, and for which what is found counts."""

_ELSEWHERE_EVERY = 30.0
"""Seconds after which a poll looks for actions of other processes where no change needs them."""

_LOCKED_BY_SETTING = "read-only: [settings] in the configuration says so"


class Fleet:
    """The headless core. `read_only` is why no order may be given, empty where one may.

    The configuration's own setting counts too. It is fixed for the life of the fleet: nothing
    inside can lift it. A read-only fleet uses no journal.
    """

    def __init__(
        self,
        configuration: Configuration,
        *,
        read_only: str = "",
        listener: FleetListener | None = None,
        patience: Patience | None = None,
        passwords: Passwords | None = None,
        journal: Journal | None = None,
        history: History | None = None,
        elsewhere: ActionsElsewhere | None = None,
    ) -> None:
        self.interval = configuration.settings.refresh
        self.events = EventLog()
        self.unlocked = False
        self.rollout_rules = configuration.rollout
        self.listener: FleetListener = listener or NullListener()
        self._pipeline = EventPipeline(configuration.notify)
        self._elsewhere = elsewhere
        self._changes = ChangeQueue(elsewhere, self._others_acted, self._pass_on, self.run_beside)
        self._baseline = EventBaseline()
        by_setting = _LOCKED_BY_SETTING if configuration.settings.read_only else ""
        self._read_only = read_only or by_setting
        self._passwords = passwords or Passwords()
        self._factory = PollerFactory(self._passwords, read_only=self._read_only)
        self._timeout = configuration.settings.timeout
        self._pollers: dict[str, NodePoller] = {}
        self._ordered: tuple[NodePoller, ...] | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._reported: dict[int, tuple[Verdict, ...]] = {}
        self._rolled: dict[str, tuple[str, float]] = {}
        self._cut_off: tuple[UnfinishedRollout, ...] = ()
        # Of the actions of other processes, by their ids: how many of their events are known here.
        self._known_elsewhere: dict[str, int] = {}
        self._open_elsewhere: frozenset[str] = frozenset()
        self._looked_elsewhere_at = self._began_at = monotonic()
        self._group: asyncio.TaskGroup | None = None
        self.paused = False
        self.journal: Journal = (None if self._read_only else journal) or NullJournal()
        self.past: History = history or NullHistory()
        self._unkept: list[Callable[[], None]] = []
        patience = patience or Patience()
        self.orders = Orders(self.watch, self._order_moved, patience, self.journal)
        self.rollouts = Rollouts(self, self._rollout_moved, patience)
        self._recovery = OrderRecovery(self.journal, self.orders.report, patience.steady)
        self._moments = PollMoments(_moments_apart(len(configuration.nodes)))
        # Evenly within one interval: polled at once, they would stay so.
        apart = min(_SPREAD, self.interval / max(1, len(configuration.nodes)))
        for number, profile in enumerate(configuration.nodes):
            self._pollers[profile.name] = self._make(profile, number * apart)

    @property
    def read_only(self) -> str:
        """Why the whole session is read-only; empty where it is not."""
        return self._read_only

    @property
    def refused_logins(self) -> "RefusedLogins | None":
        """What this process and others were refused, where it is kept."""
        return self._passwords.refused

    @property
    def nodes(self) -> tuple[NodePoller, ...]:
        """The watched nodes, grouped by cluster, in the order of the configuration."""
        if self._ordered is None:
            first: dict[str, int] = {}
            for number, watch in enumerate(self._pollers.values()):
                first.setdefault(watch.profile.cluster, number)
            pollers = self._pollers.values()
            self._ordered = tuple(sorted(pollers, key=lambda one: first[one.profile.cluster]))
        return self._ordered

    @property
    def unmanaged_nodes(self) -> tuple[UnmanagedNode, ...]:
        """The nodes without a profile that the clusters report; nothing can be sent to them."""
        return find_unmanaged_nodes(self._factory.caches, self.nodes)

    def watch(self, node: str) -> NodePoller:
        """Return a node by its profile's name; KeyError if there is none."""
        return self._pollers[node]

    def cluster_of(self, node: str) -> str:
        """Return the cluster that a node's profile names; empty if none, or no such profile."""
        return self._pollers[node].profile.cluster if node in self._pollers else ""

    def place(self, node: str) -> str:
        """Return a node's name and address; the name alone where it has no profile."""
        return self._pollers[node].profile.place if node in self._pollers else node

    def __contains__(self, node: str) -> bool:
        return node in self._pollers

    async def run(self) -> None:
        """Poll all nodes until cancelled. A bug in one poller ends all, with its exception."""
        try:
            async with asyncio.TaskGroup() as self._group:
                for watch in self._pollers.values():
                    self._begin(watch)
                self._group.create_task(self._remember(), name="remember")
                self._recovery.take(await self.journal.begin())
                self._offer(self.journal.unfinished_rollouts)
                for watch in self.nodes:
                    self._recovery.look(watch)
                await asyncio.Event().wait()
        finally:
            self._group = None
            self.journal.end()
            self._keep()
            self.past.end()
            if self.refused_logins is not None:
                self.refused_logins.end()

    async def _remember(self) -> None:
        """Insert the events of earlier sessions before those of this one.

        Then the actions that other processes recorded, and no history has.
        """
        self.events.insert_older(await self.past.begin())
        self.look_elsewhere()

    def look_elsewhere(self) -> None:
        """Look for actions that other processes of this machine recorded; returns at once."""
        if self._group is not None:
            self._looked_elsewhere_at = monotonic()
            self._changes.read_soon()

    async def poll_once(self, *, only_kinds: bool = False) -> None:
        """Poll every node once, side by side; see `look_once`."""
        await look_once(tuple(self._pollers.values()), only_kinds=only_kinds)

    def _begin(self, watch: NodePoller) -> None:
        if self._group is not None:
            task = self._group.create_task(watch.run(), name=f"watch {watch.name}")
            self._tasks[watch.name] = task

    def _make(self, profile: NodeProfile, first: float) -> NodePoller:
        watch = self._factory.make(
            profile,
            timing=PollTiming(self.interval, self._timeout, first, self._moments),
            beside=len(self._pollers),
            publish=self._publish,
            is_ordered=lambda: self.orders.involves(profile.name),
        )
        watch.paused = self.paused
        return watch

    def adopt(self, profiles: Iterable[NodeProfile]) -> None:
        """Replace the profiles; a node whose profile did not change goes on."""
        wanted = {profile.name: profile for profile in profiles}
        self._passwords.take_variables(wanted.values())
        for name, watch in list(self._pollers.items()):
            if wanted.get(name) != watch.profile:
                del self._pollers[name]
                self._ordered = None
                watch.retire()
                self._baseline.forget(name)
                if not _is_same_place(watch.profile, wanted.get(name)):
                    self._pipeline.forget(name)
                task = self._tasks.pop(name, None)
                if task is not None and self._group is not None:
                    self._group.create_task(self._let_go(watch, task), name=f"leave {name}")
        watches = {}
        for name, profile in wanted.items():
            watch = watches[name] = self._pollers.get(name) or self._make(profile, 0.0)
            watch.profile = profile  # equal, but where it is written may have moved
        fresh = [watch for name, watch in watches.items() if name not in self._pollers]
        self._pollers, self._ordered = watches, None
        self._moments.seconds = _moments_apart(len(watches))
        self._factory.keep({profile.cluster for profile in wanted.values()})
        for watch in fresh:
            self._begin(watch)
            self.listener.node_changed(watch.name)
        self._offer(self._cut_off)

    async def _let_go(self, watch: NodePoller, task: asyncio.Task[None]) -> None:
        """End a poller as soon as no order needs it: what the node shows is its only evidence."""
        await self.orders.done_with(watch)
        task.cancel()

    def set_interval(self, seconds: float) -> None:
        """Set the seconds between readings of every node."""
        self.interval = seconds
        for watch in self._pollers.values():
            watch.set_interval(seconds)

    def set_paused(self, paused: bool) -> None:
        """Pause or resume polling; an order that is open is watched all the same."""
        self.paused = paused
        for watch in self._pollers.values():
            watch.set_paused(paused)

    def context(self, node: str) -> ClusterContext:
        """Return what surrounds a node in its cluster; KeyError if it is not watched."""
        return self.watch(node).context

    def refresh_context(self, node: str) -> None:
        """Read what surrounds a node now, and not at the slow pace; returns at once.

        A call that was refused is not repeated before its time.
        """
        for watch in self.beside(node):
            watch.refresh_context()

    async def read_context(self, node: str) -> ClusterContext:
        """Read what surrounds a node now, and return it; for one look, or before a decision.

        It is read from the node that answers for its cluster, after a reading of that one; a node
        whose last poll failed is not waited for.
        """
        self.refresh_context(node)
        for watch in self.beside(node):
            if watch.reading.trouble is None:
                await watch.read_context()
        return self.context(node)

    def beside(self, node: str) -> tuple[NodePoller, ...]:
        """Return the nodes of a node's cluster, itself among them; KeyError if not watched."""
        own = self.watch(node).profile
        return tuple(watch for watch in self.nodes if watch.profile.is_beside(own))

    def asks_for_password(self, node: str) -> bool:
        """Whether a person has to type the node's password before it can be polled."""
        watch = self.watch(node)
        return watch.login.asks and not self._passwords.has(watch.profile)

    def renew(self, node: str, secret: Secret | None) -> None:
        """Replace the password of a node's login; None reads its source again."""
        watch = self.watch(node)
        self._passwords.forget(watch.profile)
        watch.login.renew(secret)

    def refresh(self) -> None:
        """Poll every node and its cluster now, and read the sources of stopped logins again."""
        for login in self._factory.logins.values():
            login.reread()
        for watch in self._pollers.values():
            watch.refresh_now()
            watch.refresh_context()
        self.look_elsewhere()

    async def find_rollouts(self, nodes: Iterable[str]) -> None:
        """Find out, for the guard, whether another process goes over these nodes' clusters."""
        targets = [SeenNode.of(self.watch(node)).target for node in nodes if node in self]
        found = await self.journal.rolled_elsewhere(targets)
        at = monotonic()
        self._rolled |= {
            target.node: (text, at) for target, text in zip(targets, found, strict=True)
        }

    async def follow_rollouts(self, nodes: Sequence[str]) -> None:
        """Find out again and again, until cancelled, what `find_rollouts` does."""
        while True:
            await self.find_rollouts(nodes)
            await asyncio.sleep(_ROLLED_EVERY)

    def standing(self, node: str) -> NodeStanding:
        """Return what the guard needs to know of a node.

        Of rollouts of other processes, what was found within the last seconds.
        """
        watch = self.watch(node)
        trouble = watch.reading.trouble
        rolled, found_at = self._rolled.get(node, ("", 0.0))
        return NodeStanding(
            age=watch.reading.age(monotonic()),
            stale_after=watch.stale_after,
            read_only=watch.read_only,
            trouble=trouble.text if trouble else watch.wrong_node,
            busy=self.orders.open_on(node),
            rolled=rolled if monotonic() - found_at <= _ROLLED_FOR else "",
            environment=watch.profile.environment,
            unlocked=self.unlocked,
            is_identified=_is_identified(watch.identity, watch.evidence),
        )

    def give(self, order: Order) -> None:
        """Carry out an order that the guard allowed; returns at once.

        Raises NotAccepted where the guard does not allow it any more, by what is known now.
        """
        if self._group is None:
            raise RuntimeError("the fleet does not run")
        if order.number < self.orders.next_number():
            raise NotAccepted(f"order {order.number} was given already")
        self._check_addresses(order)
        # The check right before the POST finds out whether the node is there.
        wrong = self.watch(order.target.node).wrong_node
        standing = replace(self.standing(order.target.node), age=0.0, trouble=wrong)
        ruling = judge_order(order.verb, self._as_now(order), standing)
        if not ruling.allowed:
            raise NotAccepted(ruling.reason)
        self.orders.accept(order, ruling.tier)
        self.run_beside(self.orders.carry_out(order), f"order {order.number}")

    def run_beside(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run something beside the pollers, for as long as the fleet runs."""
        if self._group is None:
            work.close()
            raise RuntimeError("the fleet does not run")
        self._group.create_task(work, name=name)

    def _check_addresses(self, order: Order) -> None:
        """Refuse an order shown for another address than it would go to: a profile was edited."""
        shown = {order.target.node: order.target.url, order.route.via: order.route.url}
        if order.target.node == order.route.via and order.target.url != order.route.url:
            raise NotAccepted(f"{order.target.node} has one address, and two were shown")
        for node, url in shown.items():
            if node not in self or self.watch(node).profile.url != url:
                raise NotAccepted(f"{node} is not at {url} any more: try again")

    def _as_now(self, order: Order) -> tuple[SeenService, ...]:
        """Return the services of an order with their kinds as the cluster has them now."""
        optional = self.watch(order.target.node).facts.optional
        return tuple(replace(seen, kind=kind_of(seen.name, optional)) for seen in order.services)

    def _publish(self, watch: NodePoller, before: Reading, role: RoleChange | None) -> None:
        if self._pollers.get(watch.name) is not watch:
            return  # retired: its name is another poller's, it serves only the orders open on it
        is_wrong, is_settled = bool(watch.wrong_node), watch.is_settled
        old, counted = self._baseline.advance(watch, before)
        changes = self._pipeline.compare(counted, old, None if is_wrong else role)
        # Of one look, there is no change to explain.
        is_explained = self._group is None or self._pipeline.is_explained(changes)
        self._changes.put(changes, is_explained=is_explained)
        is_late = monotonic() - self._looked_elsewhere_at >= _ELSEWHERE_EVERY
        if is_late or watch.name in self._open_elsewhere:
            self.look_elsewhere()
        self.listener.node_changed(watch.name)
        is_good = watch.reading.is_good and not is_wrong
        if is_settled or not is_good:
            self.rollouts.note_answer(watch.name, is_good=is_good)
        if any(event.service for event in changes.events):
            self.rollouts.note_change(watch.name)
        if not is_settled:
            return
        # What another node answers is not a reading of this one.
        seen = Reading(watch.name) if is_wrong else watch.reading
        cluster, stale_after = watch.profile.cluster, watch.stale_after
        self._keep_soon(partial(self.past.reading, seen, cluster, stale_after))
        self._recovery.look(watch)

    def _keep_soon(self, keep: Callable[[], None]) -> None:
        """Keep something for later sessions, once who polls or acts has gone on."""
        if not self._unkept:
            asyncio.get_running_loop().call_soon(self._keep)
        self._unkept.append(keep)

    def _keep(self) -> None:
        unkept, self._unkept = self._unkept, []
        for keep in unkept:
            keep()

    def _pass_on(self, changes: Changes) -> None:
        for event in self._pipeline.publish(changes):
            self._record(event)

    def _others_acted(self, actions: tuple[OtherAction, ...]) -> None:
        """Find the nodes to which other processes of this machine sent actions.

        What is new of these is recorded, and a rollout that was cleared there is offered no more.
        """
        nodes = self.nodes
        names = _nodes_of(actions, nodes)
        on_nodes: dict[str, list[OtherAction]] = {watch.name: [] for watch in nodes}
        for one in actions:
            for name in names[one.id]:
                on_nodes[name].append(one)
        self._pipeline.others_acted({node: (*sent,) for node, sent in on_nodes.items()})
        now = monotonic()
        self._open_elsewhere = frozenset(
            node for node, sent in on_nodes.items() if any(one.is_open(now) for one in sent)
        )
        known, self._known_elsewhere = (
            self._known_elsewhere,
            {one.id: len(one.events) for one in actions},
        )
        found: list[Event] = []
        for one in actions:
            for event in one.events[known.get(one.id, 0) :]:
                if names[one.id]:
                    found.append(_as_here(event, names[one.id]))
                else:
                    self._keep_soon(partial(self.past.note, event, one.cluster))
        self._record_elsewhere([event for event in found if not self.events.holds_step(event)])
        if self._cut_off and self._elsewhere is not None:
            cleared = self._elsewhere.cleared_rollouts
            self._offer(one for one in self._cut_off if one.id not in cleared)

    def _record_elsewhere(self, events: Sequence[Event]) -> None:
        """Record steps of actions of other processes.

        What happened before this fleet was made is kept, and is no news.
        """
        self.events.insert(events)
        for event in events:
            self._keep_soon(partial(self.past.note, event, self.cluster_of(event.node)))
            if event.at >= self._began_at:
                self.listener.event_happened(event)

    def _record(self, event: Event) -> None:
        if event.action and self.events.holds_step(event):
            return  # another process recorded it first
        self.events.append(event)
        kept = event
        if isinstance(event.details, RolloutMoved):
            kept = replace(event, sender=self.journal.sender)  # to others, it is another process's
        self._keep_soon(partial(self.past.note, kept, self.cluster_of(event.node)))
        self.listener.event_happened(event)

    def _action_id(self, order: Order) -> str:
        """Return the id of an order in the journal, of this session or an earlier one."""
        return self.journal.id_of(order) if order.number > 0 else self._recovery.id_of(order)

    def _order_moved(self, progress: OrderProgress) -> None:
        order = progress.order
        if progress.phase is OrderPhase.SENDING:
            self._recovery.close_before(order)
            # Not before: what is refused by the check has only its verdict, as in the journal.
            self._record(order_event(order, self._action_id(order)))
        if self._is_watched(order):
            target = order.target
            same = (watch for watch in self.nodes if watch.profile.url == target.url)
            also = [watch.name for watch in same if watch.name != target.node]
            self._pipeline.order_moved(progress, also)
        if not progress.is_open:
            reported = self._reported.get(order.number, ())
            # What is still watched has no verdict yet.
            new = tuple(
                verdict
                for verdict in progress.verdicts
                if verdict not in reported and verdict.service not in progress.unsettled
            )
            self._reported[order.number] = (*reported, *new)
            for number in self._reported.keys() - self.orders.progress.keys():
                del self._reported[number]
            if order.number > 0 and not reported and not self._sees(order):
                self._recovery.follow(order, progress.verdicts)
            for verdict in new:
                self._record(verdict_event(order, verdict, self._action_id(order)))
            self._count_verified(progress)
        self.listener.order_moved(progress)

    def _rollout_moved(self, progress: RolloutProgress, event: Event | None) -> None:
        if event is not None:
            self._record(event)
        cluster = progress.plan.cluster
        self._offer(one for one in self._cut_off if one.cluster != cluster)
        self.listener.rollout_moved(progress)

    def _count_verified(self, progress: OrderProgress) -> None:
        """Plan no node again of a rollout that was cut off, once its own action is verified."""
        verified = [
            verdict.service
            for verdict in progress.verdicts
            if verdict.result is Result.VERIFIED and not verdict.is_denied
        ]
        cut_off = (one.verified(progress.order, verified) for one in self._cut_off)
        self._offer(one for one in cut_off if one.remaining)

    def _offer(self, cut_off: Iterable[UnfinishedRollout]) -> None:
        """Keep the rollouts that were cut off.

        Those are offered, and reported where they have changed, whose nodes are watched here at the
        same addresses.
        """
        self._cut_off = tuple(cut_off)
        urls = {node.name: node.profile.url for node in self.nodes}
        offered = tuple(
            rollout
            for rollout in self._cut_off
            if all(urls.get(name) == url for name, url in rollout.nodes)
        )
        if offered != self.rollouts.cut_off:
            self.rollouts.cut_off = offered
            self.listener.rollouts_unfinished(offered)

    async def clear_cut_off(self) -> str:
        """Offer the rollouts that were cut off no more, here and in later sessions.

        Returns why that could not be recorded, and so holds in this session alone; else empty.
        """
        cleared = self.rollouts.cut_off
        self._offer(one for one in self._cut_off if one not in cleared)
        try:
            for rollout in cleared:
                await self.journal.rollout_cleared(rollout)
        except JournalError as error:
            return str(error)
        return ""

    def _sees(self, order: Order) -> bool:
        """Whether an order's node answers, so that its verdict rests on all there is to see."""
        return self._is_watched(order) and self.watch(order.target.node).reading.is_good

    def _is_watched(self, order: Order) -> bool:
        """Whether the address that an order went to is the one that its node is polled at now."""
        watch = self._pollers.get(order.target.node)
        return watch is not None and watch.profile.url == order.target.url

    def history(self, node: str, service: str) -> tuple[Event, ...]:
        """List the known events of a service, newest first: this session's and earlier ones."""
        known = (event for event in self.events if (event.node, event.service) == (node, service))
        return tuple(reversed(tuple(known)))


def _moments_apart(nodes: int) -> float:
    """Return the seconds between the moments at which so many nodes are polled.

    Many are polled at more moments, so that a key never waits for all of them.
    """
    return _APART_IF_FEW if nodes <= _FEW else _APART_IF_MANY


def _nodes_of(actions: Iterable[OtherAction], nodes: Iterable[NodePoller]) -> dict[str, list[str]]:
    """Return for each action, by its id, the nodes that it went to: by address, or by uid."""
    by_url: dict[str, list[str]] = {}
    by_uid: dict[tuple[int | None, str], list[str]] = {}
    for watch in nodes:
        who = watch.identity
        by_url.setdefault(watch.profile.url, []).append(watch.name)
        if who.uid is not None and who.cluster:
            by_uid.setdefault((who.uid, who.cluster), []).append(watch.name)
    names = dict[str, list[str]]()
    for one in actions:
        there = by_url.get(one.url, []), by_uid.get((one.uid, one.cluster), [])
        names[one.id] = [*dict.fromkeys(chain.from_iterable(there))]
    return names


def _as_here(event: Event, names: Sequence[str]) -> Event:
    """Return a step of an action by the name that its node has here."""
    return event if event.node in names else replace(event, node=names[0])


def _is_identified(identity: Identity, evidence: NodeEvidence) -> bool:
    """Whether another node in its place would be noticed."""
    return identity.uid is not None or bool(identity.hostname) or evidence.identifies


def _is_same_place(before: NodeProfile, after: NodeProfile | None) -> bool:
    """Whether two profiles of one name lead to the same node by the same way."""
    return after is not None and _place(before) == _place(after)


def _place(profile: NodeProfile) -> tuple[str, str, int | None, str]:
    return profile.url, profile.proxy, profile.uid, profile.hostname
