"""Who owns an error, on Flask and Quart at once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from werkzeug.routing import BaseConverter

from errbridge import Reply, Scope
from tests.applications import a_blueprint, a_catch_all, an_app, answering
from tests.clients import Response
from tests.twins import Twins, World

Ask = Callable[..., Response]
Spec = tuple[str, dict[str, Any], dict[str, Any]]
"""A blueprint: its name, what its constructor is given, and what its registration is given."""


def owner(name: str) -> Callable[[BaseException], Reply]:
    """Make a handler that answers with its own name, so that a test can see who owned the error."""
    return lambda exc: Reply(name, headers={"Content-Type": "text/plain"})


def tree(*blueprints: Spec) -> Callable[[World], None]:
    """Build an application whose blueprints each answer with their own name, and the app with ``app``."""

    def build(world: World) -> None:
        world.errors.register(world.app)(owner("app"))
        for name, options, registration in blueprints:
            blueprint = world.Blueprint(name, __name__, **options)
            blueprint.add_url_rule("/page", "page", view_func=lambda **_: "page", methods=["GET"])
            world.errors.register(blueprint)(owner(name))
            world.app.register_blueprint(blueprint, **registration)

    return build


API: Spec = ("api", {"url_prefix": "/api"}, {})
V2: Spec = ("v2", {"url_prefix": "/api/v2"}, {})
LATE: Spec = ("late", {}, {"url_prefix": "/late"})
MOVED: Spec = ("moved", {"url_prefix": "/declared"}, {"url_prefix": "/moved"})
USER: Spec = ("user", {"url_prefix": "/users/<int:uid>"}, {})
LANG: Spec = ("lang", {"url_prefix": "/<any(de, en):lang>"}, {})
PLAIN: Spec = ("plain", {}, {})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/nope", "api"),
        ("/api", "api"),
        ("/api/", "api"),
        ("/apiary", "app"),
        ("/apiary/nope", "app"),
        ("/API/nope", "app"),
        ("/api/v2/nope", "v2"),
        ("/api/v2", "v2"),
        ("/api/v22", "api"),
        ("/late/nope", "late"),
        ("/moved/nope", "moved"),
        ("/declared/nope", "app"),
        ("/users/7/nope", "user"),
        ("/users/seven/nope", "app"),
        ("/users/7", "user"),
        ("/users", "app"),
        ("/de/nope", "lang"),
        ("/fr/nope", "app"),
        ("/nope", "app"),
        ("/", "app"),
        ("//api/nope", "api"),
        ("/%61pi/nope", "api"),
        ("/api%2Fnope", "api"),
    ],
)
def test_a_missing_url_belongs_to_the_deepest_prefix_around_it(ask: Ask, path: str, expected: str) -> None:
    response = ask(tree(API, V2, LATE, MOVED, USER, LANG, PLAIN), path)

    assert (response.status, response.text) == (404, expected)


@pytest.mark.parametrize("order", list(permutations([API, V2, USER])), ids=lambda order: "-".join(b[0] for b in order))
def test_the_order_of_registration_never_counts(order: tuple[Any, ...]) -> None:
    twins = Twins.built(tree(*order))

    answered = {path: twins.ask(path).text for path in ("/api/nope", "/api/v2/nope", "/users/7/nope")}

    assert answered == {"/api/nope": "api", "/api/v2/nope": "v2", "/users/7/nope": "user"}


def test_a_405_belongs_to_the_blueprint_of_the_route_and_keeps_allow(ask: Ask) -> None:
    response = ask(tree(API, V2), "/api/v2/page", "POST")

    assert (response.status, response.text) == (405, "v2")
    assert response.header("Allow") == "GET, HEAD, OPTIONS"


def test_a_405_is_answered_where_the_route_for_another_method_has_a_converter_that_fails(ask: Ask) -> None:
    class Failing(BaseConverter):
        def to_python(self, value: str) -> str:
            raise RuntimeError("the database is down")

    def build(world: World) -> None:
        tree(API)(world)
        world.app.url_map.converters["failing"] = Failing
        world.app.add_url_rule("/api/<failing:item>", "item", lambda item: item, methods=["POST"])

    response = ask(build, "/api/item")

    assert (response.status, response.text) == (405, "api")
    assert "POST" in response.members("Allow")


def test_a_405_of_a_blueprint_without_a_prefix_is_its_own(ask: Ask) -> None:
    assert ask(tree(PLAIN), "/page", "DELETE").text == "plain"


def test_a_blueprint_without_prefix_and_host_owns_no_url(ask: Ask) -> None:
    assert ask(tree(PLAIN), "/nope").text == "app"


def nested(world: World) -> None:
    world.errors.register(world.app)(owner("app"))
    parent = world.Blueprint("parent", __name__, url_prefix="/parent")
    child = world.Blueprint("child", __name__, url_prefix="/child")
    world.errors.register(parent)(owner("parent"))
    world.errors.register(child)(owner("child"))
    parent.register_blueprint(child)
    world.app.register_blueprint(parent, url_prefix="/moved")


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/moved/child/nope", "child"), ("/moved/nope", "parent"), ("/parent/child/nope", "app"), ("/child/nope", "app")],
)
def test_a_nested_blueprint_owns_what_lies_under_its_effective_prefix(ask: Ask, path: str, expected: str) -> None:
    assert ask(nested, path).text == expected


def test_a_blueprint_registered_under_two_names_owns_both_prefixes() -> None:
    def build(world: World) -> None:
        blueprint = world.Blueprint("shop", __name__)
        world.errors.register(blueprint)(owner("shop"))
        world.app.register_blueprint(blueprint, url_prefix="/one")
        world.app.register_blueprint(blueprint, url_prefix="/two", name="second")

    twins = Twins.built(build)

    assert [twins.ask(path).text for path in ("/one/nope", "/two/nope")] == ["shop", "shop"]


@pytest.mark.parametrize("early", [True, False], ids=["init_app first", "blueprints first"])
def test_it_makes_no_difference_when_errbridge_is_initialised(early: bool) -> None:
    def build(world: World) -> None:
        world.errors = world.adapter.ErrorHandler()
        if early:
            world.errors.init_app(world.app)
        parent = world.Blueprint("parent", __name__)
        child = world.Blueprint("child", __name__, url_prefix="/child")
        child.add_url_rule("/page/<int:number>", view_func=lambda number: "page", endpoint="page")
        late = world.Blueprint("late", __name__, url_prefix="/declared")
        late.add_url_rule("/", view_func=lambda: "page", endpoint="page")
        parent.register_blueprint(child)
        world.app.register_blueprint(parent, url_prefix="/v1")
        world.app.register_blueprint(late, url_prefix="/late")
        if not early:
            world.errors.init_app(world.app)
        for name, blueprint in {"parent": parent, "child": child, "late": late}.items():
            world.errors.register(blueprint)(owner(name))
        world.errors.register(world.app)(owner("app"))

    twins = Twins.built(build)

    answered = [twins.ask(path).text for path in ("/v1/nope", "/v1/child/nope", "/late/nope", "/declared/nope")]
    assert answered == ["parent", "child", "late", "app"]


def test_prefixes_and_scopes_own_urls_without_a_blueprint() -> None:
    def build(world: World) -> None:
        world.errors.register(world.app)(owner("app"))
        world.errors.register("/v2")(owner("prefix"))
        world.errors.register(Scope(host="api.example.com"))(owner("host"))
        world.errors.register(Scope(host="*.example.com", prefix="/v2"))(owner("wildcard"))
        world.errors.register(Scope(host="<tenant>.example.org"))(owner("tenant"))

    twins = Twins.built(build)

    def asked(host: str, path: str) -> str:
        return twins.ask(path, host=host).text

    assert asked("localhost", "/v2/nope") == "prefix"
    assert asked("localhost", "/nope") == "app"
    assert asked("API.example.com:8080", "/v2/nope") == "host"
    assert asked("api.example.com.", "/nope") == "host"
    assert asked("a.b.example.com", "/v2/nope") == "wildcard"
    assert asked("a.b.example.com", "/nope") == "app"
    assert asked("example.com", "/v2/nope") == "prefix"
    assert asked("acme.example.org", "/nope") == "tenant"
    assert asked("a.acme.example.org", "/nope") == "app"


def test_a_subdomain_is_a_host_below_server_name_also_without_subdomain_matching() -> None:
    def build(world: World) -> None:
        world.errors.register(world.app)(owner("app"))
        blueprint = world.Blueprint("shop", __name__, subdomain="shop")
        world.errors.register(blueprint)(owner("shop"))
        world.app.register_blueprint(blueprint)

    twins = Twins.built(build, config={"SERVER_NAME": "example.com"})

    assert twins.ask("/nope", host="shop.example.com").text == "shop"
    assert twins.ask("/nope", host="example.com").text == "app"


def with_hosts(world: World) -> None:
    """Build three blueprints below ``example.com``: one with a host and a prefix, one with each of the two."""
    tree(
        ("both", {"subdomain": "api", "url_prefix": "/v1"}, {}),
        ("hosted", {"subdomain": "www"}, {}),
        ("prefixed", {"url_prefix": "/shop"}, {}),
    )(world)


OWNERS = [
    # the dispatcher, the URL, the owner
    ("subdomain", "api.example.com/nope", "both"),
    ("subdomain", "api.example.com/v1/nope", "both"),
    ("subdomain", "www.example.com/v1/nope", "hosted"),
    ("subdomain", "example.com/nope", "prefixed"),
    ("subdomain", "EXAMPLE.com/shop/nope", "prefixed"),
    ("subdomain", "other.example.com/shop/nope", "app"),
    ("urlprefix", "api.example.com/nope", "app"),
    ("urlprefix", "api.example.com/v1/nope", "both"),
    ("urlprefix", "www.example.com/v1/nope", "both"),
    ("urlprefix", "other.example.com/v1/nope", "both"),
    ("urlprefix", "www.example.com/shop/nope", "prefixed"),
    ("auto", "api.example.com/nope", "app"),
    ("auto", "www.example.com/v1/nope", "hosted"),
    ("auto", "other.example.com/v1/nope", "app"),
    ("auto", "example.com/nope", "app"),
]


@pytest.mark.parametrize(("dispatcher", "url", "expected"), OWNERS)
def test_a_dispatcher_looks_at_the_prefix_alone_at_the_host_alone_or_at_both(
    ask: Ask, dispatcher: str, url: str, expected: str
) -> None:
    host, _, path = url.partition("/")
    config = {"SERVER_NAME": "example.com"}

    response = ask(with_hosts, f"/{path}", host=host, options={"dispatcher": dispatcher}, config=config)

    assert (response.status, response.text) == (404, expected)


@pytest.mark.parametrize(("dispatcher", "known"), [("auto", True), ("subdomain", True), ("urlprefix", False)])
@pytest.mark.parametrize("host", ["a.example.com", "b.example.com"])
@pytest.mark.parametrize(("path", "method"), [("nope", "GET"), ("gone", "GET"), ("gone", "POST")])
def test_an_incident_names_the_host_where_it_happened(
    ask: Ask, dispatcher: str, known: bool, host: str, path: str, method: str
) -> None:
    def on_two_hosts(world: World) -> None:
        shop = world.Blueprint("shop", "tests.twins", url_prefix="/shop")
        for each in ("a", "b"):
            shop.add_url_rule("/gone", each, view_func=lambda: world.abort(410), host=f"{each}.example.com")
        world.app.register_blueprint(shop)
        world.errors.register(shop)(lambda exc, incident: Reply(f"{incident.scope.host} {incident.scope.prefix}"))

    app_options = {"host_matching": True, "static_host": "static.example.com"}
    options = {"dispatcher": dispatcher}
    response = ask(on_two_hosts, f"/shop/{path}", method, host=host, app_options=app_options, options=options)

    assert response.text == f"{host if known else None} /shop"


def test_by_host_a_blueprint_without_prefix_and_host_owns_the_bare_domain_too(ask: Ask) -> None:
    options, config = {"dispatcher": "subdomain"}, {"SERVER_NAME": "example.com"}

    assert ask(tree(PLAIN), "/nope", host="example.com", options=options, config=config).text == "plain"


def test_by_host_no_blueprint_owns_a_url_where_the_application_has_no_server_name(ask: Ask) -> None:
    assert ask(tree(PLAIN, API), "/api/nope", options={"dispatcher": "subdomain"}).text == "app"


def test_the_code_of_a_view_is_nearer_than_the_url_it_stands_at() -> None:
    def build(world: World) -> None:
        world.errors.register("/api")(owner("prefix"))
        inner = world.Blueprint("inner", __name__)
        inner.add_url_rule("/api/broken", view_func=lambda: world.abort(409), endpoint="broken")
        world.errors.register(inner)(owner("inner"))
        world.app.register_blueprint(inner)

    twins = Twins.built(build)

    assert twins.ask("/api/broken").text == "inner"
    assert twins.ask("/api/nope").text == "prefix"


def test_the_handlers_of_a_prefix_answer_for_the_view_of_another_owner_under_it(ask: Ask) -> None:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.register(api)(owner("api"))
        world.app.register_blueprint(api)
        world.app.add_url_rule("/api/foreign", view_func=lambda: world.abort(409), endpoint="foreign")

    response = ask(build, "/api/foreign")

    assert (response.status, response.text) == (409, "api")


def test_native_handlers_of_a_blueprint_become_reachable_for_routing_errors_only() -> None:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        api.add_url_rule("/page", view_func=lambda: "page", endpoint="page")
        api.register_error_handler(404, lambda exc: ("native 404", 404))
        api.register_error_handler(405, lambda exc: ("native 405", 405))
        world.app.register_blueprint(api)
        world.app.add_url_rule("/api/foreign", view_func=lambda: world.abort(404), endpoint="foreign")
        world.errors.register(world.app)(owner("app"))

    twins = Twins.built(build)

    assert twins.ask("/api/nope").text == "native 404"
    assert twins.ask("/api/page", "POST").text == "native 405"
    assert twins.ask("/api/foreign").text == "app"


def test_two_blueprints_at_one_place_are_ordered_by_name(ask: Ask) -> None:
    zebra, ant = (
        a_blueprint(name, a_catch_all(owner(name)), answering(f"/{name}"), url_prefix="/zoo")
        for name in ("zebra", "ant")
    )

    assert ask(an_app(zebra, ant), "/zoo/nope").text == "ant"
    assert ask(an_app(ant, zebra), "/zoo/nope").text == "ant"


def test_urls_are_owned_below_the_mount_point(ask: Ask) -> None:
    assert ask(tree(API), "/api/nope", root_path="/mounted").text == "api"
    assert ask(tree(API), "/nope", root_path="/api").text == "app"
