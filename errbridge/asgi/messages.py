"""Answers in the form that ASGI wants them in: names in lowercase, everything in bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Complete", "RawHeaders", "check_head", "declared_length"]

_MOST_DIGITS = 19  # more bytes than there are; of more than 4300 Python makes no number at all

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_UNPRINTABLE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")  # RFC 9110 section 5.5

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Complete:
    """A complete answer."""

    status: int
    headers: RawHeaders
    body: bytes


def check_head(status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Refuse what no server can send, while the application can still answer something else.

    Raises:
        ValueError: The status or a header is none.
    """
    if not 100 <= status <= 999:
        raise ValueError(f"{status} is no status code; they have three digits")
    for name, value in headers:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a response header")
        if _UNPRINTABLE.search(value):
            raise ValueError(f"the response header {name.decode()!r} contains a control character; remove it")
        if name.lower() == b"content-length" and not value.isdigit():
            raise ValueError("the response header 'content-length' is no number")


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Read ``Content-Length``; None where it is missing or no number.

    What is too long to be the length of anything is cut to a number that is still larger than any body.
    """
    for name, value in headers:
        if name == b"content-length":
            return int(value.lstrip(b"0")[:_MOST_DIGITS] or b"0") if value.isdigit() else None
    return None
