"""The same bridge on every server: what users of one of them can count on, and what they cannot.

`KNOWN` names what a server does differently; a test that passes although it is there fails, so that it stays true.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import flask
import httpx
import pytest
import quart
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from benchmarks.loopback import free_port
from benchmarks.slow import SLOW, make_app, slow_clients
from errbridge.asgi import Bridge, exchange
from tests.asgi import serving
from tests.asgi.serving import DEADLINE, raw
from tests.asgi.test_abuse import request
from tests.asgi.test_bodies import PIECE, digest, pieces
from tests.asgi.test_bodies import make_app as make_reader

pytestmark = [pytest.mark.servers, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
HYPERCORN_017 = os.environ.get("ERRBRIDGE_HYPERCORN_017")
"""The Python of an environment with Hypercorn 0.17, to run its row as well."""

SERVERS: dict[str, list[str]] = {
    "hypercorn": [sys.executable, "-m", "hypercorn", "--bind", "127.0.0.1:{port}", "{app}"],
    "uvicorn h11": [sys.executable, "-m", "uvicorn", "--port={port}", "--http=h11", "--ws=wsproto", "{app}"],
    "uvicorn httptools": [sys.executable, "-m", "uvicorn", "--port={port}", "--http=httptools", "{app}"],
    "granian": [sys.executable, "-m", "granian", "--interface=asgi", "--host=127.0.0.1", "--port={port}", "{app}"],
    "daphne": [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "{app}"],
}  # fmt: skip
if HYPERCORN_017:
    SERVERS["hypercorn 0.17"] = [HYPERCORN_017, *SERVERS["hypercorn"][1:]]

KNOWN = {
    # It calls the application only when the request is complete, and never closes a connection because of it.
    ("daphne", "test_an_upload_that_is_too_large_is_a_413[flask/digest]"),
    ("daphne", "test_an_upload_that_is_too_large_is_a_413[quart/upload]"),
    ("daphne", "test_an_error_after_the_first_chunk_breaks_the_connection_off"),
    ("daphne", "test_an_upload_may_go_on_after_its_answer[/flask/digest]"),
    ("daphne", "test_an_upload_may_go_on_after_its_answer[/quart/nowhere]"),
    # Once an answer has begun, it reports the client as gone when no more of the upload is there, and resets the
    # connection.
    ("granian", "test_an_upload_may_go_on_after_its_answer[/flask/digest]"),
    ("granian", "test_an_upload_may_go_on_after_its_answer[/quart/nowhere]"),
    # Where the body of a request is broken, it says that the client is gone, and then sends a 500 of its own.
    ("granian", "test_no_hostile_request_is_an_error_of_the_server[/abused/who]"),
    ("granian", "test_no_hostile_request_is_an_error_of_the_server[/quart/upload]"),
    # It has no lifespan, and no denial of WebSockets; its scopes of WebSockets have no scheme, which Quart reads.
    ("daphne", "test_the_lifespan_reaches_quart"),
    ("daphne", "test_a_websocket_is_denied_with_the_problem"),
    ("daphne", "test_websockets"),
}

RACES = {
    # For the same reason, unless the client is so quick that it never has to be waited for.
    ("granian", "test_an_early_answer_to_an_upload_reaches_the_client[quart]"),
    ("granian", "test_an_upload_that_grows_too_large_is_a_413[flask/digest]"),
    ("granian", "test_an_upload_that_grows_too_large_is_a_413[quart/upload]"),
}
"""What goes well or not, as it happens."""


def make_bridge() -> Bridge:
    flask_app, quart_app = make_reader(), quart.Quart("q")
    flask_app.add_url_rule("/url", view_func=lambda: flask.url_for("unread"), endpoint="url")

    async def url() -> str:
        return quart.url_for("url")

    async def upload() -> str:
        return str(len(await quart.request.get_data(as_text=False)))

    async def echo() -> None:
        while True:
            await quart.websocket.send(await quart.websocket.receive())

    def broken() -> Any:
        yield b"first"
        raise KeyError

    async def turns() -> Any:
        return {"free": bridge._threads.free, "streaming": bridge._threads.streaming, "started": started}

    started: list[str] = []

    async def start() -> None:
        started.append("quart")

    flask_app.add_url_rule("/broken", view_func=lambda: flask.Response(broken()), endpoint="broken")
    quart_app.add_url_rule("/url", "url", url)
    quart_app.add_url_rule("/upload", "upload", upload, methods=["POST"])
    quart_app.add_url_rule("/turns", "turns", turns)
    quart_app.add_websocket("/echo", "echo", echo)
    quart_app.before_serving(start)
    apps: dict[str, Any] = {"/flask": flask_app, "/quart": quart_app, "/abused": make_app()}
    bridge = Bridge(apps, threads=4, max_body=10_000_000, stream_uploads=["/flask/echo"])
    return bridge


if "tests.asgi.test_servers:app" in sys.argv:  # of a server
    # Nothing that holds a client up may be over by itself before the tests give up.
    exchange._LINGER_FOR = exchange._LINGER_BETWEEN = 3 * DEADLINE

app = make_bridge()


@contextlib.contextmanager
def running(name: str, log: Path, *options: str, trusted: ssl.SSLContext | None = None) -> Iterator[str]:
    port = free_port()
    command = [part.format(port=port, app="tests.asgi.test_servers:app") for part in SERVERS[name]]
    url = f"{'https' if trusted else 'http'}://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + DEADLINE * 2
        while True:
            try:
                httpx.get(url, trust_env=False, verify=trusted or True)
                break
            except httpx.TransportError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.fixture(scope="module", params=list(SERVERS))
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Path]]:
    log = tmp_path_factory.mktemp("server") / "log.txt"
    with running(request.param, log) as url:
        yield request.param, url, log


@pytest.fixture
async def client(server: tuple[str, str, Path]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server[1], timeout=serving.DEADLINE, trust_env=False) as client:
        yield client


@pytest.fixture(autouse=True)
def known(request: pytest.FixtureRequest, server: tuple[str, str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    rest = [value for name, value in request.node.callspec.params.items() if name != "server"]
    row = server[0], request.node.originalname + (f"[{rest[0]}]" if rest else "")
    if row in RACES:
        pytest.skip("a known limit of this server, but not each time")
    if row in KNOWN:
        request.node.add_marker(pytest.mark.xfail(strict=True, reason="a known limit of this server"))
        monkeypatch.setattr(serving, "DEADLINE", 3.0)  # no use to wait for what does not come


async def all_free(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(DEADLINE):
        while True:
            turns = (await client.get("/quart/turns")).json()
            if (turns["free"], turns["streaming"]) == (4, 0):
                return
            await asyncio.sleep(0.05)


async def test_mounts_and_errors(client: httpx.AsyncClient) -> None:
    assert (await client.get("/flask/url")).text == "/flask/unread"
    assert (await client.get("/quart/url")).text == "/quart/url"
    missing = await client.get("/nowhere", headers={"Accept": "application/json"})
    assert (missing.status_code, missing.json()["title"]) == (404, "Not Found")
    assert (await client.head("/flask/url")).status_code == 200


async def test_bodies_go_in_and_out(client: httpx.AsyncClient) -> None:
    assert (await client.post("/flask/digest", content=pieces(20))).text == digest(20)
    assert (await client.post("/flask/digest", content=b"small")).text == hashlib.sha256(b"small").hexdigest()
    assert (await client.post("/flask/echo", content=pieces(10))).content == PIECE * 10
    assert hashlib.sha256((await client.get("/flask/download/20")).content).hexdigest() == digest(20)
    assert (await client.post("/flask/unread", content=PIECE * 20)).text == "not read"
    assert (await client.post("/quart/upload", content=pieces(20))).text == str(len(PIECE) * 20)


@pytest.mark.parametrize("mount", ["flask/digest", "quart/upload"])
async def test_an_upload_that_is_too_large_is_a_413(mount: str, client: httpx.AsyncClient) -> None:
    declared = request("POST", f"/{mount}", "Content-Length: 10000001", body=b"hello")
    assert (await raw(client.base_url.port or 0, declared, until_closed=False)).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("mount", ["flask/digest", "quart/upload"])
async def test_an_upload_that_grows_too_large_is_a_413(mount: str, client: httpx.AsyncClient) -> None:
    assert (await client.post(f"/{mount}", content=pieces(200))).status_code == 413


@pytest.mark.parametrize("mount", ["flask", "quart"])
async def test_an_early_answer_to_an_upload_reaches_the_client(mount: str, client: httpx.AsyncClient) -> None:
    assert (await client.post(f"/{mount}/nowhere", content=PIECE * 120)).status_code == 404


@pytest.mark.parametrize("target", ["/flask/digest", "/quart/nowhere"])
async def test_an_upload_may_go_on_after_its_answer(target: str, client: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    with contextlib.closing(writer):
        async with asyncio.timeout(serving.DEADLINE):
            writer.write(request("POST", target, "Content-Length: 10000001"))
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 4")
            await asyncio.sleep(1.0)
            writer.write(b"x" * 10_000_001 + request("GET", "/quart/url", "Connection: close"))
            assert b"HTTP/1.1 200 " in await reader.read(-1)


async def test_an_error_after_the_first_chunk_breaks_the_connection_off(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/flask/broken")


async def test_websockets(client: httpx.AsyncClient) -> None:
    port = client.base_url.port
    async with connect(f"ws://127.0.0.1:{port}/quart/echo", proxy=None) as socket:
        await socket.send("hello")
        assert await socket.recv() == "hello"
    for path, status in (("/flask/url", 400), ("/nowhere", 404)):
        with pytest.raises(InvalidStatus) as denied:
            async with connect(f"ws://127.0.0.1:{port}{path}", proxy=None):
                pass
        assert denied.value.response.status_code in (status, 403)


async def test_a_websocket_is_denied_with_the_problem(client: httpx.AsyncClient) -> None:
    url, headers = f"ws://127.0.0.1:{client.base_url.port}/nowhere", {"Accept": "application/json"}
    with pytest.raises(InvalidStatus) as denied:
        async with connect(url, additional_headers=headers, proxy=None):
            pass
    assert denied.value.response.status_code == 404
    assert b"No application is mounted at this URL." in (denied.value.response.body or b"")


async def test_the_lifespan_reaches_quart(client: httpx.AsyncClient) -> None:
    assert (await client.get("/quart/turns")).json()["started"] == ["quart"]


@pytest.mark.parametrize("attack", SLOW)
async def test_slow_clients_delay_nobody(attack: str, client: httpx.AsyncClient, server: tuple[str, str, Path]) -> None:
    sent, answered = SLOW[attack]
    before = server[2].stat().st_size
    sent = sent.replace(b" /", b" /abused/", 1)
    async with asyncio.timeout(2 * DEADLINE), slow_clients(client.base_url.port or 0, 40, sent, answered=answered):
        assert (await client.get("/abused/who")).text == "me"
    await all_free(client)
    assert (await client.get("/abused/who")).text == "me"
    logged = server[2].read_bytes()[before:].decode()
    assert "ERROR" not in logged.replace("HTTP/1.1 500", ""), logged
    assert "Traceback" not in logged, logged


CHUNKED = "Transfer-Encoding: chunked"
UPGRADE = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x")
HOSTILE: tuple[tuple[str, str, tuple[str, ...], bytes], ...] = (
    ("POST", "{}", ("Content-Length: 5", CHUNKED), b"0\r\n\r\n"),
    ("POST", "{}", ("Content-Length: 5", "Content-Length: 6"), b"helloX"),
    *(
        ("POST", "{}", (f"Content-Length: {text}",), b"hello")
        for text in ("5, 5", "+5", "-1", "0x5", "9" * 30, "9" * 5000)
    ),
    *(
        ("POST", "{}", (f"Transfer-Encoding: {text}",), b"0\r\n\r\n")
        for text in ("gzip, chunked", "xchunked", "\r\n chunked")
    ),
    ("POST", "{}", ("Transfer-Encoding : chunked",), b"0\r\n\r\n"),
    *(
        ("POST", "{}", (CHUNKED,), body)
        for body in (b"-1\r\n", b"0x5\r\nhello\r\n", b"F" * 17 + b"\r\n", b"5\r\nhelloXX\r\n")
    ),
    ("POST", "{}", (CHUNKED,), b"5;" + b"a" * 70_000 + b"\r\nhello\r\n0\r\n\r\n"),
    ("POST", "{}", (CHUNKED,), b"5\r\nhello\r\n0\r\nHost: evil\r\n\r\n"),
    *(("GET", "{}", (text,), b"") for text in ("X-A: b\rX-B: 1", "X-A: b\0c", "X-A", "X A: b", ": b", "Host: y")),
    ("GET", "{}", (f"X-A: {'a' * 100_000}",), b""),
    ("GET", "{}", tuple(f"X-{number}: 1" for number in range(2000)), b""),
    *(
        ("GET", target, (), b"")
        for target in ("*", "?", "x", "//", "{}/%ff", "{}/%00", "{}#f", "http:///x", "http://x:y/z")
    ),
    *(("GET", target, (), b"") for target in ("http://[/x", "http://%E2%84%80/x", "{}/" + "a/" * 3000, "/%zz")),
    *((method, "{}", (), b"") for method in ("OPTIONS", "TRACE", "A" * 5000, "get")),
    ("CONNECT", "x:443", (), b""),
    ("POST", "{}", ("Expect: 100-continue", "Content-Length: 99999999"), b""),
    ("GET", "{}", UPGRADE, b""),
    ("POST", "{}", (*UPGRADE, "Content-Length: 5"), b"hello"),
)


@pytest.mark.parametrize("path", ["/abused/who", "/quart/upload", "/nowhere"])
async def test_no_hostile_request_is_an_error_of_the_server(
    path: str, client: httpx.AsyncClient, server: tuple[str, str, Path]
) -> None:
    port, before, few = client.base_url.port or 0, server[2].stat().st_size, asyncio.Semaphore(8)

    async def send(method: str, target: str, headers: tuple[str, ...], body: bytes) -> None:
        async with few:
            with contextlib.suppress(OSError, TimeoutError):
                sent = request(method, target.format(path), *headers, body=body)
                answer = await asyncio.wait_for(raw(port, sent, until_closed=False), 2.0)
                assert b"HTTP/1.1 500" not in answer, (sent[:200], answer[:200])

    await asyncio.gather(*(send(*each) for each in HOSTILE))
    await all_free(client)
    assert (await client.get("/abused/who")).text == "me"
    logged = server[2].read_bytes()[before:].decode()
    assert "Traceback" not in logged, logged[-5000:]


@pytest.mark.parametrize("path", ["/abused/who", "/quart/url"])
async def test_pipelined_requests_are_all_answered(path: str, client: httpx.AsyncClient) -> None:
    sent = request("GET", path) * 20 + request("GET", path, "Connection: close")
    assert (await raw(client.base_url.port or 0, sent)).count(b"HTTP/1.1 200 ") == 21
