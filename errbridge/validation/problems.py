"""From a validation error to the client's problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import TracebackType
from typing import Any, Literal, get_args

from errbridge.handlers.handlers import Handler, Handlers, check_keys
from errbridge.incident import Incident
from errbridge.problem.problem import Problem
from errbridge.validation.faults import INVALID, NO_JSON
from errbridge.validation.readers import LIBRARIES, Reader, find_by_class, find_reader, list_errors, read_syntax_error
from errbridge.validation.request_errors import REQUEST_ERRORS

__all__ = ["client_data", "handlers", "problem_of"]

Location = Literal["body", "query", "path", "headers", "cookies"]
_MARK = "_errbridge_client_data"
_MOST_CAUSES = 10  # an exception may be its own cause


class client_data:  # noqa: N801 - named like the context managers of the standard library
    """Declare that the data validated in a ``with`` block came from the client.

    A validation error that leaves the block becomes a 422 with the list of what was wrong. This includes the members of
    an exception group, and an exception of yours that was raised ``from`` a validation error. A body that is no JSON or
    no UTF-8 becomes a 400. It lets every exception pass. It works in Flask views, Quart coroutines and threads; a
    handler for the exception's class still comes first.

    Example::

        def read_order(data):
            with client_data():
                return Order.model_validate(data)

    Args:
        location: Where the data were: ``"body"``, ``"query"``, ``"path"``, ``"headers"`` or ``"cookies"``. Errors in
            the body have a ``pointer``, those in headers a ``header``, all others a ``parameter``.

    Raises:
        ValueError: There is no such location.
    """

    # No generator of contextlib: that would also be a decorator, which does nothing on a coroutine function.

    def __init__(self, location: Location = "body") -> None:
        if location not in get_args(Location):
            raise ValueError(f"data of a client are in one of {', '.join(get_args(Location))}, not in {location!r}")
        self._location = location

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, exc: BaseException | None, __: TracebackType | None) -> None:
        waiting = [] if exc is None else [exc]
        while waiting:
            exc = waiting.pop()
            vars(exc)[_MARK] = self._location
            if isinstance(exc, BaseExceptionGroup):
                waiting.extend(exc.exceptions)


def problem_of(
    exc: BaseException, *, everywhere: bool = False, has_input: bool = True, messages: bool = False
) -> Problem | None:
    """Return the client's problem for an exception that is no HTTP error.

    Args:
        exc: Any exception.
        everywhere: Whether the client is to blame outside of `client_data` as well.
        has_input: Whether the request has content, a query or arguments in its path. Without them the client is to
            blame inside `client_data` only.
        messages: Whether to show the words of libraries and validators, whatever they contain.

    Returns:
        A 422 whose ``__cause__`` is the exception; request errors of flask-pydantic and APIFlask keep their status and
        headers. None if the exception is no validation error, or the service is to blame.
    """
    if (read := _find_request_reader(type(exc))) is not None:
        errors = list_errors(exc, read, messages=messages) or {}
        status = getattr(exc, "status_code", 400)
        problem = Problem(status, INVALID, headers=getattr(exc, "headers", ()), **errors)
    elif _MARK in vars(exc) and (items := [*filter(None, map(read_syntax_error, _causes(exc)))]):
        problem = Problem(400, NO_JSON, errors=items[:1])
    elif (found := _find_errors(exc, everywhere=everywhere and has_input, messages=messages)) is not None:
        problem = Problem(422, INVALID, **found)
        vars(problem)["_has_default_detail"] = True
    else:
        return None
    vars(BaseException)["__cause__"].__set__(problem, exc)  # not by that of the class, which checks members
    return problem


_find_request_reader: Callable[[type], Reader | None] = lru_cache(256)(partial(find_by_class, table=REQUEST_ERRORS))


def _find_errors(exc: BaseException, *, everywhere: bool, messages: bool) -> dict[str, Any] | None:
    location = vars(exc).get(_MARK)
    for error in (exc,) if location is None else _causes(exc):
        if (read := find_reader(type(error))) is not None:
            if location is None and not everywhere:
                return None
            return list_errors(error, read, messages=messages, location=location)
    return None


def _causes(exc: BaseException) -> Iterator[BaseException]:
    for _ in range(_MOST_CAUSES):
        yield exc
        if exc.__cause__ is None:
            return
        exc = exc.__cause__


handlers = Handlers()
"""Makes the validation errors of a target the client's: ``errors.include(errbridge.validation.handlers, api)``."""


def answer_invalid_data(exc: Exception, incident: Incident) -> Problem | None:
    """Return the 422 for a validation error, or None if the request has nothing that could be wrong."""
    return problem_of(exc, everywhere=True, has_input=incident.request.has_input)


# By the names of the classes: a library need not be installed.
handlers.add(check_keys(*LIBRARIES), Handler.of(answer_invalid_data))
