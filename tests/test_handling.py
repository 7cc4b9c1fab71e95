"""Which handler answers an error, on Flask and Quart at once."""

from __future__ import annotations

import asyncio
import functools
import re
import threading
from collections.abc import Awaitable, Callable, Generator, Sequence
from http import HTTPStatus
from typing import Any

import asgiref.sync
import pytest
import quart
from jinja2 import DictLoader
from markupsafe import Markup
from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    Gone,
    HTTPException,
    InternalServerError,
    NotFound,
    default_exceptions,
)

from errbridge import Handlers, Incident, Page, Problem, Reply, Scope, SetupError
from errbridge.http.headers import split_list
from tests.clients import Request, Response, call_asgi
from tests.twins import Twins, World

Ask = Callable[..., Response]


class SoldOut(Problem, status=409):
    """The last one is gone."""


class NoSuchPage(NotFound):
    """A 404 of the application's own."""


class Missing(HTTPException, LookupError):
    """A 404 that is also a domain exception."""

    code = 404


class Unfit(HTTPException):
    """An HTTP error that names no status."""

    description = "unfit"


ERRORS: dict[str, Callable[[], Exception]] = {
    "404": NotFound,
    "403": default_exceptions[403],
    "409": Conflict,
    "500": InternalServerError,
    "503": default_exceptions[503],
    "599": lambda: type("Strange", (HTTPException,), {"code": 599})(),
    "NoSuchPage": NoSuchPage,
    "Missing": Missing,
    "Unfit": Unfit,
    "KeyError": lambda: KeyError("lost"),
    "ValueError": lambda: ValueError("odd"),
    "Problem404": lambda: Problem(404),
    "Problem500": lambda: Problem(500),
    "SoldOut": SoldOut,
}

KEYS: dict[str, Any] = {
    "*": "*",
    "every": None,
    "4xx": "4xx",
    "5xx": "5xx",
    **{
        key.__name__: key
        for key in (
            *(Exception, LookupError, KeyError, ValueError, HTTPException, BadRequest, NotFound, Conflict),
            *(InternalServerError, NoSuchPage, Missing, Problem, SoldOut),
        )
    },
}


def key_of(name: str) -> Any:
    return int(name) if name.isdigit() else KEYS[name]


def zoo(world: World) -> dict[str, Any]:
    """Build an application whose views raise, at every place: the app, a blueprint, one nested in it, and a prefix."""

    def fail(error: str) -> Any:
        make = ERRORS[error]
        raise make()

    outer = world.Blueprint("outer", __name__, url_prefix="/outer")
    inner = world.Blueprint("inner", __name__, url_prefix="/inner")
    for place in (world.app, outer, inner):
        place.add_url_rule("/raise/<error>", "fail", view_func=fail)
    world.app.add_url_rule("/zone/raise/<error>", "zone", view_func=fail)
    outer.register_blueprint(inner)
    return {"app": world.app, "outer": outer, "inner": inner, "/zone": "/zone"}


def handlers(text: str) -> Callable[[World], None]:
    """Register handlers that answer with how they were registered.

    ``native app 404; inner LookupError``: a handler of the framework's for 404, and one of errbridge's for LookupError.
    """

    def build(world: World) -> None:
        places = zoo(world)
        for line in filter(None, (part.strip() for part in text.split(";"))):
            *native, place, name = line.split()
            if native:
                answer = functools.partial(lambda line, exc: (line, getattr(exc, "code", None) or 500), line)
                places[place].register_error_handler(key_of(name), answer)
            else:
                # The name is bound as a default: the required parameters count.
                world.errors.register(places[place], code=key_of(name))(lambda exc, line=line: Reply(line))
        world.app.register_blueprint(places["outer"])

    return build


WITHIN_ONE_SCOPE = [
    # An exact class, then its bases, then the status, then the class of codes, then what catches all.
    ("app 404", "404", "app 404"),
    ("app NotFound", "404", "app NotFound"),
    ("app 404; app 4xx; app *", "404", "app 404"),
    ("app *; app 4xx; app 404", "404", "app 404"),
    ("app 4xx; app *", "404", "app 4xx"),
    ("app 5xx; app *", "404", "app *"),
    ("app 5xx; app *", "503", "app 5xx"),
    ("app 4xx; app 5xx", "599", "app 5xx"),
    ("app every", "404", "app every"),
    ("app HTTPException", "404", "app HTTPException"),
    ("app Exception", "404", "app Exception"),
    ("app HTTPException; app 4xx", "404", "app 4xx"),
    ("app Exception; app 404", "404", "app 404"),
    ("app NoSuchPage; app 404; app 4xx", "NoSuchPage", "app NoSuchPage"),
    ("app 404; app 4xx", "NoSuchPage", "app 404"),
    ("app NotFound; app *", "NoSuchPage", "app NotFound"),
    ("app LookupError; app 404; app *", "Missing", "app LookupError"),
    ("app 404; app *", "Missing", "app 404"),
    ("app Missing; app LookupError", "Missing", "app Missing"),
    ("app SoldOut; app Problem; app 409; app 4xx; app *", "SoldOut", "app SoldOut"),
    ("app Problem; app 409; app 4xx; app *", "SoldOut", "app Problem"),
    ("app 409; app 4xx; app *", "SoldOut", "app 409"),
    ("app Conflict; app 4xx; app *", "SoldOut", "app Conflict"),
    ("app 4xx; app *", "SoldOut", "app 4xx"),
    ("app HTTPException", "SoldOut", "app HTTPException"),
    ("app Problem; app *", "404", "app *"),
    ("app 404; app *", "Problem404", "app 404"),
    ("app NotFound; app *", "Problem404", "app NotFound"),
]

ALONG_THE_CHAIN = [
    # An HTTP error: the nearer scope wins, however general its handler is.
    ("app 404; outer *; inner 5xx", "inner 404", "outer *"),
    ("app NotFound; inner *", "inner 404", "inner *"),
    ("app 404; outer 4xx; inner HTTPException", "inner 404", "inner HTTPException"),
    ("app 404; outer 404", "404", "app 404"),
    ("app 404; outer 404; inner 404", "outer 404", "outer 404"),
    ("app SoldOut; inner 409", "inner SoldOut", "inner 409"),
    ("app 404; /zone *", "zone 404", "/zone *"),
    ("app 404; /zone 5xx", "zone 404", "app 404"),
    # A domain exception: what it means counts first, along the whole chain.
    ("app LookupError; inner *; inner 500; outer Exception", "inner KeyError", "app LookupError"),
    ("app KeyError; inner LookupError", "inner KeyError", "inner LookupError"),
    ("inner LookupError; inner KeyError", "inner KeyError", "inner KeyError"),
    ("app KeyError; /zone *", "zone KeyError", "app KeyError"),
    ("app LookupError; /zone KeyError", "zone KeyError", "/zone KeyError"),
    ("app LookupError; app *", "ValueError", "app *"),
    ("app LookupError; inner 5xx", "inner ValueError", "inner 5xx"),
    # Nobody's: a 500.
    ("app 500; app 5xx; app *", "KeyError", "app 500"),
    ("app InternalServerError; app *", "KeyError", "app InternalServerError"),
    ("app 5xx; app *; app 4xx", "KeyError", "app 5xx"),
    ("app *", "KeyError", "app *"),
    ("app HTTPException", "KeyError", "app HTTPException"),
    ("app Exception", "KeyError", "app Exception"),
    ("app 500; inner Exception", "inner KeyError", "inner Exception"),
    ("app 500; inner 4xx; outer 5xx", "inner KeyError", "outer 5xx"),
]

