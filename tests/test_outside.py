"""Errors around the handling of a request: sessions, hooks, teardown, streams, a client that is gone, and groups.

Where an answer can be given, Flask and Quart give the same one. What happens after the first byte is the frameworks'.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import pytest
from werkzeug.exceptions import (
    ClientDisconnected,
    Conflict,
    Forbidden,
    HTTPException,
    InternalServerError,
    NotFound,
    ServiceUnavailable,
)
from werkzeug.routing import RequestRedirect

from errbridge import Problem, Reply
from tests.clients import Request, Response
from tests.own_answers import EVERY, MODES, accepting, complete
from tests.twins import World, flask_world

Ask = Callable[..., Response]
Make = Callable[[], BaseException]


class Bug(Exception):
    """What goes wrong outside."""


def bug() -> Bug:
    return Bug("secret")


def raising(make: Make) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise make()

    return fail


def coloured(world: World, function: Callable[..., Any]) -> Callable[..., Any]:
    """Make an async function of a plain one where the framework wants it so."""

    async def later(*args: Any) -> Any:
        return function(*args)

    return later if world.is_async else function


def page(world: World, path: str = "/page") -> None:
    world.app.add_url_rule(path, path, view_func=lambda: "page")


@dataclass
class Exchange:
    """What a server saw of an application: how the answer began, what followed, and what came out as an exception."""

    statuses: list[int] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    ended: bool = False
    raised: BaseException | None = None


def exchange(world: World, path: str, *, method: str = "GET", gone_after: int | None = None) -> Exchange:
    """Ask as a server does; ``gone_after`` chunks the client hangs up."""
    assert world.errors is not None
    seen = Exchange()
    if world.is_async:
        asyncio.run(_from_quart(world.app, path, method, gone_after, seen))
    else:
        _from_flask(world.app, path, method, gone_after, seen)
    return seen


def _from_flask(app: Any, path: str, method: str, gone_after: int | None, seen: Exchange) -> None:
    environ = {
        "REQUEST_METHOD": method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost", "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http", "wsgi.input": BytesIO(), "wsgi.errors": BytesIO(), "wsgi.multithread": True,
        "wsgi.multiprocess": False, "wsgi.run_once": False,
    }  # fmt: skip

    def start_response(status: str, headers: Any, exc_info: Any = None) -> Any:
        seen.statuses.append(int(status[:3]))
        return lambda data: None

    try:
        body = app(environ, start_response)
        try:
            for chunk in body:
                seen.chunks.append(chunk)
                if gone_after is not None and len(seen.chunks) >= gone_after:
                    break
            else:
                seen.ended = True
        finally:
            body.close()
    except BaseException as error:
        seen.raised = error


async def _from_quart(app: Any, path: str, method: str, gone_after: int | None, seen: Exchange) -> None:
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost")], "client": None, "server": ("localhost", 80), "extensions": {},
    }  # fmt: skip
    gone = asyncio.Event()
    if gone_after == 0:
        asyncio.get_running_loop().call_later(0.05, gone.set)
    incoming = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Mapping[str, Any]:
        if incoming:
            return incoming.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            seen.statuses.append(message["status"])
        elif message.get("body"):
            seen.chunks.append(message["body"])
        seen.ended = message["type"] == "http.response.body" and not message.get("more_body")
        if gone_after is not None and len(seen.chunks) >= gone_after > 0:
            gone.set()
            await asyncio.sleep(30)  # the framework is to stop waiting for a client that is gone

    try:
        await asyncio.wait_for(app(scope, receive, send), timeout=20)
    except BaseException as error:
        seen.raised = error


def escaped(world: World, path: str) -> BaseException | None:
    """Give what an application lets out to its server; an event loop would not survive some of it."""
    if not world.is_async:
        return exchange(world, path).raised
    assert world.errors is not None
    out: list[BaseException] = []
    handle_request = world.app.handle_request

    async def watched(request: Any) -> Any:
        try:
            return await handle_request(request)
        except BaseException as error:
            out.append(error)
            return world.App.response_class("escaped", 500)

    world.app.handle_request = watched
    exchange(world, path)
    world.app.handle_request = handle_request
    return out[0] if out else None


def records(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.name == "errbridge"]


# Sessions.


class Sessions:
    """Sessions that cannot be opened, or cannot be saved."""

    def __init__(self, world: World, make: Make, where: str) -> None:
        fail = coloured(world, raising(make))
        self.open_session = fail if where == "open" else coloured(world, lambda *args: {})
        self.save_session = fail

    def is_null_session(self, session: Any) -> bool:
        return False


def sessions(make: Make, where: str) -> Callable[[World], None]:
    def build(world: World) -> None:
        page(world)
        world.errors.api_register("/api")
        world.app.session_interface = Sessions(world, make, where)

    return build


@pytest.mark.parametrize("where", ["open", "save"])
@pytest.mark.parametrize("make", [bug, lambda: TimeoutError("secret"), lambda: ExceptionGroup("secret", [bug()])])
@pytest.mark.parametrize("path", ["/page", "/nope", "/api/nope"])
@pytest.mark.parametrize("accept", EVERY)
def test_a_session_that_fails_is_answered(ask: Ask, where: str, make: Make, path: str, accept: str) -> None:
    expected = "application/json" if "api" in path and accept == "text/html" else accept  # an API has no pages

    complete(ask(sessions(make, where), path, headers=accepting(accept)), 500, expected)


@pytest.mark.parametrize("where", ["open", "save"])
def test_a_session_that_fails_is_answered_in_the_style_of_the_url(ask: Ask, where: str) -> None:
    complete(ask(sessions(bug, where), "/api/nope"), 500, "application/json")
    complete(ask(sessions(bug, where), "/page"), 500, "text/html")


@pytest.mark.parametrize("where", ["open", "save"])
@pytest.mark.parametrize("make", [Forbidden, lambda: Problem(409, detail="secret")])
def test_a_session_that_cannot_be_opened_is_a_500_whatever_was_raised(ask: Ask, where: str, make: Make) -> None:
    """To the client it is no answer to what was asked for, whatever the session's store says."""
    complete(ask(sessions(make, where), "/page", headers=accepting("application/json")), 500, "application/json")


