"""``flask errors``, the entry point; what the commands do is in `errbridge.pallets.commands`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import flask
from flask.cli import ScriptInfo

from errbridge import RequestFacts
from errbridge.pallets.group import ErrorsGroup

__all__ = ["errors"]


def _answer(app: Any, request: RequestFacts, handlers: Sequence[Callable[[BaseException], Any]]) -> list[Any]:
    answers: list[Any] = []
    with app.test_request_context(request.path, headers={"Host": request.host} if request.host else None):
        flask.request.url_rule = None  # whatever is there, the pages are for where nothing is
        for handler in handlers:
            try:
                response = handler(Exception())
                answers.append((tuple(response.headers), response.get_data()))
            except Exception as error:
                answers.append(error)
    return answers


errors = ErrorsGroup(lambda context: context.ensure_object(ScriptInfo).load_app(), _answer)
