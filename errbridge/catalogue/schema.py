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


def make_schema(annotation: Any, inside: tuple[type, ...] = ()) -> Schema:
    """Describe the values that a resolved annotation admits; texts in an ``Annotated`` become the description.

    *inside* are the classes whose members are being described, so that a class within itself comes to an end.
    """
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


def _describe_class(cls: type, arguments: tuple[Any, ...], inside: tuple[type, ...]) -> Schema:
    if cls in inside:
        return {}
    if issubclass(cls, Enum):
        return _describe_choice(cls)
    for base in cls.__mro__:
        if base in _SCALARS:
            return dict(_SCALARS[base])
    if is_typeddict(cls) or dataclasses.is_dataclass(cls):
        hints = resolve_annotations(cls)
        names = [field.name for field in dataclasses.fields(cls)] if dataclasses.is_dataclass(cls) else list(hints)
        members = {name: make_schema(hints.get(name, Any), (*inside, cls)) for name in names}
        keys = getattr(cls, "__required_keys__", names)
        # Python does not see NotRequired in an annotation that is a text.
        required = [name for name in names if name in keys and get_origin(hints.get(name)) is not NotRequired]
        return {"type": "object", "properties": members} | ({"required": required} if required else {})
    if issubclass(cls, abc.Mapping):
        values = make_schema(arguments[1], inside) if len(arguments) == 2 else {}
        return {"type": "object"} | ({"additionalProperties": values} if values else {})
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):  # the arguments of a named tuple are not its items
        return {"type": "array"}
    if issubclass(cls, tuple) and arguments and arguments[-1] is not Ellipsis:
        several = [make_schema(each, inside) for each in arguments]
        return {"type": "array", "prefixItems": several, "minItems": len(several), "maxItems": len(several)}
    if issubclass(cls, (abc.Sequence, abc.Set)):
        items = make_schema(arguments[0], inside) if arguments else {}
        unique = {"uniqueItems": True} if issubclass(cls, abc.Set) else {}
        return {"type": "array"} | ({"items": items} if items else {}) | unique
    return {}
