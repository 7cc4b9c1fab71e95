"""SIGTERM in the midst of everything: what is under way is finished, what has no end does not hold the server up."""

from __future__ import annotations

import asyncio
import contextlib
import logging
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
from tests.servers import Server, free_port, module, serving
from tests.versions import GRACE_IS_LOST

pytestmark = [pytest.mark.servers, pytest.mark.slow]

GRACE = 2
"""Seconds that a server waits for its requests, and after it the bridge for its threads."""

ENDING = 0.5
"""Seconds that views and hooks take."""

SLACK = 2.0
"""Seconds for all the rest."""

SERVERS = {
    "hypercorn": f"hypercorn --graceful-timeout {GRACE} --bind 127.0.0.1:{{port}}",
    "uvicorn h11": f"uvicorn --timeout-graceful-shutdown {GRACE} --http h11 --ws wsproto --port {{port}}",
    "uvicorn httptools": f"uvicorn --timeout-graceful-shutdown {GRACE} --http httptools --port {{port}}",
    "gunicorn": "gunicorn --worker-class tests.asgi.test_shutdown.Worker --bind 127.0.0.1:{port}",
    "granian": f"granian --interface asgi --workers-kill-timeout {GRACE} --port {{port}}",
}

if "test_shutdown.Worker" in " ".join(sys.argv):  # of gunicorn
    UvicornWorker: Any = import_module("uvicorn_worker").UvicornWorker
    options = {**UvicornWorker.CONFIG_KWARGS, "timeout_graceful_shutdown": GRACE}
    Worker = type("Worker", (UvicornWorker,), {"CONFIG_KWARGS": options})


def make_bridge() -> Bridge:
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
    return bridge


@pytest.fixture(params=list(SERVERS))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    words = SERVERS[request.param].format(port=free_port()).split()
    with serving(module(*words, "tests.asgi.test_shutdown:app"), tmp_path / "log.txt") as server:
        yield server


app = make_bridge() if "tests.asgi.test_shutdown:app" in sys.argv else None

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


async def seconds_until_end(server: Server, since: float) -> float:
    code = await asyncio.to_thread(server.process.wait, 30)
    assert code in (0, -signal.SIGTERM), server.output
    return time.monotonic() - since


async def test_what_is_under_way_is_finished_and_clients_that_leave_are_not_logged(server: Server) -> None:
    port, go_on = int(server.base.rpartition(":")[2]), asyncio.Event()
    paths = ("/new/ending", "/old/ending", "/new/parts", "/old/parts", "/nowhere", "/new/nowhere", "/old/nowhere")
    async with clients_of_all_kinds(port):
        asked = [raw(port, request("GET", path, {"connection": "close"})) for path in paths]
        asked += [begin_upload(port, go_on, sent) for sent in UPLOADS]
        answers = asyncio.gather(*asked)
        await asyncio.sleep(0.3)
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
    done = ["reported by flask", "reported by quart", "reported by the bridge", "after_serving"]
    assert re.findall("reported by .*|after_serving", server.output) == done
    assert not re.search("WARNING|ERROR|Traceback", server.output), server.output


async def test_what_does_not_end_holds_the_server_up_for_its_grace_and_no_longer(server: Server) -> None:
    if GRACE_IS_LOST and "hypercorn" in str(server.process.args):
        pytest.skip("Hypercorn waits for its slowest request")
    port = int(server.base.rpartition(":")[2])
    await raw(port, request("GET", "/moody", {"connection": "close"}))
    async with clients_of_all_kinds(port), slow_clients(port, 1, request("GET", "/old/stuck")):
        await asyncio.sleep(0.3)
        begun = time.monotonic()
        server.process.terminate()
        took = await seconds_until_end(server, begun)
    assert GRACE <= took < 3 * GRACE + SLACK
    # granian waits for its slowest request, or kills its worker without a lifespan
    killed = "Killing worker" in server.output
    assert ("after_serving" in server.output) != killed
    said = [
        f"requests were still running in threads {GRACE} seconds after shutdown began; grace= waits longer",
        f"the application '/moody' did not shut down within {GRACE} seconds",
    ]
    ours = re.findall(r"^(?:WARNING|ERROR) (?:errbridge|old|new|quart\S*) (.*)", server.output, re.MULTILINE)
    assert ours == ([] if killed else said)
