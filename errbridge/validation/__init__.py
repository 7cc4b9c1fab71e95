"""What was wrong with a request, from the exceptions of the libraries that check it.

A library's exception is known by the names of its classes; a module of this package, named after the library, reads it.
That module is imported when the first such exception occurs, so a library that is not there costs nothing.

Every fault becomes an item of the problem's member ``errors``: ``detail`` for a person, ``code`` for a program, and
where the fault is, as ``pointer`` into the body (RFC 6901), ``parameter`` or ``header``. A value that a client sent is
never among them. So ``detail`` is made of the rule that was broken, and a library's own text is used only where it
cannot hold anything else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import Any

from errbridge.problem.problem import Problem
from errbridge.validation.faults import Fault, item

__all__ = ["MOST", "carried", "meaning", "reader_of"]

log = logging.getLogger("errbridge")

MOST = 100
"""How many faults are listed; ``errors_truncated`` says that there are more."""

Reader = Callable[[Any], Iterable[Fault] | None]

# Where the classes say that they are from, which is not always where they are imported from.
_LIBRARIES = {
    "cattrs.errors.BaseValidationError": "cattrs",
    "cattrs.errors.ForbiddenExtraKeysError": "cattrs",
    "jsonschema.exceptions.ValidationError": "jsonschema",
    "marshmallow.exceptions.ValidationError": "marshmallow",
    "msgspec.ValidationError": "msgspec",
    "pydantic_core._pydantic_core.ValidationError": "pydantic",
}
_HTTP_ERRORS = {
    "quart_schema.validation.RequestSchemaValidationError": "quart_schema",
    "werkzeug.exceptions.BadRequestKeyError": "werkzeug",
    "werkzeug.exceptions.HTTPException": "webargs",  # which adds what it found to any of them
}


# What is said of all of them; it is copied for each, which takes less time than to make it anew.
_INVALID = Problem(422, detail="What was sent is not valid.")


def reader_of(exc: BaseException) -> Reader | None:
    """Import what reads the exceptions of a library.

    Args:
        exc: Any exception.

    Returns:
        A function that lists the faults, or gives None where the fault is not the client's. None if *exc* is no
        validation error.
    """
    cls: Any = type(exc)
    return _reader_of(cls)


def meaning(exc: BaseException, *, messages: bool = False) -> Problem | None:
    """Make the problem that a validation error stands for.

    Args:
        exc: Any exception.
        messages: Whether the words of the application's own validators are shown, whatever they hold.

    Returns:
        A 422 whose ``__cause__`` is the exception. None if it is no validation error, or the fault is not the client's.
    """
    reader = reader_of(exc)
    if reader is None:
        return None
    members = _members(exc, reader, messages)
    if members is None:
        return None
    problem = _INVALID.fill_in(extensions=members)
    problem.__cause__ = exc
    return problem


def carried(exc: BaseException, *, messages: bool = False) -> dict[str, Any]:
    """Give the members that an HTTP error gets because of the validation error that it carries.

    Args:
        exc: The HTTP error.
        messages: As for `meaning`.
    """
    cls: Any = type(exc)
    reader = _carried_reader_of(cls)
    return {} if reader is None else _members(exc, reader, messages) or {}


def _members(exc: BaseException, reader: Reader, messages: bool) -> dict[str, Any] | None:
    try:
        faults = reader(exc)
        if faults is None:
            return None
        errors = [item(fault, messages=messages) for fault in islice(faults, MOST + 1)]
    except Exception:
        # It is still the client's fault, whatever keeps errbridge from saying where.
        log.exception("the errors of %s could not be read; they are left out", type(exc).__qualname__)
        return {}
    if len(errors) > MOST:
        return {"errors": errors[:MOST], "errors_truncated": True}
    return {"errors": errors} if errors else {}


@lru_cache(maxsize=256)
def _reader_of(cls: Any) -> Reader | None:
    return _reader(cls, _LIBRARIES)


@lru_cache(maxsize=256)
def _carried_reader_of(cls: Any) -> Reader | None:
    return _reader(cls, _HTTP_ERRORS)


def _reader(cls: Any, readers: dict[str, str]) -> Reader | None:
    """Find the reader of a class by its name in full, or that of one of its bases."""
    for base in cls.__mro__:
        name = f"{base.__module__}.{base.__qualname__}"
        if name in readers:
            read: Reader = import_module(f"errbridge.validation.{readers[name]}").read
            return read
    return None
