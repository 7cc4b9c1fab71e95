"""An error that was answered is let go of at once: nothing keeps it, its traceback and its request in a cycle."""

from __future__ import annotations

import gc
import logging
import weakref
from collections.abc import Iterator
from typing import Any

import flask
import pytest
from werkzeug.test import EnvironBuilder

from errbridge import Problem, Reply
from tests.applications import raising
from tests.clients import Request
from tests.twins import World, flask_world


class Sold(Exception):
    """An exception of the domain."""


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Collect nothing, and log nothing: a log that is captured keeps its records, and they the exceptions."""
    gc.collect()
    gc.disable()
    logging.disable()
    yield
    logging.disable(logging.NOTSET)
    gc.enable()


# An uncaught exception is in a cycle of the frameworks' own: a variable of ``wsgi_app`` refers to it.
HANDLERS: dict[str, Any] = {
    "a problem": lambda exc: Problem(409),
    "a problem that it raises": raising(lambda: Problem(409)),
    "a reply": lambda exc: Reply("sold", 409),
    "a value": lambda exc: ("sold", 409),
}


@pytest.mark.usefixtures("no_collection")
@pytest.mark.parametrize("kind", HANDLERS)
def test_an_exception_that_was_answered_is_free_without_a_collection(world: World, kind: str) -> None:
    seen: list[weakref.ref[Any]] = []

    def view() -> Any:
        exc = Sold()
        seen.append(weakref.ref(exc))
        try:
            raise exc
        finally:
            del exc

    world.app.add_url_rule("/sold", "sold", view)
    assert world.errors is not None
    world.errors.register(world.app, code=Sold)(HANDLERS[kind])

    response = world.call(Request("/sold"))

    assert response.status == 409
    assert [each() for each in seen] == [None]


@pytest.mark.usefixtures("no_collection")
def test_a_stream_keeps_the_request_with_its_content_no_longer_than_flask_does() -> None:
    """Flask 3.2 leaves it in the environment. Quart keeps it until the stream ends."""
    kept: list[bool] = []
    for is_installed in (True, False):
        world, seen = flask_world(), list[weakref.ref[Any]]()

        def view(seen: list[weakref.ref[Any]] = seen) -> Any:
            seen.append(weakref.ref(flask.request._get_current_object()))  # type: ignore[attr-defined]
            return flask.Response(iter(["a", "b"]))

        world.app.add_url_rule("/stream", "stream", view)
        assert not is_installed or world.errors is not None

        chunks = world.app(EnvironBuilder("/stream").get_environ(), lambda *given: None)

        assert next(iter(chunks)) == b"a"
        kept.append(seen[0]() is not None)

    assert kept[0] == kept[1]
