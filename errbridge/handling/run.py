"""One error on its way: what is known of it, and the plan for it, written once for sync and async code.

A plan is a generator. It yields a `Call` for the only thing that it cannot do itself: call a user's handler, or the
framework. A driver makes the call and sends back the result, or throws in the exception. The plan returns an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, NamedTuple, Self

from errbridge.application.installation import Installation
from errbridge.handling.context import ErrorContext
from errbridge.http.request import RequestFacts
from errbridge.incident import Occurrence
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.mapping.problems import uncaught_problem
from errbridge.problem.problem import Problem
from errbridge.representations.response import Response

__all__ = ["LEFT", "Call", "Left", "Native", "Outcome", "Plan", "Raised", "Run"]


class Call(NamedTuple):
    """A call that the driver has to make for the plan.

    Attributes:
        function: A handler of the user's, or a method of the application. It may return an awaitable.
        args: Its arguments.
        may_block: Whether it is a user's plain function, which an async driver calls in a thread.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    may_block: bool = False


@dataclass(frozen=True, slots=True)
class Native:
    """An outcome that is the framework's: a response, or what a native handler returned."""

    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """An outcome that is an exception, to be raised to the framework."""

    exception: BaseException


class Left(Enum):
    """The outcome of an exception that errbridge leaves to the framework."""

    LEFT = "left to the framework"


LEFT = Left.LEFT

Outcome = Response | Native | Raised | Left
Plan = Generator[Call, Any, Outcome]

_NO_CALL = Call(type(None), ())


@dataclass(slots=True, eq=False, repr=False)  # Quart's debugger shows it, and it may have no plan yet
class Run:
    """One error on its way: the exceptions that it becomes, and the plan for the latest of them.

    The latest run of a request is the current one (`errbridge.incident.get_current`). The 500 that the framework makes
    of an uncaught exception is a run of its own, which goes on with the contexts of the run that was current before.

    Attributes:
        installation: errbridge in the application.
        request: The facts of the request.
        contexts: The contexts of the exceptions of the incident, the latest last.
        occurrence: The incident; None as long as there is no context.
        call: The next call of the plan, or the last.
        outcome: The outcome of the plan; None as long as there is a call to make.
    """

    installation: Installation
    request: RequestFacts
    contexts: list[ErrorContext] = field(default_factory=list)
    occurrence: Occurrence | None = None
    call: Call = _NO_CALL
    outcome: Outcome | None = None
    _plan: Plan = field(init=False)

    def start(self, plan: Plan) -> Self:
        """Start the plan, and go on up to its first call or its outcome."""
        self._plan = plan
        self.advance()
        return self

    def open(self, exc: BaseException, http: HTTPErrorFacts | None = None) -> ErrorContext:
        """Find out what is known of an exception. Each step depends on those before it.

        Args:
            exc: The exception.
            http: What *exc* says, if it is an HTTP exception of the framework; or the uncaught exception that it is.
        """
        installation, request = self.installation, self.request
        first = self.contexts[0] if self.contexts else None
        error_map = installation.error_map() if first is None else first.error_map
        arrived = None if http is None or http.original is None else self.find(http.original)
        if arrived is not None:  # and this is the 500 that the framework made of it
            context = replace(arrived, exception=exc)
        else:
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
            incident_header = error_map.settings.incident_header
            context = ErrorContext(
                application=installation.application,
                error_map=error_map,
                exception=exc,
                request=request,
                occurrence=Occurrence(header=incident_header) if first is None else first.occurrence,
                original=original,
                problem=problem,
                # The methods in *allow* become a member of the problem.
                is_shared=not request.allow and (original is not None or (http is not None and http.is_shared)),
                own_response=None if http is None else http.own_response,
                client_gone=http is not None and http.client_gone,
                chain=chain,
                owners=owners,
                look=error_map.choose_look(style, request),
                native=None,
                hooks=installation.hooks.functions,
                asked=[] if first is None else first.asked,
            )
        # A native handler for any exception stays the framework's choice for the 500. If it was not asked before,
        # because a nearer handler might answer, it is asked where it is registered, with the exception itself.
        if context.native is None or not context.native.is_generic:
            # A blueprint's native handlers count for its own views and, for errors of routing, for its URLs
            # (pallets/flask#1498).
            blueprints = request.blueprints or (context.chain.blueprints if request.routing else ())
            native = installation.application.native_handler(exc, blueprints)
            is_replaced = native is not None and native.is_catch_all and error_map.settings.replace_native
            context.native = None if is_replaced else native
        self.occurrence = context.occurrence
        self.contexts.append(context)
        return context

    def find(self, original: BaseException) -> ErrorContext | None:
        """Find the latest context of an uncaught exception."""
        return next((context for context in reversed(self.contexts) if context.original is original), None)

    def find_raised(self, original: BaseException) -> ErrorContext | None:
        """Find the context of an uncaught exception that the framework deals with now."""
        return self.find(original) if isinstance(self.outcome, Raised) else None

    def raises(self, exc: BaseException | None) -> bool:
        """Return whether the outcome is this exception, to be raised to the framework."""
        return isinstance(self.outcome, Raised) and self.outcome.exception is exc

    @property
    def is_under_way(self) -> bool:
        """Whether an error is being answered: what a handler or a hook makes a response of is no error of its own."""
        return self.outcome is None and bool(self.contexts)

    def advance(self, result: Any = None, error: Exception | None = None) -> None:
        """Go on with the result of the call, or with the exception that it raised."""
        try:
            self.call = self._plan.send(result) if error is None else self._plan.throw(error)
        except StopIteration as end:
            self.outcome = end.value
        finally:
            del error  # Python 3.13 gets here from the frames of its traceback