NATIVE_HANDLERS = [
    # Within one scope the framework's own comes first, if it is the one that the framework chooses.
    ("native app 404; app 404", "404", "native app 404"),
    ("native app HTTPException; app 404", "404", "native app HTTPException"),
    ("native app Exception; app 404", "404", "native app Exception"),
    ("native app KeyError; app KeyError", "KeyError", "native app KeyError"),
    ("native inner LookupError; inner KeyError", "inner KeyError", "native inner LookupError"),
    ("native inner 404; app 404", "inner 404", "native inner 404"),
    ("native inner 404; inner *", "inner 404", "native inner 404"),
    ("native inner 500; app *; inner *", "inner KeyError", "native inner 500"),
    ("native inner HTTPException; inner 404", "inner 404", "native inner HTTPException"),
    # Among themselves its own choice stands, and counts where the chosen one is registered.
    ("native app 404; native inner HTTPException", "inner 404", "native app 404"),
    ("native app 404; native inner HTTPException; outer *", "inner 404", "outer *"),
    ("native app 404; native inner 404", "inner 404", "native inner 404"),
    ("native app KeyError; native inner LookupError", "inner KeyError", "native inner LookupError"),
    ("native app 404; native app NoSuchPage", "NoSuchPage", "native app NoSuchPage"),
    ("native app HTTPException; native app 404", "404", "native app 404"),
    ("native app Exception; native app LookupError", "KeyError", "native app LookupError"),
    ("native outer 404", "inner 404", "native outer 404"),
    # A nearer scope of errbridge wins over a farther native handler.
    ("native app 404; inner *", "inner 404", "inner *"),
    ("native app 404; outer 5xx; inner 4xx", "inner 404", "inner 4xx"),
    ("native outer 404; inner 404", "inner 404", "inner 404"),
    ("native app KeyError; inner LookupError", "inner KeyError", "inner LookupError"),
    ("native app 404; /zone *", "zone 404", "/zone *"),
    ("native app 500; inner *", "inner KeyError", "inner *"),
    ("native app Exception; inner *", "inner KeyError", "inner *"),
    ("native app Exception; inner 500", "inner KeyError", "inner 500"),
    ("native app Exception; /zone 5xx", "zone KeyError", "/zone 5xx"),
    ("native app Exception; inner 404", "inner 404", "inner 404"),
    ("native app HTTPException; inner *", "inner KeyError", "inner *"),
    ("native app Exception; inner 4xx", "inner KeyError", "native app Exception"),
    ("native app Exception; inner *", "KeyError", "native app Exception"),
    ("native app Exception; app *", "KeyError", "native app Exception"),
    # Handlers for a class are asked before those for just anything, wherever they are.
    ("native app Exception; app LookupError", "KeyError", "app LookupError"),
    ("native inner Exception; app LookupError", "inner KeyError", "app LookupError"),
    ("native app KeyError; inner *", "inner KeyError", "native app KeyError"),
    # A raised Problem reaches the native handlers of its status, its class and its base classes.
    ("native app 404", "Problem404", "native app 404"),
    ("native app NotFound", "Problem404", "native app NotFound"),
    ("native app HTTPException", "Problem404", "native app HTTPException"),
    ("native app 409", "SoldOut", "native app 409"),
    ("native app 409; app SoldOut", "SoldOut", "native app 409"),
    ("native app 409; inner SoldOut", "inner SoldOut", "inner SoldOut"),
    ("native inner 409; app SoldOut", "inner SoldOut", "native inner 409"),
    ("native app 404; native inner HTTPException", "inner Problem404", "native app 404"),
]


@pytest.mark.parametrize(
    ("registered", "raised", "expected"),
    [*WITHIN_ONE_SCOPE, *ALONG_THE_CHAIN, *NATIVE_HANDLERS],
    ids=lambda text: text.replace(" ", "-"),
)
def test_the_handler_of_the_table_answers(ask: Ask, registered: str, raised: str, expected: str) -> None:
    *place, error = raised.split()
    folder = {"inner": "/outer/inner", "outer": "/outer", "zone": "/zone"}[place[0]] if place else ""

    assert ask(handlers(registered), f"{folder}/raise/{error}").text == expected


@pytest.mark.parametrize(
    ("registered", "expected"),
    [
        ("native app SoldOut", "native app SoldOut"),
        ("native app Problem", "native app Problem"),
        ("native app SoldOut; native app 409", "native app SoldOut"),
        ("native app SoldOut; inner *", "inner *"),
    ],
)
def test_a_raised_problem_reaches_the_native_handlers_of_its_class(ask: Ask, registered: str, expected: str) -> None:
    assert ask(handlers(registered), "/outer/inner/raise/SoldOut").text == expected


@pytest.mark.parametrize(
    ("registered", "path", "method", "expected"),
    [
        ("native outer 404; app 404", "/outer/nope", "GET", "native outer 404"),
        ("native app 404; native outer 404", "/outer/nope", "GET", "native outer 404"),
        ("native app 404; native outer HTTPException", "/outer/nope", "GET", "native app 404"),
        ("native outer 404; inner *", "/outer/inner/nope", "GET", "inner *"),
        ("native outer 404; app *", "/outer/inner/nope", "GET", "native outer 404"),
        ("native outer 404; native app 404", "/nope", "GET", "native app 404"),
        ("native outer 405; app 405", "/outer/raise/404", "POST", "native outer 405"),
        ("native outer 404; app 405", "/outer/raise/404", "POST", "app 405"),
        ("native app 404; outer 4xx", "/outer/nope", "GET", "outer 4xx"),
        ("native app 404; /zone 4xx", "/zone/nope", "GET", "/zone 4xx"),
        ("native app Exception; outer 404", "/outer/nope", "GET", "outer 404"),
        ("native app Exception; outer 405", "/outer/nope", "GET", "native app Exception"),
    ],
)
def test_native_handlers_of_blueprints_are_reached_by_errors_of_routing(
    ask: Ask, registered: str, path: str, method: str, expected: str
) -> None:
    assert ask(handlers(registered), path, method).text == expected


@pytest.mark.parametrize(
    ("registered", "expected"),
    [
        ("native outer 404; app 404", "app 404"),
        ("native outer 404; native app 404", "native app 404"),
        ("native outer 404; outer 404", "outer 404"),
        ("native outer HTTPException; app *", "app *"),
    ],
)
def test_native_handlers_of_a_blueprint_are_not_asked_about_a_foreign_view_under_its_prefix(
    ask: Ask, registered: str, expected: str
) -> None:
    def build(world: World) -> None:
        handlers(registered)(world)
        world.app.add_url_rule("/outer/foreign", "foreign", view_func=lambda: world.abort(404))

    assert ask(build, "/outer/foreign").text == expected


@pytest.mark.parametrize(
    ("registered", "expected"),
    [("native app 404", (404, "native app 404")), ("native app HTTPException", (404, "native app HTTPException"))],
)
def test_a_native_handler_keeps_the_status_it_returned(ask: Ask, registered: str, expected: tuple[int, str]) -> None:
    response = ask(handlers(registered), "/raise/404")

    assert (response.status, response.text) == expected


def test_a_style_answers_before_a_farther_native_handler() -> None:
    def build(world: World) -> None:
        places = zoo(world)
        for key in (Exception, 404, 500):
            world.app.register_error_handler(key, lambda exc: ("native", 500))
        world.errors.api_register(places["inner"], "/zone")
        world.app.register_blueprint(places["outer"])

    twins = Twins.built(build)

    for path, status in {
        "/outer/inner/raise/404": 404,
        "/outer/inner/raise/KeyError": 500,
        "/outer/inner/nope": 404,
        "/zone/raise/404": 404,
        "/zone/raise/KeyError": 500,
    }.items():
        assert twins.ask(path).json["status"] == status, path
    for path in ("/outer/raise/404", "/outer/raise/KeyError", "/raise/404", "/nope"):
        assert twins.ask(path).text == "native", path


