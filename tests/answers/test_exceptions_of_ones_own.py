"""Exceptions that bring their own answer, and exceptions that only look like HTTP errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import flask
import pytest
import quart
from werkzeug.exceptions import Conflict, HTTPException, NotFound
from werkzeug.wrappers import Response

import errbridge_flask
import errbridge_quart
from errbridge import Problem
from tests.applications import Ask, an_api, an_app, failing, raising
from tests.clients import Request
from tests.twins import World


class Answering(HTTPException):
    """An application's own base class of API errors, as many have one."""

    code = 418

    def get_body(self, *args: Any, **kwargs: Any) -> str:
        return '{"error": "teapot"}'

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Content-Type", "application/json")]


def test_an_http_exception_that_builds_its_own_response_keeps_it(ask: Ask) -> None:
    response = ask(an_app(failing("/x", Answering)), "/x")

    assert (response.status, response.content_type, response.text) == (418, "application/json", '{"error": "teapot"}')


class Located(Conflict):
    """An exception that reads the request, which Flask passes to it, and Quart does not."""

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        return [*super().get_headers(environ, scope), ("X-Path", _path(environ))]


class LocatedBody(Located):
    def get_body(self, environ: Any = None, scope: Any = None) -> str:
        return f"at {_path(environ)}"


class LocatedResponse(Conflict):
    def get_response(self, environ: Any = None, scope: Any = None) -> Any:
        return Response(f"at {_path(environ)}", 409, {"X-Path": _path(environ)})


class LocatedDescription(Located):
    def get_description(self, environ: Any = None, scope: Any = None) -> str:
        return f"<p>at {_path(environ)}</p>"


def _path(environ: Any) -> str:
    return "unknown" if environ is None else str(environ["PATH_INFO"])


@pytest.mark.parametrize("make", [LocatedBody, LocatedResponse])
def test_a_response_of_its_own_is_made_as_the_framework_makes_it(world: World, make: type[Conflict]) -> None:
    plain = world.App(__name__)
    for app in (plain, world.app):
        app.add_url_rule("/x", view_func=raising(make))

    expected = World(world.name, world.framework, world.adapter)
    expected.app, expected.errors = plain, object()
    sent, wanted = world.call(Request("/x")), expected.call(Request("/x"))

    assert (sent.status, sent.text, sent.header("X-Path")) == (wanted.status, wanted.text, wanted.header("X-Path"))
    assert sent.text == ("at unknown" if world.is_async else "at /x")


def test_headers_and_a_description_of_its_own_may_depend_on_the_request(world: World) -> None:
    an_api(failing("/x", LocatedDescription))(world)

    response = world.call(Request("/x"))

    path = "unknown" if world.is_async else "/x"
    assert (response.header("X-Path"), response.json["detail"]) == (path, f"at {path}")


def test_a_handler_for_its_class_answers_such_an_exception(ask: Ask) -> None:
    def register(world: World) -> None:
        world.errors.register(world.app, code=Answering)(lambda exc: Problem(409, detail="ours"))

    response = ask(an_api(failing("/x", Answering), register), "/x")

    assert (response.status, response.json["detail"]) == (409, "ours")


class Described(Conflict):
    name = "Edit conflict"

    def get_description(self, *args: Any, **kwargs: Any) -> str:
        return "<p>It was <b>changed</b>.</p>"


class Required(Conflict):
    def get_headers(self, environ: Any, scope: Any) -> list[tuple[str, str]]:  # type: ignore[override]
        return [("X-Own", "1")]


def test_a_name_and_a_description_of_its_own_are_title_and_detail(ask: Ask) -> None:
    document = ask(an_api(failing("/x", Described)), "/x").json

    assert (document["title"], document["detail"]) == ("Edit conflict", "It was changed.")


def test_headers_survive_whose_method_has_no_defaults(ask: Ask) -> None:
    response = ask(an_api(failing("/x", Required)), "/x")

    assert (response.status, response.header("X-Own")) == (409, "1")


class Uncoded(HTTPException):
    @property
    def code(self) -> int:  # type: ignore[override]
        raise RuntimeError("secret")


def test_an_http_exception_whose_code_fails_is_a_500(ask: Ask) -> None:
    assert ask(an_api(failing("/x", Uncoded)), "/x").status == 500


class Upstream(Exception):
    code, description, response, original_exception = 403, "GET http://vault/?token=s3cret", "s3cret", None

    def get_headers(self, *args: Any) -> list[tuple[str, str]]:
        return [("Set-Cookie", "token=s3cret")]


class Agreeable(Exception):
    """A proxy that has every attribute one asks for."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args: "s3cret"


@pytest.mark.parametrize("make", [Upstream, Agreeable])
def test_an_exception_that_merely_looks_like_an_http_error_is_an_uncaught_exception(
    ask: Ask, make: Callable[[], Exception]
) -> None:
    response = ask(an_api(failing("/x", make)), "/x")

    assert (response.status, response.json["detail"]) == (500, "Unhandled Exception")
    assert "s3cret" not in response.text
    assert response.header("Set-Cookie") is None


def test_a_response_is_made_of_an_exception_where_there_is_no_request() -> None:
    app = quart.Quart(__name__)
    errbridge_quart.ErrorHandler(app)

    async def make() -> Any:
        async with app.app_context():
            return await app.make_response(NotFound())

    assert asyncio.run(make()).status_code == 404


def test_flask_is_known_by_its_defining_module_whatever_replaces_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    app = flask.Flask(__name__)
    monkeypatch.setattr(flask, "Flask", type("Instrumented", (flask.Flask,), {}))

    errbridge_flask.ErrorHandler(app)

    assert app.test_client().get("/nope").status_code == 404
