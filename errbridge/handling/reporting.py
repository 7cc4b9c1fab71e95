"""The moment at which an answer is decided: the log record, the hooks, and how to close a WebSocket.

All of them only observe. Whatever they do, the answer stays.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial

from errbridge.application.installation import Installation
from errbridge.handling.closing import choose_close_frame, close_frame
from errbridge.handling.context import ErrorContext, Run, open_context
from errbridge.http.headers import list_headers
from errbridge.http.request import RequestFacts
from errbridge.incident import Reply
from errbridge.log import log
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.telemetry.notifying import notify
from errbridge.telemetry.record import ENRICH, Expected, Failure, choose_level, mark_recorded, write_record

__all__ = ["expect_record", "record_broken_stream", "report"]


def expect_record(run: Run, exc: BaseException, logger: object) -> AbstractContextManager[None]:
    """Have the framework's own record of an uncaught exception carry the id and the fields of the incident.

    Args:
        run: The run that raised the exception.
        exc: The exception.
        logger: The logger on which the framework is about to write. If it is no ``logging.Logger``, errbridge
            writes a record of its own later.

    Returns:
        A context manager to write the record in.
    """
    context = run.find(exc)
    if context is None:
        return nullcontext()
    fields = context.incident.describe()
    if context.request.websocket and context.application.is_websocket_accepted():
        fields["close_code"] = close_frame(500, is_uncaught=True).code
    while isinstance(logger, logging.LoggerAdapter):
        logger = logger.logger
    if isinstance(logger, logging.Logger):
        logger.addFilter(ENRICH)
    return Expected(context.occurrence, exc, fields)


def report(
    context: ErrorContext,
    status: int,
    describe: Callable[[], Reply],
    *,
    is_shown: bool = False,
    failure: Failure | None = None,
) -> None:
    """Report an error whose response is decided.

    Args:
        context: The error.
        status: The status of the response.
        describe: Describes the response for hooks.
        is_shown: Whether the response shows the problem; else a handler made one of its own.
        failure: What failed while the error was handled.
    """
    if context.is_part:  # the record of the answer says it
        context.occurrence.failure = failure or context.occurrence.failure
        return
    failure = failure or context.occurrence.failure
    frame = None
    if context.request.websocket:
        reference = context.find_reference(status, failed=failure is not None)
        frame = choose_close_frame(context, status, reference, is_shown=is_shown)
    level = choose_level(status, failed=failure is not None, client_gone=context.client_gone)
    # The framework has recorded an uncaught exception, but not a failure on the way to its answer.
    if log.logger.isEnabledFor(level) and (failure is not None or not context.occurrence.is_recorded):
        code = frame.code if frame is not None and context.application.is_websocket_accepted() else None
        write_record(context.incident, status, level, failure=failure, close_code=code)
    if context.hooks:
        sent = partial(_describe_sent, context, describe)
        notify(context.hooks, context.incident, sent, run=context.application.run_work)
    if frame is not None:
        context.application.close_websocket(frame.code, frame.reason)


def _describe_sent(context: ErrorContext, describe: Callable[[], Reply]) -> Reply:
    """Describe a response with the header that it gets on its way out."""
    reply = describe()
    return replace(reply, headers=context.occurrence.add_id(list_headers(reply.headers)))


def record_broken_stream(
    installation: Installation, exc: Exception, request: RequestFacts, status: int, *, is_raised: bool = True
) -> None:
    """Record an exception that came when an answer had begun, and breaks it off. Nothing can be answered any more.

    Args:
        installation: errbridge in the application where it occurred.
        exc: The exception.
        request: The facts of the request.
        status: The status that was sent.
        is_raised: Whether the exception goes on to a server, or a bridge, which then does not record it again.
    """
    http = installation.application.http_error(exc)
    context = open_context(installation, exc, HTTPErrorFacts.of_crash(exc), request)
    if is_raised:
        mark_recorded(exc)
    level = logging.DEBUG if http is not None and http.client_gone else logging.ERROR
    write_record(context.incident, status, level, is_broken_off=True)
