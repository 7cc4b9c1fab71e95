"""A WSGI application, served from an event loop (PEP 3333).

The application runs in a thread. Its answer comes back in one hop when it is known to be complete: a list, or as many
bytes as its ``Content-Length`` announced, which is what Flask and Werkzeug give for everything that is no stream. Any
other answer begins with its first chunk, and the rest follows through an outlet.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from wsgiref.types import StartResponse

from asgiref.typing import HTTPScope

from errbridge.asgi.applications import WsgiApp
from errbridge.asgi.environ import environ_of
from errbridge.asgi.exchange import Exchange
from errbridge.asgi.inlet import Inlet
from errbridge.asgi.messages import Complete, RawHeaders, declared_length
from errbridge.asgi.outlet import BOUND, Outlet
from errbridge.asgi.threads import Threads
from errbridge.http.status import has_body
from errbridge.problem.problem import Problem

__all__ = ["serve_wsgi"]

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

# They are about the connection, which is the server's; HTTP/2 forbids them (RFC 9113 section 8.2.2).
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_LINE_BREAKING = re.compile(rb"[\r\n\0]")


async def serve_wsgi(app: WsgiApp, threads: Threads, scope: HTTPScope, exchange: Exchange) -> None:
    """Have a WSGI application answer a request.

    Args:
        app: The application.
        threads: Where it runs.
        scope: The request, below the application's mount.
        exchange: The request's messages.

    Raises:
        Exception: What the application raised. Everything that it had answered before has been sent.
    """
    inlet = Inlet(exchange, declared_length(scope["headers"]))
    call = _Call(app, scope, exchange, inlet)
    try:
        await inlet.open()
        if exchange.gone:
            return
        try:
            whole = await threads.run(call.run)
        except Exception:
            await call.flush()
            raise
        await call.flush()
        if isinstance(inlet.told, Problem) and whole is not None and whole.status != inlet.told.status:
            raise inlet.told
    finally:
        call.abandon()
        await inlet.close()
    if whole is not None:
        await exchange.answer(whole)
    elif not exchange.gone:
        await exchange.finish()


@dataclass(frozen=True, slots=True)
class _Head:
    """What ``start_response`` was called with.

    Attributes:
        status: The status code.
        headers: As ASGI wants them.
        length: The announced length of the body.
        has_body: Whether there is one at all.
    """

    status: int
    headers: RawHeaders
    length: int | None
    has_body: bool

    @classmethod
    def read(cls, method: str, status: str, headers: Iterable[tuple[str, str]]) -> _Head:
        code = int(status.split(" ", 1)[0])
        raw = [_raw(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]
        return cls(code, raw, declared_length(raw), has_body(method, code))


def _raw(name: str, value: str) -> tuple[bytes, bytes]:
    raw = (name.lower().encode("latin-1"), value.encode("latin-1"))
    if _LINE_BREAKING.search(raw[0]) or _LINE_BREAKING.search(raw[1]):
        raise ValueError(f"the response header {name!r} contains a line break; remove it from the value")
    return raw


class _Call:
    """One request to a WSGI application. ``run`` and what it calls belong to the thread, the rest to the loop."""

    __slots__ = ("_app", "_exchange", "_given", "_head", "_held", "_inlet", "_loop", "_outlet", "_scope", "_sending")

    def __init__(self, app: WsgiApp, scope: HTTPScope, exchange: Exchange, inlet: Inlet) -> None:
        self._app = app
        self._scope = scope
        self._exchange = exchange
        self._inlet = inlet
        self._loop = asyncio.get_running_loop()
        self._head: _Head | None = None
        self._held: list[bytes] = []
        self._given = 0
        self._outlet: Outlet | None = None
        self._sending: Future[None] | None = None

    def run(self) -> Complete | None:
        """Run the application.

        Returns:
            Its answer, or None when the answer is already on its way.
        """
        try:
            return self._run()
        except StopIteration as error:
            # A future refuses to hold a StopIteration, and whoever awaits it would wait for ever.
            raise RuntimeError("the application raised StopIteration") from error
        finally:
            if self._outlet is not None:
                self._outlet.end()

    def _run(self) -> Complete | None:
        start_response: StartResponse = self._start_response
        chunks = self._app(environ_of(self._scope, self._inlet.file()), start_response)
        try:
            self._deliver(chunks)
        finally:
            if close := getattr(chunks, "close", None):
                close()
        head = self._begun()
        if head.has_body and head.length not in (None, self._given):
            raise RuntimeError(f"the application announced {head.length} bytes and gave {self._given}")
        if self._outlet is not None:
            return None
        if head.has_body and head.length is None:
            head.headers.append((b"content-length", b"%d" % self._given))
        return Complete(head.status, head.headers, b"".join(self._held))

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: _ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        if exc_info is not None and exc_info[1] is not None:
            if self._given:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._head is not None:
            raise RuntimeError("start_response was called again; only with exc_info may it replace an answer")
        self._head = _Head.read(self._exchange.method, status, headers)
        return self._write

    def _begun(self) -> _Head:
        if self._head is None:
            raise RuntimeError("the application gave no answer: it has to call start_response before its first chunk")
        return self._head

    def _deliver(self, chunks: Iterable[bytes]) -> None:
        listed = isinstance(chunks, list | tuple)
        if self._head is not None and not self._head.has_body:
            return
        for chunk in chunks:
            if not chunk:
                continue
            head = self._begun()
            if not head.has_body or self._given == head.length:
                return
            self._pass_on(chunk, head, listed)

    def _write(self, chunk: bytes) -> None:
        """Do what ``start_response`` returns: send a chunk before the application has returned."""
        head = self._begun()
        if chunk and head.has_body:
            self._pass_on(chunk, head, False)

    def _pass_on(self, chunk: bytes, head: _Head, listed: bool) -> None:
        if head.length is not None:
            chunk = chunk[: head.length - self._given]
        self._given += len(chunk)
        if self._outlet is not None:
            self._outlet.put(chunk)
            return
        self._held.append(chunk)
        if self._given == head.length or (listed and self._given <= BOUND):
            return
        self._outlet = Outlet(self._exchange, self._loop)
        self._sending = asyncio.run_coroutine_threadsafe(self._send(self._outlet, head), self._loop)
        for held in self._held:
            self._outlet.put(held)
        self._held.clear()

    async def _send(self, outlet: Outlet, head: _Head) -> None:
        """Send until everything is sent or the client has left."""
        sending = asyncio.create_task(outlet.send(head.status, head.headers))
        listening = self._inlet.listen()
        try:
            await asyncio.wait([sending, listening], return_when=asyncio.FIRST_COMPLETED)
            if not self._exchange.gone:
                await sending
        finally:
            # Hypercorn leaves a message that waits for the window of a closed HTTP/2 stream waiting for ever.
            sending.cancel()
            outlet.hang_up()

    async def flush(self) -> None:
        """Wait until everything that the application gave is sent."""
        if self._sending is not None:
            await asyncio.wrap_future(self._sending)

    def abandon(self) -> None:
        """Send nothing more."""
        if self._outlet is not None and self._sending is not None:
            self._outlet.hang_up()
            self._sending.cancel()
