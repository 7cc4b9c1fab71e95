"""Answers where no handler and no template can be asked: around a request, for developers, and in front of all apps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from errbridge.application.hooks import Hooks
from errbridge.application.installation import Installation
from errbridge.application.settings import Settings
from errbridge.handling.context import ErrorContext
from errbridge.handling.reporting import report
from errbridge.handling.showing import Look, render, show_built_in
from errbridge.http.accept import JSON, XML
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident, Occurrence, set_current
from errbridge.mapping.problems import complete
from errbridge.problem.problem import Problem
from errbridge.representations.response import Response, describe, last_resort
from errbridge.representations.styles import DEFAULT
from errbridge.telemetry.notifying import notify
from errbridge.telemetry.record import Failure, choose_level, is_written, log, write_record

__all__ = ["respond_at_edge", "respond_debugging", "respond_outside"]


def respond_outside(installation: Installation, exc: BaseException, request: RequestFacts) -> Response:
    """Answer an exception from around the handling of a request: opening the session, or tearing down.

    The application's handlers and templates expect a request context, so none of them is asked.

    Args:
        installation: errbridge in the application where it occurred.
        exc: An HTTP error, or the framework's 500 for what was raised.
        request: The facts of the request.
    """
    return show_built_in(_open(installation, exc, request))


def respond_debugging(
    installation: Installation, exc: BaseException, request: RequestFacts, framework: Iterable[str]
) -> Response | None:
    """Answer an exception that is raised for the developer, to a client that is a program and would not see it.

    Args:
        installation: errbridge in the application where it occurred.
        exc: The framework's 500 for what was raised.
        request: The facts of the request.
        framework: The packages whose frames are left out at the start of the traceback.

    Returns:
        A problem document with the member ``exception``; None for a client that asks for no document.
    """
    context = _open(installation, exc, request)
    settings, media_type = context.error_map.settings, context.media_type
    if media_type not in (JSON, XML):
        return None
    from errbridge.handling.debugging import describe_exception

    described = describe_exception(context.original or exc, framework)
    problem = Problem(500, detail=settings.default_msg, exception=described)
    incident = replace(context.incident, problem=complete(problem, request, context.id, settings.build_type(problem)))
    response = render(Look(settings, context.style, media_type), incident)
    report(context, response.status, partial(describe, response), answered=problem)
    return response


def _open(installation: Installation, exc: BaseException, request: RequestFacts) -> ErrorContext:
    context = ErrorContext(installation, exc, request, http=installation.application.http_error(exc))
    set_current(context.occurrence)
    context.logger_name = None  # the framework did not come to it
    return context


def respond_at_edge(
    problem: Problem, request: RequestFacts, *, settings: Settings | None = None, hooks: Hooks | None = None
) -> Response:
    """Answer where there is no application: in front of all of them, or in place of one that is gone.

    Args:
        problem: The problem. Its ``__cause__`` is logged if it has one.
        request: The facts of the request.
        settings: The defaults if None.
        hooks: Called with the incident.

    Returns:
        A page, document or text by the Accept header.
    """
    settings = settings or Settings()
    media_type = DEFAULT.choose_media_type(request, xhr_enabled=settings.xhr_enabled)
    occurrence = Occurrence()
    completed = complete(problem, request, occurrence.id, settings.build_type(problem))
    cause = problem.__cause__
    incident = Incident(
        cause or problem,
        completed,
        request,
        occurrence.id,
        media_type=media_type,
        original=cause,
        time=occurrence.time,
        reference=occurrence.id[:8] if is_written(choose_level(problem.status)) else "",
    )
    failure = None
    try:
        response = render(Look(settings, DEFAULT, media_type), incident)
    except Exception as error:
        failure = Failure("the built-in representation", error)
        response = last_resort(request.method, problem.status)
    level = choose_level(response.status, failed=failure is not None)
    if log.isEnabledFor(level):
        write_record(incident, response.status, level, failure=failure)
    if hooks is not None and hooks.functions:
        notify(hooks.functions, incident, partial(describe, response))
    return response
