"""The facts of a request."""

from __future__ import annotations

import copy
import dataclasses
from typing import Any

import pytest

from errbridge import RequestFacts
from errbridge.http.headers import RequestHeaders
from errbridge.http.request import is_xhr

FIELDS = [
    *("method", "path", "host", "root_path", "accept", "xhr", "traceparent", "endpoint", "blueprints"),
    *("rule_blueprints", "allow", "routing", "websocket", "headers", "trace_id", "has_input"),
]


def test_the_facts_can_be_given_by_position_and_by_name() -> None:
    values: tuple[Any, ...] = (
        *("PUT", "/a", "h", "/root", "*/*", True, "00-", "e", ("b",)),
        *(("r",), ("GET",), True, True, RequestHeaders(), "trace", False),
    )

    assert [field.name for field in dataclasses.fields(RequestFacts)] == FIELDS
    assert RequestFacts(*values) == RequestFacts(**dict(zip(FIELDS, values, strict=True)))


def test_facts_are_replaced_in_a_copy() -> None:
    facts = RequestFacts(path="/a", headers=RequestHeaders(lambda: [("X-A", "1")]))

    changed = dataclasses.replace(facts, path="/b")

    assert (facts.path, changed.path, changed.headers["x-a"]) == ("/a", "/b", "1")
    assert copy.copy(facts) == facts != changed


def test_facts_have_no_other_attributes() -> None:
    facts = RequestFacts()

    assert not hasattr(facts, "__dict__")
    with pytest.raises(dataclasses.FrozenInstanceError):
        facts.path = "/b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [("XMLHttpRequest", True), ("xmlhttprequest", True), ("", False), ("XMLHttpRequest, x", False), ("fetch", False)],
)
def test_an_xml_http_request_says_so_in_any_case(value: str, expected: bool) -> None:
    assert is_xhr(value) is expected
