"""Flask in threads: as many as there may be, on the server's loop where it is asynchronous, without delaying others."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Iterator
from typing import Any

import asgiref.local
import asgiref.sync
import flask
import httpx
import pytest
import quart

from errbridge.asgi import Bridge
from tests.asgi.serving import DEADLINE, hypercorn
from tests.clients import Request, call_asgi
from tests.versions import GRACE_IS_LOST

pytestmark = pytest.mark.servers

variable = contextvars.ContextVar("variable", default="unset")


class Gate:
    """Views wait here until the test lets them go."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.inside = 0
        self.most = 0
        self.lock = threading.Lock()

    def wait(self) -> str:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        assert self.open.wait(DEADLINE)
        with self.lock:
            self.inside -= 1
        return "through"

    async def filled(self, count: int) -> None:
        async with asyncio.timeout(DEADLINE):
            while self.inside < count:
                await asyncio.sleep(0.01)


@pytest.fixture
def gate() -> Any:
    gate = Gate()
    yield gate
    gate.open.set()


def gated(gate: Gate) -> flask.Flask:
    app = flask.Flask("f")
    app.add_url_rule("/", view_func=gate.wait)
    return app


async def test_thirty_two_requests_that_wait_do_so_at_the_same_time(gate: Gate) -> None:
    async with hypercorn(Bridge({"/": gated(gate)})) as server:
        requests = [asyncio.create_task(server.client.get("/")) for _ in range(32)]
        await gate.filled(32)
        gate.open.set()
        answers = await asyncio.gather(*requests)
    assert {answer.text for answer in answers} == {"through"}


async def test_there_are_never_more_threads_than_asked_for(gate: Gate) -> None:
    async with hypercorn(Bridge({"/": gated(gate)}, threads=3)) as server:
        requests = [asyncio.create_task(server.client.get("/")) for _ in range(8)]
        await gate.filled(3)
        gate.open.set()
        answers = await asyncio.gather(*requests)
    assert [answer.status_code for answer in answers] == [200] * 8
    assert gate.most == 3


async def test_a_saturated_flask_delays_no_quart_handler_be_it_async_or_sync(gate: Gate) -> None:
    app = quart.Quart("q")

    @app.get("/async")
    async def asynchronous() -> str:
        return "async"

    @app.get("/sync")
    def synchronous() -> str:
        return "sync"

    async with hypercorn(Bridge({"/": app, "/flask": gated(gate)}, threads=4)) as server:
        requests = [asyncio.create_task(server.client.get("/flask/")) for _ in range(40)]
        await gate.filled(4)
        assert (await server.client.get("/async")).text == "async"
        assert (await server.client.get("/sync")).text == "sync"
        gate.open.set()
        assert {answer.text for answer in await asyncio.gather(*requests)} == {"through"}


async def test_a_full_queue_is_answered_with_the_time_of_the_next_try(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    async with hypercorn(Bridge({"/": gated(gate)}, threads=1, waiting=1)) as server:
        first = asyncio.create_task(server.client.get("/"))
        await gate.filled(1)
        others = [asyncio.create_task(server.client.get("/", headers={"Accept": "application/json"})) for _ in range(3)]
        while sum(other.done() for other in others) < 2:
            await asyncio.sleep(0.01)
        gate.open.set()
        answers = await asyncio.gather(first, *others)
        later = await server.client.get("/")
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503]
    for answer in answers:
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "1"
            assert answer.json()["retry_after"] == 1
    assert later.status_code == 200


async def test_async_views_and_handlers_of_flask_run_on_the_loop_of_the_server() -> None:
    app = flask.Flask("f")
    loops: list[asyncio.AbstractEventLoop] = []

    @app.get("/view")
    async def view() -> str:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        raise LookupError

    @app.errorhandler(LookupError)
    async def handler(error: LookupError) -> str:
        loops.append(asyncio.get_running_loop())
        return flask.request.path

    @app.get("/called")
    def called() -> str:
        async def inner() -> str:
            loops.append(asyncio.get_running_loop())
            return "inner"

        return asgiref.sync.async_to_sync(inner)()

    async with hypercorn(Bridge({"/": app})) as server:
        assert (await server.client.get("/view")).text == "/view"
        assert (await server.client.get("/called")).text == "inner"
    assert loops == [asyncio.get_running_loop()] * 3


