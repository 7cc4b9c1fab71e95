"""How a problem is shown: by the ``response=`` decorator, by the application's template, or by errbridge itself.

Most errors bring nothing of their own: a URL that does not exist, ``abort(403)``, an uncaught exception. Their answers
differ in the incident's id and in nothing else. So `_render_shared` renders each of them once, around a placeholder for
the id, and is a pure function: everything that the answer depends on is among its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterable
from dataclasses import astuple
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any, NamedTuple, Self

from errbridge.application.settings import Settings
from errbridge.handling.context import ErrorContext
from errbridge.handling.drafting import convert
from errbridge.handling.drivers import Call, Plan, Raised
from errbridge.handling.reporting import report
from errbridge.http.accept import HTML, JSON, XML
from errbridge.http.headers import list_headers, map_headers
from errbridge.http.request import RequestFacts
from errbridge.http.status import parse_status
from errbridge.incident import Incident, Page, Reply
from errbridge.introspection import is_async
from errbridge.languages.language import ENGLISH, Language
from errbridge.mapping.problems import complete
from errbridge.problem.problem import Problem
from errbridge.problem.values import to_json_value
from errbridge.representations.html import PageView, add_words, build_policy
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.representations.response import Response, build_reply, build_response, describe, last_resort
from errbridge.representations.styles import Style
from errbridge.telemetry.record import Failure, log

__all__ = [
    "Look",
    "TemplateFailure",
    "fail",
    "find_means",
    "is_linked",
    "link",
    "render",
    "render_page",
    "show",
    "show_built_in",
]

Means = Page | Callable[..., Any]
"""What of the application's own shows a problem: a template, or the ``response=`` decorator."""


def show(context: ErrorContext) -> Plan:
    """Plan the answer that shows a problem, without asking a handler."""
    try:
        means = find_means(context)
        if means is not None:
            return (yield from _show_with(context, means))
    except Exception as error:
        return (yield from fail(context, "the application's own way to show it", error))
    return show_built_in(context)


def find_means(context: ErrorContext) -> Means | None:
    """Find the template or the decorator that shows a problem; None if errbridge shows it.

    Raises:
        TemplateFailure: The template exists, but cannot be compiled.
    """
    if context.media_type in (JSON, XML):
        return context.error_map.response
    if context.media_type != HTML:
        return None
    if context.problem.template is not None:
        return Page(context.problem.template, **context.problem.extensions)
    return _find_template(context) if context.style.has_templates else None


def _show_with(context: ErrorContext, means: Means) -> Plan:
    if not isinstance(means, Page):
        return (yield from _decorate(context, means))
    body = yield from _render_template(context, means)
    content = str(body).encode("utf-8", "replace")
    response = build_response(context.incident, content, HTML, vary=context.vary)
    report(context, response.status, partial(describe, response), answered=context.problem)
    return response


def _decorate(context: ErrorContext, response: Callable[..., Any]) -> Plan:
    problem = context.incident.problem

    def document() -> tuple[Any, int, dict[str, str]]:
        return to_json_value(problem.document()), problem.status, map_headers(problem.headers)

    decorated = response(document)
    value = yield Call(decorated, (), may_block=not is_async(decorated))
    return (yield from convert(context, value, vary=context.vary, is_document=True))


# Templates.


class TemplateFailure(Exception):
    """A template failed. The application never sees this; the log does, to name the template.

    Args:
        where: The template, and the place in it.
        error: The exception that it raised.
    """

    def __init__(self, where: str, error: Exception) -> None:
        super().__init__(where)
        self.where = where
        self.error = error


def _find_template(context: ErrorContext) -> Page | None:
    problem, found = context.problem, context.chain.templates
    slugs = () if type(problem) is Problem else (problem.slug,)
    pages = (*slugs, str(problem.status), f"{problem.status // 100}xx")
    if pages in found and context.application.caches_templates():
        return found[pages]
    names = [f"{folder}/{page}.html" for folder in context.chain.folders for page in pages]
    if (page := context.error_map.settings.page) is not None:
        names.append(page)
    try:
        template = context.application.find_template(names)
    except Exception as error:  # it exists, but cannot be compiled; or the application's loader failed
        raise _name_template(context, names, error) from None
    found[pages] = None if template is None else Page(template)
    return found[pages]


def render_page(
    context: ErrorContext, page: Page, status: Any = None, headers: Any = None, *, vary: str | None
) -> Plan:
    """Plan the answer of a handler that returned a page.

    Args:
        context: The error.
        page: The page.
        status: The handler's own status.
        headers: The handler's own headers.
        vary: The request headers that the choice of this answer may depend on.
    """
    body = yield from _render_template(context, page)
    number = None if status is None else parse_status(status)
    reply = Reply(str(body), number, list_headers(headers))
    response = build_reply(context.incident, reply, HTML, vary)
    report(context, response.status, partial(describe, response))
    return response


def _render_template(context: ErrorContext, page: Page) -> Generator[Call, Any, Any]:
    incident, site = context.incident, context.error_map.settings.site
    own = {"error": add_words(incident), "incident": incident, "errbridge": PageView(incident, site)}
    variables = {**own, **page.context}
    owners = () if context.request.blueprints else context.chain.owners
    owner = next((owner.scope for owner in owners if owner.scope.blueprint is not None), None)
    try:
        return (yield Call(context.application.render_template, (page.template, variables, owner)))
    except Exception as error:
        names = (page.template,) if isinstance(page.template, str) else page.template
        raise _name_template(context, names, error) from None


