"""Status codes and their phrases."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest

from errbridge.http.status import check_error_status, find_phrase, has_body, parse_status


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, "Bad Request"),
        (404, "Not Found"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (418, "I'm a Teapot"),
        (421, "Misdirected Request"),
        (422, "Unprocessable Content"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
        (419, "Client Error"),
        (499, "Client Error"),
        (599, "Server Error"),
    ],
)
def test_phrases_are_those_of_rfc_9110_on_every_python(status: int, expected: str) -> None:
    assert find_phrase(status) == expected


def test_every_error_status_has_a_phrase() -> None:
    assert all(find_phrase(status) for status in range(400, 600))


def test_a_status_becomes_a_plain_int() -> None:
    assert type(check_error_status(HTTPStatus.NOT_FOUND)) is int
    assert check_error_status(400) == 400
    assert check_error_status(599) == 599


@pytest.mark.parametrize("status", [None, True, 399, 600, "404", 404.0])
def test_what_is_no_status_of_an_error_is_refused(status: Any) -> None:
    with pytest.raises(ValueError, match="an integer from 400 to 599"):
        check_error_status(status)


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("GET", 404, True),
        ("POST", 500, True),
        ("OPTIONS", 404, True),
        ("GET", 200, True),
        ("HEAD", 404, False),
        ("GET", 204, False),
        ("GET", 304, False),
        ("GET", 101, False),
        ("GET", 199, False),
        ("HEAD", 204, False),
    ],
)
def test_head_and_some_statuses_carry_no_content(method: str, status: int, expected: bool) -> None:
    assert has_body(method, status) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (100, 100),
        (200, 200),
        (599, 599),
        (HTTPStatus.NOT_FOUND, 404),
        ("404", 404),
        ("404 Not Found", 404),
        ("404 ", 404),
    ],
)
def test_the_status_of_a_response_is_a_number_or_a_text_that_begins_with_one(status: object, expected: int) -> None:
    found = parse_status(status)

    assert found == expected
    assert type(found) is int


@pytest.mark.parametrize(
    "status", [None, True, 99, 600, -404, 404.0, "", " 404", "404x", "4040", "Not Found", "099", b"404", [404]]
)
def test_what_http_has_no_status_for_is_refused(status: object) -> None:
    with pytest.raises(ValueError, match="a number from 100 to 599"):
        parse_status(status)


class Telling(int):
    def __repr__(self) -> str:
        raise AssertionError("the repr was called")

    __str__ = __repr__


class Loud:
    def __repr__(self) -> str:
        raise AssertionError("the repr was called")

    __str__ = __repr__


SECRET = "secret " * 5


@pytest.mark.parametrize("read", [check_error_status, parse_status])
@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (None, "None"),
        (True, "True"),
        (99, "99"),
        (-1, "-1"),
        (HTTPStatus.CONTINUE + 2000, "2100"),
        (99.5, "99.5"),
        ("no status", "'no status'"),
        ("x" * 32, f"'{'x' * 32}'"),
        ("x" * 33, "an object of class str"),
        (SECRET, "an object of class str"),
        ("a\nb", "an object of class str"),
        (b"404", "an object of class bytes"),
        ([SECRET], "an object of class list"),
        ({"HTTP_AUTHORIZATION": SECRET}, "an object of class dict"),
        (Loud, "an object of class type"),
        (type("N" * 1000, (), {})(), f"an object of class {'N' * 32}"),
    ],
)
def test_a_refused_status_is_shown_only_if_it_is_a_number_or_a_short_text(
    read: Callable[[object], int], status: object, shown: str
) -> None:
    with pytest.raises(ValueError, match=r"^the status of ") as caught:
        read(status)

    assert str(caught.value).endswith(f", not {shown}")


@pytest.mark.parametrize("read", [check_error_status, parse_status])
def test_a_refused_status_is_not_asked_how_it_looks(read: Callable[[object], int]) -> None:
    with pytest.raises(ValueError, match=r", not 7$"):
        read(Telling(7))
    with pytest.raises(ValueError, match=r", not an object of class Loud$"):
        read(Loud())
    with pytest.raises(ValueError, match=r", not an object of class int$"):
        read(10**5000)  # which Python refuses to print
