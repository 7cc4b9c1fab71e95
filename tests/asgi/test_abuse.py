"""Clients that are slow, that leave, and that do not do as they said: the bridge and its threads outlive them."""

from __future__ import annotations

import asyncio
import gc
import logging
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import flask
import httpx
import pytest

from benchmarks.slow import SLOW, make_app, slow_clients
from errbridge.asgi import Bridge
from tests.asgi.serving import DEADLINE, hypercorn, raw

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "errbridge"]


async def settled(is_settled: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not is_settled():
            await asyncio.sleep(0.01)


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", *headers, "", ""]).encode() + body


@pytest.mark.parametrize("stream_uploads", [(), ("/",)], ids=["gathered", "streamed"])
@pytest.mark.parametrize("attack", SLOW)
async def test_slow_clients_delay_nobody_and_no_thread_is_lost_to_them(
    attack: str, stream_uploads: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("FOR", "BETWEEN"):  # nothing waits for that
        monkeypatch.setattr(f"errbridge.asgi.exchange._LINGER_{limit}", 3 * DEADLINE)
    sent, answered = SLOW[attack]
    bridge = Bridge({"/": make_app()}, threads=4, stream_uploads=stream_uploads)
    threads = bridge._threads
    async with hypercorn(bridge) as server:
        async with slow_clients(server.port, 40, sent, answered=answered):
            assert (await server.client.get("/who")).text == "me"
        await settled(lambda: (threads.free, threads.streaming) == (4, 0))
        assert (await server.client.get("/who")).text == "me"
        await settled(lambda: len(threads._idle) <= 4)
    assert [record for record in records(caplog) if record.levelno > logging.DEBUG] == []


async def test_a_stream_waits_for_its_client_on_the_loop_and_no_thread_waits_with_it() -> None:
    app = make_app()
    app.view_functions["pieces"] = lambda: flask.Response(b"x" * 10_000 for _ in range(1500))  # no socket buffers that
    bridge = Bridge({"/": app}, threads=4, streams=0)
    async with hypercorn(bridge) as server, slow_clients(server.port, 20, request("GET", "/pieces"), answered=True):
        await settled(lambda: bridge._threads.free == 4)


async def test_the_chunks_of_a_stream_are_made_in_one_thread_however_slow_its_client_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("errbridge.asgi.streams.AHEAD", 100_000)  # it has to wait now and then
    app = flask.Flask("f")

    @app.get("/")
    def view() -> Any:
        def rows() -> Iterator[bytes]:
            database = sqlite3.connect(":memory:")  # used in another thread, it raises an error
            numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n"
            for (number,) in database.execute(numbers):
                yield b"%05d" % number * 1000
            database.close()

        return flask.Response(rows())

    async with hypercorn(Bridge({"/": app})) as server:
        others = [asyncio.create_task(server.client.get("/")) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=10_000)
        writer.write(request("GET", "/", "Connection: close"))
        await asyncio.sleep(0.5)
        received = await reader.read(-1)
        writer.close()
        assert b"01000" * 100 in received
        assert {len((await other).content) for other in others} == {5_000_000}


@pytest.mark.parametrize("leaves", [True, False])
async def test_a_failure_to_send_to_a_client_that_left_is_known_to_the_bridge_alone(
    leaves: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """Hypercorn raises RuntimeError for an HTTP/2 stream of a connection that is closing."""
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    left = asyncio.Event()
    messages = iter([{"type": "http.request"}])

    async def receive() -> Any:
        if (message := next(messages, None)) is None:
            await left.wait()
        return message or {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            if leaves:
                left.set()
            try:
                await asyncio.sleep(0.01)
            finally:
                raise RuntimeError("the connection is closing")

    scope = {"type": "http", "http_version": "2", "method": "GET", "path": "/who", "query_string": b"", "headers": []}
    await Bridge({"/": make_app()})(scope, receive, send)
    gc.collect()
    assert reported == []
    assert [record.levelno for record in records(caplog) if record.levelno > logging.DEBUG] == (
        [] if leaves else [logging.ERROR]
    )


async def test_more_streams_than_allowed_keep_their_turns() -> None:
    bridge = Bridge({"/": make_app()}, threads=2, streams=3)
    threads = bridge._threads
    async with hypercorn(bridge) as server:
        sent = request("GET", "/endless")
        async with slow_clients(server.port, 4, sent, answered=True):
            assert (threads.free, threads.streaming) == (1, 3)
            async with slow_clients(server.port, 1, sent, answered=True):
                assert (threads.free, threads.streaming) == (0, 3)
                waiting = asyncio.create_task(server.client.get("/who"))
                await asyncio.sleep(0.1)
                assert not waiting.done()
            assert (await waiting).text == "me"
        await settled(lambda: (threads.free, threads.streaming) == (2, 0))


@pytest.mark.parametrize("stream_uploads", [(), ("/",)], ids=["gathered", "streamed"])
@pytest.mark.parametrize("framing", ["Content-Length: 9", "Content-Length: 900000", "Transfer-Encoding: chunked"])
async def test_an_upload_that_pauses_for_too_long_is_a_408(
    framing: str, stream_uploads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("errbridge.asgi.exchange._LINGER_BETWEEN", 0.05)
    bridge = Bridge({"/": make_app()}, patience=0.2, stream_uploads=stream_uploads)
    async with hypercorn(bridge) as server:
        sent = request("POST", "/length", framing, "Accept: application/json", body=b"1\r\nx\r\n")
        answer = await raw(server.port, sent)
        await settled(lambda: bridge._threads.free == 40)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"Nothing of the request body arrived for 0.2 seconds." in answer


@pytest.mark.parametrize("target", ["/whole", "/pieces"])
async def test_a_client_that_reads_nothing_for_long_is_let_go(target: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    app = make_app()
    app.config["PIECES"] = closed = threading.Event()

    def pieces() -> Iterator[bytes]:
        try:
            for _ in range(3000):
                yield b"x" * 10_000
        finally:
            closed.set()

    app.view_functions["pieces"] = lambda: flask.Response(pieces())
    app.view_functions["whole"] = lambda: b"x" * 30_000_000
    bridge = Bridge({"/": app}, patience=0.3)
    async with hypercorn(bridge) as server, slow_clients(server.port, 1, request("GET", target), answered=True):
        await settled(lambda: bool(records(caplog)))
        await settled(lambda: (bridge._threads.free, bridge._threads.streaming) == (40, 0))
    assert [(record.levelno, "read nothing for 0.3 seconds" in record.getMessage()) for record in records(caplog)] == [
        (logging.DEBUG, True)
    ]
    assert target == "/whole" or closed.is_set()


async def test_a_client_that_reads_slowly_gets_everything() -> None:
    async with hypercorn(Bridge({"/": make_app()}, patience=1.0)) as server:
        for target in ("/whole", "/pieces"):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1000)
            writer.write(request("GET", target, "Connection: close"))
            received = 0
            while part := await reader.read(100_000):
                received += len(part)
                await asyncio.sleep(0.05)
            writer.close()
            assert received > 3_000_000


async def test_the_request_of_a_client_that_left_while_it_waited_for_a_thread_is_not_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    go, run = threading.Event(), list[str]()
    app = flask.Flask("f")

    @app.get("/<name>")
    def view(name: str) -> str:
        run.append(name)
        go.wait(DEADLINE)
        return name

    bridge = Bridge({"/": app}, threads=1)
    async with hypercorn(bridge) as server:
        first = asyncio.create_task(server.client.get("/first"))
        await settled(lambda: run == ["first"])
        async with slow_clients(server.port, 3, request("GET", "/left")):
            await settled(lambda: len(bridge._threads._queue) == 3)
        await settled(lambda: len(records(caplog)) == 3)
        last = asyncio.create_task(server.client.get("/last"))
        await asyncio.sleep(0.05)
        go.set()
        assert [(await answer).text for answer in (first, last)] == ["first", "last"]
    assert run == ["first", "last"]
    assert {record.levelno for record in records(caplog)} == {logging.DEBUG}


async def test_a_complete_answer_does_not_wait_for_its_close(caplog: pytest.LogCaptureFixture) -> None:
    proceed, closed = threading.Event(), threading.Event()
    app = flask.Flask("f")

    @app.get("/")
    def view() -> Any:
        response = flask.Response("complete")

        @response.call_on_close
        def close() -> None:
            proceed.wait(DEADLINE)
            closed.set()

        return response

    async with hypercorn(Bridge({"/": app})) as server:
        assert (await server.client.get("/")).text == "complete"
        assert not closed.is_set()
        proceed.set()
    assert closed.is_set()  # the server's end waits for it


@pytest.mark.parametrize("path", ["/whole", "/stream"])
async def test_what_closing_raises_takes_nothing_away_and_is_logged(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = flask.Flask("f")

    def closing(response: flask.Response) -> flask.Response:
        response.call_on_close(lambda: 1 / 0)
        return response

    app.add_url_rule("/whole", "whole", lambda: closing(flask.Response("complete")))
    app.add_url_rule("/stream", "stream", lambda: closing(flask.Response(iter([b"comp", b"lete"]))))
    bridge = Bridge({"/": app})
    async with hypercorn(bridge) as server:
        assert (await server.client.get(path)).text == "complete"
        await settled(lambda: bool(records(caplog)))
        await settled(lambda: bridge._threads.free == 40)
    (record,) = records(caplog)
    assert (record.levelno, record.getMessage()) == (
        logging.ERROR,
        f"GET {path!r} was answered, but closing the answer failed",
    )
    assert record.exc_info
    assert record.exc_info[0] is ZeroDivisionError


@pytest.mark.parametrize("exception", [SystemExit(0), KeyboardInterrupt(), GeneratorExit(), StopIteration()])
async def test_no_exception_of_a_view_ends_the_server(
    exception: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def early(environ: Any, start_response: Any) -> Any:
        raise exception

    def late(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"first"
        raise exception

    def closing(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])

        class Body(list[bytes]):
            def close(self) -> None:
                raise exception

        return Body([b"complete"])

    bridge = Bridge({"/early": early, "/late": late, "/closing": closing})
    async with hypercorn(bridge) as server:
        assert (await server.client.get("/early")).status_code == 500
        with pytest.raises(httpx.RemoteProtocolError):
            await server.client.get("/late")
        assert (await server.client.get("/closing")).text == "complete"
        await settled(lambda: bridge._threads.free == 40)
    assert [record.levelno for record in records(caplog)] == [logging.ERROR] * 3


async def test_sys_exit_in_a_flask_view_is_a_500() -> None:
    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: sys.exit(0))
    app.add_url_rule("/who", "who", lambda: "me")
    async with hypercorn(Bridge({"/": app})) as server:
        assert (await server.client.get("/")).status_code == 500
        assert (await server.client.get("/who")).text == "me"


async def test_an_abandoned_stream_leaves_nothing_behind() -> None:
    """Without the garbage collector: cycles would keep each stream's last chunks until it runs."""
    app = make_app()
    chunks: list[int] = []

    class Chunk(bytes):
        def __init__(self, *_: Any) -> None:
            chunks.append(1)

        def __del__(self) -> None:
            chunks.pop()

    app.view_functions["pieces"] = lambda: flask.Response(Chunk(b"x" * 1000) for _ in range(100_000))
    bridge = Bridge({"/": app})
    async with hypercorn(bridge) as server:
        gc.collect()
        gc.disable()
        try:
            async with slow_clients(server.port, 10, request("GET", "/pieces"), answered=True):
                assert chunks
            await settled(lambda: bridge._threads.streaming == 0)
            await settled(lambda: not chunks)
        finally:
            gc.enable()


@pytest.mark.parametrize("target", ["http://[/x", "http://%E2%84%80/x", "http://", "://", "x", "http://a b/", "%00"])
@pytest.mark.parametrize("upgrade", [(), ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")])
async def test_an_odd_target_is_served_like_any_other(
    target: str, upgrade: Any, caplog: pytest.LogCaptureFixture
) -> None:
    key = ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",) if upgrade else ("Connection: close",)
    app = make_app()
    for bridge in (Bridge({"/": app}), Bridge([app])):
        async with hypercorn(bridge) as server:
            answer = await raw(server.port, request("GET", target, *upgrade, *key), until_closed=False)
        assert answer[:13] in (b"HTTP/1.1 404 ", b"HTTP/1.1 400 "), answer
    assert [record for record in records(caplog) if record.levelno >= logging.ERROR] == []
