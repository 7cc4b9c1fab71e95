"""Iterators that a handler returns, and errors whose status allows no content."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import flask
import pytest
from werkzeug.exceptions import HTTPException

from tests.applications import JSON, Ask, a_handler, an_api, answering, failing
from tests.clients import Request, call_wsgi
from tests.failures.fragile import records
from tests.twins import WORLDS, World, flask_world, quart_world


def generator(*chunks: Any) -> Iterator[Any]:
    yield from chunks


def failing_at_once() -> Iterator[bytes]:
    return (bytes(1 // number) for number in (0, 1))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: iter([b"a", b"b"]), "ab"),
        (lambda: iter(["a", "é"]), "aé"),
        (lambda: generator(b"a", "b"), "ab"),
        (lambda: map(str.upper, "ab"), "AB"),
        (lambda: iter([]), ""),
    ],
)
def test_an_iterator_of_a_handler_is_streamed(ask: Ask, make: Callable[[], Any], text: str) -> None:
    response = ask(an_api(a_handler(404, lambda exc: make())), "/nope")

    assert (response.status, response.text) == (404, text)


@pytest.mark.parametrize(
    "make",
    [
        lambda: iter([1, 2]),
        lambda: iter([None]),
        lambda: generator(1, b"a"),
        lambda: iter([["a"]]),
        lambda: map(int, "ab"),
        failing_at_once,
    ],
)
def test_an_iterator_of_what_are_no_bytes_gives_way_to_the_built_in_document(
    world: World, caplog: pytest.LogCaptureFixture, make: Callable[[], Any]
) -> None:
    an_api(a_handler(404, lambda exc: make()))(world)

    with caplog.at_level(logging.DEBUG):
        response = world.call(Request("/nope"))

    (record,) = records(caplog)
    assert (response.status, response.content_type) == (404, JSON)
    assert record.levelno == logging.ERROR
    assert "handler" in record.getMessage()


@pytest.mark.parametrize("async_chunks", [[b"a", "b"], [1]])
def test_an_async_iterator_is_streamed_or_gives_way_on_quart(async_chunks: list[Any]) -> None:
    closed: list[bool] = []

    async def stream(exc: Exception) -> Any:
        async def chunks() -> AsyncIterator[Any]:
            try:
                for chunk in async_chunks:
                    yield chunk
            finally:
                closed.append(True)

        return chunks()

    world = quart_world()
    an_api(a_handler(404, stream))(world)
    response = world.call(Request("/nope"))

    assert response.status == 404
    assert (response.text == "ab") is (async_chunks != [1])
    assert closed == [True]


def test_an_async_iterator_that_is_no_generator_is_streamed_on_quart() -> None:
    class Countdown:
        left = 3

        def __aiter__(self) -> AsyncIterator[str]:
            return self

        async def __anext__(self) -> str:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return str(self.left)

    world = quart_world()
    an_api(a_handler(404, lambda exc: Countdown()))(world)

    assert world.call(Request("/nope")).text == "210"


def test_the_generator_of_a_handler_is_closed(world: World) -> None:
    closed: list[bool] = []

    def chunks() -> Iterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append(True)

    an_api(a_handler(404, lambda exc: chunks()))(world)

    assert world.call(Request("/nope")).text == "ab"
    assert closed == [True]


class Chunks:
    """An iterator of a user's, with what is called."""

    def __init__(self, *chunks: Any) -> None:
        self._chunks = iter(chunks)
        self.calls: list[str] = []

    def __iter__(self) -> Chunks:
        return self

    def __next__(self) -> Any:
        self.calls.append("next")
        return next(self._chunks)

    def close(self) -> None:
        self.calls.append("close")


class LaterChunks:
    """An async one."""

    def __init__(self, *chunks: Any) -> None:
        self._chunks = Chunks(*chunks)
        self.calls = self._chunks.calls

    def __aiter__(self) -> LaterChunks:
        return self

    async def __anext__(self) -> Any:
        for chunk in self._chunks:
            return chunk
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._chunks.close()


for_both = [("flask", Chunks), ("quart", Chunks), ("quart", LaterChunks)]


@pytest.mark.parametrize(("framework", "kind"), for_both)
@pytest.mark.parametrize(
    ("chunks", "method", "status", "calls"),
    [
        ([b"a"], "GET", 404, ["next", "next", "close"]),
        ([b"a"], "HEAD", 404, ["close"]),
        ([b"a"], "GET", 204, ["close"]),
        ([1], "GET", 404, ["next", "close"]),
    ],
)
def test_an_iterator_is_closed_once_and_started_only_if_it_is_sent(
    framework: str, kind: Callable[..., Any], chunks: list[Any], method: str, status: int, calls: list[str]
) -> None:
    made = kind(*chunks)
    world = WORLDS[framework]()
    an_api(a_handler(404, lambda exc: (made, status)))(world)

    response = world.call(Request("/nope", method))

    assert response.status == status
    assert response.body == (b"a" if len(calls) == 3 else b"") or chunks == [1]
    assert made.calls == calls


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("kind", ["iterator", "response"])
def test_flask_closes_what_a_handler_streams_with_errbridge_as_without(kind: str, method: str) -> None:
    seen: list[Any] = []
    for is_installed in (True, False):
        world, made = flask_world(), Chunks(b"a")
        result = made if kind == "iterator" else flask.Response(made)
        if is_installed:
            world.errors.register(world.app, code=404)(lambda exc, result=result: (result, 404))
        else:
            world.app.register_error_handler(404, lambda exc, result=result: (result, 404))
        response = call_wsgi(world.app, Request("/nope", method))
        seen.append((response.status, response.body, made.calls))

    assert seen[0] == seen[1]
    assert seen[0][2][-1] == "close"


@pytest.mark.parametrize("kind", ["iterator", "response"])
def test_a_head_of_what_cannot_be_closed_is_answered(world: World, kind: str) -> None:
    def handler(exc: Exception) -> Any:
        return (iter([b"a"]), 404) if kind == "iterator" else world.app.response_class([b"a"], 404)

    an_api(a_handler(404, handler))(world)

    response = world.call(Request("/nope", "HEAD"))

    assert (response.status, response.body) == (404, b"")


def test_the_stream_of_a_response_is_closed_for_head_on_quart() -> None:
    made = LaterChunks(b"a")
    world = quart_world()
    an_api(a_handler(404, lambda exc: world.app.response_class(made, 404)))(world)

    response = world.call(Request("/nope", "HEAD"))

    assert (response.status, response.body, made.calls) == (404, b"", ["close"])


def test_a_view_that_yields_numbers_is_a_500_on_flask() -> None:
    world = flask_world()
    an_api(answering("/x", iter([1, 2])))(world)

    assert world.call(Request("/x")).status == 500


def with_code(code: int) -> HTTPException:
    exc = HTTPException("words")
    exc.code = code
    return exc


@pytest.mark.parametrize("code", [204, 304])
def test_an_exception_whose_status_allows_no_content_has_none(world: World, code: int) -> None:
    an_api(failing("/x", lambda: with_code(code)))(world)

    response = world.call(Request("/x"))

    assert (response.status, response.body) == (code, b"")
    assert response.header("Content-Length") is None
