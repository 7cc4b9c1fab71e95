"""A failure on the way of an error, what is recorded of it, and how it ends a WebSocket, with both drivers at once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest

from errbridge import Incident, Page, Problem, Reply
from errbridge.adapter import Installation, Raised, Response
from errbridge.scopes.scope import ROOT
from tests.core.fakes import (
    COLOURS,
    Application,
    Build,
    ClientGone,
    HttpError,
    NotFound,
    OutOfStock,
    ServerError,
    World,
    an_api,
    answer,
    as_async,
    at_root,
    chain_of,
    fail,
    follow,
    handle,
    install,
    native,
    nothing,
    register,
)

# Failures: the next rung.


def stop(exc: BaseException) -> None:
    raise StopIteration


FAILING: list[tuple[str, Callable[[BaseException], Any]]] = [
    ("raises", fail),
    ("stop", stop),
    ("garbage", lambda exc: object()),
    ("tuple", lambda exc: (1, 2, 3, 4)),
    ("short tuple", lambda exc: ("x",)),
    ("empty tuple", lambda exc: ()),
    ("status", lambda exc: ("x", "no status")),
    ("empty status", lambda exc: ("x", " ")),
    ("headers", lambda exc: ("x", 400, 5)),
    ("page", lambda exc: Page("missing.html")),
    ("page in a tuple", lambda exc: (Page("missing.html"), 400)),
    ("reply body", lambda exc: Reply(5)),  # type: ignore[arg-type]
    ("reply status", lambda exc: Reply("x", 99999)),
    ("reply text status", lambda exc: Reply("x", "404")),  # type: ignore[arg-type]
    ("reply headers", lambda exc: Reply("x", None, 5)),  # type: ignore[arg-type]
    ("reply in a tuple", lambda exc: (Reply("x"), 99)),
    ("problem in a tuple", lambda exc: (Problem(409), 409, 5)),
    ("exception", lambda exc: ValueError("returned")),
    ("exception in a tuple", lambda exc: (ValueError("returned"), 409)),
    ("redirect", lambda exc: HttpError()),
    ("the framework's 500", lambda exc: ServerError(original=ValueError())),
    ("class", lambda exc: Problem),
    ("class of another exception", lambda exc: ValueError),
]


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize(("name", "handler"), FAILING, ids=[name for name, _ in FAILING])
def test_a_handler_that_fails_gives_way_to_the_scopes_built_in_representation(
    world: World, name: str, handler: Callable[..., Any], colour: Callable[..., Any]
) -> None:
    run = world(an_api(colour(handler), 404), NotFound)

    assert (run.sent.status, run.document["status"], run.document["title"]) == (404, 404, "Not Found")
    (logged,) = run.records
    assert logged.levelno == logging.ERROR
    assert logged.exc_info is not None
    assert any(isinstance(each, NotFound) for each in chain_of(logged.exc_info[1]))  # both exceptions, linked
    assert "handler" in logged.getMessage()
    assert "answered 404" in logged.getMessage()


@pytest.mark.parametrize("fails", [fail, as_async(fail)])
def test_a_native_handler_that_fails_gives_way_too(world: World, fails: Callable[..., Any]) -> None:
    run = world(native(fails), NotFound())

    assert (run.sent.status, len(run.records)) == (404, 1)


def test_where_exceptions_are_shown_the_failure_of_a_handler_is_raised(world: World) -> None:
    exc = NotFound()

    def build(app: Application, installation: Installation) -> None:
        app.is_propagating = True
        register(installation, ROOT, 404)(fail)

    run = world(build, exc)

    assert isinstance(run.failure, RuntimeError)
    assert run.failure.__context__ is exc
    assert run.records == []


def fail_in_the_core(*args: Any) -> Any:
    raise RuntimeError("in the core")


def test_where_errbridge_itself_fails_an_http_error_is_answered_still(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("errbridge.application.errormap.ErrorMap.find_chain", fail_in_the_core)
    exc = OutOfStock()

    for error, status in ((NotFound(), 404), (Problem(409), 409), (HttpError(), 500)):
        run = world(nothing, error)
        assert (run.sent.status, run.sent.content_type) == (status, "text/plain; charset=utf-8")
        (logged,) = run.records
        assert logged.getMessage() == "errbridge failed before it could answer"
    assert world(nothing, exc).outcome == Raised(exc)
    server_error = ServerError(original=exc)
    assert world(nothing, server_error).outcome == Raised(server_error)


# Linking.


def test_a_failure_that_has_a_context_of_its_own_keeps_it(world: World) -> None:
    exc = OutOfStock()

    def handler(caught: BaseException) -> None:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ValueError("second") from error

    run = world(at_root(handler, OutOfStock), exc)

    assert isinstance(run.failure.__cause__, KeyError)
    assert run.failure.__cause__.__context__ is exc


def test_where_errbridge_fails_after_it_knows_the_error_the_record_has_everything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("errbridge.handling.respond.find_candidates", fail_in_the_core)
    hooked: list[Incident] = []

    def build(app: Application, installation: Installation) -> None:
        installation.hooks.on_incident(lambda incident, reply: hooked.append(incident))

    run = world(build, NotFound())

    (record,) = run.records
    assert (run.sent.status, record.levelno) == (404, logging.ERROR)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], RuntimeError)
    assert vars(record)["incident_id"] in {incident.id for incident in hooked}


def test_an_exception_that_is_raised_for_every_request_keeps_only_the_last_one(world: World) -> None:
    always = RuntimeError("always")

    def fails(caught: BaseException) -> None:
        raise always

    for _ in range(5):
        exc = OutOfStock()
        world(at_root(fails, OutOfStock), exc)
        assert always.__context__ is exc
        assert exc.__context__ is None


def test_an_exception_that_is_raised_again_is_not_linked_to_itself(world: World) -> None:
    exc = OutOfStock()

    def again(caught: BaseException) -> None:
        raise caught

    run = world(at_root(again, OutOfStock), exc)

    assert run.failure is exc
    assert (exc.__context__, exc.__cause__) == (None, None)


def test_what_led_to_an_error_does_not_become_what_came_of_it_as_well(world: World) -> None:
    exc, cause = OutOfStock(), KeyError()
    exc.__context__ = cause

    def again(caught: BaseException) -> None:
        raise cause

    world(at_root(again, OutOfStock), exc)

    assert (exc.__context__, cause.__context__) == (cause, None)


def test_a_chain_that_is_a_ring_already_ends(world: World) -> None:
    first, second = ValueError("first"), KeyError("second")
    first.__context__, second.__context__ = second, first

    def handler(caught: BaseException) -> None:
        raise first

    assert isinstance(world(at_root(handler, OutOfStock), OutOfStock).outcome, Raised)


# The record and the hooks.


@pytest.mark.parametrize(
    ("exc", "level", "stack"),
    [
        (NotFound, logging.INFO, False),
        (lambda: Problem(503), logging.ERROR, False),
        (lambda: ServerError(original=ValueError("v")), logging.ERROR, True),
        (ClientGone, logging.DEBUG, False),
    ],
)
def test_every_answer_is_logged_once(world: World, exc: Callable[[], BaseException], level: int, stack: bool) -> None:
    builds = [nothing, *(an_api(lambda exc, value=value: value, "*") for value in (None, "words", Reply("x")))]
    for build in builds:
        (logged,) = world(build, exc, path="/x").records
        assert (logged.name, logged.levelno, logged.exc_info is not None) == ("errbridge", level, stack)
        assert logged.__dict__["scope"] == "app"


def test_the_record_has_the_id_that_the_client_sees(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "errbridge")
    installation = install()

    sent = answer(installation, NotFound(), accept="application/json")

    assert isinstance(sent, Response)
    assert f"urn:uuid:{caplog.records[0].__dict__['incident_id']}".encode() in (sent.body or b"")


def test_nothing_is_made_for_a_level_that_is_off(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.ERROR, logger="errbridge")
    installation = install()

    run = follow(installation, NotFound())
    assert caplog.records == []
    assert run.contexts[0]._incident is None
    answer(installation, Problem(500))
    assert len(caplog.records) == 1


def test_each_hook_is_called_once_with_what_was_sent(world: World) -> None:
    seen: list[tuple[Any, Any]] = []

    def build(app: Application, installation: Installation) -> None:
        installation.hooks.on_incident(lambda incident, reply: seen.append((incident, reply)))

    run = world(build, lambda: Problem(409, headers={"X-A": "1"}))

    incident, reply = seen[0]
    assert len(seen) == 2
    assert (incident.problem.status, reply.status, reply.body, tuple(reply.headers)) == (
        409,
        409,
        run.sent.body if run.records[0].__dict__["incident_id"] == incident.id else reply.body,
        run.sent.headers,
    )


# The close frame of a WebSocket.


def frame_of(world: World, build: Build, exc: Any, **options: Any) -> tuple[int, str]:
    """The code and the reason, without the reference at its end."""
    run = world(build, exc, websocket=True, **options)
    (frame,) = run.app.frames
    reason, reference, end = frame.reason.rpartition(f" ({run.records[0].__dict__['incident_id'][:8]})")
    assert (end, reference != "") == ("", True)
    return frame.code, reason


class Locked(Exception):
    code, description = 409, "row 7 of table secrets"


def test_the_reason_of_a_close_frame_is_made_of_the_problem_that_was_answered(world: World) -> None:
    ours = Problem(409, detail="Try again.")
    mapped = at_root(lambda exc: ours, Locked, 409, 404)

    assert frame_of(world, mapped, Locked) == (4409, "409 Conflict: Try again.")
    assert frame_of(world, mapped, lambda: Problem(409, detail="row 7")) == (4409, "409 Conflict: Try again.")
    assert frame_of(world, mapped, lambda: NotFound("row 7")) == (4409, "409 Conflict: Try again.")
    assert frame_of(world, nothing, lambda: Problem(409, detail="As it is.")) == (4409, "409 Conflict: As it is.")


def test_the_reason_of_a_group_is_that_of_the_member_that_was_answered(world: World) -> None:
    group = ExceptionGroup("g", [Problem(409, detail="In a group.")])

    assert frame_of(world, nothing, group) == (4409, "409 Conflict: In a group.")


def test_an_answer_that_shows_no_problem_has_a_reason_of_its_status_alone(world: World) -> None:
    exc = lambda: Problem(409, detail="row 7")  # noqa: E731

    assert frame_of(world, at_root(lambda exc: Reply("words"), 409), exc) == (4409, "409 Conflict")
    assert frame_of(world, at_root(lambda exc: ("words", 410), 409), exc) == (4410, "410 Gone")
    assert frame_of(world, native(lambda exc: ("words", 410)), exc) == (4410, "410 Gone")


def test_an_uncaught_exception_closes_with_1011_and_nothing_of_itself(world: World) -> None:
    for build in (nothing, at_root(lambda exc: Problem(500, detail="row 7"), ValueError, 500)):
        assert frame_of(world, build, ValueError("secret"), carry=handle)[0] == 1011
    assert frame_of(world, nothing, ValueError("secret"), carry=handle) == (1011, "Internal Server Error")
    assert frame_of(world, at_root(lambda exc: Problem(409), ValueError), ValueError) == (4409, "409 Conflict")


def test_the_code_of_an_uncaught_exception_stays_and_the_reason_is_what_a_handler_said(world: World) -> None:
    """Its record, which is written before a handler for the 500 is asked, has the code."""
    mapped, late = Problem(500, detail="The stock service is down."), Problem(503, detail="Try again.")

    frame = frame_of(world, at_root(lambda exc: mapped, ValueError), ValueError("secret"))
    assert frame == (1011, "500 Internal Server Error: The stock service is down.")
    frame = frame_of(world, at_root(lambda exc: late, 500), ValueError("secret"), carry=handle)
    assert frame == (1011, "503 Service Unavailable: Try again.")


def test_an_answer_that_is_no_error_closes_with_1011_and_never_with_1000(world: World) -> None:
    assert frame_of(world, at_root(lambda exc: ("fine", 200), 404), NotFound()) == (1011, "Internal Server Error")


@pytest.mark.parametrize("detail", ["x" * 500, "é" * 500, "a\r\nb\0c\ud800" + "𝄞" * 200])
def test_a_reason_fits_into_a_close_frame(world: World, detail: str) -> None:
    code, reason = frame_of(world, nothing, lambda: Problem(404, detail=detail))

    assert code == 4404
    assert 118 < len(f"{reason} (01234567)".encode()) <= 123
    assert reason.startswith("404 Not Found: ")
    assert reason.endswith("…")
    assert reason.isprintable()


def test_no_frame_is_made_for_a_request(world: World) -> None:
    assert world(nothing, NotFound()).app.frames == []
