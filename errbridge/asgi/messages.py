"""Answers in the form that ASGI wants them in: names in lowercase, everything in bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Complete", "RawHeaders", "declared_length"]

_MOST_DIGITS = 19  # more bytes than there are; of more than 4300 Python makes no number at all

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Complete:
    """A complete answer."""

    status: int
    headers: RawHeaders
    body: bytes


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Read ``Content-Length``; None where it is missing or no number.

    What is too long to be the length of anything is cut to a number that is still larger than any body.
    """
    for name, value in headers:
        if name == b"content-length":
            return int(value.lstrip(b"0")[:_MOST_DIGITS] or b"0") if value.isdigit() else None
    return None
