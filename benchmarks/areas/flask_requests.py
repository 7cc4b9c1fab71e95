"""Whole requests of a Flask application, in process."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

import flask
import jinja2
from werkzeug.exceptions import HTTPException

import errbridge_flask
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
from benchmarks.calls import expecting, wsgi_call
from benchmarks.measure import Case, Group
from errbridge import Problem

__all__ = ["AREA", "HANDWRITTEN", "MANY", "PEER", "groups"]

AREA = "flask"
HANDWRITTEN = "@errorhandler, jsonify or render_template"
ASYNC = "@errorhandler, async"
CATCHING = "@errorhandler(Exception) that logs"
PEER = "Flask-ErrorsHandler"
MANY_BLUEPRINTS = 1000
MANY = f"errbridge, {MANY_BLUEPRINTS} blueprints"
PEER_MANY = f"Flask-ErrorsHandler, {MANY_BLUEPRINTS} blueprints"


def _application(invalid: Callable[[], Exception] | None = None) -> tuple[flask.Flask, flask.Blueprint]:
    """Make an application without error handlers. Its blueprint is registered when its handlers are there."""
    app = flask.Flask("benchmarked")
    return app, furnished(app, flask, invalid)


def bare() -> flask.Flask:
    app, api = _application()
    app.register_blueprint(api)
    return app


def handwritten(*, page: bool = False) -> flask.Flask:
    app, api = _application(Invalid)
    app.jinja_loader = jinja2.DictLoader({"error.html": TEMPLATE})

    def shown(exc: HTTPException) -> Any:
        return flask.render_template("error.html", error=exc), exc.code

    def problem(exc: HTTPException) -> Any:
        return flask.jsonify(document(exc.code or 500, exc.name, exc.description)), exc.code

    def invalid(exc: Exception) -> Any:
        return flask.jsonify(unprocessable(exc)), 422

    return handled(app, api, shown if page else problem, invalid)


def with_async_handler() -> flask.Flask:
    app, api = _application()

    async def problem(exc: HTTPException) -> Any:
        return flask.jsonify(document(exc.code or 500, exc.name, exc.description)), exc.code

    app.register_error_handler(HTTPException, problem)
    app.register_blueprint(api)
    return app


def catching() -> flask.Flask:
    """Take every exception from the framework: no signal, no debugger, and fewer frames on the stack that is logged."""
    app, api = _application()

    def caught(exc: Exception) -> flask.Response:
        app.logger.error("Exception on %s [%s]", flask.request.path, flask.request.method, exc_info=exc)
        return flask.Response(CONSTANT, 500, content_type=PROBLEM)

    app.register_error_handler(Exception, caught)
    app.register_blueprint(api)
    return app


def leanest(*, page: bool = False) -> flask.Flask:
    app, api = _application(Invalid)
    body, content_type = (CONSTANT_PAGE, "text/html; charset=utf-8") if page else (CONSTANT, PROBLEM)

    def constant(exc: HTTPException) -> flask.Response:
        return flask.Response(body, exc.code, content_type=content_type)

    def invalid(exc: Exception) -> flask.Response:
        return flask.Response(body, 422, content_type=content_type)

    return handled(app, api, constant, invalid)


def with_errbridge(*, blueprints: int = 0, languages: tuple[str, ...] = ("en",)) -> flask.Flask:
    app, api = _application(lambda: Problem(422, errors=ERRORS))
    errors = errbridge_flask.ErrorHandler(app, ERROR_VALIDATION=True, ERROR_LANGUAGES=languages)
    errors.api_register(api)
    _register_many(app, blueprints, errors.api_register)
    app.register_blueprint(api)
    return app


def with_peer(*, blueprints: int = 0) -> flask.Flask:
    app, api = _application()
    errors = importlib.import_module("flask_errors_handler").ErrorHandler()
    app.logger.disabled = True  # it warns of having no handler for the whole application
    errors.init_app(app, dispatcher="urlprefix")
    app.logger.disabled = False
    errors.api_register(api)
    errors.failure_register(app)
    _register_many(app, blueprints, errors.api_register)
    app.register_blueprint(api)
    return app


def _register_many(app: flask.Flask, count: int, register: Callable[[flask.Blueprint], None]) -> None:
    for number in range(count):
        blueprint = flask.Blueprint(f"b{number}", __name__, url_prefix=f"/b{number:04}")
        register(blueprint)
        app.register_blueprint(blueprint)


def applications(kind: Kind, *, many: bool = True) -> Iterator[tuple[str, flask.Flask]]:
    """Give the contenders for a kind of request, the bare framework first."""
    yield BARE, bare()
    yield HANDWRITTEN, handwritten(page=kind.page)
    yield LEANEST, leanest(page=kind.page)
    yield ERRBRIDGE, with_errbridge()
    has_peer = importlib.util.find_spec("flask_errors_handler") is not None
    if has_peer:
        yield PEER, with_peer()
    if kind.name == "404":
        yield ASYNC, with_async_handler()
    if kind.name == "crash":
        yield CATCHING, catching()
    if kind.name == "scoped 404" and many:
        yield MANY, with_errbridge(blueprints=MANY_BLUEPRINTS)
        if has_peer:
            yield PEER_MANY, with_peer(blueprints=MANY_BLUEPRINTS)


def groups(*, many: bool = True) -> Iterator[Group]:
    """Give the groups one by one.

    Args:
        many: Whether there are also applications with a thousand blueprints.
    """
    for kind in KINDS:
        cases = []
        for name, app in applications(kind, many=many):
            cases.append(Case(name, wsgi_call(app, kind.ask), expecting(kind.status, *answered(kind, name))))
        yield Group(AREA, kind.name, cases)
    yield from in_german(AREA, with_errbridge, wsgi_call)
