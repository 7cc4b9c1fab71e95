"""HTTP status codes for errors, and their phrases."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeGuard

from errbridge.introspection import describe_value

__all__ = ["PHRASES", "check_error_status", "find_phrase", "has_body", "is_error", "parse_status"]

# RFC 9110 renamed some phrases, and the standard library follows version by version. A title must not change with it.
PHRASES = {int(status): status.phrase for status in HTTPStatus if status >= 400} | {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a Teapot",
    422: "Unprocessable Content",
}


def find_phrase(status: int) -> str:
    """Return the phrase of a status code in RFC 9110 or the registry, or the name of its class if it has none."""
    return PHRASES.get(status) or ("Client Error" if status < 500 else "Server Error")


def is_error(status: object) -> TypeGuard[int]:
    """Check whether a value is the status code of an error."""
    return isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599


def check_error_status(status: object) -> int:
    """Return the status code of an error as a plain int; a ValueError unless it is one from 400 to 599."""
    if is_error(status):
        return int(status)
    raise ValueError(f"the status of a problem is an integer from 400 to 599, not {describe_value(status)}")


def parse_status(status: object) -> int:
    """Read the status of a response: a number, or a text that begins with one, such as ``"404 Not Found"``.

    One that HTTP does not have is a ValueError (RFC 9110 section 15).
    """
    number = status
    if isinstance(status, str):
        digits = status.partition(" ")[0]
        number = int(digits) if len(digits) == 3 and digits.isdecimal() else None
    if isinstance(number, int) and not isinstance(number, bool) and 100 <= number <= 599:
        return int(number)
    raise ValueError(f"the status of a response is a number from 100 to 599, not {describe_value(status)}")


def has_body(method: str, status: int) -> bool:
    """Check whether a response has content at all (RFC 9110 sections 6.4.1, 9.3.2, 15.3.5 and 15.4.5)."""
    return method != "HEAD" and status >= 200 and status not in (204, 304)
