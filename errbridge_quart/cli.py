"""``quart errors``, the entry point; what the commands do is in `errbridge.pallets.commands`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import quart
from quart.cli import ScriptInfo

from errbridge import RequestFacts
from errbridge.pallets.group import ErrorsGroup

__all__ = ["errors"]


async def _answer_all(app: Any, request: RequestFacts, handlers: Sequence[Callable[[BaseException], Any]]) -> list[Any]:
    answers: list[Any] = []
    async with app.test_request_context(request.path, headers={"Host": request.host} if request.host else None):
        quart.request.url_rule = None  # whatever is there, the pages are for where nothing is
        for handler in handlers:
            try:
                response = await handler(Exception())
                answers.append((tuple(response.headers), await response.get_data(as_text=False)))
            except Exception as error:
                answers.append(error)
    return answers


def _answer(app: Any, request: RequestFacts, handlers: Sequence[Callable[[BaseException], Any]]) -> list[Any]:
    return asyncio.run(_answer_all(app, request, handlers))


errors = ErrorsGroup(lambda context: context.ensure_object(ScriptInfo).load_app(), _answer)
