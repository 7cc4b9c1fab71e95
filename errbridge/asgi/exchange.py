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
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NoReturn, cast

from asgiref.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, HTTPScope

from errbridge.http.headers import check_head, split_list
from errbridge.http.status import has_body
from errbridge.languages.language import Message
from errbridge.problem.problem import Problem

__all__ = [
    "PIECE",
    "BrokenOff",
    "ClientGone",
    "Complete",
    "Exchange",
    "RawHeaders",
    "declared_length",
    "make_problem",
    "too_large",
]

PIECE = 64 * 1024  # bytes of an answer that are sent at once, and that a client has to take within its `patience`
_LINGER_FOR = 30.0  # seconds that the rest of an upload is thrown away, so that the client gets to read its answer
_LINGER_BETWEEN = 5.0  # seconds that the client may pause in the meantime
_MOST_DIGITS = 19  # of a length; more bytes than there are, and of more than 4300 digits Python makes no number


class ClientGone(ConnectionError):
    """There is no client any more to read the answer."""


class BrokenOff(Exception):
    """A bridge in this bridge broke its answer off, and has recorded why. The server only sees that it returns."""


RawHeaders = list[tuple[bytes, bytes]]
Client = Literal["uploading", "listening", "gone"]
Answer = Literal["awaited", "begun", "complete"]


@dataclass(frozen=True, slots=True)
class Complete:
    """A complete answer, with the names of its headers in lowercase."""

    status: int
    headers: RawHeaders
    body: bytes


@dataclass(slots=True, eq=False)
class Exchange:
    """The messages of one request, watched on their way."""

    scope: HTTPScope
    _receive: ASGIReceiveCallable
    _send: ASGISendCallable
    max_body: int | None  # bytes of the upload
    patience: float  # seconds between two parts of the upload, or of the answer
    allow: tuple[str, ...] = ()  # what other applications know at the URL; it joins the Allow header of the answer
    client: Client = "uploading"
    answer: Answer = "awaited"
    status: int = 0  # of the answer, once it has begun
    _has_body: bool = True
    received: int = 0  # bytes of the upload
    refusal: Problem | None = None
    _is_receiving: bool = False
    _has_received: asyncio.Event | None = None  # made by the first who waits for that

    def check_length(self, length: int) -> None:
        """Refuse an upload that is too large, with a 413."""
        if self.max_body is not None and length > self.max_body:
            self._refuse(too_large(self.max_body))

    def _refuse(self, problem: Problem) -> NoReturn:
        self.refusal = problem
        raise problem

    async def receive(self) -> ASGIReceiveEvent:
        """Receive the next message; a 413 is raised, once, if the upload is too large with it."""
        while self._is_receiving:  # one at a time: the last message would leave another receiver waiting
            await self._wait_for_receiver()
        self._is_receiving = True
        try:
            event = await self._receive()
        finally:
            self._is_receiving = False
            if self._has_received is not None:
                self._has_received.set()
                self._has_received = None
        if event["type"] != "http.request":
            self.client = "gone"
        elif self.client == "uploading":
            if not event.get("more_body"):
                self.client = "listening"
            if body := event.get("body"):
                self.received += len(body)
                if self.refusal is None:
                    self.check_length(self.received)
        return event

    async def _wait_for_receiver(self) -> None:
        self._has_received = self._has_received or asyncio.Event()
        await self._has_received.wait()

    async def receive_part(self) -> bytes:
        """Receive the next part of the upload, or, once that is complete, wait until the client leaves.

        A client that pauses for too long is refused with a 408.
        """
        is_uploading = self.client == "uploading"
        limit = asyncio.timeout(self.patience if is_uploading and self.refusal is None else None)
        try:
            async with limit:
                event = cast(dict[str, Any], await self.receive())
        except TimeoutError:
            if not limit.expired():
                raise
            detail = Message("Nothing of the request body arrived for {seconds} seconds.", seconds=f"{self.patience:g}")
            self._refuse(make_problem(408, detail))
        if not is_uploading and self.client == "listening":  # middleware replays the body: no news is to come
            await asyncio.Event().wait()
        return event.get("body", b"") or b""

    async def send(self, event: Any) -> None:
        """Send a message of the answer. One that no server could send is a ValueError.

        What no answer may have is left out, whatever the application thinks: Quart gives a body to HEAD and 204 too.
        """
        if self.refusal is not None and self.answer == "awaited" and event.get("status") != self.refusal.status:
            return
        kind = event["type"]
        if kind == "http.response.body":
            if self.answer == "awaited":
                raise RuntimeError("the application sent a body before http.response.start")
            if not self._has_body:
                event = {**event, "body": b""}
            if not event.get("more_body"):
                if self.client == "uploading" and self.may_upload:
                    await self.write(event.get("body", b""))
                    await self._discard_upload()
                    event = {**event, "body": b""}
                self.answer = "complete"
        elif kind == "http.response.start":
            event = self._begin(event)
        elif kind == "http.response.pathsend":  # an extension
            self.answer = "complete"
        try:
            await self._send(event)
        except Exception as error:
            if not isinstance(error, OSError) and self.client != "gone":
                raise
            self.client = "gone"
            raise ClientGone("the server cannot send to it any more") from error

    def _begin(self, event: dict[str, Any]) -> dict[str, Any]:
        status, method = event["status"], self.scope["method"]
        given = event.get("headers", ())
        headers = given if isinstance(given, list) else list(given)  # it may be one that can be read only once
        may_have_body = _check_status(status) and method != "HEAD"
        for name, value in headers:
            _check_header(name, value)
        if status < 200 or status == 204:  # RFC 9110 section 8.6
            headers = [pair for pair in headers if pair[0].lower() != b"content-length"]
        if self.allow and (status == 405 or method == "OPTIONS"):
            headers = _allowing(headers, self.allow)
        self.answer, self.status, self._has_body = "begun", status, may_have_body
        return event if headers is given else {**event, "headers": headers}

    @property
    def may_upload(self) -> bool:
        """Whether the request may have a body; in HTTP/1.1 its headers say so (RFC 9112 section 6.3)."""
        framed, scope = (b"content-length", b"transfer-encoding"), self.scope
        return not scope["http_version"].startswith("1") or any(name in framed for name, _ in scope["headers"])

    async def write(self, body: bytes) -> None:
        """Send a part of the answer's body; a client that takes nothing of it for too long is let go."""
        for start in range(0, len(body), PIECE):
            piece = {"type": "http.response.body", "body": body[start : start + PIECE], "more_body": True}
            try:
                async with asyncio.timeout(self.patience):
                    await self.send(piece)
            except TimeoutError:
                self.client = "gone"
                raise ClientGone(f"it read nothing for {self.patience:g} seconds") from None
            await asyncio.sleep(0)  # servers take what is written to a lost connection; others have to get to see it

    async def respond(self, complete: Complete) -> None:
        """Send a complete answer, to a refused upload too; its body only where there may be one."""
        self.answer = "begun"
        await self.send({"type": "http.response.start", "status": complete.status, "headers": complete.headers})
        body = complete.body if self._has_body else b""
        if len(body) > PIECE:
            await self.write(body)
            body = b""
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    async def _discard_upload(self) -> None:
        self.max_body = None
        with suppress(Exception):  # what cannot be received need not be
            async with asyncio.timeout(_LINGER_FOR):
                while self.client == "uploading":
                    async with asyncio.timeout(_LINGER_BETWEEN):  # the application may be receiving the rest
                        await (self._wait_for_receiver() if self._is_receiving else self.receive())


