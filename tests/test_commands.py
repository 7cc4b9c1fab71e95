"""``flask errors`` and ``quart errors``: what they print is what happens, alike on both frameworks."""

from __future__ import annotations

import gzip
import importlib
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import FunctionLoader
from werkzeug.exceptions import HTTPException, NotFound, TooManyRequests

from errbridge import DefaultDispatcher, Handlers, Incident, Problem, Scope, validation
from errbridge.inspection.subject import Source, find_source
from tests.clients import Request
from tests.servers import DEADLINE, ROOT, environment
from tests.twins import WORLDS, Build, Twins, World
from tests.versions import QUART

HERE = Path(__file__)


class Gone(Exception):
    """Of the domain."""


class Withdrawn(Gone):
    """Another exception of the domain."""


class OutOfTea(Problem, status=409, title="Out of tea", slug="out-of-tea"):
    """There is no tea left."""

    cups: int


class Nothing(Problem):
    """Has no status."""


class Limited(TooManyRequests):
    """As Flask-Limiter has one."""


class Refused(HTTPException):
    """With a response of its own."""

    code = 403

    def get_body(self, *args: Any, **kwargs: Any) -> str:
        return "refused"


class Counted(HTTPException):
    """With a response of its own, which is counted."""

    code = 403
    built: ClassVar[list[object]] = []

    def get_response(self, *args: Any, **kwargs: Any) -> Any:
        self.built.append(self)
        return super().get_response(*args, **kwargs)


class Moved(HTTPException):
    """A class that calls no constructor, and has a bad one."""

    code = 410

    def __init__(self) -> None:
        raise AssertionError("the command line makes exceptions without calling the user's code")


def run(world: World, *words: str, **options: Any) -> Any:
    """Run a command of a world's framework."""
    assert world.errors is not None
    # As errors.catalogue(app, types=...) has it: the types of other tests are in the process, and two have one slug.
    world.app.extensions["errbridge"].problem_types = (OutOfTea,)
    group = importlib.import_module(f"{world.adapter.__name__}.cli").errors
    return world.app.test_cli_runner().invoke(group, list(words), **options)


def said(build: Build, *words: str, exit_code: int = 0, **options: Any) -> str:
    """Run a command for both frameworks and give the output on which they agree."""
    twins = Twins.built(build, **options)
    first, second = (run(world, *words) for world in twins.worlds)
    assert (first.exit_code, first.output) == (second.exit_code, second.output)
    assert first.exit_code == exit_code, (first.output, first.exception)
    output: str = first.output
    if words[0] in ("list", "explain", "check") and "--json" not in words and exit_code < 2:
        assert not [line for line in output.splitlines() if len(line) > 80 and len(line.split()) > 2], output
    return output


def words_of(output: str) -> str:
    """Undo the wrapping of lines."""
    return " ".join(output.split())


def data(build: Build, *words: str, **options: Any) -> Any:
    return json.loads(said(build, *words, "--json", **options))


