"""Reading a certificate that nobody has verified: strictly, or not at all."""

import random
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from tests.certificates import DAY, NOW, self_signed
from tui.api.tls.certificate import describe_certificate, fingerprint
from tui.model.certificate import Certificate


def test_a_certificate_says_who_it_is_for_whom_and_when(tmp_path: Path) -> None:
    der = self_signed(tmp_path, NOW - DAY, NOW + DAY)[1]
    shown = describe_certificate(der)
    assert shown.sha256 == fingerprint(der)
    assert shown.subject == "CN=node␛[2J, O=Redis"
    assert shown.issuer == shown.subject
    assert shown.names == (
        "node1.example",
        "*.node1.example",
        "127.0.0.1",
        "::1",
        "another kind of name",
    )
    assert (shown.not_before, shown.not_after) == (NOW - DAY, NOW + DAY)
    assert shown.spelled.replace(":", "").lower() == shown.sha256


@pytest.mark.parametrize("key", trustme.KeyType)
def test_what_is_read_is_what_cryptography_reads(key: trustme.KeyType) -> None:
    leaf = trustme.CA(key_type=key).issue_cert(
        "a.example", "10.0.0.1", common_name="a", organization_name="Örg", key_type=key
    )
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    shown, real = describe_certificate(der), x509.load_der_x509_certificate(der)
    assert (shown.not_before, shown.not_after) == (
        real.not_valid_before_utc,
        real.not_valid_after_utc,
    )
    assert shown.names == ("a.example", "10.0.0.1")
    assert "O=Örg" in shown.subject
    assert "CN=a" in shown.subject
    assert shown.issuer != shown.subject


def test_years_before_1950_and_after_2049_are_read_from_both_forms(tmp_path: Path) -> None:
    first, last = datetime(1999, 1, 2, tzinfo=UTC), datetime(2051, 3, 4, 5, 6, 7, tzinfo=UTC)
    shown = describe_certificate(self_signed(tmp_path, first, last)[1])
    assert (shown.not_before, shown.not_after) == (first, last)


def test_of_a_cut_or_longer_or_changed_certificate_only_the_fingerprint_is_known(
    tmp_path: Path,
) -> None:
    der = self_signed(tmp_path)[1]
    for cut in range(len(der)):
        assert describe_certificate(der[:cut]) == Certificate(fingerprint(der[:cut]))
    assert describe_certificate(der + b"\x00").subject == ""
    assert describe_certificate(der + der).subject == ""
    dice = random.Random(7)
    for _ in range(3000):
        harmed = bytearray(der)
        for _ in range(dice.randint(1, 4)):
            harmed[dice.randrange(len(harmed))] = dice.randrange(256)
        shown = describe_certificate(bytes(harmed))
        assert shown.sha256 == fingerprint(bytes(harmed))
        assert all(part.isprintable() for part in (shown.subject, shown.issuer, *shown.names))


def test_of_noise_only_the_fingerprint_is_known() -> None:
    dice = random.Random(8)
    for size in range(200):
        noise = dice.randbytes(size)
        assert describe_certificate(noise) == Certificate(fingerprint(noise))


def _der(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def test_of_a_name_with_an_impossible_identifier_only_the_fingerprint_is_known() -> None:
    """P16: OpenSSL takes such a certificate, and Python prints no number of so many digits."""
    kind = _der(0x06, b"\x2a", b"\xff" * 2100, b"\x7f")
    name = _der(0x30, _der(0x31, _der(0x30, kind, _der(0x0C, b"x"))))
    days = _der(0x30, _der(0x17, b"250101000000Z"), _der(0x17, b"300101000000Z"))
    empty = _der(0x30)
    signed = _der(0x30, _der(0x02, b"\x07"), empty, name, days, name, empty)
    der = _der(0x30, signed, empty, _der(0x03, b"\x00"))
    assert describe_certificate(der) == Certificate(fingerprint(der))


@pytest.mark.parametrize(
    ("begins", "ends", "remark"),
    [
        (-9, 99, ""),
        (-9, 12, "certificate expires in 12 d"),
        (-9, -3, "CERTIFICATE EXPIRED 3 d ago"),
        (-9, -0.1, "CERTIFICATE EXPIRED 2 h ago"),
        (-9, -0.0001, "CERTIFICATE EXPIRED 1 min ago"),
        (2, 99, "CERTIFICATE NOT VALID YET, in 2 d it is"),
    ],
)
def test_a_certificate_out_of_its_days_says_so(begins: float, ends: float, remark: str) -> None:
    first, last = NOW + timedelta(days=begins), NOW + timedelta(days=ends)
    shown = Certificate("ab", not_before=first, not_after=last)
    assert shown.remark(NOW) == remark
    assert shown.is_valid(NOW) is (begins <= 0 <= ends)
    assert Certificate("ab").remark(NOW) == ""
