"""The order of things: one error, from the exception to the outcome. This is the only place that knows it.

Before any handler is asked, `open_context` finds out what the error means and where it belongs: the problem, the chain
of owners, the style, the media type, the language, and the framework's own handler. Then:

1. An exception that is an answer already, that builds one of its own, or that the application's settings make a crash,
   is left to the framework.
2. An exception that is no HTTP error is offered to the handlers of its class and its base classes, scope by scope. If
   none takes it, the HTTP error that it means is answered: a validation error, or the member of a group. An exception
   that means none is raised, as if errbridge were not there; the framework makes a 500 of it, which arrives here too.
3. An HTTP error goes from scope to scope, the nearest first. In each, the framework's own handler is asked first, then
   errbridge's handlers, then the scope's style answers. `find_candidates` lists them in this order.

What a handler returns decides how it goes on: a problem is shown in the style of the scope, a page is rendered, a reply
is sent as it is, any other value is the framework's to convert, and None passes the error on.

When something fails on the way, the next rung is tried: the scope's built-in representation, then constant bytes. In
propagate mode the failure is raised instead, for the developer to see.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from itertools import takewhile
from typing import Any, NamedTuple

from errbridge.application.errormap import Owner, Turns
from errbridge.application.installation import Installation
from errbridge.application.protocol import Application, Draft, NativeHandler
from errbridge.handling.builtin import show_built_in
from errbridge.handling.context import ErrorContext, Run
from errbridge.handling.failing import TemplateFailure, is_linked, link
from errbridge.handling.outside import respond_outside
from errbridge.handling.plans import LEFT, Call, Native, Outcome, Plan, Raised
from errbridge.handling.reporting import report
from errbridge.handling.results import (
    Parts,
    convert,
    convert_result,
    inherit_headers,
    override_problem,
    override_reply,
    pass_on,
    take_apart,
)
from errbridge.handling.showing import Renderer, find_renderer, render, render_page
from errbridge.http.headers import list_headers
from errbridge.http.request import RequestFacts
from errbridge.http.status import check_error_status, is_error, parse_status
from errbridge.incident import Page, Reply
from errbridge.introspection import describe_function, is_async
from errbridge.log import log
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.mapping.groups import find_http_error, find_single_error
from errbridge.problem.problem import Problem
from errbridge.representations.response import last_resort
from errbridge.scopes.scope import ROOT
from errbridge.telemetry.record import Failure

__all__ = ["is_registered_at", "note_uncaught", "preview", "respond", "respond_to_result", "show", "status_of"]

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
    run = Run(installation, request)
    return run.start(_plan(run, exc, before, outside=outside))


def respond_to_result(
    installation: Installation,
    result: Parts,
    request: RequestFacts | None,
    before: Run | None = None,
    asking: Run | None = None,
) -> Run:
    """Answer what a view returned, if it is errbridge's.

    Args:
        installation: errbridge in the application of the view.
        result: What it returned, taken apart: an error, a `Page` or a `Reply`, with a status and headers, which win.
        request: The facts of the request; None if a page is made without one.
        before: As for `respond`.
        asking: The run whose handler makes a response of the result; None if a view does.

    Returns:
        The plan, as `respond` returns it.
    """
    run = Run(installation, request or RequestFacts())
    return run.start(_plan_result(run, result, before, asking, has_request=request is not None))


def _plan_result(run: Run, parts: Parts, before: Run | None, asking: Run | None, *, has_request: bool) -> Plan:
    application, body = run.installation.application, parts.body
    outcome: Outcome = LEFT
    if isinstance(body, (Page, Reply)):
        if asking is None:
            return (yield from convert_result(application, parts, run.request.method))
        context = replace(asking.contexts[-1], is_part=True)
        if isinstance(body, Page):
            return (yield from render_page(context, parts, None))
        return (yield from convert(context, override_reply(body, parts)))
    if has_request:
        if isinstance(body, Problem):
            error: BaseException = override_problem(body, parts)
        else:
            status = None if parts.status is None else check_error_status(parse_status(parts.status))
            error = application.override(body, status, list_headers(parts.headers))
        if asking is not None:
            outcome = yield from _show_within(run, asking, error)
        else:
            outcome = yield from _plan(run, error, before)
    return Raised(body) if outcome is LEFT and (parts.is_class or isinstance(body, Problem)) else outcome


def _show_within(run: Run, asking: Run, error: BaseException) -> Plan:
    """Show an error for a handler, which changes the response and returns it: nothing is asked or reported."""
    context = replace(asking.contexts[-1], is_part=True)
    context.read_again()
    if error is not context.exception or context.own_response is not None:
        http = context.application.http_error(error)
        has_response = http is not None and (http.is_response or http.own_response is not None)
        if has_response or not _is_answer(error, http):
            return LEFT
        problem: Any = error if http is None else http.problem
        context = context.restate(inherit_headers(problem, context.problem))
    if asking.call.function not in context.asked:  # what shows the error, and must not be called for that once more
        return show_built_in(context)
    run.contexts.append(context)
    return (yield from show(context))


def _plan(run: Run, exc: BaseException, before: Run | None, *, outside: bool = False) -> Plan:
    application, http = run.installation.application, None
    try:
        http = application.http_error(exc)
        if before is not None and http is not None and before.raises(http.original):
            run.contexts += before.contexts
        if outside:
            return respond_outside(run.open(exc, http))
        if application.traps(exc) or (http is not None and http.is_response and not _is_too_late(run)):
            return LEFT
        if http is not None and http.response is not None:  # its status still counts
            http = replace(http, status=application.read_status(http.response))
        if http is None and not isinstance(exc, Problem):
            return (yield from _offer(run, exc))
        return (yield from _answer(run.open(exc, http)))
    except Exception as error:
        status = _read_status(exc, http)
        if status is None and outside and not application.propagates():
            status = 500
        return _survive(run, exc, http, error, status)


def _survive(
    run: Run, exc: BaseException, http: HTTPErrorFacts | None, error: Exception, status: int | None
) -> Outcome:
    """Answer an error although errbridge itself failed; an uncaught exception is the framework's."""
    if status is None:
        log.error("errbridge failed before it could answer", exc_info=error)
        return Raised(exc)
    response = last_resort(run.request.method, status)
    try:
        context = run.contexts[-1] if run.contexts else run.open(exc, http)
        report(context, status, response.as_reply, failure=Failure("errbridge", link(error, context)))
    except Exception:
        log.error("errbridge failed before it could answer", exc_info=error)
    return response