def test_a_domain_exception_mapped_on_the_app_looks_like_the_scope_it_happened_in() -> None:
    def build(world: World) -> None:
        places = zoo(world)
        world.errors.register(world.app, code=LookupError)(lambda exc: Problem(404, detail="no such thing"))
        world.errors.api_register(places["inner"])
        world.errors.web_register(world.app)
        world.app.register_blueprint(places["outer"])

    twins = Twins.built(build)

    api, web = twins.ask("/outer/inner/raise/KeyError"), twins.ask("/raise/KeyError")
    assert (api.status, api.content_type, api.json["detail"]) == (404, "application/problem+json", "no such thing")
    assert (web.status, web.content_type) == (404, "text/html; charset=utf-8")
    assert "no such thing" in web.text


def test_installing_errbridge_is_enough_to_answer_everything() -> None:
    twins = Twins.built(lambda world: world.app.register_blueprint(zoo(world)["outer"]))

    for path, status in {"/nope": 404, "/raise/403": 403, "/raise/KeyError": 500, "/raise/SoldOut": 409}.items():
        response = twins.ask(path)
        assert (response.status, response.content_type) == (status, "text/html; charset=utf-8")
        assert f"Error {status}" in response.text


def test_a_native_handler_counts_where_it_is_registered_for_this_error_even_if_it_is_in_other_places_too() -> None:
    def native(exc: Any) -> Any:
        return "native", 500

    def build(world: World) -> None:
        places = zoo(world)
        world.app.register_error_handler(404, native)
        places["inner"].register_error_handler(503, native)
        world.errors.register(places["outer"])(lambda exc: Reply("outer"))
        world.app.register_blueprint(places["outer"])

    twins = Twins.built(build)

    assert twins.ask("/outer/inner/raise/503").text == "native"
    assert twins.ask("/outer/inner/raise/404").text == "outer"
    assert twins.ask("/raise/404").text == "native"


def test_a_native_handler_for_a_class_is_one_even_if_it_is_registered_for_exception_too() -> None:
    def native(exc: Any) -> Any:
        return f"native {type(exc).__name__}", 500

    def build(world: World) -> None:
        places = zoo(world)
        for key in (Exception, KeyError):
            world.app.register_error_handler(key, native)
        world.errors.register(places["inner"])(lambda exc: Reply("inner"))
        world.app.register_blueprint(places["outer"])

    twins = Twins.built(build)

    assert twins.ask("/outer/inner/raise/KeyError").text == "native KeyError"
    assert twins.ask("/outer/inner/raise/ValueError").text == "inner"


# None passes on.


def passing(asked: list[str], *registered: str) -> Callable[[World], None]:
    """Register handlers that note that they were asked, and pass."""

    def build(world: World) -> None:
        asked.clear()
        places = zoo(world)

        def noting(line: str, exc: BaseException) -> None:
            asked.append(line)

        for line in registered:
            place, name = line.split()
            world.errors.register(places[place], code=key_of(name))(functools.partial(noting, line))
        world.app.register_blueprint(places["outer"])

    return build


EVERYWHERE = [
    f"{place} {key}"
    for place in ("app", "outer", "inner")
    for key in (
        *("*", "4xx", "5xx", "404", "409", "500", "LookupError", "KeyError"),
        *("Problem", "SoldOut", "NoSuchPage"),
    )
]


def at(place: str, *keys: str) -> list[str]:
    return [f"{place} {key}" for key in keys]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "/outer/inner/raise/NoSuchPage",
            [
                *at("inner", "NoSuchPage", "404", "4xx", "*"),
                *at("outer", "NoSuchPage", "404", "4xx", "*"),
                *at("app", "NoSuchPage", "404", "4xx", "*"),
            ],
        ),
        (
            "/outer/raise/SoldOut",
            [
                *at("outer", "SoldOut", "Problem", "409", "4xx", "*"),
                *at("app", "SoldOut", "Problem", "409", "4xx", "*"),
            ],
        ),
        (
            "/outer/inner/raise/KeyError",
            [
                *at("inner", "KeyError", "LookupError"),
                *at("outer", "KeyError", "LookupError"),
                *at("app", "KeyError", "LookupError"),
                *at("inner", "500", "5xx", "*"),
                *at("outer", "500", "5xx", "*"),
                *at("app", "500", "5xx", "*"),
            ],
        ),
        ("/raise/ValueError", at("app", "500", "5xx", "*")),
        ("/outer/nope", [*at("outer", "404", "4xx", "*"), *at("app", "404", "4xx", "*")]),
    ],
)
@pytest.mark.parametrize("backwards", [False, True], ids=["forwards", "backwards"])
def test_handlers_that_pass_are_asked_in_this_order_and_then_the_style_answers(
    path: str, expected: list[str], backwards: bool
) -> None:
    asked: list[str] = []
    twins = Twins.built(passing(asked, *(reversed(EVERYWHERE) if backwards else EVERYWHERE)))

    for world in twins.worlds:
        asked.clear()
        response = world.call(Request(path))
        assert asked == expected
        assert response.text.startswith("<!DOCTYPE html>")


def test_the_style_of_a_scope_ends_the_chain() -> None:
    asked: list[str] = []

    def build(world: World) -> None:
        places = zoo(world)
        world.errors.api_register(places["inner"])
        for place in ("inner", "outer", "app"):
            world.errors.register(places[place])(lambda exc, place=place: asked.append(place))
        world.app.register_blueprint(places["outer"])

    for world in Twins.built(build).worlds:
        asked.clear()
        assert world.call(Request("/outer/inner/raise/404")).content_type == "application/problem+json"
        assert asked == ["inner"]


def test_a_handler_that_passes_leaves_the_error_to_a_farther_native_one(ask: Ask) -> None:
    def build(world: World) -> None:
        places = zoo(world)
        world.errors.register(places["inner"])(lambda exc: None)
        world.app.register_error_handler(404, lambda exc: (f"native {exc.code}", 404))
        world.app.register_blueprint(places["outer"])

    assert ask(build, "/outer/inner/raise/404").text == "native 404"


# The same key again.


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("404", "404"),
        ("NotFound", "404"),
        ("404", "NotFound"),
        ("4xx", "4xx"),
        ("*", "every"),
        ("every", "*"),
        ("KeyError", "KeyError"),
        ("500", "InternalServerError"),
    ],
)
@pytest.mark.parametrize("place", ["app", "outer", "/zone"])
def test_of_the_same_key_the_last_one_wins(ask: Ask, first: str, second: str, place: str) -> None:
    def build(world: World) -> None:
        places = zoo(world)
        world.errors.register(places[place], code=key_of(first))(lambda exc: Reply("first"))
        world.errors.register(places[place], code=key_of(second))(lambda exc: Reply("second"))
        world.app.register_blueprint(places["outer"])

    error = first if first.isdigit() or first == "KeyError" else {"InternalServerError": "500"}.get(second, "404")
    folder = "" if place == "app" else "/" + place.strip("/")
    assert ask(build, f"{folder}/raise/{error}").text == "second"


