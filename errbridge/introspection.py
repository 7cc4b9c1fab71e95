"""Look into functions, tracebacks and values."""

from __future__ import annotations

import dataclasses
import inspect
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from copy import copy
from functools import cache, lru_cache
from types import TracebackType
from typing import Any, TypeVar

__all__ = ["describe_class", "describe_function", "describe_value", "is_async", "locate", "make", "walk_traceback"]

_T = TypeVar("_T")

_HAS_GIL: bool = getattr(sys, "_is_gil_enabled", lambda: True)()

_LONGEST = 32
_MOST_STEPS = 1000


def make(cls: type[_T], values: Mapping[str, Any]) -> _T:
    """Make an object of a frozen dataclass with slots, as quickly as one that is not frozen.

    The constructor of a frozen dataclass sets each attribute by ``object.__setattr__``, which takes four times as long.
    """
    open_class = _find_open_class(cls)  # type: ignore[arg-type] # classes are hashable
    made: Any = open_class(**values)
    if open_class is not cls:
        made.__class__ = cls
    return made  # type: ignore[no-any-return]


@cache
def _find_open_class(cls: Any) -> Any:
    # Objects of a derived class have another layout, and "__post_init__" would not be called. Without the GIL, Python
    # stops all threads to change a class (python/cpython#120672).
    if cls.__base__ is not object or hasattr(cls, "__post_init__") or not _HAS_GIL:
        return cls
    return dataclasses.make_dataclass(
        cls.__name__, [(each.name, each.type, copy(each)) for each in dataclasses.fields(cls)], slots=True
    )


def walk_traceback(exc: object) -> list[TracebackType]:
    """List the steps of an exception's traceback, the outermost first.

    Unlike `traceback.walk_tb` it computes no line numbers. An exception that is raised for every request, as one of a
    module may be, gets more steps each time, the newest first; so their number has a bound.

    Args:
        exc: The exception. Anything else has no steps.
    """
    steps: list[TracebackType] = []
    # By the descriptor: an exception's class may define __getattribute__.
    step = vars(BaseException)["__traceback__"].__get__(exc) if issubclass(type(exc), BaseException) else None
    while step is not None and len(steps) < _MOST_STEPS:
        steps.append(step)
        step = step.tb_next
    return steps


_ERRBRIDGE = rf"{re.escape(os.path.dirname(__file__))}(_flask|_quart)?[/\\]"
# Where code is that no application has written: generated code, libraries, the standard library, errbridge itself.
_NOT_OWN = rf"<|.*[/\\](site|dist)-packages[/\\]|{re.escape(os.path.dirname(os.__file__))}|{_ERRBRIDGE}"


def locate(exc: BaseException, *, in_libraries: bool = False) -> str:
    """Return the file and line in the application's own code where an exception passed last.

    Args:
        exc: The exception.
        in_libraries: Whether a place in a library counts if it passed no code of the application.
    """
    steps = walk_traceback(exc)
    for excluded in (_NOT_OWN, _ERRBRIDGE) if in_libraries else (_NOT_OWN,):
        for step in reversed(steps):
            if not _matches(excluded, filename := step.tb_frame.f_code.co_filename):
                return f"{filename}:{step.tb_lineno}"
    return ""


@lru_cache(maxsize=1024)
def _matches(expression: str, filename: str) -> bool:
    return re.match(expression, filename) is not None


def describe_class(cls: type) -> str:
    """Return the module and qualified name of a class; the name alone of Python's own."""
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def describe_function(function: Callable[..., Any]) -> str:
    """Return the module and qualified name of a function, as you would search for it."""
    with suppress(ValueError):  # a function may be wrapped in itself
        function = inspect.unwrap(function)
    module = getattr(function, "__module__", None) or type(function).__module__
    return f"{module}.{getattr(function, '__qualname__', type(function).__qualname__)}"


def is_async(function: Callable[..., Any]) -> bool:
    """Check whether calling *function* returns an awaitable; objects with an async ``__call__`` count."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - the method itself is inspected, not its presence
    )


def describe_value(value: Any) -> str:
    """Describe a value for an error message: a number or a short text as it is, anything else by its class.

    The repr of an object is never used: it may hold anything, a whole request included.
    """
    cls = type(value)
    if value is None or cls is bool:
        return str(value)
    if issubclass(cls, int) and int.bit_length(value) <= 64:
        return int.__repr__(value)
    if issubclass(cls, float):
        return float.__repr__(value)
    if issubclass(cls, str) and str.__len__(value) <= _LONGEST and str.isprintable(value):
        return str.__repr__(value)
    return f"an object of class {cls.__name__[:_LONGEST]}"