def _name_template(context: ErrorContext, names: Iterable[str], error: Exception) -> TemplateFailure:
    where = f"template {' or '.join(map(repr, names))}"
    place = context.application.locate_template_error(error)
    return TemplateFailure(f"{where}: {place}" if place else where, error)


# The built-in representations.


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
        method: The method of the request.
        root_path: The mount of the application.
        has_reference: Whether a log record has the id.
        has_trace: Whether the request belongs to a trace.
        has_request_id: Whether the request has an id of its own.
    """

    method: str
    root_path: str
    has_reference: bool
    has_trace: bool
    has_request_id: bool

    @classmethod
    def of(cls, context: ErrorContext) -> Self | None:
        """Return the form of an error; None if its answer cannot be shared."""
        request = context.request
        trace_id = request.find_trace()
        if (
            not context.is_shared
            or context.is_anonymous
            or (trace_id != "" and re.fullmatch(r"[0-9a-f]{32}", trace_id) is None)  # of a tracer with ids of its own
            or (request.request_id != "" and request.method == "HEAD")  # the length of the content depends on it
        ):
            return None
        has_reference = context.media_type not in (JSON, XML) and context.reference != ""
        return cls(request.method, request.root_path, has_reference, trace_id != "", request.request_id != "")


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
    parts: tuple[str, ...] | None

    def fill_in(self, context: ErrorContext) -> Response:
        """Build the response of an error."""
        if self.parts is None:
            return Response(self.status, self.headers, None)
        occurrence, request = context.occurrence, context.request
        values = {
            _ID: occurrence.id,
            _ID[:8]: occurrence.id[:8],
            _TRACE: request.find_trace(),
            _REQUEST: request.request_id,
        }
        if _DATE in self.parts:
            values[_DATE], values[_TIME] = occurrence.time.isoformat(" ", "seconds")[:19].split()
        body = "".join(map(values.get, self.parts, self.parts)).encode()
        return Response(self.status, self.headers, body)


# No stock sentence contains one of these.
_ID = "5b2df7c2-6c0e-4d5b-9a35-1f0e8c7d4a69"
_MOMENT = datetime(1987, 6, 5, 4, 3, 21, tzinfo=UTC)
_DATE, _TIME = f"{_MOMENT:%Y-%m-%d}", f"{_MOMENT:%H:%M:%S}"
_TRACE = "c70a6e4b5b8f4e0f9d2a3f1e6b7c8d90"
_REQUEST = "request-id-8f4e0f9d2a"
_PLACEHOLDERS = (_ID, _ID[:8], _DATE, _TIME, _TRACE, _REQUEST)
_PLACES = re.compile(f"({'|'.join(_PLACEHOLDERS)})")


@lru_cache(maxsize=2048)
def _render_shared(look: Look, problem: Problem, form: Form) -> Skeleton:
    """Render a problem that equal errors share, around the places of what is different in each."""
    request = RequestFacts(
        form.method,
        root_path=form.root_path,
        trace_id=_TRACE if form.has_trace else "",
        request_id=_REQUEST if form.has_request_id else "",
    )
    completed = complete(problem, request, _ID, look.settings.build_type(problem), language=look.language)
    incident = Incident(
        problem,
        completed,
        request,
        _ID,
        media_type=look.media_type,
        time=_MOMENT,
        reference=_ID[:8] if form.has_reference else "",
        language=look.language,
    )
    status, headers, body = astuple(render(look, incident))
    return Skeleton(status, headers, None if body is None else tuple(_PLACES.split(body.decode())))


def show_built_in(context: ErrorContext, failure: Failure | None = None) -> Response:
    """Answer without anything of the application's, and report it.

    Args:
        context: The error.
        failure: What failed before.
    """
    look = Look(context.error_map.settings, context.style, context.media_type, context.language)
    try:
        form = Form.of(context)
        if form is None:
            response = render(look, context.incident)
        else:
            response = _render_shared(look, context.problem, form).fill_in(context)
    except Exception as error:
        failure = failure or Failure("the built-in representation", link(error, context))
        response = last_resort(context.request.method, context.problem.status)
    report(context, response.status, partial(describe, response), answered=context.problem, failure=failure)
    return response


# Failures.


def fail(context: ErrorContext, what: str, error: Exception) -> Plan:
    """Go on after a failure: raise it in propagate mode, otherwise answer without the part that failed.

    The framework's signal is sent in both cases: by the framework when the failure is raised, else from here.

    Args:
        context: The error that was being handled.
        what: What failed, as the subject of a sentence.
        error: What it raised.
    """
    if isinstance(error, TemplateFailure):
        what = f"{what} ({error.where})"
    failure = Failure(what, link(error, context))
    if context.application.propagates():
        return Raised(failure.exception)
    try:
        yield Call(context.application.send_signal, (failure.exception,))
    except Exception:
        log.exception("a receiver of the framework's signal failed")
    return show_built_in(context, failure)


def link(error: Exception, context: ErrorContext) -> Exception:
    """Make the exception that was being handled the context of the one that it led to.

    Python does so itself, but not across threads.
    """
    if isinstance(error, TemplateFailure):
        error = error.error
    handled = context.original or context.exception
    chain = _list_chain(error)
    if all(each is not handled for each in chain):
        chain[-1].__context__ = handled
    return error


def is_linked(error: BaseException, earlier: BaseException) -> bool:
    """Return whether an exception came of an earlier one."""
    return any(each is earlier for each in _list_chain(error))


def _list_chain(error: BaseException) -> list[BaseException]:
    chain = [error]
    seen = {id(error)}
    while (earlier := chain[-1].__cause__ or chain[-1].__context__) is not None and id(earlier) not in seen:
        seen.add(id(earlier))
        chain.append(earlier)
    return chain