def note_uncaught(
    installation: Installation, exc: BaseException, request: RequestFacts, before: Run | None = None
) -> Run:
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
    is_same = before is not None and before.contexts and is_linked(exc, before.contexts[-1].exception)
    run = before if before is not None and is_same else Run(installation, request)
    run.open(exc, HTTPErrorFacts.of_crash(exc))
    run.outcome = Raised(exc)
    return run


def _is_too_late(run: Run) -> bool:
    """Return whether no response can be sent any more: the request is a WebSocket that was accepted."""
    return run.request.websocket and run.installation.application.is_websocket_accepted()


def status_of(application: Application, exc: BaseException) -> int | None:
    """Return the status of an HTTP error; None for an uncaught exception."""
    return _read_status(exc, application.http_error(exc))


def _read_status(exc: BaseException, http: HTTPErrorFacts | None) -> int | None:
    if isinstance(exc, Problem):
        return exc.status
    if http is None or http.original is not None:
        return None
    return 500 if http.status is None else http.status


# Step 2: an exception that is no HTTP error.


def _offer(run: Run, exc: BaseException) -> Plan:
    """Offer an exception to its handlers, a group also as the error that it means; then answer what it means."""
    single = find_single_error(exc)
    is_wrapped = single is not exc and status_of(run.installation.application, single) is None
    for each in (exc, single) if is_wrapped else (exc,):
        outcome = yield from _claim(run.open(each))
        if outcome is not None:
            return outcome
    return (yield from _answer_meaning(run, exc))


def _claim(context: ErrorContext) -> Attempt:
    """Offer an exception to the handlers of its class.

    A failure is raised: the framework sends its signal, logs it and, in debug mode, shows the debugger.
    """
    for candidate in find_candidates(context):
        try:
            outcome = yield from _ask(context, candidate)
        except Exception as error:
            return Raised(link(error, context))
        if outcome is not None:
            return outcome
    return None


def _answer_meaning(run: Run, exc: BaseException) -> Plan:
    """Answer the HTTP error that an exception means, or raise the exception."""
    application, settings = run.installation.application, run.contexts[-1].error_map.settings

    def read_validation(member: BaseException) -> Problem | None:
        try:
            from errbridge import validation  # not before there is an exception that may need it
        except (ImportError, OSError):  # there are too many open files, or another release has taken its place
            return None
        return validation.problem_of(
            member,
            everywhere=bool(settings.validation),
            has_input=run.request.has_input,
            messages=settings.validation == "messages",
        )

    error = find_http_error(exc, lambda member: status_of(application, member), read_validation)
    if error is None or application.traps(error):
        return Raised(exc)
    http = application.http_error(error)
    if http is not None and http.is_response and not _is_too_late(run):
        return Native(error)
    return (yield from _answer(run.open(error, http)))


