"""P7: a verdict is what the node showed, and never what its answer said."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from tui.fleet.orders.verdict import Claim, NodeAnswer, Observation, Patience, decide_verdict
from tui.model.order import Result, SeenService, Verb
from tui.model.service import Kind

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE = Patience()
LIVING, LIFELESS = ["RUNNING", "STARTING"], ["STOPPED", "EXITED", "BACKOFF", "FATAL", "?"]
STATUS = st.sampled_from(LIVING + LIFELESS)
STARTED = st.none() | st.integers(-2, 3).map(lambda minutes: EPOCH + timedelta(minutes=minutes))
BEFORE = st.builds(
    SeenService,
    name=st.just("alert_mgr"),
    status=STATUS,
    kind=st.just(Kind.OPTIONAL),
    started_at=STARTED,
)
WORD = st.builds(
    NodeAnswer, claim=st.sampled_from(Claim), at=st.floats(0, 5), text=st.text(max_size=5)
)
WATCHED = st.sampled_from([Claim.DONE, Claim.FAILED, Claim.NOTHING])
VERBS = st.sampled_from(Verb)
NOW = st.floats(0, 200)


@st.composite
def watched(draw: st.DrawFn) -> list[Observation]:
    """Draw sights in the order of their times, with runs of the same state among them."""
    at, sights = 0.0, []
    for _ in range(draw(st.integers(0, 6))):
        status, started = draw(st.none() | STATUS), draw(STARTED)
        for _ in range(draw(st.integers(1, 4))):
            at += draw(st.floats(0.1, 8))
            sights.append(Observation(at, status, started))
    return sights


def shows(verb: Verb, before: SeenService, sight: Observation) -> bool:
    """Say, independently of the code, whether a sight is what was wished for."""
    if verb is Verb.STOP:
        return sight.status in (None, "STOPPED", "EXITED")
    if verb is Verb.START:
        return sight.status == "RUNNING"
    if before.started_at is None and before.status in LIFELESS:
        return sight.status == "RUNNING"
    moved = None not in (before.started_at, sight.started_at)
    return sight.status == "RUNNING" and moved and sight.started_at > before.started_at


@given(VERBS, BEFORE, WORD, watched(), NOW)
def test_verified_only_with_evidence_that_held(
    verb: Verb, before: SeenService, word: NodeAnswer, sights: list[Observation], now: float
) -> None:
    """P7, case 46."""
    verdict = decide_verdict(verb, before, word, sights, now=now, patience=PATIENCE)
    if verdict is None or verdict.result is not Result.VERIFIED:
        return
    assert verdict.is_denied == (word.claim in (Claim.FAILED, Claim.REFUSED))
    held = [one for one in sights if shows(verb, before, one)]
    first = next(number for number, one in enumerate(sights) if one == held[0])
    assert sights[first:] == held
    assert held[-1].at - held[0].at >= PATIENCE.steady
    if verb is not Verb.STOP:
        # The first may still show the start time of before, or none.
        late = held[0].started_at in (None, before.started_at)
        assert len({one.started_at for one in (held[1:] if late else held)}) <= 1


@st.composite
def proofs(draw: st.DrawFn) -> tuple[Verb, SeenService, list[Observation]]:
    """Draw an order and sights that end in what it wished for, held at least as long as asked."""
    verb, before = draw(VERBS), draw(BEFORE)
    started = EPOCH + timedelta(minutes=draw(st.integers(4, 9)))
    status: str | None = "RUNNING"
    if verb is Verb.STOP:
        status = draw(st.sampled_from([None, "STOPPED", "EXITED"]))
    if verb is Verb.RESTART:
        before = replace(before, started_at=EPOCH + timedelta(minutes=draw(st.integers(-2, 3))))
    # Until then it shows nothing that was wished for.
    other = "RUNNING" if verb is Verb.STOP else "STOPPED"
    at, sights = 0.0, []
    for _ in range(draw(st.integers(0, 3))):
        at += draw(st.floats(0.1, 2))
        sights.append(Observation(at, other, before.started_at))
    reached = at + 0.1
    held = (0.0, draw(st.floats(0.1, 5)), PATIENCE.steady + draw(st.floats(0.01, 5)))
    since = started if status else None
    return verb, before, sights + [Observation(reached + one, status, since) for one in held]


@given(proofs(), WATCHED)
def test_each_verb_is_verified_once_what_it_wished_for_has_held(
    proof: tuple[Verb, SeenService, list[Observation]], said: Claim
) -> None:
    """P7, cases 45 and 46: also where the answer was lost, or false."""
    verb, before, sights = proof
    word, now = NodeAnswer(said, 0.1), sights[-1].at
    verdict = decide_verdict(verb, before, word, sights, now=now, patience=PATIENCE)
    assert verdict is not None
    assert verdict.result is Result.VERIFIED
    # One look less is too short a time, and is no proof.
    early = decide_verdict(verb, before, word, sights[:-1], now=now, patience=PATIENCE)
    assert early is None or early.result is not Result.VERIFIED


@given(proofs(), st.data())
def test_nothing_is_verified_that_did_not_hold_to_the_last_look(
    proof: tuple[Verb, SeenService, list[Observation]], data: st.DataObject
) -> None:
    """P7, case 46: one look in between that shows something else is enough."""
    verb, before, sights = proof
    wished = len(sights) - 2
    other = "RUNNING" if verb is Verb.STOP else data.draw(st.sampled_from(["STOPPED", "FATAL"]))
    sights[wished] = replace(sights[wished], status=other)
    word, now = NodeAnswer(Claim.DONE, 0.1), sights[-1].at
    verdict = decide_verdict(verb, before, word, sights, now=now, patience=PATIENCE)
    assert verdict is not None
    assert verdict.result is Result.FLAPPING


@given(proofs(), st.integers(1, 9))
def test_a_restart_whose_start_time_moved_back_is_never_verified(
    proof: tuple[Verb, SeenService, list[Observation]], minutes: int
) -> None:
    """P7, case 46: a clock that was set back proves no restart."""
    _, before, sights = proof
    since = EPOCH
    before = replace(before, started_at=since, status="RUNNING")
    earlier = since - timedelta(minutes=minutes)
    blind = [Observation(one.at, "RUNNING", earlier) for one in sights]
    word, now = NodeAnswer(Claim.DONE, 0.1), 200.0
    verdict = decide_verdict(Verb.RESTART, before, word, blind, now=now, patience=PATIENCE)
    assert verdict is None or verdict.result is not Result.VERIFIED


@given(VERBS, BEFORE, WATCHED, NOW)
def test_the_answers_word_alone_verifies_nothing(
    verb: Verb, before: SeenService, said: Claim, now: float
) -> None:
    """P7, cases 44, 45 and 46."""
    verdict = decide_verdict(verb, before, NodeAnswer(said, 0.1), [], now=now, patience=PATIENCE)
    assert verdict is None or verdict.result is Result.UNKNOWN


@given(VERBS, BEFORE, WORD, watched(), NOW)
def test_only_what_was_turned_down_and_did_not_move_is_refused(
    verb: Verb, before: SeenService, word: NodeAnswer, sights: list[Observation], now: float
) -> None:
    """P7, case 45: false and every answer that may come after the work are watched."""
    verdict = decide_verdict(verb, before, word, sights, now=now, patience=PATIENCE)
    refused = verdict is not None and verdict.result is Result.REFUSED
    moved = sights and (sights[0].status, sights[0].started_at) != (
        before.status,
        before.started_at,
    )
    is_time = bool(sights) or now >= PATIENCE.look
    assert refused == (word.claim is Claim.REFUSED and is_time and not moved)


@given(VERBS, BEFORE, WORD, watched())
def test_every_order_comes_to_an_end(
    verb: Verb, before: SeenService, word: NodeAnswer, sights: Sequence[Observation]
) -> None:
    """P7: and its verdict says something."""
    late = PATIENCE.limit + PATIENCE.steady + 1
    verdict = decide_verdict(verb, before, word, sights, now=late, patience=PATIENCE)
    assert verdict is not None
    assert verdict.text


@given(BEFORE, WORD, st.sampled_from([None, *LIVING]), NOW)
def test_a_restart_without_two_start_times_is_never_verified(
    before: SeenService, word: NodeAnswer, status: str | None, now: float
) -> None:
    """P7, case 46: RUNNING before and after proves nothing."""
    assume(before.status in LIVING or before.started_at is not None)
    blind = [Observation(float(at), status) for at in range(1, 60)]
    verdict = decide_verdict(Verb.RESTART, before, word, blind, now=now, patience=PATIENCE)
    assert verdict is None or verdict.result is not Result.VERIFIED
