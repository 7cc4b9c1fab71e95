"""Clients that are slow in TLS, and that leave without a word: the servers bear it, and the bridge loses nothing."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.loopback import certify, hello, request
from benchmarks.slow import slow_clients
from tests.asgi.serving import DEADLINE
from tests.asgi.test_servers import all_free, running

pytestmark = [pytest.mark.servers, pytest.mark.slow]

OPTIONS = {
    "hypercorn": ("--certfile", "--keyfile"),
    "uvicorn h11": ("--ssl-certfile", "--ssl-keyfile"),
    "uvicorn httptools": ("--ssl-certfile", "--ssl-keyfile"),
    "granian": ("--ssl-certificate", "--ssl-keyfile"),
}
CLIENTS = 20


class Served:
    """A server, as its clients see it.

    Attributes:
        url: Its URL.
        port: Its port.
        trusted: What a client needs to trust it.
        log: What it logs.
    """

    def __init__(self, url: str, trusted: ssl.SSLContext, log: Path) -> None:
        self.url, self.trusted, self.log = url, trusted, log
        self.port = int(url.rpartition(":")[2])

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, timeout=DEADLINE, trust_env=False, verify=self.trusted)

    @asynccontextmanager
    async def remains_well(self) -> AsyncIterator[httpx.AsyncClient]:
        """Give a client, and see that nothing is left of what the others did in the block."""
        before = self.log.stat().st_size
        async with self.client() as client:
            yield client
            await all_free(client)
        assert not [word for word in ("WARNING", "ERROR", "Traceback") if word in self.log.read_text()[before:]]

    async def is_asked(self) -> None:
        """See that a new client is served."""
        async with self.client() as client:
            for path in ("/abused/who", "/quart/url"):
                assert (await client.get(path)).status_code == 200


@pytest.fixture(scope="module", params=list(OPTIONS))
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("tls")
    trusted = certify(folder)
    certificate, key = OPTIONS[request.param]
    options = (certificate, str(folder / "cert.pem"), key, str(folder / "key.pem"))
    with running(request.param, folder / "log.txt", *options, trusted=trusted) as url:
        yield Served(url, trusted, folder / "log.txt")


@pytest.mark.parametrize("part", ["nothing", "a part", "all", "no TLS"])
async def test_a_handshake_that_does_not_go_on_delays_nobody(part: str, served: Served) -> None:
    first = hello(served.trusted)
    sent = {"nothing": b"", "a part": first[:20], "all": first, "no TLS": request("GET", "/abused/who")}[part]
    async with served.remains_well(), slow_clients(served.port, CLIENTS, sent):
        await served.is_asked()


@pytest.mark.parametrize("leaves", ["half", "with a reset"])
@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", False),
        (request("POST", "/abused/length", {}, b"x" * 100_000)[:-1000], False),
        (request("POST", "/quart/upload", {}, b"x" * 100_000)[:-1000], False),
        (request("GET", "/abused/whole"), True),
        (request("POST", "/abused/endless", {}, b"x" * 100_000), True),
    ],
    ids=["idle", "upload to Flask", "upload to Quart", "answer", "stream"],
)
async def test_a_client_that_leaves_without_the_end_of_tls_is_gone(
    sent: bytes, answered: bool, leaves: str, served: Served
) -> None:
    """Half: it ends its side of TCP with no end of TLS, and keeps the other side open."""
    async with served.remains_well() as other:
        writers = []
        for _ in range(CLIENTS):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port, ssl=served.trusted, limit=1000)
            writers.append(writer)
            writer.write(sent)
            if answered:
                await reader.readuntil(b"\r\n\r\n")
        await served.is_asked()
        for writer in writers:
            if leaves == "half":
                writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
            else:
                writer.transport.abort()
        await all_free(other)
        for writer in writers:
            writer.transport.abort()
