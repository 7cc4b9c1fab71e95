"""The served catalogue: every `type` that an application sends leads to a page about it."""

from __future__ import annotations

import importlib
import json
import re
import types
from decimal import Decimal
from html import unescape
from typing import Annotated, Any, Literal, TypedDict

import pytest
from jsonschema import Draft202012Validator

from errbridge import Problem, SetupError
from tests.clients import Request
from tests.twins import Build, Twins, World, ask_both

JSON = [("Accept", "application/json")]
API = [("Accept", "application/problem+json")]


class Place(TypedDict):
    street: str
    number: int


class OutOfCredit(Problem, status=402, title="Out of <credit>", slug="served-out-of-credit"):
    """There is less credit than the order costs.

    Top the account *up* & try again, with
    ``POST /credit``:

    - by **card**
      of any kind
    - by <b>bank</b>
    """

    balance: Annotated[int, "What is left, in `<cents>`"]
    cost: Decimal | None = None
    kind: Literal["a", "b"] = "a"
    lines: tuple[int, ...] = ()
    pair: tuple[int, str] = (1, "a")
    limits: Any = None
    rates: dict[str, float] | None = None
    place: Place | None = None


class Elsewhere(Problem, status=409, type="https://elsewhere.example/conflict", slug="served-elsewhere"):
    """Documented by another team."""


TYPES = (OutOfCredit, Elsewhere)


def served(**options: Any) -> Build:
    def build(world: World) -> None:
        world.errors.api_register("/api")
        world.errors.catalogue(world.app, types=TYPES, **options)

        def fail(problem: str) -> str:
            raise {"buy": OutOfCredit(balance=3), "teapot": Problem(418), "odd": Problem(499)}[problem]

        world.app.add_url_rule("/api/raise/<problem>", "fail", fail)

    return build


@pytest.mark.parametrize("path", ["/api/raise/buy", "/api/raise/teapot", "/api/raise/odd", "/api/nope"])
def test_the_type_of_every_problem_leads_to_a_page_about_it(path: str) -> None:
    twins = Twins.built(served())
    problem = twins.ask(path).json

    page = twins.ask(problem["type"])
    assert (page.status, page.content_type) == (200, "text/html; charset=utf-8")
    assert problem["type"] in unescape(page.text)
    schema = twins.ask(problem["type"], headers=JSON)
    assert schema.content_type == "application/schema+json"
    Draft202012Validator.check_schema(schema.json)
    Draft202012Validator(schema.json).validate(problem)


def test_types_are_relative_references_unless_the_application_says_otherwise() -> None:
    assert ask_both(served(), "/api/raise/buy").json["type"] == "/problems/served-out-of-credit"
    assert ask_both(served(url_prefix="/docs/errors"), "/api/nope").json["type"] == "/docs/errors/not-found"
    config = {"ERROR_TYPE_URI": "https://example.com/problems/{slug}"}
    assert ask_both(served(), "/api/nope", config=config).json["type"] == "https://example.com/problems/not-found"
    page = ask_both(served(), "/problems/not-found", config=config, headers=JSON)
    assert page.json["properties"]["type"]["const"] == "https://example.com/problems/not-found"


def test_the_page_of_a_type_says_all_about_it_and_shows_no_markup_of_others() -> None:
    page = ask_both(served(), "/problems/served-out-of-credit")

    text = page.text
    assert "Out of &lt;credit&gt;" in text
    assert '<p dir="auto">There is less credit than the order costs.</p>' in text
    assert '<p dir="auto">Top the account *up* &amp; try again, with\n``POST /credit``:</p>' in text
    assert (
        '<ul><li dir="auto">by **card**\n  of any kind</li><li dir="auto">by &lt;b&gt;bank&lt;/b&gt;</li></ul>' in text
    )
    assert "What is left, in `&lt;cents&gt;`" in text
    for said in (
        "Error 402",
        "/problems/served-out-of-credit",
        "<code>integer</code> \u00b7 required",
        "<code>string (decimal) | null</code> \u00b7 optional, by default <code>null</code>",
        "<code>&quot;a&quot; | &quot;b&quot;</code> \u00b7 optional, by default <code>&quot;a&quot;</code>",
        "<code>array&lt;integer&gt;</code> \u00b7 optional, by default <code>[]</code>",
        "<code>array</code> \u00b7 optional, by default <code>[1, &quot;a&quot;]</code>",
        "<code>any</code>",
        "<code>object | null</code> \u00b7 optional, by default <code>null</code>",
    ):
        assert said in text
    assert "<credit>" not in text
    assert "<cents>" not in text
    schema = re.search(r"<pre[^>]*>(.*?)</pre>", text, re.DOTALL)
    assert schema
    served_schema = ask_both(served(), "/problems/served-out-of-credit", headers=JSON).json
    assert json.loads(unescape(schema[1])) | {"$schema": served_schema["$schema"]} == served_schema


