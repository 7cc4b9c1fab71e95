"""Errors in streams, and clients that leave. After the first byte each framework has ways of its own."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypercorn.middleware import DispatcherMiddleware as ASGIDispatcher
from werkzeug.exceptions import (
    NotFound,
)
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from errbridge import Problem, Reply
from tests.applications import a_blueprint, a_catch_all, a_hook, a_view, an_app, answering, raising
from tests.clients import Request
from tests.failures.fragile import Bug, bug, records, shown_by
from tests.own_answers import MODES
from tests.twins import WORLDS, World, flask_world, quart_world

Make = Callable[[], BaseException]


@dataclass
class Exchange:
    """What a server saw of an application: the statuses, the chunks, whether it ended, and the exception."""

    statuses: list[int] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    ended: bool = False
    raised: BaseException | None = None


def exchange(world: World, path: str, *, method: str = "GET", gone_after: int | None = None) -> Exchange:
    """Call the application as a server does; the client hangs up after ``gone_after`` chunks."""
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

    def set_up(self, world: World) -> None:
        made = self.chunks_later if world.is_async else self.chunks
        never = Reply("never in the middle of a stream", 418)
        an_app(a_view("/stream", lambda: (made(), {"Content-Type": "text/plain"})), a_catch_all(lambda exc: never))(
            world
        )


@pytest.mark.parametrize("fails_at", [1, 3])
@pytest.mark.parametrize("make", [bug, NotFound, lambda: Problem(409), lambda: ExceptionGroup("two", [NotFound()])])
@pytest.mark.parametrize("mode", ["none", *MODES])
def test_an_error_after_the_first_chunk_ends_the_stream_and_reaches_the_server(
    world: World, fails_at: int, make: Make, mode: str
) -> None:
    """The status is out; all that is left is not to pretend that the answer was complete."""
    world.config = MODES.get(mode, {})
    stream = Stream(fails_at, make)
    stream.set_up(world)

    seen = exchange(world, "/stream")

    assert seen.statuses == [200]
    assert seen.chunks == [b"chunk %d" % number for number in range(fails_at)]
    assert not seen.ended
    assert type(seen.raised) is type(make())
    assert stream.closed == 1


@pytest.mark.parametrize("fails_at", [0, 2])
def test_the_stream_of_an_after_request_function_is_watched(
    world: World, caplog: pytest.LogCaptureFixture, fails_at: int
) -> None:
    stream = Stream(fails_at, bug)
    made = stream.chunks_later if world.is_async else stream.chunks
    replace = a_hook("after_request", lambda response: world.framework.Response(made()))
    an_app(answering("/page"), replace)(world)

    seen = exchange(world, "/page")

    (record,) = records(caplog)
    assert shown_by(record) == [Bug]
    assert seen.statuses == ([500] if fails_at == 0 and not world.is_async else [200])
    assert stream.closed == 1


def test_a_broken_stream_has_the_scope_of_its_view(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """The URL alone does not say whose it is where a blueprint has no prefix."""
    stream = Stream(1, bug)
    made = stream.chunks_later if world.is_async else stream.chunks
    view = a_view("/stream", lambda: (made(), {"Content-Type": "text/plain"}))
    an_app(a_blueprint("shop", view, url_prefix=None))(world)

    exchange(world, "/stream")

    (record,) = records(caplog)
    assert vars(record)["scope"] == "shop"
    assert "GET /stream broke off" in record.getMessage()


def test_a_broken_stream_of_an_application_in_a_dispatcher_is_recorded_by_that_application(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The dispatcher shares the environment of the request with it."""
    inner = WORLDS[world.name]()
    stream = Stream(1, bug)
    stream.set_up(inner)
    assert inner.errors is not None
    if world.is_async:
        world.app.asgi_app = ASGIDispatcher({"/api": inner.app, "/": world.app.asgi_app})
    else:
        world.app.wsgi_app = DispatcherMiddleware(world.app.wsgi_app, {"/api": inner.app})

    seen = exchange(world, "/api/stream")

    (record,) = records(caplog)
    assert (seen.statuses, seen.chunks, type(seen.raised)) == ([200], [b"chunk 0"], Bug)
    assert shown_by(record) == [Bug]