def test_several_keys_and_several_targets_at_once() -> None:
    def build(world: World) -> None:
        places = zoo(world)
        world.errors.register(places["outer"], "/zone", code=[404, KeyError, "5xx"])(lambda exc: Reply("it"))
        world.errors.register(world.app)(lambda exc: Reply("app"))
        world.app.register_blueprint(places["outer"])

    twins = Twins.built(build)

    asked = ["/outer/raise/404", "/zone/raise/KeyError", "/outer/raise/503", "/outer/raise/403", "/raise/404"]
    assert [twins.ask(path).text for path in asked] == ["it", "it", "it", "app", "app"]


# What a handler is given.


def given_to(world: World, key: Any, *, native: bool = False) -> list[BaseException]:
    given: list[BaseException] = []

    def handler(exc: BaseException) -> Any:
        given.append(exc)
        return "seen", 500

    if native:
        world.app.register_error_handler(key, handler)
    else:
        world.errors.register(world.app, code=key)(handler)
    return given


@pytest.mark.parametrize("key", [500, InternalServerError, "5xx", "*", None, HTTPException, Exception])
def test_an_uncaught_exception_reaches_500_handlers_and_catch_alls_as_the_500_it_became(world: World, key: Any) -> None:
    zoo(world)
    given = given_to(world, key)

    world.call(Request("/raise/KeyError"))

    (exc,) = given
    assert type(exc) is InternalServerError
    assert isinstance(exc.original_exception, KeyError)


@pytest.mark.parametrize("key", [KeyError, LookupError])
def test_a_handler_for_the_class_is_given_the_exception_itself(world: World, key: Any) -> None:
    zoo(world)
    given = given_to(world, key)

    world.call(Request("/raise/KeyError"))

    (exc,) = given
    assert type(exc) is KeyError


@pytest.mark.parametrize("key", [409, Conflict, SoldOut, Problem, "4xx", "*"])
def test_a_handler_of_errbridge_is_given_the_problem_itself(world: World, key: Any) -> None:
    zoo(world)
    given = given_to(world, key)

    world.call(Request("/raise/SoldOut"))

    assert [type(exc) for exc in given] == [SoldOut]


@pytest.mark.parametrize("key", [409, Conflict, HTTPException])
def test_a_native_handler_of_the_status_is_given_the_frameworks_exception_for_a_problem(world: World, key: Any) -> None:
    def sell() -> None:
        raise SoldOut(detail="The piano is sold.")

    world.app.add_url_rule("/sell", view_func=sell)
    given = given_to(world, key, native=True)

    world.call(Request("/sell"))

    (exc,) = given
    assert isinstance(exc, Conflict)
    assert exc.description == "The piano is sold."


@pytest.mark.parametrize("key", [SoldOut, Problem])
def test_a_native_handler_of_the_class_is_given_the_problem(world: World, key: Any) -> None:
    zoo(world)
    given = given_to(world, key, native=True)

    world.call(Request("/raise/SoldOut"))

    assert [type(exc) for exc in given] == [SoldOut]


def noting(seen: list[Incident]) -> Callable[[Exception, Incident], Reply]:
    def handler(exc: Exception, incident: Incident) -> Reply:
        seen.append(incident)
        return Reply("seen")

    return handler


def test_the_incident_tells_everything_without_a_framework() -> None:
    seen: list[Incident] = []

    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")

        def sell(number: int) -> None:
            raise SoldOut(detail=f"number {number}")

        api.add_url_rule("/sell/<int:number>", "sell", view_func=sell, methods=["POST"])

        world.errors.register(api)(noting(seen))
        world.errors.api_register(api)
        world.app.register_blueprint(api)

    twins = Twins.built(build)
    headers = [("Accept", "application/xml"), ("X-Shop", "a"), ("User-Agent", "tests")]
    twins.ask("/api/sell/7?q=1", "POST", headers=headers, host="Shop.example.com", root_path="/mounted")

    assert len(seen) == 2
    for incident in seen:
        assert type(incident.exception) is SoldOut
        assert isinstance(incident.problem, SoldOut)
        assert (incident.problem.status, incident.problem.detail) == (409, "number 7")
        assert incident.problem.instance == f"urn:uuid:{incident.id}"
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", incident.id)
        assert incident.scope == Scope(prefix="/api", blueprint="api")
        assert incident.media_type == "application/problem+xml"
        request = incident.request
        assert (request.method, request.path, request.root_path) == ("POST", "/api/sell/7", "/mounted")
        assert (request.host, request.endpoint) == ("Shop.example.com", "api.sell")
        assert (request.accept, request.xhr, request.websocket) == ("application/xml", False, False)
        assert (request.blueprints, request.routing) == (("api",), False)
        assert (request.headers["X-Shop"], request.headers["user-agent"]) == ("a", "tests")
        assert "X-Missing" not in request.headers
    assert seen[0].id != seen[1].id


def test_the_incident_of_a_routing_error_knows_no_endpoint() -> None:
    seen: list[Incident] = []

    def build(world: World) -> None:
        world.app.add_url_rule("/page", "page", view_func=lambda: "page")
        world.errors.register(world.app)(noting(seen))

    twins = Twins.built(build)
    twins.ask("/nope")
    twins.ask("/page", "POST")

    assert [incident.problem.status for incident in seen] == [404, 404, 405, 405]
    for incident in seen:
        assert (incident.request.endpoint, incident.request.routing, incident.request.blueprints) == (None, True, ())
        assert incident.scope == Scope()


def test_the_problem_of_an_uncaught_exception_says_nothing_of_it(world: World) -> None:
    zoo(world)
    seen: list[Incident] = []
    world.errors.register(world.app, code=500)(noting(seen))

    world.call(Request("/raise/KeyError"))

    (problem,) = (incident.problem for incident in seen)
    assert (problem.status, problem.detail, problem.title) == (500, "Unhandled Exception", "Internal Server Error")


# One module for both.


def shared_module() -> Handlers:
    module = Handlers()

    @module.register(404)
    def missing(exc: Exception) -> Problem:
        return Problem(404, detail="sync, shared")

    @module.register(LookupError)
    async def lost(exc: Exception, incident: Incident) -> Problem:
        await asyncio.sleep(0)
        return Problem(410, detail=f"async, shared, {incident.request.path}")

    return module


@pytest.mark.parametrize("place", ["app", "outer", "/zone"])
def test_one_module_of_handlers_serves_both_frameworks_on_any_target(place: str) -> None:
    module = shared_module()

    def build(world: World) -> None:
        places = zoo(world)
        world.errors.api_register(places[place])
        world.errors.include(module, places[place])
        world.app.register_blueprint(places["outer"])

    twins = Twins.built(build)
    folder = "" if place == "app" else "/" + place.strip("/")

    missing, lost = twins.ask(f"{folder}/raise/404"), twins.ask(f"{folder}/raise/KeyError")
    assert (missing.status, missing.json["detail"]) == (404, "sync, shared")
    assert (lost.status, lost.json["detail"]) == (410, f"async, shared, {folder}/raise/KeyError")


def test_handlers_that_a_module_registers_later_count_from_then_on() -> None:
    module = Handlers()

    def build(world: World) -> None:
        zoo(world)
        world.errors.include(module, world.app)

    twins = Twins.built(build)
    before = twins.ask("/raise/403")
    module.register(403)(lambda exc: Reply("later"))
    after = twins.ask("/raise/403")

    assert "Error 403" in before.text
    assert (after.status, after.text) == (403, "later")


@pytest.mark.parametrize(("own_first", "expected"), [(True, "module"), (False, "own")])
def test_a_module_counts_from_where_it_was_included(ask: Ask, own_first: bool, expected: str) -> None:
    module = Handlers()
    module.register(404)(lambda exc: Reply("module"))

    def build(world: World) -> None:
        own = functools.partial(world.errors.register(world.app, code=404), lambda exc: Reply("own"))
        include = functools.partial(world.errors.include, module, world.app)
        for step in (own, include) if own_first else (include, own):
            step()

    assert ask(build, "/nope").text == expected


