"""Sentry's events: one of each uncaught exception, with the id; none of an error on purpose unless asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import flask
import pytest
import sentry_sdk
from sentry_sdk.transport import Transport

from errbridge import Problem, SetupError
from errbridge.sentry import instrument
from tests.applications import an_api, failing
from tests.servers import ROOT
from tests.twins import Twins, flask_world

PROGRAM = """
import json, sys
import sentry_sdk
from sentry_sdk.transport import Transport
import errbridge.sentry
from errbridge import Problem
from tests.applications import a_handler, a_view, aborting, an_app, failing, in_style
from tests.clients import Request
from tests.twins import WORLDS

events = []
class Collecting(Transport):
    def capture_envelope(self, envelope):
        events.extend(item.payload.json for item in envelope.items if item.type == "event")

def broken(exc):
    raise ValueError("in the handler")

def stream():
    yield b"first"
    raise ValueError("later")

def init():
    sentry_sdk.init(dsn="https://key@localhost/1", transport=Collecting)

framework, order, statuses = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
world = WORLDS[framework]()
world.config = {"ERROR_LANGUAGES": ("en", "de")}
if order == "init first":
    init()
an_app(
    in_style("api"),
    failing("/crash", lambda: LookupError("a secret")),
    failing("/key", lambda: KeyError("k")),
    failing("/sold", lambda: Problem(409, type="/sold")),
    lambda world: a_view("/stream", lambda: world.framework.Response(stream()))(world),
    aborting("/busy", 503),
    a_handler(KeyError, lambda exc: Problem(502, type="/upstream")),
    a_handler(503, broken) if statuses == "broken" else in_style("api"),
)(world)
errbridge.sentry.instrument(world.errors, statuses=() if statuses == "broken" else statuses)
if order == "init last":
    init()
answers = {}
for path in ("/crash", "/key", "/sold", "/busy"):
    events.clear()
    response = world.call(Request(path, headers=[("Accept", "application/json"), ("Accept-Language", "de")]))
    answers[path] = [response.json["instance"].removeprefix("urn:uuid:"), list(events)]
events.clear()
try:
    world.call(Request("/stream"))
except ValueError:  # which a server takes for the end of the connection
    answers["/stream"] = ["", list(events)]
print(json.dumps(answers, default=str))
"""


def run(framework: str, order: str, statuses: Any) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Run the program; return the id in each answer, and the events that were made meanwhile."""
    command = [sys.executable, "-c", PROGRAM, framework, order, json.dumps(statuses)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, tuple[str, list[dict[str, Any]]]] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.mark.parametrize("framework", ["flask", "quart"])
def test_an_uncaught_exception_is_one_event_and_an_error_on_purpose_none(framework: str) -> None:
    answers = run(framework, "init last", [])

    incident_id, (event,) = answers["/crash"]
    assert event["tags"]["incident_id"] == incident_id
    assert event["exception"]["values"][-1]["type"] == "LookupError"
    assert [answers[path][1] for path in ("/key", "/sold", "/busy")] == [[], [], []]


@pytest.mark.parametrize("framework", ["flask", "quart"])
def test_errors_on_purpose_are_events_where_you_ask_for_their_statuses(framework: str) -> None:
    answers = run(framework, "init first", [502, 503])

    for path, status, kind in (("/key", 502, "/upstream"), ("/busy", 503, "about:blank")):
        incident_id, (event,) = answers[path]
        assert event["tags"] == {"incident_id": incident_id, "problem_type": kind, "scope": "app"}
        assert event["fingerprint"] == ["errbridge", str(status), kind]
        assert event["message"] == {502: "502 Bad Gateway", 503: "503 Service Unavailable"}[status]
    assert answers["/key"][1][0]["exception"]["values"][-1]["type"] == "KeyError"
    assert answers["/sold"][1] == []
    incident_id, (event,) = answers["/crash"]
    assert event["tags"]["incident_id"] == incident_id


@pytest.mark.parametrize("framework", ["flask", "quart"])
def test_a_handler_that_fails_is_one_event_with_the_id(framework: str) -> None:
    incident_id, (event,) = run(framework, "init first", "broken")["/busy"]

    assert event["tags"]["incident_id"] == incident_id
    assert event["exception"]["values"][-1]["type"] == "ValueError"


@pytest.mark.parametrize("framework", ["flask", "quart"])
def test_a_stream_that_breaks_off_is_one_event_with_the_id(framework: str) -> None:
    _, (event,) = run(framework, "init first", [])["/stream"]

    assert event["exception"]["values"][-1]["type"] == "ValueError"
    assert event["tags"]["incident_id"] in event["logentry"]["formatted"]


@pytest.fixture
def events() -> Iterator[list[Any]]:
    """What Sentry is sent within the test, with a client of its own and no integrations."""
    sent: list[Any] = []

    class Collecting(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            sent.extend(item.payload.json for item in envelope.items if item.type == "event")

    client = sentry_sdk.Client("https://key@localhost/1", transport=Collecting, default_integrations=False)
    with sentry_sdk.new_scope() as scope:
        scope.set_client(client)
        yield sent
    client.close()


def test_errors_are_instrumented_once_until_that_is_removed(events: list[Any]) -> None:
    twins = Twins.built(an_api(failing("/sold", lambda: Problem(409, type="/sold"))))
    instrument(twins.flask.errors, statuses=[409])
    made = [instrument(world.errors, statuses=range(400, 500)) for world in twins.worlds]

    twins.ask("/sold")
    assert [event["message"] for event in events] == ["409 Conflict"] * 2

    for each in made * 2:  # a second time does nothing
        each.remove()
    twins.ask("/sold")
    assert len(events) == 2


def test_an_event_without_an_incident_is_left_alone(events: list[Any]) -> None:
    instrument(flask_world().errors)
    sentry_sdk.capture_message("all is well")

    (event,) = events
    assert "incident_id" not in event.get("tags", {})


def test_what_has_no_errors_to_report_is_refused() -> None:
    app: Any = flask.Flask("app")

    with pytest.raises(SetupError, match=r"instrument\(\) takes an ErrorHandler or a Bridge, not <Flask 'app'>"):
        instrument(app)


@pytest.mark.parametrize("statuses", [500, "500", ["5xx"], [500, "501"]])
def test_statuses_that_no_error_has_are_refused(statuses: Any) -> None:
    with pytest.raises(SetupError, match=r"statuses are numbers such as range\(500, 600\), not"):
        instrument(flask_world().errors, statuses=statuses)
