"""How a problem is shown by the application: by its template, or by the ``response=`` decorator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from errbridge.handling.builtin import show_built_in
from errbridge.handling.context import ErrorContext
from errbridge.handling.failing import TemplateFailure
from errbridge.handling.plans import Call, Plan
from errbridge.handling.reporting import report
from errbridge.handling.results import Parts, convert, override_reply
from errbridge.http.accept import HTML, JSON, XML
from errbridge.http.headers import map_headers
from errbridge.incident import Page, Reply
from errbridge.introspection import is_async
from errbridge.problem.problem import Problem
from errbridge.problem.values import to_json_value
from errbridge.representations.html import PageParts, add_words
from errbridge.representations.response import build_headers, build_reply, finish

__all__ = ["Renderer", "find_renderer", "name_pages", "render", "render_page"]

Renderer = Page | Callable[..., Any]
"""What of the application's own shows a problem: a template, or the ``response=`` decorator."""


def render(context: ErrorContext, renderer: Renderer) -> Plan:
    """Plan the response in which the application's own shows a problem.

    Raises:
        Exception: The template or the decorator failed.
    """
    if isinstance(renderer, Page):
        content = str((yield from _render_template(context, renderer))).encode("utf-8", "replace")
        own, status, language = context.completed.headers, context.completed.status, context.look.language
        headers = build_headers(HTML, context.vary, None, language, own=own, status=status)
        response = finish(context.request.method, status, headers, content)
        report(context, response.status, response.as_reply, is_shown=True)
        return response
    return (yield from _decorate(context, renderer))


def find_renderer(context: ErrorContext) -> Renderer | None:
    """Find the template or the decorator that shows a problem; None if errbridge shows it.

    Raises:
        TemplateFailure: The template exists, but cannot be compiled.
    """
    if context.look.media_type in (JSON, XML):
        return context.error_map.response
    if context.look.media_type != HTML:
        return None
    if context.problem.template is not None:
        members = {name: value for name, value in context.problem.extensions.items() if name not in _VARIABLES}
        return Page(context.problem.template, **members)
    return _find_template(context) if context.look.style.has_templates else None


def _decorate(context: ErrorContext, response: Callable[..., Any]) -> Plan:
    problem = context.completed

    def document() -> tuple[Any, int, dict[str, str]]:
        return to_json_value(problem.document()), problem.status, map_headers(problem.headers)

    decorated = response(document)
    given = (context.incident,) if _needs_argument(decorated) else ()
    value = yield Call(decorated, given, may_block=not is_async(decorated))
    if value is None and given:
        return show_built_in(context)
    if value is None:
        raise TypeError("it returned None; return (document, status, headers), or what a view may return")
    return (yield from convert(context, value, vary=context.vary, is_document=True))


def _needs_argument(function: Callable[..., Any]) -> bool:
    """Return whether a function needs one positional argument. What it wraps does not count: that takes none."""
    with suppress(TypeError, ValueError):  # some callables have no signature
        parameters = inspect.signature(function, follow_wrapped=False).parameters.values()
        return any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)
    return False


# Templates.

_VARIABLES = ("error", "incident", "errbridge")
"""What every template has."""


def _find_template(context: ErrorContext) -> Page | None:
    found, pages = context.chain.templates, name_pages(context.problem)
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


def name_pages(problem: Problem) -> tuple[str, ...]:
    """Return the names that the page of a problem may have, the most specific first."""
    slugs = () if type(problem) is Problem else (problem.slug,)
    return (*slugs, str(problem.status), f"{problem.status // 100}xx")


def render_page(context: ErrorContext, parts: Parts, vary: str | None) -> Plan:
    """Plan the response of a handler that returned a page.

    Args:
        context: The error.
        parts: What the handler returned; the body is the page.
        vary: The request headers that the choice of this response may depend on.
    """
    reply = override_reply(Reply(), parts)
    body = yield from _render_template(context, parts.body, reply.status)
    response = build_reply(context.incident, replace(reply, body=str(body)), HTML, vary)
    report(context, response.status, response.as_reply)
    return response


def _render_template(context: ErrorContext, page: Page, status: int | None = None) -> Generator[Call, Any, Any]:
    incident, site = context.incident, context.error_map.settings.site
    if status is not None:  # whether there is a record depends on it
        incident = replace(incident, reference=context.find_reference(status))
    parts = PageParts(incident, site)
    variables = {"error": add_words(incident, parts), "incident": incident, "errbridge": parts, **page.context}
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
