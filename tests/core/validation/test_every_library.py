"""What the errors of all libraries have in common: pointers, limits, and no value that was sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import marshmallow as ma
import msgspec
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errbridge.representations.rendering import render_json, render_text, render_xml
from errbridge.validation import problem_of
from errbridge.validation.faults import Fault, write_item
from errbridge.validation.readers import MOST
from tests.core.fakes import incident_of
from tests.core.validation.checks import (
    CHECKS,
    COMPLETE,
    EVERY_CHECK,
    GENERAL,
    SECRET,
    Check,
    MarshmallowItem,
    PydanticOrder,
    errors_of,
    problem_with,
    resolved,
    where,
)

KEYS = st.one_of(
    st.sampled_from(["", "/", "~", "~1", "a/b", "key", "value", "[key]", "int", "0", "_schema", "ü", "a.b", "`", "$"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
NUMBERS = st.one_of(st.integers(-9, 9), st.just(SECRET), st.just([SECRET]))
ITEMS: st.SearchStrategy[Any] = st.one_of(
    st.fixed_dictionaries({"count": NUMBERS}),
    st.just({}),
    st.fixed_dictionaries({"count": NUMBERS, "extra": st.just(SECRET)}),
    st.just(7),
)
FLAT: dict[str, st.SearchStrategy[Any]] = {
    "items": st.one_of(st.lists(ITEMS, max_size=4), st.just(7)),
    "limits": st.one_of(st.dictionaries(KEYS, NUMBERS, max_size=4), st.just(7)),
}
ORDERS = st.recursive(
    st.fixed_dictionaries({}, optional=FLAT),
    lambda inner: st.fixed_dictionaries({}, optional={**FLAT, "inner": inner, "un~/known": st.just(SECRET)}),
    max_leaves=3,
)


def wrong_in(order: Any, path: str = "") -> Iterator[str]:
    """List what is wrong in an order, without any library."""
    if "items" not in order or order["items"] == 7:
        yield f"{path}/items"
    else:
        for index, item in enumerate(order["items"]):
            if item == 7:
                yield f"{path}/items/{index}"
                continue
            if not isinstance(item.get("count"), int):
                yield f"{path}/items/{index}/count"
            if "extra" in item:
                yield f"{path}/items/{index}/extra"
    if order.get("limits") == 7:
        yield f"{path}/limits"
    else:
        for key, number in order.get("limits", {}).items():
            if not isinstance(number, int):
                yield f"{path}/limits/{key.replace('~', '~0').replace('/', '~1')}"
    if "inner" in order:
        yield from wrong_in(order["inner"], f"{path}/inner")
    if "un~/known" in order:
        yield f"{path}/un~0~1known"


@pytest.mark.parametrize("library", COMPLETE)
@given(order=ORDERS)
@settings(deadline=None, max_examples=60)
def test_every_wrong_value_is_pointed_at_and_nothing_else(library: str, order: Any) -> None:
    wrong = sorted(wrong_in(order))
    if wrong:
        assert sorted(error["pointer"] for error in errors_of(CHECKS[library], order)) == wrong
    else:
        CHECKS[library](order)


@given(order=ORDERS)
@settings(deadline=None, max_examples=100)
def test_a_library_that_stops_at_the_first_error_points_at_one_that_is_wrong(order: Any) -> None:
    wrong = set(wrong_in(order))
    if wrong:
        pointed = {error["pointer"] for error in errors_of(CHECKS["jsonschema"], order)}
        assert pointed
        assert pointed <= wrong
        for name in ("msgspec", "msgspec, of JSON"):  # which does not name the keys of a mapping
            (error,) = errors_of(CHECKS[name], order)
            assert error["pointer"] in wrong | {
                re.sub("/limits/.*", "/limits", path, flags=re.DOTALL) for path in wrong
            }


@EVERY_CHECK
@given(order=ORDERS)
@settings(deadline=None, max_examples=30)
def test_no_value_that_was_sent_is_in_any_representation(check: Check, order: Any) -> None:
    if any(wrong_in(order)):
        incident = incident_of(problem_with(check, order))
        for rendered in (render_json(incident.problem), render_xml(incident.problem), render_text(incident)):
            assert SECRET.encode() not in rendered


@EVERY_CHECK
def test_what_is_pointed_at_is_the_wrong_value(check: Check) -> None:
    order = {"items": [{"count": 1}, {"count": SECRET}]}

    (error,) = errors_of(check, order)

    assert resolved(order, error["pointer"]) == SECRET
    assert list(error) == ["detail", "pointer", "code"]
    assert error["code"] in ("int_parsing", "int_type", "type")


@EVERY_CHECK
def test_what_is_missing_is_pointed_at_where_it_should_be(check: Check) -> None:
    ((place, code),) = where(check, {"items": [{}]})

    assert place == "/items/0/count"
    assert code in ("missing", "required")


@EVERY_CHECK
def test_what_is_not_known_is_pointed_at(check: Check) -> None:
    ((place, code),) = where(check, {"items": [], "a/b~c": SECRET})

    assert place == "/a~1b~0c"
    assert code in ("unknown", "extra_forbidden", "additionalProperties")


@pytest.mark.parametrize(
    "check",
    [
        pydantic.TypeAdapter(int).validate_python,
        pydantic.TypeAdapter(int).validate_json,
        lambda given: MarshmallowItem().load(given),
        lambda given: msgspec.convert(given, int),
        lambda given: jsonschema.validate(given, {"type": "integer"}),
    ],
)
def test_a_document_that_is_wrong_as_a_whole_has_the_empty_pointer(check: Check) -> None:
    ((place, _),) = where(check, '"seven"')

    assert place == ""


def test_a_problem_is_a_422_that_says_nothing_of_the_library() -> None:
    problem = problem_with(PydanticOrder.model_validate, {})

    assert (problem.status, problem.type, problem.detail) == (422, "about:blank", "What was sent is not valid.")
    assert list(problem.extensions) == ["errors"]


# How many, and how long.


@pytest.mark.parametrize("library", COMPLETE)
@pytest.mark.parametrize("number", [MOST - 1, MOST, MOST + 1, 5 * MOST])
def test_at_most_a_hundred_errors_are_listed(library: str, number: int) -> None:
    problem = problem_with(CHECKS[library], {"items": [{} for _ in range(number)]})

    assert len(problem.extensions["errors"]) == min(number, 100)
    assert problem.extensions["errors"][-1]["pointer"] == f"/items/{min(number, 100) - 1}/count"
    assert problem.extensions.get("errors_truncated") == (True if number > 100 else None)


def test_a_key_of_endless_length_is_not_repeated_for_each_value_below_it() -> None:
    class Deep(pydantic.BaseModel):
        named: dict[str, list[int]]

    errors = errors_of(Deep.model_validate, {"named": {"k" * 5000: [SECRET] * 3, "k": [SECRET]}})

    assert [error.get("pointer") for error in errors] == [None, None, None, "/named/k/0"]


@given(st.lists(st.one_of(st.text(max_size=99), st.integers(0, 9)), max_size=5))
def test_a_pointer_leads_to_where_the_path_leads(path: list[str | int]) -> None:
    document: Any = SECRET
    for name in reversed(path):
        document = {str(name): document}

    item = write_item(Fault("invalid", tuple(path)), messages=False)
    assert resolved(document, item["pointer"]) == SECRET


def test_an_error_that_the_application_makes_itself_is_told_in_general() -> None:
    for exc in (
        jsonschema.ValidationError(SECRET),
        ma.ValidationError(SECRET),
        ma.ValidationError([SECRET], field_name="field"),
        msgspec.ValidationError(SECRET),
    ):
        problem = problem_of(exc, everywhere=True)
        assert problem is not None
        assert problem.extensions["errors"] == [{"detail": GENERAL, "pointer": "", "code": "invalid"}]


def test_a_document_of_text_has_a_line_for_each_error() -> None:
    problem = problem_with(CHECKS["cattrs"], {"items": [{}, {"count": SECRET}]})

    assert render_text(incident_of(problem)).decode().splitlines()[3:7] == [
        "",
        "errors:",
        "- detail: This is required., pointer: /items/0/count, code: missing",
        "- detail: Expected an integer., pointer: /items/1/count, code: type",
    ]
