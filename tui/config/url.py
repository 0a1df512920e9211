"""The address of a node's REST API."""

import ipaddress
import re

from tui.config.errors import BadValue

DEFAULT_PORT = 9443
"""Where a Redis Software node serves its REST API."""

_SHAPE = "https://host:port"
_URL = re.compile(r"(?P<scheme>[A-Za-z]+)://(?P<host>\[[^\]]*\]|[^:/?#\[\]]*)(?P<port>:[^/?#]*)?/?")
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LOOPBACK_4 = ipaddress.ip_network("127.0.0.0/8")
_LOOPBACK_6 = ipaddress.ip_address("::1")


def normal_url(text: str) -> str:
    """Return a URL as scheme, lower-case host and port (9443 if none), e.g. `https://db1:9443`.

    Raises BadValue, never with the text: it may hold a password.
    """
    if "@" in text:
        raise BadValue(
            "a user or a password does not belong in a URL",
            f"write {_SHAPE}, and the user as `username`",
        )
    match = _URL.fullmatch(text)
    if match is None:
        raise BadValue(f"must be {_SHAPE} and nothing after it")
    scheme = match["scheme"].lower()
    if scheme not in {"https", "http"}:
        raise BadValue("must begin with https://")
    host, is_loopback = _host(match["host"])
    if scheme == "http" and not is_loopback:
        raise BadValue("http is for this machine alone, as it shows the password", "write https://")
    return f"{scheme}://{host}:{_port(match['port'])}"


def normal_proxy(text: str) -> str:
    """Return a proxy's address as `http://host:port`. Raises BadValue, never with the text."""
    form = "http://host:port"
    if "@" in text:
        raise BadValue(
            "a user or a password does not belong in a URL",
            f"write {form}; a proxy that requires a login is not supported",
        )
    match = _URL.fullmatch(text)
    if match is None or match["scheme"].lower() != "http" or match["port"] is None:
        raise BadValue(f"must be {form} and nothing else")
    return f"http://{_host(match['host'])[0]}:{_port(match['port'])}"


def normal_host(text: str) -> str:
    """Return a host alone: a lower-case name, or an address without brackets. Raises BadValue."""
    if ":" in text and not text.startswith("["):
        text = f"[{text}]"
    return _host(text)[0].strip("[]")


def _port(text: str | None) -> int:
    if text is None:
        return DEFAULT_PORT
    digits = text[1:]
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 5):
        raise BadValue("the port must be a number from 1 to 65535")
    port = int(digits)
    if not 1 <= port <= 65535:
        raise BadValue("the port must be a number from 1 to 65535")
    return port


def _host(text: str) -> tuple[str, bool]:
    """Return the host as it is written in a URL, and whether it is this machine."""
    if text.startswith("["):
        return _sixth(text[1:-1])
    if text and all(part.isdigit() for part in text.split(".")):
        return _fourth(text)
    host = text.lower()
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadValue("the host must be a name or an address", f"write {_SHAPE}")
    return host, host == "localhost"


def _fourth(text: str) -> tuple[str, bool]:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        raise BadValue("the host is not a whole IPv4 address") from None
    return str(address), address in _LOOPBACK_4


def _sixth(text: str) -> tuple[str, bool]:
    # A zone (`%eth0`) is an address on one interface of one machine: no profile for a file.
    if "%" in text:
        raise BadValue("an IPv6 address with a zone is not supported")
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise BadValue("the host is not an IPv6 address") from None
    return f"[{address}]", address == _LOOPBACK_6
