"""Middleware around Flask that was there before errbridge, and uses what PEP 3333 allows but Flask does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.applications import JSON, an_api, answering
from tests.clients import Request
from tests.twins import flask_world

WSGI = Callable[..., Any]


def starting_with_the_first_chunk(app: WSGI) -> WSGI:
    def middleware(environ: Any, start_response: Any) -> Iterator[bytes]:
        yield from app(environ, start_response)

    return middleware


def writing(app: WSGI) -> WSGI:
    def middleware(environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: Any, exc_info: Any = None) -> Any:
            write = start_response(status, [each for each in headers if each[0] != "Content-Length"])
            write(b"")
            write(b" ")
            return write

        return app(environ, start)

    return middleware


def without_close(app: WSGI) -> WSGI:
    return lambda environ, start_response: map(bytes.lower, app(environ, start_response))


@pytest.mark.parametrize("middleware", [starting_with_the_first_chunk, writing, without_close])
@pytest.mark.parametrize(
    ("path", "expected"), [("/whole", (200, "whole")), ("/stream", (200, "stream")), ("/nope", (404, None))]
)
def test_middleware_may_begin_an_answer_in_any_way_of_the_standard(
    middleware: Callable[[WSGI], WSGI], path: str, expected: tuple[int, str | None]
) -> None:
    world = flask_world()
    world.app.wsgi_app = middleware(world.app.wsgi_app)
    an_api(answering("/whole", "whole"), answering("/stream", iter([b"str", b"eam"])))(world)

    response = world.call(Request(path))

    status, text = expected
    assert response.status == status
    assert response.content_type == JSON if text is None else response.text.strip() == text
