"""The lifespan of the server reaches every application, once, and a failure is called by its name."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import flask
import pytest
import quart
from hypercorn.utils import LifespanTimeoutError

from errbridge.asgi import Bridge
from tests.asgi.serving import hypercorn
from tests.clients import Communicator

pytestmark = pytest.mark.servers


def recording(name: str, log: list[str], *, fails: str = "", raises: bool = False) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for phase in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{phase}"
            log.append(f"{name} {phase}")
            if raises:
                raise KeyError(name)
            if fails == phase:
                await send({"type": f"lifespan.{phase}.failed", "message": "no database"})
                await receive()
            await send({"type": f"lifespan.{phase}.complete"})

    return app


async def lifespan(bridge: Any) -> Communicator:
    server = Communicator(bridge, {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}})
    await server.send_input({"type": "lifespan.startup"})
    return server


async def test_every_application_starts_in_order_and_stops_in_reverse_once() -> None:
    log: list[str] = []
    one, two = recording("one", log), recording("two", log)
    bridge = Bridge({"/one": one, "/flask": flask.Flask("f"), "/two": two, "/again": one})
    async with hypercorn(bridge):
        assert log == ["one startup", "two startup"]
    assert log == ["one startup", "two startup", "two shutdown", "one shutdown"]


async def test_a_quart_application_is_started_and_stopped_in_the_servers_loop() -> None:
    log: list[Any] = []
    app = quart.Quart("q")

    @app.before_serving
    async def start() -> None:
        log.append(asyncio.get_running_loop())

    @app.while_serving
    async def during() -> Any:
        log.append("during")
        yield
        log.append("after")

    @app.get("/")
    async def view() -> str:
        return str(len(log))

    async with hypercorn(Bridge({"/": flask.Flask("f"), "/q": app})) as server:
        assert (await server.client.get("/q/")).text == "2"
    assert log == [asyncio.get_running_loop(), "during", "after"]


async def test_an_application_without_lifespan_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def refuses(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"

    async def returns(scope: Any, receive: Any, send: Any) -> None:
        return

    async def answers_http(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"fine"})

    log: list[str] = []
    apps = {"/": answers_http, "/a": refuses, "/b": returns, "/c": recording("c", log)}
    async with hypercorn(Bridge(apps)) as server:
        assert (await server.client.get("/")).text == "fine"
    assert log == ["c startup", "c shutdown"]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_one_that_raises_over_the_start_goes_on_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []
    server = await lifespan(Bridge({"/a": recording("a", log, raises=True), "/b": recording("b", log)}))
    assert (await server.receive_output())["type"] == "lifespan.startup.complete"
    await server.send_input({"type": "lifespan.shutdown"})
    assert (await server.receive_output())["type"] == "lifespan.shutdown.complete"
    await server.wait()
    assert log == ["a startup", "b startup", "b shutdown"]
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "'/a'" in record.getMessage()


def raising(error: BaseException, during: str) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        for phase in ("startup", "shutdown"):
            await receive()
            if phase == during:
                raise error
            await send({"type": f"lifespan.{phase}.complete"})
            if during == "service":
                raise error

    return app


async def run_lifespan(bridge: Any) -> str:
    """Start and shut down; return the last message to the server."""
    server = await lifespan(bridge)
    message = await server.receive_output()
    if message["type"] == "lifespan.startup.complete":
        await server.send_input({"type": "lifespan.shutdown"})
        message = await server.receive_output()
    await server.wait()
    return f"{message['type'].removeprefix('lifespan.')}: {message.get('message', '')}"


@pytest.mark.parametrize("error", [asyncio.CancelledError(), GeneratorExit(), BaseException("odd"), ValueError()])
@pytest.mark.parametrize("during", ["startup", "service"])
async def test_a_lifespan_that_ends_early_is_a_warning_whatever_it_raises(
    error: BaseException, during: str, caplog: pytest.LogCaptureFixture
) -> None:
    log: list[str] = []
    apps = {"/a": recording("a", log), "/b": raising(error, during), "/c": recording("c", log)}
    assert await run_lifespan(Bridge(apps)) == "shutdown.complete: "
    assert log[-2:] == ["c shutdown", "a shutdown"]
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.getMessage() == f"the application '/b' goes on without lifespan: it raised {error!r}"


async def test_an_exit_in_a_lifespan_is_a_failed_start_after_which_the_others_shut_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log, error = list[str](), SystemExit(3)
    apps = {"/a": recording("a", log), "/b": raising(error, "startup"), "/c": recording("c", log)}
    failure = f"the application '/b' did not start: it raised {error!r}"
    assert await run_lifespan(Bridge(apps)) == f"startup.failed: {failure}"
    assert log == ["a startup", "a shutdown"]
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (record.getMessage(), record.exc_info and record.exc_info[1]) == (failure, error)


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError(), ValueError("x")])
async def test_a_shutdown_that_raises_has_failed(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []
    apps = {"/a": recording("a", log), "/b": raising(error, "shutdown"), "/c": recording("c", log)}
    failure = f"the application '/b' did not shut down: it raised {error!r}"
    assert await run_lifespan(Bridge(apps)) == f"shutdown.failed: {failure}"
    assert log[-2:] == ["c shutdown", "a shutdown"]
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert (record.getMessage(), record.exc_info and record.exc_info[1]) == (failure, error)


async def test_a_failed_start_is_reported_by_name_after_the_others_were_stopped() -> None:
    log: list[str] = []
    apps = {"/one": recording("one", log), "/two": recording("two", log, fails="startup"), "/3": recording("3", log)}
    server = await lifespan(Bridge(apps))
    message = await server.receive_output()
    assert message["type"] == "lifespan.startup.failed"
    assert message["message"] == "the application '/two' did not start: no database"
    assert log == ["one startup", "two startup", "one shutdown"]
    await server.wait()


async def test_hypercorn_does_not_start_with_an_application_that_failed() -> None:
    app = quart.Quart("q")

    @app.before_serving
    async def start() -> None:
        raise RuntimeError("no database")

    server = hypercorn(Bridge({"/": flask.Flask("f"), "/q": app}))
    with pytest.raises(Exception, match="the application '/q' did not start: no database"):
        await server.__aenter__()


async def test_in_a_list_an_application_is_called_by_its_own_name() -> None:
    app = quart.Quart("orders")

    @app.before_serving
    async def start() -> None:
        raise RuntimeError("no database")

    server = await lifespan(Bridge([app, flask.Flask("f")]))
    assert "'orders'" in (await server.receive_output())["message"]
    await server.wait()


async def test_two_applications_of_the_same_name_are_both_started() -> None:
    started: list[int] = []
    apps = [quart.Quart(__name__), quart.Quart(__name__)]
    for number, app in enumerate(apps):
        app.before_serving(lambda number=number: started.append(number))
    async with hypercorn(Bridge(apps)):
        assert started == [0, 1]


async def test_a_failed_or_endless_shutdown_keeps_no_other_application_from_its_own() -> None:
    log: list[str] = []

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await asyncio.Event().wait()

    apps = {"/one": recording("one", log), "/two": recording("two", log, fails="shutdown"), "/three": endless}
    server = await lifespan(Bridge(apps, grace=0.1))
    assert (await server.receive_output())["type"] == "lifespan.startup.complete"
    await server.send_input({"type": "lifespan.shutdown"})
    message = await server.receive_output()
    assert message["type"] == "lifespan.shutdown.failed"
    assert "'/three' did not shut down within 0.1 seconds" in message["message"]
    assert "'/two' did not shut down: no database" in message["message"]
    assert log[-1] == "one shutdown"
    await server.wait()


async def test_a_server_that_waits_in_vain_for_an_application_to_start_is_told_which(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log: list[str] = []
    before = asyncio.all_tasks()

    async def endless(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    apps = {"/one": recording("one", log), "/two": endless, "/three": recording("three", log)}
    server = hypercorn(Bridge(apps, grace=0.1), startup_timeout=0.5)
    with pytest.raises(LifespanTimeoutError):
        await server.__aenter__()
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert record.getMessage() == "the application '/two' is still starting up after 0.1 seconds"
    assert log == ["one startup"]
    for task in asyncio.all_tasks() - before:  # as `asyncio.run` does when the server has ended
        task.cancel()
        await asyncio.wait([task])
    assert asyncio.all_tasks() == before


async def test_an_application_that_ends_early_needs_no_shutdown() -> None:
    async def brief(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})

    async with hypercorn(Bridge({"/": brief})):
        pass


async def test_a_server_that_gives_up_leaves_no_task_behind() -> None:
    log: list[str] = []
    before = asyncio.all_tasks()
    server = await lifespan(Bridge({"/": recording("one", log)}))
    await server.receive_output()
    server.stop()
    await server.wait()
    assert asyncio.all_tasks() == before
