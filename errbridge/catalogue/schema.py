"""From a Python annotation to the JSON Schema (2020-12) of what a value of it becomes in a problem document.

It says what `errbridge.problem.values` does: a ``Decimal`` is a string, a ``timedelta`` a number of seconds, a
set an array. What it cannot know about is ``{}``, which any value satisfies: an unknown class, a type variable, a class
within itself. NaN and infinity, which become null, are the one exception that a schema does not mention.
"""

from __future__ import annotations

import collections.abc as abc
import dataclasses
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import MappingProxyType, NoneType
from typing import Annotated, Any, Literal, NamedTuple, NotRequired, get_args, get_origin, is_typeddict
from uuid import UUID

from errbridge.problem.fields import hints_of, is_union, unwrapped
from errbridge.problem.values import JSONValue, plain

__all__ = ["Schema", "schema_of"]

Schema = dict[str, Any]

_Inside = tuple[type, ...]
"""The classes whose members are being described, so that one within itself comes to an end."""

_SCALARS: Mapping[type, Schema] = MappingProxyType(
    {
        NoneType: {"type": "null"},
        bool: {"type": "boolean"},
        int: {"type": "integer"},
        float: {"type": "number"},
        str: {"type": "string"},
        bytes: {"type": "string"},
        bytearray: {"type": "string"},
        memoryview: {"type": "string"},
        datetime: {"type": "string", "format": "date-time"},
        date: {"type": "string", "format": "date"},
        time: {"type": "string", "format": "time"},
        timedelta: {"type": "number"},
        Decimal: {"type": "string", "format": "decimal"},
        UUID: {"type": "string", "format": "uuid"},
        PurePath: {"type": "string"},
    }
)


def schema_of(annotation: Any) -> Schema:
    """Give the schema of the values that an annotation admits, as JSON shows them.

    Args:
        annotation: A resolved annotation, as `errbridge.problem.fields.hints_of` gives them. The texts in an ``Annotated``
            become its description.
    """
    return _schema(annotation, ())


def _schema(annotation: Any, inside: _Inside) -> Schema:
    if get_origin(annotation) is Annotated:
        described, *notes = get_args(annotation)
        texts = [note for note in notes if isinstance(note, str)]
        return _schema(described, inside) | ({"description": "\n".join(texts)} if texts else {})
    bare = unwrapped(annotation)
    if bare is not annotation:
        return _schema(bare, inside)
    if is_union(annotation):
        return _any_of([_schema(one, inside) for one in get_args(annotation)])
    if get_origin(annotation) is Literal:
        return {"enum": _distinct(plain(value) for value in get_args(annotation))}
    if annotation is None:
        return dict(_SCALARS[NoneType])
    cls = get_origin(annotation) or annotation
    return _class(cls, get_args(annotation), inside) if isinstance(cls, type) else {}


def _any_of(schemas: list[Schema]) -> Schema:
    return {} if {} in schemas else {"anyOf": schemas}


def _distinct(values: abc.Iterable[JSONValue]) -> list[JSONValue]:
    found: list[JSONValue] = []
    for value in values:
        if not any(value == known and type(value) is type(known) for known in found):
            found.append(value)
    return found


def _class(cls: type, arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    if cls in inside:
        return {}
    if issubclass(cls, Enum):
        return {"enum": _distinct(plain(member) for member in cls)}
    for base in cls.__mro__:
        if base in _SCALARS:
            return dict(_SCALARS[base])
    for applies, describe in _SHAPES:
        if applies(cls):
            return describe(cls, arguments, inside)
    return {}


def _object(members: Mapping[str, Schema], required: list[str]) -> Schema:
    schema: Schema = {"type": "object", "properties": dict(members)}
    return schema | ({"required": required} if required else {})


def _typed_dict(cls: type, _arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    members = {name: _schema(hint, (*inside, cls)) for name, hint in hints_of(cls).items()}
    optional = {name for name, hint in hints_of(cls).items() if get_origin(hint) is NotRequired}
    required: frozenset[str] = getattr(cls, "__required_keys__", frozenset())
    return _object(members, [name for name in members if name in required and name not in optional])


def _dataclass(cls: type, _arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    hints = hints_of(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    return _object({name: _schema(hints.get(name, Any), (*inside, cls)) for name in names}, names)


def _mapping(_cls: type, arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    values = _schema(arguments[1], inside) if len(arguments) == 2 else {}
    return {"type": "object"} | ({"additionalProperties": values} if values else {})


def _tuple(cls: type, arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return _array(cls, arguments[:1], inside)
    if names := getattr(cls, "_fields", None):  # a named tuple
        hints = hints_of(cls)
        inside = (*inside, cls)
        arguments = tuple(hints.get(name, Any) for name in names)
    elif not arguments:
        return {"type": "array"}
    items = [_schema(argument, inside) for argument in arguments]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _array(_cls: type, arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    items = _schema(arguments[0], inside) if len(arguments) == 1 else {}
    return {"type": "array"} | ({"items": items} if items else {})


def _set(cls: type, arguments: tuple[Any, ...], inside: _Inside) -> Schema:
    return _array(cls, arguments, inside) | {"uniqueItems": True}


class _Shape(NamedTuple):
    """What has members or items, told by its class."""

    applies: Callable[[type], bool]
    describe: Callable[[type, tuple[Any, ...], _Inside], Schema]


def _derived_from(*bases: type) -> Callable[[type], bool]:
    return lambda cls: issubclass(cls, bases)


_SHAPES = (
    _Shape(is_typeddict, _typed_dict),
    _Shape(dataclasses.is_dataclass, _dataclass),
    _Shape(_derived_from(abc.Mapping), _mapping),
    _Shape(_derived_from(tuple), _tuple),
    _Shape(_derived_from(abc.KeysView), _array),
    _Shape(_derived_from(abc.Set), _set),
    _Shape(_derived_from(list, abc.ValuesView), _array),
    _Shape({abc.Sequence, abc.MutableSequence}.__contains__, _array),
)
