"""The bridge itself: one ASGI application in front of several others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from asgiref.typing import ASGISendCallable, ASGISendEvent, WebSocketScope

from errbridge.application.hooks import Hooks, Observable, finish_work
from errbridge.asgi.applications import App, Asgi, AsgiApp, Wsgi, recognise
from errbridge.asgi.directory import INSIDE, Destination, Mounts, Routes, find_host, read_place, split_path
from errbridge.asgi.errors import answer, install, report_broken_off
from errbridge.asgi.exchange import BrokenOff, Complete, Exchange, declared_length, make_problem
from errbridge.asgi.lifespan import serve_lifespan
from errbridge.asgi.streams import Inlet
from errbridge.asgi.threads import Threads
from errbridge.asgi.wsgi import serve_wsgi
from errbridge.errors import SetupError
from errbridge.languages.language import Message
from errbridge.log import log
from errbridge.problem.problem import Problem
from errbridge.scopes.scope import Scope
from errbridge.scopes.trie import ScopeTrie
from errbridge.telemetry.record import is_recorded

__all__ = ["Bridge"]

_ANSWERING = 2  # threads in which applications answer for the bridge, also when all others are taken
_MOST_ANSWERS = 500  # answers that may wait for them; beyond that the bridge answers without the application
_INTERNAL_ERROR = 1011  # RFC 6455 section 7.4.1 and its registry

_NOT_MOUNTED = Message("No application is mounted at this URL.")
_NO_WEBSOCKET = Message("This URL does not speak WebSocket.")  # with a 400, as Werkzeug answers the wrong protocol

PlaceT = TypeVar("PlaceT", str, Scope, str | Scope)  # the keys of a mapping have to be of exactly one type


class Bridge(Observable):
    """Serves several Flask, Quart, WSGI and ASGI applications as one ASGI application.

    By mount, where the deepest mount wins and the order does not matter::

        app = Bridge({"/": quart_app, "/legacy": flask_app, "//admin.example.com/": admin_app})

    or route by route, where the first application that has a route for the URL wins::

        app = Bridge([quart_app, flask_app])

    What speaks WSGI runs in threads of the bridge; asynchronous code in it (async views of Flask, anything called
    through ``asgiref.sync.async_to_sync``) runs on the event loop of the server. In the environment ``asgi.scope`` is
    the request's scope.

    Args:
        apps: The applications by ``"/prefix"``, ``"//host/prefix"`` or ``Scope(host=..., prefix=...)``; or a list of
            Flask and Quart applications. Wrap one in :class:`Asgi` or :class:`Wsgi` to say what it speaks.
        threads: How many requests WSGI code may serve at the same time.
        streams: How many requests that stream may go on beside them: they keep a thread, but give up their turn.
        waiting: How many more may wait for a thread; the next one gets a 503. None for any number.
        max_body: The size limit of an upload in bytes; a larger one gets a 413. None for no limit.
        patience: Seconds that a client may pause in its upload, which is answered with 408, or in reading an answer
            from WSGI, which is broken off.
        stream_uploads: Places, written like those of applications, below which WSGI applications read uploads while
            they arrive. Elsewhere an upload is complete before its view is called.
        grace: Seconds to wait at shutdown for requests in threads, and for each application.

    Raises:
        SetupError: The applications or options are invalid.
    """

    def __init__(
        self,
        apps: Mapping[PlaceT, App] | Sequence[App],
        *,
        threads: int = 40,
        streams: int = 400,
        waiting: int | None = None,
        max_body: int | None = 1024**3,
        patience: float = 60.0,
        stream_uploads: Iterable[str | Scope] = (),
        grace: float = 10.0,
    ) -> None:
        _check_number("threads", threads, least=1)
        _check_number("streams", streams)
        _check_number("waiting", 0 if waiting is None else waiting)
        _check_number("max_body", 0 if max_body is None else max_body)
        _check_number("patience", patience, kinds=(int, float))
        _check_number("grace", grace, kinds=(int, float))
        if isinstance(stream_uploads, (str, Scope)) or not isinstance(stream_uploads, Iterable):
            raise SetupError(f"stream_uploads= takes a list of places: [{stream_uploads!r}]")
        if not isinstance(apps, (Mapping, Sequence)):
            wanted = "applications by their place, {'/': app}, or a list of them"
            raise SetupError(f"Bridge() takes {wanted}, not {apps!r}")
        if not apps:
            raise SetupError("Bridge() was given no application; give at least one")
        self._directory: Mounts | Routes
        if isinstance(apps, Mapping):
            named = [(str(place), recognise(app)) for place, app in apps.items()]
            self._directory = Mounts(zip(apps, (app for _, app in named), strict=True))
        else:
            named = [(str(getattr(app.app, "name", app.app)), app) for app in map(recognise, apps)]
            self._directory = Routes([app for _, app in named])
        self._lives: dict[int, tuple[str, AsgiApp]] = {}  # each once, also when it is mounted twice
        for name, app in named:
            if isinstance(app, Asgi):
                self._lives.setdefault(id(app.app), (name, app.app))
        self._threads = Threads(threads, waiting=waiting, streams=streams)
        self._max_body, self._patience, self._grace = max_body, patience, grace
        self._streamed = ScopeTrie(map(read_place, stream_uploads))
        self._hooks = Hooks()
        self._edge = install([app for _, app in named], self._directory.places, self._hooks)
        self._answering = Threads(_ANSWERING, waiting=_MOST_ANSWERS)
        self._answer = partial(answer, edge=self._edge, threads=self._answering)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve a connection; called by an ASGI server, whose types of the protocol need not be those of asgiref."""
        if scope["type"] != "http":
            return await self._serve_another(scope, receive, send)
        exchange = Exchange(scope, receive, send, self._max_body, self._patience)
        destination = None
        if scope["path"] == "*":  # about the server as a whole, RFC 9110 section 9.3.7; only OPTIONS may have it
            if scope["method"] == "OPTIONS":
                return await exchange.respond(Complete(204, [], b""))
            return await self._conclude(exchange, None, Problem(400))
        try:
            root, path = split_path(scope)
            destination = self._directory.find(scope, root, path)
            if length := declared_length(scope["headers"]):
                exchange.check_length(length)
            if destination is None:
                raise make_problem(404, _NOT_MOUNTED)
            exchange.allow = destination.allow
            placed = destination.place(scope, root, path)
            if isinstance(destination.app, Asgi):
                await destination.app.app(placed, exchange.receive, exchange.send)
            else:
                streams_upload = bool(self._streamed.owners(find_host(scope), path))
                await serve_wsgi(destination.app.app, self._threads, placed, exchange, streams_upload=streams_upload)
            if exchange.answer != "complete" and exchange.client != "gone":
                raise RuntimeError("the application returned before its answer was complete")
        except Exception as error:
            await self._conclude(exchange, destination, error)
            if INSIDE in scope and exchange.answer != "complete":
                raise BrokenOff from error

    async def _conclude(self, exchange: Exchange, destination: Destination | None, error: Exception) -> None:
        """Answer an error, or log it where that is too late."""
        scope, is_answered = exchange.scope, exchange.answer != "awaited"
        request = scope["method"], scope["path"]
        is_gone = exchange.client == "gone" and _consists_of(error, lambda each: isinstance(each, OSError))
        if is_answered and _consists_of(error, lambda each: each is exchange.refusal):
            log.debug("the upload of %s %r is refused after the answer: %s", *request, error)
        elif is_gone or isinstance(error, BrokenOff):
            log.debug("no answer to %s %r, the client is gone: %s", *request, error)
        elif exchange.answer == "complete":
            if not is_recorded(error):
                log.error("%s %r was answered, but then the application failed", *request, exc_info=error)
        elif is_answered:
            # Returning is enough for a server to break the connection off; raising would have it logged once more.
            # (Hypercorn's HTTP/2 never ends the stream then, nor after raising; no ASGI message resets one.)
            report_broken_off(scope, exchange.status, error, self._edge)
        else:
            inlet = Inlet(exchange)
            try:
                await inlet.respond(await self._answer(exchange.refusal or error, scope, destination))
            except Exception as failure:  # the client is gone, or the server has refused the request by itself
                log.debug("no answer to %s %r: %s", *request, failure)
            await inlet.close(is_read=False)

    async def _serve_another(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the lifespan, or a WebSocket."""
        if scope["type"] == "lifespan":
            return await serve_lifespan(self._lives.values(), scope, receive, send, self._settle, self._grace)
        # Middleware for proxies (Hypercorn's, uvicorn's) takes the scheme from X-Forwarded-Proto, which says "https".
        if (scheme := {"http": "ws", "https": "wss"}.get(scope.get("scheme", "ws"))) is not None:
            scope = {**scope, "scheme": scheme}
        root, path = split_path(scope)
        destination = self._directory.find(scope, root, path)
        socket = _Handshake(scope, send)
        try:
            if destination is None or isinstance(destination.app, Wsgi):
                await receive()
                raise make_problem(404, _NOT_MOUNTED) if destination is None else make_problem(400, _NO_WEBSOCKET)
            await destination.app.app(destination.place(scope, root, path), receive, socket.send)
        except Exception as error:
            if socket.status != 101 and not socket.has_answered:
                return await socket.deny(await self._answer(error, scope, destination))
            report_broken_off(scope, socket.status, error, self._edge)
            if not socket.has_answered:
                await send({"type": "websocket.close", "code": _INTERNAL_ERROR, "reason": ""})

    async def _settle(self) -> None:
        await self._answering.close(0)
        if not await self._threads.close(self._grace):
            said = "requests were still running in threads %g seconds after shutdown began; grace= waits longer"
            log.error(said, self._grace)
        if not await finish_work(self._grace):
            log.error("async hooks were still running after %g seconds", self._grace)


@dataclass(slots=True)
class _Handshake:
    """How far an application has come with a WebSocket."""

    _scope: WebSocketScope
    _send: ASGISendCallable
    status: int = 500  # that the client sees
    has_answered: bool = False

    async def send(self, event: ASGISendEvent) -> None:
        """Send a message of the application."""
        if event["type"] == "websocket.accept":
            self.status = 101
        elif event["type"] in ("websocket.close", "websocket.http.response.start"):
            self.has_answered = True
        await self._send(event)

    async def deny(self, answer: Complete) -> None:
        """Refuse the WebSocket: with this answer where the server can send one, else with its 403."""
        if "websocket.http.response" not in (self._scope.get("extensions") or {}):
            await self._send({"type": "websocket.close", "code": 1000, "reason": ""})
            return
        await self._send({"type": "websocket.http.response.start", "status": answer.status, "headers": answer.headers})
        # asgiref leaves this message out of its events.
        body: Any = {"type": "websocket.http.response.body", "body": answer.body, "more_body": False}
        await self._send(body)


def _check_number(name: str, value: object, *, least: int = 0, kinds: tuple[type, ...] = (int,)) -> None:
    if isinstance(value, bool) or not isinstance(value, kinds) or not value >= least:  # type: ignore[operator]
        kind = "whole number" if kinds == (int,) else "number"
        raise SetupError(f"{name}={value!r} cannot work; give a {kind} of at least {least}")


def _consists_of(error: BaseException, is_wanted: Callable[[BaseException], bool]) -> bool:
    """Return whether an error is nothing but wanted ones; Quart's and others' task groups make groups of them."""
    if isinstance(error, BaseExceptionGroup):
        return all(_consists_of(member, is_wanted) for member in error.exceptions)
    return is_wanted(error)
