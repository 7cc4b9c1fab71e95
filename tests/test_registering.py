"""Registering: keys and targets in any order, every application of an error handler, tables of meanings."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import errbridge
from errbridge import Handlers, Problem, Scope, SetupError
from tests.applications import HTML, JSON, Ask, a_blueprint, an_app, answering, failing, says, with_templates
from tests.clients import Request, Response
from tests.servers import DEADLINE, ROOT
from tests.twins import Twins, World


class NotSold(Exception):
    pass


class Locked(Exception):
    pass


class SoldOut(Problem, status=410, title="Sold out"):
    """There is none left."""


SHOP = a_blueprint("shop", failing("/unsold", NotSold), failing("/locked", Locked))


# Keys and targets


@pytest.mark.parametrize(
    "register",
    [
        lambda errors, app, shop: errors.register(shop, NotSold),
        lambda errors, app, shop: errors.register(NotSold, shop),
        lambda errors, app, shop: errors.register(shop, code=NotSold),
        lambda errors, app, shop: errors.register(NotSold, "/shop"),
        lambda errors, app, shop: errors.register("/shop", NotSold),
        lambda errors, app, shop: errors.register(Scope(prefix="/shop"), [NotSold, 418]),
        lambda errors, app, shop: errors.register([NotSold, Locked], app),
        lambda errors, app, shop: errors.register(app, shop, NotSold, code=(418, "5xx")),
        lambda errors, app, shop: errors.register(app, f"{__name__}.NotSold"),
        lambda errors, app, shop: errors.register(NotSold),
        lambda errors, app, shop: errors.register(code=NotSold),
    ],
)
def test_keys_and_targets_are_told_apart_in_any_order(ask: Ask, register: Callable[..., Any]) -> None:
    def an_app_with_a_shop(world: World) -> None:
        SHOP(world)
        register(world.errors, world.app, world.blueprints["shop"])(says("not sold"))

    assert ask(an_app_with_a_shop, "/shop/unsold").text == "not sold"


@pytest.mark.parametrize(
    ("target", "host", "path"),
    [
        ("//api.example.com", "api.example.com", "/nope"),
        ("//*.example.com/v2/", "api.example.com", "/v2/nope"),
        ("//bücher.example", "xn--bcher-kva.example", "/nope"),
        ("//xn--strae-oqa.example", "xn--strae-oqa.example", "/nope"),
    ],
)
def test_a_host_is_a_target_as_it_is_for_a_bridge(ask: Ask, target: str, host: str, path: str) -> None:
    def an_application(world: World) -> None:
        world.errors.register(target, 404)(says("theirs"))

    assert ask(an_application, path, host=host).text == "theirs"
    assert ask(an_application, path, host="example.org").text != "theirs"


def test_a_host_without_slashes_is_no_target_and_no_key(world: World) -> None:
    with pytest.raises(SetupError, match=r"write '/api\.example\.com', or '//api\.example\.com' for a host"):
        world.errors.register("api.example.com")
    with pytest.raises(SetupError, match="a handler is registered for a status"):
        world.errors.register(code="api.example.com")


@pytest.mark.parametrize("key", ["4xx", "*", 404, (404, 410)])
def test_a_key_alone_is_no_target(ask: Ask, key: Any) -> None:
    def an_application(world: World) -> None:
        world.errors.register(key)(says("nothing here"))

    assert ask(an_application, "/nope").text == "nothing here"


@pytest.mark.parametrize(
    "register",
    [
        lambda handlers: handlers.register([404, NotSold]),
        lambda handlers: handlers.register(404, NotSold),
        lambda handlers: handlers.register(code=[404, NotSold]),
        lambda handlers: handlers.register(404, code=NotSold),
        lambda handlers: handlers.register(),
    ],
)
def test_a_handler_module_takes_keys_in_both_spellings(ask: Ask, register: Callable[..., Any]) -> None:
    handlers = Handlers()
    register(handlers)(says("shared"))

    def an_application(world: World) -> None:
        SHOP(world)
        world.errors.include(handlers)

    assert [ask(an_application, path).text for path in ("/nope", "/shop/nope")] == ["shared", "shared"]


# Every application


def is_page(response: Response) -> bool:
    return response.content_type == HTML


def two_apps(set_up: Callable[[Any], None], *, which: int) -> Callable[[World], None]:
    """Initialise one application before the set-up of an `ErrorHandler` that names no target, and one after it."""

    def build(world: World) -> None:
        errors = world.adapter.ErrorHandler()
        before = errors.init_app(world.App("tests.twins"))
        set_up(errors)
        after = errors.init_app(world.App("tests.twins"))
        world.app, world.errors = (before, after)[which], errors
        answering("/page")(world)
        failing("/crash", ZeroDivisionError)(world)
        failing("/unsold", NotSold)(world)

    return build


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("set_up", "path", "seen"),
    [
        (lambda errors: errors.register()(says("all")), "/nope", lambda got: got.text == "all"),
        (lambda errors: errors.register(code=NotSold)(says("all")), "/unsold", lambda got: got.text == "all"),
        (lambda errors: errors.api_register(), "/nope", lambda got: got.content_type == JSON),
        (lambda errors: (errors.api_register(), errors.web_register()), "/nope", is_page),
        (
            lambda errors: (errors.api_register(), errors.default_register()),
            "/nope",
            lambda got: got.content_type == HTML,
        ),
        (
            lambda errors: (errors.api_register(), errors.failure_register()),
            "/crash",
            lambda got: (got.status, got.content_type) == (500, HTML),
        ),
        (lambda errors: errors.map({NotSold: 410}), "/unsold", lambda got: got.status == 410),
    ],
)
def test_without_a_target_every_application_is_meant_also_a_later_one(
    ask: Ask, which: int, set_up: Callable[[Any], None], path: str, seen: Callable[[Response], bool]
) -> None:
    assert seen(ask(two_apps(set_up, which=which), path))


def test_what_is_registered_for_one_application_comes_before_what_is_for_all(ask: Ask) -> None:
    def an_application(world: World) -> None:
        world.errors.register(world.app, 404)(says("this one"))
        world.errors.register(404)(says("all"))

    assert ask(an_application, "/nope").text == "this one"


def test_another_error_handler_is_not_meant(ask: Ask) -> None:
    def an_application(world: World) -> None:
        world.adapter.ErrorHandler().register()(says("another"))
        world.errors.register()(says("this one"))

    assert ask(an_application, "/nope").text == "this one"


# Tables of meanings


def meaning(table: Any, *targets: str, in_module: bool = False) -> Callable[[World], None]:
    def an_application(world: World) -> None:
        SHOP(world)
        world.errors.api_register()
        if in_module:
            handlers = Handlers()
            handlers.map(table)
            world.errors.include(handlers)
        else:
            world.errors.map(table, *(world.blueprints[name] for name in targets))

    return an_application


@pytest.mark.parametrize("in_module", [False, True])
def test_a_table_says_what_errors_mean(ask: Ask, in_module: bool) -> None:
    table = {
        NotSold: SoldOut,
        Locked: Problem(423, detail="Try again.", headers={"X-Lock": "row"}),
        404: lambda exc: Problem(404, detail="Nowhere."),
        (405, "5xx"): 503,
    }
    application = meaning(table, in_module=in_module)

    assert ask(application, "/shop/unsold").json["title"] == "Sold out"
    locked = ask(application, "/shop/locked")
    assert (locked.status, locked.json["detail"], locked.header("X-Lock")) == (423, "Try again.", "row")
    assert ask(application, "/nope").json["detail"] == "Nowhere."
    assert ask(application, "/shop/unsold", "POST").status == 503


def test_a_problem_in_a_table_is_a_new_one_for_each_error() -> None:
    table: Any = {Locked: Problem(423)}
    twins = Twins.built(meaning(table))

    instances = [twins.ask("/shop/locked").json["title"] for _ in range(2)]

    assert instances == ["Locked", "Locked"]
    assert table[Locked].instance is None


def test_a_table_has_targets(ask: Ask) -> None:
    application = meaning({404: 410}, "shop")

    assert [ask(application, path).status for path in ("/nope", "/shop/nope")] == [404, 410]


# Warnings, and names that are elsewhere


def test_an_unknown_key_of_the_configuration_that_is_close_to_a_known_one_is_a_warning(world: World) -> None:
    world.app.config.update(ERROR_PAGES="x", ERROR_HANDLR="api", ERROR_BUDGET=3, ERROR_REPORTING_KEY="k")

    with pytest.warns(UserWarning, match="errbridge has no configuration key") as caught:
        world.adapter.ErrorHandler(world.app)

    assert sorted(str(each.message) for each in caught) == [
        "errbridge has no configuration key ERROR_HANDLR; did you mean ERROR_HANDLER?",
        "errbridge has no configuration key ERROR_PAGES; did you mean ERROR_PAGE?",
    ]
    assert {each.filename for each in caught} == {__file__}


@pytest.mark.parametrize("by", ["config", "ErrorHandler", "init_app"])
def test_an_error_page_that_does_not_exist_is_a_warning(world: World, by: str) -> None:
    here = {"ERROR_PAGE": "nowhere.html"}
    world.app.config.update(here if by == "config" else {})

    world.errors = world.adapter.ErrorHandler(**(here if by == "ErrorHandler" else {}))
    with pytest.warns(UserWarning, match="ERROR_PAGE is 'nowhere.html', and there is no such template") as caught:
        world.errors.init_app(world.app, **(here if by == "init_app" else {}))

    assert caught[0].filename == __file__
    assert world.call(Request("/nope", headers=[("Accept", "text/html")])).status == 404


def test_an_error_page_that_exists_is_no_warning(ask: Ask) -> None:
    application = an_app(with_templates({"ours.html": "ours"}), lambda world: world.errors.web_register())

    assert ask(application, "/nope", options={"ERROR_PAGE": "ours.html"}).text == "ours"


def test_a_loader_that_needs_its_own_environment_is_believed(world: World) -> None:
    class Loader:
        def get_source(self, environment: Any, template: str) -> Any:
            raise RuntimeError("another environment")

    world.app.jinja_loader = Loader()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        world.adapter.ErrorHandler(world.app, ERROR_PAGE="ours.html")


@pytest.mark.parametrize(
    ("module", "name", "place"),
    [
        ("errbridge", "ErrorHandler", "errbridge_flask or errbridge_quart"),
        ("errbridge", "Bridge", "errbridge.asgi"),
        ("errbridge", "assert_problem", "errbridge.testing"),
        ("errbridge_flask", "Problem", "errbridge"),
        ("errbridge_quart", "Handlers", "errbridge"),
        ("errbridge_quart", "Bridge", "errbridge.asgi"),
    ],
)
def test_a_name_that_is_elsewhere_is_reported_with_its_place(module: str, name: str, place: str) -> None:
    with pytest.raises(ImportError, match=f"^{name} is not in {module}: import it from {place}$"):
        exec(f"from {module} import {name}")


@pytest.mark.parametrize("module", ["errbridge", "errbridge_flask", "errbridge_quart"])
def test_a_name_that_is_nowhere_is_missing_as_usual(module: str) -> None:
    assert not hasattr(importlib.import_module(module), "Nowhere")


def test_the_package_has_a_version() -> None:
    assert errbridge.__version__.count(".") == 2


# Problems with fields


class Counting(Problem, status=409):
    wanted: int
    left: int = 0


Counted: Any = Counting  # a type checker reports these mistakes, see typing_tests


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Counted(3), r"Counting takes its fields by name, wanted=3; .*from 400 to 599, not 3$"),
        (lambda: Counted("x" * 99), r"Counting takes its fields by name, wanted=\.\.\.; "),
        (lambda: Counted(wantd=3), r"wanted is missing, wantd is not a field; did you mean 'wanted'\?$"),
        (lambda: Counted(wanted=3, colour=3), r"colour is not a field$"),
        (lambda: type("Odd", (Problem,), {}, statsu=409), r"statsu= is no class keyword; .*did you mean 'status'\?$"),
    ],
)
def test_a_field_that_is_not_given_by_its_name_is_reported_with_it(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        make()


# Types


def test_the_programs_that_type_checkers_accept_run() -> None:
    command = [sys.executable, "-W", "error", str(ROOT / "typing_tests" / "accepted.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stderr
