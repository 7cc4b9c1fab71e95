"""Where the time of an error goes that costs nothing but finding out whose it is: one step after the other is added.

The first contender sends the same bytes for every error. The next ones are errbridge, which also stops searching
after so many steps and sends the same bytes; the last one is errbridge as it is. What a step costs is the difference
to the line before, measured where it counts: inside whole requests, whose own work has taken the processor's caches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.areas import flask_requests, quart_requests
from benchmarks.areas.kinds import CONSTANT, ERRBRIDGE, KINDS, LEANEST, PROBLEM, Kind, answered
from benchmarks.calls import asgi_call, expecting, wsgi_call
from benchmarks.measure import Case, Group
from errbridge.handling.prepared import prepared
from errbridge.mapping.problems import known
from errbridge.pallets.seam import SEAM, Seam
from errbridge.representations.response import Answer

__all__ = ["AREA", "STEPS", "groups"]

AREA = "steps"
_KIND = "scoped 404"

STEPS = (
    "+ errbridge around it, two more headers",
    "+ the facts of the request",
    "+ the table in force, and what the error means",
    "+ the owners of the URL",
    "+ the media type",
    "+ an id, and the answer that is prepared",
)

_PREPARED = 5  # the steps that come before it, which it does itself


def _stopping(app: Any, steps: int) -> Any:
    """Have an application send the same bytes after so many steps of the search."""
    seam: Seam = app.extensions[SEAM]
    headers = (("Content-Type", PROBLEM), ("X-Content-Type-Options", "nosniff"), ("Vary", "Accept"))
    constant = Answer(404, headers, CONSTANT)

    def find_error_handler(exc: Exception, blueprints: Sequence[str]) -> Callable[..., Any]:
        return seam.handler(search(exc, blueprints) or constant)

    def search(exc: Exception, blueprints: Sequence[str]) -> Answer | None:
        if steps == 1:
            return None
        facts = seam.facts(exc, seam.current_request(), blueprints)
        if steps == 2:
            return None
        table = seam.installation.table()
        if steps > _PREPARED:
            return prepared(table, exc, facts)
        known(exc, table.settings, table.framework.http)
        if steps == 3:
            return None
        chain = table.chain_at(facts)
        if steps > 4:
            assert chain is not None
            chain.styles[False].media_type(facts, xhr_enabled=table.settings.xhr_enabled)
        return None

    app._find_error_handler = find_error_handler
    return app


def groups() -> Iterator[Group]:
    """Give the groups one by one."""
    kind = next(kind for kind in KINDS if kind.name == _KIND)
    flask, quart = flask_requests, quart_requests
    yield _group("Flask", kind, flask.leanest, flask.with_errbridge, wsgi_call, is_async=False)
    yield _group("Quart", kind, quart.leanest, quart.with_errbridge, asgi_call, is_async=True)


def _group(
    title: str,
    kind: Kind,
    leanest: Callable[[], Any],
    with_errbridge: Callable[[], Any],
    call: Callable[..., Any],
    *,
    is_async: bool,
) -> Group:
    apps = {LEANEST: leanest()}
    apps |= {name: _stopping(with_errbridge(), number) for number, name in enumerate(STEPS, 1)}
    cases = [Case(name, call(app, kind.ask), expecting(kind.status, PROBLEM)) for name, app in apps.items()]
    cases.append(Case(ERRBRIDGE, call(with_errbridge(), kind.ask), expecting(kind.status, *answered(kind, ERRBRIDGE))))
    return Group(AREA, f"{title}, {kind.name}", cases, is_async=is_async)
