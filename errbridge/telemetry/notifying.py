"""Calling the hooks. A hook gets values that do not change; what it raises is logged."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress

from errbridge.application.hooks import Hook
from errbridge.incident import Incident, Reply
from errbridge.introspection import describe_function

__all__ = ["notify"]

log = logging.getLogger("errbridge")


def notify(hooks: Sequence[Hook], incident: Incident, describe: Callable[[], Reply]) -> None:
    """Call each hook with an error and the answer to it.

    Args:
        hooks: The hooks.
        incident: The error.
        describe: Describes the answer.
    """
    try:
        reply = describe()
    except Exception as error:
        _complain(error, incident, "the answer could not be described, and no hook was called")
        return
    for hook in tuple(hooks):  # one of them may remove itself
        try:
            _refuse_unstarted(hook(incident, reply))
        except Exception as error:
            _complain(error, incident, f"the hook {describe_function(hook)} failed")


def _refuse_unstarted(result: object) -> None:
    """Refuse what a plain function returns that hides another one, such as a lambda around an async one."""
    if inspect.iscoroutine(result):
        result.close()
        raise TypeError("the hook returned a coroutine, and nothing awaits it; start a task instead")
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise TypeError("the hook returned a generator, and nothing of it runs")


def _complain(error: Exception, incident: Incident, what: str) -> None:
    with suppress(Exception):  # if logging is broken, the record has reported that already
        log.error("%s (incident %s)", what, incident.id, exc_info=error, extra={"incident_id": incident.id})
