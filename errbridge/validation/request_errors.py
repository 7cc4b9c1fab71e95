"""Libraries that validate requests only, so that their errors are the client's by themselves.

Most raise HTTP errors, and add faults of the request, words, headers and members.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from traceback import walk_tb
from typing import Any

from errbridge.http.headers import list_headers
from errbridge.log import log
from errbridge.problem.problem import make_plain_text
from errbridge.validation import marshmallow, pydantic
from errbridge.validation.faults import EXPECTED, INVALID, NO_JSON, Fault, put_at
from errbridge.validation.readers import Reader, find_by_class, find_reader, find_syntax_error, list_errors

__all__ = ["REQUEST_ERRORS", "Additions", "read_http_error"]

_KINDS = {
    "quart_schema.validation.RequestSchemaValidationError": "quart-schema",
    "werkzeug.exceptions.BadRequestKeyError": "key",
}
_NOT_MEMBERS = frozenset({"detail", "headers", "instance", "message", "messages", "schema", "status", "title", "type"})
_RESTX_MESSAGE = "Input payload validation failed"  # for invalid requests; `errors` are then texts with the input


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
            faults = _read_quart_schema(exc, camel_case=camel_case)
        elif status == 400 and (item := find_syntax_error(exc)) is not None:
            # In debug mode the framework describes it to the developer, with the words of the parser.
            return Additions(None if debug else NO_JSON, extensions={"errors": [item]})
        elif isinstance(data := vars(exc).get("data"), Mapping):
            return _read_data(exc, data, messages=messages)
    except Exception:
        log.exception("what was added to %s could not be read; it is left out", type(exc).__qualname__)
    return Additions(extensions=list_errors(exc, lambda _: faults, messages=messages) or {})


def _missing(exc: BaseException, *, is_named: Callable[[str], bool]) -> list[Fault]:
    key: Any = exc.args[0] if exc.args else None
    is_header = any(frame.f_code.co_qualname == "Headers.__getitem__" for frame, _ in walk_tb(exc.__traceback__))
    missing = Fault("missing", (key,), place="header" if is_header else "parameter")
    return [missing] if isinstance(key, str) and is_named(key) else []


def _read_data(exc: Any, data: Mapping[Any, Any], *, messages: bool) -> Additions:
    """Read the keyword arguments of ``abort()`` in webargs, flask-smorest, Flask-RESTful and Flask-RESTX."""
    message: Any = data.get("message")
    found: Any = data.get("messages")
    if isinstance(message, Mapping):  # by the parser of Flask-RESTful, which does not name the location
        message, found = None, {"query": message}
    elif message == _RESTX_MESSAGE:
        message, found = None, {"json": data.get("errors")}
    # An exception class of yours may have an attribute of that name for anything, but these raise the framework's.
    is_aborted, has_faults = type(exc).__module__ == "werkzeug.exceptions", isinstance(found, Mapping)
    if not is_aborted and not has_faults:
        return Additions()
    members = {name: data[name] for name in data if is_aborted and isinstance(name, str) and name not in _NOT_MEMBERS}
    if has_faults:
        members.pop("errors", None)
        members |= list_errors(exc, lambda _: _read_messages(found, getattr(exc, "exc", None)), messages=messages) or {}
        message = INVALID if message is None else message
    headers = tuple((str(name), str(value)) for name, value in list_headers(data.get("headers")))
    return Additions(None if message is None else make_plain_text(message), headers, members)


def _read_messages(messages: Mapping[Any, Any], error: object = None) -> Iterator[Fault]:
    """Return the faults in messages by location, as webargs collects them from marshmallow's *error*."""
    given = getattr(error, "data", None)
    for location, inner in messages.items():
        yield from put_at(location, marshmallow.list_faults(inner, given))


def _read_quart_schema(exc: Any, *, camel_case: bool) -> Iterable[Fault] | None:
    """Return the faults of the error in a ``RequestSchemaValidationError``; None if no known library raised it."""
    read = find_reader(type(exc.validation_error))
    faults = None if read is None else read(exc.validation_error)
    if faults is None:
        return None

    def convert(fault: Fault) -> Fault:
        if fault.place == "header":
            names = (name.replace("_", "-") if isinstance(name, str) else name for name in fault.path)
        else:
            names = (_camel_case(name) if isinstance(name, str) and camel_case else name for name in fault.path)
        return fault._replace(path=tuple(names))

    return map(convert, put_at(type(exc).__name__, faults))


def _read_flask_pydantic(exc: Any) -> Iterator[Fault]:
    for location in ("path_params", "query_params", "form_params", "body_params"):
        yield from put_at(location, map(pydantic.read_error, getattr(exc, location) or ()))


REQUEST_ERRORS: Mapping[str, Reader] = {
    "apiflask.exceptions._ValidationError": lambda exc: (
        _read_messages(exc.detail) if isinstance(exc.detail, Mapping) else ()
    ),
    "flask_pydantic.exceptions.JsonBodyParsingError": lambda _: [Fault("type", detail=EXPECTED["object"])],
    "flask_pydantic.exceptions.ValidationError": _read_flask_pydantic,
}
"""Readers for the request errors that are no HTTP errors of the framework's, by class."""


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
