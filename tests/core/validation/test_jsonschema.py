"""Errors of jsonschema."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from tests.core.validation.checks import (
    GENERAL,
    SECRET,
    errors_of,
    where,
)


@pytest.mark.parametrize(
    ("schema", "given", "detail"),
    [
        ({"type": ["integer", "null"]}, SECRET, 'Expected the type "integer", "null".'),
        ({"enum": ["a", 1, None]}, SECRET, 'Expected one of "a", 1, null.'),
        ({"enum": ["a", ["b", []]]}, SECRET, 'Expected one of "a", ["b", []].'),
        ({"enum": ["a" * 300]}, SECRET, GENERAL),
        ({"const": {"a": 1}}, SECRET, 'Expected {"a": 1}.'),
        ({"minimum": 3}, 1, "Expected at least 3."),
        ({"maxLength": 3}, SECRET, "Expected at most 3 characters."),
        ({"pattern": "^a"}, SECRET, 'Expected a text that matches "^a".'),
        ({"anyOf": [{"type": "integer"}, {"minLength": 9}]}, SECRET, GENERAL),
        ({"not": {"type": "string"}}, SECRET, GENERAL),
        ({"additionalProperties": {"type": "integer"}}, {"a": SECRET}, 'Expected the type "integer".'),
    ],
)
def test_jsonschema_says_the_rule(schema: dict[str, Any], given: Any, detail: str) -> None:
    errors = errors_of(lambda value: jsonschema.validate(value, schema), given)

    assert {error["detail"] for error in errors} == {detail}
    assert SECRET not in str(errors)


def test_jsonschema_points_at_every_member_that_is_missing_or_not_known() -> None:
    schema = {"required": ["a", "b"], "properties": {"a": {}}, "patternProperties": {"^x-": {}}}

    assert where(lambda value: jsonschema.validate(value, schema), {"b": 1}) == [("/a", "required")]
    assert where(
        lambda value: jsonschema.validate(value, {**schema, "additionalProperties": False, "required": []}),
        {"a": 1, "x-a": 1, "b": 1, "c": 1},
    ) == [("/b", "additionalProperties"), ("/c", "additionalProperties")]
