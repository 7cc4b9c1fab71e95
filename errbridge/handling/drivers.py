"""The two drivers that carry out plans. They decide nothing, and differ in one ``await``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from errbridge.handling.context import Run
from errbridge.handling.plans import Call, Outcome

__all__ = ["adrive", "drive"]


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
