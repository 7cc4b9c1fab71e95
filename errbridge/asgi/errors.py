"""The errors that the bridge handles, answered by the application that is mounted at the URL.

A client that gets a 413 should not see that another part of the process answered: the answer has the style of the scope
that owns the URL, and the headers that the application adds to all of its answers, such as those of CORS. So a problem
is handed to the application, if errbridge is in it, with an empty request in place of the real one; the application
raises the problem before any function of its own, and answers it as it answers everything else. An exception that came
through the application is handed to it as a 500. If it cannot answer, it lends its style.

Where there is no application with errbridge, the bridge is one itself: `install`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from asgiref.typing import HTTPScope

from errbridge.application.hooks import Hooks
from errbridge.application.installation import Installation, find_installation
from errbridge.application.protocol import Application
from errbridge.application.settings import Settings
from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.asgi.directory import Connection, Destination, split_path
from errbridge.asgi.exchange import Complete, Exchange, declared_length
from errbridge.asgi.threads import Threads
from errbridge.asgi.wsgi import serve_wsgi
from errbridge.handling.outside import respond_in_place
from errbridge.handling.reporting import record_broken_stream
from errbridge.http.headers import RequestHeaders
from errbridge.http.request import REFUSAL, RequestFacts
from errbridge.log import log
from errbridge.mapping.problems import uncaught_problem
from errbridge.problem.problem import Problem
from errbridge.scopes.scope import Scope
from errbridge.telemetry.record import is_recorded

__all__ = ["answer", "install", "report_broken_off"]


_PATIENCE = 10.0  # seconds that an application may take to answer a refusal


class _Edge(Application):
    """The bridge, as an application without handlers; its pages look like those of the first with errbridge."""

    def __init__(self, apps: Sequence[Asgi | Wsgi]) -> None:
        self._apps = apps

    def _find_model(self) -> Installation | None:
        return next(filter(None, (find_installation(each.app) for each in self._apps)), None)

    @property
    def name(self) -> str:
        return "bridge"

    @property
    def config(self) -> Mapping[str, Any]:
        found = {} if (model := self._find_model()) is None else model.application.config
        return {key: found[key] for key in ("ERROR_SITE", "ERROR_LANGUAGES", "ERROR_CSP_ENABLED") if key in found}

    @property
    def version(self) -> object:
        return (model := self._find_model()) and model.error_map()

    @property
    def catalogues(self) -> Iterable[tuple[str, str]]:
        return () if (model := self._find_model()) is None else model.application.catalogues

    make_response = describe_response = cast(Any, None)  # nothing comes from a handler


def install(apps: Sequence[Asgi | Wsgi], mounts: Iterable[Scope], hooks: Hooks) -> Installation:
    """Install errbridge in a bridge itself; by its mounts, a record says where an error occurred."""
    installation = Installation(_Edge(apps), hooks=hooks)
    for mount in mounts:
        installation.own.set_style(mount, "default")
    return installation


async def answer(
    error: Exception, scope: Connection, destination: Destination | None, *, edge: Installation, threads: Threads
) -> Complete:
    """Answer a problem of the bridge or an exception of an application, log it, and call the hooks.

    Where errbridge is not in the application, *edge* answers. An application that speaks WSGI answers in *threads*.
    """
    installation, placed = edge, scope
    if destination is not None and (found := find_installation(destination.app.app)) is not None:
        installation, placed = found, destination.place(scope, *split_path(scope))
        if (complete := await _answer_through(destination.app, error, placed, threads)) is not None:
            return complete
    answered = respond_in_place(installation, error, _facts(placed, edge))
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answered.headers]
    body = answered.body or b""
    if declared_length(headers) is None:
        headers.append((b"content-length", b"%d" % len(body)))
    return Complete(answered.status, headers, body)


async def _answer_through(app: Asgi | Wsgi, error: Exception, scope: Any, threads: Threads) -> Complete | None:
    """Have an application with errbridge answer an error; None if it does not."""
    headers = [header for header in scope["headers"] if header[0] not in (b"content-length", b"transfer-encoding")]
    problem = error
    if not isinstance(error, Problem):
        problem = uncaught_problem(Settings().default_msg).fill_in()
        problem.__cause__ = error
    asked = {**scope, "type": "http", "method": scope.get("method", "GET"), "headers": headers, REFUSAL: problem}
    received, sent = [{"type": "http.request", "body": b"", "more_body": False}], list[Any]()
    is_complete = asyncio.Event()

    async def receive() -> Any:
        if received:
            return received.pop()
        await is_complete.wait()
        return {"type": "http.disconnect"}  # for which Quart waits since 0.23

    async def send(event: Any) -> None:
        sent.append(event)
        if event["type"] == "http.response.body" and not event.get("more_body", False):
            is_complete.set()

    exchange = Exchange(cast(HTTPScope, asked), receive, send, max_body=None, patience=_PATIENCE)
    try:
        async with asyncio.timeout(_PATIENCE):
            if isinstance(app, Asgi):
                await app.app(asked, exchange.receive, exchange.send)
            else:
                await serve_wsgi(app.app, threads, cast(HTTPScope, asked), exchange)
    except Exception:
        log.debug("the application could not answer for the bridge", exc_info=True)
    if exchange.answer != "complete":
        return None
    start, *parts = sent
    return Complete(start["status"], start["headers"], b"".join(part.get("body", b"") for part in parts))


def report_broken_off(scope: Connection, status: int, error: Exception, edge: Installation) -> None:
    """Log an error that came too late for an answer."""
    if not is_recorded(error):  # by errbridge in the application
        record_broken_stream(edge, error, _facts(scope, edge), status, is_raised=False)


def _facts(scope: Connection, edge: Installation) -> RequestFacts:
    root, path = split_path(scope)
    headers = RequestHeaders(
        lambda: [(name.decode("latin-1"), text.decode("latin-1")) for name, text in scope["headers"]]
    )
    return RequestFacts.from_headers(
        headers,
        {
            "method": scope["method"] if scope["type"] == "http" else "GET",
            "path": path,
            "root_path": root,
            "routing": True,
            "websocket": scope["type"] == "websocket",
            "trace_id": edge.hooks.current_trace(),
        },
    )