def start(*words: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command as a person does."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


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
    later_at, nothing_at = line_of(later), line_of(nothing)
    native_at, something_at = line_of(native), line_of(something)
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
        f"          {here}.Gone  {here}.nothing",
        f"              {nothing_at}",
        "",
        "no URLs of their own, only the errors of their views",
        "  blueprint tools",
        "",
        "the application  style default, plain page for uncaught exceptions",
        f"  {here}.Gone  {here}.native (native)",
        f"      {native_at}",
        f"  500  {here}.something  {something_at}",
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


def test_a_prefix_is_inside_of_those_that_contain_it_and_of_no_other() -> None:
    def build(world: World) -> None:
        world.errors.api_register("/b", "/a/x/y", "/a", "/a/x", "/ab", "/a/<n>/z")

    (host,) = data(build, "list")["hosts"]
    assert [(scope["prefix"], scope["depth"]) for scope in host["scopes"]] == [
        ("/a", 0),
        ("/a/x", 1),
        ("/a/x/y", 2),
        ("/a/<n>/z", 1),
        ("/ab", 0),
        ("/b", 0),
    ]


def test_the_source_of_any_handler_is_found_or_said_to_be_none() -> None:
    class Callable_:  # noqa: N801 - only here
        def __call__(self, exc: Exception) -> None: ...

    assert find_source(partial(nothing)) == find_source(nothing)
    assert find_source(Callable_()).line == Callable_.__call__.__code__.co_firstlineno
    assert find_source(len) == Source("builtins.len", None, None)


def test_a_handler_without_source_or_outside_of_the_folder_is_listed_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def build(world: World) -> None:
        world.errors.register(world.app, code=404)(str)
        world.errors.register(world.app, code=405)(nothing)

    monkeypatch.chdir(tmp_path)
    output = words_of(said(build, "list"))

    assert "404 builtins.str (no source)" in output
    assert f"405 tests.test_commands.nothing {HERE}:{nothing.__code__.co_firstlineno}" in output


# explain


NOPE = ("explain", "get", "/api/nope", "404", "--accept", "text/html")


def test_explain_says_first_what_decides() -> None:
    here = "tests.test_commands"

    assert said(shop, *NOPE).splitlines() == [
        "GET localhost/api/nope (no view) raises NotFound (404)",
        "",
        "What decides, in this order; None from a handler passes the error on",
        f"  1. {here}.native, native handler of api for 404: the framework's",
        "     choice; what it returns is sent as it is",
        f"     {line_of(native)}",
        "",
        "-v shows the chain, and which handlers do not run",
    ]


def test_explain_says_the_rest_on_demand_with_the_reasons() -> None:
    later_at, nothing_at = line_of(later), line_of(nothing)
    native_at, something_at = line_of(native), line_of(something)
    here = "tests.test_commands"

    assert said(shop, *NOPE, "-v").splitlines()[6:] == [
        "",
        "The chain: the scopes that own the error, the nearest first",
        "  1. api: owns /api; style api",
        "  2. /: owns /; no style",
        "  3. app: the application, the last owner of every error; style default, plain",
        "     page for uncaught",
        "",
        "Not called for 404 Not Found",
        f"  - {here}.later, handler of api for 4xx: called already",
        f"    {later_at}",
        f"  - {here}.nothing, handler of / for 503: not reached: a nearer",
        "    scope has the style api",
        f"    {nothing_at}",
        f"  - {here}.native, native handler of app for",
        f"    {here}.Gone: not what the framework chooses for this error",
        f"    {native_at}",
        f"  - {here}.something, handler of app for 500: not reached: a nearer",
        "    scope has the style api",
        f"    {something_at}",
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "there is no Accept header, so it is the default of the style web, text/html"),
        (("--xhr",), "an XMLHttpRequest asks the style web for a document"),
        (("--accept", "application/xml, application/json"), "application/problem+xml: quality 1, named; XML has to be"),
        (("--accept", "text/*;q=0.4"), "text/html: quality 0.4, covered by a wildcard"),
        (("--accept", "text/html;q=0, */*"), "text/html: not accepted"),
    ],
)
def test_explain_says_why_the_media_type_is_what_it_is(words: tuple[str, ...], line: str) -> None:
    output = said(shop, "explain", "GET", "/api/1/nope", "404", "-v", *words)

    assert line in words_of(output)


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
        (
            ("GET", "/site/", "419"),
            ["raises Problem (419)", "419 as text/html, the built-in page"],
        ),
        (("GET", "/site/", "418"), ["raises ImATeapot (418)"]),
        (("GET", "/site/", "tests.test_commands:OutOfTea"), ["raises OutOfTea (409)", "409 as text/html"]),
        (("GET", "/site/", "tests.test_commands.Moved"), ["raises Moved (410)"]),
        (("GET", "/site/", "werkzeug.exceptions:BadRequestKeyError"), ["raises BadRequestKeyError (400)"]),
        (("GET", "/site/", "werkzeug.routing:RequestRedirect"), ["an answer already", "sends it as it is"]),
        (("GET", "/site/", "UnicodeDecodeError"), ["raises UnicodeDecodeError", "1. the framework makes a 500 of it"]),
        (("GET", "/site/", "FileNotFoundError"), ["raises FileNotFoundError", "500 as text/html"]),
        (("GET", "/site/", "msgspec:ValidationError"), ["1. the framework makes a 500 of it", "500 as text/html"]),
        (("GET", "/site/", "500"), ["raises InternalServerError (500)", "1. site shows it"]),
    ],
)
def test_explain_takes_the_error_as_it_would_happen_there(words: tuple[str, ...], parts: list[str]) -> None:
    output = words_of(said(view, "explain", "-v", *words))

    assert [part for part in parts if part not in output] == []


def test_explain_asks_each_handler_once_and_the_class_before_its_base_classes() -> None:
    def build(world: World) -> None:
        world.errors.register(world.app, code=Gone)(something)
        world.errors.register(world.app, code=[Withdrawn, Exception])(nothing)
        world.errors.register(world.app, code=[500, LookupError])(something)

    asked, failed = data(build, "explain", "GET", "/", "tests.test_commands:Withdrawn")["steps"]

    assert [(entry["key"].rpartition(".")[2], entry["order"], entry["reason"]) for entry in asked["considered"]] == [
        ("Withdrawn", 1, "its class"),
        ("Gone", 2, "a base class of it"),
        ("500", None, "not for exceptions as they are: called once it is a 500"),
        ("everything", None, "not for exceptions as they are: called once it is a 500"),
        ("LookupError", None, "Withdrawn is not one"),
    ]
    assert [(entry["key"].rpartition(".")[2], entry["order"], entry["reason"]) for entry in failed["considered"]] == [
        ("500", None, "called already"),
        ("everything", None, "called already"),
        ("LookupError", None, "InternalServerError is not one"),
        ("Gone", None, "InternalServerError is not one"),
        ("Withdrawn", None, "InternalServerError is not one"),
    ]


