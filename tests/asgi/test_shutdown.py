"""SIGTERM in the midst of everything: what is under way is finished, what has no end does not hold the server up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import flask
import pytest
import quart
from websockets.asyncio.client import connect

import errbridge_flask
import errbridge_quart
from benchmarks.loopback import request
from benchmarks.slow import make_app, slow_clients
from errbridge.asgi import Bridge
from tests.asgi.serving import raw
from tests.servers import DEADLINE, Server, free_port, module, serving
from tests.versions import GRACE_IS_LOST

pytestmark = [pytest.mark.servers, pytest.mark.slow]

GRACE = int(os.environ.get("SHUTDOWN_GRACE", "0"))
"""Seconds that a server waits for its requests, and after it the bridge for its threads."""

ENDING = 0.5
"""Seconds that views and hooks take."""

SLACK = 10.0
"""Seconds for all the rest, on a busy machine."""

SERVERS = {
    "hypercorn": "hypercorn --graceful-timeout {grace} --bind 127.0.0.1:{port}",
    "uvicorn h11": "uvicorn --timeout-graceful-shutdown {grace} --http h11 --ws wsproto --port {port}",
    "uvicorn httptools": "uvicorn --timeout-graceful-shutdown {grace} --http httptools --port {port}",
    "gunicorn": "gunicorn --worker-class tests.asgi.test_shutdown.Worker --bind 127.0.0.1:{port}",
    "granian": "granian --interface asgi --workers-kill-timeout {grace} --port {port}",
}

if "test_shutdown.Worker" in " ".join(sys.argv):  # of gunicorn
    UvicornWorker: Any = import_module("uvicorn_worker").UvicornWorker
    options = {**UvicornWorker.CONFIG_KWARGS, "timeout_graceful_shutdown": GRACE}
    Worker = type("Worker", (UvicornWorker,), {"CONFIG_KWARGS": options})


def make_served() -> Any:
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    log = logging.getLogger("server")
    old: flask.Flask = make_app()
    new = quart.Quart("new")

    @old.get("/ending")
    def ending() -> str:
        time.sleep(ENDING)
        return "end"

    @old.get("/parts")
    def parts() -> Any:
        def make() -> Iterator[bytes]:
            yield b"begin"
            time.sleep(ENDING)
            yield b"end"

        return flask.Response(make())

    @old.get("/stuck")
    def stuck() -> str:
        time.sleep(60)
        return "never"

    @new.get("/ending")
    async def new_ending() -> str:
        await asyncio.sleep(ENDING)
        return "end"

    @new.get("/parts")
    async def new_parts() -> Any:
        async def make() -> AsyncIterator[bytes]:
            yield b"begin"
            await asyncio.sleep(ENDING)
            yield b"end"

        return quart.Response(make())

    @new.get("/endless")
    async def endless() -> Any:
        async def ticks() -> AsyncIterator[bytes]:
            while True:
                yield b"data: tick\n\n"
                await asyncio.sleep(0.1)

        return quart.Response(ticks())

    @new.websocket("/echo")
    async def echo() -> None:
        while True:
            await quart.websocket.send(await quart.websocket.receive())

    @new.post("/length")
    async def length() -> str:
        return str(len(await quart.request.get_data(as_text=False)))

    @new.after_serving
    async def stop() -> None:
        log.info("after_serving")

    is_moody = False

    async def moody(scope: Any, receive: Any, send: Any) -> None:
        nonlocal is_moody
        if scope["type"] == "http":
            is_moody = True
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})
            return
        for phase in ("startup", "shutdown"):
            await receive()
            if is_moody:
                await asyncio.sleep(60)
            await send({"type": f"lifespan.{phase}.complete"})

    def reporting(name: str, seconds: float) -> Any:
        async def report(*_: object) -> None:
            await asyncio.sleep(seconds)
            log.info("reported by %s", name)

        return report

    bridge = Bridge({"/new": new, "/old": old, "/moody": moody}, threads=8, grace=GRACE)
    errbridge_flask.ErrorHandler(old).on_incident(reporting("flask", ENDING))  # whose answer waits for it
    errbridge_quart.ErrorHandler(new).on_incident(reporting("quart", ENDING * 1.5))  # longer than any answer takes
    bridge.on_incident(reporting("the bridge", ENDING * 2))

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            log.info("asked for %s", scope["path"])
        await bridge(scope, receive, send)

    return noting


@pytest.fixture(params=list(SERVERS))
def server(
    request: pytest.FixtureRequest, grace: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    monkeypatch.setenv("SHUTDOWN_GRACE", str(grace))
    words = SERVERS[request.param].format(port=free_port(), grace=grace).split()
    with serving(module(*words, "tests.asgi.test_shutdown:app"), tmp_path / "log.txt") as server:
        yield server


app = make_served() if "tests.asgi.test_shutdown:app" in sys.argv else None

UPLOADS = [request("POST", path, {}, b"x" * 200_000) for path in ("/new/length", "/old/length")]


async def begin_upload(port: int, go_on: asyncio.Event, sent: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent[:-1000])
    await go_on.wait()
    writer.write(sent[-1000:])
    try:
        return await reader.read(-1)
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def clients_of_all_kinds(port: int) -> AsyncIterator[None]:
    """Have streams, uploads and WebSockets open that do not end by themselves."""
    async with contextlib.AsyncExitStack() as stack:
        for sent, answered in (
            *((request("GET", path), True) for path in ("/new/endless", "/old/endless")),
            *((sent[:-1000], False) for sent in UPLOADS),
        ):
            await stack.enter_async_context(slow_clients(port, 3, sent, answered=answered))
        sockets = [await connect(f"ws://127.0.0.1:{port}/new/echo", proxy=None) for _ in range(3)]
        try:
            yield
        finally:
            for socket in sockets:
                socket.transport.abort()


async def asked(server: Server, count: int, *paths: str) -> None:
    """Wait until the application has been asked for each path so many times."""
    async with asyncio.timeout(DEADLINE):
        while any(server.output.count(f"asked for {path}\n") < count for path in paths):
            await asyncio.sleep(0.01)


async def seconds_until_end(server: Server, since: float) -> float:
    code = await asyncio.to_thread(server.process.wait, DEADLINE)
    assert code in (0, -signal.SIGTERM), server.output
    return time.monotonic() - since


@pytest.mark.parametrize("grace", [20])  # much more than everything needs
async def test_what_is_under_way_is_finished_and_clients_that_leave_are_not_logged(server: Server) -> None:
    port, go_on = int(server.base.rpartition(":")[2]), asyncio.Event()
    paths = ("/new/ending", "/old/ending", "/new/parts", "/old/parts", "/nowhere", "/new/nowhere", "/old/nowhere")
    async with clients_of_all_kinds(port):
        questions = [raw(port, request("GET", path, {"connection": "close"})) for path in paths]
        questions += [begin_upload(port, go_on, sent) for sent in UPLOADS]
        answers = asyncio.gather(*questions)
        await asked(server, 1, *paths)
        await asked(server, 4, "/new/length", "/old/length")  # the slow clients upload to them as well
        begun = time.monotonic()
        server.process.terminate()
        await asyncio.sleep(0.1)
        go_on.set()
    *ended, missing, new_missing, old_missing, uploaded, old_uploaded = await answers
    assert [b"begin" in answer for answer in ended] == [False, False, True, True]
    assert all(answer.startswith(b"HTTP/1.1 200") and b"end" in answer for answer in ended), ended
    assert all(answer.startswith(b"HTTP/1.1 404") for answer in (missing, new_missing, old_missing))
    assert all(answer.endswith(b"\r\n\r\n200000") for answer in (uploaded, old_uploaded))
    assert await seconds_until_end(server, begun) < ENDING * 2 + SLACK
    *reported, last = re.findall("reported by .*|after_serving", server.output)
    assert sorted(reported) == ["reported by flask", "reported by quart", "reported by the bridge"]
    assert last == "after_serving"
    assert not re.search("WARNING|ERROR|Traceback", server.output), server.output


@pytest.mark.parametrize("grace", [2])
async def test_what_does_not_end_holds_the_server_up_for_its_grace_and_no_longer(server: Server, grace: int) -> None:
    if GRACE_IS_LOST and "hypercorn" in str(server.process.args):
        pytest.skip("Hypercorn waits for its slowest request")
    port = int(server.base.rpartition(":")[2])
    await raw(port, request("GET", "/moody", {"connection": "close"}))
    async with clients_of_all_kinds(port), slow_clients(port, 1, request("GET", "/old/stuck")):
        await asked(server, 3, "/new/length", "/old/length")
        await asked(server, 1, "/old/stuck")
        begun = time.monotonic()
        server.process.terminate()
        took = await seconds_until_end(server, begun)
    assert grace <= took < 3 * grace + SLACK
    # granian waits for its slowest request, or kills its worker without a lifespan
    killed = "Killing worker" in server.output
    assert ("after_serving" in server.output) != killed
    said = [
        f"requests were still running in threads {grace} seconds after shutdown began; grace= waits longer",
        f"the application '/moody' did not shut down within {grace} seconds",
    ]
    ours = re.findall(r"^(?:WARNING|ERROR) (?:errbridge|old|new|quart\S*) (.*)", server.output, re.MULTILINE)
    assert ours == ([] if killed else said)
