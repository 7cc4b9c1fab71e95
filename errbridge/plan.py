"""The plan: the one place that knows the order of things.

A plan is a generator. It yields `Call` objects, which are all that it cannot do itself: calling a user's handler, or
the framework. It is sent what the call returned, or has thrown into it what the call raised, and returns an outcome.
Nobody else decides anything; `drive` and `adrive` only make the calls, one plainly, the other with ``await``.

The order (SPEC section 3):

1. An exception that is no HTTP error is first offered to the handlers of its class and its base classes, scope by
   scope. `claim` plans this. If nobody takes it, the exception goes on its way as if errbridge were not there.
2. An HTTP error, and the 500 that an exception has become, goes from scope to scope. In each, the framework's
   own choice comes first, then errbridge's handlers, then the scope's style, which always answers. `answer` plans this.

When something fails on the way, the next rung is tried: the scope's built-in representation, then constant bytes. Where
exceptions are shown to the developer (debug, testing, propagate mode) a failure is raised instead.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from types import NoneType
from typing import Any, cast

from errbridge.accept import HTML, JSON, XML
from errbridge.answer import Answer, defaults, finish, finished_reply
from errbridge.config import Settings
from errbridge.framework import Framework, NativeAnswer, NativeHandler
from errbridge.handlers import Handler, is_async
from errbridge.incident import Incident, Page, Reply, RequestFacts
from errbridge.installation import Installation, Owner, Table
from errbridge.normalize import clean_headers, complete, is_http_error, is_uncaught, normalize
from errbridge.problem import Problem, header_pairs
from errbridge.record import record
from errbridge.representations import REPRESENTATIONS
from errbridge.representations.values import plain
from errbridge.scopes import ROOT
from errbridge.styles import DEFAULT, Style

__all__ = [
    "Call",
    "Case",
    "Colour",
    "Given",
    "Outcome",
    "Plan",
    "Raised",
    "adrive",
    "answer",
    "answer_edge",
    "answer_outside",
    "claim",
    "drive",
    "opened",
]


class Colour(Enum):
    """How a function has to be called."""

    SYNC = "a user's plain function, which may block and may return an awaitable"
    ASYNC = "a user's function that returns an awaitable"
    OWN = "a function of the driver's own side, to be called where the driver runs"


@dataclass(frozen=True, slots=True)
class Call:
    """Something that a plan cannot do itself."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    colour: Colour


@dataclass(frozen=True, slots=True)
class Given:
    """An outcome that is the framework's: a response, or what a native handler returned."""

    value: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """An outcome that is an exception, to be raised to the framework."""

    exception: BaseException


Outcome = Answer | Given | Raised
Plan = Generator[Call, Any, Outcome]


def drive(plan: Plan, call: Callable[[Call], Any]) -> Outcome:
    """Carry out a plan.

    Args:
        plan: The plan.
        call: Makes one call and returns its result.
    """
    try:
        step = next(plan)
        while True:
            try:
                result = call(step)
            except Exception as error:
                step = plan.throw(error)
            else:
                step = plan.send(result)
    except StopIteration as end:
        return cast(Outcome, end.value)


async def adrive(plan: Plan, call: Callable[[Call], Awaitable[Any]]) -> Outcome:
    """Carry out a plan, awaiting each call.

    Args:
        plan: The plan.
        call: Makes one call and returns its result.
    """
    try:
        step = next(plan)
        while True:
            try:
                result = await call(step)
            except Exception as error:
                step = plan.throw(error)
            else:
                step = plan.send(result)
    except StopIteration as end:
        return cast(Outcome, end.value)


@dataclass(frozen=True, slots=True)
class Case:
    """An incident with everyone who may answer it.

    Attributes:
        incident: The error.
        chain: The scopes that own it, the nearest first, the application last.
        native: The framework's own choice of handler.
        style: Of the nearest scope that has one.
        uncaught: Whether the exception is no HTTP error.
        table: The registrations and settings in force.
        installation: The application.
    """

    incident: Incident
    chain: tuple[Owner, ...]
    native: NativeHandler | None
    style: Style
    uncaught: bool
    table: Table
    installation: Installation

    @property
    def framework(self) -> Framework:
        return self.installation.framework

    @property
    def settings(self) -> Settings:
        return self.table.settings


