"""Styles and the response decorator."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import (
    NotFound,
    TooManyRequests,
)

from errbridge import Problem
from tests.answers.every_style import in_every_style
from tests.applications import (
    HTML,
    JSON,
    Ask,
    a_blueprint,
    a_site,
    a_view,
    aborting,
    an_app,
    answering,
    failing,
    in_style,
    with_templates,
)
from tests.twins import Twins, World

# Styles.


def test_failure_register_answers_uncaught_exceptions_and_nothing_else() -> None:
    application = a_site(
        with_templates({"error.html": "template"}),
        a_blueprint(
            "shop",
            failing("/crash", lambda: KeyError("x")),
            failing("/missing", NotFound),
            failing("/sold", lambda: Problem(409)),
            in_style("failure"),
        ),
    )

    twins = Twins.built(application)

    assert twins.ask("/shop/crash").status == 500
    assert twins.ask("/shop/crash").text.startswith("<!DOCTYPE html>")
    assert [twins.ask(f"/shop/{name}").text for name in ("missing", "sold", "nope")] == ["template"] * 3


@pytest.mark.parametrize(
    ("option", "expected"),
    [("api", JSON), ("web", "template"), ("default", "<!DOCTYPE html>"), (None, "<!DOCTYPE html>")],
)
@pytest.mark.parametrize("way", ["option", "config"])
def test_error_handler_is_the_style_of_the_app(ask: Ask, option: str | None, expected: str, way: str) -> None:
    given: dict[str, Any] = (
        {"options": {"handler": option}} if way == "option" else {"config": {"ERROR_HANDLER": option}}
    )

    response = ask(with_templates({"error.html": "template"}), "/nope", **given)

    assert expected in (response.content_type, response.text[: len(expected)])


def test_of_two_styles_for_one_target_the_last_counts(ask: Ask) -> None:
    application = an_app(
        in_style("web", "/a"),
        in_style("api", "/a"),
        in_style("api"),
        in_style("default"),
    )

    assert ask(application, "/a/nope").content_type == JSON
    assert ask(application, "/nope").content_type == HTML


def reading(world: World) -> None:
    def read() -> Any:
        return world.framework.request.get_data()

    async def read_later() -> Any:
        return await read()

    a_view("/read", read_later if world.is_async else read, methods=["POST"])(world)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/aborting", 409),
        ("GET", "/api/failing", 410),
        ("GET", "/api/nope", 404),
        ("DELETE", "/api/aborting", 405),
        ("POST", "/api/read", 413),
        ("GET", "/api/crash", 500),
    ],
)
def test_an_api_is_documents_for_every_error_of_its_views_and_urls(
    ask: Ask, method: str, path: str, status: int
) -> None:
    application = a_blueprint(
        "api",
        aborting("/aborting", 409),
        failing("/failing", lambda: Problem(410)),
        failing("/crash", KeyError),
        reading,
        in_style("api"),
    )

    response = ask(application, path, method, body=b"12345", config={"MAX_CONTENT_LENGTH": 4})

    assert (response.status, response.content_type, response.json["status"]) == (status, JSON, status)


def test_an_api_leaves_a_response_of_a_view_alone_whatever_its_status(ask: Ask) -> None:
    application = a_blueprint("api", answering("/sold", ({"error": "sold"}, 409)), in_style("api"))

    response = ask(application, "/api/sold")

    assert (response.status, response.content_type, response.json) == (409, "application/json", {"error": "sold"})


@pytest.mark.parametrize("named", ["json", "xml"])
def test_the_response_decorator_makes_the_documents(ask: Ask, named: str) -> None:
    def decorator(function: Callable[[], tuple[dict[str, Any], int, dict[str, str]]]) -> Callable[[], Any]:
        def wrapper() -> Any:
            document, status, headers = function()
            text = json.dumps({"status": document["status"], "detail": document["detail"]})
            return text, status, {**headers, "Content-Type": f"application/{named}", "X-Made": "yes"}

        return wrapper

    response = ask(
        in_every_style(lambda: TooManyRequests("slow", retry_after=3)), "/api/x", options={"response": decorator}
    )

    assert (response.status, response.json) == (429, {"status": 429, "detail": "slow"})
    assert response.content_type == f"application/problem+{named}"
    assert (response.header("X-Made"), response.header("Retry-After")) == ("yes", "3")
    assert response.header("X-Content-Type-Options") == "nosniff"


def test_the_response_decorator_does_not_make_pages(ask: Ask) -> None:
    response = ask(in_every_style(), "/web/x", options={"response": lambda function: lambda: "decorated"})

    assert response.content_type == HTML
    assert "decorated" not in response.text
