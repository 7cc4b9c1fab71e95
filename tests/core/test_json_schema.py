"""Problem documents against the JSON Schema of RFC 9457, appendix A."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from errbridge import Problem
from errbridge.representations.rendering import render_json
from tests.core.fakes import incident_of

# The members and their types as the appendix has them.
SCHEMA: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 100, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri-reference"},
    },
}
VALIDATOR = Draft7Validator(SCHEMA, format_checker=FormatChecker())


def test_the_document_of_every_status_is_valid() -> None:
    for status in range(400, 600):
        VALIDATOR.validate(json.loads(render_json(incident_of(Problem(status)).problem)))


@pytest.mark.parametrize(
    "problem",
    [
        Problem(404, detail="\ud800", nan=float("nan"), nothing=None, odd=object()),
        Problem(422, title="", type="https://example.com/x", instance="/orders/1", errors=[{"pointer": "/a"}]),
        Problem(405, headers={"Allow": "GET"}),
    ],
)
def test_the_document_of_a_problem_with_extensions_is_valid(problem: Problem) -> None:
    VALIDATOR.validate(json.loads(render_json(incident_of(problem).problem)))


def test_the_schema_tells_a_wrong_document_from_a_right_one() -> None:
    assert not VALIDATOR.is_valid({"status": "404"})
    assert not VALIDATOR.is_valid({"title": 1})
