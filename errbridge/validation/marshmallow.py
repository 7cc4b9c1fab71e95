"""marshmallow's ``ValidationError``.

Its messages are texts and nothing else: which rule was broken has to be read from them. Those that marshmallow has by
by itself are known here. Others are the application's, and may hold the input: ``error="{input} is too short"``.

The schema tells the rest: the entries of a mapping from the members of an object, and a validator's bounds from a
number that the application has put into the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from errbridge.validation.faults import WORDS, Fault, Path, Place, frames_of, texts

__all__ = ["faults_in", "read"]

_SCHEMA = "_schema"  # messages about an object as a whole
_UNKNOWN = "Unknown field."
_BOUNDS = ("min", "max", "equal")  # of a validator

# A bound is a number, a date or a time.
_BOUND = r"([-+0-9.:TZ]{1,40})"
_COMPARED = rf"(?:greater|less) than (?:or equal to )?{_BOUND}"
_TEXTS = texts(
    {
        "missing": [r"Missing data for required field\."],
        "unknown": [r"Unknown field\."],
        "null": [r"Field may not be null\."],
        "type": [
            r"Not a valid (?:string|number|integer|boolean|list|tuple|mapping type|Decimal|Mapping)\.",
            r"Invalid (?:input )?type\.",
        ],
        "range": [
            r"Number too large\.",
            r"Special numeric values \(nan or infinity\) are not permitted\.",
            rf"Must be {_COMPARED}(?: and {_COMPARED})?\.",
        ],
        "length": [
            rf"(?:Shorter than minimum|Longer than maximum) length {_BOUND}\.",
            rf"Length must be (?:between {_BOUND} and )?{_BOUND}\.",
        ],
        "pattern": [r"String does not match expected pattern\."],
        "format": [
            r"Not a valid (?:(?:naive|aware) )?(?:date|time|datetime|period of time)\.",
            r"Not a valid (?:utf-8 string|UUID|URL|email address|IP(?:v[46])? (?:address|interface))\.",
            r"Invalid JSON body\.",  # of webargs
        ],
        "invalid": [r"Invalid (?:value|input)\."],
    }
)


def read(exc: Any) -> Iterator[Fault]:
    """List the faults in the order of the messages."""
    return faults_in(exc.messages, exc)


def faults_in(messages: object, exc: object, place: Place = "pointer") -> Iterator[Fault]:
    """List the faults that messages tell of.

    Args:
        messages: As marshmallow nests them.
        exc: The exception of marshmallow's, which knows the schema; None if there is none.
        place: What the names in the messages lead into.
    """
    return _faults(messages, _schema(exc), (), place)


def _schema(exc: object) -> object:
    """Find the schema: the exception does not have it, but the method of the schema's that raised it does."""
    for frame in reversed(frames_of(exc)):
        if frame.f_code.co_name == "_do_load" and frame.f_globals.get("__name__") == "marshmallow.schema":
            return frame.f_locals["self"]
    return None


def _faults(messages: object, kind: object, path: Path, place: Place) -> Iterator[Fault]:
    """List the faults of a value whose kind is a schema, a field, or None if that is not known."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            if _is_entry(kind, inner):
                for part, of_part in inner.items():
                    yield from _faults(of_part, getattr(kind, f"{part}_field"), (*path, name), place)
            elif name == _SCHEMA:
                yield from _faults_of_whole(inner, kind, path, place)
            else:
                yield from _faults(inner, _inside(kind, name), (*path, name), place)
    elif isinstance(messages, (list, tuple)):
        for message in messages:
            yield from _faults(message, kind, path, place)
    else:
        yield _fault(str(messages), kind, path, place)


def _faults_of_whole(messages: object, kind: object, path: Path, place: Place) -> Iterator[Fault]:
    for message in messages if isinstance(messages, list) else [messages]:
        is_member = message == _UNKNOWN  # which is not said of an object, but of a member that has this name
        yield from _faults(message, kind, (*path, _SCHEMA) if is_member else path, place)


def _fault(text: str, kind: object, path: Path, place: Place) -> Fault:
    if (found := _TEXTS.fullmatch(text)) is not None and (code := found.lastgroup) is not None:
        bounds = {*found.groups()} - {None, text}
        if bounds and not bounds.issubset(_bounds(kind)):
            return Fault(code, path, WORDS[code], place, own=text)
        return Fault(code, path, text, place)
    if text.startswith("Must be one of: "):  # what follows may be told by a text of the application's
        return Fault("choice", path, WORDS["choice"], place, own=text)
    return Fault("invalid", path, WORDS["invalid"], place, own=text)


def _bounds(kind: object) -> Iterator[str]:
    """List the bounds that the validators of a field have, and those of validators within validators."""
    for validator in getattr(kind, "validators", ()):
        yield from (str(getattr(validator, name)) for name in _BOUNDS if hasattr(validator, name))
        yield from _bounds(validator)


def _is_entry(kind: object, inner: object) -> bool:
    """Tell whether messages are about the key or value of a mapping's entry, rather than members of these names."""
    return hasattr(kind, "value_field") and isinstance(inner, Mapping) and inner.keys() <= {"key", "value"}


def _inside(kind: Any, name: object) -> object:
    """Go from an object, list or tuple to a member."""
    if isinstance(name, int):
        if hasattr(kind, "tuple_fields"):
            return dict(enumerate(kind.tuple_fields)).get(name)
        return getattr(kind, "inner", kind)  # many objects have the schema of one
    members: Mapping[str, Any] = getattr(getattr(kind, "schema", kind), "fields", {})
    named = (field for key, field in members.items() if name == (key if field.data_key is None else field.data_key))
    return next(named, None)
