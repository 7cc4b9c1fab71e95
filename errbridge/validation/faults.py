"""One fault of a request, and its item in a problem document.

Libraries with stable codes of their own keep them: pydantic's error types and the keywords of JSON Schema. The others
share the codes of `WORDS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from errbridge.languages.language import Message

__all__ = [
    "EXPECTED",
    "FORMATS",
    "INVALID",
    "NO_JSON",
    "SYNTAX",
    "WORDS",
    "Fault",
    "Path",
    "find_code",
    "own_words",
    "put_at",
    "write_item",
]

Path = tuple[str | int, ...]
Place = Literal["pointer", "parameter", "header"]

INVALID = Message("What was sent is not valid.")
NO_JSON = Message("The body is not valid JSON.")

WORDS = {
    "missing": "This is required.",
    "unknown": "There is no such member.",
    "null": "This may not be null.",
    "type": "The value is not of the expected type.",
    "choice": "The value is not one of those that are allowed.",
    "range": "The value is not in the allowed range.",
    "length": "The length is not in the allowed range.",
    "pattern": "The text does not match the expected pattern.",
    "format": "The text does not have the expected format.",
    "invalid": "The value is not valid.",
}
"""The codes for libraries without codes of their own, each with its sentence."""

_TYPES = {
    "a boolean": "bool boolean",
    "a number": "float number decimal Decimal complex fraction",
    "a string": "str string",
    "an array": "array list tuple set frozenset frozen_set deque iterable",
    "an integer": "int integer",
    "an object": "object dict mapping model dataclass",
    "null": "none",
}
FORMATS = {
    "JSON": "json",
    "a URL": "URL url",
    "a UUID": "UUID uuid",
    "a date": "date",
    "a date and time": "datetime",
    "a duration": "time_delta period",
    "a time": "time",
    "an email address": "email",
    "text in UTF-8": "utf-8",
}
EXPECTED = {name: f"Expected {noun}." for noun, names in (_TYPES | FORMATS).items() for name in names.split()}
"""What to say about a value of the wrong type, by the names that the libraries have for the type."""

# By the beginning of the parser's message. Some of these messages go on with a piece of the input.
SYNTAX = {
    "Expecting value": "Expected a value at line {line}, column {column}.",
    "Expecting property name": "Expected a name in double quotes at line {line}, column {column}.",
    "Expecting ':'": "Expected a colon at line {line}, column {column}.",
    "Expecting ','": "Expected a comma or the end of the array or object at line {line}, column {column}.",
    "Extra data": "Expected the end of the document at line {line}, column {column}.",
    "Illegal trailing comma": "Expected no comma before the end at line {line}, column {column}.",
    "Invalid \\": "Expected a valid escape sequence at line {line}, column {column}.",
    "Invalid control character": "Expected an escape sequence for a control character at line {line}, column {column}.",
    "Unterminated string": "Expected a closing quote for the text at line {line}, column {column}.",
    "": "Expected JSON at line {line}, column {column}.",
}

_LONGEST = 1024

_PLACES: Mapping[object, Place] = {
    "cookies": "parameter",
    "headers": "header",
    "path": "parameter",
    "path_params": "parameter",
    "query": "parameter",
    "query_params": "parameter",
    "querystring": "parameter",
    "view_args": "parameter",
    "QuerystringValidationError": "parameter",
    "RequestHeadersValidationError": "header",
}
"""By location, or quart-schema's exception for a location. All others are in the body."""


class Fault(NamedTuple):
    """One thing that is wrong."""

    code: str
    path: Path = ()  # the place, from the outermost value inwards
    detail: str | None = None  # the rule in errbridge's words; by default the sentence of `WORDS` for the code
    place: Place = "pointer"  # what the path leads into
    own: str | None = None  # the words of the library or of your validator, which may contain the input


def put_at(location: object, faults: Iterable[Fault]) -> Iterator[Fault]:
    """Return faults as those of a location of the request."""
    return (fault._replace(place=_PLACES.get(location, "pointer")) for fault in faults)


def find_code(rules: Mapping[str, str], text: str) -> str:
    """Return the code whose regular expression matches the whole text of a library; ``invalid`` if none does."""
    return next((code for code, rule in rules.items() if re.fullmatch(rule, text, re.DOTALL)), "invalid")


def write_item(fault: Fault, *, messages: bool) -> dict[str, str]:
    """Return a fault as an item of ``errors``, with the words of libraries and validators if *messages* is true."""
    detail = fault.detail or WORDS.get(fault.code, WORDS["invalid"])
    item = {"detail": fault.own[:_LONGEST] if messages and fault.own else detail}
    if fault.place == "pointer":
        # RFC 6901 section 3
        item["pointer"] = "".join(["/" + str(name).replace("~", "~0").replace("/", "~1") for name in fault.path])
    elif fault.path:
        item[fault.place] = str(fault.path[0])
    # A very long key of the client's would be repeated for each value below it; shortened, it would lead elsewhere.
    if len(item.get(fault.place, "")) > _LONGEST:
        del item[fault.place]
    item["code"] = fault.code
    return item


def own_words(exc: BaseException) -> str | None:
    """Return the text that an exception was raised with, if it is nothing but a text."""
    text = exc.args[0] if len(exc.args) == 1 else None
    return text if type(text) is str and text else None
