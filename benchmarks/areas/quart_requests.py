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
    Kind,
    document,
    validation,
)
from benchmarks.calls import asgi_call, expecting
from benchmarks.measure import Case, Group
from errbridge import Problem

__all__ = ["AREA", "HANDWRITTEN", "SYNC", "groups"]

AREA = "quart"
HANDWRITTEN = "@errorhandler, async, jsonify or render_template"
SYNC = "@errorhandler, sync, jsonify"


class Invalid(Exception):
    """What people raise where errbridge has a `Problem`."""


def _application(invalid: Callable[[], Exception] | None = None) -> tuple[quart.Quart, quart.Blueprint]:
    """Make an application without error handlers. Its blueprint is registered when its handlers are there."""
    app = quart.Quart("benchmarked")
    api = quart.Blueprint("api", __name__, url_prefix="/api")

    async def item() -> str:
        return "An item."

    async def abort() -> None:
        quart.abort(404)

    async def fail() -> None:
        if invalid is None:
            quart.abort(422)
        raise invalid()

    validation_error, validate = validation()

    async def model() -> None:
        try:
            validate()
        except validation_error:
            if invalid is None:
                quart.abort(422)
            raise

    async def crash() -> None:
        raise RuntimeError("a bug")

    views: dict[str, Any] = {"item": item, "abort": abort, "invalid": fail, "model": model, "crash": crash}
    for name, view in views.items():
        api.add_url_rule(f"/{name}", name, view)
    return app, api


def _errors(exc: Any) -> Any:
    if isinstance(exc, Invalid):
        return ERRORS
    return exc.errors(include_url=False, include_input=False, include_context=False)


def bare() -> quart.Quart:
    app, api = _application()
    app.register_blueprint(api)
    return app


def _handled(body: Callable[[HTTPException], Any], unprocessable: Callable[[Exception], Any]) -> quart.Quart:
    app, api = _application(Invalid)
    app.register_error_handler(HTTPException, body)
    app.register_error_handler(Invalid, unprocessable)
    app.register_error_handler(validation()[0], unprocessable)
    app.register_blueprint(api)
    return app


def handwritten(*, page: bool = False) -> quart.Quart:
    async def shown(exc: HTTPException) -> Any:
        return await quart.render_template("error.html", error=exc), exc.code

    async def problem(exc: HTTPException) -> Any:
        return quart.jsonify(document(exc.code or 500, exc.name, exc.description)), exc.code

    async def unprocessable(exc: Exception) -> Any:
        return quart.jsonify({**document(422, "Unprocessable Content", None), "errors": _errors(exc)}), 422

    app = _handled(shown if page else problem, unprocessable)
    app.jinja_loader = jinja2.DictLoader({"error.html": TEMPLATE})
    return app


def with_sync_handler() -> quart.Quart:
    def problem(exc: HTTPException) -> Any:
        return quart.jsonify(document(exc.code or 500, exc.name, exc.description)), exc.code

    def unprocessable(exc: Exception) -> Any:
        return quart.jsonify({**document(422, "Unprocessable Content", None), "errors": _errors(exc)}), 422

    return _handled(problem, unprocessable)


def leanest(*, page: bool = False) -> quart.Quart:
    body, content_type = (CONSTANT_PAGE, "text/html; charset=utf-8") if page else (CONSTANT, PROBLEM)

    async def constant(exc: HTTPException) -> quart.Response:
        return quart.Response(body, exc.code, content_type=content_type)

    async def unprocessable(exc: Exception) -> quart.Response:
        return quart.Response(body, 422, content_type=content_type)

    return _handled(constant, unprocessable)


def with_errbridge() -> quart.Quart:
    app, api = _application(lambda: Problem(422, errors=ERRORS))
    errors = errbridge_quart.ErrorHandler(app)
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
            cases.append(Case(name, asgi_call(app, kind.ask), expecting(kind.status, *_look(kind, name))))
        yield Group(AREA, kind.name, cases, is_async=True)


def _look(kind: Kind, name: str) -> tuple[str, bytes]:
    """Say how a contender's answer looks: its content type, and something that it contains."""
    if kind.status == 200:
        return "text/html", b"An item."
    if kind.page or name == BARE:
        return "text/html", b"</h"
    if name == ERRBRIDGE:
        if kind.status == 422:
            return PROBLEM, b'"pointer"'
        return PROBLEM, f'"status":{kind.status}'.encode()
    return "", b""
