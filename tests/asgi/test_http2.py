"""HTTP/2 on Hypercorn, without TLS (prior knowledge)."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import flask
import httpx
import pytest
import quart

from errbridge.asgi import Bridge
from tests.asgi.serving import DEADLINE, hypercorn
from tests.asgi.test_bodies import PIECE, digest, make_app, pieces

pytestmark = pytest.mark.servers


@asynccontextmanager
async def h2(bridge: Bridge) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        hypercorn(bridge) as server,
        httpx.AsyncClient(base_url=server.url, http1=False, http2=True, timeout=DEADLINE, trust_env=False) as client,
    ):
        yield client


async def test_flask_and_quart_are_served_over_one_connection() -> None:
    flask_app, quart_app = flask.Flask("f"), quart.Quart("q")

    @flask_app.get("/")
    def in_flask() -> Any:
        return flask.request.cookies, 200, {"Connection": "close", "Keep-Alive": "1", "X-Two": "2"}

    @quart_app.get("/")
    async def in_quart() -> str:
        return "quart"

    async with h2(Bridge({"/": quart_app, "/f": flask_app})) as client:
        # HTTP/2 clients may send each cookie in a line of its own
        requests = [client.get("/f/", headers=[("Cookie", "a=1"), ("Cookie", "b=2")]) for _ in range(20)]
        answers = await asyncio.gather(*requests, *(client.get("/") for _ in range(20)))
    assert {answer.http_version for answer in answers} == {"HTTP/2"}
    assert [answer.json() for answer in answers[:20]] == [{"a": "1", "b": "2"}] * 20
    assert {answer.text for answer in answers[20:]} == {"quart"}
    assert "connection" not in answers[0].headers


async def test_bodies_stream_both_ways() -> None:
    async with h2(Bridge({"/": make_app()})) as client:
        assert (await client.post("/digest", content=pieces(50))).text == digest(50)
        assert hashlib.sha256((await client.get("/download/50")).content).hexdigest() == digest(50)
        assert (await client.post("/echo", content=pieces(10))).content == PIECE * 10


async def test_an_unread_or_too_large_upload_leaves_the_connection_usable() -> None:
    async with h2(Bridge({"/": make_app()}, max_body=3_000_000)) as client:
        for _ in range(2):
            assert (await client.post("/unread", content=pieces(40))).text == "not read"
            assert (await client.post("/digest", content=pieces(60))).status_code == 413
            assert (await client.post("/missing", content=b"x" * 4_000_000)).status_code == 413
            assert (await client.post("/digest", content=b"x")).status_code == 200


async def test_head_and_empty_answers_are_complete() -> None:
    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: "text", endpoint="text")
    app.add_url_rule("/empty", view_func=lambda: ("", 204), endpoint="empty")
    async with h2(Bridge({"/f": app})) as client:
        assert (await client.head("/f/")).headers["Content-Length"] == "4"
        assert (await client.get("/f/empty")).status_code == 204
        assert (await client.head("/nowhere")).status_code == 404


async def test_a_client_that_leaves_stops_the_generator() -> None:
    closed = threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                yield PIECE
        finally:
            closed.set()

    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: flask.Response(endless()))
    async with h2(Bridge({"/": app})) as client:
        async with client.stream("GET", "/") as answer:
            await anext(answer.aiter_raw())
        await client.aclose()
        assert await asyncio.to_thread(closed.wait, DEADLINE)
