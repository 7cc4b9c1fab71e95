"""The built-in representations, and the one response that equal errors share.

Most errors bring nothing of their own: a URL that does not exist, ``abort(403)``, an uncaught exception. The responses
to equal errors differ in the incident's id and in nothing else. So `_render_shared` renders each of them once, around a
placeholder for the id, and is a pure function: everything that the response depends on is among its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, NamedTuple

from errbridge.application.errormap import Look
from errbridge.handling.context import ErrorContext
from errbridge.handling.failing import link
from errbridge.handling.reporting import report
from errbridge.http.accept import HTML, JSON, XML
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident, new_id
from errbridge.mapping.problems import complete
from errbridge.problem.problem import Problem
from errbridge.representations.html import build_policy, link_home, write_time
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.representations.response import Response, build_headers, finish, last_resort
from errbridge.telemetry.record import Failure

__all__ = ["render", "show_built_in"]


def render(look: Look, problem: Problem, method: str, describe: Callable[[], Incident]) -> Response:
    """Render an error in one of the built-in representations.

    Args:
        look: How it looks.
        problem: The completed problem.
        method: The method of the request.
        describe: Makes the incident, for a representation that shows more than the problem.
    """
    if look.media_type in (JSON, XML):
        shown: tuple[Any, ...] = (problem,)
    else:
        shown = (describe(), look.settings.site) if look.media_type == HTML else (describe(),)
    body = REPRESENTATIONS[look.media_type](*shown)
    # An error's own headers may differ in each error, and be a secret.
    build = _build_headers if problem.headers else _remember_headers
    return finish(method, problem.status, build(look, problem.status, problem.headers), body)


def _build_headers(look: Look, status: int, own: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    settings, style, media_type, language = look
    content_type = settings.choose_content_type(media_type) if media_type in (JSON, XML) else media_type
    policy = build_policy(settings.site) if media_type == HTML and settings.csp_enabled else None
    return build_headers(content_type, settings.vary(style), policy, language, own=own, status=status)


_remember_headers = lru_cache(maxsize=256)(_build_headers)


class Form(NamedTuple):
    """What of one error a shared answer depends on; the values themselves are filled in.

    Attributes:
        method: ``GET``, ``HEAD``, or ``POST`` for any other.
        has_reference: Whether a log record has the id.
        has_trace: Whether the request belongs to a trace.
        has_request_id: Whether the request has an id of its own.
    """

    method: str
    has_reference: bool
    has_trace: bool
    has_request_id: bool


class Skeleton(NamedTuple):
    """A response that lacks nothing but the values of one error.

    Attributes:
        status: The status code.
        headers: All headers.
        body: The parts of the body; some are read from the error. None if there is no body.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: tuple[bytes | Callable[[ErrorContext], str], ...] | None


# Random, so that no text of an application contains one of them. The mount is filled in as well: a proxy may take it
# from a header that clients send, and each would be an entry of the cache.
_ID, _REQUEST, _MOUNT = new_id(), new_id(), new_id()
_TRACE = new_id().replace("-", "")
_MOMENT = datetime(1900, 1, 1, tzinfo=UTC) - timedelta(seconds=int(_TRACE[:8], 16))

_PLACES: Mapping[str, Callable[[ErrorContext], str]] = {
    _ID: attrgetter("occurrence.id"),
    _ID[:8]: lambda context: context.occurrence.id[:8],
    write_time(_MOMENT): lambda context: write_time(context.occurrence.time),
    _TRACE: attrgetter("request.trace_id"),
    _REQUEST: attrgetter("request.request_id"),
    link_home(_MOUNT): lambda context: link_home(context.request.root_path),
}
"""What is different in equal errors: its value in the error that is rendered, and how to read that of another."""

_PLACE = re.compile(f"({'|'.join(_PLACES)})")


@lru_cache(maxsize=2048)
def _render_shared(look: Look, problem: Problem, form: Form) -> Skeleton:
    """Render a problem that equal errors share, around the places of what is different in each."""
    request = RequestFacts(
        form.method,
        root_path="" if form.method == "HEAD" else _MOUNT,
        trace_id=_TRACE if form.has_trace else "",
        request_id=_REQUEST if form.has_request_id else "",
    )
    completed = complete(problem, request, _ID, look.settings.build_type(problem), language=look.language)
    reference = _ID[:8] if form.has_reference else ""
    incident = partial(
        Incident, problem, completed, request, _ID, time=_MOMENT, reference=reference, language=look.language
    )
    response = render(look, completed, form.method, incident)
    texts = None if response.body is None else _PLACE.split(response.body.decode())
    body = None if texts is None else tuple([_PLACES.get(text) or text.encode() for text in texts])
    return Skeleton(response.status, response.headers, body)


def _describe(context: ErrorContext, *, failed: bool) -> Incident:
    incident = context.incident
    return replace(incident, reference=context.find_reference(failed=True)) if failed else incident


def show_built_in(context: ErrorContext, failure: Failure | None = None) -> Response:
    """Answer without anything of the application's, and report it.

    Args:
        context: The error.
        failure: What failed before.
    """
    look, request = context.look, context.request
    try:
        trace_id, method = request.trace_id, request.method
        if (
            not context.is_shared
            or not context.occurrence.id  # of a page that is made in advance
            or (trace_id != "" and re.fullmatch(r"[0-9a-f]{32}", trace_id) is None)  # of a tracer with ids of its own
            # The length of the content depends on them.
            or (method == "HEAD" and (request.request_id, request.root_path) != ("", ""))
        ):
            describe = partial(_describe, context, failed=failure is not None)
            response = render(look, context.completed, request.method, describe)
        else:
            has_reference = (
                look.media_type not in (JSON, XML) and context.find_reference(failed=failure is not None) != ""
            )
            # A method that a client has made up would have responses of its own.
            method = method if method in ("GET", "HEAD") else "POST"
            form = Form(method, has_reference, trace_id != "", request.request_id != "")
            status, headers, body = _render_shared(look, context.problem, form)
            parts = [part if isinstance(part, bytes) else part(context).encode() for part in body or ()]
            response = Response(status, headers, None if body is None else b"".join(parts))
    except Exception as error:
        failure = failure or Failure("the built-in representation", link(error, context))
        response = last_resort(request.method, context.problem.status)
    report(context, response.status, response.as_reply, is_shown=True, failure=failure)
    return response
