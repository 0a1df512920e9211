"""An answer that would fill the memory is refused before it can."""

import gzip
import re
import zlib
from pathlib import Path

import pytest

from tests.faultserver import Peer, answer, serving
from tui.api.errors import Garbled

MIB = 1024 * 1024
UNPACKED = 200 * MIB


def peak() -> int:
    """Give the largest memory of this process since `forget_peak`, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        pytest.skip("the kernel does not measure the peak anew")


def packed(how: str) -> bytes:
    zeros = b"\0" * UNPACKED
    match how:
        case "gzip":
            return gzip.compress(zeros, 1)
        case "deflate":
            return zlib.compress(zeros, 1)
        case _:
            return b"\x28\xb5\x2f\xfd" + b"\0" * MIB  # of a kind that nothing here unpacks


def flood(peer: Peer) -> None:
    """Send a gigabyte, in chunks, or as much of it as is taken."""
    peer.read()
    peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    for _ in range(16 * 1024):
        peer.send(chunk)


def flood_by_length(peer: Peer) -> None:
    peer.read()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(1024):
        peer.send(b" " * MIB)


@pytest.mark.parametrize("how", ["gzip", "deflate", "br", "zstd"])
async def test_a_packed_answer_is_refused_and_never_unpacked(connect, how):
    """P17, case 12: 200 MB come as less than one."""
    body = answer(packed(how), Content_Encoding=how)

    def script(peer: Peer) -> None:
        peer.read()
        peer.send(body)

    with serving(script) as server:
        client = connect(server)
        forget_peak()
        before = peak()
        with pytest.raises(Garbled, match=rf"encoded \({how}\)"):
            await client.services()
        assert peak() - before < 20 * MIB


@pytest.mark.parametrize("script", [flood, flood_by_length], ids=["chunked", "by its length"])
async def test_a_gigabyte_is_refused_at_four_megabytes(connect, script):
    """P17, case 11."""
    with serving(script) as server:
        client = connect(server)
        forget_peak()
        before = peak()
        with pytest.raises(Garbled, match="more than 4 MiB"):
            await client.services()
        assert peak() - before < 20 * MIB
