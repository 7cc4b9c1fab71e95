"""Hooks: they get every error and its reply, and can change neither."""

from __future__ import annotations

import asyncio
import functools
import logging
import pickle
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import flask
import pytest
import quart

import errbridge_flask
from errbridge import Handlers, Incident, Page, Problem, Reply, SetupError
from errbridge.asgi import Bridge
from errbridge_quart import ErrorHandler
from tests.applications import Part, an_app
from tests.clients import Communicator, Request, Response, call_asgi
from tests.test_websockets import conversation, scope_of
from tests.twins import World

Seen = list[tuple[Incident, Reply]]


def note_incidents(world: World) -> Seen:
    """Register a hook, and return the list of what it gets."""
    seen: Seen = []
    world.errors.on_incident(lambda incident, reply: seen.append((incident, reply)))
    return seen


def only(seen: Seen) -> tuple[Incident, Reply]:
    (one,) = seen
    return one


def same(reply: Reply, answer: Response) -> bool:
    """Return whether a reply is what the client got; the server adds nothing but a length."""
    assert isinstance(reply.headers, tuple)
    headers = {(name.lower(), value) for name, value in reply.headers}
    sent = {(name.lower(), value) for name, value in answer.headers}
    return (reply.status, reply.body) == (answer.status, answer.body) and headers - sent == set()


def failing_view() -> Any:
    raise LookupError("a secret")


def problem_view() -> Any:
    raise Problem(409, detail="Sold.", headers={"X-Sold": "yes"})


def site(world: World) -> None:
    world.app.add_url_rule("/crash", view_func=failing_view)
    world.app.add_url_rule("/problem", view_func=problem_view)


@pytest.mark.parametrize(("path", "status"), [("/problem", 409), ("/nowhere", 404), ("/crash", 500)])
@pytest.mark.parametrize("accept", ["application/json", "text/html", "text/plain", "application/xml"])
def test_a_hook_gets_what_the_client_gets(world: World, path: str, status: int, accept: str) -> None:
    site(world)
    seen = note_incidents(world)

    answer = world.call(Request(path, headers=[("Accept", accept)]))

    incident, reply = only(seen)
    assert answer.status == status
    assert same(reply, answer)
    assert isinstance(reply.body, bytes)
    assert incident.request.path == path
    assert incident.problem.status == status
    assert (incident.id if "problem" in (answer.content_type or "") else incident.reference) in answer.text


@pytest.mark.parametrize("path", ["/problem", "/nowhere", "/crash"])
@pytest.mark.parametrize("tag", ["en", "de"])
def test_a_hook_can_send_everything_to_another_process(world: World, path: str, tag: str) -> None:
    world.config = {"ERROR_LANGUAGES": [tag]}
    site(world)
    arrived: Seen = []
    world.errors.on_incident(lambda *sent: arrived.append(pickle.loads(pickle.dumps(sent))))
    seen = note_incidents(world)

    world.call(Request(path, headers=[("X-Own", "1"), ("X-Own", "2")]))

    (incident, reply), (original, sent) = only(arrived), only(seen)
    assert reply == sent
    assert incident.describe() == {**original.describe(), "location": ""}  # no exception takes its traceback along
    assert dict(incident.request.headers) == dict(original.request.headers)
    assert str(incident.language) == tag


def test_the_reply_to_head_has_no_content(world: World) -> None:
    site(world)
    seen = note_incidents(world)

    world.call(Request("/problem", "HEAD"))

    assert only(seen)[1].body == b""


HANDLERS: Mapping[str, Callable[[World], Any]] = {
    "a problem": lambda world: Problem(418, detail="Tea."),
    "a reply": lambda world: Reply("gone", 410, {"X-Own": "1"}),
    "text": lambda world: "words",
    "a tuple": lambda world: ("words", 410, {"X-Own": "1"}),
    "a dict": lambda world: {"a": 1},
    "a response": lambda world: world.app.response_class("own", 451, {"X-Own": "1"}),
    "a page": lambda world: Page("no/such/template.html"),
    "an exception that is none": lambda world: ValueError("nothing to answer with"),
}


@pytest.mark.parametrize("kind", HANDLERS)
def test_a_hook_gets_what_a_handler_decides(world: World, kind: str) -> None:
    site(world)
    world.errors.register(world.app, code=409)(lambda exc: HANDLERS[kind](world))
    seen = note_incidents(world)

    answer = world.call(Request("/problem"))

    assert same(only(seen)[1], answer)


