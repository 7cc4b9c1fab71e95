"""Ways to set an application up that are rare but right, and mistakes that are rarer still."""

from __future__ import annotations

import functools
import inspect
import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
import quart
from werkzeug.exceptions import HTTPException, NotFound

import errbridge_quart
from errbridge import Problem, Reply, Scope, SetupError
from errbridge.scopes.trie import ScopeTrie
from tests.clients import Request, Response, call_asgi
from tests.twins import Twins, World

Ask = Callable[..., Response]


def named(name: str) -> Callable[[BaseException], Reply]:
    return lambda exc: Reply(name)


def test_under_host_matching_a_blueprint_owns_the_hosts_of_its_routes() -> None:
    def build(world: World) -> None:
        world.errors.register(world.app)(named("app"))
        shop = world.Blueprint("shop", __name__)
        shop.add_url_rule("/page", "page", lambda: "page", host="shop.example.com")
        shop.add_url_rule("/other", "other", lambda: "page", host="shop.example.org:8080")
        world.errors.register(shop)(named("shop"))
        world.app.register_blueprint(shop)

    twins = Twins.built(build, app_options={"host_matching": True, "static_host": "static.example.com"})

    answered = {host: twins.ask("/nope", host=host).text for host in ("shop.example.com", "shop.example.org", "x.org")}
    assert answered == {"shop.example.com": "shop", "shop.example.org": "shop", "x.org": "app"}


