"""The one log record of an error. The page "Logging and incident ids" lists its logger, level and stack.

Each record has the fields that `Incident.describe` lists, as attributes. The framework's record gets them, and the id
at the end of its text, from `ENRICH`, a filter on the framework's logger. Where the framework writes no record, or an
application has replaced what writes it, errbridge writes its own.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from errbridge.incident import Incident, Occurrence
from errbridge.log import log, report_broken_logging

__all__ = [
    "ENRICH",
    "Expected",
    "Failure",
    "choose_level",
    "is_recorded",
    "is_written",
    "mark_recorded",
    "write_record",
]


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that went wrong while an error was answered."""

    what: str  # for a person, as the subject of a sentence
    exception: BaseException  # linked to the error that was being answered


def choose_level(status: int, *, failed: bool = False, client_gone: bool = False) -> int:
    """Return the level of an error's record, by the status of the answer."""
    if status >= 500 or failed:
        return logging.ERROR
    return logging.DEBUG if client_gone else logging.INFO


def is_written(level: int, logger: logging.Logger | None = None) -> bool:
    """Return whether a record of this level gets from a logger, by default errbridge's own, to what writes it."""
    current, has_handlers = logger or log.logger, False
    if not current.isEnabledFor(level):
        return False
    while True:
        for handler in current.handlers:
            has_handlers = True
            if level >= handler.level and not isinstance(handler, logging.NullHandler):
                return True
        if current.parent is None or not current.propagate:
            break
        current = current.parent
    return not has_handlers and logging.lastResort is not None and level >= logging.lastResort.level


def write_record(
    incident: Incident,
    status: int,
    level: int,
    *,
    failure: Failure | None = None,
    close_code: int | None = None,
    is_broken_off: bool = False,
) -> None:
    """Write a record on errbridge's own logger. Whatever a handler of the logging system does, the answer stays.

    *failure* is what failed while the error was handled, *close_code* closes the WebSocket, and *is_broken_off* says
    that the answer with this status had begun already, and ends here.
    """
    logger = log.logger
    if not logger.isEnabledFor(level):
        return
    try:
        fields = incident.describe(status)
        cause, note = incident.cause, ""
        if failure is not None:
            cause, note = failure.exception, f" after {failure.what} failed"
        elif cause is not None:
            note = f" for {fields['exception']}" + (f" at {fields['location']}" if fields["location"] else "")
        if close_code is not None:
            fields["close_code"] = close_code
            note = f", closed with {close_code}{note}"
        shown = cause if status >= 500 or is_broken_off or failure is not None else None
        verb = "broke off after" if is_broken_off else "answered"
        record = logger.makeRecord(
            logger.name,
            level,
            __file__,
            0,
            "%s %s %s %d%s (incident %s)",
            (fields["method"], fields["path"], verb, status, note, incident.id),
            None if shown is None else (type(shown), shown, shown.__traceback__),
            "write_record",
        )
        _add_fields(record, fields)
        # For trackers that make an event of a record: an error on purpose is none.
        record._errbridge_deliberate = incident.is_deliberate and failure is None and not is_broken_off
        logger.handle(record)
    except Exception:
        report_broken_logging()


def _add_fields(record: logging.LogRecord, fields: Mapping[str, Any]) -> None:
    """Add the fields of an error to a record. What a record factory has set stays where an error has no value."""
    known = vars(record)
    known.update({name: value for name, value in fields.items() if value != "" or name not in known})


def mark_recorded(exc: BaseException) -> None:
    """Mark an exception as recorded, for the bridge that it passes on its way to the server."""
    with suppress(Exception):  # some exceptions take no attributes
        exc._errbridge_recorded = True  # type: ignore[attr-defined]


def is_recorded(exc: BaseException) -> bool:
    """Return whether an exception was recorded already."""
    return "_errbridge_recorded" in getattr(exc, "__dict__", ())


class Expected:
    """The framework's record of an uncaught exception, which it is about to write: in a ``with`` block of this.

    Args:
        occurrence: Is marked as recorded.
        exception: The exception.
        fields: What the record gets.
    """

    def __init__(self, occurrence: Occurrence, exception: BaseException, fields: Mapping[str, Any]) -> None:
        self.occurrence, self.exception, self.fields = occurrence, exception, fields

    def __enter__(self) -> None:
        self._token = _expected.set(self)

    def __exit__(self, *_: object) -> None:
        _expected.reset(self._token)


_expected: ContextVar[Expected | None] = ContextVar("errbridge.expected", default=None)


class _Enrich(logging.Filter):
    """Adds the fields to the framework's record of an uncaught exception, and the id to the end of its text.

    Python documents a filter as the way to add to records. One is enough for all applications and loggers: it looks
    at the exception that is being recorded in this thread or task.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        expected = _expected.get()
        if expected is not None and record.exc_info and record.exc_info[1] is expected.exception:
            _expected.set(None)  # one record of an error is enough
            _add_fields(record, expected.fields)
            with suppress(Exception):  # a message and arguments that do not fit are reported where they are formatted
                record.msg, record.args = f"{record.getMessage()} (incident {expected.occurrence.id})", ()
            expected.occurrence.is_recorded = is_written(record.levelno, logging.getLogger(record.name))
        return True


ENRICH = _Enrich()
"""The filter for the logger of an application."""
