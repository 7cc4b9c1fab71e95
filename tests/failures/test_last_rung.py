"""Two faults at once, and the last rung."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from werkzeug.exceptions import (
    NotFound,
)

from errbridge import Problem
from errbridge.representations.rendering import REPRESENTATIONS
from tests.applications import Ask, a_catch_all, a_handler, an_app, failing, in_style, raising, with_templates
from tests.clients import Request
from tests.failures.fragile import (
    STATUS,
    TEMPLATES,
    FailingHandler,
    Failure,
    a_fragile_app,
    a_fragile_site,
    records,
    shown_by,
)
from tests.own_answers import EVERY, accepting, complete
from tests.twins import Twins, World

# Two faults at once, and the last rung.


def test_a_handler_and_a_template_may_fail_at_once(ask: Ask) -> None:
    application = an_app(a_fragile_site(TEMPLATES["raises"]), a_catch_all(raising(lambda: Failure("secret"))))

    complete(ask(application, "/404"), 404, "text/html")


def test_a_problem_that_a_handler_gave_keeps_its_status_when_its_page_fails(ask: Ask) -> None:
    application = an_app(
        a_fragile_site(TEMPLATES["raises"]), a_catch_all(lambda exc: Problem(410, detail="gone for good"))
    )

    response = ask(application, "/404")

    complete(response, 410, "text/html")
    assert "gone for good" in response.text


def break_renderers(monkeypatch: pytest.MonkeyPatch) -> None:
    for media_type in REPRESENTATIONS:
        monkeypatch.setitem(REPRESENTATIONS, media_type, raising(lambda: Failure("secret")))


@pytest.mark.parametrize("faults", ["renderer", "renderer and handler", "renderer and template", "everything"])
@pytest.mark.parametrize("path", STATUS)
@pytest.mark.parametrize("accept", EVERY)
def test_when_everything_fails_constant_bytes_are_left(
    monkeypatch: pytest.MonkeyPatch, logger: logging.Logger, faults: str, path: str, accept: str
) -> None:
    break_renderers(monkeypatch)
    if faults == "everything":
        logger.addHandler(FailingHandler())

    parts = []
    if faults in ("renderer and handler", "everything"):
        parts.append(a_catch_all(raising(lambda: Failure("secret"))))
    if faults in ("renderer and template", "everything"):
        parts += [with_templates({"error.html": "{{ 1 / 0 }}"}), in_style("web")]

    response = Twins.built(an_app(a_fragile_app, *parts)).ask(f"/{path}", headers=accepting(accept))

    complete(response, STATUS[path], "text/plain")
    assert response.text.endswith("\n")
    assert response.header("Cache-Control") == "no-store"


def test_the_last_rung_answers_head_without_a_body(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    break_renderers(monkeypatch)

    assert ask(a_fragile_app, "/nope", "HEAD").body == b""
    assert ask(a_fragile_app, "/nope", "HEAD").header("Content-Length") == "14"


def test_a_renderer_that_fails_is_logged_once_with_the_error(
    world: World, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG, "errbridge")
    break_renderers(monkeypatch)
    a_fragile_app(world)

    world.call(Request("/404"))

    (record,) = records(caplog)
    assert (record.levelno, vars(record)["status"]) == (logging.ERROR, 404)
    assert shown_by(record) == [Failure, NotFound]


class Undocumented(Problem, status=409):
    """A problem that cannot say what it is."""

    def document(self) -> dict[str, Any]:
        raise Failure("secret")


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("way", ["raised", "returned"])
def test_a_problem_that_cannot_be_rendered_is_still_answered(ask: Ask, accept: str, way: str) -> None:
    application = an_app(
        failing("/raised", Undocumented),
        failing("/returned", lambda: KeyError("secret")),
        a_handler(KeyError, lambda exc: Undocumented()),
    )

    response = ask(application, f"/{way}", headers=accepting(accept))

    assert response.status == 409
    assert "secret" not in response.text
    assert response.body


@pytest.mark.parametrize(
    ("key", "value"), [("ERROR_PAGE", 42), ("ERROR_DISPATCHER", "nonsense"), ("ERROR_DEFAULT_MSG", None)]
)
def test_a_setting_that_becomes_wrong_after_init_app_is_reported_and_not_followed(
    world: World, caplog: pytest.LogCaptureFixture, key: str, value: object
) -> None:
    a_fragile_app(world)
    assert world.errors is not None  # initialised
    world.app.config[key] = value

    complete(world.call(Request("/bug")), 500, "text/html")

    assert any(record.name == "errbridge" and key in str(record.exc_info) for record in caplog.records)
