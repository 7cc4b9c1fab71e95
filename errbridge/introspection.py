"""The way that an exception took, without the line of each frame, which `traceback.walk_tb` spends its time on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

__all__ = ["is_async", "name_of", "steps_of"]


def steps_of(exc: object) -> list[TracebackType]:
    """List the frames that an exception went through, each as its traceback has it.

    Args:
        exc: The exception. One of which nobody knows whether it is one has no frames.

    Returns:
        The outermost first.
    """
    steps: list[TracebackType] = []
    step: TracebackType | None = getattr(exc, "__traceback__", None)
    while step is not None:
        steps.append(step)
        step = step.tb_next
    return steps


def name_of(function: Callable[..., Any]) -> str:
    """Say where a function was written, as a person would look for it."""
    with suppress(ValueError):  # it may be wrapped in itself
        function = inspect.unwrap(function)
    module = getattr(function, "__module__", None) or type(function).__module__
    return f"{module}.{getattr(function, '__qualname__', type(function).__qualname__)}"


def is_async(function: Callable[..., Any]) -> bool:
    """Tell whether calling *function* gives an awaitable, objects with an async ``__call__`` included."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - the method itself is asked, not whether there is one
    )