# Step 3: an HTTP error.


def preview(installation: Installation, exc: BaseException, request: RequestFacts) -> Run:
    """Answer an HTTP error that did not happen, to show a developer how it looks; nothing is recorded.

    Args:
        installation: errbridge in the application.
        exc: The error.
        request: The facts of a request.

    Returns:
        The plan, under way up to its first call.
    """
    run = Run(installation, request)
    context = run.open(exc, installation.application.http_error(exc))
    context.occurrence.is_recorded = True  # so that there is no record, but the page looks as if there were one
    return run.start(_answer(context))


def _answer(context: ErrorContext) -> Plan:
    for candidate in find_candidates(context):
        try:
            outcome = yield from _ask(context, candidate)
        except Exception as error:
            return (yield from _fail(context, f"the handler {describe_function(candidate.call.function)}", error))
        if outcome is not None:
            return outcome
    if context.own_response is not None:
        response = yield from _build_own(context.application, context.own_response)
        if response is not None:
            return pass_on(context, response)
    return (yield from show(context))


def _build_own(application: Application, build: Callable[[], Any]) -> Generator[Call, Any, Any]:
    """Build the response that the class of an exception has of its own; None if that fails."""
    try:
        response = yield Call(build, ())
        if not isinstance(response, application.response_types):
            raise TypeError(f"get_response() returned {type(response).__name__}, which is no response")
        return response
    except Exception:
        log.exception("an exception could not build its response; it is answered without")
        return None


def show(context: ErrorContext) -> Plan:
    """Show the problem of an error without asking a handler."""
    renderer: Renderer | None = None
    try:
        renderer = find_renderer(context)
        if renderer is None:
            return show_built_in(context)
        return (yield from render(context, renderer))
    except TemplateFailure as error:
        return (yield from _fail(context, "", error))
    except Exception as error:
        return (yield from _fail(context, "the response= decorator" if callable(renderer) else "the page", error))


def _fail(context: ErrorContext, what: str, error: Exception) -> Plan:
    """Go on after a failure: raise it in propagate mode, otherwise answer without the part that failed.

    The framework's signal is sent in both cases: by the framework when the failure is raised, else from here.

    Args:
        context: The error that was being handled.
        what: What failed, as the subject of a sentence; "" if that is a template and nothing else.
        error: What it raised.
    """
    if isinstance(error, TemplateFailure):
        what = f"{what} ({error.where})" if what else f"the {error.where}"
    failure = Failure(what, link(error, context))
    if context.application.propagates():
        return Raised(failure.exception)
    try:
        yield Call(context.application.send_signal, (failure.exception,))
    except Exception:
        log.exception("a receiver of the framework's signal failed")
    return show_built_in(context, failure)


# Which handlers are asked, and in which order.


class Candidate(NamedTuple):
    """A handler that may answer.

    Attributes:
        call: The call that asks it.
        is_native: Whether it is registered with the framework, whose rules then hold for its result.
    """

    call: Call
    is_native: bool = False


def find_candidates(context: ErrorContext) -> Iterator[Candidate]:
    """List the handlers that may answer an error, in the order in which they are asked."""
    native, find_turns, cls = context.native, context.error_map.find_turns, type(context.exception)
    turns: Turns = ()
    last: NativeHandler | None = None
    if context.exception is context.original:
        # It is offered as itself, before it is a 500. The framework's choice may be a handler for any exception: if no
        # scope nearer than it would answer the 500, it is called as without errbridge.
        turns = find_turns(context.chain.owners, cls, None)
        if native is not None and native.is_generic:
            last = native if _is_first(native, context) else None
            native = None
    elif context.own_response is not None and not _has_own_handler(context):
        last = native
    else:
        turns = find_turns(context.owners, cls, context.problem.status)
    for owner, handlers in turns:
        if native is not None and is_registered_at(native, owner):
            yield _offer_native(native)
        for handler in handlers:
            args = (context.exception, context.incident) if handler.arity == 2 else (context.exception,)
            yield Candidate(Call(handler.function, args, may_block=not handler.is_async))
    if last is not None:
        yield _offer_native(last)


