"""Exceptions that bring their own answer, and exceptions that only look like HTTP errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import flask
import pytest
import quart
from werkzeug.exceptions import Conflict, HTTPException, NotFound, SecurityError
from werkzeug.wrappers import Response

import errbridge_flask
import errbridge_quart
from errbridge import Problem
from tests.applications import JSON, Ask, Part, a_catch_all, an_api, an_app, answering, failing, raising
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


class Mapped(Conflict):
    def get_headers(self, *args: Any) -> dict[str, str]:  # type: ignore[override]
        return {"X-Own": "1", "Content-Type": "text/html"}


class Headerless(Conflict):
    def get_headers(self, *args: Any) -> None:  # type: ignore[override]
        return None


@pytest.mark.parametrize(("make", "own"), [(Mapped, "1"), (Headerless, None)])
def test_headers_may_be_all_that_a_response_of_werkzeug_takes(
    ask: Ask, caplog: pytest.LogCaptureFixture, make: Callable[[], Exception], own: str | None
) -> None:
    response = ask(an_api(failing("/x", make)), "/x")

    assert (response.status, response.header("X-Own")) == (409, own)
    assert not any(record.exc_info for record in caplog.records)


class Unfinished(HTTPException):
    """Its method returns what a view may return, but the frameworks demand a response."""

    code = 409
    returned: Any = None

    def get_response(self, *args: Any) -> Any:
        return self.returned


@pytest.mark.parametrize("returned", [None, "text", ({"error": "text"}, 200), Conflict()])
def test_what_is_no_response_leaves_the_error_to_errbridge(
    ask: Ask, caplog: pytest.LogCaptureFixture, returned: Any
) -> None:
    response = ask(an_api(failing("/x", type("Own", (Unfinished,), {"returned": returned}))), "/x")

    assert (response.status, response.content_type) == (409, "application/problem+json")
    assert any("could not build its response" in record.getMessage() for record in caplog.records)


def test_a_host_that_is_not_trusted_is_not_repeated(ask: Ask) -> None:
    response = ask(an_api(failing("/x", lambda: SecurityError("Host 's3cret' is not trusted."))), "/x")

    assert (response.status, "s3cret" in response.text) == (400, False)


class Uncoded(HTTPException):
    @property
    def code(self) -> int:  # type: ignore[override]
        raise RuntimeError("secret")


@pytest.mark.parametrize("view", [failing("/x", Uncoded), answering("/x", Uncoded)])
@pytest.mark.parametrize("registered", [[], [a_catch_all(raising(Uncoded))]], ids=["", "also by a handler"])
def test_an_http_exception_whose_code_fails_is_a_500(ask: Ask, view: Part, registered: list[Part]) -> None:
    response = ask(an_api(view, *registered), "/x")

    assert (response.status, response.content_type, "secret" in response.text) == (500, JSON, False)


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
