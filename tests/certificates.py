"""Certificates as no good authority makes them, with the server contexts that show them."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def _name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in parts])


def _builder(
    subject: x509.Name, issuer: x509.Name, begins: datetime, ends: datetime
) -> x509.CertificateBuilder:
    built = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    return built.serial_number(7).not_valid_before(begins).not_valid_after(ends)


def _served(
    folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> tuple[ssl.SSLContext, bytes]:
    """Give a server's context that shows a certificate, and its DER form."""
    pem = folder / "both.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + key_pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, certificate.public_bytes(serialization.Encoding.DER)


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes = b"") -> bytes:
    locked = serialization.BestAvailableEncryption(passphrase) if passphrase else None
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        locked or serialization.NoEncryption(),
    )


def self_signed(
    folder: Path, begins: datetime = NOW - DAY, ends: datetime = NOW + 99 * DAY
) -> tuple[ssl.SSLContext, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name((NameOID.ORGANIZATION_NAME, "Redis"), (NameOID.COMMON_NAME, "node\x1b[2J"))
    names = [
        x509.DNSName("node1.example"),
        x509.DNSName("*.node1.example"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
        x509.RFC822Name("me@example.com"),
    ]
    built = _builder(name, name, begins, ends).public_key(key.public_key())
    built = built.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    built = built.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _served(folder, built.sign(key, hashes.SHA256()), key)


def without_key_identifiers(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a leaf as old authorities do, with no AKI; gives its context and the authority's PEM."""
    authority, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer, subject = (_name((NameOID.COMMON_NAME, one)) for one in ("Old CA", "node"))
    ours = _builder(issuer, issuer, NOW - DAY, NOW + DAY).public_key(authority.public_key())
    ours = ours.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    ca_file = folder / "old-ca.pem"
    ca_file.write_bytes(
        ours.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    leaf = _builder(subject, issuer, NOW - DAY, NOW + DAY).public_key(key.public_key())
    names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    leaf = leaf.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _served(folder, leaf.sign(authority, hashes.SHA256()), key)[0], ca_file
