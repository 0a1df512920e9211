import hashlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import trustme

from tests.faultserver import FaultServer
from tui.api.client import NodeOperator, NodeReader
from tui.model.trust import NoTrust, Trust

CANARY = "hunter2-canary"


class Password:
    def reveal(self) -> str:
        return CANARY


@dataclass(frozen=True)
class Certified:
    """A server's certificate: its context, its authority's file, its fingerprint."""

    context: ssl.SSLContext
    ca_file: Path
    sha256: str


def certify(folder: Path, host: str = "127.0.0.1") -> Certified:
    authority = trustme.CA()
    leaf = authority.issue_cert(host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    leaf.private_key_and_cert_chain_pem.write_to_path(str(folder / "both.pem"))
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    return Certified(context, ca_file, hashlib.sha256(der).hexdigest())


@pytest.fixture(scope="session")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certify(tmp_path_factory.mktemp("right"))


@pytest.fixture(scope="session")
def impostor(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certify(tmp_path_factory.mktemp("other"))


Connect = Callable[..., NodeOperator]


@pytest_asyncio.fixture
async def connect() -> AsyncIterator[Connect]:
    opened: list[NodeReader] = []

    def make(
        server: FaultServer | str,
        kind: type[NodeReader] = NodeOperator,
        trust: Trust | None = None,
        timeout: float = 30.0,
        username: str = "me@example.com",
        **more: Any,
    ) -> NodeReader:
        url = server if isinstance(server, str) else server.url
        client = kind(
            title="node1",
            url=url,
            trust=trust or NoTrust(),
            timeout=timeout,
            username=username,
            password=Password(),
            **more,
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        await client.aclose()
