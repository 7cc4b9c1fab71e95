"""WebSockets: handed to the applications that speak ASGI, refused with a proper answer everywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from asgiref.typing import ASGISendCallable, ASGISendEvent, WebSocketScope

from errbridge.asgi.messages import Complete

__all__ = ["Handshake"]

_INTERNAL_ERROR = 1011  # RFC 6455 section 7.4.1 and its registry


@dataclass(slots=True)
class Handshake:
    """How far an application has come with a WebSocket."""

    _scope: WebSocketScope
    _send: ASGISendCallable
    status: int = 500  # that the client sees
    _has_answered: bool = False

    async def send(self, event: ASGISendEvent) -> None:
        """Send a message of the application."""
        if event["type"] == "websocket.accept":
            self.status = 101
        elif event["type"] in ("websocket.close", "websocket.http.response.start"):
            self._has_answered = True
        await self._send(event)

    @property
    def can_be_denied(self) -> bool:
        """Whether the client still waits for an answer."""
        return self.status != 101 and not self._has_answered

    async def deny(self, answer: Complete) -> None:
        """Refuse the WebSocket: with this answer where the server can send one, else with its 403."""
        if "websocket.http.response" not in (self._scope.get("extensions") or {}):
            await self._send({"type": "websocket.close", "code": 1000, "reason": ""})
            return
        await self._send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
        # asgiref leaves this message out of its events.
        body: Any = {"type": "websocket.http.response.body", "body": answer.body, "more_body": False}
        await self._send(body)

    async def fail(self) -> None:
        """Close the WebSocket after an error, unless the application has."""
        if not self._has_answered:
            await self._send({"type": "websocket.close", "code": _INTERNAL_ERROR, "reason": ""})
