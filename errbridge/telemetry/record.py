"""The one log record of an error, on the logger ``errbridge``.

===========================  =======  ==========================================
error                        level    stack
===========================  =======  ==========================================
uncaught exception           ERROR    yes, in short where the framework logged it
5xx otherwise                ERROR    no
4xx                          INFO     no
4xx, as the client has left  DEBUG    no
a handler or page failed     ERROR    of the failure, with the error as its context
===========================  =======  ==========================================

Each record carries ``incident_id``, ``method``, ``path``, ``status`` and ``scope``. For an uncaught exception the
framework writes a record of its own, with the stack. The one of errbridge has the exception as well, for tools that
collect them, but formatted as text it only points to that other record, so that a stack is never printed twice.
Where a problem was raised from another exception, or stands for one such as a library's validation error, the record
names that exception's class and where the application met it; its text stays out, for it may hold what a client sent.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from dataclasses import dataclass

from errbridge.incident import Incident
from errbridge.introspection import walk_traceback
from errbridge.problem.problem import Problem

__all__ = ["Failure", "choose_level", "is_written", "log", "write_record"]

log = logging.getLogger("errbridge")
"""On which every error is recorded."""

_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]"
_LONGEST = 2048
# Where code is that no application has written: generated code, libraries, and the standard library.
_NOT_OWN = rf"<|.*[/\\](site|dist)-packages[/\\]|{re.escape(os.path.dirname(os.__file__))}"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that went wrong while an error was answered.

    Attributes:
        what: For a person, as the subject of a sentence.
        exception: Linked to the error that was being answered.
    """

    what: str
    exception: BaseException


def choose_level(status: int, *, failed: bool = False, client_gone: bool = False) -> int:
    """Return the level of an error's record.

    Args:
        status: The status of the answer.
        failed: Whether something failed while the error was handled.
        client_gone: Whether the client has left.
    """
    if status >= 500 or failed:
        return logging.ERROR
    return logging.DEBUG if client_gone else logging.INFO


def is_written(level: int, logger: logging.Logger = log) -> bool:
    """Return whether a record of this level gets to a handler that writes it."""
    if not logger.isEnabledFor(level):
        return False
    current: logging.Logger | None = logger
    has_handlers = False
    while current is not None:
        for handler in current.handlers:
            has_handlers = True
            if level >= handler.level and not isinstance(handler, logging.NullHandler):
                return True
        current = current.parent if current.propagate else None
    return not has_handlers and logging.lastResort is not None and level >= logging.lastResort.level


def write_record(
    incident: Incident, status: int, level: int, *, failure: Failure | None = None, logged_by: str | None = None
) -> None:
    """Write the record of an incident. Whatever a handler of the logging system does, the answer stays.

    Args:
        incident: The error.
        status: The status of the answer.
        level: The level.
        failure: What failed while the error was handled.
        logged_by: The logger on which the framework records uncaught exceptions.
    """
    try:
        _write(incident, status, level, failure, logged_by)
    except Exception:
        _report_broken_logging()


def _write(incident: Incident, status: int, level: int, failure: Failure | None, logged_by: str | None) -> None:
    request = incident.request
    path, method = _one_line(request.path[:_LONGEST]), _one_line(request.method[:32])
    shown = incident.original if status >= 500 else None
    note = _describe_cause(incident.exception)
    if failure is not None:
        shown, note = failure.exception, f" after {failure.what} failed"
    record = log.makeRecord(
        log.name,
        level,
        __file__,
        0,
        "%s %s answered %d%s (incident %s)",
        (method, path, status, note, incident.id),
        None if shown is None else (type(shown), shown, shown.__traceback__),
        "write_record",
        {
            "incident_id": incident.id,
            "method": method,
            "path": path,
            "status": status,
            "scope": str(incident.scope),
        },
    )
    # The framework has logged the exception that it turned into its own 500, with the stack.
    is_logged = failure is None and shown is not None and shown is not incident.exception
    if is_logged and logged_by is not None:
        record.exc_text = f"{type(shown).__qualname__}: see the stack in the record of logger {logged_by!r}"
    log.handle(record)


def _describe_cause(exc: BaseException) -> str:
    """Name the exception of which a problem was made, and where the application met it; its text may hold anything."""
    cause = exc.__cause__ if isinstance(exc, Problem) else None
    if cause is None:
        return ""
    return f" for {type(cause).__module__}.{type(cause).__qualname__}{_locate(cause)}"


def _locate(exc: BaseException) -> str:
    steps = walk_traceback(exc)
    if not steps:
        return ""
    own = (step for step in reversed(steps) if not re.match(_NOT_OWN, step.tb_frame.f_code.co_filename))
    met = next(own, steps[-1])
    return f" at {met.tb_frame.f_code.co_filename}:{met.tb_lineno}"


def _one_line(text: str) -> str:
    """Take out what would make several lines of one, or is no text."""
    return text if text.isprintable() else re.sub(_CONTROL, "\ufffd", text)


def _report_broken_logging() -> None:
    try:
        print("errbridge could not write a log record", file=sys.stderr)  # noqa: T201 - the logging system is broken
    except Exception:
        return
