"""The details of HTTP and of PEP 3333, over a real socket."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import flask
import httpx
import pytest
import quart

from errbridge import Problem
from errbridge.asgi import Bridge
from tests.asgi.serving import DEADLINE, hypercorn, raw

pytestmark = pytest.mark.servers

Start = Callable[..., Callable[[bytes], object]]


class Chunks:
    """An iterable that counts how often it is closed."""

    def __init__(self, *chunks: bytes | Exception) -> None:
        self.chunks = chunks
        self.given = 0
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            self.given += 1
            yield chunk

    def close(self) -> None:
        self.closed += 1


def answering(chunks: Iterable[bytes], *headers: tuple[str, str], status: str = "200 OK") -> Any:
    def app(environ: Any, start_response: Start) -> Iterable[bytes]:
        start_response(status, list(headers))
        return chunks

    return app


async def get(app: Any, method: str = "GET", **options: Any) -> httpx.Response:
    async with hypercorn(Bridge({"/": app})) as server:
        return await server.client.request(method, "/", **options)


@pytest.mark.parametrize(
    ("chunks", "length"),
    [
        ([b"one"], "3"),
        ([b"o", b"", b"ne"], "3"),
        ((b"one",), "3"),
        ([], "0"),
        (Chunks(b"o", b"ne"), None),
        (Chunks(b"", b"one"), None),
        ([b"x" * 50_000] * 3, "150000"),
    ],
    ids=["one", "several", "tuple", "none", "iterable", "empty first", "large list"],
)
async def test_a_body_arrives_whole_and_with_its_length_where_that_is_known(chunks: Any, length: str | None) -> None:
    answer = await get(answering(chunks, ("Content-Type", "text/plain")))
    assert answer.content == b"".join(getattr(chunks, "chunks", chunks))
    assert answer.headers.get("Content-Length") == length


@pytest.mark.parametrize("chunks", [Chunks(b"one"), Chunks(), Chunks(b"a", b"b"), Chunks(b"x" * 200_000, b"y")])
async def test_the_answer_is_closed_once(chunks: Chunks) -> None:
    assert (await get(answering(chunks))).status_code == 200
    assert chunks.closed == 1


async def test_the_answer_is_closed_once_when_it_fails(caplog: pytest.LogCaptureFixture) -> None:
    early, late = Chunks(KeyError("early")), Chunks(b"first", KeyError("late"))
    assert (await get(answering(early))).status_code == 500
    with pytest.raises(httpx.RemoteProtocolError):
        await get(answering(late))
    assert (early.closed, late.closed) == (1, 1)


async def test_a_flask_application_closes_what_it_opened() -> None:
    app = flask.Flask("f")
    closed: list[str] = []

    @app.get("/")
    def view() -> flask.Response:
        response = flask.Response("whole")
        response.call_on_close(lambda: closed.append("whole"))
        return response

    assert (await get(app)).text == "whole"
    assert closed == ["whole"]


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
async def test_an_answer_without_content_has_none(status: str) -> None:
    chunks = Chunks(b"content")
    answer = await get(answering(chunks, ("ETag", '"1"'), ("Content-Length", "7"), status=status))
    assert answer.status_code == int(status[:3])
    assert answer.content == b""
    assert answer.headers["ETag"] == '"1"'
    assert "Content-Length" not in answer.headers or answer.status_code == 304
    assert (chunks.given, chunks.closed) == (0, 1)


async def test_head_is_get_without_the_body() -> None:
    chunks = Chunks(b"content")
    answer = await get(answering(chunks, ("Content-Length", "7")), "HEAD")
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "7")
    assert (chunks.given, chunks.closed) == (0, 1)


async def test_head_works_where_the_application_starts_its_answer_late() -> None:
    def app(environ: Any, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [("Content-Length", "3")])
        yield b"one"
        raise AssertionError("nobody wants more")

    answer = await get(app, "HEAD")
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "3")
    assert answer.headers["Content-Length"] == "3"


@pytest.mark.parametrize("framework", [flask.Flask, quart.Quart])
@pytest.mark.parametrize("path", ["/", "/empty", "/unchanged"])
async def test_flask_and_quart_answer_head_204_and_304(path: str, framework: Any) -> None:
    app = framework("app")
    app.add_url_rule("/", view_func=lambda: "text", endpoint="text")
    app.add_url_rule("/empty", view_func=lambda: ("", 204), endpoint="empty")
    app.add_url_rule("/unchanged", view_func=lambda: ("", 304), endpoint="unchanged")
    async with hypercorn(Bridge({"/": app})) as server:
        got, head = await server.client.get(path), await server.client.head(path)
    assert got.status_code == head.status_code == {"/": 200, "/empty": 204, "/unchanged": 304}[path]
    assert head.content == b""
    assert head.headers.get("Content-Length") == got.headers.get("Content-Length")
    assert "Content-Length" not in got.headers or path != "/empty"


async def test_headers_keep_their_order_repetitions_and_characters() -> None:
    sent = [("Set-Cookie", "a=1"), ("X-Text", "caf\u00e9"), ("Set-Cookie", "b=2")]
    answer = await get(answering([b""], *sent))
    assert answer.headers.get_list("Set-Cookie") == ["a=1", "b=2"]
    assert dict(answer.headers.raw)[b"x-text"] == "caf\u00e9".encode("latin-1")


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\0b"])
async def test_a_header_with_a_line_break_is_never_sent(value: str) -> None:
    answer = await get(answering([b"x"], ("X-Text", value)))
    assert answer.status_code == 500
    assert "X-Evil" not in answer.headers


async def test_headers_about_the_connection_are_left_to_the_server() -> None:
    answer = await get(answering([b"x"], ("Keep-Alive", "timeout=5"), ("Transfer-Encoding", "chunked")))
    assert answer.text == "x"
    assert not {"keep-alive", "transfer-encoding"} & set(answer.headers)


async def test_request_headers_reach_the_environment() -> None:
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Start) -> list[bytes]:
        seen.update(environ)
        start_response("200 OK", [])
        return []

    async with hypercorn(Bridge({"/": app})) as server:
        await raw(
            server.port,
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            b"X-Real-Ip: 1.1.1.1\r\nX_Real_Ip: 6.6.6.6\r\nX-Real_Ip: 6.6.6.6\r\n"
            b"Accept: a/b\r\nAccept: c/d\r\nCookie: a=1\r\nCookie: b=2\r\nX-Text: caf\xe9\r\n"
            b"Content-Type: text/plain\r\n\r\n",
        )
    assert seen["HTTP_X_REAL_IP"] == "1.1.1.1"
    assert seen["HTTP_ACCEPT"] == "a/b,c/d"
    assert seen["HTTP_COOKIE"] == "a=1; b=2"
    assert seen["HTTP_X_TEXT"] == "caf\u00e9"
    assert seen["CONTENT_TYPE"] == "text/plain"
    assert "HTTP_CONTENT_TYPE" not in seen
    assert seen["wsgi.input"].read() == b""
    assert seen["asgi.scope"]["type"] == "http"


async def test_the_lifespans_state_is_at_hand_in_flask() -> None:
    app = flask.Flask("f")

    @app.get("/")
    def view() -> Any:
        return flask.request.environ["asgi.scope"]["state"]["pool"]

    async def other(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        scope["state"]["pool"] = "a pool"
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async with hypercorn(Bridge({"/": app, "/other": other})) as server:
        assert (await server.client.get("/")).text == "a pool"


async def test_the_old_write_function_sends_at_once_and_before_the_rest() -> None:
    def app(environ: Any, start_response: Start) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"one, ")
        write(b"")
        write(b"two, ")
        return [b"three"]

    assert (await get(app)).text == "one, two, three"
    assert (await get(app, "HEAD")).text == ""


async def test_an_error_after_the_old_write_function_breaks_the_connection_off() -> None:
    def app(environ: Any, start_response: Start) -> list[bytes]:
        start_response("200 OK", [])(b"first")
        raise KeyError("later")

    with pytest.raises(httpx.RemoteProtocolError):
        await get(app)


async def test_an_answer_can_be_replaced_while_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: Any, start_response: Start) -> list[bytes]:
        start_response("200 OK", [("X-First", "1")])
        try:
            raise KeyError("oops")
        except KeyError:
            start_response("503 Busy", [("X-Second", "2")], sys.exc_info())
        return [b"replaced"]

    answer = await get(app)
    assert (answer.status_code, answer.text, answer.headers["X-Second"]) == (503, "replaced", "2")
    assert "X-First" not in answer.headers


async def test_an_answer_cannot_be_replaced_once_it_is_on_its_way(caplog: pytest.LogCaptureFixture) -> None:
    def app(environ: Any, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"first"
        try:
            raise KeyError("the reason")
        except KeyError:
            start_response("503 Busy", [], sys.exc_info())

    with pytest.raises(httpx.RemoteProtocolError):
        await get(app)
    (record,) = errors(caplog)
    assert record.exc_info
    assert isinstance(record.exc_info[1], KeyError)


def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "errbridge" and record.levelno >= logging.ERROR]


def starts_twice(environ: Any, start_response: Start) -> list[bytes]:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []


def stops(environ: Any, start_response: Start) -> list[bytes]:
    raise StopIteration


def never_starts(environ: Any, start_response: Start) -> list[bytes]:
    return [b"x"]


@pytest.mark.parametrize(
    "app",
    [
        starts_twice,
        stops,
        never_starts,
        lambda environ, start_response: [],
        answering([b"too", b"little"], ("Content-Length", "20")),
        answering([b"x"], status="okay"),
        answering(["text"]),  # type: ignore[list-item]
        answering(Chunks(KeyError("before the first chunk"))),
    ],
    ids=["starts twice", "StopIteration", "never starts", "nothing", "too little", "no status", "text", "early"],
)
async def test_whatever_goes_wrong_before_the_first_chunk_is_a_500_and_one_record(
    app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await get(app, headers={"Accept": "application/json"})
    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["title"] == "Internal Server Error"
    (record,) = errors(caplog)
    assert record.exc_info
    assert (record.status, record.method) == (500, "GET")  # type: ignore[attr-defined]


async def test_an_error_after_the_first_chunk_breaks_the_connection_off_with_one_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = answering(Chunks(b"first", KeyError("later")))
    async with hypercorn(Bridge({"/": app})) as server:
        answer = await raw(server.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        again = await raw(server.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"first" in answer
    assert b"first" in again
    assert not answer.endswith(b"0\r\n\r\n")
    assert len(errors(caplog)) == 2
    assert {(record.status, record.path) for record in errors(caplog)} == {(200, "/")}  # type: ignore[attr-defined]


async def test_an_announced_length_that_is_not_reached_breaks_the_connection_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await get(answering(Chunks(b"first", b"second"), ("Content-Length", "20")))
    assert len(errors(caplog)) == 1


@pytest.mark.parametrize("chunks", [[b"one", b"two"], Chunks(b"on", b"et", b"wo", KeyError()), Chunks(b"onetwo")])
async def test_no_more_is_sent_than_was_announced(chunks: Any) -> None:
    answer = await get(answering(chunks, ("Content-Length", "3")))
    assert answer.text == "one"


async def test_an_application_may_raise_a_problem() -> None:
    def app(environ: Any, start_response: Start) -> list[bytes]:
        raise Problem(409, detail="Sold out.", sku="a-1")

    answer = await get(app, headers={"Accept": "application/json"})
    assert answer.status_code == 409
    assert answer.json()["sku"] == "a-1"


async def test_a_stream_goes_out_while_it_is_made() -> None:
    proceed, finish = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def app(environ: Any, start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"first"
        asyncio.run_coroutine_threadsafe(proceed.wait(), loop).result(DEADLINE)
        yield b"second"
        asyncio.run_coroutine_threadsafe(finish.wait(), loop).result(DEADLINE)

    async with hypercorn(Bridge({"/": app})) as server, server.client.stream("GET", "/") as answer:
        parts = answer.aiter_raw()
        assert await anext(parts) == b"first"
        proceed.set()
        assert await anext(parts) == b"second"
        finish.set()
        assert [part async for part in parts] == []


async def test_many_small_chunks_arrive_complete_and_in_order() -> None:
    lines = [b"%d\n" % number for number in range(20_000)]
    answer = await get(answering(Chunks(*lines)))
    assert answer.content == b"".join(lines)
