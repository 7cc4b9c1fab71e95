"""The same requests to this bridge and to the other ways of serving Flask beside Quart.

Every row states which of them do it right, today. When a row fails because another one has learnt something, that is
good news: change the row, and the table in the documentation.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import a2wsgi
import asgiref.wsgi
import flask
import httpx
import pytest
import quart
from hypercorn.middleware import AsyncioWSGIMiddleware, DispatcherMiddleware

from errbridge.asgi import Bridge
from tests.asgi.serving import DEADLINE, hypercorn
from tests.clients import Communicator
from tests.versions import HYPERCORN

pytestmark = [pytest.mark.servers, pytest.mark.slow]

PATIENCE = 3.0  # seconds for what is known not to work; what hangs does so for ever


def a2wsgi_of(app: Any) -> Any:
    return a2wsgi.WSGIMiddleware(app, workers=40)


SERVERS: dict[str, Callable[[Any, Any], Any]] = {
    "errbridge": lambda new, old: Bridge({"/": new, "/legacy": old}),
    "asgiref": lambda new, old: DispatcherMiddleware({"/legacy": asgiref.wsgi.WsgiToAsgi(old), "/": new}),
    "hypercorn": lambda new, old: DispatcherMiddleware({"/legacy": AsyncioWSGIMiddleware(old), "/": new}),
    "a2wsgi": lambda new, old: DispatcherMiddleware({"/legacy": a2wsgi_of(old), "/": new}),
}


@dataclass(slots=True)
class Service:
    """A Quart application at the root and a Flask application at ``/legacy``."""

    new: quart.Quart = field(default_factory=lambda: quart.Quart("new"))
    old: flask.Flask = field(default_factory=lambda: flask.Flask("old"))
    started: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    sleeping: set[int] = field(default_factory=set)
    most_sleeping: int = 0

    def __post_init__(self) -> None:
        new, old = self.new, self.old

        @new.before_serving
        async def start() -> None:
            self.started.append("new")

        @new.get("/legacyish")
        async def beside() -> str:
            return "new"

        @old.get("/")
        def index() -> Any:
            response = flask.Response("old")
            response.call_on_close(lambda: self.closed.append("index"))
            return response

        @old.get("/accent")
        def accent() -> Any:
            return "old", {"X-Text": "caf\u00e9"}

        @old.post("/echo")
        def echo() -> bytes:
            return flask.request.get_data()

        @old.post("/unread")
        def unread() -> str:
            return "not read"

        @old.get("/empty")
        def empty() -> Any:
            return "", 204

        @old.get("/sleep")
        def sleep() -> str:
            self.sleeping.add(threading.get_ident())
            time.sleep(0.05)
            self.most_sleeping = max(self.most_sleeping, len(self.sleeping))
            self.sleeping.discard(threading.get_ident())
            return "slept"

        @old.get("/headers")
        def headers() -> Any:
            return {"real": flask.request.headers.get("X-Real"), "cookies": flask.request.cookies}

        @old.get("/fails")
        def fails() -> Any:
            def chunks() -> Any:
                nothing: dict[str, bytes] = {}
                yield nothing["before the first chunk"]

            return flask.Response(chunks())

        @old.get("/endless")
        def endless() -> Any:
            def chunks() -> Any:
                try:
                    for _ in range(800):
                        time.sleep(0.001)
                        yield b"x" * 100
                    self.closed.append("ran to its end")
                except GeneratorExit:
                    self.closed.append("stopped")
                    raise

            return flask.Response(chunks())


Row = Callable[[httpx.AsyncClient, Service], Awaitable[bool]]


async def head_works(client: httpx.AsyncClient, service: Service) -> bool:
    return (await client.head("/legacy/")).status_code == 200


async def empty_responses_work(client: httpx.AsyncClient, service: Service) -> bool:
    return (await client.get("/legacy/empty")).status_code == 204


async def mounts_match_whole_segments(client: httpx.AsyncClient, service: Service) -> bool:
    return (await client.get("/legacyish")).text == "new"


async def requests_run_in_parallel(client: httpx.AsyncClient, service: Service) -> bool:
    await asyncio.gather(*(client.get("/legacy/sleep") for _ in range(24)))
    return service.most_sleeping > 1


async def chunked_uploads_arrive(client: httpx.AsyncClient, service: Service) -> bool:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    return (await client.post("/legacy/echo", content=parts())).content == b"onetwo"


async def large_uploads_arrive(client: httpx.AsyncClient, service: Service) -> bool:
    return len((await client.post("/legacy/echo", content=b"x" * 1_000_000)).content) == 1_000_000


async def an_unread_upload_does_not_block(client: httpx.AsyncClient, service: Service) -> bool:
    answer = await client.post("/legacy/unread", content=b"x" * 4_000_000)
    return answer.text == "not read"


async def close_is_called(client: httpx.AsyncClient, service: Service) -> bool:
    await client.get("/legacy/")
    while not service.closed:
        await asyncio.sleep(0.01)
    return service.closed == ["index"]


async def headers_may_have_accents(client: httpx.AsyncClient, service: Service) -> bool:
    answer = await client.get("/legacy/accent")
    return bool(answer.headers.get("X-Text") == "caf\u00e9")


async def an_underscore_cannot_forge_a_header(client: httpx.AsyncClient, service: Service) -> bool:
    answer = await client.get("/legacy/headers", headers={"X-Real": "true", "X_Real": "forged"})
    return bool(answer.json()["real"] == "true")


async def split_cookies_are_joined(client: httpx.AsyncClient, service: Service) -> bool:
    answer = await client.get("/legacy/headers", headers=[("Cookie", "a=1"), ("Cookie", "b=2")])
    return bool(answer.json()["cookies"] == {"a": "1", "b": "2"})


async def an_error_before_the_first_chunk_is_a_500(client: httpx.AsyncClient, service: Service) -> bool:
    return (await client.get("/legacy/fails")).status_code == 500


async def a_client_that_disconnects_stops_the_stream(client: httpx.AsyncClient, service: Service) -> bool:
    async with client.stream("GET", "/legacy/endless") as answer:
        await anext(answer.aiter_raw())
    async with asyncio.timeout(10):
        while not service.closed:
            await asyncio.sleep(0.01)
    return service.closed == ["stopped"]


OTHERS = {"asgiref", "hypercorn", "a2wsgi"}
ROWS: dict[Row, set[str]] = {
    head_works: {"asgiref", "a2wsgi"},
    empty_responses_work: {"asgiref", "a2wsgi"},
    mounts_match_whole_segments: set(),
    requests_run_in_parallel: {"hypercorn", "a2wsgi"},
    chunked_uploads_arrive: set(),
    large_uploads_arrive: {"asgiref", "a2wsgi"},
    an_unread_upload_does_not_block: {"asgiref", "a2wsgi"},
    close_is_called: {"hypercorn", "a2wsgi"},
    headers_may_have_accents: {"hypercorn", "a2wsgi"},
    an_underscore_cannot_forge_a_header: set(),
    split_cookies_are_joined: set(),
    an_error_before_the_first_chunk_is_a_500: {"asgiref", "hypercorn"},
    a_client_that_disconnects_stops_the_stream: set(),
}


def without_lifespan(app: Any) -> Any:
    """Keep Hypercorn from waiting for an application that never says that it has started."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] != "lifespan"
        await app(scope, receive, send)

    return served


