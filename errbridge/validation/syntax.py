"""Bodies that are no JSON: where the parser of the standard library stopped, in errbridge's words."""

from __future__ import annotations

from json import JSONDecodeError
from typing import Any

from errbridge.languages.message import Message
from errbridge.validation.faults import EXPECTED

__all__ = ["SYNTAX", "find_syntax_error", "read_syntax_error"]

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


def find_syntax_error(exc: BaseException) -> dict[str, Any] | None:
    """Return the item of ``errors`` for what the framework raised, maybe twice, from a parser's exception."""
    cause: BaseException | None = exc
    for _ in range(2):
        if cause is not None:
            shown = None if cause.__suppress_context__ else cause.__context__
            cause = shown if cause.__cause__ is None else cause.__cause__
        if (item := read_syntax_error(cause)) is not None:
            return item
    return None


def read_syntax_error(exc: BaseException | None) -> dict[str, Any] | None:
    """Return the item of ``errors`` for an exception of the parser; None for any other exception."""
    if isinstance(exc, JSONDecodeError):
        sentence = next(sentence for begin, sentence in SYNTAX.items() if exc.msg.startswith(begin))
        detail = Message(sentence, line=exc.lineno, column=exc.colno)
        return {"detail": detail, "pointer": "", "line": exc.lineno, "column": exc.colno, "code": "syntax"}
    if isinstance(exc, UnicodeDecodeError):
        return {"detail": EXPECTED["utf-8"], "pointer": "", "code": "syntax"}
    return None
