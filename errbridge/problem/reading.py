"""The problem in another service's response: ``Problem.from_response()``.

1. The ``type`` decides about the class: the one that has that URI among those that are imported. `Problem` itself takes
   any type; with another class, a type that belongs neither to it nor to a class derived from it is a ValueError.
2. A value is converted to the annotation of its field if that loses nothing. A member whose value has the wrong type is
   ignored (RFC 9457 section 3.1), so a problem may lack a field.

The module knows no problem class: it is given their declarations, and returns members.
"""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import Any, Literal, get_args, get_origin, is_typeddict
from uuid import UUID

from errbridge.http.status import is_error
from errbridge.problem.fields import Declaration, is_union, resolve_annotations, unwrap_annotation
from errbridge.problem.response import parse_document, read_response
from errbridge.problem.type_uri import ABOUT_BLANK
from errbridge.problem.values import to_json_value

__all__ = ["read_problem"]

_MEMBERS = {"type": str, "title": str, "status": int, "detail": str, "instance": str}
_LONGEST_TYPE = 200


def read_problem(
    response: Any, declarations: Sequence[Declaration], *, body: bytes | str | None = None, type_uri: str | None = None
) -> tuple[Declaration, dict[str, Any]]:
    """Return the declaration of a problem's class, and the problem's members; see `Problem.from_response`.

    *declarations* are those of the expected class, then of all classes derived from it.
    """
    answer = read_response(response, body)
    document = parse_document(answer.media_type, answer.body)
    standard = {name: value for name, value in document.items() if name in _MEMBERS}
    members = _convert_members(standard, _MEMBERS)
    members["type"] = members.get("type") or ABOUT_BLANK
    status = next((each for each in (members.get("status"), answer.status) if is_error(each)), None)
    declaration = _find_declaration(declarations, members["type"], status, type_uri)
    members["status"] = declaration.status if status is None else status
    if members["status"] is None:
        raise ValueError(f"neither the document nor the response has the status of an error: {answer.status}")
    resolved = resolve_annotations(declaration.cls)
    annotations = {name: resolved.get(name, Any) for name in declaration.fields}
    extensions = {name: value for name, value in document.items() if name not in _MEMBERS}
    return declaration, members | _convert_members(extensions, annotations)


def _convert_members(members: Mapping[str, Any], annotations: Mapping[str, Any]) -> dict[str, Any]:
    """Convert members to their annotations, and leave out those of the wrong type."""
    converted = {}
    for name, value in members.items():
        with suppress(*_MISMATCHES):
            converted[name] = _convert(annotations.get(name, Any), value)
    return converted


def _find_declaration(
    declarations: Sequence[Declaration], uri: str, status: int | None, type_uri: str | None
) -> Declaration:
    """Find the class of a type; among several, the last one derived or defined."""
    expected = declarations[0]
    own_type = expected.build_type(type_uri)
    takes_any = expected.slug is None  # as Problem itself
    found = [expected] if takes_any else []
    if uri == ABOUT_BLANK:
        # Such a document has no more than its status, which is enough for a class without a type.
        if own_type is None and expected.status == status:
            found = [expected]
    else:
        found += [each for each in declarations if each.build_type(type_uri) == uri]
    if found:
        return found[-1]
    hint = "" if type_uri else "; pass type_uri= if the service builds its types from ERROR_TYPE_URI"
    is_of = f"{expected.cls.__name__} is {own_type or ABOUT_BLANK}"
    raise ValueError(f"the problem is of the type {uri[:_LONGEST_TYPE]}, but {is_of}{hint}")


# Values by their annotations. One that no table here has leaves a value as JSON has it.

_MISMATCHES = (ValueError, TypeError, ArithmeticError)
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


def _convert(annotation: Any, value: Any) -> Any:
    """Convert the value of a member to a resolved annotation, or raise one of `_MISMATCHES`."""
    annotation = unwrap_annotation(annotation)
    arguments = get_args(annotation)
    cls = NoneType if annotation is None else get_origin(annotation) or annotation
    if is_union(annotation):
        for each in arguments:
            with suppress(*_MISMATCHES):
                return _convert(each, value)
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
    if issubclass(cls, abc.Mapping):  # a TypedDict is one, too
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
    return _ARRAYS[cls]([_convert(each, item) for each, item in zip(annotations, value, strict=True)])


def _convert_mapping(cls: type, arguments: tuple[Any, ...], value: Any) -> Any:
    if not isinstance(value, dict):
        raise TypeError
    annotations: Mapping[str, Any] = resolve_annotations(cls) if is_typeddict(cls) else {}
    other = arguments[1] if len(arguments) == 2 else Any
    return {name: _convert(annotations.get(name, other), each) for name, each in value.items()}
