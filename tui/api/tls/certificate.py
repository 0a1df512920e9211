"""What can be read of a certificate that was not verified.

Of DER (X.690) only the few forms are read that a certificate uses; every other form is refused.
"""

import hashlib
import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from tui.model.certificate import Certificate
from tui.model.dataclass import dataclass
from tui.model.text import clean

SEQUENCE, SET, BOOLEAN, OBJECT, OCTETS = 0x30, 0x31, 0x01, 0x06, 0x04

_TIMES = {0x17: 13, 0x18: 15}  # YYMMDDHHMMSSZ and YYYYMMDDHHMMSSZ: how long they are
# UTF8String, PrintableString, TeletexString (Latin-1 in practice), IA5String, BMPString.
_TEXTS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1E: "utf-16-be"}

# Real ones have a dozen bytes; of two thousand, Python raises ValueError rather than print them.
_OBJECT_AT_MOST = 128


class NotDer(ValueError):
    """The bytes are not what they were taken for."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag, and the bytes within."""

    tag: int
    content: bytes

    def parts(self, tag: int) -> list["Element"]:
        """Return the elements within; raises NotDer unless tagged `tag`, with no more."""
        if self.tag != tag:
            raise NotDer(f"tag {self.tag:#x} where {tag:#x} was expected")
        return list(elements(self.content))


def elements(der: bytes) -> Iterator[Element]:
    """Walk elements that follow each other. Raises NotDer."""
    at = 0
    while at < len(der):
        if at + 2 > len(der) or der[at] & 0x1F == 0x1F:
            raise NotDer("an element without a length, or with a tag of many bytes")
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(der[at : at + size], "big")
            # Only one way to write a length is allowed, the shortest.
            if not 1 <= size <= 3 or length < 0x80 or length >> (8 * (size - 1)) == 0:
                raise NotDer("a length that is not written as DER")
            at += size
        if at + length > len(der):
            raise NotDer("an element is longer than what holds it")
        yield Element(tag, der[at : at + length])
        at += length


def read_time(element: Element) -> datetime:
    """Read a UTCTime or GeneralizedTime, aware. Raises NotDer."""
    size = _TIMES.get(element.tag)
    text = element.content.decode("ascii", "replace")
    if len(text) != size or not text[:-1].isdigit() or text[-1] != "Z":
        raise NotDer("not a time")
    if size == 13:
        # RFC 5280, 4.1.2.5.1: 50 to 99 are of the last century.
        text = f"{'19' if text >= '50' else '20'}{text}"
    # Not by strptime, whose first call imports for 5 ms.
    month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(4, 14, 2))
    try:
        return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise NotDer("not a time that there is") from None


def read_text(element: Element) -> str:
    """Read a string of any of the usual kinds, as it is. Raises NotDer."""
    try:
        return element.content.decode(_TEXTS[element.tag])
    except (KeyError, UnicodeDecodeError):
        raise NotDer("not a text") from None


def read_oid(element: Element) -> str:
    """Read an object identifier as dotted numbers. Raises NotDer."""
    if element.tag != OBJECT or not 0 < len(element.content) <= _OBJECT_AT_MOST:
        raise NotDer("not an object identifier, or one that is not used")
    if element.content[-1] & 0x80:
        raise NotDer("not an object identifier")
    numbers, number = [], 0
    for byte in element.content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


COMPARE = "openssl x509 -noout -fingerprint -sha256 -in /etc/opt/redislabs/api_cert.pem"
"""What to run on the node to see its certificate's fingerprint (the path by default)."""

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_ALTERNATIVE_NAMES = "2.5.29.17"
_DNS, _ADDRESS = 0x82, 0x87
_NAMES_AT_MOST = 100
_ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "emailAddress",
}


@dataclass(frozen=True, slots=True)
class _Facts:
    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: datetime
    not_after: datetime


def fingerprint(der: bytes) -> str:
    """Return the SHA-256 of a certificate's DER form, in hex."""
    return hashlib.sha256(der).hexdigest()


@lru_cache(maxsize=256)
def describe_certificate(der: bytes) -> Certificate:
    """Describe a certificate; one that cannot be read has its fingerprint alone."""
    sha256 = fingerprint(der)
    try:
        facts = _read(der)
    except NotDer:
        return Certificate(sha256)
    return Certificate(
        sha256, facts.subject, facts.issuer, facts.names, facts.not_before, facts.not_after
    )


def _read(der: bytes) -> _Facts:
    """Read a certificate (RFC 5280, 4.1). Raises NotDer."""
    whole = list(elements(der))
    if len(whole) != 1:
        raise NotDer("not one certificate")
    signed, *rest = whole[0].parts(SEQUENCE)
    fields = signed.parts(SEQUENCE)
    if fields and fields[0].tag == _VERSION:
        del fields[0]
    if len(rest) != 2 or len(fields) < 6:
        raise NotDer("not a certificate")
    _, _, issuer, validity, subject, _, *more = fields
    begins, ends = _two(validity)
    names = tuple(name for one in more if one.tag == _EXTENSIONS for name in _names(one))
    return _Facts(_name(subject), _name(issuer), names, read_time(begins), read_time(ends))


def _two(element: Element) -> tuple[Element, Element]:
    parts = element.parts(SEQUENCE)
    if len(parts) != 2:
        raise NotDer("not a pair")
    return parts[0], parts[1]


def _name(element: Element) -> str:
    """Read a distinguished name, the most particular part first, as `CN=node, O=Example`."""
    parts = []
    for group in element.parts(SEQUENCE):
        for pair in group.parts(SET):
            key, value = _two(pair)
            kind = read_oid(key)
            parts.append(f"{_ATTRIBUTES.get(kind, kind)}={clean(read_text(value), 64)}")
    return clean(", ".join(reversed(parts)))


def _names(extensions: Element) -> list[str]:
    """List the names and addresses that a certificate is made out to."""
    for listed in extensions.parts(_EXTENSIONS):
        for extension in listed.parts(SEQUENCE):
            key, *rest = extension.parts(SEQUENCE)
            if read_oid(key) != _ALTERNATIVE_NAMES:
                continue
            value = [part for part in rest if part.tag != BOOLEAN]
            if len(value) != 1 or value[0].tag != OCTETS:
                raise NotDer("not an extension")
            found = [name for one in elements(value[0].content) for name in one.parts(SEQUENCE)]
            return [_alternative(name) for name in found[:_NAMES_AT_MOST]]
    return []


def _alternative(name: Element) -> str:
    if name.tag == _ADDRESS and len(name.content) in (4, 16):
        return str(ipaddress.ip_address(name.content))
    if name.tag == _DNS:
        return clean(name.content.decode("ascii", "replace"), 100)
    return "another kind of name"
