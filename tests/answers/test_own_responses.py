"""Exceptions that bring a response of their own, wherever they are raised, and what is recorded of them."""

from __future__ import annotations

import logging

import pytest
from werkzeug.exceptions import Conflict, HTTPException
from werkzeug.routing import RequestRedirect

from errbridge import Incident, Reply
from tests.applications import Ask, a_handler, a_native_handler, an_api, an_app, failing, raising, says
from tests.clients import Request
from tests.failures.fragile import Bug, bug, records
from tests.twins import World


class Own(Conflict):
    def get_body(self, *args: object, **kwargs: object) -> str:
        return "its own"


def passes(exc: Exception) -> None:
    """Decline."""


@pytest.mark.parametrize("native", [None, "passes on", "answers"])
def test_such_an_exception_is_recorded_under_the_id_that_the_client_sees(
    world: World, caplog: pytest.LogCaptureFixture, native: str | None
) -> None:
    parts = (
        [] if native is None else [a_native_handler(HTTPException, passes if native == "passes on" else says("native"))]
    )
    world.app.config["ERROR_INCIDENT_HEADER"] = "X-Incident"
    hooked: list[tuple[str, int | None]] = []
    an_app(failing("/x", Own), *parts)(world)

    def note(incident: Incident, reply: Reply) -> None:
        hooked.append((incident.id, reply.status))

    world.errors.on_incident(note)
    with caplog.at_level(logging.INFO, "errbridge"):
        response = world.call(Request("/x"))

    (record,) = records(caplog)
    assert response.text == ("native" if native == "answers" else "its own")
    assert hooked == [(response.header("X-Incident"), response.status)]
    assert vars(record)["incident_id"] == response.header("X-Incident")


def test_a_handler_for_its_class_that_passes_leaves_it_its_response(ask: Ask) -> None:
    assert ask(an_api(failing("/x", Own), a_handler(Own, passes)), "/x").text == "its own"


@pytest.mark.parametrize("raises", [True, False])
def test_a_handler_may_raise_or_return_one(ask: Ask, raises: bool) -> None:
    handler = raising(Own) if raises else lambda exc: Own()
    response = ask(an_api(failing("/x", bug), a_handler(Bug, handler)), "/x")

    assert (response.status, response.text) == (409, "its own")


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("raises", [True, False])
def test_a_handler_may_raise_or_return_a_redirect(ask: Ask, native: bool, raises: bool) -> None:
    handler = raising(lambda: RequestRedirect("/new")) if raises else lambda exc: RequestRedirect("/new")
    register = a_native_handler if native else a_handler
    response = ask(an_api(failing("/x", bug), register(Bug, handler)), "/x")

    assert (response.status, response.header("Location")) == (308, "/new")
