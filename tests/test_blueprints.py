"""Where blueprints are registered, which never depends on when errbridge was initialised.

The oracle is the framework itself: it calls what a blueprint records with the effective prefix and subdomain.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from threading import Event, Thread
from typing import Any
from urllib.parse import quote

import pytest

from errbridge import Reply, SetupError
from errbridge.pallets.blueprints import BlueprintPlaces
from errbridge.scopes.scope import Scope
from tests.clients import Request
from tests.twins import WORLDS, Twins, World
from tests.versions import DUPLICATE_RULE

Build = Callable[[World], Iterable[Any]]
"""Registers blueprints, and returns those that shall own errors."""

FIRST = pytest.mark.parametrize("first", ["errbridge", "blueprints"])
EXAMPLE = {"SERVER_NAME": "example.com"}


def owner(name: str) -> Callable[[BaseException], Reply]:
    return lambda exc: Reply(name)


def route(blueprint: Any, rule: Any = "/page", endpoint: str = "page", **options: Any) -> Any:
    blueprint.add_url_rule(rule, endpoint, lambda **values: "page", **options)
    return blueprint


def ask_owners(build: Build, first: str, *paths: str, **world: Any) -> list[str]:
    """Ask for URLs without a route, as ``/path`` or ``host/path``, and return who owns them."""

    def set_up(world: World) -> None:
        world.errors = world.adapter.ErrorHandler()
        if first == "errbridge":
            world.errors.init_app(world.app)
        blueprints = list(build(world))
        if first == "blueprints":
            world.errors.init_app(world.app)
        world.errors.register(world.app)(owner("app"))
        for blueprint in blueprints:
            world.errors.register(blueprint)(owner(blueprint.name))

    twins = Twins.built(set_up, **world)
    asked = [path.partition("/") for path in paths]
    return [twins.ask(f"/{path}", host=host or "example.com").text for host, _, path in asked]


@FIRST
def test_a_blueprint_without_routes_is_around_the_prefix_of_a_nested_one(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        users = route(world.Blueprint("users", __name__))
        api = world.Blueprint("api", __name__)
        api.register_blueprint(users, url_prefix="/users")
        world.app.register_blueprint(api, url_prefix="/api")
        return api, users

    assert ask_owners(build, first, "/api/nope", "/api/users/nope", "/users/nope") == ["api", "users", "app"]


@FIRST
def test_a_blueprint_without_routes_is_where_a_nested_one_without_a_prefix_is(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        users = route(world.Blueprint("users", __name__), "/users/all")
        api = world.Blueprint("api", __name__)
        api.register_blueprint(users)
        world.app.register_blueprint(api, url_prefix="/api")
        return (api,)

    assert ask_owners(build, first, "/api/nope", "/api/users/nope", "/nope") == ["api", "api", "app"]


@FIRST
def test_three_blueprints_in_each_other_have_the_prefix_of_the_only_route(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        inner = route(world.Blueprint("inner", __name__, url_prefix="/inner"), "/")
        middle = world.Blueprint("middle", __name__, url_prefix="/declared")
        outer = world.Blueprint("outer", __name__)
        middle.register_blueprint(inner)
        outer.register_blueprint(middle, url_prefix="/middle", name="renamed")
        world.app.register_blueprint(outer, url_prefix="/<lang_code>")
        return outer, middle, inner

    paths = ("/de/nope", "/de/middle/nope", "/de/middle/inner/nope", "/de/declared/nope", "/")
    assert ask_owners(build, first, *paths) == ["outer", "middle", "inner", "outer", "app"]


class Odd:
    """A rule that is no text, and no function either."""

    def __init__(self, rule: str) -> None:
        self.rule = rule


def odd_blueprint(world: World, name: str, **options: Any) -> Any:
    """Make a blueprint that takes rules which are no text: of the prefix, as Flask-RESTful's, or of nothing."""

    class OddBlueprint(world.Blueprint):  # type: ignore[name-defined,misc]
        def make_setup_state(self, *args: Any) -> Any:
            state = super().make_setup_state(*args)
            add_url_rule = state.add_url_rule

            def add(rule: Any, *args: Any, **options: Any) -> None:
                if isinstance(rule, Odd):
                    rule = rule.rule
                elif callable(rule):
                    prefix, state.url_prefix = state.url_prefix, None
                    add_url_rule(rule(prefix), *args, **options)
                    state.url_prefix = prefix
                    return
                add_url_rule(rule, *args, **options)

            state.add_url_rule = add
            return state

    return OddBlueprint(name, __name__, **options)


