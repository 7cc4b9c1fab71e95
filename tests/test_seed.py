"""The behaviour that the two seed documents describe, row by row, on Flask and Quart at once."""

from __future__ import annotations

import functools
import gc
import json
import logging
import re
import weakref
from collections.abc import Callable, Iterable, Mapping
from itertools import permutations
from typing import Any, NamedTuple, NoReturn

import pytest
from jinja2 import DictLoader
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound, default_exceptions

from errbridge import (
    AutoDispatcher,
    DefaultDispatcher,
    ErrorDispatcher,
    Handlers,
    Incident,
    Page,
    Problem,
    Reply,
    RequestFacts,
    Scope,
    SetupError,
    SubdomainDispatcher,
    URLPrefixDispatcher,
)
from tests.clients import Request, Response
from tests.twins import WORLDS, Build, Twins, World

Ask = Callable[..., Response]
Headers = tuple[tuple[str, str], ...]

PROBLEM = "application/problem+json"
PROBLEM_XML = "application/problem+xml"
PAGE = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
XHR: Headers = (("X-Requested-With", "XMLHttpRequest"),)
WANTS_XML: Headers = (("Accept", "application/problem+xml"),)
NO_SUCH_URL = (
    "The requested URL was not found on the server. If you entered the URL manually please check your spelling and "
    "try again."
)
TEMPLATES = {"template_folder": "templates/seed"}


class JammedTillError(Exception):
    """Nobody has registered anything for this one."""


def jam(**_: Any) -> NoReturn:
    raise JammedTillError("the till is jammed")


def raising(make: Callable[[], BaseException]) -> Callable[..., NoReturn]:
    """Make a view that raises."""

    def view(**_: Any) -> NoReturn:
        raise make()

    return view


def route(target: Any, url: str, view: Callable[..., Any]) -> None:
    """Add a view to an application or blueprint, with an endpoint made of its URL."""
    target.add_url_rule(url, re.sub(r"\W", "_", url), view_func=view)


def says(text: str) -> Callable[[BaseException], Reply]:
    """Make a handler whose answer tells who gave it."""
    return lambda exc: Reply(text)


def heading(response: Response) -> str:
    """Read the heading of a page."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", response.text)
    assert found, f"there is no heading in {response.text!r}"
    return found[1]


def other_framework(world: World) -> World:
    """Give the world that the objects at hand do not belong to."""
    return WORLDS["flask" if world.is_async else "quart"]()


# "A handler can be registered for a status code, like 404, or for an exception class."


def the_code(code: int) -> int:
    return code


def the_class(code: int) -> type[HTTPException]:
    return default_exceptions[code]


EVERY_CODE = pytest.mark.parametrize("code", sorted(default_exceptions))
BY_CODE_AND_BY_CLASS = pytest.mark.parametrize("key", [the_code, the_class])


def with_errors_of(world: World, code: int) -> None:
    """Add a view for each way of raising an HTTP error, and one that raises another."""
    other = 418 if code != 418 else 409
    route(world.app, "/aborted", lambda: world.abort(code))
    route(world.app, "/raised", raising(default_exceptions[code]))
    route(world.app, "/other", lambda: world.abort(other))


@EVERY_CODE
@BY_CODE_AND_BY_CLASS
def test_a_handler_registered_through_errbridge_gets_the_errors_of_its_code_only(
    code: int, key: Callable[[int], Any]
) -> None:
    def build(world: World) -> None:
        with_errors_of(world, code)
        world.errors.register(world.app, code=key(code))(lambda exc: f"handler for {code}, given {exc.code}")
        world.errors.register(world.app)(lambda exc: "catch-all")

    twins = Twins.built(build)

    for path in ("/aborted", "/raised"):
        response = twins.ask(path)
        assert (response.status, response.text) == (code, f"handler for {code}, given {code}")
    assert twins.ask("/other").text == "catch-all"


@EVERY_CODE
@BY_CODE_AND_BY_CLASS
def test_a_handler_registered_with_the_framework_gets_the_errors_of_its_code_only(
    code: int, key: Callable[[int], Any]
) -> None:
    def build(world: World) -> None:
        with_errors_of(world, code)
        world.app.errorhandler(key(code))(lambda exc: (f"handler for {code}, given {exc.code}", code))
        world.errors.register(world.app)(lambda exc: "catch-all of errbridge")

    twins = Twins.built(build)

    for path in ("/aborted", "/raised"):
        response = twins.ask(path)
        assert (response.status, response.text) == (code, f"handler for {code}, given {code}")
    assert twins.ask("/other").text == "catch-all of errbridge"


@EVERY_CODE
def test_an_error_that_nobody_handles_is_a_document_with_its_status_in_an_api(ask: Ask, code: int) -> None:
    def build(world: World) -> None:
        world.errors.api_register(world.app)
        with_errors_of(world, code)

    response = ask(build, "/aborted")

    assert (response.status, response.content_type) == (code, PROBLEM)
    assert (response.json["status"], response.json["type"]) == (code, "about:blank")
    assert response.json["detail"] == default_exceptions[code].description


@pytest.mark.parametrize("code", [402, 419, 499, 507, 599])
def test_a_handler_can_be_registered_for_a_status_that_the_framework_has_no_class_for(ask: Ask, code: int) -> None:
    def build(world: World) -> None:
        route(world.app, "/odd", raising(lambda: Problem(code)))
        world.errors.register(world.app, code=code)(lambda exc: f"handler for {code}")
        world.errors.register(world.app)(says("catch-all"))

    response = ask(build, "/odd")

    assert (response.status, response.text) == (code, f"handler for {code}")


def through_errbridge(world: World, key: Any, handler: Callable[..., Any]) -> None:
    world.errors.register(world.app, code=key)(handler)


def natively(world: World, key: Any, handler: Callable[..., Any]) -> None:
    world.app.register_error_handler(key, handler)


BOTH_WAYS = pytest.mark.parametrize("register", [through_errbridge, natively])
Register = Callable[[World, Any, Callable[..., Any]], None]


@BOTH_WAYS
@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (KeyError, "handler for KeyError"),
        (IndexError, "handler for LookupError"),
        (LookupError, "handler for LookupError"),
        (UnicodeError, "handler for ValueError"),
    ],
)
def test_a_handler_registered_for_an_exception_class_gets_its_subclasses_unless_one_has_its_own(
    ask: Ask, register: Register, raised: type[Exception], expected: str
) -> None:
    def build(world: World) -> None:
        route(world.app, "/", raising(raised))
        for cls in (LookupError, KeyError, ValueError):
            register(world, cls, lambda exc, name=cls.__name__: (f"handler for {name}", 422))

    response = ask(build, "/")

    assert (response.status, response.text) == (422, expected)


@pytest.mark.parametrize("key", [None, "*", HTTPException, Exception, (404, 418, 500), ("4xx", "5xx")], ids=repr)
def test_a_catch_all_and_several_keys_at_once_get_routing_errors_aborts_and_uncaught_exceptions(key: Any) -> None:
    def build(world: World) -> None:
        route(world.app, "/teapot", lambda: world.abort(418))
        route(world.app, "/broken", jam)
        world.errors.register(world.app, code=key)(lambda exc: type(exc).__name__)

    twins = Twins.built(build)

    answers = {path: twins.ask(path) for path in ("/nope", "/teapot", "/broken")}
    assert {path: (answer.status, answer.text) for path, answer in answers.items()} == {
        "/nope": (404, "NotFound"),
        "/teapot": (418, "ImATeapot"),
        "/broken": (500, "InternalServerError"),
    }


@pytest.mark.parametrize("key", [None, "*", HTTPException, Exception], ids=repr)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_catch_all_gets_what_no_handler_of_the_code_or_its_class_of_codes_wants(key: Any, reverse: bool) -> None:
    def build(world: World) -> None:
        route(world.app, "/gone", lambda: world.abort(410))
        route(world.app, "/problem", raising(lambda: Problem(507)))
        route(world.app, "/broken", jam)
        handlers = [(404, "404"), ("4xx", "4xx"), (key, "catch-all")]
        for code, name in reversed(handlers) if reverse else handlers:
            world.errors.register(world.app, code=code)(says(name))

    twins = Twins.built(build)

    assert {path: twins.ask(path).text for path in ("/nope", "/gone", "/problem", "/broken")} == {
        "/nope": "404",
        "/gone": "4xx",
        "/problem": "catch-all",
        "/broken": "catch-all",
    }


def test_a_blueprint_has_handlers_of_its_own_registered_with_the_framework_or_errbridge() -> None:
    def build(world: World) -> None:
        for name in ("native", "bridged"):
            blueprint = world.Blueprint(name, __name__, url_prefix=f"/{name}")
            route(blueprint, "/gone", lambda: world.abort(410))
            if name == "native":
                blueprint.register_error_handler(410, lambda exc: ("native blueprint", 410))
            else:
                world.errors.register(blueprint, code=410)(lambda exc: "errbridge blueprint")
            world.app.register_blueprint(blueprint)
        route(world.app, "/gone", lambda: world.abort(410))
        world.app.register_error_handler(410, lambda exc: ("native app", 410))

    twins = Twins.built(build)

    assert twins.ask("/native/gone").text == "native blueprint"
    assert twins.ask("/bridged/gone").text == "errbridge blueprint"
    assert twins.ask("/gone").text == "native app"


@pytest.mark.parametrize(
    ("register", "expected"),
    [(natively, 200), (through_errbridge, 404)],
    ids=["native: the status is for the handler to set", "errbridge: the status of the error stays"],
)
def test_what_status_an_answer_without_one_has(ask: Ask, register: Register, expected: int) -> None:
    response = ask(lambda world: register(world, 404, lambda exc: "just a text"), "/nope")

    assert (response.status, response.text) == (expected, "just a text")


# "When using the application factory pattern"


def factory(which: int) -> Build:
    """Build two applications with one `ErrorHandler`, one blueprint and one handler function, and ask one of them."""

    def build(world: World) -> None:
        errors = world.adapter.ErrorHandler(ERROR_DEFAULT_MSG="given to all")
        api = world.Blueprint("api", __name__, url_prefix="/api")
        route(api, "/broken", jam)
        errors.api_register(api)
        errors.register("/shared")(says("shared"))

        def page_not_found(exc: BaseException) -> tuple[str, int]:
            return "page_not_found", 404

        def create_app(name: str, **config: Any) -> Any:
            app = world.App("tests.twins")
            errors.init_app(app, **config)
            app.register_blueprint(api)
            app.register_error_handler(404, page_not_found)
            errors.register(app, code=405)(says(f"405 of the {name} app"))
            route(app, "/page", lambda: "page")
            return app

        apps = [create_app("first"), create_app("second", ERROR_DEFAULT_MSG="given to the second")]
        errors.register(apps[0], code=404)(says("the native handler comes first"))
        world.app, world.errors = apps[which], errors

    return build


@pytest.mark.parametrize(
    ("which", "name", "message"), [(0, "first", "given to all"), (1, "second", "given to the second")]
)
def test_one_error_handler_serves_the_apps_of_a_factory_and_mixes_nothing_up(
    which: int, name: str, message: str
) -> None:
    twins = Twins.built(factory(which))

    missing = twins.ask("/nope")
    assert (missing.status, missing.text) == (404, "page_not_found")
    assert twins.ask("/shared/nope").text == "shared"
    assert twins.ask("/page", "POST").text == f"405 of the {name} app"
    broken = twins.ask("/api/broken")
    assert (broken.status, broken.content_type, broken.json["detail"]) == (500, PROBLEM, message)
    assert twins.ask("/api/nope").content_type == PROBLEM


def test_a_handler_of_one_app_does_not_answer_for_another_app_of_the_same_error_handler(ask: Ask) -> None:
    def build(world: World) -> None:
        errors = world.adapter.ErrorHandler()
        first, second = (errors.init_app(world.App("tests.twins")) for _ in range(2))
        errors.register(first, code=404)(says("first"))
        errors.api_register(second)
        world.app, world.errors = second, errors

    response = ask(build, "/nope")

    assert (response.content_type, response.json["title"]) == (PROBLEM, "Not Found")


def test_an_error_handler_does_not_keep_its_apps_alive(world: World) -> None:
    errors = world.adapter.ErrorHandler()
    app = errors.init_app(world.App("tests.twins"))
    errors.register(app)(says("app"))
    errors.api_register(app)
    world.app, world.errors = app, errors
    assert world.call(Request("/nope")).text == "app"
    gone = weakref.ref(app)

    world.app = app = None
    gc.collect()

    assert gone() is None


def test_init_app_gives_the_app_back(world: World) -> None:
    app = world.App("tests.twins")

    assert world.adapter.ErrorHandler().init_app(app) is app


# "Returning API errors as JSON"


@BOTH_WAYS
def test_the_description_given_to_abort_reaches_a_handler_that_returns_json(ask: Ask, register: Register) -> None:
    def build(world: World) -> None:
        def resource_not_found(exc: HTTPException) -> Any:
            return world.framework.jsonify(error=str(exc)), 404

        def get_one_cheese() -> Any:
            resource = None
            if resource is None:
                world.abort(404, description="Resource not found")
            return world.framework.jsonify(resource)

        register(world, 404, resource_not_found)
        route(world.app, "/cheese", get_one_cheese)

    response = ask(build, "/cheese")

    assert (response.status, response.content_type) == (404, "application/json")
    assert response.json == {"error": "404 Not Found: Resource not found"}


@pytest.mark.parametrize(
    ("beside", "expected"),
    [((), None), ((404,), None), (({"X-Cheese": "none"},), "none"), ((404, {"X-Cheese": "none"}), "none")],
    ids=["dict", "dict and status", "dict and headers", "dict, status and headers"],
)
def test_a_handler_may_return_a_dict_alone_or_in_a_tuple(
    ask: Ask, beside: tuple[Any, ...], expected: str | None
) -> None:
    def resource_not_found(exc: BaseException) -> Any:
        body = {"error": str(exc)}
        return (body, *beside) if beside else body

    response = ask(lambda world: world.errors.register(world.app, code=404)(resource_not_found), "/nope")

    assert (response.status, response.content_type) == (404, "application/json")
    assert response.json == {"error": f"404 Not Found: {NO_SUCH_URL}"}
    assert response.header("X-Cheese") == expected


def test_an_api_needs_no_handler_to_tell_the_description_given_to_abort(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors.api_register(world.app)
        route(world.app, "/cheese", lambda: world.abort(404, description="Resource not found"))

    response = ask(build, "/cheese")

    assert (response.status, response.content_type) == (404, PROBLEM)
    document = response.json
    assert document.pop("instance").startswith("urn:uuid:")
    assert document == {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "Resource not found"}


# "Custom Error Pages"


class ShopPage(NamedTuple):
    heading: str
    sentence: str


SHOP_PAGES = {
    403: ShopPage("Keep Out", "This cheese is not yours."),
    404: ShopPage("No Such Cheese", "We have never sold it."),
    410: ShopPage("Eaten", "There was some once."),
    500: ShopPage("The Mouse Did It", "We are looking for it."),
}
PATHS = {"/forbidden": 403, "/nope": 404, "/missing": 404, "/gone": 410, "/error": 500, "/broken": 500}


def shop(world: World) -> None:
    """Add a page, and views that fail in all the ways that the seed names."""
    route(world.app, "/forbidden", lambda: world.abort(403))
    route(world.app, "/missing", lambda: world.abort(404))
    route(world.app, "/gone", lambda: world.abort(410))
    route(world.app, "/error", lambda: world.abort(500))
    route(world.app, "/broken", jam)
    world.app.add_url_rule("/", "index", view_func=lambda: "cheese")


def template_view(world: World, name: str, status: int) -> Callable[[BaseException], Any]:
    """Write the handler of the seed document, in the colour that the framework's ``render_template`` has."""
    if not world.is_async:
        return lambda exc: (world.framework.render_template(name), status)

    async def handler(exc: BaseException) -> Any:
        return await world.framework.render_template(name), status

    return handler