def test_a_native_handler_for_a_class_with_a_code_is_shown_as_that_class() -> None:
    """Flask-Limiter's RateLimitExceeded is a 429, and a handler for it is none for 429."""

    def build(world: World) -> None:
        world.app.errorhandler(Limited)(native)
        world.app.errorhandler(429)(native)

    assert [entry["key"] for entry in data(build, "list")["root"]["handlers"]] == ["tests.test_commands.Limited", "429"]
    for error, asked in (("429", "429"), ("tests.test_commands:Limited", "tests.test_commands.Limited")):
        (step,) = data(build, "explain", "GET", "/nope", error)["steps"]
        assert [entry["key"] for entry in step["considered"] if entry["order"]] == [asked]


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
        (
            {"PROPAGATE_EXCEPTIONS": True},
            "it is raised for the developer to see, as in debug, testing and",
        ),
        ({}, "the framework makes a 500 of it"),
    ],
)
def test_explain_knows_whether_an_exception_is_shown_to_the_developer(config: dict[str, Any], line: str) -> None:
    output = said(view, "explain", "GET", "/site/", "LookupError", config=config)

    assert f"1. {line}" in words_of(output)
    assert ("500 as text/html" in output) is not bool(config)


@pytest.mark.parametrize(
    ("config", "otherwise"),
    [
        ({}, "the framework makes a 500 of it"),
        ({"PROPAGATE_EXCEPTIONS": True}, "it is raised for the developer to see"),
    ],
)
def test_explain_says_that_the_rest_happens_only_if_no_handler_takes_the_exception(
    config: dict[str, Any], otherwise: str
) -> None:
    def build(world: World) -> None:
        world.errors.register(world.app, code=Gone)(nothing)

    output = words_of(said(build, "explain", "GET", "/", "tests.test_commands:Gone", config=config))

    assert f"2. only if no handler above takes it: {otherwise}" in output


def test_explain_builds_no_response_of_an_exception() -> None:
    explanation = data(lambda world: None, "explain", "GET", "/", "tests.test_commands:Counted")

    assert explanation["notes"][-1].startswith("its class builds a response of its own")
    assert Counted.built == []


def test_explain_knows_what_is_trapped() -> None:
    output = said(view, "explain", "GET", "/site/", "404", config={"TRAP_HTTP_EXCEPTIONS": True})

    assert "TRAP_HTTP_EXCEPTIONS" in output
    assert "The chain" not in output


@pytest.mark.parametrize(
    ("on_app", "note"),
    [
        (None, "its class builds a response of its own, and no handler is registered for the class"),
        (native, "the framework asks tests.test_commands.native first"),
        (nothing, None),
    ],
)
def test_explain_knows_exceptions_that_build_a_response_of_their_own(on_app: Any, note: str | None) -> None:
    def build(world: World) -> None:
        if on_app is native:
            world.app.errorhandler(Refused)(native)
        if on_app is nothing:
            world.errors.register(world.app, code=Refused)(nothing)

    explanation = data(build, "explain", "GET", "/", "tests.test_commands:Refused")

    assert [each for each in explanation["notes"] if "response of its own" in each and note in each] or note is None
    assert (explanation["otherwise"] is None) is (note is not None)
    assert len(explanation["steps"]) == (note is None)


def test_explain_shows_documents_under_the_type_that_they_are_sent_as() -> None:
    def build(world: World) -> None:
        world.errors.api_register(world.app)

    explanation = data(build, "explain", "GET", "/", "404", config={"ERROR_FORCE_CONTENT_TYPE": False})
    assert explanation["answered_by"] is None
    assert explanation["otherwise"]["media_type"] == "application/json"


def test_explain_names_the_template_or_the_decorator_that_shows_it(tmp_path: Path) -> None:
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "4xx.html").write_text("no")

    def decorator(function: Any) -> Any:
        return function

    given = {"options": {"response": decorator}, "app_options": {"template_folder": str(tmp_path)}}

    def explained(*words: str) -> str:
        shown: str = data(view, "explain", "GET", "/site/", *words, **given)["otherwise"]["shown_by"]
        return shown

    assert explained("404") == "the template errors/4xx.html"
    assert explained("500") == "the built-in page"
    assert explained("404", "--accept", "text/plain") == "the built-in representation"
    assert explained("404", "--xhr").startswith("the response= decorator tests.test_commands.test_explain_names")


def test_explain_compares_the_host() -> None:
    output = said(shop, "explain", "GET", "/", "404", "--host", "a.example.com", "-v")

    assert "1. //*.example.com/: owns *.example.com/; no style" in output


def test_a_native_handler_for_just_anything_that_a_nearer_scope_forestalls_is_passed_over() -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/", "index", nothing)
        world.errors.api_register("/")
        world.app.errorhandler(Exception)(native)

    for error in ("LookupError", "404"):
        output = words_of(said(build, "explain", "GET", "/", error, "-v"))
        assert "native handler of app for Exception: the framework's choice, but a nearer scope handles it" in output


