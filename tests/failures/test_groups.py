"""Exception groups."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import (
    Conflict,
    Forbidden,
    HTTPException,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
)
from werkzeug.routing import RequestRedirect

from errbridge import Problem, Reply
from tests.applications import (
    Ask,
    Part,
    a_catch_all,
    a_handler,
    a_native_handler,
    a_view,
    an_app,
    failing,
    raising,
    says,
)
from tests.clients import Request
from tests.failures.fragile import Bug, around, bug, coloured, records
from tests.own_answers import EVERY, MODES, accepting, complete
from tests.twins import World

Make = Callable[[], BaseException]


def group(*errors: Exception) -> ExceptionGroup[Exception]:
    return ExceptionGroup("secret", list(errors))


def nested(error: Exception, depth: int) -> Exception:
    for _ in range(depth):
        error = group(error)
    return error


GROUPS: dict[str, tuple[Callable[[], Exception], int]] = {
    "one": (lambda: group(Conflict("the worst")), 409),
    "one Problem": (lambda: group(Problem(409, detail="the worst")), 409),
    "the same twice": (lambda: group(*[Conflict("the worst")] * 2), 409),
    "several": (lambda: group(NotFound("a"), ServiceUnavailable("the worst"), Forbidden("b")), 503),
    "several, turned round": (lambda: group(Forbidden("b"), ServiceUnavailable("the worst"), NotFound("a")), 503),
    "the first of equals": (lambda: group(NotFound("the worst"), NotFound("there")), 404),
    "nested": (lambda: group(group(NotFound("a")), group(group(Problem(410, detail="the worst")), Forbidden())), 410),
    "nested deeply": (lambda: nested(Conflict("the worst"), 900), 409),
    "wide": (lambda: group(*[NotFound(str(number)) for number in range(5000)], Conflict("the worst")), 409),
    "mixed": (lambda: group(NotFound("a"), bug()), 500),
    "mixed, turned round": (lambda: group(bug(), NotFound("a")), 500),
    "mixed deep inside": (lambda: group(ServiceUnavailable("a"), group(NotFound(), group(bug()))), 500),
    "bugs": (lambda: group(bug(), KeyError("secret")), 500),
    "a 500 of a bug": (lambda: group(InternalServerError("secret", original_exception=bug())), 500),
}


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("where", ["view", "before_request"])
@pytest.mark.parametrize("accept", EVERY)
def test_a_group_is_answered_as_the_most_severe_of_its_errors(ask: Ask, name: str, where: str, accept: str) -> None:
    make, status = GROUPS[name]

    response = ask(around(where, make), "/page", headers=accepting(accept))

    complete(response, status, accept)
    assert ("the worst" in response.text) == (status != 500)


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("mode", MODES)
def test_a_group_is_shown_to_the_developer_exactly_where_it_holds_a_bug(world: World, name: str, mode: str) -> None:
    world.config = MODES[mode]
    make, status = GROUPS[name]
    failing("/", make)(world)

    out = world.find_escaped("/", BaseException)

    if status == 500:
        assert isinstance(out, ExceptionGroup)
    else:
        assert out is None
        assert world.call(Request("/", headers=accepting("application/json"))).json["detail"] == "the worst"


@pytest.mark.parametrize("mode", ["none", *MODES])
def test_the_errors_of_a_task_group_are_answered(mode: str, ask: Ask) -> None:
    async def view() -> Any:
        async def part(delay: float) -> None:
            await asyncio.sleep(delay)
            raise Problem(409, detail="the worst", headers={"X-Part": "1"})

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(part(0))
            tasks.create_task(part(30))

    response = ask(a_view("/", view), "/", headers=accepting("application/json"), config=MODES.get(mode, {}))

    complete(response, 409, "application/json")
    assert (response.json["detail"], response.header("X-Part")) == ("the worst", "1")


class Sold(Exception):
    """What an application's own code raises."""


@pytest.mark.parametrize("mode", ["none", *MODES])
@pytest.mark.parametrize("errors", [[Sold()], [Sold(), Sold()], [ExceptionGroup("inner", [Sold()])]], ids=len)
def test_an_exception_that_has_a_handler_is_answered_by_it_in_a_group_as_well(
    ask: Ask, errors: list[Exception], mode: str
) -> None:
    application = an_app(
        failing("/", lambda: ExceptionGroup("tasks", errors)),
        a_handler(Sold, lambda exc: Problem(409, detail=type(exc).__name__)),
    )

    response = ask(application, "/", headers=accepting("application/json"), config=MODES.get(mode, {}))

    assert (response.status, response.json["detail"]) == (409, "Sold")


