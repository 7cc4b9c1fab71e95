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


class ByProduct(ErrorDispatcher):
    """The example in the documentation of dispatchers."""

    def dispatch(self, exc: BaseException, request: RequestFacts) -> Any:
        product = request.headers.get("X-Product")
        return [product, *self.owners(request)] if product else self.owners(request)


@pytest.mark.parametrize(("product", "expected"), [("shop", "the shop's"), ("made-up", "the application's")])
def test_a_dispatcher_may_name_an_owner_that_does_not_exist(ask: Ask, product: str, expected: str) -> None:
    application = an_app(a_blueprint("shop", a_catch_all(says("the shop's"))), a_catch_all(says("the application's")))

    response = ask(application, "/nope", headers=[("X-Product", product)], options={"dispatcher": ByProduct})

    assert (response.status, response.text) == (404, expected)


def test_what_clients_make_up_is_not_kept_and_is_no_scope(world: World) -> None:
    world.options = {"dispatcher": ByProduct}
    scopes: list[str] = []
    world.app.register_error_handler(410, lambda exc: "gone")
    a_blueprint("shop")(world)
    world.errors.on_incident(lambda incident, reply: scopes.append(str(incident.scope)))

    for number in range(30):
        world.call(Request("/nope", headers=[("X-Product", f"made-up-{number}")]))

    assert scopes == ["app"] * 30
    assert len(world.app.error_handler_spec) == 1