@pytest.mark.parametrize("config", [{}, {"PROPAGATE_EXCEPTIONS": True}])
def test_explain_ends_with_the_handler_of_the_framework_that_answers(config: dict[str, Any]) -> None:
    def build(world: World) -> None:
        world.app.add_url_rule("/crash", "crash", nothing)
        world.app.errorhandler(Exception)(native)

    assert said(build, "explain", "GET", "/crash", "KeyError", config=config).splitlines()[3:] == [
        "  1. tests.test_commands.native, native handler of app for Exception: the",
        "     framework's choice; what it returns is sent as it is",
        f"     {line_of(native)}",
        "",
        "-v shows the chain, and which handlers do not run",
    ]
    explanation = data(build, "explain", "GET", "/crash", "KeyError", config=config)
    assert explanation["answered_by"]["name"] == "tests.test_commands.native"
    assert (explanation["otherwise"] is None) is bool(config)


@pytest.mark.parametrize(
    ("has_native", "own", "last"),
    [
        (False, None, "1. app shows it in the style default 404 as text/html, the built-in page"),
        (False, Gone, "1. app shows it in the style default 404 as text/html, the built-in page"),
        (False, 404, "2. app shows it in the style default 404 as text/html, the built-in page"),
        (True, None, "1. tests.test_commands.native, native handler of app for 404: the framework's choice;"),
        (True, 404, "2. tests.test_commands.native, native handler of app for 404: the framework's choice;"),
    ],
)
def test_explain_says_on_whom_the_answer_depends(has_native: bool, own: Any, last: str) -> None:
    def build(world: World) -> None:
        view(world)
        if own is not None:
            world.errors.register("/nope", code=own)(nothing)
        if has_native:
            world.app.errorhandler(404)(native)

    output = words_of(said(build, "explain", "GET", "/nope", "404"))
    assert last in output
    assert f"{int(last[0]) + 1}. " not in output


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        ("404", ["closed with 4404 404 Not Found"]),
        ("409", ["409 as application/problem+json", "closed with 4409 409 Conflict"]),
        ("LookupError", ["500 as application/problem+json", "closed with 1011 Internal Server Error"]),
    ],
)
def test_explain_knows_websockets_of_quart(error: str, parts: list[str]) -> None:
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.api_register(api)
        if world.is_async:
            api.add_websocket("/chat", "chat", nothing)
        world.app.register_blueprint(api)

    twins = Twins.built(build)
    flask, quart = (run(world, "explain", "websocket", "/api/chat", error) for world in twins.worlds)

    assert (flask.exit_code, quart.exit_code) == (2, 0)
    assert "only Quart has WebSockets" in flask.output
    assert quart.output.startswith("WEBSOCKET localhost/api/chat (view api.chat) raises")
    assert [part for part in parts if part not in words_of(quart.output)] == []


def a_view_that_validates(world: World) -> None:
    view(world)
    world.errors.include(validation.handlers)


VALIDATION_ERRORS = [
    "pydantic:ValidationError",
    "cattrs.errors:ClassValidationError",
    "jsonschema:ValidationError",
    "marshmallow:ValidationError",
    "msgspec:ValidationError",
]


@pytest.mark.parametrize("error", VALIDATION_ERRORS)
@pytest.mark.parametrize(
    ("options", "build", "seen"),
    [
        ({}, view, "the framework makes a 500 of it"),
        ({}, view, "Note: a validation error is a bug of yours unless you say that the data are the client's"),
        ({"config": {"ERROR_VALIDATION": True}}, view, "it means Problem (422)"),
        (
            {},
            a_view_that_validates,
            "1. errbridge.validation.problems.answer_invalid_data, handler of app for",
        ),
    ],
)
def test_explain_takes_the_exceptions_of_validation_libraries(
    error: str, options: dict[str, Any], build: Build, seen: str
) -> None:
    output = words_of(said(build, "explain", "POST", "/", error, **options))
    assert seen in output
    assert ("a bug of yours" in output) is (build is view and not options)


@pytest.mark.parametrize(("no_color", "is_bold"), [("", True), ("1", False)])
def test_headings_are_bold_on_a_terminal_unless_no_color_is_set(no_color: str, is_bold: bool, world: World) -> None:
    view(world)
    output = run(world, "list", color=True, env={"NO_COLOR": no_color}).output

    assert ("\x1b[1m" in output) is is_bold