@pytest.mark.parametrize("end", [asyncio.CancelledError, KeyboardInterrupt])
def test_a_group_that_ends_the_task_or_the_process_passes_through_untouched(
    world: World, end: type[BaseException]
) -> None:
    ended = BaseExceptionGroup("ended", [NotFound(), end()])
    a_catch_all(lambda exc: "handled")(world)
    world.app.add_url_rule("/", "home", coloured(world, raising(lambda: ended)))

    assert world.find_escaped("/", BaseException) is ended


def test_a_handler_for_groups_is_asked_first(ask: Ask) -> None:
    application = an_app(
        failing("/", lambda: group(NotFound(), Conflict())),
        a_handler(ExceptionGroup, lambda exc: Reply(f"{len(exc.exceptions)}", 418)),
        a_handler(409, says("conflict")),
    )

    response = ask(application, "/")

    assert (response.status, response.text) == (418, "2")


@pytest.mark.parametrize("status", [404, None])
def test_a_response_that_an_error_in_a_group_brings_along_goes_out_as_it_is(ask: Ask, status: int | None) -> None:
    def a_group_with_a_response(world: World) -> None:
        def view() -> Any:
            error = HTTPException(response=world.App.response_class("ready", 418))
            error.code = status
            raise group(error)

        world.app.add_url_rule("/", "home", view)

    response = ask(a_group_with_a_response, "/")

    assert (response.status, response.text) == (418, "ready")


def test_a_redirect_in_a_group_is_one(ask: Ask) -> None:
    application = failing("/", lambda: group(RequestRedirect("http://localhost/there")))

    response = ask(application, "/")

    assert (response.status, response.header("Location")) == (308, "http://localhost/there")


@pytest.mark.parametrize("name", ["one", "several", "mixed"])
def test_a_group_is_logged_once_by_errbridge(world: World, caplog: pytest.LogCaptureFixture, name: str) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    make, status = GROUPS[name]
    failing("/", make)(world)

    world.call(Request("/"))

    (record,) = records(caplog)
    assert vars(record)["status"] == status
    assert record.levelno == (logging.INFO if status < 500 else logging.ERROR)
    assert (record.exc_info is not None) == (name == "mixed")


def a_group(*errors: Exception) -> Callable[[], Exception]:
    return lambda: group(*errors)


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (a_group(NotFound("here")), 404),
        (a_group(Problem(409, detail="here")), 409),
        (a_group(ExceptionGroup("inner", [NotFound("here")])), 404),
        (a_group(NotFound(), ServiceUnavailable("here")), 503),
        (a_group(ServiceUnavailable("here"), NotFound()), 503),
        (a_group(NotFound(), ExceptionGroup("inner", [Conflict(), Problem(503, detail="here")])), 503),
        (a_group(NotFound(), Bug("secret")), 500),
        (a_group(Bug("secret"), NotFound()), 500),
        (a_group(Bug("secret")), 500),
    ],
    ids=["404", "409", "nested", "404+503", "503+404", "nested mix", "404+bug", "bug+404", "bug"],
)
def test_an_exception_group_is_answered_as_its_most_severe_error(
    ask: Ask, make: Callable[[], Exception], status: int
) -> None:
    response = ask(failing("/group", make), "/group", headers=accepting("application/json"))

    complete(response, status, "application/json")
    assert response.json["detail"] == ("Unhandled Exception" if status == 500 else "here")


@pytest.mark.parametrize("mode", MODES)
def test_a_group_is_shown_to_the_developer_unless_it_is_an_http_error(world: World, mode: str) -> None:
    world.config = MODES[mode]
    an_app(failing("/mixed", a_group(NotFound(), Bug("secret"))), failing("/http", a_group(NotFound("here"))))(world)

    assert isinstance(world.find_escaped("/mixed"), ExceptionGroup)
    assert world.find_escaped("/http") is None
    assert world.call(Request("/http")).status == 404


@pytest.mark.parametrize(
    "handler",
    [
        a_native_handler(404, lambda exc: (f"handled {exc.description}", 404)),
        a_handler(404, lambda exc: f"handled {exc.description}"),
    ],
    ids=["native", "errbridge"],
)
def test_the_handlers_of_an_http_error_in_a_group_are_asked(ask: Ask, handler: Part) -> None:
    response = ask(an_app(failing("/group", a_group(NotFound("here"))), handler), "/group")

    assert (response.status, response.text) == (404, "handled here")
