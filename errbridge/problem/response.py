"""The response of another service, from any client, and the problem document in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from inspect import isawaitable, iscoroutine, iscoroutinefunction
from typing import Any, NoReturn

from errbridge.http.accept import JSON
from errbridge.http.headers import RequestHeaders, list_headers

__all__ = ["ClientResponse", "parse_document", "read_response"]

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ClientResponse:
    """What a client received."""

    status: int
    headers: RequestHeaders
    body: bytes | str  # a text if the client decoded it

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


def read_response(response: Any, body: bytes | str | None = None) -> ClientResponse:
    """Read a response; a TypeError says what to do if it is none, or has to be awaited, or its content has.

    Args:
        response: From the test clients of Flask and Quart, from httpx or requests; a `Reply`; or
            ``(status, headers, body)``.
        body: Its content, if that has to be awaited.
    """
    kind = f"{type(response).__module__}.{type(response).__qualname__}"
    if isawaitable(response):
        if iscoroutine(response):
            response.close()  # or Python warns that it was never awaited
        raise TypeError(f"{kind} is no response yet: await it first")
    if isinstance(response, tuple) and len(response) == 3:
        status, headers, content = response
    else:
        status = getattr(response, "status_code", getattr(response, "status", None))
        headers, content = getattr(response, "headers", None), None
    if not isinstance(status, int):
        raise TypeError(
            f"{kind} is no response: it has no status_code; give one of httpx, requests, Flask or Quart, or "
            "(status, headers, body)"
        )
    if body is not None:
        content = body
    elif content is None:
        content = _read_content(response)
    if isinstance(content, (bytearray, memoryview)):
        content = bytes(content)
    if not isinstance(content, (bytes, str)):
        raise TypeError(f"the content of {kind} cannot be read without await; pass it: body=await response.get_data()")
    pairs = tuple((_decode(name), _decode(value)) for name, value in list_headers(headers))
    return ClientResponse(status, RequestHeaders(lambda: pairs), content)


def _read_content(response: Any) -> object:
    """Return the content, or None if it has to be awaited; the order of the questions distinguishes the clients."""
    complete = getattr(getattr(response, "response", None), "data", None)  # Quart keeps it in an object
    if isinstance(complete, bytes):
        return complete
    if iscoroutinefunction(getattr(response, "get_data", None)):
        return None
    attributes = (getattr(response, name, None) for name in ("content", "data", "body"))  # httpx, Werkzeug, Reply
    return next((found for found in attributes if isinstance(found, (bytes, bytearray, memoryview, str))), None)


def _decode(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def parse_document(media_type: str, body: bytes | str) -> dict[str, Any]:
    """Parse a problem document of a media type, without converting its values; a ValueError if it is none."""
    if media_type not in (JSON, "application/json"):
        raise ValueError(f"a problem document is {JSON}, not {media_type[:80] or 'without a content type'}")
    if len(body) > _MOST_BYTES:
        raise ValueError(f"the body has more than {_MOST_BYTES} bytes, too many for a problem document")
    try:
        text = body if isinstance(body, str) else body.decode("utf-8-sig")
        members = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is no problem document: {error}") from error
    if not isinstance(members, dict):
        raise ValueError("the body is no problem document: it is no object")
    # As ERROR_FORCE_CONTENT_TYPE sends it; any other plain JSON is none.
    if media_type != JSON and not {"type", "title", "status"} <= members.keys():
        raise ValueError(f"under application/json it needs type, title and status; else send {JSON}")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
