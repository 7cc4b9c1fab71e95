"""Libraries that validate requests only, so that their errors are the client's by themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from errbridge.validation import marshmallow, pydantic
from errbridge.validation.faults import EXPECTED, Fault, Place
from errbridge.validation.readers import Reader, find_reader

__all__ = ["REQUEST_ERRORS", "RESTX_MESSAGE", "find_messages", "put_at", "read_messages", "read_quart_schema"]

RESTX_MESSAGE = "Input payload validation failed"
"""The message of Flask-RESTX for invalid requests. Its ``errors`` are then texts that contain the input."""

_PLACES: Mapping[object, Place] = {
    "cookies": "parameter",
    "headers": "header",
    "path": "parameter",
    "path_params": "parameter",
    "query": "parameter",
    "query_params": "parameter",
    "querystring": "parameter",
    "view_args": "parameter",
    "QuerystringValidationError": "parameter",
    "RequestHeadersValidationError": "header",
}
"""By location, or the exception for a location. All others are in the body."""


def find_messages(data: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """Return messages about the request by location, or None if there are none.

    *data* are the keyword arguments of ``abort()`` in webargs, flask-smorest, Flask-RESTful or Flask-RESTX.
    """
    message, messages = data.get("message"), data.get("messages")
    if isinstance(message, Mapping):  # by the parser of Flask-RESTful, which does not name the location
        messages = {"query": message}
    elif message == RESTX_MESSAGE:
        messages = {"json": data.get("errors")}
    return messages if isinstance(messages, Mapping) else None


def read_messages(messages: Mapping[Any, Any], error: object = None) -> Iterator[Fault]:
    """Return the faults in messages by location, as webargs collects them from marshmallow's *error*."""
    given = getattr(error, "data", None)
    for location, inner in messages.items():
        yield from put_at(location, marshmallow.list_faults(inner, given))


def read_quart_schema(exc: Any, *, camel_case: bool) -> Iterable[Fault] | None:
    """Return the faults of the error in a ``RequestSchemaValidationError``; None if no known library raised it."""
    read = find_reader(type(exc.validation_error))
    faults = None if read is None else read(exc.validation_error)
    if faults is None:
        return None
    location = type(exc).__name__
    is_header = _PLACES.get(location) == "header"

    def convert(name: str | int) -> str | int:
        if isinstance(name, int):
            return name
        return name.replace("_", "-") if is_header else _camel_case(name) if camel_case else name

    return put_at(location, (fault._replace(path=tuple(map(convert, fault.path))) for fault in faults))


def _read_flask_pydantic(exc: Any) -> Iterator[Fault]:
    for location in ("path_params", "query_params", "form_params", "body_params"):
        yield from put_at(location, map(pydantic.read_error, getattr(exc, location) or ()))


REQUEST_ERRORS: Mapping[str, Reader] = {
    "apiflask.exceptions._ValidationError": lambda exc: (
        read_messages(exc.detail) if isinstance(exc.detail, Mapping) else ()
    ),
    "flask_pydantic.exceptions.JsonBodyParsingError": lambda _: [Fault("type", detail=EXPECTED["object"])],
    "flask_pydantic.exceptions.ValidationError": _read_flask_pydantic,
}
"""Readers for the request errors that are no HTTP errors of the framework's, by class."""


def put_at(location: object, faults: Iterable[Fault]) -> Iterator[Fault]:
    """Return faults as those of a location of the request."""
    return (fault._replace(place=_PLACES.get(location, "pointer")) for fault in faults)


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
