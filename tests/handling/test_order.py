"""Which handler answers an error."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException

from errbridge import Problem
from tests.applications import (
    Application,
    Ask,
    Part,
    a_catch_all,
    a_handler,
    a_native_handler,
    aborting,
    an_app,
    at,
    failing,
    in_style,
    says,
)
from tests.clients import Request
from tests.handling.zoo import handlers, key_of, zoo
from tests.twins import Twins, World, ask_both

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
    # Without a handler of its own: a 500.
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
    # Among native handlers the framework chooses; the choice counts where the chosen one is registered.
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


GENERIC = r"native app (HTTPException|Exception)$|native app (HTTPException|Exception);"

REPLACED = [
    # With replace_native, errbridge answers in place of the application's native catch-alls, and of nothing else.
    ("native app HTTPException; app 404", "404", "app 404"),
    ("native app Exception; app 4xx", "404", "app 4xx"),
    ("native app Exception; app *", "KeyError", "app *"),
    ("native app Exception; native app HTTPException; app 500", "KeyError", "app 500"),
    ("native app HTTPException; app 404", "Problem404", "app 404"),
    ("native app Exception; app LookupError", "KeyError", "app LookupError"),
    ("native app Exception; native app 404; app *", "404", "native app 404"),
    ("native app Exception; native app LookupError; app *", "KeyError", "native app LookupError"),
    ("native app Exception; native app 500; app *", "KeyError", "native app 500"),
    ("native app HTTPException; native inner HTTPException; app *", "inner 404", "native inner HTTPException"),
    ("native app HTTPException; native inner Exception; app *", "inner KeyError", "native inner Exception"),
]


@pytest.mark.parametrize(("registered", "raised", "expected"), REPLACED, ids=lambda text: text.replace(" ", "-"))
def test_native_catch_alls_of_the_application_are_replaced_if_that_is_wanted(
    ask: Ask, registered: str, raised: str, expected: str
) -> None:
    path = f"/outer/inner/raise/{raised[6:]}" if raised.startswith("inner ") else f"/raise/{raised}"

    assert ask(handlers(registered), path, options={"replace_native": True}).text == expected
    assert ask(handlers(registered), path, config={"ERROR_REPLACE_NATIVE": True}).text == expected


@pytest.mark.parametrize(
    ("registered", "raised"),
    [(registered, raised) for registered, raised, _ in NATIVE_HANDLERS if re.search(GENERIC, registered)],
)
def test_replaced_native_catch_alls_are_as_if_they_were_not_registered(registered: str, raised: str) -> None:
    *place, error = raised.split()
    path = f"{'/outer/inner' if place == ['inner'] else '/zone' if place else ''}/raise/{error}"
    others = "; ".join(line for line in registered.split("; ") if not re.search(GENERIC, line))

    replaced = ask_both(handlers(registered), path, options={"replace_native": True})
    without = ask_both(handlers(others), path)

    assert replaced.comparable() == without.comparable()


def test_replaced_native_catch_alls_leave_the_style_to_answer_and_the_exception_to_the_developer() -> None:
    native = a_native_handler(Exception, lambda exc: ("native", 500))
    application = zoo(in_style("api"), native, a_native_handler(HTTPException, lambda exc: ("native", 500)))

    twins = Twins.built(application, options={"replace_native": True})
    tested = Twins.built(application, options={"replace_native": True}, config={"TESTING": True})

    for path, status in {"/nope": 404, "/outer/raise/403": 403, "/raise/KeyError": 500, "/raise/SoldOut": 409}.items():
        assert twins.ask(path).json["status"] == status, path
    assert [type(world.find_escaped("/raise/KeyError")) for world in tested.worlds] == [KeyError, KeyError]


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
    application = an_app(handlers(registered), aborting("/outer/foreign", 404))

    assert ask(application, "/outer/foreign").text == expected


@pytest.mark.parametrize(
    ("registered", "expected"),
    [("native app 404", (404, "native app 404")), ("native app HTTPException", (404, "native app HTTPException"))],
)
def test_a_native_handler_keeps_the_status_it_returned(ask: Ask, registered: str, expected: tuple[int, str]) -> None:
    response = ask(handlers(registered), "/raise/404")

    assert (response.status, response.text) == expected


def test_a_style_answers_before_a_farther_native_handler() -> None:
    application = zoo(
        *(a_native_handler(key, lambda exc: ("native", 500)) for key in (Exception, 404, 500)),
        at("inner", in_style("api")),
        at("/zone", in_style("api")),
    )

    twins = Twins.built(application)

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
    application = zoo(
        a_handler(LookupError, lambda exc: Problem(404, detail="no such thing")),
        at("inner", in_style("api")),
        in_style("web"),
    )

    twins = Twins.built(application)

    api, web = twins.ask("/outer/inner/raise/KeyError"), twins.ask("/raise/KeyError")
    assert (api.status, api.content_type, api.json["detail"]) == (404, "application/problem+json", "no such thing")
    assert (web.status, web.content_type) == (404, "text/html; charset=utf-8")
    assert "no such thing" in web.text


def test_installing_errbridge_is_enough_to_answer_everything() -> None:
    twins = Twins.built(zoo())

    for path, status in {"/nope": 404, "/raise/403": 403, "/raise/KeyError": 500, "/raise/SoldOut": 409}.items():
        response = twins.ask(path)
        assert (response.status, response.content_type) == (status, "text/html; charset=utf-8")
        assert f"Error {status}" in response.text


def test_a_native_handler_counts_where_it_is_registered_for_this_error_even_if_it_is_in_other_places_too() -> None:
    def native(exc: Any) -> Any:
        return "native", 500

    application = zoo(
        a_native_handler(404, native),
        at("inner", a_native_handler(503, native)),
        at("outer", a_catch_all(says("outer"))),
    )

    twins = Twins.built(application)

    assert twins.ask("/outer/inner/raise/503").text == "native"
    assert twins.ask("/outer/inner/raise/404").text == "outer"
    assert twins.ask("/raise/404").text == "native"


def test_a_native_handler_for_a_class_is_one_even_if_it_is_registered_for_exception_too() -> None:
    def native(exc: Any) -> Any:
        return f"native {type(exc).__name__}", 500

    application = zoo(
        a_native_handler(Exception, native),
        a_native_handler(KeyError, native),
        at("inner", a_catch_all(says("inner"))),
    )

    twins = Twins.built(application)

    assert twins.ask("/outer/inner/raise/KeyError").text == "native KeyError"
    assert twins.ask("/outer/inner/raise/ValueError").text == "inner"


# None passes on.


def passing(asked: list[str], *registered: str) -> Application:
    """Set up the zoo with handlers that note that they were asked, and pass."""

    def note(line: str, exc: BaseException) -> None:
        asked.append(line)

    def handler(line: str) -> Part:
        place, name = line.split()
        return at(place, a_handler(key_of(name), functools.partial(note, line)))

    return zoo(*map(handler, registered))


EVERYWHERE = [
    f"{place} {key}"
    for place in ("app", "outer", "inner")
    for key in (
        *("*", "4xx", "5xx", "404", "409", "500", "LookupError", "KeyError"),
        *("Problem", "SoldOut", "NoSuchPage"),
    )
]


def handlers_at(place: str, *keys: str) -> list[str]:
    return [f"{place} {key}" for key in keys]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "/outer/inner/raise/NoSuchPage",
            [
                *handlers_at("inner", "NoSuchPage", "404", "4xx", "*"),
                *handlers_at("outer", "NoSuchPage", "404", "4xx", "*"),
                *handlers_at("app", "NoSuchPage", "404", "4xx", "*"),
            ],
        ),
        (
            "/outer/raise/SoldOut",
            [
                *handlers_at("outer", "SoldOut", "Problem", "409", "4xx", "*"),
                *handlers_at("app", "SoldOut", "Problem", "409", "4xx", "*"),
            ],
        ),
        (
            "/outer/inner/raise/KeyError",
            [
                *handlers_at("inner", "KeyError", "LookupError"),
                *handlers_at("outer", "KeyError", "LookupError"),
                *handlers_at("app", "KeyError", "LookupError"),
                *handlers_at("inner", "500", "5xx", "*"),
                *handlers_at("outer", "500", "5xx", "*"),
                *handlers_at("app", "500", "5xx", "*"),
            ],
        ),
        ("/raise/ValueError", handlers_at("app", "500", "5xx", "*")),
        ("/outer/nope", [*handlers_at("outer", "404", "4xx", "*"), *handlers_at("app", "404", "4xx", "*")]),
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

    application = zoo(
        at("inner", in_style("api")),
        *(at(place, a_catch_all(lambda exc, place=place: asked.append(place))) for place in ("inner", "outer", "app")),
    )

    for world in Twins.built(application).worlds:
        asked.clear()
        assert world.call(Request("/outer/inner/raise/404")).content_type == "application/problem+json"
        assert asked == ["inner"]


def test_a_handler_that_passes_leaves_the_error_to_a_farther_native_one(ask: Ask) -> None:
    application = zoo(
        at("inner", a_catch_all(lambda exc: None)),
        a_native_handler(404, lambda exc: (f"native {exc.code}", 404)),
    )

    assert ask(application, "/outer/inner/raise/404").text == "native 404"


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
    application = zoo(
        at(place, a_handler(key_of(first), says("first")), a_handler(key_of(second), says("second"))),
    )

    error = first if first.isdigit() or first == "KeyError" else {"InternalServerError": "500"}.get(second, "404")
    folder = "" if place == "app" else "/" + place.strip("/")
    assert ask(application, f"{folder}/raise/{error}").text == "second"


def test_several_keys_and_several_targets_at_once() -> None:
    def one_handler_for_two_places(world: World) -> None:
        world.errors.register(world.blueprints["outer"], "/zone", code=[404, KeyError, "5xx"])(says("it"))

    application = zoo(one_handler_for_two_places, a_catch_all(says("app")))

    twins = Twins.built(application)

    asked = ["/outer/raise/404", "/zone/raise/KeyError", "/outer/raise/503", "/outer/raise/403", "/raise/404"]
    assert [twins.ask(path).text for path in asked] == ["it", "it", "it", "app", "app"]


@pytest.mark.parametrize("make", [KeyError, lambda: ExceptionGroup("g", [KeyError()])], ids=["alone", "in a group"])
def test_a_handler_that_passes_is_not_asked_again_about_the_500(world: World, make: Any) -> None:
    asked: list[str] = []
    an_app(failing("/fail", make), a_handler([KeyError, 500], lambda exc: asked.append(type(exc).__name__)))(world)

    assert (world.call(Request("/fail")).status, asked) == (500, ["KeyError"])
