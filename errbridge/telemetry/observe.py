"""The moment at which an answer is decided, and who is told of it: the log, then the hooks.

All of them only watch. A hook gets values that do not change, after the answer was made of them; what it returns is
not looked at, and what it raises is logged.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from errbridge.application.hooks import Hook
from errbridge.incident import Incident, Reply
from errbridge.introspection import describe_function
from errbridge.representations.response import Answer
from errbridge.telemetry.record import Failure, record

__all__ = ["observe", "reply_of"]

log = logging.getLogger("errbridge")


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
            _complain(error, incident, f"the hook {describe_function(hook)} failed")


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
