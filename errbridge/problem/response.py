"""A response, read: status, headers and content, whichever client it came from."""

from __future__ import annotations

from inspect import isawaitable, iscoroutine, iscoroutinefunction
from typing import Any, NamedTuple

from errbridge.http.headers import RequestHeaders, list_headers

__all__ = ["Received", "received"]


class Received(NamedTuple):
    """A response, read.

    Attributes:
        status: The status code.
        headers: By name in any case.
        body: The content, as bytes or as the text that somebody made of it.
        url: Where it came from; empty if nobody knows.
    """

    status: int
    headers: RequestHeaders
    body: bytes | str
    url: str = ""

    @property
    def content_type(self) -> str:
        """The value of ``Content-Type``; empty if there is none."""
        return self.headers.get("content-type", "")

    @property
    def media_type(self) -> str:
        """The content type without its parameters, in lower case."""
        return self.content_type.partition(";")[0].partition(",")[0].strip().lower()

    @property
    def text(self) -> str:
        """The content as text, for a person."""
        return self.body if isinstance(self.body, str) else self.body.decode("utf-8", "replace")


def received(response: Any, body: bytes | str | None = None) -> Received:
    """Read a response.

    Args:
        response: Of the test clients of Flask and Quart, of httpx or requests; a `Reply`; or
            ``(status, headers, body)``.
        body: Its content, where it cannot be read without ``await``.

    Raises:
        TypeError: It is no response, or has to be awaited, or its content has; the message says what to do.
    """
    if isawaitable(response):
        if iscoroutine(response):
            response.close()  # which nobody can await any more
        raise TypeError(f"{_kind(response)} is no response yet: await it first")
    given: tuple[Any, ...] = response if isinstance(response, tuple) else ()
    if len(given) == 3:
        status, headers, content = given
    else:
        status = getattr(response, "status_code", getattr(response, "status", None))
        headers, content = getattr(response, "headers", None), None
    if not isinstance(status, int):
        raise TypeError(
            f"{response!r} is no response: it has no status_code; give one of httpx, requests, Flask or Quart, or "
            "(status, headers, body)"
        )
    if body is not None:
        content = body
    elif content is None:
        content = _content(response)
    if isinstance(content, (bytearray, memoryview)):
        content = bytes(content)
    if not isinstance(content, (bytes, str)):
        raise TypeError(
            f"the content of {_kind(response)} cannot be read without await; pass it: body=await response.get_data()"
        )
    pairs = tuple((_text(name), _text(value)) for name, value in list_headers(headers))
    return Received(status, RequestHeaders(lambda: pairs), content, _url(response))


def _content(response: Any) -> object:
    """Read the content, in the order in which the clients can be told apart; None where it has to be awaited."""
    complete = getattr(getattr(response, "response", None), "data", None)  # Quart keeps it in an object
    if isinstance(complete, bytes):
        return complete
    if iscoroutinefunction(getattr(response, "get_data", None)):
        return None
    attributes = (getattr(response, name, None) for name in ("content", "data", "body"))  # httpx, Werkzeug, Reply
    return next((found for found in attributes if isinstance(found, (bytes, bytearray, memoryview, str))), None)


def _url(response: Any) -> str:
    try:
        url = getattr(response, "url", None) or response.request.url
    except Exception:  # httpx raises what it likes where there was no request
        return ""
    return str(url)


def _kind(response: object) -> str:
    return f"{type(response).__module__}.{type(response).__qualname__}"


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
