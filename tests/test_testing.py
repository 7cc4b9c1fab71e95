"""What tests of applications are given: `assert_problem`, and the recorder of incidents."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import flask
import httpx
import pytest
import quart
import requests
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.local import LocalProxy

import errbridge.testing
from errbridge import Problem, Reply, Scope, SetupError
from errbridge.asgi import Bridge
from errbridge.testing import Incidents, assert_no_findings, assert_problem, record_incidents
from tests.clients import Request, call_asgi
from tests.twins import World, flask_world, quart_world

JSON = {"Accept": "application/json"}
USER = UUID("0b2f4a52-6f3f-4d0e-9d3a-7f3b2d1c0a99")


class OutOfCredit(Problem, status=402, title="Out of credit", type="https://example.com/out-of-credit"):
    balance: int
    cost: Decimal
    user: UUID


class NoCards(Problem, status=409):
    """Has no type of its own."""


def credit() -> Any:
    raise OutOfCredit(
        balance=30, cost=Decimal("50.1"), user=USER, detail="You have 30.", headers=[("X-A", "1"), ("X-A", "2")]
    )


def validation() -> Any:
    errors = [
        {"detail": "Required.", "pointer": "/name", "code": "missing"},
        {"detail": "Too large.", "parameter": "page", "code": "range"},
        {"detail": "Unknown.", "header": "X-Key"},
    ]
    raise Problem(422, errors=errors, done=False, nothing=None)


def cards() -> Any:
    raise NoCards


def site(world: World) -> None:
    world.app.add_url_rule("/credit", "credit", credit)
    world.app.add_url_rule("/validation", "validation", validation)
    world.app.add_url_rule("/cards", "cards", cards)
    world.app.add_url_rule("/fine", "fine", lambda: {"answer": 42})
    world.app.add_url_rule("/list", "list", lambda: [1, 2])
    world.app.add_url_rule("/page", "page", lambda: "<style>x {}</style><h1>A page</h1>" + "<p>words " * 400)
    world.app.add_url_rule("/moved/", "moved", lambda: "")
    assert world.errors


def of_flask(path: str, headers: Mapping[str, str], method: str = "GET") -> Any:
    world = flask_world()
    site(world)
    return world.app.test_client().open(path, headers=headers, method=method)


def of_quart(path: str, headers: Mapping[str, str], method: str = "GET") -> Any:
    world = quart_world()
    site(world)
    return asyncio.run(world.app.test_client().open(path, headers=headers, method=method))


def of_httpx(path: str, headers: Mapping[str, str], method: str = "GET") -> Any:
    world = flask_world()
    site(world)
    with httpx.Client(transport=httpx.WSGITransport(world.app), base_url="http://localhost") as client:
        return client.request(method, path, headers=headers)


Get = Callable[..., Any]


def of_requests(path: str, headers: Mapping[str, str], method: str = "GET") -> Any:
    answer = of_flask(path, headers, method)
    made = requests.Response()
    made.status_code = answer.status_code
    made.headers.update({name: ", ".join(answer.headers.getlist(name)) for name in answer.headers.keys()})  # noqa: SIM118
    made._content = answer.data
    return made


CLIENTS: Mapping[str, Get] = {"flask": of_flask, "quart": of_quart, "httpx": of_httpx, "requests": of_requests}


@pytest.fixture(params=sorted(CLIENTS))
def get(request: pytest.FixtureRequest) -> Get:
    return CLIENTS[request.param]


def complaint(response: Any, *args: Any, **expected: Any) -> str:
    with pytest.raises(AssertionError) as raised:
        assert_problem(response, *args, **expected)
    return str(raised.value)


# The problem that was expected.


def test_a_problem_is_recognised_by_all_that_it_says(get: Get) -> None:
    response = get("/credit", JSON)

    document = assert_problem(
        response,
        OutOfCredit,
        status=402,
        type="https://example.com/out-of-credit",
        title="Out of credit",
        detail=re.compile(r"have \d+"),
        instance=lambda uri: uri.startswith("urn:uuid:"),
        balance=30,
        cost=Decimal("50.1"),
        user=USER,
        headers={"x-content-type-options": "nosniff", "X-A": "1, 2", "X-B": None},
        another=None,
    )

    assert document["title"] == "Out of credit"
    assert document["status"] == 402
    assert_problem(response, status="4xx")
    assert "status: expected '5xx'\n" in complaint(response, status="5xx")


@pytest.mark.parametrize(
    "entry",
    [
        {"pointer": "/name", "code": "missing"},
        {"pointer": re.compile("^/")},
        {"parameter": "page"},
        {"header": "X-Key", "code": None},
    ],
)
def test_one_of_the_errors_of_a_validation_is_found(get: Get, entry: Mapping[str, Any]) -> None:
    assert_problem(get("/validation", JSON), status=422, **entry)


def test_values_of_all_kinds_can_be_expected() -> None:
    assert_problem(
        of_flask("/validation", JSON),
        errors=[
            {"detail": "Required.", "pointer": "/name", "code": "missing"},
            {"detail": "Too large.", "parameter": "page", "code": "range"},
            {"detail": "Unknown.", "header": "X-Key"},
        ],
        done=False,
    )


def test_true_is_not_one_and_false_is_not_nothing() -> None:
    assert "done" in complaint(of_flask("/validation", JSON), done=0)
    assert "done" in complaint(of_flask("/validation", JSON), done=None)
    assert "status" in complaint(of_flask("/validation", JSON), status=True)
    assert_problem(of_flask("/validation", JSON), nothing=None)


def document_of(members: Mapping[str, Any]) -> Any:
    """What a client gets of a problem with these members."""
    world = flask_world()

    def view() -> Any:
        raise Problem(409, **members)

    world.app.add_url_rule("/problem", "problem", view)
    assert world.errors
    return world.app.test_client().get("/problem", headers=JSON)


NAMES = st.text(max_size=5) | st.sampled_from(["status", "i", "type", "x-y", "_"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "30", "true", "None"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(value=VALUES)
def test_a_document_has_the_values_that_the_problem_was_raised_with(value: Any) -> None:
    response = document_of({"value": value, "several": [value], "object": {"member": value}})

    assert_problem(response, status=409, value=value, several=[value], object={"member": value})
    assert "several" in complaint(response, several=[value, value])
    assert "object" in complaint(response, object={"another": value})
    assert "object" in complaint(response, object={"member": value, "another": value})


@pytest.mark.parametrize(
    ("there", "wrong"),
    [
        (1, True),
        (0, False),
        (True, 1),
        (False, 0.0),
        (True, Decimal(1)),
        ([1], [True]),
        ([True], (1,)),
        ({"a": 1}, {"a": True}),
        ({"a": [{"b": False}]}, {"a": [{"b": 0}]}),
        ([True], {1}),
    ],
)
def test_a_number_is_no_truth_however_deep_it_is(there: Any, wrong: Any) -> None:
    assert_problem(document_of({"value": there}), value=there)
    assert "value" in complaint(document_of({"value": there}), value=wrong)


def test_lists_and_mappings_may_hold_expectations_of_all_kinds() -> None:
    response = document_of({"items": [{"id": USER, 7: "seven", "note": "sold today"}, {"set": {3, 1}}]})

    assert_problem(
        response, items=({"id": USER, 7: lambda text: len(text) == 5, "note": re.compile("sold")}, {"set": {1, 3}})
    )
    assert_problem(response, items=[ANY, {"set": [1, ANY]}])
    assert "items" in complaint(response, items=[{"id": USER, 7: "seven", "note": re.compile("bought")}, ANY])
    assert "items" in complaint(response, items=[ANY, {"set": {1, 2}}])
    assert "items" in complaint(response, items={"set": {1, 3}})


def test_a_class_is_not_called_to_judge() -> None:
    assert "expected <class 'int'>" in complaint(document_of({"value": 30}), value=int)
    assert "value" in complaint(document_of({"value": [30]}), value=[int])


@pytest.mark.parametrize("of_bytes", [bytes, bytearray, memoryview])
def test_a_reply_is_read_whatever_holds_its_bytes(of_bytes: Callable[[bytes], Any]) -> None:
    body, headers = of_bytes(b'{"status": 418, "title": "Tea"}'), {"Content-Type": "application/problem+json"}

    assert_problem(Reply(body, 418, headers), title="Tea")
    assert_problem(Reply(b"", 418, headers), title="Tea", body=body)
    assert "expected 'Coffee'" in complaint(Reply(body, 418, headers), title="Coffee")


def test_a_class_without_a_type_is_known_by_its_slug(get: Get) -> None:
    assert_problem(get("/cards", JSON), NoCards)
    body = b'{"type": "https://example.com/problems/no-cards", "title": "Conflict", "status": 409}'
    made = Reply(body, 409, {"Content-Type": "application/problem+json"})
    assert_problem(made, NoCards)
    assert_problem(made, type=NoCards)
    assert "type: expected 'https://example.com/out-of-credit'\n" in complaint(made, type=OutOfCredit)
    other = Reply(body.replace(b"no-cards", b"cards"), 409, {"Content-Type": "application/problem+json"})
    assert "(?#type_uri= says how it is built)'" in complaint(other, NoCards)


class Problems(Problem, status=409):
    """Is named like a part of many type URIs."""


class Html(Problem, status=409):
    """Is named like a part of many type URIs, too."""


TEMPLATES = [
    "https://example.com/problems/{slug}",
    "https://example.com/{slug}.html",
    "https://example.com/{slug}/",
    "https://example.com/errors?type={slug}",
    "https://example.com/problems#{slug}",
    "tag:example.com,2024:{slug}",
    "/{status}/{slug}",
    "{slug}",
]
UNTELLING = [
    "https://example.com/p-{slug}",
    "https://example.com/{slug}-problem",
    "https://example.com/{slug}/{status}",
    "https://example.com/{status}",
    "https://example.com/problems",
]


def of_template(template: str) -> Any:
    world = flask_world(config={"ERROR_TYPE_URI": template})
    site(world)
    return world.app.test_client().get("/cards", headers=JSON)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_type_that_ends_in_the_slug_is_that_of_the_class(template: str) -> None:
    response = of_template(template)

    assert_problem(response, NoCards)
    for other in (Problems, Html):
        assert "type: " in complaint(response, other)


@pytest.mark.parametrize("template", TEMPLATES + UNTELLING)
def test_a_type_is_the_one_that_the_service_builds(template: str) -> None:
    response = of_template(template)

    assert_problem(response, NoCards, type_uri=template)
    assert_problem(response, type=NoCards, type_uri=template)
    assert "type: expected 'urn:no-cards'\n" in complaint(response, NoCards, type_uri="urn:{slug}")


@pytest.mark.parametrize("template", UNTELLING)
def test_a_type_that_does_not_name_its_class_needs_the_template(template: str) -> None:
    assert "type_uri= says how it is built" in complaint(of_template(template), NoCards)


def test_with_the_template_said_another_type_does_not_do() -> None:
    assert "got 'about:blank'" in complaint(of_flask("/cards", JSON), NoCards, type_uri="urn:{slug}")
    assert_problem(of_flask("/credit", JSON), OutOfCredit, type_uri="urn:{slug}")  # which has a type of its own


def test_problem_itself_may_have_any_type() -> None:
    for path in ("/credit", "/cards"):
        assert_problem(of_flask(path, JSON), Problem)
    assert_problem(of_template("urn:{slug}"), Problem, type_uri="urn:{slug}")


def test_what_is_said_wins_over_what_the_class_says() -> None:
    made = Reply(b'{"title": "Other", "status": 402}', 402, {"Content-Type": "application/problem+json"})
    assert_problem(made, OutOfCredit, title="Other", type=None)


def test_plain_json_is_a_problem_where_that_is_expected() -> None:
    made = Reply(b'{"title": "Other", "status": 402}', 402, {"Content-Type": "application/json"})
    assert_problem(made, content_type="application/json", title="Other")
    assert "content type: expected 'application/problem+json'\n" in complaint(made, title="Other")
    assert "expected 'application/problem+json'" in complaint(made, content_type="application/problem+json")


# The one that was not.


def test_the_message_says_what_differs_and_shows_the_document(get: Get) -> None:
    said = complaint(
        get("/credit", JSON),
        OutOfCredit,
        status=403,
        detail=re.compile("gold"),
        balance=31,
        cost=lambda cost: False,
        nowhere="x",
        title=None,
        headers={"X-A": "3", "Retry-After": "7"},
    )

    instance = re.findall(r"urn:uuid:[0-9a-f-]{36}", said)[0]
    assert said == (
        """\