KEYS = [
    [Gone, Withdrawn],
    [404, "4xx"],
    404,
    500,
    418,
    "4xx",
    "5xx",
    None,
    Exception,
    NotFound,
    HTTPException,
    Gone,
    Withdrawn,
    LookupError,
]
ERRORS = ["404", "405", "418", "500", "tests.test_commands:Gone", "tests.test_commands:Withdrawn", "IndexError"]
RAISED: dict[str, Callable[[], Exception]] = {
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
    st.lists(
        st.tuples(st.sampled_from([None, "outer"]), st.sampled_from([404, Gone, Exception]), st.booleans()), max_size=2
    ),
    st.sampled_from(["/outer/in/view", "/outer/in/nope", "/outer/view", "/nope"]),
    st.sampled_from(ERRORS),
    st.sampled_from(["", "text/html", "application/json", "application/xml", "text/plain;q=0.3, */*;q=0.1"]),
)
def test_what_explain_says_is_what_happens(
    registered: list[tuple[str, Any]],
    styles: dict[str, str],
    natives: list[tuple[str | None, Any, bool]],
    path: str,
    error: str,
    accept: str,
) -> None:
    """Every handler notes that it was asked, and leaves the error to the next one; some of the framework's answer."""
    asked: list[str] = []

    def build(world: World) -> None:
        outer = world.Blueprint("outer", __name__, url_prefix="/outer")
        inner = world.Blueprint("inner", __name__, url_prefix="/in")
        targets = {"app": world.app, "outer": outer, "outer.inner": inner, "//localhost/": Scope(host="localhost")}

        def noting(name: str, answer: tuple[str, int] | None = None) -> Any:
            def handler(exc: Exception) -> Any:
                asked.append(name)
                return answer

            return handler

        def fail() -> Any:
            made = RAISED[error]()
            raise made

        for number, (where, key) in enumerate(registered):
            handler = noting(str(number))
            handler.__qualname__ = str(number)
            world.errors.register(targets.get(where, where), code=key)(handler)
        for where, style in styles.items():
            register = getattr(world.errors, f"{style}_register")
            register(targets.get(where, where))
        for number, (blueprint, key, answers) in enumerate(natives, start=100):
            handler = noting(str(number), (f"native {number}", 299) if answers else None)
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
    expected = [name for _, _, name in sorted(orders)]
    answering = {str(number) for number, (_, _, answers) in enumerate(natives, start=100) if answers}
    first = next((place for place, name in enumerate(expected) if name in answering), None)
    if first is None:
        assert asked == expected
        assert answer.status == explanation["otherwise"]["status"]
        assert (answer.content_type or "").partition(";")[0] == explanation["otherwise"]["media_type"]
    else:
        assert asked == expected[: first + 1]
        assert (answer.status, answer.text) == (299, f"native {asked[-1]}")
    promised = explanation["answered_by"]
    assert (None if promised is None else promised["name"].rpartition(".")[2]) == next(
        (name for name in expected if int(name) >= 100), None
    )
    assert (
        run(twins.quart, "explain", method, path, error, "--accept", accept, "--json").output
        == json.dumps(explanation, indent=2, ensure_ascii=False) + "\n"
    )


# check


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
        "  the handler for 404 never runs: tests.test_commands.something took its place;",
        "  remove one",
        f"  tests.test_commands.nothing  {line_of(nothing)}",
        "",
        "1 finding",
    ]


def test_a_style_that_another_one_replaces_is_reported() -> None:
    def build(world: World) -> None:
        site = world.Blueprint("site", __name__, url_prefix="/site")
        world.app.register_blueprint(site)
        world.errors.api_register(site, "/twice", "/once")
        world.errors.web_register(site)
        world.errors.api_register("/twice")
        world.errors.default_register(world.app)
        world.errors.web_register(world.app)
        world.errors.default_register(world.app)
        world.errors.api_register(world.app)

    output = json.loads(said(build, "check", "--json", exit_code=1))

    assert [(finding["code"], finding["scope"], finding["message"].partition(";")[0]) for finding in output] == [
        (
            "replaced-style",
            scope,
            f"the style {first} is never shown: {last}, which was registered later, took its place",
        )
        for scope, first, last in [("site", "api", "web"), ("app", "default", "api"), ("app", "web", "api")]
    ]


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
    def build(world: World) -> None:
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.errors.api_register(api, "/all", Scope(host="www.example.com"))
        world.errors.register("/api", code=[404, Gone])(nothing)  # behind the blueprint, except for exceptions
        world.errors.web_register("/all/<unknown:x>")
        bare = world.Blueprint("bare", __name__)
        world.errors.register(bare)(nothing)
        world.app.register_blueprint(bare)
        world.app.register_blueprint(api)
        world.errors.register(world.Blueprint("forgotten", __name__))(nothing)

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
    assert "the style is shown only if the framework's own handler for" in words_of(said(build, "check", exit_code=1))


def test_a_style_in_place_of_a_native_handler_for_everything_is_not_reported_and_explained() -> None:
    def build(world: World) -> None:
        world.errors.api_register(world.app)
        world.app.errorhandler(HTTPException)(native)
        world.app.errorhandler(Exception)(nothing)

    options = {"replace_native": True}
    assert found(build, exit_code=0, options=options) == []
    output = words_of(said(build, "explain", "-v", "GET", "/nope", "404", options=options))
    assert output.count("errbridge replaces it (replace_native)") == 2


def test_a_replaced_method_of_the_framework_is_reported() -> None:
    """Flask-RESTX puts functions of its own there, and answers before errbridge is asked (FAULTS C6)."""

    def build(world: World) -> None:
        world.app.handle_user_exception = partial(nothing)

    output = said(build, "check", exit_code=1)
    assert output.startswith("replaced-method: app\n")
    assert "handle_user_exception of the application was replaced by tests.test_commands.nothing" in words_of(output)
    assert "handle_user_exception" in said(build, "explain", "GET", "/nope", "404")


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
        (folder / name).write_text(text)


