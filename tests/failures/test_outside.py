"""Errors around the handling of a request: sessions, hooks, teardown, timeouts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask.sessions import SecureCookieSession
from werkzeug.exceptions import (
    ClientDisconnected,
    Forbidden,
    NotFound,
)

from errbridge import Problem
from tests.applications import (
    JSON,
    Application,
    Ask,
    a_blueprint,
    a_catch_all,
    a_handler,
    a_hook,
    an_app,
    answering,
    failing,
    in_style,
    raising,
)
from tests.clients import Request, call_asgi
from tests.failures.fragile import Bug, around, bug, coloured, records
from tests.own_answers import EVERY, MODES, accepting, complete
from tests.twins import World, quart_world

Make = Callable[[], BaseException]


# Sessions.


class Sessions:
    """Sessions that cannot be opened, or cannot be saved."""

    def __init__(self, world: World, make: Make, where: str) -> None:
        fail = coloured(world, raising(make))
        self.open_session = fail if where == "open" else coloured(world, lambda *args: SecureCookieSession())
        self.save_session = fail

    def is_null_session(self, session: Any) -> bool:
        return False


def with_sessions(make: Make, where: str) -> Application:
    """Set up a page, and the prefix of an API, with sessions that fail where they are opened or saved."""

    def failing_sessions(world: World) -> None:
        world.app.session_interface = Sessions(world, make, where)

    return an_app(answering("/page"), in_style("api", "/api"), failing_sessions)


@pytest.mark.parametrize("where", ["open", "save"])
@pytest.mark.parametrize("make", [bug, lambda: TimeoutError("secret"), lambda: ExceptionGroup("secret", [bug()])])
@pytest.mark.parametrize("path", ["/page", "/nope", "/api/nope"])
@pytest.mark.parametrize("accept", EVERY)
def test_a_session_that_fails_is_answered(ask: Ask, where: str, make: Make, path: str, accept: str) -> None:
    expected = "application/json" if "api" in path and accept == "text/html" else accept  # an API has no pages

    complete(ask(with_sessions(make, where), path, headers=accepting(accept)), 500, expected)


@pytest.mark.parametrize("where", ["open", "save"])
def test_a_session_that_fails_is_answered_in_the_style_of_the_url(ask: Ask, where: str) -> None:
    complete(ask(with_sessions(bug, where), "/api/nope"), 500, "application/json")
    complete(ask(with_sessions(bug, where), "/page"), 500, "text/html")


@pytest.mark.parametrize("where", ["open", "save"])
@pytest.mark.parametrize("make", [Forbidden, lambda: Problem(409, detail="secret")])
def test_a_session_that_cannot_be_opened_is_a_500_whatever_was_raised(ask: Ask, where: str, make: Make) -> None:
    """The client gets no answer to its request, whatever the session's store does."""
    complete(ask(with_sessions(make, where), "/page", headers=accepting("application/json")), 500, "application/json")


@pytest.mark.parametrize("where", ["open", "save"])
@pytest.mark.parametrize("mode", MODES)
def test_a_session_that_fails_is_shown_to_the_developer(world: World, where: str, mode: str) -> None:
    world.config = MODES[mode]
    with_sessions(bug, where)(world)

    assert isinstance(world.find_escaped("/page", BaseException), Bug)


@pytest.mark.parametrize("where", ["open", "save"])
def test_a_session_that_fails_is_logged_once_by_errbridge(
    world: World, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    with_sessions(bug, where)(world)

    world.call(Request("/page"))

    (record,) = records(caplog)
    assert (record.levelno, vars(record)["status"], vars(record)["path"]) == (logging.ERROR, 500, "/page")
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Bug)


# Hooks and teardown.

HOOKS = ["before_request", "after_request", "url_value_preprocessor"]
TEARDOWNS = ["teardown_request", "teardown_appcontext"]


def with_hook(hook: str, make: Make, *, of_blueprint: bool = False) -> Application:
    """Set up a page, and one of an API, with a function around requests that raises."""
    raised = a_hook(hook, raising(make))
    parts = [] if of_blueprint else [raised]
    return an_app(
        a_blueprint("api", in_style("api"), answering("/page"), *([raised] if of_blueprint else [])),
        answering("/page"),
        *parts,
    )


