"""The error map: who owns an error, and which handlers that leads to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from errbridge import ErrorDispatcher, Problem, RequestFacts, Scope
from errbridge.adapter import Installation
from errbridge.application.errormap import Owner, Reach
from errbridge.representations.styles import API, DEFAULT, WEB
from errbridge.scopes.dispatch import DefaultDispatcher, SubdomainDispatcher, URLPrefixDispatcher
from errbridge.scopes.scope import ROOT
from tests.core.fakes import Application, NotFound, install, place, register


def chain(installation: Installation, **facts: Any) -> list[str]:
    return [str(owner.scope) for owner in owners_of(installation, **facts)]


def owners_of(installation: Installation, **facts: Any) -> tuple[Owner, ...]:
    return installation.error_map().find_chain(Problem(404), RequestFacts(**facts)).owners


def dispatching(function: Callable[[RequestFacts], Any]) -> type[ErrorDispatcher]:
    class Mine(ErrorDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> Iterable[Scope | str] | None:
            found: Iterable[Scope | str] | None = function(request)
            return found

    return Mine


# The chain.


def test_the_chain_ends_at_the_application_even_when_nothing_is_registered() -> None:
    assert chain(install()) == ["app"]
    assert install().error_map().root.style is DEFAULT


def test_the_blueprints_of_the_view_come_first_then_the_owners_of_the_url_then_the_application() -> None:
    installation = install(Application(place("shop", "/shop"), place("shop.cart", "/shop/cart"), place("free")))
    installation.shared.set_style(Scope(prefix="/shop/cart/x"), "api")

    assert chain(installation, path="/shop/cart/x", blueprints=("free",)) == [
        "free",
        "/shop/cart/x",
        "shop.cart",
        "shop",
        "app",
    ]


def test_a_scope_stands_in_the_chain_once_at_its_nearest_place() -> None:
    installation = install(Application(place("shop", "/shop"), place("shop.cart", "/shop/cart")))

    found = chain(installation, path="/shop/cart/x", blueprints=("shop", "shop.cart"), rule_blueprints=("shop.cart",))

    assert found == ["shop", "shop.cart", "app"]


def test_a_blueprint_without_prefix_and_host_owns_no_url() -> None:
    assert chain(install(Application(place("free"))), path="/anything") == ["app"]


def test_hosts_come_first() -> None:
    app = Application(place("admin", host="admin.example.com"), place("api", "/api"))

    assert chain(install(app), host="ADMIN.example.com:80", path="/api/x") == ["admin", "api", "app"]


def test_two_registrations_of_one_blueprint_are_two_owners_with_the_same_handlers() -> None:
    app = Application(place("one", "/one"))
    other, _ = place("two", "/two")
    app.registered.append((other, "one"))
    installation = install(app)
    installation.shared.set_style("one", "api")

    for name in ("one", "two"):
        assert chain(installation, path=f"/{name}/x") == [name, "app"]
        assert installation.error_map().owners[name].style is API


def test_a_view_of_an_unknown_blueprint_is_no_error() -> None:
    assert chain(install(), blueprints=("ghost",)) == ["ghost", "app"]


# Dispatchers.


def test_the_dispatcher_is_the_configured_one_unless_an_option_says_otherwise_and_the_last_is_in_force() -> None:
    app = Application(place("api", "/api"), place("admin", host="h"), ERROR_DISPATCHER="default")
    facts: dict[str, Any] = {"host": "h", "path": "/api"}

    assert chain(install(app), **facts) == ["app"]
    installation = install(app, dispatcher=URLPrefixDispatcher)
    assert chain(installation, **facts) == ["api", "app"]
    installation.use_dispatcher(SubdomainDispatcher)
    assert chain(installation, **facts) == ["admin", "app"]
    installation.use_dispatcher(DefaultDispatcher)
    assert chain(installation, **facts) == ["app"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (["shop", "api"], ["shop", "api", "app"]),
        ([Scope(blueprint="shop")], ["shop", "app"]),
        ([Scope(prefix="/x")], ["/x", "app"]),
        ((name for name in ["api"]), ["api", "app"]),
        (["api", "api", Scope(blueprint="api")], ["api", "app"]),
        ([ROOT, "api"], ["api", "app"]),
        (["ghost", "api"], ["api", "app"]),
        ([Scope(blueprint="ghost"), Scope(prefix="/ghost")], ["app"]),
        ([], ["app"]),
        (None, ["app"]),
    ],
)
def test_a_dispatcher_lists_scopes_or_names_of_blueprints(found: Any, expected: list[str]) -> None:
    app = Application(place("api", "/api"), place("shop"))
    installation = install(app, dispatcher=dispatching(lambda request: found))
    installation.shared.set_failure(Scope(prefix="/x"))

    assert chain(installation) == expected


def test_what_a_dispatcher_makes_up_is_reported_once_and_never_without_bound(caplog: pytest.LogCaptureFixture) -> None:
    installation = install(dispatcher=dispatching(lambda request: request.path))

    for number in range(100):
        assert [chain(installation, path=f"/{number}{'x' * 500}") for _ in range(2)] == [["app"], ["app"]]

    assert len({record.getMessage() for record in caplog.records}) == len(caplog.records) == 20
    assert all(record.levelno == logging.WARNING and len(record.getMessage()) < 200 for record in caplog.records)


def test_a_blueprint_on_several_hosts_owns_an_error_where_the_error_is() -> None:
    places = [place("shop", "/shop", host) for host in ("a.example", "b.example")]
    facts: dict[str, Any] = {"host": "b.example", "path": "/shop/nope", "blueprints": ("shop",)}

    def scope(**options: Any) -> Scope:
        return owners_of(install(Application(*places), **options), **facts)[0].scope

    assert scope() == Scope("b.example", "/shop", "shop")
    assert scope(dispatcher=URLPrefixDispatcher) == Scope(None, "/shop", "shop")
    assert scope(dispatcher=DefaultDispatcher) == Scope(None, "/shop", "shop")


def test_a_dispatcher_that_names_a_blueprint_reaches_what_is_registered_for_it() -> None:
    app = Application(place("api", "/api"))
    installation = install(app, dispatcher=dispatching(lambda request: ["api", Scope(prefix="/x")]))
    installation.shared.set_style("api", "api")
    installation.shared.set_style(Scope(prefix="/x"), "web")

    styles = [owner.style for owner in owners_of(installation)]

    assert styles == [API, WEB, DEFAULT]


def fail(request: RequestFacts) -> None:
    raise RuntimeError("in the dispatcher")


def half(request: RequestFacts) -> Iterable[str]:
    yield "api"
    raise RuntimeError("in the dispatcher")


@pytest.mark.parametrize("function", [fail, half, lambda request: 5, lambda request: [5], lambda request: [None]])
def test_a_dispatcher_that_fails_is_logged_and_leaves_the_error_to_the_application(
    caplog: pytest.LogCaptureFixture, function: Callable[[RequestFacts], Any]
) -> None:
    installation = install(Application(place("api", "/api")), dispatcher=dispatching(function))

    assert chain(installation, blueprints=("view",)) == ["view", "app"]
    (logged,) = caplog.records
    assert (logged.name, logged.levelno) == ("errbridge", logging.ERROR)
    assert "Mine failed" in logged.getMessage()


def test_a_single_name_or_scope_is_as_good_as_a_list_of_one() -> None:
    for dispatcher in (dispatching(lambda request: "api"), dispatching(lambda request: Scope(blueprint="api"))):
        assert chain(install(Application(place("api", "/api")), dispatcher=dispatcher)) == ["api", "app"]


def test_a_scope_with_a_converter_that_the_application_does_not_have_is_left_out_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    installation = install(Application(place("api", "/api")))
    installation.shared.set_style(Scope(prefix="/<nope:x>"), "api")
    installation.shared.set_style(Scope(prefix="/x"), "api")

    assert chain(installation, path="/x") == ["/x", "app"]
    assert chain(installation, path="/api") == ["api", "app"]
    (logged,) = caplog.records
    assert (logged.levelno, "/<nope:x>" in logged.getMessage()) == (logging.ERROR, True)


def test_a_dispatcher_is_given_the_exception_and_the_request() -> None:
    seen: list[tuple[BaseException, RequestFacts]] = []

    class Seeing(ErrorDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> None:
            seen.append((exc, request))

    exc, request = Problem(404), RequestFacts(path="/x")
    install(dispatcher=Seeing).error_map().find_chain(exc, request)

    assert seen == [(exc, request)]


# Styles.


def test_the_style_of_the_application_is_registered_else_an_option_else_configured_else_default() -> None:
    app = Application(ERROR_HANDLER="web")

    assert install(Application()).error_map().root.style is DEFAULT
    assert install(app).error_map().root.style is WEB
    installation = install(app, style=API)
    assert installation.error_map().root.style is API
    installation.own.set_style(ROOT, "default")
    assert installation.error_map().root.style is DEFAULT


def test_what_is_registered_for_one_application_wins_over_what_all_share() -> None:
    installation = install()
    installation.own.set_style(Scope(prefix="/x"), "web")
    installation.shared.set_style(Scope(prefix="/x"), "api")
    installation.shared.set_failure(Scope(prefix="/x"))

    owner = installation.error_map().owners[Scope(prefix="/x")]
    assert (owner.style, owner.failure) == (WEB, True)


def test_a_scope_for_failures_answers_uncaught_exceptions_only() -> None:
    installation = install()
    installation.shared.set_failure(Scope(prefix="/x"))
    installation.shared.set_failure(Scope(prefix="/api"))
    installation.shared.set_style(Scope(prefix="/api"), "api")
    owners = installation.error_map().owners

    assert owners[Scope(prefix="/x")].find_style(uncaught=True) is DEFAULT
    assert owners[Scope(prefix="/x")].find_style(uncaught=False) is None
    assert owners[Scope(prefix="/api")].find_style(uncaught=True) is DEFAULT
    assert owners[Scope(prefix="/api")].find_style(uncaught=False) is API


def test_a_chain_knows_its_blueprints_and_how_far_both_kinds_of_errors_go() -> None:
    installation = install(Application(place("shop", "/shop"), place("shop.cart", "/shop/cart")), style=WEB)
    installation.shared.set_failure("shop.cart")
    installation.shared.set_style("shop", "api")

    found = installation.error_map().find_chain(Problem(404), RequestFacts(path="/shop/cart"))

    cart, shop, root = found.owners
    assert found.blueprints == ("shop.cart", "shop")
    assert found.http == Reach((cart, shop), API)
    assert found.uncaught == Reach((cart,), DEFAULT)
    assert root.style is WEB


def test_keys_of_a_blueprint_reach_its_owner_with_the_frameworks_classes_of_errors() -> None:
    installation = install(Application(place("api", "/api")))
    function = register(installation, "api", NotFound)(lambda exc: None)

    (handler,) = installation.error_map().owners["api"].handlers.find(Problem, 404)

    assert handler.function is function


# What is kept.


def test_errors_of_the_same_owners_share_their_chain() -> None:
    error_map = install(Application(place("api", "/api"))).error_map()
    one, other, root = (error_map.find_chain(NotFound(), RequestFacts(path=path)) for path in ("/api", "/api/x", "/"))

    assert one is other
    assert one is not root


def test_what_is_worked_out_is_not_kept_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatcher may name an owner for each request, and a program may make a class for each error."""
    monkeypatch.setattr("errbridge.application.errormap._REMEMBERED", 3)
    places = [place(f"b{number}") for number in range(10)]
    installation = install(Application(*places), dispatcher=dispatching(lambda request: request.path))
    error_map = installation.error_map()

    chains = [error_map.find_chain(NotFound(), RequestFacts(path=f"b{number % 10}")) for number in range(20)]
    for number, found in enumerate(chains):
        assert [str(owner.scope) for owner in found.owners] == [f"b{number % 10}", "app"]
        cls: type[Exception] = type(f"Error{number}", (Exception,), {})
        assert len(error_map.find_turns(found.owners, cls, 404)) == 2

    for kept in (error_map._chain, error_map.find_turns):
        cached: Any = kept
        assert cached.cache_info().currsize == 3


def test_the_owners_of_more_places_than_are_remembered_are_found_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("errbridge.application.errormap._REMEMBERED", 3)
    names = [f"b{number}" for number in range(10)]
    installation = install(Application(*(place(name, f"/{name}") for name in names)))

    for name in names * 2:
        assert chain(installation, path=f"/{name}/nope") == [name, "app"]
