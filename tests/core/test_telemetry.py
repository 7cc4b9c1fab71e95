"""What is reported of an error: the one log record, and the hooks."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings

from errbridge import Incident, Problem, Reply, Scope
from errbridge.application.hooks import Hooks
from errbridge.telemetry.notifying import notify
from errbridge.telemetry.record import Failure, choose_level, write_record
from tests.core.fakes import ANY_TEXT, ID, ServerError, incident_of


@pytest.fixture(autouse=True)
def all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="errbridge")


def raised(exc: Exception) -> Exception:
    try:
        raise exc
    except Exception as caught:
        return caught


def uncaught(exc: Exception | None = None) -> Incident:
    return incident_of(Problem(500), original=raised(exc or ValueError("words")), method="POST", path="/x")


def record(incident: Incident, status: int, failure: Failure | None = None) -> None:
    level = choose_level(status, failed=failure is not None, client_gone=incident.client_gone)
    write_record(incident, status, level, failure=failure)


def only(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    (logged,) = caplog.records
    return logged


def formatted(logged: logging.LogRecord) -> str:
    return logging.Formatter("%(levelname)s %(name)s %(message)s").format(logged)


@pytest.mark.parametrize(
    ("incident", "status", "failure", "level", "stack"),
    [
        (uncaught(), 500, None, logging.ERROR, True),
        (incident_of(Problem(503)), 503, None, logging.ERROR, False),
        (incident_of(Problem(404)), 404, None, logging.INFO, False),
        (uncaught(), 404, None, logging.INFO, False),  # a handler explained it
        (incident_of(Problem(404)), 200, None, logging.INFO, False),
        (replace(incident_of(Problem(400)), client_gone=True), 400, None, logging.DEBUG, False),
        (replace(incident_of(Problem(500)), client_gone=True), 500, None, logging.ERROR, False),
        (replace(incident_of(), client_gone=True), 404, Failure("x", raised(KeyError("k"))), logging.ERROR, True),
        (incident_of(Problem(404)), 404, Failure("the handler x", raised(KeyError("k"))), logging.ERROR, True),
    ],
)
def test_the_level_and_the_stack_are_those_of_the_table(
    caplog: pytest.LogCaptureFixture,
    incident: Incident,
    status: int,
    failure: Failure | None,
    level: int,
    stack: bool,
) -> None:
    record(incident, status, failure)

    logged = only(caplog)
    assert (logged.name, logged.levelno) == ("errbridge", level)
    assert (logged.exc_info is not None) is stack
    assert ("Traceback" in formatted(logged)) is stack


def test_a_record_carries_the_facts_as_structured_extra(caplog: pytest.LogCaptureFixture) -> None:
    incident = incident_of(Problem(404), method="GET", path="/shop/x")
    record(Incident(incident.exception, incident.problem, incident.request, ID, Scope(prefix="/shop")), 404)

    logged = only(caplog)
    assert logged.getMessage() == f"GET /shop/x answered 404 (incident {ID})"
    assert {name: logged.__dict__[name] for name in ("incident_id", "method", "path", "status", "scope")} == {
        "incident_id": ID,
        "method": "GET",
        "path": "/shop/x",
        "status": 404,
        "scope": "/shop",
    }


def test_the_stack_is_that_of_the_original_exception(caplog: pytest.LogCaptureFixture) -> None:
    original = raised(ZeroDivisionError("original"))
    record(incident_of(Problem(500), exception=ServerError(original=original), original=original), 500)

    logged = only(caplog)
    assert logged.exc_info is not None
    assert logged.exc_info[1] is original
    assert "ZeroDivisionError: original" in formatted(logged)


def test_a_failure_is_logged_with_its_stack_and_what_failed_whoever_logged_the_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    record(uncaught(), 500, Failure("the handler shop.missing", raised(KeyError("k"))))

    text = formatted(only(caplog))
    assert text.startswith(
        f"ERROR errbridge POST /x answered 500 after the handler shop.missing failed (incident {ID})\nTraceback"
    )
    assert "KeyError: 'k'" in text


@given(ANY_TEXT, ANY_TEXT)
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_request_cannot_forge_lines_of_the_log(caplog: pytest.LogCaptureFixture, method: str, path: str) -> None:
    caplog.clear()

    record(incident_of(Problem(404), method=method, path=path), 404)

    logged = only(caplog)
    text = formatted(logged)
    assert len(text.splitlines()) == 1
    assert not set(text) & {"\0", "\x1b", "\x7f", "\x9b", "\u2028"}
    assert text.encode()
    assert len(logged.__dict__["path"]) == len(path)


def test_a_long_path_or_method_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    record(incident_of(Problem(404), method="M" * 1000, path="/" * 100_000), 404)

    logged = only(caplog)
    assert (len(logged.__dict__["method"]), len(logged.__dict__["path"])) == (32, 2048)


def test_percent_signs_in_a_path_stay_what_they_are(caplog: pytest.LogCaptureFixture) -> None:
    record(incident_of(Problem(404), path="/%s%d%"), 404)

    assert only(caplog).getMessage() == f"GET /%s%d% answered 404 (incident {ID})"


class BrokenHandler(logging.Handler):
    def emit(self, logged: logging.LogRecord) -> None:
        raise RuntimeError("the disk is full")


@pytest.fixture
def broken_logging() -> Iterator[None]:
    handler = BrokenHandler()
    logging.getLogger("errbridge").addHandler(handler)
    yield
    logging.getLogger("errbridge").removeHandler(handler)


def test_a_logging_system_that_raises_changes_nothing(broken_logging: None, capsys: pytest.CaptureFixture[str]) -> None:
    record(uncaught(), 500)

    lines = capsys.readouterr().err.splitlines()
    assert (lines[0], lines[-1]) == ("errbridge could not write a log record", "RuntimeError: the disk is full")


def test_not_even_a_closed_standard_error_changes_anything(
    broken_logging: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        writes = 0

        def write(self, text: str) -> int:
            Closed.writes += 1
            raise ValueError("I/O operation on closed file")

    monkeypatch.setattr(sys, "stderr", Closed())
    record(uncaught(), 500)

    assert Closed.writes > 0


def test_filters_of_the_logger_are_heeded(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("errbridge")

    def silent(logged: logging.LogRecord) -> bool:
        return False

    logger.addFilter(silent)
    try:
        record(uncaught(), 500)
    finally:
        logger.removeFilter(silent)
    assert caplog.records == []


def test_the_exception_that_a_problem_was_raised_from_is_named_with_its_place_but_not_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "errbridge")

    def refused() -> Problem:
        try:
            json.loads("{what a client sent")
        except ValueError as error:
            problem = Problem(422)
            problem.__cause__ = error
            return problem
        raise AssertionError

    record(incident_of(refused()), 422)

    (message,) = (each.getMessage() for each in caplog.records)
    assert message.startswith("GET / answered 422 for json.decoder.JSONDecodeError at ")
    assert "what a client sent" not in message
    assert caplog.records[0].exc_info is None


def test_of_libraries_the_place_is_where_the_application_called_them(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "errbridge")
    problem = Problem(422)
    try:
        jsonschema.validate(1, {"type": "string"})
    except jsonschema.ValidationError as error:
        problem.__cause__ = error

    record(incident_of(problem), 422)

    assert f" for jsonschema.exceptions.ValidationError at {__file__}:" in caplog.records[0].getMessage()


def test_a_cause_that_was_never_raised_has_no_place(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "errbridge")
    problem = Problem(409)
    problem.__cause__ = KeyError("x")

    record(incident_of(problem), 409)

    assert "answered 409 for KeyError (incident" in caplog.records[0].getMessage()


def test_a_cause_in_libraries_alone_is_placed_where_it_was_raised(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "errbridge")
    problem = Problem(422)
    with pytest.raises(KeyError) as caught:
        exec(compile("raise KeyError('x')", "/x/site-packages/library.py", "exec"), {})
    assert caught.tb.tb_next is not None
    problem.__cause__ = caught.value.with_traceback(caught.tb.tb_next)

    record(incident_of(problem), 422)

    assert " for KeyError at /x/site-packages/library.py:1 " in caplog.records[0].getMessage()


# Hooks.

REPLY = Reply("sent", 404)


def describe() -> Reply:
    return REPLY


def test_each_hook_gets_the_incident_and_the_answer_in_the_order_of_registration() -> None:
    seen: list[object] = []
    incident = incident_of()

    notify(
        [lambda *given: seen.append(("one", *given)), lambda *given: seen.append(("two", *given))], incident, describe
    )

    assert seen == [("one", incident, REPLY), ("two", incident, REPLY)]


def test_a_hook_that_raises_is_named_in_the_log_and_keeps_nothing_from_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Incident] = []

    def bad(incident: Incident, reply: Reply) -> None:
        raise RuntimeError("in the hook")

    notify([bad, lambda incident, reply: seen.append(incident)], incident_of(), describe)

    logged = only(caplog)
    assert (logged.levelno, logged.__dict__["incident_id"]) == (logging.ERROR, ID)
    assert f"bad failed (incident {ID})" in logged.getMessage()
    assert logged.exc_info is not None
    assert len(seen) == 1


def test_a_hook_may_remove_itself() -> None:
    hooks = Hooks()
    seen: list[str] = []

    @hooks.on_incident
    def once(incident: Incident, reply: Reply) -> None:
        seen.append("once")
        hooks.off_incident(once)

    hooks.on_incident(lambda incident, reply: seen.append("always"))
    for _ in range(2):
        notify(hooks.functions, incident_of(), describe)

    assert seen == ["once", "always", "always"]


async def later_items() -> Any:
    yield 1


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda incident, reply: (number for number in range(3)), "a generator, and nothing of it runs"),
        (lambda incident, reply: later_items(), "a generator, and nothing of it runs"),
    ],
)
def test_a_hook_that_only_began_is_reported(
    caplog: pytest.LogCaptureFixture, function: Callable[..., Any], words: str
) -> None:
    notify([function], incident_of(), describe)

    logged = only(caplog)
    assert logged.exc_info is not None
    assert words in str(logged.exc_info[1])


def test_an_async_hook_runs_to_its_end_where_no_event_loop_runs(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Incident] = []

    async def note(incident: Incident, reply: Reply) -> None:
        await asyncio.sleep(0)
        seen.append(incident)

    async def fail(incident: Incident, reply: Reply) -> None:
        await asyncio.sleep(0)
        raise RuntimeError("in the hook")

    notify([fail, note, lambda incident, reply: note(incident, reply)], incident_of(), describe)

    assert len(seen) == 2
    assert f"fail failed (incident {ID})" in only(caplog).getMessage()


async def test_an_async_hook_is_a_task_where_an_event_loop_runs_and_may_be_cancelled() -> None:
    reached: list[str] = []

    async def wait(incident: Incident, reply: Reply) -> None:
        try:
            reached.append("begun")
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            reached.append("cancelled")
            raise

    before = asyncio.all_tasks()
    notify([wait], incident_of(), describe)
    (task,) = asyncio.all_tasks() - before
    assert reached == []

    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert reached == ["begun", "cancelled"]


@pytest.mark.parametrize("of_ones_own", [False, True])
def test_an_async_hook_that_cannot_be_run_is_one_record(of_ones_own: bool, caplog: pytest.LogCaptureFixture) -> None:
    class Never:
        def __await__(self) -> Any:
            raise AssertionError

    async def later(incident: Incident, reply: Reply) -> None:
        raise AssertionError

    def never(incident: Incident, reply: Reply) -> Any:
        return Never() if of_ones_own else later(incident, reply)

    def refuse(work: object) -> None:
        raise RuntimeError("there is no loop")

    notify([never], incident_of(), describe, run=refuse)

    assert f"never failed (incident {ID})" in only(caplog).getMessage()


def test_where_the_answer_cannot_be_described_no_hook_is_called(caplog: pytest.LogCaptureFixture) -> None:
    def undescribed() -> Reply:
        raise RuntimeError("no description")

    notify([lambda *given: pytest.fail("a hook was called")], incident_of(), undescribed)

    assert "no hook was called" in only(caplog).getMessage()


def test_a_failing_hook_and_a_broken_logging_system_change_nothing(broken_logging: None) -> None:
    def failing(*given: object) -> None:
        raise ZeroDivisionError

    notify([failing], incident_of(), describe)