def opened(installation: Installation, exc: BaseException, request: RequestFacts) -> Case:
    """Find out everything about an error that does not depend on a handler.

    Args:
        installation: The application in which it happened.
        exc: What was raised.
        request: The request's facts.
    """
    table = installation.table()
    uncaught = is_uncaught(exc)
    incident_id = str(uuid.uuid4())
    problem = normalize(exc, request, incident_id, table.settings)
    incident = Incident(exc, problem, request, incident_id)
    chain = table.chain(incident)
    style = _style(chain, uncaught=uncaught)
    incident = replace(
        incident,
        scope=chain[0].scope,
        media_type=style.media_type(request, xhr_enabled=table.settings.xhr_enabled),
    )
    # Blueprints answer for their own views; for errors of routing, for their URLs as well (pallets/flask#1498).
    names = request.blueprints or tuple(
        owner.scope.blueprint for owner in chain if request.routing and owner.scope.blueprint is not None
    )
    native = installation.framework.native_handler(exc, names)
    return Case(incident, chain, native, style, uncaught, table, installation)


def _style(chain: Sequence[Owner], *, uncaught: bool) -> Style:
    for owner in chain:
        if (style := owner.answers(uncaught=uncaught)) is not None:
            return style
    return DEFAULT


# The candidates of both steps, in order.


@dataclass(frozen=True, slots=True)
class _Candidate:
    call: Call
    name: str
    native: bool = False


def _of(handler: Handler, incident: Incident) -> _Candidate:
    args = (incident.exception, incident)[: handler.arity]
    return _Candidate(Call(handler.function, args, _colour(handler.is_async)), handler.name)


def _of_native(native: NativeHandler) -> _Candidate:
    call = Call(native.function, (native.exception,), _colour(native.is_async))
    return _Candidate(call, getattr(native.function, "__qualname__", repr(native.function)), native=True)


def _colour(asynchronous: bool) -> Colour:
    return Colour.ASYNC if asynchronous else Colour.SYNC


def _claimants(case: Case) -> Iterator[_Candidate]:
    """Give who may take an exception for what it is, before it is a 500."""
    cls = type(case.incident.exception)
    native = case.native
    for owner in case.chain:
        if native is not None and not native.generic and _is_registered_at(native, owner):
            yield _of_native(native)
        for handler in owner.handlers.for_class(cls):
            yield _of(handler, case.incident)
    if native is not None and native.generic and _is_first(native, case):
        yield _of_native(native)


def _is_first(native: NativeHandler, case: Case) -> bool:
    """Tell whether no scope nearer than a handler for just anything would answer the 500."""
    server_error = case.framework.http.by_status.get(500, Exception)
    for owner in case.chain:
        if _is_registered_at(native, owner):
            return True
        if owner.answers(uncaught=True) is not None or any(owner.handlers.for_error(server_error, 500)):
            return False
    return True


def _is_registered_at(native: NativeHandler, owner: Owner) -> bool:
    return native.blueprint == owner.scope.blueprint and (native.blueprint is not None or owner.scope == ROOT)


def _candidates(case: Case) -> Iterator[_Candidate]:
    """Give who may answer an HTTP error, up to the scope whose style answers."""
    cls = type(case.incident.exception)
    for owner in case.chain:
        if case.native is not None and _is_registered_at(case.native, owner):
            yield _of_native(case.native)
        for handler in owner.handlers.for_error(cls, case.incident.problem.status):
            yield _of(handler, case.incident)
        if owner.answers(uncaught=case.uncaught) is not None:
            return


def claim(case: Case) -> Plan | None:
    """Plan step 1; None where nobody could take the exception."""
    candidates = list(_claimants(case))
    return _claimed(case, candidates) if candidates else None


def _claimed(case: Case, candidates: Sequence[_Candidate]) -> Plan:
    for candidate in candidates:
        try:
            outcome = yield from _tried(case, candidate)
        except Exception as error:
            # The framework takes it from here: signal, log record and, where wanted, the debugger.
            return Raised(_linked(error, case.incident.exception))
        if outcome is not None:
            return outcome
    return Raised(case.incident.exception)


def answer(case: Case) -> Plan:
    """Plan step 2. It always ends with an answer, or with a failure that the developer is to see."""
    failure: Exception | None = None
    for candidate in _candidates(case):
        try:
            outcome = yield from _tried(case, candidate)
        except Exception as error:
            failure = _linked(error, case.incident.exception)
            if case.framework.propagates():
                return Raised(failure)
            break
        if outcome is not None:
            return outcome
    return (yield from _presented(case, case.incident, case.style, failure))


