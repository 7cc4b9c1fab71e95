"""The dispatchers of the seed, and the limits that it had."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import permutations
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException, NotFound

from errbridge import (
    AutoDispatcher,
    DefaultDispatcher,
    ErrorDispatcher,
    RequestFacts,
    Scope,
    SubdomainDispatcher,
    URLPrefixDispatcher,
)
from tests.applications import (
    HTML,
    JSON,
    Ask,
    a_blueprint,
    a_catch_all,
    a_native_handler,
    an_app,
    answering,
    failing,
    in_style,
    says,
)
from tests.seed.shop import BOTH_WAYS, JammedTillError, Register, a_fragile_part, statuses_and_types
from tests.twins import Twins, World

# Dispatchers


def add_owners(world: World) -> None:
    """Add an owner for a prefix, for a host, and for both together; ``code=404`` everywhere, the app included."""
    prefixed = world.Blueprint("prefixed", __name__, url_prefix="/api")
    hosted = world.Blueprint("hosted", __name__, subdomain="shop")
    both = world.Blueprint("both", __name__, subdomain="shop", url_prefix="/admin")
    for blueprint in (prefixed, hosted, both):
        world.errors.register(blueprint, code=404)(says(blueprint.name))
        world.app.register_blueprint(blueprint)
    world.errors.register(world.app, code=404)(says("app"))


PLACES = {
    "prefix": ("example.com", "/api/nope"),
    "host": ("shop.example.com", "/nope"),
    "host, other prefix": ("shop.example.com", "/api/nope"),
    "both": ("shop.example.com", "/admin/nope"),
    "neither": ("example.com", "/nope"),
}
DISPATCHED: Mapping[tuple[str, type[ErrorDispatcher]], tuple[str, ...]] = {
    ("default", DefaultDispatcher): ("app", "app", "app", "app", "app"),
    ("urlprefix", URLPrefixDispatcher): ("prefixed", "app", "prefixed", "both", "app"),
    ("subdomain", SubdomainDispatcher): ("prefixed", "hosted", "hosted", "both", "prefixed"),
    ("auto", AutoDispatcher): ("prefixed", "hosted", "hosted", "both", "app"),
}


def owners_found(twins: Twins) -> tuple[str, ...]:
    return tuple(twins.ask(path, host=host).text for host, path in PLACES.values())


def given_to_the_error_handler(world: World, dispatcher: Any) -> None:
    world.errors = world.adapter.ErrorHandler(world.app, dispatcher=dispatcher)


def given_to_init_app(world: World, dispatcher: Any) -> None:
    world.errors = world.adapter.ErrorHandler()
    world.errors.init_app(world.app, dispatcher=dispatcher)


def configured_as_error_dispatcher(world: World, dispatcher: Any) -> None:
    world.app.config["ERROR_DISPATCHER"] = dispatcher


def by_dispatcher_register(world: World, dispatcher: Any) -> None:
    world.errors.dispatcher_register(world.app, dispatcher)


@pytest.mark.parametrize(
    "use", [given_to_the_error_handler, given_to_init_app, configured_as_error_dispatcher, by_dispatcher_register]
)
@pytest.mark.parametrize(("names", "expected"), DISPATCHED.items(), ids=lambda value: value[0])
def test_a_dispatcher_is_chosen_by_name_or_by_class(
    use: Callable[[World, Any], None], names: tuple[str, type[ErrorDispatcher]], expected: tuple[str, ...]
) -> None:
    for dispatcher in names:

        def an_app_with_owners(world: World, dispatcher: Any = dispatcher) -> None:
            use(world, dispatcher)
            add_owners(world)

        assert owners_found(Twins.built(an_app_with_owners, config={"SERVER_NAME": "example.com"})) == expected


@pytest.mark.parametrize(
    ("dispatcher", "expected"), [("default", "app"), ("urlprefix", "plain"), ("subdomain", "plain"), ("auto", "plain")]
)
def test_a_wrong_method_belongs_to_the_blueprint_of_the_route_unless_nothing_is_dispatched(
    ask: Ask, dispatcher: str, expected: str
) -> None:
    application = an_app(
        a_blueprint("plain", answering("/page"), a_catch_all(says("plain")), url_prefix=None),
        a_catch_all(says("app")),
    )

    response = ask(application, "/page", "POST", options={"dispatcher": dispatcher})

    assert (response.status, response.text, response.header("Allow")) == (405, expected, "GET, HEAD, OPTIONS")


def test_without_a_dispatcher_host_and_prefix_both_count() -> None:
    twins = Twins.built(add_owners, config={"SERVER_NAME": "example.com"})

    assert owners_found(twins) == ("prefixed", "hosted", "hosted", "both", "app")


class TenantDispatcher(ErrorDispatcher):
    """By a header; one class for both frameworks."""

    def dispatch(self, exc: BaseException, request: RequestFacts) -> Iterable[Scope | str] | None:
        match request.headers.get("X-Tenant"):
            case "blueprint":
                return ["tenant"]
            case "scope":
                return [Scope(prefix="/elsewhere")]
            case "both":
                found: list[Scope | str] = [Scope(prefix="/elsewhere"), "tenant"]
                return iter(found)
            case "owners":
                return self.owners(request)
            case "nothing":
                return []
            case "stranger":
                return ["nobody", Scope(prefix="/nobody")]
            case "error":
                raise JammedTillError
            case "garbage":
                return [7]  # type: ignore[list-item]
            case _:
                return None


def tenants(world: World) -> None:
    world.errors.dispatcher_register(world.app, TenantDispatcher)
    tenant = world.Blueprint("tenant", __name__)
    world.errors.register(tenant)(says("tenant"))
    world.app.register_blueprint(tenant)
    world.errors.register("/elsewhere")(says("elsewhere"))
    world.errors.register("/here")(says("here"))
    world.errors.register(world.app)(says("app"))


@pytest.mark.parametrize(
    ("tenant", "expected"),
    [
        ("blueprint", "tenant"),
        ("scope", "elsewhere"),
        ("both", "elsewhere"),
        ("owners", "here"),
        ("nothing", "app"),
        ("none", "app"),
        ("stranger", "app"),
        ("error", "app"),
        ("garbage", "app"),
    ],
)
def test_a_dispatcher_of_ones_own_decides_by_whatever_it_likes(ask: Ask, tenant: str, expected: str) -> None:
    response = ask(tenants, "/here/nope", headers=[("X-Tenant", tenant)])

    assert (response.status, response.text) == (404, expected)


def recorder(name: str, calls: list[str], owner: str) -> type[ErrorDispatcher]:
    """Make a dispatcher class that notes when it is executed."""

    class Recorder(ErrorDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> Iterable[Scope | str]:
            calls.append(name)
            return [Scope(prefix=owner)]

    return Recorder


def last_of_config_and_handler(world: World, first: Any, last: Any) -> None:
    world.app.config["ERROR_DISPATCHER"] = first
    world.errors = world.adapter.ErrorHandler(world.app, dispatcher=last)


def last_of_handler_and_init_app(world: World, first: Any, last: Any) -> None:
    world.errors = world.adapter.ErrorHandler(dispatcher=first)
    world.errors.init_app(world.app, dispatcher=last)


def last_of_init_app_and_register(world: World, first: Any, last: Any) -> None:
    world.errors = world.adapter.ErrorHandler()
    world.errors.init_app(world.app, dispatcher=first)
    world.errors.dispatcher_register(world.app, last)


def last_of_two_registered(world: World, first: Any, last: Any) -> None:
    world.errors.dispatcher_register(world.app, first)
    world.errors.dispatcher_register(world.app, last)


def last_of_two_configured(world: World, first: Any, last: Any) -> None:
    world.app.config["ERROR_DISPATCHER"] = first
    assert world.errors is not None
    world.app.config["ERROR_DISPATCHER"] = last


@pytest.mark.parametrize(
    "register",
    [
        last_of_config_and_handler,
        last_of_handler_and_init_app,
        last_of_init_app_and_register,
        last_of_two_registered,
        last_of_two_configured,
    ],
)
def test_only_the_last_dispatcher_registered_is_executed(ask: Ask, register: Callable[[World, Any, Any], None]) -> None:
    calls: list[str] = []

    def an_app_with_two_dispatchers(world: World) -> None:
        register(world, recorder("first", calls, "/first"), recorder("last", calls, "/last"))
        for prefix in ("/first", "/last"):
            world.errors.register(prefix)(says(prefix))

    assert ask(an_app_with_two_dispatchers, "/nope").text == "/last"
    assert calls == ["last", "last"]  # once for each framework


def test_a_dispatcher_registered_after_an_answer_is_executed_from_then_on() -> None:
    application = an_app(a_catch_all(says("api"), on="/api"), a_catch_all(says("app")))

    twins = Twins.built(application)
    before = twins.ask("/api/nope").text
    for world in twins.worlds:
        world.errors.dispatcher_register(world.app, "default")

    assert (before, twins.ask("/api/nope").text) == ("api", "app")


# The limits that the seed states, and that are gone


@pytest.mark.parametrize("dispatcher", ["urlprefix", "auto"])
def test_a_prefix_may_be_given_at_registration_instead_of_to_the_blueprint(dispatcher: str) -> None:
    def an_api_registered_at_a_prefix(world: World) -> None:
        api = world.Blueprint("api", __name__)
        world.errors.api_register(api)
        world.app.register_blueprint(api, url_prefix="/api")

    twins = Twins.built(an_api_registered_at_a_prefix, options={"dispatcher": dispatcher})

    assert twins.ask("/api/nope").content_type == JSON
    assert twins.ask("/nope").content_type == HTML


@pytest.mark.parametrize("dispatcher", ["subdomain", "auto"])
def test_a_subdomain_may_be_given_at_registration_instead_of_to_the_blueprint(dispatcher: str) -> None:
    def an_api_registered_at_a_subdomain(world: World) -> None:
        api = world.Blueprint("api", __name__)
        world.errors.api_register(api)
        world.app.register_blueprint(api, subdomain="api")

    twins = Twins.built(
        an_api_registered_at_a_subdomain, options={"dispatcher": dispatcher}, config={"SERVER_NAME": "example.com"}
    )

    assert twins.ask("/nope", host="api.example.com").content_type == JSON
    assert twins.ask("/nope", host="example.com").content_type == HTML


NESTED = {"whole": "/prefix", "part": "/prefix/blueprint", "deep": "/prefix/blueprint/deep"}


@pytest.mark.parametrize("order", list(permutations(NESTED)), ids="-".join)
@pytest.mark.parametrize("dispatcher", ["urlprefix", "auto"])
def test_blueprints_at_nested_prefixes_answer_for_their_own_in_either_order(
    order: tuple[str, ...], dispatcher: str
) -> None:
    application = an_app(*(a_blueprint(name, a_catch_all(says(name)), url_prefix=NESTED[name]) for name in order))

    twins = Twins.built(application, options={"dispatcher": dispatcher})

    assert {name: twins.ask(f"{prefix}/nope").text for name, prefix in NESTED.items()} == {
        "whole": "whole",
        "part": "part",
        "deep": "deep",
    }


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")], ids="-".join)
def test_two_blueprints_of_one_subdomain_differ_by_their_prefix_in_either_order(order: tuple[str, str]) -> None:
    application = an_app(*(a_blueprint(name, a_catch_all(says(name)), subdomain="shop") for name in order))

    twins = Twins.built(application, options={"dispatcher": "subdomain"}, config={"SERVER_NAME": "example.com"})

    assert [twins.ask(f"/{name}/nope", host="shop.example.com").text for name in ("a", "b")] == ["a", "b"]


@BOTH_WAYS
@pytest.mark.parametrize("key", [404, NotFound, HTTPException, Exception])
@pytest.mark.parametrize("dispatcher", ["urlprefix", "auto"])
def test_a_handler_on_the_app_does_not_overwrite_the_dispatcher(register: Register, key: Any, dispatcher: str) -> None:
    application = an_app(
        a_blueprint("api", in_style("api")),
        a_blueprint("custom", a_catch_all(says("custom"))),
        register(key, lambda exc: ("app", 404)),
    )

    twins = Twins.built(application, options={"dispatcher": dispatcher})

    assert twins.ask("/api/nope").content_type == JSON
    assert twins.ask("/custom/nope").text == "custom"
    assert twins.ask("/nope").text == "app"


def test_a_native_handler_for_just_anything_on_the_app_leaves_a_blueprint_its_uncaught_exceptions() -> None:
    application = an_app(
        a_fragile_part(in_style("api")),
        a_native_handler(Exception, lambda exc: (f"app, given {type(exc).__name__}", 500)),
    )

    twins = Twins.built(application, options={"dispatcher": "urlprefix"})

    assert statuses_and_types(twins, "/part/broken", "/part/error", "/part/nope") == [
        (500, JSON),
        (500, JSON),
        (404, JSON),
    ]
    assert twins.ask("/broken").text == "app, given JammedTillError"


def test_an_app_needs_no_failure_handler_beside_a_dispatcher(ask: Ask) -> None:
    response = ask(an_app(failing("/broken", JammedTillError)), "/broken", options={"dispatcher": "urlprefix"})

    assert (response.status, response.content_type) == (500, HTML)
    assert '<h1 dir="auto">Something went wrong</h1>' in response.text
