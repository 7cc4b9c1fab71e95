"""``errors check``: mistakes in the set-up."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import flask
import flask_restful
import flask_restx
import pytest
from flask_cors import CORS
from jinja2 import BaseLoader, FunctionLoader
from werkzeug.exceptions import HTTPException, NotFound

import errbridge_flask
from errbridge import DefaultDispatcher, Handlers, Scope
from errbridge.inspection.checks import check
from errbridge.pallets.inspected import inspect
from errbridge.testing import assert_no_findings
from tests.commands.shop import (
    Gone,
    OutOfTea,
    line_of,
    native,
    nothing,
    said,
    something,
    start,
    view,
    words_of,
)
from tests.twins import Build, Twins, World


def found(build: Build, *words: str, **options: Any) -> list[tuple[str, str]]:
    """Give the code and the scope of each finding."""
    output = said(build, "check", "--json", *words, exit_code=options.pop("exit_code", 1), **options)
    return [(finding["code"], finding["scope"]) for finding in json.loads(output)]


def test_check_finds_nothing_wrong_with_an_application_that_is_right() -> None:
    def build(world: World) -> None:
        view(world)
        plain = world.Blueprint("plain", __name__, url_prefix="/plain")
        world.app.register_blueprint(plain)
        world.errors.register("/plain", code=404)(nothing)  # behind a blueprint that leaves all to it

    assert said(build, "check") == "nothing found\n"


def test_check_says_what_is_wrong_and_what_to_do() -> None:
    def build(world: World) -> None:
        world.errors.register(world.app, code=404)(nothing)
        world.errors.register(world.app, code=NotFound)(something)

    assert said(build, "check", exit_code=1).splitlines() == [
        "replaced-handler: app",
        "  the handler for 404 never runs: tests.commands.shop.something took its place;",
        "  remove one",
        f"  tests.commands.shop.nothing  {line_of(nothing)}",
        "",
        "1 finding",
    ]


def register_in_a_factory(world: World, *targets: Any) -> Any:
    """Make an application as a factory does, with the one error handler of its module."""
    app = world.App("tests.twins")
    world.errors.init_app(app)

    def missing(exc: Exception) -> None: ...

    for target in targets:
        world.errors.register(app if target == "app" else target, code=404)(missing)
    if not targets:
        world.errors.register(404)(missing)
    api = world.Blueprint("api", __name__, url_prefix="/api")
    world.errors.api_register(api)
    world.errors.register(api, code=404)(nothing)
    app.register_blueprint(api)
    return app


def test_a_handler_that_each_call_of_a_factory_registers_again_is_reported_with_the_way_out() -> None:
    def build(world: World) -> None:
        for _ in range(2):
            world.app = register_in_a_factory(world)

    output = words_of(said(build, "check", exit_code=1))

    assert output.startswith("replaced-handler: app the handler for 404 never runs: ")
    assert "a factory registers the function again at each call: move it out, or register it on the app" in output
    assert output.endswith("1 finding")


def test_a_suite_that_makes_several_applications_finds_nothing_if_the_factory_names_the_application() -> None:
    for world in Twins.built(lambda world: None).worlds:
        for app in [register_in_a_factory(world, "app") for _ in range(3)]:
            assert_no_findings(app, ignore=["conflicting-types"])  # the types of other tests


def test_an_application_that_differs_from_what_is_said_for_all_replaces_nothing() -> None:
    def build(world: World) -> None:
        world.errors.api_register(Scope())
        world.errors.web_register(world.app)

    assert found(build, exit_code=0) == []


def test_a_handler_that_is_included_twice_replaces_only_itself() -> None:
    handlers = Handlers()
    handlers.register(404)(nothing)

    def build(world: World) -> None:
        world.errors.include(handlers, world.app)
        world.errors.include(handlers, world.app)

    assert found(build, exit_code=0) == []


def test_two_blueprints_at_one_place_are_reported_unless_one_is_in_the_other_with_no_say_in_errors() -> None:
    def build(world: World) -> None:
        for name, prefix in (("a", "/x/<int:n>"), ("b", "/x/<int:m>"), ("c", "/x")):
            blueprint = world.Blueprint(name, __name__, url_prefix=prefix)
            for inner in ("quiet", "loud"):
                nested = world.Blueprint(inner, __name__)
                nested.add_url_rule(f"/{name}/{inner}", "index", nothing)
                blueprint.register_blueprint(nested)
                if inner == "loud" and name == "c":
                    world.errors.api_register(nested)
            if name == "c":
                world.app.register_blueprint(blueprint)
            else:
                blueprint.add_url_rule(f"/{name}", "index", nothing)
                world.app.register_blueprint(blueprint)

    reported = found(build)

    assert ("same-place", "b") in reported
    assert ("same-place", "c.loud") in reported
    assert ("same-place", "a.quiet") not in reported
    assert ("same-place", "c") not in reported


def test_what_no_error_ever_reaches_is_reported() -> None:
    forgotten: list[Any] = []  # errbridge itself keeps no blueprint from the garbage collector

    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.api_register(api, "/all", Scope(host="www.example.com"))
        world.errors.register("/api", code=[404, Gone])(nothing)  # behind the blueprint, except for exceptions
        world.errors.web_register("/all/<unknown:x>")
        bare = world.Blueprint("bare", __name__)
        world.errors.register(bare)(nothing)
        world.app.register_blueprint(bare)
        world.app.register_blueprint(api)
        forgotten.append(world.Blueprint("forgotten", __name__))
        world.errors.register(forgotten[-1])(nothing)

    assert found(build) == [
        ("unreadable-scope", "/all/<unknown:x>"),
        ("never-reached", "bare"),
        ("never-reached", "/api"),
        ("unregistered-blueprint", "forgotten"),
    ]
    output = words_of(said(build, "check", exit_code=1))
    assert "the handler for 404 never runs: the style of api comes before it" in output
    assert "it has neither views nor a prefix that errbridge knows; call init_app before you register it" in output


def test_a_style_behind_another_style_is_never_shown() -> None:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.api_register(api)
        world.errors.web_register("/api")
        world.app.register_blueprint(api)

    assert found(build) == [("never-reached", "/api")]


def test_the_applications_own_handlers_behind_a_style_for_every_url_are_never_asked() -> None:
    def build(world: World) -> None:
        world.errors.api_register("/")
        world.errors.register(world.app, code=404)(nothing)
        world.errors.register(world.app, code=Gone)(nothing)

    assert found(build) == [("never-reached", "app")]


def test_a_dispatcher_that_finds_no_owner_leaves_prefixes_without_errors() -> None:
    def build(world: World) -> None:
        world.errors.api_register("/api", "/v<custom:x>")

    assert found(build, options={"dispatcher": DefaultDispatcher}, exit_code=1)[-1] == ("never-reached", "/api")


def test_a_prefix_of_which_no_url_can_be_thought_of_is_given_the_benefit_of_the_doubt() -> None:
    def build(world: World) -> None:
        class Odd(importlib.import_module("werkzeug.routing").BaseConverter):  # type: ignore[misc]
            regex = "odd-[0-9]{7}"

        world.app.url_map.converters["odd"] = Odd
        world.errors.api_register("/<odd:x>", "/<any(left, right):side>")

    assert found(build, exit_code=0) == []


def test_a_style_behind_a_native_handler_for_everything_is_reported() -> None:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.api_register(api, world.app)
        world.app.errorhandler(HTTPException)(native)
        world.app.register_blueprint(api)

    assert found(build) == [("behind-native", "app")]
    assert "the style is shown only if the native handler tests.commands.shop.native for" in words_of(
        said(build, "check", exit_code=1)
    )


def test_a_style_in_place_of_a_native_handler_for_everything_is_not_reported_and_explained() -> None:
    def build(world: World) -> None:
        world.errors.api_register(world.app)
        world.app.errorhandler(HTTPException)(native)
        world.app.errorhandler(Exception)(nothing)

    options = {"replace_native": True}
    assert found(build, exit_code=0, options=options) == []
    output = words_of(said(build, "explain", "-v", "GET", "/nope", "404", options=options))
    assert output.count("errbridge replaces it (replace_native)") == 2


@pytest.mark.parametrize("name", ["handle_user_exception", "handle_exception"])
def test_a_replaced_method_of_the_framework_is_reported(name: str) -> None:
    """Flask-RESTX puts functions of its own there, and answers before errbridge is asked (FAULTS C6).

    errbridge puts its own in front of one of them: what is reported is behind it.
    """

    def build(world: World) -> None:
        setattr(world.app, name, partial(nothing))

    output = said(build, "check", exit_code=1)
    assert output.startswith("replaced-method: app\n")
    assert f"tests.commands.shop.nothing is in place of {name}, and may answer before errbridge; " in words_of(output)
    assert "if it returns what the replaced method returns, ignore this check, else remove it" in words_of(output)
    assert name in said(build, "explain", "GET", "/nope", "404")


class RaisingApi(flask_restx.Api):  # type: ignore[misc]
    def handle_error(self, e: Exception) -> Any:
        raise e


class RaisingOldApi(flask_restful.Api):  # type: ignore[misc]
    def handle_error(self, e: Exception) -> Any:
        raise e


@pytest.mark.parametrize(
    ("extensions", "count"),
    [
        ([CORS], 0),
        ([RaisingApi], 0),
        ([RaisingOldApi], 0),
        ([RaisingApi, CORS], 0),
        ([CORS, RaisingApi, CORS], 0),
        ([CORS, flask_restx.Api], 2),
        ([flask_restful.Api, CORS], 2),
    ],
)
@pytest.mark.parametrize("is_first", [True, False], ids=["errbridge first", "errbridge last"])
def test_extensions_that_pass_errors_on_are_right_and_others_are_reported_with_the_way_to_do_so(
    extensions: list[Callable[[flask.Flask], object]], count: int, is_first: bool
) -> None:
    app = flask.Flask("shop")
    steps = [errbridge_flask.ErrorHandler, *extensions]
    for step in steps if is_first else reversed(steps):
        step(app)

    findings = check(inspect(app), ["conflicting-types"])  # the types of other tests

    assert [finding.code for finding in findings] == ["replaced-method"] * count
    for finding in findings:
        assert "error_router is in place of handle_" in finding.message
        assert finding.message.endswith("a subclass of Api with the method: def handle_error(self, e): raise e")


def test_a_prefix_with_a_variable_is_not_taken_to_be_behind_one_of_its_urls() -> None:
    def build(world: World) -> None:
        world.errors.api_register("/1")
        world.errors.register("/<int:number>", code=404)(nothing)

    assert found(build, exit_code=0) == []


def test_a_handler_behind_the_frameworks_own_for_the_same_is_reported() -> None:
    def build(world: World) -> None:
        world.app.errorhandler(404)(native)
        world.app.errorhandler(403)(native)
        world.errors.register(world.app, code=404)(nothing)

    assert found(build) == [("behind-native", "app")]


def write_templates(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8", "surrogateescape")


@pytest.mark.filterwarnings("default:ERROR_PAGE is 'oops.html':UserWarning")
@pytest.mark.parametrize(
    ("files", "config", "faults"),
    [
        ({"errors/404.html": "{% extends 'layout.html' %}"}, {}, ["layout.html does not exist, which errors/404.html"]),
        ({"errors/404.html": "{% include name %}"}, {}, []),
        ({"errors/404.html": "caf\udce9"}, {}, ["errors/404.html cannot be read: 'utf-8' codec can't decode"]),
        ({"errors/404.html": "{% extends 'errbridge/page.html' %}"}, {}, []),
        ({"errors/5xx.html": "{% if %}"}, {}, ["line 1 of 'errors/5xx.html' cannot be compiled"]),
        (
            {"errors/5xx.html": "{% include 'a.html' %}", "a.html": "{% include 'errors/5xx.html' %}{{"},
            {},
            ["line 1 of 'a.html' can"],
        ),
        (
            {},
            {"ERROR_PAGE": "oops.html"},
            ["oops.html does not exist, which ERROR_PAGE names; the built-in page is shown instead"],
        ),
        ({"oops.html": "fine"}, {"ERROR_PAGE": "oops.html"}, []),
        ({"errors/4xx.html": "", "errors/5xx.html": "", "oops.html": ""}, {"ERROR_PAGE": "oops.html"}, []),
        ({"oops.html": "{{"}, {"ERROR_PAGE": "oops.html"}, ["line 1 of 'oops.html' cannot be compiled"]),
        ({"oops.html": "{% extends 'no.html' %}"}, {"ERROR_PAGE": "oops.html"}, ["no.html does not exist, which oops"]),
        ({"site/errors/404.html": "fine", "errors/404.html": "{{"}, {}, ["line 1 of 'errors/404.html' cannot be"]),
        ({"errors/out-of-tea.html": "{% if %}"}, {}, ["line 1 of 'errors/out-of-tea.html' cannot be compiled"]),
        ({"errors/out-of-tea.html": "{% include 'no.html' %}"}, {}, ["no.html does not exist, which errors/out-of"]),
    ],
)
def test_templates_that_are_missing_or_broken_are_reported(
    tmp_path: Path, files: dict[str, str], config: dict[str, str], faults: list[str]
) -> None:
    write_templates(tmp_path, files)
    options = {"app_options": {"template_folder": str(tmp_path)}, "config": config}

    def build(world: World) -> None:
        view(world)
        if "site/errors/404.html" not in files:
            world.errors.web_register(world.app)

    output = words_of(said(build, "check", exit_code=bool(faults), **options))

    assert [fault for fault in faults if fault not in output] == []
    assert output.count("missing-template") == len(faults)


@pytest.mark.parametrize("by", [None, "web", "native", "handler"])
def test_pages_are_reported_if_neither_a_scope_nor_a_handler_shows_pages(tmp_path: Path, by: str | None) -> None:
    write_templates(tmp_path, {"errors/404.html": "", "errors/5xx.html": "", "index.html": ""})

    def build(world: World) -> None:
        world.errors.api_register("/api")
        if by == "web":
            world.errors.web_register("/shop")
        elif by == "native":
            world.app.errorhandler(HTTPException)(native)
        elif by == "handler":
            world.errors.register("/shop", code="4xx")(nothing)

    options = {"app_options": {"template_folder": str(tmp_path)}}
    output = words_of(said(build, "check", exit_code=by is None, **options))
    assert output.startswith("unused-template: app errors/404.html, errors/5xx.html is never shown") == (by is None)


def test_the_page_of_the_configuration_may_have_any_name(tmp_path: Path) -> None:
    write_templates(tmp_path, {"errors/any.html": ""})
    options = {"app_options": {"template_folder": str(tmp_path)}, "config": {"ERROR_PAGE": "errors/any.html"}}

    assert found(view, exit_code=0, **options) == []


def test_a_loader_that_lists_no_templates_has_no_broken_ones() -> None:
    def build(world: World) -> None:
        world.app.jinja_loader = FunctionLoader(lambda name: None)
        world.app.jinja_env.loader = world.app.jinja_loader
        view(world)

    assert found(build, exit_code=0) == []


class LoaderForRequests(BaseLoader):
    """As that of Flask-Theme, which asks the request for its application."""

    def get_source(self, environment: Any, template: str) -> Any:
        raise RuntimeError("Working outside of request context.")

    def list_templates(self) -> Any:
        raise RuntimeError("Working outside of request context.")


@pytest.mark.parametrize("config", [{}, {"ERROR_PAGE": "themed.html"}], ids=["listed", "asked for"])
def test_a_loader_that_needs_a_request_has_no_broken_templates(config: dict[str, str]) -> None:
    def build(world: World) -> None:
        themes = world.Blueprint("themes", __name__)
        themes.jinja_loader = LoaderForRequests()
        world.app.register_blueprint(themes)
        view(world)

    assert found(build, exit_code=0, config=config) == []


def a_site_without_prefix(world: World) -> None:
    site = world.Blueprint("site", __name__)
    site.add_url_rule("/", "index", nothing)
    world.errors.web_register(site)
    world.app.register_blueprint(site)


def test_a_style_on_a_blueprint_without_prefix_is_reported_if_the_application_has_none() -> None:
    assert found(a_site_without_prefix) == [("no-prefix", "site")]
    assert "register the application, too: errors.web_register(app)" in words_of(
        said(a_site_without_prefix, "check", exit_code=1)
    )


@pytest.mark.parametrize("name", ["ErrorHandler", "ERROR_HANDLER", "app", "handler", "native", "prefix", "host", "/"])
def test_unknown_urls_beside_a_blueprint_without_prefix_may_have_a_look(name: str) -> None:
    def build(world: World) -> None:
        if name in ("prefix", "host"):
            place = {"url_prefix": "/site"} if name == "prefix" else {"subdomain": "www"}
            site = world.Blueprint("site", __name__, **place)
            site.add_url_rule("/", "index", nothing)
            world.errors.web_register(site)
            world.app.register_blueprint(site)
            return
        a_site_without_prefix(world)
        if name == "app":
            world.errors.default_register(world.app)
        elif name == "handler":
            world.errors.register(world.app, code="4xx")(nothing)
        elif name == "native":
            world.app.errorhandler(404)(native)
        elif name == "/":
            world.errors.web_register("/")

    options: dict[str, Any] = {"config": {"SERVER_NAME": "example.com"}, "app_options": {}}
    if name == "host":
        options["app_options"] = {"subdomain_matching": True}
    if name == "ErrorHandler":
        options["options"] = {"handler": "default"}
    if name == "ERROR_HANDLER":
        options["config"]["ERROR_HANDLER"] = "default"
    assert found(build, exit_code=0, **options) == []


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("ERROR_TYPE_URL", "did you mean ERROR_TYPE_URI?"),
        ("ERROR_PAGES", "did you mean ERROR_PAGE?"),
        ("ERROR_HANDLERS", "did you mean ERROR_HANDLER?"),
    ],
)
def test_configuration_keys_that_do_not_exist_are_reported_with_the_nearest(key: str, hint: str) -> None:
    with pytest.warns(UserWarning, match=f"errbridge has no configuration key {key}; "):
        output = said(view, "check", exit_code=1, config={key: "x"})

    assert words_of(output).startswith(f"unknown-key: app errbridge has no configuration key {key}; {hint}")
    assert output.endswith("\n1 finding\n")


def test_keys_of_other_extensions_and_of_the_application_are_theirs() -> None:
    others = {
        "ERROR_404_HELP": False,
        "ERRORS": 1,
        "MY_ERROR_PAGE": 1,
        "ERROR_MAIL_TO": "me",
        "ERROR_LOG_DIR": "/var/log",
    }
    assert found(view, exit_code=0, config=others) == []


def test_types_that_cannot_be_told_apart_are_reported() -> None:
    """One URI for every type is enough, and all plain problems have it, too."""
    for uri in ("https://example.com/problem", "https://example.com/problem/"):
        config = {"ERROR_TYPE_URI": uri}
        assert found(view, config=config) == [("conflicting-types", "app")]
        output = words_of(said(view, "check", exit_code=1, config=config))
        assert f" and tests.commands.shop.OutOfTea have the type {uri}, and no client could tell them apart: " in output
        assert "put {slug} into ERROR_TYPE_URI" in output


def test_a_blueprint_that_another_application_has_is_no_mistake() -> None:
    def build(world: World) -> None:
        other = world.App("tests.twins")
        shared = world.Blueprint("shared", __name__)
        world.errors.api_register(shared)
        other.register_blueprint(shared)

    assert found(build, exit_code=0) == []


def test_two_classes_with_one_type_are_reported(tmp_path: Path) -> None:
    """In a process of its own, as a problem class is there for good."""
    (tmp_path / "twice.py").write_text(
        "import flask, errbridge, errbridge_flask\n"
        "class Sold(errbridge.Problem, status=409, type='https://example.com/sold'): ...\n"
        "class Gone(errbridge.Problem, status=410, type='https://example.com/sold'): ...\n"
        "app = flask.Flask('twice')\n"
        "errbridge_flask.ErrorHandler(app)\n"
    )
    done = start("flask", "--app", "twice", "errors", "check", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("conflicting-types: app\n")
    assert "twice.Gone" in done.stdout
    assert "twice.Sold" in done.stdout


def test_a_name_in_a_detail_that_is_no_field_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OutOfTea, "detail", "{many} visitors want {cups} cups, and {many} more", raising=False)

    output = words_of(said(view, "check", exit_code=1))

    assert "unknown-field: app the detail of tests.commands.shop.OutOfTea names {many}, which is no field" in output
    assert "declare it: many: str" in output
    assert output.endswith("1 finding")


def speaking(tmp_path: Path, *tags: str) -> dict[str, Any]:
    return {"app_options": {"root_path": str(tmp_path)}, "config": {"ERROR_LANGUAGES": ("en", *tags)}}


@pytest.mark.parametrize("tag", ["xx", "cz", "gr", "tlh-Latn"])
def test_a_language_without_a_catalogue_is_reported(tmp_path: Path, tag: str) -> None:
    output = words_of(said(view, "check", exit_code=1, **speaking(tmp_path, "de-AT", "pt-BR", tag)))

    assert output.startswith(f"missing-catalogue: app there is no catalogue for '{tag}' of ERROR_LANGUAGES, so its ")
    assert "errbridge has en, ar, de," in output
    assert f"or write {tmp_path}/translations/{tag.replace('-', '_')}/LC_MESSAGES/errbridge.po" in output
    assert output.endswith("1 finding")


@pytest.mark.parametrize("domain", ["messages", "errbridge"])
def test_a_catalogue_of_the_application_is_enough_for_a_language(tmp_path: Path, domain: str) -> None:
    write_templates(tmp_path, {f"translations/sv/LC_MESSAGES/{domain}.mo": ""})
    assert found(view, exit_code=0, **speaking(tmp_path, "sv", "sv-SE")) == []


@pytest.mark.parametrize(
    ("age", "why"),
    [(None, "has no .mo file beside it"), (60, "is newer than the .mo file beside it"), (1, ""), (-60, "")],
)
def test_a_catalogue_that_is_not_compiled_is_reported(tmp_path: Path, age: int | None, why: str) -> None:
    folder = "translations/de/LC_MESSAGES"
    write_templates(tmp_path, {f"{folder}/messages.po": ""})
    if age is not None:
        write_templates(tmp_path, {f"{folder}/messages.mo": ""})
        now = (tmp_path / f"{folder}/messages.po").stat().st_mtime
        os.utime(tmp_path / f"{folder}/messages.mo", (now - age, now - age))

    output = words_of(said(view, "check", exit_code=bool(why), **speaking(tmp_path, "de")))

    assert not why or f"{folder}/messages.po {why}, which is what errbridge reads; run pybabel compile -d" in output
    assert output.endswith("1 finding" if why else "nothing found")
    assert found(view, exit_code=0, app_options={"root_path": str(tmp_path)}) == []  # English alone reads none


def test_checks_can_be_left_out_by_their_code() -> None:
    elsewhere: list[Any] = []

    def build(world: World) -> None:
        elsewhere.append(world.Blueprint("elsewhere", __name__))
        world.errors.register(elsewhere[-1])(nothing)

    assert found(build) == [("unregistered-blueprint", "elsewhere")]
    assert found(build, "--ignore", "unregistered-blueprint", exit_code=0) == []
    output = said(build, "check", "--ignore", "nonsense", exit_code=2)
    assert "there is no check nonsense; there are unreadable-scope, same-place" in output
