"""The few forms of DER (X.690) that a certificate uses; every other form is refused."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tui.model.records import dataclass

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