def _linked(error: Exception, original: BaseException) -> Exception:
    """Make the exception that was being handled the context of the one that came of it."""
    last: BaseException = error
    seen = {id(error)}
    while (context := last.__cause__ or last.__context__) is not None and id(context) not in seen:
        seen.add(id(context))
        last = context
    if id(original) not in seen:
        last.__context__ = original
    return error


def _tried(case: Case, candidate: _Candidate) -> Generator[Call, Any, Outcome | None]:
    """Ask one handler; None when it passes.

    A handler may raise what it could have returned: ``abort(404)`` in a handler means a 404.
    """
    try:
        given = yield candidate.call
    except Exception as error:
        if not _is_answer(error):
            raise
        given = error
    else:
        if candidate.native and not isinstance(given, (Problem, Page, Reply, NoneType)):
            record(case.incident, _status_given(given), None)
            return Given(given)
    if given is None:
        return None
    if isinstance(given, BaseException) and _is_answer(given):
        response = getattr(given, "response", None)
        return (yield from (_meant(case, given) if response is None else _converted(case, response)))
    if isinstance(given, Page):
        return (yield from _page(case.incident, case, given))
    if isinstance(given, Reply):
        return _recorded(case, finished_reply(case.incident, given))
    return (yield from _converted(case, given))


def _is_answer(error: BaseException) -> bool:
    """Tell whether an exception says what to answer: it has a status of an error, or brings a response."""
    if not is_http_error(error) or is_uncaught(error):
        return False
    code = getattr(error, "code", None)
    return getattr(error, "response", None) is not None or (isinstance(code, int) and 400 <= code <= 599)


def _meant(case: Case, error: BaseException) -> Plan:
    """Answer with the HTTP error that a handler said it is."""
    incident = case.incident
    if isinstance(error, Problem):
        problem = complete(error, incident.request, incident.id, case.settings)
    else:
        problem = normalize(error, incident.request, incident.id, case.settings)
    style = _style(case.chain, uncaught=False)
    media_type = style.media_type(incident.request, xhr_enabled=case.settings.xhr_enabled)
    return (yield from _presented(case, replace(incident, problem=problem, media_type=media_type), style, None))


def _page(incident: Incident, case: Case, page: Page, status: Any = None, headers: Any = None) -> Plan:
    body = yield _rendering(case, incident, page)
    if status is None and not headers:
        return _recorded(case, finish(incident, str(body).encode("utf-8", "replace"), HTML, None), incident)
    given = {"Content-Type": "text/html; charset=utf-8"} if not headers else dict(clean_headers(header_pairs(headers)))
    given.setdefault("Content-Type", "text/html; charset=utf-8")
    return (yield from _converted(case, (str(body), status if status is not None else incident.problem.status, given)))


def _rendering(case: Case, incident: Incident, page: Page) -> Call:
    context = {"error": incident.problem, "incident": incident, **page.context}
    return Call(case.framework.render_template, (page.template, context), Colour.OWN)


def _converted(case: Case, given: Any, content_type: Callable[[str], str] | None = None) -> Plan:
    """Let the framework make a response of what a view could have returned."""
    incident = case.incident
    body, status, headers = _unpacked(given)
    if isinstance(body, Page):
        return (yield from _page(incident, case, body, status, headers))
    native = isinstance(body, case.framework.response_types)
    if status is None and not native:
        status = incident.problem.status
    extra = () if native else defaults(incident, status if isinstance(status, int) else incident.problem.status)
    answered = NativeAnswer(body, status, clean_headers(header_pairs(headers)), extra, content_type)
    response = yield Call(case.framework.make_response, (answered, incident.request.method), Colour.OWN)
    record(incident, getattr(response, "status_code", incident.problem.status), None, case.framework.logger_name)
    return Given(response)


def _unpacked(given: Any) -> tuple[Any, Any, Any]:
    """Take apart what a view could have returned: a body, ``(body, status or headers)`` or all three."""
    if not isinstance(given, tuple):
        return given, None, None
    if len(given) == 3:
        return given
    if len(given) == 2:
        body, second = given
        if isinstance(second, (list, tuple)) or hasattr(second, "items"):
            return body, None, second
        return body, second, None
    raise TypeError("a handler returns a tuple as (body, status), (body, headers) or (body, status, headers)")


