"""Whole requests of a Quart application, in process, all in one event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jinja2
import quart
from werkzeug.exceptions import HTTPException

import errbridge_quart
from benchmarks.areas.kinds import (
    BARE,
    CONSTANT,
    CONSTANT_PAGE,
    ERRBRIDGE,
    ERRORS,
    KINDS,
    LEANEST,
    PROBLEM,
    TEMPLATE,
    Invalid,
    Kind,
    answered,
    document,
    furnished,
    handled,
    in_german,
    unprocessable,
)
from benchmarks.calls import asgi_call, expecting
from benchmarks.measure import Case, Group
from errbridge import Problem

__all__ = ["AREA", "HANDWRITTEN", "SYNC", "groups"]

AREA = "quart"
HANDWRITTEN = "@errorhandler, async, jsonify or render_template"
SYNC = "@errorhandler, sync, jsonify"


def _application(invalid: Callable[[], Exception] | None = None) -> tuple[quart.Quart, quart.Blueprint]:
    """Make an application without error handlers. Its blueprint is registered when its handlers are there."""
    app = quart.Quart("benchmarked")
    return app, furnished(app, quart, invalid, _async)


def _async(view: Callable[[], Any]) -> Callable[[], Any]:
    async def coloured() -> Any:
        return view()

    return coloured


def bare() -> quart.Quart:
    app, api = _application()
    app.register_blueprint(api)
    return app


def handwritten(*, page: bool = False) -> quart.Quart:
    async def shown(exc: HTTPException) -> Any:
        return await quart.render_template("error.html", error=exc), exc.code

    async def problem(exc: HTTPException) -> Any:
        return quart.jsonify(document(exc.code or 500, exc.name, exc.description)), exc.code

    async def invalid(exc: Exception) -> Any:
        return quart.jsonify(unprocessable(exc)), 422

    app = handled(*_application(Invalid), shown if page else problem, invalid)
    app.jinja_loader = jinja2.DictLoader({"error.html": TEMPLATE})
    return app


def with_sync_handler() -> quart.Quart:
    def problem(exc: HTTPException) -> Any:
        return quart.jsonify(document(exc.code or 500, exc.name, exc.description)), exc.code

    def invalid(exc: Exception) -> Any:
        return quart.jsonify(unprocessable(exc)), 422

    return handled(*_application(Invalid), problem, invalid)


def leanest(*, page: bool = False) -> quart.Quart:
    body, content_type = (CONSTANT_PAGE, "text/html; charset=utf-8") if page else (CONSTANT, PROBLEM)

    async def constant(exc: HTTPException) -> quart.Response:
        return quart.Response(body, exc.code, content_type=content_type)

    async def invalid(exc: Exception) -> quart.Response:
        return quart.Response(body, 422, content_type=content_type)

    return handled(*_application(Invalid), constant, invalid)


def with_errbridge(*, languages: tuple[str, ...] = ("en",)) -> quart.Quart:
    app, api = _application(lambda: Problem(422, errors=ERRORS))
    errors = errbridge_quart.ErrorHandler(app, ERROR_VALIDATION=True, ERROR_LANGUAGES=languages)
    errors.api_register(api)
    app.register_blueprint(api)
    return app


def applications(kind: Kind) -> Iterator[tuple[str, quart.Quart]]:
    """Give the contenders for a kind of request, the bare framework first."""
    yield BARE, bare()
    yield HANDWRITTEN, handwritten(page=kind.page)
    yield LEANEST, leanest(page=kind.page)
    yield ERRBRIDGE, with_errbridge()
    if kind.name == "404":
        yield SYNC, with_sync_handler()


def groups() -> Iterator[Group]:
    """Give the groups one by one."""
    for kind in KINDS:
        cases = []
        for name, app in applications(kind):
            cases.append(Case(name, asgi_call(app, kind.ask), expecting(kind.status, *answered(kind, name))))
        yield Group(AREA, kind.name, cases, is_async=True)
    yield from in_german(AREA, with_errbridge, asgi_call, is_async=True)
