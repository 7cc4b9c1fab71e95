"""The pages of a blueprint for URLs that do not exist: rendered as the blueprint's, without its request hooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import Gone, NotFound
from werkzeug.routing import UnicodeConverter

from errbridge import Problem
from tests.applications import (
    Ask,
    Part,
    a_blueprint,
    a_hook,
    a_site,
    aborting,
    an_app,
    answering,
    failing,
    raising,
    with_templates,
)
from tests.clients import Request
from tests.twins import World

PAGE = "{{ cart }} {{ url_for('.index') }} {{ request.blueprint }}"


def a_shop(*parts: Part, **options: Any) -> Part:
    return a_blueprint(
        "shop",
        a_hook("context_processor", lambda: {"cart": "3 items"}),
        answering("/", endpoint="index"),
        aborting("/gone", 404),
        *parts,
        **options,
    )


@pytest.mark.parametrize("template", ["shop/errors/404.html", "errors/404.html", "errors/4xx.html"])
@pytest.mark.parametrize("path", ["/shop/nope", "/shop/gone"])
def test_a_page_is_rendered_as_the_owning_blueprint_does(ask: Ask, template: str, path: str) -> None:
    response = ask(a_site(with_templates({template: PAGE}), a_shop()), path)

    assert (response.status, response.text) == (404, "3 items /shop/ shop")


def test_so_is_the_page_of_a_wrong_method(ask: Ask) -> None:
    response = ask(a_site(with_templates({"shop/errors/405.html": PAGE}), a_shop()), "/shop/gone", "POST")

    assert (response.status, response.text) == (405, "3 items /shop/ shop")


def test_a_page_of_nested_blueprints_is_the_innermost_ones(ask: Ask) -> None:
    inner = a_blueprint("cart", answering("/", endpoint="index"))
    page = with_templates({"cart/errors/404.html": PAGE})

    assert ask(a_site(page, a_shop(inner)), "/shop/cart/nope").text == "3 items /shop/cart/ shop.cart"


def test_a_page_of_the_application_is_rendered_without_a_blueprint(ask: Ask) -> None:
    page = with_templates({"errors/404.html": "{{ cart is defined }} {{ request.endpoint }} {{ request.blueprint }}"})

    assert ask(a_site(page, a_shop()), "/nope").text == "False None None"


def test_the_hooks_of_requests_do_not_run_for_a_page(world: World) -> None:
    ran: list[str] = []

    def note(name: str) -> Part:
        def ran_as(*args: Any) -> Any:
            ran.append(name)
            return args[0] if args else None

        return a_hook(name, ran_as)

    names = ["before_request", "after_request", "teardown_request"]
    a_site(with_templates({"shop/errors/404.html": PAGE}), a_shop(*map(note, names)))(world)

    assert world.call(Request("/shop/nope")).status == 404
    assert ran == []


def test_the_request_belongs_to_no_blueprint_after_the_page(world: World) -> None:
    seen: list[Any] = []

    def look(response: Any) -> Any:
        seen.append((world.framework.request.blueprint, world.framework.request.url_rule))
        return response

    a_site(with_templates({"shop/errors/404.html": "{{ fail() }}"}), a_shop(), a_hook("after_request", look))(world)

    assert world.call(Request("/shop/nope")).status == 404
    assert seen == [(None, None)]


def in_two_languages(world: World) -> None:
    """Do as Flask's documentation of internationalized blueprint URLs does."""
    blueprint = world.Blueprint("shop", __name__, url_prefix="/<lang_code>/<int:year>")

    def add_language_code(endpoint: str, values: dict[str, Any]) -> None:
        values.setdefault("lang_code", world.framework.g.lang_code)
        values.setdefault("year", world.framework.g.year)

    def pull_lang_code(endpoint: str | None, values: dict[str, Any]) -> None:
        world.framework.g.lang_code = values.pop("lang_code")
        world.framework.g.year = values.pop("year")

    blueprint.url_defaults(add_language_code)
    blueprint.url_value_preprocessor(pull_lang_code)
    blueprint.add_url_rule("/", "index", view_func=lambda: "")
    world.app.register_blueprint(blueprint)


@pytest.mark.parametrize("path", ["/de/2020/nope", "/de/2020/a/b//c"])
def test_url_defaults_know_the_values_in_a_prefix(ask: Ask, path: str) -> None:
    page = with_templates({"errors/404.html": "{{ url_for('.index') }} {{ g.year + 1 }}"})

    assert ask(a_site(page, in_two_languages), path).text == "/de/2020/ 2021"


