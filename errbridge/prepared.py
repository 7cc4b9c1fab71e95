"""Answers that are made once.

Most errors bring nothing of their own: a URL that does not exist, ``abort(403)``. Where only the style of a scope
answers them, and nobody is told of them, their answers differ in the incident's id and in nothing else. Such an answer
is made once, on the way that every error takes, for an id that stands for all of them. What stands around that id is
kept, and the next error of the kind gets it with an id of its own.

The answer depends on the owners of the error, whose chain keeps it, and on what is in its key. Whatever else it could
depend on keeps an error from having a prepared answer: handlers and templates, which are asked each time, a trace, the
methods of another application, a dispatcher that is not one of ours.
"""

from __future__ import annotations

from typing import NamedTuple

from errbridge.accept import HTML
from errbridge.answer import Answer
from errbridge.case import native_blueprints, opened
from errbridge.incident import Incident, RequestFacts, new_id
from errbridge.installation import Installation
from errbridge.normalize import known
from errbridge.plan import answer
from errbridge.record import is_recorded

__all__ = ["prepared"]

_ANY_ID = "00000000-0000-4000-8000-000000000000"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})  # a client may send any other
_MOST = 256  # answers of a chain


class Pieces(NamedTuple):
    """A prepared answer.

    Attributes:
        status: The status code.
        headers: All of them.
        around: What stands around the id, wherever it is in the body; None where there is no body.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    around: list[bytes] | None


def prepared(installation: Installation, exc: BaseException, request: RequestFacts) -> Answer | None:
    """Answer an HTTP error with what is prepared for its kind.

    Args:
        installation: The application in which it happened.
        exc: The HTTP error.
        request: The request's facts.

    Returns:
        None where the error has to go the whole way.
    """
    framework = installation.framework
    problem = known(exc, framework.http)
    if problem is None or request.traceparent or request.trace_id or request.allow or request.method not in _METHODS:
        return None
    table = installation.table()
    if not table.is_by_place or installation.shared.observers.hooks or is_recorded(problem.status):
        return None
    chain = table.chain(Incident(exc, problem, request, _ANY_ID))
    if framework.native_handler(exc, native_blueprints(chain, request)) is not None:
        return None
    media_type = chain.style(uncaught=False).media_type(request, xhr_enabled=table.settings.xhr_enabled)
    key = type(exc), problem.headers, media_type, request.method, request.root_path
    if key in chain.prepared:
        pieces = chain.prepared[key]
    else:
        pieces = _made(installation, exc, request)
        if len(chain.prepared) < _MOST:
            chain.prepared[key] = pieces
    if pieces is None:
        return None
    body = None if pieces.around is None else new_id().encode().join(pieces.around)
    return Answer(pieces.status, pieces.headers, body)


def _made(installation: Installation, exc: BaseException, request: RequestFacts) -> Pieces | None:
    """Go the whole way once; None if somebody has to be asked on it, or could have to be asked the next time."""
    case = opened(installation, exc, request, _ANY_ID)
    if case.style.templates and case.incident.media_type == HTML and not case.framework.caches_templates():
        return None
    plan = answer(case)
    try:
        next(plan)
    except StopIteration as end:
        answered: object = end.value
    else:
        plan.close()
        return None
    if not isinstance(answered, Answer):
        return None
    around = None if answered.body is None else answered.body.split(_ANY_ID.encode())
    return Pieces(answered.status, answered.headers, around)
