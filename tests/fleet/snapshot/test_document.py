"""The object and the text of a snapshot, made of a fleet that is written down here."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tui.config import CommandSource, NodeProfile
from tui.fleet.snapshot.document import (
    EVENTS_AT_MOST,
    FleetSnapshot,
    NodeSnapshot,
    SnapshotMoment,
    as_json,
    build_document,
)
from tui.fleet.snapshot.text import COLUMNS, as_text
from tui.journal.journal_file import JournalTail
from tui.model.certificate import Certificate
from tui.model.event import ConnectionLost, Event, StatusChange
from tui.model.node import Environment, Identity, NodeFacts, Role
from tui.model.order import (
    Moment,
    Order,
    OrderPhase,
    OrderProgress,
    Result,
    Route,
    SeenService,
    Target,
    TimelineMark,
    Verb,
    Verdict,
)
from tui.model.reading import Reading, Trouble, TroubleKind
from tui.model.rollout import (
    Plan,
    RolloutProgress,
    RolloutState,
    Step,
    StepProgress,
    StepState,
)
from tui.model.service import Kind, Service
from tui.model.text import width
from tui.model.trust import AuthorityTrust, NoTrust, PinnedTrust, SystemTrust, Trust

ON = datetime(2026, 5, 13, 18, 38, tzinfo=UTC)
NOW = 1000.0
MOMENT = SnapshotMoment("1.2.3", "jump1", ON, NOW)
PIN = "ab" * 32
SERVICES = (
    Service("alert_mgr", "STOPPED"),
    Service("ccs", "RUNNING", ON - timedelta(days=3), 259_200),
)
WHO = Identity(2, "db1.example", "10.0.0.2", Role.REPLICA, "8.0.2-17", "prod")
HOSTILE = "evil\x1b]52;c;eA==\x07\u202e\n漢字" * 8


def node_snapshot(**more: Any) -> NodeSnapshot:
    profile = NodeProfile(
        "node1",
        "https://db1.example:9443",
        "admin@x.example",
        CommandSource(("pass", "show", "redis/secret-place")),
        PinnedTrust(PIN),
        cluster="prod",
        environment=Environment.PRODUCTION,
    )
    reading = Reading("node1", SERVICES, 996.0, 996.0, ON - timedelta(seconds=4), since=100.0)
    facts = NodeFacts(WHO, frozenset({"alert_mgr"}))
    fields = {
        "profile": profile,
        "reading": reading,
        "facts": facts,
        "stale_after": 10.0,
        "next_at": 1001.5,
        "read_only": "",
        "wrong_node": "",
        "certificate": Certificate(PIN),
    }
    return NodeSnapshot(**(fields | more))


def lost() -> NodeSnapshot:
    trouble = Trouble(TroubleKind.UNREACHABLE, "node1 refused the connection")
    reading = replace(node_snapshot().reading, trouble=trouble, answered_at=400.0, since=410.0)
    return node_snapshot(reading=reading, wrong_node="node:3 answers here, it was node:2 before")


def flip(number: int = 0) -> Event:
    details = StatusChange("RUNNING", f"STOPPED {number}")
    at, on = 940.0 + number / 100, ON - timedelta(seconds=60)
    return Event("node1", details, at, on, "alert_mgr")


def order(*, result: Result = Result.TIMED_OUT) -> OrderProgress:
    given = Order(
        1,
        Verb.RESTART,
        Target("node1", "https://db1.example:9443", WHO),
        (SeenService("alert_mgr", "RUNNING", Kind.OPTIONAL),),
        Route("node1", "https://db1.example:9443"),
        700.0,
        ON - timedelta(seconds=300),
        "after the TLS change",
    )
    verdict = Verdict(
        "alert_mgr",
        result,
        "still STOPPED",
        (TimelineMark(Moment.ANSWERED, 0.0), TimelineMark(Moment.DOWN, 1.2)),
    )
    return OrderProgress(given, OrderPhase.ENDED, "ended", {}, (verdict,))


def snapshot(*stands: NodeSnapshot, **more: Any) -> dict[str, Any]:
    return build_document(FleetSnapshot(stands or (node_snapshot(),), **more), MOMENT)


def test_a_node_is_shown_with_its_identity_and_its_age() -> None:
    (node,) = snapshot()["nodes"]
    assert (node["node"], node["uid"], node["hostname"]) == ("node1", 2, "db1.example")
    assert (node["cluster"], node["environment"], node["role"]) == ("prod", "production", "replica")
    assert (node["age_seconds"], node["stale"], node["next_in_seconds"]) == (4.0, False, 1.5)
    assert node["answered_at"] == "2026-05-13T18:37:56Z"
    assert node["trust"] == f"pinned sha256:{PIN}"
    assert node["presented"] == f"sha256:{PIN}"
    assert node["reachable"] is True


def test_a_node_in_trouble_keeps_its_old_services_and_shows_since_when() -> None:
    (node,) = snapshot(lost())["nodes"]
    assert node["reachable"] is False
    assert node["trouble"]["kind"] == "unreachable"
    assert node["trouble"]["for_seconds"] == 590.0
    assert (node["age_seconds"], node["stale"]) == (600.0, True)
    assert "node:3" in node["wrong_node"]
    assert len(node["services"]) == 2


def test_a_service_is_shown_as_it_was_answered_with_its_last_change() -> None:
    first, second = snapshot(events=(flip(1), flip(2)))["nodes"][0]["services"]
    assert (first["name"], first["status"], first["problem"]) == ("alert_mgr", "STOPPED", True)
    assert first["kind"] == "optional"
    assert first["last_change"]["text"] == "RUNNING → STOPPED 2"
    assert (second["uptime_seconds"], second["start_time"]) == (259_200, "2026-05-10T18:38:00Z")
    assert second["kind"] == "required"


def test_events_are_newest_first_and_not_without_end() -> None:
    many = snapshot(events=tuple(flip(number) for number in range(EVENTS_AT_MOST + 50)))
    assert len(many["events"]) == EVENTS_AT_MOST
    assert many["events_known"] == EVENTS_AT_MOST + 50
    assert many["events"][0]["text"].endswith(f" {EVENTS_AT_MOST + 49}")
    assert f"newest first ({EVENTS_AT_MOST} of {EVENTS_AT_MOST + 50})" in as_text(many)


def test_an_order_is_shown_with_verdict_and_timeline() -> None:
    (given,) = snapshot(orders=(order(),))["orders"]
    assert (given["verb"], given["node"], given["reason"]) == (
        "restart", "node1", "after the TLS change",
    )  # fmt: skip
    (service,) = given["services"]
    assert service["result"] == "timed out"
    assert service["timeline"][1] == {"what": "down", "at_seconds": 1.2}


@pytest.mark.parametrize(
    ("trust", "presented", "pinned", "shown"),
    [
        (PinnedTrust(PIN), PIN, True, "presented the same"),
        (PinnedTrust(PIN), "0" * 64, False, f"presented sha256:{'0' * 64}"),
        (SystemTrust(), PIN, False, f"presented sha256:{PIN}"),
        (AuthorityTrust(Path(f"/etc/sha256:{PIN}")), PIN, False, f"presented sha256:{PIN}"),
        (PinnedTrust(PIN), None, False, "presented nothing yet"),
    ],
)
def test_the_presented_certificate_is_compared_with_the_pinned_one(
    trust: Trust, presented: str | None, *, pinned: bool, shown: str
) -> None:
    profile = replace(node_snapshot().profile, trust=trust)
    certificate = None if presented is None else Certificate(presented)
    document = snapshot(node_snapshot(profile=profile, certificate=certificate))
    assert document["nodes"][0]["presented_is_pinned"] is pinned
    assert shown in " ".join(as_text(document).split())


def test_a_node_that_is_read_only_shows_why_unless_the_whole_fleet_is() -> None:
    node = node_snapshot(read_only="read-only: its profile says so")
    assert "its profile says so" in as_text(snapshot(node))
    assert "its profile says so" not in as_text(snapshot(node, read_only="read-only: a test"))


def test_trust_is_shown_in_words() -> None:
    def words(**more: Any) -> str:
        profile = replace(node_snapshot().profile, **more)
        return str(snapshot(node_snapshot(profile=profile))["nodes"][0]["trust"])

    assert words(trust=NoTrust()) == "INSECURE: certificate not verified"
    assert words(trust=SystemTrust()) == "the system CAs"
    assert words(trust=AuthorityTrust(Path("/etc/ca.pem"))) == "CA file"
    assert words(url="http://127.0.0.1:8080") == "no certificate: http on this machine"


def test_the_journals_tail_is_in_it_and_why_it_is_not() -> None:
    record = {"seq": 1, "at": "2026-05-13T18:00:00.1Z", "kind": "intent", "verb": "restart",
              "services": [{"name": "alert_mgr"}], "sum": "0f" * 32}  # fmt: skip
    assert snapshot(tail=JournalTail((record,)))["journal"]["records"] == [record]
    text = as_text(snapshot(tail=JournalTail((record,), "line 7 is not as it was written")))
    assert "2026-05-13 18:00:00 intent verb=restart services=alert_mgr" in text
    assert "line 7 is not as it was written" in text


def test_the_json_is_ascii_and_comes_back_as_it_was() -> None:
    object_ = snapshot(events=(flip(),))
    text = as_json(object_)
    assert text.isascii()
    assert json.loads(text) == object_


def test_problems_come_first() -> None:
    text = as_text(snapshot(lost(), orders=(order(),), events=(flip(),)))
    lines = text.splitlines()
    wrong = lines[lines.index("PROBLEMS") :]
    wrong = wrong[: wrong.index("")]
    assert wrong == [
        "PROBLEMS",
        "  node1: UNREACHABLE for 9 m: node1 refused the connection",
        "  node1: ANOTHER NODE: node:3 answers here, it was node:2 before",
        "  node1: STALE: last answered 10 m ago",
        "  node1: alert_mgr STOPPED (optional), RUNNING → STOPPED 0 1 m ago",
        "  node1: restart alert_mgr: TIMED OUT, sent 5 m ago",
    ]
    assert text.index("PROBLEMS") < text.index("NODE node1") < text.index("EVENTS")


def test_the_moments_of_an_action_are_worded_in_the_text_as_on_the_screen() -> None:
    """In JSON they keep the words of earlier versions."""
    document = snapshot(orders=(order(),))
    assert "      answered, seen down after 1.2 s\n" in as_text(document)
    assert document["orders"][0]["services"][0]["timeline"][0]["what"] == "asked"


def test_without_problems_the_text_says_so() -> None:
    well = replace(node_snapshot().reading, services=SERVICES[1:])
    text = as_text(snapshot(node_snapshot(reading=well), orders=(order(result=Result.VERIFIED),)))
    assert "NO PROBLEMS on 1 node\n" in text
    assert "PROBLEMS\n" not in text.replace("NO PROBLEMS", "")


def test_a_fleet_without_nodes_does_not_pass_for_well() -> None:
    text = as_text(build_document(FleetSnapshot(()), MOMENT))
    assert "there is no node" in text
    assert "NO PROBLEMS" not in text


def test_read_only_and_pauses_are_shown() -> None:
    text = as_text(snapshot(read_only="read-only: because", paused=True, unlocked=True))
    assert "read-only: because" in text
    assert "PAUSED" in text
    assert "UNLOCKED" in text


def test_hostile_text_is_clean_and_no_line_is_too_wide() -> None:
    nasty = (Service(HOSTILE, HOSTILE, note=HOSTILE), *SERVICES)
    who = replace(WHO, hostname=HOSTILE, version=HOSTILE, cluster=HOSTILE)
    trouble = Trouble(TroubleKind.GARBLED, HOSTILE)
    reading = replace(node_snapshot().reading, services=nasty, trouble=trouble)
    odd = node_snapshot(reading=reading, facts=NodeFacts(who, None, gaps=(HOSTILE,)))
    event = replace(flip(), details=StatusChange(HOSTILE, HOSTILE), service=HOSTILE)
    record = {"kind": HOSTILE, "text": HOSTILE, HOSTILE: [HOSTILE]}
    object_ = snapshot(
        odd, events=(event,), orders=(order(),), tail=JournalTail((record,), HOSTILE)
    )
    for line in as_text(object_).splitlines():
        assert line.isprintable()
        assert width(line) <= COLUMNS, line
    assert as_json(object_).isascii()
    assert "\\u001b" not in as_json(object_)


def test_no_word_of_a_passwords_source_is_in_it() -> None:
    why = "node1: password command /opt/secret-place: it failed with exit code 1; mend it"
    trouble = Trouble(TroubleKind.NO_PASSWORD, why)
    event = replace(flip(), details=ConnectionLost(None, why))
    verdict = Verdict("alert_mgr", Result.NOT_SENT, why)
    unsent = replace(order(), verdicts=(verdict,), text=why)
    object_ = snapshot(
        node_snapshot(reading=replace(node_snapshot().reading, trouble=trouble)),
        events=(event,),
        orders=(unsent,),
        tail=JournalTail(({"kind": "verdict", "text": why},), why),
    )
    for text in (as_text(object_), as_json(object_)):
        assert "secret-place" not in text
        assert "NO PASSWORD" in text.upper()


def test_a_long_name_stands_whole_over_its_row() -> None:
    name = "crdb_worker_of_a_very_long_name_" * 2
    reading = replace(node_snapshot().reading, services=(Service(name, "STOPPED"),))
    text = as_text(snapshot(node_snapshot(reading=reading)))
    assert f"\n  {name}\n" in text
    assert all(width(line) <= COLUMNS for line in text.splitlines())


def test_an_open_rollout_is_shown_with_the_phase_of_each_node() -> None:
    made = tuple(Step(f"node{uid}", f"https://db{uid}:9443", Identity(uid), ()) for uid in (2, 3))
    plan = Plan(4, Verb.RESTART, "prod", ("alert_mgr",), made, reason="new certificates")
    steps = (
        StepProgress(made[0], StepState.DONE),
        StepProgress(made[1], StepState.BLOCKED, "quorum is lost"),
    )
    rolling = RolloutProgress(
        plan, RolloutState.PAUSED, steps, "node3: quorum is lost", began_at=NOW - 90
    )
    document = build_document(FleetSnapshot((), rollouts=(rolling,)), MOMENT)
    (shown,) = document["rollouts"]
    assert (shown["number"], shown["state"], shown["began_ago_seconds"]) == (4, "paused", 90.0)
    assert [step["state"] for step in shown["steps"]] == ["verified", "blocked"]
    text = as_text(document)
    assert "ROLLOUT 4 PAUSED for 1 m: restart alert_mgr on 2 nodes of prod" in text
    assert "node3 blocked: quorum is lost" in text
    assert build_document(FleetSnapshot(()), MOMENT)["rollouts"] == []
