"""What is known of one error before any handler is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from errbridge.application.errormap import Chain, ErrorMap, Look, Owner
from errbridge.application.protocol import Application, NativeHandler
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident, Occurrence
from errbridge.introspection import make
from errbridge.mapping.problems import complete
from errbridge.problem.problem import Problem
from errbridge.telemetry.record import choose_level, is_written

__all__ = ["ErrorContext"]


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

    def restate(self, problem: Problem) -> ErrorContext:
        """Return the context of the problem that a handler made of this error, in the style of HTTP errors."""
        owners, style = self.chain.http
        look = self.error_map.choose_look(style, self.request)
        return replace(self, problem=problem, is_shared=False, owners=owners, look=look)

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
