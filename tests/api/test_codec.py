import json
import time
import tracemalloc
from collections.abc import Sequence

import pytest

from tui.api import codec
from tui.api.codec import SERVICES_AT_MOST, ServicesParser, WireError, read_uptime
from tui.api.service_entry import fault_of_entry
from tui.model.login import LockoutRule
from tui.model.node import Maintenance, Role
from tui.model.order import Verb, write_operation
from tui.model.service import LaterServices, Service, but_for_uptimes, with_uptimes

HOSTILE = [
    "\x1b[2J",
    "\x1b]52;c;AAAA\x07",
    "\x9b2J",
    "\u202eevil",
    "\u200bzero",
    "\U000e0041tag",
    "a\nb",
    "a\u2028b",
    "\ud800",
    "\x00",
    "a" + "\u0301" * 50,
    "x" * 10_000,
    "",
    "__class__",
    "[@click=app.quit]x[/]",
]


def read_services(body: bytes) -> Sequence[Service]:
    return ServicesParser().parse(body)


def services(value: object) -> Sequence[Service]:
    return read_services(json.dumps(value).encode())


def entry(status: object = "RUNNING", **more: object) -> dict[str, object]:
    return {"status": status} | more


def test_a_service_is_read_with_its_times():
    (one,) = services(
        {"ccs": entry(start_time="2024-05-13T18:38:00Z", uptime="3 days, 0:58:59", new_field=1)}
    )
    assert (one.name, one.status, one.uptime, one.note) == ("ccs", "RUNNING", 262739, "")
    assert one.started_at is not None
    assert one.is_actionable


@pytest.mark.parametrize("absent", [{}, {"uptime": None, "start_time": ""}, {"uptime": "n/a"}])
def test_missing_times_are_no_fault_of_the_entry(absent):
    (one,) = services({"ccs": entry("STOPPED", **absent)})
    assert (one.uptime, one.started_at, one.note) == (None, None, "")
    assert one.raw == entry("STOPPED", **absent)


def test_an_empty_object_is_a_node_without_services():
    assert services({}) == ()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[]", "a list"),
        (b"null", "null"),
        (b'"x"', "a text"),
        (b"1", "a number"),
        (b"true", "true or false"),
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"a": ', "not JSON"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"<!DOCTYPE html><Title a='b'>\n My  \x1b portal </TITLE>", r'\("My \W portal"\)'),
        (b"<html>", "a web page instead of JSON"),
    ],
)
def test_what_is_not_the_apis_json_is_named_in_words(body, said):
    """P17, case 31."""
    with pytest.raises(WireError, match=said) as caught:
        read_services(body)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "bad", [None, [], 5, "RUNNING", {}, {"status": None}, {"status": 1}, {"status": ["RUNNING"]}]
)
def test_one_bad_entry_spoils_no_other(bad):
    """Case 33."""
    before, broken, after = services({"a": entry(), "b": bad, "c": entry()})
    assert (before.status, after.status) == ("RUNNING", "RUNNING")
    assert (broken.name, broken.status) == ("b", "?")
    assert broken.note
    assert not broken.is_actionable


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({}, "status: Field required"),
        ({"status": None}, "status: Input should be a valid string"),
        ({"status": 1, "uptime": "0:00:01"}, "status: Input should be a valid string"),
        (5, "the node sent a number where an object was expected"),
    ],
)
def test_an_odd_entry_is_judged_by_the_strict_model(bad, said):
    """Case 33."""
    _, odd = services({"a": entry(), "b": bad})
    assert odd.note == said
    if isinstance(bad, dict):
        assert odd.note == fault_of_entry(bad)
        assert fault_of_entry(entry(uptime=5)) == ""


@pytest.mark.parametrize("status", ["BACKOFF", "running", "FATAL", "Läuft"])
def test_status_words_are_kept_as_they_came(status):
    """Case 34."""
    (one,) = services({"a": entry(status)})
    assert (one.status, one.note) == (status, "")


def test_an_empty_status_is_a_question_with_a_note():
    (one,) = services({"a": entry("")})
    assert (one.status, one.is_actionable) == ("?", False)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": {"status": "RUNNING"}, "b": {"status": "RUNNING"}, "a": {"status": "STOPPED"}}',
        b'{"a": {"status": "RUNNING", "status": "STOPPED"}, "b": {"status": "RUNNING"}}',
    ],
)
def test_what_is_sent_twice_is_a_conflict_and_not_actionable(body):
    """Case 32."""
    first, second = read_services(body)
    assert (first.status, first.is_actionable) == ("CONFLICT", False)
    assert "sent twice" in first.note
    assert second.is_actionable


