"""``flask errors`` and ``quart errors``: what they print is what happens, alike on both frameworks."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, NotFound

from errbridge import Incident, Problem, Scope
from errbridge.inspection.subject import source_of
from tests.clients import Request
from tests.servers import ROOT
from tests.twins import Build, Twins, World

HERE = Path(__file__)


class Gone(Exception):
    """Of the domain."""


class Withdrawn(Gone):
    """Of the domain, too."""


class OutOfTea(Problem, status=409, title="Out of tea", slug="out-of-tea"):
    """There is no tea left."""

    cups: int


class Nothing(Problem):
    """Has no status."""


class Moved(HTTPException):
    """Of somebody who calls no constructor, and has a bad one."""

    code = 410

    def __init__(self) -> None:
        raise AssertionError("the command line makes exceptions without calling the user's code")


def run(world: World, *words: str) -> Any:
    """Run a command of a world's framework."""
    assert world.errors is not None
    group = importlib.import_module(f"{world.adapter.__name__}.cli").errors
    return world.app.test_cli_runner().invoke(group, list(words))


def said(build: Build, *words: str, exit_code: int = 0, **options: Any) -> str:
    """Run a command for both frameworks and give the output on which they agree."""
    twins = Twins.built(build, **options)
    first, second = (run(world, *words) for world in twins.worlds)
    assert (first.exit_code, first.output) == (second.exit_code, second.output)
    assert first.exit_code == exit_code, (first.output, first.exception)
    output: str = first.output
    return output


def data(build: Build, *words: str, **options: Any) -> Any:
    return json.loads(said(build, *words, "--json", **options))


def line_of(function: Callable[..., Any]) -> str:
    return f"{HERE.relative_to(ROOT)}:{function.__code__.co_firstlineno}"


@pytest.fixture(autouse=True)
def from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def nothing(exc: Exception) -> None:
    return None


def something(exc: Exception) -> None:
    return None


async def later(exc: Exception, incident: Incident) -> None:
    return None


def native(exc: Any) -> Any:
    return "native", 418


# list


def shop(world: World) -> None:
    api = world.Blueprint("api", __name__, url_prefix="/api")
    inner = world.Blueprint("inner", __name__, url_prefix="/<int:version>")
    tools = world.Blueprint("tools", __name__)
    tools.add_url_rule("/hammer", "hammer", nothing)
    world.errors.api_register(api)
    world.errors.web_register(inner)
    world.errors.register(api, code=[404, "4xx"])(later)
    world.errors.register(inner, code=Gone)(nothing)
    world.errors.register(Scope(host="*.example.com"))(nothing)
    world.errors.register("/", code=503)(nothing)
    world.errors.register(world.app, code=500)(something)
    world.errors.failure_register(world.app)
    api.errorhandler(404)(native)
    world.app.errorhandler(Gone)(native)
    api.register_blueprint(inner)
    world.app.register_blueprint(api)
    world.app.register_blueprint(tools)


def test_list_shows_hosts_prefixes_blueprints_styles_and_handlers_as_a_tree() -> None:
    later_at, nothing_at, native_at, something_at = map(line_of, (later, nothing, native, something))
    here = "tests.test_commands"

    assert said(shop, "list").splitlines() == [
        "tests.twins, by AutoDispatcher",
        "",
        "host *.example.com",
        "  /",
        f"      everything  {here}.nothing  {nothing_at}",
        "",
        "every host",
        "  /",
        f"      503  {here}.nothing  {nothing_at}",
        "    /api                  blueprint api        style api",
        f"        404  {here}.native (native)  {native_at}",
        f"        404  {here}.later            {later_at}",
        f"        4xx  {here}.later            {later_at}",
        "      /api/<int:version>  blueprint api.inner  style web",
        f"          {here}.Gone  {here}.nothing  {nothing_at}",
        "",
        "no URLs of their own, only the errors of their views",
        "  blueprint tools",
        "",
        "the application  style default, plain page for uncaught exceptions",
        f"  {here}.Gone  {here}.native (native)  {native_at}",
        f"  500                       {here}.something        {something_at}",
    ]


