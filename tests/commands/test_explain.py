"""``errors explain``: what it explains is what happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.exceptions import HTTPException, NotFound

from errbridge import Problem, Scope, validation
from tests.clients import Request
from tests.commands.shop import (
    Counted,
    Gone,
    Limited,
    Refused,
    Withdrawn,
    data,
    later,
    line_of,
    native,
    nothing,
    run,
    said,
    shop,
    something,
    view,
    words_of,
)
from tests.twins import Build, Twins, World

NOPE = ("explain", "get", "/api/nope", "404", "--accept", "text/html")


def test_explain_says_first_what_decides() -> None:
    here = "tests.commands.shop"

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
    here = "tests.commands.shop"

    assert said(shop, *NOPE, "-v").splitlines()[6:] == [
        "",
        "The chain: the scopes that own the error, the nearest first",
        "  1. api: owns /api; style api",
        "  2. /: owns /; no style",
        "  3. app: the application, the last owner of every error; style default, plain",
        "     page for uncaught exceptions",
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


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("GET", "/site/", "404"), ["(view site.index) raises NotFound (404)", "a blueprint of the view site.index"]),
        (("POST", "/site/", "405"), ["(no view) raises MethodNotAllowed (405)", "site: owns /site"]),
        (("POST", "/site/", "404"), ["routing itself says 405 Method Not Allowed here; ", "before_request"]),
        (("GET", "/nope", "401"), ["routing itself says 404 Not Found", "raises Unauthorized (401)"]),
        (
            ("GET", "/site/x", "404"),
            ["routing itself redirects this request to http://localhost/site/x/", "before_request"],
        ),
        (
            ("GET", "/site/", "419"),
            ["raises Problem (419)", "419 as text/html, the built-in page"],
        ),
        (("GET", "/site/", "418"), ["raises ImATeapot (418)"]),
        (("GET", "/site/", "tests.commands.shop:OutOfTea"), ["raises OutOfTea (409)", "409 as text/html"]),
        (("GET", "/site/", "tests.commands.shop.Moved"), ["raises Moved (410)"]),
        (("GET", "/site/", "OutOfTea"), ["raises OutOfTea (409)"]),
        (("GET", "/site/", "werkzeug.exceptions:BadRequestKeyError"), ["raises BadRequestKeyError (400)"]),
        (("GET", "/site/", "werkzeug.routing:RequestRedirect"), ["an answer already", "sends it as it is"]),
        (("GET", "/site/", "UnicodeDecodeError"), ["raises UnicodeDecodeError", "1. the framework makes a 500 of it"]),
        (("GET", "/site/", "FileNotFoundError"), ["raises FileNotFoundError", "500 as text/html"]),
        (("GET", "/site/", "msgspec:ValidationError"), ["1. the framework makes a 500 of it", "500 as text/html"]),
        (("GET", "/site/", "500"), ["raises InternalServerError (500)", "1. site shows the 500"]),
    ],
)
def test_explain_takes_the_error_as_it_would_happen_there(words: tuple[str, ...], parts: list[str]) -> None:
    output = words_of(said(view, "explain", "-v", *words))

    assert [part for part in parts if part not in output] == []


def test_explain_knows_the_blueprint_of_a_route_with_another_method() -> None:
    def build(world: World) -> None:
        plain = world.Blueprint("plain", __name__)
        plain.add_url_rule("/plain", "plain", view_func=dict, methods=["GET"])
        world.errors.api_register(plain)
        world.app.register_blueprint(plain)

    output = words_of(said(build, "explain", "-v", "POST", "/plain", "405"))

    assert "plain: its route has this URL with another method; style api" in output


def with_names(world: World) -> None:
    view(world)
    world.errors.register(world.app, code=Withdrawn)(nothing)
    world.app.errorhandler(Gone)(nothing)  # one of Werkzeug's has the same name


@pytest.mark.parametrize(
    ("name", "raised"),
    [
        ("Withdrawn", "raises tests.commands.shop.Withdrawn"),
        ("OutOfTea", "raises OutOfTea (409)"),
        ("Gone", "raises tests.commands.shop.Gone"),
        ("Conflict", "raises Conflict (409)"),
        ("BadRequestKeyError", "raises BadRequestKeyError (400)"),
        ("LookupError", "raises LookupError"),
    ],
)
def test_explain_takes_the_bare_names_of_known_exceptions(name: str, raised: str) -> None:
    assert raised in words_of(said(with_names, "explain", "GET", "/site/", name))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("4xx", "4xx is a family of statuses; name one of them, such as 404"),
        ("5XX", "5XX is a family of statuses; name one of them, such as 504"),
        ("Withdrawm", "there is no exception 'Withdrawm'; did you mean 'Withdrawn'?"),
        ("tests.commands.shop:Witdrawn", "; did you mean 'Withdrawn'?"),
        ("ImATeepot", "did you mean 'ImATeapot'?"),
        (
            "NamedNowhere",
            "there is no exception 'NamedNowhere' in Python or among what is imported; write one of your own ",
        ),
        ("Twice", "there is more than one exception 'Twice'; write tests.commands.test_explain:Twice or tests.c"),
    ],
)
def test_explain_says_what_to_write_for_an_error_that_it_does_not_know(name: str, message: str) -> None:
    def build(world: World) -> None:
        with_names(world)
        for _ in range(2 if name == "Twice" else 0):
            world.errors.register(world.app, code=type("Twice", (Exception,), {}))(nothing)

    assert message in words_of(said(build, "explain", "GET", "/site/", name, exit_code=2))


def test_explain_asks_each_handler_once_and_the_class_before_its_base_classes() -> None:
    def build(world: World) -> None:
        world.errors.register(world.app, code=Gone)(something)
        world.errors.register(world.app, code=[Withdrawn, Exception])(nothing)
        world.errors.register(world.app, code=[500, LookupError])(something)

    asked, failed = data(build, "explain", "GET", "/", "tests.commands.shop:Withdrawn")["steps"]

    assert [(entry["key"].rpartition(".")[2], entry["order"], entry["reason"]) for entry in asked["considered"]] == [
        ("Withdrawn", 1, ""),
        ("Gone", 2, ""),
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

    assert [entry["key"] for entry in data(build, "list")["scopes"][-1]["handlers"]] == [
        "tests.commands.shop.Limited",
        "429",
    ]
    for error, asked in (("429", "429"), ("tests.commands.shop:Limited", "tests.commands.shop.Limited")):
        (step,) = data(build, "explain", "GET", "/nope", error)["steps"]
        assert [entry["key"] for entry in step["considered"] if entry["order"]] == [asked]


def test_explain_calls_nothing_that_the_user_wrote() -> None:
    called: list[object] = []

    def build(world: World) -> None:
        def fail(*args: Any, **kwargs: Any) -> Any:
            called.append(args)
            raise AssertionError("called")

        shop(world)
        world.errors.register("/api")(fail)
        world.app.before_request(fail)
        world.app.teardown_request(fail)
        world.app.session_interface = type(world.app.session_interface)()  # which all applications share
        world.app.session_interface.open_session = fail
        world.errors.on_incident(fail)
        world.errors.locale_with(fail)
        world.errors.trace_with(lambda: fail())

    for error in ("404", "500", "LookupError", "tests.commands.shop:Moved"):
        said(build, "explain", "GET", "/api/nope", error)
    assert called == []


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

    output = words_of(said(build, "explain", "GET", "/", "tests.commands.shop:Gone", config=config))

    assert f"2. only if no handler above takes it: {otherwise}" in output


def test_explain_builds_no_response_of_an_exception() -> None:
    explanation = data(lambda world: None, "explain", "GET", "/", "tests.commands.shop:Counted")

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
        (native, "the framework asks tests.commands.shop.native first"),
        (nothing, None),
    ],
)
def test_explain_knows_exceptions_that_build_a_response_of_their_own(on_app: Any, note: str | None) -> None:
    def build(world: World) -> None:
        if on_app is native:
            world.app.errorhandler(Refused)(native)
        if on_app is nothing:
            world.errors.register(world.app, code=Refused)(nothing)

    explanation = data(build, "explain", "GET", "/", "tests.commands.shop:Refused")

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
    assert explained("404", "--xhr").startswith(
        "the response= decorator tests.commands.test_explain.test_explain_names"
    )


def test_explain_names_what_shows_the_error_in_place_of_a_template_that_cannot_be_compiled(tmp_path: Path) -> None:
    (tmp_path / "errors").mkdir()
    (tmp_path / "errors" / "404.html").write_text("{% if %}")
    sent: list[BaseException] = []

    def note(sender: Any, exception: BaseException, **extra: Any) -> None:
        sent.append(exception)

    def build(world: World) -> None:
        view(world)
        world.framework.got_request_exception.connect(note, world.app)

    explanation = data(build, "explain", "GET", "/site/", "404", app_options={"template_folder": str(tmp_path)})

    assert explanation["otherwise"]["shown_by"] == "the built-in page"
    assert sent == []


def test_explain_compares_the_host() -> None:
    output = said(shop, "explain", "GET", "/", "404", "--host", "a.example.com", "-v")

    assert "1. //*.example.com/: owns *.example.com/; no style" in output
    assert output == said(shop, "explain", "GET", "https://a.example.com/#top", "404", "-v")


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (("http://shop.example:8080/api/nope?a=http://b/",), "shop.example:8080/api/nope"),
        (("http://shop.example/api/nope", "--host", "a.example.com"), "a.example.com/api/nope"),
        (("http://shop.example",), "shop.example/"),
        (("/http://shop.example",), "localhost/http://shop.example"),
    ],
)
def test_explain_takes_a_url(words: tuple[str, ...], place: str) -> None:
    path, *options = words

    assert said(shop, "explain", "GET", path, "404", *options).startswith(f"GET {place} (no view) raises")


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
        "  1. tests.commands.shop.native, native handler of app for Exception: the",
        "     framework's choice; what it returns is sent as it is",
        f"     {line_of(native)}",
        "",
        "-v shows the chain, and which handlers do not run",
    ]
    explanation = data(build, "explain", "GET", "/crash", "KeyError", config=config)
    assert explanation["answered_by"]["name"] == "tests.commands.shop.native"
    assert (explanation["otherwise"] is None) is bool(config)


@pytest.mark.parametrize(
    ("has_native", "own", "last"),
    [
        (False, None, "1. app shows the 404 in the style default 404 as text/html, the built-in page"),
        (False, Gone, "1. app shows the 404 in the style default 404 as text/html, the built-in page"),
        (False, 404, "2. app shows the 404 in the style default 404 as text/html, the built-in page"),
        (True, None, "1. tests.commands.shop.native, native handler of app for 404: the framework's choice;"),
        (True, 404, "2. tests.commands.shop.native, native handler of app for 404: the framework's choice;"),
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
        ("404", ["closed with 4404 (404 Not Found"]),
        ("409", ["409 as application/problem+json", "closed with 4409 (409 Conflict"]),
        ("LookupError", ["500 as application/problem+json", "closed with 1011 (Internal Server Error)"]),
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
ERRORS = ["404", "405", "418", "500", "tests.commands.shop:Gone", "tests.commands.shop:Withdrawn", "IndexError"]
RAISED: dict[str, Callable[[], Exception]] = {
    "404": NotFound,
    "418": partial(Problem, 418),
    "500": partial(Problem, 500),
    "tests.commands.shop:Gone": Gone,
    "tests.commands.shop:Withdrawn": Withdrawn,
    "IndexError": IndexError,
}
TARGETS = ["app", "outer", "outer.inner", "/outer", "/", "//localhost/"]


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
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