def test_a_response_that_a_view_returns_for_every_request_is_not_changed(tmp_path: Path) -> None:
    """Layers around its body would be nested, and keep their requests."""
    world = quart_world()
    tmp_path.joinpath("text").write_text("hello")
    shared: list[Any] = []

    async def send() -> Any:
        if not shared:
            shared.append(await world.framework.send_file(tmp_path / "text"))
        return shared[0]

    an_app(a_view("/file", send))(world)

    first = exchange(world, "/file")
    body = shared[0].response
    second = exchange(world, "/file")

    assert (first.chunks, first.ended, second.chunks, second.ended) == ([b"hello"], True, [b"hello"], True)
    assert isinstance(body, shared[0].file_body_class)
    assert shared[0].response is body


@pytest.mark.parametrize("wrong", [5, None, [b"a"]])
def test_a_chunk_that_is_none_breaks_the_stream_off_and_is_recorded(
    world: World, caplog: pytest.LogCaptureFixture, wrong: Any
) -> None:
    async def later() -> AsyncIterator[Any]:
        yield b"chunk 0"
        yield wrong

    made = later if world.is_async else lambda: iter([b"chunk 0", wrong])
    an_app(a_view("/stream", lambda: (made(), {"Content-Type": "text/plain"})))(world)

    seen = exchange(world, "/stream")

    (record,) = records(caplog)
    assert (seen.chunks, seen.ended, type(seen.raised)) == ([b"chunk 0"], False, TypeError)
    assert "broke off after 200" in record.getMessage()
    assert shown_by(record) == [TypeError]


