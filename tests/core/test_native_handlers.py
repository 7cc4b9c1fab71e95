"""The framework's own handlers: what they may return, and when they are asked, with both drivers at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from errbridge import Page, Problem, Reply, Scope
from errbridge.adapter import Installation, Native, NativeHandler
from errbridge.scopes.scope import ROOT
from tests.core.fakes import (
    Application,
    Asked,
    NativeResponse,
    NotFound,
    OutOfStock,
    ServerError,
    World,
    a_shop,
    as_async,
    fail,
    native,
)

# Native handlers: what they return.


@pytest.mark.parametrize("colour", [lambda function: function, as_async])
@pytest.mark.parametrize(
    "value",
    ["words", ("words", 404), ("words", "404 Gone"), NativeResponse("r", 404), ("words", {"X-A": "1"}), {"a": 1}],
)
def test_what_a_native_handler_returns_is_the_frameworks(world: World, value: Any, colour: Callable[..., Any]) -> None:
    run = world(native(colour(lambda exc: value)), NotFound())

    assert run.outcome == Native(value)
    assert run.app.drafts == []
    assert len(run.records) == 1


def test_a_native_handler_may_return_what_errbridge_understands(world: World) -> None:
    assert world(native(lambda exc: Problem(410)), NotFound()).sent.status == 410
    assert world(native(lambda exc: Reply("x", 411)), NotFound()).sent.status == 411
    assert world(native(lambda exc: None), NotFound()).sent.status == 404

    def build(app: Application, installation: Installation) -> None:
        native(lambda exc: Page("own.html"))(app, installation)
        app.templates["own.html"] = lambda context: "own"

    assert world(build, NotFound()).text == "own"


def test_a_native_handler_takes_an_uncaught_exception_as_without_errbridge(world: World) -> None:
    exc = OutOfStock()

    def takes(caught: BaseException) -> Any:
        return ("took", 500) if caught is exc else "another"

    assert world(native(takes), exc).outcome == Native(("took", 500))
    assert world(native(takes, is_generic=True), exc).outcome == Native(("took", 500))


def test_a_native_handler_gets_what_the_framework_would_call_it_with(world: World) -> None:
    wrapped = ServerError()
    seen: list[BaseException] = []

    def build(app: Application, installation: Installation) -> None:
        app.find_native = lambda exc, blueprints: NativeHandler(seen.append, wrapped)

    world(build, NotFound())

    assert [exc is wrapped for exc in seen] == [True, True]


# Native handlers: their place.


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (None, ["cart", "shop", "framework", "root"]),
        ("shop", ["cart", "framework", "shop", "root"]),
        ("shop.cart", ["framework", "cart", "shop", "root"]),
    ],
)
@pytest.mark.parametrize("exc", [KeyError, NotFound])
def test_the_frameworks_choice_counts_at_the_scope_where_it_is_registered(
    where: str | None, expected: list[str], exc: type[Exception], asked: Asked
) -> None:
    app, installation = a_shop()
    asked.native(app, where)
    for target, label in ((ROOT, "root"), ("shop", "shop"), ("shop.cart", "cart")):
        asked.register(installation, target, label, exc)

    assert asked.by(installation, exc(), path="/x", blueprints=("shop.cart", "shop")) == expected


def test_a_native_handler_of_a_blueprint_counts_for_the_routing_errors_of_its_urls(asked: Asked) -> None:
    app, installation = a_shop()
    asked.register(installation, "shop", "shop", 404)
    asked.register(installation, "shop.cart", "cart", 404)
    asked.native(app, "shop")

    assert asked.by(installation, NotFound(), path="/shop/cart", routing=True) == ["cart", "framework", "shop"]
    assert asked.by(installation, NotFound(), path="/shop/cart") == ["cart", "shop"]


def test_the_applications_native_handler_does_not_count_at_a_nearer_scope(asked: Asked) -> None:
    app, installation = a_shop()
    asked.native(app)
    asked.register(installation, Scope(prefix="/x"), "scope", KeyError, 404)

    assert asked.by(installation, KeyError(), path="/x") == ["scope", "framework"]
    assert asked.by(installation, NotFound(), path="/x") == ["scope", "framework"]


def test_a_nearer_style_wins_over_a_farther_native_handler(asked: Asked) -> None:
    app, installation = a_shop()
    asked.native(app)
    installation.shared.set_style("shop", "api")

    assert asked.by(installation, NotFound(), path="/shop") == []
    assert asked.by(installation, NotFound(), path="/x") == ["framework"]


def test_a_native_handler_for_any_exception_waits_for_all_handlers_of_the_class(asked: Asked) -> None:
    app, installation = a_shop()
    asked.native(app, is_generic=True)
    asked.register(installation, ROOT, "root", KeyError)

    assert asked.by(installation, KeyError()) == ["root", "framework"]
    assert asked.by(installation, ValueError()) == ["framework"]


@pytest.mark.parametrize("keys", [(500,), ("5xx",), ("*",), (Exception,), (ServerError,)])
def test_a_nearer_scope_that_answers_the_500_wins_over_a_native_handler_for_any_exception(
    keys: tuple[Any, ...], asked: Asked
) -> None:
    app, installation = a_shop()
    asked.native(app, is_generic=True)
    asked.register(installation, "shop", "shop", *keys)

    assert asked.by(installation, KeyError(), path="/shop") == []
    assert asked.by(installation, KeyError(), path="/x") == ["framework"]


def test_a_nearer_style_or_page_for_failures_wins_over_a_native_handler_for_any_exception(asked: Asked) -> None:
    app, installation = a_shop()
    asked.native(app, is_generic=True)
    installation.shared.set_style("shop", "api")
    installation.shared.set_failure(Scope(prefix="/fail"))

    assert asked.by(installation, KeyError(), path="/shop") == []
    assert asked.by(installation, KeyError(), path="/fail") == []
    assert asked.by(installation, KeyError(), path="/x") == ["framework"]


def test_a_nearer_handler_of_another_class_does_not_keep_the_native_one_from_answering(asked: Asked) -> None:
    app, installation = a_shop()
    asked.native(app, "shop", is_generic=True)
    asked.register(installation, "shop.cart", "cart", ValueError, 404)

    assert asked.by(installation, KeyError(), path="/x", blueprints=("shop.cart", "shop")) == ["framework"]


def test_a_native_handler_registered_nowhere_in_the_chain_is_not_asked(asked: Asked) -> None:
    app, installation = a_shop()
    app.find_native = lambda exc, blueprints: NativeHandler(fail, exc, "elsewhere", True)

    assert asked.by(installation, KeyError()) == []
    assert asked.by(installation, NotFound()) == []
