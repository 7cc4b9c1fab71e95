"""Handlers that fail, and exceptions that pass through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from jinja2 import DictLoader
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    NotFound,
)

from errbridge import Page, Problem, Reply
from tests.applications import Ask, a_blueprint, a_catch_all, an_app, in_style, raising, says
from tests.clients import Request
from tests.failures.fragile import (
    STATUS,
    Bug,
    Failure,
    Unprintable,
    a_fragile_app,
    a_fragile_app_with,
    chained,
    later_failing,
    records,
    returning,
    shown_by,
)
from tests.own_answers import EVERY, MODES, accepting, complete
from tests.twins import World

# Handlers that fail.


async def later(value: Any) -> Any:
    await asyncio.sleep(0)
    return value


async def later_stopping() -> Any:
    await asyncio.sleep(0)
    raise StopIteration("secret")


class FailingAwaitable:
    def __await__(self) -> Iterator[Any]:
        raise Failure("secret")


def recursing(exc: Any) -> Any:
    return recursing(exc)  # by name: Python 3.15.0 does not count calls with *args, and goes on until memory ends


RAISING: dict[str, Callable[[Any], Any]] = {
    "raises": raising(lambda: Failure("secret")),
    "raises what cannot be printed": raising(Unprintable),
    "raises StopIteration": raising(lambda: StopIteration("secret")),
    "raises StopAsyncIteration": raising(lambda: StopAsyncIteration("secret")),
    "raises TimeoutError": raising(lambda: TimeoutError("secret")),
    "raises AssertionError": raising(lambda: AssertionError("secret")),
    "raises RecursionError": recursing,
    "raises a 500 of another exception": raising(
        lambda: InternalServerError("secret", original_exception=Failure("secret"))
    ),
    "is a coroutine function that raises": lambda exc: later_failing(),
    "is a coroutine function that raises StopIteration": lambda exc: later_stopping(),
    "returns an awaitable that raises": lambda exc: FailingAwaitable(),
}


async def coroutine_failing(exc: Exception) -> Any:
    raise Failure("secret")


GARBAGE: dict[str, Callable[[], Any]] = {
    "object": object,
    "int": lambda: 42,
    "float": lambda: 4.2,
    "True": lambda: True,
    "set": lambda: {"a"},
    "function": lambda: len,
    "exception": lambda: Failure("secret"),
    "exception without a status": lambda: HTTPException("secret"),
    "empty tuple": lambda: (),
    "1-tuple": lambda: ("body",),
    "4-tuple": lambda: ("body", 404, {}, "more"),
    "tuple of None": lambda: (None, 404),
    "tuple of object": lambda: (object(), 404),
    "tuple with a word for a status": lambda: ("body", "nonsense"),
    "tuple with a status of two digits": lambda: ("body", 42),
    "tuple with a status of five digits": lambda: ("body", 40404),
    "tuple with a status of zero": lambda: ("body", 0),
    "tuple with a negative status": lambda: ("body", -404),
    "tuple with a status of two digits and words": lambda: ("body", "42 Nonsense"),
    "Reply with a status of two digits": lambda: Reply("body", 42),
    "Reply with a status of five digits": lambda: Reply("body", 40404),
    "Page with a status of two digits": lambda: (Page("page.html"), 42),
    "tuple with an object for a status": lambda: ("body", object()),
    "tuple with a float for a status": lambda: ("body", 4.04e300),
    "tuple with headers that are none": lambda: ("body", 404, 42),
    "tuple with pairs that are none": lambda: ("body", 404, ["ab", ("a",), 3]),
    "awaitable of garbage": lambda: later(object()),
    "Reply of an object": lambda: Reply(object()),  # type: ignore[arg-type]
    "Reply with a word for a status": lambda: Reply("body", "nonsense"),  # type: ignore[arg-type]
    "Reply with headers that are none": lambda: Reply("body", headers=42),  # type: ignore[arg-type]
    "Page that is missing": lambda: Page("missing.html"),
    "Page of nothing": lambda: Page([]),
    "Page with a number for a name": lambda: Page(42),  # type: ignore[arg-type]
    "Page with a word for a status": lambda: (Page("page.html"), "nonsense"),
    "dict that JSON cannot hold": lambda: {"a": object()},
    "dict that is a cycle": lambda: _cycle(),
}


def _cycle() -> dict[str, Any]:
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    return cycle


FAILING: dict[str, Callable[[Any], Any]] = {
    **RAISING,
    "is async and raises": coroutine_failing,
    **{f"returns {name}": returning(make) for name, make in GARBAGE.items()},
}


@pytest.mark.parametrize("handler", FAILING)
@pytest.mark.parametrize("path", ["404", "bug"])
def test_a_handler_that_fails_leaves_the_error_to_the_built_in_answer(ask: Ask, path: str, handler: str) -> None:
    response = ask(a_fragile_app_with(FAILING[handler]), f"/{path}", headers=accepting("application/json"))

    complete(response, STATUS[path], "application/json")


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("path", STATUS)
def test_the_built_in_answer_after_a_failure_is_what_the_client_asked_for(ask: Ask, path: str, accept: str) -> None:
    response = ask(a_fragile_app_with(raising(Failure)), f"/{path}", headers=accepting(accept))

    complete(response, STATUS[path], accept)


@pytest.mark.parametrize("handler", FAILING)
def test_a_handler_for_a_class_that_fails_makes_it_a_500(ask: Ask, handler: str) -> None:
    response = ask(a_fragile_app_with(FAILING[handler], KeyError), "/key", headers=accepting("application/json"))

    complete(response, 500, "application/json")


@pytest.mark.parametrize("handler", FAILING)
@pytest.mark.parametrize("path", ["404", "bug"])
def test_a_failure_is_logged_once_with_the_error_that_was_being_answered(
    world: World, caplog: pytest.LogCaptureFixture, path: str, handler: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    a_fragile_app_with(FAILING[handler])(world)

    world.call(Request(f"/{path}"))

    (record,) = records(caplog)
    assert record.levelno == logging.ERROR
    shown = shown_by(record)
    assert len(shown) >= 2
    assert (NotFound if path == "404" else Bug) in shown
    assert shown[0] not in (NotFound, Bug)
    if handler == "raises":
        assert shown[0] is Failure
    assert vars(record)["status"] == STATUS[path]
    assert "failed" in record.getMessage()


@pytest.mark.parametrize("handler", ["raises", "is async and raises", "returns object", "returns Page that is missing"])
def test_the_failure_of_a_handler_for_a_class_is_logged_with_the_exception_it_was_given(
    world: World, caplog: pytest.LogCaptureFixture, handler: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    a_fragile_app_with(FAILING[handler], KeyError)(world)

    world.call(Request("/key"))

    (record,) = records(caplog)
    assert record.levelno == logging.ERROR
    shown = shown_by(record)
    assert shown[-1] is KeyError
    assert len(shown) >= 2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("handler", ["raises", "is async and raises", "returns object", "returns Page that is missing"])
@pytest.mark.parametrize("path", ["404", "problem"])
def test_where_the_developer_wants_to_see_it_the_failure_is_raised(
    world: World, mode: str, handler: str, path: str
) -> None:
    world.config = MODES[mode]
    a_fragile_app_with(FAILING[handler])(world)

    error = world.find_escaped(f"/{path}")

    shown = [type(each) for each in chained(error)]
    assert shown[0] not in (NotFound, Problem)
    assert shown[-1] is (NotFound if path == "404" else Problem)
    if "raises" in handler:
        assert shown[0] is Failure


@pytest.mark.parametrize("mode", MODES)
def test_the_failure_of_a_handler_for_a_class_is_raised_too(world: World, mode: str) -> None:
    world.config = MODES[mode]
    a_fragile_app_with(raising(Failure), KeyError)(world)

    assert [type(each) for each in chained(world.find_escaped("/key"))] == [Failure, KeyError]


def test_a_failing_handler_ends_the_search_for_one(ask: Ask) -> None:
    """The next rung is the scope's own representation, not the handler of another scope."""
    application = an_app(
        a_blueprint("api", a_catch_all(raising(Failure)), in_style("api")),
        a_catch_all(says("the app's")),
    )

    complete(ask(application, "/api/nope"), 404, "application/json")