def test_a_file_that_cannot_be_opened_is_recorded(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """Flask opens it in the view; Quart opens it after it has sent the head of the response."""
    world = quart_world()

    async def send() -> Any:
        return await world.framework.send_file(tmp_path, mimetype="text/plain")

    an_app(a_view("/stream", send))(world)

    seen = exchange(world, "/stream")

    (record,) = records(caplog)
    assert (seen.statuses, seen.ended, type(seen.raised)) == ([200], False, IsADirectoryError)
    assert shown_by(record) == [IsADirectoryError]


def test_a_timeout_in_a_stream_never_ends_it_as_if_it_were_complete(world: World) -> None:
    """Quart takes it for the end of its own limit on answers, and would leave the client waiting for the rest."""
    stream = Stream(2, lambda: TimeoutError("secret"))
    stream.set_up(world)

    seen = exchange(world, "/stream")

    assert (seen.statuses, seen.chunks, seen.ended) == ([200], [b"chunk 0", b"chunk 1"], False)
    assert stream.closed == 1
    raised = seen.raised.__cause__ if world.is_async and seen.raised is not None else seen.raised
    assert isinstance(raised, TimeoutError)


@pytest.mark.parametrize("make", [bug, NotFound, lambda: Problem(409)])
def test_an_error_before_the_first_chunk_never_becomes_a_successful_answer(world: World, make: Make) -> None:
    stream = Stream(0, make)
    stream.set_up(world)

    seen = exchange(world, "/stream")

    assert seen.chunks == [] or seen.statuses[-1] >= 400
    assert seen.raised is not None or seen.statuses[-1] >= 400
    assert stream.closed == 1


@pytest.mark.parametrize("make", [bug, NotFound, lambda: Problem(409)])
def test_flask_answers_an_error_before_the_first_chunk_of_a_stream(make: Make) -> None:
    """Quart has sent the start of its answer by then."""
    world = flask_world()
    stream = Stream(0, make)
    stream.set_up(world)

    response = world.call(Request("/stream", headers=[("Accept", "application/json")]))

    assert (response.status, response.content_type) == (500, "application/problem+json")
    assert response.json["detail"] == "Unhandled Exception"
    assert stream.closed == 1


@pytest.mark.parametrize("make", [bug, NotFound, lambda: TimeoutError("secret")])
def test_an_error_after_the_first_chunk_is_recorded_once_with_its_stack(
    world: World, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    Stream(2, make).set_up(world)

    exchange(world, "/stream")

    (record,) = records(caplog)
    fields = vars(record)
    assert record.getMessage() == (
        f"GET /stream broke off after 200 for {fields['exception']} at {fields['location']} "
        f"(incident {fields['incident_id']})"
    )
    assert (record.name, record.levelno, fields["status"]) == ("errbridge", logging.ERROR, 200)
    assert shown_by(record) == [type(make())]
    assert __file__ in fields["location"]


def test_a_broken_stream_is_not_recorded_while_the_log_is_off(world: World, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("errbridge").setLevel(logging.CRITICAL)
    Stream(1, bug).set_up(world)

    assert isinstance(exchange(world, "/stream").raised, Bug)
    assert records(caplog) == []


def test_the_exception_of_a_stream_reaches_the_server_also_if_it_cannot_be_recorded(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    class Needy(world.App):  # type: ignore[misc, name-defined]
        def _find_error_handler(self, exc: Exception, blueprints: list[str]) -> Any:
            raise KeyError("in the search")

    world.app = Needy("tests.twins")
    Stream(1, bug).set_up(world)

    assert isinstance(exchange(world, "/stream").raised, Bug)
    (record,) = records(caplog)
    assert shown_by(record) == [KeyError, Bug]


def test_the_next_request_after_a_broken_stream_is_answered(world: World) -> None:
    Stream(1, bug).set_up(world)
    answering("/page")(world)

    exchange(world, "/stream")

    assert world.call(Request("/page")).text == "page"


@pytest.mark.parametrize("answer", ["stream", "error stream"])
def test_the_stream_of_a_client_that_is_gone_is_closed(world: World, answer: str) -> None:
    stream = Stream(None, bug)
    stream.set_up(world)
    if answer == "error stream":
        made = stream.chunks_later if world.is_async else stream.chunks
        world.errors.register(world.app, code=404)(lambda exc: made())

    seen = exchange(world, "/stream" if answer == "stream" else "/nope", gone_after=1)

    assert seen.statuses == [200 if answer == "stream" else 404]
    assert (seen.chunks, seen.ended, seen.raised) == ([b"chunk 0"], False, None)
    assert stream.closed == 1


@pytest.mark.parametrize("gone_after", [1, 2, None])
def test_what_is_called_at_the_close_of_a_stream_is_called_once(gone_after: int | None) -> None:
    """Quart's responses have no such functions."""
    world, closed, stream = flask_world(), list[str](), Stream(None, bug)

    def view() -> Any:
        response = world.framework.Response(stream.chunks())
        response.call_on_close(lambda: closed.append("closed"))
        return response

    an_app(a_view("/stream", view))(world)

    exchange(world, "/stream", gone_after=gone_after)

    assert (closed, stream.closed) == (["closed"], 1)


@pytest.mark.parametrize("where", ["view", "handler", "handler for a class", "template"])
def test_quart_stops_what_it_does_for_a_client_that_is_gone(where: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is answered, and nothing is logged as if it had been; Flask does not notice that a client is gone."""
    from jinja2 import DictLoader

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
    world.app.jinja_loader = DictLoader({"errors/5xx.html": "{{ slow() }}"})
    if where == "template":
        world.errors.web_register(world.app)
    elif where != "view":
        world.errors.register(world.app, code=KeyError if where == "handler for a class" else 500)(slow)

    seen = exchange(world, "/slow", gone_after=0)

    assert stopped == [where]
    assert (seen.statuses, seen.chunks) == ([], [])
    assert [record for record in caplog.records if record.name == "errbridge"] == []


def test_what_fails_after_it_has_written_is_left_to_the_server(caplog: pytest.LogCaptureFixture) -> None:
    """A function of PEP 3333 for old frameworks sends the head, and there is no other after that."""

    def legacy(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(b"first")
        write(b"second")
        raise Bug("later")

    world = flask_world()
    world.app.wsgi_app = legacy

    seen = exchange(world, "/")

    assert seen.statuses == [200]
    assert isinstance(seen.raised, Bug)
    assert [record for record in caplog.records if record.name == "errbridge"] == []


@pytest.mark.parametrize("is_installed", [False, True])
def test_quart_closes_a_stream_whose_client_has_left_itself(is_installed: bool) -> None:
    """No generator is left to the garbage collector, which would close it at any time."""
    world, left = quart_world(), list[str]()

    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"chunk"
            await asyncio.sleep(0)

    async def view() -> Any:
        return chunks()

    world.app.add_url_rule("/", "view", view)
    assert not is_installed or world.errors is not None

    async def leave() -> None:
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=hooks.firstiter, finalizer=lambda generator: left.append(repr(generator)))
        await _from_quart(world.app, "/", "GET", 3, Exchange())
        gc.collect()

    asyncio.run(leave())

    assert left == []


def test_an_answer_that_comes_after_the_client_has_left_is_no_error_of_quart(caplog: pytest.LogCaptureFixture) -> None:
    world = quart_world()

    async def view() -> str:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(30)
        return "too late"

    world.app.add_url_rule("/", "view", view)
    assert world.errors is not None

    seen = exchange(world, "/", gone_after=0)

    assert seen.raised is None
    assert records(caplog) == []
