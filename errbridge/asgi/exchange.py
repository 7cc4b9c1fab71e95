"""One HTTP request and its response, as the bridge sees them pass.

Every message goes through here, so this is the place that knows what can still be done. An exchange has two states, and
each of them only moves downwards:

==========================================  =====================================================
the client                                  the answer
==========================================  =====================================================
``uploading``: its request is not complete  ``awaited``: any answer can be given
``listening``: it waits for the answer      ``begun``: the connection can only be broken off
``gone``: it left, or was let go            ``complete``: nothing more is sent
==========================================  =====================================================

A *refusal* (the upload is too large, or too slow) is remembered: whatever the application makes of the exception that
its ``receive()`` raised, the client gets the refusal, or an answer of the application with the same status.

An answer that is complete while the client is still uploading waits with its end until the upload is read (RFC 9112
section 9.6): servers reset the connection otherwise, and the client would lose the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, NoReturn, cast

from asgiref.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, ASGISendEvent, HTTPScope

from errbridge.asgi.edges import too_large, too_slow
from errbridge.asgi.messages import Complete, RawHeaders, declared_length
from errbridge.http.headers import check_head, split_list
from errbridge.http.status import has_body
from errbridge.problem.problem import Problem

__all__ = ["PIECE", "BrokenOff", "ClientGone", "Exchange", "Limits"]

PIECE = 64 * 1024
"""Bytes of an answer that are sent at once, and that a client has to take within the limit of its pauses."""

_LINGER_FOR = 30.0
"""Seconds that the rest of an upload is read and thrown away, so that the client gets to read its answer."""

_LINGER_BETWEEN = 5.0
"""Seconds that the client may pause in the meantime."""


class ClientGone(ConnectionError):
    """There is no client any more to read the answer."""


class BrokenOff(Exception):
    """A bridge in this bridge broke its answer off, and has recorded why. The server only sees that it returns."""


Client = Literal["uploading", "listening", "gone"]
Answer = Literal["awaited", "begun", "complete"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may take."""

    max_body: int | None  # bytes of an upload
    patience: float  # seconds between two parts of an upload, or of an answer