def test_list_is_there_for_programs_too() -> None:
    listing = data(shop, "list")

    assert [host["host"] for host in listing["hosts"]] == ["*.example.com", None]
    api = listing["hosts"][1]["scopes"][1]
    assert (api["prefix"], api["blueprint"], api["depth"], api["style"]) == ("/api", "api", 1, "api")
    assert [(entry["key"], entry["native"]) for entry in api["handlers"]] == [
        ("404", True),
        ("404", False),
        ("4xx", False),
    ]
    assert api["handlers"][0]["source"] == {
        "name": "tests.test_commands.native",
        "file": native.__code__.co_filename,
        "line": native.__code__.co_firstlineno,
    }
    assert listing["root"]["failure"] is True


def test_the_source_of_any_handler_is_found_or_said_to_be_none() -> None:
    class Callable_:  # noqa: N801 - only here
        def __call__(self, exc: Exception) -> None: ...

    assert source_of(partial(nothing)) == source_of(nothing)
    assert source_of(Callable_()).line == Callable_.__call__.__code__.co_firstlineno
    assert source_of(len) == ("builtins.len", None, None)


def test_a_handler_without_source_or_outside_of_the_folder_is_listed_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def build(world: World) -> None:
        world.errors.register(world.app, code=404)(str)
        world.errors.register(world.app, code=405)(nothing)

    monkeypatch.chdir(tmp_path)
    output = said(build, "list")

    assert "404  builtins.str                 (no source)" in output
    assert f"405  tests.test_commands.nothing  {HERE}:{nothing.__code__.co_firstlineno}" in output


# explain


def test_explain_tells_the_chain_the_handlers_and_the_media_type_with_the_reasons() -> None:
    later_at, native_at, something_at, nothing_at = map(line_of, (later, native, something, nothing))
    here = "tests.test_commands"

    assert said(shop, "explain", "get", "/api/nope", "404", "--accept", "text/html").splitlines() == [
        "GET localhost/api/nope (no view) raises NotFound (404)",
        "",
        "The chain: who owns it",
        "  1.  api  style api                               owns /api",
        "  2.  /    no style                                owns /",
        "  3.  app  style default, plain page for uncaught  the application, which has the last word",
        "",
        "Who is asked about 404 Not Found",
        "  1. api, handler for 404, native: the framework's choice; what it returns is sent as it is",
        f"     {here}.native  {native_at}",
        "  2. api, handler for 404: its status",
        f"     {here}.later  {later_at}",
        "  if none of them takes it, api shows it in its style, api",
        "  - api, handler for 4xx: passed over, asked already",
        f"    {here}.later  {later_at}",
        "  - /, handler for 503: passed over, not reached: a nearer scope has the style api, which answers",
        f"    {here}.nothing  {nothing_at}",
        f"  - app, handler for {here}.Gone, native: passed over, not what the framework chooses for this error",
        f"    {here}.native  {native_at}",
        "  - app, handler for 500: passed over, not reached: a nearer scope has the style api, which answers",
        f"    {here}.something  {something_at}",
        "",
        "The answer: 404 as application/problem+json, the built-in representation",
        "  Accept names nothing that there is here, so it is what the style api gives to everyone",
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "no Accept header, so it is what the style web gives to everyone, text/html"),
        (("--xhr",), "an XMLHttpRequest asks the style web for a document"),
        (("--accept", "application/xml, application/json"), "application/problem+xml: quality 1, named; XML has to be"),
        (("--accept", "text/*;q=0.4"), "text/html: quality 0.4, covered by a wildcard"),
        (("--accept", "text/html;q=0, */*"), "text/html: not accepted"),
    ],
)
def test_explain_says_why_the_media_type_is_what_it_is(words: tuple[str, ...], line: str) -> None:
    output = said(shop, "explain", "GET", "/api/1/nope", "404", *words)

    assert f"  {line}" in output


