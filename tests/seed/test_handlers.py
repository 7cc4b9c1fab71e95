"""Handlers for a status or a class, and APIs that answer with JSON, as the seed documents describe them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException, default_exceptions

from errbridge import Problem
from tests.applications import (
    JSON,
    Ask,
    Part,
    a_blueprint,
    a_catch_all,
    a_handler,
    a_native_handler,
    a_view,
    aborting,
    an_api,
    an_app,
    failing,
    says,
)
from tests.seed.shop import BOTH_WAYS, NO_SUCH_URL, JammedTillError, Register
from tests.twins import Twins, World

# "A handler can be registered for a status code, like 404, or for an exception class."


def the_code(code: int) -> int:
    return code


def the_class(code: int) -> type[HTTPException]:
    return default_exceptions[code]


EVERY_CODE = pytest.mark.parametrize("code", sorted(default_exceptions))
BY_CODE_AND_BY_CLASS = pytest.mark.parametrize("key", [the_code, the_class])


def with_errors_of(code: int) -> Part:
    """Add a view for each way of raising an HTTP error, and one that raises another."""
    return an_app(
        aborting("/aborted", code),
        failing("/raised", default_exceptions[code]),
        aborting("/other", 418 if code != 418 else 409),
    )


@EVERY_CODE
@BY_CODE_AND_BY_CLASS
@BOTH_WAYS
def test_a_handler_gets_the_errors_of_its_code_only(code: int, key: Callable[[int], Any], register: Register) -> None:
    application = an_app(
        with_errors_of(code),
        register(key(code), lambda exc: (f"handler for {code}, given {exc.code}", code)),
        a_catch_all(says("catch-all")),
    )

    twins = Twins.built(application)

    for path in ("/aborted", "/raised"):
        response = twins.ask(path)
        assert (response.status, response.text) == (code, f"handler for {code}, given {code}")
    assert twins.ask("/other").text == "catch-all"


@EVERY_CODE
def test_an_error_without_a_handler_is_a_document_with_its_status_in_an_api(ask: Ask, code: int) -> None:
    response = ask(an_api(with_errors_of(code)), "/aborted")

    assert (response.status, response.content_type) == (code, JSON)
    assert (response.json["status"], response.json["type"]) == (code, "about:blank")
    assert "detail" not in response.json  # the framework's sentence speaks to people


@pytest.mark.parametrize("code", [402, 419, 499, 507, 599])
def test_a_handler_can_be_registered_for_a_status_that_the_framework_has_no_class_for(ask: Ask, code: int) -> None:
    application = an_app(
        failing("/odd", lambda: Problem(code)),
        a_handler(code, lambda exc: f"handler for {code}"),
        a_catch_all(says("catch-all")),
    )

    response = ask(application, "/odd")

    assert (response.status, response.text) == (code, f"handler for {code}")


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
    application = an_app(
        failing("/", raised),
        *(
            register(cls, lambda exc, name=cls.__name__: (f"handler for {name}", 422))
            for cls in (LookupError, KeyError, ValueError)
        ),
    )

    response = ask(application, "/")

    assert (response.status, response.text) == (422, expected)


@pytest.mark.parametrize("key", [None, "*", HTTPException, Exception, (404, 418, 500), ("4xx", "5xx")], ids=repr)
def test_a_catch_all_and_several_keys_at_once_get_routing_errors_aborts_and_uncaught_exceptions(key: Any) -> None:
    application = an_app(
        aborting("/teapot", 418),
        failing("/broken", JammedTillError),
        a_handler(key, lambda exc: type(exc).__name__),
    )

    twins = Twins.built(application)

    answers = {path: twins.ask(path) for path in ("/nope", "/teapot", "/broken")}
    assert {path: (answer.status, answer.text) for path, answer in answers.items()} == {
        "/nope": (404, "NotFound"),
        "/teapot": (418, "ImATeapot"),
        "/broken": (500, "InternalServerError"),
    }


@pytest.mark.parametrize("key", [None, "*", HTTPException, Exception], ids=repr)
@pytest.mark.parametrize("reverse", [False, True])
def test_a_catch_all_gets_what_no_handler_of_the_code_or_its_class_of_codes_wants(key: Any, reverse: bool) -> None:
    handlers = [a_handler(404, says("404")), a_handler("4xx", says("4xx")), a_handler(key, says("catch-all"))]
    application = an_app(
        aborting("/gone", 410),
        failing("/problem", lambda: Problem(507)),
        failing("/broken", JammedTillError),
        *(handlers[::-1] if reverse else handlers),
    )

    twins = Twins.built(application)

    assert {path: twins.ask(path).text for path in ("/nope", "/gone", "/problem", "/broken")} == {
        "/nope": "404",
        "/gone": "4xx",
        "/problem": "catch-all",
        "/broken": "catch-all",
    }


def test_a_blueprint_has_handlers_of_its_own_registered_with_the_framework_or_errbridge() -> None:
    application = an_app(
        a_blueprint("native", aborting("/gone", 410), a_native_handler(410, lambda exc: ("native blueprint", 410))),
        a_blueprint("bridged", aborting("/gone", 410), a_handler(410, lambda exc: "errbridge blueprint")),
        aborting("/gone", 410),
        a_native_handler(410, lambda exc: ("native app", 410)),
    )

    twins = Twins.built(application)

    assert twins.ask("/native/gone").text == "native blueprint"
    assert twins.ask("/bridged/gone").text == "errbridge blueprint"
    assert twins.ask("/gone").text == "native app"


@pytest.mark.parametrize(
    ("register", "expected"),
    [(a_native_handler, 200), (a_handler, 404)],
    ids=["native: the status is for the handler to set", "errbridge: the status of the error stays"],
)
def test_what_status_an_answer_without_one_has(ask: Ask, register: Register, expected: int) -> None:
    response = ask(register(404, lambda exc: "just a text"), "/nope")

    assert (response.status, response.text) == (expected, "just a text")


# "Returning API errors as JSON"


@BOTH_WAYS
def test_the_description_given_to_abort_reaches_a_handler_that_returns_json(ask: Ask, register: Register) -> None:
    def the_cheese_api(world: World) -> None:
        def resource_not_found(exc: HTTPException) -> Any:
            return world.framework.jsonify(error=str(exc)), 404

        def get_one_cheese() -> Any:
            resource = None
            if resource is None:
                world.abort(404, description="Resource not found")
            return world.framework.jsonify(resource)

        an_app(register(404, resource_not_found), a_view("/cheese", get_one_cheese))(world)

    response = ask(the_cheese_api, "/cheese")

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

    response = ask(a_handler(404, resource_not_found), "/nope")

    assert (response.status, response.content_type) == (404, "application/json")
    assert response.json == {"error": f"404 Not Found: {NO_SUCH_URL}"}
    assert response.header("X-Cheese") == expected


def test_an_api_needs_no_handler_to_show_the_description_given_to_abort(ask: Ask) -> None:
    application = an_api(aborting("/cheese", 404, description="Resource not found"))

    response = ask(application, "/cheese")

    assert (response.status, response.content_type) == (404, JSON)
    document = response.json
    assert document.pop("instance").startswith("urn:uuid:")
    assert document == {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "Resource not found"}
