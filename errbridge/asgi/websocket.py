"""WebSockets: handed to the applications that speak ASGI, refused with a proper answer everywhere else."""

from __future__ import annotations

from typing import cast

from asgiref.typing import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    WebSocketResponseBodyEvent,
    WebSocketScope,
)

from errbridge.application.hooks import Hooks
from errbridge.asgi import edges
from errbridge.asgi.applications import AsgiApp
from errbridge.problem.problem import Problem

__all__ = ["deny", "serve_websocket"]

_INTERNAL_ERROR = 1011  # RFC 6455 section 7.4.1 and its registry


async def serve_websocket(
    app: AsgiApp,
    scope: WebSocketScope,
    receive: ASGIReceiveCallable,
    send: ASGISendCallable,
    hooks: Hooks,
) -> None:
    """Have an application serve a WebSocket; what it raises is answered while that is possible, and closes it after.

    Args:
        app: The application.
        scope: The request, below the application's mount.
        receive: From the server.
        send: To the server.
        hooks: Told of an error that the application did not answer.
    """
    accepted = answered = False

    async def watched(event: ASGISendEvent) -> None:
        """Send, and note how far the application has come."""
        nonlocal accepted, answered
        if event["type"] == "websocket.accept":
            accepted = True
        elif event["type"] in ("websocket.close", "websocket.http.response.start"):
            answered = True
        await send(event)

    try:
        await app(scope, receive, watched)
    except Exception as error:
        if not accepted and not answered:
            await deny(error if isinstance(error, Problem) else edges.crashed(error), scope, send, hooks)
            return
        edges.broken_off(scope, 101 if accepted else 500, error)
        if not answered:
            await send({"type": "websocket.close", "code": _INTERNAL_ERROR, "reason": ""})


async def deny(problem: Problem, scope: WebSocketScope, send: ASGISendCallable, hooks: Hooks) -> None:
    """Refuse a WebSocket before it is accepted: with the problem where the server can send one, else with its 403.

    Args:
        problem: Why.
        scope: The request.
        send: To the server.
        hooks: Told of it.
    """
    answer = edges.answer(problem, scope, hooks)
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1000, "reason": ""})
        return
    await send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
    await send(
        cast(
            WebSocketResponseBodyEvent,
            {"type": "websocket.http.response.body", "body": answer.body, "more_body": False},
        )
    )
