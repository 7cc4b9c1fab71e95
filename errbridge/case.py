"""A case: one error with everything about it that does not depend on a handler, and everyone who may answer it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from errbridge.config import Settings
from errbridge.drivers import Call, Colour
from errbridge.framework import Framework, NativeHandler
from errbridge.handlers import Handler
from errbridge.incident import Incident, RequestFacts, new_id
from errbridge.installation import Installation, Owner, Table
from errbridge.normalize import is_uncaught, normalize
from errbridge.observe import Observers
from errbridge.problem import Problem
from errbridge.scopes import ROOT
from errbridge.styles import Style

__all__ = ["Candidate", "Case", "candidates", "claimants", "opened"]


@dataclass(frozen=True, slots=True)
class Case:
    """An incident with everyone who may answer it.

    Attributes:
        incident: The error.
        chain: The scopes that own it, the nearest first, the application last.
        native: The framework's own choice of handler.
        style: Of the nearest scope that has one.
        uncaught: Whether the exception is no HTTP error.
        table: The registrations and settings in force.
        installation: The application.
    """

    incident: Incident
    chain: tuple[Owner, ...]
    native: NativeHandler | None
    style: Style
    uncaught: bool
    table: Table
    installation: Installation

    def meaning(self, problem: Problem) -> Case:
        """Give the case as a handler explained it: no bug any more, but this problem.

        Args:
            problem: A complete one.
        """
        style = _style(self.chain, uncaught=False)
        incident = self.incident
        media_type = style.media_type(incident.request, xhr_enabled=self.settings.xhr_enabled)
        explained = replace(incident, problem=problem, media_type=media_type)
        return Case(explained, self.chain, self.native, style, False, self.table, self.installation)

    @property
    def framework(self) -> Framework:
        """The application."""
        return self.installation.framework

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.table.settings

    @property
    def observers(self) -> Observers:
        """Who is told of it."""
        return self.installation.shared.observers


def opened(installation: Installation, exc: BaseException, request: RequestFacts) -> Case:
    """Find out everything about an error that does not depend on a handler.

    Args:
        installation: The application in which it happened.
        exc: What was raised.
        request: The request's facts.
    """
    table = installation.table()
    uncaught = is_uncaught(exc)
    incident_id = new_id()
    problem = normalize(exc, request, incident_id, table.settings)
    chain = table.chain(Incident(exc, problem, request, incident_id))
    style = _style(chain, uncaught=uncaught)
    media_type = style.media_type(request, xhr_enabled=table.settings.xhr_enabled)
    gone = isinstance(exc, installation.framework.http.client_gone)
    incident = Incident(exc, problem, request, incident_id, chain[0].scope, media_type, gone)
    # Blueprints answer for their own views; for errors of routing, for their URLs as well (pallets/flask#1498).
    names = request.blueprints or tuple(
        owner.scope.blueprint for owner in chain if request.routing and owner.scope.blueprint is not None
    )
    native = installation.framework.native_handler(exc, names)
    return Case(incident, chain, native, style, uncaught, table, installation)


def _style(chain: Sequence[Owner], *, uncaught: bool) -> Style:
    """Find the style in which an error is shown. The application, at the end of every chain, always has one."""
    return next(style for owner in chain if (style := owner.answers(uncaught=uncaught)) is not None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A handler that may answer, and the call that asks it.

    Attributes:
        call: The call.
        native: Whether it was registered with the framework, whose rules then hold for what it returns.
    """

    call: Call
    native: bool

    @classmethod
    def of(cls, handler: Handler, incident: Incident) -> Candidate:
        """Ask one of errbridge's handlers."""
        args = (incident.exception, incident)[: handler.arity]
        return cls(Call(handler.function, args, _colour(handler.is_async)), native=False)

    @classmethod
    def of_native(cls, native: NativeHandler) -> Candidate:
        """Ask the one that the framework chose."""
        return cls(Call(native.function, (native.exception,), _colour(native.is_async)), native=True)


def _colour(asynchronous: bool) -> Colour:
    return Colour.ASYNC if asynchronous else Colour.SYNC


def claimants(case: Case) -> Iterator[Candidate]:
    """Give who may take an exception for what it is, before it is a 500.

    The framework's choice is among them where it is a handler for just any exception, too: if no scope nearer than
    it would answer the 500, it is called as without errbridge.
    """
    cls = type(case.incident.exception)
    native = case.native
    for owner in case.chain:
        if native is not None and not native.generic and _is_registered_at(native, owner):
            yield Candidate.of_native(native)
        for handler in owner.handlers.for_class(cls):
            yield Candidate.of(handler, case.incident)
    if native is not None and native.generic and _is_first(native, case):
        yield Candidate.of_native(native)


def _is_first(native: NativeHandler, case: Case) -> bool:
    """Tell whether no scope nearer than a handler for just anything would answer the 500."""
    server_error = case.framework.http.by_status.get(500, Exception)
    answering = (
        owner
        for owner in case.chain
        if _is_registered_at(native, owner)
        or owner.answers(uncaught=True) is not None
        or any(owner.handlers.for_error(server_error, 500))
    )
    return _is_registered_at(native, next(answering))


def _is_registered_at(native: NativeHandler, owner: Owner) -> bool:
    return native.blueprint == owner.scope.blueprint and (native.blueprint is not None or owner.scope == ROOT)


def candidates(case: Case) -> Iterator[Candidate]:
    """Give who may answer an HTTP error, up to the scope whose style answers."""
    cls = type(case.incident.exception)
    for owner in case.chain:
        if case.native is not None and _is_registered_at(case.native, owner):
            yield Candidate.of_native(case.native)
        for handler in owner.handlers.for_error(cls, case.incident.problem.status):
            yield Candidate.of(handler, case.incident)
        if owner.answers(uncaught=case.uncaught) is not None:
            break