def pages_of_native_handlers(world: World) -> None:
    shop(world)
    for status in SHOP_PAGES:
        world.app.register_error_handler(status, template_view(world, f"{status}.html", status))


def pages_of_errbridge_handlers_that_render(world: World) -> None:
    shop(world)
    for status in SHOP_PAGES:
        world.errors.register(world.app, code=status)(template_view(world, f"{status}.html", status))


def pages_returned_by_errbridge_handlers(world: World) -> None:
    shop(world)
    for status in SHOP_PAGES:
        world.errors.register(world.app, code=status)(lambda exc, status=status: Page(f"{status}.html"))


def pages_of_the_web_style(world: World) -> None:
    shop(world)
    world.app.register_blueprint(world.Blueprint("site", __name__, template_folder="templates/seed_site"))
    world.errors.web_register(world.app)


@pytest.mark.parametrize(
    "build",
    [
        pages_of_native_handlers,
        pages_of_errbridge_handlers_that_render,
        pages_returned_by_errbridge_handlers,
        pages_of_the_web_style,
    ],
)
@pytest.mark.parametrize(("path", "status"), PATHS.items())
def test_a_custom_page_extends_the_layout_and_links_to_the_app(ask: Ask, build: Build, path: str, status: int) -> None:
    page = SHOP_PAGES[status]

    response = ask(build, path, app_options=TEMPLATES)

    assert (response.status, response.content_type) == (status, PAGE)
    assert heading(response) == page.heading
    assert f"<title>{page.heading} | Cheese shop</title>" in response.text
    assert f"<p>{page.sentence}</p>" in response.text
    assert '<p><a href="/">Back to the counter</a></p>' in response.text
    assert "JammedTillError" not in response.text
    assert "the till is jammed" not in response.text


