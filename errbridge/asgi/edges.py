"""What no application answers: problems of the bridge itself, negotiated and logged by the core as everywhere else."""

from __future__ import annotations

import logging

from errbridge.application.hooks import Hooks
from errbridge.application.settings import Settings
from errbridge.asgi.location import Connection, Location
from errbridge.asgi.messages import Complete, declared_length
from errbridge.handling.outside import respond_at_edge
from errbridge.http.headers import RequestHeaders
from errbridge.http.request import RequestFacts
from errbridge.incident import new_id
from errbridge.mapping.problems import uncaught_problem
from errbridge.problem.problem import Problem
from errbridge.scopes.scope import ROOT

__all__ = ["answer", "broken_off", "crashed", "no_websocket", "not_mounted", "saturated", "too_large", "too_slow"]

_log = logging.getLogger("errbridge")


def not_mounted() -> Problem:
    """No application is mounted at the URL."""
    return Problem(404)


def no_websocket() -> Problem:
    """The application at the URL speaks WSGI, which has no WebSockets; Werkzeug too says 400 to the wrong protocol."""
    return Problem(400, detail="This URL does not speak WebSocket.")


def too_large(most: int) -> Problem:
    """The upload has more bytes than it may have."""
    return Problem(413, detail=f"The request body may have at most {most} bytes.")


def too_slow(seconds: float) -> Problem:
    """The upload paused for too long."""
    return Problem(408, detail=f"Nothing of the request body arrived for {seconds:g} seconds.")


def saturated(seconds: int) -> Problem:
    """Too many requests wait for a thread."""
    return Problem(503, headers={"Retry-After": str(seconds)})


def crashed(error: BaseException) -> Problem:
    """An application raised something that only the log may see."""
    problem = uncaught_problem(Settings().default_msg).fill_in()
    problem.__cause__ = error
    return problem


def answer(problem: Problem, scope: Connection, hooks: Hooks) -> Complete:
    """Answer a problem of the bridge, log it, and tell who watches."""
    answered = respond_at_edge(problem, _facts(scope, hooks), hooks=hooks)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answered.headers]
    body = answered.body or b""
    if declared_length(headers) is None:
        headers.append((b"content-length", b"%d" % len(body)))
    return Complete(answered.status, headers, body)


def broken_off(scope: Connection, status: int, error: BaseException) -> None:
    """Log an error that came too late for an answer."""
    method, path = scope.get("method", "GET"), Location.of(scope).path
    _log.error(
        "%s %r was broken off: the error came after the answer had begun",
        method,
        path,
        exc_info=error,
        extra=_extra(method, path, status),
    )


def _extra(method: object, path: str, status: int) -> dict[str, object]:
    return {
        "incident_id": new_id(),
        "method": method,
        "path": path,
        "status": status,
        "scope": str(ROOT),
    }


def _facts(scope: Connection, hooks: Hooks) -> RequestFacts:
    location = Location.of(scope)
    headers = RequestHeaders(
        lambda: [(name.decode("latin-1"), text.decode("latin-1")) for name, text in scope["headers"]]
    )
    return RequestFacts.from_headers(
        headers,
        method=scope["method"] if scope["type"] == "http" else "GET",
        path=location.path,
        root_path=location.root,
        routing=True,
        websocket=scope["type"] == "websocket",
        trace_id=hooks.current_trace(),
    )
