"""A case: one error with everything about it that does not depend on a handler, and everyone who may answer it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from errbridge.application.errormap import Chain, Owner, Table
from errbridge.application.hooks import Observers
from errbridge.application.protocol import Framework, NativeHandler
from errbridge.application.settings import Settings
from errbridge.handlers.handlers import Handler
from errbridge.handling.drivers import Call, Colour
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident, new_id
from errbridge.mapping.problems import is_uncaught, normalize
from errbridge.problem.problem import Problem
from errbridge.representations.styles import Style
from errbridge.scopes.scope import ROOT

__all__ = [
    "Candidate",
    "Case",
    "candidates",
    "claimants",
    "is_claimable",
    "is_registered_at",
    "native_blueprints",
    "opened",
]


class Case(NamedTuple):
    """An incident with everyone who may answer it.

    Attributes:
        incident: The error.
        chain: The scopes that own it.
        native: The framework's own choice of handler.
        style: Of the nearest scope that has one.
        uncaught: Whether the exception is no HTTP error.
        table: The registrations and settings in force.
    """

    incident: Incident
    chain: Chain
    native: NativeHandler | None
    style: Style
    uncaught: bool
    table: Table

    def meaning(self, problem: Problem) -> Case:
        """Give the case as a handler explained it: no bug any more, but this problem.

        Args:
            problem: A complete one.
        """
        style = self.chain.styles[False]
        media_type = style.media_type(self.incident.request, xhr_enabled=self.settings.xhr_enabled)
        explained = self.incident._replace(problem=problem, media_type=media_type)
        return self._replace(incident=explained, style=style, uncaught=False)

    @property
    def framework(self) -> Framework:
        """The application."""
        return self.table.framework

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.table.settings

    @property
    def observers(self) -> Observers:
        """Who is told of it."""
        return self.table.observers


def opened(table: Table, exc: BaseException, request: RequestFacts) -> Case:
    """Find out everything about an error that does not depend on a handler.

    Args:
        table: That of the application in which it happened.
        exc: What was raised.
        request: The request's facts.
    """
    framework = table.framework
    uncaught = is_uncaught(exc)
    incident_id = new_id()
    problem = normalize(exc, request, incident_id, table.settings, framework.http)
    chain = table.chain_at(request) or table.chain(Incident(exc, problem, request, incident_id))
    style = chain.styles[uncaught]
    media_type = style.media_type(request, xhr_enabled=table.settings.xhr_enabled)
    gone = isinstance(exc, framework.http.client_gone)
    incident = Incident(exc, problem, request, incident_id, chain.owners[0].scope, media_type, gone)
    native = framework.native_handler(exc, native_blueprints(chain, request))
    return Case(incident, chain, native, style, uncaught, table)


def native_blueprints(chain: Chain, request: RequestFacts) -> tuple[str, ...]:
    """List the blueprints whose native handlers count.

    Blueprints answer for their own views; for errors of routing, for their URLs as well (pallets/flask#1498).
    """
    return request.blueprints or (chain.blueprints if request.routing else ())


def is_claimable(table: Table, exc: BaseException, blueprints: Sequence[str]) -> bool:
    """Tell, without looking at the request, whether anybody at all takes exceptions of a class for what they are.

    Args:
        table: That of the application in which it happened.
        exc: An exception that is no HTTP error.
        blueprints: Those of the matched view, innermost first.
    """
    return table.is_claimed(type(exc)) or table.framework.native_handler(exc, blueprints) is not None


class Candidate(NamedTuple):
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


def claimants(case: Case) -> list[Candidate]:
    """Give who may take an exception for what it is, before it is a 500.

    The framework's choice is among them where it is a handler for just any exception, too: if no scope nearer than
    it would answer the 500, it is called as without errbridge.
    """
    found: list[Candidate] = []
    native = case.native
    for owner, handlers in case.chain.claiming(type(case.incident.exception)):
        if native is not None and not native.generic and is_registered_at(native, owner):
            found.append(Candidate.of_native(native))
        found.extend(Candidate.of(handler, case.incident) for handler in handlers)
    if native is not None and native.generic and _is_first(native, case):
        found.append(Candidate.of_native(native))
    return found


def _is_first(native: NativeHandler, case: Case) -> bool:
    """Tell whether no scope nearer than a handler for just anything would answer the 500."""
    server_error = case.framework.http.by_status.get(500, Exception)
    for owner, handlers in case.chain.answering(server_error, 500, uncaught=True):
        if is_registered_at(native, owner):
            return True
        if handlers:
            return False
    return False


def is_registered_at(native: NativeHandler, owner: Owner) -> bool:
    """Tell whether a scope is the place at which the framework found the handler that it chose."""
    return native.blueprint == owner.scope.blueprint and (native.blueprint is not None or owner.scope == ROOT)


def candidates(case: Case) -> list[Candidate]:
    """Give who may answer an HTTP error, up to the scope whose style answers."""
    found: list[Candidate] = []
    native, incident = case.native, case.incident
    cls, status = type(incident.exception), incident.problem.status
    for owner, handlers in case.chain.answering(cls, status, uncaught=case.uncaught):
        if native is not None and is_registered_at(native, owner):
            found.append(Candidate.of_native(native))
        found += [Candidate.of(handler, incident) for handler in handlers]
    return found
