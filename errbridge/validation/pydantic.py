"""pydantic's ``ValidationError``; the codes are pydantic's own error types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from enum import Enum
from functools import lru_cache, partial
from numbers import Number
from types import FunctionType
from typing import Any

from pydantic_core import PydanticKnownError, from_json

from errbridge.validation.faults import WORDS, Fault, Path, frames_of, told

__all__ = ["read"]

_NOTHING = object()
_KEY = "[key]"  # stands at the end of a location if the key itself is wrong
_BY_AUTHORS = frozenset({"value_error", "assertion_error"})
_MISSING = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})
# What an object raised that pydantic looked into. A document that a client sent does not raise anything.
_OF_OBJECTS = frozenset({"get_attribute_error", "iteration_error", "mapping_type"})
# What the texts of these types say of the input goes at their end.
_BLANK = {"error": "", "encoding_error": ""}
_WITH_INPUT = {
    "union_tag_invalid": WORDS["choice"],
    "timezone_offset": "The time zone is not the expected one.",
}
# What pydantic counts, or computes from the rule. All else that a text names has to be a constant of the rule.
_REPLACED = frozenset({*_BLANK, "actual_length", "field_type", "whole_digits"})
# The parts of a schema that no rule is made of.
_NO_RULES = frozenset({"default", "metadata", "serialization"})
# The argument by which each of pydantic's functions gets the input.
_INPUTS = ("obj", "object", "json_data", "data", "kwargs")
# That which each of them belongs to: a model, a dataclass or an adapter.
_OWNERS = ("cls", "self", "__dataclass_self__")


def read(exc: Any) -> Iterator[Fault] | None:
    """List the faults in the order of the model's fields; None if an object of the application's raised something."""
    errors = exc.errors(include_url=False)
    if not _OF_OBJECTS.isdisjoint([error["type"] for error in errors]):
        return None
    given, owner = _call(exc)
    return (_fault(error, given, owner) for error in errors)


def _fault(error: Mapping[str, Any], given: object, owner: object) -> Fault:
    code: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx") or {}
    path = _path(error, given)
    raised = context.get("error")
    if isinstance(raised, Exception):
        return told(code, path, raised)
    detail = _rule(code, context, owner)
    if detail is None:
        return Fault(code, path, WORDS["invalid"], own=error["msg"])
    return Fault(code, path, detail)


def _rule(code: str, context: Mapping[str, Any], owner: object) -> str | None:
    """Let pydantic say the rule again, without the input; None if it is not one of its own rules."""
    if code in _WITH_INPUT:
        return _WITH_INPUT[code]
    if code in _BY_AUTHORS or (context and not _is_constant(context, owner)):
        return None
    try:
        return _said({**context, **_BLANK}, code) if context else _said_always(code)
    except (KeyError, TypeError, ValueError):
        return None


def _said(context: dict[str, Any], code: Any) -> str:
    return PydanticKnownError(code, context).message().rstrip(" ,:")


@lru_cache(maxsize=256)
def _said_always(code: str) -> str:
    """Give the text of a rule that names nothing. Only those of pydantic have one, and are kept."""
    return _said({}, code)


def _is_constant(context: Mapping[str, object], owner: object) -> bool:
    """Tell whether all that the text of an error names stands in the schema, other than what is replaced anyway.

    A validator of the application may raise an error of pydantic's with anything in it, such as the value of another
    member as the bound of this one.
    """
    named = [_written(value) for name, value in context.items() if name not in _REPLACED]
    return not named or _constants(owner).issuperset(named)


def _written(value: object) -> str:
    """Write a number the same whether it has become a float on its way."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


# What is constant in a schema.


def _constants(owner: object) -> frozenset[str]:
    """List what the rules of a schema can name, given what it belongs to; nothing if there is no schema."""
    cls = owner if isinstance(owner, type) else type(owner)
    return _constants_of(cls if hasattr(cls, "__pydantic_core_schema__") else owner)