def view(world: World) -> None:
    site = world.Blueprint("site", __name__, url_prefix="/site")
    site.add_url_rule("/", "index", nothing, methods=["GET"])
    site.add_url_rule("/x/", "x", nothing)
    world.errors.web_register(site)
    world.app.register_blueprint(site)


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("GET", "/site/", "404"), ["(view site.index) raises NotFound (404)", "a blueprint of the view site.index"]),
        (("POST", "/site/", "405"), ["(no view) raises MethodNotAllowed (405)", "its route has this URL with another"]),
        (("POST", "/site/", "404"), ["routing itself says 405 Method Not Allowed", "before_request"]),
        (("GET", "/nope", "401"), ["routing itself says 404 Not Found", "raises Unauthorized (401)"]),
        (("GET", "/site/x", "404"), ["routing redirects this request to http://localhost/site/x/", "before_request"]),
        (("GET", "/site/", "419"), ["raises Problem (419)", "The answer: 419 as text/html, the built-in page"]),
        (("GET", "/site/", "418"), ["raises ImATeapot (418)"]),
        (("GET", "/site/", "tests.test_commands:OutOfTea"), ["raises OutOfTea (409)", "409 Out of tea"]),
        (("GET", "/site/", "tests.test_commands.Moved"), ["raises Moved (410)"]),
        (("GET", "/site/", "werkzeug.exceptions:BadRequestKeyError"), ["raises BadRequestKeyError (400)"]),
        (("GET", "/site/", "werkzeug.routing:RequestRedirect"), ["an answer already", "sends as it is"]),
        (("GET", "/site/", "UnicodeDecodeError"), ["raises UnicodeDecodeError", "makes a 500 of it"]),
        (("GET", "/site/", "FileNotFoundError"), ["raises FileNotFoundError", "The answer: 500 as text/html"]),
        (("GET", "/site/", "500"), ["raises InternalServerError (500)", "Who is asked about 500"]),
    ],
)
def test_explain_takes_the_error_as_it_would_happen_there(words: tuple[str, ...], parts: list[str]) -> None:
    output = said(view, "explain", *words)

    assert [part for part in parts if part not in output] == []


def test_explain_calls_nothing_that_the_user_wrote() -> None:
    def build(world: World) -> None:
        def fail(*args: Any, **kwargs: Any) -> Any:
            raise AssertionError("called")

        shop(world)
        world.errors.register("/api")(fail)
        world.app.before_request(fail)
        world.app.teardown_request(fail)
        world.app.session_interface = type(world.app.session_interface)()  # which all applications share
        world.app.session_interface.open_session = fail
        world.errors.on_incident(fail)

    for error in ("404", "500", "LookupError", "tests.test_commands:Moved"):
        said(build, "explain", "GET", "/api/nope", error)


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ({"PROPAGATE_EXCEPTIONS": True}, "it is raised, for in debug, testing and propagate mode exceptions are shown"),
        ({}, "it goes on to the framework, which makes a 500 of it"),
    ],
)
def test_explain_knows_whether_an_exception_is_shown_to_the_developer(config: dict[str, Any], line: str) -> None:
    output = said(view, "explain", "GET", "/site/", "LookupError", config=config)

    assert line in output
    assert ("The answer" in output) is not bool(config)


def test_explain_knows_what_is_trapped() -> None:
    output = said(view, "explain", "GET", "/site/", "404", config={"TRAP_HTTP_EXCEPTIONS": True})

    assert "TRAP_HTTP_EXCEPTIONS" in output
    assert "The chain" not in output


def test_explain_shows_documents_under_the_type_that_they_are_sent_as() -> None:
    def build(world: World) -> None:
        world.errors.api_register(world.app)

    explanation = data(build, "explain", "GET", "/", "404", config={"ERROR_FORCE_CONTENT_TYPE": False})
    assert explanation["media_type"] == "application/json"


def test_explain_names_the_template_or_the_decorator_that_shows_it(tmp_path: Path) -> None:
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "4xx.html").write_text("no")

    def decorator(function: Any) -> Any:
        return function

    given = {"options": {"response": decorator}, "app_options": {"template_folder": str(tmp_path)}}

    def explained(*words: str) -> str:
        shown: str = data(view, "explain", "GET", "/site/", *words, **given)["shown_by"]
        return shown

    assert explained("404") == "the template errors/4xx.html"
    assert explained("500") == "the built-in page"
    assert explained("404", "--accept", "text/plain") == "the built-in representation"
    assert explained("404", "--xhr").startswith("the response= decorator tests.test_commands.test_explain_names")


def test_explain_compares_the_host() -> None:
    output = said(shop, "explain", "GET", "/", "404", "--host", "a.example.com")

    assert "1.  //*.example.com/  no style" in output
    assert "owns *.example.com/" in output