the response is not the problem that was expected:
  status: expected 403
               got 402
  X-A: expected '3'
            got '1, 2'
  Retry-After: expected '7'
                    got nothing
  title: expected nothing
              got 'Out of credit'
  detail: expected something with 'gold'
               got 'You have 30.'
  balance: expected 31
                got 30
  cost: expected what test_the_message_says_what_differs_and_shows_the_document.<locals>.<lambda> accepts
             got '50.1'
  nowhere: expected 'x'
                got nothing
the document (application/problem+json):
  {
    "type": "https://example.com/out-of-credit",
    "title": "Out of credit",
    "status": 402,
    "detail": "You have 30.",
    "instance": "INSTANCE",
    "balance": 30,
    "cost": "50.1",
    "user": "0b2f4a52-6f3f-4d0e-9d3a-7f3b2d1c0a99"
  }""".replace("INSTANCE", instance)
    )


def test_the_message_lists_the_errors_that_there_are() -> None:
    said = complaint(of_flask("/validation", JSON), pointer="/name", code="range")
    assert "expected one with pointer '/name', code 'range'" in said
    assert '{"detail": "Too large.", "parameter": "page", "code": "range"}' in said
    assert "the document lists no errors" in complaint(of_flask("/credit", JSON), parameter="page")


def test_a_document_that_contradicts_its_response_is_no_match() -> None:
    made = Reply(b'{"title": "Other", "status": 402}', 500, {"Content-Type": "application/problem+json"})
    assert "the response has 500, its document says 402" in complaint(made, title="Other")


def test_a_page_is_shown_as_a_person_would_see_it(get: Get) -> None:
    said = complaint(get("/page", JSON), status=404)

    assert "the response is no problem document" in said
    assert "got 'text/html; charset=utf-8'" in said
    assert "Accept: application/json" in said
    assert "what came has the status 200:\n  A page\n  words" in said
    assert "style" not in said
    assert said.endswith("...")
    assert len(said) < 3000


@pytest.mark.parametrize(
    ("path", "method", "words"),
    [
        ("/fine", "GET", "got 'application/json'"),
        ("/list", "GET", "it is no object"),
        ("/credit", "HEAD", "the body is no problem document: "),
        ("/moved", "GET", "status 308, Location http://localhost/moved/"),
    ],
)
def test_what_is_no_problem_document_is_named(path: str, method: str, words: str) -> None:
    assert words in complaint(of_flask(path, JSON, method=method))


@pytest.mark.parametrize("body", [b"", b"{", b"null", b'"text"', b"\xff", b"<problem/>"])
@pytest.mark.parametrize("content_type", ["application/problem+json", "application/problem+xml", None])
def test_a_broken_document_is_a_failed_assertion_whatever_it_holds(body: bytes, content_type: str | None) -> None:
    made = Reply(body, 500, {} if content_type is None else {"Content-Type": content_type})
    assert complaint(made).startswith("the response is no problem document:")


def test_what_cannot_be_read_says_how_to_read_it() -> None:
    world = quart_world()
    site(world)

    async def stream() -> Any:
        yield b'{"status": 418, "title": "Tea"}'

    response = quart.Response(stream(), 418, content_type="application/problem+json")
    with pytest.raises(TypeError, match=r"body=await response.get_data\(\)"):
        assert_problem(response)
    body = asyncio.run(world.app.ensure_async(response.get_data)())
    assert_problem(response, body=body, title="Tea")
    assert_problem(response, body=body.decode(), title="Tea")
    with pytest.raises(TypeError, match="is no response"):
        assert_problem("words")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a problem class is expected, not 404; the status is status="):
        assert_problem(response, 404, body=body)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="SimpleNamespace cannot be read"):
        assert_problem(SimpleNamespace(status_code=404))


def test_a_streamed_response_of_flask_is_read() -> None:
    made = flask.Response(iter(["{", '"status": 418}']), 418, content_type="application/problem+json")
    assert_problem(made, status=418)


# Incidents.


@pytest.fixture
def shop(world: World) -> World:
    site(world)
    world.app.add_url_rule("/crash", "crash", lambda: 1 / 0)
    world.errors.api_register(Scope(prefix="/api"))
    return world


def test_incidents_are_recorded_in_order_with_their_replies(shop: World) -> None:
    with record_incidents(shop.errors) as incidents:
        for path in ("/credit", "/api/no", "/crash", "/fine"):
            shop.call(Request(path))
        assert [reply.status for _, reply in incidents] == [402, 404, 500]
        assert len(incidents) == 3
        assert incidents[0].incident.request.path == "/credit"
        assert [seen.reply.status for seen in incidents[1:]] == [404, 500]
    shop.call(Request("/credit"))
    assert len(incidents) == 3

    assert incidents.only(status=402).incident.problem.detail == "You have 30."
    incidents.clear()
    assert incidents == []


def test_a_recorded_reply_can_be_compared_like_a_response(shop: World) -> None:
    with record_incidents(shop.app) as incidents:
        shop.call(Request("/credit", headers=list(JSON.items())))

    assert_problem(incidents.only().reply, OutOfCredit, balance=30)


def test_incidents_are_found_by_what_they_are(shop: World) -> None:
    with record_incidents(shop.app) as incidents:
        for path in ("/credit", "/api/no", "/crash"):
            shop.call(Request(path))

    def found(*exception: type[BaseException], **wanted: Any) -> list[str]:
        return [seen.incident.request.path for seen in incidents.matching(*exception, **wanted)]

    assert found() == ["/credit", "/api/no", "/crash"]
    assert found(status=402) == ["/credit"]
    assert found(status="4xx") == ["/credit", "/api/no"]
    assert found(exception=ZeroDivisionError) == ["/crash"]
    assert found(exception=OutOfCredit) == found(OutOfCredit) == ["/credit"]
    assert incidents.only(OutOfCredit, status="4xx").incident.request.path == "/credit"
    assert found(path="/crash") == found(path=re.compile("^/cra")) == ["/crash"]
    assert found(scope="/api") == ["/api/no"]
    assert found(type="https://example.com/out-of-credit") == ["/credit"]
    assert found(status="4xx", scope="app") == ["/credit"]
    assert found(status=418) == []


@pytest.mark.parametrize("ask", [Incidents.only, Incidents.matching])
def test_what_finds_no_incident_is_refused(ask: Any) -> None:
    with pytest.raises(TypeError, match=r"by status=, exception=, .*, not by statuss=; did you mean 'status'"):
        ask(Incidents(), statuss=500)
    with pytest.raises(TypeError, match="a class of exceptions is expected, not 404; the status is status="):
        ask(Incidents(), 404)


def test_a_member_of_a_problem_is_no_exception_that_was_raised(shop: World) -> None:
    def named() -> Any:
        raise Problem(500, original_exception=LookupError("said, not raised"))

    shop.app.add_url_rule("/named", "named", named)
    with record_incidents(shop.app) as incidents:
        shop.call(Request("/named"))

    assert incidents.only(exception=Problem).incident.request.path == "/named"
    assert incidents.matching(exception=LookupError) == []


def test_a_failed_expectation_lists_what_was_seen(shop: World) -> None:
    with record_incidents(shop.app) as incidents:
        with pytest.raises(AssertionError, match="no error was answered") as none:
            incidents.only()
        assert "a Bridge reports only what it answers itself: watch its applications, too" in str(none.value)
        shop.call(Request("/credit"))
        shop.call(Request("/api/no"))

        with pytest.raises(AssertionError) as several:
            incidents.only(status="4xx")

    assert str(several.value).startswith("expected one incident, status='4xx'; there are 2; all that were seen:")
    assert "  402 GET /credit in app: <OutOfCredit 402 Out of credit: You have 30.>" in str(several.value)
    assert "  404 GET /api/no in /api: " in str(several.value)


def test_the_advice_is_the_same_after_the_block(shop: World) -> None:
    with record_incidents(shop.app) as incidents:
        pass

    with pytest.raises(AssertionError, match="no error was answered"):
        incidents.only()


@pytest.mark.parametrize("status", ["5XX", "50x", "", 40, "9xx"])
def test_a_status_that_nothing_can_have_is_refused(status: Any) -> None:
    with pytest.raises(TypeError, match="status is a number or a class such as '4xx', not"):
        Incidents().matching(status=status)


def test_nothing_is_seen_where_nothing_is_watched() -> None:
    with pytest.raises(AssertionError, match=r"call incidents.watch\(errors\)"):
        Incidents().only()


@pytest.mark.parametrize("watched", [flask.Flask("bare"), quart.Quart("bare"), object(), None])
def test_what_cannot_be_watched_is_refused(watched: Any) -> None:
    with pytest.raises(SetupError, match="pass an ErrorHandler, a Bridge, or an app"), record_incidents(watched):
        pass


async def test_a_bridge_can_be_watched() -> None:
    bridge = Bridge({"/app": call_asgi})  # type: ignore[dict-item]
    with record_incidents(bridge) as incidents:
        await call_asgi(bridge, Request("/nowhere"))
    assert incidents.only().reply.status == 404
    await call_asgi(bridge, Request("/nowhere"))
    assert len(incidents) == 1


def test_a_proxy_is_watched_as_its_application(shop: World) -> None:
    with record_incidents(LocalProxy(lambda: shop.app)) as incidents:  # as Flask's and Quart's current_app
        shop.call(Request("/credit"))

    assert incidents.only().reply.status == 402


def test_the_public_names_are_these() -> None:
    assert errbridge.testing.__all__ == [
        "Incidents",
        "Observation",
        "Wanted",
        "assert_no_findings",
        "assert_problem",
        "record_incidents",
    ]


# The plugin of pytest.


def test_the_fixture_records_what_is_watched(incidents: Incidents, shop: World) -> None:
    incidents.watch(shop.app)
    shop.call(Request("/credit"))
    assert incidents.only().reply.status == 402


PROJECT = """
import flask
import pytest
from errbridge import Problem
from errbridge_flask import ErrorHandler

