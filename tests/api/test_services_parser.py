import json

import pytest

from tui.api.codec import SERVICES_AT_MOST, ServicesParser, WireError

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
