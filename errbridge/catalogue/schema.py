"""From a Python annotation to the JSON Schema (2020-12) of its values in a problem document.

A schema describes what `errbridge.problem.values` makes: a ``Decimal`` is a string, a ``timedelta`` a number of
seconds, a set an array. What it cannot know is ``{}``, which any value satisfies: an unknown class, a type variable, a
class within itself. It does not mention that NaN and infinity become null.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
import json
from collections import UserString
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import NoneType
from typing import Annotated, Any, Literal, NotRequired, get_args, get_origin, is_typeddict
from uuid import UUID

from errbridge.problem.fields import is_union, resolve_annotations, unwrap_annotation
from errbridge.problem.values import to_json_value

__all__ = ["Schema", "make_schema"]

Schema = dict[str, Any]

_Inside = tuple[type, ...]
"""The classes whose members are being described, so that a class within itself comes to an end."""

_SCALARS: Mapping[type, Schema] = {
    NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bytes: {"type": "string"},
    bytearray: {"type": "string"},
    memoryview: {"type": "string"},
    UserString: {"type": "string"},
    datetime: {"type": "string"},  # not of the format date-time, which demands an offset, as that of a time does
    date: {"type": "string", "format": "date"},
    time: {"type": "string"},
    timedelta: {"type": "number"},
    Decimal: {"type": "string", "format": "decimal"},
    UUID: {"type": "string", "format": "uuid"},
    PurePath: {"type": "string"},
}


def make_schema(annotation: Any, inside: _Inside = ()) -> Schema:
    """Describe the values that a resolved annotation admits; texts in an ``Annotated`` become the description."""
    if get_origin(annotation) is Annotated:
        described, *notes = get_args(annotation)
        texts = [note for note in notes if isinstance(note, str)]
        return make_schema(described, inside) | ({"description": "\n".join(texts)} if texts else {})
    bare = unwrap_annotation(annotation)
    if bare is not annotation:
        return make_schema(bare, inside)
    arguments = get_args(annotation)
    if is_union(annotation):
        choices = [make_schema(each, inside) for each in arguments]
        return {} if {} in choices else {"anyOf": choices}
    if get_origin(annotation) is Literal:
        return _describe_choice(arguments)
    cls = NoneType if annotation is None else get_origin(annotation) or annotation
    return _describe_class(cls, arguments, inside) if isinstance(cls, type) else {}


def _describe_choice(values: Iterable[object]) -> Schema:
    return {"enum": list({json.dumps(value): value for value in map(to_json_value, values)}.values())}


def _describe_class(cls: type, arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    if cls in inside:
        return {}
    if issubclass(cls, Enum):
        return _describe_choice(cls)
    for base in cls.__mro__:
        if base in _SCALARS:
            return dict(_SCALARS[base])
    if is_typeddict(cls) or dataclasses.is_dataclass(cls):
        return _describe_object(cls, inside)
    if issubclass(cls, abc.Mapping):
        values = make_schema(arguments[1], inside) if len(arguments) == 2 else {}
        return {"type": "object"} | ({"additionalProperties": values} if values else {})
    if issubclass(cls, tuple):
        return _describe_tuple(cls, arguments, inside)
    if issubclass(cls, (abc.Sequence, abc.Set)):
        unique = {"uniqueItems": True} if issubclass(cls, abc.Set) else {}
        return _describe_array(arguments, inside) | unique
    return {}


def _describe_object(cls: type, inside: _Inside) -> Schema:
    hints = resolve_annotations(cls)
    if is_typeddict(cls):
        keys: frozenset[str] = getattr(cls, "__required_keys__", frozenset())
        # Python does not see NotRequired in an annotation that is a text.
        required = [name for name, hint in hints.items() if name in keys and get_origin(hint) is not NotRequired]
        names = list(hints)
    else:
        required = names = [field.name for field in dataclasses.fields(cls)]
    members = {name: make_schema(hints.get(name, Any), (*inside, cls)) for name in names}
    return {"type": "object", "properties": members} | ({"required": required} if required else {})


def _describe_tuple(cls: type, arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    if names := getattr(cls, "_fields", None):  # a named tuple
        arguments = tuple(resolve_annotations(cls).get(name, Any) for name in names)
        inside = (*inside, cls)
    if not arguments or arguments[-1] is Ellipsis:
        return _describe_array(arguments[:1], inside)
    items = [make_schema(each, inside) for each in arguments]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _describe_array(arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    items = make_schema(arguments[0], inside) if arguments else {}
    return {"type": "array"} | ({"items": items} if items else {})