@pytest.mark.parametrize("where", ["open", "save"])
@pytest.mark.parametrize("mode", MODES)
def test_a_session_that_fails_is_shown_to_the_developer(world: World, where: str, mode: str) -> None:
    world.config = MODES[mode]
    sessions(bug, where)(world)

    assert isinstance(escaped(world, "/page"), Bug)


@pytest.mark.parametrize("where", ["open", "save"])
def test_a_session_that_fails_is_logged_once_by_errbridge(
    world: World, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    sessions(bug, where)(world)

    world.call(Request("/page"))

    (record,) = records(caplog)
    assert (record.levelno, vars(record)["status"], vars(record)["path"]) == (logging.ERROR, 500, "/page")
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Bug)


# Hooks and teardown.

HOOKS = ["before_request", "after_request", "url_value_preprocessor"]
TEARDOWNS = ["teardown_request", "teardown_appcontext"]


def hooked(hook: str, make: Make, *, blueprint: bool = False) -> Callable[[World], None]:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.api_register(api)
        api.add_url_rule("/page", "page", view_func=lambda: "page")
        page(world)
        getattr(api if blueprint else world.app, hook)(raising(make))
        world.app.register_blueprint(api)

    return build


@pytest.mark.parametrize("hook", [*HOOKS, "teardown_request"])
def test_a_hook_of_a_blueprint_that_fails_is_answered_by_the_blueprint(ask: Ask, hook: str) -> None:
    complete(ask(hooked(hook, bug, blueprint=True), "/api/page"), 500, "application/json")


@pytest.mark.parametrize("hook", HOOKS[:2])
def test_a_hook_of_the_application_that_fails_is_answered_by_the_owner_of_the_url(ask: Ask, hook: str) -> None:
    complete(ask(hooked(hook, bug), "/api/page"), 500, "application/json")
    complete(ask(hooked(hook, bug), "/page"), 500, "text/html")


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("mode", MODES)
def test_a_hook_that_fails_is_shown_to_the_developer(world: World, hook: str, mode: str) -> None:
    world.config = MODES[mode]
    hooked(hook, bug)(world)

    assert isinstance(escaped(world, "/page"), Bug)


