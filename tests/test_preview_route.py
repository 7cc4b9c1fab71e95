"""The preview in a browser: every page and document of an application, in debug mode."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest

from errbridge import Incident, SetupError
from tests.applications import a_blueprint, a_site, an_api, in_style, with_templates
from tests.clients import Request
from tests.twins import Twins, World

SPOKEN = {"ERROR_LANGUAGES": ["en", "de"]}


def a_site_with_a_preview(world: World) -> None:
    a_site(
        with_templates({"errors/500.html": "{{ url_for('errbridge_preview') }} {{ error.heading }}"}),
        a_blueprint("api", in_style("api"), url_prefix="/api"),
    )(world)
    world.errors.preview(world.app)


def debugged(**config: Any) -> Twins:
    twins = Twins.built(a_site_with_a_preview, config={**SPOKEN, **config})
    for world in twins.worlds:
        world.app.debug = True
    return twins


def test_the_list_leads_to_every_page_and_document_in_every_language() -> None:
    for world in debugged().worlds:
        listed = world.call(Request("/_errors/"))
        links = re.findall(r'<a href="(\S+?)">', listed.text)

        assert listed.status == 200
        assert {"app/404.html", "app.de/404.html", "api/422.json", "api.de/500.txt"} <= {*links}
        for link in links[::9]:
            shown = world.call(Request(f"/_errors/{link}"))
            assert str(shown.status) in link


def test_an_error_is_shown_as_a_client_sees_it() -> None:
    for world in debugged().worlds:
        german = world.call(Request("/_errors/app.de/404.html"))
        own = world.call(Request("/_errors/app/500.html"))
        document = world.call(Request("/_errors/api/404.json"))

        assert (german.status, german.header("Content-Language")) == (404, "de")
        assert "Seite nicht gefunden" in german.text
        assert (own.status, own.text) == (500, "/_errors/ Something went wrong")
        assert document.json["title"] == "Not Found"
        assert world.call(Request("/_errors/app/999.html")).status == 404


@pytest.mark.parametrize("path", ["app/500.html", "api/500.json", "app/404.txt"])
def test_what_is_shown_is_not_recorded_as_an_error(path: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="errbridge")

    for world in debugged().worlds:
        assert str(world.call(Request(f"/_errors/{path}")).status) in path

    assert [record for record in caplog.records if record.name == "errbridge"] == []


def test_handlers_are_asked_as_for_a_real_error_and_nothing_is_recorded(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="errbridge")
    happened: list[object] = []

    def own(exc: Exception, incident: Incident) -> tuple[str, int]:
        return f"Ours: {incident.reference}", 500

    def native(exc: Exception) -> tuple[str, int]:
        return "Native", 403

    def note(incident: Incident, reply: object) -> None:
        happened.append(incident)

    def set_up(world: World) -> None:
        a_site_with_a_preview(world)
        world.errors.register(world.app, code=500)(own)
        world.app.register_error_handler(403, native)
        world.errors.on_incident(note)

    twins = Twins.built(set_up, config=SPOKEN)
    for world in twins.worlds:
        world.app.debug = True
        shown = world.call(Request("/_errors/app/500.html"))
        assert re.fullmatch("Ours: [0-9a-f]{8}", shown.text)
        assert (shown.status, world.call(Request("/_errors/app/403.html")).text) == (500, "Native")
        page = world.call(Request("/_errors/app/502.html"))
        assert "Reference: <code>" in page.text
    assert (caplog.records, happened) == ([], [])


def test_the_style_of_uncaught_exceptions_is_that_of_the_500() -> None:
    def set_up(world: World) -> None:
        an_api()(world)
        world.errors.failure_register(world.app)
        world.errors.preview(world.app)

    for world in Twins.built(set_up).worlds:
        world.app.debug = True
        assert world.call(Request("/_errors/app/500.json")).json["detail"] == "Unhandled Exception"


@pytest.mark.parametrize("path", ["/_errors/", "/_errors/app/500.html"])
def test_outside_debug_mode_there_is_nothing(path: str) -> None:
    assert Twins.built(a_site_with_a_preview).ask(path).status == 404


@pytest.mark.parametrize("prefix", ["errors", "/errors/"])
def test_a_place_that_is_none_is_refused(world: World, prefix: str) -> None:
    with pytest.raises(SetupError, match="url_prefix= is a path"):
        world.errors.preview(world.app, prefix)


def test_one_preview_is_enough(world: World) -> None:
    world.errors.preview(world.app)
    with pytest.raises(SetupError, match="call preview\\(\\) once"):
        world.errors.preview(world.app, "/other")