def test_a_hook_gets_status_and_headers_of_a_stream(world: World) -> None:
    site(world)

    def chunks() -> Iterator[bytes]:
        yield b"one"
        yield b"two"

    world.errors.register(world.app, code=409)(lambda exc: (chunks(), 410, {"X-Own": "1"}))
    seen = note_incidents(world)

    answer = world.call(Request("/problem"))

    _, reply = only(seen)
    assert (answer.status, answer.body) == (410, b"onetwo")  # the hook took nothing of it
    assert (reply.status, reply.body) == (410, b"")
    assert ("X-Own", "1") in tuple(reply.headers)


@pytest.mark.parametrize(
    ("given", "status", "body"),
    [
        (("native", 410, {"X-Own": "1"}), 410, b"native"),
        (("native", {"X-Own": "1"}), 200, b"native"),
        (({"a": 1}, 410, [("X-Own", "1")]), 410, b""),
    ],
)
def test_a_hook_gets_what_a_native_handler_returned(world: World, given: Any, status: int, body: bytes) -> None:
    site(world)
    world.app.errorhandler(404)(lambda exc: given)
    seen = note_incidents(world)

    answer = world.call(Request("/nowhere"))

    _, reply = only(seen)
    assert reply == Reply(body.decode() if body else b"", status, (("X-Own", "1"),))
    assert (answer.status, answer.header("X-Own")) == (status, "1")


def test_a_hook_gets_a_native_response_with_its_content(world: World) -> None:
    site(world)
    world.app.errorhandler(404)(lambda exc: world.app.response_class("native", 410, {"X-Own": "1"}))
    seen = note_incidents(world)

    answer = world.call(Request("/nowhere"))

    assert only(seen)[1].body == b"native"
    assert same(only(seen)[1], answer)


def test_what_cannot_be_described_is_logged_and_answered(world: World, caplog: pytest.LogCaptureFixture) -> None:
    site(world)

    world.app.errorhandler(404)(lambda exc: ("native", 404))
    seen = note_incidents(world)
    described = world.app.extensions["errbridge"].installation.application

    def broken(given: object) -> Reply:
        raise RuntimeError("cannot be described")

    described.describe_response = broken
    answer = world.call(Request("/nowhere"))

    assert (answer.status, answer.text) == (404, "native")
    assert not seen
    assert "could not be described" in caplog.text


def test_a_failing_handler_is_one_incident_not_two(world: World) -> None:
    site(world)

    def broken(exc: Exception) -> Any:
        raise RuntimeError("the handler is broken")

    world.errors.register(world.app, code=409)(broken)
    seen = note_incidents(world)

    answer = world.call(Request("/problem"))

    assert answer.status == 409
    assert same(only(seen)[1], answer)


def test_what_another_handler_answers_is_one_incident(world: World) -> None:
    site(world)
    world.errors.register(world.app, code=409)(lambda exc: None)
    seen = note_incidents(world)

    world.call(Request("/problem"))

    assert only(seen)[1].status == 409


def test_a_hook_gets_an_error_around_the_request_too(world: World) -> None:
    site(world)

    def broken(exc: Any = None) -> None:
        raise OSError("no teardown today")

    world.app.add_url_rule("/fine", view_func=lambda: "fine")
    world.app.teardown_request(broken)
    seen = note_incidents(world)

    answer = world.call(Request("/fine"))

    assert answer.status == 500
    assert same(only(seen)[1], answer)


def test_an_error_and_the_failing_teardown_after_it_are_two_incidents(world: World) -> None:
    def broken(exc: Any = None) -> None:
        raise OSError("no teardown today")

    site(world)
    world.app.teardown_request(broken)
    seen = note_incidents(world)

    world.call(Request("/problem"))

    assert [reply.status for _, reply in seen] == [409, 500]


def test_an_exception_that_is_shown_to_the_developer_is_no_incident(world: World) -> None:
    site(world)
    seen = note_incidents(world)
    world.app.config["PROPAGATE_EXCEPTIONS"] = True

    with suppress(LookupError):  # Quart 0.20 answers it with its own traceback page
        world.call(Request("/crash"))

    assert not seen


