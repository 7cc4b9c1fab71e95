"""Slow clients, and the application that they ask: for measurements, attacks and tests alike."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.loopback import request

__all__ = ["SLOW", "make_app", "make_quart_app", "slow_clients"]

TICK = 0.05


def make_app() -> Any:
    """Make a Flask application with views that clients can hold up."""
    import flask

    app = flask.Flask("slow")

    @app.get("/who")
    def who() -> str:
        return "me"

    @app.post("/length")
    def length() -> str:
        return str(len(flask.request.get_data()))

    @app.get("/whole")
    def whole() -> bytes:
        return b"x" * 3_000_000

    @app.get("/pieces")
    def pieces() -> Any:
        return flask.Response(b"x" * 10_000 for _ in range(300))

    @app.route("/endless", methods=["GET", "POST"])
    def endless() -> Any:
        def ticks() -> Iterator[bytes]:
            while True:
                yield b"data: tick\n\n"
                time.sleep(TICK)

        return flask.Response(ticks(), mimetype="text/event-stream")

    return app


def make_quart_app() -> Any:
    """Make a Quart application with the same views."""
    import quart

    app = quart.Quart("slow")

    @app.get("/who")
    async def who() -> str:
        return "me"

    @app.post("/length")
    async def length() -> str:
        return str(len(await quart.request.get_data()))

    @app.get("/whole")
    async def whole() -> bytes:
        return b"x" * 3_000_000

    @app.get("/pieces")
    async def pieces() -> Any:
        async def some() -> AsyncIterator[bytes]:
            for _ in range(300):
                yield b"x" * 10_000

        return quart.Response(some())

    @app.route("/endless", methods=["GET", "POST"])
    async def endless() -> Any:
        async def ticks() -> AsyncIterator[bytes]:
            while True:
                yield b"data: tick\n\n"
                await asyncio.sleep(TICK)

        return quart.Response(ticks(), mimetype="text/event-stream")

    return app


SLOW: dict[str, tuple[bytes, bool]] = {
    "uploads with a length": (request("POST", "/length", {}, b"x" * 100_000)[:-30_000], False),
    "uploads in chunks": (request("POST", "/length", {"transfer-encoding": "chunked"}) + b"1\r\nx\r\n", False),
    "readers of an answer": (request("GET", "/whole"), True),
    "readers of a stream": (request("GET", "/pieces"), True),
    "unread uploads": (request("POST", "/endless", {}, b"x" * 100_000), True),
}
"""What a client of each kind sends before it does nothing more, and whether an answer to it begins."""


@asynccontextmanager
async def slow_clients(port: int, count: int, sent: bytes, *, answered: bool = False) -> AsyncIterator[None]:
    """Have clients that send this, read at most the head of the answer, and leave in the end."""
    writers: list[asyncio.StreamWriter] = []
    try:
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
            writers.append(writer)
            writer.write(sent)
            await writer.drain()
            if answered:
                await reader.readuntil(b"\r\n\r\n")
        yield
    finally:
        for writer in writers:
            writer.close()