app = flask.Flask("app")
errors = ErrorHandler(app)

@app.get("/sold")
def sold():
    raise Problem(409)

def test_it_is_recorded(incidents):
    incidents.watch(errors)
    app.test_client().get("/sold")
    assert incidents.only(status=409).incident.request.path == "/sold"

def test_each_test_begins_with_nothing(incidents):
    assert incidents == []
    app.test_client().get("/sold")
    assert incidents == []

def test_a_failure_is_readable(incidents):
    app.test_client().get("/sold")
    incidents.watch(app).only()
"""


AUTOLOAD = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
NO_AUTOLOAD = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def run_of_project(folder: Path, *options: str, environ: Mapping[str, str], conftest: str = "") -> str:
    """Run the tests of a project, and give what pytest writes."""
    (folder / "test_project.py").write_text(PROJECT)
    (folder / "conftest.py").write_text(conftest)
    (folder / "pytest.ini").write_text("[pytest]\n")  # the temporary folder may be in a checkout, as that of nox is
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "-q", *options]
    path = os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout + done.stderr


NAMED = 'pytest_plugins = ["errbridge_pytest"]'


@pytest.mark.parametrize(
    ("environ", "options", "conftest"),
    [
        (AUTOLOAD, ["-p", "no:asyncio"], ""),
        (AUTOLOAD, ["-p", "no:asyncio", "-p", "errbridge_pytest"], ""),
        (AUTOLOAD, ["-p", "no:asyncio"], NAMED),
        (NO_AUTOLOAD, ["-p", "errbridge_pytest"], ""),
        (NO_AUTOLOAD, [], NAMED),
    ],
    ids=["found", "found-and-named", "found-and-listed", "named", "listed"],
)
def test_the_fixture_works_in_a_project_with_warnings_as_errors_however_it_is_loaded(
    tmp_path: Path, environ: Mapping[str, str], options: list[str], conftest: str
) -> None:
    said = run_of_project(tmp_path, *options, environ=environ, conftest=conftest)

    assert "2 passed" in said, said
    assert "1 failed" in said
    assert "expected one incident; there are 0" in said
    assert "incidents.py" not in said  # a failure points to the test, not to what compares


def test_a_project_can_do_without_the_fixture(tmp_path: Path) -> None:
    said = run_of_project(tmp_path, "-p", "no:asyncio", "-p", "no:errbridge_pytest", environ=AUTOLOAD)

    assert "3 errors" in said, said
    assert "fixture 'incidents' not found" in said


def test_pytest_loads_the_plugin_and_nothing_else_of_errbridge() -> None:
    code = "import sys, errbridge_pytest; sys.exit('errbridge' in sys.modules)"
    root = Path(__file__).parent.parent

    subprocess.run([sys.executable, "-c", code], timeout=60, cwd=root, check=True)


# Findings


def test_what_can_never_work_fails_a_test_with_what_to_do(world: World) -> None:
    world.app.errorhandler(404)(lambda exc: ("native", 404))
    world.errors.register(world.app, 404)(lambda exc: None)
    others = ["conflicting-types"]  # other tests define types as well

    with pytest.raises(AssertionError, match=r"^behind-native: app\n  .*(.*\n)+1 finding$"):
        assert_no_findings(world.app, ignore=others)
    assert_no_findings(world.app, ignore=["behind-native", *others])


@pytest.mark.parametrize("app", [object(), flask.Flask("bare")])
def test_an_application_without_an_error_handler_has_nothing_to_check(app: object) -> None:
    with pytest.raises(SetupError, match=r"has no ErrorHandler: write ErrorHandler\(app\)"):
        assert_no_findings(app)
