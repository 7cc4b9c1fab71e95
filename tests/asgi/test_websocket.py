"""WebSockets: Quart's are passed through, all others get an answer."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import flask
import pytest
import quart
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from errbridge import Problem
from errbridge.asgi import Bridge
from tests.asgi.serving import DEADLINE, Server, hypercorn
from tests.clients import Communicator

pytestmark = pytest.mark.servers

JSON = {"Accept": "application/json"}


def quart_app() -> quart.Quart:
    app = quart.Quart("q")

    @app.websocket("/echo")
    async def echo() -> None:
        while True:
            received = await quart.websocket.receive()
            await quart.websocket.send(f"{quart.websocket.root_path} {received!s}")

    return app


async def accepts_and_fails(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "hello"})
    raise KeyError("a secret")


async def fails(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        return
    raise Problem(403, detail="Members only.") if scope["path"].endswith("/members") else KeyError("a secret")


def at(server: Server, path: str) -> Any:
    return connect(f"ws://127.0.0.1:{server.port}{path}", additional_headers=JSON, proxy=None)


async def test_a_quart_websocket_is_passed_through_below_its_mount() -> None:
    async with hypercorn(Bridge({"/": flask.Flask("f"), "/q": quart_app()})) as server, at(server, "/q/echo") as socket:
        await socket.send("hello")
        assert await socket.recv() == "/q hello"


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/flask", 400, "This URL does not speak WebSocket."),
        ("/nowhere", 404, "No application is mounted at this URL."),
        ("/fails", 500, ...),
        ("/fails/members", 403, "Members only."),
    ],
)
async def test_a_websocket_without_an_application_is_denied_with_the_problem(
    path: str, status: int, detail: Any
) -> None:
    async with hypercorn(Bridge({"/flask": flask.Flask("f"), "/fails": fails})) as server:
        with pytest.raises(InvalidStatus) as denied:
            async with at(server, path):
                pass
    response = denied.value.response
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    document = json.loads(response.body or b"")
    assert document["status"] == status
    assert detail is ... or document.get("detail") == detail
    assert "secret" not in str(document)


async def test_an_error_after_the_accept_closes_with_1011_and_one_record(caplog: pytest.LogCaptureFixture) -> None:
    async with hypercorn(Bridge({"/": accepts_and_fails})) as server, at(server, "/") as socket:
        assert await socket.recv() == "hello"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1011, "")
    assert [record.levelno for record in caplog.records if record.name == "errbridge"] == [logging.ERROR]


async def test_a_server_without_denial_responses_refuses() -> None:
    scope: dict[str, Any] = {"type": "websocket", "path": "/x", "headers": [], "query_string": b"", "extensions": None}
    server = Communicator(Bridge({"/flask": flask.Flask("f")}), scope)
    await server.send_input({"type": "websocket.connect"})
    assert (await server.receive_output())["type"] == "websocket.close"
    await server.wait()


async def test_an_error_after_the_application_closed_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.close", "code": 1000})
        raise KeyError

    server = Communicator(Bridge({"/": app}), {"type": "websocket", "path": "/", "headers": [], "query_string": b""})
    assert (await server.receive_output())["type"] == "websocket.close"
    await server.wait()
    assert await server.receive_nothing()
    assert len(caplog.records) == 1


async def test_list_bridges_route_websockets_too() -> None:
    other = quart.Quart("other")

    @other.websocket("/other")
    async def view() -> None:
        await quart.websocket.send("other")

    first = flask.Flask("f")
    first.add_url_rule("/echo", view_func=lambda: "http")
    async with hypercorn(Bridge([first, quart_app(), other])) as server:
        async with at(server, "/other") as socket:
            assert await socket.recv() == "other"
        async with at(server, "/echo") as socket:
            await socket.send("x")
            assert await socket.recv() == " x"
        assert (await server.client.get("/echo")).text == "http"
        with pytest.raises(InvalidStatus) as denied:
            async with asyncio.timeout(DEADLINE), at(server, "/nowhere"):
                pass
        assert denied.value.response.status_code == 404
    async with hypercorn(Bridge([first])) as server:
        with pytest.raises(InvalidStatus) as denied:
            async with at(server, "/echo"):
                pass
        assert denied.value.response.status_code == 400