@pytest.mark.parametrize(
    ("path", "status", "name", "description"),
    [
        ("/nope", 404, "Not Found", NO_SUCH_URL),
        ("/gone", 410, "Gone", default_exceptions[410].description),
        ("/broken", 500, "Internal Server Error", "Unhandled Exception"),
    ],
)
def test_error_page_shows_every_error_without_a_page_of_its_own(
    ask: Ask, path: str, status: int, name: str, description: str
) -> None:
    def build(world: World) -> None:
        shop(world)
        world.errors.web_register(world.app)

    response = ask(build, path, app_options=TEMPLATES)

    assert (response.status, response.content_type, heading(response)) == (status, PAGE, f"{status} {name}")
    assert f"<p>{description}</p>" in response.text
    assert '<p><a href="/">Back to the counter</a></p>' in response.text


def test_error_page_may_be_any_template_and_has_the_error_under_old_and_new_names(ask: Ask) -> None:
    def build(world: World) -> None:
        shop(world)
        world.errors.web_register(world.app)
        route(world.app, "/late", raising(lambda: Problem(504, title="Too late", detail="It is 9", type="/late")))

    response = ask(build, "/late", app_options=TEMPLATES, config={"ERROR_PAGE": "facts.html"})

    assert response.text == "504|504|Too late|Too late|It is 9|It is 9|/late|True|/late"


def test_the_links_of_a_page_lead_below_the_mount_point(ask: Ask) -> None:
    response = ask(pages_returned_by_errbridge_handlers, "/nope", app_options=TEMPLATES, root_path="/mounted")

    assert (response.status, heading(response)) == (404, "No Such Cheese")
    assert '<a href="/mounted/">Back to the counter</a>' in response.text


def test_a_page_has_filters_context_processors_and_its_own_context_on_a_routing_error(ask: Ask) -> None:
    def build(world: World) -> None:
        shop(world)
        world.app.context_processor(lambda: {"owner": "Wallace"})
        world.app.add_template_filter(lambda text: f"{text.upper()}!", "shout")
        world.errors.register(world.app, code=404)(lambda exc: Page("shop.html", cheese="Wensleydale"))

    response = ask(build, "/nope", app_options=TEMPLATES)

    assert (response.status, heading(response)) == (404, "Wensleydale of WALLACE!")


def test_a_page_in_a_tuple_takes_the_status_and_headers_beside_it(ask: Ask) -> None:
    def build(world: World) -> None:
        shop(world)
        world.errors.register(world.app, code=404)(lambda exc: (Page("410.html"), 410, {"X-Cheese": "eaten"}))

    response = ask(build, "/nope", app_options=TEMPLATES)

    assert (response.status, response.content_type, heading(response)) == (410, PAGE, "Eaten")
    assert response.header("X-Cheese") == "eaten"


def test_a_page_is_the_first_of_several_templates_that_exists(ask: Ask) -> None:
    def build(world: World) -> None:
        shop(world)
        world.errors.register(world.app, code=404)(lambda exc: Page(["no-such-page.html", "410.html", "404.html"]))

    response = ask(build, "/nope", app_options=TEMPLATES)

    assert (response.status, heading(response)) == (404, "Eaten")


LOOKED_UP = [
    "inner/errors/404.html",
    "inner/errors/4xx.html",
    "outer/errors/404.html",
    "outer/errors/4xx.html",
    "errors/404.html",
    "errors/4xx.html",
    "error.html",
]


@pytest.mark.parametrize("path", ["/outer/inner/missing", "/outer/inner/nope"])
@pytest.mark.parametrize("missing", range(len(LOOKED_UP)), ids=LOOKED_UP)
def test_the_most_specific_template_that_exists_is_the_page(ask: Ask, path: str, missing: int) -> None:
    def build(world: World) -> None:
        world.app.jinja_loader = DictLoader({name: f"this is {name}" for name in LOOKED_UP[missing:]})
        outer = world.Blueprint("outer", __name__, url_prefix="/outer")
        inner = world.Blueprint("inner", __name__, url_prefix="/inner")
        route(inner, "/missing", lambda: world.abort(404))
        outer.register_blueprint(inner)
        world.app.register_blueprint(outer)
        world.errors.web_register(world.app)

    response = ask(build, path)

    assert (response.status, response.content_type) == (404, PAGE)
    assert response.text == f"this is {LOOKED_UP[missing]}"


def test_a_website_without_templates_has_the_built_in_page(ask: Ask) -> None:
    response = ask(lambda world: world.errors.web_register(world.app), "/nope")

    assert (response.status, response.content_type, heading(response)) == (404, PAGE, "Page not found")


# "An error handler for 500 will be passed uncaught exceptions in addition to explicit 500 errors."


def told(exc: BaseException) -> tuple[str, int]:
    """Say what a handler was given."""
    return f"{type(exc).__name__} of {getattr(exc, 'original_exception', None)!r}", 500


SERVER_ERRORS = [500, InternalServerError, HTTPException]
WRAPPED = "InternalServerError of JammedTillError('the till is jammed')"


@pytest.mark.parametrize(
    ("register", "key", "uncaught"),
    [
        *((natively, key, WRAPPED) for key in SERVER_ERRORS),
        *((through_errbridge, key, WRAPPED) for key in [*SERVER_ERRORS, "5xx", "*", None, Exception]),
        (natively, Exception, "JammedTillError of None"),
        (natively, JammedTillError, "JammedTillError of None"),
        (through_errbridge, JammedTillError, "JammedTillError of None"),
    ],
)
def test_an_uncaught_exception_reaches_500_handlers_with_the_original_and_its_own_handlers_as_itself(
    ask: Ask, register: Register, key: Any, uncaught: str
) -> None:
    def build(world: World) -> None:
        route(world.app, "/broken", jam)
        register(world, key, told)

    response = ask(build, "/broken")

    assert (response.status, response.text) == (500, uncaught)


@BOTH_WAYS
@pytest.mark.parametrize("key", SERVER_ERRORS)
def test_an_explicit_500_has_no_original_exception(ask: Ask, register: Register, key: Any) -> None:
    def build(world: World) -> None:
        route(world.app, "/error", lambda: world.abort(500))
        register(world, key, told)

    assert ask(build, "/error").text == "InternalServerError of None"


# "A handler for 500 will not be used when running in debug mode. Instead, the interactive debugger will be shown."

DEVELOPING = pytest.mark.parametrize("mode", ["DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS"])


def see_it_crash(world: World, mode: str) -> None:
    """Make sure that the developer gets to see the exception of ``/broken``: as a raise, or in Quart's debugger.

    Which of the two it is in which mode has changed from one version of Quart to another.
    """
    try:
        response = world.call(Request("/broken"))
    except JammedTillError:
        pass
    else:
        assert world.is_async, f"Flask raises in {mode}"
        assert response.status == 500
        assert "JammedTillError" in response.text
        assert "the till is jammed" in response.text


@DEVELOPING
@pytest.mark.parametrize("key", [*SERVER_ERRORS, "5xx", "*", None, Exception])
def test_a_500_handler_of_errbridge_is_not_used_where_the_developer_looks_on(world: World, mode: str, key: Any) -> None:
    called: list[BaseException] = []
    world.config = {mode: True}
    route(world.app, "/broken", jam)
    world.errors.register(world.app, code=key)(called.append)

    see_it_crash(world, mode)

    assert called == []


@DEVELOPING
@pytest.mark.parametrize("key", SERVER_ERRORS)
def test_a_500_handler_of_the_framework_is_not_used_where_the_developer_looks_on(
    world: World, mode: str, key: Any
) -> None:
    called: list[BaseException] = []
    world.config = {mode: True}
    route(world.app, "/broken", jam)
    world.app.register_error_handler(key, called.append)

    see_it_crash(world, mode)

    assert called == []


@DEVELOPING
@pytest.mark.parametrize("verb", ["failure_register", "api_register", "web_register", "default_register"])
def test_no_style_hides_an_uncaught_exception_from_the_developer(world: World, mode: str, verb: str) -> None:
    world.config = {mode: True}
    route(world.app, "/broken", jam)
    getattr(world.errors, verb)(world.app)

    see_it_crash(world, mode)


@DEVELOPING
def test_what_is_expected_is_answered_while_the_developer_looks_on(mode: str) -> None:
    def build(world: World) -> None:
        route(world.app, "/broken", jam)
        route(world.app, "/error", lambda: world.abort(500))
        world.errors.register(world.app, code=JammedTillError)(says("handler for JammedTillError"))
        world.errors.register(world.app, code=404)(says("handler for 404"))
        world.errors.register(world.app, code=500)(says("handler for 500"))

    twins = Twins.built(build, config={mode: True})

    answers = {path: twins.ask(path) for path in ("/broken", "/nope", "/error")}
    assert {path: (answer.status, answer.text) for path, answer in answers.items()} == {
        "/broken": (500, "handler for JammedTillError"),
        "/nope": (404, "handler for 404"),
        "/error": (500, "handler for 500"),
    }


@DEVELOPING
def test_a_handler_for_exception_registered_with_the_framework_is_used_in_debug_mode_as_without_errbridge(
    ask: Ask, mode: str
) -> None:
    def build(world: World) -> None:
        route(world.app, "/broken", jam)
        world.app.register_error_handler(Exception, told)

    assert ask(build, "/broken", config={mode: True}).text == "JammedTillError of None"


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING"])
def test_500_handlers_are_used_in_debug_mode_when_exceptions_must_not_propagate(ask: Ask, mode: str) -> None:
    def build(world: World) -> None:
        route(world.app, "/broken", jam)
        world.errors.register(world.app, code=500)(told)

    assert ask(build, "/broken", config={mode: True, "PROPAGATE_EXCEPTIONS": False}).text == WRAPPED