@pytest.mark.filterwarnings("default:ERROR_PAGE is 'oops.html':UserWarning")
@pytest.mark.parametrize(
    ("files", "config", "faults"),
    [
        ({"errors/404.html": "{% extends 'layout.html' %}"}, {}, ["layout.html does not exist, which errors/404.html"]),
        ({"errors/404.html": "{% include name %}"}, {}, []),
        ({"errors/5xx.html": "{% if %}"}, {}, ["line 1 of 'errors/5xx.html' cannot be compiled"]),
        (
            {"errors/5xx.html": "{% include 'a.html' %}", "a.html": "{% include 'errors/5xx.html' %}{{"},
            {},
            ["line 1 of 'a.html' can"],
        ),
        ({}, {"ERROR_PAGE": "oops.html"}, ["ERROR_PAGE names oops.html, which does not exist"]),
        ({"oops.html": "fine"}, {"ERROR_PAGE": "oops.html"}, []),
        ({"errors/4xx.html": "", "errors/5xx.html": "", "oops.html": ""}, {"ERROR_PAGE": "oops.html"}, []),
        ({"oops.html": "{{"}, {"ERROR_PAGE": "oops.html"}, ["line 1 of 'oops.html' cannot be compiled"]),
        ({"oops.html": "{% extends 'no.html' %}"}, {"ERROR_PAGE": "oops.html"}, ["no.html does not exist, which oops"]),
        ({"site/errors/404.html": "fine", "errors/404.html": "{{"}, {}, []),
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


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"errors/out_of_tea.html": ""}, "errors/out_of_tea.html is the page of no status and no known problem type; "),
        ({"errors/out_of_tea.html": ""}, "did you mean 'out-of-tea.html'? Ignore this check if you name it in Page()"),
        ({"site/errors/4x.html": ""}, "site/errors/4x.html is the page of no status and no known problem type; did"),
        ({"errors/gone-for-good.html": "{{"}, "no known problem type. Ignore this check"),
        ({"errors/out-of-tea.html": "", "errors/419.html": "", "site/errors/5xx.html": ""}, None),
        (
            {
                "errors/box.html": "",
                "errors/base.html": "{% include 'errors/box.html' %}",
                "x.html": "{% extends 'errors/base.html' %}",
            },
            None,
        ),
        ({"other/errors/x.html": "", "errors/parts/x.html": "", "x.html": "", "errors/x.txt": ""}, None),
    ],
)
def test_pages_that_no_error_has_by_their_name_are_reported(
    tmp_path: Path, files: dict[str, str], told: str | None
) -> None:
    write_templates(tmp_path, files)
    options = {"app_options": {"template_folder": str(tmp_path)}}

    output = words_of(said(view, "check", exit_code=told is not None, **options))

    assert output.count("unknown-template: app") == (told is not None)
    assert told is None or told in output


def test_the_page_of_the_configuration_may_have_any_name(tmp_path: Path) -> None:
    write_templates(tmp_path, {"errors/any.html": ""})
    options = {"app_options": {"template_folder": str(tmp_path)}, "config": {"ERROR_PAGE": "errors/any.html"}}

    assert found(view, exit_code=0, **options) == []


def test_types_outside_of_the_catalogue_have_no_page(tmp_path: Path) -> None:
    """`run` makes a catalogue of `OutOfTea` alone, so the type of another service is unknown."""
    elsewhere = type("KnownElsewhere", (Problem,), {}, status=410)
    write_templates(tmp_path, {f"errors/{elsewhere(410).slug}.html": ""})

    assert found(view, app_options={"template_folder": str(tmp_path)}) == [("unknown-template", "app")]


def test_a_loader_that_lists_no_templates_has_no_unknown_ones() -> None:
    def build(world: World) -> None:
        world.app.jinja_loader = FunctionLoader(lambda name: None)
        world.app.jinja_env.loader = world.app.jinja_loader
        view(world)

    assert found(build, exit_code=0) == []


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


def test_pages_of_a_blueprint_without_prefix_are_reported_if_the_application_has_no_style(tmp_path: Path) -> None:
    def build(world: World) -> None:
        for name in ("site", "tools"):
            blueprint = world.Blueprint(name, __name__)
            blueprint.add_url_rule(f"/{name}", "index", nothing)
            world.app.register_blueprint(blueprint)

    write_templates(tmp_path, {"site/errors/404.html": ""})
    assert found(build, app_options={"template_folder": str(tmp_path)}) == [("no-prefix", "site")]


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
    assert found(view, config={"ERROR_TYPE_URI": "https://example.com/problem"}) == [("conflicting-types", "app")]


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