async def test_flask_and_quart_share_an_asynchronous_resource() -> None:
    lock = asyncio.Lock()
    held: list[str] = []

    async def hold(name: str) -> str:
        async with lock:
            held.append(name)
            await asyncio.sleep(0.01)
            assert held[-1] == name
        return name

    flask_app, quart_app = flask.Flask("f"), quart.Quart("q")

    @flask_app.get("/")
    async def in_flask() -> str:
        return await hold("flask")

    @quart_app.get("/")
    async def in_quart() -> str:
        return await hold("quart")

    async with hypercorn(Bridge({"/f": flask_app, "/q": quart_app})) as server:
        await asyncio.gather(*(server.client.get(path) for path in ["/f/", "/q/"] * 10))
    assert sorted(held) == ["flask"] * 10 + ["quart"] * 10


async def test_every_request_has_a_context_of_its_own() -> None:
    app = flask.Flask("f")

    @app.get("/<value>")
    def view(value: str) -> str:
        before = variable.get()
        variable.set(value)
        return before

    async with hypercorn(Bridge({"/": app}, threads=1)) as server:
        seen = {(await server.client.get(f"/{number}")).text for number in range(5)}
    assert seen == {"unset"}
    assert variable.get() == "unset"


@pytest.mark.parametrize("path", ["/whole", "/stream", "/abandoned"])
async def test_a_request_stays_in_one_thread_from_its_first_line_to_its_close(path: str) -> None:
    threads: list[int] = []
    closed = threading.Event()
    app = flask.Flask("f")

    def note(*args: object) -> None:
        threads.append(threading.get_ident())

    def chunks() -> Iterator[bytes]:
        while path == "/abandoned" or len(threads) < 5:
            note()
            yield b"x" * 1000

    @app.get(path)
    def view() -> flask.Response:
        note()
        response = flask.Response("x" * 1000 if path == "/whole" else chunks())
        response.call_on_close(note)
        response.call_on_close(closed.set)
        return response

    app.before_request(note)
    app.teardown_request(note)
    async with hypercorn(Bridge({"/": app})) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
        await reader.readexactly(1000)
        writer.close()
        assert await asyncio.to_thread(closed.wait, DEADLINE)
    assert len(threads) >= 4
    assert len(set(threads)) == 1


async def test_a_shutdown_waits_for_requests_in_threads_but_not_for_ever(
    gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    order: list[str] = []
    app = quart.Quart("q")

    @app.after_serving
    async def shut_down() -> None:
        order.append("quart")

    async with hypercorn(Bridge({"/": app, "/flask": gated(gate)}, grace=0.2), graceful_timeout=0.1) as server:
        request = asyncio.create_task(server.client.get("/flask/"))
        await gate.filled(1)
        request.cancel()
        if GRACE_IS_LOST:  # pgjones/hypercorn#308: the lifespan ends after the last thread
            asyncio.get_running_loop().call_later(3.0, gate.open.set)
    assert gate.open.is_set() is GRACE_IS_LOST
    assert order == ["quart"]
    warned = any("still running in threads" in record.getMessage() for record in caplog.records)
    assert warned is not GRACE_IS_LOST


async def test_a_request_in_flight_is_answered_before_the_server_stops(gate: Gate) -> None:
    async with httpx.AsyncClient(timeout=DEADLINE, trust_env=False) as client:
        async with hypercorn(Bridge({"/": gated(gate)}), graceful_timeout=10.0) as server:
            request = asyncio.create_task(client.get(f"{server.url}/"))
            await gate.filled(1)
            asyncio.get_running_loop().call_later(0.2, gate.open.set)
        assert (await request).text == "through"


async def test_a_bridge_serves_again_after_its_lifespan_ended() -> None:
    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: "served")
    bridge = Bridge({"/": app})
    for _ in range(2):
        async with hypercorn(bridge) as server:
            assert (await server.client.get("/")).text == "served"


async def test_the_threads_are_given_back_at_the_end() -> None:
    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: threading.current_thread().name)
    async with hypercorn(Bridge({"/": app})) as server:
        name = (await server.client.get("/")).text
    assert name.startswith("errbridge-wsgi")
    async with asyncio.timeout(DEADLINE):
        while any(thread.name == name for thread in threading.enumerate()):
            await asyncio.sleep(0.01)


