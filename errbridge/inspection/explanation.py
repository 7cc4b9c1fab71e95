"""How an error would be answered: by which handlers, in which order, in which media type, and why.

`explain` drives the plan that answers a real error, and passes in place of each handler, which it does not call: any of
them may return None. So the order of things is that of `errbridge.handling.respond`, and only the words are found here.
A handler of the framework is taken to answer: without errbridge, None from it would be an error itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from errbridge import validation
from errbridge.application.errormap import Owner
from errbridge.application.installation import Installation
from errbridge.application.protocol import Application
from errbridge.handlers.handlers import is_class_name
from errbridge.handling.closing import choose_close_frame
from errbridge.handling.context import ErrorContext, Run
from errbridge.handling.plans import Call, Left, Outcome, Raised
from errbridge.handling.respond import is_registered_at, respond, status_of
from errbridge.http.accept import HTML, JSON, XML, weigh_offers
from errbridge.http.request import RequestFacts
from errbridge.inspection.listing import sort_keys
from errbridge.inspection.subject import (
    Source,
    Subject,
    capture_failures,
    copy_without_hooks,
    find_source,
    key_name,
)
from errbridge.introspection import describe_function
from errbridge.scopes.scope import ROOT, list_blueprints

__all__ = ["Considered", "Explanation", "Link", "Situation", "Step", "Unhandled", "explain"]


@dataclass(frozen=True, slots=True)
class Situation:
    """An error as it would happen, with remarks on its request."""

    exception: Exception
    server_error: Exception  # the 500 that the framework makes of an exception that is not answered as itself
    request: RequestFacts
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A scope of the chain, why it is there, and how its errors look."""

    scope: str
    reason: str
    style: str | None  # None leaves that to the next scope
    failure: bool  # whether it answers uncaught exceptions with the plain page


@dataclass(frozen=True, slots=True)
class Considered:
    """A handler of the chain, and why it is asked, or is not."""

    scope: str
    key: str
    source: Source
    native: bool
    order: int | None  # its place among the handlers that are asked, from 1; None if it is not asked
    reason: str  # empty if the key says it


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of the error, with all handlers of the chain and what happens if no handler takes it."""

    error: str
    considered: tuple[Considered, ...]
    otherwise: str


@dataclass(frozen=True, slots=True)
class Unhandled:
    """The answer to an error that no handler takes."""

    status: int
    media_type: str
    media_reasons: tuple[str, ...]
    shown_by: str  # what makes the page or document
    close: str | None = None  # the code and reason that close a WebSocket after its handshake


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that is known about the answer to an error before it happens."""

    app: str
    method: str
    host: str
    path: str
    endpoint: str | None
    error: str
    notes: tuple[str, ...]
    chain: tuple[Link, ...]
    steps: tuple[Step, ...]  # one for an HTTP error; two for another exception, which first is offered as itself
    answered_by: Source | None  # the first native handler that is asked; it answers unless one before it does
    otherwise: Unhandled | None  # None if the framework deals with the error alone, or raises it


class _Walk:
    """The way of an error that every handler passes on: the contexts, the calls of handlers, and the end.

    The end may be the call of the application's own way to show the problem.
    """

    def __init__(self, installation: Installation, situation: Situation) -> None:
        # The plan would call the response= decorator before there is a call to stop at.
        installation = copy_without_hooks(installation, replace(installation.options, response=None))
        self.asked: list[tuple[ErrorContext, Call]] = []  # each call with the context in which it is made
        run = respond(installation, situation.exception, situation.request)
        self.end = self._follow(run)
        if isinstance(self.end, Raised) and not installation.application.propagates():
            run = respond(installation, situation.server_error, situation.request, run)
            self.end = self._follow(run)
        self.contexts = run.contexts

    def _follow(self, run: Run) -> Outcome | Call:
        while run.outcome is None:
            if run.call.function != run.installation.application.send_signal:
                if run.call.function not in run.contexts[-1].asked:
                    return run.call
                self.asked.append((run.contexts[-1], run.call))
            run.send(None)
        return run.outcome

    @property
    def is_unasked(self) -> bool:
        """Whether no handler of errbridge is asked: the exception brings its answer, or is left to the framework."""
        if isinstance(self.end, Left):
            return True
        if not isinstance(self.end, Call) or self.end.function != self.contexts[-1].own_response:
            return False
        native = self.contexts[-1].native
        return all(native is not None and call.function is native.function for _, call in self.asked)


