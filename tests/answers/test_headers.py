"""Headers of error answers, and answers without content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)

from errbridge import Page, Problem, Reply
from tests.answers.every_style import EVERY, TRACE, accepting, an_api_handler, in_every_style
from tests.applications import HTML, Ask, a_catch_all, a_handler, an_app, answering, failing, with_templates
from tests.clients import Response
from tests.twins import Twins, World

# Headers.

MONDAY: Any = datetime(2024, 2, 5, 6, 7, 8, tzinfo=UTC)

HEADERS: dict[str, tuple[Callable[[], Any], int, dict[str, str], dict[str, Any]]] = {
    # What is raised, and the status, headers and members of the answer.
    "Allow in two lines": (
        lambda: Problem(405, headers=[("Allow", "PUT, GET"), ("allow", "GET, POST")]),
        405,
        {"Allow": "GET, POST, PUT"},
        {"allowed": ["GET", "POST", "PUT"]},
    ),
    "Allow": (
        lambda: MethodNotAllowed(["PUT", "GET"]),
        405,
        {"Allow": "GET, PUT"},
        {"allowed": ["GET", "PUT"]},
    ),
    "WWW-Authenticate": (
        lambda: Unauthorized(www_authenticate=WWWAuthenticate("basic", {"realm": "shop"})),
        401,
        {"WWW-Authenticate": "Basic realm=shop"},
        {"authenticate": ["Basic realm=shop"]},
    ),
    "several WWW-Authenticate": (
        lambda: Unauthorized(
            www_authenticate=[WWWAuthenticate("basic", {"realm": "shop"}), WWWAuthenticate("bearer", {"realm": "api"})]
        ),
        401,
        {"WWW-Authenticate": "Basic realm=shop, Bearer realm=api"},
        {"authenticate": ["Basic realm=shop", "Bearer realm=api"]},
    ),
    "several WWW-Authenticate of a Problem": (
        lambda: Problem(401, headers=[("WWW-Authenticate", "Basic"), ("WWW-Authenticate", 'Bearer realm="a, b"')]),
        401,
        {"WWW-Authenticate": 'Basic, Bearer realm="a, b"'},
        {"authenticate": ["Basic", 'Bearer realm="a, b"']},
    ),
    "Retry-After": (lambda: TooManyRequests(retry_after=30), 429, {"Retry-After": "30"}, {"retry_after": 30}),
    "Retry-After 0": (lambda: TooManyRequests(retry_after=0), 429, {"Retry-After": "0"}, {"retry_after": 0}),
    "Retry-After 0 of a Problem": (
        lambda: Problem(429, headers={"Retry-After": "0"}),
        429,
        {"Retry-After": "0"},
        {"retry_after": 0},
    ),
    "Retry-After a date": (
        lambda: ServiceUnavailable(retry_after=MONDAY),
        503,
        {"Retry-After": "Mon, 05 Feb 2024 06:07:08 GMT"},
        {"retry_after": "Mon, 05 Feb 2024 06:07:08 GMT"},
    ),
    "Retry-After a date of a Problem": (
        lambda: Problem(503, headers={"Retry-After": MONDAY}),
        503,
        {"Retry-After": "Mon, 05 Feb 2024 06:07:08 GMT"},
        {"retry_after": "Mon, 05 Feb 2024 06:07:08 GMT"},
    ),
    "a Location beyond ASCII": (
        lambda: Problem(409, headers={"Location": "/items/日本?x=é"}),
        409,
        {"Location": "/items/%E6%97%A5%E6%9C%AC?x=%C3%A9"},
        {},
    ),
    "Content-Range": (
        lambda: RequestedRangeNotSatisfiable(length=1234),
        416,
        {"Content-Range": "bytes */1234"},
        {"units": "bytes", "length": 1234},
    ),
    "Content-Range in other units": (
        lambda: RequestedRangeNotSatisfiable(length=0, units="items"),
        416,
        {"Content-Range": "items */0"},
        {"units": "items", "length": 0},
    ),
    "any other": (
        lambda: Problem(409, headers={"X-Shop": "a", "ETag": '"1"'}),
        409,
        {"X-Shop": "a", "ETag": '"1"'},
        {},
    ),
    "of a subclass": (
        lambda: type(
            "Own", (HTTPException,), {"code": 409, "get_headers": lambda self, *_: [("X-Shop", "a"), ("X-Shop", "b")]}
        )(),
        409,
        {"X-Shop": "a, b"},
        {},
    ),
}


def values(response: Response, name: str) -> list[str]:
    return [value for known, value in response.headers if known.lower() == name.lower()]


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("header", HEADERS)
def test_the_headers_of_an_error_survive_in_every_representation(ask: Ask, header: str, accept: str) -> None:
    raised, status, headers, _ = HEADERS[header]

    response = ask(in_every_style(raised), "/default/x", **accepting(accept))

    assert response.status == status
    assert {name: response.header(name) for name in headers} == headers


@pytest.mark.parametrize("header", HEADERS)
def test_the_facts_of_headers_are_members_too(ask: Ask, header: str) -> None:
    raised, _, _, expected = HEADERS[header]

    document = ask(in_every_style(raised), "/api/x").json

    facts = ("allowed", "authenticate", "retry_after", "units", "length")
    assert {name: document[name] for name in facts if name in document} == expected


@pytest.mark.parametrize("answer", [Reply("", 308, {"Location": "/é"}), ("", 308, {"Location": "/é"})])
def test_the_location_of_a_handler_leads_where_it_says(ask: Ask, answer: Any) -> None:
    response = ask(an_app(failing("/", LookupError), a_handler(LookupError, lambda exc: answer)), "/")

    assert (response.status, response.header("Location")) == (308, "/%C3%A9")


def test_every_www_authenticate_is_a_header_of_its_own(ask: Ask) -> None:
    response = ask(in_every_style(HEADERS["several WWW-Authenticate"][0]), "/api/x")

    values = [value for name, value in response.headers if name.lower() == "www-authenticate"]
    assert values == ["Basic realm=shop", "Bearer realm=api"]


@pytest.mark.parametrize("accept", EVERY)
def test_allow_of_a_routing_405_survives_in_every_representation(ask: Ask, accept: str) -> None:
    response = ask(answering("/page", methods=["GET", "PUT"]), "/page", "DELETE", **accepting(accept))

    assert (response.status, response.header("Allow")) == (405, "GET, HEAD, OPTIONS, PUT")


def test_a_member_of_the_problem_wins_over_what_its_headers_say(ask: Ask) -> None:
    raised = Problem(429, headers={"Retry-After": "30"}, retry_after="soon")

    response = ask(in_every_style(lambda: raised), "/api/x")

    assert (response.header("Retry-After"), response.json["retry_after"]) == ("30", "soon")


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (lambda: "body", "GET, PUT"),
        (lambda: Reply("body"), "GET, PUT"),
        (lambda: {"a": 1}, "GET, PUT"),
        (lambda: Problem(405), "GET, PUT"),
        (lambda: Problem(405, headers={"Allow": "POST"}), "POST"),
        (lambda: Page("page.html"), "GET, PUT"),
        (lambda: ("body", 405, {"Allow": "POST"}), "POST"),
        (lambda: Reply("body", headers={"allow": "POST"}), "POST"),
    ],
    ids=["str", "Reply", "dict", "Problem", "Problem with its own", "Page", "tuple with its own", "Reply with its own"],
)
def test_the_headers_of_an_error_survive_a_handler_that_does_not_set_them(
    ask: Ask, result: Callable[[], Any], expected: str | None
) -> None:
    application = an_api_handler(result, lambda: MethodNotAllowed(["PUT", "GET"]))

    response = ask(application, "/api/x")

    assert (response.status, response.header("Allow")) == (405, expected)


TWO: list[tuple[str, str]] = [("WWW-Authenticate", "Basic"), ("WWW-Authenticate", "Bearer")]


@pytest.mark.parametrize(
    "result",
    [
        lambda: "body",
        lambda: {"a": 1},
        lambda: ("body", {"X-Own": "1"}),
        lambda: ("body", 401),
        lambda: Reply("body"),
        lambda: Page("page.html"),
        lambda: (Page("page.html"), {"X-Own": "1"}),
        lambda: None,
    ],
    ids=["str", "dict", "tuple", "status", "Reply", "Page", "Page, headers", "None"],
)
def test_every_header_of_the_error_survives_a_handler_that_does_not_set_it(ask: Ask, result: Callable[[], Any]) -> None:
    response = ask(an_api_handler(result, lambda: Problem(401, headers=TWO)), "/api/x")

    assert values(response, "WWW-Authenticate") == ["Basic", "Bearer"]


@pytest.mark.parametrize(
    "result",
    [
        lambda: ("body", TWO),
        lambda: ("body", 401, TWO),
        lambda: Reply("body", headers=TWO),
        lambda: (Page("page.html"), TWO),
        lambda: (Page("page.html"), 401, TWO),
        lambda: Problem(401, headers=TWO),
    ],
    ids=["tuple", "three", "Reply", "Page", "Page of three", "Problem"],
)
@pytest.mark.parametrize("raised", [NotFound, lambda: Problem(401, headers={"www-authenticate": "Other"})])
def test_a_header_that_a_handler_sets_twice_is_sent_twice(
    ask: Ask, result: Callable[[], Any], raised: Callable[[], Any]
) -> None:
    assert values(ask(an_api_handler(result, raised), "/api/x"), "WWW-Authenticate") == ["Basic", "Bearer"]


@pytest.mark.parametrize(
    "result",
    [
        lambda headers: ("body", headers),
        lambda headers: ("body", 404, headers),
        lambda headers: (Page("page.html"), headers),
    ],
    ids=["tuple", "three", "Page"],
)
def test_a_list_of_values_in_a_dict_of_headers_is_sent_as_several_as_the_frameworks_do(
    ask: Ask, result: Callable[[dict[str, Any]], Any]
) -> None:
    headers = {"Set-Cookie": ["a=1", "b=2"]}

    assert values(ask(an_api_handler(lambda: result(headers), NotFound), "/api/x"), "Set-Cookie") == ["a=1", "b=2"]


def test_every_header_survives_the_response_decorator(ask: Ask) -> None:
    response = ask(
        in_every_style(lambda: Problem(401, headers=TWO)), "/api/x", options={"response": lambda function: function}
    )

    assert values(response, "WWW-Authenticate") == ["Basic", "Bearer"]


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE"])
@pytest.mark.parametrize(
    "result",
    [
        lambda headers: ("body", headers),
        lambda headers: ("body", 404, headers),
        lambda headers: Reply("body", headers=headers),
        lambda headers: (Page("page.html"), headers),
        lambda headers: (Page("page.html"), 404, headers),
    ],
    ids=["tuple", "three", "Reply", "Page", "Page of three"],
)
def test_the_content_type_that_a_handler_sets_is_the_only_one(
    ask: Ask, result: Callable[[dict[str, str]], Any], name: str
) -> None:
    response = ask(an_api_handler(lambda: result({name: "text/x-own"}), NotFound), "/api/x")

    assert values(response, "Content-Type") == ["text/x-own"]


RESULTS: dict[str, Callable[[dict[str, str]], Any]] = {
    "str": lambda headers: ("body", headers),
    "dict": lambda headers: ({"a": 1}, headers),
    "Reply": lambda headers: Reply("body", headers=headers),
    "Problem": lambda headers: Problem(503, headers=headers),
    "Page": lambda headers: (Page("page.html"), headers),
    "status": lambda headers: ("body", 503, headers),
}


@pytest.mark.parametrize("result", RESULTS)
def test_a_server_error_is_not_stored_and_nothing_is_sniffed(ask: Ask, result: str) -> None:
    response = ask(an_api_handler(lambda: RESULTS[result]({})), "/api/x")

    assert response.status == 503
    assert response.header("Cache-Control") == "no-store"
    assert response.header("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("result", RESULTS)
def test_a_handlers_own_header_wins(ask: Ask, result: str) -> None:
    own = {"cache-control": "max-age=5", "X-Content-Type-Options": "none"}

    response = ask(an_api_handler(lambda: RESULTS[result](own)), "/api/x")

    assert response.header("Cache-Control") == "max-age=5"
    assert response.header("X-Content-Type-Options") == "none"


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (NotFound, None),
        (ServiceUnavailable, "no-store"),
        (lambda: KeyError("x"), "no-store"),
        (lambda: Problem(599), "no-store"),
    ],
)
def test_the_built_in_answers_have_the_safe_headers(
    ask: Ask, raised: Callable[[], Any], expected: str | None, accept: str
) -> None:
    response = ask(in_every_style(raised), "/default/x", **accepting(accept))

    assert response.header("Cache-Control") == expected
    assert response.header("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize("status", [404, 500, 503])
def test_a_native_response_object_is_left_untouched(ask: Ask, status: int) -> None:
    def a_handler_with_a_response(world: World) -> None:
        a_catch_all(lambda exc: world.app.response_class("body", status, {"X-Own": "1"}), on="/api")(world)

    response = ask(an_app(in_every_style(lambda: MethodNotAllowed(["GET"])), a_handler_with_a_response), "/api/x")

    assert sorted((name.lower(), value) for name, value in response.headers) == [
        ("content-length", "4"),
        ("content-type", HTML),
        ("x-own", "1"),
    ]
    assert (response.status, response.text) == (status, "body")


SPLIT = [("X-Own", "a\r\nSet-Cookie: b=c"), ("X-Own", "a\nb"), ("X-Own", "a\rb"), ("X-Own", "a\0b"), ("X\r\nY", "a")]


@pytest.mark.parametrize("header", SPLIT)
@pytest.mark.parametrize(
    "result",
    [
        lambda header: Problem(409, headers=[header]),
        lambda header: Reply("body", headers=[header]),
        lambda header: ("body", [header]),
        lambda header: ("body", 409, dict([header])),
        lambda header: (Page("page.html"), [header]),
    ],
    ids=["Problem", "Reply", "tuple", "three", "Page"],
)
def test_a_line_end_or_nul_never_passes_in_a_header(
    ask: Ask, result: Callable[[tuple[str, str]], Any], header: tuple[str, str]
) -> None:
    response = ask(an_api_handler(lambda: result(header), lambda: Problem(409)), "/api/x")

    assert response.status == 409
    assert response.header("Set-Cookie") is None
    for name, value in response.headers:
        assert not re.search("[\r\n\0]", name + value)


@pytest.mark.parametrize("accept", EVERY)
def test_a_line_end_in_the_header_of_an_exception_never_passes(ask: Ask, accept: str) -> None:
    raised = type("Own", (HTTPException,), {"code": 409, "get_headers": lambda self, *_: SPLIT})

    response = ask(in_every_style(raised), "/default/x", **accepting(accept))

    assert response.status == 409
    assert response.header("Set-Cookie") is None
    assert (response.header("X-Own") or "").startswith("a")
    for name, value in response.headers:
        assert not re.search("[\r\n\0]", name + value)


FRAMING = {
    "Content-Length": "999",
    "Content-Type": "text/x-own",
    "Content-Encoding": "gzip",
    "Transfer-Encoding": "chunked",
    "Connection": "close",
}


@pytest.mark.parametrize(
    "result",
    [lambda: None, lambda: "body", lambda: Reply("body"), lambda: Page("page.html"), lambda: {"a": 1}],
    ids=["None", "str", "Reply", "Page", "dict"],
)
@pytest.mark.parametrize("kind", ["Problem", "HTTPException"])
def test_an_exception_does_not_decide_about_the_framing_of_its_answer(
    ask: Ask, kind: str, result: Callable[[], Any]
) -> None:
    def raised() -> Any:
        if kind == "Problem":
            return Problem(409, headers=FRAMING)
        return type("Own", (HTTPException,), {"code": 409, "get_headers": lambda self, *_: list(FRAMING.items())})()

    response = ask(an_api_handler(result, raised), "/api/x")

    assert response.status == 409
    assert response.header("Content-Length") == str(len(response.body))
    assert response.content_type != "text/x-own"
    for name in ("Content-Encoding", "Transfer-Encoding", "Connection"):
        assert response.header(name) is None


def test_a_reply_has_the_length_of_its_body(ask: Ask) -> None:
    response = ask(an_api_handler(lambda: Reply("body", headers={"Content-Length": "999"})), "/api/x")

    assert (response.text, values(response, "Content-Length")) == ("body", ["4"])


def test_state_of_one_request_never_shows_in_another() -> None:
    shared = Problem(429, detail="wait", headers={"Retry-After": "3"}, sku="a")

    application = an_app(
        in_every_style(lambda: shared),
        with_templates({"errors/429.html": "{{ error.instance }} {{ error.trace_id }}"}),
    )

    twins = Twins.built(application)
    traced = twins.ask("/api/x", headers=[("traceparent", f"00-{TRACE}-00f067aa0ba902b7-01")])
    plain = twins.ask("/api/x")
    page = twins.ask("/web/x")

    assert traced.json["trace_id"] == TRACE
    assert "trace_id" not in plain.json
    assert TRACE not in page.text
    assert len({traced.json["instance"], plain.json["instance"], page.text.split()[0]}) == 3
    assert (shared.instance, shared.type, dict(shared.extensions)) == (None, "about:blank", {"sku": "a"})
    assert shared.headers == (("Retry-After", "3"),)


# No content.


@pytest.mark.parametrize("accept", EVERY)
@pytest.mark.parametrize("path", ["/api/x", "/web/x", "/default/x", "/api/nope", "/api/crash"])
def test_head_has_the_headers_of_get_and_no_body(path: str, accept: str) -> None:
    twins = Twins.built(in_every_style(crash=lambda: KeyError("x")))

    get, head = twins.ask(path, **accepting(accept)), twins.ask(path, "HEAD", **accepting(accept))

    assert (head.status, head.body) == (get.status, b"")
    assert get.body
    assert {name.lower(): value for name, value in head.headers} == {name.lower(): value for name, value in get.headers}


@pytest.mark.parametrize(
    "result",
    [
        lambda: "body",
        lambda: {"a": 1},
        lambda: Reply("body"),
        lambda: ("body", 404),
        lambda: Page("page.html"),
        lambda: Problem(410),
    ],
    ids=["str", "dict", "Reply", "tuple", "Page", "Problem"],
)
def test_head_of_what_a_handler_gives_has_no_body(result: Callable[[], Any]) -> None:
    twins = Twins.built(an_api_handler(result, NotFound))

    get, head = twins.ask("/api/x"), twins.ask("/api/x", "HEAD")

    assert (head.status, head.body) == (get.status, b"")
    assert head.header("Content-Length") == get.header("Content-Length") == str(len(get.body))


def test_head_of_a_stream_has_the_headers_of_get_and_no_body() -> None:
    def pieces() -> Iterator[str]:
        yield "one "
        yield "two"

    twins = Twins.built(an_api_handler(pieces, NotFound))

    get, head = twins.ask("/api/x"), twins.ask("/api/x", "HEAD")

    assert (get.text, head.body) == ("one two", b"")
    assert sorted(name.lower() for name, _ in head.headers) == sorted(name.lower() for name, _ in get.headers)


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("result", [lambda status: Reply("body", status), lambda status: ("body", status)])
def test_204_and_304_have_no_body(ask: Ask, status: int, result: Callable[[int], Any]) -> None:
    response = ask(an_api_handler(lambda: result(status), NotFound), "/api/x")

    assert (response.status, response.body) == (status, b"")
    assert response.header("Content-Length") is None
