"""Among the framework's own handlers the framework chooses, and its signal is sent for what any handler raises."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException, InternalServerError, NotFound

from errbridge import Page, Problem
from tests.applications import (
    JSON,
    Ask,
    Part,
    a_blueprint,
    a_catch_all,
    a_handler,
    a_native_handler,
    aborting,
    an_api,
    an_app,
    failing,
    in_style,
    raising,
    with_templates,
)
from tests.clients import Request
from tests.failures.fragile import Bug
from tests.twins import World


def names(word: str) -> Callable[[Exception], str]:
    """Make a native handler that says what it was registered for, and what it was called with."""
    return lambda exc: f"{word} got {type(exc).__name__}"


def declines(exc: Exception) -> None:
    return None


NATIVE: dict[str, list[Part]] = {
    "Exception and 500": [a_native_handler(Exception, names("Exception")), a_native_handler(500, names("500"))],
    "Exception and HTTPException": [
        a_native_handler(Exception, names("Exception")),
        a_native_handler(HTTPException, names("HTTPException")),
    ],
    "500": [a_native_handler(500, names("500"))],
    "InternalServerError, LookupError": [
        a_native_handler(InternalServerError, names("500")),
        a_native_handler(LookupError, names("LookupError")),
    ],
    "HTTPException": [a_native_handler(HTTPException, names("HTTPException"))],
    "404, HTTPException, Exception": [
        a_native_handler(404, names("404")),
        a_native_handler(HTTPException, names("HTTPException")),
        a_native_handler(Exception, names("Exception")),
    ],
}

DECLINING: dict[str, Part] = {
    "500": a_handler(500, declines),
    "5xx": a_handler("5xx", declines),
    "404": a_handler(404, declines),
    "everything": a_catch_all(declines),
    "KeyError": a_handler(KeyError, declines),
    "Exception": a_handler(Exception, declines),
}


@pytest.mark.parametrize("native", NATIVE)
@pytest.mark.parametrize("declining", DECLINING)
@pytest.mark.parametrize("path", ["/shop/crash", "/shop/gone", "/shop/nope", "/elsewhere"])
@pytest.mark.parametrize("propagate", [False, True])
def test_a_handler_that_declines_changes_nothing_about_which_native_handler_answers(
    world: World, native: str, declining: str, path: str, propagate: bool
) -> None:
    answers: list[Any] = []
    for parts in ([], [DECLINING[declining]]):
        fresh = World(world.name, world.framework, world.adapter, config={"PROPAGATE_EXCEPTIONS": propagate})
        shop = a_blueprint("shop", failing("/crash", KeyError), aborting("/gone", 404), *parts)
        an_app(shop, *NATIVE[native])(fresh)
        try:
            response = fresh.call(Request(path))
            answers.append((response.status, response.text if response.status == 200 else ""))
        except KeyError as error:
            answers.append(type(error))

    assert answers[0] == answers[1]


def test_a_nearer_handler_that_answers_wins_over_a_native_one(ask: Ask) -> None:
    shop = a_blueprint("shop", failing("/crash", KeyError), a_handler(500, lambda exc: Problem(503, detail="ours")))

    response = ask(an_app(in_style("api"), shop, a_native_handler(Exception, names("Exception"))), "/shop/crash")

    assert (response.status, response.json["detail"]) == (503, "ours")


@contextmanager
def signalled(world: World) -> Iterator[list[str]]:
    """Collect the texts of the exceptions for which the framework's signal is sent."""
    seen: list[str] = []

    def note(_: Any, exception: BaseException) -> None:
        seen.append(str(exception))

    with world.framework.got_request_exception.connected_to(note):
        yield seen


def broken() -> Exception:
    return RuntimeError("in the handler")


FAILING: dict[str, Part] = {
    "a native handler": a_native_handler(404, raising(broken)),
    "a native handler for a class": a_native_handler(NotFound, raising(broken)),
    "a handler": a_handler(404, raising(broken)),
    "a catch-all": a_catch_all(raising(broken)),
    "a page": a_handler(404, lambda exc: Page("broken.html")),
    "a template": in_style("web"),
}
TEMPLATES = {"broken.html": "{{ fail() }}", "errors/404.html": "{{ fail() }}"}


@pytest.mark.parametrize("failing_part", FAILING)
@pytest.mark.parametrize("path", ["/nope", "/gone"])
def test_the_signal_is_sent_for_what_a_handler_or_page_raises(world: World, failing_part: str, path: str) -> None:
    def add_fail(world: World) -> None:
        world.app.jinja_env.globals["fail"] = raising(broken)

    an_app(with_templates(TEMPLATES), add_fail, aborting("/gone", 404), FAILING[failing_part])(world)

    with signalled(world) as seen:
        response = world.call(Request(path))

    assert response.status == 404
    assert seen == ["in the handler"]


def test_the_signal_is_sent_for_an_uncaught_exception_and_for_its_handlers_failure(world: World) -> None:
    an_app(failing("/x", lambda: LookupError("first")), a_handler(500, raising(broken)))(world)

    with signalled(world) as seen:
        response = world.call(Request("/x"))

    assert response.status == 500
    assert seen == ["first", "in the handler"]


def test_a_failure_that_is_raised_is_signalled_once(world: World) -> None:
    an_app(a_handler(404, raising(broken)))(world)
    world.app.config["PROPAGATE_EXCEPTIONS"] = True

    with signalled(world) as seen:
        assert world.find_escaped("/nope") is not None

    assert seen == ["in the handler"]


def test_a_receiver_of_the_signal_that_fails_does_not_change_the_answer(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Any, exception: BaseException) -> None:
        raise ZeroDivisionError

    an_app(in_style("api"), a_handler(404, raising(broken)))(world)
    with world.framework.got_request_exception.connected_to(fail):
        response = world.call(Request("/nope"))

    assert (response.status, response.json["title"]) == (404, "Not Found")
    assert "a receiver of the framework's signal failed" in caplog.text


@pytest.mark.parametrize("key", [Exception, Bug])
def test_a_native_handler_that_fails_is_not_asked_about_its_own_failure(world: World, key: type[Exception]) -> None:
    asked: list[type] = []

    def fails(exc: Exception) -> None:
        asked.append(type(exc))
        raise RuntimeError("secret")

    an_api(failing("/x", Bug), a_native_handler(key, fails))(world)

    response = world.call(Request("/x"))

    assert (response.status, response.content_type) == (500, JSON)
    assert asked == [Bug]


@pytest.mark.parametrize(
    ("path", "status", "kind"), [("/nope", 404, "NotFound"), ("/gone", 410, "Gone"), ("/crash", 500, "KeyError")]
)
def test_the_handler_of_flasks_documentation_passes_http_errors_on(
    world: World, caplog: pytest.LogCaptureFixture, path: str, status: int, kind: str
) -> None:
    asked: list[str] = []
    seen: list[tuple[str, int | None]] = []

    def handle(exc: Exception) -> Any:
        asked.append(type(exc).__name__)
        return exc if isinstance(exc, HTTPException) else ("a bug", 500)

    views = (aborting("/gone", 410), failing("/crash", KeyError))
    an_app(in_style("api"), a_native_handler(Exception, handle), *views)(world)
    world.errors.on_incident(lambda incident, reply: seen.append((type(incident.exception).__name__, reply.status)))
    with caplog.at_level(logging.INFO):
        response = world.call(Request(path))

    assert response.status == status
    assert (asked, seen) == ([kind], [(kind, status)])
    assert [vars(record)["status"] for record in caplog.records] == [status]
