"""Middleware around Flask that was there before errbridge, and uses what PEP 3333 allows but Flask does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder

from tests.applications import JSON, an_api, answering, raising
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


@pytest.mark.parametrize("server", ["granian", "gunicorn/23.0.0"])
def test_an_error_after_the_head_replaces_it_unless_the_server_would_send_both(server: str) -> None:
    world, heads = flask_world(), list[tuple[Any, ...]]()
    an_api(answering("/", "fine"))(world)
    world.app.teardown_request(lambda exc: raising(lambda: LookupError("late"))())
    errbridge_app = world.app.wsgi_app
    world.app.wsgi_app = lambda environ, start_response: errbridge_app(environ, start_response)
    environ = EnvironBuilder("/").get_environ() | {"SERVER_SOFTWARE": server}

    def start_response(*head: Any) -> Any:
        heads.append(head)

    if server == "granian":
        body = b"".join(world.app(environ, start_response))
        assert (json.loads(body)["status"], [head[0][:3] for head in heads]) == (500, ["200", "500"])
        assert heads[-1][2][0] is LookupError  # PEP 3333: exc_info allows a second head
    else:
        with pytest.raises(LookupError):
            world.app(environ, start_response)
        assert [head[0][:3] for head in heads] == ["200"]
