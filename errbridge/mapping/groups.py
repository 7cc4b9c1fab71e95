"""Exceptions that mean an HTTP error without being one: groups of task groups, and errors of validation libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from errbridge.problem.problem import Problem

__all__ = ["find_http_error", "find_single_error"]

StatusOf = Callable[[BaseException], int | None]
ReadValidation = Callable[[BaseException], Problem | None]


def find_single_error(exc: BaseException) -> BaseException:
    """Return the error that a group means as a whole; any other exception as it is.

    That is the one that it holds, however deep, or the first of several of one class: how many tasks of a task group
    have failed in the same way by the time it ends is a matter of chance.
    """
    if not isinstance(exc, BaseExceptionGroup):
        return exc
    members = list(_list_members(exc))
    return members[0] if len({type(member) for member in members}) == 1 else exc


def find_http_error(exc: BaseException, status_of: StatusOf, read_validation: ReadValidation) -> BaseException | None:
    """Find the HTTP error that an exception means which is none itself.

    That is the problem of a validation error; the most severe member of a group, the first of equals. None for an
    uncaught exception, and for a group that holds one, which is more severe than any status.
    """
    if not isinstance(exc, BaseExceptionGroup):
        return read_validation(exc)

    def convert(member: BaseException) -> Problem | None:  # some libraries raise groups
        return read_validation(member) if status_of(member) is None else None

    members = list(_list_members(exc, convert))
    statuses = [status_of(member) for member in members]
    known = [status for status in statuses if status is not None]
    return members[statuses.index(max(known))] if len(known) == len(members) else None


def _list_members(
    exc: BaseException, convert: Callable[[BaseException], BaseException | None] = lambda _: None
) -> Iterator[BaseException]:
    """List the members of a group, however deep; of any other exception itself. Those that convert stay whole."""
    waiting = [exc]
    while waiting:
        exc = waiting.pop()
        if (converted := convert(exc)) is not None:
            yield converted
        elif isinstance(exc, BaseExceptionGroup):
            waiting.extend(reversed(exc.exceptions))
        else:
            yield exc
