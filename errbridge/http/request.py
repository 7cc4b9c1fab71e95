"""The facts of a request, the same from every framework."""

from __future__ import annotations

from typing import NamedTuple

from errbridge.http.headers import RequestHeaders

__all__ = ["ALLOW", "RequestFacts", "is_xhr"]

ALLOW = "errbridge.allow"
"""The key in the scope of an ASGI request under which the bridge says what `RequestFacts.allow` says."""


def is_xhr(requested_with: str) -> bool:
    """Tell by ``X-Requested-With`` whether a request is an XMLHttpRequest."""
    return requested_with.lower() == "xmlhttprequest"


_NO_HEADERS = RequestHeaders()


class RequestFacts(NamedTuple):
    """What the core knows of a request, the same from every framework.

    Attributes:
        method: ``GET``; of a WebSocket handshake ``GET`` as well.
        path: As the framework decoded it, below ``root_path``.
        host: The Host header as it came.
        root_path: Where the application is mounted (``SCRIPT_NAME``), without a trailing slash.
        accept: The Accept header, several lines joined.
        xhr: Whether ``X-Requested-With`` is ``XMLHttpRequest``.
        traceparent: The header of W3C Trace Context.
        endpoint: Of the matched route, in the framework's notation; None on a routing error.
        blueprints: The blueprints of the matched view, innermost first.
        rule_blueprints: On a routing 405, the blueprints of the rules that match with another method.
        allow: On a 405, methods that other applications of the process have for the URL.
        routing: Whether the error is that of routing itself (404 or 405).
        websocket: Whether the request opens a WebSocket.
        headers: All of them.
        trace_id: Of the trace that is being recorded here, where one is; it wins over *traceparent*.
        has_input: Whether the request has content, a query or arguments in its path.
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
    headers: RequestHeaders = _NO_HEADERS
    trace_id: str = ""
    has_input: bool = True
