"""Responses of any library, as a type checker sees them: by what they have in common."""

from __future__ import annotations

from typing import Any, Protocol

from errbridge.http.headers import Headers

__all__ = ["AnyResponse", "WithStatus", "WithStatusCode"]


class _WithHeaders(Protocol):
    @property
    def headers(self) -> Any:  # each library has a class of its own
        """The header fields."""
        ...


class WithStatusCode(_WithHeaders, Protocol):
    """A response of Flask, Quart, httpx, requests and others, by what they have in common."""

    @property
    def status_code(self) -> int:
        """The status."""
        ...


class WithStatus(_WithHeaders, Protocol):
    """A `Reply`, and a response of other libraries."""

    @property
    def status(self) -> int | None:
        """The status."""
        ...


AnyResponse = WithStatusCode | WithStatus | tuple[int, Headers, bytes | str]
"""A response of any client, or ``(status, headers, body)``."""
