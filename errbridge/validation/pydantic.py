"""pydantic's ``ValidationError``. The codes are pydantic's own error types.

pydantic's messages name bounds, patterns and tags, and a validator of yours may raise ``PydanticKnownError`` with the
input in place of a bound. So nothing but the code of an error decides about its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from errbridge.validation.faults import EXPECTED, WORDS, Fault, Path, find_code, own_words

__all__ = ["read", "read_error"]

_OF_TYPE = re.compile(
    r"(\w+?)_(?:type|(?:str_)?parsing(?:_size)?|from_\w+|attributes_type|exact_type|required|(?:object_)?invalid|"
    r"unicode|syntax_violation|version)"
)
_RULES = {
    "missing": r"missing(?:_\w+)?|union_tag_not_found",
    "unknown": r"extra_forbidden|unexpected_\w+",
    "type": r"is_(?:instance|subclass)_of|\w+_type",
    "choice": r"literal_error|enum|union_tag_invalid|url_scheme",
    "range": r"(?:greater|less)_than(?:_equal)?|multiple_of|finite_number|\w+_(?:past|future)|decimal_\w+",
    "length": r"(?:\w+_)?too_(?:short|long)",
    "pattern": r"string_pattern_mismatch",
    "format": r"timezone_\w+|string_not_ascii|bytes_invalid_encoding",
}
# An object that pydantic looked into raised something. A document from a client does not raise anything.
_OF_OBJECTS = frozenset({"get_attribute_error", "iteration_error", "mapping_type"})
_OF_VALIDATORS = frozenset({"value_error", "assertion_error"})
_WITH_INPUT = frozenset({"union_tag_invalid", "timezone_offset"})
_KEY = "[key]"  # ends a location if the key itself is wrong


def read(exc: Any) -> Iterator[Fault] | None:
    """Return the faults in the order of the fields; None if an object of the service raised something."""
    errors = exc.errors(include_url=False)
    if not _OF_OBJECTS.isdisjoint([error["type"] for error in errors]):
        return None
    return map(read_error, errors)


def read_error(error: Mapping[str, Any]) -> Fault:
    """Return the fault that one of pydantic's error dictionaries describes."""
    code: str = error["type"]
    path: Path = tuple(error["loc"])
    if path and path[-1] == _KEY and path[-2:-1] == (error.get("input"),):
        path = path[:-1]
    return Fault(code, path, _find_detail(code), own=_own_words(code, error))


@lru_cache(maxsize=256)  # a validator may make a code of anything
def _find_detail(code: str) -> str:
    kind = _OF_TYPE.fullmatch(code)
    detail = EXPECTED.get(kind[1]) if kind is not None else None
    return detail or WORDS[find_code(_RULES, code)]


def _own_words(code: str, error: Mapping[str, Any]) -> str | None:
    context: Mapping[str, Any] = error.get("ctx") or {}
    raised = context.get("error")
    if isinstance(raised, Exception):
        return own_words(raised)
    if code in _OF_VALIDATORS and isinstance(raised, str):  # flask-pydantic makes a text of it
        return raised
    return None if "error" in context or code in _WITH_INPUT else error["msg"]
