"""The facts of a request."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from errbridge import RequestFacts
from errbridge.http.headers import RequestHeaders
from errbridge.http.request import ALLOW
from errbridge.introspection import _find_open_class

FIELDS = [
    *("method", "path", "host", "root_path", "accept", "xhr", "traceparent", "endpoint", "blueprints"),
    *("rule_blueprints", "allow", "routing", "websocket", "headers", "trace_id", "request_id", "has_input"),
    "accept_language",
    "locale",
]


def test_the_facts_can_be_given_by_position_and_by_name() -> None:
    values: tuple[Any, ...] = (
        *("PUT", "/a", "h", "/root", "*/*", True, "00-", "e", ("b",)),
        *(("r",), ("GET",), True, True, RequestHeaders(), "trace", "r-1", False),
        *("de", "fr"),
    )

    assert [field.name for field in dataclasses.fields(RequestFacts)] == FIELDS
    assert RequestFacts(*values) == RequestFacts(**dict(zip(FIELDS, values, strict=True)))


def test_facts_are_replaced_in_a_copy() -> None:
    facts = RequestFacts(path="/a", headers=RequestHeaders(lambda: [("X-A", "1")]))

    changed = dataclasses.replace(facts, path="/b")

    assert (facts.path, changed.path, changed.headers["x-a"]) == ("/a", "/b", "1")
    assert copy.copy(facts) == facts != changed


@pytest.mark.parametrize("has_gil", [True, False])
def test_facts_of_a_class_of_ones_own_are_made_as_well(monkeypatch: pytest.MonkeyPatch, has_gil: bool) -> None:
    monkeypatch.setattr("errbridge.introspection._HAS_GIL", has_gil)
    _find_open_class.cache_clear()

    class Own(RequestFacts):
        """Facts with a method of an application's own."""

    @dataclasses.dataclass(frozen=True, slots=True)
    class Checked(RequestFacts):
        checked: bool = False

        def __post_init__(self) -> None:
            object.__setattr__(self, "checked", True)

    for cls in (RequestFacts, Own, Checked):
        facts = cls.from_headers({"host": "h"})
        assert (type(facts), facts.host, getattr(facts, "checked", True)) == (cls, "h", True)
        assert pickle.loads(pickle.dumps(RequestFacts.from_headers({}))) == RequestFacts()
    _find_open_class.cache_clear()


def test_facts_have_no_other_attributes() -> None:
    facts = RequestFacts()

    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.path = "/b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("XMLHttpRequest", True), ("xmlhttprequest", True), ("", False), ("XMLHttpRequest, x", False), ("fetch", False)],
)
def test_an_xml_http_request_says_so_in_any_case(value: str, expected: bool) -> None:
    assert RequestFacts.from_headers({"x-requested-with": value}).xhr is expected


def test_facts_are_read_from_header_fields() -> None:
    values = {"host": "h", "accept": "*/*", "traceparent": "00-1", "x-own": "1"}

    facts = RequestFacts.from_headers(values, {"method": "PUT"}, scope={ALLOW: ("GET",)})

    assert (facts.host, facts.accept, facts.traceparent, facts.xhr) == ("h", "*/*", "00-1", False)
    assert (facts.method, facts.allow, dict(facts.headers)) == ("PUT", ("GET",), values)
    assert RequestFacts.from_headers({}) == RequestFacts()


def test_all_header_fields_are_read_when_somebody_looks() -> None:
    looks: list[str] = []

    def read() -> list[tuple[str, str]]:
        looks.append("a look")
        return [("X-A", "1"), ("X-a", "2")]

    facts = RequestFacts.from_headers({"host": "h"}, read=read)

    assert looks == []
    assert (facts.headers["x-a"], "host" in facts.headers, looks) == ("1, 2", False, ["a look"])


@pytest.mark.parametrize(
    "value", ["a", "0af7651916cd43dd8448eb211c80319c", "Root=1-67891233-abcdef0123456789", "x" * 128]
)
def test_the_id_of_a_request_is_taken_as_it_is(value: str) -> None:
    assert RequestFacts.from_headers({"x-request-id": value}).request_id == value


@pytest.mark.parametrize(
    "value", ["", " ", "a b", "a\n", "x" * 129, "<b>", '"', "&", "\u00e9", "a,b", "\x00", "'", "\\", "%0a"]
)
def test_what_could_not_be_logged_or_shown_as_it_is_counts_as_no_id(value: str) -> None:
    assert RequestFacts.from_headers({"x-request-id": value}).request_id == ""