# How a problem is shown: by the response= decorator, by the application's template, or by a built-in representation.


def _presented(case: Case, incident: Incident, style: Style, failure: Exception | None) -> Plan:
    if failure is None:
        try:
            outcome = yield from _customized(case, incident, style)
        except Exception as error:
            failure = _linked(error, incident.exception)
            if case.framework.propagates():
                return Raised(failure)
        else:
            if outcome is not None:
                return outcome
    return _recorded(case, _represented(case.settings, incident, style), incident, failure)


def _customized(case: Case, incident: Incident, style: Style) -> Generator[Call, Any, Outcome | None]:
    """Show a problem by the application's own means; None where it has none."""
    if incident.media_type in (JSON, XML):
        if case.installation.options.response is None:
            return None
        return (yield from _decorated(case, incident))
    if not (style.templates and incident.media_type == HTML):
        return None
    name = _template(case, incident)
    if name is None:
        return None
    body = yield _rendering(case, incident, Page(name))
    vary = style.vary(xhr_enabled=case.settings.xhr_enabled)
    return _recorded(case, finish(incident, str(body).encode("utf-8", "replace"), HTML, vary), incident)


def _decorated(case: Case, incident: Incident) -> Plan:
    problem = incident.problem

    def document() -> tuple[Any, int, dict[str, str]]:
        return plain(problem.document()), problem.status, dict(problem.headers)

    decorated = case.installation.options.response(document)
    given = yield Call(decorated, (), _colour(is_async(decorated)))
    return (yield from _converted(replace(case, incident=incident), given, case.settings.forced))


def _template(case: Case, incident: Incident) -> str | None:
    """Find the template of a page: the blueprints' own, then the application's, each for the status and its class."""
    blueprints = tuple(owner.scope.blueprint for owner in case.chain if owner.scope.blueprint is not None)
    status = incident.problem.status
    known = case.table.templates
    if (blueprints, status) in known and case.framework.caches_templates():
        return known[blueprints, status]
    folders = [f"{name.rpartition('.')[2]}/errors" for name in blueprints] + ["errors"]
    names = [f"{folder}/{page}.html" for folder in folders for page in (status, f"{status // 100}xx")]
    found = case.framework.find_template((*names, case.settings.page))
    known[blueprints, status] = found
    return found


def _represented(settings: Settings, incident: Incident, style: Style) -> Answer:
    body = REPRESENTATIONS[incident.media_type](incident)
    content_type = settings.sent_as(incident.media_type) if incident.media_type in (JSON, XML) else incident.media_type
    return finish(incident, body, content_type, style.vary(xhr_enabled=settings.xhr_enabled))


def _recorded(
    case: Case, answered: Answer, incident: Incident | None = None, failure: Exception | None = None
) -> Answer:
    record(incident or case.incident, answered.status, failure, case.framework.logger_name)
    return answered


def _status_given(given: Any) -> int:
    """Read the status of what a native handler returned; the framework takes 200 where there is none."""
    _, status, _ = _unpacked(given)
    if status is None:
        status = getattr(given, "status_code", 200)
    text = str(status)[:3]
    return int(text) if text.isdigit() else 200


def answer_outside(installation: Installation, exc: BaseException, request: RequestFacts) -> Answer:
    """Answer an exception that came from around the handling of a request: opening the session, or tearing down.

    The application's handlers and templates expect a request to be there, so none of them is asked.

    Args:
        installation: The application in which it happened.
        exc: What was raised.
        request: The request's facts.
    """
    case = opened(installation, exc, request)
    answered = _represented(case.settings, case.incident, case.style)
    record(case.incident, answered.status, None)
    return answered


def answer_edge(problem: Problem, request: RequestFacts, settings: Settings | None = None) -> Answer:
    """Answer where there is no application: in front of all of them, or in place of one that is gone.

    Args:
        problem: What to say.
        request: The request's facts.
        settings: The defaults if None.

    Returns:
        A page, document or text by the Accept header.
    """
    settings = settings or Settings()
    incident_id = str(uuid.uuid4())
    completed = complete(problem, request, incident_id, settings)
    media_type = DEFAULT.media_type(request, xhr_enabled=settings.xhr_enabled)
    incident = Incident(problem, completed, request, incident_id, media_type=media_type)
    answered = _represented(settings, incident, DEFAULT)
    record(incident, answered.status, None)
    return answered