def test_checks_can_be_left_out_by_their_code() -> None:
    def build(world: World) -> None:
        world.errors.register(world.Blueprint("elsewhere", __name__))(nothing)

    assert found(build) == [("unregistered-blueprint", "elsewhere")]
    assert found(build, "--ignore", "unregistered-blueprint", exit_code=0) == []
    output = said(build, "check", "--ignore", "nonsense", exit_code=2)
    assert "there is no check nonsense; there are unreadable-scope, same-place" in output


# preview


def test_preview_writes_the_same_files_on_both_frameworks_and_asks_nobody(tmp_path: Path) -> None:
    def build(world: World) -> None:
        def fail(*args: Any) -> Any:
            raise AssertionError("called")

        view(world)
        api = world.Blueprint("api", __name__, url_prefix="/api")
        world.app.register_blueprint(api)
        tools = world.Blueprint("tools", __name__)
        tools.add_url_rule("/hammer", "hammer", nothing)
        world.app.register_blueprint(tools)
        world.errors.api_register(api, Scope(host="api.example.com"), Scope(host="api.example.com", prefix="/"))
        world.errors.register(world.app)(fail)
        world.app.errorhandler(404)(fail)
        world.errors.on_incident(fail)

    twins = Twins.built(build)
    written: list[dict[str, str]] = []
    for world in twins.worlds:
        folder = tmp_path / world.name
        result = run(world, "preview", str(folder))
        assert (result.exit_code, result.output) == (0, f"227 files below {folder}\n")
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        text = {name: path.read_text().replace(str(folder), "") for name, path in files.items()}
        written.append({name: content.replace(f"errbridge_{world.name}", "") for name, content in text.items()})

    assert written[0] == written[1]
    scopes = {name.split("/")[1] for name in written[0] if "/" in name}
    assert scopes == {"site", "api", "api.example.com", "app"}  # nginx finds no scope by its views
    assert written[0]["error-pages/api/429.txt"].splitlines()[0] == "429 Too Many Requests"
    assert '<a href="error-pages/api/429.txt">429.txt</a>' in written[0]["index.html"]
    assert "tools" not in written[0]["nginx-http.conf"]


def test_preview_gives_scopes_of_like_names_folders_of_their_own(tmp_path: Path) -> None:
    def build(world: World) -> None:
        world.errors.api_register("/app", "/a b", "/a-b", Scope(host="<x>.example.com"))

    output = said(build, "preview", str(tmp_path / "made"))

    folders = {path.name for path in (tmp_path / "made" / "error-pages").iterdir()}
    assert folders == {"app", "app-2", "a-b", "a-b-2", "x-.example.com"}
    assert output.startswith("2")


@pytest.mark.parametrize("config", [{}, {"PROPAGATE_EXCEPTIONS": True}])
def test_preview_reports_a_template_that_fails(tmp_path: Path, config: dict[str, Any]) -> None:
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "404.html").write_text("{{ nothing.at.all }}")
    options = {"app_options": {"template_folder": str(tmp_path)}, "config": config}

    def build(world: World) -> None:
        world.errors.web_register(world.app, Scope(host="www.example.com"))

    output = said(build, "preview", str(tmp_path / "made"), exit_code=1, **options)

    failures = [line for line in output.splitlines() if line.startswith("failed: ")]
    assert len(failures) == len(set(failures)) == (2 if config else 1)  # in propagate mode, each names its file
    assert "nothing" in failures[0]
    assert logging.getLogger("errbridge").filters == []
    made = tmp_path / "made" / "error-pages" / "app" / "404.html"
    assert made.exists() is not bool(config)


def test_preview_says_what_it_wrote_to_programs(tmp_path: Path) -> None:
    written = data(view, "preview", str(tmp_path / "made"))

    assert "error-pages/site/404.html" in written["files"]
    assert "nginx-http.conf" in written["files"]
    assert written["failures"] == []


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert "the files cannot be written: " in said(view, "preview", str(tmp_path / "file" / "made"), exit_code=2)


def test_preview_uses_the_response_decorator(tmp_path: Path) -> None:
    def decorator(function: Any) -> Any:
        def made() -> Any:
            document, status, headers = function()
            return {"error": document["title"]}, status, headers

        return made

    said(view, "preview", str(tmp_path / "made"), options={"response": decorator})

    assert json.loads((tmp_path / "made/error-pages/site/404.json").read_text()) == {"error": "Not Found"}


# types


def test_types_shows_the_catalogue() -> None:
    output = said(lambda world: None, "types", config={"ERROR_TYPE_URI": "https://example.com/{slug}"})

    paragraph = next(each for each in output.split("\n\n") if each.startswith("out-of-tea"))
    assert (
        paragraph.splitlines()
        == [
            "out-of-tea: 409 Out of tea",
            "  https://example.com/out-of-tea",
            "  tests.test_commands.OutOfTea(cups)",
            "  There is no tea left.",
        ]
        or "follows the name" in paragraph
    )