# How a handler is called.


def one(exc: Exception) -> Reply:
    return Reply("one")


def two(exc: Exception, incident: Incident) -> Reply:
    return Reply(f"two {incident.problem.status}")


def one_and_more(exc: Exception, extra: str = "untouched") -> Reply:
    return Reply(extra)


def two_and_more(exc: Exception, incident: Incident, extra: str = "untouched", *, more: str = "more") -> Reply:
    return Reply(f"{incident.problem.status} {extra} {more}")


def any_number(*args: Any) -> Reply:
    return Reply(str(len(args)))


class Answering:
    """Handlers that are no plain functions."""

    def method(self, exc: Exception) -> Reply:
        return Reply("method")

    def method_of_two(self, exc: Exception, incident: Incident) -> Reply:
        return Reply(f"method {incident.problem.status}")

    def __call__(self, exc: Exception, incident: Incident) -> Reply:
        return Reply(f"object {incident.problem.status}")


ARITIES: list[tuple[Any, str]] = [
    (one, "one"),
    (two, "two 404"),
    (one_and_more, "untouched"),
    (two_and_more, "404 untouched more"),
    (any_number, "1"),
    (lambda exc, name="bound": Reply(name), "bound"),
    (lambda exc, incident: Reply(incident.request.path), "/nope"),
    (lambda exc, /: Reply("positional"), "positional"),
    (Answering().method, "method"),
    (Answering().method_of_two, "method 404"),
    (Answering(), "object 404"),
    (functools.partial(two_and_more, more="less"), "404 untouched less"),
    (functools.partial(lambda name, exc: Reply(name), "partial"), "partial"),
    (functools.partial(lambda name, exc, incident: Reply(f"{name} {incident.problem.status}"), "p"), "p 404"),
]


@pytest.mark.parametrize(("handler", "expected"), ARITIES)
def test_the_required_positional_parameters_of_a_handler_say_what_it_takes(
    ask: Ask, handler: Any, expected: str
) -> None:
    response = ask(lambda world: world.errors.register(world.app)(handler), "/nope")

    assert (response.status, response.text) == (404, expected)


@pytest.mark.parametrize(
    "handler",
    [
        lambda: None,
        lambda exc, incident, more: None,
        lambda exc, *, needed: None,
        "no function",
    ],
)
def test_a_handler_that_cannot_be_called_is_an_error_at_set_up(world: World, handler: Any) -> None:
    with pytest.raises(SetupError):
        world.errors.register(world.app)(handler)
    with pytest.raises(SetupError):
        Handlers().register(404)(handler)


