"""Who would answer an error, in which order, in which media type, and why.

Everything is found out by opening the case as for a real error; only the words are made here. No handler is called, so
what one of them would return is not known: each that would be asked may return None, and then the next one is asked.
Of a handler of the framework that is not expected: without errbridge, None from it would be an error itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from errbridge.application.errormap import Asked, Owner
from errbridge.handlers.handlers import CATCH_ALL, Handler, Key
from errbridge.handling.case import Candidate, Case, candidates, claimants, is_registered_at, opened
from errbridge.handling.plan import own_means
from errbridge.http.accept import HTML, JSON, XML, Offer, weigh_offers
from errbridge.http.request import RequestFacts
from errbridge.inspection.listing import sorted_keys
from errbridge.inspection.subject import NativeEntry, Source, Subject, key_name, source_of
from errbridge.introspection import describe_function
from errbridge.mapping.problems import is_http_error, is_uncaught, status_of
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["Considered", "Explanation", "Link", "Situation", "Step", "Unhandled", "explained"]


class Situation(NamedTuple):
    """An error as it would happen.

    Attributes:
        exception: What would be raised.
        becomes: What an exception that is no HTTP error is answered as where nobody takes it: the framework's 500, or
            the HTTP error that it stands for.
        raised: Whether it is shown to the developer instead.
        request: The request's facts.
        notes: What is to be said of it before anything else.
        answered: Why nobody would be asked, if so: the framework deals with it alone.
    """

    exception: Exception
    becomes: BaseException
    raised: bool
    request: RequestFacts
    notes: tuple[str, ...] = ()
    answered: str | None = None


class Link(NamedTuple):
    """A scope of the chain.

    Attributes:
        scope: Its name.
        reason: Why it is in the chain.
        style: How its errors look; None leaves that to the next.
        failure: Whether it answers uncaught exceptions with the plain page.
    """

    scope: str
    reason: str
    style: str | None
    failure: bool


class Considered(NamedTuple):
    """A handler and what becomes of it.

    Attributes:
        scope: Where it is registered.
        key: What for.
        source: Where it stands.
        native: Whether it was registered with the framework.
        order: Its place among those that are asked, from 1; None if it is passed over.
        reason: Why.
    """

    scope: str
    key: str
    source: Source
    native: bool
    order: int | None
    reason: str


class Step(NamedTuple):
    """One time that handlers are asked.

    Attributes:
        error: What they are asked about.
        considered: All handlers of the chain, the nearest scope first.
        otherwise: What happens if none of them takes it.
    """

    error: str
    considered: tuple[Considered, ...]
    otherwise: str


class Unhandled(NamedTuple):
    """The answer to an error that no handler takes.

    Attributes:
        status: Its status.
        media_type: In which the page or document is sent.
        media_reasons: Why it is that one.
        shown_by: What makes the page or document.
    """

    status: int
    media_type: str
    media_reasons: tuple[str, ...]
    shown_by: str


class Explanation(NamedTuple):
    """Everything that is known of the answer to an error before it happens.

    Attributes:
        app: The application's name.
        method: Of the request.
        host: Likewise.
        path: Likewise.
        endpoint: Of the route that matches, if one does.
        error: What is raised.
        notes: What is to be said of it before anything else.
        chain: The scopes that own it, the nearest first.
        steps: One for an HTTP error; two for another exception, which is a 500 only when nobody took it.
        answered_by: The handler of the framework that answers if none that is asked before it does. All that comes
            after it is only for when it returns None.
        otherwise: The answer if no handler takes it; None where it is raised, or is none of errbridge's.
    """

    app: str
    method: str
    host: str
    path: str
    endpoint: str | None
    error: str
    notes: tuple[str, ...]
    chain: tuple[Link, ...]
    steps: tuple[Step, ...]
    answered_by: Source | None
    otherwise: Unhandled | None


def explained(subject: Subject, situation: Situation) -> Explanation:
    """Say who would answer an error, and why."""
    exc, request = situation.exception, situation.request
    about = (subject.name, request.method, request.host, request.path, request.endpoint, _named(exc))
    if situation.answered is not None:
        return Explanation(*about, (*situation.notes, situation.answered), (), (), None, None)
    case = opened(subject.installation.table(), exc, request)
    steps: list[Step] = []
    if not is_http_error(exc):
        steps.append(_claiming(subject, case, situation))
        if situation.raised:
            return Explanation(*about, situation.notes, _chain(case), tuple(steps), _answering_native(steps), None)
        case = opened(subject.installation.table(), situation.becomes, request)
    steps.append(_answering(subject, case))
    return Explanation(*about, situation.notes, _chain(case), tuple(steps), _answering_native(steps), _unhandled(case))


def _answering_native(steps: Sequence[Step]) -> Source | None:
    asked = (entry for step in steps for entry in step.considered if entry.order is not None)
    return next((entry.source for entry in asked if entry.native), None)


def _unhandled(case: Case) -> Unhandled:
    media_type = case.incident.media_type
    return Unhandled(
        case.incident.problem.status,
        case.settings.sent_as(media_type) if media_type in (JSON, XML) else media_type,
        tuple(_media_reasons(case)),
        _shown_by(case),
    )


def _named(exc: BaseException) -> str:
    name = key_name(type(exc))
    return f"{name.rpartition('.')[2]} ({status_of(exc, 500)})" if is_http_error(exc) else name


def _chain(case: Case) -> tuple[Link, ...]:
    return tuple(_link(owner, case.incident.request) for owner in case.chain)


def _link(owner: Owner, request: RequestFacts) -> Link:
    return Link(
        str(owner.scope),
        _reason_of_owner(owner.scope, request),
        None if owner.style is None else owner.style.name,
        owner.failure,
    )


def _reason_of_owner(scope: Scope, request: RequestFacts) -> str:
    if scope == ROOT:
        return "the application, which has the last word"
    if scope.blueprint in request.blueprints:
        return f"a blueprint of the view {request.endpoint}"
    if scope.blueprint in request.rule_blueprints:
        return "its route has this URL with another method"
    return f"owns {scope.host or ''}{scope.prefix or '/'}"


# The handlers.


def _claiming(subject: Subject, case: Case, situation: Situation) -> Step:
    """Explain how an exception that is no HTTP error is offered for what it is."""
    asked = claimants(case)
    considered = _considered(subject, case, asked, dict(_by_owner(case.chain.claiming(type(case.incident.exception)))))
    error = f"the exception {key_name(type(case.incident.exception))}"
    if is_http_error(situation.becomes) and not is_uncaught(situation.becomes):
        otherwise = f"it stands for {_named(situation.becomes)}"
    elif situation.raised:
        otherwise = "it is raised, for in debug, testing and propagate mode exceptions are shown to the developer"
    else:
        otherwise = "it goes on to the framework, which makes a 500 of it"
    return Step(error, tuple(considered), otherwise)


def _answering(subject: Subject, case: Case) -> Step:
    """Explain how an HTTP error goes from scope to scope."""
    problem = case.incident.problem
    cls = type(case.incident.exception)
    reached = dict(_by_owner(case.chain.answering(cls, problem.status, uncaught=case.uncaught)))
    considered = _considered(subject, case, candidates(case), reached)
    last = list(reached)[-1]
    return Step(
        f"{problem.status} {problem.title}",
        tuple(considered),
        f"{last} shows it in its style, {case.style.name}",
    )


def _by_owner(asked: Asked) -> Iterator[tuple[str, tuple[Handler, ...]]]:
    return ((str(owner.scope), handlers) for owner, handlers in asked)


def _considered(
    subject: Subject, case: Case, asked: Sequence[Candidate], reached: Mapping[str, tuple[Handler, ...]]
) -> Iterator[Considered]:
    """Say of every handler of the chain when it is asked, or why it is not."""
    natives = list(subject.natives())
    chosen = next((place for place, candidate in enumerate(asked, start=1) if candidate.native), None)
    place = 0
    for owner in case.chain:
        own = [entry for entry in natives if entry.blueprint == owner.scope.blueprint and _has_natives(owner)]
        mine = chosen if case.native is not None and is_registered_at(case.native, owner) else None
        yield from _considered_natives(owner, own, case, mine)
        if mine == place + 1:
            place += 1
        yield from _considered_own(owner, case, reached.get(str(owner.scope)), place)
        place += len(reached.get(str(owner.scope), ()))


def _has_natives(owner: Owner) -> bool:
    return owner.scope.blueprint is not None or owner.scope == ROOT


def _considered_natives(
    owner: Owner, entries: Sequence[NativeEntry], case: Case, order: int | None
) -> Iterator[Considered]:
    native = case.native
    taken = False
    for entry in entries:
        is_choice = (
            native is not None
            and is_registered_at(native, owner)
            and entry.function is native.function
            and _fits(entry.key, native.exception)
            and not taken
        )
        taken = taken or is_choice
        if is_choice and order is not None:
            reason = "the framework's choice; what it returns is sent as it is"
        elif is_choice:
            reason = "the framework's choice, but a nearer scope answers"
        else:
            reason = "not what the framework chooses for this error"
        where, key = str(owner.scope), key_name(entry.key)
        yield Considered(where, key, source_of(entry.function), True, order if is_choice else None, reason)


def _fits(key: Key, exc: BaseException) -> bool:
    return isinstance(exc, key) if isinstance(key, type) else getattr(exc, "code", None) == key


def _considered_own(owner: Owner, case: Case, asked: tuple[Handler, ...] | None, before: int) -> Iterator[Considered]:
    cls, status = type(case.incident.exception), case.incident.problem.status
    canonical = case.framework.http.canonical
    fitting = {canonical(key): handler for key, handler in owner.handlers.fitting(cls, status)}
    by_key = owner.handlers.by_key
    places = {id(handler): before + place for place, handler in enumerate(asked or (), start=1)}  # equal ones differ
    for key in (*fitting, *(key for key in sorted_keys(by_key) if key not in fitting)):
        handler = by_key[key]
        order: int | None = None
        if asked is None:
            reason = f"not reached: a nearer scope has the style {case.style.name}, which answers"
        elif key not in fitting:
            reason = _misfit(key, cls, status)
        elif all(handler is not each for each in asked):
            reason = "not for exceptions as they are: asked once it is a 500"
        elif (order := places.pop(id(handler), None)) is None:
            reason = "asked already"
        else:
            reason = _fit(key, cls)
        yield Considered(str(owner.scope), key_name(key), source_of(handler.function), False, order, reason)


def _fit(key: Key, cls: type[BaseException]) -> str:
    if isinstance(key, type):
        return "its class" if key is cls else "a base class of it"
    if isinstance(key, int):
        return "its status"
    return "takes everything" if key == CATCH_ALL else f"takes every {key}"


def _misfit(key: Key, cls: type[BaseException], status: int) -> str:
    return f"{cls.__qualname__} is not one" if isinstance(key, type) else f"the status is {status}"


# The media type, and what makes the page or document.


def _media_reasons(case: Case) -> Iterator[str]:
    request, style = case.incident.request, case.style
    offers, default = style.offered(request, xhr_enabled=case.settings.xhr_enabled)
    if offers != style.offers:
        yield f"an XMLHttpRequest asks the style {style.name} for a document"
    weights = weigh_offers(request.accept, offers)
    if not request.accept:
        yield f"no Accept header, so it is what the style {style.name} gives to everyone, {default}"
    elif any(offer.acceptable for offer in weights):
        yield f"of Accept: {request.accept}"
    else:
        yield f"Accept names nothing that there is here, so it is what the style {style.name} gives to everyone"
    if any(offer.quality for offer in weights):
        yield from (f"{offer.media_type}: {_weight(offer)}" for offer in weights)


def _weight(offer: Offer) -> str:
    if offer.quality == 0:
        return "not accepted"
    how = "named" if offer.named else "covered by a wildcard"
    if offer.acceptable:
        return f"quality {offer.quality:g}, {how}"
    return f"quality {offer.quality:g}, {how}; XML has to be named, to beat JSON, and to stand without text/html"


def _shown_by(case: Case) -> str:
    means = own_means(case)
    if means is None:
        return "the built-in page" if case.incident.media_type == HTML else "the built-in representation"
    return f"the template {means}" if isinstance(means, str) else f"the response= decorator {describe_function(means)}"
