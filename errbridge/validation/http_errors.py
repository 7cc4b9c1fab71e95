"""What libraries add to HTTP errors: faults of the request, words, headers and members."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any

from errbridge.http.headers import list_headers
from errbridge.log import log
from errbridge.problem.problem import make_plain_text
from errbridge.validation.faults import Fault, Place
from errbridge.validation.problems import INVALID, NO_JSON
from errbridge.validation.readers import find_by_class, find_syntax_error, list_errors
from errbridge.validation.request_errors import RESTX_MESSAGE, find_messages, read_messages, read_quart_schema

__all__ = ["Additions", "read_http_error"]

_KINDS = {
    "quart_schema.validation.RequestSchemaValidationError": "quart-schema",
    "werkzeug.exceptions.BadRequestKeyError": "key",
}
_NOT_MEMBERS = frozenset({"detail", "headers", "instance", "message", "messages", "schema", "status", "title", "type"})


@dataclass(frozen=True, slots=True)
class Additions:
    """What a library added to an HTTP error."""

    detail: str | None = None  #: takes the place of the exception's description, unless it is None
    headers: tuple[tuple[str, str], ...] = ()  #: in addition to the exception's
    extensions: Mapping[str, Any] = field(default_factory=dict[str, Any])  #: ``errors`` among them


def read_http_error(
    exc: BaseException,
    *,
    status: int,
    everywhere: bool = False,
    messages: bool = False,
    debug: bool = False,
    camel_case: bool = False,
    request_values: Callable[[], Container[str]] = frozenset,
) -> Additions:
    """Return what a library added to an HTTP error.

    Args:
        exc: The HTTP error.
        status: Its status.
        everywhere: Whether to name the key of a ``BadRequestKeyError`` that is no value of the request.
        messages: Whether to show the words of libraries and validators, whatever they contain.
        debug: Whether the application is in debug mode, where each missing key is named.
        camel_case: Whether quart-schema converts names (``QUART_SCHEMA_CONVERT_CASING``).
        request_values: Returns all values of the request, from JSON strings to cookies.

    Returns:
        The additions; empty for an error that no library touched. A failure is logged.
    """
    faults: Iterable[Fault] | None = None
    kind = find_by_class(type(exc), _KINDS)
    try:
        if kind == "key":
            faults = _missing(exc, is_named=lambda key: debug or (everywhere and key not in request_values()))
        elif kind == "quart-schema":
            faults = read_quart_schema(exc, camel_case=camel_case)
        elif status == 400 and (item := find_syntax_error(exc)) is not None:
            # In debug mode the framework describes it to the developer, with the words of the parser.
            return Additions(None if debug else NO_JSON, extensions={"errors": [item]})
        elif isinstance(data := vars(exc).get("data"), Mapping):
            return _read_data(exc, data, messages=messages)
    except Exception:
        log.exception("what was added to %s could not be read; it is left out", type(exc).__qualname__)
    return Additions(extensions=list_errors(exc, lambda _: faults, messages=messages) or {})


def _missing(exc: BaseException, *, is_named: Callable[[str], bool]) -> list[Fault]:
    key = exc.args[0] if exc.args else None
    is_header = any(frame.f_code.co_qualname == "Headers.__getitem__" for frame, _ in walk_tb(exc.__traceback__))
    place: Place = "header" if is_header else "parameter"
    return [Fault("missing", (key,), place=place)] if isinstance(key, str) and is_named(key) else []


def _read_data(exc: Any, data: Mapping[Any, Any], *, messages: bool) -> Additions:
    """Read the keyword arguments of ``abort()`` in webargs, flask-smorest, Flask-RESTful and Flask-RESTX."""
    message, found = data.get("message"), find_messages(data)
    # An exception class of yours may have an attribute of that name for anything, but these raise the framework's.
    is_aborted = type(exc).__module__ == "werkzeug.exceptions"
    if found is None and not is_aborted:
        return Additions()
    members = {name: data[name] for name in data if is_aborted and isinstance(name, str) and name not in _NOT_MEMBERS}
    if found is not None:
        members.pop("errors", None)
        faults = read_messages(found, getattr(exc, "exc", None))
        members |= list_errors(exc, lambda _: faults, messages=messages) or {}
        message = INVALID if message in (None, RESTX_MESSAGE) or isinstance(message, Mapping) else message
    headers = tuple((str(name), str(value)) for name, value in list_headers(data.get("headers")))
    return Additions(None if message is None else make_plain_text(message), headers, members)