# The example of Flask-ErrorsHandler


def quick_start(world: World) -> None:
    app = world.App("tests.twins")
    error = world.adapter.ErrorHandler(app, dispatcher="urlprefix")
    api = world.Blueprint("api", __name__, url_prefix="/api")
    web = world.Blueprint("web", __name__, url_prefix="/web")
    custom = world.Blueprint("custom", __name__, url_prefix="/custom")
    error.web_register(web)
    error.api_register(api)
    error.failure_register(app)

    def as_text(exc: BaseException) -> tuple[str, int, dict[str, str]]:
        return str(exc), 500, {"Content-Type": "text/plain"}

    def index() -> NoReturn:
        raise NameError("test custom")

    error.register(custom)(as_text)
    for blueprint in (api, web, custom):
        message = f"Error from {blueprint.name} blueprint"
        route(blueprint, "/", lambda message=message: world.abort(500, message))
    route(app, "/", index)
    app.register_blueprint(web)
    app.register_blueprint(api)
    app.register_blueprint(custom)
    world.app, world.errors = app, error


@pytest.mark.parametrize(
    ("path", "status", "content_type", "part"),
    [
        ("/api/", 500, PROBLEM, '"detail":"Error from api blueprint"'),
        ("/web/", 500, PAGE, '<p class="detail" dir="auto">Error from web blueprint</p>'),
        ("/custom/", 500, "text/plain", "500 Internal Server Error: Error from custom blueprint"),
        ("/", 500, PAGE, '<p class="detail" dir="auto">Unhandled Exception</p>'),
        ("/api/nope", 404, PROBLEM, f'"detail":"{NO_SUCH_URL}"'),
        ("/web/nope", 404, PAGE, f'<p class="detail" dir="auto">{NO_SUCH_URL}</p>'),
        ("/custom/nope", 500, "text/plain", f"404 Not Found: {NO_SUCH_URL}"),
        ("/nope", 404, PAGE, f'<p class="detail" dir="auto">{NO_SUCH_URL}</p>'),
        ("/apiary", 404, PAGE, f'<p class="detail" dir="auto">{NO_SUCH_URL}</p>'),
    ],
)
def test_the_quick_start_example_answers_as_an_api_a_site_and_a_text(
    ask: Ask, path: str, status: int, content_type: str, part: str
) -> None:
    response = ask(quick_start, path)

    assert (response.status, response.content_type) == (status, content_type)
    assert part in response.text
    assert "NameError" not in response.text
    assert "test custom" not in response.text


@pytest.mark.parametrize(
    ("path", "status", "content_type"), [("/api/", 405, PROBLEM), ("/web/", 405, PAGE), ("/custom/", 500, "text/plain")]
)
def test_the_quick_start_example_gives_a_wrong_method_to_the_blueprint_of_the_route(
    ask: Ask, path: str, status: int, content_type: str
) -> None:
    response = ask(quick_start, path, "DELETE")

    assert (response.status, response.content_type) == (status, content_type)
    assert response.header("Allow") == "GET, HEAD, OPTIONS"


def test_the_quick_start_example_leaves_the_redirect_to_the_slash_to_the_framework(world: World) -> None:
    quick_start(world)

    response = world.call(Request("/api"))

    assert response.status == 308
    assert (response.header("Location") or "").endswith("/api/")


# "your own response implementation … a decorator"

Document = Callable[..., tuple[dict[str, Any], int, dict[str, str]]]
Decorator = Callable[[Document], Callable[..., Any]]


