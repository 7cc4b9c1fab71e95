"""errbridge for Flask.

An adapter does three things and decides nothing: it collects the facts of the request, drives the core's plan, and makes
a Flask response of the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import isawaitable
from typing import Any

import flask

from errbridge.answer import Answer
from errbridge.framework import NativeAnswer
from errbridge.incident import RequestFacts
from errbridge.installation import Installation
from errbridge.pallets import BaseErrorHandler, PalletsApplication
from errbridge.pallets.application import FindHandler, dressed, facts_of
from errbridge.pallets.errorhandler import Seam
from errbridge.plan import Call, Colour, Given, Outcome, Plan, drive

__all__ = ["ErrorHandler"]


class _FlaskApplication(PalletsApplication):
    def __init__(self, app: flask.Flask, find_handler: FindHandler) -> None:
        super().__init__(app, find_handler)
        self._make_response = app.make_response

    def make_response(self, answer: NativeAnswer, method: str) -> flask.Response:
        return dressed(self._make_response(answer.body), answer, method)  # type: ignore[no-any-return]

    def render_template(self, names: str | Sequence[str], context: Mapping[str, Any]) -> str:
        return flask.render_template(names if isinstance(names, str) else list(names), **context)


class _FlaskSeam(Seam):
    def facts(self, exc: BaseException) -> RequestFacts:
        request = flask.request._get_current_object()  # type: ignore[attr-defined]
        return facts_of(self.app, request, exc, lambda name: request.headers.get(name, ""))

    def handler(self, plan: Plan) -> Callable[[BaseException], Any]:
        return lambda exc: self.respond(drive(plan, self._call))

    def respond(self, outcome: Outcome) -> Any:
        if isinstance(outcome, Answer):
            return self.app.response_class(outcome.body, outcome.status, outcome.headers)
        if isinstance(outcome, Given):
            return outcome.value
        raise outcome.exception

    def _call(self, step: Call) -> Any:
        if step.colour is Colour.OWN:
            return step.function(*step.args)
        if step.colour is Colour.ASYNC:
            return self.app.async_to_sync(_awaited)(step.function, step.args)
        result = self.app.ensure_sync(step.function)(*step.args)
        return self.app.async_to_sync(_result)(result) if isawaitable(result) else result


async def _awaited(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    return await function(*args)


async def _result(awaitable: Any) -> Any:
    return await awaitable


class ErrorHandler(BaseErrorHandler[flask.Flask, flask.Blueprint]):
    __doc__ = BaseErrorHandler.__doc__

    _app_class = flask.Flask
    _blueprint_class = flask.Blueprint

    def _application(self, app: flask.Flask, find_handler: FindHandler) -> _FlaskApplication:
        return _FlaskApplication(app, find_handler)

    def _seam(self, app: flask.Flask, find_handler: FindHandler, installation: Installation) -> _FlaskSeam:
        return _FlaskSeam(app, find_handler, installation)

    def _make_response(self, seam: Any, make_response: Callable[..., Any]) -> Callable[..., Any]:
        def answering(rv: Any) -> Any:
            if seam.is_unanswered(rv):
                rv = seam.handler(seam.plan(rv))(rv)
            return make_response(rv)

        return answering
