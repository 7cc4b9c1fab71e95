"""The plan: the one place that knows the order of things.

1. An exception that is no HTTP error is first offered to the handlers of its class and its base classes, scope by
   scope. `claim` plans this. If nobody takes it, what it stands for is answered: a validation error, the HTTP error in
   a group. An exception that stands for nothing goes on its way as if errbridge were not there.
2. An HTTP error, and the 500 that an exception has become, goes from scope to scope. In each, the framework's
   own choice comes first, then errbridge's handlers, then the scope's style, which always answers. `answer` plans this.

What a handler returns decides how it goes on: a problem is shown in the style of the scope, a page is rendered, a reply
is sent as it is, anything else is the framework's to convert, and None passes the error on.

When something fails on the way, the next rung is tried: the scope's built-in representation, then constant bytes. Where
exceptions are shown to the developer (debug, testing, propagate mode) the failure is raised instead.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from types import GeneratorType, NoneType
from typing import Any

from errbridge.application.errormap import Table
from errbridge.application.hooks import Hook
from errbridge.application.protocol import NativeAnswer
from errbridge.application.settings import Settings
from errbridge.handling.case import Candidate, Case, candidates, claimants, opened
from errbridge.handling.drivers import Call, Colour, Given, Outcome, Plan, Raised
from errbridge.http.accept import HTML, JSON, XML
from errbridge.http.headers import list_headers, map_headers
from errbridge.http.request import RequestFacts
from errbridge.http.status import is_error, parse_status
from errbridge.incident import Incident, Page, Reply, new_id
from errbridge.introspection import describe_function, is_async
from errbridge.mapping.problems import complete, is_http_error, is_uncaught, normalize, original_of
from errbridge.problem.problem import Problem
from errbridge.problem.values import plain
from errbridge.representations.html import POLICY
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.representations.response import Answer, defaults, finish, finished_reply, last_resort, sorted_out
from errbridge.representations.styles import DEFAULT, Style
from errbridge.telemetry.observe import observe, reply_of
from errbridge.telemetry.record import Failure

__all__ = [
    "answer",
    "answer_debugging",
    "answer_edge",
    "answer_outside",
    "claim",
    "own_means",
    "shown",
    "template_folders",
]

Attempt = Generator[Call, Any, Outcome | None]
"""A part of a plan that may leave the error to the next one, by returning None."""


def claim(case: Case, otherwise: Callable[[], Plan | Answer | None] = lambda: None) -> Plan | None:
    """Plan step 1.

    Args:
        case: An exception that is no HTTP error.
        otherwise: Plans how to go on where everybody passes the exception on. None means that it goes on its way.

    Returns:
        None where nobody could take the exception.
    """
    asked = claimants(case)
    return _claimed(case, asked, otherwise) if asked else None


def _claimed(case: Case, asked: Iterable[Candidate], otherwise: Callable[[], Plan | Answer | None]) -> Plan:
    for candidate, vary in _varying(case, asked):
        try:
            outcome = yield from _tried(case, candidate, vary)
        except Exception as error:
            # The framework takes it from here: signal, log record and, where wanted, the debugger.
            return Raised(_linked(error, case.incident))
        if outcome is not None:
            return outcome
    going_on = otherwise()
    if going_on is None:
        return Raised(case.incident.exception)
    return going_on if isinstance(going_on, Answer) else (yield from going_on)


def answer(case: Case) -> Plan | Answer:
    """Plan step 2. It ends with an answer, or with a failure that the developer is to see.

    Args:
        case: An HTTP error, or the 500 that an exception has become.

    Returns:
        The answer itself where nobody has to be asked.
    """
    asked = candidates(case)
    return _answering(case, asked) if asked else shown(case)


def _answering(case: Case, asked: Iterable[Candidate]) -> Plan:
    for candidate, vary in _varying(case, asked):
        try:
            outcome = yield from _tried(case, candidate, vary)
        except Exception as error:
            return _failed(case, f"the handler {describe_function(candidate.call.function)}", error)
        if outcome is not None:
            return outcome
    return (yield from _shown(case))


class _Unrendered(Exception):
    """A template failed. No application ever sees this; it is for the log, to say which template it was.

    Args:
        where: The template, and the place in it.
        error: What it raised.
    """

    def __init__(self, where: str, error: Exception) -> None:
        super().__init__(where)
        self.where = where
        self.error = error


def _failed(case: Case, what: str, error: Exception) -> Outcome:
    """Go on after a failure: show it to the developer, or answer without what failed."""
    if isinstance(error, _Unrendered):
        what = f"{what} ({error.where})"
    failure = Failure(what, _linked(error, case.incident))
    return Raised(failure.exception) if case.framework.propagates() else _built_in(case, failure)


def _linked(error: Exception, incident: Incident) -> Exception:
    """Make the exception that was being handled the context of the one that came of it.

    Python does so itself, but not across threads.
    """
    if isinstance(error, _Unrendered):
        error = error.error
    original = original_of(incident.exception)
    last: BaseException = error
    seen = {id(error)}
    while (context := last.__cause__ or last.__context__) is not None and id(context) not in seen:
        seen.add(id(context))
        last = context
    if id(original) not in seen:
        last.__context__ = original
    return error


# What a handler returned.


def _varying(case: Case, asked: Iterable[Candidate]) -> Iterator[tuple[Candidate, str | None]]:
    """Give each handler with the request headers that its answer may depend on.

    The incident tells what the client wants: a handler that takes it may choose by that, also to pass.
    """
    vary = None
    for candidate in asked:
        if len(candidate.call.args) == 2:
            vary = _vary(case.settings, case.style)
        yield candidate, vary


def _tried(case: Case, candidate: Candidate, vary: str | None) -> Attempt:
    """Ask one handler. It may raise what it could have returned: ``abort(404)`` in a handler means a 404."""
    try:
        given = yield candidate.call
    except Exception as error:
        if not _is_answer(error):
            raise
        given = error
    else:
        if candidate.native and not isinstance(given, (Problem, Page, Reply, NoneType)):
            return _observed_native(case, given, _logged_status(case, given))
    match given:
        case None:
            return None
        case BaseException():
            return (yield from _meant(case, given))
        case Page():
            return (yield from _page(case, given, vary=vary))
        case _:
            return (yield from _converted(case, given, vary=vary))


def _is_answer(error: BaseException) -> bool:
    """Tell whether an exception says what to answer: it has the status of an error, or brings a response."""
    if isinstance(error, Problem):
        return True
    if not is_http_error(error) or is_uncaught(error):
        return False
    return getattr(error, "response", None) is not None or is_error(getattr(error, "code", None))


def _meant(case: Case, error: BaseException) -> Plan:
    """Answer with the HTTP error that a handler raised or returned.

    Raises:
        TypeError: It is another exception.
    """
    if not _is_answer(error):
        raise TypeError("a handler returned an exception that is no HTTP error") from error
    response = None if isinstance(error, Problem) else getattr(error, "response", None)
    if response is not None:
        return (yield from _converted(case, response))
    incident = case.incident
    problem = normalize(error, incident.request, incident.id, case.settings)
    return (yield from _shown(case.meaning(problem)))


def _page(case: Case, page: Page, status: Any = None, headers: Any = None, *, vary: str | None) -> Plan:
    body = yield from _rendering(case, page)
    number = None if status is None else parse_status(status)
    reply = Reply(str(body), number, list_headers(headers))
    return _observed(case, finished_reply(case.incident, reply, HTML, vary))


def _rendering(case: Case, page: Page) -> Generator[Call, Any, Any]:
    context = {"error": case.incident.problem, "incident": case.incident, **page.context}
    try:
        return (yield Call(case.framework.render_template, (page.template, context), Colour.OWN))
    except Exception as error:
        names = (page.template,) if isinstance(page.template, str) else page.template
        raise _unrendered(case, names, error) from None


def _unrendered(case: Case, names: Iterable[str], error: Exception) -> _Unrendered:
    where = f"template {' or '.join(map(repr, names))}"
    place = case.framework.template_fault(error)
    return _Unrendered(f"{where}: {place}" if place else where, error)


def _converted(case: Case, given: Any, *, vary: str | None = None, shows_problem: bool = False) -> Plan:
    """Let the framework make a response of what a view could have returned.

    Args:
        case: The error.
        given: The handler's answer, or what the ``response=`` decorator made.
        vary: The request headers that the choice of this answer may depend on.
        shows_problem: Whether it is the problem document.
    """
    incident = case.incident
    if isinstance(given, Reply):
        return _observed(case, finished_reply(incident, given, vary=vary))
    body, status, headers = _unpacked(given)
    if isinstance(body, Page):
        return (yield from _page(case, body, status, headers, vary=vary))
    added: tuple[tuple[str, str], ...] = ()
    is_response = isinstance(body, case.framework.response_types)
    if status is None and not is_response:
        status = incident.problem.status
    number = incident.problem.status if status is None else parse_status(status)
    if shows_problem or not is_response:
        added = defaults(incident, number)
    if isinstance(body, bytearray):  # Quart would send it number by number
        body = bytes(body)
    elif isinstance(body, Iterator) and not isinstance(body, GeneratorType):  # Quart would refuse it
        body = (chunk for chunk in body)
    own_type, own = sorted_out(headers)
    answered = NativeAnswer(
        body,
        status,
        own if own_type is None else (("Content-Type", own_type), *own),
        added,
        content_type=case.settings.forced if shows_problem else None,
        vary=vary if shows_problem or not is_response else None,
    )
    response = yield Call(case.framework.make_response, (answered, incident.request.method), Colour.OWN)
    return _observed_native(case, response, _status_of(response))


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


def _status_of(given: Any) -> int:
    """Read the status of a response, or of what becomes one; the framework takes 200 where nothing is said."""
    body, status, _ = _unpacked(given)
    return parse_status(status if status is not None else getattr(body, "status_code", 200))


def _logged_status(case: Case, given: Any) -> int:
    """Read the status of what a native handler returned, which is the framework's even where it makes no sense."""
    try:
        return _status_of(given)
    except (TypeError, ValueError):
        return case.incident.problem.status


