"""Iterators that a handler returns, and errors whose status allows no content."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from werkzeug.exceptions import HTTPException

from tests.applications import JSON, Ask, a_handler, an_api, answering, failing
from tests.clients import Request
from tests.failures.fragile import records
from tests.twins import World, flask_world, quart_world


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
    if async_chunks != [1]:
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
