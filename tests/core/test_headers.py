"""Header fields: how users write them, what goes out, and the fields that are lists."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errbridge.http.headers import (
    check_head,
    clean_headers,
    leave_out,
    list_headers,
    map_headers,
    merge_header,
    set_default_header,
    split_list,
)
from tests.core.fakes import RaisesOnStr

# RFC 9110 and RFC 9111, response fields whose definition is no list.
SINGLETONS = [
    "Age",
    "Content-Length",
    "Content-Location",
    "Content-Range",
    "Content-Type",
    "Date",
    "ETag",
    "Expires",
    "Last-Modified",
    "Location",
    "Retry-After",
    "Server",
]
REPEATABLE = [
    "Accept-Ranges",
    "Authentication-Info",
    "Cache-Control",
    "Content-Encoding",
    "Content-Language",
    "Link",
    "Proxy-Authenticate",
    "Set-Cookie",
    "Trailer",
    "Upgrade",
    "Vary",
    "Via",
    "WWW-Authenticate",
    "X-Anything",
]


@pytest.mark.parametrize("name", SINGLETONS)
def test_a_field_that_may_occur_once_goes_out_once_with_its_last_value(name: str) -> None:
    headers = [(name, "1"), ("X-A", "a"), (name.lower(), "2"), (name.upper(), "3"), ("X-A", "b")]

    assert clean_headers(headers) == (("X-A", "a"), (name.upper(), "3"), ("X-A", "b"))


def test_several_lines_of_allow_are_one() -> None:
    headers = (("Allow", "PUT, GET"), ("X-A", "a"), ("allow", "GET, POST"))

    assert clean_headers(headers) == (("X-A", "a"), ("allow", "GET, POST, PUT"))


@pytest.mark.parametrize("name", REPEATABLE)
def test_any_other_field_may_occur_more_than_once(name: str) -> None:
    headers = ((name, "1"), ("X-A", "a"), (name.lower(), "2"))

    assert clean_headers(headers) == headers


def test_a_value_that_cannot_be_sent_does_not_take_the_place_of_one_that_can() -> None:
    assert clean_headers([("Retry-After", 5), ("retry-after", RaisesOnStr())]) == (("Retry-After", "5"),)


@given(st.lists(st.tuples(st.sampled_from([*SINGLETONS, *REPEATABLE]), st.sampled_from("abc")), max_size=12))
def test_cleaning_again_changes_nothing(headers: list[tuple[str, str]]) -> None:
    cleaned = clean_headers(headers)

    assert clean_headers(cleaned) == cleaned
    assert {name: dict(headers)[name] for name in SINGLETONS if name in dict(headers)}.items() <= set(cleaned)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (None, ()),
        ((), ()),
        ({}, ()),
        ({"A": "1", "B": "2"}, (("A", "1"), ("B", "2"))),
        ({"A": ["1", "2"], "B": ("3",)}, (("A", "1"), ("A", "2"), ("B", "3"))),
        ([("A", "1"), ["A", "2"]], (("A", "1"), ("A", "2"))),
        ((pair for pair in [("A", ["1", "2"])]), (("A", "1"), ("A", "2"))),
    ],
)
def test_headers_are_a_mapping_pairs_or_nothing(headers: Any, expected: object) -> None:
    assert list_headers(headers) == expected


@pytest.mark.parametrize("headers", ["abc", ["ab"], [("a",)], [("a", "b", "c")], [5], {"secret"}])
def test_anything_else_is_refused_without_repeating_it(headers: Any) -> None:
    with pytest.raises(TypeError, match="headers are a mapping, or pairs of name and value, not ") as caught:
        list_headers(headers)

    assert "secret" not in str(caught.value)


def test_the_headers_of_a_mapping_are_those_that_occur_once() -> None:
    assert map_headers([("Set-Cookie", "a"), ("Allow", "GET"), ("set-cookie", "b")]) == {"Allow": "GET"}


def test_headers_are_left_out_for_others_of_their_names() -> None:
    headers = [("X-A", "1"), ("x-b", "2"), ("x-a", "3"), ("X-C", "4")]

    assert leave_out(headers, [("X-a", ""), ("X-B", "")]) == (("X-C", "4"),)
    assert leave_out(headers, ()) == tuple(headers)


def test_a_list_is_split_at_its_commas_and_may_have_empty_items() -> None:
    assert split_list(" GET,HEAD ,, POST,") == ["GET", "HEAD", "POST"]
    assert split_list("") == []


def test_a_default_does_not_take_the_place_of_a_header() -> None:
    headers = [("vary", "Cookie")]

    set_default_header(headers, "Vary", "Accept")
    set_default_header(headers, "X-A", "1")

    assert headers == [("vary", "Cookie"), ("X-A", "1")]


def test_what_is_merged_into_a_list_is_one_line_without_repetitions() -> None:
    headers = [("vary", "Cookie, Accept"), ("X-A", "1"), ("Vary", "Origin")]

    merge_header(headers, "Vary", "Accept, X-Requested-With")

    assert headers == [("X-A", "1"), ("Vary", "Cookie, Accept, Origin, X-Requested-With")]


def test_a_list_field_that_is_new_is_added_as_it_is() -> None:
    headers = [("X-A", "1")]

    merge_header(headers, "Vary", "Accept")

    assert headers == [("X-A", "1"), ("Vary", "Accept")]


@pytest.mark.parametrize("status", [200, 999, "200", "200 ", "200 OK", "200 Tout va bien, \xe7a va\t"])
def test_a_status_is_three_digits_and_may_have_a_reason(status: object) -> None:
    check_head(status, [], "latin-1")


@pytest.mark.parametrize(
    ("status", "header"),
    [
        (1000, ("X-A", "s3cret")),
        ("0", ("X-A", "s3cret")),
        ("200 O\rK", ("X-A", "s3cret")),
        ("200 \u2603", ("X-A", "s3cret")),
        ("200 a\x00b", ("X-A", "s3cret")),
        (200, ("X A", "s3cret")),
        (200, ("", "s3cret")),
        (200, ("X-A", "s3cret\n")),
        (200, ("X-A", "s3cret\u0142")),
        (200, ("content-length", "s3cret")),
        (200, ("Content-Length", "-1")),
        (200, ("Content-Length", "\u00b2")),
        (200, ("Content-Length", "")),
    ],
)
def test_what_a_server_would_refuse_is_a_value_error_without_the_value(status: object, header: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match=r"status|header|codec") as caught:
        check_head(status, [("Content-Length", "12"), header], "latin-1")

    if not isinstance(caught.value, UnicodeError):  # Python's own, whose text has the place alone
        assert header[1] == "" or header[1] not in str(caught.value)