# How a problem is shown: by the response= decorator, by the application's template, or by a built-in representation.


def shown(case: Case) -> Plan | Answer:
    """Plan how a problem looks, without asking any handler.

    Args:
        case: An HTTP error, or the 500 that an exception has become.

    Returns:
        The answer itself where the application has no means of its own to show it.
    """
    try:
        means = own_means(case)
    except Exception as error:  # of a template
        return _unshown(case, error)
    return _built_in(case) if means is None else _showing(case, means)


def _shown(case: Case) -> Plan:
    planned = shown(case)
    return planned if isinstance(planned, Answer) else (yield from planned)


def _showing(case: Case, means: str | Callable[..., Any]) -> Plan:
    try:
        return (yield from _customized(case, means))
    except Exception as error:
        return (yield from _unshown(case, error))


def _unshown(case: Case, error: Exception) -> Plan:
    """Go on after a failure. It is planned, and no answer at once, for the next error may be shown again."""
    yield from ()
    return _failed(case, "the application's own way to show it", error)


def _customized(case: Case, means: str | Callable[..., Any]) -> Plan:
    """Show a problem by the application's own means."""
    if not isinstance(means, str):
        return (yield from _decorated(case, means))
    body = yield from _rendering(case, Page(means))
    content = str(body).encode("utf-8", "replace")
    return _observed(case, finish(case.incident, content, HTML, _vary(case.settings, case.style)))


