"""How a handler is called: shared modules, arity, sync and async."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Generator, Sequence
from typing import Any

import asgiref.sync
import pytest
from werkzeug.exceptions import (
    HTTPException,
)

from errbridge import Handlers, Incident, Problem, Reply, SetupError
from tests.applications import Ask, a_catch_all, a_handler, a_native_handler, an_app, at, in_style, including, says
from tests.clients import Request, Response, call_asgi
from tests.handling.zoo import ERRORS, zoo
from tests.twins import Twins, World

# One module for both.


def shared_module() -> Handlers:
    module = Handlers()

    @module.register(404)
    def missing(exc: Exception) -> Problem:
        return Problem(404, detail="sync, shared")

    @module.register(LookupError)
    async def lost(exc: Exception, incident: Incident) -> Problem:
        await asyncio.sleep(0)
        return Problem(410, detail=f"async, shared, {incident.request.path}")

    return module


@pytest.mark.parametrize("place", ["app", "outer", "/zone"])
def test_one_module_of_handlers_serves_both_frameworks_on_any_target(place: str) -> None:
    module = shared_module()

    twins = Twins.built(zoo(at(place, in_style("api"), including(module))))
    folder = "" if place == "app" else "/" + place.strip("/")

    missing, lost = twins.ask(f"{folder}/raise/404"), twins.ask(f"{folder}/raise/KeyError")
    assert (missing.status, missing.json["detail"]) == (404, "sync, shared")
    assert (lost.status, lost.json["detail"]) == (410, f"async, shared, {folder}/raise/KeyError")


def test_handlers_that_a_module_registers_later_count_from_then_on() -> None:
    module = Handlers()

    twins = Twins.built(zoo(including(module)))
    before = twins.ask("/raise/403")
    module.register(403)(lambda exc: Reply("later"))
    after = twins.ask("/raise/403")

    assert "Error 403" in before.text
    assert (after.status, after.text) == (403, "later")


@pytest.mark.parametrize(("own_first", "expected"), [(True, "module"), (False, "own")])
def test_a_module_counts_from_where_it_was_included(ask: Ask, own_first: bool, expected: str) -> None:
    module = Handlers()
    module.register(404)(lambda exc: Reply("module"))
    parts = [a_handler(404, says("own")), including(module)]

    assert ask(an_app(*(parts if own_first else reversed(parts))), "/nope").text == expected


# How a handler is called.


def one(exc: Exception) -> Reply:
    return Reply("one")


def two(exc: Exception, incident: Incident) -> Reply:
    return Reply(f"two {incident.problem.status}")


def one_and_more(exc: Exception, extra: str = "untouched") -> Reply:
    return Reply(extra)


def two_and_more(exc: Exception, incident: Incident, extra: str = "untouched", *, more: str = "more") -> Reply:
    return Reply(f"{incident.problem.status} {extra} {more}")


def any_number(*args: Any) -> Reply:
    return Reply(str(len(args)))


class Answering:
    """Handlers that are no plain functions."""

    def method(self, exc: Exception) -> Reply:
        return Reply("method")

    def method_of_two(self, exc: Exception, incident: Incident) -> Reply:
        return Reply(f"method {incident.problem.status}")

    def __call__(self, exc: Exception, incident: Incident) -> Reply:
        return Reply(f"object {incident.problem.status}")


ARITIES: list[tuple[Any, str]] = [
    (one, "one"),
    (two, "two 404"),
    (one_and_more, "untouched"),
    (two_and_more, "404 untouched more"),
    (any_number, "1"),
    (lambda exc, name="bound": Reply(name), "bound"),
    (lambda exc, incident: Reply(incident.request.path), "/nope"),
    (lambda exc, /: Reply("positional"), "positional"),
    (Answering().method, "method"),
    (Answering().method_of_two, "method 404"),
    (Answering(), "object 404"),
    (functools.partial(two_and_more, more="less"), "404 untouched less"),
    (functools.partial(lambda name, exc: Reply(name), "partial"), "partial"),
    (functools.partial(lambda name, exc, incident: Reply(f"{name} {incident.problem.status}"), "p"), "p 404"),
]


@pytest.mark.parametrize(("handler", "expected"), ARITIES)
def test_the_required_positional_parameters_of_a_handler_say_what_it_takes(
    ask: Ask, handler: Any, expected: str
) -> None:
    response = ask(a_catch_all(handler), "/nope")

    assert (response.status, response.text) == (404, expected)


@pytest.mark.parametrize(
    "handler",
    [
        lambda: None,
        lambda exc, incident, more: None,
        lambda exc, *, needed: None,
        "no function",
    ],
)
def test_a_handler_that_cannot_be_called_is_an_error_at_set_up(world: World, handler: Any) -> None:
    with pytest.raises(SetupError):
        world.errors.register(world.app)(handler)
    with pytest.raises(SetupError):
        Handlers().register(404)(handler)


class Later:
    """An awaitable that is no coroutine."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __await__(self) -> Generator[Any, None, Any]:
        yield from asyncio.sleep(0).__await__()
        return self.value


async def coroutine(exc: Exception) -> Problem:
    await asyncio.sleep(0)
    return Problem(410, detail="awaited")


async def coroutine_of_two(exc: Exception, incident: Incident) -> Problem:
    await asyncio.sleep(0)
    return Problem(410, detail="awaited" if incident.request.method == "GET" else "wrong")


