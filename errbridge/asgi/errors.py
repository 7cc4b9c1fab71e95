"""The errors that the bridge handles, answered by the application that is mounted at the URL.

A client that gets a 413 should not see that another part of the process answered: the answer has the style of the scope
that owns the URL, and the headers that the application adds to all of its answers, such as those of CORS. So a problem
is handed to the application, if errbridge is in it, with an empty request in place of the real one; the application
raises the problem before any function of its own, and answers it as it answers everything else. An exception that came
through the application is handed to it as a 500. If it cannot answer, it lends its style.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, cast

from asgiref.typing import HTTPScope

from errbridge.application.hooks import Hooks
from errbridge.application.installation import Installation, find_installation
from errbridge.application.settings import Settings
from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.asgi.destination import Destination
from errbridge.asgi.exchange import Answer, Exchange, Limits
from errbridge.asgi.location import Connection, Location
from errbridge.asgi.messages import Complete, declared_length
from errbridge.asgi.threads import Threads
from errbridge.asgi.wsgi import Service, serve_wsgi
from errbridge.handling.outside import respond_at_edge, respond_in_place
from errbridge.http.headers import RequestHeaders
from errbridge.http.request import REFUSAL, RequestFacts
from errbridge.incident import Incident, new_id
from errbridge.mapping.problems import uncaught_problem
from errbridge.problem.problem import Problem
from errbridge.scopes.scope import ROOT
from errbridge.telemetry.record import is_recorded, write_record

__all__ = ["answer", "report_broken_off"]

_log = logging.getLogger("errbridge")

_PATIENCE = 10.0
"""Seconds that an application may take to answer a refusal."""


async def answer(
    error: Exception,
    scope: Connection,
    destination: Destination | None,
    *,
    threads: Threads,
    hooks: Hooks,
    host: Installation | None = None,
) -> Complete:
    """Answer a problem of the bridge or an exception of an application, log it, and call the hooks.

    Args:
        error: The problem; of another exception, only the log sees more than that there was one.
        scope: The request.
        destination: Whose place it is; None if it is no one's.
        threads: Where an application that speaks WSGI answers.
        hooks: Called where errbridge is not in the application; those of its ``ErrorHandler`` are called otherwise.
        host: Lends its languages and its ``ERROR_SITE`` where errbridge is not in the application.
    """
    problem = error if isinstance(error, Problem) else _uncaught(error)
    installation = None if destination is None else find_installation(destination.app.app)
    if destination is None or installation is None:
        mount, facts = ROOT if destination is None else destination.mount, _facts(scope, hooks)
        lent: dict[str, Any] = {}
        if host is not None:
            error_map = host.error_map()
            own = error_map.settings
            lent["settings"] = Settings(site=own.site, languages=own.languages, csp_enabled=own.csp_enabled)
            lent["language"] = error_map.find_language(facts)
        answered = respond_at_edge(problem, facts, scope=mount, hooks=hooks, **lent)
    else:
        placed = destination.location.place(scope)
        complete = await _answer_through(destination.app, problem, placed, threads)
        if complete is not None:
            return complete
        answered = respond_in_place(installation, error, _facts(placed, hooks))
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answered.headers]
    body = answered.body or b""
    if declared_length(headers) is None:
        headers.append((b"content-length", b"%d" % len(body)))
    return Complete(answered.status, headers, body)


def _uncaught(error: BaseException) -> Problem:
    problem = uncaught_problem(Settings().default_msg).fill_in()
    problem.__cause__ = error
    return problem


async def _answer_through(app: Asgi | Wsgi, problem: Problem, scope: Any, threads: Threads) -> Complete | None:
    """Have an application answer a problem; None if it does not.

    Args:
        app: The application, with errbridge in it.
        problem: What it has to answer.
        scope: The request, below the application's mount.
        threads: Where it runs if it speaks WSGI.
    """
    headers = [header for header in scope["headers"] if header[0] not in (b"content-length", b"transfer-encoding")]
    asked = {**scope, "type": "http", "method": scope.get("method", "GET"), "headers": headers, REFUSAL: problem}
    sent: list[Any] = []

    received = iter([{"type": "http.request", "body": b"", "more_body": False}])
    is_complete = asyncio.Event()

    async def receive() -> Any:
        if (event := next(received, None)) is not None:
            return event
        await is_complete.wait()
        return {"type": "http.disconnect"}  # for which Quart waits since 0.23

    async def send(event: Any) -> None:
        sent.append(event)
        if event["type"] == "http.response.body" and not event.get("more_body", False):
            is_complete.set()

    exchange = Exchange(cast(HTTPScope, asked), receive, send, Limits(None, _PATIENCE))
    try:
        async with asyncio.timeout(_PATIENCE):
            if isinstance(app, Asgi):
                await app.app(asked, exchange.receive, exchange.send)
            else:
                await serve_wsgi(Service(app.app, threads), cast(HTTPScope, asked), exchange)
    except Exception:
        _log.debug("the application could not answer for the bridge", exc_info=True)
    if exchange.answer is not Answer.COMPLETE:
        return None
    start, *parts = sent
    return Complete(start["status"], start["headers"], b"".join(part.get("body", b"") for part in parts))


def report_broken_off(scope: Connection, status: int, error: BaseException, destination: Destination | None) -> None:
    """Log an error that came too late for an answer."""
    if is_recorded(error):  # by errbridge in the application
        return
    mount = ROOT if destination is None else destination.mount
    incident = Incident(error, Problem(500), _facts(scope, Hooks()), new_id(), mount, original=error, app="bridge")
    write_record(incident, status, logging.ERROR, is_broken_off=True)


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
