"""The application factory, and mistakes at set-up."""

from __future__ import annotations

import gc
import re
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from errbridge import (
    ErrorDispatcher,
    Handlers,
    Incident,
    Problem,
    Scope,
    SetupError,
)
from tests.applications import JSON, Application, Ask, failing, says
from tests.clients import Request
from tests.seed.shop import JammedTillError
from tests.twins import WORLDS, Twins, World


def other_framework(world: World) -> World:
    """Return the world that the objects at hand do not belong to."""
    return WORLDS["flask" if world.is_async else "quart"]()


# "When using the application factory pattern"


def one_of_two_apps(which: int) -> Application:
    """Set up two applications with one `ErrorHandler`, one blueprint and one handler function, and ask one of them."""

    def two_apps(world: World) -> None:
        errors = world.adapter.ErrorHandler(ERROR_DEFAULT_MSG="given to all")
        api = world.Blueprint("api", __name__, url_prefix="/api")
        with world.inside(api):
            failing("/broken", JammedTillError)(world)
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
            app.add_url_rule("/page", "page", view_func=lambda: "page")
            return app

        apps = [create_app("first"), create_app("second", ERROR_DEFAULT_MSG="given to the second")]
        errors.register(apps[0], code=404)(says("the native handler comes first"))
        world.app, world.errors = apps[which], errors

    return two_apps


@pytest.mark.parametrize(
    ("which", "name", "message"), [(0, "first", "given to all"), (1, "second", "given to the second")]
)
def test_one_error_handler_serves_the_apps_of_a_factory_and_mixes_nothing_up(
    which: int, name: str, message: str
) -> None:
    twins = Twins.built(one_of_two_apps(which))

    missing = twins.ask("/nope")
    assert (missing.status, missing.text) == (404, "page_not_found")
    assert twins.ask("/shared/nope").text == "shared"
    assert twins.ask("/page", "POST").text == f"405 of the {name} app"
    broken = twins.ask("/api/broken")
    assert (broken.status, broken.content_type, broken.json["detail"]) == (500, JSON, message)
    assert twins.ask("/api/nope").content_type == JSON


def test_a_handler_of_one_app_does_not_answer_for_another_app_of_the_same_error_handler(ask: Ask) -> None:
    def two_apps(world: World) -> None:
        errors = world.adapter.ErrorHandler()
        first, second = (errors.init_app(world.App("tests.twins")) for _ in range(2))
        errors.register(first, code=404)(says("first"))
        errors.api_register(second)
        world.app, world.errors = second, errors

    response = ask(two_apps, "/nope")

    assert (response.content_type, response.json["title"]) == (JSON, "Not Found")


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


# Set-up errors


NO_MEANING: Any = "x"


class Priced(Problem, status=402):
    price: int


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


def option(**options: Any) -> Callable[[World], None]:
    return lambda world: world.adapter.ErrorHandler(**options)


def on(target: Any) -> Callable[[World], None]:
    return lambda world: world.errors.api_register(target)


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
    "unknown handler=": (option(handler="html"), r"handler= is one of 'api', 'web', 'default' or None, not 'html'"),
    "handler= that is a function": (option(handler=no_argument), r"handler= is one of 'api', 'web', 'default'"),
    "unknown option": (option(ERROR_PAGES="x"), r"there is no option 'ERROR_PAGES'; did you mean 'ERROR_PAGE'\?"),
    "option in small letters": (
        option(error_page="x"),
        r"no option 'error_page'; did you mean 'ERROR_PAGE'\?",
    ),
    "unknown option, given to init_app": (
        lambda world: world.adapter.ErrorHandler().init_app(world.app, respones=None),
        r"there is no option 'respones'; did you mean 'response'\?",
    ),
    "option that is like no other": (
        option(colour="red"),
        r"there is no option 'colour'; there are resp.*ERROR_",
    ),
    "misspelt handler=": (option(handler="apy"), r"handler= is one of .*, not 'apy'; did you mean 'api'\?"),
    "misspelt dispatcher=": (option(dispatcher="urlprefx"), r"not 'urlprefx'; did you mean 'urlprefix'\?"),
    "misspelt ERROR_HANDLER": (
        lambda world: world.adapter.ErrorHandler(world.app, ERROR_HANDLER="wbe"),
        r"ERROR_HANDLER is one of .*, not 'wbe'; did you mean 'web'\?",
    ),
    "response= that is no decorator": (option(response={"a": 1}), r"response= is a decorator, not \{'a': 1\}"),
    "template path of the wrong type": (
        lambda world: world.adapter.ErrorHandler(world.app, ERROR_PAGE=("errors", "404.html")),
        r"ERROR_PAGE is the name of a template such as 'error.html'",
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
        lambda world: Handlers().register(404)(no_argument),  # type: ignore[arg-type]
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
        lambda world: Handlers().register(says("never")),  # type: ignore[call-overload]
        r"write register\(\) with parentheses",
    ),
    "key in the place of a target": (on(404), r"api_register\(\) takes .*, not 404; .* write register\(\)$"),
    "target in the place of a key": (
        lambda world: Handlers().register(world.app),
        r"a target is for the register\(\) and include\(\) of an ErrorHandler$",
    ),
    "table that is none": (lambda world: world.errors.map([404]), r"map\(\) takes a table .*, not \[404\]"),
    "meaning that is none": (
        lambda world: Handlers().map({404: NO_MEANING}),
        r"a status, a Problem or a handler, not 'x'",
    ),
    "meaning that is no error": (lambda world: Handlers().map({404: 200}), r"from 400 to 599, not 200"),
    "meaning that is another class": (lambda world: Handlers().map({404: KeyError}), r"not <class 'KeyError'>"),
    "problem with fields in a table": (
        lambda world: Handlers().map({JammedTillError: Priced}),  # type: ignore[dict-item]
        r"Priced has the fields price; price is missing; write a handler, which makes a Priced of the exception$",
    ),
    "problem without a status in a table": (
        lambda world: Handlers().map({JammedTillError: Problem}),
        r"Problem needs a status",
    ),
    "prefix without a slash": (on("api"), r"'api' does not start with a slash; write '/api'"),
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
    package = foreign.lower()
    named = rf"<{foreign} 'tests.twins'> of {package}; for that, write 'from errbridge_{package} import ErrorHandler'"

    with pytest.raises(SetupError, match=rf"^init_app\(\) takes an application of {own}, not {named}$"):
        world.errors.init_app(other_framework(world).app)


@pytest.mark.parametrize("host", ["shop.example.com:8080", "shop.*.com", "example.com/api", ""])
def test_a_scope_with_an_impossible_host_is_refused(host: str) -> None:
    message = r"a host is a string such as 'api\.example\.com' or '\*\.example\.com', not ''"
    if host:
        message = rf"^no request has the host {re.escape(repr(host))}; write it without scheme, port and path, as 'api"

    with pytest.raises(SetupError, match=message):
        Scope(host=host)


def test_a_set_up_error_is_a_value_error() -> None:
    assert issubclass(SetupError, ValueError)


def test_an_app_that_could_not_be_initialised_can_be_initialised_rightly(ask: Ask) -> None:
    def an_app_initialised_at_the_second_attempt(world: World) -> None:
        world.errors = world.adapter.ErrorHandler()
        with pytest.raises(SetupError):
            world.errors.init_app(world.app, dispatcher="prefix", handler="api")
        world.errors.init_app(world.app, dispatcher="urlprefix", handler="api")

    assert ask(an_app_initialised_at_the_second_attempt, "/nope").content_type == JSON
