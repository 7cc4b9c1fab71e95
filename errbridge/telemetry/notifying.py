"""Calling the hooks. A hook gets values that do not change; what it raises is logged."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from errbridge.application.hooks import Hook, run_work
from errbridge.incident import Incident, Reply
from errbridge.introspection import describe_function
from errbridge.log import log

__all__ = ["notify"]

_running: ContextVar[list[Hook] | None] = ContextVar("errbridge.running", default=None)
"""The hook that this context is in; nothing once the hook has ended, also for a task that it has started."""


def notify(
    hooks: Sequence[Hook],
    incident: Incident,
    describe: Callable[[], Reply],
    *,
    run: Callable[[Coroutine[Any, Any, None]], None] = run_work,
) -> None:
    """Call each hook with an error and the description of its answer. *run* runs what an async hook returns.

    None is called for an error that a hook makes, or one that answers a problem would be called without end.
    """
    if _running.get():
        return
    try:
        reply = describe()
    except Exception as error:
        _complain(error, incident, "the answer could not be described, and no hook was called")
        return
    for hook in tuple(hooks):  # one of them may remove itself
        try:
            with _marked(hook):
                result: object = hook(incident, reply)
            if inspect.isawaitable(result):
                _run_rest(result, run, _finish(hook, result, incident))
            elif inspect.isgenerator(result) or inspect.isasyncgen(result):
                raise TypeError("the hook returned a generator, and nothing of it runs")
        except Exception as error:
            _complain(error, incident, f"the hook {describe_function(hook)} failed")


@contextmanager
def _marked(hook: Hook) -> Generator[None]:
    running = [hook]
    _running.set(running)
    try:
        yield
    finally:
        running.clear()


def _run_rest(
    result: Awaitable[object], run: Callable[[Coroutine[Any, Any, None]], None], work: Coroutine[Any, Any, None]
) -> None:
    try:
        run(work)
    except BaseException:  # a coroutine that was not started would complain of that as well
        work.close()
        if inspect.iscoroutine(result):
            result.close()
        raise


async def _finish(hook: Hook, result: Awaitable[object], incident: Incident) -> None:
    try:
        with _marked(hook):
            await result
    except Exception as error:
        _complain(error, incident, f"the hook {describe_function(hook)} failed")


def _complain(error: Exception, incident: Incident, what: str) -> None:
    log.error("%s (incident %s)", what, incident.id, exc_info=error, extra={"incident_id": incident.id})
