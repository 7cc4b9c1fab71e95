"""The exception and the incident that a handler is called with."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import (
    Conflict,
    HTTPException,
    InternalServerError,
)

from errbridge import Incident, Problem, Reply, Scope
from tests.applications import a_blueprint, a_catch_all, a_view, an_app, answering, failing, in_style
from tests.clients import Request
from tests.handling.zoo import SoldOut, zoo
from tests.twins import Twins, World

# What a handler is given.


def given_to(world: World, key: Any, *, native: bool = False) -> list[BaseException]:
    given: list[BaseException] = []

    def handler(exc: BaseException) -> Any:
        given.append(exc)
        return "seen", 500

    if native:
        world.app.register_error_handler(key, handler)
    else:
        world.errors.register(world.app, code=key)(handler)
    return given


@pytest.mark.parametrize("key", [500, InternalServerError, "5xx", "*", None, HTTPException, Exception])
def test_an_uncaught_exception_reaches_500_handlers_and_catch_alls_as_the_500_it_became(world: World, key: Any) -> None:
    zoo()(world)
    given = given_to(world, key)

    world.call(Request("/raise/KeyError"))

    (exc,) = given
    assert type(exc) is InternalServerError
    assert isinstance(exc.original_exception, KeyError)


@pytest.mark.parametrize("key", [KeyError, LookupError])
def test_a_handler_for_the_class_is_given_the_exception_itself(world: World, key: Any) -> None:
    zoo()(world)
    given = given_to(world, key)

    world.call(Request("/raise/KeyError"))

    (exc,) = given
    assert type(exc) is KeyError


@pytest.mark.parametrize("key", [409, Conflict, SoldOut, Problem, "4xx", "*"])
def test_a_handler_of_errbridge_is_given_the_problem_itself(world: World, key: Any) -> None:
    zoo()(world)
    given = given_to(world, key)

    world.call(Request("/raise/SoldOut"))

    assert [type(exc) for exc in given] == [SoldOut]


@pytest.mark.parametrize("key", [409, Conflict, HTTPException])
def test_a_native_handler_of_the_status_is_given_the_frameworks_exception_for_a_problem(world: World, key: Any) -> None:
    failing("/sell", lambda: SoldOut(detail="The piano is sold."))(world)
    given = given_to(world, key, native=True)

    world.call(Request("/sell"))

    (exc,) = given
    assert isinstance(exc, Conflict)
    assert exc.description == "The piano is sold."


@pytest.mark.parametrize("key", [SoldOut, Problem])
def test_a_native_handler_of_the_class_is_given_the_problem(world: World, key: Any) -> None:
    zoo()(world)
    given = given_to(world, key, native=True)

    world.call(Request("/raise/SoldOut"))

    assert [type(exc) for exc in given] == [SoldOut]


def noting(seen: list[Incident]) -> Callable[[Exception, Incident], Reply]:
    def handler(exc: Exception, incident: Incident) -> Reply:
        seen.append(incident)
        return Reply("seen")

    return handler


def test_the_incident_describes_everything_without_a_framework() -> None:
    seen: list[Incident] = []

    def sell(number: int) -> None:
        raise SoldOut(detail=f"number {number}")

    application = a_blueprint(
        "api",
        a_view("/sell/<int:number>", sell, endpoint="sell", methods=["POST"]),
        a_catch_all(noting(seen)),
        in_style("api"),
    )

    twins = Twins.built(application)
    headers = [("Accept", "application/xml"), ("X-Shop", "a"), ("User-Agent", "tests")]
    twins.ask("/api/sell/7?q=1", "POST", headers=headers, host="Shop.example.com", root_path="/mounted")

    assert len(seen) == 2
    for incident in seen:
        assert type(incident.exception) is SoldOut
        assert isinstance(incident.problem, SoldOut)
        assert (incident.problem.status, incident.problem.detail) == (409, "number 7")
        assert incident.problem.instance == f"urn:uuid:{incident.id}"
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", incident.id)
        assert incident.scope == Scope(prefix="/api", blueprint="api")
        assert incident.media_type == "application/problem+xml"
        request = incident.request
        assert (request.method, request.path, request.root_path) == ("POST", "/api/sell/7", "/mounted")
        assert (request.host, request.endpoint) == ("Shop.example.com", "api.sell")
        assert (request.accept, request.xhr, request.websocket) == ("application/xml", False, False)
        assert (request.blueprints, request.routing) == (("api",), False)
        assert (request.headers["X-Shop"], request.headers["user-agent"]) == ("a", "tests")
        assert "X-Missing" not in request.headers
    assert seen[0].id != seen[1].id


def test_the_incident_of_a_routing_error_knows_no_endpoint() -> None:
    seen: list[Incident] = []

    twins = Twins.built(an_app(answering("/page"), a_catch_all(noting(seen))))
    twins.ask("/nope")
    twins.ask("/page", "POST")

    assert [incident.problem.status for incident in seen] == [404, 404, 405, 405]
    for incident in seen:
        assert (incident.request.endpoint, incident.request.routing, incident.request.blueprints) == (None, True, ())
        assert incident.scope == Scope()


def test_the_problem_of_an_uncaught_exception_says_nothing_of_it(world: World) -> None:
    zoo()(world)
    seen: list[Incident] = []
    world.errors.register(world.app, code=500)(noting(seen))

    world.call(Request("/raise/KeyError"))

    (problem,) = (incident.problem for incident in seen)
    assert (problem.status, problem.detail, problem.title) == (500, "Unhandled Exception", "Internal Server Error")
