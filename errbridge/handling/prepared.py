"""Answers that are made once.

Most errors bring nothing of their own: a URL that does not exist, ``abort(403)``, an uncaught exception, of which
nothing may be told. Where only the style of a scope answers them, their answers differ in the incident's id and in
nothing else. The first error of a kind goes the way that every error takes; what stands around its id in the answer is
kept, and the next one gets that with an id of its own.

The answer depends on the owners of the error, whose chain keeps it, and on what is in its key. Whatever else it could
depend on keeps an error from having a prepared answer: handlers and templates, which are asked each time, hooks, which
see the whole problem, a trace, the methods of another application, a dispatcher that is not one of ours.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from errbridge.application.errormap import Table
from errbridge.handling.case import Case, native_blueprints, opened
from errbridge.handling.plan import answer
from errbridge.http.accept import HTML
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident, new_id
from errbridge.mapping.problems import is_uncaught, known
from errbridge.representations.response import Answer
from errbridge.telemetry.record import level_of, log, record

__all__ = ["prepared"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})  # a client may send any other
_MOST = 2048  # answers of a table


class Pieces(NamedTuple):
    """A prepared answer.

    Attributes:
        status: The status code.
        headers: All of them.
        around: What stands around the id, wherever it is in the body; None where there is no body.
        level: That of its record in the log.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    around: list[bytes] | None
    level: int


def prepared(table: Table, exc: BaseException, request: RequestFacts) -> Answer | None:
    """Answer an HTTP error with what is prepared for its kind.

    Args:
        table: That of the application in which it happened.
        exc: The HTTP error, or the 500 that an exception has become.
        request: The request's facts.

    Returns:
        None where the error has to go the whole way.
    """
    framework = table.framework
    problem = known(exc, table.settings, framework.http)
    if problem is None or table.observers.hooks or request.method not in _METHODS:
        return None
    if request.traceparent or request.trace_id or request.allow:
        return None
    chain = table.chain_at(request)
    if chain is None:
        return None
    if framework.native_handlers and framework.native_handler(exc, native_blueprints(chain, request)) is not None:
        return None
    style = chain.styles[problem.status == 500 and is_uncaught(exc)]
    media_type = style.media_type(request, xhr_enabled=table.settings.xhr_enabled)
    if media_type == HTML and style.templates and not framework.caches_templates():
        return None
    # Of what an exception means there is one object, as long as nobody knows more than a few hundred meanings.
    key = type(exc), problem, media_type, request.method, request.root_path
    pieces = chain.prepared.get(key)
    if pieces is None:
        return None if key in chain.prepared else _made(opened(table, exc, request), key)
    incident_id = new_id()
    if log.isEnabledFor(pieces.level):
        incident = Incident(exc, problem, request, incident_id, chain.owners[0].scope, media_type)
        record(incident, pieces.status, logged_by=framework.logger_name)
    body = None if pieces.around is None else incident_id.encode().join(pieces.around)
    return Answer(pieces.status, pieces.headers, body)


def _made(case: Case, key: Hashable) -> Answer | None:
    """Go the whole way if nobody is to be asked on it, and keep what stands around the id."""
    answered = answer(case)
    found = answered if isinstance(answered, Answer) else None
    if case.table.kept < _MOST:
        case.table.kept += 1
        case.chain.prepared[key] = None if found is None else _pieces(found, case.incident.id.encode())
    return found


def _pieces(answered: Answer, incident_id: bytes) -> Pieces | None:
    level = level_of(answered.status)
    if answered.body is None:
        return Pieces(answered.status, answered.headers, None, level)
    around = answered.body.split(incident_id)
    # The last resort has no id. What made it necessary may be over the next time.
    return Pieces(answered.status, answered.headers, around, level) if len(around) > 1 else None
