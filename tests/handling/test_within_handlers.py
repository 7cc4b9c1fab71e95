"""What a handler does on its way: it makes responses of errors itself, it fails, it is registered in several places."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import flask
import pytest
from werkzeug.exceptions import Gone, NotFound
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as WerkzeugResponse

from errbridge import Incident, Page, Problem, Reply
from errbridge.pallets.private import takes_context
from tests.applications import (
    JSON,
    Ask,
    a_handler,
    a_native_handler,
    a_site,
    a_view,
    aborting,
    an_api,
    an_app,
    failing,
    in_style,
    with_templates,
)
from tests.clients import Request
from tests.twins import World, flask_world


class SoldOut(Exception):
    """An exception of the domain."""


def making_a_response(world: World, make: Callable[[BaseException], Any], asked: list[object]) -> Any:
    """Make a handler that adds a header to the response which the framework makes of an error."""
    if world.is_async:

        async def handle_later(exc: BaseException) -> Any:
            asked.append(exc)
            response = await world.framework.make_response(make(exc))
            response.headers["X-Own"] = "1"
            return response

        return handle_later

    def handle(exc: BaseException) -> Any:
        asked.append(exc)
        response = world.framework.make_response(make(exc))
        response.headers["X-Own"] = "1"
        return response

    return handle


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("make", [lambda exc: exc, lambda exc: Problem(404), lambda exc: NotFound()])
def test_a_handler_may_make_the_response_of_an_error_itself(
    world: World, caplog: pytest.LogCaptureFixture, native: bool, make: Callable[[BaseException], Any]
) -> None:
    caplog.set_level(logging.INFO, logger="errbridge")
    asked: list[object] = []
    seen: list[str] = []
    part = (a_native_handler if native else a_handler)(404, making_a_response(world, make, asked))
    world.config = {"ERROR_INCIDENT_HEADER": "X-Incident"}
    an_api(part)(world)
    world.errors.on_incident(lambda incident, reply: seen.append(incident.id))

    response = world.call(Request("/nope"))

    assert (response.status, response.content_type, response.header("X-Own")) == (404, JSON, "1")
    assert len(asked) == 1
    assert [f"urn:uuid:{each}" for each in seen] == [response.json["instance"]]
    assert [response.header("X-Incident")] == seen
    assert len([record for record in caplog.records if record.name == "errbridge"]) == 1


class Own(Gone):
    """An HTTP error with a response of its own."""

    def get_response(self, *args: Any, **kwargs: Any) -> Any:
        return WerkzeugResponse("own", 410)


@pytest.mark.parametrize(
    ("make", "status"),
    [
        (lambda exc: RequestRedirect("/there"), 308),
        (Own, 410),
        (lambda exc: Reply("made", 404), 404),
        (lambda exc: "made", 404),
    ],
)
def test_what_has_a_response_of_its_own_keeps_it_there(
    world: World, make: Callable[[BaseException], Any], status: int
) -> None:
    asked: list[object] = []
    handle = making_a_response(world, make, asked)
    an_api(a_handler(404, handle))(world)

    response = world.call(Request("/nope"))

    expected = 200 if make(SoldOut()) == "made" else status
    assert (response.status, response.header("X-Own"), len(asked)) == (expected, "1", 1)


@pytest.mark.parametrize(
    ("make", "status", "body"),
    [
        (lambda exc: Page("sorry.html"), 404, "404 Not Found"),
        (lambda exc: (Page("sorry.html"), 410), 410, "404 Not Found"),
        (lambda exc: Reply("made"), 404, "made"),
        (lambda exc: (Reply("made", 409), 410), 410, "made"),
    ],
)
def test_a_handler_may_make_the_response_of_a_page_or_a_reply_itself(
    world: World, make: Callable[[BaseException], Any], status: int, body: str
) -> None:
    asked: list[object] = []
    seen: list[int | None] = []
    template = with_templates({"sorry.html": "{{ error.status }} {{ error.title }}"})
    an_api(template, a_handler(404, making_a_response(world, make, asked)))(world)
    world.errors.on_incident(lambda incident, reply: seen.append(reply.status))

    response = world.call(Request("/nope"))

    assert (response.status, response.header("X-Own"), response.text) == (status, "1", body)
    assert response.header("X-Content-Type-Options") == "nosniff"
    assert (len(asked), seen) == (1, [status])


@pytest.mark.parametrize("handler_makes", [False, True])
def test_a_decorator_that_makes_the_response_of_a_problem_is_not_asked_about_that(
    world: World, caplog: pytest.LogCaptureFixture, handler_makes: bool
) -> None:
    caplog.set_level(logging.INFO, logger="errbridge")
    decorated: list[object] = []
    make = making_a_response(world, lambda exc: Problem(409, detail="made"), decorated)
    make_first = making_a_response(world, lambda exc: Problem(409), [])

    def decorate(document: Callable[[], Any]) -> Callable[[Incident], Any]:
        if world.is_async:

            async def respond_later(incident: Incident) -> Any:
                return await make(incident.exception)

            return respond_later
        return lambda incident: make(incident.exception)

    world.options = {"response": decorate}
    an_api(*([a_handler(404, make_first)] if handler_makes else []))(world)

    response = world.call(Request("/nope"))

    assert (response.status, response.header("X-Own"), response.json["detail"]) == (409, "1", "made")
    assert len(decorated) == 1
    assert [record.levelname for record in caplog.records if record.name == "errbridge"] == ["INFO"]


def test_an_answer_after_a_handler_for_the_exception_that_passed_says_so_to_caches(ask: Ask) -> None:
    application = an_app(
        failing("/sold", SoldOut),
        a_handler(SoldOut, lambda exc, incident: None if "html" in incident.request.accept else Reply("program", 500)),
        a_handler("5xx", lambda exc: Reply("person")),
    )

    for accept, text in (("text/html", "person"), ("application/json", "program")):
        response = ask(application, "/sold", headers=[("Accept", accept)])
        assert (response.text, "Accept" in response.members("Vary")) == (text, True)


@pytest.mark.parametrize("register", [a_handler, a_native_handler])
@pytest.mark.parametrize(("path", "key"), [("/sold", SoldOut), ("/gone", 410)])
def test_the_cause_of_a_failure_in_a_handler_stays_in_its_chain(
    world: World, register: Callable[..., Any], path: str, key: Any
) -> None:
    def broken(exc: Exception) -> None:
        try:
            raise KeyError("inner")
        except KeyError:
            raise ValueError("in the handler")  # noqa: B904 - Python notes the context

    async def broken_later(exc: Exception) -> None:
        broken(exc)

    world.config = {"TESTING": True}
    handler = broken_later if world.is_async else broken
    an_app(failing("/sold", SoldOut), failing("/gone", Gone), register(key, handler))(world)

    chain: list[BaseException | None] = [world.find_escaped(path)]
    while chain[-1] is not None:
        chain.append(chain[-1].__context__)
    assert [type(each) for each in chain[:3]] == [ValueError, KeyError, SoldOut if path == "/sold" else Gone]


def test_a_method_is_asked_once_wherever_it_is_registered(ask: Ask) -> None:
    class Handlers:
        asked = 0

        def pass_on(self, exc: Exception) -> None:
            self.asked += 1

    owner = Handlers()
    keys = (404, "4xx")
    application = an_app(*(a_handler(key, owner.pass_on) for key in keys), a_native_handler(404, owner.pass_on))

    assert ask(application, "/nope").status == 404
    assert owner.asked == 2  # in each framework


@pytest.mark.parametrize("result", [lambda: Problem(404), lambda: (Problem(404), 410)])
def test_a_problem_that_a_view_returns_is_trapped_as_a_raised_one(world: World, result: Callable[[], Any]) -> None:
    world.config = {"TRAP_HTTP_EXCEPTIONS": True, "TESTING": True}
    in_style("api")(world)
    world.app.add_url_rule("/", "view", lambda: result())

    assert isinstance(world.find_escaped("/"), Problem)


def test_the_incident_of_a_handler_that_makes_a_response_is_that_of_the_error(ask: Ask) -> None:
    ids: list[str] = []

    def handle(exc: Exception, incident: Incident) -> Problem:
        ids.append(incident.id)
        raise Problem(409)

    response = ask(an_api(failing("/sold", SoldOut), a_handler(SoldOut, handle)), "/sold")

    assert response.json["instance"].removeprefix("urn:uuid:") in ids


def test_a_failure_within_such_a_response_is_in_the_record(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="errbridge")
    a_site(
        with_templates({"errors/404.html": "{{ nothing.at.all }}"}),
        a_handler(404, making_a_response(world, lambda exc: exc, [])),
    )(world)

    response = world.call(Request("/nope", headers=[("Accept", "text/html")]))

    assert (response.status, response.header("X-Own")) == (404, "1")
    (record,) = [record for record in caplog.records if record.name == "errbridge"]
    assert record.levelno == logging.ERROR
    assert "errors/404.html" in record.getMessage()


@pytest.mark.parametrize("register", [a_handler, a_native_handler])
def test_a_handler_for_the_500_may_make_its_response_too(world: World, register: Callable[..., Any]) -> None:
    asked: list[object] = []
    an_api(failing("/sold", SoldOut), register(500, making_a_response(world, lambda exc: exc, asked)))(world)

    response = world.call(Request("/sold"))

    assert (response.status, response.content_type, response.header("X-Own")) == (500, JSON, "1")
    assert len(asked) == 1


def test_such_a_response_keeps_the_headers_of_the_error(world: World) -> None:
    an_api(a_view("/", lambda: "page"), a_handler(405, making_a_response(world, lambda exc: Problem(405), [])))(world)

    response = world.call(Request("/", method="DELETE"))

    assert (response.status, response.json["allowed"]) == (405, ["GET", "HEAD", "OPTIONS"])
    assert response.header("Allow") == "GET, HEAD, OPTIONS"


def test_another_application_that_a_handler_asks_answers_for_itself() -> None:
    outer, inner = flask_world(), flask_world()
    an_api(a_view("/there", lambda: Problem(409)))(inner)
    a_site(a_handler(404, lambda exc: flask.Response.from_app(inner.app.wsgi_app, flask.request.environ)))(outer)

    response = outer.call(Request("/there"))

    assert (response.status, response.content_type) == (409, JSON)


@dataclass(frozen=True)
class Frozen(Exception):
    """An exception that takes no other context."""

    number: int


def test_an_exception_that_cannot_be_changed_stays_itself(world: World) -> None:
    world.config = {"TESTING": True}
    an_app(failing("/", lambda: Frozen(3)), a_handler(Frozen, lambda exc: None))(world)

    assert isinstance(world.find_escaped("/"), Frozen)


def test_a_problem_without_a_request_is_raised() -> None:
    world = flask_world()
    assert world.errors is not None

    with world.app.app_context(), pytest.raises(Problem):
        world.app.make_response(Problem(409))


def raising(exc: BaseException) -> Any:
    raise exc


@pytest.mark.parametrize("pass_on", [lambda exc: exc, raising])
@pytest.mark.parametrize("register", [a_handler, a_native_handler])
def test_a_handler_may_give_an_http_error_other_words_and_pass_it_on(
    ask: Ask, register: Callable[..., Any], pass_on: Callable[[BaseException], Any]
) -> None:
    def change(exc: Any) -> Any:
        exc.description = "Sold an hour ago."
        return pass_on(exc)

    response = ask(an_api(aborting("/sold", 409, "Sold."), register(409, change)), "/sold")

    assert response.json["detail"] == "Sold an hour ago."


@pytest.mark.parametrize("accept", ["application/json", "text/html", "text/plain"])
@pytest.mark.parametrize("path", ["/nope", "/crash", "/sold"])
def test_a_handlers_own_words_replace_those_of_the_framework(ask: Ask, path: str, accept: str) -> None:
    def change(exc: BaseException, incident: Incident) -> Problem:
        incident.problem.detail = "Ask for it at the counter."
        return incident.problem

    site = an_app(failing("/crash", SoldOut), aborting("/sold", 404, "Sold."), a_handler([404, 500], change))

    assert "Ask for it at the counter." in ask(site, path, headers=[("Accept", accept)]).text


def test_errors_that_a_view_handles_at_once_leave_nothing_behind(world: World) -> None:
    make_event: Any = asyncio.Event if world.is_async else threading.Event
    entered, begun, ended = make_event(), make_event(), make_event()
    app = world.app

    def handle(exc: BaseException) -> Problem:
        entered.set()
        if exc.args == ("first",):
            begun.wait(30)
        else:
            begun.set()
            ended.wait(30)
        return Problem(409)

    async def handle_later(exc: BaseException) -> Problem:
        entered.set()
        if exc.args == ("first",):
            await begun.wait()
        else:
            begun.set()
            await ended.wait()
        return Problem(409)

    def handle_user_exception(exc: Exception) -> Any:  # some versions take the context before it
        given = [world.framework.globals.app_ctx._get_current_object()]
        return app.handle_user_exception(*given * takes_context(app.handle_user_exception), exc)

    def answer(name: str) -> Any:
        if name != "first":
            entered.wait(30)
        app.make_response(handle_user_exception(SoldOut(name)))
        if name == "first":
            ended.set()

    async def answer_later(name: str) -> Any:
        await app.make_response(await handle_user_exception(SoldOut(name)))
        if name == "first":
            ended.set()

    def view() -> Problem:
        with ThreadPoolExecutor() as pool:
            for name in ("first", "second"):
                pool.submit(flask.copy_current_request_context(answer), name)
        return Problem(404)

    async def view_later() -> Problem:
        await asyncio.gather(answer_later("first"), answer_later("second"))
        return Problem(404)

    an_api(
        a_view("/parts", view_later if world.is_async else view),
        a_handler(SoldOut, handle_later if world.is_async else handle),
        a_handler(404, lambda exc: Problem(404, detail="handled")),
    )(world)

    assert world.call(Request("/parts")).json["detail"] == "handled"


@pytest.mark.parametrize("pass_on", [lambda exc: None, lambda exc: exc, raising])
def test_words_in_the_problem_of_a_stock_error_stay_when_it_is_passed_on(
    ask: Ask, pass_on: Callable[[BaseException], Any]
) -> None:
    def change(exc: BaseException, incident: Incident) -> Any:
        incident.problem.detail = "Ask at the counter."
        return pass_on(exc)

    api = an_api(aborting("/x", 404), a_handler(404, change))

    assert ask(api, "/x").json["detail"] == "Ask at the counter."


class Missing(NotFound):
    """A class of the application's own: no two errors share a problem."""


