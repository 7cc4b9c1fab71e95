"""How errors of Quart applications are answered; loaded with the first application.

The adapter collects the facts of the request or WebSocket, drives the core's plan, and makes a Quart response of the
outcome.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from copy import copy
from inspect import isawaitable
from typing import Any

import quart
from quart.globals import app_ctx

from errbridge import Problem
from errbridge.adapter import Application, Call, Draft, Installation, Run, adrive, check_chunk
from errbridge.pallets.application import PalletsApplication, check_response, finish_response, wait_for
from errbridge.pallets.private import has_received_content, read_request_values, takes_context, ungroup
from errbridge.pallets.seam import Fields, Seam

__all__ = ["attach"]

_READ = {name: name.encode() for name in ("host", "accept", "accept-language", "x-requested-with", "traceparent")}
_CHUNKS = (bytes, str, bytearray, memoryview)  # of a stream; most servers take each of them
_CLOSE = "errbridge.close"  # in the scope of a WebSocket: the frame to close it with
_ACCEPTED = "errbridge.accepted"  # True while it is open, False once it is closed, None before
_LEFT = "errbridge.left"  # an exception that errbridge left to Quart
_GONE: Any = getattr(quart.wrappers, "ClientDisconnectedError", ())  # of Quart 0.23
_websocket: ContextVar[Any] = ContextVar("errbridge.websocket", default=None)  # its scope; also around its view


class _QuartApplication(PalletsApplication):
    async def make_response(self, draft: Draft, method: str) -> quart.Response:
        return await _finish_response(await self._make_response(draft.body), draft, method)  # type: ignore[no-any-return]

    async def render_template(self, names: str | Sequence[str], context: Mapping[str, Any], owner: Any = None) -> str:
        self.add_own_templates()
        with self.rendering_for(quart.websocket if _is_websocket() else quart.request, owner):
            return await quart.render_template(names if isinstance(names, str) else list(names), **context)

    async def send_signal(self, exc: Exception) -> None:
        signal = quart.got_websocket_exception if _is_websocket() else quart.got_request_exception
        await signal.send_async(self.app, _sync_wrapper=self.app.ensure_async, exception=exc)

    def run_work(self, work: Coroutine[Any, Any, None]) -> None:
        self.app.add_background_task(wait_for, work)  # which a shutdown waits for

    def request_values(self) -> frozenset[str]:
        return read_request_values(_current_request())

    def is_websocket_accepted(self) -> bool:
        return (scope := _websocket.get()) is not None and bool(scope[_ACCEPTED])

    def close_websocket(self, close_code: int, reason: str) -> None:
        if (scope := _websocket.get()) is not None:
            scope[_CLOSE] = {"code": close_code, "reason": reason}


async def _finish_response(made: Any, draft: Draft, method: str) -> Any:
    """Finish a response, and close a stream that is not sent, as Quart closes others."""
    body = made.response
    response = finish_response(made, draft, method)
    aclose = getattr(getattr(body, "iter", None), "aclose", None)
    if response.response is not body and aclose is not None:
        await aclose()
    return response


def _join_lines(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Join the lines of each header."""
    found: dict[bytes, bytes] = {}
    for name, value in pairs:
        key = name.lower()
        found[key] = found[key] + b", " + value if found.get(key) else value
    return found


def _is_websocket() -> bool:
    """Return whether a WebSocket is handled, and no request that its view sends to another application."""
    return quart.has_websocket_context() and (_websocket.get() is not None or not quart.has_request_context())


def _current_request() -> Any:
    current: Any = quart.websocket if _is_websocket() else quart.request
    return current._get_current_object()


def _is_answerable() -> bool:
    """Return whether a WebSocket can still be refused: it was neither accepted nor closed."""
    return (scope := _websocket.get()) is None or scope[_ACCEPTED] is None


def _is_bound(asked: Any) -> bool:
    """Return whether this request or WebSocket is bound, and not only that of a view which asks this application."""
    return (quart.has_request_context() or quart.has_websocket_context()) and _current_request() is asked