@pytest.mark.parametrize("hook", TEARDOWNS)
@pytest.mark.parametrize("path", ["/page", "/nope", "/bug"])
@pytest.mark.parametrize("accept", EVERY)
def test_a_teardown_that_raises_takes_the_place_of_the_answer(ask: Ask, hook: str, path: str, accept: str) -> None:
    def build(world: World) -> None:
        hooked(hook, bug)(world)
        world.app.add_url_rule("/bug", "bug", view_func=raising(bug))

    complete(ask(build, path, headers=accepting(accept)), 500, accept)


@pytest.mark.parametrize("hook", TEARDOWNS)
@pytest.mark.parametrize("make", [Forbidden, lambda: Problem(409), lambda: group(NotFound())])
def test_a_teardown_that_raises_is_a_500_whatever_was_raised(ask: Ask, hook: str, make: Make) -> None:
    """What the client asked for was done by then."""
    complete(ask(hooked(hook, make), "/page", headers=accepting("application/json")), 500, "application/json")


@pytest.mark.parametrize("hook", TEARDOWNS)
def test_head_of_a_teardown_that_raises_has_no_body(ask: Ask, hook: str) -> None:
    get = ask(hooked(hook, bug), "/page")
    head = ask(hooked(hook, bug), "/page", "HEAD")

    assert (head.status, head.body) == (500, b"")
    assert head.header("Content-Length") == get.header("Content-Length")


@pytest.mark.parametrize("hook", TEARDOWNS)
@pytest.mark.parametrize("mode", MODES)
def test_a_teardown_that_raises_is_shown_to_the_developer(world: World, hook: str, mode: str) -> None:
    world.config = MODES[mode]
    hooked(hook, bug)(world)

    assert isinstance(escaped(world, "/page"), Bug)


@pytest.mark.parametrize("hook", [*HOOKS, *TEARDOWNS])
def test_what_fails_once_keeps_nobody_from_the_next_request(ask: Ask, hook: str) -> None:
    def build(world: World) -> None:
        left = [bug()]

        def fail_once(*args: Any) -> Any:
            if left:
                raise left.pop()
            return args[0] if hook == "after_request" else None

        hooked(hook, bug)(world)
        world.app = world.App("tests.twins")
        world.errors = world.adapter.ErrorHandler(world.app)
        getattr(world.app, hook)(fail_once)
        page(world)
        complete(world.call(Request("/page")), 500, "text/html")

    assert ask(build, "/page").text == "page"


