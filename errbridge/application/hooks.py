"""Who is informed of an error: hooks, and the function that names the current trace.

Both are called while the error is answered, so they are checked when they are registered. `errbridge.telemetry` calls
the hooks.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from errbridge.errors import SetupError
from errbridge.incident import Incident, Reply
from errbridge.introspection import describe_function, is_async
from errbridge.log import log

if TYPE_CHECKING:
    from asyncio import Task

__all__ = ["Hook", "HookT", "Hooks", "Locale", "Observable", "TraceId", "finish_work", "run_work"]

Hook = Callable[[Incident, Reply], Awaitable[None] | None]
"""A function that is called with an error and the answer to it; it may be async."""

HookT = TypeVar("HookT", bound=Hook)

TraceId = Callable[[], str | None]
"""A plain function that returns the id of the trace being recorded; None or "" if there is none."""

Locale = Callable[[], object]
"""A plain function that returns the language of the current request, as a tag or a locale; None leaves the choice."""


class Observable:
    """An object whose errors can be observed: an ``ErrorHandler`` or a ``Bridge``."""

    _hooks: Hooks

    def on_incident(self, function: HookT) -> HookT:
        """Call a function with ``(incident, reply)`` after each error, when the response is ready.

        It is called once per error: an ``ErrorHandler`` reports the errors of all its applications, a ``Bridge`` those
        that it answers itself. It cannot change the response: errbridge ignores what it returns, and logs what it
        raises. For a response object of the framework, the reply has the status, the headers, and the body unless it is
        a stream.

        Example::

            @errors.on_incident
            def show(incident, reply):
                print(reply.status, incident.scope, incident.id)

        Args:
            function: A plain function is called in the thread or on the event loop of the request. An async one is a
                background task of a Quart application or a bridge, and awaited by a Flask application.

        Returns:
            The function, so that this is a decorator as well.

        Raises:
            SetupError: The function is a generator, or cannot be called with ``(incident, reply)``.
        """
        return self._hooks.on_incident(function)

    def off_incident(self, function: Hook) -> None:
        """Remove a function that you registered with `on_incident`.

        Example::

            hook = errors.on_incident(lambda incident, reply: None)
            errors.off_incident(hook)

        Args:
            function: The function; nothing happens if it is not registered.
        """
        self._hooks.off_incident(function)

    def trace_with(self, function: TraceId | None) -> TraceId | None:
        """Set the function that returns the trace of an error; documents have it as ``trace_id``.

        If it returns None, the trace is that of the request's ``traceparent`` (W3C Trace Context).

        Example::

            errors.trace_with(lambda: "0af7651916cd43dd8448eb211c80319c")

        Args:
            function: A plain function without arguments, called for each error. None removes the function.

        Returns:
            The function that it replaces.

        Raises:
            SetupError: It is not a plain function without arguments.
        """
        return self._hooks.trace_with(function)


class Hooks:
    """The hooks of an ``ErrorHandler`` or of a bridge.

    Attributes:
        functions: The hooks, in the order of registration.
        locale: Returns the language of the current request; None if only the client chooses it.
        trace_id: Returns the id of the trace that an error belongs to; None if no traces are recorded.
    """

    __slots__ = ("functions", "locale", "trace_id")

    def __init__(self) -> None:
        self.functions: list[Hook] = []
        self.locale: Callable[[], object] | None = None
        self.trace_id: TraceId | None = None

    def on_incident(self, function: HookT) -> HookT:
        """Register a hook. A hook that is registered already keeps its place and is called once."""
        _check(function, "hook", "incident", "reply", may_be_async=True)
        if function not in self.functions:
            self.functions.append(function)
        return function

    def off_incident(self, function: Hook) -> None:
        """Remove a hook; nothing happens if it is not registered."""
        with suppress(ValueError):
            self.functions.remove(function)

    def trace_with(self, function: TraceId | None) -> TraceId | None:
        """Set the function that names the trace of an error; None removes it."""
        _check_getter(function, "tracer")
        before, self.trace_id = self.trace_id, function
        return before

    def locale_with(self, function: Locale | None) -> Locale | None:
        """Set the function that chooses the language of an answer; None removes it."""
        _check_getter(function, "locale function")
        before, self.locale = self.locale, function
        return before

    def current_locale(self) -> str:
        """Return the language that the application chose for the current request; "" if it chose none."""
        return _call(self.locale, str, "the client's languages count")

    def current_trace(self) -> str:
        """Return the id of the trace that is being recorded; "" if there is none."""
        return _call(self.trace_id, _check_trace, "the error is taken to belong to no trace")


def _call(function: Callable[[], object] | None, convert: Callable[[object], str], consequence: str) -> str:
    """Call a function of the application; "" if there is none, or if it has nothing to say, or fails."""
    if function is None:
        return ""
    try:
        found = function()
        return "" if found is None else convert(found)
    except Exception:
        log.exception("%s failed; %s", describe_function(function), consequence)
        return ""


def _check_trace(trace: object) -> str:
    if inspect.iscoroutine(trace):
        trace.close()
    if isinstance(trace, str):
        return trace
    raise TypeError(f"a trace id is text, not {type(trace).__qualname__}")


def _check_getter(function: object, kind: str) -> None:
    if function is not None:
        _check(function, kind)


def _check(function: object, kind: str, *arguments: str, may_be_async: bool = False) -> None:
    """Make sure that a function can be called with these arguments, and is done when it returns."""
    called_with = f"({', '.join(arguments)})"
    if not callable(function):
        raise SetupError(f"a {kind} is a function of {called_with}, not {function!r}")
    if is_async(function) and not may_be_async:
        raise SetupError(
            f"the {kind} {describe_function(function)} is async, but {kind}s are called where the error is answered, "
            "which does not wait for them: make it a plain function"
        )
    if _is_generator(function):
        raise SetupError(
            f"the {kind} {describe_function(function)} is a generator function, and a call would run nothing of it: "
            "make it a plain function, without yield"
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


def _is_generator(function: Callable[..., object]) -> bool:
    call = getattr(type(function), "__call__", None)  # noqa: B004 - the method itself is examined
    return any(inspect.isgeneratorfunction(each) or inspect.isasyncgenfunction(each) for each in (function, call))


_tasks: set[Task[None]] = set()


def run_work(work: Coroutine[Any, Any, None]) -> None:
    """Run the rest of an async hook: as a task on the event loop of this thread, or to its end if there is none.

    Args:
        work: A coroutine that was not started. It raises no errors.
    """
    import asyncio  # not before there is an async hook

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
    else:
        task = loop.create_task(work)
        _tasks.add(task)  # a loop keeps no reference to its tasks
        task.add_done_callback(_tasks.discard)


async def finish_work(seconds: float) -> bool:
    """Wait for the tasks that `run_work` started on this event loop, at most for some seconds.

    Returns:
        Whether all of them ended in time.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    tasks = [task for task in _tasks if task.get_loop() is loop]
    return not tasks or not (await asyncio.wait(tasks, timeout=seconds))[1]