def test_a_native_handler_for_just_anything_that_a_nearer_scope_forestalls_is_passed_over() -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/", "index", nothing)
        world.errors.api_register("/")
        world.app.errorhandler(Exception)(native)

    for error in ("LookupError", "404"):
        output = said(build, "explain", "GET", "/", error)
        assert "native: passed over, the framework's choice, but a nearer scope answers" in output


KEYS = [404, 500, 418, "4xx", "5xx", None, Exception, NotFound, HTTPException, Gone, Withdrawn, LookupError]
ERRORS = ["404", "405", "418", "500", "tests.test_commands:Gone", "tests.test_commands:Withdrawn", "IndexError"]
RAISED = {
    "404": NotFound,
    "418": partial(Problem, 418),
    "500": partial(Problem, 500),
    "tests.test_commands:Gone": Gone,
    "tests.test_commands:Withdrawn": Withdrawn,
    "IndexError": IndexError,
}
TARGETS = ["app", "outer", "outer.inner", "/outer", "/", "//localhost/"]


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(TARGETS), st.sampled_from(KEYS)), max_size=8),
    st.dictionaries(st.sampled_from(TARGETS), st.sampled_from(["api", "web", "default", "failure"])),
    st.lists(st.tuples(st.sampled_from([None, "outer"]), st.sampled_from([404, Gone, Exception])), max_size=2),
    st.sampled_from(["/outer/in/view", "/outer/in/nope", "/outer/view", "/nope"]),
    st.sampled_from(ERRORS),
    st.sampled_from(["", "text/html", "application/json", "application/xml", "text/plain;q=0.3, */*;q=0.1"]),
)
def test_what_explain_says_is_what_happens(
    registered: list[tuple[str, Any]],
    styles: dict[str, str],
    natives: list[tuple[str | None, Any]],
    path: str,
    error: str,
    accept: str,
) -> None:
    """Every handler notes that it was asked, and leaves the error to the next one."""
    asked: list[str] = []

    def build(world: World) -> None:
        outer = world.Blueprint("outer", __name__, url_prefix="/outer")
        inner = world.Blueprint("inner", __name__, url_prefix="/in")
        targets = {"app": world.app, "outer": outer, "outer.inner": inner, "//localhost/": Scope(host="localhost")}

        def noting(name: str) -> Any:
            def handler(exc: Exception) -> None:
                asked.append(name)

            return handler

        def fail() -> Any:
            made: Exception = RAISED[error]()
            raise made

        for number, (where, key) in enumerate(registered):
            handler = noting(str(number))
            handler.__qualname__ = str(number)
            world.errors.register(targets.get(where, where), code=key)(handler)
        for where, style in styles.items():
            register = getattr(world.errors, f"{style}_register")
            register(targets.get(where, where))
        for number, (blueprint, key) in enumerate(natives, start=100):
            handler = noting(str(number))
            handler.__qualname__ = str(number)
            (outer if blueprint else world.app).errorhandler(key)(handler)
        inner.add_url_rule("/view", "view", fail)
        outer.add_url_rule("/view", "view", fail)
        outer.register_blueprint(inner)
        world.app.register_blueprint(outer)

    method = "POST" if error == "405" else "GET"
    if error not in ("404", "405") and not path.endswith("/view"):
        return  # nothing raises it there
    if error == "405" and not path.endswith("/view"):
        return
    twins = Twins.built(build)
    explanation = json.loads(run(twins.flask, "explain", method, path, error, "--accept", accept, "--json").output)
    answer = twins.flask.call(Request(path, method, (("Accept", accept),)))

    orders = [
        (step, entry["order"], entry["source"]["name"].rpartition(".")[2])
        for step, each in enumerate(explanation["steps"])
        for entry in each["considered"]
        if entry["order"] is not None
    ]
    assert asked == [name for _, _, name in sorted(orders)]
    assert answer.status == explanation["status"]
    assert (answer.content_type or "").partition(";")[0] == explanation["media_type"]
    assert (
        run(twins.quart, "explain", method, path, error, "--accept", accept, "--json").output
        == json.dumps(explanation, indent=2, ensure_ascii=False) + "\n"
    )
