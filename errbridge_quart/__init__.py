"""errbridge for Quart.

An adapter does three things and decides nothing: it collects the facts of the request or WebSocket, drives the core's
plan, and makes a Quart response of the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from inspect import isawaitable
from typing import Any

import quart

from errbridge.answer import Answer
from errbridge.framework import NativeAnswer
from errbridge.incident import RequestFacts
from errbridge.installation import Installation
from errbridge.pallets import BaseErrorHandler, PalletsApplication
from errbridge.pallets.application import FindHandler, dressed, facts_of
from errbridge.pallets.errorhandler import Seam
from errbridge.plan import Call, Colour, Given, Outcome, Plan, adrive

__all__ = ["ErrorHandler"]


class _QuartApplication(PalletsApplication):
    def __init__(self, app: quart.Quart, find_handler: FindHandler) -> None:
        super().__init__(app, find_handler)
        self._make_response = app.make_response

    async def make_response(self, answer: NativeAnswer, method: str) -> quart.Response:
        return dressed(await self._make_response(answer.body), answer, method)  # type: ignore[no-any-return]

    async def render_template(self, names: str | Sequence[str], context: Mapping[str, Any]) -> str:
        return await quart.render_template(names if isinstance(names, str) else list(names), **context)


class _QuartSeam(Seam):
    def facts(self, exc: BaseException) -> RequestFacts:
        current: Any = quart.websocket if quart.has_websocket_context() else quart.request
        request = current._get_current_object()
        return facts_of(self.app, request, exc, lambda name: ", ".join(request.headers.getlist(name)))

    def handler(self, plan: Plan) -> Callable[[BaseException], Any]:
        async def handle(exc: BaseException) -> Any:
            return self.respond(await adrive(plan, self._call))

        return handle

    def respond(self, outcome: Outcome) -> Any:
        if isinstance(outcome, Answer):
            return self.app.response_class(outcome.body, outcome.status, outcome.headers)
        if isinstance(outcome, Given):
            return outcome.value
        raise outcome.exception

    async def _call(self, step: Call) -> Any:
        if step.colour is Colour.SYNC:
            result = await self.app.ensure_async(_finite)(step.function, step.args)
        else:
            result = step.function(*step.args)
        return await result if isawaitable(result) else result


def _finite(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    """Call a function in a thread; a StopIteration would be lost on the way back, and the request wait for ever."""
    try:
        return function(*args)
    except StopIteration as error:
        raise RuntimeError("the handler raised StopIteration") from error


class ErrorHandler(BaseErrorHandler[quart.Quart, quart.Blueprint]):
    __doc__ = BaseErrorHandler.__doc__

    _app_class = quart.Quart
    _blueprint_class = quart.Blueprint

    def _application(self, app: quart.Quart, find_handler: FindHandler) -> _QuartApplication:
        return _QuartApplication(app, find_handler)

    def _seam(self, app: quart.Quart, find_handler: FindHandler, installation: Installation) -> _QuartSeam:
        return _QuartSeam(app, find_handler, installation)

    def _make_response(self, seam: Any, make_response: Callable[..., Any]) -> Callable[..., Any]:
        async def answering(result: Any) -> Any:
            if seam.is_unanswered(result):
                result = await seam.handler(seam.plan(result))(result)
            return await make_response(result)

        return answering
