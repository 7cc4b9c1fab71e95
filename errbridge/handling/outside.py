"""Answers where no handler and no template can be asked: around a request, and in place of an application."""

from __future__ import annotations

from dataclasses import replace

from errbridge.application.installation import Installation
from errbridge.handling.builtin import show_built_in
from errbridge.handling.context import ErrorContext, open_context
from errbridge.handling.plans import Outcome, Raised
from errbridge.http.accept import JSON, XML
from errbridge.http.request import RequestFacts
from errbridge.log import log
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.problem.problem import Problem
from errbridge.representations.response import Response

__all__ = ["respond_in_place", "respond_outside"]


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
    if not (application.is_debugged and settings.debug_document and context.look.media_type in (JSON, XML)):
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


def respond_in_place(installation: Installation, exc: BaseException, request: RequestFacts) -> Response:
    """Answer in place of an application that cannot be asked, in the style that it has there.

    Args:
        installation: errbridge in the application.
        exc: A problem, or what came through the application.
        request: The facts of the request.
    """
    http = None if isinstance(exc, Problem) else HTTPErrorFacts.of_crash(exc)
    error = exc if http is None else Problem(500)
    context = open_context(installation, error, http, request)
    response = show_built_in(context)
    return replace(response, headers=context.occurrence.add_id(response.headers))
