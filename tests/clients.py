"""Clients that see what a server would: a raw WSGI call for Flask, a raw ASGI call for Quart.

The test clients of the frameworks build a response of their own, and with it headers that never went out.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from asgiref.testing import ApplicationCommunicator

__all__ = ["OCCURRENCE", "Communicator", "Request", "Response", "call_asgi", "call_wsgi"]

OCCURRENCE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=<code>)[0-9a-f]{8}(?=</code>)"
    r"|(?:\d{4}-\d\d-\d\d )?\d\d:\d\d(?::\d\d)?(?= UTC)|(?<=<time datetime=\")[^\"]*"
)
"""What two answers to the same error differ in: the incident id, and on a page its beginning and the time."""


@dataclass(frozen=True)
class Request:
    """A request of a client; ``headers`` may repeat a name."""

    path: str
    method: str = "GET"
    headers: Iterable[tuple[str, str]] = ()
    body: bytes = b""
    host: str = "localhost"
    root_path: str = ""

    def decoded_path(self) -> bytes:
        return unquote_to_bytes(self.path.partition("?")[0])


@dataclass(frozen=True)
class Response:
    """A response as it was sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    raised: BaseException | None = field(default=None, compare=False)

    def header(self, name: str) -> str | None:
        """Return the values of a header, joined; None if it was not sent."""
        values = [value for known, value in self.headers if known.lower() == name.lower()]
        return ", ".join(values) if values else None

    def members(self, name: str) -> set[str]:
        """Return the members of a header that is a list, such as ``Vary``."""
        return {member.strip() for member in (self.header(name) or "").split(",")} - {""}

    @property
    def content_type(self) -> str | None:
        return self.header("Content-Type")

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> dict[str, Any]:
        loaded = json.loads(self.body)
        assert isinstance(loaded, dict)
        return loaded

    def comparable(self) -> tuple[int, list[tuple[str, str]], str]:
        """Return everything that has to be the same on every stack: all except for the incident's id."""
        headers = sorted((name.lower(), value) for name, value in self.headers)
        return self.status, headers, OCCURRENCE.sub("<id>", self.body.decode("utf-8", "surrogateescape"))


def call_wsgi(app: Any, request: Request) -> Response:
    """Call a WSGI application as a server does."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": request.root_path,
        "PATH_INFO": request.decoded_path().decode("latin-1"),
        "QUERY_STRING": request.path.partition("?")[2],
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_HOST": request.host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(request.body),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        key = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, headers))
        return lambda data: None

    body = app(environ, start_response)
    try:
        content = b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
    status, headers = started[-1]
    return Response(int(status[:3]), tuple(headers), content)


async def call_asgi(app: Any, request: Request) -> Response:
    """Call an ASGI application as a server does."""
    path = request.decoded_path().decode("utf-8", "replace")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": request.root_path + path,
        "raw_path": request.path.encode(),
        "query_string": request.path.partition("?")[2].encode(),
        "root_path": request.root_path,
        "headers": [
            (b"host", request.host.encode()),
            *((name.lower().encode(), value.encode("latin-1")) for name, value in request.headers),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "extensions": {},
    }
    incoming: list[Mapping[str, Any]] = [{"type": "http.request", "body": request.body, "more_body": False}]
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        if incoming:
            return incoming.pop()
        await over.wait()
        return {"type": "http.disconnect"}

    over = asyncio.Event()

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            over.set()

    await asyncio.wait_for(app(scope, receive, send), timeout=20)
    start = next(message for message in sent if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"])
    return Response(start["status"], headers, content)


class Communicator(ApplicationCommunicator):
    """A server of any ASGI connection, with more patience: on a busy machine a second is not much."""

    async def receive_output(self, timeout: float = 20) -> Any:
        return await super().receive_output(timeout)

    async def wait(self, timeout: float = 20) -> None:
        await super().wait(timeout)
