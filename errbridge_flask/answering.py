"""How errors of Flask applications are answered; loaded with the first application.

The adapter collects the facts of the request, drives the core's plan, and makes a Flask response of the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial, wraps
from inspect import isawaitable
from operator import attrgetter
from typing import Any

import flask
from werkzeug.wrappers import Response as WerkzeugResponse

from errbridge.adapter import Application, Call, Draft, Installation, Run, check_chunk, check_head, drive
from errbridge.pallets.application import PalletsApplication, finish_response, wait_for
from errbridge.pallets.exceptions import Upload
from errbridge.pallets.private import read_request_values, ungroup
from errbridge.pallets.seam import Fields, Seam

__all__ = ["attach"]

_STREAMED = "errbridge.streamed"  # in the environ of a request whose answer is a stream: records what breaks it off


class _FlaskApplication(PalletsApplication):
    def make_response(self, draft: Draft, method: str) -> flask.Response:
        made = self._make_response(draft.body)
        body = made.response
        response: flask.Response = finish_response(made, draft, method)
        if response.response is not body and (close := getattr(body, "close", None)) is not None:
            close()  # it is not sent
        return response

    def render_template(self, names: str | Sequence[str], context: Mapping[str, Any], owner: Any = None) -> str:
        self.add_own_templates()
        with self.rendering_for(flask.request, owner):
            return flask.render_template(names if isinstance(names, str) else list(names), **context)

    def send_signal(self, exc: Exception) -> None:
        flask.got_request_exception.send(self.app, _async_wrapper=self.app.ensure_sync, exception=exc)

    def run_work(self, work: Coroutine[Any, Any, None]) -> None:
        from asyncio import get_running_loop  # not before there is an async hook

        try:
            get_running_loop()
        except RuntimeError:
            run: Callable[..., None] = self.app.async_to_sync(wait_for)  # on the server's loop, under a bridge
        else:
            run = super().run_work  # an async program calls the application without a thread, as tests do
        run(work)

    def find_environ(self) -> dict[str, Any] | None:
        return flask.request.environ if flask.has_request_context() else None

    def request_values(self) -> frozenset[str]:
        return read_request_values(flask.request._get_current_object())  # type: ignore[attr-defined]


class _FlaskSeam(Seam):
    response_class = flask.Response
    current_request = staticmethod(flask.request._get_current_object)  # type: ignore[attr-defined]

    keep_for = staticmethod(attrgetter("environ"))

    def read_fields(self, request: flask.Request, request_id: str) -> Fields:
        # The environ has one value for each name; a look there is a tenth of the cost of request.headers.
        read: Callable[[str, str], str] = request.environ.get
        values = {
            "host": read("HTTP_HOST", ""),
            "accept": read("HTTP_ACCEPT", ""),
            "accept-language": read("HTTP_ACCEPT_LANGUAGE", ""),
            "x-requested-with": read("HTTP_X_REQUESTED_WITH", ""),
            "traceparent": read("HTTP_TRACEPARENT", ""),
        }
        if request_id:
            values[request_id] = read(_environ_key(request_id), "")
        has_content = read("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in request.environ
        return Fields(values, has_content, request.environ.get("asgi.scope"))  # where the bridge leaves it

    def raise_refusal(self) -> None:
        if (refusal := self.installation.find_refusal(flask.request.environ.get("asgi.scope"))) is not None:
            raise refusal

    def list_headers(self, request: flask.Request) -> Iterable[tuple[str, str]]:
        return request.headers.items()

    def carry_out(self, run: Run, exc: object = None) -> Any:
        if run.outcome is None:
            with self.asking(run):
                drive(run, self._call)
        return self.make_result(run)

    def _call(self, step: Call) -> Any:
        result = self.app.ensure_sync(step.function)(*step.args)
        return self.app.async_to_sync(wait_for)(result) if isawaitable(result) else result


def attach(app: flask.Flask, install: Callable[[Application], Installation]) -> None:
    """Attach errbridge to an application: at its search for handlers, and where errors pass that are not searched for.

    Args:
        app: The application.
        install: Makes the installation.
    """
    convert: Callable[[Any], flask.Response] = app.make_response
    finalize: Callable[..., flask.Response] = app.finalize_request
    call: Callable[..., Any] = app.wsgi_app
    seam = _FlaskSeam.attach(_FlaskApplication(app), install)

    get_current, set_current = seam.installation.get_current, seam.installation.set_current

    @wraps(convert)
    def make_response(rv: Any) -> flask.Response:
        run = None if type(rv) in seam.ordinary else seam.respond_to_value(rv)
        response = convert(rv if run is None else seam.carry_out(run))
        current = get_current()
        return response if current is None or current.header is None else seam.add_id(response)

    @wraps(finalize)
    def finalize_request(*given: Any, **named: Any) -> flask.Response:
        """Finish a response, and watch it if it is a stream, which an ``after_request`` function may have made."""
        response = finalize(*given, **named)
        is_made = isinstance(response, WerkzeugResponse)  # an after_request function may return anything
        if is_made and not (isinstance(response.response, (list, tuple)) or response.direct_passthrough):
            request = flask.request
            request.environ[_STREAMED] = seam.watch(response), request.url_rule, request.view_args
        return response

    @cache
    def debugger() -> Any:
        from werkzeug.debug import DebuggedApplication  # it logs a PIN, and only developers need it

        return DebuggedApplication(wsgi_app, evalex=True)

    def is_outermost() -> bool:
        called: Any = app.wsgi_app
        while type(called).__module__ == "werkzeug.middleware.proxy_fix":  # which does not look at the head
            called = called.app
        return called is wsgi_app

    @wraps(call)
    def wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        # Werkzeug's server brings the debugger itself; other bridges, which have a scope as well, may serve anybody.
        if app.debug and "errbridge.bridge" in environ and "werkzeug.debug.preserve_context" not in environ:
            return debugger()(environ, start_response)
        if "asgi.scope" in environ:
            seam.expect_refusal(environ["asgi.scope"])
        # The head is held back until there is a first chunk, so that an error until then replaces it. PEP 3333 provides
        # for a second head with exc_info instead, but gunicorn sends both, and others ignore it. Middleware that looks
        # at the head may need the request context, as OpenTelemetry's does, so it gets the head when Flask has it.
        head: tuple[Any, ...] | None = None
        is_held = app.wsgi_app is wsgi_app or is_outermost()
        send: Callable[[bytes], Any] | None = None

        def start(*given: Any) -> Any:
            nonlocal head
            check_head(given[0], given[1], "latin-1")  # PEP 3333
            head = given
            return write if is_held else start_response(*given)

        def write(data: bytes) -> None:  # which PEP 3333 has for old frameworks
            nonlocal send
            assert head is not None
            found = send = send or start_response(*head)
            found(data)

        if "wsgi.input_terminated" in environ:
            environ["wsgi.input"] = Upload(environ["wsgi.input"])
        if (before := get_current()) is not None:  # inside another request
            set_current(None)
        try:
            try:
                body = call(environ, start)
                if (watched := environ.pop(_STREAMED, None)) is not None:  # the environ may be a dispatcher's as well
                    body = _Stream(body, partial(break_off, environ, *watched))
            except StopIteration:  # a response of Flask-Sock, which has served the connection
                raise
            except BaseException as exc:
                error = ungroup(exc)
            else:
                if is_held and head is not None and send is None:
                    start_response(*head)
                is_held = False
                return body
            is_begun = send is not None or not (is_held or head is None)
            is_final = send is not None or environ.get("SERVER_SOFTWARE", "").startswith("gunicorn")
            if not isinstance(error, Exception) or (is_begun and is_final):  # no other head can be sent
                raise error
            response = seam.respond_outside(error, app.request_class(environ))
            if not is_begun:
                return response(environ, start_response)
            exc_info = (type(error), error, error.__traceback__)
            restart: Callable[..., Any] = lambda *given: start_response(*given, exc_info)  # noqa: E731
            return response(environ, restart)
        finally:
            if get_current() is not before:  # most requests have no error
                set_current(before)

    def break_off(environ: dict[str, Any], record: Any, rule: Any, view_args: Any, exc: Exception) -> None:
        request = app.request_class(environ)  # the one of the view has its content, and Flask has let go of it
        request.url_rule, request.view_args = rule, view_args
        record(exc, request)

    replaced = {"make_response": make_response, "finalize_request": finalize_request, "wsgi_app": wsgi_app}
    for name, function in replaced.items():
        setattr(app, name, function)


@lru_cache(maxsize=64)
def _environ_key(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


class _Stream:
    """A streamed body. Its first chunk is taken at once: an error until then can still be answered.

    Args:
        body: The body.
        break_off: Records an exception that comes later.
    """

    def __init__(self, body: Any, break_off: Callable[[Exception], None]) -> None:
        self._body = body
        self._break_off = break_off
        try:
            self._chunks = iter(body)
            self._first = check_chunk(next(self._chunks, b""), (bytes,))  # Werkzeug encodes text
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        try:
            for chunk in self._chunks:  # "yield from" would close the body once more than the server does
                yield check_chunk(chunk, (bytes,))
        except Exception as exc:  # the server breaks the connection off
            self._break_off(exc)
            raise

    def close(self) -> None:
        if (close := getattr(self._body, "close", None)) is not None:  # PEP 3333 does not demand one
            close()