class Later:
    """An awaitable that is no coroutine."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.value


async def coroutine(exc: Exception) -> Problem:
    await asyncio.sleep(0)
    return Problem(410, detail="awaited")


async def coroutine_of_two(exc: Exception, incident: Incident) -> Problem:
    await asyncio.sleep(0)
    return Problem(410, detail="awaited" if incident.request.method == "GET" else "wrong")


async def raising(exc: Exception) -> None:
    await asyncio.sleep(0)
    raise Problem(410, detail="awaited")


class AsyncObject:
    async def __call__(self, exc: Exception) -> Problem:
        return await coroutine(exc)

    async def method(self, exc: Exception, incident: Incident) -> Problem:
        return await coroutine_of_two(exc, incident)


def plain(exc: Exception) -> Awaitable[Problem]:
    return coroutine(exc)


def awaitable_object(exc: Exception) -> Awaitable[Problem]:
    return Later(Problem(410, detail="awaited"))


@functools.wraps(coroutine)
def wrapped(exc: Exception) -> Awaitable[Problem]:
    return coroutine(exc)


COLOURS: dict[str, Any] = {
    "coroutine function": coroutine,
    "coroutine function of two": coroutine_of_two,
    "coroutine function that raises": raising,
    "object with async __call__": AsyncObject(),
    "bound method": AsyncObject().method,
    "plain function returning a coroutine": plain,
    "plain function returning an awaitable": awaitable_object,
    "lambda returning a coroutine": lambda exc, incident: coroutine_of_two(exc, incident),
    "partial of a coroutine function": functools.partial(coroutine),
    "partial of an async object": functools.partial(AsyncObject()),
    "partial of a plain function returning a coroutine": functools.partial(plain),
    "wrapped": wrapped,
    "sync": lambda exc: Problem(410, detail="awaited"),
}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("path", ["/nope", "/raise/KeyError"], ids=["an HTTP error", "a domain exception"])
def test_a_handler_may_be_of_any_colour(ask: Ask, colour: str, path: str) -> None:
    def build(world: World) -> None:
        zoo(world)
        world.errors.api_register(world.app)
        world.errors.register(world.app, code=[404, KeyError])(COLOURS[colour])

    response = ask(build, path)

    assert (response.status, response.content_type) == (410, "application/problem+json")
    assert response.json["detail"] == "awaited"


def test_a_native_coroutine_function_is_awaited(ask: Ask) -> None:
    async def later(exc: HTTPException) -> Any:
        await asyncio.sleep(0)
        return "native", exc.code

    response = ask(lambda world: world.app.register_error_handler(404, later), "/nope")

    assert (response.status, response.text) == (404, "native")


# What stays the framework's.

MODES: dict[str, dict[str, Any]] = {
    "debug": {"DEBUG": True},
    "testing": {"TESTING": True},
    "propagate": {"PROPAGATE_EXCEPTIONS": True},
}


def escaped(world: World, path: str) -> BaseException | None:
    """Ask the application, and give the exception that it let out to the server."""
    if not world.is_async:
        try:
            world.call(Request(path))
        except Exception as error:
            return error
        return None
    out: list[BaseException] = []
    handle_request = world.app.handle_request

    async def watched(request: Any) -> Any:
        try:
            return await handle_request(request)
        except Exception as error:
            out.append(error)
            return quart.Response("escaped", 500)

    world.app.handle_request = watched
    try:
        world.call(Request(path))
    finally:
        del world.app.handle_request
    return out[0] if out else None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("registered", ["app *", "app Exception", "app 500", "app 5xx", "app HTTPException", ""])
def test_uncaught_exceptions_are_not_swallowed_where_the_developer_wants_to_see_them(
    world: World, mode: str, registered: str
) -> None:
    world.config = MODES[mode]
    handlers(registered)(world)

    error = escaped(world, "/raise/KeyError")

    assert isinstance(error, KeyError)
    assert error.args == ("lost",)


@pytest.mark.parametrize("mode", MODES)
def test_a_style_does_not_swallow_them_either(world: World, mode: str) -> None:
    world.config = MODES[mode]
    places = zoo(world)
    world.errors.api_register("/zone")
    world.errors.failure_register(world.app, places["outer"])
    world.app.register_blueprint(places["outer"])

    for path in ("/zone/raise/KeyError", "/raise/KeyError", "/outer/inner/raise/KeyError"):
        assert isinstance(escaped(world, path), KeyError)


def test_without_those_modes_nothing_escapes(world: World) -> None:
    handlers("app *")(world)

    assert escaped(world, "/raise/KeyError") is None


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("registered", "error", "expected"),
    [
        ("app LookupError", "KeyError", (500, "app LookupError")),
        ("native app LookupError", "KeyError", (500, "native app LookupError")),
        ("native app Exception", "KeyError", (500, "native app Exception")),
        ("app *", "404", (404, "app *")),
        ("app 500", "500", (500, "app 500")),
        ("app Exception", "SoldOut", (409, "app Exception")),
    ],
)
def test_what_a_handler_claims_is_answered_in_every_mode(
    ask: Ask, mode: str, registered: str, error: str, expected: tuple[int, str]
) -> None:
    response = ask(handlers(registered), f"/raise/{error}", config=MODES[mode])

    assert (response.status, response.text) == expected


@pytest.mark.parametrize(("error", "expected"), [("KeyError", ["KeyError"]), ("404", []), ("SoldOut", []), ("500", [])])
@pytest.mark.parametrize("registered", ["", "app *", "native app 500"])
def test_the_signal_for_uncaught_exceptions_is_sent_as_without_errbridge(
    world: World, registered: str, error: str, expected: list[str]
) -> None:
    handlers(registered)(world)
    sent: list[str] = []

    def receive(sender: Any, exception: BaseException, **extra: Any) -> None:
        sent.append(type(exception).__name__)

    with world.framework.got_request_exception.connected_to(receive, world.app):
        world.call(Request(f"/raise/{error}"))

    assert sent == expected


def test_the_signal_is_not_sent_for_a_domain_exception_that_was_claimed(world: World) -> None:
    handlers("app LookupError")(world)
    sent: list[BaseException] = []

    def receive(sender: Any, exception: BaseException, **extra: Any) -> None:
        sent.append(exception)

    with world.framework.got_request_exception.connected_to(receive, world.app):
        world.call(Request("/raise/KeyError"))

    assert sent == []


@pytest.mark.parametrize("path", ["/raise/404", "/raise/KeyError", "/raise/SoldOut", "/nope", "/raise/Unfit"])
@pytest.mark.parametrize("registered", ["", "app *", "app LookupError"])
def test_the_functions_around_a_request_run_once_each(world: World, registered: str, path: str) -> None:
    ran: list[str] = []
    handlers(registered)(world)
    world.app.before_request(lambda: ran.append("before"))

    def after(response: Any) -> Any:
        ran.append(f"after {response.status_code}")
        response.headers["X-After"] = "ran"
        return response

    world.app.after_request(after)
    world.app.teardown_request(lambda exc: ran.append("teardown"))

    response = world.call(Request(path))

    assert ran == ["before", f"after {response.status}", "teardown"]
    assert response.header("X-After") == "ran"


def test_the_framework_writes_its_own_record_of_an_uncaught_exception(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    handlers("app *")(world)

    world.call(Request("/raise/KeyError"))
    world.call(Request("/raise/404"))

    (record,) = (record for record in caplog.records if record.name == world.app.logger.name)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], KeyError)


@pytest.mark.parametrize("error", ["404", "SoldOut", "Missing"])
def test_trap_http_exceptions_makes_a_crash_of_every_http_error(world: World, error: str) -> None:
    world.config = {"TRAP_HTTP_EXCEPTIONS": True, "TESTING": True}
    handlers("app *; app 404; app 409")(world)

    escaping = escaped(world, f"/raise/{error}")

    assert type(escaping) is type(ERRORS[error]())


@pytest.mark.parametrize("error", ["404", "SoldOut"])
def test_a_trapped_http_error_is_answered_as_the_500_it_became(ask: Ask, error: str) -> None:
    config = {"TRAP_HTTP_EXCEPTIONS": True}

    response = ask(handlers("app 404; app 409; app 4xx; app 500"), f"/raise/{error}", config=config)

    assert (response.status, response.text) == (500, "app 500")


def test_a_native_handler_still_sees_a_trapped_http_error(ask: Ask) -> None:
    response = ask(handlers("native app 404; app 404"), "/raise/404", config={"TRAP_HTTP_EXCEPTIONS": True})

    assert (response.status, response.text) == (404, "native app 404")


def reading_args(world: World) -> None:
    world.app.add_url_rule("/args", "args", view_func=lambda: world.framework.request.args["needed"])
    world.errors.register(world.app, code=400)(lambda exc: Reply("400"))
    world.errors.register(world.app, code=500)(lambda exc: Reply("500"))


@pytest.mark.parametrize(("trap", "expected"), [(None, (400, "400")), (False, (400, "400")), (True, (500, "500"))])
def test_trap_bad_request_errors_makes_a_crash_of_a_missing_key(
    ask: Ask, trap: bool | None, expected: tuple[int, str]
) -> None:
    response = ask(reading_args, "/args", config={"TRAP_BAD_REQUEST_ERRORS": trap})

    assert (response.status, response.text) == expected


def test_a_missing_key_escapes_in_debug_mode_as_without_errbridge(world: World) -> None:
    world.config = {"DEBUG": True}
    reading_args(world)

    assert isinstance(escaped(world, "/args"), BadRequest)


def test_a_handler_for_keyerror_is_asked_about_a_missing_key_after_that_for_400() -> None:
    def build(world: World) -> None:
        reading_args(world)
        world.errors.register("/args", code=KeyError)(lambda exc: Reply("KeyError"))

    assert Twins.built(build).ask("/args").text == "KeyError"
    assert Twins.built(reading_args).ask("/args").text == "400"


# Responses instead of errors.


def aborting(*registered: str, native: bool = False) -> Callable[[World], None]:
    def build(world: World) -> None:
        handlers("; ".join(registered))(world)

        def ready() -> Any:
            return world.app.response_class("ready", 299, {"X-Ready": "yes"})

        world.app.add_url_rule("/brought", "brought", view_func=lambda: world.abort(404, response=ready()))
        world.app.add_url_rule("/ready", "ready", view_func=lambda: world.abort(ready()))
        world.errors.register(world.app)(lambda exc: Reply("handler"))
        if native:
            world.app.register_error_handler(404, lambda exc: (f"native {exc.response.status_code}", 404))

    return build


@pytest.mark.parametrize("path", ["/brought", "/ready"])
def test_a_response_given_to_abort_goes_out_as_it_is(ask: Ask, path: str) -> None:
    response = ask(aborting(), path)

    assert (response.status, response.text, response.header("X-Ready")) == (299, "ready", "yes")
    for name in ("X-Content-Type-Options", "Vary", "Cache-Control"):
        assert response.header(name) is None


@pytest.mark.parametrize(
    ("path", "expected"), [("/brought", (404, "native 299")), ("/ready", (299, "ready"))], ids=["brought", "ready"]
)
def test_native_handlers_see_a_response_given_to_abort_as_the_framework_does(
    ask: Ask, path: str, expected: tuple[int, str]
) -> None:
    response = ask(aborting(native=True), path)

    assert (response.status, response.text) == expected


def test_redirects_are_no_errors() -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/folder/", "folder", view_func=lambda: "folder")
        world.app.add_url_rule("/away", "away", view_func=lambda: world.framework.redirect("/folder/"))
        world.app.add_url_rule("/abort", "abort", view_func=lambda: world.abort(world.framework.redirect("/folder/")))
        world.errors.register(world.app)(lambda exc: Reply("handler"))
        world.errors.register("/folder", code=["4xx", "5xx", "*"])(lambda exc: Reply("handler"))

    twins = Twins.built(build)

    for path, status, location in [
        ("/folder", 308, "http://localhost/folder/"),
        ("/away", 302, "/folder/"),
        ("/abort", 302, "/folder/"),
    ]:
        for world in twins.worlds:  # the frameworks write the body of a redirect differently
            response = world.call(Request(path))
            assert (response.status, response.header("Location")) == (status, location)


def test_options_stays_the_frameworks() -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/page", "page", view_func=lambda: "page")
        world.errors.register(world.app)(lambda exc: Reply("handler"))

    for world in Twins.built(build).worlds:
        response = world.call(Request("/page", "OPTIONS"))
        assert (response.status, response.body) == (200, b"")
        assert set((response.header("Allow") or "").split(", ")) == {"GET", "HEAD", "OPTIONS"}


@pytest.mark.parametrize("registered", ["app 404", "native app 404", "app 4xx"])
def test_an_http_error_that_a_view_returns_is_answered_like_one_that_it_raises(ask: Ask, registered: str) -> None:
    def build(world: World) -> None:
        handlers(registered)(world)
        world.app.add_url_rule("/returned", "returned", view_func=lambda: NotFound("gone away"))

    response = ask(build, "/returned")

    assert (response.status, response.text) == (404, registered)


def test_an_http_error_that_a_view_returns_is_shown_in_the_style_of_its_scope(ask: Ask) -> None:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        api.add_url_rule("/returned", "returned", view_func=lambda: NotFound("gone away"))
        world.errors.api_register(api)
        world.app.register_blueprint(api)

    response = ask(build, "/api/returned")

    assert (response.status, response.json["detail"]) == (404, "gone away")


@pytest.mark.parametrize(
    ("registered", "expected"),
    [("app 500", "app 500"), ("app *; app 4xx", "app *"), ("app Exception", "app Exception")],
)
def test_an_http_exception_without_a_status_is_a_500(ask: Ask, registered: str, expected: str) -> None:
    response = ask(handlers(registered), "/raise/Unfit")

    assert (response.status, response.text) == (500, expected)


def test_an_http_exception_without_a_status_is_shown_as_a_500(ask: Ask) -> None:
    response = ask(handlers(""), "/raise/Unfit", headers=[("Accept", "application/json")])

    assert (response.status, response.json["status"]) == (500, 500)


# What a handler gives.


@pytest.mark.parametrize("registered_for", ["KeyError", "404"])
@pytest.mark.parametrize(
    "raised",
    [
        lambda: Problem(451, detail="not here", sku="a"),
        lambda: Gone("not here"),
        lambda: default_exceptions[429]("not here"),
        lambda: SoldOut(detail="not here"),
        lambda: default_exceptions[503]("not here"),
    ],
)
@pytest.mark.parametrize("way", ["raised", "returned"])
def test_a_handler_may_raise_or_return_what_an_error_means(
    ask: Ask, registered_for: str, raised: Callable[[], Any], way: str
) -> None:
    def handler(exc: Exception) -> Any:
        error = raised()
        if way == "raised":
            raise error
        return error

    def build(world: World) -> None:
        zoo(world)
        world.errors.api_register(world.app)
        world.errors.register(world.app, code=key_of(registered_for))(handler)
        # What a handler means is not asked about again.
        world.errors.register(world.app, code=["4xx", "5xx"])(lambda exc: Reply("asked again"))

    response = ask(build, f"/raise/{registered_for}")

    error = raised()
    status = error.status if isinstance(error, Problem) else error.code
    assert (response.status, response.json["status"], response.json["detail"]) == (status, status, "not here")
    assert ("sku" in response.json) == (status == 451)


@pytest.mark.parametrize("registered_for", ["KeyError", "404"])
def test_a_handler_may_abort(ask: Ask, registered_for: str) -> None:
    def build(world: World) -> None:
        zoo(world)
        world.errors.api_register(world.app)
        world.errors.register(world.app, code=key_of(registered_for))(lambda exc: world.abort(418, "short and stout"))

    response = ask(build, f"/raise/{registered_for}")

    assert (response.status, response.json["detail"]) == (418, "short and stout")


@pytest.mark.parametrize("registered_for", ["KeyError", "404"])
def test_a_handler_may_abort_with_a_response(ask: Ask, registered_for: str) -> None:
    def build(world: World) -> None:
        zoo(world)
        ready = functools.partial(world.app.response_class, "ready", 299)
        world.errors.register(world.app, code=key_of(registered_for))(lambda exc: world.abort(ready()))

    response = ask(build, f"/raise/{registered_for}")

    assert (response.status, response.text) == (299, "ready")


def test_a_native_handler_may_return_what_errbridge_understands(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors.api_register(world.app)
        world.app.register_error_handler(404, lambda exc: Problem(410, detail="native"))

    response = ask(build, "/nope")

    assert (response.status, response.json["detail"]) == (410, "native")


def native_response(world: World) -> Any:
    return world.app.response_class("body", 298, {"Content-Type": "text/x-own"})


def default_response(world: World) -> Any:
    return world.app.response_class("body")


RESULTS: dict[str, tuple[Callable[[World], Any], int, str, str]] = {
    "str": (lambda world: "body", 404, "text/html; charset=utf-8", "body"),
    "bytes": (lambda world: b"body", 404, "text/html; charset=utf-8", "body"),
    "dict": (lambda world: {"a": 1}, 404, "application/json", '{"a":1}\n'),
    "list": (lambda world: [1, 2], 404, "application/json", "[1,2]\n"),
    "str, headers": (lambda world: ("body", {"X-Own": "1"}), 404, "text/html; charset=utf-8", "body"),
    "str, list of headers": (lambda world: ("body", [("X-Own", "1")]), 404, "text/html; charset=utf-8", "body"),
    "dict, headers": (lambda world: ({"a": 1}, {"X-Own": "1"}), 404, "application/json", '{"a":1}\n'),
    "str, None, headers": (lambda world: ("body", None, {"X-Own": "1"}), 404, "text/html; charset=utf-8", "body"),
    "str, status": (lambda world: ("body", 298), 298, "text/html; charset=utf-8", "body"),
    "str, 200": (lambda world: ("body", 200), 200, "text/html; charset=utf-8", "body"),
    "str, status with words": (lambda world: ("body", "410 Gone"), 410, "text/html; charset=utf-8", "body"),
    "str, status as text": (lambda world: ("body", "410"), 410, "text/html; charset=utf-8", "body"),
    "str, HTTPStatus": (lambda world: ("body", HTTPStatus.GONE), 410, "text/html; charset=utf-8", "body"),
    "bytearray": (lambda world: bytearray(b"body"), 404, "text/html; charset=utf-8", "body"),
    "Markup": (lambda world: Markup("<b>body</b>"), 404, "text/html; charset=utf-8", "<b>body</b>"),
    "str, status, headers": (
        lambda world: ("body", 298, {"Content-Type": "text/x-own", "X-Own": "1"}),
        298,
        "text/x-own",
        "body",
    ),
    "dict, status": (lambda world: ({"a": 1}, 298), 298, "application/json", '{"a":1}\n'),
    "response": (native_response, 298, "text/x-own", "body"),
    "response without a status": (default_response, 200, "text/html; charset=utf-8", "body"),
    "response, status": (lambda world: (native_response(world), 297), 297, "text/x-own", "body"),
    "response, headers": (lambda world: (native_response(world), {"X-Own": "1"}), 298, "text/x-own", "body"),
    "Reply": (lambda world: Reply("body"), 404, "text/plain; charset=utf-8", "body"),
    "Reply of bytes": (lambda world: Reply(b"body"), 404, "application/octet-stream", "body"),
    "Reply, status": (lambda world: Reply("body", 298), 298, "text/plain; charset=utf-8", "body"),
    "Reply, status 200": (lambda world: Reply("body", 200), 200, "text/plain; charset=utf-8", "body"),
    "Reply, headers": (
        lambda world: Reply("body", headers=[("Content-Type", "text/x-own"), ("X-Own", "1")]),
        404,
        "text/x-own",
        "body",
    ),
    "Page": (lambda world: Page("page.html", who="you"), 404, "text/html; charset=utf-8", "404 Not Found you"),
    "Page of several": (
        lambda world: Page(("none.html", "page.html")),
        404,
        "text/html; charset=utf-8",
        "404 Not Found ",
    ),
    "Page, status": (lambda world: (Page("page.html"), 298), 298, "text/html; charset=utf-8", "404 Not Found "),
    "Page, headers": (
        lambda world: (Page("page.html"), {"X-Own": "1"}),
        404,
        "text/html; charset=utf-8",
        "404 Not Found ",
    ),
    "Page, status, headers": (
        lambda world: (Page("page.html"), 298, {"X-Own": "1"}),
        298,
        "text/html; charset=utf-8",
        "404 Not Found ",
    ),
}


def giving(give: Callable[[World], Any], key: Any, *, later: bool) -> Callable[[World], None]:
    def build(world: World) -> None:
        zoo(world)
        world.app.jinja_loader = DictLoader({"page.html": "{{ error.status }} {{ error.title }} {{ who }}"})

        async def awaited(exc: Exception) -> Any:
            return give(world)

        world.errors.register(world.app, code=key)(awaited if later else lambda exc: give(world))

    return build


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_without_a_status_of_its_own_an_answer_keeps_that_of_the_error(ask: Ask, result: str, later: bool) -> None:
    give, status, content_type, body = RESULTS[result]

    response = ask(giving(give, 404, later=later), "/nope")

    assert (response.status, response.content_type, response.text) == (status, content_type, body)
    assert response.header("X-Own") == ("1" if "headers" in result else None)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/raise/409", 409),
        ("/raise/SoldOut", 409),
        ("/raise/599", 599),
        ("/raise/Unfit", 500),
        ("/raise/ValueError", 500),
    ],
)
@pytest.mark.parametrize("result", ["str", "bytes", "dict", "list", "Page", "Reply", "str, headers"])
def test_it_is_never_200_because_nobody_said_otherwise(ask: Ask, result: str, path: str, status: int) -> None:
    assert ask(giving(RESULTS[result][0], "*", later=False), path).status == status


def test_a_domain_exception_that_a_handler_answers_without_a_status_is_a_500(ask: Ask) -> None:
    response = ask(giving(lambda world: "lost", KeyError, later=False), "/raise/KeyError")

    assert (response.status, response.text) == (500, "lost")


def test_a_handler_may_stream_its_answer(ask: Ask) -> None:
    def pieces() -> Generator[str, None, None]:
        yield "one "
        yield "two"

    response = ask(giving(lambda world: pieces(), 404, later=False), "/nope")

    assert (response.status, response.text) == (404, "one two")


# The built-in path stays where it is.


def standing(world: World, handler: Any = None) -> None:
    """Build an application whose views raise where they are called, without a thread even on Quart."""

    def fail_plainly(error: str) -> Any:
        make = ERRORS[error]
        raise make()

    async def fail(error: str) -> Any:
        fail_plainly(error)

    zone = world.Blueprint("zone", __name__, url_prefix="/zone")
    zone.add_url_rule("/raise/<error>", "fail", view_func=fail if world.is_async else fail_plainly)
    world.errors.api_register(zone)
    if handler is not None:
        world.errors.register(zone)(handler)
    world.app.register_blueprint(zone)


class Watch:
    """Counts what leaves the calling thread or enters an event loop."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        self._count(patch, threading.Thread, "start")
        self._count(patch, asyncio.BaseEventLoop, "run_in_executor")
        self._count(patch, asyncio, "new_event_loop")
        self._count(patch, asyncio, "run")
        self._count(patch, asyncio.BaseEventLoop, "run_until_complete")
        self._count(patch, asgiref.sync.AsyncToSync, "__call__")
        self._count(patch, asgiref.sync.SyncToAsync, "__call__")

    def _count(self, patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            self.seen.append(name)
            return original(*args, **kwargs)

        patch.setattr(owner, name, counting)


def watched(world: World, path: str, headers: Sequence[tuple[str, str]] = ()) -> tuple[Response, list[str]]:
    """Ask, and tell what left the thread or entered a loop meanwhile."""
    assert world.errors is not None
    request = Request(path, headers=headers)
    if not world.is_async:
        with pytest.MonkeyPatch.context() as patch:
            watch = Watch(patch)
            return world.call(request), watch.seen

    async def inside() -> tuple[Response, list[str]]:
        with pytest.MonkeyPatch.context() as patch:
            watch = Watch(patch)
            return await call_asgi(world.app, request), watch.seen

    return asyncio.run(inside())


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/html", "text/plain"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nope", 404),
        ("/zone/nope", 404),
        ("/zone/raise/404", 404),
        ("/zone/raise/SoldOut", 409),
        ("/zone/raise/KeyError", 500),
    ],
)
def test_the_built_in_answer_takes_no_thread_and_no_loop_of_its_own(
    world: World, path: str, status: int, accept: str
) -> None:
    standing(world)

    response, seen = watched(world, path, [("Accept", accept)])

    assert (response.status, seen) == (status, [])


