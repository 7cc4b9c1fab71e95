"""The one record of an error: what it says, where it is, and what it carries."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.exceptions import ClientDisconnected, NotFound, ServiceUnavailable

from errbridge import Handlers, Problem, Reply
from errbridge.asgi import Bridge
from errbridge.http.headers import list_headers
from tests.applications import (
    Part,
    a_blueprint,
    a_handler,
    a_hook,
    a_native_handler,
    an_app,
    failing,
    in_style,
    raising,
    with_templates,
)
from tests.clients import Request, Response, call_asgi
from tests.test_incident_ids import CRASHES, JSON, Bug, crash, id_in, the_signal
from tests.twins import World

FIELDS = {"incident_id", "method", "path", "status", "scope", "app", "problem_type", "exception", "location"}
FIELDS |= {"trace_id", "request_id"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(autouse=True)
def every_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")


def the_record(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    """The only record that has an id; nothing else was written."""
    found = [record for record in caplog.records if record.name in ("errbridge", "tests.twins", "other")]
    (record,) = found
    return record


def text_of(world: World, method: str, path: str) -> str:
    """The text of the framework's own record."""
    return f"Exception on request {method} {path}" if world.is_async else f"Exception on {path} [{method}]"


@pytest.mark.parametrize("kind", CRASHES)
def test_an_uncaught_exception_is_recorded_once_by_the_framework_with_everything(
    world: World, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    path, part = CRASHES[kind]
    an_app(in_style("api"), part)(world)
    headers = (*JSON, ("Traceparent", f"00-{TRACE}-00f067aa0ba902b7-01"), ("X-Request-ID", "r-1"))

    response = world.call(Request(path, headers=headers))

    # An after_request that always fails does so once more, and the framework records that separately.
    written = [record for record in caplog.records if "Request finalizing" not in record.getMessage()]
    (record,) = [record for record in written if record.name == "tests.twins"]
    fields = vars(record)
    assert fields.keys() >= FIELDS
    assert record.levelno == logging.ERROR
    assert record.getMessage() == f"{text_of(world, 'GET', path)} (incident {id_in(response)})"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Bug)
    assert {name: fields[name] for name in FIELDS - {"location"}} == {
        "incident_id": id_in(response),
        "method": "GET",
        "path": path,
        "status": 500,
        "scope": "app",
        "app": "tests.twins",
        "problem_type": "about:blank",
        "exception": "tests.test_incident_ids.Bug",
        "trace_id": TRACE,
        "request_id": "r-1",
    }
    assert fields["location"].rpartition(":")[0].endswith("applications.py")
    if kind != "after an error that was answered":
        assert written == [record]


@pytest.mark.parametrize(
    ("part", "path", "expected"),
    [
        (failing("/x", NotFound), "/x", {"status": 404, "exception": "werkzeug.exceptions.NotFound", "scope": "app"}),
        (failing("/x", ServiceUnavailable), "/x", {"status": 503, "level": logging.ERROR, "stack": None}),
        (failing("/x", lambda: Problem(409, type="/sold")), "/x", {"status": 409, "problem_type": "/sold"}),
        (a_blueprint("shop", failing("/x", NotFound), url_prefix="/shop"), "/shop/x", {"scope": "shop"}),
        (
            an_app(failing("/x", KeyError), a_handler(KeyError, lambda exc: Problem(502))),
            "/x",
            {"status": 502, "exception": "KeyError", "level": logging.ERROR, "stack": KeyError},
        ),
        (
            an_app(failing("/x", KeyError), a_handler(KeyError, lambda exc: Problem(404))),
            "/x",
            {"status": 404, "exception": "KeyError", "stack": None},
        ),
    ],
)
def test_another_error_is_recorded_once_by_errbridge_with_everything(
    world: World, caplog: pytest.LogCaptureFixture, part: Part, path: str, expected: dict[str, Any]
) -> None:
    an_app(in_style("api"), part)(world)

    response = world.call(Request(path, headers=JSON))

    record = the_record(caplog)
    fields = {**vars(record), "level": record.levelno, "stack": record.exc_info and record.exc_info[0]}
    assert fields.keys() >= FIELDS
    assert record.name == "errbridge"
    assert fields["incident_id"] == id_in(response)
    assert {name: fields[name] for name in expected} == expected
    assert fields["level"] == (logging.ERROR if response.status >= 500 else logging.INFO)
    assert "applications.py:" in fields["location"]


def test_an_error_of_routing_happened_in_no_code_of_the_application(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.call(Request("/nope"))

    assert vars(the_record(caplog))["location"] == ""


def test_the_stack_of_what_a_5xx_was_raised_from_is_in_the_record(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def view() -> None:
        try:
            raise Bug("the gateway is gone")
        except Bug as error:
            raise Problem(503) from error

    world.app.add_url_rule("/x", view_func=view)

    world.call(Request("/x"))

    record = the_record(caplog)
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], Bug)


