"""Moments that no real client hits for certain: each message of ASGI comes exactly when the test wants it."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import resource
import threading
from collections.abc import Iterator
from typing import Any

import flask
import pytest
import quart

import errbridge_flask
import errbridge_quart
from errbridge.asgi import Bridge
from errbridge.asgi.threads import Threads
from errbridge.telemetry.record import mark_recorded
from tests.asgi.serving import DEADLINE

PART = {"type": "http.request", "body": b"x" * 100, "more_body": True}
GONE = {"type": "http.disconnect"}


class Connection:
    """A server's side of one request: the messages that it hands over, and those that it is sent."""

    def __init__(self, *messages: dict[str, Any], version: str = "1.1") -> None:
        self.messages = list(messages)
        self.sent: list[dict[str, Any]] = []
        self.is_complete = asyncio.Event()
        headers = [(b"transfer-encoding", b"chunked"), (b"accept", b"application/json")]
        line = {"method": "POST", "path": "/", "query_string": b"", "scheme": "http", "http_version": version}
        self.scope = {"type": "http", "headers": headers, **line}

    async def receive(self) -> Any:
        if self.messages:
            return self.messages.pop(0)
        await self.is_complete.wait()
        return GONE  # for which Quart waits since 0.23

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.is_complete.set()

    async def ask(self, app: Any) -> None:
        async with asyncio.timeout(DEADLINE):
            await app(self.scope, self.receive, self.send)


