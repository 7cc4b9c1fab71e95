"""What is known of one error before any handler is asked, and the exceptions that it becomes on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Self

from errbridge.application.errormap import Chain, ErrorMap, Look, Owner
from errbridge.application.installation import Installation
from errbridge.application.protocol import Application, NativeHandler
from errbridge.handling.plans import Call, Outcome, Plan, Raised
from errbridge.http.request import RequestFacts
from errbridge.http.status import is_error
from errbridge.incident import Incident, Occurrence, set_current
from errbridge.introspection import make
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.mapping.problems import complete, uncaught_problem
from errbridge.problem.problem import Problem
from errbridge.telemetry.record import choose_level, is_written

__all__ = ["ErrorContext", "Run", "open_context"]


@dataclass(slots=True, eq=False)
class ErrorContext:
    """One error, with everything that does not depend on a handler.

    Attributes:
        application: The application.
        error_map: The registrations in force.
        exception: The exception.
        request: The facts of the request.
        occurrence: The id and the time of the incident. Several exceptions of one error share it.
        original: The exception that no part of the application caught; None for an HTTP error.
        problem: The meaning of the exception, as its author left it.
        is_shared: Whether equal errors share *problem* and its members, so that what is derived from it can be kept.
        own_response: Builds the response that the class of the exception has of its own; None if it has none.
        client_gone: Whether the exception says that the client has left.
        chain: The owners.
        owners: Those that are asked, the nearest first.
        look: How the last of them shows the error to this client.
        native: The framework's own handler.
        asked: The handlers that were asked so far, for the same incident.
        hooks: Called with the incident.
        is_part: Whether it is shown for a handler, which makes its own response of it, so that nothing is reported.
    """

    application: Application
    error_map: ErrorMap
    exception: BaseException
    request: RequestFacts
    occurrence: Occurrence
    original: BaseException | None
    problem: Problem
    is_shared: bool
    own_response: Callable[[], Any] | None
    client_gone: bool
    chain: Chain
    owners: tuple[Owner, ...]
    look: Look
    native: NativeHandler | None
    hooks: list[Callable[..., Any]]
    asked: list[Callable[..., Any]]
    is_part: bool = False
    _completed: Problem | None = field(default=None, init=False)
    _incident: Incident | None = field(default=None, init=False)

    def as_server_error(self, exc: BaseException) -> ErrorContext:
        """Return the context of the 500 that the framework made of this uncaught exception: the same incident.

        A native handler for any exception stays the framework's choice. If it was not asked before, because a nearer
        handler might answer, it is asked where it is registered, with the exception itself.
        """
        native = self.native
        if native is None or not native.is_generic:
            native = _find_native(self.application, self.error_map, self.chain, exc, self.request)
        return replace(self, exception=exc, native=native)

    def restate(self, problem: Problem) -> ErrorContext:
        """Return the context of the problem that a handler made of this error, in the style of HTTP errors."""
        owners, style = self.chain.http
        look = self.error_map.choose_look(style, self.request)
        return replace(self, problem=problem, is_shared=False, owners=owners, look=look)

    def read_again(self) -> None:
        """Read the HTTP exception once more: a handler that passes it on may have given it other words."""
        http = self.application.http_error(self.exception)
        if http is None or http.original is not None or not is_error(http.status):
            return
        if vars(http.problem) != vars(self.problem):
            self.problem, self.is_shared = http.problem, http.is_shared and not self.request.allow
            self._completed = self._incident = None

    def anonymize(self) -> ErrorContext:
        """Return the context of a page that is made in advance, for an incident that is not known yet."""
        return replace(self, occurrence=Occurrence("", is_recorded=True))

    @property
    def id(self) -> str:
        """The id of the incident; "" if it is not known yet."""
        return self.occurrence.id

    def find_reference(self, status: int | None = None, *, failed: bool = False) -> str:
        """Return the start of the id, for people to quote; "" if no record with it was or will be written.

        Args:
            status: The status of the answer; None for the status of the problem.
            failed: Whether something failed while the error was handled.
        """
        level = choose_level(status or self.problem.status, failed=failed, client_gone=self.client_gone)
        return self.id[:8] if self.occurrence.is_recorded or is_written(level) else ""

    @property
    def completed(self) -> Problem:
        """The problem, complete with what its author left open. A document shows nothing else."""
        if self._completed is None:
            type_uri, language = self.look.settings.build_type(self.problem), self.look.language
            self._completed = complete(self.problem, self.request, self.occurrence.id, type_uri, language=language)
        return self._completed

    @property
    def incident(self) -> Incident:
        """The error as handlers, templates and hooks see it. Most errors are answered without one, so it is lazy."""
        if self._incident is None:
            values = {
                "exception": self.exception,
                "problem": self.completed,
                "request": self.request,
                "id": self.occurrence.id,
                "scope": self.chain.owners[0].scope,
                "media_type": self.look.media_type,
                "client_gone": self.client_gone,
                "original": self.original,
                "app": self.application.name,
                "time": self.occurrence.time,
                "reference": self.find_reference(),
                "language": self.look.language,
            }
            self._incident = make(Incident, values)
        return self._incident

    @property
    def vary(self) -> str:
        """The request headers that the choice of the media type and the language depends on."""
        return self.look.settings.vary(self.look.style)


def open_context(
    installation: Installation,
    exc: BaseException,
    http: HTTPErrorFacts | None,
    request: RequestFacts,
    first: ErrorContext | None = None,
) -> ErrorContext:
    """Find out what is known of an error. Each step depends on those before it.

    Args:
        installation: errbridge in the application.
        exc: The exception.
        http: What *exc* says, if it is an HTTP exception of the framework; or the uncaught exception that it is.
        request: The facts of the request.
        first: The context of the first exception of the incident; None if this is the first.
    """
    application = installation.application
    error_map = installation.error_map() if first is None else first.error_map
    original: BaseException | None = None
    if http is None and isinstance(exc, Problem):
        problem = exc
    elif http is not None and http.original is None:
        problem = http.problem
    else:
        original = exc if http is None else http.original
        problem = uncaught_problem(error_map.settings.default_msg)
    chain = error_map.find_chain(exc, request) if first is None else first.chain
    owners, style = chain.http if original is None else chain.uncaught
    return ErrorContext(
        application=application,
        error_map=error_map,
        exception=exc,
        request=request,
        occurrence=Occurrence(header=error_map.settings.incident_header) if first is None else first.occurrence,
        original=original,
        problem=problem,
        # The methods in *allow* become a member of the problem.
        is_shared=not request.allow and (original is not None or (http is not None and http.is_shared)),
        own_response=None if http is None else http.own_response,
        client_gone=http is not None and http.client_gone,
        chain=chain,
        owners=owners,
        look=error_map.choose_look(style, request),
        native=_find_native(application, error_map, chain, exc, request),
        hooks=installation.hooks.functions,
        asked=[] if first is None else first.asked,
    )


def _find_native(
    application: Application, error_map: ErrorMap, chain: Chain, exc: BaseException, request: RequestFacts
) -> NativeHandler | None:
    # A blueprint's native handlers count for its own views and, for errors of routing, for its URLs
    # (pallets/flask#1498).
    blueprints = request.blueprints or (chain.blueprints if request.routing else ())
    native = application.native_handler(exc, blueprints)
    return None if native is not None and error_map.settings.replace_native and native.is_catch_all else native


class Run:
    """One error on its way: the exceptions that it becomes, and the plan for the latest of them.

    The 500 that the framework makes of an uncaught exception is a run of its own, which goes on with the same contexts.

    Args:
        installation: errbridge in the application.
        request: The facts of the request.

    Attributes:
        contexts: The contexts of the exceptions of the incident, the latest last.
        call: The next call of the plan.
        outcome: The outcome of the plan; None as long as there is a call to make.
    """

    __slots__ = ("_plan", "call", "contexts", "installation", "outcome", "request")

    _plan: Plan
    call: Call
    outcome: Outcome | None

    def __init__(self, installation: Installation, request: RequestFacts) -> None:
        self.installation = installation
        self.request = request
        self.contexts: list[ErrorContext] = []

    def start(self, plan: Plan) -> Self:
        """Start the plan, and go on up to its first call or its outcome."""
        self._plan, self.outcome = plan, None
        try:
            self.call = next(plan)
        except StopIteration as end:
            self.outcome = end.value
        return self

    def open(self, exc: BaseException, http: HTTPErrorFacts | None = None) -> ErrorContext:
        """Open the context of an exception, and make its incident the current one.

        Args:
            exc: The exception.
            http: As for `open_context`.
        """
        if http is not None and http.original is not None and (arrived := self.find(http.original)) is not None:
            context = arrived.as_server_error(exc)
        else:
            first = self.contexts[0] if self.contexts else None
            context = open_context(self.installation, exc, http, self.request, first)
        self.contexts.append(context)
        set_current(context.occurrence)
        return context

    def find(self, original: BaseException) -> ErrorContext | None:
        """Find the latest context of an uncaught exception."""
        return next((context for context in reversed(self.contexts) if context.original is original), None)

    def raises(self, exc: BaseException | None) -> bool:
        """Return whether the outcome is this exception, to be raised to the framework."""
        return isinstance(self.outcome, Raised) and self.outcome.exception is exc

    def send(self, result: Any) -> None:
        """Go on with the result of the call."""
        self._advance(self._plan.send, result)

    def throw(self, error: Exception) -> None:
        """Go on with the exception that the call raised."""
        try:
            self._advance(self._plan.throw, error)
        finally:
            del error  # Python 3.13 gets here from the frames of its traceback

    def _advance(self, go: Callable[[Any], Call], value: Any) -> None:
        try:
            self.call = go(value)
        except StopIteration as end:
            self.outcome = end.value
        finally:
            del value  # it may be an exception