async def test_a_client_that_leaves_is_no_error(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    def app(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [])
        yield b"first"
        gate.wait()
        while True:
            yield b"more"

    async with hypercorn(Bridge({"/": app})) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"first")
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.05)
        gate.open.set()
        async with asyncio.timeout(DEADLINE):
            while not caplog.records:
                await asyncio.sleep(0.01)
    assert [record.levelno for record in caplog.records if record.name == "errbridge"] == [logging.DEBUG]


def test_a_bridge_serves_on_a_second_loop_while_a_thread_has_outlived_the_first(gate: Gate) -> None:
    app = flask.Flask("f")
    app.add_url_rule("/gate", view_func=gate.wait)

    @app.get("/")
    async def view() -> str:
        return str(id(asyncio.get_running_loop()))

    bridge = Bridge({"/": app}, threads=2)

    async def ask() -> None:
        assert (await call_asgi(bridge, Request("/"))).text == str(id(asyncio.get_running_loop()))

    async def leave() -> None:
        await ask()
        asking = asyncio.create_task(call_asgi(bridge, Request("/gate")))
        await gate.filled(1)
        asking.cancel()

    async def settle(free: int) -> None:
        await ask()
        async with asyncio.timeout(DEADLINE):
            while bridge._threads.free < free:
                await asyncio.sleep(0.01)
        assert bridge._threads.free == free

    asyncio.run(leave())
    asyncio.run(settle(1))
    gate.open.set()
    asyncio.run(settle(2))


async def test_a_bridge_on_two_loops_at_once_says_so(gate: Gate, caplog: pytest.LogCaptureFixture) -> None:
    bridge = Bridge({"/": gated(gate)})
    first = asyncio.create_task(call_asgi(bridge, Request("/")))
    await gate.filled(1)
    second = await asyncio.to_thread(lambda: asyncio.run(call_asgi(bridge, Request("/"))))
    gate.open.set()
    assert (await first).text == "through"
    assert second.status == 500
    assert "a bridge serves one event loop at a time; make one for each" in caplog.text


async def test_a_request_for_which_the_system_has_no_thread_is_a_500_and_the_next_one_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    app = flask.Flask("f")
    app.add_url_rule("/", view_func=lambda: "served")
    bridge = Bridge({"/": app}, threads=1)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        assert (await call_asgi(bridge, Request("/"))).status == 500
    assert (await call_asgi(bridge, Request("/"))).text == "served"


async def test_what_asgiref_keeps_for_a_request_is_there_in_each_thread() -> None:
    """Some middleware keeps something in a `Local`, as Django does."""
    local = asgiref.local.Local()
    app = flask.Flask("app")
    app.add_url_rule("/", "view", lambda: str(getattr(local, "kept", None)))
    bridge = Bridge({"/": app})

    async def around(scope: Any, receive: Any, send: Any) -> None:
        local.kept = scope["query_string"].decode()
        await bridge(scope, receive, send)

    for value in ("first", "second"):
        assert (await call_asgi(around, Request(f"/?{value}"))).text == value


async def test_a_context_that_asgiref_cannot_read_costs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 3.8 compares the values of context variables, which arrays refuse."""

    def fail(context: contextvars.Context) -> None:
        raise ValueError("The truth value of an array with more than one element is ambiguous")

    monkeypatch.setattr("errbridge.asgi.threads._restore_context", fail)
    app = flask.Flask("f")
    app.add_url_rule("/", view_func=variable.get)
    bridge = Bridge({"/": app}, threads=1)
    variable.set("kept")
    for _ in range(2):
        assert (await asyncio.wait_for(call_asgi(bridge, Request("/")), DEADLINE)).text == "kept"


async def test_a_turn_that_comes_when_its_request_is_cancelled_is_given_back(gate: Gate) -> None:
    """A timeout around a bridge cancels just the requests that wait."""
    bridge = Bridge({"/": gated(gate)}, threads=1)
    first, second = (asyncio.create_task(call_asgi(bridge, Request("/"))) for _ in range(2))
    await gate.filled(1)
    pass_on = bridge._threads.pass_on_turn

    def pass_on_and_cancel() -> None:
        pass_on()
        second.cancel()  # in the same step of the loop

    bridge._threads.pass_on_turn = pass_on_and_cancel  # type: ignore[method-assign]
    gate.open.set()
    await asyncio.gather(first, second, return_exceptions=True)
    bridge._threads.pass_on_turn = pass_on  # type: ignore[method-assign]

    async with asyncio.timeout(DEADLINE):
        assert (await call_asgi(bridge, Request("/"))).status == 200