@lru_cache(64, typed=True)  # 200.0 is none
def _check_status(status: int) -> bool:
    check_head(status, (), "latin-1")
    if status > 599:
        raise ValueError(f"uvicorn sends a status of at most 599, not {status}")
    return has_body("GET", status)


@lru_cache(1024)  # most answers have the same ones
def _check_header(name: bytes, value: bytes) -> None:
    check_head(200, [(name.decode("latin-1"), value.decode("latin-1"))], "latin-1")


def _allowing(headers: RawHeaders, methods: Iterable[str]) -> RawHeaders:
    """Add methods to the ``Allow`` header, where there is one."""
    allowed = [value.decode("latin-1") for name, value in headers if name.lower() == b"allow"]
    if not allowed:
        return headers
    union = sorted({method for value in allowed for method in split_list(value)}.union(methods))
    others = [header for header in headers if header[0].lower() != b"allow"]
    return [*others, (b"allow", ", ".join(union).encode("latin-1"))]


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Read ``Content-Length``; None where it is missing or no number."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value.lstrip(b"0")[:_MOST_DIGITS] or b"0")
    return None


def make_problem(status: int, detail: Message) -> Problem:
    """Make a problem of the bridge itself. Its detail is for programs; people get a hint."""
    problem = Problem(status, detail)
    problem._has_default_detail = True  # pyright: ignore[reportPrivateUsage]
    return problem


def too_large(most: int) -> Problem:
    """Make the problem of an upload that has more bytes than it may have."""
    detail = Message(
        "The request body may have at most {count} byte.",
        "The request body may have at most {count} bytes.",
        count=most,
    )
    return make_problem(413, detail)
