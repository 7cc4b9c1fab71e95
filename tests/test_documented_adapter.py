"""The adapter of the documentation, docs/howto/adapter.md, held against the conformance cases like the others."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any, NoReturn

import pytest
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.test import Client

from errbridge import Problem, Reply, Scope
from errbridge.testing.conformance import CASES, Application, Ask, Case, Group, Question, Route, differences
from tests.servers import ROOT

View = Callable[..., Any]


@cache
def documented() -> Any:
    """Run the blocks that make ``errbridge_wsgi.py``."""
    page = (ROOT / "docs/howto/adapter.md").read_text(encoding="utf-8")
    blocks = re.findall(r"<!-- (?:file|add to): errbridge_wsgi\.py -->\n```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    module = ModuleType("errbridge_wsgi")
    del module.__spec__  # of a None, Python 3.15 warns when it formats a traceback
    exec(compile("".join(blocks), "errbridge_wsgi.py", "exec"), vars(module))
    return module


def abort(status: int, words: str | None = None) -> NoReturn:
    raise Problem(status, detail=words)


def list_groups(groups: tuple[Group, ...], outer: tuple[str, ...] = (), prefix: str = "") -> Iterator[Any]:
    """List groups with their names, the nested ones' after those around them, and their prefixes."""
    for group in groups:
        names = (".".join((*outer[:1], group.name)), *outer)
        whole = prefix + (group.prefix or "")
        yield group, names, whole
        yield from list_groups(group.nested, names, whole)


class Router:
    """A WSGI application with the routes of a description, which leaves in the environ what it knows of a request."""

    def __init__(self, application: Application) -> None:
        self.views: dict[str, tuple[View, tuple[str, ...]]] = {}
        self.map = Map(strict_slashes=False)
        self.add(application.routes, (), "")
        for group, names, prefix in list_groups(application.groups):
            self.add(group.routes, names, prefix)

    def add(self, routes: tuple[Route, ...], names: tuple[str, ...], prefix: str) -> None:
        for route in routes:
            endpoint = str(len(self.views))
            self.views[endpoint] = route.view(abort), names
            self.map.add(Rule(prefix + route.path, endpoint=endpoint, methods=route.methods))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        known = environ["errbridge.route"] = {}
        urls = self.map.bind("localhost", path_info=environ["PATH_INFO"], default_method=environ["REQUEST_METHOD"])
        try:
            endpoint, values = urls.match()
        except MethodNotAllowed as exc:
            allowed = sorted(exc.valid_methods or ())
            endpoint, _ = urls.match(method=allowed[0])
            known.update(routing=True, rule_blueprints=self.views[endpoint][1][:1])
            raise Problem(405, headers={"Allow": ", ".join(allowed)}) from None
        except HTTPException:
            known.update(routing=True)
            raise Problem(404) from None
        view, names = self.views[endpoint]
        known.update(endpoint=endpoint, blueprints=names)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [view(**values).encode()]


def build(application: Application) -> Ask:
    """Build a WSGI application as it is described."""
    groups = list(list_groups(application.groups))
    places = [(Scope(prefix=prefix or None, blueprint=names[0]), names[0]) for _, names, prefix in groups]
    app = documented().ErrorHandler(Router(application), places, **application.config)

    def set_up(described: Any, target: Any) -> None:
        if described.style is not None:
            getattr(app, f"{described.style}_register")(target)
        for on in described.handlers:
            app.register(target, code=on.key)(on.handler(abort))

    set_up(application, "/")
    for group, names, _ in groups:
        set_up(group, names[0])
        if group.failure:
            app.failure_register(names[0])
    for area in application.areas:
        set_up(area, area.scope)

    def ask(question: Question) -> Reply:
        path, _, query = question.path.partition("?")
        headers = {**question.headers, "Host": question.host}
        response = Client(app).open(path, method=question.method, headers=headers, query_string=query)
        return Reply(response.data, response.status_code, list(response.headers))

    return ask


@cache
def asks(name: str) -> Ask:
    return build(next(case.application for case in CASES if case.application.name == name))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_documented_adapter_does_what_the_cases_say(case: Case) -> None:
    assert differences(asks(case.application.name), case) == []
