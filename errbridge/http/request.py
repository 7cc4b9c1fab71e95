"""The facts of a request, the same from every framework."""

from __future__ import annotations

from dataclasses import dataclass, field

from errbridge.http.headers import RequestHeaders

__all__ = ["ALLOW", "RequestFacts", "is_xhr"]

ALLOW = "errbridge.allow"
"""The key of `RequestFacts.allow` in the scope of an ASGI request; the bridge sets it."""


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
        rule_blueprints: For a routing 405, the blueprints of the rules that match with another method.
        allow: For a 405, the methods that other applications in this process have for the URL.
        routing: Whether routing itself raised the error (404 or 405).
        websocket: Whether the request opens a WebSocket.
        headers: All request headers, read at the first look.
        trace_id: The id of the trace that this process records, if any. It takes precedence over *traceparent*.
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


def is_xhr(requested_with: str) -> bool:
    """Check whether the value of ``X-Requested-With`` is that of an XMLHttpRequest."""
    return requested_with.lower() == "xmlhttprequest"