@pytest.mark.parametrize(
    ("handler", "on_flask", "on_quart"),
    [
        (lambda exc: Reply("sync"), [], ["run_in_executor"]),
        (coroutine, ["__call__"], []),
        (AsyncObject(), ["__call__"], []),
    ],
    ids=["sync", "async", "async object"],
)
def test_a_handler_of_the_other_colour_is_what_leaves_it(
    world: World, handler: Any, on_flask: list[str], on_quart: list[str]
) -> None:
    standing(world, handler)

    _, seen = watched(world, "/zone/raise/404")

    # A pool may start its first thread, and asgiref its own loop; what counts is the door that was taken.
    assert [name for name in seen if name in ("run_in_executor", "__call__")][:1] == (
        on_quart if world.is_async else on_flask
    )


@pytest.mark.parametrize(
    "given",
    [
        lambda: "text",
        lambda: {"a": 1},
        lambda: ("text", 410, {"Vary": "Cookie"}),
        lambda: Reply("text", headers={"Vary": "Cookie"}),
        lambda: Reply(b"bytes"),
    ],
)
def test_what_a_handler_gives_that_can_see_what_the_client_wants_says_so_to_caches(ask: Ask, given: Any) -> None:
    def build(world: World) -> None:
        world.errors.web_register("/seeing")
        world.errors.register("/seeing", code=404)(lambda exc, incident: given())
        world.errors.register("/blind", code=404)(lambda exc: given())

    seeing, blind = ask(build, "/seeing/x"), ask(build, "/blind/x")
    own = ["Cookie"] if blind.header("Vary") else []
    assert set(split_list(seeing.header("Vary") or "")) == {"Accept", "X-Requested-With", *own}
    assert set(split_list(blind.header("Vary") or "")) == set(own)
    assert seeing.body == blind.body


def test_a_response_object_of_a_handler_goes_out_as_it_is(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors.register(world.app, code=404)(lambda exc, incident: world.app.response_class("own", 404))

    assert ask(build, "/x").header("Vary") is None


def test_a_handler_that_passes_may_have_chosen_to_by_what_the_client_wants(ask: Ask) -> None:
    def build(world: World) -> None:
        world.errors.register("/api", code=404)(
            lambda exc, incident: {"a": 1} if "json" in incident.media_type else None
        )
        world.errors.register(world.app, code=404)(lambda exc: "for everybody else")

    answered = ask(build, "/api/x", headers=[("Accept", "text/html")])
    assert (answered.text, answered.header("Vary")) == ("for everybody else", "Accept")
