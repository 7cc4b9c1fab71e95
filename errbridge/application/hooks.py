"""Who watches the errors of an ``ErrorHandler`` or of a bridge: hooks, and a function that tells the trace.

They are called where the error is answered, which does not wait for them. So each is looked at when it is registered.
How the hooks are told is in `errbridge.telemetry.observe`.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol, TypeVar, runtime_checkable

from errbridge.errors import SetupError
from errbridge.incident import Incident, Reply
from errbridge.introspection import describe_function, is_async

__all__ = ["Hook", "HookT", "Observable", "Observers", "TraceId"]

log = logging.getLogger("errbridge")

Hook = Callable[[Incident, Reply], object]
"""A plain function that is told of an error and of the answer to it."""

HookT = TypeVar("HookT", bound=Hook)

TraceId = Callable[[], str | None]
"""Tells the trace that is being recorded now; None or empty where there is none."""


@runtime_checkable
class Observable(Protocol):
    """Whose errors can be watched: an ``ErrorHandler``, or a ``Bridge``."""

    def on_incident(self, function: Callable[[Incident, Reply], Any]) -> Any:
        """Call a function after each error."""

    def off_incident(self, function: Hook) -> None:
        """Call it no more."""

    def trace_with(self, function: TraceId | None) -> TraceId | None:
        """Have a function tell the trace that an error belongs to; give the one that did so until now."""


class Observers:
    """Who watches the errors of an ``ErrorHandler`` or of a bridge; itself `Observable`.

    Attributes:
        hooks: In the order of registration.
        trace_id: Tells the trace that an error belongs to; None where nobody records traces.
    """

    __slots__ = ("hooks", "trace_id")

    def __init__(self) -> None:
        self.hooks: list[Hook] = []
        self.trace_id: TraceId | None = None

    def on_incident(self, function: HookT) -> HookT:
        """Register a hook. One that is registered already stays where it is, and is called once.

        Args:
            function: Takes ``(incident, reply)``.

        Raises:
            SetupError: It cannot be called like that, or is async or a generator function.
        """
        _check(function, "hook", "incident", "reply")
        if function not in self.hooks:
            self.hooks.append(function)
        return function

    def off_incident(self, function: Hook) -> None:
        """Call a hook no more; nothing happens if it is none."""
        with suppress(ValueError):
            self.hooks.remove(function)

    def trace_with(self, function: TraceId | None) -> TraceId | None:
        """Have a function tell the trace of each error; None ends that.

        Returns:
            The function that did so until now.

        Raises:
            SetupError: It is no plain function without arguments.
        """
        if function is not None:
            _check(function, "tracer")
        before, self.trace_id = self.trace_id, function
        return before

    def current_trace(self) -> str:
        """Ask for the trace that is being recorded now; empty where there is none."""
        function = self.trace_id
        if function is None:
            return ""
        try:
            return _text(function()) or ""
        except Exception:
            with suppress(Exception):  # of a logging system that is broken the record of the error tells
                log.exception("%s failed; the error is taken to belong to no trace", describe_function(function))
            return ""


def _text(told: object) -> str | None:
    if inspect.iscoroutine(told):
        told.close()
    if told is None or isinstance(told, str):
        return told
    raise TypeError(f"a trace id is text, not {type(told).__qualname__}")


def _check(function: object, kind: str, *arguments: str) -> None:
    """Make sure that a function can be called with so many arguments, and is done when it returns."""
    called_with = f"({', '.join(arguments)})"
    if not callable(function):
        raise SetupError(f"a {kind} is a function of {called_with}, not {function!r}")
    if is_async(function):
        raise SetupError(
            f"the {kind} {describe_function(function)} is async, but {kind}s are called where the error is answered, "
            "which does not wait for them: make it a plain function" + _TASK * (kind == "hook")
        )
    if _is_generator(function):
        raise SetupError(
            f"the {kind} {describe_function(function)} is a generator function, of which nothing would run: make it "
            "a plain function, without yield"
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some callables written in C have none
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        raise SetupError(
            f"the {kind} {describe_function(function)} cannot be called with {called_with}: it takes {signature}"
        ) from None


_TASK = " that starts a task (app.add_background_task in Quart)"


def _is_generator(function: Callable[..., object]) -> bool:
    """Tell whether calling *function* runs nothing of it, but gives a generator of either kind."""
    called = getattr(type(function), "__call__", None)  # noqa: B004 - the method itself is asked
    return any(inspect.isgeneratorfunction(each) or inspect.isasyncgenfunction(each) for each in (function, called))
