"""The exceptions of cattrs: groups, with the attribute or index of each member in a note.

A type (``int("x")``), a hook or a validator of attrs raised what is in them, mostly with the value in its message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import InvalidOperation
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from errbridge.validation.faults import EXPECTED, Fault, Path, own_words

__all__ = ["read"]

_ANY_TYPE = object()
# Types and hooks raise these for a value that they cannot take. The last two are no ValueError.
_OF_INPUT = (ValueError, TypeError, KeyError, OverflowError, InvalidOperation)
_COMPARED = re.compile(r"(Length of )?'(\w+)' must be [<>]=? .*", re.DOTALL)


class _Bug(Exception):
    """One of the exceptions is a bug of the service."""


def read(exc: Any) -> list[Fault] | None:
    """Return the faults in the order of the attributes; None if one of the exceptions is a bug of the service."""
    try:
        return list(_faults(exc, (), _ANY_TYPE))
    except _Bug:
        return None


def _faults(
    exc: BaseException, path: Path, expected: object, attributes: frozenset[str] = frozenset()
) -> Iterator[Fault]:
    """Read an exception about the value at a path, and a group of them; *attributes* are those of the value's class."""
    if isinstance(exc, BaseExceptionGroup):
        attributes = frozenset(each.name for each in getattr(getattr(exc, "cl", None), "__attrs_attrs__", ()))
        for member in exc.exceptions:
            note = next((note for note in getattr(member, "__notes__", ()) if hasattr(note, "type")), None)
            if note is None:
                yield from _faults(member, path, _ANY_TYPE, attributes)
            else:  # a note is a text, too, and so has a method index
                name = note.name if hasattr(note, "name") else note.index
                yield from _faults(member, (*path, name), note.type, attributes)
    elif not _is_of_input(exc, expected):
        raise _Bug
    elif (extra := getattr(exc, "extra_fields", None)) is not None:
        yield from (Fault("unknown", (*path, name)) for name in sorted(extra, key=str))
    elif isinstance(exc, KeyError) and path and exc.args == path[-1:]:
        yield Fault("missing", path)
    elif (found := _of_attrs(exc, path, attributes)) is not None:
        yield found
    elif expected is _ANY_TYPE:
        yield Fault("invalid", path, own=own_words(exc))
    elif (choices := _choices(expected)) is not None:
        text = f"Expected one of {', '.join(map(repr, choices))}."
        yield Fault("choice", path, text if len(text) <= 200 else None)
    else:
        yield Fault("type", path, _expected(expected))


def _is_of_input(exc: BaseException, expected: object) -> bool:
    """Check whether an exception can mean that a value is wrong. cattrs keeps whatever a hook raises."""
    if type(exc).__name__ == "StructureHandlerNotFoundError":  # the converter does not know a type
        return False
    if isinstance(exc, AttributeError):  # from the code that cattrs generates for a mapping
        return exc.name in ("items", "keys") and not isinstance(exc.obj, Mapping)
    is_literal = get_origin(expected) is Literal and type(exc).__name__ in ("CattrsError", "Exception")
    return is_literal or isinstance(exc, _OF_INPUT) or hasattr(exc, "extra_fields")


def _of_attrs(exc: BaseException, path: Path, attributes: frozenset[str]) -> Fault | None:
    """Return the fault that a validator of attrs describes; each kind names its attribute in another way."""
    args = exc.args
    if len(args) == 4 and getattr(args[1], "name", None) in attributes:
        path = (*path, args[1].name)
        if isinstance(exc, TypeError):
            return Fault("type", path, _expected(args[2]))
        return Fault("pattern" if isinstance(args[2], re.Pattern) else "choice", path)
    text = own_words(exc)
    found = None if text is None else _COMPARED.fullmatch(text)
    if found is None or found[2] not in attributes:
        return None
    return Fault("length" if found[1] else "range", (*path, found[2]), own=text)


def _choices(expected: Any) -> tuple[object, ...] | None:
    if get_origin(expected) is Literal:
        return get_args(expected)
    if isinstance(expected, type) and issubclass(expected, Enum):
        return tuple(member.value for member in expected)
    return None


def _expected(expected: object) -> str | None:
    """Return the name of a type in JSON. A client knows nothing about the classes of the service."""
    others = [one for one in get_args(expected) if one is not NoneType]
    if len(others) == 1 and get_origin(expected) in (Union, UnionType):
        expected = others[0]
    if hasattr(expected, "__attrs_attrs__") or hasattr(expected, "__dataclass_fields__"):
        return "Expected an object."
    return EXPECTED.get(getattr(get_origin(expected) or expected, "__name__", ""))
