"""The exceptions of cattrs: groups, with the attribute or index of each member in a note.

A type (``int("x")``), a hook or a validator of attrs raised what is in them, mostly with the value in its message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Leaf:
    exception: BaseException
    path: Path
    expected: object
    attributes: frozenset[str]


def read(exc: Any) -> Iterator[Fault] | None:
    """Return the faults in the order of the attributes; None if one of the exceptions is a bug of the service."""
    leaves = list(_leaves(exc, (), _ANY_TYPE))
    if not all(map(_is_of_input, leaves)):
        return None
    return (fault for leaf in leaves for fault in _faults(leaf))


def _is_of_input(leaf: _Leaf) -> bool:
    """Check whether an exception can mean that a value is wrong. cattrs keeps whatever a hook raises."""
    exc = leaf.exception
    if type(exc).__name__ == "StructureHandlerNotFoundError":  # the converter does not know a type
        return False
    if isinstance(exc, AttributeError):  # from the code that cattrs generates for a mapping
        return exc.name in ("items", "keys") and not isinstance(exc.obj, Mapping)
    is_literal = get_origin(leaf.expected) is Literal and type(exc).__name__ in ("CattrsError", "Exception")
    return is_literal or isinstance(exc, _OF_INPUT) or hasattr(exc, "extra_fields")


def _leaves(
    exc: BaseException, path: Path, expected: object, attributes: frozenset[str] = frozenset()
) -> Iterator[_Leaf]:
    if not isinstance(exc, BaseExceptionGroup):
        yield _Leaf(exc, path, expected, attributes)
        return
    attributes = frozenset(attribute.name for attribute in getattr(getattr(exc, "cl", None), "__attrs_attrs__", ()))
    for member in exc.exceptions:
        note = next((note for note in getattr(member, "__notes__", ()) if hasattr(note, "type")), None)
        if note is None:
            yield from _leaves(member, path, _ANY_TYPE, attributes)
        else:  # a note is a text, too, and so has a method index
            name = note.name if hasattr(note, "name") else note.index
            yield from _leaves(member, (*path, name), note.type, attributes)


def _faults(leaf: _Leaf) -> Iterator[Fault]:
    exc, path = leaf.exception, leaf.path
    extra: Any = getattr(exc, "extra_fields", None)
    if extra is not None:
        yield from (Fault("unknown", (*path, name)) for name in sorted(extra, key=str))
    elif isinstance(exc, KeyError) and path and exc.args == path[-1:]:
        yield Fault("missing", path)
    elif (found := _of_attrs(leaf)) is not None:
        yield found
    elif leaf.expected is _ANY_TYPE:
        yield Fault("invalid", path, own=own_words(exc))
    elif (choices := _choices(leaf.expected)) is not None:
        text = f"Expected one of {', '.join(map(repr, choices))}."
        yield Fault("choice", path, text if len(text) <= 200 else None)
    else:
        yield Fault("type", path, _expected(leaf.expected))


def _of_attrs(leaf: _Leaf) -> Fault | None:
    """Return the fault that a validator of attrs describes; each kind names its attribute in another way."""
    args = leaf.exception.args
    if len(args) == 4 and getattr(args[1], "name", None) in leaf.attributes:
        path = (*leaf.path, args[1].name)
        if isinstance(leaf.exception, TypeError):
            return Fault("type", path, _expected(args[2]))
        return Fault("pattern" if isinstance(args[2], re.Pattern) else "choice", path)
    text = own_words(leaf.exception)
    found = None if text is None else _COMPARED.fullmatch(text)
    if found is None or found[2] not in leaf.attributes:
        return None
    return Fault("length" if found[1] else "range", (*leaf.path, found[2]), own=text)


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
