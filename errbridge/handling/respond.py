"""The order of things: one error, from the exception to the outcome. This is the only place that knows it.

Before any handler is asked, `ErrorContext` finds out what the error means and where it belongs: the problem, the chain
of owners, the language, the style and the media type. Then:

1. An exception that is an answer already, that builds one of its own, or that the application's settings make a crash,
   is left to the framework.
2. An exception that is no HTTP error is offered to the handlers of its class and its base classes, scope by scope. If
   none takes it, the HTTP error that it means is answered: a validation error, or the member of a group. An exception
   that means none is raised, as if errbridge were not there; the framework makes a 500 of it, which arrives here too.
3. An HTTP error goes from scope to scope, the nearest first. In each, the framework's own handler is asked first, then
   errbridge's handlers, then the scope's style answers. `errbridge.handling.asking` lists them in this order.

What a handler returns decides how it goes on: a problem is shown in the style of the scope, a page is rendered, a reply
is sent as it is, any other value is the framework's to convert, and None passes the error on.

When something fails on the way, the next rung is tried: the scope's built-in representation, then constant bytes. In
propagate mode the failure is raised instead, for the developer to see.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator
from typing import Any

from errbridge.application.installation import Installation
from errbridge.application.protocol import Application
from errbridge.handling.asking import Candidate, find_candidates, find_claimants, has_own_handler
from errbridge.handling.context import ErrorContext, Trace, find_context
from errbridge.handling.drafting import convert, pass_on
from errbridge.handling.drivers import LEFT, Call, Native, Outcome, Plan, Raised, Run
from errbridge.handling.outside import respond_outside
from errbridge.handling.results import (
    Parts,
    convert_result,
    inherit_headers,
    override_problem,
    override_reply,
    take_apart,
)
from errbridge.handling.showing import fail, is_linked, link, render_page, show
from errbridge.http.headers import list_headers
from errbridge.http.request import RequestFacts
from errbridge.http.status import check_error_status, is_error, parse_status
from errbridge.incident import Page, Reply, set_current
from errbridge.introspection import describe_function
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.mapping.groups import find_http_error, find_single_error
from errbridge.mapping.problems import problem_of
from errbridge.problem.problem import Problem
from errbridge.representations.response import last_resort

__all__ = ["receive", "respond", "respond_to_result", "status_of"]

log = logging.getLogger("errbridge")

Attempt = Generator[Call, Any, Outcome | None]
"""A part of a plan. It returns None to leave the error to the next part."""


def respond(
    installation: Installation,
    exc: BaseException,
    request: RequestFacts,
    before: Run | None = None,
    *,
    outside: bool = False,
) -> Run:
    """Answer an error.

    Args:
        installation: errbridge in the application where it occurred.
        exc: The exception, or the 500 that the framework made of one.
        request: The facts of the request.
        before: The run whose exception was raised last in this request. If *exc* is the 500 that the framework made of
            that exception, both are one incident.
        outside: Whether *exc* escaped the framework's handling of the request: no handler and no template is asked.

    Returns:
        The plan, under way up to its first call. Its outcome is a response, a value for the framework to send, or an
        exception to raise; `LEFT` if the framework has to go on as if errbridge were not there.
    """
    trace: Trace = []
    return Run(_plan(installation, exc, request, trace, before, outside), trace)


def respond_to_result(
    installation: Installation, result: object, request: RequestFacts | None, before: Run | None = None
) -> Run:
    """Answer what a view returned, if it is errbridge's.

    Args:
        installation: errbridge in the application of the view.
        result: An error, a `Page` or a `Reply`, alone or in a tuple with a status and headers, which win.
        request: The facts of the request; None if a page is made without one.
        before: As for `respond`.

    Returns:
        The plan, as `respond` returns it.
    """
    trace: Trace = []
    return Run(_plan_result(installation, take_apart(result), request, trace, before), trace)


def _plan_result(
    installation: Installation, parts: Parts, request: RequestFacts | None, trace: Trace, before: Run | None
) -> Plan:
    application, body = installation.application, parts.body
    if isinstance(body, (Page, Reply)):
        return (yield from convert_result(application, parts, "GET" if request is None else request.method))
    outcome: Outcome = LEFT
    if request is not None:
        if isinstance(body, Problem):
            error: BaseException = override_problem(body, parts)
        else:
            status = None if parts.status is None else check_error_status(parse_status(parts.status))
            error = application.override(body, status, list_headers(parts.headers))
        outcome = yield from _plan(installation, error, request, trace, before, False)
    return Raised(body) if outcome is LEFT and parts.is_class else outcome


def _plan(
    installation: Installation,
    exc: BaseException,
    request: RequestFacts,
    trace: Trace,
    before: Run | None,
    outside: bool,
) -> Plan:
    application, http = installation.application, None
    try:
        http = application.http_error(exc)
        if before is not None and http is not None and before.raises(http.original):
            trace += before.trace
        if outside:
            return respond_outside(_open_context(installation, exc, request, http, trace))
        if _is_left(application, exc, http):
            return LEFT
        if http is None and not isinstance(exc, Problem):
            return (yield from _answer_exception(installation, exc, request, trace))
        context = _open_context(installation, exc, request, http, trace)
        if context.own_response is None or has_own_handler(context):
            return (yield from _answer(context))
        return LEFT if context.native is not None else (yield from _pass_on_own(context, context.own_response))
    except Exception:
        log.exception("errbridge failed before it could answer")
        status = _read_status(exc, http)
        if status is None and outside and not application.propagates():
            status = 500
        return Raised(exc) if status is None else last_resort(request.method, status)


def receive(installation: Installation, exc: BaseException, request: RequestFacts, before: Run | None = None) -> Run:
    """Note an uncaught exception before the framework sends its signal and writes its record, so that it has an id.

    Most have arrived at `respond` already. Others come from where no handler is asked: from what runs after the view,
    for instance.

    Args:
        installation: errbridge in the application where it occurred.
        exc: The exception.
        request: The facts of the request.
        before: The run whose exception was raised last in this request. If that led to *exc*, both are one incident.

    Returns:
        A run whose outcome is the exception, for `respond` to go on from.
    """
    is_same = before is not None and before.trace and is_linked(exc, before.trace[-1].exception)
    trace = before.trace if before is not None and is_same else []
    _open_context(installation, exc, request, None, trace, is_uncaught=True)
    return Run(_raise(exc), trace)


def _raise(exc: BaseException) -> Plan:
    yield from ()  # a plan without a call
    return Raised(exc)


def _open_context(
    installation: Installation,
    exc: BaseException,
    request: RequestFacts,
    http: HTTPErrorFacts | None,
    trace: Trace,
    *,
    is_uncaught: bool = False,
) -> ErrorContext:
    """Find out what is known of an error before a handler is asked, and add that to the trace of its incident."""
    if trace and http is not None and (arrived := find_context(trace, http.original)) is not None:
        context = arrived.as_server_error(exc)
    else:
        context = ErrorContext(installation, exc, request, http=http, is_uncaught=is_uncaught)
    if trace:  # of a group, or of an exception whose handler failed: one incident has one id
        context.occurrence = trace[0].occurrence
    trace.append(context)
    set_current(context.occurrence)
    return context


def _is_left(application: Application, exc: BaseException, http: HTTPErrorFacts | None) -> bool:
    """Return whether an exception is left to the framework: it is an answer already, or a crash by the settings."""
    return (http is not None and http.is_response) or application.traps(exc)


def status_of(application: Application, exc: BaseException) -> int | None:
    """Return the status of an HTTP error; None for an uncaught exception."""
    return _read_status(exc, application.http_error(exc))


def _read_status(exc: BaseException, http: HTTPErrorFacts | None) -> int | None:
    if isinstance(exc, Problem):
        return exc.status
    if http is None or http.original is not None:
        return None
    return 500 if http.status is None else http.status


def _pass_on_own(context: ErrorContext, build: Callable[[], Any]) -> Plan:
    """Pass on the response that the class of an exception builds in a way of its own."""
    try:
        response = yield Call(build, ())
    except Exception:
        log.exception("an exception could not build its response; it is answered without")
        return (yield from _answer(context))
    return pass_on(context, response)


def _answer_exception(installation: Installation, exc: BaseException, request: RequestFacts, trace: Trace) -> Plan:
    """Step 2. A group of one error is also offered as that error."""
    single = find_single_error(exc)
    is_wrapped = single is not exc and status_of(installation.application, single) is None
    for each in (exc, single) if is_wrapped else (exc,):
        outcome = yield from _claim(_open_context(installation, each, request, None, trace))
        if outcome is not None:
            return outcome
    return (yield from _answer_meaning(installation, exc, request, trace))


def _claim(context: ErrorContext) -> Attempt:
    """Offer an exception to the handlers of its class.

    A failure is raised: the framework sends its signal, logs it and, in debug mode, shows the debugger.
    """
    for candidate in find_claimants(context):
        try:
            outcome = yield from _ask(context, candidate)
        except Exception as error:
            return Raised(link(error, context))
        if outcome is not None:
            return outcome
    return None


def _answer_meaning(installation: Installation, exc: BaseException, request: RequestFacts, trace: Trace) -> Plan:
    """Answer the HTTP error that an exception means, or raise the exception."""
    application = installation.application
    settings = installation.error_map().settings

    def read_validation(member: BaseException) -> Problem | None:
        from errbridge import validation  # not before there is an exception that may need it

        return validation.problem_of(
            member,
            everywhere=bool(settings.validation),
            has_input=request.has_input,
            messages=settings.validation == "messages",
        )

    error = find_http_error(exc, lambda member: status_of(application, member), read_validation)
    if error is None or application.traps(error):
        return Raised(exc)
    http = application.http_error(error)
    if _is_left(application, error, http):
        return Native(error)
    return (yield from _answer(_open_context(installation, error, request, http, trace)))


def _answer(context: ErrorContext) -> Plan:
    """Step 3."""
    for candidate in find_candidates(context):
        try:
            outcome = yield from _ask(context, candidate)
        except Exception as error:
            return (yield from fail(context, f"the handler {describe_function(candidate.call.function)}", error))
        if outcome is not None:
            return outcome
    return (yield from show(context))


def _ask(context: ErrorContext, candidate: Candidate) -> Attempt:
    """Ask one handler. It may raise what it could have returned: ``abort(404)`` in a handler means a 404."""
    call, is_native, vary = candidate
    context.asked.append(call.function)
    try:
        result = yield call
    except Exception as error:
        if not _is_answer(context.application, error):
            raise
        result = error
    if result is None or result is call.args[0]:  # the exception itself: "not mine" in Flask's documentation
        return None
    parts = take_apart(result)
    body = parts.body
    if isinstance(body, BaseException):
        return (yield from _answer_with(context, body, parts))
    if isinstance(body, Page):
        return (yield from render_page(context, body, parts.status, parts.headers, vary=vary))
    if isinstance(body, Reply):
        return (yield from convert(context, override_reply(body, parts), vary=vary))
    if is_native:
        return pass_on(context, result)
    return (yield from convert(context, result, vary=vary))


def _is_answer(application: Application, error: BaseException) -> bool:
    """Return whether an exception that a handler raised means an answer: it has a status, or carries a response."""
    if isinstance(error, Problem):
        return True
    http = application.http_error(error)
    if http is None or http.original is not None:
        return False
    return http.response is not None or is_error(http.status)


def _answer_with(context: ErrorContext, error: BaseException, parts: Parts) -> Plan:
    """Answer with the HTTP error that a handler raised or returned.

    Raises:
        TypeError: It is another exception.
        Exception: Another exception, whose class the handler returned.
    """
    if not _is_answer(context.application, error):
        if parts.is_class:
            raise error
        raise TypeError("a handler returned an exception that is no HTTP error") from error
    http = context.application.http_error(error)
    if http is not None and http.response is not None:
        return (yield from convert(context, (http.response, parts.status, parts.headers)))
    problem = problem_of(http) if http is not None else error
    assert isinstance(problem, Problem)
    return (yield from show(context.restate(inherit_headers(override_problem(problem, parts), context.problem))))
