"""Other servers run the same bridge: it is plain ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
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
import uvicorn

from errbridge.asgi import Bridge
from tests.asgi.serving import DEADLINE, listening, raw
from tests.asgi.test_bodies import PIECE, digest, make_app, pieces

pytestmark = pytest.mark.servers

ROOT = Path(__file__).parents[2]


def make_bridge() -> Bridge:
    flask_app, quart_app = make_app(), quart.Quart("q")
    flask_app.add_url_rule("/url", view_func=lambda: flask.url_for("unread"), endpoint="url")

    async def url() -> str:
        return quart.url_for("url")

    def broken() -> Any:
        yield b"first"
        raise KeyError

    flask_app.add_url_rule("/broken", view_func=lambda: flask.Response(broken()), endpoint="broken")
    quart_app.add_url_rule("/url", "url", url)
    return Bridge({"/flask": flask_app, "/quart": quart_app}, max_body=10_000_000)


app = make_bridge()


@contextlib.asynccontextmanager
async def uvicorn_server() -> AsyncIterator[str]:
    with listening() as sock:
        config = uvicorn.Config(make_bridge(), log_config=None, lifespan="on", ws="none", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]
        serving = asyncio.create_task(server.serve(sockets=[sock]))
        async with asyncio.timeout(DEADLINE):
            while not server.started:
                await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@contextlib.contextmanager
def granian_server(folder: Path) -> Iterator[str]:
    with listening() as sock:
        port = sock.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen([*command, "tests.asgi.test_servers:app"], cwd=ROOT, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None, (folder / "log.txt").read_text()
                assert time.monotonic() < deadline, (folder / "log.txt").read_text()
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(DEADLINE)


@contextlib.asynccontextmanager
async def granian_server_async(folder: Path) -> AsyncIterator[str]:
    with granian_server(folder) as url:
        yield url


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning:uvicorn")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:websockets")
async def test_the_same_bridge_runs_on_another_server(server: str, tmp_path: Path) -> None:
    running: Any = uvicorn_server() if server == "uvicorn" else granian_server_async(tmp_path)
    async with running as url, httpx.AsyncClient(base_url=url, timeout=DEADLINE, trust_env=False) as client:
        assert (await client.get("/flask/url")).text == "/flask/unread"
        assert (await client.get("/quart/url")).text == "/quart/url"
        missing = await client.get("/nowhere", headers={"Accept": "application/json"})
        assert (missing.status_code, missing.json()["title"]) == (404, "Not Found")
        assert (await client.head("/flask/url")).status_code == 200
        assert (await client.post("/flask/digest", content=pieces(20))).text == digest(20)
        assert (await client.post("/flask/digest", content=b"small")).text == hashlib.sha256(b"small").hexdigest()
        assert hashlib.sha256((await client.get("/flask/download/20")).content).hexdigest() == digest(20)
        assert (await client.post("/flask/unread", content=PIECE * 20)).text == "not read"
        too_large = b"POST /flask/digest HTTP/1.1\r\nHost: x\r\nContent-Length: 10000001\r\n\r\nhello"
        assert (await raw(client.base_url.port or 0, too_large, until_closed=False)).startswith(b"HTTP/1.1 413 ")
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/flask/broken")
