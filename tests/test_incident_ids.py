"""The id of an incident: from the moment an exception arrives until the request ends, and in no other request."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from errbridge import Incident, Problem, current_incident_id
from tests.applications import Part, a_handler, a_hook, an_app, answering, failing, in_style, raising
from tests.clients import Request, Response, call_asgi
from tests.twins import World

JSON = (("Accept", "application/json"),)


class Bug(Exception):
    pass


def crash() -> Exception:
    return Bug("a secret")


def id_in(response: Response) -> str:
    document: Any = response.json
    return str(document["instance"]).removeprefix("urn:uuid:")


@contextmanager
def the_signal(world: World) -> Iterator[list[tuple[str | None, type]]]:
    """Collect the current id, and the class of the exception, each time the framework sends its signal."""
    seen: list[tuple[str | None, type]] = []

    def receive(sender: object, *, exception: BaseException, **_: Any) -> None:
        seen.append((current_incident_id(), type(exception)))

    with world.framework.got_request_exception.connected_to(receive, world.app):
        yield seen


CRASHES: dict[str, tuple[str, Part]] = {
    "in a view": ("/crash", failing("/crash", crash)),
    "before the view": ("/page", an_app(answering("/page"), a_hook("before_request", raising(crash)))),
    "after the view": (
        "/page",
        an_app(answering("/page"), a_hook("after_request", lambda response: raising(crash)())),
    ),
    "after an error that was answered": (
        "/nope",
        an_app(in_style("api"), a_hook("after_request", lambda response: raising(crash)())),
    ),
    "in the handler of its class": (
        "/key",
        an_app(failing("/key", KeyError), a_handler(KeyError, lambda exc: raising(crash)())),
    ),
}


@pytest.mark.parametrize("kind", CRASHES)
def test_the_id_is_there_before_the_signal_and_is_that_of_the_answer(world: World, kind: str) -> None:
    path, part = CRASHES[kind]
    an_app(in_style("api"), part)(world)

    with the_signal(world) as seen:
        response = world.call(Request(path, headers=JSON))

    assert response.status == 500
    assert seen == [(id_in(response), Bug)]


@pytest.mark.parametrize("kind", CRASHES)
def test_the_id_is_there_when_the_framework_writes_its_record(
    world: World, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    path, part = CRASHES[kind]
    an_app(in_style("api"), part)(world)
    seen: list[str | None] = []

    def note(record: logging.LogRecord) -> bool:
        if record.levelno == logging.ERROR:  # an error that was answered before has a record and an id of its own
            seen.append(current_incident_id())
        return True

    caplog.handler.addFilter(note)
    response = world.call(Request(path, headers=JSON))
    caplog.handler.removeFilter(note)

    assert set(seen) == {id_in(response)}


def test_a_handler_that_fails_is_the_incident_of_the_error_it_failed_on(world: World) -> None:
    ids: list[str | None] = []

    def fail(exc: Exception, incident: Incident) -> None:
        ids.append(incident.id)
        raise Bug

    an_app(in_style("api"), failing("/key", KeyError), a_handler(KeyError, fail))(world)

    response = world.call(Request("/key", headers=JSON))

    assert ids == [id_in(response)]


def test_the_one_error_of_a_group_and_the_500_of_the_group_are_one_incident(world: World) -> None:
    ids: list[str] = []
    part = failing("/group", lambda: ExceptionGroup("all", [KeyError()]))
    an_app(in_style("api"), part, a_handler(KeyError, lambda exc, incident: ids.append(incident.id)))(world)

    response = world.call(Request("/group", headers=JSON))

    assert ids == [id_in(response)]


@pytest.mark.parametrize("mode", ["DEBUG", "TESTING", "PROPAGATE_EXCEPTIONS"])
def test_the_signal_has_an_id_too_where_the_exception_is_shown_to_the_developer(world: World, mode: str) -> None:
    world.config = {mode: True}
    an_app(failing("/crash", crash))(world)

    with the_signal(world) as seen:
        assert isinstance(world.find_escaped("/crash"), Bug)

    ((incident_id, _),) = seen
    assert incident_id is not None
    assert current_incident_id() is None


def test_there_is_no_id_before_and_after_a_request_nor_in_a_request_without_an_error(world: World) -> None:
    seen: list[str | None] = []

    def page() -> str:
        seen.append(current_incident_id())
        return "page"

    world.app.add_url_rule("/page", view_func=page)
    failing("/crash", crash)(world)

    for path in ("/page", "/crash", "/page", "/nope"):
        world.call(Request(path))
        seen.append(current_incident_id())

    assert seen == [None] * 6


def test_a_request_inside_the_handling_of_an_error_has_an_id_of_its_own(world: World) -> None:
    inner: list[str | None] = []
    outer: list[str | None] = []

    def page() -> str:
        inner.append(current_incident_id())
        return "page"

    async def ask_async(exc: Exception) -> Problem:
        outer.append(current_incident_id())
        await call_asgi(world.app, Request("/page"))
        inner.append(id_in(await call_asgi(world.app, Request("/nope", headers=JSON))))
        outer.append(current_incident_id())
        return Problem(500)

    def ask(exc: Exception) -> Problem:
        outer.append(current_incident_id())
        world.call(Request("/page"))
        inner.append(id_in(world.call(Request("/nope", headers=JSON))))
        outer.append(current_incident_id())
        return Problem(500)

    world.app.add_url_rule("/page", view_func=page)
    an_app(in_style("api"), failing("/crash", crash), a_handler(Bug, ask_async if world.is_async else ask))(world)

    response = world.call(Request("/crash", headers=JSON))

    assert outer == [id_in(response)] * 2
    assert inner[0] is None
    assert inner[1] not in (None, outer[0])


def test_requests_in_threads_and_tasks_each_have_their_own_id(world: World) -> None:
    together = threading.Barrier(8)
    seen: list[tuple[str, str | None, str | None]] = []

    def answer(exc: Exception, incident: Incident) -> Problem:
        before = current_incident_id()
        together.wait(30)
        seen.append((incident.id, before, current_incident_id()))
        return Problem(500)

    async def answer_async(exc: Exception, incident: Incident) -> Problem:
        before = current_incident_id()
        await asyncio.sleep(0.01)
        seen.append((incident.id, before, current_incident_id()))
        return Problem(500)

    an_app(failing("/crash", crash), a_handler(Bug, answer_async if world.is_async else answer))(world)
    request = Request("/crash", headers=JSON)
    if world.is_async:

        async def ask_all() -> list[Response]:
            return await asyncio.gather(*(call_asgi(world.app, request) for _ in range(8)))

        responses = asyncio.run(ask_all())
    else:
        with ThreadPoolExecutor(8) as pool:
            responses = list(pool.map(world.call, [request] * 8))

    assert {one for ids in seen for one in ids} == {id_in(response) for response in responses}
    assert len(seen) == 8
    assert all(len(set(ids)) == 1 for ids in seen)


def test_a_plain_handler_on_another_thread_has_the_id(world: World) -> None:
    """Quart calls plain handlers in a thread; Flask runs async ones on a loop of another."""
    seen: list[str | None] = []

    async def answer_async(exc: Exception) -> Problem:
        seen.append(current_incident_id())
        return Problem(500)

    def answer(exc: Exception) -> Problem:
        seen.append(current_incident_id())
        return Problem(500)

    an_app(failing("/crash", crash), a_handler(Bug, answer if world.is_async else answer_async))(world)

    assert [id_in(world.call(Request("/crash", headers=JSON)))] == seen


def test_the_time_of_an_incident_is_when_its_exception_arrived(world: World) -> None:
    seen: list[datetime] = []
    an_app(failing("/crash", crash), a_handler(Bug, lambda exc, incident: seen.append(incident.time)))(world)
    a_handler(500, lambda exc, incident: seen.append(incident.time))(world)

    before = datetime.now(UTC)
    world.call(Request("/crash"))
    after = datetime.now(UTC)

    first, second = seen
    assert first == second
    assert first.utcoffset() == timedelta(0)
    assert before <= first <= after


class Silent(logging.Handler):
    """A handler that writes nothing below CRITICAL."""

    def __init__(self) -> None:
        super().__init__(logging.CRITICAL)


@pytest.mark.parametrize(
    ("level", "handlers", "status", "has_reference"),
    [
        (logging.NOTSET, None, 503, True),
        (logging.NOTSET, None, 404, False),
        (logging.INFO, None, 404, False),  # a level without a handler shows nothing
        (logging.INFO, [logging.StreamHandler()], 404, True),
        (logging.INFO, [logging.NullHandler()], 503, False),
        (logging.DEBUG, [Silent()], 503, False),
        (logging.DEBUG, [Silent(), logging.StreamHandler()], 503, True),
        (logging.CRITICAL, [logging.StreamHandler()], 503, False),
    ],
)
def test_there_is_a_reference_where_a_record_with_the_id_is_written(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    level: int,
    handlers: list[logging.Handler] | None,
    status: int,
    has_reference: bool,
) -> None:
    logger = logging.getLogger("errbridge")
    monkeypatch.setattr(logger, "handlers", handlers or [])
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    seen: list[Incident] = []
    an_app(failing("/fail", lambda: Problem(status)))(world)
    a_handler(status, lambda exc, incident: seen.append(incident))(world)

    before = logger.level
    logger.setLevel(level)
    try:
        world.call(Request("/fail"))
    finally:
        logger.setLevel(before)

    (incident,) = seen
    assert incident.reference == (incident.id[:8] if has_reference else "")


def test_a_filter_of_the_log_is_asked_once_for_each_record(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a page cannot know whether a filter will drop the record, and may count it."""
    asked: list[str] = []
    logger = logging.getLogger("errbridge")
    monkeypatch.setattr(logger, "filters", [lambda record: asked.append(record.incident_id)])
    an_app(in_style("web"), failing("/fail", lambda: Problem(503)))(world)

    response = world.call(Request("/fail"))

    (incident_id,) = asked
    assert f"<code>{incident_id[:8]}</code>" in response.text
    assert caplog.records == []