def test_the_command_line_shows_the_types_that_are_served() -> None:
    twins = Twins.built(served())

    for world in twins.worlds:
        commands = importlib.import_module(f"{world.adapter.__name__}.cli").errors
        shown = world.app.test_cli_runner().invoke(commands, ["types", "--schema"])
        assert list(json.loads(shown.output)["$defs"]) == ["ServedElsewhere", "ServedOutOfCredit"]


def test_the_index_lists_every_type() -> None:
    twins = Twins.built(served())
    page, listed = twins.ask("/problems/"), twins.ask("/problems/", headers=JSON)

    assert re.findall(r'<dt><a href="([^"]*)">', page.text) == ["served-elsewhere", "served-out-of-credit"]
    assert listed.content_type == "application/json"
    assert listed.json["problems"][0] == {
        "type": "https://elsewhere.example/conflict",
        "title": "Conflict",
        "status": 409,
        "documentation": "Documented by another team.",
        "schema": "served-elsewhere",
    }
    assert twins.ask("/problems").status == 308


def test_links_hold_wherever_the_application_is_mounted() -> None:
    for path in ("/problems/", "/problems/not-found"):
        page = ask_both(served(), path, root_path="/shop")
        assert not [link for link in re.findall(r'href="([^"]*)"', page.text) if link.startswith("/")]


@pytest.mark.parametrize("headers", [[], JSON])
@pytest.mark.parametrize("path", ["/problems/", "/problems/served-out-of-credit"])
def test_pages_say_how_long_they_may_be_kept_and_are_safe_to_show(path: str, headers: Any) -> None:
    page = ask_both(served(), path, headers=headers)

    assert page.header("Vary") == "Accept"
    assert page.header("Cache-Control") == "max-age=3600"
    assert page.header("X-Content-Type-Options") == "nosniff"
    unprotected = ask_both(served(), path, headers=headers, config={"ERROR_CSP_ENABLED": False})
    assert unprotected.header("Content-Security-Policy") is None
    if not headers:
        policy = page.header("Content-Security-Policy")
        assert policy is not None
        assert policy.startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize("path", ["/problems/", "/problems/served-out-of-credit", "/problems/not-found"])
def test_head_answers_with_the_headers_of_get(path: str) -> None:
    twins = Twins.built(served())
    got, head = twins.ask(path), twins.ask(path, "HEAD")

    assert head.body == b""
    assert sorted(head.headers) == sorted(got.headers)


def test_the_pages_are_on_every_host_of_an_application_that_matches_them(world: World) -> None:
    world.app_options = {"host_matching": True, "static_host": "static.example.com"}
    world.errors.catalogue(world.app, types=TYPES)

    for host in ("api.example.com", "localhost"):
        for path in ("/problems/", "/problems/served-out-of-credit"):
            assert world.call(Request(path, host=host)).status == 200


def test_an_unknown_type_is_a_404_as_any_other() -> None:
    answer = ask_both(served(), "/problems/no-such-thing", headers=API)

    assert (answer.status, answer.content_type) == (404, "application/problem+json")
    assert answer.json["detail"] == "There is no such problem type."
    assert "no-such-thing" not in answer.text
    assert ask_both(served(), "/problems/served-out-of-credit", "POST", headers=API).status == 405


