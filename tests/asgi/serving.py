"""Real servers for the tests: Hypercorn in the test's own loop, on a port that the system chooses."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from hypercorn.asyncio import serve
from hypercorn.config import Config

DEADLINE = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    client: httpx.AsyncClient

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        yield sock


@contextlib.asynccontextmanager
async def hypercorn(app: Any, **options: Any) -> AsyncIterator[Server]:
    """Serve an application until the block ends."""
    config = Config()
    config.graceful_timeout = 2.0
    config.errorlog = None
    config.accesslog = None
    for name, value in options.items():
        setattr(config, name, value)
    stop = asyncio.Event()
    with listening() as sock:
        port = sock.getsockname()[1]
        config.bind = [f"fd://{sock.detach()}"]
        serving = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
        await listens(port, serving)
        limits = httpx.Limits(max_connections=100)
        base_url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base_url, timeout=DEADLINE, limits=limits, trust_env=False) as client:
            try:
                yield Server(port, client)
            finally:
                await client.aclose()
                stop.set()
                async with asyncio.timeout(DEADLINE):
                    await serving


async def listens(port: int, serving: asyncio.Future[Any]) -> None:
    """Wait until a server has started up; if it ends instead, raise what it raised."""
    async with asyncio.timeout(DEADLINE):
        while not serving.done():
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.005)
            else:
                writer.close()
                return
    await serving


async def raw(port: int, request: bytes, *, until_closed: bool = True) -> bytes:
    """Send bytes as they are and read the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        async with asyncio.timeout(DEADLINE):
            return await reader.read(-1 if until_closed else 65536)
    finally:
        writer.close()
