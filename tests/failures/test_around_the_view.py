"""Errors around the view: hooks, sessions, teardown."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import Forbidden, Gone
from werkzeug.routing import BaseConverter

from errbridge import Problem
from tests.applications import Ask, a_hook, a_view, an_app, answering, in_style, raising
from tests.clients import Request
from tests.failures.fragile import Bug, around, records, shown_by
from tests.own_answers import EVERY, accepting, complete
from tests.twins import World

# Around the view.


@pytest.mark.parametrize(
    ("where", "make", "status"),
    [
        ("before_request", lambda: Bug("secret"), 500),
        ("before_request", Forbidden, 403),
        ("before_request", lambda: Problem(409), 409),
        ("url_value_preprocessor", lambda: Bug("secret"), 500),
        ("url_value_preprocessor", Forbidden, 403),
        ("after_request", lambda: Bug("secret"), 500),
        ("after_request", Forbidden, 500),
        ("after_request", lambda: Problem(409), 500),
        ("view", lambda: Bug("secret"), 500),
    ],
    ids=lambda value: str(value) if isinstance(value, (str, int)) else "",
)
@pytest.mark.parametrize("accept", EVERY)
def test_an_error_around_a_view_is_answered(
    ask: Ask, where: str, make: Callable[[], Exception], status: int, accept: str
) -> None:
    complete(ask(around(where, make), "/page", headers=accepting(accept)), status, accept)


@pytest.mark.parametrize("after", ["raises", "aborts"])
def test_an_after_request_that_fails_for_errors_as_well_does_not_keep_them_from_the_client(
    ask: Ask, after: str
) -> None:
    response = ask(around("after_request", Forbidden if after == "aborts" else lambda: Bug("secret")), "/nope")

    complete(response, 500, "text/html")


@pytest.mark.parametrize(
    "result",
    [
        lambda: None,
        object,
        lambda: 42,
        lambda: ("body", 200, {}, "more"),
        lambda: ("body", "nonsense", "more"),
        lambda: {"a": object()},
    ],
    ids=["None", "object", "int", "4-tuple", "bad tuple", "dict"],
)
def test_a_view_that_returns_garbage_is_a_500(ask: Ask, result: Callable[[], Any]) -> None:
    complete(
        ask(a_view("/page", lambda: result()), "/page", headers=accepting("application/json")), 500, "application/json"
    )


class Refusing(BaseConverter):
    """A converter that looks up what the URL means, and does not find it."""

    def to_python(self, value: str) -> Any:
        raise {"problem": Problem(410, detail="It was sold.", sku=value), "abort": Gone()}[value]


def with_a_refusing_converter(world: World) -> None:
    world.app.url_map.converters["refusing"] = Refusing
    an_app(in_style("web"), in_style("api", "/api"), answering("/api/<refusing:item>"))(world)


@pytest.mark.parametrize("mode", [{}, {"TESTING": True}, {"DEBUG": True}], ids=["", "testing", "debug"])
@pytest.mark.parametrize("item", ["problem", "abort"])
def test_a_converter_may_raise_a_problem_as_well_as_an_http_exception(
    ask: Ask, item: str, mode: dict[str, bool]
) -> None:
    response = ask(with_a_refusing_converter, f"/api/{item}", config=mode)

    assert (response.status, response.content_type) == (410, "application/problem+json")
    assert response.json.get("sku") == ("problem" if item == "problem" else None)


@pytest.mark.parametrize("item", ["problem", "abort"])
def test_an_http_error_of_a_converter_is_one_of_routing(
    world: World, caplog: pytest.LogCaptureFixture, item: str
) -> None:
    seen: list[str] = []

    def after(response: Any) -> Any:
        seen.append("after")
        return response

    with_a_refusing_converter(world)
    an_app(
        a_hook("before_request", lambda: seen.append("before")),
        a_hook("after_request", after),
        a_hook("teardown_request", lambda exc: seen.append(f"teardown {exc}")),
    )(world)

    with caplog.at_level(logging.DEBUG):
        response = world.call(Request(f"/api/{item}"))

    (record,) = (record for record in caplog.records if record.name != "asyncio")
    assert (response.status, seen[:2]) == (410, ["before", "after"])
    assert (record.name, record.levelno, record.exc_info) == ("errbridge", logging.INFO, None)


def test_a_before_request_that_fails_after_a_converter_is_answered(ask: Ask) -> None:
    application = an_app(with_a_refusing_converter, a_hook("before_request", raising(lambda: Bug("secret"))))

    complete(ask(application, "/api/problem", headers=accepting("application/json")), 500, "application/json")


class FailingSessions:
    """Sessions that cannot be opened."""

    def is_null_session(self, session: Any) -> bool:
        return False


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("path", ["/page", "/nope"])
def test_a_session_that_cannot_be_opened_is_answered(ask: Ask, path: str, accept: str) -> None:
    def an_app_with_failing_sessions(world: World) -> None:
        answering("/page")(world)
        fail = raising(lambda: Bug("secret"))

        async def later_fail(*args: Any) -> Any:
            fail()

        sessions: Any = FailingSessions()
        sessions.open_session = later_fail if world.is_async else fail
        world.app.session_interface = sessions

    complete(ask(an_app_with_failing_sessions, path, headers=accepting(accept)), 500, accept)


@pytest.mark.parametrize("kind", ["teardown_request", "teardown_appcontext"])
def test_a_teardown_that_raises_is_answered(ask: Ask, kind: str) -> None:
    application = an_app(answering("/page"), a_hook(kind, raising(lambda: Bug("secret"))))

    complete(ask(application, "/page", headers=accepting("application/json")), 500, "application/json")


def test_an_error_from_around_the_request_is_logged_with_its_stack(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    an_app(answering("/page"), a_hook("teardown_request", raising(lambda: Bug("teardown"))))(world)

    world.call(Request("/page"))

    (record,) = records(caplog)
    assert (record.levelno, vars(record)["status"], vars(record)["path"]) == (logging.ERROR, 500, "/page")
    assert "Traceback" in logging.Formatter().format(record)
    assert shown_by(record) == [Bug]


@pytest.mark.parametrize("path", ["/", "/nope"])
@pytest.mark.parametrize("make", [lambda: Problem(401), Forbidden])
def test_an_error_of_opening_the_session_is_one_of_the_session_and_none_of_routing(
    world: World, make: Callable[[], Exception], path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="errbridge")
    ran: list[str] = []

    async def fail_later(*given: Any) -> None:
        raise make()

    class Sessions(type(world.app.session_interface)):  # type: ignore[misc]
        open_session = fail_later if world.is_async else raising(make)

    an_app(in_style("api"), answering("/"), a_hook("before_request", lambda: ran.append("before")))(world)
    world.app.session_interface = Sessions()

    response = world.call(Request(path))

    assert (response.status, ran) == (500, [])
    (record,) = [each for each in caplog.records if "incident_id" in vars(each)]
    assert f"urn:uuid:{vars(record)['incident_id']}" == response.json["instance"]


def test_a_converter_is_asked_once(world: World) -> None:
    """It may answer in another way the second time: by a limit, or a token that is used up."""
    asked: list[str] = []

    class Once(BaseConverter):
        def to_python(self, value: str) -> str:
            asked.append(value)
            if len(asked) == 1:
                raise Problem(410)
            return value

    world.app.url_map.converters["once"] = Once
    an_app(in_style("api"), answering("/<once:token>"))(world)

    assert (world.call(Request("/token")).status, asked) == (410, ["token"])
