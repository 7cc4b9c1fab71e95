"""What Werkzeug's HTTP exceptions say: the one module that knows their attributes."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any

from werkzeug.exceptions import ClientDisconnected, HTTPException, InternalServerError, default_exceptions

from errbridge.handlers.handlers import HTTPErrorClasses
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.problem.problem import Problem

__all__ = ["CLASSES", "build_exception", "is_response", "read_http_error"]

log = logging.getLogger("errbridge")

CLASSES = HTTPErrorClasses(HTTPException, default_exceptions)

# Werkzeug's own classes, whose objects say nothing but what they were made with.
_PLAIN = frozenset(cls for cls in default_exceptions.values() if cls.__module__ == HTTPException.__module__)
_NO_ARGUMENTS = {"response": None}  # everything that an exception has that was made without arguments


def is_response(exc: HTTPException) -> bool:
    """Return whether an exception is an answer already: it carries a response, or is no error, like a redirect."""
    if getattr(exc, "response", None) is not None:  # a subclass may not have called the constructor
        return True
    return exc.code is not None and 100 <= exc.code < 400


def read_http_error(exc: BaseException, *, messages: bool = False) -> HTTPErrorFacts | None:
    """Read an HTTP exception.

    Args:
        exc: Any exception.
        messages: Whether the messages of the application's own validators may be shown.

    Returns:
        None for any other exception. Equal exceptions of Werkzeug's own classes share one object.
    """
    if not isinstance(exc, HTTPException):
        return None
    cls: Any = type(exc)
    if cls in _PLAIN and type(exc.description) is str:  # a lazy translation is another one for each request
        attributes = vars(exc)
        if attributes == _NO_ARGUMENTS:
            return _read_plain(cls, exc.description, None)
        methods: Any = attributes.get("valid_methods")
        if attributes == {**_NO_ARGUMENTS, "valid_methods": methods} and _are_names(methods):
            return _read_plain(cls, exc.description, tuple(sorted(methods)))
    original = getattr(exc, "original_exception", None) if exc.code == 500 else None
    if isinstance(original, BaseException):
        return HTTPErrorFacts(500, original=original)
    try:
        return _read(exc, messages)
    except Exception:
        # A subclass may compute its description or its headers, and fail at it.
        log.exception("%s could not be read; only its status is answered", type(exc).__qualname__)
        return HTTPErrorFacts(exc.code)


def _are_names(methods: Any) -> bool:
    return isinstance(methods, (list, tuple, set, frozenset)) and all(type(method) is str for method in methods)


@lru_cache(maxsize=256)
def _read_plain(cls: Any, description: str, methods: tuple[str, ...] | None) -> HTTPErrorFacts:
    exc: HTTPException = cls(description) if methods is None else cls(methods, description)
    return HTTPErrorFacts(
        exc.code,
        detail=description,
        is_stock=description == cls.description,
        headers=tuple(_read_headers(exc)),
        client_gone=issubclass(cls, ClientDisconnected),
        is_shared=True,
    )


def _read(exc: HTTPException, messages: bool) -> HTTPErrorFacts:
    response = getattr(exc, "response", None)
    return HTTPErrorFacts(
        exc.code,
        detail=exc.description,
        is_stock=exc.description is not None and exc.description == _stock_description(type(exc)),
        headers=tuple(_read_headers(exc)),
        members=_read_members(exc, messages),
        is_response=is_response(exc),
        response=response,
        client_gone=isinstance(exc, ClientDisconnected),
    )


@lru_cache(maxsize=256)
def _stock_description(cls: type[HTTPException]) -> object:
    """Return Werkzeug's text for any error of a status; None for a class that has a text of its own."""
    described = next((base for base in cls.__mro__ if "description" in vars(base)), HTTPException)
    return vars(described)["description"] if described.__module__ == HTTPException.__module__ else None


def _read_headers(exc: HTTPException) -> list[tuple[str, str]]:
    headers = [(name, value) for name, value in exc.get_headers() if name.lower() != "content-type"]
    # Werkzeug leaves the header out if it means "at once".
    if getattr(exc, "retry_after", None) == 0 and not any(name.lower() == "retry-after" for name, _ in headers):
        headers.append(("Retry-After", "0"))
    return headers


def _read_members(exc: Any, messages: bool) -> dict[str, Any]:
    """Read what a library attached: Werkzeug's missing key, or the validation error of webargs and quart-schema."""
    if exc.code is not None and exc.code >= 500:
        return {}
    if not (isinstance(exc, KeyError) or hasattr(exc, "exc") or hasattr(exc, "validation_error")):
        return {}
    from errbridge import validation

    return validation.carried(exc, messages=messages)


def build_exception(problem: Problem) -> HTTPException:
    """Build the HTTP exception that a native handler gets for a raised problem."""
    exc = default_exceptions.get(problem.status, HTTPException)(description=problem.detail)
    exc.code = problem.status
    exc.__cause__ = problem
    own_headers = exc.get_headers

    def get_headers(environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        return [*own_headers(environ, scope), *problem.headers]

    exc.get_headers = get_headers  # type: ignore[method-assign]
    return exc


def server_error(exc: BaseException) -> InternalServerError:
    """Build the 500 that the frameworks make of an uncaught exception."""
    return InternalServerError(original_exception=exc)