@pytest.mark.parametrize("pass_on", [lambda exc: None, lambda exc: exc, raising])
def test_what_a_handler_changes_in_the_problem_stays_when_it_passes_the_error_on(
    ask: Ask, pass_on: Callable[[BaseException], Any]
) -> None:
    def change(exc: BaseException, incident: Incident) -> Any:
        incident.problem.extensions = {"help": "ask"}
        return pass_on(exc)

    api = an_api(
        failing("/x", Missing), a_handler("4xx", change), a_handler("*", lambda exc, incident: incident.problem)
    )

    assert ask(api, "/x").json["help"] == "ask"


@pytest.mark.parametrize("code", [200, 302, None, 1000])
def test_a_status_that_is_no_error_does_not_change_what_is_passed_on(ask: Ask, code: int | None) -> None:
    def change(exc: Any) -> Any:
        exc.code = code
        return exc

    assert ask(an_api(aborting("/x", 404), a_handler(404, change)), "/x").status == 404


def test_own_words_count_in_a_response_that_the_handler_makes(world: World) -> None:
    def change(exc: Any) -> Any:
        exc.description = "Sold an hour ago."
        return exc

    an_api(aborting("/sold", 409, "Sold."), a_handler(409, making_a_response(world, change, [])))(world)

    assert world.call(Request("/sold")).json["detail"] == "Sold an hour ago."


def test_another_request_on_a_copy_of_the_environ_does_not_count_as_this_one() -> None:
    outer, inner, asked, begun, made = flask_world(), flask_world(), [], threading.Event(), threading.Event()

    def wait(exc: BaseException) -> Problem:
        begun.set()
        made.wait(30)
        return Problem(404)

    def handle(exc: BaseException, incident: Incident) -> Any:
        asked.append(exc)
        if len(asked) > 3:
            return None
        environ = {**flask.request.environ, "PATH_INFO": "/nope"}
        with ThreadPoolExecutor() as pool:
            pool.submit(lambda: list(inner.app.wsgi_app(environ, lambda *given: None)))
            begun.wait(30)
            response = flask.make_response(incident.problem)
            made.set()
        return response

    an_api(a_handler(404, wait))(inner)
    an_api(failing("/", lambda: Problem(409, detail="theirs")), a_handler(409, handle))(outer)

    assert outer.call(Request("/")).json["detail"] == "theirs"
    assert len(asked) == 1