@pytest.fixture
def levels(caplog: pytest.LogCaptureFixture) -> Any:
    """Return the levels of errbridge's records so far."""
    caplog.set_level(logging.DEBUG, "errbridge")
    return lambda: [logging.getLevelName(record.levelno) for record in caplog.records if record.name == "errbridge"]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (OSError("no client"), "DEBUG"),
        (ExceptionGroup("tasks", [OSError("no client"), ExceptionGroup("more", [ConnectionResetError()])]), "DEBUG"),
        (ExceptionGroup("tasks", [OSError("no client"), KeyError("a bug")]), "ERROR"),
    ],
)
async def test_a_group_of_what_the_client_has_caused_by_leaving_is_no_error(
    raised: Exception, expected: str, levels: Any
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()
        raise raised

    await Connection(GONE).ask(Bridge({"/": app}))
    assert levels() == [expected]


async def test_a_client_that_cannot_be_sent_to_is_gone_although_more_of_its_upload_arrives(levels: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        with pytest.raises(OSError, match="cannot send"):
            await send({"type": "http.response.start", "status": 200, "headers": []})
        assert (await receive())["body"]
        raise ConnectionResetError

    connection = Connection(PART)

    async def lose(message: Any) -> None:
        raise BrokenPipeError

    connection.send = lose  # type: ignore[method-assign]
    await connection.ask(Bridge({"/": app}))
    assert levels() == ["DEBUG"]


async def test_an_upload_that_grows_too_large_while_its_404_is_sent_does_not_disturb_it(levels: Any) -> None:
    connection = Connection(PART, PART, {**PART, "more_body": False}, version="2")

    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    await connection.ask(Bridge({"/other": app}, max_body=150))
    start, *bodies = connection.sent
    assert start["status"] == 404
    assert json.loads(b"".join(body["body"] for body in bodies))["status"] == 404
    assert bodies[-1]["more_body"] is False
    assert levels() == ["INFO"]


async def test_wsgi_that_a_leaving_client_interrupts_while_it_reads_is_no_error(levels: Any) -> None:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        environ["wsgi.input"].read()
        raise AssertionError("the upload was not complete")

    connection = Connection(PART, GONE)
    await connection.ask(Bridge({"/": app}, stream_uploads=["/"]))
    assert connection.sent == []
    assert levels() == ["DEBUG"]


@contextlib.contextmanager
def full_disk(most: int) -> Iterator[None]:
    """Let no file grow beyond a size, as if its disk were full then."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def read_all(environ: Any, start_response: Any) -> list[bytes]:
    upload = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"%d" % len(upload)]


def read_with_flask() -> flask.Flask:
    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: str(len(flask.request.get_data())), methods=["POST"])
    return app


@pytest.mark.parametrize("app", [read_all, read_with_flask()], ids=["WSGI", "Flask"])
@pytest.mark.parametrize("length", [True, False], ids=["with length", "chunked"])
@pytest.mark.parametrize("streamed", [[], ["/"]], ids=["gathered", "streamed"])
async def test_an_upload_for_which_the_disk_has_no_room_is_a_500(
    streamed: Any, length: bool, app: Any, caplog: pytest.LogCaptureFixture
) -> None:
    # The second part alone has no room. Of smaller ones a quick application would leave nothing that needs a disk.
    parts = [{**PART, "body": b"x" * size} for size in (65_536, 400_000)]
    connection = Connection(*parts, {**PART, "body": b"", "more_body": False})
    if length:
        connection.scope["headers"] = [(b"content-length", b"465536")]
    with full_disk(300_001):
        await connection.ask(Bridge({"/": app}, stream_uploads=streamed))
    assert connection.sent[0]["status"] == 500
    assert connection.sent[-1]["more_body"] is False
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1


@pytest.mark.parametrize("error", [ValueError("too large for it"), TimeoutError("too slow for it")])
@pytest.mark.parametrize("streamed", [[], ["/"]], ids=["gathered", "streamed"])
async def test_an_error_of_middleware_in_receive_is_a_500(streamed: Any, error: Exception, levels: Any) -> None:
    connection = Connection(PART)
    receive = connection.receive

    async def fail() -> Any:
        if connection.messages:
            return await receive()
        raise error

    connection.receive = fail  # type: ignore[method-assign]
    await connection.ask(Bridge({"/": read_all}, stream_uploads=streamed))
    assert connection.sent[0]["status"] == 500
    assert connection.sent[-1]["more_body"] is False
    assert levels() == ["ERROR"]


async def test_a_stream_whose_first_chunk_cannot_be_stored_is_a_500(levels: Any) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        return iter([b"x" * 300_000, b"y"])

    connection = Connection({**PART, "more_body": False})
    with full_disk(100_000):
        await connection.ask(Bridge({"/": app}))
    assert connection.sent[0]["status"] == 500
    assert levels() == ["ERROR"]


@pytest.mark.parametrize("streamed", [[], ["/"]], ids=["gathered", "streamed"])
async def test_middleware_that_replays_the_upload_for_ever_does_not_stop_the_loop(streamed: Any) -> None:
    def app(environ: Any, start_response: Any) -> Any:
        upload = environ["wsgi.input"].read()
        start_response("200 OK", [])
        return iter([b"%d" % len(upload), b" bytes"])

    connection = Connection()

    async def replay() -> Any:
        return {**PART, "more_body": False}

    connection.receive = replay  # type: ignore[method-assign]
    await connection.ask(Bridge({"/": app}, stream_uploads=streamed))
    assert b"".join(message.get("body", b"") for message in connection.sent) == b"100 bytes"


async def test_a_client_that_leaves_while_its_complete_upload_is_read_does_not_shorten_it() -> None:
    started, proceed, gone = threading.Event(), threading.Event(), asyncio.Event()
    lengths: list[int] = []

    def app(environ: Any, start_response: Any) -> list[bytes]:
        lengths.append(len(environ["wsgi.input"].read(100)))
        started.set()
        assert proceed.wait(DEADLINE)
        lengths.append(len(environ["wsgi.input"].read()))
        start_response("200 OK", [])
        return []

    bridge, part = Bridge({"/": app}, threads=1), {**PART, "body": b"x" * 300_000}
    turn = bridge._threads.take_turn()  # so that the request waits for one, and watches its client
    connection = Connection(part, part, {**PART, "body": b"", "more_body": False})

    async def leave() -> Any:
        if connection.messages:
            return connection.messages.pop(0)
        await gone.wait()
        return GONE

    connection.receive = leave  # type: ignore[method-assign]
    asking = asyncio.create_task(connection.ask(bridge))
    while not bridge._threads._queue:
        await asyncio.sleep(0.001)
    turn.end()
    assert await asyncio.to_thread(started.wait, DEADLINE)
    gone.set()
    await asyncio.sleep(0.05)
    proceed.set()
    await asking
    assert lengths == [100, 599_900]


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_cancelled_request_has_its_stream_closed_at_the_first_chunk_and_leaves_its_thread(
    is_stream: bool, levels: Any
) -> None:
    started, proceed = threading.Event(), threading.Event()
    made: list[str] = []

    def stream() -> Iterator[bytes]:
        try:
            while True:
                made.append("chunk")
                yield b"chunk"
        finally:
            made.append("closed")

    def app(environ: Any, start_response: Any) -> Any:
        started.set()
        assert proceed.wait(DEADLINE)
        start_response("200 OK", [])
        return stream() if is_stream else [b"whole"]

    bridge = Bridge({"/": app})
    connection = Connection({**PART, "more_body": False})
    asking = asyncio.create_task(connection.ask(bridge))
    assert await asyncio.to_thread(started.wait, DEADLINE)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    proceed.set()
    assert await bridge._threads.close(DEADLINE)
    assert bridge._threads.free == 40
    assert made == (["chunk", "closed"] if is_stream else [])
    assert connection.sent == []
    assert levels() == []


@pytest.mark.parametrize("framework", [flask.Flask, quart.Quart])
async def test_a_stream_that_breaks_off_in_a_bridge_has_the_one_record_of_its_application(
    framework: Any, levels: Any, caplog: pytest.LogCaptureFixture
) -> None:
    app = framework("app")
    (errbridge_flask if framework is flask.Flask else errbridge_quart).ErrorHandler(app)

    def chunks() -> Iterator[bytes]:
        yield b"first"
        yield b"second"
        raise KeyError("late")

    app.add_url_rule("/", view_func=lambda: app.response_class(chunks()), methods=["POST"])
    connection = Connection({**PART, "more_body": False})
    await connection.ask(Bridge({"/": app}))
    assert b"".join(message.get("body", b"") for message in connection.sent) == b"firstsecond"
    assert connection.sent[-1]["more_body"]
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.getMessage().startswith("POST / broke off after 200")


async def test_a_stream_needs_no_more_room_than_its_thread_may_be_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("errbridge.asgi.streams.AHEAD", 50_000)
    monkeypatch.setattr("errbridge.asgi.streams.PIECE", 100)
    monkeypatch.setattr("errbridge.asgi.streams.IN_MEMORY", 1000)
    sizes: list[int] = []

    def app(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        for _ in range(3000):
            yield b"x" * 100

    class File(io.BytesIO):
        def __init__(self, buffering: int) -> None:
            super().__init__()

        def write(self, part: Any) -> int:
            sizes.append(self.tell() + len(part))
            return super().write(part)

    monkeypatch.setattr("errbridge.asgi.streams.TemporaryFile", File)
    connection = Connection({**PART, "more_body": False})
    await connection.ask(Bridge({"/": app}))
    assert sum(len(message.get("body", b"")) for message in connection.sent) == 300_000
    assert 1000 < max(sizes) <= 50_100


async def test_a_turn_that_comes_to_a_request_in_the_moment_of_its_cancellation_goes_to_the_next() -> None:
    threads = Threads(1)
    turn, left, cancelled, following = (threads.take_turn() for _ in range(4))
    left.end()
    turn.end()
    cancelled.end()
    assert following.coming is not None
    async with asyncio.timeout(DEADLINE):
        await following.coming
    following.end()
    assert threads.free == 1


async def test_a_turn_is_not_given_to_a_request_that_is_being_cancelled() -> None:
    threads = Threads(1)
    turn, cancelled, following = (threads.take_turn() for _ in range(3))
    assert cancelled.coming is not None
    assert following.coming is not None
    cancelled.coming.cancel()  # by the cancellation of its task, which goes on later
    turn.end()
    cancelled.end()
    async with asyncio.timeout(DEADLINE):
        await following.coming
    following.end()
    assert threads.free == 1


async def test_no_request_is_refused_for_one_that_has_left_the_queue() -> None:
    threads = Threads(1, waiting=1)
    turn, left = threads.take_turn(), threads.take_turn()
    left.end()
    following = threads.take_turn()
    turn.end()
    following.end()
    assert threads.free == 1


async def test_a_log_filter_that_raises_costs_no_thread(levels: Any) -> None:
    class Answer(list[bytes]):
        def close(self) -> None:
            raise KeyError

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return Answer([b"answer"])

    def fail(record: logging.LogRecord) -> bool:
        raise ZeroDivisionError

    bridge = Bridge({"/": app}, threads=1)
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
    logging.getLogger("errbridge").addFilter(fail)
    try:
        for _ in range(2):
            connection = Connection({**PART, "more_body": False})
            await connection.ask(bridge)
            assert b"".join(message.get("body", b"") for message in connection.sent) == b"answer"
            assert await bridge._threads.close(DEADLINE)
    finally:
        logging.getLogger("errbridge").removeFilter(fail)
    assert bridge._threads.free == 1


@pytest.mark.parametrize("framework", [flask.Flask, quart.Quart])
async def test_an_application_that_was_asked_about_a_refusal_answers_what_comes_after_it(framework: Any) -> None:
    app = framework("app")
    (errbridge_flask if framework is flask.Flask else errbridge_quart).ErrorHandler(app)
    app.add_url_rule("/", view_func=lambda: "a view", methods=["POST"])
    bridge = Bridge({"/": app}, max_body=150)

    statuses = []
    for parts in (1, 2, 1):
        connection = Connection(*[PART] * (parts - 1), {**PART, "more_body": False})
        await connection.ask(bridge)
        statuses.append(connection.sent[0]["status"])

    assert statuses == [200, 413, 200]


async def test_receivers_take_turns_and_each_gets_a_message() -> None:
    got: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        got.extend(await asyncio.gather(receive(), receive(), receive()))
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body"})

    connection = Connection(PART, PART, {**PART, "more_body": False})
    receive, inside = connection.receive, list[int]()

    async def slow() -> Any:
        inside.append(1)
        assert len(inside) == 1
        await asyncio.sleep(0)
        inside.pop()
        return await receive()

    connection.receive = slow  # type: ignore[method-assign]
    await connection.ask(Bridge({"/": app}))
    assert [message["more_body"] for message in got] == [True, True, False]


async def test_headers_that_can_be_read_only_once_are_sent() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = ((b"x-number", b"%d" % number) for number in range(5))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    connection = Connection({**PART, "more_body": False})
    await connection.ask(Bridge({"/": app}))
    assert connection.sent[0]["headers"] == [(b"x-number", b"%d" % number) for number in range(5)]


async def test_a_body_before_the_start_is_a_500(levels: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.body", "body": b"early"})

    connection = Connection({**PART, "more_body": False})
    await connection.ask(Bridge({"/": app}))
    assert connection.sent[0]["status"] == 500
    assert levels() == ["ERROR"]


@pytest.mark.parametrize("is_recorded", [False, True])
async def test_an_error_after_a_complete_answer_breaks_nothing_off(
    is_recorded: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})
        error = KeyError("late")
        if is_recorded:
            mark_recorded(error)
        raise error

    await Connection({**PART, "more_body": False}).ask(Bridge({"/": app}))
    said = [record.getMessage() for record in caplog.records if record.name == "errbridge"]
    assert said == ([] if is_recorded else ["POST '/' was answered, but then the application failed"])


@pytest.mark.parametrize("port", [None, 0, "0"])
async def test_the_server_of_a_unix_socket_has_a_name(port: int | str | None) -> None:
    seen: dict[str, Any] = {}

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.update(environ)
        start_response("204 No Content", [])
        return []

    connection = Connection({**PART, "more_body": False})
    connection.scope |= {"server": ("/run/app.sock", port), "client": ("", "0")}  # as granian has it
    await connection.ask(Bridge({"/": app}))
    assert (seen["SERVER_NAME"], seen["SERVER_PORT"], seen.get("REMOTE_ADDR")) == ("localhost", "80", None)


@pytest.mark.parametrize("version", ["1.1", "2"])
@pytest.mark.parametrize("headers", [[], [(b"content-length", b"100")]], ids=["no upload", "complete"])
async def test_a_request_whose_upload_is_there_is_no_stream(version: str, headers: Any) -> None:
    free: list[int] = []
    seen, proceed = threading.Event(), threading.Event()

    def app(environ: Any, start_response: Any) -> list[bytes]:
        seen.set()
        assert proceed.wait(DEADLINE)
        start_response("204 No Content", [])
        return []

    bridge = Bridge({"/": app}, threads=1, stream_uploads=["/"])
    connection = Connection({**PART, "more_body": False}, version=version)
    connection.scope["headers"] = headers
    asking = asyncio.create_task(connection.ask(bridge))
    assert await asyncio.to_thread(seen.wait, DEADLINE)
    await asyncio.sleep(0.01)
    free.append(bridge._threads.free)
    proceed.set()
    await asking
    assert free == [0]
