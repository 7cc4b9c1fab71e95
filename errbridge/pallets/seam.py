"""The seam between a framework and the core: exceptions and facts in, plans out.

Errors arrive in three ways. The framework searches a handler for almost all of them (`Seam.find_error_handler`). An
HTTP exception without a status, which both frameworks would send as 200, and an error that a view returned instead of
raising it, pass ``make_response`` (`Seam.respond_to_value`). Errors that escape the framework, from opening the session
or tearing down, are caught around the application (`Seam.respond_outside`).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import lru_cache, wraps
from typing import Any, NamedTuple

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed

from errbridge.adapter import (
    LEFT,
    Installation,
    Native,
    Outcome,
    Raised,
    RequestFacts,
    RequestHeaders,
    Response,
    Run,
    receive,
    respond,
)
from errbridge.handling.context import Trace, find_context
from errbridge.handling.outside import respond_debugging, respond_outside
from errbridge.handling.results import convert_result, override_problem, take_apart
from errbridge.http.request import ALLOW, is_xhr
from errbridge.incident import Page, Reply
from errbridge.pallets.exceptions import is_response, override
from errbridge.pallets.private import HandlerSearch
from errbridge.problem.problem import Problem
from errbridge.representations.response import last_resort
from errbridge.scopes.scope import list_blueprints

__all__ = ["ALLOW", "SEAM", "FieldValues", "Seam"]

log = logging.getLogger("errbridge")

SEAM = "errbridge.seam"
"""The key of ``app.extensions`` under which the command line finds the seam."""

_TRACE = "errbridge.trace"  # in the environ or ASGI scope of a request: the contexts of its last error

# The traceback of any exception of a view begins with frames of these packages.
_FRAMEWORK = (
    "asgiref",
    "asyncio",
    "concurrent",
    "contextlib",
    "errbridge",
    "errbridge_flask",
    "errbridge_quart",
    "flask",
    "quart",
    "threading",
    "werkzeug",
)


class FieldValues(NamedTuple):
    """The header fields of a request that are read at each error; several lines joined, "" if there is none.

    Attributes:
        host: ``Host``.
        accept: ``Accept``.
        requested_with: ``X-Requested-With``.
        traceparent: ``Traceparent``.
        allow: Methods that other applications of the process have for the URL, from the bridge.
        has_content: Whether the request has a body.
    """

    host: str
    accept: str
    requested_with: str
    traceparent: str
    allow: tuple[str, ...]
    has_content: bool


class Seam(ABC):
    """Takes the errors of an application to the core.

    Args:
        installation: errbridge in the application.
        app: The application.
        search: The framework's own search, for what stays its business.
    """

    def __init__(self, installation: Installation, app: Any, search: HandlerSearch) -> None:
        self.installation = installation
        self.app = app
        self.search = search

    @abstractmethod
    def current_request(self) -> Any:
        """Return the request or WebSocket that is being handled."""

    @abstractmethod
    def request_state(self, request: Any) -> dict[str, Any]:
        """Return a dictionary that lives as long as a request: its environ or ASGI scope."""

    @abstractmethod
    def read_fields(self, request: Any) -> FieldValues:
        """Read the header fields that matter at each error."""

    @abstractmethod
    def list_headers(self, request: Any) -> Iterable[tuple[str, str]]:
        """List the headers of a request as the client sent them."""

    @abstractmethod
    def make_handler(self, run: Run) -> Callable[[BaseException], Any]:
        """Make an error handler of the framework's own colour that carries out a plan."""

    def facts(self, exc: BaseException, request: Any, blueprints: Sequence[str]) -> RequestFacts:
        """Collect the facts of a request.

        Args:
            exc: The error that came of it.
            request: The request.
            blueprints: The blueprints of the matched view, innermost first.
        """
        fields = self.read_fields(request)
        is_routing, rule = exc is request.routing_exception, request.url_rule
        hooks = self.installation.hooks
        return RequestFacts(
            method=request.method,
            path=request.path,
            host=fields.host,
            root_path=request.root_path.rstrip("/"),
            accept=fields.accept,
            xhr=fields.requested_with != "" and is_xhr(fields.requested_with),
            traceparent=fields.traceparent,
            endpoint=None if rule is None else rule.endpoint,
            blueprints=tuple(blueprints),
            rule_blueprints=self._rule_blueprints(request, exc)
            if is_routing and isinstance(exc, MethodNotAllowed)
            else (),
            allow=fields.allow,
            routing=is_routing,
            websocket=request.scheme in ("ws", "wss"),
            headers=RequestHeaders(self.list_headers, request),
            trace_id=hooks.current_trace() if hooks.trace_id is not None else "",
            has_input=fields.has_content or bool(request.view_args) or bool(request.query_string),
        )

    def _rule_blueprints(self, request: Any, exc: MethodNotAllowed) -> tuple[str, ...]:
        """Find the blueprints that have a route for the URL with another method."""
        adapter = self.app.create_url_adapter(request)
        found: dict[str, None] = {}
        waiting = set(exc.valid_methods or ())
        while waiting:
            method = min(waiting)
            waiting.discard(method)
            try:
                rule, _ = adapter.match(method=method, return_rule=True)
            except HTTPException:  # a redirect is one, too
                continue
            waiting.difference_update(rule.methods or ())
            found.update(dict.fromkeys(_endpoint_blueprints(rule.endpoint)))
        return tuple(found)

    def start(self, exc: BaseException, request: Any, blueprints: Sequence[str]) -> Run:
        """Start the plan for an error of a request."""
        state = self.request_state(request)
        trace: Trace = state.get(_TRACE, [])
        original = getattr(exc, "original_exception", None)
        if (arrived := find_context(trace, original)) is not None:
            facts = arrived.request
        else:
            trace, facts = [], self.facts(exc, request, blueprints)
        run = Run(respond(self.installation, exc, facts, trace))
        if run.outcome is None or isinstance(run.outcome, Raised):  # the framework may come back with a 500 made of it
            state[_TRACE] = trace
        else:
            state.pop(_TRACE, None)
        return run

    def receive(self, exc: BaseException) -> None:
        """Give an uncaught exception its id, before the framework sends its signal and writes its record."""
        try:
            request = self.current_request()
            trace: Trace = self.request_state(request).setdefault(_TRACE, [])
            if find_context(trace, exc) is None:
                receive(self.installation, exc, self.facts(exc, request, request.blueprints), trace)
        except Exception:
            log.exception("errbridge could not read the request")

    def receiving(self, handle: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a method of the framework that handles uncaught exceptions; newer versions pass the context first."""

        @wraps(handle)
        def receive_first(*args: Any, **kwargs: Any) -> Any:
            for each in (*args, *kwargs.values()):
                if isinstance(each, BaseException):
                    self.receive(each)
            return handle(*args, **kwargs)

        return receive_first

    def find_error_handler(self, exc: Exception, blueprints: list[str]) -> Callable[..., Any] | None:
        """Answer the framework's search for a handler; None lets the exception go on its way."""
        try:
            run = self.start(exc, self.current_request(), blueprints)
        except Exception:
            log.exception("errbridge could not read the request")
            return self.search.find(exc, blueprints)
        if run.outcome is LEFT:
            return self.search.find(exc, blueprints)
        if isinstance(run.outcome, Raised) and run.outcome.exception is exc:
            return None
        return self.make_handler(run)

    def respond_to_value(self, value: object) -> Callable[[BaseException], Any] | None:
        """Return a handler for what is about to become a response; None if it is the framework's to convert.

        It is errbridge's if it is an error that nothing was asked about, a page or a reply, alone or in a tuple.
        """
        if not _is_known(value[0] if isinstance(value, tuple) and value else value):
            return None
        parts = take_apart(value)
        try:
            request = self.current_request()
        except RuntimeError:  # in an app context alone; there is no error to answer
            request = None
        if isinstance(parts.body, (Page, Reply)):
            method = "GET" if request is None else request.method
            return self.make_handler(Run(convert_result(self.installation.application, parts, method)))
        if request is not None and not (isinstance(parts.body, HTTPException) and is_response(parts.body)):
            error = parts.body
            if isinstance(error, Problem):
                error = override_problem(error, parts)
            elif isinstance(error, HTTPException):
                error = override(error, parts)
            run = self.start(error, request, request.blueprints)
            if run.outcome is not LEFT:
                return self.make_handler(run)
        if parts.is_class:
            raise parts.body
        return None

    def respond_outside(self, exc: BaseException, request: Any) -> Any:
        """Answer what escaped the framework's own handling, when there is no request context any more.

        Raises:
            BaseException: The exception, in propagate mode.
        """
        if self.installation.application.propagates():
            if (document := self._respond_debugging(exc, request)) is not None:
                return document
            raise exc
        error: HTTPException = InternalServerError(original_exception=exc)  # whatever it is, it comes too late
        try:
            self.app.create_url_adapter(request)
        except HTTPException as unroutable:  # a Host that cannot be one; Quart finds out before there is a request
            error = unroutable
        try:
            facts = self.facts(error, request, request.blueprints)
            return self.build_response(respond_outside(self.installation, error, facts))
        except Exception:
            log.exception("errbridge failed before it could answer")
            return self.build_response(last_resort(request.method, 500))

    def _respond_debugging(self, exc: BaseException, request: Any) -> Any:
        """Describe to a program an exception that is raised for the developer; None if that is off, or it is none."""
        if not self.app.debug:
            return None
        try:
            if not self.installation.error_map().settings.debug_document:
                return None
            if request.url_rule is None:  # Flask has let go of the request; the style is that of the view's owner
                with suppress(HTTPException):
                    request.url_rule, request.view_args = self.app.create_url_adapter(request).match(return_rule=True)
            error = InternalServerError(original_exception=exc)
            facts = self.facts(error, request, request.blueprints)
            response = respond_debugging(self.installation, error, facts, _FRAMEWORK)
            return None if response is None else self.build_response(response)
        except Exception:
            log.exception("errbridge failed before it could answer")
            return None

    def make_result(self, outcome: Outcome) -> Any:
        """Turn an outcome into what the framework expects of an error handler."""
        if isinstance(outcome, Response):
            return self.build_response(outcome)
        if isinstance(outcome, Native):
            return outcome.value
        assert isinstance(outcome, Raised)
        raise outcome.exception

    def build_response(self, response: Response) -> Any:
        """Build a response of the framework."""
        built = self.app.response_class(response.body, response.status, Headers(list(response.headers)))
        if response.body is None and response.content_type is None:  # the frameworks would make one up
            del built.headers["Content-Type"]
        return built


def _is_known(body: object) -> bool:
    if isinstance(body, type):
        return issubclass(body, BaseException)
    return isinstance(body, (HTTPException, Problem, Page, Reply))


@lru_cache(maxsize=1024)
def _endpoint_blueprints(endpoint: str) -> tuple[str, ...]:
    name = endpoint.rpartition(".")[0]
    return list_blueprints(name) if name else ()