@pytest.mark.parametrize("nasty", HOSTILE)
def test_hostile_text_comes_out_printable_and_inert(nasty):
    """P14, case 39."""
    (one,) = services({nasty: {"status": nasty, "uptime": nasty, "start_time": nasty}})
    assert one.name.isprintable()
    assert one.status.isprintable()
    assert len(one.name) <= 256
    assert (one.uptime, one.started_at) == (None, None)
    if nasty != "__class__":
        assert not one.is_actionable


def test_names_that_look_the_same_after_cleaning_stay_apart():
    """Case 38."""
    found = services({"a\x1b": entry(), "a\u241b": entry(), "a\u241b #2": entry(), "a": entry()})
    assert [one.name for one in found] == ["a\u241b", "a\u241b #2", "a\u241b #2 #2", "a"]
    assert [one.is_actionable for one in found] == [False, False, False, True]


def test_of_too_many_services_the_first_are_shown_and_the_rest_counted():
    """P17, case 38."""
    found = services({f"s{number}": entry() for number in range(10_000)})
    assert len(found) == 2001
    assert found[-1].name == "(8000 more)"
    assert not found[-1].is_actionable


def test_thousands_of_names_that_look_the_same_are_numbered_quickly():
    """P15, case 38: every other node waits while an answer is read."""
    body = json.dumps({chr(0xE000 + number): entry() for number in range(2000)}).encode()
    began = time.process_time()
    assert len({one.name for one in read_services(body)}) == 2000
    assert time.process_time() - began < 0.15


@pytest.mark.parametrize("part", [b"{}", b"[]", b"0", b'{"":0}'])
def test_an_answer_of_a_million_values_is_not_taken_apart(part):
    """P17: four megabytes of text would become a hundred and more in memory."""
    body = b'{"a": {"status": "RUNNING", "more": [' + b",".join([part] * 500_000) + b"]}}"
    tracemalloc.start()
    try:
        with pytest.raises(WireError, match="more values than any answer"):
            read_services(body)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10_000_000


def test_an_answer_that_names_thousands_of_others_says_how_many():
    """P17, case 45."""
    results, note = codec.read_answer(
        json.dumps({f"s{n}": True for n in range(9000)}).encode(), "a"
    )
    assert results == {"a": None}
    assert note.endswith("s9 and 8990 more")


def test_an_unreadable_number_is_no_uptime():
    (one,) = read_services(b'{"a": {"status": "RUNNING", "uptime": 1e999}}')
    assert (one.uptime, one.note) == (None, "")


def test_members_are_joined_by_uid_and_bad_ones_left_out():
    nodes = b'[{"uid": 1, "addr": "\x1b"}, {"uid": "2"}, {"uid": true}, 7, {}, {"uid": -1}]'
    nodes = nodes.replace(b"\x1b", b"\\u001b")
    status = (
        b'{"1": {"role": "slave"}, "2": {"role": ["master"]}, "x": {}, "3": {"role": "master"}}'
    )
    members = codec.join_members(codec.read_nodes(nodes), codec.read_states(status))
    assert [(one.uid, one.role) for one in members] == [
        (1, Role.REPLICA),
        (2, Role.UNKNOWN),
        (3, Role.PRIMARY),
    ]
    assert members[0].address == "\u241b"


@pytest.mark.parametrize("body", [b"{}", b'{"local_node_info": 1}', b'{"local_node_info": {}}'])
def test_a_node_that_does_not_say_who_it_is_has_no_uid(body):
    assert codec.read_identity(body).uid is None


@pytest.mark.parametrize(
    ("raw", "uid"), [("2", 2), (2, 2), ("\u0662", None), (2.0, None), ("", None)]
)
def test_a_uid_is_plain_digits(raw, uid):
    body = json.dumps({"local_node_info": {"uid": raw}}).encode()
    assert codec.read_identity(body).uid == uid


def test_optional_services_are_the_keys_whatever_their_values():
    optional, disabled = codec.read_optional(
        b'{"a": {"operating_mode": "disabled"}, "b": {"operating_mode": 1}, "c": null}'
    )
    assert (optional, disabled) == ({"a", "b"}, {"a"})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error_code": "x", "description": "d"}', "x: d"),
        (b'{"error_code": "x", "message": "m"}', "x: m"),
        (b'{"error_code": 5}', ""),
        (b"plain \x1b words", "plain \u241b words"),
        (b"<html><title>502 Bad Gateway</title>", 'it is a web page ("502 Bad Gateway")'),
        (b"", ""),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_an_error_body_of_any_shape_is_read(body, said):
    assert codec.read_error(body) == said


@pytest.mark.parametrize("body", [b"{}", b'{"result": "true"}', b'{"result": null}', b"[]"])
def test_a_check_without_a_plain_verdict_is_none(body):
    with pytest.raises(WireError):
        codec.read_node_check(body)
    with pytest.raises(WireError):
        codec.read_cluster_check(body)


