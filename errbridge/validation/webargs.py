"""What webargs, and other parsers after the manner of Flask-RESTful, add to an HTTP error: ``data["messages"]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from errbridge.validation.faults import Fault, Place
from errbridge.validation.marshmallow import faults_in

__all__ = ["read"]

_PLACES: Mapping[object, Place] = {
    "cookies": "parameter",
    "headers": "header",
    "path": "parameter",
    "query": "parameter",
    "querystring": "parameter",
    "view_args": "parameter",
}
"""Everything else is a part of the body: ``json``, ``form``, ``json_or_form``, ``files``."""


def read(exc: Any) -> Iterator[Fault] | None:
    """List the faults, place after place."""
    data: object = getattr(exc, "data", None)
    messages: object = data.get("messages") if isinstance(data, Mapping) else None
    if not isinstance(messages, Mapping):
        return None
    error: object = getattr(exc, "exc", None)
    return (
        fault
        for location, inner in messages.items()
        for fault in faults_in(inner, error, _PLACES.get(location, "pointer"))
    )
