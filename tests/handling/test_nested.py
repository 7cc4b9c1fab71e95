"""An error belongs to its request, whatever else runs in the same thread or task: other errors, other requests."""

from __future__ import annotations

import asyncio
import gc
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakSet

import flask
import pytest
import quart
from werkzeug.exceptions import Gone, NotFound

import errbridge_quart
from errbridge import Problem, Reply
from tests.applications import JSON, a_native_handler, a_view, an_api
from tests.clients import Request
from tests.twins import World, flask_world


def test_a_handler_may_answer_with_the_view_of_another_url(world: World) -> None:
    """As single-page applications do. Nothing is known in that view of the error that led there."""

    def dispatch(exc: Exception) -> Any:
        with world.app.test_request_context("/sold"):
            assert world.app.full_dispatch_request().status_code == 409
        with world.app.test_request_context("/"):
            return world.app.full_dispatch_request()

    async def dispatch_later(exc: Exception) -> Any:
        async with world.app.test_request_context("/sold") as context:
            assert (await world.app.full_dispatch_request(context)).status_code == 409
        async with world.app.test_request_context("/") as context:
            return await world.app.full_dispatch_request(context)

    views = a_view("/", lambda: Reply("home")), a_view("/sold", lambda: Problem(409))
    an_api(*views, a_native_handler(404, dispatch_later if world.is_async else dispatch))(world)

    response = world.call(Request("/nope"))

    assert (response.status, response.text) == (200, "home")


def test_a_handler_may_have_another_error_handled_before_it_shows_its_own(world: World) -> None:
    asked: list[Exception] = []

    def show(exc: Exception) -> Any:
        asked.append(exc)
        world.app.handle_user_exception(Gone())
        return world.app.make_response(exc)

    async def show_later(exc: Exception) -> Any:
        asked.append(exc)
        await world.app.handle_user_exception(Gone())
        return await world.app.make_response(exc)

    an_api(a_native_handler(404, show_later if world.is_async else show))(world)

    assert (world.call(Request("/nope")).status, len(asked)) == (404, 1)


def test_a_handler_may_make_its_response_in_another_thread() -> None:
    world = flask_world()
    asked: list[Exception] = []

    def show(exc: Exception) -> Any:
        asked.append(exc)
        make = flask.copy_current_request_context(lambda: world.app.make_response(exc))
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(make).result()

    an_api(a_native_handler(404, show))(world)

    assert (world.call(Request("/nope")).status, len(asked)) == (404, 1)


def test_an_error_that_comes_through_another_application_has_the_facts_of_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inner, outer = flask_world(), flask_world()
    inner.config = {"PROPAGATE_EXCEPTIONS": True}
    an_api(a_view("/in", lambda: str(1 / 0)))(inner)
    an_api(a_view("/out", lambda: "page"))(outer)

    def ask_inner(response: Any) -> Any:
        with inner.app.test_request_context("/in"):
            inner.app.full_dispatch_request()
        return response

    outer.app.after_request(ask_inner)

    response = outer.call(Request("/out"))

    assert (response.status, response.content_type) == (500, JSON)
    assert vars(caplog.records[0])["path"] == "/out"


async def test_an_error_after_a_handler_that_ran_out_of_time_has_its_own_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class App(quart.Quart):
        async def full_dispatch_request(self, *args: Any) -> Any:
            try:
                async with asyncio.timeout(0.05):
                    return await super().full_dispatch_request(*args)
            except TimeoutError:
                return await self.make_response(Problem(503))  # type: ignore[arg-type]

    async def wait(exc: Exception) -> str:
        await asyncio.sleep(60)
        raise AssertionError

    app = App("shop")
    statuses: list[int | None] = []
    errors = errbridge_quart.ErrorHandler(app)
    errors.on_incident(lambda incident, reply: statuses.append(reply.status))
    app.register_error_handler(404, wait)

    assert (await app.test_client().get("/nope")).status_code == 503
    assert statuses == [503]
    assert [record.levelno for record in caplog.records if record.name == "errbridge"] == [logging.ERROR]


async def test_nothing_of_a_view_that_failed_is_kept_by_a_timer_or_a_task() -> None:
    """Each keeps a copy of the context variables until it is over, also a timer that was cancelled."""
    alive: WeakSet[Any] = WeakSet()

    class Large:
        """What a view may have in a variable."""

    app = quart.Quart("shop")
    errbridge_quart.ErrorHandler(app)

    @app.get("/<kind>")
    async def fail(kind: str) -> str:
        large = Large()
        alive.add(large)
        raise NotFound if kind == "nope" else ValueError(large)

    logging.disable()  # pytest keeps all records, with their exceptions
    timer = asyncio.get_running_loop().call_later(60, print)  # a loop looks at its timers when the earliest is due
    for kind in ["nope", "broken"] * 5:
        await app.test_client().get(f"/{kind}")
    await asyncio.sleep(0)
    logging.disable(logging.NOTSET)
    gc.collect()
    timer.cancel()

    assert not alive
