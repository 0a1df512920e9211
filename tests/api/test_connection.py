"""A connection that ends as it begins is a trouble of its node, and nothing more."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tui.api.client import NodeOperator
from tui.api.errors import ApiError


@contextmanager
def resetting() -> Iterator[str]:
    """Serve an address whose connections are reset as they are accepted."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


async def test_a_node_that_resets_each_connection_at_once_is_in_trouble(
    connect: Callable[..., NodeOperator],
) -> None:
    with resetting() as url:
        reader = connect(url)
        for _ in range(50):
            with pytest.raises(ApiError):
                await reader.services()