class _QuartSeam(Seam):
    response_class = quart.Response
    current_request: Any = staticmethod(_current_request)
    keep_for: Any = staticmethod(vars)

    def read_fields(self, request: Any, request_id: str) -> Fields:
        scope = request.scope or {}
        pairs = tuple(scope.get("headers", ()))
        found: dict[bytes, bytes] = dict(pairs)
        if len(found) < len(pairs) or b"accept" not in found:  # names that occur twice, or are in capital letters
            found = _join_lines(pairs)
        values = {name: found[key].decode("latin-1") for name, key in _READ.items() if key in found}
        if request_id:
            values[request_id] = found.get(request_id.encode(), b"").decode("latin-1")
        # A length is optional in HTTP/2, and missing in Quart's test client.
        length = found.get(b"content-length", b"" if b"content-type" in found else b"0")
        has_content = length != b"0" or b"transfer-encoding" in found or has_received_content(request)
        return Fields(values, has_content, scope)

    async def raise_refusal(self) -> None:
        if (refusal := self.installation.find_refusal(quart.request.scope)) is not None:
            raise refusal

    def list_headers(self, request: Any) -> Iterable[tuple[str, str]]:
        # Not request.headers, to which Quart adds one of its own, Remote-Addr.
        scope = request.scope or {}
        return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope.get("headers", ()))

    async def carry_out(self, run: Run, exc: object = None) -> Any:
        if run.outcome is None:
            with self.asking(run):
                await adrive(run, self._call)
        return self.make_result(run)

    async def _call(self, step: Call) -> Any:
        if step.may_block:
            result = await self.app.ensure_async(_call_finite)(step.function, step.args)
        else:
            result = step.function(*step.args)
        return await result if isawaitable(result) else result