def test_a_subdomain_without_server_name_is_no_host(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors.register(world.app)(named("app"))
        shop = world.Blueprint("shop", __name__, subdomain="shop", url_prefix="/shop")
        world.errors.register(shop)(named("shop"))
        world.app.register_blueprint(shop)

    assert ask(build, "/shop/nope", host="shop.example.com").text == "app"


def test_a_blueprint_registered_before_with_a_subdomain_and_static_files_is_found() -> None:
    def build(world: World) -> None:
        shop = world.Blueprint("shop", __name__, static_folder="templates", static_url_path="/files")
        world.app.register_blueprint(shop, url_prefix="/moved")
        empty = world.Blueprint("empty", __name__, subdomain="empty")
        world.app.register_blueprint(empty)
        world.errors.register(world.app)(named("app"))
        world.errors.register(shop)(named("shop"))
        world.errors.register(empty)(named("empty"))

    twins = Twins.built(build, config={"SERVER_NAME": "example.com"})

    assert twins.ask("/moved/nope", host="example.com").text == "shop"
    assert twins.ask("/nope", host="empty.example.com").text == "empty"


def test_a_blueprint_that_watches_its_own_registration_keeps_what_it_had(world: World) -> None:
    seen: list[str | None] = []
    blueprint = world.Blueprint("own", __name__)
    make = blueprint.make_setup_state

    def own(*args: Any) -> Any:
        state = make(*args)
        seen.append(state.url_prefix)
        return state

    blueprint.make_setup_state = own
    assert world.errors is not None
    world.app.register_blueprint(blueprint, url_prefix="/x")

    assert seen == ["/x"]
    assert blueprint.make_setup_state is own


@pytest.mark.parametrize("prefix", ["/<nowhere:x>", "/<string(lenght=2):x>", "/<path:a>/<path:b>/<path:c>"])
def test_a_scope_that_the_application_cannot_read_is_left_out_and_reported(
    world: World, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.errors.api_register(prefix)
    world.errors.register("/api")(named("api"))

    answered = world.call(Request("/api/nope"))

    assert answered.text == "api"
    assert f"the scope {prefix} is left out" in caplog.text


def test_two_variables_that_span_slashes_are_compared_within_bounds() -> None:
    trie = ScopeTrie([Scope(prefix="/<path:a>/x/<path:b>/y")])

    assert trie.owners("", "/p/q/x/r/s/y/z") != ()
    assert trie.owners("", "/q/x//x/z/y") != ()
    assert trie.owners("", "/p/q/x/r/s/z") == ()
    assert trie.owners("", "/" + "x/r/" * 100_000) == ()


@pytest.mark.parametrize("prefix", ["/api/*", "/api?x=1", "/api#x"])
def test_a_prefix_is_a_path_without_patterns_of_other_languages(prefix: str) -> None:
    with pytest.raises(SetupError, match="a prefix is a path, and owns all below it"):
        Scope(prefix=prefix)


def test_a_host_has_no_space() -> None:
    with pytest.raises(SetupError, match="no request has the host"):
        Scope(host="api example.com")


def test_a_default_that_all_problems_would_share_is_refused() -> None:
    with pytest.raises(TypeError, match="a default that all problems would share"):

        class Shared(Problem, status=409):
            items: list[int] = []


def test_the_fields_of_all_base_classes_count() -> None:
    class Sized(Problem, status=413):
        size: int

    class Dated(Problem, status=413):
        day: str

    class Both(Sized, Dated):
        pass

    assert Both(size=1, day="Monday").document()["day"] == "Monday"


def test_a_group_is_trapped_as_its_member_would_be(world: World, caplog: pytest.LogCaptureFixture) -> None:
    def view() -> None:
        raise ExceptionGroup("g", [NotFound()])

    world.app.add_url_rule("/x", "x", view)
    world.app.config["TRAP_HTTP_EXCEPTIONS"] = True

    assert world.call(Request("/x")).status == 500


def test_a_native_handler_of_a_raised_problem_gets_its_headers(ask: Ask) -> None:
    def build(world: World) -> None:
        def native(exc: HTTPException) -> Any:
            return "native", exc.code, [pair for pair in exc.get_headers() if pair[0] == "Retry-After"]

        def view() -> None:
            raise Problem(409, headers={"Retry-After": "3"})

        world.app.register_error_handler(HTTPException, native)
        world.app.add_url_rule("/x", "x", view)

    response = ask(build, "/x")

    assert (response.status, response.text, response.header("Retry-After")) == (409, "native", "3")


def test_what_fails_even_around_the_request_is_still_answered(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("errbridge is broken")

    @world.app.teardown_request  # type: ignore[untyped-decorator]
    def teardown(exc: BaseException | None) -> None:
        raise ValueError("secret")

    world.app.add_url_rule("/x", "x", lambda: "page")
    assert world.errors is not None
    monkeypatch.setattr("errbridge.handling.respond.respond_outside", broken)

    response = world.call(Request("/x"))

    assert (response.status, response.text) == (500, "500 Internal Server Error\n")
    assert any(record.levelno == logging.ERROR for record in caplog.records)


def test_the_functions_of_an_application_are_of_the_colour_that_they_were() -> None:
    """Servers and extensions look at ``asgi_app``, for instance, to find out what kind of an application it is."""
    app = quart.Quart(__name__)
    names = ("asgi_app", "handle_request", "make_response")
    before = {name: inspect.iscoroutinefunction(getattr(app, name)) for name in names}

    errbridge_quart.ErrorHandler(app)

    assert before == dict.fromkeys(names, True)
    assert {name: inspect.iscoroutinefunction(getattr(app, name)) for name in names} == before


def test_a_configuration_key_that_is_taken_out_has_its_default(world: World) -> None:
    world.app.config["ERROR_DEFAULT_MSG"] = "Ours"

    @world.app.get("/crash")  # type: ignore[untyped-decorator]
    def crash() -> Any:
        raise RuntimeError("secret")

    del world.app.config["ERROR_DEFAULT_MSG"]
    response = world.call(Request("/crash", headers=[("Accept", "application/json")]))

    assert response.json["detail"] == "Unhandled Exception"


def test_a_search_for_handlers_of_the_applications_own_is_asked_whatever_is_registered(world: World) -> None:
    class Searching(world.App):  # type: ignore[name-defined,misc]
        def _find_error_handler(self, exc: Exception, blueprints: list[str]) -> Any:
            return (lambda exc: ("found", 404)) if isinstance(exc, NotFound) else None

    world.app = Searching(__name__)
    assert world.errors is not None

    assert not world.app.error_handler_spec
    assert [world.call(Request("/nope")).text for _ in range(2)] == ["found", "found"]


def test_a_search_that_an_extension_has_wrapped_is_asked(world: World) -> None:
    class Extended(world.App):  # type: ignore[name-defined,misc]
        @functools.wraps(world.App._find_error_handler)
        def _find_error_handler(self, exc: Exception, blueprints: list[str]) -> Any:
            return lambda exc: ("the extension's", 404)

    world.app = Extended(__name__)
    assert world.errors is not None

    assert world.call(Request("/nope")).text == "the extension's"


def test_handlers_that_take_the_place_of_all_others_are_found(world: World) -> None:
    assert world.errors is not None
    before = world.app.error_handler_spec

    def missing(exc: Exception) -> Any:
        return "native", 404

    world.app.error_handler_spec = defaultdict(lambda: defaultdict(dict), {None: defaultdict(dict)})
    world.app.error_handler_spec[None][404][NotFound] = missing
    assert world.call(Request("/nope")).text == "native"

    world.app.error_handler_spec = before
    assert world.call(Request("/nope")).text != "native"


@pytest.mark.parametrize(
    "changed",
    [
        lambda headers: [(name.upper(), value) for name, value in headers],
        lambda headers: [(name.title() if name == b"accept" else name, value) for name, value in headers],
        lambda headers: [*headers, (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"accept", b"text/plain;q=0.1")],
        lambda headers: [[name, value] for name, value in headers],
        tuple,
    ],
    ids=["in capitals", "one in capitals", "several lines", "as lists", "as a tuple"],
)
async def test_quart_finds_the_headers_of_a_request_however_a_server_lists_them(changed: Callable[[Any], Any]) -> None:
    app: Any = quart.Quart(__name__)
    errbridge_quart.ErrorHandler(app)

    async def listing(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "headers": changed(scope["headers"])}, receive, send)

    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = [("Accept", "application/json"), ("Traceparent", f"00-{trace}-00f067aa0ba902b7-01")]
    for _ in range(2):
        answered = await call_asgi(listing, Request("/nope", headers=headers))
        assert (answered.status, answered.content_type) == (404, "application/problem+json")
        assert answered.json["trace_id"] == trace
