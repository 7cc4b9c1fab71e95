"""The finished response, and the rules that every finished response keeps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errbridge import Problem, Reply
from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.representations.response import (
    Response,
    build_headers,
    build_reply,
    default_headers,
    finish,
    last_resort,
)
from tests.core.fakes import ANY_TEXT, incident_of

SAFE = ("X-Content-Type-Options", "nosniff")
NO_STORE = ("Cache-Control", "no-store")


def header(response: Response, name: str) -> list[str]:
    return [value for known, value in response.headers if known.lower() == name.lower()]


def respond(
    problem: Problem, body: bytes, content_type: str, method: str = "GET", policy: str | None = None
) -> Response:
    headers = build_headers(content_type, "Accept", policy, own=problem.headers, status=problem.status)
    return finish(method, problem.status, headers, body)


def reply(given: Reply, problem: Problem | None = None, **facts: Any) -> Response:
    return build_reply(incident_of(problem, **facts), given)


# Defaults.


def test_every_response_is_protected_from_sniffing_and_a_5xx_from_being_stored() -> None:
    assert default_headers(incident_of(Problem(404)), 404) == (SAFE,)
    assert default_headers(incident_of(Problem(500)), 500) == (SAFE, NO_STORE)
    assert default_headers(incident_of(Problem(404)), 503) == (SAFE, NO_STORE)


def test_an_exceptions_own_headers_win_over_the_safe_ones() -> None:
    problem = Problem(500, headers={"cache-control": "max-age=1", "x-content-TYPE-options": "x"})

    assert default_headers(incident_of(problem), 500) == (
        ("cache-control", "max-age=1"),
        ("x-content-TYPE-options", "x"),
    )


@pytest.mark.parametrize(
    "name", ["Content-Type", "content-length", "Content-Encoding", "TRANSFER-ENCODING", "Connection"]
)
def test_an_exceptions_headers_never_contradict_the_body(name: str) -> None:
    assert default_headers(incident_of(Problem(404, headers={name: "5"})), 404) == (SAFE,)


# Representations.


@pytest.mark.parametrize(
    ("media_type", "content_type"),
    [
        (JSON, "application/problem+json"),
        (XML, "application/problem+xml"),
        (HTML, "text/html; charset=utf-8"),
        (TEXT, "text/plain; charset=utf-8"),
        ("application/json", "application/json"),
    ],
)
def test_a_representation_goes_out_under_its_content_type_first(media_type: str, content_type: str) -> None:
    response = respond(Problem(404), b"body", media_type)

    assert response == Response(404, (("Content-Type", content_type), SAFE, ("Vary", "Accept")), b"body")


def test_the_policy_of_a_body_goes_out_with_it_unless_the_problem_brings_one() -> None:
    own: Any
    for own, expected in (((), ["none"]), ({"X-A": "1"}, ["none"]), ({"content-security-POLICY": "own"}, ["own"])):
        response = respond(Problem(404, headers=own), b"", HTML, policy="none")

        assert header(response, "Content-Security-Policy") == expected
    assert header(respond(Problem(404), b"", HTML), "Content-Security-Policy") == []


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ([("Vary", "Cookie")], "Cookie, Accept"),
        ([("vary", "accept-language, Accept")], "accept-language, Accept"),
        ([("Vary", "Cookie"), ("vary", "Origin,, Cookie")], "Cookie, Origin, Accept"),
        ([("Vary", "")], "Accept"),
    ],
)
def test_vary_adds_to_that_of_the_exception_and_says_nothing_twice(own: list[tuple[str, str]], expected: str) -> None:
    response = respond(Problem(404, headers=own), b"", TEXT)

    assert header(response, "Vary") == [expected]


def test_headers_of_an_exception_survive_every_one_of_them() -> None:
    own = [
        ("Allow", "GET, POST"),
        ("WWW-Authenticate", "Basic"),
        ("WWW-Authenticate", "Bearer"),
        ("Retry-After", "0"),
        ("Content-Range", "bytes */5"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]
    incident = incident_of(Problem(401, headers=own))

    for response in (
        respond(incident.problem, b"", JSON),
        build_reply(incident, Reply("")),
    ):
        assert [pair for pair in response.headers if pair in own] == own


# Methods and statuses without content.


def test_head_has_the_headers_of_get_and_no_body() -> None:
    get = respond(Problem(404), b"12345", JSON)
    head = respond(Problem(404), b"12345", JSON, "HEAD")

    assert head.body is None
    assert [pair for pair in head.headers if pair[0] != "Content-Length"] == list(get.headers)
    assert header(head, "Content-Length") == ["5"]


@pytest.mark.parametrize("status", [100, 204, 304])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_status_without_content_has_neither_body_nor_type_nor_length(status: int, method: str) -> None:
    response = reply(Reply("body", status, {"content-type": "x/y", "Content-Length": "4", "ETag": "e"}), method=method)

    assert (response.status, response.body) == (status, None)
    assert header(response, "Content-Type") == header(response, "Content-Length") == []
    assert header(response, "ETag") == ["e"]


# Replies.


def test_a_reply_keeps_the_errors_status_unless_it_has_its_own() -> None:
    assert reply(Reply("x"), Problem(409)).status == 409
    assert reply(Reply("x", 200), Problem(409)).status == 200


@pytest.mark.parametrize(
    ("body", "expected", "content_type"),
    [
        ("é", "é".encode(), "text/plain; charset=utf-8"),
        ("\ud800", b"?", "text/plain; charset=utf-8"),
        (b"\xff", b"\xff", "application/octet-stream"),
        (bytearray(b"ab"), b"ab", "application/octet-stream"),
        (memoryview(b"ab"), b"ab", "application/octet-stream"),
        ("", b"", "text/plain; charset=utf-8"),
    ],
)
def test_text_is_plain_utf_8_and_bytes_are_bytes(body: Any, expected: bytes, content_type: str) -> None:
    response = reply(Reply(body))

    assert response.body == expected
    assert header(response, "Content-Type") == [content_type]


@pytest.mark.parametrize("body", [None, 5, object(), ["a"], True])
def test_a_body_that_is_neither_text_nor_bytes_is_refused(body: Any) -> None:
    with pytest.raises(TypeError):
        reply(Reply(body))


@pytest.mark.parametrize("status", ["404", 99999, -1, 0, 4.5])
def test_a_status_that_http_does_not_have_is_refused(status: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        reply(Reply("x", status))


def test_a_reply_wins_over_every_default() -> None:
    problem = Problem(503, headers={"Retry-After": "5", "X-E": "e"})
    own = {"content-type": "a/b", "retry-after": "9", "CACHE-CONTROL": "public", "x-content-type-options": "off"}

    response = reply(Reply("x", None, own), problem)

    assert [(name.lower(), value) for name, value in response.headers] == [
        *((name.lower(), value) for name, value in own.items()),
        ("x-e", "e"),
    ]


def test_the_content_type_is_the_first_header_of_a_reply_too() -> None:
    response = reply(Reply("x", None, {"X-A": "1"}))

    assert response.headers[0] == ("Content-Type", "text/plain; charset=utf-8")
    assert reply(Reply("x", None, {"X-A": "1", "content-type": "a/b"})).headers[0][1] == "a/b"


def test_a_response_knows_its_content_type() -> None:
    assert reply(Reply("x")).content_type == "text/plain; charset=utf-8"
    assert reply(Reply("x", 204)).content_type is None
    assert reply(Reply("x", 304, {"ETag": "e"})).content_type is None
    assert Response(404, (), None).content_type is None
    assert Response(404, (("X-A", "1"), ("content-type", "text/csv")), None).content_type == "text/csv"


def test_the_length_of_a_reply_is_the_servers_to_say() -> None:
    assert header(reply(Reply("abc", None, {"Content-Length": "99"})), "Content-Length") == []
    assert header(reply(Reply("abc", None, {"Content-Length": "99"}), method="HEAD"), "Content-Length") == ["3"]


def test_repeated_headers_of_a_reply_stay() -> None:
    response = reply(Reply("x", None, [("Set-Cookie", "a"), ("Set-Cookie", "b")]))

    assert header(response, "Set-Cookie") == ["a", "b"]


@given(
    body=ANY_TEXT,
    headers=st.lists(st.tuples(st.one_of(ANY_TEXT, st.just("X-A")), ANY_TEXT), max_size=4),
    method=st.sampled_from(["GET", "HEAD", "POST"]),
    status=st.integers(400, 599),
)
@settings(deadline=None, max_examples=200)
def test_any_text_makes_a_response_that_any_server_can_send(
    body: str, headers: list[tuple[str, str]], method: str, status: int
) -> None:
    problem = Problem(status, headers=headers, detail=body)
    incident = incident_of(problem, method=method)

    for response in (
        build_reply(incident, Reply(body, None, headers)),
        respond(incident.problem, body.encode("utf-8", "replace"), HTML, method),
    ):
        assert response.status == status
        assert (response.body is None) == (method == "HEAD")
        for name, value in response.headers:
            assert name.isascii()
            assert value.isascii()
            assert not set(name + value) & {"\r", "\n", "\0"}


# The last resort.


@pytest.mark.parametrize(
    ("status", "text"), [(404, b"404 Not Found\n"), (500, b"500 Internal Server Error\n"), (599, b"599 Server Error\n")]
)
def test_the_last_resort_is_constant_text(status: int, text: bytes) -> None:
    response = last_resort("GET", status)

    assert response == Response(status, (("Content-Type", "text/plain; charset=utf-8"), SAFE, NO_STORE), text)


def test_the_last_resort_of_head_has_no_body() -> None:
    response = last_resort("HEAD", 404)

    assert (response.status, response.body) == (404, None)
    assert header(response, "Content-Length") == ["14"]
