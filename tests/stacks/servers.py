"""Real servers in threads of the test process, on loopback ports that the system chooses."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import httpx
from hypercorn.asyncio import serve
from hypercorn.config import Config
from waitress.server import create_server

from tests.clients import Request, Response

__all__ = ["STACKS", "Stack"]

_DEADLINE = 30.0

# The server's own business (and the connection's), whatever the application says.
_OF_THE_SERVER = frozenset({"connection", "date", "server", "transfer-encoding", "via"})


@dataclass(frozen=True)
class Stack:
    """An application behind a server, and a client for it."""

    name: str
    client: httpx.Client

    def ask(self, request: Request) -> Response:
        """Send a request as it is and give the answer without what is the server's own."""
        headers = [("Host", request.host), *request.headers]
        question = self.client.build_request(
            request.method, request.path, headers=headers, content=request.body or None
        )
        if not request.body and "Content-Length" in question.headers:
            # Over HTTP/2 its end would be a frame of its own, which Hypercorn takes for an error after an early answer.
            del question.headers["Content-Length"]
        answer = self.client.send(question)
        kept = tuple((name, value) for name, value in answer.headers.multi_items() if name not in _OF_THE_SERVER)
        return Response(answer.status_code, kept, answer.content)


@contextlib.contextmanager
def _client(port: int, *, http2: bool = False) -> Iterator[httpx.Client]:
    base_url = f"http://127.0.0.1:{port}"
    with httpx.Client(
        base_url=base_url, timeout=_DEADLINE, trust_env=False, http1=not http2, http2=http2, follow_redirects=False
    ) as client:
        client.headers.clear()  # what a client sends by itself would be part of the question
        yield client


@contextlib.contextmanager
def _hypercorn(app: Any) -> Iterator[int]:
    stop: Future[Any] = Future()
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]

    async def run() -> None:
        config = Config()
        config.bind = [f"fd://{listener.detach()}"]
        config.errorlog = config.accesslog = None
        config.graceful_timeout = 2.0
        await serve(app, config, shutdown_trigger=lambda: asyncio.wrap_future(stop))

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        yield port
    finally:
        stop.set_result(None)
        thread.join(_DEADLINE)
        assert not thread.is_alive()


@contextlib.contextmanager
def _waitress(app: Any) -> Iterator[int]:
    server: Any = create_server(app, host="127.0.0.1", port=0, threads=4)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.effective_port
    finally:
        server.asyncore.close_all(server._map)  # ends the loop of the thread, which has nothing left to watch
        thread.join(_DEADLINE)
        server.task_dispatcher.shutdown()


@contextlib.contextmanager
def flask_on_waitress(flask_app: Any, quart_app: Any) -> Iterator[Stack]:
    with _waitress(flask_app) as port, _client(port) as client:
        yield Stack("flask on waitress", client)


@contextlib.contextmanager
def quart_on_hypercorn(flask_app: Any, quart_app: Any) -> Iterator[Stack]:
    with _hypercorn(quart_app) as port, _client(port) as client:
        yield Stack("quart on hypercorn", client)


@contextlib.contextmanager
def quart_on_hypercorn_http2(flask_app: Any, quart_app: Any) -> Iterator[Stack]:
    with _hypercorn(quart_app) as port, _client(port, http2=True) as client:
        yield Stack("quart on hypercorn, HTTP/2", client)


@contextlib.contextmanager
def flask_under_bridge(flask_app: Any, quart_app: Any) -> Iterator[Stack]:
    from errbridge.asgi import Bridge

    with _hypercorn(Bridge({"/": flask_app})) as port, _client(port) as client:
        yield Stack("flask under the bridge", client)


@contextlib.contextmanager
def flask_under_bridge_http2(flask_app: Any, quart_app: Any) -> Iterator[Stack]:
    from errbridge.asgi import Bridge

    with _hypercorn(Bridge({"/": flask_app})) as port, _client(port, http2=True) as client:
        yield Stack("flask under the bridge, HTTP/2", client)


@contextlib.contextmanager
def quart_under_bridge(flask_app: Any, quart_app: Any) -> Iterator[Stack]:
    from errbridge.asgi import Bridge

    with _hypercorn(Bridge({"/": quart_app})) as port, _client(port) as client:
        yield Stack("quart under the bridge", client)


STACKS: dict[str, Callable[[Any, Any], contextlib.AbstractContextManager[Stack]]] = {
    function.__name__: function
    for function in (
        flask_on_waitress,
        flask_under_bridge,
        flask_under_bridge_http2,
        quart_on_hypercorn,
        quart_on_hypercorn_http2,
        quart_under_bridge,
    )
}