def test_a_node_that_the_cluster_check_says_nothing_of_is_named_as_not_well():
    nodes = [{"node_uid": "1", "result": True}, {"node_uid": "2"}, {"node_uid": "3", "result": 1}]
    body = json.dumps({"cluster_test_result": False, "nodes": nodes}).encode()
    assert codec.read_cluster_check(body) == (False, "node:2; node:3")


def test_an_operation_is_written_as_documented():
    body = write_operation(Verb.RESTART, ["alert_mgr"])
    assert body == b'{"operation_type": "restart", "services": ["alert_mgr"]}'


@pytest.mark.parametrize(
    ("snapshot", "maintenance"),
    [
        ({"created_time": "2024-09-06 20:47:23", "name": "m"}, Maintenance("2024-09-06 20:47:23")),
        ({"created_time": 7}, Maintenance()),
        ({}, Maintenance()),
        ("yes", Maintenance()),
        (None, None),
    ],
)
def test_a_maintenance_snapshot_of_any_shape_is_maintenance(
    snapshot: object, maintenance: Maintenance | None
) -> None:
    (member,) = codec.join_members([], {"1": {"maintenance_snapshot": snapshot}})
    assert member.maintenance == maintenance
    (member,) = codec.join_members([{"uid": 1}], {})
    assert member.maintenance is None


@pytest.mark.parametrize(
    ("listed", "uids"),
    [
        (["1", 2, {"uid": "3"}, None, [], {}], ("1", "2", "3")),
        ([], ()),
        (None, None),
        ({"1": 2}, None),
    ],
)
def test_the_shards_of_a_member_are_read_whatever_their_form(
    listed: object, uids: tuple[str, ...] | None
) -> None:
    (member,) = codec.join_members([], {"1": {"master_shards": listed, "slave_shards": listed}})
    assert (member.primary_shards, member.replica_shards) == (uids, uids)


def test_the_error_of_a_node_that_is_not_well_is_kept() -> None:
    assert codec.read_node_check(b'{"result": false, "error": "disk full"}') == (False, "disk full")
    assert codec.read_node_check(b'{"result": true}') == (True, "")


STARTED = "2024-05-13T18:38:00Z"


def answer(*uptimes: object, status: str = "RUNNING", name: str = "ccs") -> bytes:
    entries = {
        f"{name}{number}": {"status": status, "start_time": STARTED, "uptime": uptime}
        for number, uptime in enumerate(uptimes)
    }
    return json.dumps(entries | {"start_redis_servers": {"status": "EXITED"}}).encode()


def check(parser: ServicesParser, body: bytes) -> None:
    """Check that an answer is read as if it were the only one."""
    read, alone = parser.parse(body), ServicesParser().parse(body)
    assert read == alone
    assert [service.raw for service in read] == [service.raw for service in alone]


@pytest.mark.parametrize(
    "later",
    [
        ("0:00:03", "3 days, 0:58:59"),
        ("0:00:02", "3 days, 0:59:01"),
        ("0:01:00", "4 days, 0:00:00"),
        ("0:00:01", "0:00:00"),
        ("0:00:75", "-1 day, 0:00:01"),
        ("0:00:02.5", "0:00:02.123456"),
        (" 0:00:04 ", "n/a"),
        (None, 5),
        ("0:00:02", ""),
    ],
)
def test_an_answer_is_read_in_full_whatever_the_one_before_was(later: tuple[object, ...]) -> None:
    parser = ServicesParser()
    first = answer("0:00:01", "3 days, 0:58:57")
    for body in (first, answer(*later), first, answer(*later), answer(*reversed(later))):
        check(parser, body)


@pytest.mark.parametrize("change", [{"status": "STOPPED"}, {"name": "cm"}])
def test_what_changes_beside_the_uptimes_is_seen(change: dict[str, str]) -> None:
    parser = ServicesParser()
    for body in (answer("0:00:01"), answer("0:00:02", **change), answer("0:00:03", **change)):
        check(parser, body)


def test_an_equal_answer_gives_the_services_of_the_one_before() -> None:
    parser = ServicesParser()
    body = answer("0:00:01", "n/a")
    assert parser.parse(body) is parser.parse(body)


