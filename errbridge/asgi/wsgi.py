"""A WSGI application, served from an event loop (PEP 3333).

A request goes through these stages; those in brackets take a turn of the bridge's threads, the others wait on the loop:

1. Its upload is received, unless the application reads it as a stream.
2. It waits for a turn. Until then its client may leave, and nothing is run.
3. [The application is called, and its chunks are taken.] It hands over to the loop, once: a complete answer (a list, or
   as many bytes as ``Content-Length`` announced, which is what Flask and Werkzeug return except for streams), an outlet
   for the chunks of a stream, or an exception.
4. The loop sends that to the client. A stream gives up its turn, and its thread runs ahead of the client.
5. [``close()`` is called].
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from types import TracebackType
from typing import IO, Any, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from asgiref.typing import HTTPScope

from errbridge.asgi.directory import describe_request
from errbridge.asgi.exchange import Complete, Exchange, RawHeaders, declared_length
from errbridge.asgi.streams import Inlet, Outlet
from errbridge.asgi.threads import Threads
from errbridge.http.headers import check_head
from errbridge.http.status import has_body
from errbridge.log import log

__all__ = ["serve_wsgi"]


_ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]

# They are about the connection, which is the server's; HTTP/2 forbids them (RFC 9113 section 8.2.2).
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
_WITHOUT_PREFIX = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}


async def serve_wsgi(
    app: WSGIApplication, threads: Threads, scope: HTTPScope, exchange: Exchange, *, streams_upload: bool = False
) -> None:
    """Have a WSGI application answer an exchange, whose scope is that below the application's mount.

    With *streams_upload*, it reads an upload while that is still arriving. What it raises is raised after everything
    that it had answered before has been sent.
    """
    inlet, turn, call = Inlet(exchange), None, None
    streams_upload = streams_upload and exchange.may_upload
    try:
        upload = inlet.stream() if streams_upload else await inlet.gather()
        turn = threads.take_turn()
        if turn.coming is not None:
            await inlet.unless_gone(turn.coming)
        length = None if streams_upload else exchange.received
        starting = _Call(app, scope, upload, length, asyncio.get_running_loop().create_future())
        await threads.start(starting.run, turn)
        call = starting
        if streams_upload:
            await asyncio.sleep(0)  # so that what has arrived already is received
            if exchange.client == "uploading":
                turn.become_stream()
        answer = await call.answer
        if isinstance(answer, Outlet):
            turn.become_stream()
        if exchange.refusal is not None and getattr(answer, "status", 0) != exchange.refusal.status:
            raise exchange.refusal
        if isinstance(answer, Complete):
            await inlet.respond(answer)
        elif isinstance(answer, Outlet):
            await inlet.unless_gone(answer.send(exchange))
        else:
            try:
                raise answer
            finally:
                del answer  # with its traceback it would hold this frame, and the frame would hold it
    finally:
        if call is not None:
            call.abandon()
        elif turn is not None:
            turn.end()
        await inlet.close(is_read=call is not None)


@dataclass(frozen=True, slots=True)
class _Head:
    """What ``start_response`` was called with."""

    status: int
    headers: RawHeaders
    length: int | None  # of the body, as announced
    has_body: bool

    @classmethod
    def read(cls, method: str, status: str, headers: Iterable[tuple[str, str]]) -> _Head:
        code = int(status[:3]) if status[:3].isascii() and status[3:4] in ("", " ") else 0
        if not 200 <= code <= 599:  # uvicorn sends no other
            raise ValueError(f"start_response was called with the status {status[:40]!r}; write it like '200 OK'")
        fields = [(name.lower(), value.strip(" \t")) for name, value in headers if name.lower() not in _HOP_BY_HOP]
        check_head(code, fields, "latin-1")
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        return cls(code, raw, declared_length(raw), has_body(method, code))


@dataclass(slots=True, eq=False)
class _Call:
    """One request to a WSGI application. ``answer`` and ``abandon`` belong to the loop, the rest to the thread."""

    _app: WSGIApplication
    _scope: HTTPScope
    _upload: IO[bytes]
    _length: int | None  # of the upload
    answer: asyncio.Future[Complete | Outlet | BaseException]
    _head: _Head | None = None
    _whole: bytes = b""  # the body of an answer that is no stream
    _given: int = 0  # bytes
    _outlet: Outlet | None = None
    _is_abandoned: bool = False

    def abandon(self) -> None:
        """Note that no client waits for the answer any more, if one is still being made."""
        self._is_abandoned = True
        if self._outlet is not None:
            self._outlet.cut()

    def _hand_over(self, answer: Complete | Outlet | BaseException) -> None:
        with suppress(RuntimeError):  # the loop has ended: the thread outlived the server
            self.answer.get_loop().call_soon_threadsafe(_resolve, self.answer, answer)

    def run(self) -> None:
        """Run the application, and hand its answer over."""
        chunks: Any = None
        try:
            environ = _make_environ(self._scope, self._upload, self._length)
            start_response: StartResponse = self._start_response
            chunks = self._app(environ, start_response)
            self._deliver(chunks)
            self._conclude()
        except BaseException as error:
            if not isinstance(error, Exception):
                # sys.exit() ends a thread in Python, not the process. The loop would take it for the server's end.
                cause, error = error, RuntimeError(f"the application raised {type(error).__name__}")
                error.__cause__ = cause
            if self._outlet is not None:
                self._outlet.end(error)
            self._hand_over(error)  # it counts if its first chunk could not be stored
        try:
            try:
                if (close := getattr(chunks, "close", None)) is not None:
                    close()
            finally:
                if not isinstance(self._upload, BytesIO):
                    self._upload.close()
        except BaseException as error:
            said = "%s %r was answered, but closing the answer failed"
            log.error(said, self._scope["method"], self._scope["path"], exc_info=error)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: _ExcInfo | None = None, /
    ) -> Callable[[bytes], object]:
        if exc_info is not None and exc_info[1] is not None:
            if self._given:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self._head is not None:
            raise RuntimeError("start_response was called again; only with exc_info may it replace an answer")
        self._head = _Head.read(self._scope["method"], status, headers)
        return self._write

    def _begun(self) -> _Head:
        if self._head is None:
            raise RuntimeError("the application gave no answer: it has to call start_response before its first chunk")
        return self._head

    def _deliver(self, chunks: Iterable[bytes]) -> None:
        if self._head is not None and not self._head.has_body:
            return
        if is_whole := isinstance(chunks, list | tuple):
            chunks = [b"".join(chunks)]
        for chunk in filter(None, chunks):
            head = self._begun()
            if not head.has_body or self._given == head.length:
                return
            self._write(chunk, is_whole)

    def _write(self, chunk: Any, is_whole: bool = False) -> None:
        """Take a chunk; ``start_response`` returns this for those from before the application has returned."""
        head = self._begun()
        if not chunk or not head.has_body:
            return
        if not isinstance(chunk, bytes):
            chunk = memoryview(chunk).tobytes()  # a TypeError for what is no bytes
        if head.length is not None:
            chunk = chunk[: head.length - self._given]
        self._given += len(chunk)
        if self._outlet is not None:
            self._outlet.put(chunk)
        elif is_whole or self._given == head.length:
            self._whole += chunk
        else:
            self._outlet = Outlet(head.status, head.headers, self.answer.get_loop())
            if self._is_abandoned:
                self._outlet.cut()
            self._outlet.put(chunk)
            self._hand_over(self._outlet)

    def _conclude(self) -> None:
        """Say that the answer is complete."""
        head = self._begun()
        if head.has_body and head.length not in (None, self._given):
            raise RuntimeError(f"the application announced {head.length} bytes and gave {self._given}")
        if self._outlet is not None:
            self._outlet.end()
            return
        headers = head.headers
        if head.has_body and head.length is None:
            headers = [*headers, (b"content-length", b"%d" % self._given)]
        self._hand_over(Complete(head.status, headers, self._whole))


def _resolve(future: asyncio.Future[Any], result: object) -> None:
    if not future.done():  # it is, if the request was cancelled
        future.set_result(result)


def _make_environ(scope: HTTPScope, upload: IO[bytes], length: int | None) -> WSGIEnvironment:
    """Make the environment of a request whose upload ends by itself; it has no length while it is still arriving."""
    root_path = scope.get("root_path", "")
    environ: WSGIEnvironment = {
        **describe_request(scope, root_path, scope["path"][len(root_path) :]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "wsgi.version": (1, 0),
        "wsgi.input": upload,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "asgi.scope": scope,
        "errbridge.bridge": True,
    }
    if (client := scope.get("client")) and client[0]:
        environ["REMOTE_ADDR"] = client[0]
        environ["REMOTE_PORT"] = str(client[1])
    if raw_path := cast("bytes | None", scope.get("raw_path")):
        query = scope["query_string"]
        environ["REQUEST_URI"] = (raw_path + b"?" + query if query else raw_path).decode("latin-1")
    for name, value in scope["headers"]:
        # X_Real-Ip would become the same key as X-Real-Ip, and pass for what a proxy has set.
        if b"_" in name:
            continue
        key = _WITHOUT_PREFIX.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")
        text = value.decode("latin-1")
        if key in environ:
            # RFC 9110 section 5.3; HTTP/2 splits cookies into lines of their own, RFC 9113 section 8.2.3.
            text = environ[key] + ("; " if key == "HTTP_COOKIE" else ",") + text
        environ[key] = text
    # Some frameworks read no body without a length, so a chunked one has it as well, once it is there. With one, they
    # find out by themselves that a client left before it had sent everything; Werkzeug makes a 400 of it.
    if length is None:
        if "HTTP_TRANSFER_ENCODING" in environ:  # which is right if both are there, RFC 9112 section 6.3
            environ.pop("CONTENT_LENGTH", None)
        if "CONTENT_LENGTH" not in environ:
            environ["wsgi.input_terminated"] = True
    elif length or "HTTP_TRANSFER_ENCODING" in environ:
        environ["CONTENT_LENGTH"] = str(length)
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ
