"""The log, and logging that fails."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import (
    NotFound,
)

from errbridge import AutoDispatcher, Problem, Reply, RequestFacts
from tests.applications import Ask, a_blueprint, a_handler, a_native_handler, an_app, failing, in_style
from tests.clients import Request
from tests.failures.fragile import (
    STATUS,
    Bug,
    FailingHandler,
    Failure,
    a_fragile_app,
    a_fragile_app_with,
    records,
    returning,
    shown_by,
)
from tests.own_answers import MODES, accepting, complete
from tests.twins import World


class FailingFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        raise Failure("secret")


@pytest.mark.parametrize("kind", ["handler", "filter"])
@pytest.mark.parametrize("path", STATUS)
@pytest.mark.parametrize("stderr", [True, False], ids=["with stderr", "without stderr"])
def test_a_logging_system_that_fails_does_not_change_the_answer(
    ask: Ask, logger: logging.Logger, monkeypatch: pytest.MonkeyPatch, kind: str, path: str, stderr: bool
) -> None:
    if kind == "handler":
        logger.addHandler(FailingHandler())
    else:
        logger.addFilter(FailingFilter())
    if not stderr:
        monkeypatch.setattr(sys, "stderr", None)

    response = ask(a_fragile_app, f"/{path}", headers=accepting("application/json"))

    complete(response, STATUS[path], "application/json")


def test_a_logging_system_that_fails_does_not_change_the_answer_of_a_handler(ask: Ask, logger: logging.Logger) -> None:
    logger.addHandler(FailingHandler())

    for make in (lambda: Reply("mine"), lambda: "mine", lambda: ("mine", 404)):
        response = ask(a_fragile_app_with(returning(make)), "/404")
        assert (response.status, response.text) == (404, "mine")
    response = ask(a_native_handler(404, lambda exc: ("mine", 404)), "/nope")
    assert (response.status, response.text) == (404, "mine")


def test_a_logging_system_that_fails_says_so_on_stderr(
    world: World, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.addHandler(FailingHandler())

    world.call(Request("/nope"))

    assert "errbridge could not write a log record" in capsys.readouterr().err


def test_what_errbridge_says_about_a_failure_is_no_failure_itself(
    ask: Ask, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    class Failing(AutoDispatcher):
        def dispatch(self, exc: BaseException, request: RequestFacts) -> Any:
            raise Failure("secret")

    logger.addFilter(FailingFilter())

    response = ask(an_app(lambda world: world.errors.dispatcher_register(world.app, Failing)), "/nope")

    complete(response, 404, "text/html")
    assert "Failure: secret" in capsys.readouterr().err


@pytest.mark.parametrize("path", ["/503", "/bug"])
def test_what_a_record_factory_has_set_is_kept_beside_the_fields(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = logging.LogRecord(*args, **kwargs)
        record.request_id = "my-id"
        record.status = 0
        return record

    a_fragile_app(world)
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(make)
    try:
        response = world.call(Request(path))
    finally:
        logging.setLogRecordFactory(before)

    (record,) = caplog.records
    assert (vars(record)["request_id"], vars(record)["status"]) == ("my-id", response.status)


def test_a_message_that_does_not_fit_its_arguments_keeps_no_handler_from_answering(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.app.logger, "propagate", False)  # to where pytest raises what logging prints

    def log_exception(*args: Any) -> None:
        world.app.logger.error("failed: %s %s", "one", exc_info=args[-1])

    world.app.log_exception = log_exception
    an_app(a_fragile_app, a_native_handler(500, lambda exc: ("own page", 500)))(world)

    assert world.call(Request("/bug")).text == "own page"


# The log.


an_app_with_an_api = an_app(
    a_fragile_app,
    a_blueprint(
        "api",
        failing("/crash", lambda: Bug("why"), methods=["GET", "PATCH"]),
        failing("/missing", NotFound, methods=["GET", "PATCH"]),
        in_style("api"),
    ),
    in_style("api", "/zone"),
)


@pytest.mark.parametrize(
    ("method", "path", "level", "status", "scope", "has_stack"),
    [
        ("GET", "/404", logging.INFO, 404, "app", False),
        ("GET", "/nope", logging.INFO, 404, "app", False),
        ("DELETE", "/404", logging.INFO, 405, "app", False),
        ("GET", "/problem", logging.INFO, 409, "app", False),
        ("GET", "/503", logging.ERROR, 503, "app", False),
        ("GET", "/bug", logging.ERROR, 500, "app", True),
        ("PATCH", "/api/crash", logging.ERROR, 500, "api", True),
        ("GET", "/api/missing", logging.INFO, 404, "api", False),
        ("GET", "/api/nope", logging.INFO, 404, "api", False),
        ("GET", "/zone/nope", logging.INFO, 404, "/zone", False),
        ("HEAD", "/404", logging.INFO, 404, "app", False),
    ],
)
def test_an_error_is_logged_once_with_its_facts(
    world: World,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    level: int,
    status: int,
    scope: str,
    has_stack: bool,
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    an_app_with_an_api(world)

    response = world.call(Request(path, method, headers=accepting("application/json")))

    (record,) = records(caplog)
    assert record.levelno == level
    extra = vars(record)
    texts = {
        "errbridge": f"{method} {path} answered {status}",
        "flask": f"Exception on {path} [{method}]",
        "quart": f"Exception on request {method} {path}",
    }
    writer = world.name if has_stack else "errbridge"
    assert record.name == (world.app.logger.name if has_stack else "errbridge")
    assert record.getMessage() == f"{texts[writer]} (incident {extra['incident_id']})"
    assert {name: extra[name] for name in ("method", "path", "status", "scope")} == {
        "method": method,
        "path": path,
        "status": status,
        "scope": scope,
    }
    if method != "HEAD":
        assert response.json["instance"] == f"urn:uuid:{extra['incident_id']}"
    assert (record.exc_info is not None) == has_stack
    if has_stack:
        assert shown_by(record) == [Bug]


def test_the_stack_of_an_uncaught_exception_is_printed_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    a_fragile_app(world)

    world.call(Request("/bug"))

    printed = [logging.Formatter().format(record) for record in caplog.records]
    assert len(printed) == 1
    assert sum("Traceback" in text for text in printed) == 1
    assert sum("Bug: secret" in text for text in printed) == 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda exc: Problem(404), 404),
        (lambda exc: Reply("mine"), 503),
        (lambda exc: "mine", 503),
        (lambda exc: ("mine", 418), 418),
        (lambda exc: None, 503),
    ],
    ids=["Problem", "Reply", "str", "tuple", "None"],
)
@pytest.mark.parametrize("register", [a_handler, a_native_handler], ids=["errbridge", "native"])
def test_what_a_handler_answered_is_logged_with_the_status_that_went_out(
    world: World, caplog: pytest.LogCaptureFixture, answer: Callable[[Any], Any], status: int, register: Any
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    an_app(a_fragile_app, register(503, answer))(world)

    response = world.call(Request("/503"))

    (record,) = records(caplog)
    assert vars(record)["status"] == response.status
    assert record.levelno == (logging.ERROR if response.status >= 500 else logging.INFO)
    assert record.exc_info is None
    if register is a_handler:
        assert response.status == status


@pytest.mark.parametrize("answer", [lambda exc: Problem(503), lambda exc: Reply("mine"), lambda exc: "mine"])
def test_the_stack_of_an_exception_that_only_errbridge_logs_is_not_lost(
    world: World, caplog: pytest.LogCaptureFixture, answer: Callable[[Any], Any]
) -> None:
    """The framework never sees a domain exception that has a handler, so it writes no record."""
    an_app(a_fragile_app, a_handler(KeyError, answer))(world)

    response = world.call(Request("/key"))

    assert response.status >= 500
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("errbridge", logging.ERROR)
    text = logging.Formatter().format(record)
    assert "see the stack" not in text
    assert (record.exc_info is not None) == ("Traceback" in text)


def test_a_domain_exception_mapped_to_a_4xx_is_logged_as_one(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    an_app(a_fragile_app, a_handler(LookupError, lambda exc: Problem(404)))(world)

    world.call(Request("/key"))

    (record,) = caplog.records
    assert (record.name, record.levelno, record.exc_info) == ("errbridge", logging.INFO, None)


@pytest.mark.parametrize("path", ["/a%0d%0aINFO forged", "/a%1b[2J", "/a%00b", "/a%e2%80%a8b"])
def test_a_path_forges_no_line_of_the_log(world: World, caplog: pytest.LogCaptureFixture, path: str) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    world.call(Request(path))

    (record,) = records(caplog)
    for text in (record.getMessage(), vars(record)["path"]):
        assert len(text.splitlines()) == 1
        assert text.isprintable()


def test_a_long_path_is_cut_in_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")

    world.call(Request("/" + "a" * 5000))

    (record,) = records(caplog)
    assert vars(record)["path"] == "/" + "a" * 2047


@pytest.mark.parametrize("path", ["/page", "/redirect", "/aborted"])
def test_what_is_no_error_is_not_logged(world: World, caplog: pytest.LogCaptureFixture, path: str) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    world.app.add_url_rule("/page", "page", view_func=lambda: ("page", 404))
    world.app.add_url_rule("/redirect/", "redirect", view_func=lambda: "page")
    world.app.add_url_rule("/aborted", "aborted", view_func=lambda: world.abort(world.app.response_class("r", 404)))

    world.call(Request(path))

    assert caplog.records == []


@pytest.mark.parametrize("mode", MODES)
def test_what_is_shown_to_the_developer_is_not_logged_as_answered(
    world: World, caplog: pytest.LogCaptureFixture, mode: str
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    world.config = MODES[mode]
    a_fragile_app(world)

    assert isinstance(world.find_escaped("/bug"), Bug)
    assert records(caplog) == []


PROGRAM = """
import logging
import {framework}
import errbridge_{framework}

{setup}
logging.getLogger("errbridge").setLevel(logging.INFO)
app = {framework}.{cls}("shop")
errbridge_{framework}.ErrorHandler(app)
"""

ASK = {
    "flask": 'app.test_client().get("/nope")',
    "quart": 'import asyncio; asyncio.run(app.test_client().get("/nope"))',
}


@pytest.mark.parametrize("framework", ["flask", "quart"])
def test_a_configuration_that_disables_all_loggers_disables_none_that_is_made_later(framework: str) -> None:
    setup = """
import logging.config
handlers = {"stderr": {"class": "logging.StreamHandler"}}
logging.config.dictConfig({"version": 1, "handlers": handlers, "root": {"level": "INFO", "handlers": ["stderr"]}})
"""
    program = PROGRAM.format(framework=framework, cls=framework.capitalize(), setup=setup) + ASK[framework]

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert "answered 404" in done.stderr


@pytest.mark.parametrize("setup", ["", "logging.basicConfig()"])
@pytest.mark.parametrize("framework", ["flask", "quart"])
def test_a_level_shows_records_of_4xx_only_where_there_is_a_handler(framework: str, setup: str) -> None:
    program = PROGRAM.format(framework=framework, cls=framework.capitalize(), setup=setup) + ASK[framework]

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    assert ("answered 404" in done.stderr) is (setup != "")
