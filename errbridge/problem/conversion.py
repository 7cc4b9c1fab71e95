"""The values of a problem document, converted to the annotations of a problem class.

A value is converted if that loses nothing, and refused if it is of another type: RFC 9457 section 3.1 has clients
ignore it. Annotations beyond the tables below leave values as JSON has them.
"""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin, is_typeddict
from uuid import UUID

from errbridge.problem.fields import is_union, resolve_annotations, unwrap_annotation
from errbridge.problem.values import to_json_value

__all__ = ["MISMATCHES", "convert"]

MISMATCHES = (ValueError, TypeError, ArithmeticError)
"""What is raised for a value of another type than the annotation."""


def _to_integer(number: float) -> int:
    if number != int(number):
        raise ValueError("the number has a fraction")
    return int(number)  # JSON Schema counts 1.0 among the integers


# By annotation, the types of JSON that it is converted from, and how. A bool is no number.
_SCALARS: Mapping[type, tuple[tuple[type, ...], Callable[[Any], Any]]] = {
    NoneType: ((NoneType,), lambda value: value),
    bool: ((bool,), bool),
    int: ((int, float), _to_integer),
    float: ((int, float), lambda value: value),
    str: ((str,), str),
    Decimal: ((str, int, float), lambda value: Decimal(str(value))),
    UUID: ((str,), UUID),
    datetime: ((str,), datetime.fromisoformat),
    date: ((str,), date.fromisoformat),
    time: ((str,), time.fromisoformat),
    timedelta: ((int, float), lambda value: timedelta(seconds=value)),
}

_ARRAYS: Mapping[Any, Any] = {cls: cls for cls in (list, tuple, set, frozenset)} | {
    abc.Sequence: list,
    abc.Set: frozenset,
}


def convert(annotation: Any, value: Any) -> Any:
    """Convert the value of a member to a resolved annotation, or raise one of `MISMATCHES`."""
    annotation = unwrap_annotation(annotation)
    arguments = get_args(annotation)
    cls = NoneType if annotation is None else get_origin(annotation) or annotation
    if is_union(annotation):
        for each in arguments:
            with suppress(*MISMATCHES):
                return convert(each, value)
        raise ValueError
    if cls is Literal:
        return _find_choice(arguments, value)
    if not isinstance(cls, type):
        return value
    if cls in _SCALARS:
        types, convert_value = _SCALARS[cls]
        if type(value) not in types:
            raise TypeError
        return convert_value(value)
    if cls in _ARRAYS:
        return _convert_array(cls, arguments, value)
    if issubclass(cls, Enum):
        return _find_choice(cls, value)
    if is_typeddict(cls) or issubclass(cls, abc.Mapping):
        return _convert_mapping(cls, arguments, value)
    return value


def _find_choice(choices: Iterable[Any], value: Any) -> Any:
    for choice in choices:
        written: Any = to_json_value(choice)
        if written == value and type(written) is type(value):
            return choice
    raise ValueError


def _convert_array(cls: type, arguments: tuple[Any, ...], value: Any) -> Any:
    if not isinstance(value, list):
        raise TypeError
    annotations: Iterable[Any] = [arguments[0] if arguments else Any] * len(value)
    if cls is tuple and arguments and arguments[-1] is not Ellipsis:
        annotations = arguments
    return _ARRAYS[cls]([convert(each, item) for each, item in zip(annotations, value, strict=True)])


def _convert_mapping(cls: type, arguments: tuple[Any, ...], value: Any) -> Any:
    if not isinstance(value, dict):
        raise TypeError
    annotations: Mapping[str, Any] = resolve_annotations(cls) if is_typeddict(cls) else {}
    other = arguments[1] if len(arguments) == 2 else Any
    return {name: convert(annotations.get(name, other), each) for name, each in value.items()}