def own_means(case: Case) -> str | Callable[..., Any] | None:
    """Find what of the application's own shows a problem.

    Returns:
        The name of a template, the ``response=`` decorator, or None where a built-in representation does.
    """
    media_type = case.incident.media_type
    if media_type in (JSON, XML):
        return case.table.response
    return _template(case) if media_type == HTML and case.style.templates else None


def _decorated(case: Case, response: Callable[..., Any]) -> Plan:
    problem = case.incident.problem

    def document() -> tuple[Any, int, dict[str, str]]:
        return plain(problem.document()), problem.status, map_headers(problem.headers)

    decorated = response(document)
    given = yield Call(decorated, (), Colour.ASYNC if is_async(decorated) else Colour.SYNC)
    return (yield from _converted(case, given, vary=_vary(case.settings, case.style), shows_problem=True))


def template_folders(blueprints: Sequence[str]) -> list[str]:
    """Name the folders in which the templates of pages are looked for: the blueprints' own, then the application's."""
    return [*(f"{name.rpartition('.')[2]}/errors" for name in blueprints), "errors"]


def _template(case: Case) -> str | None:
    """Find the template of a page: the blueprints' own, then the application's, each for the status and its class."""
    blueprints = case.chain.blueprints
    status = case.incident.problem.status
    known = case.chain.templates
    if status in known and case.framework.caches_templates():
        return known[status]
    pages = (status, f"{status // 100}xx")
    names = [f"{folder}/{page}.html" for folder in template_folders(blueprints) for page in pages]
    names.append(case.settings.page)
    try:
        found = case.framework.find_template(names)
    except Exception as error:  # it exists, but cannot be compiled; or the application's loader failed
        raise _unrendered(case, names, error) from None
    known[status] = found
    return found