@pytest.mark.parametrize(
    "handler",
    [
        raising(lambda: Failure("secret")),
        raising(lambda: StopIteration("secret")),
        coroutine_failing,
        lambda exc: object(),
        lambda exc: 42,
        lambda exc: ("body", 404, {}, "more"),
        lambda exc: ("body", "nonsense"),
        lambda exc: ("body", object()),
    ],
    ids=["raises", "StopIteration", "coroutine", "object", "int", "4-tuple", "word", "status"],
)
@pytest.mark.parametrize("path", ["/404", "/bug", "/nope"])
def test_a_native_handler_that_fails_never_leaves_the_client_without_an_answer(
    world: World, handler: Any, path: str
) -> None:
    a_fragile_app(world)
    world.errors.api_register("/")
    for key in (404, 500):
        world.app.register_error_handler(key, handler)

    response = world.call(Request(path, headers=accepting("application/json")))

    complete(response, response.status, "application/json")
    assert response.status in (404, 500)


@pytest.mark.parametrize("kind", [asyncio.CancelledError, SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["view", "handler", "template", "response"])
def test_what_ends_the_process_or_the_task_passes_through_untouched(
    world: World, kind: type[BaseException], where: str
) -> None:
    ended = kind("ended")

    async def end(*args: Any) -> Any:
        raise ended

    def end_plainly(*args: Any) -> Any:
        raise ended

    ending = end if world.is_async else end_plainly
    if where == "response":
        world.options = {"response": lambda function: ending}
    a_fragile_app(world)
    world.app.jinja_env.globals["end"] = ending
    world.app.jinja_loader = DictLoader(
        dict.fromkeys(("errors/4xx.html", "errors/5xx.html"), "{{ end() }}" if where == "template" else "page")
    )
    world.errors.web_register(world.app)
    world.errors.api_register("/api")
    world.app.add_url_rule("/view", "view", view_func=ending)
    if where == "handler":
        world.errors.register(world.app)(ending)

    path = {"view": "/view", "response": "/api/nope"}.get(where, "/404")
    assert world.find_escaped(path, BaseException) is ended


def test_nothing_is_logged_of_what_passes_through(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    async def end(exc: Exception) -> Any:
        raise asyncio.CancelledError

    a_fragile_app_with(end)(world)

    assert isinstance(world.find_escaped("/404", BaseException), asyncio.CancelledError)
    assert records(caplog) == []