async def does(row: Row, name: str) -> bool:
    service = Service()
    app = SERVERS[name](service.new, service.old)
    async with hypercorn(app if name == "errbridge" else without_lifespan(app)) as server:
        try:
            async with asyncio.timeout(DEADLINE if name in {"errbridge", *ROWS[row]} else PATIENCE):
                return await row(server.client, service)
        except (TimeoutError, httpx.HTTPError):
            return False


@pytest.mark.filterwarnings("ignore")
async def test_which_of_them_start_quart_and_say_so() -> None:
    said = set()
    for name, make in SERVERS.items():
        service = Service()
        server = Communicator(make(service.new, service.old), {"type": "lifespan", "state": {}})
        await server.send_input({"type": "lifespan.startup"})
        with contextlib.suppress(Exception):
            patience = 0.3 if name in ("asgiref", "hypercorn") else DEADLINE
            if (await server.receive_output(patience))["type"] == "lifespan.startup.complete":
                assert service.started == ["new"]
                said.add(name)
        server.stop(exceptions=False)
    assert said == {"errbridge", "a2wsgi"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
async def test_this_bridge_does_it_right(row: Row) -> None:
    assert await does(row, "errbridge")


@pytest.mark.skipif(HYPERCORN < (0, 18), reason="docs/bridge.md compares with Hypercorn 0.18")
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
async def test_which_others_do_it_right(row: Row) -> None:
    if row is an_unread_upload_does_not_block and sys.version_info >= (3, 12, 1):
        pytest.skip("Hypercorn 0.18 does not stop while a connection is open, which some of them leave open")
    assert {name for name in sorted(OTHERS) if await does(row, name)} == ROWS[row]