def _vary(settings: Settings, style: Style) -> str:
    return style.vary(xhr_enabled=settings.xhr_enabled)


def _built_in(case: Case, failure: Failure | None = None) -> Answer:
    """Answer without anything of the application's."""
    table = case.table
    return _represented(
        table.settings, case.incident, case.style, table.observers.hooks, failure, table.framework.logger_name
    )


def _represented(
    settings: Settings,
    incident: Incident,
    style: Style,
    hooks: Sequence[Hook],
    failure: Failure | None = None,
    logged_by: str | None = None,
) -> Answer:
    media_type = incident.media_type
    try:
        body = REPRESENTATIONS[media_type](incident)
        sent_as = settings.sent_as(media_type) if media_type in (JSON, XML) else media_type
        policy = POLICY if media_type == HTML and settings.csp_enabled else None
        answered = finish(incident, body, sent_as, _vary(settings, style), policy)
    except Exception as error:
        failure = failure or Failure("the built-in representation", _linked(error, incident))
        answered = last_resort(incident.request.method, incident.problem.status)
    observe(hooks, incident, answered.status, failure, logged_by, reply_of, answered)
    return answered


def _observed(case: Case, answered: Answer) -> Answer:
    hooks, logged_by = case.observers.hooks, case.framework.logger_name
    observe(hooks, case.incident, answered.status, None, logged_by, reply_of, answered)
    return answered


def _observed_native(case: Case, given: Any, status: int) -> Given:
    """End with what only the framework can send.

    Args:
        case: The error.
        given: A response of the framework, or what a native handler returned.
        status: The one that it will have.
    """
    hooks, logged_by = case.observers.hooks, case.framework.logger_name
    observe(hooks, case.incident, status, None, logged_by, _described, case, given, status)
    return Given(given)


def _described(case: Case, given: Any, status: int) -> Reply:
    body, _, headers = _unpacked(given)
    reply = case.framework.described(body)
    return Reply(reply.body, status, (*list_headers(reply.headers), *list_headers(headers)))


# Where there is no application to ask.


def answer_outside(table: Table, exc: BaseException, request: RequestFacts) -> Answer:
    """Answer an exception that came from around the handling of a request: opening the session, or tearing down.

    The application's handlers and templates expect a request to be there, so none of them is asked.

    Args:
        table: That of the application in which it happened.
        exc: An HTTP error, or the framework's 500 for what was raised.
        request: The request's facts.
    """
    case = opened(table, exc, request)
    return _represented(case.settings, case.incident, case.style, case.observers.hooks)


def answer_debugging(table: Table, exc: BaseException, request: RequestFacts, hidden: Iterable[str]) -> Answer | None:
    """Answer an exception that is shown to the developer, where the client is a program that would not see it.

    Args:
        table: That of the application in which it happened.
        exc: The framework's 500 for what was raised.
        request: The request's facts.
        hidden: The framework's packages, as for `errbridge.handling.debugging.describe_exception`.

    Returns:
        A problem document with the member ``exception``; None for a client that is not to get a document.
    """
    case = opened(table, exc, request)
    incident, settings = case.incident, case.settings
    if incident.media_type not in (JSON, XML):
        return None
    from errbridge.handling.debugging import describe_exception

    problem = Problem(500, detail=settings.default_msg, exception=describe_exception(original_of(exc), hidden))
    telling = incident._replace(problem=complete(problem, request, incident.id, settings))
    return _represented(settings, telling, case.style, case.observers.hooks)


def answer_edge(
    problem: Problem, request: RequestFacts, settings: Settings | None = None, hooks: Sequence[Hook] = ()
) -> Answer:
    """Answer where there is no application: in front of all of them, or in place of one that is gone.

    Args:
        problem: What to say. Its ``__cause__`` is logged, if it has one.
        request: The request's facts.
        settings: The defaults if None.
        hooks: Told of it.

    Returns:
        A page, document or text by the Accept header.
    """
    settings = settings or Settings()
    incident_id = new_id()
    completed = complete(problem, request, incident_id, settings)
    media_type = DEFAULT.media_type(request, xhr_enabled=settings.xhr_enabled)
    incident = Incident(problem.__cause__ or problem, completed, request, incident_id, media_type=media_type)
    return _represented(settings, incident, DEFAULT, hooks)
