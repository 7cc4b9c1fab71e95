"""The facts of a request, the same from every framework."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self

from errbridge.http.headers import RequestHeaders
from errbridge.introspection import make

__all__ = ["ALLOW", "REFUSAL", "RequestFacts"]

ALLOW = "errbridge.allow"
"""The key of `RequestFacts.allow` in the scope of an ASGI request; the bridge sets it."""

REFUSAL = "errbridge.refusal"
"""The key of a problem in the scope of an ASGI request; the bridge sets it, for the application to raise."""

_REQUEST_ID = r"[A-Za-z0-9._~:/+=@-]{1,128}"  # plain in JSON, XML, HTML and a log

# W3C Trace Context, section 3.2: version 00 ends after the flags, a later one may go on after another dash, ff is none.
_TRACEPARENT = (
    r"(?:00(?=.{53}\Z)|(?!00|ff)[0-9a-f]{2})-(?!0{32})(?P<trace_id>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    r"(?:-.*)?"
)


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What the core knows about a request.

    Attributes:
        method: The HTTP method; ``GET`` for a WebSocket handshake too.
        path: The path below ``root_path``, decoded by the framework.
        host: The Host header, unchanged.
        root_path: The mount point of the application (``SCRIPT_NAME``), without a trailing slash.
        accept: The Accept header, several lines joined by commas.
        xhr: Whether ``X-Requested-With`` is ``XMLHttpRequest``.
        traceparent: The header of W3C Trace Context.
        endpoint: The endpoint of the matched route, in the framework's notation; None for a routing error.
        blueprints: The blueprints of the matched view, innermost first.
        rule_blueprints: For a routing 405, the blueprints of the rules that match with another method, innermost alone;
            nothing if no prefixes overlap, as the owner of the URL is their owner then.
        allow: For a 405, the methods that other applications in this process have for the URL.
        routing: Whether routing itself raised the error (404 or 405).
        websocket: Whether the request opens a WebSocket.
        headers: All request headers.
        trace_id: The id of the trace that the request belongs to: the one that this process records, else that of
            *traceparent*; "" if there is none.
        request_id: The id that the client or a proxy gave the request (``ERROR_REQUEST_ID``); "" for none.
        has_input: Whether the request has content, a query or arguments in its path.
        accept_language: The Accept-Language header.
        locale: The language that the application chose, which takes precedence over *accept_language*; "" if it chose
            none.
    """

    method: str = "GET"
    path: str = "/"
    host: str = ""
    root_path: str = ""
    accept: str = ""
    xhr: bool = False
    traceparent: str = ""
    endpoint: str | None = None
    blueprints: tuple[str, ...] = ()
    rule_blueprints: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    routing: bool = False
    websocket: bool = False
    headers: RequestHeaders = field(default_factory=RequestHeaders)
    trace_id: str = ""
    request_id: str = ""
    has_input: bool = True
    accept_language: str = ""
    locale: str = ""

    @classmethod
    def from_headers(
        cls,
        headers: Mapping[str, str],
        facts: Mapping[str, Any] = MappingProxyType({}),
        *,
        read: Callable[[], Iterable[tuple[str, str]]] | None = None,
        scope: Mapping[str, Any] | None = None,
        request_id: str = "x-request-id",
    ) -> Self:
        """Collect the facts of a request from its header fields.

        Args:
            headers: The values of ``host``, ``accept``, ``accept-language``, ``x-requested-with`` and ``traceparent``,
                under these names; several lines of one field joined by commas.
            facts: The other facts, by name. What is missing has its default.
            read: Lists all header fields. It is called when a handler first looks at them; None if *headers* has them
                all.
            scope: The ASGI scope of the request, in which the bridge leaves *allow*; None if there is none.
            request_id: The name, in lower case, of the field with the id of the request. An id that could not be logged
                and shown as it is counts as none.

        Returns:
            The facts.
        """
        get, traceparent = headers.get, headers.get("traceparent", "")
        values: dict[str, Any] = {
            **facts,
            "host": get("host", ""),
            "accept": get("accept", ""),
            "xhr": get("x-requested-with", "").lower() == "xmlhttprequest",
            "accept_language": get("accept-language", ""),
            "traceparent": traceparent,
            "headers": RequestHeaders(read or headers.items),
            "request_id": given if (given := get(request_id)) and re.fullmatch(_REQUEST_ID, given) else "",
            "allow": () if scope is None else scope.get(ALLOW, ()),
        }
        if traceparent and not facts.get("trace_id") and (trace := re.fullmatch(_TRACEPARENT, traceparent.strip())):
            values["trace_id"] = trace["trace_id"]
        return make(cls, values)