def test_types_gives_schemas_to_programs() -> None:
    schema = json.loads(said(lambda world: None, "types", "--schema"))
    openapi = json.loads(said(lambda world: None, "types", "--openapi"))

    assert data(lambda world: None, "types") == schema

    assert schema["$defs"]["OutOfTea"]["properties"]["status"] == {"type": "integer", "const": 409}
    assert openapi["components"]["schemas"]["OutOfTea"]["properties"]["cups"]["type"] == "integer"


# find


ID = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
LOG = f"ERROR shop K\xe4se (incident {ID})\n".encode()


def test_find_reads_compressed_logs_beside_others(tmp_path: Path) -> None:
    (tmp_path / "shop.log").write_bytes(LOG)
    (tmp_path / "shop.log.1.gz").write_bytes(gzip.compress(LOG + b"\xff\n" + LOG))
    logs = [str(tmp_path / name) for name in ("shop.log", "shop.log.1.gz")]

    found = data(view, "find", ID[:8], *logs)

    assert [(each["source"], each["line"]) for each in found] == [(logs[0], 1), (logs[1], 1), (logs[1], 3)]
    assert {each["text"] for each in found} == {LOG.decode().rstrip()}


@pytest.mark.parametrize(
    "content", [LOG, gzip.compress(LOG)[:-4], gzip.compress(LOG)[:12] + b"\xff" * 40], ids=["plain", "short", "broken"]
)
def test_find_refuses_what_only_looks_compressed(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "shop.log.gz").write_bytes(content)

    assert "shop.log.gz cannot be read: " in said(view, "find", ID, str(tmp_path / "shop.log.gz"), exit_code=2)


# The group.


def test_the_group_names_its_commands() -> None:
    output = said(view, "--help")

    assert [line.split()[0] for line in output.partition("Commands:\n")[2].splitlines()] == [
        "check",
        "eject",
        "explain",
        "find",
        "list",
        "preview",
        "types",
    ]


# What cannot be done.


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("explain", "GET", "/", "200"), "an error has a status from 400 to 599, not 200"),
        (("explain", "GET", "/", "Nope"), "there is no exception 'Nope' in Python"),
        (("explain", "GET", "/", "no.such:Thing"), "'no.such:Thing' cannot be found"),
        (("explain", "GET", "/", "json.Nope"), "write it as package.module:Class"),
        (("explain", "GET", "/", "json:dumps"), "is no exception class that a handler could get"),
        (("explain", "GET", "/", "SystemExit"), "is no exception class that a handler could get"),
        (("explain", "GET", "/", "ExceptionGroup"), "name one of them"),
        (("explain", "GET", "/", "tests.test_commands:Nothing"), "has no status of its own"),
        (("explain", "GET", "/", "pydantic_core:SchemaError"), "cannot be made without its library"),
        (("explain", "GET", "/"), "Missing argument"),
        (("explain", "GET", "site", "404"), "a path begins with a slash; write '/site'"),
    ],
)
def test_what_cannot_be_done_is_said_with_exit_code_2(words: tuple[str, ...], complaint: str) -> None:
    assert complaint in said(view, *words, exit_code=2)


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_an_application_without_errbridge_is_told_how_to_get_it(name: str) -> None:
    world = WORLDS[name]()
    commands = importlib.import_module(f"{world.adapter.__name__}.cli").errors
    result = world.app.test_cli_runner().invoke(commands, ["list"])

    assert result.exit_code == 2
    assert "has no ErrorHandler: write errors = ErrorHandler(app), or errors.init_app(app)" in result.output


def test_a_host_that_cannot_be_one_is_answered_by_each_framework_in_its_own_way() -> None:
    twins = Twins.built(view)
    flask, quart = (run(world, "explain", "GET", "/site/", "404", "--host", "a..b") for world in twins.worlds)

    assert (flask.exit_code, quart.exit_code) == (0, 0 if QUART >= (0, 23) else 2)
    for result in (flask, quart):
        expected = "the framework refuses the request:" if result.exit_code else "routing itself says"
        assert f"{expected} 400 Bad Request" in words_of(result.output)


# As people start it.


@pytest.mark.parametrize("framework", ["flask", "quart"])
def test_the_framework_finds_the_commands_by_their_entry_point(framework: str) -> None:
    listed = start(framework, "--app", f"examples.demo.{framework}_app", "errors", "list")
    unknown = start(framework, "--app", "no_such_module", "errors", "list")

    assert (listed.returncode, listed.stderr) == (0, "")
    assert f"examples/demo/{framework}_app.py:" in listed.stdout
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "no_such_module" in unknown.stderr


@pytest.mark.parametrize(
    "adapter", ["errbridge_flask", "errbridge_flask.cli", "errbridge_quart", "errbridge_quart.cli"]
)
def test_neither_an_adapter_nor_its_entry_point_loads_the_command_line_rooms(adapter: str) -> None:
    rooms = "('errbridge.inspection', 'errbridge.pallets.inspected', 'errbridge.pallets.commands')"
    code = f"import {adapter}, sys; print([name for name in sys.modules if name.startswith({rooms})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=DEADLINE)

    assert done.stdout == "[]\n"