def _call_finite(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call a function in a thread. A StopIteration would be lost on the way back, and the request wait for ever.

    That is Python's fault (python/cpython#112182), which 3.13 does not have.
    """
    try:
        return function(*args)
    except StopIteration as error:
        raise RuntimeError("the handler raised StopIteration") from error


def attach(app: quart.Quart, install: Callable[[Application], Installation]) -> None:
    """Attach errbridge to an application: at its search for handlers, and where errors pass that are not searched for.

    Args:
        app: The application.
        install: Makes the installation.
    """
    convert: Callable[[Any], Awaitable[Any]] = app.make_response
    handle_request: Callable[[Any], Awaitable[Any]] = app.handle_request
    handle_websocket: Callable[[Any], Awaitable[Any]] = app.handle_websocket
    call: Callable[[Any, Any, Any], Awaitable[None]] = app.asgi_app
    is_given_context = takes_context(app.handle_exception)
    seam = _QuartSeam.attach(_QuartApplication(app), install)
    get_current, set_current = seam.installation.get_current, seam.installation.set_current

    async def make_response(result: Any) -> Any:
        """Make a response, also of an error that a view returned."""
        run = None if type(result) in seam.ordinary else seam.respond_to_value(result)
        response = await convert(result if run is None else await seam.carry_out(run))
        # Flask leaves the content of a 204 or 304 to Werkzeug, which drops it. Quart sends it (not reported).
        if isinstance(result, BaseException):
            response = await _finish_response(response, Draft(None), "GET")
        current = get_current()
        return response if current is None or current.header is None else seam.add_id(response)

    async def handle(asked: Any) -> Any:
        """Have the framework handle a request or WebSocket, and answer what escapes it.

        That is also what a session or a converter raises before it. Quart raises it, and leaves the request bound (not
        reported). Flask asks its handlers (pallets/flask#2254).
        """
        is_websocket = isinstance(asked, quart.Websocket)
        try:
            try:
                response = await (handle_websocket if is_websocket else handle_request)(asked)
            except Exception as exc:
                is_left = seam.installation.application.propagates() and not isinstance(exc, Problem)
                if is_left or not _is_bound(asked):
                    raise
                handle_exception: Any = app.handle_websocket_exception if is_websocket else app.handle_exception
                given = [app_ctx._get_current_object()] if is_given_context else []
                response = await handle_exception(*given, exc)
            if response is not None or not is_websocket or (get_current() is not None and _is_answerable()):
                check_response(response)
        except (Exception, BaseExceptionGroup) as exc:
            error = ungroup(exc)
        else:
            if isinstance(response, quart.Response) and not isinstance(response.response, response.data_body_class):
                stream: Any = _Stream(response.response, seam.watch(response), asked)
                response = copy(response)  # it may be one that a view returns for every request
                response.response = stream
            return response
        if not isinstance(error, Exception):
            raise error
        try:
            return seam.respond_outside(error, asked)
        except Exception as exc:
            if is_websocket and (scope := _websocket.get()) is not None and not isinstance(exc, _GONE):
                scope[_LEFT] = exc
                seam.installation.application.close_websocket(1011, "Internal Server Error")
            raise

    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        """Close WebSockets as the core decides."""
        path = scope.get("path", "/")
        if not path.startswith("/"):  # absolute-form, or nothing at all: Quart cannot read all of them (not reported)
            scope = {**scope, "path": "/" + path.partition("://")[2].partition("/")[2]}
        websocket = None
        if scope["type"] == "websocket":
            scope = websocket = {**scope, _ACCEPTED: None, _CLOSE: None, _LEFT: None}
            closing = _Closing(scope, receive, send)
            receive, send = closing.receive, closing.send
        if (around := _websocket.get()) is not websocket:
            _websocket.set(websocket)
        seam.expect_refusal(scope)
        if (before := get_current()) is not None:  # inside another request
            set_current(None)
        try:
            await call(scope, receive, send)
            if websocket is not None and websocket[_LEFT] is not None:
                # Quart has made a page of it that no client gets, in debug mode for instance (not reported).
                app.logger.error("Exception on websocket %s", scope["path"], exc_info=websocket[_LEFT])
            return
        except BaseExceptionGroup as group:
            error = ungroup(group)
        finally:
            if around is not websocket:
                _websocket.set(around)
            if get_current() is not before:  # most requests have no error
                set_current(before)
        with suppress(_GONE):  # raised for an answer that comes after the client has left (not reported)
            raise error

    replaced = {
        "handle_request": handle,
        "handle_websocket": handle,
        "make_response": make_response,
        "asgi_app": asgi_app,
    }
    for name, function in replaced.items():
        setattr(app, name, function)


class _Stream:
    """A streamed body, whose failure is recorded.

    A TimeoutError of its own would be taken for the end of ``RESPONSE_TIMEOUT``, and be lost.

    The client would get an answer without an end; since Quart 0.23 it would even wait for the end (not reported).
    """

    def __init__(self, body: Any, record: Callable[[Exception, Any], None], request: Any) -> None:
        self._body = body
        self._record = record
        self._request = request

    async def __aenter__(self) -> AsyncIterator[Any]:
        with self._recording():  # a file is not opened before now
            self._sent = self._chunks(await self._body.__aenter__())
            return self._sent

    async def __aexit__(self, *raised: object) -> None:
        await self._sent.aclose()  # it is not at its end if the client has left
        await self._body.__aexit__(*raised)

    async def _chunks(self, body: AsyncIterable[Any]) -> AsyncGenerator[Any]:
        with self._recording():
            async for chunk in body:
                yield check_chunk(chunk, _CHUNKS)

    @contextmanager
    def _recording(self) -> Generator[None]:
        try:
            yield
        except Exception as error:
            self._record(error, self._request)
            if isinstance(error, TimeoutError):
                raise RuntimeError("the stream raised TimeoutError") from error
            raise


class _Closing:
    """Passes on what Quart receives and sends, but closes a WebSocket after an error as the core decides.

    Quart would send 1000, which means that all went well (not reported). A client that leaves is no error: uvicorn
    raises OSError or RuntimeError where others cancel the view.
    """

    def __init__(
        self, scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._has_client = True

    async def receive(self) -> Any:
        message = await self._receive()
        if message["type"] == "websocket.disconnect" and self._scope[_ACCEPTED] is not False:  # not for our own close
            self._has_client = False
        return message

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.accept":
            self._scope[_ACCEPTED] = True
        elif message["type"] == "websocket.close":
            message = {**message, **(self._scope[_CLOSE] or {})}
            self._scope[_ACCEPTED] = False
        elif isinstance(message.get("body"), str):  # of a stream, which Quart encodes for requests only (not reported)
            message = {**message, "body": message["body"].encode()}
        try:
            await self._send(message)
        except (OSError, RuntimeError) as error:  # the client has left; most servers cancel the view instead
            if self._has_client and not isinstance(error, OSError):
                raise
            raise asyncio.CancelledError from None
