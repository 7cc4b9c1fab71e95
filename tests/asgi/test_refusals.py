"""What the bridge refuses is refused, whatever the application makes of it, and in the words of its owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import flask
import litestar
import pytest
import quart
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from errbridge.asgi import Bridge
from tests.asgi.serving import hypercorn, raw

pytestmark = pytest.mark.servers


def starlette_app() -> Any:
    async def digest(request: Request) -> PlainTextResponse:
        return PlainTextResponse(str(len(await request.body())))

    return Starlette(routes=[Route("/", digest, methods=["POST"])])


def litestar_app() -> Any:
    @litestar.post("/", media_type="text/plain")
    async def digest(request: litestar.Request[Any, Any, Any]) -> str:
        return str(len(await request.body()))

    return litestar.Litestar([digest], openapi_config=None)


def quart_app() -> Any:
    app = quart.Quart("q")

    @app.post("/")
    async def digest() -> str:
        return str(len(await quart.request.get_data(as_text=False)))

    return app


def flask_app() -> Any:
    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: str(len(flask.request.get_data())), methods=["POST"])
    return app


async def catching(scope: Any, receive: Any, send: Any) -> None:
    """Answer 400 to whatever goes wrong."""
    if scope["type"] == "lifespan":
        return
    status, more = 200, True
    try:
        while more:
            more = (await receive()).get("more_body", False)
    except Exception:
        status = 400
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"mine"})


async def grouping(scope: Any, receive: Any, send: Any) -> None:
    """Read in a task group, as Quart 0.23 does."""
    if scope["type"] == "lifespan":
        return
    async with asyncio.TaskGroup() as group:
        group.create_task(catching(scope, receive, send))
        while True:
            await receive()


APPS = {
    "starlette": starlette_app,
    "litestar": litestar_app,
    "quart": quart_app,
    "flask": flask_app,
    "catching": lambda: catching,
}


async def parts(length: int) -> AsyncIterator[bytes]:
    for _ in range(0, length, 5000):
        yield b"x" * 5000


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("is_chunked", [False, True], ids=["with length", "chunked"])
async def test_an_upload_that_is_too_large_is_a_413_whatever_the_application_does(name: str, is_chunked: bool) -> None:
    async with hypercorn(Bridge({"/": APPS[name]()}, max_body=100_000)) as server:
        for length, status in [(100_000, (200, 201)), (105_000, (413,)), (2_000_000, (413,))]:
            content: Any = parts(length) if is_chunked else b"x" * length
            answer = await server.client.post("/", content=content, headers={"Accept": "application/json"})
            assert answer.status_code in status, length
            if answer.status_code == 413 and name != "quart":
                assert answer.json()["detail"] == "The request body may have at most 100000 bytes."


async def test_a_refusal_in_a_task_group_is_a_413() -> None:
    async with hypercorn(Bridge({"/": grouping}, max_body=10)) as server:
        answer = await server.client.post("/", content=parts(20_000))
    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["quart", "flask", "starlette"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["with length", "chunked"])
async def test_an_answer_that_comes_before_the_end_of_an_upload_reaches_the_client(name: str, is_chunked: bool) -> None:
    async with hypercorn(Bridge({"/": APPS[name]()}, stream_uploads=["/"])) as server:
        for _ in range(2):
            content: Any = parts(8_000_000) if is_chunked else b"x" * 8_000_000
            answer = await server.client.post("/nowhere", content=content)
            assert answer.status_code == 404


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (1000, []),
        (0, []),
        (200, [(b"X Bad", b"1")]),
        (200, [(b"", b"1")]),
        (200, [(b"x-text", b"a\r\nX-Evil: 1")]),
        (200, [(b"x-text", b"a\x00b")]),
        (200, [(b"content-length", b"many")]),
    ],
)
async def test_an_asgi_application_whose_answer_cannot_be_sent_is_a_500(
    status: int, headers: Any, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"x"})

    async with hypercorn(Bridge({"/": app})) as server:
        answer = await server.client.get("/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (500, "Internal Server Error")
    (record,) = [record for record in caplog.records if record.name == "errbridge"]
    assert record.exc_info
    assert record.exc_info[0] is ValueError


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("1000 Much", []),
        ("0", []),
        ("99 Little", []),
        ("100 Continue", []),
        ("200OK", []),
        ("\u0662\u0660\u0660 OK", []),
        ("okay", []),
        ("200 OK", [("X Bad", "1")]),
        ("200 OK", [("X-Bad:", "1")]),
        ("200 OK", [("", "1")]),
        ("200 OK", [("X-Text", "a\x00b")]),
        ("200 OK", [("X-Text", "a\x7fb")]),
        ("200 OK", [("X-Text", "\u20ac")]),
        ("200 OK", [("Content-Length", "many")]),
        ("200 OK", [("Content-Length", "-1")]),
    ],
)
async def test_start_response_refuses_what_no_server_can_send(status: str, headers: Any) -> None:
    """PEP 3333 wants it to, so that the application can still answer."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        try:
            start_response(status, headers)
        except ValueError:
            start_response("503 Busy", [("X-Second", " 2\t")])
        return [b"second"]

    async with hypercorn(Bridge({"/": app})) as server:
        answer = await server.client.get("/")
    assert (answer.status_code, answer.text, answer.headers["X-Second"]) == (503, "second", "2")


@pytest.mark.parametrize("chunks", [["text"], iter(["text"]), iter([1, 2]), [None, object()]])
async def test_a_first_chunk_that_is_no_bytes_is_a_500(chunks: Any, caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return chunks

    async with hypercorn(Bridge({"/": app})) as server:
        assert (await server.client.get("/")).status_code == 500
    assert len([record for record in caplog.records if record.name == "errbridge"]) == 1


@pytest.mark.parametrize("chunk", [bytearray(b"bytes"), memoryview(b"bytes")])
async def test_bytes_of_another_kind_are_bytes(chunk: Any) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return iter([chunk])

    async with hypercorn(Bridge({"/": app})) as server:
        assert (await server.client.get("/")).text == "bytes"


async def test_a_pipelined_request_behind_a_refused_one_is_not_taken_for_its_body() -> None:
    async with hypercorn(Bridge({"/": flask_app()}, max_body=10)) as server:
        sent = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world"
        answer = await raw(server.port, sent + sent.replace(b"POST", b"GET").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer.count(b"HTTP/1.1 413 ") == 2
