"""jsonschema's ``ValidationError``; the codes are the keywords of JSON Schema.

Its message has the value in it, so what is said here is made of the schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from errbridge.validation.faults import WORDS, Fault

__all__ = ["read"]

_RULES = {
    "const": "Expected {}.",
    "enum": "Expected one of {}.",
    "exclusiveMaximum": "Expected less than {}.",
    "exclusiveMinimum": "Expected more than {}.",
    "format": "Expected the format {}.",
    "maxItems": "Expected at most {} items.",
    "maxLength": "Expected at most {} characters.",
    "maxProperties": "Expected at most {} members.",
    "maximum": "Expected at most {}.",
    "minItems": "Expected at least {} items.",
    "minLength": "Expected at least {} characters.",
    "minProperties": "Expected at least {} members.",
    "minimum": "Expected at least {}.",
    "multipleOf": "Expected a multiple of {}.",
    "pattern": "Expected a text that matches {}.",
    "type": "Expected the type {}.",
}
_LONGEST = 200


def read(exc: Any) -> Iterator[Fault]:
    """Give the fault, once for each member that is missing or not known."""
    path = tuple(exc.absolute_path)
    code, value = exc.validator, exc.validator_value
    if not isinstance(code, str):
        yield Fault("invalid", path, WORDS["invalid"], own=exc.message)
    elif code == "required" and isinstance(value, list):
        for name in value:
            if name not in exc.instance:
                yield Fault(code, (*path, name), WORDS["missing"])
    elif code == "additionalProperties" and value is False:
        for name in _additional(exc.instance, exc.schema):
            yield Fault(code, (*path, name), WORDS["unknown"])
    else:
        yield Fault(code, path, _said(code, value))


def _additional(instance: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    known = schema.get("properties", {})
    patterns = schema.get("patternProperties", {})
    for name in instance:
        if name not in known and not any(re.search(pattern, name) for pattern in patterns):
            yield name


def _said(code: str, value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=repr)
    if code not in _RULES or len(text) > _LONGEST:
        return WORDS["invalid"]
    return _RULES[code].format(text[1:-1] if isinstance(value, list) else text)
