"""The moment at which an answer is decided: the log record, the hooks, and how to close a WebSocket.

All of them only observe. Whatever they do, the answer stays.
"""

from __future__ import annotations

from collections.abc import Callable

from errbridge.handling.closing import close_frame
from errbridge.handling.context import ErrorContext
from errbridge.incident import Reply
from errbridge.mapping.problems import localize
from errbridge.problem.problem import Problem
from errbridge.telemetry.notifying import notify
from errbridge.telemetry.record import Failure, choose_level, log, write_record

__all__ = ["report"]


def report(
    context: ErrorContext,
    status: int,
    describe: Callable[[], Reply],
    *,
    answered: Problem | None = None,
    failure: Failure | None = None,
) -> None:
    """Report an error whose answer is decided.

    Args:
        context: The error.
        status: The status of the answer.
        describe: Describes the answer for hooks.
        answered: The problem that the answer shows; None if a handler made an answer of its own.
        failure: What failed while the error was handled.
    """
    level = choose_level(status, failed=failure is not None, client_gone=context.client_gone)
    if log.isEnabledFor(level):
        write_record(context.incident, status, level, failure=failure, logged_by=context.logger_name)
    if hooks := context.installation.hooks.functions:
        notify(hooks, context.incident, describe)
    if context.request.websocket:
        if answered is not None:
            answered = answered.fill_in()
            localize(answered, context.language)
        detail = None if answered is None else answered.detail
        frame = close_frame(status, is_uncaught=context.original is not None, detail=detail, language=context.language)
        context.application.close_websocket(frame.code, frame.reason)
