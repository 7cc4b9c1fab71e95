"""Dispatchers that fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from errbridge import ErrorDispatcher, RequestFacts
from tests.applications import Ask, a_blueprint, a_catch_all, an_app, raising, says
from tests.clients import Request
from tests.failures.fragile import STATUS, Failure, a_fragile_app
from tests.own_answers import complete
from tests.twins import Twins, World

# Dispatchers.


def dispatching(function: Callable[[Any], Any]) -> type[ErrorDispatcher]:
    class Dispatcher(ErrorDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> Any:
            return function(request)

    return Dispatcher


def half_way(request: RequestFacts) -> Iterator[str]:
    yield "api"
    raise Failure("secret")


DISPATCHERS: dict[str, Callable[[Any], Any]] = {
    "raises": raising(lambda: Failure("secret")),
    "raises StopIteration": raising(lambda: StopIteration("secret")),
    "lists garbage": lambda request: [42],
    "gives no list": lambda request: 42,
    "fails half way": half_way,
}


@pytest.mark.parametrize("dispatcher", DISPATCHERS)
@pytest.mark.parametrize("path", ["/api/nope", "/404", "/bug"])
def test_a_dispatcher_that_fails_leaves_the_error_to_the_app(ask: Ask, dispatcher: str, path: str) -> None:
    application = an_app(a_fragile_app, a_blueprint("api", a_catch_all(says("the blueprint's"))))

    response = ask(application, path, options={"dispatcher": dispatching(DISPATCHERS[dispatcher])})

    complete(response, 500 if path == "/bug" else 404, "text/html")


@pytest.mark.parametrize("dispatcher", DISPATCHERS)
def test_a_dispatcher_that_fails_is_logged(world: World, caplog: pytest.LogCaptureFixture, dispatcher: str) -> None:
    world.options = {"dispatcher": dispatching(DISPATCHERS[dispatcher])}

    world.call(Request("/nope"))

    (record,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
    assert record.name == "errbridge"
    assert record.exc_info is not None


class Unmakeable(ErrorDispatcher):
    """A dispatcher that is a failure from the start."""

    def __init__(self, scopes: Any) -> None:
        raise Failure("secret")

    def dispatch(self, exc: BaseException, request: RequestFacts) -> Any:
        return ()


@pytest.mark.parametrize("path", STATUS)
def test_when_errbridge_itself_is_broken_the_client_gets_constant_bytes(path: str) -> None:
    twins = Twins.built(a_fragile_app, options={"dispatcher": Unmakeable})

    get, head = twins.ask(f"/{path}"), twins.ask(f"/{path}", "HEAD")

    complete(get, STATUS[path], "text/plain")
    assert (head.status, head.body) == (STATUS[path], b"")
    assert head.header("Content-Length") == get.header("Content-Length")


def test_a_dispatcher_that_lists_what_does_not_exist_does_no_harm(ask: Ask) -> None:
    options = {"dispatcher": dispatching(lambda request: ["missing", "missing.too"])}

    complete(ask(a_fragile_app, "/nope", options=options), 404, "text/html")