@pytest.mark.parametrize("hook", [*HOOKS, "teardown_request"])
def test_a_hook_of_a_blueprint_that_fails_is_answered_by_the_blueprint(ask: Ask, hook: str) -> None:
    complete(ask(with_hook(hook, bug, of_blueprint=True), "/api/page"), 500, "application/json")


@pytest.mark.parametrize("hook", HOOKS[:2])
def test_a_hook_of_the_application_that_fails_is_answered_by_the_owner_of_the_url(ask: Ask, hook: str) -> None:
    complete(ask(with_hook(hook, bug), "/api/page"), 500, "application/json")
    complete(ask(with_hook(hook, bug), "/page"), 500, "text/html")


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("mode", MODES)
def test_a_hook_that_fails_is_shown_to_the_developer(world: World, hook: str, mode: str) -> None:
    world.config = MODES[mode]
    with_hook(hook, bug)(world)

    assert isinstance(world.find_escaped("/page", BaseException), Bug)


@pytest.mark.parametrize("hook", TEARDOWNS)
@pytest.mark.parametrize("path", ["/page", "/nope", "/bug"])
@pytest.mark.parametrize("accept", EVERY)
def test_a_teardown_that_raises_takes_the_place_of_the_answer(ask: Ask, hook: str, path: str, accept: str) -> None:
    complete(ask(an_app(with_hook(hook, bug), failing("/bug", bug)), path, headers=accepting(accept)), 500, accept)


@pytest.mark.parametrize("hook", TEARDOWNS)
@pytest.mark.parametrize("make", [Forbidden, lambda: Problem(409), lambda: ExceptionGroup("secret", [NotFound()])])
def test_a_teardown_that_raises_is_a_500_whatever_was_raised(ask: Ask, hook: str, make: Make) -> None:
    """What the client asked for was done by then."""
    complete(ask(with_hook(hook, make), "/page", headers=accepting("application/json")), 500, "application/json")


@pytest.mark.parametrize("hook", TEARDOWNS)
def test_head_of_a_teardown_that_raises_has_no_body(ask: Ask, hook: str) -> None:
    get = ask(with_hook(hook, bug), "/page")
    head = ask(with_hook(hook, bug), "/page", "HEAD")

    assert (head.status, head.body) == (500, b"")
    assert head.header("Content-Length") == get.header("Content-Length")


@pytest.mark.parametrize("hook", TEARDOWNS)
@pytest.mark.parametrize("mode", MODES)
def test_a_teardown_that_raises_is_shown_to_the_developer(world: World, hook: str, mode: str) -> None:
    world.config = MODES[mode]
    with_hook(hook, bug)(world)

    assert isinstance(world.find_escaped("/page", BaseException), Bug)


@pytest.mark.parametrize("hook", [*HOOKS, *TEARDOWNS])
def test_what_fails_once_does_not_affect_the_next_request(ask: Ask, hook: str) -> None:
    def an_app_after_a_failure(world: World) -> None:
        left = [bug()]

        def fail_once(*args: Any) -> Any:
            if left:
                raise left.pop()
            return args[0] if hook == "after_request" else None

        an_app(in_style("web"), a_hook(hook, fail_once), answering("/page"))(world)
        complete(world.call(Request("/page")), 500, "text/html")

    assert ask(an_app_after_a_failure, "/page").text == "page"


