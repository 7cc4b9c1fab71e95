"""How errors of Quart applications are answered; loaded with the first of them.

It collects the facts of the request or WebSocket, drives the core's plan, and makes a Quart response of the outcome.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from inspect import isawaitable
from typing import Any

import quart

from errbridge.application.protocol import NativeAnswer
from errbridge.application.settings import Options
from errbridge.handlers.registry import Registry
from errbridge.handling.closing import close_of
from errbridge.handling.drivers import Call, Colour, Plan, adrive
from errbridge.http.request import ALLOW
from errbridge.pallets.application import PalletsApplication, dressed
from errbridge.pallets.attaching import attached
from errbridge.pallets.seam import Seam
from errbridge.representations.response import Answer

__all__ = ["attach"]

_READ = (b"host", b"accept", b"x-requested-with", b"traceparent")
_CLOSE = "errbridge.close"  # in the scope of a WebSocket: how to close it


class _QuartApplication(PalletsApplication):
    async def make_response(self, answer: NativeAnswer, method: str) -> quart.Response:
        return dressed(await self._make_response(answer.body), answer, method)  # type: ignore[no-any-return]

    async def render_template(self, names: str | Sequence[str], context: Mapping[str, Any]) -> str:
        return await quart.render_template(names if isinstance(names, str) else list(names), **context)


def _context() -> Any:
    """Give the context of what is being answered, which is nearer at hand than ``quart.request``."""
    current: Any = quart.globals.websocket_ctx if quart.has_websocket_context() else quart.globals.request_ctx
    return current._get_current_object()


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Put the lines together of those headers that are read at each error."""
    found: dict[bytes, bytes] = dict.fromkeys(_READ, b"")
    for name, value in pairs:
        if (key := name.lower()) in found:
            found[key] = found[key] + b", " + value if found[key] else value
    return found


class _QuartSeam(Seam):
    def current_request(self) -> Any:
        return _context().request_websocket

    def url_adapter(self) -> Any:
        return _context().url_adapter

    def read(self, request: Any) -> tuple[str, str, str, str, tuple[str, ...]]:
        scope = request.scope or {}
        pairs = tuple(scope.get("headers", ()))
        found: dict[bytes, bytes] = dict(pairs)
        if len(found) < len(pairs) or b"accept" not in found:  # names that occur twice, or are in capital letters
            found = _joined(pairs)
        return (
            found.get(b"host", b"").decode("latin-1"),
            found.get(b"accept", b"").decode("latin-1"),
            found.get(b"x-requested-with", b"").decode("latin-1"),
            found.get(b"traceparent", b"").decode("latin-1"),
            scope.get(ALLOW, ()),
        )

    def headers(self, request: Any) -> Iterable[tuple[str, str]]:
        # Not request.headers, to which Quart adds one of its own, Remote-Addr.
        scope = request.scope or {}
        return ((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope.get("headers", ()))

    def handler(self, plan: Plan | Answer) -> Callable[[BaseException], Any]:
        async def handle(exc: BaseException) -> Any:
            answered = self.respond(await adrive(plan, self._call))
            if quart.has_websocket_context():
                scope: Any = quart.websocket.scope
                scope[_CLOSE] = close_of(exc, answered)
            return answered

        return handle

    async def _call(self, step: Call) -> Any:
        if step.colour is Colour.SYNC:
            result = await self.app.ensure_async(_finite)(step.function, step.args)
        else:
            result = step.function(*step.args)
        return await result if isawaitable(result) else result


def _finite(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call a function in a thread; a StopIteration would be lost on the way back, and the request wait for ever."""
    try:
        return function(*args)
    except StopIteration as error:
        raise RuntimeError("the handler raised StopIteration") from error


def attach(app: quart.Quart, registry: Registry, options: Options) -> None:
    """Attach errbridge to an application: by `attached`, and where errors pass that do not come to the seam."""
    make_response: Callable[[Any], Awaitable[Any]] = app.make_response
    handle_request: Callable[[Any], Awaitable[Any]] = app.handle_request
    asgi_app: Callable[[Any, Any, Any], Awaitable[None]] = app.asgi_app
    seam = attached(app, _QuartApplication, _QuartSeam, registry, options)

    async def answering(result: Any) -> Any:
        """Make a response, also of an error that a view returned."""
        plan = seam.unanswered(result) if isinstance(result, Exception) else None
        answered: Any = result if plan is None else await seam.handler(plan)(result)
        return await make_response(answered)

    async def guarded(request: quart.Request) -> Any:
        """Answer what escapes the framework."""
        try:
            return await handle_request(request)
        except Exception as exc:
            # Quart leaves a request bound whose session could not be opened. Flask asks its handlers then.
            if quart.has_request_context() and not seam.installation.framework.propagates():
                return await app.handle_exception(exc)
            return seam.outside(exc, request)

    async def closing(scope: Any, receive: Any, send: Any) -> None:
        """Close WebSockets as the core says."""
        if scope["type"] == "websocket":
            scope = {**scope, _CLOSE: None}
            send = _Closing(scope, send)
        await asgi_app(scope, receive, send)

    for name, function in {"make_response": answering, "handle_request": guarded, "asgi_app": closing}.items():
        setattr(app, name, function)


class _Closing:
    """Sends what Quart sends, but closes a WebSocket after an error as the core says; Quart would say 1000."""

    def __init__(self, scope: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        self._scope = scope
        self._send = send

    async def __call__(self, message: Any) -> None:
        if message["type"] == "websocket.close" and (close := self._scope[_CLOSE]) is not None:
            message = {**message, **close._asdict()}
        await self._send(message)