def test_a_type_that_is_defined_later_has_a_page_as_well() -> None:
    module = types.ModuleType("tests.served_late")
    twins = Twins.built(lambda world: world.errors.catalogue(world.app, types=module))
    assert twins.ask("/problems/served-late").status == 404

    late = define(module, "ServedLate", status=400)
    assert twins.ask("/problems/served-late", headers=JSON).json["title"] == late().title


def test_a_type_that_is_defined_later_and_wrong_is_reported_and_not_served(caplog: pytest.LogCaptureFixture) -> None:
    module = types.ModuleType("tests.served_wrong")
    first = define(module, "ServedFirst", status=400)
    twins = Twins.built(lambda world: world.errors.catalogue(world.app, types=module))
    second = define(module, "ServedSecond", status=400, slug="served-first")

    assert twins.ask("/problems/served-first").status == 200
    assert [record.getMessage() for record in caplog.records] == 2 * [
        "the problem types do not go together any more; those from before are served"
    ]
    assert first.__module__ == second.__module__ == module.__name__


def define(module: types.ModuleType, name: str, **keywords: Any) -> Any:
    """Define a problem type as a module does that is imported."""
    return types.new_class(name, (Problem,), keywords, lambda body: body.update(__module__=module.__name__))


def test_two_types_with_one_uri_are_refused_when_the_application_is_set_up() -> None:
    class One(Problem, status=400, slug="served-same"):
        """One."""

    class Other(Problem, status=400, slug="served-same"):
        """Other."""

    def build(world: World) -> None:
        with pytest.raises(SetupError, match=r"One and .*Other have one name by the slug served-same"):
            world.errors.catalogue(world.app, types=(One, Other))
        assert world.app.config["ERROR_TYPE_URI"] is None
        world.errors.catalogue(world.app, types=(One,))

    assert ask_both(build, "/problems/served-same").status == 200


def test_what_cannot_be_served_is_refused() -> None:
    def build(world: World) -> None:
        errors, app = world.errors, world.app
        for prefix in ("", "/", "problems", "/problems/", "/<name>", "/{slug}"):
            with pytest.raises(SetupError, match=r"url_prefix= is a path such as '/problems', not"):
                errors.catalogue(app, url_prefix=prefix, types=TYPES)
        with pytest.raises(SetupError, match="made of subclasses of Problem, not 'OutOfCredit'"):
            errors.catalogue(app, types=["OutOfCredit"])
        with pytest.raises(SetupError, match="made of subclasses of Problem, not <class 'int'>"):
            errors.catalogue(app, types=int)
        with pytest.raises(SetupError, match="a catalogue is made of subclasses of Problem, not 5"):
            errors.catalogue(app, types=5)
        app.config["ERROR_TYPE_URI"] = 5
        with pytest.raises(SetupError, match="ERROR_TYPE_URI is a string"):
            errors.catalogue(app, types=TYPES)
        app.config["ERROR_TYPE_URI"] = None
        with pytest.raises(SetupError, match="call init_app"):
            errors.catalogue(world.App("other"), types=TYPES)
        errors.catalogue(app, types=TYPES)
        with pytest.raises(SetupError, match=r"has these pages already; call catalogue\(\) once"):
            errors.catalogue(app, "/other", types=TYPES)

    assert ask_both(build, "/problems/").status == 200


def test_a_single_class_is_served_as_well() -> None:
    def build(world: World) -> None:
        world.errors.catalogue(world.app, types=Elsewhere)

    assert [each["schema"] for each in ask_both(build, "/problems/", headers=JSON).json["problems"]] == [
        "served-elsewhere"
    ]


def test_a_catalogue_that_comes_too_late_changes_nothing() -> None:
    """Quart takes routes at any time; Flask does not after the first request."""
    world = Twins.built(lambda world: world.errors.api_register(world.app)).flask
    before = world.call(Request("/nope")).json["type"]

    with pytest.raises(SetupError, match=r"call catalogue\(\) before the first request"):
        world.errors.catalogue(world.app, types=TYPES)

    assert world.call(Request("/nope")).json["type"] == before == "about:blank"
    assert world.app.config["ERROR_TYPE_URI"] is None
    assert world.app.extensions["errbridge"].installation.problem_types is None
