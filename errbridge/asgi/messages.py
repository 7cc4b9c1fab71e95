"""Answers in the form that ASGI wants them in: names in lowercase, everything in bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Complete", "RawHeaders", "declared_length"]

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Complete:
    """An answer of which everything is there."""

    status: int
    headers: RawHeaders
    body: bytes


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """Read ``Content-Length``; None where it is missing or no number."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() else None
    return None