@pytest.mark.parametrize("hook", ["before_request", "after_request", *TEARDOWNS, "open_session"])
@pytest.mark.parametrize("kind", [asyncio.CancelledError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_ends_the_process_or_the_task_passes_through_untouched(
    world: World, caplog: pytest.LogCaptureFixture, hook: str, kind: type[BaseException]
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    ended = kind("ended")
    answering("/page")(world)
    a_catch_all(lambda exc: "handled")(world)
    if hook == "open_session":
        world.app.session_interface = Sessions(world, lambda: ended, "open")
    else:
        getattr(world.app, hook)(coloured(world, raising(lambda: ended)))

    assert world.find_escaped("/page", BaseException) is ended
    assert records(caplog) == []


# TimeoutError is an exception like any other until a handler is registered for it.


@pytest.mark.parametrize("where", ["view", "before_request", "after_request", "teardown_request"])
def test_a_timeout_is_an_uncaught_exception(ask: Ask, where: str) -> None:
    complete(
        ask(around(where, lambda: TimeoutError("secret")), "/page", headers=accepting("application/json")),
        500,
        "application/json",
    )


@pytest.mark.parametrize("base", [TimeoutError, OSError])
def test_a_timeout_can_be_mapped(ask: Ask, base: type[Exception]) -> None:
    application = an_app(
        failing("/", lambda: TimeoutError("secret")),
        a_handler(base, lambda exc: Problem(504, headers={"Retry-After": "5"})),
    )

    response = ask(application, "/", headers=accepting("application/json"))

    complete(response, 504, "application/json")
    assert response.header("Retry-After") == "5"


async def test_a_view_that_takes_too_long_is_a_500_when_it_says_so_itself() -> None:

    world = quart_world()

    async def slow() -> str:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(30)
        raise AssertionError

    world.app.add_url_rule("/", "home", slow)
    assert world.errors is not None

    complete(await call_asgi(world.app, Request("/", headers=accepting("text/plain"))), 500, "text/plain")


def test_a_client_that_left_during_its_upload_is_no_news(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    def upload() -> None:
        raise ClientDisconnected

    world.app.add_url_rule("/upload", "upload", upload)

    response = world.call(Request("/upload"))

    (record,) = records(caplog)
    assert (response.status, record.levelno, record.exc_info) == (400, logging.DEBUG, None)


# What the application has put in place of a part of the framework.


@pytest.mark.parametrize("where", ["create_url_adapter", "response_class"])
@pytest.mark.parametrize("path", ["/page", "/nope"])
def test_a_part_of_the_framework_that_the_application_replaced_may_fail(ask: Ask, where: str, path: str) -> None:
    def replace(world: World) -> None:
        class Broken(world.App):  # type: ignore[misc, name-defined]
            def create_url_adapter(self, *args: Any) -> Any:
                raise Bug("secret")

        class Needy(world.framework.Response):  # type: ignore[misc, name-defined]
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                raise Bug("secret")

        if where == "create_url_adapter":
            world.app = Broken("tests.twins")
        else:
            world.app.response_class = Needy

    response = ask(an_app(replace, in_style("api"), answering("/page")), path)

    status = 404 if (where, path) == ("response_class", "/nope") else 500
    assert (response.status, response.content_type) == (status, "application/problem+json")
    assert "secret" not in response.text


@pytest.mark.parametrize(("path", "status"), [("/nope", 404), ("/sold", 409), ("/bug", 500)])
def test_a_response_class_may_take_everything_but_the_body_by_name(ask: Ask, path: str, status: int) -> None:
    """Flask passes it by name."""

    def replace(world: World) -> None:
        class Own(world.framework.Response):  # type: ignore[misc, name-defined]
            def __init__(self, response: Any = None, **options: Any) -> None:
                super().__init__(response, **options)
                self.headers["X-Own"] = "1"

        world.app.response_class = Own

    application = an_app(replace, in_style("api"), failing("/sold", lambda: Problem(409)), failing("/bug", bug))

    response = ask(application, path)

    assert (response.status, response.content_type, response.header("X-Own")) == (status, JSON, "1")


@pytest.mark.parametrize(("error", "status"), [("of routing", 404), ("of the session", 500), ("uncaught", 500)])
def test_a_request_that_cannot_be_read_is_answered_all_the_same(ask: Ask, error: str, status: int) -> None:
    def replace(world: World) -> None:
        class Needy(world.framework.Request):  # type: ignore[misc, name-defined]
            @property
            def view_args(self) -> Any:
                raise Bug("secret")

        world.app.request_class = Needy
        if error == "of the session":
            world.app.session_interface = Sessions(world, bug, "open")
        elif error == "uncaught":
            world.app.before_request(raising(lambda: KeyError("secret")))

    response = ask(an_app(replace, in_style("api")), "/nope")

    assert (response.status, response.content_type) == (status, JSON)
    assert "secret" not in response.text
