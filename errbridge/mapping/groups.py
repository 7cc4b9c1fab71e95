"""Exceptions that mean an HTTP error without being one: groups of task groups, and errors of validation libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from errbridge.problem.problem import Problem

__all__ = ["find_http_error", "find_single_error"]

StatusOf = Callable[[BaseException], int | None]


def find_single_error(exc: BaseException) -> BaseException:
    """Return the error that a group holds, however deep, if it holds just one; any other exception as it is."""
    inner = exc
    while isinstance(inner, BaseExceptionGroup):
        if len(inner.exceptions) != 1:
            return exc
        inner = inner.exceptions[0]
    return inner


def find_http_error(
    exc: BaseException, status_of: StatusOf, validation: bool | Literal["messages"]
) -> BaseException | None:
    """Find the HTTP error that an exception means.

    Args:
        exc: An exception that is no HTTP error itself.
        status_of: Returns the status of an HTTP error, and None for any other exception.
        validation: The setting ``ERROR_VALIDATION``.

    Returns:
        A 422 for an error of a validation library; the most severe member of a group, the first of equals. None for
        an uncaught exception, and for a group that holds one, which is more severe than any status.
    """
    severest: BaseException | None = None
    most = -1
    for member in _find_members(exc, status_of, validation):
        status = status_of(member)
        if status is None:
            return None
        if status > most:
            severest, most = member, status
    return severest


def _find_members(
    exc: BaseException, status_of: StatusOf, validation: bool | Literal["messages"]
) -> Iterator[BaseException]:
    waiting = [exc]
    while waiting:
        exc = waiting.pop()
        if validation and status_of(exc) is None and (problem := _read_validation(exc, validation)) is not None:
            yield problem  # some libraries raise groups
        elif isinstance(exc, BaseExceptionGroup):
            waiting.extend(reversed(exc.exceptions))
        else:
            yield exc


def _read_validation(exc: BaseException, validation: bool | Literal["messages"]) -> Problem | None:
    from errbridge import validation as libraries  # not before there is an exception that may need it

    return libraries.meaning(exc, messages=validation == "messages")