def complete(rule: str, prefix: str | None) -> str:
    return f"{prefix or ''}/v1{rule}"


RULES: Mapping[str, Any] = {
    "function of the prefix": partial(complete, "/users/all"),
    "no text": Odd("/all"),
    "function of nothing": lambda *args: "/all" if not args else f"{args[0]}/all",
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("declared", [None, "/api", "/other"])
@FIRST
def test_a_rule_that_is_no_text_is_no_obstacle(first: str, declared: str | None, rule: Any) -> None:
    def build(world: World) -> Iterable[Any]:
        blueprint = route(odd_blueprint(world, "api", url_prefix=declared), rule)
        world.app.register_blueprint(blueprint, url_prefix="/api")
        return (blueprint,)

    assert ask_owners(build, first, "/api/nope", "/other/nope") == ["api", "app"]


@FIRST
def test_a_route_that_a_blueprint_adds_to_the_state_itself_counts(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        def add(state: Any) -> None:
            state.add_url_rule("/ping", "ping", lambda: "pong")
            state.add_url_rule("/ping/<int:n>", "pings", lambda n: "pong")

        users = world.Blueprint("users", __name__)
        users.record(add)
        api = world.Blueprint("api", __name__)
        api.register_blueprint(users, url_prefix="/users")
        world.app.register_blueprint(api, url_prefix="/api")
        return api, users

    assert ask_owners(build, first, "/api/nope", "/api/users/nope", "/nope") == ["api", "users", "app"]


@FIRST
def test_what_a_blueprint_recorded_is_called_by_the_framework_alone(first: str) -> None:
    calls: list[str] = []

    def build(world: World) -> Iterable[Any]:
        class Blueprint(world.Blueprint):  # type: ignore[name-defined,misc]
            def add_url_rule(self, rule: str, *args: Any, **options: Any) -> None:
                self.record(lambda state: calls.append(world.name))
                super().add_url_rule(rule, *args, **options)

        blueprint = route(Blueprint("api", __name__))
        blueprint.record(partial(lambda name, state: calls.append(name), world.name))
        blueprint.record_once(lambda state: calls.append(world.name))
        world.app.register_blueprint(blueprint, url_prefix="/api")
        return (blueprint,)

    assert ask_owners(build, first, "/api/nope") == ["api"]
    assert calls == ["flask"] * 3 + ["quart"] * 3


@FIRST
def test_a_blueprint_may_come_by_its_own_register_method(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        blueprint, plain = route(world.Blueprint("api", __name__)), world.Blueprint("plain", __name__)
        plain.add_url_rule("/gone", "gone", lambda: world.abort(410))
        blueprint.register(world.app, {"url_prefix": "/api"})
        plain.register(world.app, {})
        return blueprint, plain

    assert ask_owners(build, first, "/api/nope", "/gone", "/nope") == ["api", "plain", "app"]


@FIRST
def test_a_blueprint_may_choose_its_prefix_while_it_is_registered(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        class Versioned(world.Blueprint):  # type: ignore[name-defined,misc]
            def register(self, app: Any, options: dict[str, Any]) -> None:
                super().register(app, {**options, "url_prefix": f"/v2{options.get('url_prefix') or self.url_prefix}"})

        users = route(Versioned("users", __name__, url_prefix="/users"))
        nested = route(route(Versioned("nested", __name__), "/a", "a"), "/b", "b")
        parent = route(world.Blueprint("parent", __name__))
        parent.register_blueprint(nested, url_prefix="/nested")
        world.app.register_blueprint(users)
        world.app.register_blueprint(parent, url_prefix="/parent")
        return users, parent, nested

    paths = ("/v2/users/nope", "/users/nope", "/parent/nope", "/v2/parent/nested/nope", "/parent/nested/nope")
    assert ask_owners(build, first, *paths) == ["users", "app", "parent", "nested", "parent"]


@FIRST
def test_a_blueprint_may_register_others_while_it_is_registered(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        users = route(world.Blueprint("users", __name__))

        class Suite(world.Blueprint):  # type: ignore[name-defined,misc]
            def register(self, app: Any, options: dict[str, Any]) -> None:
                app.register_blueprint(users, url_prefix="/suite/users")
                super().register(app, options)

        suite = route(Suite("suite", __name__))
        world.app.register_blueprint(suite, url_prefix="/suite")
        return suite, users

    assert ask_owners(build, first, "/suite/nope", "/suite/users/nope") == ["suite", "users"]


@FIRST
def test_every_name_of_a_blueprint_has_its_own_prefix(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        users = route(world.Blueprint("users", __name__))
        shop = world.Blueprint("shop", __name__, url_prefix="/shop")
        shop.register_blueprint(users, url_prefix="/users")
        shop.register_blueprint(users, url_prefix="/staff", name="staff")
        world.app.register_blueprint(shop)
        world.app.register_blueprint(shop, url_prefix="/second", name="second")
        return shop, users

    paths = ("/shop/nope", "/second/nope", "/shop/users/nope", "/shop/staff/nope", "/second/staff/nope", "/staff/nope")
    assert ask_owners(build, first, *paths) == ["shop", "shop", "users", "users", "users", "app"]


@FIRST
def test_a_name_with_a_dot_makes_no_nested_blueprint(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        parent, other = route(world.Blueprint("parent", __name__)), route(world.Blueprint("other", __name__))
        world.app.register_blueprint(parent, url_prefix="/parent")
        world.app.register_blueprint(other, url_prefix="/other", name="parent.other")
        return parent, other

    assert ask_owners(build, first, "/parent/nope", "/other/nope", "/parent/other/nope") == [
        "parent",
        "other",
        "parent",
    ]


@pytest.mark.parametrize("prefix", ["/<lang_code>", "/users/<int:uid>", "/<any(de, en):lang>/x"])
@pytest.mark.parametrize("how", ["declared", "registered"])
@FIRST
def test_a_prefix_may_have_variables(first: str, how: str, prefix: str) -> None:
    def build(world: World) -> Iterable[Any]:
        blueprint = world.Blueprint("api", __name__, url_prefix=prefix if how == "declared" else None)
        route(blueprint, "/<int:page>")
        world.app.register_blueprint(blueprint, **({"url_prefix": prefix} if how == "registered" else {}))
        return (blueprint,)

    path = {"/<lang_code>": "/de/nope", "/users/<int:uid>": "/users/7/nope"}.get(prefix, "/de/x/nope")
    assert ask_owners(build, first, path, "/") == ["api", "app"]


@FIRST
@pytest.mark.parametrize("prefix", ["/<int(min=5):n>", "/<int(fixed_digits=3):n>"])
def test_a_prefix_owns_what_its_pattern_matches_even_if_the_converter_refuses_the_value(
    first: str, prefix: str
) -> None:
    def build(world: World) -> Iterable[Any]:
        numbered = route(world.Blueprint("numbered", __name__, url_prefix=prefix))
        world.app.register_blueprint(numbered)
        return (numbered,)

    assert ask_owners(build, first, "/500/nope", "/4/nope", "/x/nope") == ["numbered", "numbered", "app"]


@FIRST
@pytest.mark.parametrize("endpoint", [None, 5, ("a", "tuple"), object(), ".", "of.nothing"])
def test_an_endpoint_may_be_any_object(first: str, endpoint: Any) -> None:
    def build(world: World) -> Iterable[Any]:
        world.app.url_map.add(world.app.url_rule_class("/odd", endpoint=endpoint, methods=["POST"]))
        shop = route(world.Blueprint("shop", __name__, url_prefix="/shop"))
        world.app.register_blueprint(shop)
        return (shop,)

    assert ask_owners(build, first, "/shop/nope", "/nope", "/odd") == ["shop", "app", "app"]


@FIRST
def test_a_blueprint_registered_elsewhere_does_not_own_where_it_was_declared(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        deeper = route(world.Blueprint("deeper", __name__, url_prefix="/api"))
        moved = route(world.Blueprint("moved", __name__, url_prefix="/declared"), "/a/b")
        root = route(world.Blueprint("root", __name__, url_prefix="/was"), "/root")
        world.app.register_blueprint(deeper, url_prefix="/api/v2")
        world.app.register_blueprint(moved, url_prefix="/moved")
        world.app.register_blueprint(root, url_prefix="/")
        return deeper, moved, root

    paths = ("/api/v2/nope", "/api/nope", "/moved/nope", "/declared/nope", "/was/nope", "/nope")
    assert ask_owners(build, first, *paths) == ["deeper", "app", "moved", "app", "app", "app"]


@FIRST
def test_a_blueprint_declared_at_the_root_owns_it(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        site, api = (route(world.Blueprint(name, __name__, url_prefix="/")) for name in ("site", "api"))
        world.app.register_blueprint(site)
        world.app.register_blueprint(api, url_prefix="/api")
        return site, api

    assert ask_owners(build, first, "/nope", "/api/nope") == ["site", "api"]


@FIRST
@pytest.mark.parametrize("prefix", ["/a*b", "/@me", "/a b", "/50%", "/a?b", "/a#b"])
def test_a_prefix_may_have_every_character_that_a_route_may_have(first: str, prefix: str) -> None:
    def build(world: World) -> Iterable[Any]:
        odd = route(world.Blueprint("odd", __name__))
        world.app.register_blueprint(odd, url_prefix=prefix)
        return (odd,)

    assert ask_owners(build, first, f"{quote(prefix)}/nope", "/nope") == ["odd", "app"]


@pytest.mark.parametrize(("merging", "owner"), [(True, "api"), (False, "app")])
@FIRST
def test_slashes_in_a_prefix_are_merged_as_in_routes(first: str, merging: bool, owner: str) -> None:
    def build(world: World) -> Iterable[Any]:
        world.app.url_map.merge_slashes = merging
        blueprint = route(world.Blueprint("api", __name__))
        world.app.register_blueprint(blueprint, url_prefix="/v1//api")
        return (blueprint,)

    assert ask_owners(build, first, "/v1/api/nope") == [owner]


@FIRST
@pytest.mark.parametrize("options", [{"url_prefix": "/<broken"}, {"subdomain": "a b"}, {"subdomain": "a..b"}])
def test_a_place_that_no_request_can_have_owns_nothing_and_breaks_nothing(first: str, options: dict[str, str]) -> None:
    def build(world: World) -> Iterable[Any]:
        odd = world.Blueprint("odd", __name__, **options)
        world.app.register_blueprint(odd)
        return (odd,)

    assert ask_owners(build, first, "/nope", config=EXAMPLE) == ["app"]


@FIRST
def test_a_second_rule_of_a_view_moves_no_blueprint(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        blog = route(world.Blueprint("blog", __name__), "/page")
        world.app.register_blueprint(blog, url_prefix="/blog")
        world.app.add_url_rule("/about/page", endpoint="blog.page")
        return (blog,)

    assert ask_owners(build, first, "/blog/nope", "/about/nope") == ["blog", "app"]


@FIRST
def test_a_blueprint_of_nothing_but_files_is_where_they_are(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        files = world.Blueprint("files", __name__, static_folder="templates", static_url_path="/some/files")
        world.app.register_blueprint(files, url_prefix="/files")
        return (files,)

    assert ask_owners(build, first, "/files/nope", "/some/files/nope") == ["files", "app"]


@FIRST
def test_a_subdomain_is_that_of_the_registration(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        v1 = route(world.Blueprint("v1", __name__, subdomain="v1"))
        api = world.Blueprint("api", __name__, subdomain="was")
        api.register_blueprint(v1)
        shop = route(world.Blueprint("shop", __name__, url_prefix="/shop"))
        route(shop, "/other", "other", subdomain="other")
        world.app.register_blueprint(api, subdomain="api")
        world.app.register_blueprint(shop, subdomain="shop")
        return api, v1, shop

    paths = ("api.example.com/nope", "v1.api.example.com/nope", "shop.example.com/shop/nope", "shop.example.com/nope")
    others = ("other.example.com/shop/nope", "was.example.com/nope", "v1.example.com/nope")
    owned = ask_owners(build, first, *paths, *others, config=EXAMPLE)
    assert owned == ["api", "v1", "shop", "app", "app", "app", "app"]


@FIRST
def test_a_route_for_another_subdomain_moves_no_blueprint(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        shop = route(world.Blueprint("shop", __name__), subdomain="other")
        world.app.register_blueprint(shop, url_prefix="/shop")
        return (shop,)

    assert ask_owners(build, first, "example.com/shop/nope", "other.example.com/nope", config=EXAMPLE) == [
        "shop",
        "app",
    ]


@FIRST
def test_the_default_subdomain_of_an_application_is_no_host(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        world.app.url_map.default_subdomain = "www"
        shop = route(world.Blueprint("shop", __name__))
        world.app.register_blueprint(shop, url_prefix="/shop")
        return (shop,)

    assert (
        ask_owners(build, first, "example.com/shop/nope", "www.example.com/shop/nope", config=EXAMPLE) == ["shop"] * 2
    )


@FIRST
def test_under_host_matching_a_blueprint_owns_its_prefix_on_the_hosts_of_its_routes(first: str) -> None:
    def build(world: World) -> Iterable[Any]:
        shop = route(world.Blueprint("shop", __name__), host="shop.example.com")
        route(shop, "/other", "other", host="<tenant>.example.org:8080")
        world.app.register_blueprint(shop, url_prefix="/shop")
        return (shop,)

    paths = (
        "shop.example.com/shop/nope",
        "acme.example.org/shop/nope",
        "shop.example.com/nope",
        "example.net/shop/nope",
    )
    options = {"host_matching": True, "static_host": "static.example.com"}
    assert ask_owners(build, first, *paths, app_options=options) == ["shop", "shop", "app", "app"]


def test_two_applications_can_register_one_blueprint_at_once(world: World) -> None:
    """The second begins while the first is at it, and ends after it."""
    begun = {"/one": Event(), "/two": Event()}

    class Slow(world.Blueprint):  # type: ignore[name-defined,misc]
        def make_setup_state(self, app: Any, options: dict[str, Any], *args: Any) -> Any:
            begun[options["url_prefix"]].set()
            if options["url_prefix"] == "/one":
                assert begun["/two"].wait(10)
            else:
                first.join(10)
            return super().make_setup_state(app, options, *args)

    blueprint = route(Slow("api", __name__))
    apps = {prefix: world.App(__name__) for prefix in begun}
    places = {prefix: BlueprintPlaces(app) for prefix, app in apps.items()}
    first, second = (
        Thread(target=partial(app.register_blueprint, blueprint, url_prefix=prefix)) for prefix, app in apps.items()
    )
    first.start()
    assert begun["/one"].wait(10)
    second.start()
    second.join(10)

    assert "make_setup_state" not in vars(blueprint)
    found = {prefix: [scope for scope, _ in each.places()] for prefix, each in places.items()}
    assert found == {prefix: [Scope(None, prefix, "api")] for prefix in apps}


def test_a_blueprint_without_any_routes_is_where_its_registration_was_seen(world: World) -> None:
    places = BlueprintPlaces(world.app)
    outer, inner = world.Blueprint("outer", __name__), world.Blueprint("inner", __name__, url_prefix="/inner")
    outer.register_blueprint(inner)
    world.app.register_blueprint(outer, url_prefix="/seen", subdomain="sub")
    with pytest.raises(ValueError, match="already registered"):
        world.app.register_blueprint(inner, url_prefix="/refused", name="outer")
    world.app.config["SERVER_NAME"] = "example.com:80"

    scopes = [scope for scope, _ in places.places()]

    assert scopes == [
        Scope("sub.example.com", "/seen", "outer"),
        Scope("sub.example.com", "/seen/inner", "outer.inner"),
    ]


def test_a_blueprint_without_any_routes_is_otherwise_where_it_was_declared(world: World) -> None:
    blueprint = world.Blueprint("empty", __name__, url_prefix="/declared")
    world.app.register_blueprint(blueprint, url_prefix="/unseen")

    assert [scope for scope, _ in BlueprintPlaces(world.app).places()] == [Scope(None, "/declared", "empty")]


def test_the_version_changes_with_the_places(world: World) -> None:
    assert world.errors is not None
    places = world.app.extensions["errbridge"].installation.application
    versions = {places.version}
    assert places.version in versions

    world.app.register_blueprint(world.Blueprint("empty", __name__))
    versions.add(places.version)
    blueprint = route(world.Blueprint("shop", __name__))
    blueprint.register(world.app, {"url_prefix": "/shop"})
    versions.add(places.version)
    world.app.add_url_rule("/shop/late", "shop.late", lambda: "late")
    versions.add(places.version)
    world.app.config["SERVER_NAME"] = "example.com"
    versions.add(places.version)

    assert len(versions) == 5


@pytest.mark.parametrize("recorded", [[], [lambda state: None], [lambda state: state.add_rule("/rule")], [object()]])
@FIRST
def test_blueprints_of_an_unknown_kind_are_refused_at_set_up(world: World, first: str, recorded: list[Any]) -> None:
    class Unknown:
        def __init__(self, name: str, import_name: str, root_path: str | None = None) -> None:
            self.name = name
            self.deferred_functions = recorded

        def record(self, function: Any) -> None: ...
        def add_url_rule(self, *args: Any) -> None: ...
        def register_blueprint(self, *args: Any, **options: Any) -> None: ...
        def register(self, app: Any, options: Any) -> None: ...

    if first == "blueprints":
        world.app.blueprints["unknown"] = Unknown("unknown", __name__)
        with pytest.raises(
            SetupError,
            match="this version of Tests keeps the routes of blueprints in a way that",
        ):
            BlueprintPlaces(world.app)
    else:
        BlueprintPlaces(world.app)
        with pytest.raises(SetupError, match="keeps the routes of blueprints"):
            world.app.register_blueprint(Unknown("unknown", __name__))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the extensions themselves
@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize("declared", [None, "/api", "/other"])
@pytest.mark.parametrize("extension", ["flask_restful", "flask_restx"])
@FIRST
def test_the_blueprints_of_extensions_own_their_prefix(
    first: str, extension: str, declared: str | None, prefix: str
) -> None:
    module = pytest.importorskip(extension)

    class Users(module.Resource):  # type: ignore[misc,name-defined]
        def get(self, number: int = 0) -> dict[str, Any]:
            return {}

    world = WORLDS["flask"]()
    world.errors = world.adapter.ErrorHandler()
    if first == "errbridge":
        world.errors.init_app(world.app)
    blueprint = world.Blueprint("api", __name__, url_prefix=declared)
    api = module.Api(blueprint, prefix=prefix)
    api.add_resource(Users, "/users/all", "/users/<int:number>")
    world.app.register_blueprint(blueprint, url_prefix="/api")
    if first == "blueprints":
        world.errors.init_app(world.app)
    world.errors.register(world.app)(owner("app"))
    world.errors.register(blueprint)(owner("api"))

    asked = ["/api/nope", "/api/users/nope", "/other/nope"]
    assert world.call(Request("/api" + prefix + "/users/7")).status == 200
    assert [world.call(Request(path)).text for path in asked] == ["api", "api", "app"]


# Random trees. A recorded function learns from the framework where a blueprint is.

SEGMENTS = ("x", "y", "<int:n{}>", "<word{}>")


class Tree:
    """Random blueprints, registered with an application, and where the framework says that they are."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.count = 0
        self.expected: dict[str, Scope] = {}
        for _ in range(self.random.randint(1, 4)):
            self.register(world.app, self.make(2, has_route=True), names=2)

    def register(self, parent: Any, blueprint: Any, names: int) -> None:
        for number in range(self.random.randint(1, names)):
            options = {"name": f"{blueprint.name}_{number}"} if number else {}
            options |= self.part("url_prefix") | self.part("subdomain")
            if parent is self.world.app and self.random.random() < 0.3:
                blueprint.register(parent, options)
            else:
                parent.register_blueprint(blueprint, **options)

    def make(self, depth: int, *, has_route: bool) -> Any:
        self.count += 1
        declared = self.part("url_prefix") | self.part("subdomain")
        blueprint = self.world.Blueprint(f"b{self.count}", __name__, **declared)
        blueprint.record(self.note)
        routes = self.random.choice([0, 0, 1, 2])
        children = self.random.randint(0, 2) if depth else 0
        if has_route and not children:
            routes = routes or 1
        for number in range(routes):
            rule = "/".join(["", *self.random.choices(["x", "y", "z", "<int:page>"], k=self.random.randint(0, 3))])
            rule = rule.replace("<int:page>", "p", rule.count("<int:page>") - 1)
            route(blueprint, rule or "/", f"r{number}")
        for number in range(children):
            self.register(blueprint, self.make(depth - 1, has_route=has_route and not routes and not number), names=2)
        return blueprint

    def part(self, option: str) -> dict[str, str]:
        if self.random.random() < 0.5:
            return {}
        if option == "subdomain":
            return {option: self.random.choice(["s", "t", "s.t"])} if self.random.random() < 0.3 else {}
        self.count += 1
        parts = self.random.choices(SEGMENTS, k=self.random.randint(1, 2))
        slash = self.random.choice(["", "", "/"])
        return {option: "".join(f"/{part.format(f'{self.count}_{n}')}" for n, part in enumerate(parts)) + slash}

    def note(self, state: Any) -> None:
        name = f"{state.name_prefix}.{state.name}".lstrip(".")
        host = f"{state.subdomain}.example.com" if state.subdomain else None
        self.expected[name] = Scope(host, state.url_prefix, name)


@pytest.mark.parametrize("block", range(10))
@FIRST
def test_random_blueprints_are_where_the_framework_says_that_they_are(world: World, first: str, block: int) -> None:
    for seed in range(block * 60, block * 60 + 60):
        world.app = world.App(__name__)
        world.app.config["SERVER_NAME"] = "example.com"
        places = BlueprintPlaces(world.app) if first == "errbridge" else None
        try:
            tree = Tree(world, seed)
        except DUPLICATE_RULE:
            continue
        places = places or BlueprintPlaces(world.app)

        assert {scope.blueprint: scope for scope, _ in places.places()} == tree.expected, f"seed {seed}"
