"""Errors of WebSocket routes in Quart, before the connection is accepted: the answer is the one a request would get."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
import quart

from errbridge import Problem
from errbridge_quart import ErrorHandler
from tests.clients import Response


async def handshake(app: quart.Quart, path: str, *headers: tuple[bytes, bytes]) -> Response:
    """Open a WebSocket as a server does that supports denial responses."""
    scope = {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost"), *headers],
        "subprotocols": [],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "extensions": {"websocket.http.response": {}},
    }
    incoming: list[Mapping[str, Any]] = [{"type": "websocket.connect"}]
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        if incoming:
            return incoming.pop()
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    await asyncio.wait_for(app(scope, receive, send), timeout=20)  # type: ignore[arg-type]
    start = next(message for message in sent if message["type"] == "websocket.http.response.start")
    body = b"".join(message["body"] for message in sent if message["type"] == "websocket.http.response.body")
    found = tuple((name.decode(), value.decode()) for name, value in start["headers"])
    return Response(start["status"], found, body)


@pytest.fixture
def app() -> quart.Quart:
    app = quart.Quart(__name__)
    errors = ErrorHandler(app)
    api = quart.Blueprint("api", __name__, url_prefix="/api")
    errors.api_register(api)

    @api.websocket("/full")
    async def full() -> None:
        raise Problem(503, detail="All seats are taken", headers={"Retry-After": "5"})

    @api.websocket("/broken")
    async def broken() -> None:
        raise ValueError("secret")

    @api.websocket("/forbidden")
    async def forbidden() -> None:
        quart.abort(403)

    @errors.register(api, code=403)
    async def explain(exc: Exception) -> tuple[str, dict[str, str]]:
        return "not for you", {"Content-Type": "text/plain"}

    app.register_blueprint(api)
    return app


async def test_a_problem_raised_before_accepting_is_the_denial_response(app: quart.Quart) -> None:
    response = await handshake(app, "/api/full")

    assert (response.status, response.content_type) == (503, "application/problem+json")
    assert response.header("Retry-After") == "5"
    assert response.json["detail"] == "All seats are taken"
    assert response.json["retry_after"] == 5


async def test_a_missing_websocket_route_belongs_to_the_prefix_around_it(app: quart.Quart) -> None:
    inside = await handshake(app, "/api/nope")
    outside = await handshake(app, "/nope")

    assert (inside.status, inside.content_type) == (404, "application/problem+json")
    assert (outside.status, outside.content_type) == (404, "text/html; charset=utf-8")


async def test_an_uncaught_exception_before_accepting_shows_nothing_of_itself(app: quart.Quart) -> None:
    response = await handshake(app, "/api/broken")

    assert response.status == 500
    assert response.json["detail"] == "Unhandled Exception"
    assert b"secret" not in response.body


async def test_a_handler_answers_a_websocket_as_it_answers_a_request(app: quart.Quart) -> None:
    response = await handshake(app, "/api/forbidden")

    assert (response.status, response.text) == (403, "not for you")


async def test_the_denial_response_is_negotiated(app: quart.Quart) -> None:
    response = await handshake(app, "/nope", (b"accept", b"text/plain"))

    assert response.content_type == "text/plain; charset=utf-8"
    assert response.text.startswith("404 Not Found\n")
