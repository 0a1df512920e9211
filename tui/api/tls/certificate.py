"""What can be read of a certificate that was not verified."""

import hashlib
import ipaddress
from datetime import datetime
from functools import lru_cache

from tui.api.tls.der import (
    BOOLEAN,
    OCTETS,
    SEQUENCE,
    SET,
    Element,
    NotDer,
    elements,
    read_oid,
    read_text,
    read_time,
)
from tui.model.certificate import Certificate
from tui.model.records import dataclass
from tui.model.text import clean

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
