"""pydantic's ``ValidationError``; the codes are pydantic's own error types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from traceback import walk_tb
from typing import Any

from pydantic_core import PydanticKnownError, from_json

from errbridge.validation.faults import WORDS, Fault, Path, told

__all__ = ["read"]

_NOTHING = object()
_KEY = "[key]"  # stands at the end of a location if the key itself is wrong
_BY_AUTHORS = frozenset({"value_error", "assertion_error"})
_MISSING = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})
# What the texts of these types say of the input goes at their end.
_BLANK = {"error": "", "encoding_error": ""}
_WITH_INPUT = {
    "union_tag_invalid": WORDS["choice"],
    "timezone_offset": "The time zone is not the expected one.",
}
# The argument by which each of pydantic's functions gets the input.
_INPUTS = ("obj", "object", "json_data", "data", "kwargs")


def read(exc: Any) -> Iterator[Fault]:
    """List the faults in the order of the model's fields."""
    given = _given(exc)
    for error in exc.errors(include_url=False):
        yield _fault(error, given)


def _fault(error: Mapping[str, Any], given: object) -> Fault:
    code: str = error["type"]
    context: Mapping[str, Any] = error.get("ctx") or {}
    path = _path(error, given)
    raised = context.get("error")
    if isinstance(raised, Exception):
        return told(code, path, raised)
    detail = _rule(code, context)
    if detail is None:
        return Fault(code, path, WORDS["invalid"], own=error["msg"])
    return Fault(code, path, detail)


def _rule(code: str, context: Mapping[str, Any]) -> str | None:
    """Let pydantic say the rule again, without the input; None if it is not one of its own rules."""
    if code in _WITH_INPUT:
        return _WITH_INPUT[code]
    if code in _BY_AUTHORS:
        return None
    known: Any = code
    try:
        text = PydanticKnownError(known, {**context, **{name: _BLANK[name] for name in context if name in _BLANK}})
        return text.message().rstrip(" ,:")
    except (KeyError, TypeError, ValueError):
        return None


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


def _given(exc: BaseException) -> Any:
    """Find the input: the exception does not have it, but the function of pydantic's that raised it was called with it.

    Whether it is the input shows when a location leads to the value in question.
    """
    found: Any = _NOTHING
    for frame, _ in walk_tb(exc.__traceback__):
        if frame.f_globals.get("__name__", "").startswith("pydantic."):
            arguments = frame.f_locals
            found = next((arguments[name] for name in _INPUTS if name in arguments), _NOTHING)
            if frame.f_code.co_name.endswith("_json"):
                found = _parsed(found)
    return found


def _parsed(text: Any) -> Any:
    try:
        return from_json(text)
    except (TypeError, ValueError):
        return _NOTHING
