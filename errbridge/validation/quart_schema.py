"""quart-schema's ``RequestSchemaValidationError``, around an error of pydantic or msgspec."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from errbridge.validation import reader_of
from errbridge.validation.faults import Fault, Path, Place, frames_of

__all__ = ["read"]

_PLACES: dict[str, Place] = {"QuerystringValidationError": "parameter", "RequestHeadersValidationError": "header"}


def read(exc: Any) -> Iterator[Fault] | None:
    """List the faults of the error within; None if its library is not known, as for a dataclass without a library."""
    reader = reader_of(exc.validation_error)
    faults = None if reader is None else reader(exc.validation_error)
    if faults is None:
        return None
    place = _place(exc)
    camel = _was_camel_case(exc.validation_error)
    return (fault._replace(place=place, path=_as_sent(fault.path, place, camel)) for fault in faults)


def _place(exc: object) -> Place:
    for cls in type(exc).__mro__:
        if cls.__name__ in _PLACES:
            return _PLACES[cls.__name__]
    return "pointer"


def _was_camel_case(error: BaseException) -> bool:
    """Tell whether ``QUART_SCHEMA_CONVERT_CASING`` is on; only the function that did it, and then failed, knows."""
    return any(frame.f_code.co_name == "model_load" and frame.f_locals.get("decamelize") for frame in frames_of(error))


def _as_sent(path: Path, place: Place, camel: bool) -> Path:
    """Give members and headers their names back, which quart-schema turned into Python's."""
    if place == "header":
        return tuple(str(name).replace("_", "-") for name in path)
    return tuple(_camel_case(name) if isinstance(name, str) else name for name in path) if camel else path


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
