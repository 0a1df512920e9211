"""Failing nodes for a soak: a cluster whose nodes go, come and cut, and a port of rubbish.

Run as a program it serves until its stdin ends, and first prints, one a line: `node UID URL`,
`rubbish URL`, `fingerprint HEX`.
"""

import asyncio
import random
import struct
import sys
import threading
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET

from tui.sim.cluster import Cluster
from tui.sim.server import SimulatedCluster

NODES = 4
_SERVICES = ("alert_mgr", "stats_archiver", "pdns_server", "ccs", "crdb_worker_0")
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
_RUBBISH = (
    b"",
    b"\x00\xff\x1b[2J" * 50,
    _HEAD + b"Content-Length: 999\r\n\r\n{",
    _HEAD + b"Content-Length: 99999999999\r\n\r\n",
    _HEAD + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
    _HEAD + b"Content-Length: 2\r\n\r\n{}",
    _HEAD + b"Content-Length: 50000\r\n\r\n" + b"[" * 50000,
    b"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 503 x\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
    _HEAD + b'Content-Length: 36\r\n\r\n{"alert_mgr": {"status": "RUNNING"}}',
)


def disturb(served: SimulatedCluster, chance: random.Random) -> None:
    """Do one thing to one node; a node that is off comes back soon."""
    cluster, uid, service = served.cluster, chance.randint(1, NODES), chance.choice(_SERVICES)
    acts: tuple[Callable[[], None], ...] = (
        lambda: cluster.power_off(uid),
        lambda: cluster.power_on(uid),
        lambda: cluster.power_on(chance.randint(1, NODES)),
        lambda: served.drop_connections(uid),
        lambda: cluster.restart(uid, service),
        lambda: cluster.stop(uid, service),
        lambda: cluster.start(uid, service),
        lambda: cluster.set_status(uid, service, chance.choice(["FATAL", "\x1b[31m", "RUNNING"])),
        lambda: cluster.repair(uid, service),
        lambda: cluster.promote(uid),
    )
    chance.choice(acts)()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request with rubbish, slowly, by reset, or not at all."""
    how = random.random()
    try:
        await reader.read(65536)
        if how < 0.1:
            await asyncio.wait_for(reader.read(), 20)
        elif how < 0.2:
            writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, _linger())
        else:
            writer.write(random.choice(_RUBBISH))
            await writer.drain()
    except (OSError, TimeoutError):
        pass
    finally:
        writer.close()


def _linger() -> bytes:
    return struct.pack("ii", 1, 0)


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


async def _serve(served: SimulatedCluster) -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    for uid, url in served.urls.items():
        print("node", uid, url)
    print("rubbish", f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    print("fingerprint", served.fingerprint, flush=True)
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    chance = random.Random()
    while not ended.is_set():
        await asyncio.sleep(chance.uniform(0.1, 0.9))
        disturb(served, chance)


def main() -> None:
    """Serve until stdin ends."""
    with SimulatedCluster(Cluster(NODES, pace=0.2)) as served:
        asyncio.run(_serve(served))


if __name__ == "__main__":
    main()
