"""Responses that a server would refuse: a status or a header that HTTP does not have, or no response at all."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.applications import (
    JSON,
    Ask,
    Part,
    a_hook,
    a_view,
    an_api,
    answering,
)
from tests.clients import Request
from tests.failures.fragile import records
from tests.stacks.servers import STACKS
from tests.twins import World, flask_world, quart_world


def with_header(name: str, value: str) -> Any:
    return "x", 200, [(name, value)]


UNSENDABLE: dict[str, Any] = {
    "a status of four digits": ("x", 1000),
    "a status of one digit": ("x", 0),
    "a status of two digits": ("x", 99),
    "a negative status": ("x", -200),
    "a space in a name": with_header("X Bad", "s3cret"),
    "a colon in a name": with_header("X-Bad:", "s3cret"),
    "an empty name": with_header("", "s3cret"),
    "a letter beyond ASCII in a name": with_header("X-Bäd", "s3cret"),
    "a NUL in a value": with_header("X-Bad", "s3cret\0"),
    "an escape in a value": with_header("X-Bad", "s3cret\x1b[2J"),
    "a lone surrogate in a value": with_header("X-Bad", "s3cret\ud800"),
}


@pytest.mark.parametrize("name", UNSENDABLE)
def test_what_a_server_would_refuse_is_answered_and_recorded(
    world: World, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    an_api(answering("/x", UNSENDABLE[name]))(world)

    with caplog.at_level(logging.DEBUG):
        response = world.call(Request("/x"))

    (record,) = records(caplog)
    assert (response.status, response.content_type) == (500, JSON)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)
    assert "s3cret" not in caplog.text + response.text


@pytest.mark.parametrize("status", ["200 O\rK", "200 \u2603", "200 a\0b"])
def test_a_reason_that_a_server_would_refuse_is_answered_where_it_is_sent(world: World, status: str) -> None:
    """Quart sends none."""
    an_api(a_view("/x", lambda: world.framework.Response("x", status=status)))(world)

    assert world.call(Request("/x")).status == (200 if world.is_async else 500)


@pytest.mark.parametrize("debug", [False, True])
def test_flasks_own_test_client_gets_the_answer(debug: bool) -> None:
    world = flask_world()
    world.app.config.update(DEBUG=debug, PROPAGATE_EXCEPTIONS=False)
    an_api(answering("/x", UNSENDABLE["a status of four digits"]))(world)
    assert world.errors

    assert world.app.test_client().get("/x").status_code == 500


@pytest.mark.parametrize("stack", ["quart_on_hypercorn", "quart_on_hypercorn_http2"])
@pytest.mark.parametrize("name", ["a status of four digits", "a space in a name", "a NUL in a value"])
def test_the_server_sends_the_answer(stack: str, name: str) -> None:
    worlds = flask_world(), quart_world()
    for world in worlds:
        an_api(answering("/x", UNSENDABLE[name]))(world)
        assert world.errors

    with STACKS[stack](*(world.app for world in worlds)) as served:
        response = served.ask(Request("/x"))

    assert (response.status, response.content_type) == (500, JSON)


SENDABLE: dict[str, tuple[Any, str]] = {
    "a status without a name": (("x", 299, {"X-Good": "a"}), "a"),
    "a status above 599": (("x", 799, {"X-Good": "a"}), "a"),
    "a tab": (with_header("X-Good", "a\tb"), "a\tb"),
    "nothing": (with_header("X-Good", ""), ""),
    "a letter of Latin-1": (("x", 200, [("X-Good", "a")]), "a"),
}


@pytest.mark.parametrize("name", SENDABLE)
def test_all_else_is_sent(ask: Ask, name: str) -> None:
    result, expected = SENDABLE[name]

    assert ask(an_api(answering("/x", result)), "/x").header("X-Good") == expected


def test_hypercorn_is_given_values_without_the_space_around_them() -> None:
    worlds = flask_world(), quart_world()
    an_api(answering("/x", with_header("X-Good", " a\t")))(worlds[1])
    assert all(world.errors for world in worlds)

    with STACKS["quart_on_hypercorn"](*(world.app for world in worlds)) as served:
        response = served.ask(Request("/x"))

    assert (response.status, response.header("X-Good")) == (200, "a")


def forgetting() -> Part:
    return a_hook("after_request", lambda response: None)


@pytest.mark.parametrize("path", ["/x", "/nope"])
def test_an_after_request_function_that_returns_nothing_is_answered_and_recorded(
    world: World, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    an_api(answering("/x"), forgetting())(world)

    with caplog.at_level(logging.DEBUG):
        response = world.call(Request(path))

    last = records(caplog)[-1]
    assert (response.status, response.content_type) == (500, JSON)
    assert last.exc_info is not None
    assert last.levelno == logging.ERROR
