"""Templates and response decorators that fail."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from jinja2 import DictLoader
from werkzeug.exceptions import (
    NotFound,
)

from tests.applications import Ask, a_hook, an_app, raising
from tests.clients import Request
from tests.failures.fragile import (
    STATUS,
    TEMPLATES,
    Failure,
    a_fragile_app,
    a_fragile_site,
    chained,
    later_failing,
    records,
    shown_by,
)
from tests.own_answers import MODES, accepting, complete
from tests.twins import World


@pytest.mark.parametrize("from_handler", [False, True], ids=["ERROR_PAGE", "a handler's Page"])
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("path", ["404", "bug"])
def test_a_template_that_fails_leaves_the_error_to_the_built_in_page(
    ask: Ask, path: str, template: str, from_handler: bool
) -> None:
    response = ask(a_fragile_site(TEMPLATES[template], from_handler=from_handler), f"/{path}")

    complete(response, STATUS[path], "text/html")
    assert "half" not in response.text


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_that_fails_is_logged_once_with_the_error(
    world: World, caplog: pytest.LogCaptureFixture, template: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    a_fragile_site(TEMPLATES[template])(world)

    world.call(Request("/404"))

    (record,) = records(caplog)
    assert (record.levelno, vars(record)["status"]) == (logging.ERROR, 404)
    shown = shown_by(record)
    assert shown[0] is not NotFound
    assert shown[-1] is NotFound


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("template", ["raises", "is wrong", "includes what is missing"])
def test_where_the_developer_wants_to_see_it_the_failure_of_a_template_is_raised(
    world: World, mode: str, template: str
) -> None:
    world.config = MODES[mode]
    a_fragile_site(TEMPLATES[template])(world)

    shown = [type(each) for each in chained(world.find_escaped("/404"))]

    assert len(shown) >= 2
    assert shown[-1] is NotFound


def test_a_context_processor_that_fails_leaves_the_error_to_the_built_in_page(ask: Ask) -> None:
    application = an_app(a_fragile_site("page"), a_hook("context_processor", raising(lambda: Failure("secret"))))

    complete(ask(application, "/404"), 404, "text/html")


def test_a_template_loader_that_fails_leaves_the_error_to_the_built_in_page(ask: Ask) -> None:
    class Loader(DictLoader):
        def get_source(self, environment: Any, template: str) -> Any:
            raise Failure("secret")

    def a_site_whose_loader_fails(world: World) -> None:
        a_fragile_site("page")(world)
        world.app.jinja_loader = Loader({})

    complete(ask(a_site_whose_loader_fails, "/404"), 404, "text/html")


# The response= decorator.

DECORATORS: dict[str, Callable[[Any], Any]] = {
    "raises": raising(lambda: Failure("secret")),
    "makes a function that raises": lambda function: raising(lambda: Failure("secret")),
    "makes a coroutine function that raises": lambda function: later_failing,
    "makes a function that stops": lambda function: raising(lambda: StopIteration("secret")),
    "makes nothing": lambda function: None,
    "gives nothing": lambda function: lambda: None,
    "gives an object": lambda function: object,
    "gives a 4-tuple": lambda function: lambda: ("body", 404, {}, "more"),
    "gives a tuple with a bad status": lambda function: lambda: ("body", "nonsense"),
}


@pytest.mark.parametrize("decorator", DECORATORS)
@pytest.mark.parametrize("path", STATUS)
def test_a_response_decorator_that_fails_leaves_the_error_to_the_built_in_document(
    ask: Ask, path: str, decorator: str
) -> None:
    response = ask(
        a_fragile_app, f"/{path}", headers=accepting("application/json"), options={"response": DECORATORS[decorator]}
    )

    complete(response, STATUS[path], "application/json")


@pytest.mark.parametrize("decorator", DECORATORS)
def test_a_response_decorator_that_fails_is_logged_once_with_the_error(
    world: World, caplog: pytest.LogCaptureFixture, decorator: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    world.options = {"response": DECORATORS[decorator]}
    a_fragile_app(world)

    world.call(Request("/404", headers=accepting("application/json")))

    (record,) = records(caplog)
    assert (record.levelno, vars(record)["status"]) == (logging.ERROR, 404)
    assert shown_by(record)[-1] is NotFound


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("decorator", ["raises", "makes a function that raises", "gives an object"])
def test_where_the_developer_wants_to_see_it_the_failure_of_a_response_decorator_is_raised(
    world: World, mode: str, decorator: str
) -> None:
    world.config = MODES[mode]
    world.options = {"response": DECORATORS[decorator]}
    a_fragile_app(world)
    world.errors.api_register(world.app)

    shown = [type(each) for each in chained(world.find_escaped("/404"))]

    assert len(shown) >= 2
    assert shown[-1] is NotFound
