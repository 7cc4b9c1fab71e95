"""WebSockets: handed to the applications that speak ASGI, refused with a proper answer everywhere else."""

from __future__ import annotations

from typing import cast

from asgiref.typing import (
    ASGISendCallable,
    ASGISendEvent,
    WebSocketResponseBodyEvent,
    WebSocketScope,
)

from errbridge.asgi.messages import Complete

__all__ = ["Handshake"]

_INTERNAL_ERROR = 1011  # RFC 6455 section 7.4.1 and its registry


class Handshake:
    """How far an application has come with a WebSocket.

    Args:
        scope: The request.
        send: To the server.
    """

    __slots__ = ("_has_answered", "_scope", "_send", "_was_accepted")

    def __init__(self, scope: WebSocketScope, send: ASGISendCallable) -> None:
        self._scope = scope
        self._send = send
        self._was_accepted = False
        self._has_answered = False

    async def send(self, event: ASGISendEvent) -> None:
        """Send a message of the application."""
        if event["type"] == "websocket.accept":
            self._was_accepted = True
        elif event["type"] in ("websocket.close", "websocket.http.response.start"):
            self._has_answered = True
        await self._send(event)

    @property
    def can_be_denied(self) -> bool:
        """Whether the client still waits for an answer."""
        return not self._was_accepted and not self._has_answered

    @property
    def status(self) -> int:
        """The status that the client has seen."""
        return 101 if self._was_accepted else 500

    async def deny(self, answer: Complete) -> None:
        """Refuse the WebSocket: with this answer where the server can send one, else with its 403."""
        if "websocket.http.response" not in (self._scope.get("extensions") or {}):
            await self._send({"type": "websocket.close", "code": 1000, "reason": ""})
            return
        await self._send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
        await self._send(
            cast(
                WebSocketResponseBodyEvent,
                {"type": "websocket.http.response.body", "body": answer.body, "more_body": False},
            )
        )

    async def fail(self) -> None:
        """Close the WebSocket after an error, unless the application has."""
        if not self._has_answered:
            await self._send({"type": "websocket.close", "code": _INTERNAL_ERROR, "reason": ""})
