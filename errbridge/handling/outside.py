"""Answers where no handler and no template can be asked: around a request, and in front of all applications."""

from __future__ import annotations

from dataclasses import replace

from errbridge.application.hooks import Hooks
from errbridge.application.installation import Installation
from errbridge.application.settings import Settings
from errbridge.handling.builtin import Look, render, show_built_in
from errbridge.handling.context import ErrorContext, open_context
from errbridge.handling.drivers import Outcome, Raised
from errbridge.http.accept import JSON, XML
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident, Occurrence
from errbridge.languages.language import ENGLISH, Language
from errbridge.mapping.problems import complete
from errbridge.problem.problem import Problem
from errbridge.representations.response import Response, last_resort
from errbridge.representations.styles import DEFAULT
from errbridge.scopes.scope import ROOT, Scope
from errbridge.telemetry.notifying import notify
from errbridge.telemetry.record import Failure, choose_level, is_written, log, write_record

__all__ = ["respond_at_edge", "respond_in_place", "respond_outside"]


def respond_outside(context: ErrorContext) -> Outcome:
    """Answer an exception from around the handling of a request: opening the session, or tearing down.

    The application's handlers and templates expect a request context, so none of them is asked. In propagate mode the
    exception is raised, but a program that would not see the debugger gets its description if the settings say so.

    Args:
        context: The error.
    """
    application, settings = context.application, context.error_map.settings
    if not application.propagates():
        return show_built_in(context)
    exc = context.exception if context.original is None else context.original
    if not (application.is_debugged and settings.debug_document and context.media_type in (JSON, XML)):
        return Raised(exc)
    try:
        return _describe_crash(context, exc)
    except Exception:
        log.exception("errbridge failed before it could answer")
        return Raised(exc)


def _describe_crash(context: ErrorContext, exc: BaseException) -> Response:
    """Answer with a document that has the member ``exception``."""
    from errbridge.handling.debugging import describe_exception

    described = describe_exception(exc, context.application.packages)
    problem = Problem(500, detail=context.error_map.settings.default_msg, exception=described)
    return show_built_in(replace(context, problem=problem, is_shared=False))


def respond_in_place(installation: Installation, exc: Exception, request: RequestFacts) -> Response:
    """Answer in place of an application that cannot be asked, in the style that it has there.

    Args:
        installation: errbridge in the application.
        exc: A problem, or what came through the application.
        request: The facts of the request.
    """
    return show_built_in(open_context(installation, exc, None, request, Occurrence()))


def respond_at_edge(
    problem: Problem,
    request: RequestFacts,
    *,
    scope: Scope = ROOT,
    settings: Settings | None = None,
    language: Language = ENGLISH,
    hooks: Hooks | None = None,
) -> Response:
    """Answer where there is no application: in front of all of them, or in place of one that is gone.

    Args:
        problem: The problem. Its ``__cause__`` is logged if it has one.
        request: The facts of the request.
        scope: The place that the request was for.
        settings: The defaults if None.
        language: The language to answer in.
        hooks: Called with the incident.

    Returns:
        A page, document or text by the Accept header.
    """
    settings = settings or Settings()
    media_type = DEFAULT.choose_media_type(request, xhr_enabled=settings.xhr_enabled)
    occurrence = Occurrence()
    completed = complete(problem, request, occurrence.id, settings.build_type(problem), language=language)
    cause = problem.__cause__
    incident = Incident(
        problem,
        completed,
        request,
        occurrence.id,
        scope=scope,
        media_type=media_type,
        original=cause,
        app="bridge",
        time=occurrence.time,
        reference=occurrence.id[:8] if is_written(choose_level(problem.status)) else "",
        language=language,
    )
    failure = None
    try:
        response = render(Look(settings, DEFAULT, media_type, language), incident)
    except Exception as error:
        failure = Failure("the built-in representation", error)
        response = last_resort(request.method, problem.status)
    level = choose_level(response.status, failed=failure is not None)
    if log.isEnabledFor(level):
        write_record(incident, response.status, level, failure=failure)
    if hooks is not None and hooks.functions:
        notify(hooks.functions, incident, response.as_reply)
    return response
