"""The same data checked by each library, and what the tests about validation share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import attrs
import cattrs
import jsonschema
import marshmallow as ma
import msgspec
import pydantic
import pytest
from marshmallow import fields

from errbridge import Problem
from errbridge.validation import problem_of
from errbridge.validation.faults import WORDS

Check = Callable[[Any], Any]
SECRET = "hunter2"
GENERAL = WORDS["invalid"]


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def raised(check: Check, given: Any) -> Exception:
    """Return the exception that a check raises."""
    try:
        check(given)
    except Exception as exc:
        return exc
    raise AssertionError(f"{given!r} is valid")


def problem_with(check: Check, given: Any, *, messages: bool = False) -> Problem:
    """Return the problem for data that a check refuses, on a service that blames the client everywhere."""
    exc = raised(check, given)
    problem = problem_of(exc, everywhere=True, messages=messages)
    assert problem is not None
    assert problem.__cause__ is exc
    return problem


def errors_of(check: Check, given: Any, *, messages: bool = False) -> list[dict[str, str]]:
    errors: list[dict[str, str]] = problem_with(check, given, messages=messages).document()["errors"]
    return errors


def where(check: Check, given: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in errors_of(check, given)]


def adapted(wanted: Any) -> Check:
    return pydantic.TypeAdapter(wanted).validate_python


def resolved(document: Any, text: str) -> Any:
    """Read RFC 6901 literally."""
    assert text == "" or text.startswith("/")
    for token in text.split("/")[1:]:
        assert not re.search("~(?![01])", token)
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(document, list):
            assert re.fullmatch("0|[1-9][0-9]*", name)
            document = document[int(name)]
        else:
            document = document[name]
    return document


# The same data, checked by each of the libraries: {"items": [{"count": 1}], "limits": {"any key": 1}}, optionally with
# {"inner": the same}.


class PydanticItem(pydantic.BaseModel, extra="forbid"):
    count: int


class PydanticOrder(pydantic.BaseModel, extra="forbid"):
    items: list[PydanticItem]
    limits: dict[str, int] = {}
    inner: PydanticOrder | None = None


class MarshmallowItem(ma.Schema):
    count = fields.Integer(required=True)


class MarshmallowOrder(ma.Schema):
    items = fields.List(fields.Nested(MarshmallowItem), required=True)
    limits = fields.Dict(keys=fields.String(), values=fields.Integer())
    inner = fields.Nested(lambda: MarshmallowOrder())


class MsgspecItem(msgspec.Struct, forbid_unknown_fields=True):
    count: int


class MsgspecOrder(msgspec.Struct, forbid_unknown_fields=True):
    items: list[MsgspecItem]
    limits: dict[str, int] = {}
    inner: MsgspecOrder | None = None


@attrs.define
class AttrsItem:
    count: int


@attrs.define
class AttrsOrder:
    items: list[AttrsItem]
    limits: dict[str, int] = attrs.Factory(dict)
    inner: AttrsOrder | None = None


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"count": {"type": "integer"}},
                "required": ["count"],
                "additionalProperties": False,
            },
        },
        "limits": {"type": "object", "additionalProperties": {"type": "integer"}},
        "inner": {"$ref": "#"},
    },
    "required": ["items"],
    "additionalProperties": False,
}
CONVERTER = cattrs.Converter(forbid_extra_keys=True)

CHECKS: Mapping[str, Check] = {
    "pydantic": PydanticOrder.model_validate,
    "pydantic, of JSON": lambda given: PydanticOrder.model_validate_json(json.dumps(given)),
    "pydantic, called": lambda given: PydanticOrder(**given),
    "pydantic, adapted": pydantic.TypeAdapter(PydanticOrder).validate_python,
    "marshmallow": lambda given: MarshmallowOrder().load(given),
    "cattrs": lambda given: CONVERTER.structure(given, AttrsOrder),
    "msgspec": lambda given: msgspec.convert(given, MsgspecOrder),
    "msgspec, of JSON": lambda given: msgspec.json.decode(json.dumps(given), type=MsgspecOrder),
    "jsonschema": lambda given: jsonschema.validate(given, SCHEMA),
}
COMPLETE = [name for name in CHECKS if not name.startswith(("msgspec", "jsonschema"))]
EVERY_CHECK = pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
