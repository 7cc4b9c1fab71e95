"""errbridge as it is installed in one application."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from errbridge import ErrorDispatcher, Problem, RequestFacts, Scope, SetupError
from errbridge.application.errormap import Installation
from errbridge.application.settings import Options
from errbridge.handlers.registry import Registry
from errbridge.representations.styles import API, DEFAULT, WEB
from errbridge.scopes.dispatch import DefaultDispatcher, SubdomainDispatcher, URLPrefixDispatcher
from errbridge.scopes.scope import ROOT
from tests.core.fakes import Application, NotFound, incident_of, installed, place, registered


def chain(installation: Installation, **facts: Any) -> list[str]:
    return [str(owner.scope) for owner in installation.table().chain(incident_of(Problem(404), **facts))]


def dispatching(function: Callable[[RequestFacts], Any]) -> type[ErrorDispatcher]:
    class Mine(ErrorDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> Iterable[Scope | str] | None:
            found: Iterable[Scope | str] | None = function(request)
            return found

    return Mine


# The chain.


def test_the_chain_ends_at_the_application_even_when_nothing_is_registered() -> None:
    assert chain(installed()) == ["app"]
    assert installed().table().root.style is DEFAULT


def test_the_blueprints_of_the_view_come_first_then_the_owners_of_the_url_then_the_application() -> None:
    installation = installed(Application(place("shop", "/shop"), place("shop.cart", "/shop/cart"), place("free")))
    installation.shared.set_style(Scope(prefix="/shop/cart/x"), API)

    assert chain(installation, path="/shop/cart/x", blueprints=("free",)) == [
        "free",
        "/shop/cart/x",
        "shop.cart",
        "shop",
        "app",
    ]


def test_a_scope_stands_in_the_chain_once_at_its_nearest_place() -> None:
    installation = installed(Application(place("shop", "/shop"), place("shop.cart", "/shop/cart")))

    found = chain(installation, path="/shop/cart/x", blueprints=("shop", "shop.cart"), rule_blueprints=("shop.cart",))

    assert found == ["shop", "shop.cart", "app"]


def test_a_blueprint_without_prefix_and_host_owns_no_url() -> None:
    assert chain(installed(Application(place("free"))), path="/anything") == ["app"]


def test_hosts_come_first() -> None:
    app = Application(place("admin", host="admin.example.com"), place("api", "/api"))

    assert chain(installed(app), host="ADMIN.example.com:80", path="/api/x") == ["admin", "api", "app"]


def test_two_registrations_of_one_blueprint_are_two_owners_with_the_same_handlers() -> None:
    app = Application(place("one", "/one"))
    other = place("two", "/two")
    app.registered.append(type(other)(other.scope, "one"))
    installation = installed(app)
    installation.shared.set_style("one", API)

    for name in ("one", "two"):
        assert chain(installation, path=f"/{name}/x") == [name, "app"]
        assert installation.table().owners[name].style is API


def test_a_view_of_an_unknown_blueprint_is_no_error() -> None:
    assert chain(installed(), blueprints=("ghost",)) == ["ghost", "app"]


# Dispatchers.


def test_the_dispatcher_is_the_configured_one_unless_an_option_says_otherwise_and_the_last_is_in_force() -> None:
    app = Application(place("api", "/api"), place("admin", host="h"), ERROR_DISPATCHER="default")
    facts: dict[str, Any] = {"host": "h", "path": "/api"}

    assert chain(installed(app), **facts) == ["app"]
    installation = installed(app, dispatcher=URLPrefixDispatcher)
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
        ([Scope(prefix="/api")], ["/api", "app"]),
        ((name for name in ["api"]), ["api", "app"]),
        (["api", "api", Scope(blueprint="api")], ["api", "app"]),
        ([ROOT, "api"], ["api", "app"]),
        (["ghost"], ["ghost", "app"]),
        ([Scope(prefix="/ghost")], ["/ghost", "app"]),
        ([], ["app"]),
        (None, ["app"]),
    ],
)
def test_a_dispatcher_lists_scopes_or_names_of_blueprints(found: Any, expected: list[str]) -> None:
    app = Application(place("api", "/api"), place("shop"))
    installation = installed(app, dispatcher=dispatching(lambda request: found))

    assert chain(installation) == expected


def test_a_dispatcher_that_names_a_blueprint_reaches_what_is_registered_for_it() -> None:
    app = Application(place("api", "/api"))
    installation = installed(app, dispatcher=dispatching(lambda request: ["api", Scope(prefix="/x")]))
    installation.shared.set_style("api", API)
    installation.shared.set_style(Scope(prefix="/x"), WEB)

    styles = [owner.style for owner in installation.table().chain(incident_of())]

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
    installation = installed(Application(place("api", "/api")), dispatcher=dispatching(function))

    assert chain(installation, blueprints=("view",)) == ["view", "app"]
    (logged,) = caplog.records
    assert (logged.name, logged.levelno) == ("errbridge", logging.ERROR)
    assert "Mine failed" in logged.getMessage()


def test_a_single_name_or_scope_is_as_good_as_a_list_of_one() -> None:
    for dispatcher in (dispatching(lambda request: "api"), dispatching(lambda request: Scope(blueprint="api"))):
        assert chain(installed(Application(place("api", "/api")), dispatcher=dispatcher)) == ["api", "app"]


def test_a_scope_with_a_converter_that_the_application_does_not_have_is_left_out_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    installation = installed(Application(place("api", "/api")))
    installation.shared.set_style(Scope(prefix="/<nope:x>"), API)
    installation.shared.set_style(Scope(prefix="/x"), API)

    assert chain(installation, path="/x") == ["/x", "app"]
    assert chain(installation, path="/api") == ["api", "app"]
    (logged,) = caplog.records
    assert (logged.levelno, "/<nope:x>" in logged.getMessage()) == (logging.ERROR, True)


def test_a_dispatcher_is_given_the_exception_and_the_facts_of_the_request() -> None:
    seen: list[tuple[BaseException, RequestFacts]] = []

    class Seeing(ErrorDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> None:
            seen.append((exc, request))

    incident = incident_of(Problem(404), path="/x")
    installed(dispatcher=Seeing).table().chain(incident)

    assert seen == [(incident.exception, incident.request)]


# Styles.


def test_the_style_of_the_application_is_registered_else_an_option_else_configured_else_default() -> None:
    app = Application(ERROR_HANDLER="web")

    assert installed(Application()).table().root.style is DEFAULT
    assert installed(app).table().root.style is WEB
    installation = installed(app, style=API)
    assert installation.table().root.style is API
    installation.own.set_style(ROOT, DEFAULT)
    assert installation.table().root.style is DEFAULT


def test_what_is_registered_for_one_application_wins_over_what_all_share() -> None:
    installation = installed()
    installation.own.set_style(Scope(prefix="/x"), WEB)
    installation.shared.set_style(Scope(prefix="/x"), API)
    installation.shared.set_failure(Scope(prefix="/x"))

    owner = installation.table().owners[Scope(prefix="/x")]
    assert (owner.style, owner.failure) == (WEB, True)


def test_a_scope_for_failures_answers_uncaught_exceptions_only() -> None:
    installation = installed()
    installation.shared.set_failure(Scope(prefix="/x"))
    installation.shared.set_failure(Scope(prefix="/api"))
    installation.shared.set_style(Scope(prefix="/api"), API)
    owners = installation.table().owners

    assert owners[Scope(prefix="/x")].answers(uncaught=True) is DEFAULT
    assert owners[Scope(prefix="/x")].answers(uncaught=False) is None
    assert owners[Scope(prefix="/api")].answers(uncaught=True) is DEFAULT
    assert owners[Scope(prefix="/api")].answers(uncaught=False) is API


def test_applications_share_what_is_shared_and_nothing_else() -> None:
    shared = Registry()
    first, second = (Installation(Application(), shared, Options()) for _ in range(2))
    shared.set_style(Scope(prefix="/x"), API)
    first.own.set_style(Scope(prefix="/y"), API)

    assert chain(first, path="/x") == chain(second, path="/x") == ["/x", "app"]
    assert chain(first, path="/y") == ["/y", "app"]
    assert chain(second, path="/y") == ["app"]


# The table is made when it is needed, and made anew when something changed.


def test_the_table_stays_the_same_as_long_as_nothing_changes() -> None:
    installation = installed()

    assert installation.table() is installation.table()


@pytest.mark.parametrize(
    "change",
    [
        lambda installation, app: installation.shared.set_style(ROOT, API),
        lambda installation, app: installation.own.set_style(ROOT, API),
        lambda installation, app: app.registered.append(place("late", "/late")),
        lambda installation, app: app.config.update(ERROR_PAGE="other.html"),
        lambda installation, app: installation.use_dispatcher(DefaultDispatcher),
        lambda installation, app: registered(installation, ROOT, 404)(lambda exc: None),
    ],
)
def test_the_table_is_made_anew_when_something_changed(change: Callable[[Installation, Application], object]) -> None:
    app = Application()
    installation = installed(app)
    before = installation.table()

    change(installation, app)

    assert installation.table() is not before
    assert installation.table() is installation.table()


def test_what_is_registered_later_counts_from_then_on() -> None:
    app = Application()
    installation = installed(app)
    assert chain(installation, path="/late/x") == ["app"]

    app.registered.append(place("late", "/late"))
    assert chain(installation, path="/late/x") == ["late", "app"]


# Settings.


def test_a_wrong_configuration_is_refused_at_installation() -> None:
    with pytest.raises(SetupError, match="ERROR_PAGE"):
        installed(Application(ERROR_PAGE=5))


def test_a_configuration_that_becomes_wrong_later_is_reported_once_and_not_followed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = Application(ERROR_PAGE="right.html")
    config: Any = app.config
    installation = installed(app)

    config["ERROR_PAGE"] = 5
    assert installation.table().settings.page == "right.html"
    assert installation.table().settings.page == "right.html"
    assert [logged.levelno for logged in caplog.records] == [logging.ERROR]

    config["ERROR_PAGE"] = "new.html"
    assert installation.table().settings.page == "new.html"
    assert len(caplog.records) == 1


def test_keys_of_a_blueprint_reach_its_owner_with_the_frameworks_classes_of_errors() -> None:
    installation = installed(Application(place("api", "/api")))
    function = registered(installation, "api", NotFound)(lambda exc: None)

    (handler,) = installation.table().owners["api"].handlers.for_error(Problem, 404)

    assert handler.function is function


def test_what_is_worked_out_is_not_kept_without_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatcher may name an owner for each request, and a program may make a class for each error."""
    monkeypatch.setattr("errbridge.application.errormap._MOST_REMEMBERED", 3)

    class ByHeader(ErrorDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> str:
            return request.path

    installation = installed(dispatcher=ByHeader)
    table = installation.table()
    owners = table.chain(incident_of(path="/first"))
    for number in range(10):
        owners = table.chain(incident_of(path=f"/{number}"))
        assert [str(owner.scope) for owner in owners] == [f"/{number}", "app"]
    assert len(table._chains) == 3

    for number in range(10):
        cls: type[Exception] = type(f"Error{number}", (Exception,), {})
        assert len(owners.claiming(cls)) == len(owners.answering(cls, 404, uncaught=False)) == 2
    assert len(owners._claiming) == len(owners._answering) == 3


def test_the_owners_of_more_places_than_are_remembered_are_found_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("errbridge.application.errormap._MOST_REMEMBERED", 3)
    names = [f"b{number}" for number in range(10)]
    table = installed(Application(*(place(name, f"/{name}") for name in names))).table()

    for name in names * 2:
        chain = table.chain_at(RequestFacts(path=f"/{name}/nope"))
        assert chain is not None
        assert [str(owner.scope) for owner in chain] == [name, "app"]
    assert len(table._chains) == 3