async def raising(exc: Exception) -> None:
    await asyncio.sleep(0)
    raise Problem(410, detail="awaited")


class AsyncObject:
    async def __call__(self, exc: Exception) -> Problem:
        return await coroutine(exc)

    async def method(self, exc: Exception, incident: Incident) -> Problem:
        return await coroutine_of_two(exc, incident)


def plain(exc: Exception) -> Awaitable[Problem]:
    return coroutine(exc)


def awaitable_object(exc: Exception) -> Awaitable[Problem]:
    return Later(Problem(410, detail="awaited"))


@functools.wraps(coroutine)
def wrapped(exc: Exception) -> Awaitable[Problem]:
    return coroutine(exc)


COLOURS: dict[str, Any] = {
    "coroutine function": coroutine,
    "coroutine function of two": coroutine_of_two,
    "coroutine function that raises": raising,
    "object with async __call__": AsyncObject(),
    "bound method": AsyncObject().method,
    "plain function returning a coroutine": plain,
    "plain function returning an awaitable": awaitable_object,
    "lambda returning a coroutine": lambda exc, incident: coroutine_of_two(exc, incident),
    "partial of a coroutine function": functools.partial(coroutine),
    "partial of an async object": functools.partial(AsyncObject()),
    "partial of a plain function returning a coroutine": functools.partial(plain),
    "wrapped": wrapped,
    "sync": lambda exc: Problem(410, detail="awaited"),
}


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("path", ["/nope", "/raise/KeyError"], ids=["an HTTP error", "a domain exception"])
def test_a_handler_may_be_of_any_colour(ask: Ask, colour: str, path: str) -> None:
    application = zoo(in_style("api"), a_handler([404, KeyError], COLOURS[colour]))

    response = ask(application, path)

    assert (response.status, response.content_type) == (410, "application/problem+json")
    assert response.json["detail"] == "awaited"


def test_a_native_coroutine_function_is_awaited(ask: Ask) -> None:
    async def later(exc: HTTPException) -> Any:
        await asyncio.sleep(0)
        return "native", exc.code

    response = ask(a_native_handler(404, later), "/nope")

    assert (response.status, response.text) == (404, "native")


# The built-in path stays where it is.


def standing(world: World, handler: Any = None) -> None:
    """Build an application whose views raise where they are called, without a thread even on Quart."""

    def fail_plainly(error: str) -> Any:
        make = ERRORS[error]
        raise make()

    async def fail(error: str) -> Any:
        fail_plainly(error)

    zone = world.Blueprint("zone", __name__, url_prefix="/zone")
    zone.add_url_rule("/raise/<error>", "fail", view_func=fail if world.is_async else fail_plainly)
    world.errors.api_register(zone)
    if handler is not None:
        world.errors.register(zone)(handler)
    world.app.register_blueprint(zone)


class Watch:
    """Counts what leaves the calling thread or enters an event loop."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        self._count(patch, threading.Thread, "start")
        self._count(patch, asyncio.BaseEventLoop, "run_in_executor")
        self._count(patch, asyncio, "new_event_loop")
        self._count(patch, asyncio, "run")
        self._count(patch, asyncio.BaseEventLoop, "run_until_complete")
        self._count(patch, asgiref.sync.AsyncToSync, "__call__")
        self._count(patch, asgiref.sync.SyncToAsync, "__call__")

    def _count(self, patch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            self.seen.append(name)
            return original(*args, **kwargs)

        patch.setattr(owner, name, counting)


def watched(world: World, path: str, headers: Sequence[tuple[str, str]] = ()) -> tuple[Response, list[str]]:
    """Return the response, and what left the thread or entered a loop meanwhile."""
    assert world.errors is not None
    request = Request(path, headers=headers)
    if not world.is_async:
        with pytest.MonkeyPatch.context() as patch:
            watch = Watch(patch)
            return world.call(request), watch.seen

    async def inside() -> tuple[Response, list[str]]:
        with pytest.MonkeyPatch.context() as patch:
            watch = Watch(patch)
            return await call_asgi(world.app, request), watch.seen

    return asyncio.run(inside())


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/html", "text/plain"])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nope", 404),
        ("/zone/nope", 404),
        ("/zone/raise/404", 404),
        ("/zone/raise/SoldOut", 409),
        ("/zone/raise/KeyError", 500),
    ],
)
def test_the_built_in_answer_takes_no_thread_and_no_loop_of_its_own(
    world: World, path: str, status: int, accept: str
) -> None:
    standing(world)

    response, seen = watched(world, path, [("Accept", accept)])

    assert (response.status, seen) == (status, [])


@pytest.mark.parametrize(
    ("handler", "on_flask", "on_quart"),
    [
        (lambda exc: Reply("sync"), [], ["run_in_executor"]),
        (coroutine, ["__call__"], []),
        (AsyncObject(), ["__call__"], []),
    ],
    ids=["sync", "async", "async object"],
)
def test_a_handler_of_the_other_colour_is_what_leaves_it(
    world: World, handler: Any, on_flask: list[str], on_quart: list[str]
) -> None:
    standing(world, handler)

    _, seen = watched(world, "/zone/raise/404")

    # A pool may start its first thread, and asgiref its own loop; what counts is the door that was taken.
    assert [name for name in seen if name in ("run_in_executor", "__call__")][:1] == (
        on_quart if world.is_async else on_flask
    )
