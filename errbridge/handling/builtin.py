"""The built-in representations, and the one response that equal errors share.

Most errors bring nothing of their own: a URL that does not exist, ``abort(403)``, an uncaught exception. The responses
to equal errors differ in the incident's id and in nothing else. So `_render_shared` renders each of them once, around a
placeholder for the id, and is a pure function: everything that the response depends on is among its arguments.
"""

from __future__ import annotations

import re
from dataclasses import astuple
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple, Self

from errbridge.application.settings import Settings
from errbridge.handling.context import ErrorContext
from errbridge.handling.failing import link
from errbridge.handling.reporting import report
from errbridge.http.accept import HTML, JSON, XML
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident
from errbridge.languages.language import ENGLISH, Language
from errbridge.mapping.problems import complete
from errbridge.problem.problem import Problem
from errbridge.representations.html import build_policy, link_home
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.representations.response import Response, build_response, last_resort
from errbridge.representations.styles import Style
from errbridge.telemetry.record import Failure

__all__ = ["Look", "render", "show_built_in"]


class Look(NamedTuple):
    """Everything but the problem and the request that a built-in answer depends on.

    Attributes:
        settings: The settings in force.
        style: The style of the scope.
        media_type: The media type of the answer.
        language: Its language.
    """

    settings: Settings
    style: Style
    media_type: str
    language: Language = ENGLISH


def render(look: Look, incident: Incident) -> Response:
    """Render an incident in one of the built-in representations."""
    settings, style, media_type, _ = look
    if media_type == HTML:
        body, policy = REPRESENTATIONS[HTML](incident, settings.site), build_policy(settings.site)
    else:
        body, policy = REPRESENTATIONS[media_type](incident), None
    content_type = settings.choose_content_type(media_type) if media_type in (JSON, XML) else media_type
    vary = settings.vary(style)
    return build_response(incident, body, content_type, vary=vary, policy=policy if settings.csp_enabled else None)


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

    @classmethod
    def of(cls, context: ErrorContext, trace_id: str) -> Self | None:
        """Return the form of an error; None if its answer cannot be shared."""
        request = context.request
        if (
            not context.is_shared
            or context.is_anonymous
            or (trace_id != "" and re.fullmatch(r"[0-9a-f]{32}", trace_id) is None)  # of a tracer with ids of its own
            # The length of the content depends on them.
            or (request.method == "HEAD" and (request.request_id, request.root_path) != ("", ""))
        ):
            return None
        has_reference = context.media_type not in (JSON, XML) and context.reference != ""
        # A method that a client has made up would have responses of its own.
        method = request.method if request.method in ("GET", "HEAD") else "POST"
        return cls(method, has_reference, trace_id != "", request.request_id != "")


class Skeleton(NamedTuple):
    """A response that lacks nothing but the values of one error.

    Attributes:
        status: The status code.
        headers: All headers.
        parts: The body: what all answers share, and between two parts the placeholder of what belongs there; None if
            there is no body.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    parts: tuple[bytes, ...] | None

    def fill_in(self, context: ErrorContext, trace_id: str) -> Response:
        """Build the response of an error."""
        if self.parts is None:
            return Response(self.status, self.headers, None)
        occurrence, request = context.occurrence, context.request
        incident_id = occurrence.id.encode()
        # The values alone are encoded: a page is long.
        values = {
            _ID: incident_id,
            _ID[:8]: incident_id[:8],
            _TRACE: trace_id.encode(),
            _REQUEST: request.request_id.encode(),
        }
        if _HOME in self.parts:
            values[_HOME] = link_home(request.root_path).encode()
        if _DATE in self.parts:
            values[_DATE], values[_TIME] = occurrence.time.isoformat(" ", "seconds")[:19].encode().split()
        return Response(self.status, self.headers, b"".join(map(values.get, self.parts, self.parts)))


# No stock sentence contains one of these. A mount is made up by clients where a proxy passes their prefix on.
_MOMENT = datetime(1987, 6, 5, 4, 3, 21, tzinfo=UTC)
_MOUNT = "mount-3a1c5e9d7b"
_ID = b"5b2df7c2-6c0e-4d5b-9a35-1f0e8c7d4a69"
_DATE, _TIME = f"{_MOMENT:%Y-%m-%d}".encode(), f"{_MOMENT:%H:%M:%S}".encode()
_TRACE = b"c70a6e4b5b8f4e0f9d2a3f1e6b7c8d90"
_REQUEST = b"request-id-8f4e0f9d2a"
_HOME = f"/{_MOUNT}/".encode()
_PLACEHOLDERS = (_ID, _ID[:8], _DATE, _TIME, _TRACE, _REQUEST, _HOME)
_PLACES = re.compile(b"(%s)" % b"|".join(_PLACEHOLDERS))


@lru_cache(maxsize=2048)
def _render_shared(look: Look, problem: Problem, form: Form) -> Skeleton:
    """Render a problem that equal errors share, around the places of what is different in each."""
    request = RequestFacts(
        form.method,
        root_path="" if form.method == "HEAD" else _MOUNT,
        trace_id=_TRACE.decode() if form.has_trace else "",
        request_id=_REQUEST.decode() if form.has_request_id else "",
    )
    incident_id = _ID.decode()
    completed = complete(problem, request, incident_id, look.settings.build_type(problem), language=look.language)
    incident = Incident(
        problem,
        completed,
        request,
        incident_id,
        media_type=look.media_type,
        time=_MOMENT,
        reference=incident_id[:8] if form.has_reference else "",
        language=look.language,
    )
    status, headers, body = astuple(render(look, incident))
    return Skeleton(status, headers, None if body is None else tuple(_PLACES.split(body)))


def show_built_in(context: ErrorContext, failure: Failure | None = None) -> Response:
    """Answer without anything of the application's, and report it.

    Args:
        context: The error.
        failure: What failed before.
    """
    look = Look(context.error_map.settings, context.style, context.media_type, context.language)
    try:
        trace_id = context.request.find_trace()
        form = Form.of(context, trace_id)
        if form is None:
            response = render(look, context.incident)
        else:
            response = _render_shared(look, context.problem, form).fill_in(context, trace_id)
    except Exception as error:
        failure = failure or Failure("the built-in representation", link(error, context))
        response = last_resort(context.request.method, context.problem.status)
    report(context, response.status, response.as_reply, shown=context.problem, failure=failure)
    return response
