"""What the bridge refuses is refused, whatever the application makes of it, and in the words of its owner."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any

import a2wsgi
import flask
import httpx
import litestar
import pytest
import quart
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

import errbridge_flask
import errbridge_quart
from errbridge.asgi import Bridge
from tests.asgi.serving import DEADLINE, hypercorn, raw
from tests.versions import HYPERCORN

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
    # Hypercorn 0.17 gives all requests of a connection one state, in which Litestar keeps the body of the first.
    headers = {"Accept": "application/json", "Connection": "close" if HYPERCORN < (0, 18) else "keep-alive"}
    async with hypercorn(Bridge({"/": APPS[name]()}, max_body=100_000)) as server:
        for length, status in [(100_000, (200, 201)), (105_000, (413,)), (2_000_000, (413,))]:
            content: Any = parts(length) if is_chunked else b"x" * length
            answer = await server.client.post("/", content=content, headers=headers)
            assert answer.status_code in status, length
            if answer.status_code == 413 and name != "quart":
                assert answer.json()["detail"] == "The request body may have at most 100000 bytes."


async def test_a_refusal_in_a_task_group_is_a_413() -> None:
    async with hypercorn(Bridge({"/": grouping}, max_body=10)) as server:
        answer = await server.client.post("/", content=parts(20_000))
    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["quart", "flask", "starlette"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["with length", "chunked"])
async def test_an_answer_that_comes_before_the_end_of_an_upload_reaches_the_client(
    name: str, is_chunked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("errbridge.asgi.exchange._LINGER_BETWEEN", 2 * DEADLINE)  # nothing waits for that
    async with hypercorn(Bridge({"/": APPS[name]()}, stream_uploads=["/"])) as server:
        for _ in range(2):
            content: Any = parts(8_000_000) if is_chunked else b"x" * 8_000_000
            async with asyncio.timeout(DEADLINE):
                answer = await server.client.post("/nowhere", content=content)
            assert answer.status_code == 404


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (1000, []),
        (600, []),
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
        ("600 Odd", []),
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
        ("200 OK", [("Content-Length", "6"), ("content-length", "5")]),
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
        last = sent.replace(b"POST", b"GET").replace(b"Host: x", b"Host: x\r\nConnection: close")
        answer = await raw(server.port, sent + last)
    assert answer.count(b"HTTP/1.1 413 ") == 2


CORS = "https://shop.example"


def an_owner(make: Any) -> Any:
    """An application with errbridge: an API under ``/api``, a site elsewhere, and CORS headers on every answer."""
    app = make("owner")
    errors: Any = (errbridge_flask if make is flask.Flask else errbridge_quart).ErrorHandler(app)
    errors.web_register(app)
    errors.api_register("/api")

    def view() -> str:
        return "a view"

    def add_header(response: Any) -> Any:
        response.headers["Access-Control-Allow-Origin"] = CORS
        return response

    def never() -> Any:
        raise AssertionError("nothing of the application comes before the refusal")

    app.add_url_rule("/", "root", view, methods=["GET", "POST"])
    app.add_url_rule("/api/x", "x", view, methods=["GET", "POST"])
    app.after_request(add_header)
    app.before_request(never)
    return app


@pytest.mark.parametrize("make", [flask.Flask, quart.Quart], ids=["flask", "quart"])
@pytest.mark.parametrize("mount", ["/", "/shop"])
@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/api/x", "application/problem+json"),
        ("/api/nowhere", "application/problem+json"),
        ("/", "text/html; charset=utf-8"),
    ],
)
async def test_a_refusal_has_the_style_and_the_headers_of_the_application_that_owns_the_place(
    make: Any, mount: str, path: str, content_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "errbridge")
    at = mount.rstrip("/") + path
    async with hypercorn(Bridge({mount: an_owner(make)}, max_body=10)) as server:
        answer = await server.client.post(at, content=b"x" * 11)
        head = await server.client.request("HEAD", at, content=b"x" * 11)
    for each in (answer, head):
        assert each.status_code == 413
        assert each.headers["Content-Type"] == content_type
        assert each.headers["Access-Control-Allow-Origin"] == CORS
    if content_type.startswith("text/html"):
        assert "Please go back and send something smaller." in answer.text  # the number is for programs
    else:
        assert "The request body may have at most 10 bytes." in answer.text
    assert head.content == b""
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]
    assert [record.levelno for record in caplog.records if record.name == "errbridge"] == [logging.INFO] * 2


async def test_a_408_and_a_503_are_the_owners_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("errbridge.asgi.exchange._LINGER_BETWEEN", 0.05)
    app = an_owner(flask.Flask)
    go = threading.Event()
    app.before_request_funcs[None].pop()
    app.view_functions["x"] = lambda: str(go.wait(DEADLINE))
    bridge = Bridge({"/": app}, threads=1, waiting=0, patience=0.1)
    async with hypercorn(bridge) as server:
        answer = await raw(server.port, b"POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert CORS.encode() in answer
        first = asyncio.create_task(server.client.get("/api/x"))
        while bridge._threads.free:
            await asyncio.sleep(0.01)
        second = await server.client.get("/api/x")
        go.set()
        assert (await first).text == "True"
    assert (second.status_code, second.headers["Access-Control-Allow-Origin"]) == (503, CORS)
    assert (second.headers["Retry-After"], second.json()["retry_after"]) == ("1", 1)


async def test_a_websocket_to_flask_is_denied_in_the_words_of_flask() -> None:
    async with hypercorn(Bridge({"/": an_owner(flask.Flask)})) as server:
        with pytest.raises(InvalidStatus) as denied:
            async with connect(f"ws://127.0.0.1:{server.port}/api/x", proxy=None):
                pass
    response = denied.value.response
    assert (response.status_code, response.headers["Access-Control-Allow-Origin"]) == (400, CORS)
    assert b"This URL does not speak WebSocket." in (response.body or b"")


@pytest.mark.parametrize("make", [flask.Flask, quart.Quart], ids=["flask", "quart"])
async def test_an_application_that_waits_for_its_client_to_leave_does_not_delay_a_refusal(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since 0.23, Quart waits for the client to leave, also after a complete response."""
    monkeypatch.setattr("errbridge.asgi.errors._PATIENCE", 3600.0)

    async with hypercorn(Bridge({"/shop": an_owner(make)}, max_body=10)) as server, asyncio.timeout(60):
        refused = await server.client.post("/shop/api/x", content=b"x" * 11)

    assert (refused.status_code, refused.headers["Content-Type"]) == (413, "application/problem+json")


