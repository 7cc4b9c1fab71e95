"""The reader module of each library. It is imported when the first of the library's exceptions arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from itertools import islice
from json import JSONDecodeError
from traceback import walk_tb
from typing import Any, TypeVar

from errbridge.languages.language import Message
from errbridge.log import log
from errbridge.validation.faults import EXPECTED, SYNTAX, WORDS, Fault, put_at, write_item

__all__ = [
    "LIBRARIES",
    "MOST",
    "Reader",
    "find_by_class",
    "find_reader",
    "find_syntax_error",
    "list_errors",
    "read_syntax_error",
]

T = TypeVar("T")
Reader = Callable[[Any], Iterable[Fault] | None]
"""Returns the faults in an exception, or None if the service is to blame for it."""

MOST = 100
"""The longest list of errors; ``errors_truncated`` reports that there were more."""

# The module that a class names, which is not always the one that you import it from.
LIBRARIES: Mapping[str, str] = {
    "cattrs.errors.BaseValidationError": "cattrs",
    "cattrs.errors.ForbiddenExtraKeysError": "cattrs",
    "jsonschema.exceptions.ValidationError": "jsonschema",
    "marshmallow.exceptions.ValidationError": "marshmallow",
    "msgspec.ValidationError": "msgspec",
    "pydantic_core._pydantic_core.ValidationError": "pydantic",
}


def find_by_class(cls: type, table: Mapping[str, T]) -> T | None:
    """Return the entry for the full name of a class or its nearest base class."""
    names = (f"{base.__module__}.{base.__qualname__}" for base in cls.__mro__)
    return next((table[name] for name in names if name in table), None)


def _find_reader(cls: type) -> Reader | None:
    module = find_by_class(cls, LIBRARIES)
    return None if module is None else import_module(f"errbridge.validation.{module}").read


find_reader: Callable[[type], Reader | None] = lru_cache(maxsize=256)(_find_reader)
"""Return the reader for exceptions of a class that may be about any data; None if it is no validation error."""


def list_errors(
    exc: BaseException, read: Reader, *, messages: bool, location: str | None = None
) -> dict[str, Any] | None:
    """Return the member ``errors`` for an exception, or None if the service is to blame for it.

    With a *location*, all faults are there. If the reader fails, the failure is logged and the member is missing.
    """
    try:
        faults = read(exc)
        if faults is None:
            return None
        if location not in (None, "body"):  # where they are without a location
            faults = put_at(location, faults)
        errors = [write_item(fault, messages=messages) for fault in islice(faults, MOST + 1)]
    except Exception:
        # The client is to blame all the same, whatever keeps errbridge from saying why.
        log.exception("the errors of %s could not be read; they are left out", type(exc).__qualname__)
        return {}
    if len(errors) > MOST:
        return {"errors": errors[:MOST], "errors_truncated": True}
    return {"errors": errors} if errors else {}


# Bodies that are no JSON; and where the parser of the standard library stopped.


def find_syntax_error(exc: BaseException) -> dict[str, Any] | None:
    """Return the item of ``errors`` for the error that the framework or webargs made of a body that is no JSON.

    A view may parse anything, and raise an HTTP error of its own if that fails: nothing is known of its meaning.
    """
    if (item := read_syntax_error(vars(exc).get("exc"))) is not None:  # of webargs
        return item
    cause: BaseException | None = exc
    if all(frame.f_code.co_name != "on_json_loading_failed" for frame, _ in walk_tb(exc.__traceback__)):
        return None
    for _ in range(2):  # Flask makes another error of Werkzeug's
        if cause is not None:
            cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
        if (item := read_syntax_error(cause)) is not None:
            return item
    return None


def read_syntax_error(exc: BaseException | None) -> dict[str, Any] | None:
    """Return the item of ``errors`` for an exception of the parser; None for any other exception."""
    if isinstance(exc, JSONDecodeError):
        sentence = next(sentence for begin, sentence in SYNTAX.items() if exc.msg.startswith(begin))
        detail = Message(sentence, line=exc.lineno, column=exc.colno)
        return {"detail": detail, "pointer": "", "line": exc.lineno, "column": exc.colno, "code": "syntax"}
    if isinstance(exc, UnicodeDecodeError):
        return {"detail": EXPECTED["utf-8"], "pointer": "", "code": "syntax"}
    if f"{type(exc).__module__}.{type(exc).__qualname__}" == "msgspec.DecodeError":  # the base of its ValidationError
        return {"detail": WORDS["format"], "pointer": "", "code": "syntax"}
    return None
