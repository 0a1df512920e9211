"""Whatever a node answers, reading it ends in what it said or in a WireError, and no other way."""

import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from tui.api import codec
from tui.api.codec import ServicesParser, WireError, read_start_time, read_uptime
from tui.model.service import Service

REAL = json.dumps(
    {
        "alert_mgr": {
            "start_time": "2024-05-13T18:38:00Z",
            "status": "RUNNING",
            "uptime": "3 days, 0:58:59",
        },
        "ccs": {"start_time": "2024-05-13T18:38:00Z", "status": "RUNNING", "uptime": "0:21:27"},
        "cm_server": {"start_time": None, "status": "STOPPED", "uptime": ""},
    }
).encode()
READERS = (
    lambda body: ServicesParser().parse(body),
    codec.read_identity,
    codec.read_nodes,
    codec.read_states,
    codec.read_cluster_name,
    codec.read_optional,
    codec.read_node_check,
    codec.read_cluster_check,
    lambda body: codec.read_answer(body, ["alert_mgr", "ccs"]),
    lambda body: codec.join_members(codec.read_nodes(body), {}),
    lambda body: codec.join_members([], codec.read_states(body)),
)
LOOSE = st.text(st.characters(), max_size=30)
WORDS = st.sampled_from(
    ["status", "uptime", "start_time", "uid", "node_uid", "role", "result", "error", "nodes"]
) | st.sampled_from(
    ["local_node_info", "cluster_test_result", "operating_mode", "hostname", "alert_mgr", "ccs"]
)
SOUND = (
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | LOOSE
    | st.sampled_from(["RUNNING", "STOPPED", "enabled", "disabled", "master", "1", "0:00:01"])
)
SCALARS = SOUND | st.floats()


