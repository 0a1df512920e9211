import copy
import dataclasses
import hmac
import json
import logging
import pickle
import traceback

import pytest

from tests.credentials.conftest import CANARY, check_silence, profile
from tui.credentials import CredentialError, Secret
from tui.credentials.secret import LIMIT, Raw, secret_from


def test_a_secret_shows_itself_to_reveal_alone() -> None:
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    shown = (
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret!s}",
        f"{secret:>40}",
        f"{secret:x}",
        "%s" % secret,  # noqa: UP031 - this form too
        f"{secret!a}",
        str([secret]),
        str({"password": secret}),
        ascii(secret),
    )
    for text in shown:
        assert CANARY not in text
        assert "***" in text


def test_a_secret_has_no_length_items_or_fields_to_look_at() -> None:
    secret = Secret(CANARY)
    assert not hasattr(secret, "__dict__")
    for look in (len, iter, vars, bytes, dataclasses.asdict, json.dumps):
        with pytest.raises(TypeError) as caught:
            look(secret)
        assert CANARY not in str(caught.value)


def test_a_secret_is_never_copied_pickled_or_hashed() -> None:
    secret = Secret(CANARY)
    for act in (copy.copy, copy.deepcopy, pickle.dumps, hash):
        with pytest.raises(TypeError) as caught:
            act(secret)
        assert CANARY not in str(caught.value)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps([secret], protocol)


def test_secrets_are_equal_by_what_they_hold_and_to_nothing_else() -> None:
    assert Secret(CANARY) == Secret(CANARY)
    assert Secret(CANARY) != Secret("other")
    assert Secret("pässword") == Secret("pässword")
    assert Secret("\udcff") == Secret("\udcff")
    assert Secret(CANARY) != CANARY
    assert Secret("") != None  # noqa: E711 - the comparison is what is tested


def test_secrets_are_compared_in_a_time_that_does_not_depend_on_where_they_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []
    real = hmac.compare_digest

    def compare(mine: bytes, theirs: bytes) -> bool:
        compared.append((mine, theirs))
        return real(mine, theirs)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    assert Secret("one") != Secret("two")
    assert compared == [(b"one", b"two")]


def test_a_log_and_a_traceback_with_locals_show_only_stars(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """P9."""

    def fail(secret: Secret) -> None:
        kept = {"secret": secret}
        raise ValueError(f"{kept}")

    secret = Secret(CANARY)
    try:
        fail(secret)
    except ValueError as error:
        logging.getLogger("x").exception("with %s", secret)
        traced = traceback.TracebackException.from_exception(error, capture_locals=True)
        text = "".join(traced.format())
    assert CANARY not in text
    assert CANARY not in caplog.text
    assert "***" in text


# Bytes of a source


def test_the_bytes_of_a_source_are_never_shown() -> None:
    raw = Raw(CANARY.encode())
    for text in (repr(raw), str(raw), f"{raw}", str([raw])):
        assert CANARY not in text
    assert not hasattr(raw, "__dict__")
    for act in (copy.copy, copy.deepcopy, pickle.dumps, hash):
        with pytest.raises(TypeError):
            act(raw)


@pytest.mark.parametrize(
    ("raw", "password"),
    [
        (b"secret", "secret"),
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b" two words \n", " two words "),
        ("pässwörd 漢\n".encode(), "pässwörd 漢"),
        (b"x" * LIMIT, "x" * LIMIT),
        (b"x" * (LIMIT - 1) + b"\n", "x" * (LIMIT - 1)),
    ],
)
def test_one_line_is_a_password_and_its_newline_is_cut(raw: bytes, password: str) -> None:
    assert secret_from(profile(), "a source", Raw(raw)).reveal() == password


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "it is empty"),
        (b"\n", "it is empty"),
        (b"\r\n", "it is empty"),
        (b"hunter2-canary\n\n", "not one line"),
        (b"hunter2-canary\nmore\n", "not one line"),
        (b"\nhunter2-canary", "not one line"),
        (b"hunter2-canary\r", "not one line"),
        (b"hunter2\r-canary", "not one line"),
        (b"hunter2-canary\0", "not one line"),
        (b"hunter2-canary\xff", "not UTF-8"),
        (b"hunter2-canary\xed\xa0\x80", "not UTF-8"),
        (b"hunter2-canary" * 400, "longer than 4096 bytes"),
    ],
)
def test_what_can_be_no_password_is_refused_and_not_shown(raw: bytes, says: str) -> None:
    with pytest.raises(CredentialError) as caught:
        secret_from(profile(), "a source", Raw(raw))
    assert says in caught.value.reason
    check_silence(caught.value, "hunter2", "canary")


def test_bytes_that_are_added_say_whether_there_is_room_for_more() -> None:
    raw = Raw()
    assert raw.room == LIMIT + 1
    assert raw.add(b"a" * LIMIT)
    assert raw.room == 1
    assert not raw.add(b"")
    assert not raw.add(b"b")
    assert raw.room == 0


def test_what_is_added_in_pieces_is_one_password() -> None:
    raw = Raw(b"pass")
    assert raw.add(b"word\n")
    secret, reason, _ = raw.password()
    assert secret == Secret("password")
    assert reason == ""