@pytest.mark.parametrize("make", [flask.Flask, quart.Quart], ids=["flask", "quart"])
async def test_an_application_that_cannot_answer_for_the_bridge_lends_its_style(
    make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = an_owner(make)

    def broken(*_: Any) -> Any:
        raise KeyError("a secret")

    setattr(app, "wsgi_app" if make is flask.Flask else "asgi_app", broken)
    async with hypercorn(Bridge({"/shop": app}, max_body=10)) as server:
        refused = await server.client.post("/shop/api/x", content=b"x" * 11)
        crashed = await server.client.get("/shop/api/x")
    assert (refused.status_code, crashed.status_code) == (413, 500)
    assert {refused.headers["Content-Type"], crashed.headers["Content-Type"]} == {"application/problem+json"}
    assert "secret" not in crashed.text
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR and record.name == "errbridge"]
    assert record.exc_info
    assert isinstance(record.exc_info[1], KeyError)


@pytest.mark.parametrize("make", [flask.Flask, quart.Quart], ids=["flask", "quart"])
async def test_an_exception_from_around_an_application_is_answered_as_its_own_500s_are(
    make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = an_owner(make)
    name = "wsgi_app" if make is flask.Flask else "asgi_app"
    inner, failures = getattr(app, name), list[Exception]()

    def middleware(*arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return inner(*arguments)

    setattr(app, name, middleware)
    async with hypercorn(Bridge({"/": app})) as server:
        failures.append(KeyError("a secret"))
        answer = await server.client.get("/api/x")
    assert (answer.status_code, answer.json()["title"]) == (500, "Internal Server Error")
    assert (answer.headers["Access-Control-Allow-Origin"], "secret" in answer.text) == (CORS, False)
    (record,) = [record for record in caplog.records if record.name == "errbridge"]
    assert (record.levelno, record.incident_id) == (  # type: ignore[attr-defined]
        logging.ERROR,
        answer.json()["instance"].removeprefix("urn:uuid:"),
    )
    assert record.exc_info
    assert isinstance(record.exc_info[1], KeyError)


async def test_a_crowd_that_is_refused_at_once_gets_the_headers_of_the_application() -> None:
    app, go = an_owner(flask.Flask), threading.Event()
    app.before_request_funcs[None].pop()
    app.view_functions["x"] = lambda: str(go.wait(DEADLINE))
    bridge = Bridge({"/": app}, threads=1, waiting=0)
    async with hypercorn(bridge) as server:
        first = asyncio.create_task(server.client.get("/api/x"))
        while bridge._threads.free:
            await asyncio.sleep(0.01)
        answers = await asyncio.gather(*(server.client.get("/api/x") for _ in range(60)))
        go.set()
        await first
    assert {(each.status_code, each.headers.get("Access-Control-Allow-Origin")) for each in answers} == {(503, CORS)}


async def test_the_record_of_an_application_without_errbridge_names_its_mount(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "errbridge")

    def late(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"first"
        raise KeyError

    async with hypercorn(Bridge({"/shop": flask_app(), "/late": late}, max_body=10)) as server:
        await server.client.post("/shop/x", content=b"x" * 11)
        await server.client.get("/nowhere")
        with pytest.raises(httpx.RemoteProtocolError):
            await server.client.get("/late/x")
    records: list[Any] = [record for record in caplog.records if record.name == "errbridge"]
    seen = [(record.scope, record.path) for record in records]
    assert seen == [("/shop", "/shop/x"), ("app", "/nowhere"), ("/late", "/late/x")]


async def test_an_answer_of_the_bridge_that_the_server_refuses_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """With h11, uvicorn answers a broken chunk by itself, and raises LocalProtocolError for a second answer."""
    caplog.set_level(logging.DEBUG, "errbridge")

    async def send(message: Any) -> None:
        raise RuntimeError("the connection is closing")

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/", "query_string": b"", "headers": []}
    await Bridge({"/elsewhere": flask_app()})(scope, asyncio.Event().wait, send)
    seen = [(record.levelno, record.getMessage()) for record in caplog.records if record.name == "errbridge"]
    assert seen[1:] == [(logging.DEBUG, "no answer to GET '/': the connection is closing")]


@pytest.mark.parametrize("debug", [True, False])
async def test_flask_has_its_debugger_in_debug_mode(debug: bool) -> None:
    app = flask.Flask("f")
    app.debug = debug
    errbridge_flask.ErrorHandler(app)
    app.add_url_rule("/", view_func=lambda: str(1 / 0))
    app.add_url_rule("/fine", "fine", lambda: "fine")
    async with hypercorn(Bridge({"/": app})) as server:
        answer = await server.client.get("/", headers={"Accept": "text/html"})
        assert (answer.status_code, "The debugger caught an exception" in answer.text) == (500, debug)
        script = await server.client.get("/?__debugger__=yes&cmd=resource&f=debugger.js")
        assert (script.status_code == 200) is debug
        fine = await server.client.get("/fine")
    assert (fine.text, fine.headers["Content-Length"]) == ("fine", "4")


async def test_under_another_bridge_flask_has_no_debugger_that_it_did_not_have_before() -> None:
    app: Any = flask.Flask("f")
    app.debug = True
    errbridge_flask.ErrorHandler(app)
    app.add_url_rule("/", view_func=lambda: str(1 / 0))
    async with hypercorn(a2wsgi.WSGIMiddleware(app)) as server:
        answer = await server.client.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, "debugger" in answer.text.lower()) == (500, False)
