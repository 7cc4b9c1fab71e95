"""``ERROR_DEBUG_DOCUMENT``: in debug mode, programs get the exception; people keep the framework's debugger."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.exceptions import BadRequestKeyError
from werkzeug.test import EnvironBuilder

from errbridge import Problem, current_incident_id
from tests.applications import (
    JSON,
    Application,
    Ask,
    a_blueprint,
    a_handler,
    a_hook,
    a_view,
    aborting,
    an_app,
    answering,
    failing,
    in_style,
)
from tests.clients import Request, Response
from tests.twins import Twins, World

WANTS_JSON = ("Accept", "application/json")
WANTS_XML = ("Accept", "application/problem+xml")
WANTS_HTML = ("Accept", "text/html")
XHR = ("X-Requested-With", "XMLHttpRequest")


class Sold(Exception):
    """An exception of the application."""


def buy(name: str) -> None:
    try:
        raise LookupError(f"postgres://till:hunter2@db/{name}")
    except LookupError as error:
        raise Sold({"name": name, "api_key": "hunter2"}) from error


def shop(*, debug: bool = True, **config: Any) -> Application:
    """Set up an API without a prefix, so that only the view says whose an error is, and a site at /web."""

    def in_debug_mode(world: World) -> None:
        world.app.debug = debug
        world.app.config.update(config)
        world.options = {"ERROR_DEBUG_DOCUMENT": True}

    buying = a_view("/buy/<name>", buy)
    api = a_blueprint(
        "api",
        buying,
        aborting("/broken", 503),
        a_view("/text", lambda: {"a": 1}["b"]),
        in_style("api"),
        url_prefix=None,
    )
    return an_app(in_debug_mode, api, a_blueprint("web", buying, in_style("web")))


def exception_of(response: Response) -> dict[str, Any]:
    assert (response.status, response.content_type) == (500, JSON)
    member = response.json["exception"]
    assert isinstance(member, dict)
    return member


def name_shown(world: World, path: str, *headers: tuple[str, str]) -> str:
    """Return the name of the exception that the framework shows the developer."""
    try:
        response = world.call(Request(path, headers=headers))
    except Exception as exc:
        return type(exc).__name__
    assert (response.status, (response.content_type or "").partition(";")[0]) == (500, "text/html")
    found = re.search(r"<h1>(\w+)", response.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/buy/piano", []),
        ("/buy/piano", [WANTS_JSON]),
        ("/web/buy/piano", [XHR]),
        ("/web/buy/piano", [WANTS_JSON]),
        ("/web/buy/piano", [WANTS_JSON, XHR]),
    ],
)
def test_programs_get_class_message_and_traceback(ask: Ask, path: str, headers: list[tuple[str, str]]) -> None:
    response = ask(shop(), path, headers=headers)

    document, member = response.json, exception_of(response)
    assert list(document)[:5] == ["type", "title", "status", "detail", "instance"]
    assert (document["title"], document["detail"]) == ("Internal Server Error", "Unhandled Exception")
    assert (member["class"], member["cause"]["class"]) == ("tests.test_debug_document.Sold", "LookupError")
    assert member["message"] == "{'name': 'piano', 'api_key': [redacted]}"
    assert member["cause"]["message"] == "postgres://[redacted]@db/piano"
    assert [frame["function"] for frame in member["traceback"]] == ["buy"]
    assert member["traceback"][0]["file"] == __file__
    assert (response.header("Cache-Control"), response.header("X-Content-Type-Options")) == ("no-store", "nosniff")
    assert "hunter2" not in response.text


def test_clients_that_accept_xml_get_it_in_xml(ask: Ask) -> None:
    response = ask(shop(), "/buy/piano", headers=[WANTS_XML])

    assert (response.status, response.content_type) == (500, "application/problem+xml")
    assert ET.fromstring(response.body).findtext("{*}exception/{*}class") == "tests.test_debug_document.Sold"


def test_a_head_request_gets_the_headers(ask: Ask) -> None:
    response = ask(shop(), "/buy/piano", "HEAD")

    assert (response.status, response.content_type, response.body) == (500, JSON, b"")


@pytest.mark.parametrize("headers", [(), (WANTS_HTML,), (("Accept", "text/plain"),)])
def test_people_keep_the_debugger(world: World, headers: tuple[tuple[str, str], ...]) -> None:
    shop()(world)

    assert name_shown(world, "/web/buy/piano", *headers) == "Sold"


MODES: Mapping[str, dict[str, Any]] = {
    "testing": {"TESTING": True},
    "propagate": {"PROPAGATE_EXCEPTIONS": True},
}


@pytest.mark.parametrize("mode", MODES)
def test_outside_of_debug_mode_no_client_gets_it(world: World, mode: str) -> None:
    shop()(world)
    assert world.errors is not None
    world.app.debug = False
    world.app.config.update(MODES[mode])

    assert name_shown(world, "/buy/piano", WANTS_JSON) == "Sold"


def test_in_production_no_client_gets_it(ask: Ask) -> None:
    def a_shop_in_production(world: World) -> None:
        shop()(world)
        assert world.errors is not None
        world.app.debug = False

    response = ask(a_shop_in_production, "/buy/piano", headers=[WANTS_JSON])

    assert response.status == 500
    assert "exception" not in response.json


def test_where_debug_mode_does_not_show_exceptions_no_client_gets_it(ask: Ask) -> None:
    response = ask(shop(PROPAGATE_EXCEPTIONS=False), "/buy/piano", headers=[WANTS_JSON])

    assert response.status == 500
    assert "exception" not in response.json


def test_by_default_no_client_gets_it(world: World) -> None:
    world.app.debug = True
    world.app.add_url_rule("/buy/<name>", "buy", view_func=buy)

    assert name_shown(world, "/buy/piano", WANTS_JSON) == "Sold"


@pytest.mark.parametrize("way", ["option", "init_app", "config"])
def test_outside_of_debug_mode_it_has_no_effect(world: World, way: str) -> None:
    given = {"ERROR_DEBUG_DOCUMENT": True}
    app = world.app
    app.add_url_rule("/buy/<name>", "buy", view_func=buy)
    if way == "config":
        app.config.update(given)
    world.errors = world.adapter.ErrorHandler(**given if way == "option" else {})
    world.errors.init_app(app, **given if way == "init_app" else {})

    response = world.call(Request("/buy/piano", headers=[WANTS_JSON]))

    assert response.status == 500
    assert "exception" not in response.json


def test_switched_on_later_it_counts_in_debug_mode(ask: Ask) -> None:
    def an_app_that_switches_it_on(world: World) -> None:
        world.app.debug = True
        world.app.add_url_rule("/buy/<name>", "buy", view_func=buy)
        assert world.errors is not None
        world.app.config["ERROR_DEBUG_DOCUMENT"] = True

    assert exception_of(ask(an_app_that_switches_it_on, "/buy/piano", headers=[WANTS_JSON]))["class"].endswith("Sold")


def test_http_errors_and_handlers_go_their_way(ask: Ask) -> None:
    application = an_app(shop(), a_handler(Sold, lambda exc: Problem(409, detail="sold")))

    assert ask(application, "/buy/piano").json["detail"] == "sold"
    assert "exception" not in ask(application, "/broken").json
    assert "exception" not in ask(application, "/nope", headers=[WANTS_JSON]).json


def test_an_error_before_any_view_was_found_is_in_the_document(ask: Ask) -> None:
    application = an_app(shop(), a_hook("before_request", lambda: buy("piano")))

    assert exception_of(ask(application, "/nope", headers=[WANTS_JSON]))["class"].endswith("Sold")


def test_a_failing_handler_is_in_the_document_with_its_error(world: World) -> None:
    def fails(exc: BaseException) -> None:
        raise ZeroDivisionError

    shop()(world)
    an_app(aborting("/closed", 503), a_handler(503, fails))(world)

    member = exception_of(world.call(Request("/closed", headers=(WANTS_JSON,))))

    assert (member["class"], member["context"]["class"]) == (
        "ZeroDivisionError",
        "werkzeug.exceptions.ServiceUnavailable",
    )


def test_a_trapped_error_is_in_the_document(ask: Ask) -> None:
    application = an_app(shop(TRAP_HTTP_EXCEPTIONS=True), failing("/form", lambda: BadRequestKeyError("name")))

    assert (
        exception_of(ask(application, "/form", headers=[WANTS_JSON]))["class"]
        == "werkzeug.exceptions.BadRequestKeyError"
    )


def test_the_error_of_a_stream_that_sent_nothing_is_in_the_document_of_flask() -> None:
    def an_app_that_streams(world: World) -> None:
        def stream() -> Any:
            buy("piano")
            yield "never"

        world.app.debug = True
        world.options = {"ERROR_DEBUG_DOCUMENT": True}
        world.app.add_url_rule("/stream", "stream", view_func=stream)

    world = Twins.built(an_app_that_streams).flask

    assert exception_of(world.call(Request("/stream", headers=(WANTS_JSON,))))["class"].endswith("Sold")


def test_where_errbridge_itself_is_broken_the_debugger_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("a bug in errbridge")

    shop()(world)
    monkeypatch.setattr("errbridge.handling.debugging.describe_exception", broken)

    assert name_shown(world, "/buy/piano", WANTS_JSON) == "Sold"
    assert "errbridge failed before it could answer" in caplog.text


def test_it_is_one_record_with_the_stack(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shop()(world)

    response = world.call(Request("/buy/piano", headers=(WANTS_JSON,)))

    (record,) = (record for record in caplog.records if record.levelno >= logging.ERROR)
    assert (record.name, vars(record)["status"], vars(record)["scope"]) == ("errbridge", 500, "api")
    assert response.json["instance"] == f"urn:uuid:{vars(record)['incident_id']}"
    assert record.exc_info is not None
    assert record.exc_info[0] is Sold
    assert record.exc_text is None or "see the stack" not in record.exc_text


def test_its_id_is_the_one_that_a_receiver_of_the_signal_had(world: World) -> None:
    shop()(world)
    seen: list[str | None] = []

    def receive(sender: object, **_: Any) -> None:
        seen.append(current_incident_id())

    with world.framework.got_request_exception.connected_to(receive, world.app):
        response = world.call(Request("/buy/piano", headers=(WANTS_JSON,)))

    assert [f"urn:uuid:{each}" for each in seen] == [response.json["instance"]]


async def test_the_frameworks_own_test_clients_get_the_document(world: World) -> None:
    shop()(world)
    assert world.errors is not None

    response = world.app.test_client().get("/buy/piano", headers=[WANTS_JSON])
    response = await response if world.is_async else response

    assert response.status_code == 500
    assert '"tests.test_debug_document.Sold"' in str(await response.get_data() if world.is_async else response.data)


@pytest.mark.parametrize("kind", ["teardown", "stream"])
def test_an_error_after_the_head_of_an_answer_replaces_it(kind: str) -> None:
    def stream() -> Any:
        buy("piano")
        yield "never"

    parts = {
        "stream": [a_view("/fine", stream)],
        "teardown": [answering("/fine"), a_hook("teardown_request", lambda exc: buy("piano"))],
    }[kind]
    flask_world = Twins.built(an_app(shop(), *parts)).flask
    assert flask_world.errors is not None
    starts: list[tuple[Any, ...]] = []
    environ = EnvironBuilder("/fine", headers=[WANTS_JSON]).get_environ()

    body = b"".join(flask_world.app(environ, lambda *given: starts.append(given)))

    assert json.loads(body)["exception"]["class"] == "tests.test_debug_document.Sold"
    assert [(given[0][:3], len(given)) for given in starts] == [("500", 2)]


def test_the_signal_is_sent_once(world: World) -> None:
    seen: list[str] = []

    def note(sender: Any, exception: BaseException, **rest: Any) -> None:
        seen.append(type(exception).__name__)

    async def anote(sender: Any, exception: BaseException, **rest: Any) -> None:
        note(sender, exception)

    shop()(world)
    receiver = anote if world.is_async else note
    signal: Any = world.framework.got_request_exception
    with signal.connected_to(receiver, world.app):
        world.call(Request("/buy/piano", headers=(WANTS_JSON,)))

    assert seen == ["Sold"]


def test_hostile_text_of_an_exception_stays_text(ask: Ask) -> None:
    application = an_app(shop(), failing("/crash", lambda: ValueError("</script><b>\ud800\x00")))

    for accept in (WANTS_JSON, WANTS_XML):
        response = ask(application, "/crash", headers=[accept])
        assert response.status == 500
        assert response.header("X-Content-Type-Options") == "nosniff"


def test_without_the_key_the_room_is_not_even_entered() -> None:
    code = (
        "import sys, flask, errbridge_flask\n"
        "app = flask.Flask('x')\n"
        "errbridge_flask.ErrorHandler(app, handler='api')\n"
        "app.add_url_rule('/', 'crash', view_func=lambda: 1 / 0)\n"
        "assert app.test_client().get('/').status_code == 500\n"
        "loaded = [name for name in sys.modules if name.startswith('errbridge')]\n"
        "assert 'errbridge.handling' in loaded and not [name for name in loaded if 'debugging' in name]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60, env={**os.environ})


def test_the_same_bytes_but_for_the_id() -> None:
    bodies = []
    for world in Twins.built(shop()).worlds:
        document = world.call(Request("/text", headers=(WANTS_JSON,))).json
        document.pop("instance")
        bodies.append(json.dumps(document))

    assert bodies[0] == bodies[1]
    assert json.loads(bodies[0])["exception"]["class"] == "KeyError"
