"""Plans and their drivers: logic that is written once, and carried out by sync and async code alike.

A plan is a generator that yields `Call` objects. They are all that it cannot do itself: calling a user's handler, or
the framework. It is sent what the call returned, or has thrown into it what the call raised, and it returns an outcome.
A driver only makes the calls, one plainly, the other with ``await``, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from enum import Enum
from typing import Any, NamedTuple, cast

from errbridge.representations.response import Answer

__all__ = ["Call", "Colour", "Given", "Outcome", "Plan", "Raised", "adrive", "drive"]


class Colour(Enum):
    """How a function has to be called."""

    SYNC = "a user's plain function, which may block and may return an awaitable"
    ASYNC = "a user's function that returns an awaitable"
    OWN = "a function of the driver's own side, to be called where the driver runs"


class Call(NamedTuple):
    """Something that a plan cannot do itself."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    colour: Colour


class Given(NamedTuple):
    """An outcome that is the framework's: a response, or what a native handler returned."""

    value: Any


class Raised(NamedTuple):
    """An outcome that is an exception, to be raised to the framework."""

    exception: BaseException


Outcome = Answer | Given | Raised
Plan = Generator[Call, Any, Outcome]


def drive(plan: Plan | Answer, call: Callable[[Call], Any]) -> Outcome:
    """Carry out a plan.

    Args:
        plan: The plan, or an answer for which there is nothing left to do.
        call: Makes one call and returns its result.
    """
    if isinstance(plan, Answer):
        return plan
    try:
        step = next(plan)
        while True:
            try:
                result = call(step)
            except Exception as error:
                step = plan.throw(error)
            else:
                step = plan.send(result)
    except StopIteration as end:
        return cast(Outcome, end.value)


async def adrive(plan: Plan | Answer, call: Callable[[Call], Awaitable[Any]]) -> Outcome:
    """Carry out a plan, awaiting each call.

    Args:
        plan: The plan, or an answer for which there is nothing left to do.
        call: Makes one call and returns its result.
    """
    if isinstance(plan, Answer):
        return plan
    try:
        step = next(plan)
        while True:
            try:
                result = await call(step)
            except Exception as error:
                step = plan.throw(error)
            else:
                step = plan.send(result)
    except StopIteration as end:
        return cast(Outcome, end.value)