def explain(subject: Subject, situation: Situation) -> Explanation:
    """Explain the response to an error."""
    request = situation.request
    with capture_failures():
        walk = _Walk(subject.installation, situation)
    stages = [] if walk.is_unasked else [_Stage(subject, walk, place) for place in range(len(walk.contexts))]
    steps = tuple(stage.explain() for stage in stages)
    asked = (entry for step in steps for entry in step.considered if entry.order is not None)
    return Explanation(
        subject.name,
        "WEBSOCKET" if request.websocket else request.method,
        request.host,
        request.path,
        request.endpoint,
        _describe(subject.application, situation.exception),
        (*situation.notes, *_find_notes(subject, walk, situation.exception)),
        tuple(_link(owner, request) for owner in walk.contexts[-1].chain.owners) if walk.contexts else (),
        steps,
        next((entry.source for entry in asked if entry.native), None),
        None if walk.is_unasked or isinstance(walk.end, Raised) else _explain_unhandled(subject, walk),
    )


def _find_notes(subject: Subject, walk: _Walk, exc: BaseException) -> Iterator[str]:
    for name, (function, _) in subject.replaced_methods.items():
        yield f"{find_source(function).name} is in place of {name}, and may answer before errbridge"
    last = walk.contexts[-1] if walk.contexts else None
    if walk.is_unasked and subject.application.traps(exc):
        yield "TRAP_HTTP_EXCEPTIONS or TRAP_BAD_REQUEST_ERRORS makes the framework raise it as a crash"
    elif last is None:
        yield "it is an answer already, and the framework sends it as it is"
    elif walk.is_unasked:
        native = f"the framework asks {find_source(last.native.function).name} first" if last.native else ""
        yield f"its class builds a response of its own, and {native or 'no handler is registered for the class'}"
    elif last.original is not exc or any(context.exception is exc for context, _ in walk.asked):
        return
    elif validation.problem_of(exc, everywhere=True) is not None:
        yield (
            "a validation error is a bug of yours unless you say that the data are the client's: with client_data(), "
            "with errbridge.validation.handlers, or by ERROR_VALIDATION"
        )


def _describe(application: Application, exc: BaseException) -> str:
    status = status_of(application, exc)
    return key_name(type(exc)) if status is None else f"{type(exc).__qualname__} ({status})"


def _link(owner: Owner, request: RequestFacts) -> Link:
    scope = owner.scope
    if scope == ROOT:
        reason = "the application, the last owner of every error"
    elif scope.blueprint in request.blueprints:
        reason = f"a blueprint of the view {request.endpoint}"
    elif any(scope.blueprint in list_blueprints(name) for name in request.rule_blueprints):
        reason = "its route has this URL with another method"
    else:
        reason = f"owns {scope.host or ''}{scope.prefix or '/'}"
    return Link(str(scope), reason, owner.style.name if owner.style else None, owner.failure)


