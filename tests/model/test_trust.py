"""Fingerprints as people paste them."""

import pytest

from tui.model.trust import PinnedTrust, parse_fingerprint

HEX = "ab" * 32


@pytest.mark.parametrize(
    "text",
    [
        f"sha256:{HEX}",
        f"SHA256:{HEX.upper()}",
        HEX,
        ":".join(["AB"] * 32),
        "sha256 Fingerprint=" + ":".join(["AB"] * 32),
        f"  sha256:{HEX}\n",
    ],
)
def test_a_fingerprint_is_read_in_every_usual_spelling(text: str) -> None:
    assert parse_fingerprint(text) == PinnedTrust(HEX)


@pytest.mark.parametrize("text", ["", "sha256:", "sha1:" + "ab" * 20, "ab" * 31, "zz" * 32])
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        parse_fingerprint(text)