@lru_cache(maxsize=64)
def _constants_of(owner: Any) -> frozenset[str]:
    schema = getattr(owner, "__pydantic_core_schema__", None) or getattr(owner, "core_schema", None)
    return frozenset(_texts(schema))


def _texts(schema: object) -> Iterator[str]:
    """Write all that is constant in a schema as pydantic's texts do."""
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, partial):  # a rule for a type that pydantic-core knows no rules for
            part = part.keywords
        if isinstance(part, Mapping):
            waiting.extend(inner for name, inner in part.items() if name not in _NO_RULES)
        elif isinstance(part, (list, tuple)):
            waiting.extend(part)
            yield str(len(part))
            yield _alternatives([repr(one) for one in part])
            yield _alternatives([repr(one.value) for one in part if isinstance(one, Enum)])
        elif isinstance(part, str):
            yield from (part, repr(part))
        elif isinstance(part, Number):
            yield _written(part)
        elif isinstance(part, (date, time)):
            yield part.isoformat().replace("+00:00", "Z")
        elif isinstance(part, re.Pattern):
            yield part.pattern
        elif isinstance(part, (type, FunctionType)):
            yield from (part.__name__, part.__qualname__, f"{part.__name__}()")


def _alternatives(texts: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


# Where it is. A location is the path to a value with labels in between, which say which member of a union was tried.
# Only the input can tell them from keys.


def _path(error: Mapping[str, Any], given: object) -> Path:
    location: Path = error["loc"]
    last: Path = ()
    if error["type"] in _MISSING:  # then what lacks it is the input of the error
        location, last = location[:-1], location[-1:]
    expected = error["input"]
    path = _followed(location, given, expected)
    if path is None and location:  # its last part is a label that a key looks like, or says that the key is wrong
        shorter, of_key = location[:-1], location[-1] == _KEY
        path = _followed(shorter, given, _NOTHING if of_key else expected)
        location = shorter if of_key else location
    return (location if path is None else path) + last


def _followed(location: Path, given: object, expected: object) -> Path | None:
    """Follow a location through the input, past the labels; None if it does not lead to the value that was wrong."""
    if given is _NOTHING:
        return None
    path: Path = ()
    here = given
    for name in location:
        inner = _inside(here, name)
        if inner is not _NOTHING:
            path, here = (*path, name), inner
        elif not isinstance(name, str):
            return None
    return path if _is_same(here, expected) else None


def _inside(value: object, name: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(name, _NOTHING)
    if isinstance(value, (list, tuple)) and isinstance(name, int) and 0 <= name < len(value):
        return value[name]
    return _NOTHING


def _is_same(found: object, expected: object) -> bool:
    """Tell whether a path led to the value that was wrong. What was parsed twice is another object."""
    return found is expected or expected is _NOTHING or (type(found) is type(expected) and found == expected)


def _call(exc: BaseException) -> tuple[object, object]:
    """Find the input, and what the schema belongs to.

    The exception has neither, but the function of pydantic's that raised it was called with them. Whether it is the
    input shows when a location leads to the value in question.
    """
    calls = (frame for frame in reversed(frames_of(exc)) if frame.f_globals.get("__name__", "").startswith("pydantic."))
    innermost = next(calls, None)
    if innermost is None:
        return _NOTHING, None
    arguments = innermost.f_locals
    given = _argument(_INPUTS, arguments)
    if innermost.f_code.co_name.endswith("_json"):
        given = _parsed(given)
    while (owner := _argument(_OWNERS, arguments)) is _NOTHING and (outer := next(calls, None)) is not None:
        arguments = outer.f_locals
    return given, owner


def _argument(names: Iterable[str], arguments: Mapping[str, object]) -> object:
    """Give the first of these arguments that there is."""
    for name in names:
        if name in arguments:
            return arguments[name]
    return _NOTHING


def _parsed(text: Any) -> Any:
    try:
        return from_json(text)
    except (TypeError, ValueError):
        return _NOTHING
