"""What a handler may return or raise."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from http import HTTPStatus
from typing import Any

import pytest
from markupsafe import Markup
from werkzeug.exceptions import (
    Gone,
    ImATeapot,
    default_exceptions,
)

from errbridge import Page, Problem, Reply
from tests.applications import (
    Application,
    Ask,
    a_handler,
    a_native_handler,
    an_api,
    an_app,
    failing,
    in_style,
    raising,
    says,
    with_templates,
)
from tests.handling.zoo import SoldOut, key_of, zoo
from tests.twins import Twins, World

# What a handler gives.


def test_a_handler_that_raises_the_500_it_was_given_leaves_it_to_the_next(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    def raise_it(exc: Exception) -> None:
        raise exc

    parts = an_app(a_handler("*", raise_it, on="/shop"), a_handler(500, says("the next")))

    response = ask(an_api(failing("/shop/x", KeyError), parts), "/shop/x")

    assert (response.status, response.text) == (500, "the next")
    assert not any("failed" in record.getMessage() for record in caplog.records)


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

    application = zoo(
        in_style("api"),
        a_handler(key_of(registered_for), handler),
        # The handlers for the new status are not asked.
        a_handler(["4xx", "5xx"], says("asked again")),
    )

    response = ask(application, f"/raise/{registered_for}")

    error = raised()
    status = error.status if isinstance(error, Problem) else error.code
    assert (response.status, response.json["status"], response.json["detail"]) == (status, status, "not here")
    assert ("sku" in response.json) == (status == 451)


@pytest.mark.parametrize("registered_for", ["KeyError", "404"])
def test_a_handler_may_abort(ask: Ask, registered_for: str) -> None:
    def abort_with_a_teapot(world: World) -> None:
        a_handler(key_of(registered_for), lambda exc: world.abort(418, "short and stout"))(world)

    response = ask(zoo(in_style("api"), abort_with_a_teapot), f"/raise/{registered_for}")

    assert (response.status, response.json["detail"]) == (418, "short and stout")


@pytest.mark.parametrize(
    "raised", [lambda: ImATeapot("short and stout"), lambda: Problem(418, detail="short and stout")]
)
def test_a_native_handler_may_raise_an_http_error_as_well(ask: Ask, raised: Callable[[], Exception]) -> None:
    application = zoo(in_style("api"), a_native_handler(404, raising(raised)))

    response = ask(application, "/raise/404")

    assert (response.status, response.json["detail"]) == (418, "short and stout")


@pytest.mark.parametrize("registered_for", ["KeyError", "404"])
def test_a_handler_may_abort_with_a_response(ask: Ask, registered_for: str) -> None:
    def abort_with_a_response(world: World) -> None:
        ready = functools.partial(world.app.response_class, "ready", 299)
        a_handler(key_of(registered_for), lambda exc: world.abort(ready()))(world)

    response = ask(zoo(abort_with_a_response), f"/raise/{registered_for}")

    assert (response.status, response.text) == (299, "ready")


def test_a_native_handler_may_return_what_errbridge_understands(ask: Ask) -> None:
    application = an_api(a_native_handler(404, lambda exc: Problem(410, detail="native")))

    response = ask(application, "/nope")

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


def a_zoo_that_returns(result: Callable[[World], Any], key: Any, *, later: bool = False) -> Application:
    """Set up the zoo with a handler that returns this, sync or async."""

    def handler(world: World) -> None:
        async def awaited(exc: Exception) -> Any:
            return result(world)

        a_handler(key, awaited if later else lambda exc: result(world))(world)

    return zoo(with_templates({"page.html": "{{ error.status }} {{ error.title }} {{ who }}"}), handler)


@pytest.mark.parametrize("result", RESULTS)
@pytest.mark.parametrize("later", [False, True], ids=["sync", "async"])
def test_without_a_status_of_its_own_an_answer_keeps_that_of_the_error(ask: Ask, result: str, later: bool) -> None:
    give, status, content_type, body = RESULTS[result]

    response = ask(a_zoo_that_returns(give, 404, later=later), "/nope")

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
def test_without_a_status_it_is_never_200(ask: Ask, result: str, path: str, status: int) -> None:
    assert ask(a_zoo_that_returns(RESULTS[result][0], "*"), path).status == status


def test_a_domain_exception_that_a_handler_answers_without_a_status_is_a_500(ask: Ask) -> None:
    response = ask(a_zoo_that_returns(lambda world: "lost", KeyError), "/raise/KeyError")

    assert (response.status, response.text) == (500, "lost")


def test_a_handler_may_stream_its_answer(ask: Ask) -> None:
    def pieces() -> Generator[str, None, None]:
        yield "one "
        yield "two"

    response = ask(a_zoo_that_returns(lambda world: pieces(), 404), "/nope")

    assert (response.status, response.text) == (404, "one two")


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
    application = an_app(
        in_style("web", "/seeing"),
        a_handler(404, lambda exc, incident: given(), on="/seeing"),
        a_handler(404, lambda exc: given(), on="/blind"),
    )

    seeing, blind = ask(application, "/seeing/x"), ask(application, "/blind/x")
    own = ["Cookie"] if blind.header("Vary") else []
    assert seeing.members("Vary") == {"Accept", "X-Requested-With", *own}
    assert blind.members("Vary") == set(own)
    assert seeing.body == blind.body


def test_a_response_object_of_a_handler_goes_out_as_it_is(ask: Ask) -> None:
    def a_handler_with_a_response(world: World) -> None:
        a_handler(404, lambda exc, incident: world.app.response_class("own", 404))(world)

    assert ask(a_handler_with_a_response, "/x").header("Vary") is None


def test_a_handler_that_passes_may_have_chosen_to_by_what_the_client_wants(ask: Ask) -> None:
    application = an_app(
        a_handler(404, lambda exc, incident: {"a": 1} if "json" in incident.media_type else None, on="/api"),
        a_handler(404, lambda exc: "the app"),
    )

    answered = ask(application, "/api/x", headers=[("Accept", "text/html")])
    assert (answered.text, answered.header("Vary")) == ("the app", "Accept")


@pytest.mark.parametrize("as_response", [False, True])
def test_a_native_handler_after_one_that_passed_says_to_caches_that_there_are_two_answers(
    as_response: bool,
) -> None:
    def natively(world: World) -> None:
        made = world.app.response_class("native", 404)
        result = made if as_response else ("native", 404, {"Vary": "Cookie"})
        a_native_handler(404, lambda exc: result)(world)

    application = an_app(
        a_handler(404, lambda exc, incident: {"a": 1} if "json" in incident.media_type else None, on="/api"), natively
    )

    twins = Twins.built(application)
    for path, expected in [("/api/x", True), ("/x", False)] * 2:  # the response object itself is not changed
        answered = twins.ask(path, headers=[("Accept", "text/html")])
        assert (answered.text, "Accept" in answered.members("Vary")) == ("native", expected)