def with_wraps(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            document, status, headers = function(*args, **kwargs)
            return {"wrapped": document}, status, headers

        return wrapper

    return decorator


def without_arguments(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            return {"wrapped": document}, status, headers

        return wrapper

    return decorator


def async_with_wraps(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        @functools.wraps(function)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            document, status, headers = function(*args, **kwargs)
            return {"wrapped": document}, status, headers

        return wrapper

    return decorator


def async_without_arguments(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        async def wrapper() -> Any:
            document, status, headers = function()
            return {"wrapped": document}, status, headers

        return wrapper

    return decorator


def returning_an_awaitable(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        async def later() -> Any:
            document, status, headers = function()
            return {"wrapped": document}, status, headers

        return lambda: later()

    return decorator


def returning_a_native_response(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            response = world.framework.jsonify(wrapped=document)
            response.status_code = status
            response.headers.update(headers)
            return response

        return wrapper

    return decorator


def returning_a_native_response_in_a_tuple(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            return world.framework.jsonify(wrapped=document), status, headers

        return wrapper

    return decorator


def returning_a_text_in_a_tuple(world: World) -> Decorator:
    def decorator(function: Document) -> Callable[..., Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            return json.dumps({"wrapped": document}), status, {**headers, "Content-Type": "application/json"}

        return wrapper

    return decorator


def returning_the_document_only(world: World) -> Decorator:
    return lambda function: lambda: {"wrapped": function()[0]}


DECORATORS = [
    with_wraps,
    without_arguments,
    async_with_wraps,
    async_without_arguments,
    returning_an_awaitable,
    returning_a_native_response,
    returning_a_native_response_in_a_tuple,
    returning_a_text_in_a_tuple,
    returning_the_document_only,
]
MakeDecorator = Callable[[World], Decorator]


def decorated_with(make: MakeDecorator, **options: Any) -> Build:
    """Build an API and a site whose documents a decorator makes."""

    def build(world: World) -> None:
        world.errors = world.adapter.ErrorHandler(world.app, response=make(world), **options)
        web = world.Blueprint("web", __name__, url_prefix="/web")
        world.app.register_blueprint(web)
        world.errors.web_register(web)
        world.errors.api_register(world.app)
        route(world.app, "/late", raising(lambda: Problem(503, detail="Too late", headers={"Retry-After": "7"}, by=3)))
        route(world.app, "/broken", jam)

    return build


@pytest.mark.parametrize("make", DECORATORS)
def test_a_response_decorator_makes_the_documents_and_their_content_type_is_forced(make: MakeDecorator) -> None:
    twins = Twins.built(decorated_with(make))

    late = twins.ask("/late")
    assert (late.status, late.content_type, late.header("Retry-After")) == (503, PROBLEM, "7")
    document = late.json
    assert document["wrapped"].pop("instance").startswith("urn:uuid:")
    assert document == {
        "wrapped": {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "Too late",
            "by": 3,
            "retry_after": 7,
        }
    }
    broken = twins.ask("/broken")
    assert (broken.status, broken.content_type) == (500, PROBLEM)
    assert broken.json["wrapped"]["detail"] == "Unhandled Exception"
    for missing in (twins.ask("/nope"), twins.ask("/web/nope", headers=XHR)):
        assert (missing.status, missing.content_type) == (404, PROBLEM)
        assert missing.json["wrapped"]["title"] == "Not Found"


def test_a_response_decorator_does_not_touch_pages_and_texts() -> None:
    twins = Twins.built(decorated_with(with_wraps))

    assert heading(twins.ask("/web/nope")) == "Page not found"
    text = twins.ask("/nope", headers=[("Accept", "text/plain")])
    assert (text.content_type, text.text.splitlines()[0]) == (TEXT, "404 Not Found")


@pytest.mark.parametrize(
    ("path", "headers", "vary"), [("/nope", (), "Accept"), ("/web/nope", XHR, "Accept, X-Requested-With")]
)
def test_a_decorated_document_says_which_headers_led_to_it(ask: Ask, path: str, headers: Headers, vary: str) -> None:
    assert ask(decorated_with(with_wraps), path, headers=headers).header("Vary") == vary


def with_text(world: World) -> None:
    world.errors.register(world.app)(lambda exc: "no")


def with_headers_beside(world: World) -> None:
    world.errors.register(world.app)(lambda exc: ("no", {"X-Cheese": "none"}))


@pytest.mark.parametrize(
    "build",
    [with_text, with_headers_beside, decorated_with(with_wraps), decorated_with(returning_the_document_only)],
    ids=["text", "text and headers", "decorated", "decorated, without headers"],
)
def test_every_challenge_of_an_error_survives_in_what_a_handler_or_decorator_returns(ask: Ask, build: Build) -> None:
    challenges = [("WWW-Authenticate", 'Basic realm="cheese"'), ("WWW-Authenticate", 'Bearer realm="cheese"')]

    def locked(world: World) -> None:
        build(world)
        route(world.app, "/locked", raising(lambda: Problem(401, headers=challenges)))

    response = ask(locked, "/locked")

    assert response.status == 401
    assert response.header("WWW-Authenticate") == 'Basic realm="cheese", Bearer realm="cheese"'


def test_a_status_and_headers_of_the_response_decorator_are_kept(ask: Ask) -> None:
    def always_fine(world: World) -> Decorator:
        return lambda function: lambda: ({"ok": False}, 200, {"X-Envelope": "1"})

    response = ask(decorated_with(always_fine), "/nope")

    assert (response.status, response.json, response.header("X-Envelope")) == (200, {"ok": False}, "1")


@pytest.mark.parametrize(
    ("config", "made", "sent"),
    [
        ({}, "application/json", "application/problem+json"),
        ({}, "application/xml", "application/problem+xml"),
        ({}, "application/vnd.cheese", "application/vnd.cheese"),
        ({"ERROR_CONTENT_TYPES": ("json",)}, "application/json", "application/problem+json"),
        ({"ERROR_CONTENT_TYPES": ("json",)}, "application/xml", "application/xml"),
        ({"ERROR_CONTENT_TYPES": ("xml",)}, "application/json", "application/json"),
        ({"ERROR_FORCE_CONTENT_TYPE": False}, "application/json", "application/json"),
        ({"ERROR_FORCE_CONTENT_TYPE": False}, "application/xml", "application/xml"),
    ],
)
def test_the_content_type_of_a_decorated_document_is_forced_as_configured(
    ask: Ask, config: dict[str, Any], made: str, sent: str
) -> None:
    def make(world: World) -> Decorator:
        return lambda function: lambda: world.framework.Response("document", 404, {"Content-Type": made})

    response = ask(decorated_with(make, **config), "/nope")

    assert (response.status, response.content_type, response.text) == (404, sent, "document")


def test_the_response_decorator_given_to_init_app_counts_for_that_app(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors = world.adapter.ErrorHandler(response=returning_the_document_only(world))
        world.errors.init_app(world.app, response=lambda function: lambda: {"own": function()[1]}, handler="api")

    assert ask(build, "/nope").json == {"own": 404}


# "web that returns html page or api response if request is XHR"


@pytest.mark.parametrize(
    ("verb", "headers", "expected"),
    [
        ("web_register", (), PAGE),
        ("web_register", XHR, PROBLEM),
        ("web_register", (("x-requested-with", "xmlhttprequest"),), PROBLEM),
        ("web_register", (("X-Requested-With", "com.example.browser"),), PAGE),
        ("web_register", (*XHR, ("Accept", "text/html, */*; q=0.01")), PROBLEM),
        ("web_register", (*XHR, *WANTS_XML), PROBLEM_XML),
        ("web_register", (("Accept", "application/json"),), PROBLEM),
        ("default_register", XHR, PAGE),
        ("api_register", XHR, PROBLEM),
    ],
)
def test_an_xml_http_request_gets_a_document_from_a_website(
    ask: Ask, verb: str, headers: Headers, expected: str
) -> None:
    response = ask(lambda world: getattr(world.errors, verb)(world.app), "/nope", headers=headers)

    assert (response.status, response.content_type) == (404, expected)
    assert response.header("Vary") == ("Accept, X-Requested-With" if verb == "web_register" else "Accept")


@pytest.mark.parametrize(("headers", "expected"), [(XHR, PAGE), ((*XHR, ("Accept", "application/json")), PROBLEM)])
def test_a_website_can_ignore_that_a_request_is_an_xml_http_request(ask: Ask, headers: Headers, expected: str) -> None:
    def build(world: World) -> None:
        world.errors.web_register(world.app)

    response = ask(build, "/nope", headers=headers, config={"ERROR_XHR_ENABLED": False})

    assert (response.status, response.content_type, response.header("Vary")) == (404, expected, "Accept")


def test_an_uncaught_exception_of_a_website_tells_an_xml_http_request_nothing_of_itself(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors.web_register(world.app)
        route(world.app, "/broken", jam)

    response = ask(build, "/broken", headers=XHR)

    assert (response.status, response.content_type) == (500, PROBLEM)
    assert response.json["detail"] == "Unhandled Exception"
    assert "till" not in response.text.lower()


# The configuration


class Setting(NamedTuple):
    """A configuration key, another value than its default, and what shows the difference."""

    key: str
    value: Any
    path: str
    seen: Callable[[Response], Any]
    by_default: Any
    changed: Any
    headers: Headers = ()


def content_type(response: Response) -> str | None:
    return response.content_type


SETTINGS = [
    Setting("ERROR_PAGE", "oops.html", "/web/nope", heading, "404 Not Found", "Oops"),
    Setting("ERROR_PAGE", "no-such-page.html", "/web/nope", heading, "404 Not Found", "Page not found"),
    Setting(
        "ERROR_DEFAULT_MSG", "Sorry", "/api/broken", lambda got: got.json["detail"], "Unhandled Exception", "Sorry"
    ),
    Setting("ERROR_XHR_ENABLED", False, "/web/nope", content_type, PROBLEM, PAGE, XHR),
    Setting("ERROR_FORCE_CONTENT_TYPE", False, "/api/nope", content_type, PROBLEM, "application/json"),
    Setting("ERROR_FORCE_CONTENT_TYPE", False, "/api/nope", content_type, PROBLEM_XML, "application/xml", WANTS_XML),
    Setting("ERROR_CONTENT_TYPES", ("xml",), "/api/nope", content_type, PROBLEM, "application/json"),
    Setting("ERROR_CONTENT_TYPES", ["json"], "/api/nope", content_type, PROBLEM_XML, "application/xml", WANTS_XML),
    Setting("ERROR_CONTENT_TYPES", (), "/web/nope", content_type, PROBLEM, "application/json", XHR),
    Setting("ERROR_DISPATCHER", "default", "/api/nope", content_type, PROBLEM, PAGE),
    Setting("ERROR_DISPATCHER", DefaultDispatcher, "/api/nope", content_type, PROBLEM, PAGE),
    Setting("ERROR_HANDLER", "api", "/nope", content_type, PAGE, PROBLEM),
    Setting("ERROR_HANDLER", "web", "/nope", heading, "Page not found", "404 Not Found"),
    Setting(
        "ERROR_TYPE_URI",
        "https://example.com/{slug}#{status}",
        "/api/nope",
        lambda got: got.json["type"],
        "about:blank",
        "https://example.com/not-found#404",
    ),
    Setting(
        "ERROR_CSP_ENABLED",
        False,
        "/nope",
        lambda got: got.header("Content-Security-Policy") is not None,
        True,
        False,
    ),
]
EVERY_SETTING = pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: f"{setting.key}={setting.value!r}")


def configured(place: str, setting: Setting | None) -> Build:
    """Build an app with an API and a site; the setting is made in one of the places where it can be."""
    values = {} if setting is None else {setting.key: setting.value}

    def options(here: str) -> dict[str, Any]:
        return values if place == here else {}

    def build(world: World) -> None:
        world.app.config.update(options("config before init_app"))
        world.errors = world.adapter.ErrorHandler(**options("ErrorHandler"))
        world.errors.init_app(world.app, **options("init_app"))
        world.app.config.update(options("config after init_app"))
        world.app.add_url_rule("/", "index", view_func=lambda: "cheese")
        api = world.Blueprint("api", __name__, url_prefix="/api")
        web = world.Blueprint("web", __name__, url_prefix="/web")
        route(api, "/broken", jam)
        world.errors.api_register(api)
        world.errors.web_register(web)
        world.app.register_blueprint(api)
        world.app.register_blueprint(web)

    return build


def test_init_app_fills_the_configuration_with_the_defaults(world: World) -> None:
    assert world.errors is not None

    assert {key: value for key, value in world.app.config.items() if key.startswith("ERROR_")} == {
        "ERROR_PAGE": "error.html",
        "ERROR_DEFAULT_MSG": "Unhandled Exception",
        "ERROR_XHR_ENABLED": True,
        "ERROR_FORCE_CONTENT_TYPE": True,
        "ERROR_CONTENT_TYPES": ("json", "xml"),
        "ERROR_DISPATCHER": "auto",
        "ERROR_HANDLER": None,
        "ERROR_TYPE_URI": None,
        "ERROR_CSP_ENABLED": True,
        "ERROR_DEBUG_DOCUMENT": False,
        "ERROR_VALIDATION": True,
    }


@EVERY_SETTING
def test_what_a_configuration_key_does_by_default(ask: Ask, setting: Setting) -> None:
    response = ask(configured("nowhere", None), setting.path, headers=setting.headers, app_options=TEMPLATES)

    assert setting.seen(response) == setting.by_default


@EVERY_SETTING
@pytest.mark.parametrize(
    "place", ["config before init_app", "ErrorHandler", "init_app", "config after init_app"], ids=lambda place: place
)
def test_a_configuration_key_can_be_changed_wherever_it_is_set(ask: Ask, place: str, setting: Setting) -> None:
    response = ask(configured(place, setting), setting.path, headers=setting.headers, app_options=TEMPLATES)

    assert setting.seen(response) == setting.changed


@EVERY_SETTING
def test_a_configuration_key_can_be_changed_between_two_answers(setting: Setting) -> None:
    twins = Twins.built(configured("nowhere", None), app_options=TEMPLATES)
    default = {world.name: world.app.config.get(setting.key) for world in twins.worlds}
    before = setting.seen(twins.ask(setting.path, headers=setting.headers))

    for world in twins.worlds:
        world.app.config[setting.key] = setting.value
    after = setting.seen(twins.ask(setting.path, headers=setting.headers))
    for world in twins.worlds:
        world.app.config[setting.key] = default[world.name]
    again = setting.seen(twins.ask(setting.path, headers=setting.headers))

    assert (before, after, again) == (setting.by_default, setting.changed, setting.by_default)


def test_an_option_of_init_app_beats_one_of_the_error_handler_and_that_beats_the_configuration() -> None:
    def messages(*, handler: dict[str, Any], app: dict[str, Any]) -> str:
        def build(world: World) -> None:
            world.app.config["ERROR_DEFAULT_MSG"] = "configuration"
            world.errors = world.adapter.ErrorHandler(handler="api", **handler)
            world.errors.init_app(world.app, **app)
            route(world.app, "/broken", jam)

        return str(Twins.built(build).ask("/broken").json["detail"])

    assert messages(handler={}, app={}) == "configuration"
    assert messages(handler={"ERROR_DEFAULT_MSG": "handler"}, app={}) == "handler"
    assert messages(handler={"ERROR_DEFAULT_MSG": "handler"}, app={"ERROR_DEFAULT_MSG": "app"}) == "app"


@pytest.mark.parametrize("given_to", ["ErrorHandler", "init_app"])
@pytest.mark.parametrize(("handler", "expected"), [("api", PROBLEM), ("web", "Oops"), ("default", "Page not found")])
def test_handler_sets_the_style_of_the_app_instead_of_error_handler(
    ask: Ask, given_to: str, handler: str, expected: str
) -> None:
    def build(world: World) -> None:
        options = {"handler": handler, "ERROR_HANDLER": "api" if handler != "api" else "web"}
        world.app.add_url_rule("/", "index", view_func=lambda: "cheese")
        world.errors = world.adapter.ErrorHandler(**options if given_to == "ErrorHandler" else {})
        world.errors.init_app(world.app, **options if given_to == "init_app" else {})

    response = ask(build, "/nope", app_options=TEMPLATES, config={"ERROR_PAGE": "oops.html"})

    assert (response.content_type if handler == "api" else heading(response)) == expected


@pytest.mark.parametrize(("verb", "expected"), [("api_register", PROBLEM), ("default_register", PAGE)])
@pytest.mark.parametrize("option", ["handler", "ERROR_HANDLER"])
def test_a_style_registered_for_the_app_beats_the_options(ask: Ask, option: str, verb: str, expected: str) -> None:
    def build(world: World) -> None:
        getattr(world.errors, verb)(world.app)

    other = "default" if verb == "api_register" else "api"
    assert ask(build, "/nope", options={option: other}).content_type == expected


WRONG_VALUES = [
    ("ERROR_PAGE", 404, "ERROR_PAGE is a non-empty string such as 'error.html', not 404"),
    ("ERROR_PAGE", ["error.html"], "ERROR_PAGE is a non-empty string such as 'error.html'"),
    ("ERROR_PAGE", "", "ERROR_PAGE is a non-empty string such as 'error.html', not ''"),
    ("ERROR_PAGE", None, "ERROR_PAGE is a non-empty string such as 'error.html', not None"),
    ("ERROR_DEFAULT_MSG", None, "ERROR_DEFAULT_MSG is a non-empty string such as 'Unhandled Exception', not None"),
    ("ERROR_XHR_ENABLED", "false", "ERROR_XHR_ENABLED is True or False, not 'false'"),
    ("ERROR_XHR_ENABLED", None, "ERROR_XHR_ENABLED is True or False, not None"),
    ("ERROR_FORCE_CONTENT_TYPE", "yes", "ERROR_FORCE_CONTENT_TYPE is True or False, not 'yes'"),
    ("ERROR_CONTENT_TYPES", "json", "ERROR_CONTENT_TYPES lists 'json', 'xml', both or none, not 'json'"),
    ("ERROR_CONTENT_TYPES", ("json", "html"), "ERROR_CONTENT_TYPES lists 'json', 'xml', both or none"),
    ("ERROR_CONTENT_TYPES", None, "ERROR_CONTENT_TYPES lists 'json', 'xml', both or none, not None"),
    ("ERROR_DISPATCHER", "prefix", "ERROR_DISPATCHER is one of 'default', 'urlprefix', 'subdomain', 'auto' or a sub"),
    ("ERROR_DISPATCHER", dict, "ERROR_DISPATCHER is one of .* or a subclass of ErrorDispatcher, not <class 'dict'>"),
    ("ERROR_DISPATCHER", None, "ERROR_DISPATCHER is one of .* or a subclass of ErrorDispatcher, not None"),
    ("ERROR_HANDLER", "html", "ERROR_HANDLER is one of 'api', 'web', 'default' or None, not 'html'"),
    ("ERROR_HANDLER", ["api"], "ERROR_HANDLER is one of 'api', 'web', 'default' or None"),
    ("ERROR_TYPE_URI", 7, "ERROR_TYPE_URI is a string such as 'https://example.com/problems/{slug}' or None, not 7"),
]


@pytest.mark.parametrize(("key", "value", "message"), WRONG_VALUES)
@pytest.mark.parametrize("place", ["config", "ErrorHandler", "init_app"])
def test_a_wrong_value_is_refused_at_set_up_with_what_would_be_right(
    world: World, place: str, key: str, value: Any, message: str
) -> None:
    given = {key: value}
    if place == "config":
        world.app.config.update(given)

    with pytest.raises(SetupError, match=message):
        world.adapter.ErrorHandler(**given if place == "ErrorHandler" else {}).init_app(
            world.app, **given if place == "init_app" else {}
        )


@pytest.mark.parametrize(("key", "value", "message"), WRONG_VALUES)
def test_a_value_that_becomes_wrong_later_is_logged_and_not_followed(
    caplog: pytest.LogCaptureFixture, key: str, value: Any, message: str
) -> None:
    twins = Twins.built(configured("nowhere", None), app_options=TEMPLATES)
    for world in twins.worlds:
        world.app.config[key] = value

    with caplog.at_level(logging.ERROR, "errbridge"):
        page = twins.ask("/web/nope")
        document = twins.ask("/api/nope")

    assert (heading(page), document.content_type) == ("404 Not Found", PROBLEM)
    complaints = [record.exc_info[1] for record in caplog.records if record.name == "errbridge" and record.exc_info]
    assert [type(complaint) for complaint in complaints] == [SetupError, SetupError]
    assert all(re.search(message, str(complaint)) for complaint in complaints)


# Dispatchers


def owned(world: World) -> None:
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


def registered(world: World, dispatcher: Any) -> None:
    world.errors.dispatcher_register(world.app, dispatcher)


@pytest.mark.parametrize(
    "use", [given_to_the_error_handler, given_to_init_app, configured_as_error_dispatcher, registered]
)
@pytest.mark.parametrize(("names", "expected"), DISPATCHED.items(), ids=lambda value: value[0])
def test_a_dispatcher_is_chosen_by_name_or_by_class(
    use: Callable[[World, Any], None], names: tuple[str, type[ErrorDispatcher]], expected: tuple[str, ...]
) -> None:
    for dispatcher in names:

        def build(world: World, dispatcher: Any = dispatcher) -> None:
            use(world, dispatcher)
            owned(world)

        assert owners_found(Twins.built(build, config={"SERVER_NAME": "example.com"})) == expected


@pytest.mark.parametrize(
    ("dispatcher", "expected"), [("default", "app"), ("urlprefix", "plain"), ("subdomain", "plain"), ("auto", "plain")]
)
def test_a_wrong_method_belongs_to_the_blueprint_of_the_route_unless_nothing_is_dispatched(
    ask: Ask, dispatcher: str, expected: str
) -> None:
    def build(world: World) -> None:
        plain = world.Blueprint("plain", __name__)
        route(plain, "/page", lambda: "page")
        world.app.register_blueprint(plain)
        world.errors.register(plain)(says("plain"))
        world.errors.register(world.app)(says("app"))

    response = ask(build, "/page", "POST", options={"dispatcher": dispatcher})

    assert (response.status, response.text, response.header("Allow")) == (405, expected, "GET, HEAD, OPTIONS")


def test_without_a_dispatcher_host_and_prefix_both_count() -> None:
    twins = Twins.built(owned, config={"SERVER_NAME": "example.com"})

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

    def build(world: World) -> None:
        register(world, recorder("first", calls, "/first"), recorder("last", calls, "/last"))
        for prefix in ("/first", "/last"):
            world.errors.register(prefix)(says(prefix))

    assert ask(build, "/nope").text == "/last"
    assert calls == ["last", "last"]  # once for each framework


def test_a_dispatcher_registered_after_an_answer_is_executed_from_then_on() -> None:
    def build(world: World) -> None:
        world.errors.register("/api")(says("api"))
        world.errors.register(world.app)(says("app"))

    twins = Twins.built(build)
    before = twins.ask("/api/nope").text
    for world in twins.worlds:
        world.errors.dispatcher_register(world.app, "default")

    assert (before, twins.ask("/api/nope").text) == ("api", "app")


# The limits that the seed states, and that are gone


@pytest.mark.parametrize("dispatcher", ["urlprefix", "auto"])
def test_a_prefix_may_be_given_at_registration_instead_of_to_the_blueprint(dispatcher: str) -> None:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__)
        world.errors.api_register(api)
        world.app.register_blueprint(api, url_prefix="/api")

    twins = Twins.built(build, options={"dispatcher": dispatcher})

    assert twins.ask("/api/nope").content_type == PROBLEM
    assert twins.ask("/nope").content_type == PAGE


@pytest.mark.parametrize("dispatcher", ["subdomain", "auto"])
def test_a_subdomain_may_be_given_at_registration_instead_of_to_the_blueprint(dispatcher: str) -> None:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__)
        world.errors.api_register(api)
        world.app.register_blueprint(api, subdomain="api")

    twins = Twins.built(build, options={"dispatcher": dispatcher}, config={"SERVER_NAME": "example.com"})

    assert twins.ask("/nope", host="api.example.com").content_type == PROBLEM
    assert twins.ask("/nope", host="example.com").content_type == PAGE


NESTED = {"whole": "/prefix", "part": "/prefix/blueprint", "deep": "/prefix/blueprint/deep"}


@pytest.mark.parametrize("order", list(permutations(NESTED)), ids="-".join)
@pytest.mark.parametrize("dispatcher", ["urlprefix", "auto"])
def test_blueprints_at_nested_prefixes_answer_for_their_own_in_either_order(
    order: tuple[str, ...], dispatcher: str
) -> None:
    def build(world: World) -> None:
        for name in order:
            blueprint = world.Blueprint(name, __name__, url_prefix=NESTED[name])
            world.errors.register(blueprint)(says(name))
            world.app.register_blueprint(blueprint)

    twins = Twins.built(build, options={"dispatcher": dispatcher})

    assert {name: twins.ask(f"{prefix}/nope").text for name, prefix in NESTED.items()} == {
        "whole": "whole",
        "part": "part",
        "deep": "deep",
    }


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")], ids="-".join)
def test_two_blueprints_of_one_subdomain_are_told_apart_by_their_prefix_in_either_order(order: tuple[str, str]) -> None:
    def build(world: World) -> None:
        for name in order:
            blueprint = world.Blueprint(name, __name__, subdomain="shop", url_prefix=f"/{name}")
            world.errors.register(blueprint)(says(name))
            world.app.register_blueprint(blueprint)

    twins = Twins.built(build, options={"dispatcher": "subdomain"}, config={"SERVER_NAME": "example.com"})

    assert [twins.ask(f"/{name}/nope", host="shop.example.com").text for name in ("a", "b")] == ["a", "b"]


@BOTH_WAYS
@pytest.mark.parametrize("key", [404, NotFound, HTTPException, Exception])
@pytest.mark.parametrize("dispatcher", ["urlprefix", "auto"])
def test_a_handler_on_the_app_does_not_overwrite_the_dispatcher(register: Register, key: Any, dispatcher: str) -> None:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        custom = world.Blueprint("custom", __name__, url_prefix="/custom")
        world.errors.api_register(api)
        world.errors.register(custom)(says("custom"))
        world.app.register_blueprint(api)
        world.app.register_blueprint(custom)
        register(world, key, lambda exc: ("app", 404))

    twins = Twins.built(build, options={"dispatcher": dispatcher})

    assert twins.ask("/api/nope").content_type == PROBLEM
    assert twins.ask("/custom/nope").text == "custom"
    assert twins.ask("/nope").text == "app"


def test_a_native_handler_for_just_anything_on_the_app_leaves_a_blueprint_its_uncaught_exceptions() -> None:
    def build(world: World) -> None:
        part = fragile(world)
        world.errors.api_register(part)
        world.app.register_error_handler(Exception, lambda exc: (f"app, given {type(exc).__name__}", 500))

    twins = Twins.built(build, options={"dispatcher": "urlprefix"})

    assert answered(twins, "/part/broken", "/part/error", "/part/nope") == [
        (500, PROBLEM),
        (500, PROBLEM),
        (404, PROBLEM),
    ]
    assert twins.ask("/broken").text == "app, given JammedTillError"


def test_an_app_needs_no_failure_handler_beside_a_dispatcher(ask: Ask) -> None:
    def build(world: World) -> None:
        route(world.app, "/broken", jam)

    response = ask(build, "/broken", options={"dispatcher": "urlprefix"})

    assert (response.status, response.content_type) == (500, PAGE)
    assert '<p class="detail" dir="auto">Unhandled Exception</p>' in response.text


# failure_register and default_register


def fragile(world: World) -> Any:
    """Give a blueprint that fails in each way, as its app does; styles are for the test to register."""
    part = world.Blueprint("part", __name__, url_prefix="/part")
    for target in (part, world.app):
        route(target, "/broken", jam)
        route(target, "/error", lambda: world.abort(500, "On purpose"))
    world.app.register_blueprint(part)
    return part


def answered(twins: Twins, *paths: str) -> list[tuple[int, str | None]]:
    return [(response.status, response.content_type) for response in map(twins.ask, paths)]


def test_failure_register_answers_uncaught_exceptions_with_the_built_in_page_and_nothing_else() -> None:
    def build(world: World) -> None:
        fragile(world)
        world.errors.api_register(world.app)
        world.errors.failure_register(world.app)

    twins = Twins.built(build, app_options=TEMPLATES)

    assert answered(twins, "/broken", "/error", "/nope") == [(500, PAGE), (500, PROBLEM), (404, PROBLEM)]
    page = twins.ask("/broken")
    assert heading(page) == "Something went wrong on our side"
    assert '<p class="detail" dir="auto">Unhandled Exception</p>' in page.text
    assert "till" not in page.text.lower()


def test_failure_register_is_for_the_uncaught_exceptions_of_its_target_only() -> None:
    def build(world: World) -> None:
        part = fragile(world)
        world.errors.api_register(world.app)
        world.errors.failure_register(part)

    twins = Twins.built(build)

    assert answered(twins, "/part/broken", "/part/error", "/broken") == [(500, PAGE), (500, PROBLEM), (500, PROBLEM)]


def test_the_style_of_a_blueprint_is_nearer_than_the_failure_page_of_the_app() -> None:
    def build(world: World) -> None:
        part = fragile(world)
        world.errors.failure_register(world.app)
        world.errors.api_register(part)

    twins = Twins.built(build)

    assert answered(twins, "/part/broken", "/broken") == [(500, PROBLEM), (500, PAGE)]
    assert twins.ask("/part/broken").json["detail"] == "Unhandled Exception"


def test_a_500_handler_comes_before_the_failure_page_of_its_scope(ask: Ask) -> None:
    def build(world: World) -> None:
        fragile(world)
        world.errors.failure_register(world.app)
        world.errors.register(world.app, code=500)(says("handler"))

    assert ask(build, "/broken").text == "handler"


def test_the_failure_page_shows_the_default_message(ask: Ask) -> None:
    def build(world: World) -> None:
        fragile(world)
        world.errors.failure_register(world.app)

    response = ask(build, "/broken", config={"ERROR_DEFAULT_MSG": "The mouse <did> it"})

    assert '<p class="detail" dir="auto">The mouse &lt;did&gt; it</p>' in response.text


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", PAGE), ("text/html", PAGE), ("application/json", PROBLEM), ("text/plain", TEXT), ("text/xml", PROBLEM_XML)],
)
@pytest.mark.parametrize(
    ("path", "status", "detail"), [("/broken", 500, "Unhandled Exception"), ("/error", 500, "On purpose")]
)
def test_default_register_answers_everything_plainly_whatever_templates_there_are(
    ask: Ask, accept: str, content_type: str, path: str, status: int, detail: str
) -> None:
    def build(world: World) -> None:
        fragile(world)
        world.errors.default_register(world.app)

    response = ask(build, path, app_options=TEMPLATES, headers=[("Accept", accept)] if accept else [])

    assert (response.status, response.content_type) == (status, content_type)
    assert detail in response.text
    assert "Cheese shop" not in response.text
    if content_type == PAGE:
        assert heading(response) == "Something went wrong on our side"


def test_default_register_sets_a_blueprint_apart_from_the_app_and_the_last_style_counts() -> None:
    def build(world: World) -> None:
        part = fragile(world)
        world.errors.api_register(world.app)
        world.errors.api_register(part)
        world.errors.default_register(part)

    twins = Twins.built(build)

    assert answered(twins, "/part/broken", "/part/nope", "/nope") == [(500, PAGE), (404, PAGE), (404, PROBLEM)]


# Set-up errors


def no_argument() -> str:
    return "never"


def three_arguments(exc: BaseException, incident: Incident, more: object) -> str:
    return "never"


def a_keyword(exc: BaseException, *, more: object) -> str:
    return "never"


def initialised_twice(world: World) -> None:
    world.errors.init_app(world.app)


def initialised_by_two(world: World) -> None:
    assert world.errors is not None
    world.adapter.ErrorHandler(world.app)


def register_for(code: Any) -> Callable[[World], None]:
    return lambda world: world.errors.register(world.app, code=code)


def on(target: Any) -> Callable[[World], None]:
    return lambda world: world.errors.api_register(target)


def option(**options: Any) -> Callable[[World], None]:
    return lambda world: world.adapter.ErrorHandler(**options)


SETUP_ERRORS: Mapping[str, tuple[Callable[[World], Any], str]] = {
    "unknown dispatcher": (
        option(dispatcher="prefix"),
        r"dispatcher= is one of 'default', 'urlprefix', 'subdomain', 'auto' or a subclass of ErrorDispatcher, not 'pre",
    ),
    "dispatcher that is an object": (option(dispatcher=object()), r"dispatcher= .* subclass of ErrorDispatcher"),
    "dispatcher that is abstract": (option(dispatcher=ErrorDispatcher), r"dispatcher= .* subclass of ErrorDispatcher"),
    "unknown dispatcher, given to init_app": (
        lambda world: world.adapter.ErrorHandler().init_app(world.app, dispatcher="prefix"),
        r"dispatcher= is one of 'default'",
    ),
    "unknown dispatcher, registered": (
        lambda world: world.errors.dispatcher_register(world.app, "prefix"),
        r"dispatcher is one of 'default', 'urlprefix', 'subdomain', 'auto'",
    ),
    "dispatcher for no app": (
        lambda world: world.errors.dispatcher_register("/api", "auto"),
        r"application of (Flask|Quart), not '/api'",
    ),
    "unknown handler=": (option(handler="html"), r"handler= is one of 'api', 'web', 'default', not 'html'"),
    "handler= that is a function": (option(handler=no_argument), r"handler= is one of 'api', 'web', 'default'"),
    "unknown option": (option(ERROR_PAGES="x"), r"there is no option 'ERROR_PAGES'; there are .*ERROR_PAGE,"),
    "option in small letters": (option(error_page="x"), r"there is no option 'error_page'; there are .*ERROR_PAGE,"),
    "unknown option, given to init_app": (
        lambda world: world.adapter.ErrorHandler().init_app(world.app, respones=None),
        r"there is no option 'respones'; there are response, dispatcher, handler",
    ),
    "response= that is no decorator": (option(response={"a": 1}), r"response= is a decorator, not \{'a': 1\}"),
    "template path of the wrong type": (
        lambda world: world.adapter.ErrorHandler(world.app, ERROR_PAGE=("errors", "404.html")),
        r"ERROR_PAGE is a non-empty string such as 'error.html'",
    ),
    "handler without an argument": (
        lambda world: world.errors.register(world.app)(no_argument),
        r"handler \S*no_argument takes no argument: .*\(exc\) or \(exc, incident\)",
    ),
    "handler with three arguments": (
        lambda world: world.errors.register(world.app)(three_arguments),
        r"handler \S*three_arguments takes more than \(exc, incident\): give the other parameters defaults",
    ),
    "handler that needs a keyword": (
        lambda world: world.errors.register(world.app)(a_keyword),
        r"handler \S*a_keyword takes more than \(exc, incident\)",
    ),
    "handler that is none": (
        lambda world: world.errors.register(world.app)("error.html"),
        r"a handler is a function of \(exc\) or \(exc, incident\), not 'error.html'",
    ),
    "handler of a module without an argument": (
        lambda world: Handlers().register(404)(no_argument),
        r"handler \S*no_argument takes no argument",
    ),
    "include of something else": (
        lambda world: world.errors.include(no_argument, world.app),
        r"include\(\) takes a Handlers object and its targets",
    ),
    "target that is none": (
        on(42),
        r"api_register\(\) takes a blueprint or application of .*, a prefix such as '/api', or a Scope, not 42",
    ),
    "register without parentheses": (
        lambda world: world.errors.register(says("never")),
        r"register\(\) takes a blueprint or application of .*, a prefix such as '/api', or a Scope, not <function",
    ),
    "register without parentheses in a module": (
        lambda world: Handlers().register(says("never")),  # type: ignore[arg-type]
        r"write register\(\) with parentheses",
    ),
    "key in the place of a target": (
        lambda world: world.errors.register(world.app, 404),
        r"register\(\) takes a blueprint or application of .*, not 404",
    ),
    "prefix without a slash": (on("api"), r"the prefix 'api' does not start with a slash; write '/api'"),
    "prefix with a broken variable": (on("/<int:uid"), r"'/<int:uid' cannot be read from '<int:uid' on"),
    "scope of a blueprint's name": (on(Scope(blueprint="api")), r"pass the blueprint itself, not a Scope"),
    "blueprint of the other framework": (
        lambda world: world.errors.api_register(other_framework(world).Blueprint("api", __name__)),
        r"api_register\(\) takes a blueprint or application of (Flask|Quart), .* not .*Blueprint",
    ),
    "app of the other framework": (
        lambda world: world.adapter.ErrorHandler(other_framework(world).app),
        r"takes an application of (Flask|Quart), not <(Flask|Quart) 'tests.twins'>",
    ),
    "app of the other framework as a target": (
        lambda world: world.errors.web_register(other_framework(world).app),
        r"web_register\(\) takes a blueprint or application of (Flask|Quart), .*not <(Flask|Quart) 'tests.twins'>",
    ),
    "no app at all": (
        lambda world: world.adapter.ErrorHandler().init_app("tests.twins"),
        r"init_app\(\) takes an application of (Flask|Quart), not 'tests.twins'",
    ),
    "app not initialised": (
        lambda world: world.adapter.ErrorHandler().api_register(world.app),
        r"the application does not know this ErrorHandler; call init_app\(app\) first",
    ),
    "app initialised by another": (
        lambda world: (world.errors, world.adapter.ErrorHandler().failure_register(world.app)),
        r"the application does not know this ErrorHandler; call init_app\(app\) first",
    ),
    "dispatcher for an app not initialised": (
        lambda world: world.adapter.ErrorHandler().dispatcher_register(world.app, "auto"),
        r"call init_app\(app\) first",
    ),
    "initialised twice": (initialised_twice, r"has an ErrorHandler already; .* call init_app only once"),
    "initialised by two": (initialised_by_two, r"has an ErrorHandler already; register on that one"),
    "no target, register": (lambda world: world.errors.register(code=404), r"register\(\) needs to know where: pass a"),
    "no target, api_register": (lambda world: world.errors.api_register(), r"api_register\(\) needs to know where"),
    "no target, web_register": (lambda world: world.errors.web_register(), r"web_register\(\) needs to know where"),
    "no target, failure_register": (lambda world: world.errors.failure_register(), r"failure_register\(\) needs to kn"),
    "no target, default_register": (lambda world: world.errors.default_register(), r"default_register\(\) needs to kn"),
    "no target, include": (lambda world: world.errors.include(Handlers()), r"include\(\) needs to know where: pass a"),
    "key that is no error": (register_for(200), r"an integer from 400 to 599, not 200; there is no error to handle"),
    "key beyond the errors": (register_for(600), r"an integer from 400 to 599, not 600"),
    "key in quotes": (register_for("404"), r"'404'"),
    "key for a class of codes that are no errors": (register_for("3xx"), r"'3xx'"),
    "key that is a class but no exception": (register_for(dict), r"<class 'dict'>"),
    "key that is an exception object": (register_for(KeyError("x")), r"KeyError\('x'\)"),
    "key that ends the process": (register_for(KeyboardInterrupt), r"KeyboardInterrupt .*passes through"),
    "one bad key among good ones": (register_for([404, 302]), r"an integer from 400 to 599, not 302"),
}


@pytest.mark.parametrize(("mistake", "message"), SETUP_ERRORS.values(), ids=SETUP_ERRORS)
def test_a_mistake_at_set_up_is_named_with_what_to_do(
    world: World, mistake: Callable[[World], Any], message: str
) -> None:
    with pytest.raises(SetupError, match=message):
        mistake(world)


def test_the_names_of_the_frameworks_in_a_message_are_the_right_way_round(world: World) -> None:
    own, foreign = ("Quart", "Flask") if world.is_async else ("Flask", "Quart")
    named = rf"<{foreign} 'tests.twins'> of {foreign.lower()}"

    with pytest.raises(SetupError, match=rf"^init_app\(\) takes an application of {own}, not {named}$"):
        world.errors.init_app(other_framework(world).app)


@pytest.mark.parametrize("host", ["shop.example.com:8080", "shop.*.com", "example.com/api", ""])
def test_a_scope_with_an_impossible_host_is_refused(host: str) -> None:
    messages = {
        "shop.example.com:8080": "has a port; hosts are compared without it, so leave it out",
        "shop.*.com": r"a star that is not its first label; write '\*\.example\.com'",
        "example.com/api": "contains a slash; give the path as prefix=",
        "": r"a host is a string such as 'api\.example\.com' or '\*\.example\.com', not ''",
    }

    with pytest.raises(SetupError, match=messages[host]):
        Scope(host=host)


def test_a_set_up_error_is_a_value_error() -> None:
    assert issubclass(SetupError, ValueError)


def test_an_app_that_could_not_be_initialised_can_be_initialised_rightly(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors = world.adapter.ErrorHandler()
        with pytest.raises(SetupError):
            world.errors.init_app(world.app, dispatcher="prefix", handler="api")
        world.errors.init_app(world.app, dispatcher="urlprefix", handler="api")

    assert ask(build, "/nope").content_type == PROBLEM
