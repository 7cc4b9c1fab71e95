"""Errors, pages and replies that a view returns, alone and in the frameworks' tuples."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import Conflict, HTTPException, Unauthorized
from werkzeug.wrappers import Response

from errbridge import Page, Problem, Reply
from tests.applications import (
    HTML,
    JSON,
    TEXT,
    Ask,
    Part,
    a_handler,
    a_hook,
    a_native_handler,
    a_view,
    an_api,
    answering,
    failing,
    with_templates,
)
from tests.clients import Request
from tests.twins import World


class OutOfStock(Problem, status=409):
    """There is none left."""


class SoldOut(Exception):
    """A domain exception."""


class Teapot(HTTPException):
    """An exception with a body of its own."""

    code = 418

    def get_body(self, *args: Any, **kwargs: Any) -> str:
        return "short and stout"


TEMPLATES = with_templates({"own.html": "<p>{{ word }}</p>"})

ERRORS: dict[str, tuple[Callable[[], Any], int, str | None]] = {
    "a problem": (lambda: Problem(409), 409, None),
    "a problem and its status": (lambda: (Problem(409), 409), 409, None),
    "a problem and another status": (lambda: (Problem(409), 410), 410, None),
    "a problem and a status in text": (lambda: (Problem(409), "410 Gone"), 410, None),
    "a problem and headers": (lambda: (Problem(409), {"X-A": "1"}), 409, "1"),
    "a problem and a list of headers": (lambda: (Problem(409), [("X-A", "1")]), 409, "1"),
    "a problem, a status and headers": (lambda: (Problem(409, headers={"X-A": "0"}), 410, {"x-a": "1"}), 410, "1"),
    "a class of problems": (lambda: OutOfStock, 409, None),
    "a class of problems and a status": (lambda: (OutOfStock, 422), 422, None),
    "an HTTP exception": (lambda: Conflict(), 409, None),
    "an HTTP exception and its status": (lambda: (Conflict(), 409), 409, None),
    "an HTTP exception and another status": (lambda: (Conflict(), 410), 410, None),
    "an HTTP exception and headers": (lambda: (Conflict(), {"X-A": "1"}), 409, "1"),
    "an HTTP exception, a status and headers": (lambda: (Conflict(), 410, {"X-A": "1"}), 410, "1"),
    "a class of HTTP exceptions": (lambda: Conflict, 409, None),
    "a class of HTTP exceptions and headers": (lambda: (Conflict, {"X-A": "1"}), 409, "1"),
}


def from_a_view(make: Callable[[], Any]) -> Part:
    return a_view("/x", make)


def from_a_hook(make: Callable[[], Any]) -> Part:
    return lambda world: [part(world) for part in (answering("/x"), a_hook("before_request", make))]


def from_a_handler(make: Callable[[], Any]) -> Part:
    return lambda world: [part(world) for part in (failing("/x", KeyError), a_handler(KeyError, lambda exc: make()))]


def from_a_native_handler(make: Callable[[], Any]) -> Part:
    return lambda world: [
        part(world) for part in (failing("/x", KeyError), a_native_handler(KeyError, lambda exc: make()))
    ]


PLACES = [from_a_view, from_a_hook, from_a_handler, from_a_native_handler]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ERRORS)
def test_an_error_that_is_returned_is_answered_with_what_stands_beside_it(
    ask: Ask, name: str, place: Callable[[Callable[[], Any]], Part]
) -> None:
    make, status, header = ERRORS[name]

    response = ask(an_api(place(make)), "/x")

    assert (response.status, response.content_type) == (status, JSON)
    assert response.json["status"] == status
    assert response.header("X-A") == header


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("make", "status", "content_type", "body", "header"),
    [
        (lambda: (Reply("sold"), 409), 409, TEXT, "sold", None),
        (lambda: (Reply(b"sold", 410, {"X-A": "0"}), {"X-A": "1"}), 410, "application/octet-stream", "sold", "1"),
        (lambda: (Reply("<p>", headers={"Content-Type": HTML}), 409, {"X-A": "1"}), 409, HTML, "<p>", "1"),
        (lambda: (Page("own.html", word="sold"), 409), 409, HTML, "<p>sold</p>", None),
        (lambda: (Page("own.html", word="<"), 409, {"X-A": "1"}), 409, HTML, "<p>&lt;</p>", "1"),
        (lambda: (Page("own.html", word="sold"), 409, {"X-A": "1\n2"}), 409, HTML, "<p>sold</p>", "1 2"),
        (lambda: (Page("own.html", word="sold"), 409, {"Content-Length": "1"}), 409, HTML, "<p>sold</p>", None),
        (lambda: (Page("own.html", word="sold"), "409 Sold", {"Content-Type": TEXT}), 409, TEXT, "<p>sold</p>", None),
        (lambda: (Reply("sold"), 409, {"X-A": "1\n2"}), 409, TEXT, "sold", "1 2"),
    ],
)
def test_a_page_or_reply_is_sent_with_what_stands_beside_it(
    ask: Ask,
    make: Callable[[], Any],
    status: int,
    content_type: str,
    body: str,
    header: str | None,
    place: Callable[[Callable[[], Any]], Part],
) -> None:
    response = ask(an_api(TEMPLATES, place(make)), "/x")

    assert (response.status, response.content_type, response.text) == (status, content_type, body)
    assert response.header("X-A") == header


@pytest.mark.parametrize("make", [lambda: Reply("sold"), lambda: Page("own.html", word="sold")])
def test_a_page_or_reply_of_a_view_is_a_200_as_any_other_result(ask: Ask, make: Callable[[], Any]) -> None:
    assert ask(an_api(TEMPLATES, from_a_view(make)), "/x").status == 200


def test_a_reply_becomes_a_response_without_a_request(world: World) -> None:
    assert world.errors

    def make() -> Any:
        return world.app.make_response(Reply("sold", 409))

    async def make_later() -> Any:
        async with world.app.app_context():
            return await make()

    if world.is_async:
        response = asyncio.run(make_later())
    else:
        with world.app.app_context():
            response = make()

    assert response.status_code == 409


@pytest.mark.parametrize("place", PLACES)
def test_an_exception_whose_class_is_returned_counts_as_raised(
    world: World, caplog: pytest.LogCaptureFixture, place: Callable[[Callable[[], Any]], Part]
) -> None:
    seen: list[BaseException] = []

    def note(_: Any, exception: BaseException) -> None:
        seen.append(exception)

    an_api(place(lambda: SoldOut))(world)
    with world.framework.got_request_exception.connected_to(note), caplog.at_level(logging.DEBUG):
        response = world.call(Request("/x", headers=[("Authorization", "s3cret")]))

    assert response.status == 500
    assert [type(exc) for exc in seen] == [SoldOut]
    assert "s3cret" not in caplog.text
    assert "s3cret" not in response.text


def test_a_handler_answers_an_exception_whose_class_a_view_returned(ask: Ask) -> None:
    application = an_api(from_a_view(lambda: SoldOut), a_handler(SoldOut, lambda exc: Problem(409, detail="sold")))

    assert ask(application, "/x").json["detail"] == "sold"


def test_an_exception_with_a_body_of_its_own_keeps_it_in_a_tuple(ask: Ask) -> None:
    response = ask(an_api(from_a_view(lambda: (Teapot(), 409, {"X-A": "1"}))), "/x")

    assert (response.status, response.text, response.header("X-A")) == (409, "short and stout", "1")


def test_an_exception_that_carries_a_response_stays_the_frameworks_in_a_tuple(ask: Ask) -> None:
    response = ask(an_api(from_a_view(lambda: (Conflict(response=Response("own", 451)), {"X-A": "1"}))), "/x")

    assert (response.status, response.text, response.header("X-A")) == (451, "own", "1")


def test_a_tuple_changes_no_exception_that_is_returned_for_every_request(ask: Ask) -> None:
    shared = Unauthorized("sign in")
    application = an_api(
        a_view("/changed", lambda: (shared, 403, {"X-A": "1"})), a_view("/plain", lambda: shared, endpoint="plain")
    )

    changed, plain = ask(application, "/changed"), ask(application, "/plain")

    assert (changed.status, changed.json["detail"], changed.header("X-A")) == (403, "sign in", "1")
    assert (plain.status, plain.header("X-A")) == (401, None)


def test_a_status_that_no_error_has_makes_a_500_of_a_returned_problem(ask: Ask) -> None:
    response = ask(an_api(from_a_view(lambda: (Problem(409), 200))), "/x")

    assert response.status == 500


@pytest.mark.parametrize("made", [lambda: (Problem(409),), lambda: (Problem(409), 409, {}, "more")])
def test_a_tuple_of_another_form_is_the_frameworks_to_refuse(
    ask: Ask, made: Callable[[], Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(an_api(from_a_view(made)), "/x").status == 500
    assert not any("errbridge failed" in record.getMessage() for record in caplog.records)
