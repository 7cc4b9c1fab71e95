"""What a test received: status, headers and content of a response, whichever client it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import iscoroutinefunction
from typing import Any, NamedTuple

from errbridge.headers import header_pairs
from errbridge.incident import Reply, RequestHeaders

__all__ = ["Received", "received"]


class Received(NamedTuple):
    """A response, read.

    Attributes:
        status: The status code.
        headers: By name in any case.
        body: The content.
    """

    status: int
    headers: RequestHeaders
    body: bytes

    @property
    def content_type(self) -> str:
        """The value of ``Content-Type``; empty if there is none."""
        return self.headers.get("content-type", "")

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The content as text, for a person."""
        return self.body.decode("utf-8", "replace")


def received(response: Any, body: bytes | str | None = None) -> Received:
    """Read a response of Flask, Quart, httpx or requests, or a `Reply`.

    Args:
        response: The response.
        body: Its content, where it cannot be read without ``await``.

    Raises:
        TypeError: It is no response, or its content has to be awaited; the message says what to do.
    """
    if isinstance(response, Reply):
        status: object = response.status
        pairs: Iterable[tuple[str, str]] = header_pairs(response.headers)
    else:
        status = getattr(response, "status_code", getattr(response, "status", None))
        pairs = _pairs(getattr(response, "headers", ()))
    if not isinstance(status, int):
        raise TypeError(f"{response!r} is no response: it has no status_code")
    content = _content(response) if body is None else body
    headers = tuple(pairs)
    return Received(status, RequestHeaders(lambda: headers), _bytes(content))


def _pairs(headers: Any) -> Iterable[tuple[str, str]]:
    several: Callable[[], Iterable[tuple[str, str]]] | None = getattr(headers, "multi_items", None)  # httpx
    return header_pairs(headers) if several is None else several()


def _bytes(content: bytes | bytearray | memoryview | str) -> bytes:
    return content.encode() if isinstance(content, str) else bytes(content)


def _content(response: Any) -> bytes | bytearray | memoryview | str:
    """Read the content, in the order in which the clients can be told apart."""
    complete = getattr(getattr(response, "response", None), "data", None)  # Quart keeps it in an object
    if isinstance(complete, bytes):
        return complete
    if not iscoroutinefunction(getattr(response, "get_data", None)):
        for name in ("content", "data", "body"):  # httpx and requests, Werkzeug, Reply
            found = getattr(response, name, None)
            if isinstance(found, (bytes, bytearray, memoryview, str)):
                return found
    raise TypeError(
        f"the content of {type(response).__module__}.{type(response).__qualname__} cannot be read without await; pass "
        "it: assert_problem(response, body=await response.get_data(), ...)"
    )
