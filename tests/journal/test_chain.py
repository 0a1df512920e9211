import json
import random

import pytest

from tui.journal.chain import ChainLink, check_chain, link, open_record, seal


def chained(count: int) -> list[bytes]:
    lines, last = [], ChainLink()
    for number in range(count):
        lines.append(seal({"kind": "sent", "id": f"x-{number}"}, last))
        last = link(lines[-1].removesuffix(b"\n"))
    return lines


def test_what_was_written_is_whole() -> None:
    report = check_chain(chained(50))
    assert (report.records, report.broken_at, report.notes) == (50, None, [])
    assert check_chain([]).broken_at is None


def test_a_line_is_ascii_whatever_it_holds() -> None:
    line = seal({"text": "é\x1b[31m\u202e\n"}, ChainLink())
    assert line.isascii()
    assert line.count(b"\n") == 1
    assert b"\x1b" not in line
    record = open_record(line.removesuffix(b"\n"))
    assert record is not None
    assert record["text"] == "é\x1b[31m\u202e\n"


@pytest.mark.parametrize("at", [0, 7, 19])
def test_an_edit_shows_and_names_its_line_even_the_last(at: int) -> None:
    lines = chained(20)
    lines[at] = lines[at].replace(b'"x-', b'"y-')
    report = check_chain(lines)
    assert (report.broken_at, report.records) == (at + 1, at)


def test_any_changed_byte_shows() -> None:
    lines = chained(5)
    rng = random.Random(3)
    for _ in range(300):
        spoiled = [*lines]
        which = rng.randrange(5)
        line = bytearray(lines[which])
        at = rng.randrange(len(line) - 1)
        line[at] ^= 1 << rng.randrange(7)
        spoiled[which] = bytes(line)
        if b"\n" not in line[:-1]:
            assert check_chain(spoiled).broken_at == which + 1


@pytest.mark.parametrize("at", [0, 7, 18])
def test_a_line_that_was_taken_out_shows(at: int) -> None:
    lines = chained(20)
    del lines[at]
    report = check_chain(lines)
    assert report.broken_at == at + 1
    assert "lines are missing" in report.why


def test_lines_that_changed_places_or_came_twice_show() -> None:
    lines = chained(6)
    lines[2], lines[3] = lines[3], lines[2]
    assert check_chain(lines).broken_at == 3
    assert check_chain([*chained(3), chained(3)[2]]).broken_at == 4


def test_a_line_put_together_anew_shows_by_the_one_after_it() -> None:
    lines = chained(6)
    record = json.loads(lines[2])
    fields = {"kind": "sent", "id": "forged"}
    lines[2] = seal(fields, ChainLink(record["seq"] - 1, record["prev"]))
    report = check_chain(lines)
    assert report.broken_at == 4
    assert "does not follow" in report.why


def test_a_half_written_last_line_is_a_note_and_no_fault() -> None:
    lines = chained(4)
    for cut in (1, 40, len(lines[3]) - 1):
        report = check_chain([*lines[:3], lines[3][:cut]])
        assert (report.records, report.broken_at) == (3, None)
        assert [note.line for note in report.notes] == [4]


@pytest.mark.parametrize("junk", [b"", b"{}", b"[1]", b"\0" * 80, b'{"seq":1}', b"\xff\xfe"])
def test_a_line_that_is_no_record_shows(junk: bytes) -> None:
    assert open_record(junk) is None
    assert check_chain([*chained(2), junk + b"\n"]).broken_at == 3
