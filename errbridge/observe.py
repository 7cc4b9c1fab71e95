"""The moment at which an answer is decided, and who is told of it: the log, then the hooks.

All of them only watch. A hook gets values that do not change, after the answer was made of them; what it returns is
not looked at, and what it raises is logged.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol, TypeVar, runtime_checkable

from errbridge.answer import Answer
from errbridge.errors import SetupError
from errbridge.handlers import is_async, name_of
from errbridge.incident import Incident, Reply
from errbridge.record import Failure, record

__all__ = ["Hook", "HookT", "Observable", "Observers", "TraceId", "observe", "reply_of"]

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
                log.exception("%s failed; the error is taken to belong to no trace", name_of(function))
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
            f"the {kind} {name_of(function)} is async, but {kind}s are called where the error is answered, which does "
            "not wait for them: make it a plain function" + _TASK * (kind == "hook")
        )
    if _is_generator(function):
        raise SetupError(
            f"the {kind} {name_of(function)} is a generator function, of which nothing would run: make it a plain "
            "function, without yield"
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some callables written in C have none
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        raise SetupError(
            f"the {kind} {name_of(function)} cannot be called with {called_with}: it takes {signature}"
        ) from None


_TASK = " that starts a task (app.add_background_task in Quart)"


def _is_generator(function: Callable[..., object]) -> bool:
    """Tell whether calling *function* runs nothing of it, but gives a generator of either kind."""
    called = getattr(type(function), "__call__", None)  # noqa: B004 - the method itself is asked
    return any(inspect.isgeneratorfunction(each) or inspect.isasyncgenfunction(each) for each in (function, called))


def observe(
    hooks: Sequence[Hook],
    incident: Incident,
    status: int,
    failure: Failure | None,
    logged_by: str | None,
    describe: Callable[..., Reply],
    *answered: Any,
) -> None:
    """Tell everyone that an answer is decided. Whatever they do, the answer stays.

    Args:
        hooks: Called after the record is written.
        incident: The error.
        status: The status that is answered.
        failure: What failed while it was answered.
        logged_by: The logger on which the framework records uncaught exceptions.
        describe: Makes a reply of the answer; called for hooks only.
        *answered: Given to *describe*.
    """
    record(incident, status, failure, logged_by)
    if hooks:
        _tell(hooks, incident, describe, answered)


def reply_of(answered: Answer) -> Reply:
    """Describe an answer of the core."""
    return Reply(answered.body or b"", answered.status, answered.headers)


def _tell(hooks: Sequence[Hook], incident: Incident, describe: Callable[..., Reply], answered: tuple[Any, ...]) -> None:
    try:
        reply = describe(*answered)
    except Exception as error:
        _complain(error, incident, "the answer could not be described, and no hook was called")
        return
    for hook in tuple(hooks):  # one of them may remove itself
        try:
            _refuse_unstarted(hook(incident, reply))
        except Exception as error:
            _complain(error, incident, f"the hook {name_of(hook)} failed")


def _refuse_unstarted(result: object) -> None:
    """Complain of what a plain function gives that hides another one, such as a lambda around an async one."""
    if inspect.iscoroutine(result):
        result.close()
        raise TypeError("the hook returned a coroutine, which nobody awaits; start a task instead")
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("the hook returned a generator, of which nothing runs")


def _complain(error: Exception, incident: Incident, what: str) -> None:
    with suppress(Exception):  # of a logging system that is broken the record has already told
        log.error("%s (incident %s)", what, incident.id, exc_info=error, extra={"incident_id": incident.id})
