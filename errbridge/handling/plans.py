"""Plans: logic that is written once, for sync and async code.

A plan is a generator. It yields a `Call` for the only thing that it cannot do itself: call a user's handler, or the
framework. A driver (`errbridge.handling.drivers`) makes the call and sends back the result, or throws in the exception.
The plan returns an outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from errbridge.representations.response import Response

__all__ = ["LEFT", "Call", "Left", "Native", "Outcome", "Plan", "Raised"]


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
