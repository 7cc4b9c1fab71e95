"""What is known of one error before any handler is asked."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from errbridge.application.errormap import Chain, Reach
from errbridge.application.installation import Installation
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident, Occurrence
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.mapping.problems import complete, problem_of, uncaught_problem
from errbridge.problem.problem import Problem
from errbridge.representations.styles import Style
from errbridge.telemetry.record import choose_level, is_written

__all__ = ["ErrorContext", "Trace", "find_context"]


class ErrorContext:
    """One error, with everything that does not depend on a handler.

    Args:
        installation: errbridge in the application.
        exc: The exception.
        request: The facts of the request.
        http: What *exc* says, if it is an HTTP exception of the framework.
        is_uncaught: Whether *exc* is an uncaught exception, whatever it is.

    Attributes:
        application: The application.
        error_map: The registrations in force.
        exception: The exception.
        original: The exception that no part of the application caught; None for an HTTP error.
        is_uncaught: Whether the error is answered as an uncaught exception, which a handler can change.
        problem: The meaning of the exception, as its author left it.
        is_shared: Whether equal errors share *problem* and its members, so that what is derived from it can be kept.
        chain: The owners.
        reach: The owners that are asked.
        style: The style in which the last of them answers.
        language: The language to answer in.
        media_type: The media type to answer in.
        occurrence: That the error occurred, its id and its time. Several exceptions of one error share it.
        is_anonymous: Whether it is a page made in advance, for an incident that is not known yet.
        own_response: Builds the response that the class of the exception has of its own; None if it has none.
        native: The framework's own handler.
        asked: The handlers that were asked so far.
    """

    __slots__ = (
        "_incident",
        "application",
        "asked",
        "chain",
        "client_gone",
        "error_map",
        "exception",
        "installation",
        "is_anonymous",
        "is_shared",
        "is_uncaught",
        "language",
        "media_type",
        "native",
        "occurrence",
        "original",
        "own_response",
        "problem",
        "reach",
        "request",
        "style",
    )

    def __init__(
        self,
        installation: Installation,
        exc: BaseException,
        request: RequestFacts,
        *,
        http: HTTPErrorFacts | None,
        is_uncaught: bool = False,
    ) -> None:
        self.installation = installation
        self.application = installation.application
        self.error_map = installation.error_map()
        self.exception = exc
        self.request = request
        self.original: BaseException | None = None
        self.is_shared = not request.allow  # which becomes a member of the problem
        if isinstance(exc, Problem) and not is_uncaught:
            self.problem, self.is_shared = exc, False
        elif http is None or http.original is not None:
            self.original = exc if http is None else http.original
            self.problem = uncaught_problem(self.error_map.settings.default_msg)
        else:
            self.problem, self.is_shared = problem_of(http), self.is_shared and http.is_shared
        self.is_uncaught = self.original is not None
        self.client_gone = http is not None and http.client_gone
        self.chain: Chain = self.error_map.find_chain(exc, request)
        self.language = self.error_map.find_language(request)
        self._find_reach()
        self.occurrence = Occurrence()
        self.is_anonymous = False
        self.own_response = None if http is None else http.own_response
        self._find_native()
        self.asked: list[Callable[..., Any]] = []
        self._incident: Incident | None = None

    def _find_reach(self) -> None:
        self.reach: Reach = self.chain.uncaught if self.is_uncaught else self.chain.http
        self.style: Style = self.reach.style
        settings = self.error_map.settings
        self.media_type = self.style.choose_media_type(self.request, xhr_enabled=settings.xhr_enabled)

    def _find_native(self) -> None:
        # A blueprint's native handlers count for its own views and, for errors of routing, for its URLs
        # (pallets/flask#1498).
        request = self.request
        blueprints = request.blueprints or (self.chain.blueprints if request.routing else ())
        self.native = self.application.native_handler(self.exception, blueprints)
        if self.native is not None and self.error_map.settings.replace_native and self.native.is_catch_all:
            self.native = None

    def as_server_error(self, exc: BaseException) -> ErrorContext:
        """Return the context of the 500 that the framework made of this uncaught exception: the same incident.

        A native handler for any exception stays the framework's choice. If it was not asked before, because a nearer
        handler might answer, it is asked where it is registered, with the exception itself.
        """
        context = copy(self)
        context.exception = exc
        if self.native is None or not self.native.is_generic:
            context._find_native()
        context._incident = None
        return context

    def restate(self, problem: Problem) -> ErrorContext:
        """Return the context of the problem that a handler made of this error, which is then no uncaught exception."""
        context = copy(self)
        context.is_uncaught = False
        context.problem, context.is_shared = problem, False
        context._find_reach()
        context._incident = None
        return context

    def anonymize(self) -> ErrorContext:
        """Return the context of a page that is made in advance, for an incident that is not known yet."""
        context = copy(self)
        context.is_anonymous = True
        context._incident = None
        return context

    @property
    def id(self) -> str:
        """The id of the incident; "" if it is anonymous."""
        return "" if self.is_anonymous else self.occurrence.id

    @property
    def reference(self) -> str:
        """The start of the id, for people to quote; "" if no record with it was or will be written."""
        level = choose_level(self.problem.status, client_gone=self.client_gone)
        return self.id[:8] if self.occurrence.is_recorded or is_written(level) else ""

    @property
    def incident(self) -> Incident:
        """The error as handlers, templates and hooks see it. Most errors are answered without one, so it is lazy."""
        if self._incident is None:
            self._incident = Incident(
                exception=self.exception,
                problem=complete(
                    self.problem,
                    self.request,
                    self.id,
                    self.error_map.settings.build_type(self.problem),
                    language=self.language,
                ),
                request=self.request,
                id=self.id,
                scope=self.chain.owners[0].scope,
                media_type=self.media_type,
                client_gone=self.client_gone,
                original=self.original,
                app=self.application.name,
                time=self.occurrence.time,
                reference=self.reference,
                language=self.language,
            )
        return self._incident

    @property
    def vary(self) -> str:
        """The request headers that the choice of the media type and the language depends on."""
        return self.error_map.settings.vary(self.style)


Trace = list[ErrorContext]
"""The contexts of one error, the latest last: an exception, what it means, the 500 that the framework makes of it."""


def find_context(trace: Trace, original: BaseException | None) -> ErrorContext | None:
    """Find the context in which an uncaught exception arrived."""
    return None if original is None else next((each for each in reversed(trace) if each.original is original), None)