def test_answers_in_which_uptimes_alone_went_on_are_known_without_making_a_service() -> None:
    parser = ServicesParser()
    first = parser.parse(answer("0:00:58", "3 days, 0:58:57"))
    for texts, uptimes in (
        (("0:00:58", "3 days, 0:58:58"), [58, 262738]),
        (("0:01:00", "3 days, 0:59:00"), [60, 262740]),
    ):
        later = parser.parse(answer(*texts))
        assert isinstance(later, LaterServices)
        assert but_for_uptimes(later) is first
        assert [uptime for _, uptime in with_uptimes(later)] == [*uptimes, None]
        assert [service.uptime for service in later] == [*uptimes, None]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("0:00:58", "0:00:57"),
        ("0:00:58", "0:00:75"),
        ("0:59:58", "0:60:00"),
        ("10:00:00", "09:59:59"),
        ("2 days, 30:00:00", "3 days, 00:00:00"),
        ("2 days, 23:59:59", "2 days, 24:00:00"),
        ("36599 days, 0:00:00", "36600 days, 0:00:00"),
        ("800000:00:00", "999999:00:00"),
        ("3 days, 100:00:00", "4 days, 000:00:00"),
        ("-1 day, 24:00:01", "-2 day, 24:00:02"),
        ("0:00:02.5", "0:00:02.4"),
        ("0:00:09", "0:00:10"),
        ("9:59:59", "10:00:00"),
        ("1 day, 23:59:59", "2 days, 0:00:00"),
        ("3 days, 9:59:58", "3 days, 9:59:59"),
        ("99999:00:00", "99999:00:01"),
        ("5:00:00", "n/a"),
        ("n/a", "5:00:00"),
        ("n/a", "o/a"),
    ],
)
def test_uptimes_went_on_where_what_they_say_did_however_it_is_written(
    before: str, now: str
) -> None:
    was, then = read_uptime(before), read_uptime(now)
    for texts in ((before, now), ("2 days, 10:00:00", before, now)):
        parser = ServicesParser()
        for text in texts:
            check(parser, answer(text, "0:00:00"))
        later = parser.parse(answer(now, "0:00:00"))
        went_on = was is not None and then is not None and then >= was
        assert isinstance(later, LaterServices) is went_on
        assert [uptime for _, uptime in with_uptimes(later)] == [then, 0, None]


@pytest.mark.parametrize("text", ["0:00:57", "0:00:75", "-1 day, 0:00:01", "3 days, 0:00:99"])
def test_an_uptime_that_fell_or_cannot_be_read_any_more_is_more_than_one_that_went_on(
    text: str,
) -> None:
    parser = ServicesParser()
    first = parser.parse(answer("0:00:58", "0:00:58"))
    other = parser.parse(answer(text, "0:01:00"))
    again = parser.parse(answer("0:01:02", "0:01:02"))
    assert but_for_uptimes(other) is other
    assert other is not first
    assert but_for_uptimes(again) is (other if text == "0:00:57" else again)


@pytest.mark.parametrize(
    "odd",
    [
        b'{"a": {"status": "RUNNING", "uptime": "0:00:01", "uptime": "0:00:02"}}',
        b'{"a": {"status": "RUNNING", "uptime": "0:00:01"}, "a": {"uptime": "0:00:01"}}',
        b'{"a": {"status": "RUNNING", "more": {"uptime": "0:00:01"}}}',
        b'{"a": {"status": "RUNNING", "more": [{"uptime": "0:00:01"}], "uptime": "0:00:01"}}',
        b'{"uptime": "0:00:01", "a": {"status": "RUNNING"}}',
        b'{"a": {"status": "say \\"uptime\\": \\"0:00:01\\"", "uptime": "0:00:01"}}',
        b'{"a": {"status": "RUNNING", "uptime" : "0:00:01"}}',
        b'{"a": {"status": "RUNNING", "load": 0.5, "uptime": "0:00:01"}}',
    ],
)
def test_an_odd_answer_is_read_as_if_it_were_the_only_one(odd: bytes) -> None:
    parser = ServicesParser()
    later = odd.replace(b"0:00:01", b"0:00:09")
    for body in (answer("0:00:01"), odd, later, odd, answer("0:00:02"), later):
        check(parser, body)


def test_a_bad_answer_between_two_good_ones_is_refused_and_forgotten() -> None:
    parser = ServicesParser()
    body = answer("0:00:01")
    check(parser, body)
    for bad in (body[:-1], body.replace(b"RUNNING", b"RUN\xff"), body.replace(b"{", b"[", 1)):
        with pytest.raises(WireError):
            parser.parse(bad)
        check(parser, answer("0:00:02"))


def test_more_services_than_are_shown_are_counted_at_every_answer() -> None:
    parser = ServicesParser()
    for second in (1, 2):
        check(parser, answer(*[f"0:00:0{second}"] * (SERVICES_AT_MOST + 5)))


def test_of_a_clusters_own_object_nothing_but_its_name_and_lock_is_kept() -> None:
    """P26: the object holds the password of the cluster's mail server."""
    whole = {"name": "demo", "smtp_password": "hunter2-canary", "login_lockout_threshold": 4}
    body = json.dumps(whole).encode()
    assert codec.read_cluster_name(body) == "demo"
    assert codec.read_lockout(body) == LockoutRule(4)
    for broken in (body[:-1], b"[" + body + b"]", body.replace(b'"demo"', b"NaN")):
        with pytest.raises(WireError) as caught:
            codec.read_cluster_name(broken)
        assert "canary" not in str(caught.value)