def nested(leaf: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    def more(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
        return st.lists(inner, max_size=5) | st.dictionaries(LOOSE | WORDS, inner, max_size=6)

    return st.recursive(leaf, more, max_leaves=8)


# Python writes NaN and infinities as words that are no JSON: an answer with one is refused whole.
JSON, SOUND_JSON = nested(SCALARS), nested(SOUND)
ENTRY = st.fixed_dictionaries({}, optional={"status": SOUND, "uptime": SOUND, "start_time": SOUND})


def read_all(body: bytes) -> None:
    for read in READERS:
        said = ""
        try:
            read(body)
        except WireError as error:
            said = str(error)
        assert said.isprintable()
    assert codec.read_error(body).isprintable()


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Take a real answer and cut, overwrite, repeat or insert bytes in a few places."""
    body = bytearray(REAL)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(body) - 1)))
        upto = min(len(body), at + draw(st.integers(0, 40)))
        piece = draw(st.binary(max_size=8) | st.just(bytes(body[at:upto])))
        body[at : draw(st.sampled_from([at, upto]))] = piece
    return bytes(body)


@given(JSON)
@example({"local_node_info": {"uid": "²"}})
@example([{"uid": True}, {"uid": 10**30}, {"uid": -1}])
@example({"²": {"role": ["master"]}})
def test_any_json_is_read_or_refused_in_words(value: object) -> None:
    """Case 31: NaN, infinity and lone surrogates among the rest."""
    read_all(json.dumps(value).encode())
    read_all(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))


@given(mutated() | st.binary(max_size=200))
def test_a_real_answer_with_its_bytes_spoilt_is_read_or_refused_in_words(body: bytes) -> None:
    """Cases 6, 7 and 31."""
    read_all(body)


@given(mutated())
def test_what_is_cut_short_never_passes_for_whole(body: bytes) -> None:
    """Case 6: an object that does not end is no list of services."""
    whole = body.rstrip()
    if whole.endswith(b"}"):
        try:
            ServicesParser().parse(whole[:-1])
        except WireError:
            return
        # What is left is an object of its own only if the bracket was a superfluous one.
        assert whole[:-1].rstrip().endswith(b"}")


@given(st.dictionaries(LOOSE, SOUND_JSON | ENTRY, max_size=6))
def test_a_bad_entry_spoils_no_other(others: dict[str, object]) -> None:
    """Case 33, and case 38: every row has a name of its own."""
    good = {"status": "RUNNING", "start_time": "2024-05-13T18:38:00Z", "uptime": "0:21:27"}
    whole = {"good.first": good} | others | {"good.last": good}
    services = ServicesParser().parse(json.dumps(whole).encode())
    assert len({one.name for one in services}) == len(services) == len(whole)
    for one in services:
        assert one.name.isprintable()
        assert one.status.isprintable()
        assert one.status
    by_name = {one.name: one for one in services}
    for name in ("good.first", "good.last"):
        assert by_name[name] == Service(
            name, "RUNNING", datetime(2024, 5, 13, 18, 38, tzinfo=UTC), 1287
        )


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), st.data())
def test_what_is_sent_twice_can_never_be_acted_on(names: list[str], data: st.DataObject) -> None:
    """Case 32: and the order in which it came makes no difference."""
    statuses = [data.draw(st.sampled_from(["RUNNING", "STOPPED"])) for _ in names]
    pairs = ", ".join(
        f'"{name}": {{"status": "{status}"}}' for name, status in zip(names, statuses, strict=True)
    )
    for service in ServicesParser().parse(f"{{{pairs}}}".encode()):
        twice = names.count(service.name) > 1
        assert (service.status == "CONFLICT") == twice
        assert service.is_actionable is not twice


@given(st.lists(mutated() | st.just(REAL), min_size=2, max_size=6))
def test_an_answer_is_read_the_same_whatever_came_before_it(bodies: list[bytes]) -> None:
    """Also where only uptimes differ, which are read without the rest."""
    parser = ServicesParser()
    for body in bodies:
        for one in (body, body.replace(b"0:21:2", b"0:21:3"), body.replace(b"58:5", b"59:0")):
            assert outcome(parser.parse, one) == outcome(ServicesParser().parse, one)


def outcome(read: Callable[[bytes], Sequence[Service]], body: bytes) -> object:
    try:
        return [(service, service.raw) for service in read(body)]
    except WireError as error:
        return str(error)


@given(st.timedeltas(timedelta(0), timedelta(days=36_000)))
def test_an_uptime_as_python_writes_it_is_read_to_the_second(uptime: timedelta) -> None:
    """Case 35."""
    assert read_uptime(str(uptime)) == uptime // timedelta(seconds=1)


ALMOST = st.text(st.sampled_from("0123456789\uff10\uff11\u00b2\u0663:., -+days\tTZ"), max_size=40)


@given(SCALARS | ALMOST | JSON)
@example("\uff11 day, 0:00:01")
@example("-1 day, 23:59:59")
@example(-0.5)
@example(math.nan)
def test_any_uptime_is_seconds_that_can_be_or_none(raw: object) -> None:
    """Case 35."""
    seconds = read_uptime(raw)
    assert seconds is None or (type(seconds) is int and 0 <= seconds < 100 * 366 * 86400)


@given(SCALARS | ALMOST | st.datetimes().map(str) | JSON)
@example("2024年05月13日T18:38:00Z")
@example("0001-01-01T00:00:00+14:00")
@example("9999-12-31T23:59:59-14:00")
@example("2024-05-13T18:38:60Z")
def test_any_start_time_is_an_aware_utc_time_or_none(raw: object) -> None:
    """Case 36."""
    moment = read_start_time(raw)
    assert moment is None or (moment.tzinfo is UTC and 1980 <= moment.year <= 9000)


@given(st.datetimes(datetime(1981, 1, 1), datetime(8999, 1, 1)), st.integers(-840, 840))  # noqa: DTZ001 - the zone is drawn beside it
def test_a_start_time_is_the_same_moment_whatever_its_offset(
    moment: datetime, minutes: int
) -> None:
    """Case 36."""
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    sign, left = "-" if minutes < 0 else "+", abs(minutes)
    local = (whole + timedelta(minutes=minutes)).replace(tzinfo=None)
    written = f"{local.isoformat()}{sign}{left // 60:02}:{left % 60:02}"
    assert read_start_time(written) == whole


KEYS = st.sampled_from(["alert_mgr", "ccs", "other", "x"])


@given(st.dictionaries(KEYS | LOOSE, SOUND_JSON, max_size=6))
@example({"": True})
def test_only_true_and_false_are_answers_and_only_to_what_was_asked(
    said: dict[str, object],
) -> None:
    """P7, case 45."""
    results, note = codec.read_answer(json.dumps(said).encode(), ["alert_mgr", "ccs"])
    assert results.keys() == {"alert_mgr", "ccs"}
    for name, value in results.items():
        assert value is (said.get(name) if isinstance(said.get(name), bool) else None)
    assert note.isprintable()
    assert bool(note) == bool(said.keys() - {"alert_mgr", "ccs"})