class _Stage:
    """A context of the error, with the handlers that are asked in it."""

    def __init__(self, subject: Subject, walk: _Walk, number: int) -> None:
        context = self.context = walk.contexts[number]
        self.subject, self.walk = subject, walk
        self.following = next(iter(walk.contexts[number + 1 :]), None)
        self.is_claim = context.exception is context.original  # an exception that is no HTTP error is offered as itself
        self.reached = context.chain.owners if self.is_claim else context.owners
        calls = [call for each, call in walk.asked if each is context]
        # By the identity of the function. Each place is taken once.
        self.places = {id(call.function): place for place, call in enumerate(calls, 1)}

    def explain(self) -> Step:
        """Explain of each handler of the chain when it is asked, or why it is not."""
        owners, problem = self.context.chain.owners, self.context.problem
        considered = tuple(each for owner in owners for each in (*self._list_natives(owner), *self._list_own(owner)))
        if self.is_claim:
            condition = "only if no handler above takes it: " if any(entry.order for entry in considered) else ""
            error = f"the exception {key_name(type(self.context.exception))}"
            return Step(error, considered, condition + self._explain_unclaimed())
        shown = f"{self.reached[-1].scope} shows the {problem.status} in the style {self.context.look.style.name}"
        return Step(f"{problem.status} {problem.title}", considered, shown)

    def _explain_unclaimed(self) -> str:
        if (following := self.following) is None:
            return "it is raised for the developer to see, as in debug, testing and propagate mode"
        if following.original is None:
            return f"it means {_describe(following.application, following.exception)}"
        if following.exception is following.original:
            return f"it is a group of one exception, {key_name(type(following.exception))}"
        return "the framework makes a 500 of it"

    def _list_natives(self, owner: Owner) -> Iterator[Considered]:
        natives, native, choice = list(self.subject.list_natives(owner.scope)), self.context.native, None
        if native is not None and is_registered_at(native, owner):  # one function may be registered for several classes
            by_class = {entry.cls: entry for entry in natives if entry.function is native.function}
            choice = next((by_class[cls] for cls in type(native.exception).__mro__ if cls in by_class), None)
        for entry in natives:
            order = self.places.pop(id(entry.function), None) if entry is choice else None
            if self.subject.is_replaced(entry):
                reason = "errbridge replaces it (replace_native)"
            elif entry is not choice:
                reason = "not what the framework chooses for this error"
            elif order is not None:
                reason = "the framework's choice; what it returns is sent as it is"
            elif any(call.function is entry.function for _, call in self.walk.asked):
                reason = "called already"
            else:
                reason = "the framework's choice, but a nearer scope handles it"
            yield Considered(str(owner.scope), key_name(entry.key), find_source(entry.function), True, order, reason)

    def _list_own(self, owner: Owner) -> Iterator[Considered]:
        cls, status, handlers = type(self.context.exception), self.context.problem.status, owner.handlers.by_key
        fitting = [self.subject.normalize_key(key) for key, _ in owner.handlers.list_fitting(cls, status)]
        for key in dict.fromkeys((*fitting, *sort_keys(handlers))):
            function, order, is_class = handlers[key].function, None, isinstance(key, type) or is_class_name(key)
            if owner not in self.reached:
                reason = f"not reached: a nearer scope has the style {self.context.look.style.name}"
            elif key not in fitting:
                reason = f"{cls.__qualname__} is not one" if is_class else f"the status is {status}"
            elif self.is_claim and not is_class:
                reason = "not for exceptions as they are: called once it is a 500"
            else:
                order = self.places.pop(id(function), None)
                reason = "called already" if order is None else ""
            yield Considered(str(owner.scope), key_name(key), find_source(function), False, order, reason)


# The media type, and what makes the page or document.


def _explain_unhandled(subject: Subject, walk: _Walk) -> Unhandled:
    context, end, close = walk.contexts[-1], walk.end, None
    sent, decorator = context.look.media_type, subject.error_map.response
    if isinstance(end, Call):
        is_own = end.function == context.own_response
        means = "the response that its class builds" if is_own else f"the template {end.args[0]}"
    elif sent in (JSON, XML) and decorator is not None:
        means = f"the response= decorator {describe_function(decorator)}"
    else:
        means = "the built-in page" if sent == HTML else "the built-in representation"
    if sent in (JSON, XML):
        sent = context.error_map.settings.choose_content_type(sent)
    if context.request.websocket:
        frame = choose_close_frame(context, context.problem.status)
        close = f"{frame.code} ({frame.reason})"
    return Unhandled(context.problem.status, sent, tuple(_explain_media_type(context)), means, close)


def _explain_media_type(context: ErrorContext) -> Iterator[str]:
    request, style = context.request, context.look.style
    offers, default = style.offers_for(xhr=request.xhr)
    if offers != style.offers:
        yield f"an XMLHttpRequest asks the style {style.name} for a document"
    weights = weigh_offers(request.accept, offers)
    if not request.accept:
        yield f"there is no Accept header, so it is the default of the style {style.name}, {default}"
    elif any(offer.acceptable for offer in weights):
        yield f"the request has Accept: {request.accept}"
    else:
        yield f"Accept names nothing on offer, so it is the default of the style {style.name}"
    for offer in weights if any(each.quality for each in weights) else ():
        how = "named" if offer.named else "covered by a wildcard"
        rule = "" if offer.acceptable else "; XML has to be named, to win over JSON, and to come without text/html"
        weight = f"quality {offer.quality:g}, {how}{rule}" if offer.quality else "not accepted"
        yield f"{offer.media_type}: {weight}"
