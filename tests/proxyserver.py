"""A proxy on loopback that knows CONNECT and nothing else."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """`asked` are the heads it was sent, `passed` the bytes of the client that it passed on.

    `answer` takes the place of opening the way; `detour` is a port that all ways lead to.
    """

    answer: bytes = b""
    detour: int = 0
    asked: list[bytes] = field(default_factory=list)
    passed: bytearray = field(default_factory=bytearray)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(4096)
                if not data:
                    return
                head += data
            self.asked.append(head)
            if self.answer:
                client.sendall(self.answer)
                return
            host, _, port = head.split(b" ")[1].rpartition(b":")
            with socket.create_connection((host.decode(), self.detour or int(port))) as node:
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(node, client, None), daemon=True)
                back.start()
                _pump(client, node, self.passed)
                back.join(5)


def _pump(source: socket.socket, target: socket.socket, note: bytearray | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            if note is not None:
                note += data
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def proxying(answer: bytes = b"", detour: int = 0) -> Iterator[Proxy]:
    proxy = Proxy(answer, detour)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy.port = listener.getsockname()[1]

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=proxy.serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield proxy
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