def test_a_value_in_a_prefix_that_its_converter_refuses_is_unknown_to_the_page(ask: Ask) -> None:
    def in_recent_years(world: World) -> None:
        blueprint = world.Blueprint("shop", __name__, url_prefix="/<int(min=2000):year>")

        def note(endpoint: str | None, values: dict[str, Any]) -> None:
            world.framework.g.values = values

        blueprint.url_value_preprocessor(note)
        world.app.register_blueprint(blueprint)

    page = with_templates({"shop/errors/404.html": "{{ g['values'] }}"})

    pages = [ask(a_site(page, in_recent_years), path).text for path in ("/2020/nope", "/5/nope")]

    assert pages == ["{&#39;year&#39;: 2020}", "{}"]


@pytest.mark.parametrize("parts", [(), (a_hook("url_value_preprocessor", lambda endpoint, values: None),)])
def test_a_prefix_is_converted_for_a_preprocessor_alone(world: World, parts: tuple[Part, ...]) -> None:
    converted: list[str] = []

    class Tally(UnicodeConverter):
        def to_python(self, value: str) -> str:
            converted.append(value)
            return value

    world.app.url_map.converters["tally"] = Tally
    a_site(with_templates({"errors/404.html": "x"}), a_shop(*parts, url_prefix="/<tally:name>"))(world)

    assert world.call(Request("/ann/nope")).status == 404
    assert converted == ["ann"] * len(parts)


def for_tenants(prefix: str | None) -> Part:
    def set_up(world: World) -> None:
        blueprint = world.Blueprint("shop", __name__, subdomain="<tenant>", url_prefix=prefix)

        def pull(endpoint: str | None, values: dict[str, Any]) -> None:
            world.framework.g.tenant, world.framework.g.year = values.pop("tenant"), values.pop("year", 2020)

        blueprint.url_value_preprocessor(pull)
        blueprint.add_url_rule("/", "index", view_func=lambda: "")
        world.app.register_blueprint(blueprint)

    return set_up


@pytest.mark.parametrize("prefix", ["/<int:year>", "/", None])
@pytest.mark.parametrize("host", ["ann.example.com", "Ann.example.com:8080"])
def test_a_page_knows_the_values_in_a_host(ask: Ask, host: str, prefix: str | None) -> None:
    page = with_templates({"shop/errors/404.html": "{{ g.tenant }} {{ g.year + 1 }}"})
    config = {"SERVER_NAME": "example.com" + host.partition(":")[1] + host.partition(":")[2]}

    response = ask(
        a_site(page, for_tenants(prefix)),
        "/2020/nope",
        host=host,
        config=config,
        app_options={"subdomain_matching": True},
    )

    assert (response.status, response.text) == (404, "ann 2021")


@pytest.mark.parametrize("error", [NotFound, Gone, lambda: Problem(403)])
def test_a_preprocessor_that_finds_nothing_does_not_cost_the_page(
    ask: Ask, caplog: pytest.LogCaptureFixture, error: Callable[[], Exception]
) -> None:
    shop = a_shop(a_hook("url_value_preprocessor", raising(error)))

    response = ask(a_site(with_templates({"shop/errors/404.html": PAGE}), shop), "/shop/nope")

    assert (response.status, response.text) == (404, "3 items /shop/ shop")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def registered_twice(world: World) -> None:
    blueprint = world.Blueprint("shop", __name__)
    blueprint.add_url_rule("/", "index", view_func=lambda: "")
    with world.inside(blueprint):
        aborting("/gone", 404)(world)
    world.app.register_blueprint(blueprint, url_prefix="/one")
    world.app.register_blueprint(blueprint, url_prefix="/two", name="second")


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        (["shop/errors/404.html"], {"/one": "shop/errors/404.html", "/two": "shop/errors/404.html"}),
        (
            ["second/errors/404.html", "shop/errors/404.html"],
            {"/one": "shop/errors/404.html", "/two": "second/errors/404.html"},
        ),
        (["errors/404.html", "second/errors/404.html"], {"/one": "errors/404.html", "/two": "second/errors/404.html"}),
    ],
)
@pytest.mark.parametrize("url", ["nope", "gone"])
def test_pages_are_looked_up_by_the_registered_name_then_by_the_blueprints_own(
    ask: Ask, templates: list[str], expected: dict[str, str], url: str
) -> None:
    application = a_site(with_templates({name: name for name in templates}), registered_twice)

    assert {prefix: ask(application, f"{prefix}/{url}").text for prefix in expected} == expected


def test_the_second_registration_of_a_blueprint_links_to_itself(ask: Ask) -> None:
    page = with_templates({"shop/errors/404.html": "{{ url_for('.index') }}"})

    assert [ask(a_site(page, registered_twice), f"{at}/nope").text for at in ("/one", "/two")] == ["/one/", "/two/"]


def test_an_uncaught_exception_of_the_application_keeps_its_own_context(ask: Ask) -> None:
    page = with_templates({"errors/500.html": "{{ request.endpoint }} {{ request.blueprint }}"})

    assert (
        ask(an_app(a_site(page), a_shop(), failing("/shop/crash", KeyError)), "/shop/crash").text == "_shop_crash None"
    )
