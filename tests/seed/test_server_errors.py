"""Uncaught exceptions and 500s, as the seed documents describe them."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.exceptions import HTTPException, InternalServerError

from tests.applications import (
    HTML,
    JSON,
    TEXT,
    XML,
    Ask,
    a_handler,
    a_native_handler,
    aborting,
    an_api,
    an_app,
    failing,
    in_style,
    says,
)
from tests.clients import Request
from tests.seed.shop import BOTH_WAYS, TEMPLATES, JammedTillError, Register, a_fragile_part, heading, statuses_and_types
from tests.twins import Twins, World

# "An error handler for 500 will be passed uncaught exceptions in addition to explicit 500 errors."


def describe_error(exc: BaseException) -> tuple[str, int]:
    """Answer with the class of the error, and the exception behind it."""
    return f"{type(exc).__name__} of {getattr(exc, 'original_exception', None)!r}", 500


SERVER_ERRORS = [500, InternalServerError, HTTPException]
WRAPPED = "InternalServerError of JammedTillError('the till is jammed')"


@pytest.mark.parametrize(
    ("register", "key", "uncaught"),
    [
        *((a_native_handler, key, WRAPPED) for key in SERVER_ERRORS),
        *((a_handler, key, WRAPPED) for key in [*SERVER_ERRORS, "5xx", "*", None, Exception]),
        (a_native_handler, Exception, "JammedTillError of None"),
        (a_native_handler, JammedTillError, "JammedTillError of None"),
        (a_handler, JammedTillError, "JammedTillError of None"),
    ],
)
def test_an_uncaught_exception_reaches_500_handlers_with_the_original_and_its_own_handlers_as_itself(
    ask: Ask, register: Register, key: Any, uncaught: str
) -> None:
    application = an_app(failing("/broken", JammedTillError), register(key, describe_error))

    response = ask(application, "/broken")

    assert (response.status, response.text) == (500, uncaught)


@BOTH_WAYS
@pytest.mark.parametrize("key", SERVER_ERRORS)
def test_an_explicit_500_has_no_original_exception(ask: Ask, register: Register, key: Any) -> None:
    application = an_app(aborting("/error", 500), register(key, describe_error))

    assert ask(application, "/error").text == "InternalServerError of None"


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
    failing("/broken", JammedTillError)(world)
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
    failing("/broken", JammedTillError)(world)
    world.app.register_error_handler(key, called.append)

    see_it_crash(world, mode)

    assert called == []


@DEVELOPING
@pytest.mark.parametrize("verb", ["failure_register", "api_register", "web_register", "default_register"])
def test_no_style_hides_an_uncaught_exception_from_the_developer(world: World, mode: str, verb: str) -> None:
    world.config = {mode: True}
    failing("/broken", JammedTillError)(world)
    getattr(world.errors, verb)(world.app)

    see_it_crash(world, mode)


@DEVELOPING
def test_what_is_expected_is_answered_while_the_developer_looks_on(mode: str) -> None:
    application = an_app(
        failing("/broken", JammedTillError),
        aborting("/error", 500),
        a_handler(JammedTillError, says("handler for JammedTillError")),
        a_handler(404, says("handler for 404")),
        a_handler(500, says("handler for 500")),
    )

    twins = Twins.built(application, config={mode: True})

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
    application = an_app(failing("/broken", JammedTillError), a_native_handler(Exception, describe_error))

    assert ask(application, "/broken", config={mode: True}).text == "JammedTillError of None"


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING"])
def test_500_handlers_are_used_in_debug_mode_when_exceptions_must_not_propagate(ask: Ask, mode: str) -> None:
    application = an_app(failing("/broken", JammedTillError), a_handler(500, describe_error))

    assert ask(application, "/broken", config={mode: True, "PROPAGATE_EXCEPTIONS": False}).text == WRAPPED


def test_failure_register_answers_uncaught_exceptions_with_the_built_in_page_and_nothing_else() -> None:
    twins = Twins.built(an_api(a_fragile_part(), in_style("failure")), app_options=TEMPLATES)

    assert statuses_and_types(twins, "/broken", "/error", "/nope") == [(500, HTML), (500, JSON), (404, JSON)]
    page = twins.ask("/broken")
    assert heading(page) == "Something went wrong"
    assert "till" not in page.text.lower()


def test_failure_register_is_for_the_uncaught_exceptions_of_its_target_only() -> None:
    twins = Twins.built(an_api(a_fragile_part(in_style("failure"))))

    assert statuses_and_types(twins, "/part/broken", "/part/error", "/broken") == [
        (500, HTML),
        (500, JSON),
        (500, JSON),
    ]


def test_the_style_of_a_blueprint_is_nearer_than_the_failure_page_of_the_app() -> None:
    twins = Twins.built(an_app(a_fragile_part(in_style("api")), in_style("failure")))

    assert statuses_and_types(twins, "/part/broken", "/broken") == [(500, JSON), (500, HTML)]
    assert twins.ask("/part/broken").json["detail"] == "Unhandled Exception"


def test_a_500_handler_comes_before_the_failure_page_of_its_scope(ask: Ask) -> None:
    application = an_app(a_fragile_part(), in_style("failure"), a_handler(500, says("handler")))

    assert ask(application, "/broken").text == "handler"


def test_the_failure_page_shows_people_a_sentence_and_programs_the_default_message(ask: Ask) -> None:
    application = an_app(a_fragile_part(), in_style("failure"))
    config = {"ERROR_DEFAULT_MSG": "The mouse <did> it"}

    page = ask(application, "/broken", config=config)
    document = ask(application, "/broken", config=config, headers=[("Accept", "application/json")])

    assert "The mistake is on our side." in page.text
    assert "mouse" not in page.text
    assert document.json["detail"] == "The mouse <did> it"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("", HTML), ("text/html", HTML), ("application/json", JSON), ("text/plain", TEXT), ("text/xml", XML)],
)
@pytest.mark.parametrize(
    ("path", "status", "detail"), [("/broken", 500, "Unhandled Exception"), ("/error", 500, "On purpose")]
)
def test_default_register_answers_everything_plainly_whatever_templates_there_are(
    ask: Ask, accept: str, content_type: str, path: str, status: int, detail: str
) -> None:
    response = ask(
        an_app(a_fragile_part(), in_style("default")),
        path,
        app_options=TEMPLATES,
        headers=[("Accept", accept)] if accept else [],
    )

    assert (response.status, response.content_type) == (status, content_type)
    assert (detail in response.text) is (content_type != HTML or path == "/error")
    assert "Cheese shop" not in response.text
    if content_type == HTML:
        assert heading(response) == "Something went wrong"


def test_default_register_sets_a_blueprint_apart_from_the_app_and_the_last_style_counts() -> None:
    twins = Twins.built(an_api(a_fragile_part(in_style("api"), in_style("default"))))

    assert statuses_and_types(twins, "/part/broken", "/part/nope", "/nope") == [(500, HTML), (404, HTML), (404, JSON)]
