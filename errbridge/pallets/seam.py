"""The seam by which errbridge is attached to an application.

Every search for an error handler, in Flask and in Quart, for requests and for WebSockets, goes through one method of
``flask.sansio.app.App``: ``_find_error_handler(exc, blueprints)``. That is the seam: errbridge answers in its place. So
all that the frameworks do around a handler stays theirs: debug, testing and propagate mode, ``TRAP_*``, signals, the
log record, ``before_request`` and ``after_request``. The method is private; whether it still is what it was is checked
when an application is initialised.

Two things never get there. An HTTP exception without a status, which both frameworks would send as 200, is met in the
public ``make_response``, together with an error that a view returned instead of raising it. And what escapes the
framework, from opening the session or tearing down, is met around the application.
"""

from __future__ import annotations

import inspect
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, cast

from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed
from werkzeug.routing import RoutingException

from errbridge.application.errormap import Installation, Table
from errbridge.errors import SetupError
from errbridge.handling.case import is_claimable, opened
from errbridge.handling.drivers import Given, Outcome, Plan
from errbridge.handling.plan import answer, answer_debugging, answer_outside, claim
from errbridge.handling.prepared import prepared
from errbridge.http.headers import RequestHeaders
from errbridge.http.request import RequestFacts, is_xhr
from errbridge.mapping.problems import is_http_error, is_uncaught, representative, status_of
from errbridge.pallets.application import Search, headers_of, rule_blueprints
from errbridge.problem.problem import Problem
from errbridge.representations.response import Answer, last_resort

__all__ = ["SEAM", "Seam", "checked_seam", "is_ready"]

log = logging.getLogger("errbridge")

_FAILED = "errbridge failed before it could answer"

# With whose frames the traceback of any exception of a view begins.
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
SEAM = "errbridge.seam"  # for the command line, which asks it what it would ask


