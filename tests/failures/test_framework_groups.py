"""Groups that the frameworks make of one error.

Quart 0.23 handles a request in a TaskGroup, and it and Flask 3.2 collect the errors of teardown functions. The groups
are made here, so that the tests need neither.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest
import quart

from tests.applications import answering
from tests.clients import Request
from tests.failures.fragile import bug, records
from tests.own_answers import MODES
from tests.twins import World, quart_world

ENDED = SystemExit("ended")


def of_teardown(*errors: BaseException) -> BaseException:
    inner = BaseExceptionGroup("Errors during request teardown", errors)
    return BaseExceptionGroup("Errors during context teardown", [inner])


def with_teardown_that_raises(world: World, group: BaseException) -> None:
    """Let the framework raise a group from around the request."""
    answering("/page")(world)
    if world.is_async:

        async def handle_request(request: Any) -> Any:
            raise group

        world.app.handle_request = handle_request
    else:

        def wsgi_app(environ: Any, start_response: Any) -> Any:
            raise group

        world.app.wsgi_app = wsgi_app


@pytest.mark.parametrize("mode", MODES)
def test_the_developer_sees_the_one_error_of_a_group(world: World, mode: str) -> None:
    world.config = MODES[mode]
    error = bug()
    with_teardown_that_raises(world, of_teardown(error))

    assert world.find_escaped("/page", BaseException) is error
    assert error.__context__ is None


def test_the_one_error_of_a_group_is_logged_as_itself(world: World, caplog: pytest.LogCaptureFixture) -> None:
    error = bug()
    with_teardown_that_raises(world, of_teardown(error))

    assert world.call(Request("/page")).status == 500
    (record,) = records(caplog)
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[1] is error


@pytest.mark.parametrize(
    "group",
    [of_teardown(bug(), bug()), ExceptionGroup("the application's own", [bug()])],
    ids=["several errors", "a group that the framework did not make"],
)
def test_any_other_group_stays_a_group(world: World, group: BaseException) -> None:
    world.config = MODES["testing"]
    with_teardown_that_raises(world, group)

    assert isinstance(world.find_escaped("/page", BaseException), BaseExceptionGroup)


def test_what_ends_the_process_is_not_held_back_by_a_group(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with_teardown_that_raises(world, of_teardown(ENDED))

    assert world.find_escaped("/page", BaseException) is ENDED
    assert records(caplog) == []


def test_what_ends_the_process_in_a_websocket_is_not_held_back_either(caplog: pytest.LogCaptureFixture) -> None:
    world = quart_world()

    async def handle_websocket(websocket: Any) -> Any:
        raise of_teardown(ENDED)

    world.app.handle_websocket = handle_websocket
    assert world.errors is not None
    with pytest.raises(SystemExit) as raised:
        asyncio.run(world.app.handle_websocket(object.__new__(quart.Websocket)))
    assert raised.value is ENDED
    assert records(caplog) == []


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_the_server_sees_the_error_that_ended_the_only_task_of_a_request(kind: str) -> None:
    world, error = quart_world(), bug()

    async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(fail())

    async def fail() -> None:
        raise error

    async def receive() -> Mapping[str, Any]:
        raise AssertionError

    async def send(message: Any) -> None:
        raise AssertionError

    world.app.asgi_app = asgi_app
    assert world.errors is not None
    with pytest.raises(type(error)) as raised:
        asyncio.run(world.app.asgi_app({"type": kind}, receive, send))
    assert raised.value is error