@pytest.mark.parametrize("hook", ["before_request", "after_request", *TEARDOWNS, "open_session"])
@pytest.mark.parametrize("kind", [asyncio.CancelledError, SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_ends_the_process_or_the_task_passes_through_untouched(
    world: World, caplog: pytest.LogCaptureFixture, hook: str, kind: type[BaseException]
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    ended = kind("ended")
    page(world)
    world.errors.register(world.app)(lambda exc: "handled")
    if hook == "open_session":
        world.app.session_interface = Sessions(world, lambda: ended, "open")
    else:
        getattr(world.app, hook)(coloured(world, raising(lambda: ended)))

    assert escaped(world, "/page") is ended
    assert records(caplog) == []


# TimeoutError is an exception like any other until somebody says what it means.


@pytest.mark.parametrize("where", ["view", "before_request", "after_request", "teardown_request"])
def test_a_timeout_is_an_uncaught_exception(ask: Ask, where: str) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/", "home", raising(lambda: TimeoutError("secret")) if where == "view" else lambda: "")
        if where != "view":
            getattr(world.app, where)(raising(lambda: TimeoutError("secret")))

    complete(ask(build, "/", headers=accepting("application/json")), 500, "application/json")


@pytest.mark.parametrize("base", [TimeoutError, OSError])
def test_a_timeout_can_be_mapped(ask: Ask, base: type[Exception]) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/", "home", raising(lambda: TimeoutError("secret")))
        world.errors.register(world.app, code=base)(lambda exc: Problem(504, headers={"Retry-After": "5"}))

    response = ask(build, "/", headers=accepting("application/json"))

    complete(response, 504, "application/json")
    assert response.header("Retry-After") == "5"


async def test_a_view_that_takes_too_long_is_a_500_when_it_says_so_itself() -> None:
    from tests.clients import call_asgi
    from tests.twins import quart_world

    world = quart_world()

    async def slow() -> str:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(30)
        raise AssertionError

    world.app.add_url_rule("/", "home", slow)
    assert world.errors is not None

    complete(await call_asgi(world.app, Request("/", headers=accepting("text/plain"))), 500, "text/plain")


# Streams.


@dataclass
class Stream:
    """A view whose stream fails, and what became of it."""

    fails_at: int | None
    make: Make
    closed: int = 0

    def chunks(self) -> Iterator[bytes]:
        try:
            for number in range(4):
                if number == self.fails_at:
                    raise self.make()
                yield b"chunk %d" % number
        finally:
            self.closed += 1

    async def chunks_later(self) -> AsyncIterator[bytes]:
        try:
            for number in range(4):
                if number == self.fails_at:
                    raise self.make()
                yield b"chunk %d" % number
                await asyncio.sleep(0)
        finally:
            self.closed += 1

    def build(self, world: World) -> None:
        made = self.chunks_later if world.is_async else self.chunks
        world.app.add_url_rule("/stream", "stream", lambda: (made(), {"Content-Type": "text/plain"}))
        world.errors.register(world.app)(lambda exc: Reply("never in the middle of a stream", 418))


@pytest.mark.parametrize("fails_at", [1, 3])
@pytest.mark.parametrize("make", [bug, NotFound, lambda: Problem(409), lambda: ExceptionGroup("two", [NotFound()])])
@pytest.mark.parametrize("mode", ["none", *MODES])
def test_an_error_after_the_first_chunk_ends_the_stream_and_reaches_the_server(
    world: World, fails_at: int, make: Make, mode: str
) -> None:
    """The status is out; all that is left is not to pretend that the answer was complete."""
    world.config = MODES.get(mode, {})
    stream = Stream(fails_at, make)
    stream.build(world)

    seen = exchange(world, "/stream")

    assert seen.statuses == [200]
    assert seen.chunks == [b"chunk %d" % number for number in range(fails_at)]
    assert not seen.ended
    assert type(seen.raised) is type(make())
    assert stream.closed == 1


def test_a_timeout_in_a_stream_never_ends_it_as_if_it_were_complete(world: World) -> None:
    """Quart keeps the exception to itself, but not without leaving the answer unfinished."""
    stream = Stream(2, lambda: TimeoutError("secret"))
    stream.build(world)

    seen = exchange(world, "/stream")

    assert (seen.statuses, seen.chunks, seen.ended) == ([200], [b"chunk 0", b"chunk 1"], False)
    assert stream.closed == 1
    assert isinstance(seen.raised, TimeoutError) == (not world.is_async)


@pytest.mark.parametrize("make", [bug, NotFound, lambda: Problem(409)])
def test_an_error_before_the_first_chunk_never_becomes_a_successful_answer(world: World, make: Make) -> None:
    stream = Stream(0, make)
    stream.build(world)

    seen = exchange(world, "/stream")

    assert seen.chunks == [] or seen.statuses[-1] >= 400
    assert seen.raised is not None or seen.statuses[-1] >= 400
    assert stream.closed == 1


@pytest.mark.parametrize("make", [bug, NotFound, lambda: Problem(409)])
def test_flask_answers_an_error_before_the_first_chunk_of_a_stream(make: Make) -> None:
    """Quart has sent the start of its answer by then."""
    world = flask_world()
    stream = Stream(0, make)
    stream.build(world)

    response = world.call(Request("/stream", headers=[("Accept", "application/json")]))

    assert (response.status, response.content_type) == (500, "application/problem+json")
    assert response.json["detail"] == "Unhandled Exception"
    assert stream.closed == 1


def test_the_next_request_after_a_broken_stream_is_answered(world: World) -> None:
    Stream(1, bug).build(world)
    page(world)

    exchange(world, "/stream")

    assert world.call(Request("/page")).text == "page"


@pytest.mark.parametrize("answer", ["stream", "error stream"])
def test_the_stream_of_a_client_that_is_gone_is_closed(world: World, answer: str) -> None:
    stream = Stream(None, bug)
    stream.build(world)
    if answer == "error stream":
        made = stream.chunks_later if world.is_async else stream.chunks
        world.errors.register(world.app, code=404)(lambda exc: made())

    seen = exchange(world, "/stream" if answer == "stream" else "/nope", gone_after=1)

    assert seen.statuses == [200 if answer == "stream" else 404]
    assert (seen.chunks, seen.ended, seen.raised) == ([b"chunk 0"], False, None)
    assert stream.closed == 1


@pytest.mark.parametrize("where", ["view", "handler", "handler for a class", "template"])
def test_quart_stops_what_it_does_for_a_client_that_is_gone(where: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is answered, and nothing is logged as if it had been; Flask is not told that a client is gone."""
    from jinja2 import DictLoader

    from tests.twins import quart_world

    caplog.set_level(logging.DEBUG, "errbridge")
    world = quart_world()
    stopped: list[str] = []

    async def slow(*args: Any) -> str:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            stopped.append(where)
            raise
        raise AssertionError

    world.app.add_url_rule("/slow", "slow", slow if where == "view" else raising(lambda: KeyError("k")))
    world.app.jinja_env.globals["slow"] = slow
    world.app.jinja_loader = DictLoader({"error.html": "{{ slow() }}"})
    if where == "template":
        world.errors.web_register(world.app)
    elif where != "view":
        world.errors.register(world.app, code=KeyError if where == "handler for a class" else 500)(slow)

    seen = exchange(world, "/slow", gone_after=0)

    assert stopped == [where]
    assert (seen.statuses, seen.chunks) == ([], [])
    assert records(caplog) == []


# Exception groups.


def group(*errors: Exception) -> ExceptionGroup[Exception]:
    return ExceptionGroup("secret", list(errors))


def nested(error: Exception, depth: int) -> Exception:
    for _ in range(depth):
        error = group(error)
    return error


GROUPS: dict[str, tuple[Callable[[], Exception], int]] = {
    "one": (lambda: group(Conflict("the worst")), 409),
    "one Problem": (lambda: group(Problem(409, detail="the worst")), 409),
    "the same twice": (lambda: group(*[Conflict("the worst")] * 2), 409),
    "several": (lambda: group(NotFound("a"), ServiceUnavailable("the worst"), Forbidden("b")), 503),
    "several, turned round": (lambda: group(Forbidden("b"), ServiceUnavailable("the worst"), NotFound("a")), 503),
    "the first of equals": (lambda: group(NotFound("the worst"), NotFound("there")), 404),
    "nested": (lambda: group(group(NotFound("a")), group(group(Problem(410, detail="the worst")), Forbidden())), 410),
    "nested deeply": (lambda: nested(Conflict("the worst"), 900), 409),
    "wide": (lambda: group(*[NotFound(str(number)) for number in range(5000)], Conflict("the worst")), 409),
    "mixed": (lambda: group(NotFound("a"), bug()), 500),
    "mixed, turned round": (lambda: group(bug(), NotFound("a")), 500),
    "mixed deep inside": (lambda: group(ServiceUnavailable("a"), group(NotFound(), group(bug()))), 500),
    "bugs": (lambda: group(bug(), KeyError("secret")), 500),
    "a 500 of a bug": (lambda: group(InternalServerError("secret", original_exception=bug())), 500),
}


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("where", ["view", "before_request"])
@pytest.mark.parametrize("accept", EVERY)
def test_a_group_is_answered_as_the_most_severe_of_its_errors(ask: Ask, name: str, where: str, accept: str) -> None:
    make, status = GROUPS[name]

    def build(world: World) -> None:
        world.app.add_url_rule("/", "home", raising(make) if where == "view" else lambda: "")
        if where != "view":
            world.app.before_request(raising(make))

    response = ask(build, "/", headers=accepting(accept))

    complete(response, status, accept)
    assert ("the worst" in response.text) == (status != 500)


@pytest.mark.parametrize("name", GROUPS)
@pytest.mark.parametrize("mode", MODES)
def test_a_group_is_shown_to_the_developer_exactly_where_it_holds_a_bug(world: World, name: str, mode: str) -> None:
    world.config = MODES[mode]
    make, status = GROUPS[name]
    world.app.add_url_rule("/", "home", raising(make))

    out = escaped(world, "/")

    if status == 500:
        assert isinstance(out, ExceptionGroup)
    else:
        assert out is None
        assert world.call(Request("/", headers=accepting("application/json"))).json["detail"] == "the worst"


@pytest.mark.parametrize("mode", ["none", *MODES])
def test_the_errors_of_a_task_group_are_answered(mode: str, ask: Ask) -> None:
    def build(world: World) -> None:
        async def view() -> Any:
            async def part(delay: float) -> None:
                await asyncio.sleep(delay)
                raise Problem(409, detail="the worst", headers={"X-Part": "1"})

            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(part(0))
                tasks.create_task(part(30))

        world.app.add_url_rule("/", "home", view)

    response = ask(build, "/", headers=accepting("application/json"), config=MODES.get(mode, {}))

    complete(response, 409, "application/json")
    assert (response.json["detail"], response.header("X-Part")) == ("the worst", "1")


@pytest.mark.parametrize("end", [asyncio.CancelledError, KeyboardInterrupt])
def test_a_group_that_ends_the_task_or_the_process_passes_through_untouched(
    world: World, end: type[BaseException]
) -> None:
    ended = BaseExceptionGroup("ended", [NotFound(), end()])
    world.errors.register(world.app)(lambda exc: "handled")
    world.app.add_url_rule("/", "home", coloured(world, raising(lambda: ended)))

    assert escaped(world, "/") is ended


def test_a_handler_for_groups_is_asked_first(ask: Ask) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/", "home", raising(lambda: group(NotFound(), Conflict())))
        world.errors.register(world.app, code=ExceptionGroup)(lambda exc: Reply(f"{len(exc.exceptions)}", 418))
        world.errors.register(world.app, code=409)(lambda exc: Reply("conflict"))

    response = ask(build, "/")

    assert (response.status, response.text) == (418, "2")


@pytest.mark.parametrize("status", [404, None])
def test_a_response_that_an_error_in_a_group_brings_along_goes_out_as_it_is(ask: Ask, status: int | None) -> None:
    def build(world: World) -> None:
        def view() -> Any:
            error = HTTPException(response=world.App.response_class("ready", 418))
            error.code = status
            raise group(error)

        world.app.add_url_rule("/", "home", view)

    response = ask(build, "/")

    assert (response.status, response.text) == (418, "ready")


def test_a_redirect_in_a_group_is_one(ask: Ask) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/", "home", raising(lambda: group(RequestRedirect("http://localhost/there"))))

    response = ask(build, "/")

    assert (response.status, response.header("Location")) == (308, "http://localhost/there")


@pytest.mark.parametrize("name", ["one", "several", "mixed"])
def test_a_group_is_logged_once_by_errbridge(world: World, caplog: pytest.LogCaptureFixture, name: str) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    make, status = GROUPS[name]
    world.app.add_url_rule("/", "home", raising(make))

    world.call(Request("/"))

    (record,) = records(caplog)
    assert vars(record)["status"] == status
    assert record.levelno == (logging.INFO if status < 500 else logging.ERROR)
    assert (record.exc_info is not None) == (name == "mixed")


def test_a_client_that_left_during_its_upload_is_no_news(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    def upload() -> None:
        raise ClientDisconnected

    world.app.add_url_rule("/upload", "upload", upload)

    response = world.call(Request("/upload"))

    (record,) = (record for record in caplog.records if record.name == "errbridge")
    assert (response.status, record.levelno, record.exc_info) == (400, logging.DEBUG, None)