def test_a_redirect_and_a_response_that_was_raised_are_no_incidents(world: World) -> None:
    world.app.add_url_rule("/folder/", "folder", lambda: "a folder")
    world.app.add_url_rule("/own", "own", lambda: world.abort(world.app.response_class("own", 404)))
    seen = note_incidents(world)

    assert world.call(Request("/folder")).status == 308
    assert world.call(Request("/own")).status == 404
    assert not seen


def test_a_hook_changes_nothing_whatever_it_does(world: World, caplog: pytest.LogCaptureFixture) -> None:
    site(world)
    plain = world.call(Request("/problem")).comparable()

    async def later(incident: Incident, reply: Reply) -> Any:
        await asyncio.sleep(0)
        raise LookupError("the async hook is broken")

    def meddling(incident: Incident, reply: Reply) -> Any:
        for value, name in ((incident, "problem"), (reply, "body"), (reply, "status")):
            with pytest.raises(AttributeError):
                setattr(value, name, None)
        return Reply("mine", 200)

    def raising(incident: Incident, reply: Reply) -> None:
        raise StopIteration("the hook is broken")

    for hook in (meddling, raising, later):
        world.errors.on_incident(hook)
    seen = note_incidents(world)

    assert world.call(Request("/problem")).comparable() == plain
    incident, _ = only(seen)
    complaints = [record for record in caplog.records if "hook" in record.getMessage()]
    assert [record.__dict__["incident_id"] for record in complaints] == [incident.id] * 2
    assert all(incident.id in record.getMessage() and record.exc_info for record in complaints)
    assert "raising failed" in complaints[0].getMessage()
    assert "later failed" in complaints[1].getMessage()


class BrokenLog(logging.Handler):
    """A logging system that fails, and not quietly."""

    def emit(self, record: logging.LogRecord) -> None:
        raise OSError("the disk is full")


@pytest.fixture
def broken_log() -> Iterator[None]:
    broken = BrokenLog()
    logging.getLogger("errbridge").addHandler(broken)
    yield
    logging.getLogger("errbridge").removeHandler(broken)