# The framework's record, whatever an application does with its logger.


class Adapter(logging.LoggerAdapter):  # type: ignore[type-arg]
    pass


@pytest.mark.parametrize("logger", [logging.getLogger("other"), Adapter(logging.getLogger("other"), {"a": 1})])
def test_a_logger_that_the_application_has_put_in_place_gets_it_as_well(
    world: World, caplog: pytest.LogCaptureFixture, logger: Any
) -> None:
    an_app(in_style("api"), failing("/crash", crash))(world)
    world.app.logger = logger

    response = world.call(Request("/crash", headers=JSON))

    record = the_record(caplog)
    assert (record.name, vars(record)["incident_id"]) == ("other", id_in(response))


class NoLogger:
    """A logger of an application's own, not of the standard library."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def error(self, text: str, **_: Any) -> None:
        self.lines.append(text)


def test_where_the_logger_is_another_librarys_errbridge_writes_the_record_itself(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    an_app(in_style("api"), failing("/crash", crash))(world)
    world.app.logger = NoLogger()

    response = world.call(Request("/crash", headers=JSON))

    record = the_record(caplog)
    assert (record.name, vars(record)["incident_id"]) == ("errbridge", id_in(response))
    assert record.exc_info is not None
    assert world.app.logger.lines == [text_of(world, "GET", "/crash")]


@pytest.mark.parametrize("way", ["disabled", "level", "filter"])
def test_where_the_frameworks_record_is_not_written_errbridge_writes_one(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    logger = logging.getLogger("other")
    monkeypatch.setattr(logger, "filters", [(lambda record: False)] if way == "filter" else [])
    monkeypatch.setattr(logger, "disabled", way == "disabled")
    an_app(in_style("api"), failing("/crash", crash))(world)
    world.app.logger = logger
    before = logger.level
    logger.setLevel(logging.CRITICAL if way == "level" else logging.NOTSET)

    response = world.call(Request("/crash", headers=JSON))
    logger.setLevel(before)

    record = the_record(caplog)
    assert (record.name, vars(record)["incident_id"]) == ("errbridge", id_in(response))
    assert record.exc_info is not None


def test_an_application_that_records_exceptions_in_its_own_words_keeps_them(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def log_exception(*args: Any) -> None:
        world.app.logger.error("Oh %s", "no", exc_info=args[-1], extra={"team": "shop"})

    world.app.log_exception = log_exception
    an_app(in_style("api"), failing("/crash", crash))(world)

    response = world.call(Request("/crash", headers=JSON))

    record = the_record(caplog)
    assert record.getMessage() == f"Oh no (incident {id_in(response)})"
    assert vars(record)["team"] == "shop"


def test_one_that_records_nothing_leaves_it_to_errbridge(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.app.log_exception = lambda *args: None
    an_app(in_style("api"), failing("/crash", crash))(world)

    response = world.call(Request("/crash", headers=JSON))

    assert vars(the_record(caplog))["incident_id"] == id_in(response)
    assert the_record(caplog).name == "errbridge"


def test_applications_that_share_a_logger_share_no_incident(world: World, caplog: pytest.LogCaptureFixture) -> None:
    other = type(world)(world.name, world.framework, world.adapter)
    for each in (world, other):
        an_app(in_style("api"), failing("/crash", crash))(each)

    ids = [id_in(each.call(Request("/crash", headers=JSON))) for each in (world, other, world)]

    written = [record for record in caplog.records if record.name == "tests.twins"]
    assert [vars(record)["incident_id"] for record in written] == ids
    assert all(record.getMessage().count("incident") == 1 for record in written)


def test_other_records_of_the_applications_logger_stay_as_they_are(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    def note(exc: BaseException) -> None:
        world.app.logger.error("the handler saw %s", "it", exc_info=exc)

    an_app(failing("/crash", crash), a_handler(Bug, note), a_handler(500, lambda exc: note(exc)))(world)

    world.call(Request("/crash"))

    first, framework, last = caplog.records
    assert first.getMessage() == last.getMessage() == "the handler saw it"
    assert hasattr(framework, "incident_id")
    assert not hasattr(first, "incident_id")
    assert not hasattr(last, "incident_id")


def failing_handler(exc: Exception) -> Reply:
    raise KeyError("in the handler")


def ask_below_old(world: World, mounted: str, path: str) -> None:
    """Ask for a URL of the application, which is mounted at ``/old``."""
    if mounted == "by the server":
        world.call(Request(path, root_path="/old"))
    else:
        root = "/m" if mounted == "by a bridge that is mounted" else ""
        asyncio.run(call_asgi(Bridge({"/old": world.app}), Request(f"/old{path}", root_path=root)))


MOUNTED: dict[str, tuple[str, Part]] = {
    "an uncaught exception": ("/crash", failing("/crash", crash)),
    "a problem": ("/x", failing("/x", lambda: Problem(409))),
    "a URL that does not exist": ("/nope", a_handler(404, lambda exc: None)),
    "a client that has left": ("/x", failing("/x", ClientDisconnected)),
    "a failing handler": ("/nope", a_handler(404, failing_handler)),
    "what fails outside of the request": (
        "/x",
        an_app(failing("/x", Bug), a_hook("teardown_request", failing_handler)),
    ),
}


@pytest.mark.parametrize("mounted", ["by the server", "by a bridge", "by a bridge that is mounted"])
@pytest.mark.parametrize("kind", MOUNTED)
def test_the_path_of_a_record_has_the_mount(
    world: World, caplog: pytest.LogCaptureFixture, kind: str, mounted: str
) -> None:
    path, part = MOUNTED[kind]
    an_app(part)(world)
    assert world.errors

    ask_below_old(world, mounted, path)

    found = [vars(record) for record in caplog.records if hasattr(record, "incident_id")]
    full = f"/m/old{path}" if mounted == "by a bridge that is mounted" else f"/old{path}"
    assert {fields["path"] for fields in found} == {full}
    texts = [record.getMessage() for record in caplog.records if record.name == "errbridge"]
    assert all(text.startswith(f"GET {full} answered") for text in texts)


def test_a_path_with_percent_signs_does_not_break_the_text(world: World, caplog: pytest.LogCaptureFixture) -> None:
    failing("/a%s%d", crash)(world)

    world.call(Request("/a%25s%25d"))

    assert the_record(caplog).getMessage().startswith(text_of(world, "GET", "/a%s%d"))


# A failure on the way to the answer.


FAILURES: dict[str, tuple[str, Part, type]] = {
    "a handler for a status": ("/nope", a_handler(404, failing_handler), KeyError),
    "a native handler": ("/nope", a_native_handler(404, failing_handler), KeyError),
    "a page": ("/nope", an_app(in_style("web"), with_templates({"errors/404.html": "{{ 1 / 0 }}"})), ZeroDivisionError),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_the_frameworks_signal_is_sent_for_what_a_handler_or_page_raised(
    world: World, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    path, part, error = FAILURES[kind]
    part(world)

    with the_signal(world) as seen:
        response = world.call(Request(path))

    record = the_record(caplog)
    assert response.status == 404
    assert seen == [(vars(record)["incident_id"], error)]
    assert record.exc_info is not None
    assert record.exc_info[0] is error


@pytest.mark.parametrize("kind", FAILURES)
@pytest.mark.parametrize("mode", ["DEBUG", "TESTING"])
def test_the_signal_is_sent_once_where_the_failure_is_shown_to_the_developer(
    world: World, kind: str, mode: str
) -> None:
    path, part, error = FAILURES[kind]
    world.config = {mode: True}
    part(world)

    with the_signal(world) as seen:
        assert isinstance(world.find_escaped(path), error)

    assert [cls for _, cls in seen] == [error]


def test_a_receiver_of_the_signal_that_fails_does_not_change_the_answer(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    a_handler(404, failing_handler)(world)

    def receive(*_: Any, **__: Any) -> None:
        raise Bug

    with world.framework.got_request_exception.connected_to(receive, world.app):
        response = world.call(Request("/nope"))

    assert response.status == 404
    assert [record.exc_info and record.exc_info[0] for record in caplog.records] == [Bug, KeyError]


# The id that a proxy gave the request.


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/plain"])
@pytest.mark.parametrize("make", [NotFound, lambda: NotFound("words"), crash, lambda: Problem(409)])
def test_the_id_of_a_request_is_in_the_record_and_in_the_document(
    world: World, caplog: pytest.LogCaptureFixture, accept: str, make: Callable[[], Exception]
) -> None:
    failing("/x", make)(world)

    for number in range(2):
        response = world.call(Request("/x", headers=[("Accept", accept), ("X-Request-ID", f"Root=1-{number}")]))
        assert vars(caplog.records[-1])["request_id"] == f"Root=1-{number}"
        assert f"Root=1-{number}" in response.text
    assert "request_id" not in world.call(Request("/x", headers=[("Accept", accept)])).text
    assert vars(caplog.records[-1])["request_id"] == ""


@pytest.mark.parametrize("value", ["a b", "x" * 129, "<script>", 'a"b', "%0d%0a", "\xe9"])
def test_an_id_that_could_not_be_shown_as_it_is_counts_as_none(
    world: World, caplog: pytest.LogCaptureFixture, value: str
) -> None:
    response = world.call(Request("/nope", headers=[*JSON, ("X-Request-ID", value)]))

    assert vars(the_record(caplog))["request_id"] == ""
    assert "request_id" not in response.json


@pytest.mark.parametrize(
    ("setting", "header", "found"),
    [("X-Correlation-ID", "x-correlation-id", "r-1"), (None, "X-Request-ID", ""), ("X-Correlation-ID", "X-Other", "")],
)
def test_the_header_with_the_id_of_a_request_can_be_another_or_none(
    world: World, caplog: pytest.LogCaptureFixture, setting: str | None, header: str, found: str
) -> None:
    world.config = {"ERROR_REQUEST_ID": setting}

    world.call(Request("/nope", headers=[(header, "r-1")]))

    assert vars(the_record(caplog))["request_id"] == found


def test_the_length_that_head_announces_counts_the_id_of_the_request(world: World) -> None:
    headers = [*JSON, ("X-Request-ID", "r-1")]
    world.call(Request("/nope", headers=[*JSON, ("X-Request-ID", "another, longer")]))

    sent = world.call(Request("/nope", headers=headers))
    announced = dict(world.call(Request("/nope", "HEAD", headers=headers)).headers)

    lengths = {name.lower(): value for name, value in announced.items()}
    assert lengths["content-length"] == str(len(sent.body))


# The header that carries the id of the incident.


def header_of(response: Response) -> list[str]:
    return [value for name, value in response.headers if name.lower() == "x-incident-id"]


SHARED: dict[str, Any] = {}


def a_shared_response(world: World) -> None:
    """A native handler that returns one response for all requests."""
    SHARED[world.name] = world.app.response_class("shared", 404)
    a_native_handler(404, lambda exc: SHARED[world.name])(world)


HEADED: dict[str, tuple[str, Part]] = {
    "document": ("/nope", in_style("api")),
    "page": ("/nope", in_style("web")),
    "own page": ("/nope", an_app(in_style("web"), with_templates({"errors/404.html": "own"}))),
    "crash": ("/crash", failing("/crash", crash)),
    "reply": ("/nope", a_handler(404, lambda exc: Reply("mine"))),
    "reply with such a header": ("/nope", a_handler(404, lambda exc: Reply("mine", 404, {"x-incident-id": "mine"}))),
    "text": ("/nope", a_handler(404, lambda exc: "mine")),
    "text with such a header": ("/nope", a_handler(404, lambda exc: ("mine", {"X-Incident-ID": "mine"}))),
    "native handler": ("/nope", a_native_handler(404, lambda exc: ("mine", 404))),
    "shared response": ("/nope", a_shared_response),
    "failing handler": ("/nope", a_handler(404, failing_handler)),
    "after the view": ("/nope", a_hook("after_request", lambda response: raising(crash)())),
}


@pytest.mark.parametrize("kind", HEADED)
def test_the_id_is_in_a_header_of_every_error_answer(world: World, caplog: pytest.LogCaptureFixture, kind: str) -> None:
    path, part = HEADED[kind]
    world.config = {"ERROR_INCIDENT_HEADER": "X-Incident-ID"}
    part(world)
    replies: list[Reply] = []
    world.errors.on_incident(lambda incident, reply: replies.append(reply))

    for _ in range(2):
        (incident_id,) = header_of(world.call(Request(path)))
        described = [value for name, value in list_headers(replies[-1].headers) if name.lower() == "x-incident-id"]
        assert described == [incident_id]
        found = [vars(record)["incident_id"] for record in caplog.records if hasattr(record, "incident_id")]
        assert incident_id == found[-1]


@pytest.mark.parametrize("path", ["/page", "/redirect", "/aborted", "/nope"])
def test_no_other_answer_has_that_header(world: World, path: str) -> None:
    if path != "/nope":  # with the default, no answer has
        world.config = {"ERROR_INCIDENT_HEADER": "X-Incident-ID"}
    world.app.add_url_rule("/page", "page", view_func=lambda: ("page", 404))
    world.app.add_url_rule("/redirect/", "redirect", view_func=lambda: "page")
    world.app.add_url_rule("/aborted", "aborted", view_func=lambda: world.abort(world.app.response_class("r", 404)))

    assert header_of(world.call(Request(path))) == []


def test_handlers_of_a_shared_module_find_the_fields_of_the_record(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[dict[str, Any]] = []
    handlers = Handlers()
    handlers.register("*")(lambda exc, incident: seen.append(incident.describe()))
    failing("/crash", crash)(world)
    world.errors.include(handlers, world.app)

    world.call(Request("/crash"))

    fields = vars(the_record(caplog))
    (described,) = seen
    assert described == {name: fields[name] for name in FIELDS}