def _offer_native(native: NativeHandler) -> Candidate:
    call = Call(native.function, (native.exception,), may_block=not is_async(native.function))
    return Candidate(call, is_native=True)


def _has_own_handler(context: ErrorContext) -> bool:
    """Return whether a handler is registered for a class of the application's own that the exception has."""
    frameworks = {*context.application.http_classes.by_status.values(), context.application.http_classes.base}
    classes = takewhile(lambda cls: cls not in frameworks, type(context.exception).__mro__)
    return any(cls in owner.handlers.classes for cls in classes for owner in context.chain.owners)


def _is_first(native: NativeHandler, context: ErrorContext) -> bool:
    """Return whether no scope nearer than a handler for any exception would answer the 500.

    In propagate mode there is no 500, and handlers for it are not asked.
    """
    propagates = context.application.propagates()
    server_error = context.application.http_classes.by_status.get(500, Exception)
    for owner, handlers in context.error_map.find_turns(context.chain.uncaught.owners, server_error, 500):
        if is_registered_at(native, owner):
            return True
        if handlers and not propagates:
            return False
    return False


def is_registered_at(native: NativeHandler, owner: Owner) -> bool:
    """Return whether the framework found its handler at this scope."""
    return native.blueprint == owner.scope.blueprint and (native.blueprint is not None or owner.scope == ROOT)


# What a handler returns.


def _ask(context: ErrorContext, candidate: Candidate) -> Attempt:
    """Ask one handler, once. It may raise what it could have returned: ``abort(404)`` in a handler means a 404."""
    if candidate.call.function in context.asked:  # equal, as each look at a method makes another object
        return None
    context.asked.append(candidate.call.function)
    context.occurrence.is_seen |= len(candidate.call.args) == 2
    try:
        result = yield candidate.call
    except Exception as raised:
        error = find_single_error(raised)  # of the group that a TaskGroup makes
        http = context.application.http_error(error)
        is_passed = error is candidate.call.args[0] and http is not None
        if not is_passed and not _is_answer(error, http):
            raise
        try:
            return (yield from _take(context, candidate, error, http))
        finally:
            del error  # its traceback has this frame
    return (yield from _take(context, candidate, result))


def _take(context: ErrorContext, candidate: Candidate, result: Any, http: HTTPErrorFacts | None = None) -> Attempt:
    """Answer with what a handler returned or raised; None passes the error on."""
    if result is candidate.call.args[0]:  # the exception itself: "not mine" in Flask's documentation
        context.read_again()
        result = None
    if result is None:
        context.is_shared &= not context.occurrence.is_seen  # the handler may have changed the incident's problem
        return None
    vary = context.vary if context.occurrence.is_seen else None
    parts = take_apart(result)
    body = parts.body
    if isinstance(body, BaseException):
        return (yield from _answer_with(context, parts, http or context.application.http_error(body)))
    if isinstance(body, Page):
        return (yield from render_page(context, parts, vary))
    if isinstance(body, Reply):
        return (yield from convert(context, override_reply(body, parts), vary=vary))
    if not candidate.is_native:
        return (yield from convert(context, result, vary=vary))
    if vary is not None:
        result = yield Call(context.application.make_response, (Draft(result, vary=vary), context.request.method))
    return pass_on(context, result)


def _is_answer(error: BaseException, http: HTTPErrorFacts | None) -> bool:
    """Return whether an exception of a handler's means a response: it has a status, or is or carries a response."""
    if http is None or http.original is not None:
        return isinstance(error, Problem)
    return http.is_response or is_error(http.status)


def _answer_with(context: ErrorContext, parts: Parts, http: HTTPErrorFacts | None) -> Plan:
    """Answer with the HTTP error that a handler raised or returned.

    Raises:
        TypeError: It is another exception.
        Exception: Another exception, whose class the handler returned.
    """
    error = parts.body
    if not _is_answer(error, http):
        if parts.is_class:
            raise error
        raise TypeError("a handler returned an exception that is no HTTP error") from error
    if http is not None:
        response = http.response
        if response is None and http.is_response:
            return pass_on(context, error, http.status)
        if response is None and http.own_response is not None:
            response = yield from _build_own(context.application, http.own_response)
        if response is not None:
            return (yield from convert(context, (response, parts.status, parts.headers)))
    problem: Problem = error if http is None else http.problem
    return (yield from show(context.restate(inherit_headers(override_problem(problem, parts), context.problem))))
