"""One HTTP request and its response, as the bridge sees them pass.

Every message goes through here, so this is the place that knows whether an answer has begun and whether the client
has sent everything. That decides what can still be done about an error (RFC 9112 section 9.3 and 9.6): before the
answer begins another one can be given, afterwards the connection can only be broken off; and a connection whose
upload nobody has read stays blocked until somebody does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import cast

from asgiref.typing import (
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    HTTPScope,
)

from errbridge.asgi.edges import too_large
from errbridge.asgi.messages import Complete, RawHeaders, declared_length
from errbridge.http.headers import split_list
from errbridge.http.status import has_body

__all__ = ["Exchange"]

_LINGER_FOR = 30.0
"""Seconds that the rest of an upload is read and thrown away, so that the client gets to read its answer."""

_LINGER_BETWEEN = 5.0
"""Seconds that the client may pause in the meantime."""


class Exchange:
    """The messages of one request, watched on their way.

    Args:
        scope: The request.
        receive: From the server.
        send: To the server.
        max_body: The most bytes that an upload may have; None for no limit.

    Attributes:
        allow: The methods that other applications know at the URL; they join the ``Allow`` header of this one's answer.
        started: Whether the answer has begun.
        status: The answer's status, once it has begun.
        complete: Whether the answer is complete.
        unread: Whether there may be more of the upload.
        gone: Whether the client has left.
    """

    __slots__ = (
        "_max_body",
        "_receive",
        "_received",
        "_send",
        "allow",
        "complete",
        "gone",
        "method",
        "scope",
        "started",
        "status",
        "unread",
    )

    def __init__(
        self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable, max_body: int | None
    ) -> None:
        self.scope = scope
        self.method = scope["method"]
        self.allow: tuple[str, ...] = ()
        self.started = False
        self.status = 0
        self.complete = False
        self.unread = True
        self.gone = False
        self._receive = receive
        self._send = send
        self._received = 0
        self._max_body = max_body

    def check_length(self) -> None:
        """Refuse an upload that says itself that it is too large.

        Raises:
            Problem: 413.
        """
        if self._max_body is not None and (declared_length(self.scope["headers"]) or 0) > self._max_body:
            raise too_large(self._max_body)

    async def receive(self) -> ASGIReceiveEvent:
        """Receive the next message.

        Raises:
            Problem: 413, with this message the upload is too large.
        """
        event = await self._receive()
        if event["type"] == "http.request":
            self.unread = event.get("more_body", False)
            if self._max_body is not None:
                self._received += len(event.get("body", b""))
                if self._received > self._max_body:
                    raise too_large(self._max_body)
        else:
            self.gone = True
            self.unread = False
        return event

    async def send(self, event: ASGISendEvent) -> None:
        """Send a message of the application.

        What no answer may have is left out, whatever the application thinks: Quart gives a body to HEAD and 204 too.
        """
        if event["type"] == "http.response.start":
            await self.start(event["status"], list(event.get("headers", ())), trailers=event.get("trailers", False))
            return
        if event["type"] == "http.response.body":
            self.complete = not event.get("more_body", False)
            if not has_body(self.method, self.status):
                event = {"type": "http.response.body", "body": b"", "more_body": not self.complete}
        elif cast(str, event["type"]) == "http.response.pathsend":  # an extension; asgiref's types leave it out
            self.complete = True
        await self._send(event)

    async def start(self, status: int, headers: RawHeaders, *, trailers: bool = False) -> None:
        """Begin the answer."""
        self.started = True
        self.status = status
        if status < 200 or status == 204:  # RFC 9110 section 8.6
            headers = [header for header in headers if header[0].lower() != b"content-length"]
        if self.allow and (status == 405 or self.method == "OPTIONS"):
            headers = _allowing(headers, self.allow)
        await self._send({"type": "http.response.start", "status": status, "headers": headers, "trailers": trailers})

    async def write(self, body: bytes) -> None:
        """Send a part of the answer's body."""
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def finish(self, body: bytes = b"") -> None:
        """Send the rest of the answer's body, then let the client finish its upload, then end the exchange.

        Servers give up on a request as soon as its answer ends: Hypercorn would never again read from a connection
        whose queue is full of an upload, and a client that is still writing would lose the answer to a reset.
        """
        if self.unread:
            await self.write(body)
            body = b""
            await self._discard_upload()
        self.complete = True
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def answer(self, answer: Complete) -> None:
        """Send a complete answer; its body only where there may be one."""
        await self.start(answer.status, answer.headers)
        await self.finish(answer.body if has_body(self.method, answer.status) else b"")

    async def _discard_upload(self) -> None:
        self._max_body = None
        try:
            async with asyncio.timeout(_LINGER_FOR):
                while self.unread:
                    async with asyncio.timeout(_LINGER_BETWEEN):
                        await self.receive()
        except TimeoutError:
            pass


def _allowing(headers: RawHeaders, methods: Iterable[str]) -> RawHeaders:
    """Add methods to the ``Allow`` header, where there is one."""
    allowed = [value.decode("latin-1") for name, value in headers if name.lower() == b"allow"]
    if not allowed:
        return headers
    union = sorted({method for value in allowed for method in split_list(value)}.union(methods))
    others = [header for header in headers if header[0].lower() != b"allow"]
    return [*others, (b"allow", ", ".join(union).encode("latin-1"))]
