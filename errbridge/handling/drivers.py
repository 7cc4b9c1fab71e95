"""The two drivers, which carry plans out. They decide nothing, and differ in one ``await``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from errbridge.handling.run import Call, Outcome, Run
from errbridge.incident import get_current, set_current

__all__ = ["adrive", "drive"]


def drive(run: Run, call: Callable[[Call], Any]) -> Outcome:
    """Carry out the rest of a plan.

    Args:
        run: The plan.
        call: Makes one call and returns its result.
    """
    around = get_current()  # of the error that this one is shown for, or the run itself
    set_current(run)
    try:
        while run.outcome is None:
            try:
                result = call(run.call)
            except Exception as error:
                run.advance(error=error)
            else:
                run.advance(result)
    finally:
        set_current(around)
    return run.outcome


async def adrive(run: Run, call: Callable[[Call], Awaitable[Any]]) -> Outcome:
    """Carry out the rest of a plan, awaiting each call.

    Args:
        run: The plan.
        call: Makes one call and returns its result.
    """
    around = get_current()
    set_current(run)
    try:
        while run.outcome is None:
            try:
                result = await call(run.call)
            except Exception as error:
                run.advance(error=error)
            else:
                run.advance(result)
    finally:
        set_current(around)
    return run.outcome
