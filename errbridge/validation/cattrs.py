"""The exceptions of cattrs: groups, with the attribute or index of each member in a note.

What is in them was raised by a type (``int("x")``), by a hook or by a validator of attrs. The message of all these
mostly has the value in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import InvalidOperation
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin

from errbridge.validation.faults import WORDS, Fault, Path, raised_in, said_in_source, told

__all__ = ["read"]

_ANY_TYPE = object()
# What a type or a hook raises about a value that it cannot take. Neither of the last two is a ValueError.
_OF_INPUT = (ValueError, TypeError, KeyError, OverflowError, InvalidOperation)
_TYPES: dict[object, str] = {
    bool: "a boolean",
    dict: "an object",
    float: "a number",
    frozenset: "an array",
    int: "an integer",
    list: "an array",
    set: "an array",
    str: "a string",
    tuple: "an array",
}
_COMPARED = re.compile(r"(?P<length>Length of )?'(?P<name>\w+)' must be (?P<rule>[<>]=? [-+0-9.]+): .*", re.DOTALL)


class _Leaf(NamedTuple):
    exception: BaseException
    path: Path
    expected: object
    attributes: frozenset[str]


def read(exc: Any) -> Iterator[Fault] | None:
    """List the faults in the order of the attributes; None if one of the exceptions is a bug of the application."""
    leaves = _leaves(exc, (), _ANY_TYPE, frozenset())
    if not all(_is_of_input(leaf.exception) for leaf in leaves):
        return None
    return (fault for leaf in leaves for fault in _faults(leaf))


def _is_of_input(exc: BaseException) -> bool:
    """Tell whether an exception says that a value is wrong. cattrs keeps whatever a hook raises."""
    if type(exc).__name__ == "StructureHandlerNotFoundError":  # which says that a type is not known
        return False
    if isinstance(exc, _OF_INPUT) or hasattr(exc, "extra_fields"):
        return True
    module = raised_in(exc)  # what is no mapping has no items(), as the code finds that cattrs generates
    return module is not None and (not module or module.startswith("cattrs."))


def _leaves(exc: BaseException, path: Path, expected: object, attributes: frozenset[str]) -> list[_Leaf]:
    if not isinstance(exc, BaseExceptionGroup):
        return [_Leaf(exc, path, expected, attributes)]
    leaves: list[_Leaf] = []
    attributes = frozenset(attribute.name for attribute in getattr(getattr(exc, "cl", None), "__attrs_attrs__", ()))
    for member in exc.exceptions:
        note = next((note for note in getattr(member, "__notes__", ()) if hasattr(note, "type")), None)
        if note is None:
            leaves += _leaves(member, path, _ANY_TYPE, attributes)
        else:  # a note is a text, too, and so has a method index
            name = note.name if hasattr(note, "name") else note.index
            leaves += _leaves(member, (*path, name), note.type, attributes)
    return leaves


def _faults(leaf: _Leaf) -> Iterator[Fault]:
    exc, path = leaf.exception, leaf.path
    extra: Any = getattr(exc, "extra_fields", None)
    if extra is not None:
        for name in sorted(extra, key=str):
            yield Fault("unknown", (*path, name), WORDS["unknown"])
    elif isinstance(exc, KeyError) and path and exc.args == path[-1:]:
        yield Fault("missing", path, WORDS["missing"])
    elif (found := _of_attrs(leaf)) is not None:
        yield found
    elif leaf.expected is _ANY_TYPE or said_in_source(exc):
        yield told("invalid", path, exc)
    elif (choices := _choices(leaf.expected)) is not None:
        yield Fault("choice", path, _short(f"Expected one of {', '.join(map(repr, choices))}.", "choice"))
    else:
        yield Fault("type", path, _expected(leaf.expected))


def _of_attrs(leaf: _Leaf) -> Fault | None:
    """Read what the validators of attrs raise, which say in one way or the other which attribute it is."""
    args = leaf.exception.args
    if len(args) == 4 and getattr(args[1], "name", None) in leaf.attributes:
        path = (*leaf.path, args[1].name)
        if isinstance(leaf.exception, TypeError):
            return Fault("type", path, _expected(args[2]))
        code = "pattern" if isinstance(args[2], re.Pattern) else "choice"
        return Fault(code, path, WORDS[code])
    found = _COMPARED.fullmatch(str(leaf.exception)) if raised_in(leaf.exception) == "attr.validators" else None
    if found is None or found["name"] not in leaf.attributes:
        return None
    what, code = ("a value", "range") if found["length"] is None else ("a length", "length")
    return Fault(code, (*leaf.path, found["name"]), f"Expected {what} {found['rule']}.")


def _choices(expected: Any) -> tuple[object, ...] | None:
    if get_origin(expected) is Literal:
        return get_args(expected)
    if isinstance(expected, type) and issubclass(expected, Enum):
        return tuple(member.value for member in expected)
    return None


def _expected(expected: object) -> str:
    """Name a type as JSON does. Of the classes of the application a client knows nothing."""
    others = [one for one in get_args(expected) if one is not NoneType]
    if len(others) == 1 and get_origin(expected) in (Union, UnionType):
        expected = others[0]
    if hasattr(expected, "__attrs_attrs__") or hasattr(expected, "__dataclass_fields__"):
        return "Expected an object."
    name = _TYPES.get(get_origin(expected) or expected)
    return WORDS["type"] if name is None else f"Expected {name}."


def _short(text: str, code: str) -> str:
    return text if len(text) <= 200 else WORDS[code]
