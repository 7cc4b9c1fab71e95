"""Uploads and downloads: bounded memory, backpressure, and what happens when one side has had enough."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import flask
import httpx
import pytest
import quart

from errbridge.asgi import Bridge, Wsgi
from errbridge.asgi.exchange import ClientGone
from errbridge_flask import ErrorHandler
from tests.asgi.serving import DEADLINE, hypercorn, raw
from tests.clients import Request, call_asgi

pytestmark = [pytest.mark.servers, pytest.mark.slow]

MEGABYTE = 1024 * 1024
PIECE = bytes(range(256)) * 256


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield PIECE


def digest(count: int) -> str:
    found = hashlib.sha256()
    for _ in range(count):
        found.update(PIECE)
    return found.hexdigest()


def make_app() -> flask.Flask:
    app = flask.Flask("f")

    @app.post("/digest")
    def hashed() -> str:
        found = hashlib.sha256()
        while chunk := flask.request.stream.read(30_000):
            found.update(chunk)
        return found.hexdigest()

    @app.post("/echo")
    def echo() -> Any:
        stream = flask.request.stream
        return flask.Response(iter(lambda: stream.read(50_000), b""))

    @app.post("/form")
    def form() -> Any:
        return {"field": flask.request.form["field"], "file": len(flask.request.files["file"].read())}

    @app.post("/lines")
    def lines() -> Any:
        return [line.decode() for line in flask.request.stream]

    @app.route("/unread", methods=["POST"])
    def unread() -> str:
        return "not read"

    @app.get("/download/<int:count>")
    def download(count: int) -> Any:
        return flask.Response(PIECE for _ in range(count))

    return app


async def test_fifty_megabytes_go_in_and_out_in_bounded_memory() -> None:
    count = 50 * MEGABYTE // len(PIECE)
    async with hypercorn(Bridge({"/": make_app()})) as server:
        await server.client.post("/digest", content=pieces(1))
        tracemalloc.start()
        try:
            answer = await server.client.post("/digest", content=pieces(count))
            assert answer.text == digest(count)
            found = hashlib.sha256()
            async with server.client.stream("GET", f"/download/{count}") as download:
                async for part in download.aiter_raw(MEGABYTE // 2):
                    found.update(part)
            assert found.hexdigest() == digest(count)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 10 * MEGABYTE


async def test_a_body_comes_back_while_it_is_still_going_in() -> None:
    async with hypercorn(Bridge({"/": make_app()})) as server:
        answer = await server.client.post("/echo", content=pieces(40))
    assert answer.content == PIECE * 40


@pytest.mark.parametrize("length", [0, 1, 1000, 64 * 1024, 64 * 1024 + 1, 300_000])
@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
async def test_uploads_of_every_size_arrive(length: int, chunked: bool) -> None:
    content = (PIECE * 5)[:length]

    async def parts() -> AsyncIterator[bytes]:
        for start in range(0, length, 7000):
            yield content[start : start + 7000]

    async with hypercorn(Bridge({"/": make_app()})) as server:
        answer = await server.client.post("/digest", content=parts() if chunked else content)
    assert answer.text == hashlib.sha256(content).hexdigest()


async def test_forms_and_lines_are_read_as_from_any_file() -> None:
    async with hypercorn(Bridge({"/": make_app()})) as server:
        sent = await server.client.post("/form", data={"field": "x"}, files={"file": b"y" * 200_000})
        lines = await server.client.post("/lines", content=b"one\ntwo\nthree")
    assert sent.json() == {"field": "x", "file": 200_000}
    assert lines.json() == ["one\n", "two\n", "three"]


async def test_a_slow_reader_slows_the_generator_down() -> None:
    made = 0

    def endless() -> Iterator[bytes]:
        nonlocal made
        while made < 2000:
            made += 1
            yield PIECE

    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: flask.Response(endless()))
    async with hypercorn(Bridge({"/": app})) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readexactly(1000)
        before = -1
        while before != made:
            before = made
            await asyncio.sleep(0.3)
        assert 0 < made < 500  # what fits into the sockets' buffers
        writer.close()


async def test_a_client_that_leaves_stops_the_generator_and_closes_it() -> None:
    made, closed = threading.Event(), threading.Event()

    def endless() -> Iterator[bytes]:
        try:
            while True:
                made.set()
                yield b"x" * 1000
        finally:
            closed.set()

    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: flask.Response(endless()))
    async with hypercorn(Bridge({"/": app})) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readexactly(1000)
        writer.close()
        assert await asyncio.to_thread(closed.wait, DEADLINE)


async def test_a_quiet_generator_notices_that_the_client_left_with_its_next_chunk() -> None:
    closed = threading.Event()
    proceed = threading.Event()

    def quiet() -> Iterator[bytes]:
        try:
            yield b"first"
            proceed.wait(DEADLINE)
            while True:
                yield b"more"
        finally:
            closed.set()

    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: flask.Response(quiet()), methods=["POST"])
    async with hypercorn(Bridge({"/": app})) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody")
        await reader.readuntil(b"first")
        writer.close()
        await writer.wait_closed()
        proceed.set()
        assert await asyncio.to_thread(closed.wait, DEADLINE)


async def test_a_generator_that_ends_after_the_client_left_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    gone, closed = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def quiet() -> Iterator[bytes]:
        yield b"first"
        asyncio.run_coroutine_threadsafe(gone.wait(), loop).result(DEADLINE)
        closed.set()

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        async def received() -> Any:
            event = await receive()
            if event["type"] == "http.disconnect":
                loop.call_later(0.05, gone.set)
            return event

        await bridge(scope, received, send)

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        return quiet()

    bridge = Bridge({"/": Wsgi(app)})
    async with hypercorn(watched) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"first")
        writer.close()
        assert await asyncio.to_thread(closed.wait, DEADLINE)
    assert not [record for record in caplog.records if record.name == "errbridge"]


@pytest.mark.parametrize("framing", [b"Content-Length: 2000000", b"Transfer-Encoding: chunked"])
async def test_a_client_that_leaves_during_its_upload_takes_no_thread_and_is_no_error(
    framing: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    app = make_app()

    @app.before_request
    def called() -> None:
        raise AssertionError("it has no complete request")

    async with hypercorn(Bridge({"/": app})) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /digest HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n5\r\nhello\r\n")
        await writer.drain()
        writer.close()
        async with asyncio.timeout(DEADLINE):
            while not (records := [record for record in caplog.records if record.name == "errbridge"]):
                await asyncio.sleep(0.01)
    assert [record.levelno for record in records] == [logging.DEBUG]


@pytest.mark.parametrize(
    ("framing", "expected"),
    [(b"Content-Length: 200000", 400), (b"Transfer-Encoding: chunked", ClientGone)],
    ids=["with length", "chunked"],
)
async def test_a_client_that_leaves_a_streamed_upload_is_an_error_for_its_reader(framing: bytes, expected: Any) -> None:
    seen: list[Any] = []
    reading, done = threading.Event(), threading.Event()
    app = flask.Flask("f")

    @app.post("/")
    def view() -> str:
        try:
            flask.request.stream.read(5)
            reading.set()
            flask.request.stream.read()
        except Exception as error:  # Werkzeug makes a 400 of it, where it knows the length
            seen.append(getattr(error, "code", type(error)))
        finally:
            done.set()
        return "nobody sees this"

    async with hypercorn(Bridge({"/": app}, stream_uploads=["/"])) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n5\r\nhello\r\n")
        assert await asyncio.to_thread(reading.wait, DEADLINE)
        writer.close()
        assert await asyncio.to_thread(done.wait, DEADLINE)
    assert seen == [expected]


@pytest.mark.parametrize(
    ("path", "text"), [("/digest", "answered 400"), ("/echo", "broke off after 200")], ids=["the view", "its stream"]
)
@pytest.mark.parametrize("framing", [b"Content-Length: 200000", b"Transfer-Encoding: chunked"])
async def test_a_client_that_leaves_what_the_application_reads_is_one_record_at_debug(
    framing: bytes, path: str, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    app = make_app()
    ErrorHandler(app)

    async with hypercorn(Bridge({"/old": app}, stream_uploads=["/old"])) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        head = f"POST /old{path} HTTP/1.1\r\nHost: x\r\n".encode() + framing + b"\r\n\r\n"
        writer.write(head + b"ea60\r\n" + b"x" * 60_000 + b"\r\n")
        if path == "/echo":
            await reader.readuntil(b"\r\n\r\n")
        writer.close()
        async with asyncio.timeout(DEADLINE):
            while not (found := [record for record in caplog.records if hasattr(record, "incident_id")]):
                await asyncio.sleep(0.01)
    (record,) = found
    assert (record.name, record.levelno) == ("errbridge", logging.DEBUG)
    assert record.getMessage().startswith(f"POST /old{path} {text}")
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_wsgi_without_a_framework_reads_what_there_is_of_a_streamed_upload() -> None:
    seen: list[BaseException] = []
    reading, done = threading.Event(), threading.Event()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        try:
            environ["wsgi.input"].read(10)
            reading.set()
            environ["wsgi.input"].read()
        except OSError as error:
            seen.append(error)
        finally:
            done.set()
        start_response("200 OK", [])
        return [b"nobody sees this"]

    async with hypercorn(Bridge({"/": app}, stream_uploads=["/"])) as server:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" + b"x" * 100_000)
        assert await asyncio.to_thread(reading.wait, DEADLINE)
        writer.close()
        assert await asyncio.to_thread(done.wait, DEADLINE)
    assert [type(error) for error in seen] == [ClientGone]


async def test_a_client_that_leaves_during_a_small_upload_takes_no_thread() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        raise AssertionError("it has no complete request")

    async with hypercorn(Bridge({"/": app})) as server:
        before = len(asyncio.all_tasks())
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\nhalf of it")
        async with asyncio.timeout(DEADLINE):
            while len(asyncio.all_tasks()) == before:
                await asyncio.sleep(0.01)
            writer.close()
            while len(asyncio.all_tasks()) > before:
                await asyncio.sleep(0.01)


async def test_an_unread_upload_never_blocks_the_connection() -> None:
    async with hypercorn(Bridge({"/": make_app()})) as server:
        for _ in range(3):
            answer = await server.client.post("/unread", content=PIECE * 100)
            assert (answer.status_code, answer.text) == (200, "not read")
            missing = await server.client.post("/missing", content=pieces(100))
            assert missing.status_code == 404


async def test_a_client_that_waits_for_permission_gets_it() -> None:
    async with hypercorn(Bridge({"/": make_app()})) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST /digest HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n")
        writer.write(b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(DEADLINE):
            assert b"100" in await reader.readuntil(b"\r\n\r\n")
            writer.write(b"hello")
            answer = await reader.read(-1)
        writer.close()
    assert hashlib.sha256(b"hello").hexdigest().encode() in answer


def quart_reader() -> quart.Quart:
    app = quart.Quart("q")

    @app.post("/digest")
    async def hashed() -> str:
        data: Any = await quart.request.get_data(as_text=False)
        return hashlib.sha256(data).hexdigest()

    return app


@pytest.mark.parametrize("make", [make_app, quart_reader], ids=["flask", "quart"])
@pytest.mark.parametrize("chunked", [False, True], ids=["with length", "chunked"])
async def test_an_upload_over_the_limit_is_a_413_and_one_at_the_limit_is_not(make: Any, chunked: bool) -> None:
    async def sent(content: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(content), 5000):
            yield content[start : start + 5000]

    async with hypercorn(Bridge({"/": make()}, max_body=200_000)) as server:
        for length, status in [(200_000, 200), (200_001, 413), (2_000_000, 413), (10, 200)]:
            content = b"x" * length
            answer = await server.client.post(
                "/digest", content=sent(content) if chunked else content, headers={"Accept": "application/json"}
            )
            assert answer.status_code == status, length
            if status == 413:
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert answer.json()["title"] == "Content Too Large"
                assert "200000 bytes" in answer.json()["detail"]


async def test_a_413_of_the_application_itself_is_kept() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        try:
            environ["wsgi.input"].read()
        except Exception:
            start_response("413 Mine", [])
            return [b"my own 413"]
        raise AssertionError

    async with hypercorn(Bridge({"/": app}, max_body=100_000, stream_uploads=["/"])) as server:
        answer = await server.client.post("/", content=pieces(3))
    assert (answer.status_code, answer.text) == (413, "my own 413")


async def test_an_upload_that_grows_too_large_after_the_answer_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    raised: list[BaseException] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        try:
            while (await receive())["type"] == "http.request":
                pass
        except Exception as exc:
            raised.append(exc)
            raise ExceptionGroup("of a task group", [exc]) from None

    sent = iter([{"type": "http.request", "body": b"x" * 60, "more_body": True}] * 2)

    async def receive() -> Any:
        return next(sent)

    async def send(event: Any) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b"", "scheme": "http"}
    await Bridge({"/": app}, max_body=100)(scope, receive, send)

    assert len(raised) == 1
    assert [record for record in caplog.records if record.levelno >= logging.INFO] == []


async def test_a_large_upload_that_is_refused_by_its_length_never_reaches_a_thread() -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        raise AssertionError

    async with hypercorn(Bridge({"/": app}, max_body=10)) as server:
        answer = await raw(
            server.port, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\nConnection: close\r\n\r\nhello world"
        )
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(("max_body", "status"), [(None, 200), (100, 413)])
async def test_a_length_of_thousands_of_digits_is_no_error_of_the_server(max_body: int | None, status: int) -> None:
    """HTTP/2 servers hand it on; Python refuses to make a number of it."""
    for digits, wanted in (("9" * 5000, status), ("0" * 5000 + "1", 200)):
        asked = Request("/digest", "POST", (("Content-Length", digits),), b"x")
        answer = await call_asgi(Bridge({"/": make_app()}, max_body=max_body), asked)
        assert answer.status == wanted


async def test_a_client_that_never_finishes_its_upload_is_not_waited_for_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("errbridge.asgi.exchange._LINGER_BETWEEN", 0.05)
    async with hypercorn(Bridge({"/": make_app()}, stream_uploads=["/unread"])) as server:
        answer = await raw(server.port, b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhello")
    assert answer.endswith(b"not read")


async def test_the_body_of_a_stream_request_can_be_read_slowly() -> None:
    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(5):
            await asyncio.sleep(0.02)
            yield b"x"

    async with hypercorn(Bridge({"/": make_app()})) as server:
        answer = await server.client.post("/digest", content=slowly(), timeout=httpx.Timeout(DEADLINE))
    assert answer.text == hashlib.sha256(b"xxxxx").hexdigest()


@pytest.mark.parametrize("stream_uploads", [(), ("/",)], ids=["gathered", "streamed"])
async def test_chunks_count_where_a_request_has_a_length_as_well(stream_uploads: Any) -> None:
    """RFC 9112 section 6.3: what is behind the chunks is not taken for a body, nor a body for the next request."""
    async with hypercorn(Bridge({"/": make_app()}, stream_uploads=stream_uploads)) as server:
        sent = b"POST /digest HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n"
        answer = await raw(server.port, sent + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
    assert answer.endswith(hashlib.sha256(b"hello").hexdigest().encode())
