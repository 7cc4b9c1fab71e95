"""Answers where no handler and no template can be asked: around a request, in place of an application."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from errbridge import Incident, Problem, Reply, RequestFacts, Scope
from errbridge.adapter import Installation, Raised, Response
from errbridge.application.hooks import Hooks
from errbridge.handling import builtin
from errbridge.handling.outside import respond_in_place
from errbridge.representations.rendering import REPRESENTATIONS
from errbridge.representations.styles import WEB
from errbridge.scopes.scope import ROOT
from tests.core.fakes import Application, Conflict, NotFound, ServerError, answer, fail, install, register

DOCUMENT = "application/problem+json"


@pytest.fixture(autouse=True)
def all_levels(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    caplog.set_level(logging.DEBUG, logger="errbridge")
    yield
    builtin._render_shared.cache_clear()


@pytest.fixture
def broken_representations(monkeypatch: pytest.MonkeyPatch) -> None:
    def render(incident: object) -> bytes:
        raise RuntimeError("in the representation")

    for media_type in list(REPRESENTATIONS):
        monkeypatch.setitem(REPRESENTATIONS, media_type, render)


# Around a request.


def a_site() -> Installation:
    app = Application()
    app.templates["error.html"] = lambda context: "own"
    installation = install(app, style=WEB)
    register(installation, ROOT, "*", ValueError)(fail)
    return installation


def escaping(installation: Installation, exc: BaseException, **facts: Any) -> Response:
    sent = answer(installation, exc, outside=True, **facts)
    assert isinstance(sent, Response)
    return sent


@pytest.mark.parametrize(
    ("exc", "status"),
    [(ValueError("secret"), 500), (ServerError(original=ValueError("secret")), 500), (NotFound(), 404)],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_what_escapes_a_request_is_answered_without_handlers_and_templates(
    caplog: pytest.LogCaptureFixture, exc: Exception, status: int, accept: str
) -> None:
    sent = escaping(a_site(), exc, accept=accept)

    assert (sent.status, sent.content_type) == (status, DOCUMENT if "json" in accept else "text/html; charset=utf-8")
    assert b"secret" not in (sent.body or b"")
    assert sent.body != b"own"
    (logged,) = caplog.records
    assert (logged.exc_info is not None) == (status == 500)
    assert str(logged.__dict__["incident_id"])[:8].encode() in (sent.body or b"")


def test_what_escapes_a_request_has_an_owner(caplog: pytest.LogCaptureFixture) -> None:
    installation = install()
    installation.shared.set_style(Scope(prefix="/api"), "api")

    assert escaping(installation, NotFound(), path="/api/x").content_type == DOCUMENT
    assert caplog.records[0].__dict__["scope"] == "/api"


# For developers.


def a_debugged_app(**config: Any) -> Application:
    app = Application(ERROR_DEBUG_DOCUMENT=True, **config)
    app.is_debugged = app.is_propagating = True
    return app


def describing(accept: str = "application/json", exc: BaseException | None = None) -> Any:
    exc = exc or ServerError(original=KeyError("k"))
    return answer(install(a_debugged_app()), exc, outside=True, accept=accept)


def test_a_program_gets_the_exception_that_is_raised_for_the_developer(caplog: pytest.LogCaptureFixture) -> None:
    seen: list[tuple[Incident, Reply]] = []
    installation = install(a_debugged_app(ERROR_DEFAULT_MSG="Sorry", ERROR_TYPE_URI="urn:{slug}"))
    installation.hooks.on_incident(lambda incident, reply: seen.append((incident, reply)))

    sent = escaping(installation, ServerError(original=KeyError("k")), accept="application/json")

    document = json.loads(sent.body or b"")
    assert (document["status"], document["detail"], document["type"]) == (500, "Sorry", "urn:internal-server-error")
    assert (document["exception"]["class"], document["exception"]["message"]) == ("KeyError", "'k'")
    (logged,) = caplog.records
    assert document["instance"] == f"urn:uuid:{logged.__dict__['incident_id']}"
    assert [reply.body for _, reply in seen] == [sent.body]


def test_an_exception_that_no_500_was_made_of_is_described_as_well() -> None:
    document = json.loads(describing(exc=KeyError("k")).body)

    assert document["exception"]["class"] == "KeyError"


@pytest.mark.parametrize("accept", ["text/html", "text/plain", ""])
def test_a_person_sees_the_debugger_of_the_framework(accept: str, caplog: pytest.LogCaptureFixture) -> None:
    exc = KeyError("k")

    assert describing(accept, ServerError(original=exc)) == Raised(exc)
    assert caplog.records == []


@pytest.mark.parametrize(("is_debugged", "config"), [(False, {}), (True, {"ERROR_DEBUG_DOCUMENT": False})])
def test_without_debug_mode_or_without_the_setting_the_exception_is_raised_to_programs_too(
    is_debugged: bool, config: dict[str, Any]
) -> None:
    app, exc = a_debugged_app(), KeyError("k")
    app.is_debugged = is_debugged
    app.config.update(config)

    assert answer(install(app), exc, outside=True, accept="application/json") == Raised(exc)


def test_a_description_that_fails_leaves_the_exception_to_the_developer(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("errbridge.handling.debugging.describe_exception", fail)
    exc = KeyError("k")

    assert describing(exc=exc) == Raised(exc)
    assert [logged.getMessage() for logged in caplog.records] == ["errbridge failed before it could answer"]


def test_the_exception_is_described_in_xml_too() -> None:
    assert b"KeyError" in describing("application/xml").body


# In place of an application.


def test_in_place_of_an_application_a_problem_is_answered_by_accept(caplog: pytest.LogCaptureFixture) -> None:
    problem = Problem(413, detail="Too much", max_bytes=5)

    sent = respond_in_place(install(), problem, RequestFacts(accept="application/json"))
    assert (sent.status, sent.content_type) == (413, DOCUMENT)
    assert json.loads(sent.body or b"")["max_bytes"] == 5
    page = respond_in_place(install(), problem, RequestFacts())
    assert page.content_type == "text/html; charset=utf-8"
    assert [logged.levelno for logged in caplog.records] == [logging.INFO] * 2


def test_the_cause_of_a_problem_in_place_of_an_application_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    problem = Problem(502)
    problem.__cause__ = ConnectionError("upstream")

    sent = respond_in_place(install(), problem, RequestFacts())

    assert sent.status == 502
    assert b"upstream" not in (sent.body or b"")
    (logged,) = caplog.records
    assert logged.exc_info is not None
    assert isinstance(logged.exc_info[1], ConnectionError)


def test_hooks_in_place_of_an_application_get_the_incident_and_the_answer() -> None:
    seen: list[tuple[Incident, Reply]] = []
    hooks, problem = Hooks(), Problem(404)
    installation = Installation(Application(), hooks=hooks)
    respond_in_place(installation, problem, RequestFacts())
    hooks.on_incident(lambda incident, reply: seen.append((incident, reply)))

    sent = respond_in_place(installation, problem, RequestFacts(path="/x"))

    ((incident, reply),) = seen
    assert (incident.exception, incident.request.path, incident.original) == (problem, "/x", None)
    assert (reply.status, reply.body) == (404, sent.body)


def test_nothing_is_logged_in_place_of_an_application_at_a_level_that_is_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.ERROR, logger="errbridge")

    respond_in_place(install(), Problem(404), RequestFacts())

    assert caplog.records == []


def test_an_answer_in_place_of_an_application_has_the_header_for_the_id(caplog: pytest.LogCaptureFixture) -> None:
    app = Application()
    app.config["ERROR_INCIDENT_HEADER"] = "X-Incident-ID"

    sent = respond_in_place(install(app), Problem(404), RequestFacts())

    (logged,) = caplog.records
    assert sent.headers[-1] == ("X-Incident-ID", vars(logged)["incident_id"])


@pytest.mark.usefixtures("broken_representations")
def test_a_representation_that_fails_gives_way_to_constant_bytes_everywhere(caplog: pytest.LogCaptureFixture) -> None:
    for sent in (
        escaping(install(), Conflict()),
        respond_in_place(install(), Problem(409), RequestFacts()),
    ):
        assert (sent.status, sent.body) == (409, b"409 Conflict\n")
    for logged in caplog.records:
        assert "after the built-in representation failed" in logged.getMessage()
        assert logged.levelno == logging.ERROR
    assert len(caplog.records) == 2