@pytest.mark.usefixtures("broken_log")
def test_a_broken_logging_system_does_not_stop_the_other_hooks(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    site(world)

    def raising(incident: Incident, reply: Reply) -> None:
        raise RuntimeError("the hook is broken")

    world.errors.on_incident(raising)
    seen = note_incidents(world)

    answer = world.call(Request("/problem"))

    assert answer.status == 409
    assert len(seen) == 1


def test_hooks_concern_every_application_and_are_called_in_order_and_once(world: World) -> None:
    site(world)
    other = world.errors.init_app(world.App("other"))
    called: list[str] = []

    def first(incident: Incident, reply: Reply) -> None:
        called.append("first")

    def second(incident: Incident, reply: Reply, name: str = "second") -> None:
        called.append(name)

    assert world.errors.on_incident(first) is first
    assert world.errors.on_incident(second) is second
    world.errors.on_incident(first)  # it stays where it is
    world.call(Request("/problem"))
    assert called == ["first", "second"]

    world.app = other
    world.call(Request("/nowhere"))
    assert called == ["first", "second"] * 2

    world.errors.off_incident(first)
    world.errors.off_incident(first)
    world.call(Request("/nowhere"))
    assert called[4:] == ["second"]


def test_a_hook_may_remove_itself(world: World) -> None:
    site(world)
    called: list[str] = []

    def once(incident: Incident, reply: Reply) -> None:
        world.errors.off_incident(once)
        called.append("once")

    world.errors.on_incident(once)
    seen = note_incidents(world)
    world.call(Request("/problem"))
    world.call(Request("/problem"))

    assert called == ["once"]
    assert len(seen) == 2


@pytest.mark.parametrize("is_async", [False, True])
def test_a_hook_that_answers_a_problem_itself_is_not_called_for_that(world: World, is_async: bool) -> None:
    site(world)
    called: list[str] = []

    def respond(incident: Incident, reply: Reply) -> Any:
        called.append(incident.request.path)
        return world.framework.current_app.make_response(Problem(410)) if len(called) < 5 else None

    async def respond_later(incident: Incident, reply: Reply) -> None:
        response = respond(incident, reply)
        if world.is_async and response is not None:
            await response

    world.errors.on_incident(respond_later if is_async else respond)
    world.call(Request("/problem"))
    world.call(Request("/nowhere"))

    assert called == ["/problem", "/nowhere"]


async def test_a_task_that_a_hook_has_started_has_incidents_of_its_own_later() -> None:
    app, called = quart.Quart("app"), list[str]()
    go_on, tasks = asyncio.Event(), list[asyncio.Task[Any]]()

    async def work() -> None:
        await go_on.wait()
        await app.test_client().get("/later")

    def hook(incident: Incident, reply: Reply) -> None:
        called.append(incident.request.path)
        if not tasks:
            tasks.append(asyncio.create_task(work()))

    ErrorHandler(app).on_incident(hook)
    await app.test_client().get("/first")
    go_on.set()
    await tasks[0]
    assert called == ["/first", "/later"]


def a_generator_hook(incident: Incident, reply: Reply) -> Iterator[None]:
    yield


async def an_async_generator_hook(incident: Incident, reply: Reply) -> AsyncIterator[None]:
    yield


class GeneratorObject:
    def __call__(self, incident: Incident, reply: Reply) -> Iterator[None]:
        yield


class AsyncGeneratorObject:
    async def __call__(self, incident: Incident, reply: Reply) -> AsyncIterator[None]:
        yield


@pytest.mark.parametrize(
    ("hook", "message"),
    [
        (a_generator_hook, "a_generator_hook is a generator function, and a call would run nothing of it"),
        (an_async_generator_hook, "without yield"),
        (functools.partial(an_async_generator_hook), "without yield"),
        (GeneratorObject(), "without yield"),
        (AsyncGeneratorObject().__call__, "without yield"),
        (AsyncGeneratorObject(), "without yield"),
        (lambda incident: None, r"cannot be called with \(incident, reply\): it takes \(incident\)"),
        (lambda incident, reply, more: None, "it takes"),
        (lambda incident, reply, *, more: None, "it takes"),
        (None, "a hook is a function of"),
        (Handlers(), "a hook is a function of"),
    ],
)
def test_what_cannot_be_a_hook_is_refused_at_once(world: World, hook: Any, message: str) -> None:
    for watched_one in (world.errors, Bridge({"/": world.app})):
        with pytest.raises(SetupError, match=message):
            watched_one.on_incident(hook)


class AsyncObject:
    def __init__(self, note: Callable[[Incident, Reply], Any]) -> None:
        self.note = note

    async def __call__(self, incident: Incident, reply: Reply) -> None:
        await asyncio.sleep(0)
        self.note(incident, reply)


ASYNC_HOOKS: dict[str, Callable[[AsyncObject], Any]] = {
    "a coroutine function": lambda made: made.__call__,
    "a partial": lambda made: functools.partial(made.__call__),
    "an object": lambda made: made,
    "a plain function that returns a coroutine": lambda made: lambda incident, reply: made(incident, reply),
}


async def let_tasks_end() -> None:
    """Wait for what was started, as the loop of a server goes on after an answer."""
    if waiting := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(waiting, timeout=20)


@pytest.mark.parametrize("kind", ASYNC_HOOKS)
@pytest.mark.parametrize("place", ["alone", "in a bridge", "of a bridge"])
def test_an_async_hook_is_run_to_its_end_and_gets_what_others_get(world: World, kind: str, place: str) -> None:
    site(world)
    seen: Seen = []
    bridge = Bridge({"/old": world.app})
    hook = ASYNC_HOOKS[kind](AsyncObject(lambda incident, reply: seen.append((incident, reply))))
    (bridge if place == "of a bridge" else world.errors).on_incident(hook)
    path = {"alone": "/problem", "in a bridge": "/old/problem", "of a bridge": "/nowhere"}[place]

    async def ask() -> Response:
        app = world.app if place == "alone" else bridge
        answer = await call_asgi(app, Request(path))
        await let_tasks_end()
        return answer

    answer = world.call(Request(path)) if place == "alone" and not world.is_async else asyncio.run(ask())

    incident, reply = only(seen)
    assert answer.status == reply.status == (404 if place == "of a bridge" else 409)
    assert incident.id.encode() in answer.body or incident.id[:8].encode() in answer.body or not incident.reference


async def test_a_quart_answer_does_not_wait_for_an_async_hook_and_the_shutdown_does() -> None:
    app = quart.Quart("app")
    reached: list[str] = []
    go_on = asyncio.Event()

    async def hook(incident: Incident, reply: Reply) -> None:
        await go_on.wait()
        reached.append(incident.request.path)

    ErrorHandler(app).on_incident(hook)
    async with app.test_app() as tested:
        assert (await tested.test_client().get("/nope")).status_code == 404
        assert reached == []
        go_on.set()
    assert reached == ["/nope"]


async def test_flask_in_an_async_program_starts_a_task() -> None:
    app = flask.Flask("app")
    reached: list[str] = []

    async def hook(incident: Incident, reply: Reply) -> None:
        reached.append(incident.request.path)

    errbridge_flask.ErrorHandler(app).on_incident(hook)
    assert app.test_client().get("/nope").status_code == 404
    assert reached == []
    await let_tasks_end()
    assert reached == ["/nope"]


async def test_async_hooks_of_flask_run_on_the_loop_of_the_bridge() -> None:
    app = flask.Flask("app")
    loops: list[asyncio.AbstractEventLoop] = []

    async def hook(incident: Incident, reply: Reply) -> None:
        loops.append(asyncio.get_running_loop())

    errbridge_flask.ErrorHandler(app).on_incident(hook)
    await call_asgi(Bridge({"/": app}), Request("/nope"))
    assert loops == [asyncio.get_running_loop()]


@pytest.mark.parametrize("hidden", [a_generator_hook, an_async_generator_hook])
def test_a_hook_that_hides_a_generator_is_complained_of(
    world: World, caplog: pytest.LogCaptureFixture, hidden: Callable[[Incident, Reply], Any]
) -> None:
    site(world)
    world.errors.on_incident(lambda incident, reply: hidden(incident, reply))
    seen = note_incidents(world)

    assert world.call(Request("/problem")).status == 409
    assert len(seen) == 1
    assert "returned a generator, and nothing of it runs" in caplog.text


def test_a_callable_without_a_signature_is_taken_at_its_word(world: World) -> None:
    assert world.errors.on_incident(max) is max
    site(world)

    assert world.call(Request("/problem")).status == 409


def test_without_hooks_no_reply_is_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    site(world)
    world.app.errorhandler(404)(lambda exc: ("native", 404))
    made: list[Any] = []
    assert world.errors is not None
    application: Any = world.app.extensions["errbridge"].installation.application
    monkeypatch.setattr("errbridge.representations.response.Reply", lambda *args, **kwargs: made.append(args))
    monkeypatch.setattr(application, "describe_response", made.append)

    world.call(Request("/problem"))
    world.call(Request("/nowhere"))

    assert made == []


# The trace.

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{'a' * 32}-00f067aa0ba902b7-01"


def with_trace(function: Callable[[], Any]) -> Part:
    return lambda world: world.errors.trace_with(function)


def test_the_trace_that_is_recorded_here_wins_over_the_one_of_the_client(ask: Callable[..., Response]) -> None:
    headers = [("Accept", "application/json"), ("Traceparent", TRACEPARENT)]
    assert ask(an_app(site, with_trace(lambda: TRACE)), "/problem", headers=headers).json["trace_id"] == TRACE
    assert ask(site, "/problem", headers=headers).json["trace_id"] == "a" * 32


def no_span() -> None:
    return None


def broken_tracer() -> str:
    raise RuntimeError("the tracer is broken")


@pytest.mark.parametrize("function", [no_span, lambda: "", broken_tracer])
def test_without_a_trace_of_its_own_an_error_belongs_to_that_of_the_client(
    ask: Callable[..., Response], caplog: pytest.LogCaptureFixture, function: Callable[[], str | None]
) -> None:
    headers = [("Accept", "application/json"), ("Traceparent", TRACEPARENT)]
    assert ask(an_app(site, with_trace(function)), "/problem", headers=headers).json["trace_id"] == "a" * 32
    assert ("broken_tracer failed" in caplog.text) is (function is broken_tracer)


async def a_trace() -> str:
    return TRACE


@pytest.mark.parametrize(
    ("function", "kind"),
    [(lambda: 7, "int"), (lambda: 0, "int"), (lambda: TRACE.encode(), "bytes"), (lambda: a_trace(), "coroutine")],
)
def test_what_is_no_text_is_no_trace_and_logged(
    ask: Callable[..., Response], caplog: pytest.LogCaptureFixture, function: Callable[[], Any], kind: str
) -> None:
    headers = [("Accept", "application/json"), ("Traceparent", TRACEPARENT)]
    assert ask(an_app(site, with_trace(function)), "/problem", headers=headers).json["trace_id"] == "a" * 32
    complaints = [record for record in caplog.records if "<lambda> failed" in record.getMessage()]
    assert len(complaints) == 2  # one of each framework
    assert f"a trace id is text, not {kind}" in caplog.text


@pytest.mark.usefixtures("broken_log")
def test_a_broken_tracer_and_a_broken_logging_system_do_not_stop_the_answer(world: World) -> None:
    site(world)
    world.errors.trace_with(broken_tracer)

    assert world.call(Request("/problem", headers=[("Accept", "application/json")])).json["detail"] == "Sold."


def test_traces_can_be_ended_and_a_function_that_returns_none_is_refused(world: World) -> None:
    site(world)
    own = lambda: TRACE  # noqa: E731 - the name is compared
    assert world.errors.trace_with(own) is None
    assert world.errors.trace_with(None) is own

    async def tracing() -> str:
        return TRACE

    def yielding() -> Iterator[str]:
        yield TRACE

    def asking(span: str) -> str:
        return span

    for wrong, message in (
        (tracing, "tracing is async, but tracers are called where the error is answered.*a plain function$"),
        (yielding, "yielding is a generator function"),
        (asking, r"asking cannot be called with \(\): it takes \(span: 'str'\)"),
        (TRACE, r"a tracer is a function of \(\), not '"),
    ):
        with pytest.raises(SetupError, match=message):
            world.errors.trace_with(wrong)
    answer = world.call(Request("/problem", headers=[("Accept", "application/json")]))
    assert "trace_id" not in answer.json


# WebSockets.


async def test_a_websocket_that_is_refused_and_one_that_is_closed_are_incidents() -> None:
    app = quart.Quart("app")
    errors = ErrorHandler(app)
    seen: Seen = []
    errors.on_incident(lambda incident, reply: seen.append((incident, reply)))

    async def refused() -> None:
        raise Problem(403)

    async def closed() -> None:
        await quart.websocket.accept()
        raise Problem(409)

    app.add_websocket("/refused", view_func=refused)
    app.add_websocket("/closed", view_func=closed)
    start, *_ = await conversation(app, "/refused")
    *_, close = await conversation(app, "/closed")

    assert (start["status"], close["code"]) == (403, 4409)
    assert [(incident.request.path, reply.status) for incident, reply in seen] == [("/refused", 403), ("/closed", 409)]
    assert all(incident.request.websocket for incident, _ in seen)


# What the bridge answers itself.


async def crashing(scope: Any, receive: Any, send: Any) -> None:
    raise LookupError("a secret")


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/crash", 500)])
async def test_a_hook_gets_what_the_bridge_answers_itself(path: str, status: int) -> None:
    bridge = Bridge({"/crash": crashing})
    seen: Seen = []

    @bridge.on_incident
    def hook(incident: Incident, reply: Reply) -> None:
        seen.append((incident, reply))

    bridge.trace_with(lambda: TRACE)
    answer = await call_asgi(bridge, Request(path, headers=[("Accept", "application/json")]))

    assert answer.status == status
    assert answer.json["trace_id"] == TRACE
    assert same(only(seen)[1], answer)

    bridge.off_incident(hook)
    bridge.trace_with(None)
    again = await call_asgi(bridge, Request(path, headers=[("Accept", "application/json")]))
    assert len(seen) == 1
    assert "trace_id" not in again.json


@pytest.mark.parametrize(("path", "status"), [("/nowhere", 404), ("/crash", 500)])
async def test_a_hook_gets_websockets_that_the_bridge_refuses(path: str, status: int) -> None:
    bridge = Bridge({"/crash": crashing})
    seen: Seen = []
    bridge.on_incident(lambda incident, reply: seen.append((incident, reply)))

    speaking = Communicator(bridge, scope_of(path))
    await speaking.send_input({"type": "websocket.connect"})
    start = await speaking.receive_output()

    incident, reply = only(seen)
    assert start["status"] == reply.status == status
    assert incident.request.websocket
    await speaking.receive_output()
    await speaking.wait()
