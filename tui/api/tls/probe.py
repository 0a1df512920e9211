"""A handshake and nothing more: what a node presents, before a word of HTTP."""

import asyncio
from urllib.parse import urlsplit

from tui import concurrency
from tui.api.errors import Unreachable
from tui.api.tls.certificate import describe_certificate
from tui.api.tls.context import context_for
from tui.model.certificate import Certificate
from tui.model.text import clean
from tui.model.trust import NoTrust

_HTTPS = 443
_ANSWER_AT_MOST = 16 * 1024


async def probe(url: str, timeout: float, proxy: str = "", server_name: str = "") -> Certificate:
    """Shake hands with a node and return what it presents; no HTTP is spoken to it.

    `timeout` is in seconds, for all of it; `server_name` is sent in the place of the URL's host.
    The client's own certificate is not shown. Raises Unreachable if there is no handshake to be
    had.
    """
    where = f"{clean(url)}, through the proxy {clean(proxy)}," if proxy else clean(url)
    try:
        async with asyncio.timeout(timeout):
            return await _shake_hands(url, proxy, server_name)
    except TimeoutError:
        raise Unreachable(f"{where} shows no certificate within {timeout:g} s") from None
    except OSError as error:
        reason = clean(error.strerror or str(error), 120)
        raise Unreachable(f"{where} shows no certificate: {reason}") from error


async def _shake_hands(url: str, proxy: str, server_name: str) -> Certificate:
    host, port = _host_and_port(url)
    context = context_for(NoTrust(server_name))
    writer: asyncio.StreamWriter | None = None
    try:
        if proxy:
            reader, writer = await _connect(*_host_and_port(proxy))
            await _open_tunnel(reader, writer, host, port)
            await writer.start_tls(context, server_hostname=host)
        else:
            await concurrency.resolve_host(host)
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
        peer = writer.get_extra_info("ssl_object")
        return describe_certificate(peer.getpeercert(binary_form=True) or b"")
    finally:
        if writer is not None:
            writer.transport.abort()
            await asyncio.sleep(0)  # the socket is closed one turn of the loop later


async def _connect(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    await concurrency.resolve_host(host)
    return await asyncio.open_connection(host, port, limit=_ANSWER_AT_MOST)


async def _open_tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    """Open a tunnel through a proxy. Raises OSError."""
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("ascii"))
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        raise OSError("the proxy does not answer as a proxy does") from None
    line = head.partition(b"\r\n")[0].decode("latin-1")
    words = line.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].startswith("2"):
        raise OSError(f"the proxy refused the way to it ({clean(line, 80)})")


def _host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or _HTTPS
