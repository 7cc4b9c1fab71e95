"""HTTP status codes that mean an error, and their phrases."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeGuard

__all__ = ["checked_status", "has_body", "is_error", "phrase", "response_status"]

# RFC 9110 renamed four phrases and the standard library follows version by version; a title must not change with it.
_PHRASES = {int(status): status.phrase for status in HTTPStatus if status >= 400} | {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a Teapot",
    422: "Unprocessable Content",
}


def phrase(status: int) -> str:
    """Name a status code: its phrase in RFC 9110 or the registry, else the name of its class."""
    return _PHRASES.get(status) or ("Client Error" if status < 500 else "Server Error")


def is_error(status: object) -> TypeGuard[int]:
    """Tell whether something is the status code of an error."""
    return isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599


def checked_status(status: object) -> int:
    """Return an error status as a plain int.

    Raises:
        ValueError: It is not an integer from 400 to 599.
    """
    if is_error(status):
        return int(status)
    raise ValueError(f"the status of a problem is an integer from 400 to 599, not {status!r}")


def response_status(status: object) -> int:
    """Read the status of a response: a number, or a text that begins with one as in ``"404 Not Found"``.

    Raises:
        ValueError: HTTP has no such status (RFC 9110 section 15).
    """
    text = status.split(" ", 1)[0] if isinstance(status, str) else str(int(status)) if isinstance(status, int) else ""
    if not isinstance(status, bool) and len(text) == 3 and text.isdecimal() and 100 <= int(text) <= 599:
        return int(text)
    raise ValueError(f"the status of a response is a number from 100 to 599, not {status!r}")


def has_body(method: str, status: int) -> bool:
    """Tell whether an answer carries content at all (RFC 9110 sections 6.4.1, 9.3.2, 15.3.5 and 15.4.5)."""
    return method != "HEAD" and status >= 200 and status not in (204, 304)
