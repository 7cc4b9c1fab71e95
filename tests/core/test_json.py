"""``application/problem+json``."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from errbridge import Incident, Problem
from errbridge.representations.rendering import render_json
from tests.core.fakes import (
    ANY_TEXT,
    ID,
    incident_of,
)
from tests.core.values import EXTENSIONS, RESERVED, SURROGATE


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def read_json(incident: Incident) -> Any:
    return json.loads(render_json(incident.problem).decode("utf-8"), parse_constant=refuse)


def test_a_document_has_the_members_of_the_rfc_first_and_in_order_and_ends_the_line() -> None:
    rendered = render_json(incident_of(Problem(404, detail="é <b>", type="urn:t", sku="a", none=None)).problem)

    assert rendered.decode() == (
        '{"type":"urn:t","title":"Not Found","status":404,"detail":"é <b>",'
        f'"instance":"urn:uuid:{ID}","sku":"a","none":null}}\n'
    )


@given(EXTENSIONS, ANY_TEXT)
@settings(deadline=None, max_examples=200)
def test_any_problem_is_valid_json(extensions: dict[str, Any], detail: str) -> None:
    document = read_json(incident_of(Problem(409, detail=detail, **extensions)))

    assert list(document)[:5] == ["type", "title", "status", "detail", "instance"]
    assert document["status"] == 409
    assert document["detail"] == SURROGATE.sub("\ufffd", detail)
    assert len(document) <= 5 + len(extensions)


CLEAN_TEXT = st.text(max_size=10)
CLEAN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**300), 2**300),
        st.floats(allow_nan=False, allow_infinity=False),
        CLEAN_TEXT,
    ),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(CLEAN_TEXT, children, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(CLEAN_TEXT.filter(lambda name: name not in RESERVED), CLEAN, max_size=4))
@settings(deadline=None, max_examples=200)
def test_what_json_can_hold_is_read_back_as_it_was(extensions: dict[str, Any]) -> None:
    document = read_json(incident_of(Problem(409, **extensions)))

    assert {name: document[name] for name in extensions} == extensions


@given(st.dictionaries(CLEAN_TEXT.filter(lambda name: name not in RESERVED), CLEAN, max_size=4))
@settings(deadline=None, max_examples=100)
def test_a_value_that_has_to_be_replaced_changes_nothing_about_the_others(extensions: dict[str, Any]) -> None:
    document = read_json(incident_of(Problem(409, **{**extensions, "zzzzzzzzzzz": float("nan")})))

    assert document["zzzzzzzzzzz"] is None
    assert {name: document[name] for name in extensions} == extensions