@dataclass(slots=True, eq=False)
class Exchange:
    """The messages of one request, watched on their way."""

    scope: HTTPScope
    _receive: ASGIReceiveCallable
    _send: ASGISendCallable
    _limits: Limits
    allow: tuple[str, ...] = ()  # what other applications know at the URL; it joins the Allow header of the answer
    client: Client = "uploading"
    answer: Answer = "awaited"
    status: int = 0  # of the answer, once it has begun
    received: int = 0  # bytes of the upload
    refusal: Problem | None = None
    _received: asyncio.Event | None = None

    def check_length(self) -> None:
        """Refuse an upload that says itself that it is too large.

        Raises:
            Problem: 413.
        """
        most = self._limits.max_body
        if most is not None and (declared_length(self.scope["headers"]) or 0) > most:
            self._refuse(too_large(most))

    def _refuse(self, problem: Problem) -> NoReturn:
        self.refusal = problem
        raise problem

    async def receive(self) -> ASGIReceiveEvent:
        """Receive the next message.

        Raises:
            Problem: 413, with this message the upload is too large. That is raised once.
        """
        # One at a time: the last message would leave another receiver waiting. (Locks of asyncio cost five times that.)
        while self._received is not None:
            await self._received.wait()
        self._received = received = asyncio.Event()
        try:
            event = await self._receive()
        finally:
            self._received = None
            received.set()
        if event["type"] != "http.request":
            self.client = "gone"
        elif self.client == "uploading":
            if not event.get("more_body", False):
                self.client = "listening"
            self.received += len(event.get("body", b""))
            most = self._limits.max_body
            if most is not None and self.received > most and self.refusal is None:
                self._refuse(too_large(most))
        return event

    async def receive_part(self) -> bytes:
        """Receive the next part of the upload, or, once that is complete, wait until the client leaves.

        Raises:
            Problem: 413 as in `receive`; 408, the client paused for too long.
        """
        is_limited = self.client == "uploading" and self.refusal is None
        try:
            async with asyncio.timeout(self._limits.patience if is_limited else None):
                event = cast(dict[str, Any], await self.receive())
        except TimeoutError:
            self._refuse(too_slow(self._limits.patience))
        return event.get("body", b"") or b""

    async def send(self, event: ASGISendEvent) -> None:
        """Send a message of an ASGI application.

        What no answer may have is left out, whatever the application thinks: Quart gives a body to HEAD and 204 too.

        Raises:
            ValueError: No server could send that.
        """
        if event["type"] == "http.response.start":
            if self.refusal is None or event["status"] == self.refusal.status:
                headers = [(bytes(name), bytes(value)) for name, value in event.get("headers", ())]
                check_head(event["status"], (), "latin-1")
                for name, value in headers:
                    _check_header(name, value)
                await self.begin(event["status"], headers, trailers=event.get("trailers", False))
            return
        if self.refusal is not None and self.answer == "awaited":
            return
        if event["type"] == "http.response.body":
            body = event.get("body", b"") if has_body(self.scope["method"], self.status) else b""
            if not event.get("more_body", False):
                await self.finish(body)
            else:
                await self._emit({"type": "http.response.body", "body": body, "more_body": True})
            return
        if cast(str, event["type"]) == "http.response.pathsend":  # an extension; asgiref's types leave it out
            self.answer = "complete"
        await self._emit(event)

    async def _emit(self, event: ASGISendEvent) -> None:
        try:
            await self._send(event)
        except Exception as error:
            if not isinstance(error, OSError) and self.client != "gone":
                raise
            self.client = "gone"
            raise ClientGone("the server cannot send to it any more") from error

    async def begin(self, status: int, headers: RawHeaders, *, trailers: bool = False) -> None:
        """Begin the answer, whose headers can be sent."""
        self.answer = "begun"
        self.status = status
        if status < 200 or status == 204:  # RFC 9110 section 8.6
            headers = [header for header in headers if header[0].lower() != b"content-length"]
        if self.allow and (status == 405 or self.scope["method"] == "OPTIONS"):
            headers = _allowing(headers, self.allow)
        await self._emit({"type": "http.response.start", "status": status, "headers": headers, "trailers": trailers})

    async def write(self, body: bytes) -> None:
        """Send a part of the answer's body, which the client has to take bit by bit.

        Raises:
            ClientGone: It took none for too long.
        """
        pieces = memoryview(body)
        for start in range(0, len(body), PIECE):
            piece = bytes(pieces[start : start + PIECE])
            try:
                async with asyncio.timeout(self._limits.patience):
                    await self._emit({"type": "http.response.body", "body": piece, "more_body": True})
            except TimeoutError:
                self.client = "gone"
                raise ClientGone(f"it read nothing for {self._limits.patience:g} seconds") from None
            await asyncio.sleep(0)  # servers take what is written to a lost connection; others have to get to see it

    async def finish(self, body: bytes = b"") -> None:
        """Send the rest of the answer's body, let the client finish its upload, and end the answer."""
        if self.client == "uploading" and _may_have_body(self.scope):
            await self.write(body)
            body = b""
            await self._discard_upload()
        self.answer = "complete"
        await self._emit({"type": "http.response.body", "body": body, "more_body": False})

    async def respond(self, complete: Complete) -> None:
        """Send a complete answer; its body only where there may be one."""
        await self.begin(complete.status, complete.headers)
        body = complete.body if has_body(self.scope["method"], complete.status) else b""
        if len(body) > PIECE:
            await self.write(body)
            body = b""
        await self.finish(body)

    async def _discard_upload(self) -> None:
        self._limits = replace(self._limits, max_body=None)
        try:
            async with asyncio.timeout(_LINGER_FOR):
                while self.client == "uploading":
                    async with asyncio.timeout(_LINGER_BETWEEN):
                        await (self.receive() if self._received is None else self._received.wait())
        except TimeoutError:
            pass


@lru_cache(maxsize=1024)
def _check_header(name: bytes, value: bytes) -> None:
    check_head(200, [(name.decode("latin-1"), value.decode("latin-1"))], "latin-1")


def _may_have_body(scope: HTTPScope) -> bool:
    """Return whether a request may have a body; in HTTP/1.1 its headers say so (RFC 9112 section 6.3)."""
    framed = (b"content-length", b"transfer-encoding")
    return not scope["http_version"].startswith("1") or any(name in framed for name, _ in scope["headers"])


def _allowing(headers: RawHeaders, methods: Iterable[str]) -> RawHeaders:
    """Add methods to the ``Allow`` header, where there is one."""
    allowed = [value.decode("latin-1") for name, value in headers if name.lower() == b"allow"]
    if not allowed:
        return headers
    union = sorted({method for value in allowed for method in split_list(value)}.union(methods))
    others = [header for header in headers if header[0].lower() != b"allow"]
    return [*others, (b"allow", ", ".join(union).encode("latin-1"))]
