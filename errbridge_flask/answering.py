"""How errors of Flask applications are answered; loaded with the first of them.

It collects the facts of the request, drives the core's plan, and makes a Flask response of the outcome.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from inspect import isawaitable
from typing import Any

import flask

from errbridge.application.protocol import NativeAnswer
from errbridge.application.settings import Options
from errbridge.handlers.registry import Registry
from errbridge.handling.drivers import Call, Colour, Plan, drive
from errbridge.http.request import ALLOW
from errbridge.pallets.application import PalletsApplication, dressed
from errbridge.pallets.attaching import attached
from errbridge.pallets.seam import Seam
from errbridge.representations.response import Answer

__all__ = ["attach"]

_STREAMED = "errbridge.streamed"  # in the environ of a request whose answer is a stream

# From Flask 3.2 on the application's context is that of the request, too.
_context: Any = flask.globals.request_ctx if "request_ctx" in vars(flask.globals) else flask.globals.app_ctx


class _FlaskApplication(PalletsApplication):
    def make_response(self, answer: NativeAnswer, method: str) -> flask.Response:
        return dressed(self._make_response(answer.body), answer, method)  # type: ignore[no-any-return]

    def render_template(self, names: str | Sequence[str], context: Mapping[str, Any]) -> str:
        return flask.render_template(names if isinstance(names, str) else list(names), **context)


class _FlaskSeam(Seam):
    def current_request(self) -> flask.Request:
        return flask.request._get_current_object()  # type: ignore[attr-defined, no-any-return]

    def url_adapter(self) -> Any:
        return _context.url_adapter

    def read(self, request: flask.Request) -> tuple[str, str, str, str, tuple[str, ...]]:
        # The environ has one value for each name; looking there is a tenth of the cost of asking request.headers.
        read: Callable[[str, str], str] = request.environ.get
        scope: Any = request.environ.get("asgi.scope")  # as the bridge leaves it there
        return (
            read("HTTP_HOST", ""),
            read("HTTP_ACCEPT", ""),
            read("HTTP_X_REQUESTED_WITH", ""),
            read("HTTP_TRACEPARENT", ""),
            scope.get(ALLOW, ()) if scope else (),
        )

    def headers(self, request: flask.Request) -> Iterable[tuple[str, str]]:
        return request.headers.items()

    def handler(self, plan: Plan | Answer) -> Callable[[BaseException], Any]:
        return lambda exc: self.respond(drive(plan, self._call))

    def _call(self, step: Call) -> Any:
        if step.colour is Colour.OWN:
            return step.function(*step.args)
        result = self.app.ensure_sync(step.function)(*step.args)
        return self.app.async_to_sync(_result)(result) if isawaitable(result) else result


async def _result(awaitable: Any) -> Any:
    return await awaitable


def attach(app: flask.Flask, registry: Registry, options: Options) -> None:
    """Attach errbridge to an application: by `attached`, and where errors pass that do not come to the seam."""
    make_response: Callable[[Any], flask.Response] = app.make_response
    wsgi_app: Callable[..., Any] = app.wsgi_app
    seam = attached(app, _FlaskApplication, _FlaskSeam, registry, options)

    def answering(rv: Any) -> flask.Response:
        plan = seam.unanswered(rv) if isinstance(rv, Exception) else None
        answered: Any = rv if plan is None else seam.handler(plan)(rv)
        response = make_response(answered)
        if not response.is_sequence and not response.direct_passthrough and flask.has_request_context():
            flask.request.environ[_STREAMED] = True
        return response

    def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if app.config["DEBUG"]:
            start_response = _First(start_response)
        try:
            body = wsgi_app(environ, start_response)
        except Exception as exc:
            return start_over(environ, start_response, exc)
        return _Stream(body, partial(start_over, environ, start_response)) if _STREAMED in environ else body

    def start_over(environ: dict[str, Any], start_response: Callable[..., Any], exc: Exception) -> Any:
        # PEP 3333 allows it while nothing was sent, with exc_info by position.
        response, exc_info = seam.outside(exc, app.request_class(environ)), sys.exc_info()
        start: Any = lambda *given: start_response(*given, exc_info)  # noqa: E731 # pyright: ignore
        return response(environ, start)

    for name, function in {"make_response": answering, "wsgi_app": guarded}.items():
        setattr(app, name, function)


class _First:
    """A ``start_response`` without the exception in a first call, with which Werkzeug's test client would raise it."""

    def __init__(self, start_response: Callable[..., Any]) -> None:
        self._start_response = start_response
        self._arguments = 2

    def __call__(self, *given: Any) -> Any:
        given, self._arguments = given[: self._arguments], 3
        return self._start_response(*given)


class _Stream:
    """A streamed body. Until its first chunk is there nothing is sent, and an error can still be answered."""

    def __init__(self, body: Any, start_over: Callable[[Exception], Iterable[bytes]]) -> None:
        self._body = body
        self._start_over = start_over

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._body)
        try:
            first = next(chunks, b"")
        except Exception as exc:
            yield from self._start_over(exc)
        else:
            yield first
            yield from chunks

    def close(self) -> None:
        if (close := getattr(self._body, "close", None)) is not None:  # PEP 3333 does not demand one
            close()