class Seam(ABC):
    """Takes a framework's questions for an error handler to the core.

    Args:
        app: The application.
        search: The framework's own search, for what stays its business.
        installation: errbridge in that application.
    """

    def __init__(self, app: Any, search: Search, installation: Installation) -> None:
        self.app = app
        self.installation = installation
        self._search = search

    @abstractmethod
    def current_request(self) -> Any:
        """Give the request, or WebSocket, that is being answered."""

    @abstractmethod
    def url_adapter(self) -> Any:
        """Give the URL adapter with which the current request was routed."""

    @abstractmethod
    def read(self, request: Any) -> tuple[str, str, str, str, tuple[str, ...]]:
        """Read Host, Accept, X-Requested-With and Traceparent; several lines joined, empty where there is none.

        Returns:
            The four, and what stands in the ASGI scope under `errbridge.incident.ALLOW`.
        """

    @abstractmethod
    def headers(self, request: Any) -> Iterable[tuple[str, str]]:
        """Give the headers of a request as the client sent them."""

    def facts(
        self, exc: BaseException, request: Any, blueprints: Sequence[str], url_adapter: Any = None
    ) -> RequestFacts:
        """Collect the facts of a request.

        Args:
            exc: The error that came of it.
            request: The request.
            blueprints: Those of the matched view, innermost first.
            url_adapter: With which the request was routed, if it is not the current one.
        """
        host, accept, requested_with, traceparent, allow = self.read(request)
        routing, rule = exc is request.routing_exception, request.url_rule
        observers = self.installation.shared.observers
        return RequestFacts(  # by position, which costs half as much as by name
            request.method,
            request.path,
            host,
            request.root_path.rstrip("/"),
            accept,
            requested_with != "" and is_xhr(requested_with),
            traceparent,
            None if rule is None else rule.endpoint,
            tuple(blueprints),
            rule_blueprints(url_adapter or self.url_adapter(), exc)
            if routing and isinstance(exc, MethodNotAllowed)
            else (),
            allow,
            routing,
            request.scheme in ("ws", "wss"),
            RequestHeaders(self.headers, request),
            observers.current_trace() if observers.trace_id is not None else "",
        )

    @abstractmethod
    def handler(self, plan: Plan | Answer) -> Callable[[BaseException], Any]:
        """Make an error handler of the framework's own colour that carries out a plan."""

    def respond(self, outcome: Outcome) -> Any:
        """Turn an outcome into what the framework expects of an error handler."""
        if isinstance(outcome, Answer):
            response = self.app.response_class(outcome.body, outcome.status, headers_of(outcome.headers))
            if outcome.body is None and outcome.content_type is None:  # the frameworks would make one up
                del response.headers["Content-Type"]
            return response
        if isinstance(outcome, Given):
            return outcome.value
        raise outcome.exception

    def find_error_handler(self, exc: Exception, blueprints: list[str]) -> Callable[..., Any] | None:
        """Answer the framework's question; None lets the exception go on its way."""
        if is_ready(exc) or self.is_trapped(exc):
            return self._search.handler(exc, blueprints)
        plan = self.plan(exc, blueprints)
        return None if plan is None else self.handler(plan)

    def plan(self, exc: BaseException, blueprints: Sequence[str]) -> Plan | Answer | None:
        """Plan the answer to an exception; None where nobody claims it before it is a 500.

        Args:
            exc: The exception.
            blueprints: Those of the matched view, innermost first.
        """
        request = self.current_request()
        if isinstance(exc, HTTPException) or is_http_error(exc):
            return self._answer(exc, request, blueprints)
        try:
            table = self.installation.table()
            stands_for = partial(self._stand_in, exc, request, blueprints, table)
            if is_claimable(table, exc, blueprints):
                case = opened(table, exc, self.facts(exc, request, blueprints))
                if (claimed := claim(case, stands_for)) is not None:
                    return claimed
            return stands_for()
        except Exception:
            log.exception(_FAILED)
            return None

    def _answer(
        self, error: BaseException, request: Any, blueprints: Sequence[str], table: Table | None = None
    ) -> Plan | Answer:
        try:
            facts = self.facts(error, request, blueprints)
            table = table or self.installation.table()
            return prepared(table, error, facts) or answer(opened(table, error, facts))
        except Exception:
            log.exception(_FAILED)
            return _settled(last_resort(request.method, status_of(error, 500)))

    def _stand_in(
        self, exc: BaseException, request: Any, blueprints: Sequence[str], table: Table
    ) -> Plan | Answer | None:
        """Plan the answer to the HTTP error that another exception stands for."""
        error = representative(exc, table.settings)
        if error is None or self.is_trapped(error):
            return None
        return _settled(Given(error)) if is_ready(error) else self._answer(error, request, blueprints, table)

    def unanswered(self, value: object) -> Plan | Answer | None:
        """Plan the answer to what is about to become a response, if it is an error that nobody was asked about."""
        if isinstance(value, Problem):
            return self.plan(value, self.current_request().blueprints)
        if not isinstance(value, HTTPException) or isinstance(value, RoutingException) or is_ready(value):
            return None
        return self.plan(value, self.current_request().blueprints)

    def outside(self, exc: BaseException, request: Any) -> Any:
        """Answer what escaped the framework's own handling, where no request is at hand any more.

        Raises:
            BaseException: What was given, where exceptions are shown to the developer.
        """
        if self.installation.framework.propagates():
            if (document := self._debug_document(exc, request)) is not None:
                return document
            raise exc
        error: HTTPException = InternalServerError(original_exception=exc)  # whatever it is, it comes too late
        try:
            self.app.create_url_adapter(request)
        except HTTPException as unroutable:  # a Host that cannot be one; Quart finds out before there is a request
            error = unroutable
        try:
            facts = self.facts(error, request, request.blueprints)
            return self.respond(answer_outside(self.installation.table(), error, facts))
        except Exception:
            log.exception(_FAILED)
            return self.respond(last_resort(request.method, 500))

    def _debug_document(self, exc: BaseException, request: Any) -> Any:
        """Tell a program of an exception that is shown to the developer; None if that is off, or it is no program."""
        if not self.app.debug:
            return None
        try:
            table = self.installation.table()
            if not table.settings.debug_document:
                return None
            if request.url_rule is None:  # Flask has let go of the request; whose view it was decides about the style
                with suppress(HTTPException):
                    request.url_rule, request.view_args = self.app.create_url_adapter(request).match(return_rule=True)
            error = InternalServerError(original_exception=exc)
            facts = self.facts(error, request, request.blueprints)
            answered = answer_debugging(table, error, facts, _FRAMEWORK)
            return None if answered is None else self.respond(answered)
        except Exception:
            log.exception(_FAILED)
            return None

    def is_trapped(self, exc: BaseException) -> bool:
        """Tell whether ``TRAP_HTTP_EXCEPTIONS`` or ``TRAP_BAD_REQUEST_ERRORS`` make a crash of an HTTP error."""
        if isinstance(exc, HTTPException):
            return bool(self.app.trap_http_exception(exc)) and not is_uncaught(exc)
        return isinstance(exc, Problem) and bool(self.app.config["TRAP_HTTP_EXCEPTIONS"])


def is_ready(exc: BaseException) -> bool:
    """Tell whether an exception is an answer already: it brings a response, or is no error, like a redirect."""
    if not isinstance(exc, HTTPException):
        return False
    if getattr(exc, "response", None) is not None:  # a subclass may not have called the constructor
        return True
    return exc.code is not None and 100 <= exc.code < 400


def _settled(outcome: Outcome) -> Plan:
    """Plan nothing more."""
    yield from ()
    return outcome


_FRAMEWORKS_OWN = "flask.sansio.app"


def checked_seam(app: Any) -> Search:
    """Give the framework's search for handlers, if it still is what errbridge knows.

    Raises:
        SetupError: It is not.
    """
    found: Any = getattr(app, "_find_error_handler", None)
    if callable(found) and len(inspect.signature(found).parameters) == 2:
        # One that takes its place need not look among what was registered; by its name it may pass for the original.
        is_replaced = getattr(found, "__globals__", {}).get("__name__") != _FRAMEWORKS_OWN
        return Search(cast("Callable[..., Any]", found), app, is_replaced)
    raise SetupError(
        "this version of the framework searches error handlers in a way that errbridge does not know; "
        "install a version of errbridge that supports it, or the framework's version before"
    )
