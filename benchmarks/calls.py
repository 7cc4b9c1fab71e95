"""Requests without a server: as little as possible around the application that is measured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from io import BytesIO, StringIO
from typing import Any, NamedTuple

__all__ = ["BROWSER", "JSON_CLIENT", "Answer", "Ask", "asgi_call", "expecting", "wsgi_call"]

JSON_CLIENT = "application/json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request."""

    path: str
    method: str = "GET"
    accept: str = JSON_CLIENT
    host: str = "localhost"
    body: bytes = b""
    content_type: str | None = None
    language: str = ""


class Answer(NamedTuple):
    """What an application sent."""

    status: int
    content_type: str
    body: bytes


def wsgi_call(app: Callable[[Any, Any], Any], ask: Ask) -> Callable[[], Answer]:
    """Give a function that makes the same request of a WSGI application each time."""
    template: dict[str, Any] = {
        "REQUEST_METHOD": ask.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": ask.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(ask.body)),
        "HTTP_HOST": ask.host,
        "HTTP_ACCEPT": ask.accept,
        "HTTP_USER_AGENT": "benchmarks",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if ask.content_type is not None:
        template["CONTENT_TYPE"] = ask.content_type
    if ask.language:
        template["HTTP_ACCEPT_LANGUAGE"] = ask.language

    def call() -> Answer:
        environ = template.copy()
        environ["wsgi.input"] = BytesIO(ask.body)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            started.append((status, headers))

        chunks = app(environ, start_response)
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        status, headers = started[-1]
        return Answer(int(status[:3]), _content_type(headers), body)

    return call


def _content_type(headers: list[tuple[str, str]]) -> str:
    return next((value for name, value in headers if name == "Content-Type"), "")


def asgi_call(
    app: Any, ask: Ask, escapes: Callable[[Exception], None] | None = None
) -> Callable[[], Awaitable[Answer]]:
    """Give a coroutine function that makes the same request of an ASGI application each time.

    Args:
        app: The application.
        ask: The request.
        escapes: Does what a server does with an exception that leaves the application after its answer.
    """
    headers = [
        (b"host", ask.host.encode()),
        (b"accept", ask.accept.encode()),
        (b"user-agent", b"benchmarks"),
        (b"content-length", str(len(ask.body)).encode()),
    ]
    if ask.content_type is not None:
        headers.append((b"content-type", ask.content_type.encode()))
    if ask.language:
        headers.append((b"accept-language", ask.language.encode()))
    template: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": ask.method,
        "scheme": "http",
        "path": ask.path,
        "raw_path": ask.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }

    async def call() -> Answer:
        request: Mapping[str, Any] = {"type": "http.request", "body": ask.body, "more_body": False}
        incoming = [request]
        sent: list[Mapping[str, Any]] = []
        is_answered = asyncio.Event()

        async def receive() -> Mapping[str, Any]:
            if incoming:
                return incoming.pop()
            await is_answered.wait()  # Quart 0.23 does not return before its client leaves
            return {"type": "http.disconnect"}

        async def send(message: Mapping[str, Any]) -> None:
            sent.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                is_answered.set()

        try:
            await app({**template, "headers": list(headers)}, receive, send)
        except Exception as error:
            if escapes is None:
                raise
            escapes(error)
        start = sent[0]
        kind = next((value for name, value in start["headers"] if name.lower() == b"content-type"), b"")
        return Answer(start["status"], kind.decode(), b"".join(message.get("body", b"") for message in sent[1:]))

    return call


def expecting(status: int, content_type: str = "", within: bytes = b"") -> Callable[[Answer], None]:
    """Give a check of an answer: its status, what its content type starts with, and something in its body."""

    def expect(answer: Answer) -> None:
        assert answer.status == status, answer
        assert answer.content_type.startswith(content_type), answer
        assert answer.body, answer
        assert within in answer.body, answer

    return expect
