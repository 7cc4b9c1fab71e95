"""The configuration keys of the seed."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from errbridge import DefaultDispatcher, SetupError
from errbridge.application.settings import DEFAULTS
from tests.applications import HTML, JSON, XML, Application, Ask, a_blueprint, an_app, answering, failing, in_style
from tests.clients import Response
from tests.seed.shop import TEMPLATES, WANTS_XML, XHR, Headers, JammedTillError, heading
from tests.twins import Twins, World

# The configuration


class Setting(NamedTuple):
    """A configuration key, another value than its default, and what shows the difference."""

    key: str
    value: Any
    path: str
    seen: Callable[[Response], Any]
    by_default: Any
    changed: Any
    headers: Headers = ()


def content_type(response: Response) -> str | None:
    return response.content_type


SETTINGS = [
    Setting("ERROR_PAGE", "oops.html", "/web/nope", heading, "Page not found", "Oops"),
    Setting(
        "ERROR_DEFAULT_MSG", "Sorry", "/api/broken", lambda got: got.json["detail"], "Unhandled Exception", "Sorry"
    ),
    Setting("ERROR_XHR_ENABLED", False, "/web/nope", content_type, JSON, HTML, XHR),
    Setting("ERROR_FORCE_CONTENT_TYPE", False, "/api/nope", content_type, JSON, "application/json"),
    Setting("ERROR_FORCE_CONTENT_TYPE", False, "/api/nope", content_type, XML, "application/xml", WANTS_XML),
    Setting("ERROR_CONTENT_TYPES", ("xml",), "/api/nope", content_type, JSON, "application/json"),
    Setting("ERROR_CONTENT_TYPES", ["json"], "/api/nope", content_type, XML, "application/xml", WANTS_XML),
    Setting("ERROR_CONTENT_TYPES", (), "/web/nope", content_type, JSON, "application/json", XHR),
    Setting("ERROR_DISPATCHER", "default", "/api/nope", content_type, JSON, HTML),
    Setting("ERROR_DISPATCHER", DefaultDispatcher, "/api/nope", content_type, JSON, HTML),
    Setting("ERROR_HANDLER", "api", "/nope", content_type, HTML, JSON),
    Setting("ERROR_HANDLER", "web", "/nope", lambda got: got.header("Vary"), "Accept", "Accept, X-Requested-With"),
    Setting(
        "ERROR_TYPE_URI",
        "https://example.com/{slug}#{status}",
        "/api/nope",
        lambda got: got.json["type"],
        "about:blank",
        "https://example.com/not-found#404",
    ),
    Setting(
        "ERROR_CSP_ENABLED",
        False,
        "/nope",
        lambda got: got.header("Content-Security-Policy") is not None,
        True,
        False,
    ),
]
EVERY_SETTING = pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: f"{setting.key}={setting.value!r}")


def an_app_with(place: str, setting: Setting | None) -> Application:
    """Set up an API and a site, with a setting in one of the places where it can be made."""
    values = {} if setting is None else {setting.key: setting.value}

    def options(here: str) -> dict[str, Any]:
        return values if place == here else {}

    def an_api_and_a_site(world: World) -> None:
        world.app.config.update(options("config before init_app"))
        world.errors = world.adapter.ErrorHandler(**options("ErrorHandler"))
        world.errors.init_app(world.app, **options("init_app"))
        world.app.config.update(options("config after init_app"))
        an_app(
            answering("/", "cheese", endpoint="index"),
            a_blueprint("api", in_style("api"), failing("/broken", JammedTillError)),
            a_blueprint("web", in_style("web")),
        )(world)

    return an_api_and_a_site


def test_init_app_fills_the_configuration_with_the_defaults(world: World) -> None:
    assert world.errors is not None

    assert {key: value for key, value in world.app.config.items() if key.startswith("ERROR_")} == DEFAULTS


@EVERY_SETTING
def test_what_a_configuration_key_does_by_default(ask: Ask, setting: Setting) -> None:
    response = ask(an_app_with("nowhere", None), setting.path, headers=setting.headers, app_options=TEMPLATES)

    assert setting.seen(response) == setting.by_default


@EVERY_SETTING
@pytest.mark.parametrize(
    "place", ["config before init_app", "ErrorHandler", "init_app", "config after init_app"], ids=lambda place: place
)
def test_a_configuration_key_can_be_changed_wherever_it_is_set(ask: Ask, place: str, setting: Setting) -> None:
    response = ask(an_app_with(place, setting), setting.path, headers=setting.headers, app_options=TEMPLATES)

    assert setting.seen(response) == setting.changed


@EVERY_SETTING
def test_a_configuration_key_is_read_once_before_the_first_answer(setting: Setting) -> None:
    twins = Twins.built(an_app_with("nowhere", None), app_options=TEMPLATES)
    before = setting.seen(twins.ask(setting.path, headers=setting.headers))

    for world in twins.worlds:
        world.app.config[setting.key] = setting.value
    after = setting.seen(twins.ask(setting.path, headers=setting.headers))

    assert before == after == setting.by_default


def test_an_option_of_init_app_beats_one_of_the_error_handler_and_that_beats_the_configuration() -> None:
    def messages(*, handler: dict[str, Any], app: dict[str, Any]) -> str:
        def an_app_that_crashes(world: World) -> None:
            world.app.config["ERROR_DEFAULT_MSG"] = "configuration"
            world.errors = world.adapter.ErrorHandler(handler="api", **handler)
            world.errors.init_app(world.app, **app)
            failing("/broken", JammedTillError)(world)

        return str(Twins.built(an_app_that_crashes).ask("/broken").json["detail"])

    assert messages(handler={}, app={}) == "configuration"
    assert messages(handler={"ERROR_DEFAULT_MSG": "handler"}, app={}) == "handler"
    assert messages(handler={"ERROR_DEFAULT_MSG": "handler"}, app={"ERROR_DEFAULT_MSG": "app"}) == "app"


@pytest.mark.parametrize("given_to", ["ErrorHandler", "init_app"])
@pytest.mark.parametrize(("handler", "expected"), [("api", JSON), ("web", "Oops"), ("default", "Page not found")])
def test_handler_sets_the_style_of_the_app_instead_of_error_handler(
    ask: Ask, given_to: str, handler: str, expected: str
) -> None:
    def styled(world: World) -> None:
        options = {"handler": handler, "ERROR_HANDLER": "api" if handler != "api" else "web"}
        world.app.add_url_rule("/", "index", view_func=lambda: "cheese")
        world.errors = world.adapter.ErrorHandler(**options if given_to == "ErrorHandler" else {})
        world.errors.init_app(world.app, **options if given_to == "init_app" else {})

    response = ask(styled, "/nope", app_options=TEMPLATES, config={"ERROR_PAGE": "oops.html"})

    assert (response.content_type if handler == "api" else heading(response)) == expected


@pytest.mark.parametrize(("style", "expected"), [("api", JSON), ("default", HTML)])
@pytest.mark.parametrize("option", ["handler", "ERROR_HANDLER"])
def test_a_style_registered_for_the_app_beats_the_options(ask: Ask, option: str, style: str, expected: str) -> None:
    other = "default" if style == "api" else "api"
    assert ask(an_app(in_style(style)), "/nope", options={option: other}).content_type == expected


WRONG_VALUES = [
    ("ERROR_PAGE", 404, "ERROR_PAGE is the name of a template such as 'error.html', or None, not 404"),
    ("ERROR_PAGE", ["error.html"], "ERROR_PAGE is the name of a template such as 'error.html'"),
    ("ERROR_PAGE", "", "ERROR_PAGE is the name of a template such as 'error.html', or None, not ''"),
    ("ERROR_DEFAULT_MSG", None, "ERROR_DEFAULT_MSG is a non-empty string such as 'Unhandled Exception', not None"),
    ("ERROR_XHR_ENABLED", "false", "ERROR_XHR_ENABLED is True or False, not 'false'"),
    ("ERROR_XHR_ENABLED", None, "ERROR_XHR_ENABLED is True or False, not None"),
    ("ERROR_FORCE_CONTENT_TYPE", "yes", "ERROR_FORCE_CONTENT_TYPE is True or False, not 'yes'"),
    ("ERROR_CONTENT_TYPES", "json", "ERROR_CONTENT_TYPES lists 'json', 'xml', both or none, not 'json'"),
    ("ERROR_CONTENT_TYPES", ("json", "html"), "ERROR_CONTENT_TYPES lists 'json', 'xml', both or none"),
    ("ERROR_CONTENT_TYPES", None, "ERROR_CONTENT_TYPES lists 'json', 'xml', both or none, not None"),
    ("ERROR_DISPATCHER", "prefix", "ERROR_DISPATCHER is one of 'default', 'urlprefix', 'subdomain', 'auto' or a sub"),
    ("ERROR_DISPATCHER", dict, "ERROR_DISPATCHER is one of .* or a subclass of ErrorDispatcher, not <class 'dict'>"),
    ("ERROR_DISPATCHER", None, "ERROR_DISPATCHER is one of .* or a subclass of ErrorDispatcher, not None"),
    ("ERROR_HANDLER", "html", "ERROR_HANDLER is one of 'api', 'web', 'default' or None, not 'html'"),
    ("ERROR_HANDLER", ["api"], "ERROR_HANDLER is one of 'api', 'web', 'default' or None"),
    ("ERROR_TYPE_URI", "https://x/{slug", "ERROR_TYPE_URI is a URI in which .*; encode '{' in 'https://x/{slug'"),
    ("ERROR_INCIDENT_HEADER", "Host", "ERROR_INCIDENT_HEADER cannot be 'Host', which has another meaning"),
    ("ERROR_TYPE_URI", 7, "ERROR_TYPE_URI is a string such as 'https://example.com/problems/{slug}' or None, not 7"),
]


@pytest.mark.parametrize(("key", "value", "message"), WRONG_VALUES)
@pytest.mark.parametrize("place", ["config", "ErrorHandler", "init_app"])
def test_a_wrong_value_is_refused_at_set_up_with_what_would_be_right(
    world: World, place: str, key: str, value: Any, message: str
) -> None:
    given = {key: value}
    if place == "config":
        world.app.config.update(given)

    with pytest.raises(SetupError, match=message):
        world.adapter.ErrorHandler(**given if place == "ErrorHandler" else {}).init_app(
            world.app, **given if place == "init_app" else {}
        )


@pytest.mark.parametrize(("key", "value", "message"), WRONG_VALUES)
def test_a_value_that_becomes_wrong_later_is_logged_and_not_followed(
    caplog: pytest.LogCaptureFixture, key: str, value: Any, message: str
) -> None:
    twins = Twins.built(an_app_with("nowhere", None), app_options=TEMPLATES)
    for world in twins.worlds:
        world.app.config[key] = value

    with caplog.at_level(logging.ERROR, "errbridge"):
        page = twins.ask("/web/nope")
        document = twins.ask("/api/nope")

    assert (heading(page), document.content_type) == ("Page not found", JSON)
    complaints = [record.exc_info[1] for record in caplog.records if record.name == "errbridge" and record.exc_info]
    assert [type(complaint) for complaint in complaints] == [SetupError, SetupError]
    assert all(re.search(message, str(complaint)) for complaint in complaints)
