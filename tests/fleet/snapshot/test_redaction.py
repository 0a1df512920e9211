"""What looks like a secret is left out of texts that are passed on."""

import base64

import pytest

from tui.fleet.snapshot.redaction import redact, redact_document

PAIR = base64.b64encode(b"admin@x.example:hunter2").decode()
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJ1aWQiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("n1: password command /opt/vault-7: it failed with exit code 1", "vault-7"),
        ('password_command = ["pass", "show", "redis/prod"]', "redis/prod"),
        (f"the node said: Authorization: Basic {PAIR}", PAIR),
        ("the node said: Authorization: Basic YTpodW50ZXIy", "YTpodW50ZXIy"),
        (f"bad header Bearer {TOKEN}", TOKEN),
        (f"token was {TOKEN}", TOKEN),
        (f'{{"access_token": "{TOKEN}"}}', TOKEN),
        ('{"username": "a", "password": "a \\"quoted\\" one"}', "quoted"),
        (r"sent was {\"username\": \"a\", \"password\": \"hunter 2\"}", "hunter 2"),
        ("redirected to https://me:hunter2@db1:9443/v1", "hunter2"),
    ],
)
def test_what_may_be_a_secret_is_redacted(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "(left out)" in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "node1 (https://db1:9443) refused the connection",
        "the node takes no Basic authentication",
        "no password has been given yet",
        "pinned sha256:" + "ab" * 32,
        "admin@x.example may not send actions",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    assert redact(text) == text


def test_every_text_in_an_object_is_scrubbed_and_clean() -> None:
    redacted = redact_document({"a\x1b": ["//u:p@h", {"b": ("x\x07", 1, None, True)}]})
    assert redacted == {"a\u241b": ["//(left out)@h", {"b": ["x\u2407", 1, None, True]}]}
