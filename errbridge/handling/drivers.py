"""Plans, and the two drivers that carry them out: logic that is written once, for sync and async code.

A plan is a generator. It yields a `Call` for the only thing that it cannot do itself: call a user's handler, or the
framework. The driver makes the call and sends back the result, or throws in the exception. The plan returns an outcome.
A driver decides nothing; the two differ in one ``await``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Self

from errbridge.application.installation import Installation
from errbridge.handling.context import ErrorContext, open_context
from errbridge.http.request import RequestFacts
from errbridge.incident import set_current
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.representations.response import Response

__all__ = ["LEFT", "Call", "Left", "Native", "Outcome", "Plan", "Raised", "Run", "adrive", "drive"]


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
        self._plan = plan
        self.outcome = None
        self._advance(plan.send, None)
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


def drive(run: Run, call: Callable[[Call], Any]) -> Outcome:
    """Carry out the rest of a plan.

    Args:
        run: The plan.
        call: Makes one call and returns its result.
    """
    while run.outcome is None:
        try:
            result = call(run.call)
        except Exception as error:
            run.throw(error)
        else:
            run.send(result)
    return run.outcome


async def adrive(run: Run, call: Callable[[Call], Awaitable[Any]]) -> Outcome:
    """Carry out the rest of a plan, awaiting each call.

    Args:
        run: The plan.
        call: Makes one call and returns its result.
    """
    while run.outcome is None:
        try:
            result = await call(run.call)
        except Exception as error:
            run.throw(error)
        else:
            run.send(result)
    return run.outcome
