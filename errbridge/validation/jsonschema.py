"""jsonschema's ``ValidationError``. The codes are the keywords of JSON Schema.

Its message contains the value, so the words are made from the schema.
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
    """Return the fault, once for each member that is missing or unknown."""
    path = tuple(exc.absolute_path)
    code, rule = exc.validator, exc.validator_value
    if not isinstance(code, str):  # you raised it
        yield Fault("invalid", path, own=exc.message)
    elif code == "required" and isinstance(rule, list):
        yield from (Fault(code, (*path, name), WORDS["missing"]) for name in rule if name not in exc.instance)
    elif code == "additionalProperties" and rule is False:
        yield from (Fault(code, (*path, name), WORDS["unknown"]) for name in _unknown(exc.instance, exc.schema))
    else:
        yield Fault(code, path, _words(code, rule))


def _unknown(instance: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    return (name for name in instance if name not in known and not any(re.search(one, name) for one in patterns))


def _words(code: str, rule: object) -> str | None:
    text = json.dumps(rule, ensure_ascii=False, default=repr)
    if code not in _RULES or len(text) > _LONGEST:
        return None
    return _RULES[code].format(text[1:-1] if isinstance(rule, list) else text)
