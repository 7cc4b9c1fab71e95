"""From the exceptions of validation libraries to the errors in a problem document."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Annotated, Any, Literal
from uuid import UUID

import attrs
import cattrs
import jsonschema
import marshmallow as ma
import msgspec
import pydantic
import pytest
import quart_schema
from hypothesis import given, settings
from hypothesis import strategies as st
from marshmallow import fields, validate
from pydantic_core import PydanticCustomError, PydanticKnownError
from quart_schema.validation import QuerystringValidationError, RequestHeadersValidationError
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequest, BadRequestKeyError, InternalServerError, NotFound, UnprocessableEntity

from errbridge import Problem, RequestFacts
from errbridge.application.settings import Settings
from errbridge.mapping.problems import normalize, representative, status_of
from errbridge.representations.json import render_json
from errbridge.representations.text import render_text
from errbridge.representations.xml import render_xml
from errbridge.validation import MOST, carried, meaning, reader_of
from errbridge.validation.faults import WORDS, pointer
from tests.core.fakes import ID, incident_of

Check = Callable[[Any], Any]
SECRET = "hunter2"
GENERAL = WORDS["invalid"]


def raised(check: Check, given: Any) -> Exception:
    """Give what a check raises."""
    try:
        check(given)
    except Exception as exc:
        return exc
    raise AssertionError(f"{given!r} is valid")


def problem_of(check: Check, given: Any, *, messages: bool = False) -> Problem:
    exc = raised(check, given)
    problem = meaning(exc, messages=messages)
    assert problem is not None
    assert problem.__cause__ is exc
    return problem


def errors_of(check: Check, given: Any, *, messages: bool = False) -> list[dict[str, str]]:
    errors: list[dict[str, str]] = problem_of(check, given, messages=messages).document()["errors"]
    return errors


def where(check: Check, given: Any) -> list[tuple[str, str]]:
    return [(error["pointer"], error["code"]) for error in errors_of(check, given)]


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
    """Tell what is wrong in an order, without any library."""
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
        for name in ("msgspec", "msgspec, of JSON"):  # which does not tell the keys of a mapping
            (error,) = errors_of(CHECKS[name], order)
            assert error["pointer"] in wrong | {
                re.sub("/limits/.*", "/limits", path, flags=re.DOTALL) for path in wrong
            }


@EVERY_CHECK
@given(order=ORDERS)
@settings(deadline=None, max_examples=30)
def test_no_value_that_was_sent_is_in_any_representation(check: Check, order: Any) -> None:
    if any(wrong_in(order)):
        incident = incident_of(problem_of(check, order))
        for render in (render_json, render_xml, render_text):
            assert SECRET.encode() not in render(incident)


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
    problem = problem_of(PydanticOrder.model_validate, {})

    assert (problem.status, problem.type, problem.detail) == (422, "about:blank", "What was sent is not valid.")
    assert list(problem.extensions) == ["errors"]


# How many, and how long.


@pytest.mark.parametrize("library", COMPLETE)
@pytest.mark.parametrize("number", [MOST - 1, MOST, MOST + 1, 5 * MOST])
def test_at_most_a_hundred_errors_are_listed(library: str, number: int) -> None:
    problem = problem_of(CHECKS[library], {"items": [{} for _ in range(number)]})

    assert len(problem.extensions["errors"]) == min(number, 100)
    assert problem.extensions["errors"][-1]["pointer"] == f"/items/{min(number, 100) - 1}/count"
    assert problem.extensions.get("errors_truncated") == (True if number > 100 else None)


def test_a_key_of_endless_length_is_not_repeated_for_each_value_below_it() -> None:
    class Deep(pydantic.BaseModel):
        named: dict[str, list[int]]

    errors = errors_of(Deep.model_validate, {"named": {"k" * 5000: [SECRET] * 3, "k": [SECRET]}})

    assert [error.get("pointer") for error in errors] == [None, None, None, "/named/k/0"]


@given(st.lists(st.one_of(st.text(), st.integers(0, 9)), max_size=5))
def test_a_pointer_leads_to_where_the_path_leads(path: list[str | int]) -> None:
    document: Any = SECRET
    for name in reversed(path):
        document = {str(name): document}

    assert resolved(document, pointer(path)) == SECRET


# What is said. Nothing of it may hold the value.


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


def is_short(text: str) -> str:
    if len(text) > 3:
        raise ValueError("Three letters at most.")
    return text


def is_not_secret(text: str) -> str:
    if text == SECRET:
        raise ValueError(f"{text} is not allowed")
    return text


def is_not_secret_asserted(text: str) -> str:
    assert text != SECRET, f"{text} is asserted"
    return text


def is_custom(text: str) -> str:
    raise PydanticCustomError("my_code", "{text} is custom", {"text": text})


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    bark: int = 1


Pet = Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]


def adapted(wanted: Any) -> Check:
    return pydantic.TypeAdapter(wanted).validate_python


@pytest.mark.parametrize(
    ("check", "given", "code", "detail"),
    [
        (adapted(int), SECRET, "int_parsing", "Input should be a valid integer, unable to parse string as an integer"),
        (adapted(Annotated[int, pydantic.Field(gt=3)]), 1, "greater_than", "Input should be greater than 3"),
        (adapted(Literal["a", "b"]), SECRET, "literal_error", "Input should be 'a' or 'b'"),
        (adapted(Colour), SECRET, "enum", "Input should be 'red' or 'blue'"),
        (adapted(UUID), SECRET, "uuid_parsing", "Input should be a valid UUID"),
        (adapted(datetime), SECRET, "datetime_from_date_parsing", "Input should be a valid datetime or date"),
        (adapted(date), SECRET, "date_from_datetime_parsing", "Input should be a valid date or datetime"),
        (adapted(Pet), {"kind": SECRET}, "union_tag_invalid", WORDS["choice"]),
        (adapted(pydantic.Json[int]), SECRET, "json_invalid", "Invalid JSON"),
        (adapted(Annotated[str, pydantic.AfterValidator(is_short)]), SECRET, "value_error", "Three letters at most."),
        (adapted(Annotated[str, pydantic.AfterValidator(is_not_secret)]), SECRET, "value_error", GENERAL),
        (adapted(Annotated[str, pydantic.AfterValidator(is_not_secret_asserted)]), SECRET, "assertion_error", GENERAL),
        (adapted(Annotated[str, pydantic.AfterValidator(is_custom)]), SECRET, "my_code", GENERAL),
    ],
)
def test_pydantic_says_the_rule(check: Check, given: Any, code: str, detail: str) -> None:
    (error,) = errors_of(check, given)

    assert (error["code"], error["detail"]) == (code, detail)


def test_a_custom_error_of_pydantic_that_takes_the_name_of_a_rule_is_not_shown() -> None:
    def posing(text: str) -> str:
        raise PydanticCustomError("int_type", "{text} poses", {"text": text})

    def posing_more(text: str) -> str:
        raise PydanticCustomError("greater_than", "{text} poses", {"text": text})

    def posing_as_validator(text: str) -> str:
        raise PydanticCustomError("value_error", "{text} poses", {"text": text})

    for pose in (posing, posing_more, posing_as_validator):
        check = adapted(Annotated[str, pydantic.AfterValidator(pose)])
        ((error),) = errors_of(check, SECRET)
        assert error["detail"] == GENERAL
        ((shown),) = errors_of(check, SECRET, messages=True)
        assert shown["detail"] == f"{SECRET} poses"


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("my_code", GENERAL),
        ("value_error", GENERAL),
        ("greater_than", GENERAL),
        ("int_type", "Input should be a valid integer"),
    ],
)
def test_of_a_custom_error_of_pydantic_only_a_rule_that_names_nothing_is_shown(code: Any, detail: str) -> None:
    def custom(_: str) -> str:
        raise PydanticCustomError(code, SECRET)

    ((error),) = errors_of(adapted(Annotated[str, pydantic.AfterValidator(custom)]), "")

    assert (error["code"], error["detail"]) == (code, detail)


class Span(pydantic.BaseModel):
    start: int | str
    end: Any

    @pydantic.model_validator(mode="after")
    def ends_after_start(self) -> Span:
        raise PydanticKnownError(*self.end)


@pytest.mark.parametrize(
    "known",
    [
        ("greater_than", {"gt": 4111111111111111}),
        ("string_pattern_mismatch", {"pattern": SECRET}),
        ("enum", {"expected": SECRET}),
        ("is_instance_of", {"class": SECRET}),
        ("too_short", {"field_type": "List", "min_length": 4111111111111111, "actual_length": 1}),
    ],
)
def test_an_error_of_pydantics_that_the_application_raises_does_not_name_a_value(known: tuple[Any, Any]) -> None:
    ((error),) = errors_of(Span.model_validate, {"start": SECRET, "end": known})
    ((shown),) = errors_of(Span.model_validate, {"start": SECRET, "end": known}, messages=True)

    assert (error["detail"], error["code"]) == (GENERAL, known[0])
    assert shown["detail"] == PydanticKnownError(*known).message()


@pydantic.dataclasses.dataclass
class Point:
    x: Annotated[int, pydantic.Field(gt=3)]


class Root(pydantic.RootModel[Annotated[int, pydantic.Field(gt=3)]]): ...


class Bounds(pydantic.BaseModel, validate_assignment=True):
    x: Annotated[int, pydantic.Field(gt=3)] = 4

    @classmethod
    def set(cls, given: int) -> None:
        cls().x = given


@pytest.mark.parametrize(
    "check",
    [
        lambda given: Bounds(x=given),
        lambda given: Bounds.model_validate({"x": given}),
        lambda given: Bounds.model_validate_json(json.dumps({"x": given})),
        Bounds.set,
        lambda given: Point(x=given),
        Root,
        lambda given: adapted(Point)({"x": given}),
        lambda given: adapted(dict[str, list[Bounds]])({"a": [{"x": given}]}),
        adapted(Annotated[int, pydantic.Field(gt=3)]),
    ],
)
def test_a_bound_of_pydantic_is_found_wherever_the_schema_is(check: Check) -> None:
    ((error),) = errors_of(check, -1)

    assert error["detail"] == "Input should be greater than 3"


def tag_of(_: object) -> None:
    """Tell neither a cat nor a dog."""


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        (Annotated[float, pydantic.Field(gt=3)], 1),
        (Annotated[Decimal, pydantic.Field(multiple_of=0.5)], "0.3"),
        (Annotated[Decimal, pydantic.Field(max_digits=5, decimal_places=3)], "123456"),
        (Annotated[Decimal, pydantic.Field(max_digits=5, decimal_places=3)], "123.4"),
        (Annotated[Fraction, pydantic.Field(gt=3)], 1),
        (Annotated[date, pydantic.Field(gt=date(2020, 1, 1))], "2000-01-01"),
        (Annotated[time, pydantic.Field(gt=time(2, 1))], "01:00"),
        (Annotated[datetime, pydantic.Field(gt=datetime(2020, 1, 1, tzinfo=UTC))], "2000-01-01T00:00:00Z"),
        (Annotated[str, pydantic.Field(pattern="^a")], SECRET),
        (Annotated[str, pydantic.Field(pattern=re.compile("^a"))], SECRET),
        (Annotated[Sequence[int], pydantic.Field(max_length=1)], [1, 2]),
        (tuple[int, int], [1, 2, 3]),
        (Literal["a", 1, Colour.RED], SECRET),
        (Literal["a"], SECRET),
        (Colour, SECRET),
        (pydantic.UUID4, "d0b7c4b2-0000-1000-8000-000000000000"),
        (pydantic.HttpUrl, "ftp://example.com"),
        (pydantic.InstanceOf[Colour], SECRET),
        (Cat, SECRET),
        (Pet, {}),
        (
            Annotated[
                Annotated[Cat, pydantic.Tag("cat")] | Annotated[Dog, pydantic.Tag("dog")],
                pydantic.Discriminator(tag_of),
            ],
            {},
        ),
    ],
)
def test_what_is_constant_in_a_rule_of_pydantics_is_shown(wanted: Any, given: Any) -> None:
    exc = raised(adapted(wanted), given)
    assert isinstance(exc, pydantic.ValidationError)
    ((error),) = errors_of(adapted(wanted), given)

    assert error["detail"] == exc.errors()[0]["msg"]


def test_a_bound_of_pydantic_is_not_shown_where_the_schema_is_not_at_hand() -> None:
    @pydantic.validate_call
    def call(x: Annotated[int, pydantic.Field(gt=3)]) -> None: ...

    ((error),) = errors_of(call, 1)
    lost = meaning(raised(Bounds.model_validate, {"x": 1}).with_traceback(None))

    assert error == {"detail": GENERAL, "pointer": "/0", "code": "greater_than"}
    assert lost is not None
    assert lost.extensions["errors"] == [{"detail": GENERAL, "pointer": "/x", "code": "greater_than"}]


class Mixed(ma.Schema):
    number = fields.Integer(validate=validate.Range(min=3, max=5))
    above = fields.Float(validate=validate.Range(min=3, min_inclusive=False))
    text = fields.String(validate=validate.Length(max=3))
    exact = fields.String(validate=validate.Length(equal=3))
    choice = fields.String(validate=validate.OneOf(["a", "b"]))
    echoed_choice = fields.String(validate=validate.OneOf(["a"], error="Must be one of: {choices}, not {input}."))
    pattern = fields.String(validate=validate.Regexp("a"))
    echoed = fields.String(validate=validate.Regexp("a", error="{input} is bad"))
    own = fields.String(validate=validate.Regexp("a", error="Begin with an a."))
    when = fields.DateTime()
    span = fields.TimeDelta()
    day = fields.Date(required=True)
    identity = fields.UUID()
    mail = fields.Email()
    link = fields.Url()
    colour = fields.Enum(Colour)
    none = fields.Integer()
    many = fields.List(fields.Boolean())
    ip = fields.IPv4()


@pytest.mark.parametrize(
    ("name", "given", "code", "detail"),
    [
        ("number", 1, "range", "Must be greater than or equal to 3 and less than or equal to 5."),
        ("above", 3, "range", "Must be greater than 3."),
        ("text", SECRET, "length", "Longer than maximum length 3."),
        ("exact", SECRET, "length", "Length must be 3."),
        ("choice", SECRET, "choice", WORDS["choice"]),
        ("echoed_choice", SECRET, "choice", WORDS["choice"]),
        ("pattern", SECRET, "pattern", "String does not match expected pattern."),
        ("echoed", SECRET, "invalid", GENERAL),
        ("own", SECRET, "invalid", GENERAL),
        ("when", SECRET, "format", "Not a valid datetime."),
        ("span", SECRET, "format", "Not a valid period of time."),
        ("day", SECRET, "format", "Not a valid date."),
        ("identity", SECRET, "format", "Not a valid UUID."),
        ("mail", SECRET, "format", "Not a valid email address."),
        ("link", SECRET, "format", "Not a valid URL."),
        ("colour", SECRET, "choice", WORDS["choice"]),
        ("none", None, "null", "Field may not be null."),
        ("many", SECRET, "type", "Not a valid list."),
        ("ip", SECRET, "format", "Not a valid IPv4 address."),
    ],
)
def test_marshmallow_says_the_rule(name: str, given: Any, code: str, detail: str) -> None:
    (error,) = errors_of(Mixed(partial=True).load, {name: given})

    assert error == {"detail": detail, "pointer": f"/{name}", "code": code}


class Period(ma.Schema):
    start = fields.Integer(data_key="from")
    end = fields.Integer(data_key="to", validate=[validate.Range(min=3), bool])
    both = fields.Integer(validate=validate.And(validate.Range(min=3), validate.Range(max=5)))
    name = fields.String(validate=validate.Length(equal=3))

    @ma.validates_schema
    def ends_after_start(self, data: Any, **_: Any) -> None:
        if data.get("end", 9) <= data.get("start", 0):
            raise ma.ValidationError(f"Must be greater than {data['start']}.", "to")
        if data.get("name") == "abc":
            raise ma.ValidationError(f"Must be greater than {data['start']}.")


@pytest.mark.parametrize(
    ("given", "pointer", "detail"),
    [
        ({"to": 2}, "/to", "Must be greater than or equal to 3."),
        ({"from": 4111111111111111, "to": 4}, "/to", WORDS["range"]),
        ({"from": 4, "name": "abc"}, "", WORDS["range"]),
        ({"both": 2}, "/both", "Must be greater than or equal to 3."),
        ({"both": 6}, "/both", "Must be less than or equal to 5."),
        ({"name": SECRET}, "/name", "Length must be 3."),
    ],
)
def test_a_number_that_is_no_bound_of_the_schemas_is_not_shown(given: Any, pointer: str, detail: str) -> None:
    ((error),) = errors_of(Period().load, given)
    ((shown),) = errors_of(Period().load, given, messages=True)

    assert (error["pointer"], error["detail"]) == (pointer, detail)
    assert error["code"] in ("range", "length")
    assert re.search(r" \d+\.$", shown["detail"])


def test_a_bound_is_not_shown_where_the_schema_is_not_at_hand() -> None:
    problem = meaning(raised(Period().load, {"to": 2}).with_traceback(None))

    assert problem is not None
    assert problem.extensions["errors"] == [{"detail": WORDS["range"], "pointer": "/to", "code": "range"}]


class Negative(msgspec.Struct):
    number: int

    def __post_init__(self) -> None:
        if self.number < -1:
            raise ValueError(f"{self.number} is negative")
        if self.number < 0:
            raise ValueError("That is negative.")


def hook(_: type, given: Any) -> Any:
    raise msgspec.ValidationError(f"{given} is hooked")


@pytest.mark.parametrize(
    ("wanted", "given", "code", "detail"),
    [
        (int, SECRET, "type", "Expected `int`, got `str`."),
        (int | None, SECRET, "type", "Expected `int | null`, got `str`."),
        (Annotated[int, msgspec.Meta(ge=3)], 1, "range", "Expected `int` >= 3."),
        (Annotated[float, msgspec.Meta(lt=3)], 4, "range", "Expected `float` < 3.0."),
        (Annotated[int, msgspec.Meta(multiple_of=3)], 1, "range", "Expected `int` that's a multiple of 3."),
        (Annotated[str, msgspec.Meta(max_length=3)], SECRET, "length", "Expected `str` of length <= 3."),
        (tuple[int, int], [1], "length", "Expected `array` of length 2, got 1."),
        (Annotated[str, msgspec.Meta(pattern="^a")], SECRET, "pattern", "Expected `str` matching regex '^a'."),
        (datetime, SECRET, "format", "Invalid RFC3339 encoded datetime."),
        (
            Annotated[datetime, msgspec.Meta(tz=True)],
            "2020-01-01T00:00:00",
            "format",
            "Expected `datetime` with a timezone component.",
        ),
        (
            Annotated[datetime, msgspec.Meta(tz=False)],
            "2020-01-01T00:00:00Z",
            "format",
            "Expected `datetime` with no timezone component.",
        ),
        (UUID, SECRET, "format", "Invalid UUID."),
        (Colour, SECRET, "choice", WORDS["choice"]),
        (Literal["a"], SECRET, "choice", WORDS["choice"]),
        (Negative, {"number": -1}, "invalid", "That is negative."),
        (Negative, {"number": -2}, "invalid", GENERAL),
        (complex, SECRET, "invalid", GENERAL),
    ],
)
def test_msgspec_says_the_rule(wanted: Any, given: Any, code: str, detail: str) -> None:
    (error,) = errors_of(lambda value: msgspec.convert(value, wanted, dec_hook=hook), given)

    assert error == {"detail": detail, "pointer": "", "code": code}


def is_even(_: object, attribute: Any, number: int) -> None:
    if number % 2:
        raise ValueError("An even number, please.")


def is_not_8(_: object, attribute: Any, number: int) -> None:
    if number == 8:
        raise ValueError(f"{SECRET} is what you wrote")


@attrs.define
class Validated:
    at_least: int = attrs.field(default=3, validator=attrs.validators.ge(3))
    short: str = attrs.field(default="", validator=attrs.validators.max_len(3))
    matching: str = attrs.field(default="a", validator=attrs.validators.matches_re("a"))
    one_of: str = attrs.field(default="a", validator=attrs.validators.in_(["a"]))
    instance: Any = attrs.field(default=1, validator=attrs.validators.instance_of(int))
    even: int = attrs.field(default=2, validator=[is_even, is_not_8])
    choice: Literal["a", "b"] = "a"
    colour: Colour = Colour.RED
    raw: bytes = b""
    number: int = 1
    numbers: tuple[int, ...] = ()
    nested: Validated | None = None
    wide: Literal[
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "c",
    ] = "c"


@pytest.mark.parametrize(
    ("name", "given", "place", "code", "detail"),
    [
        ("at_least", 1, "/at_least", "range", "Expected a value >= 3."),
        ("short", SECRET, "/short", "length", "Expected a length <= 3."),
        ("matching", "hunter", "/matching", "pattern", WORDS["pattern"]),
        ("one_of", SECRET, "/one_of", "choice", WORDS["choice"]),
        ("instance", SECRET, "/instance", "type", "Expected an integer."),
        ("even", 7, "", "invalid", "An even number, please."),
        ("even", 8, "", "invalid", GENERAL),
        ("choice", SECRET, "/choice", "choice", "Expected one of 'a', 'b'."),
        ("colour", SECRET, "/colour", "choice", "Expected one of 'red', 'blue'."),
        ("number", SECRET, "/number", "type", "Expected an integer."),
        ("numbers", 7, "/numbers", "type", "Expected an array."),
        ("raw", SECRET, "/raw", "type", WORDS["type"]),
        ("nested", 7, "/nested", "type", "Expected an object."),
        ("wide", SECRET, "/wide", "choice", WORDS["choice"]),
    ],
)
def test_cattrs_and_the_validators_of_attrs_say_the_rule(
    name: str, given: Any, place: str, code: str, detail: str
) -> None:
    (error,) = errors_of(lambda value: CONVERTER.structure(value, Validated), {name: given})

    assert error == {"detail": detail, "pointer": place, "code": code}


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


def test_an_error_that_the_application_makes_itself_is_told_in_general() -> None:
    for exc in (
        jsonschema.ValidationError(SECRET),
        ma.ValidationError(SECRET),
        ma.ValidationError([SECRET], field_name="field"),
        msgspec.ValidationError(SECRET),
    ):
        problem = meaning(exc)
        assert problem is not None
        assert problem.extensions["errors"] == [{"detail": GENERAL, "pointer": "", "code": "invalid"}]


@pytest.mark.parametrize(
    ("check", "given", "detail"),
    [
        (adapted(Annotated[str, pydantic.AfterValidator(is_not_secret)]), SECRET, f"{SECRET} is not allowed"),
        (adapted(Annotated[str, pydantic.AfterValidator(is_custom)]), SECRET, f"{SECRET} is custom"),
        (Mixed(partial=True).load, {"own": "b"}, "Begin with an a."),
        (Mixed(partial=True).load, {"choice": "c"}, "Must be one of: a, b."),
        (lambda value: msgspec.convert(value, Negative), {"number": -2}, "-2 is negative"),
        (lambda value: CONVERTER.structure(value, Validated), {"even": 8}, f"{SECRET} is what you wrote"),
    ],
)
def test_the_words_of_the_applications_validators_are_shown_where_it_asks_for_them(
    check: Check, given: Any, detail: str
) -> None:
    (error,) = errors_of(check, given, messages=True)

    assert error["detail"] == detail


def test_the_words_of_a_validator_are_cut_where_they_get_very_long() -> None:
    (error,) = errors_of(Mixed(partial=True).load, {"echoed": "b" * 5000}, messages=True)

    assert error["detail"] == "b" * 1024


def test_the_words_of_a_validator_are_shown_only_if_they_are_a_text() -> None:
    def check(given: str) -> str:
        raise ValueError(given, SECRET)

    def check_empty(given: str) -> str:
        raise ValueError

    for validator in (check, check_empty):
        (error,) = errors_of(adapted(Annotated[str, pydantic.AfterValidator(validator)]), SECRET, messages=True)
        assert error["detail"] == GENERAL


# Where it is, in the harder cases.


class Union(pydantic.BaseModel):
    value: int | str | list[Cat | Dog] = 1
    pet: Pet | None = None
    animal: int | Cat = 1
    by_number: dict[int, int] = {}
    renamed: int = pydantic.Field(1, alias="re/named")
    deep: int = pydantic.Field(1, validation_alias=pydantic.AliasPath("a", "b"))


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({"value": {"int": 1}}, {"/value"}),
        ({"value": [{"kind": "cat", "lives": SECRET}]}, {"/value", "/value/0/lives", "/value/0/kind"}),
        ({"pet": {"kind": "cat", "lives": SECRET}}, {"/pet/lives"}),
        ({"pet": {"kind": "cat", "cat": 1, "lives": SECRET}}, {"/pet/cat/lives"}),
        ({"by_number": {"a": 1, "1": SECRET}}, {"/by_number/a", "/by_number/1"}),
        ({"animal": {"Cat": {"kind": "cat"}}}, {"/animal", "/animal/kind"}),
        ({"re/named": SECRET}, {"/re~1named"}),
        ({"a": {"b": SECRET}}, {"/a/b"}),
    ],
)
def test_a_pointer_has_no_part_that_only_pydantic_knows(given: Any, places: set[str]) -> None:
    for check in (Union.model_validate, lambda value: Union.model_validate_json(json.dumps(value))):
        assert {error["pointer"] for error in errors_of(check, given)} == places


def test_without_the_input_a_pointer_is_the_location_that_pydantic_gives() -> None:
    exc = raised(Union.model_validate, {"pet": {"kind": "cat", "lives": SECRET}, "by_number": {"a": 1}})
    problem = meaning(exc.with_traceback(None))

    assert problem is not None
    assert [error["pointer"] for error in problem.extensions["errors"]] == ["/pet/cat/lives", "/by_number/a"]


def test_what_is_no_json_at_all_is_wrong_as_a_whole() -> None:
    assert where(Union.model_validate_json, SECRET) == [("", "json_invalid")]
    assert where(Union.model_validate_json, 5) == [("", "json_type")]


def test_an_object_whose_attributes_are_validated_is_no_document_but_has_locations() -> None:
    class Row:
        value = 1
        pet = {"kind": "cat", "lives": SECRET}

    check = lambda row: Union.model_validate(row, from_attributes=True)  # noqa: E731 - a check is called like that

    assert where(check, Row()) == [("/pet/cat/lives", "int_parsing")]


def test_the_input_of_pydantic_may_hold_tuples_and_sets() -> None:
    class Collections(pydantic.BaseModel):
        numbers: tuple[int, ...] = ()
        members: set[int] = set()

    assert where(Collections.model_validate, {"numbers": (1, SECRET)}) == [("/numbers/1", "int_parsing")]
    assert where(Collections.model_validate, {"members": {SECRET}}) == [("/members/0", "int_parsing")]


class Entry(ma.Schema):
    key = fields.Integer(required=True)
    value = fields.Nested(MarshmallowItem)


class Entries(ma.Schema):
    entry = fields.Nested(Entry)
    numbers = fields.Dict(keys=fields.Integer(), values=fields.Integer())
    entries = fields.Dict(keys=fields.Integer(), values=fields.Nested(Entry))
    maps = fields.Dict(keys=fields.Integer(), values=fields.Dict(values=fields.Integer()))
    pairs = fields.Tuple((fields.Integer(), fields.Dict(keys=fields.Integer(), values=fields.Nested(Entry))))
    several = fields.List(fields.Dict(keys=fields.Integer(), values=fields.Nested(Entry)))
    more = fields.Nested(lambda: Entries(many=True))


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({"entry": {}}, ["/entry/key"]),
        ({"entry": {"key": SECRET, "value": {"count": SECRET}}}, ["/entry/key", "/entry/value/count"]),
        ({"numbers": {"a": 1}}, ["/numbers/a"]),
        ({"numbers": {"1": SECRET}}, ["/numbers/1"]),
        ({"numbers": {"key": SECRET}}, ["/numbers/key", "/numbers/key"]),
        ({"entries": {"1": {"key": SECRET}}}, ["/entries/1/key"]),
        ({"entries": {"1": {"key": 1, "value": {"count": SECRET}}}}, ["/entries/1/value/count"]),
        ({"maps": {"1": {"a": SECRET}}}, ["/maps/1/a"]),
        ({"maps": {"1": [SECRET]}}, ["/maps/1"]),
        ({"entries": {"1": {"value": SECRET}}}, ["/entries/1/key", "/entries/1/value"]),
        ({"entries": {"1": {"value": {}}}}, ["/entries/1/key", "/entries/1/value/count"]),
        ({"entries": {"a": {"key": 1, "value": SECRET}}}, ["/entries/a", "/entries/a/value"]),
        ({"pairs": [SECRET, {"a": {"key": SECRET}}]}, ["/pairs/0", "/pairs/1/a", "/pairs/1/a/key"]),
        ({"several": [{}, {"a": {"key": SECRET}}]}, ["/several/1/a", "/several/1/a/key"]),
        ({"more": [{}, {"entries": {"a": {"key": SECRET}}}]}, ["/more/1/entries/a", "/more/1/entries/a/key"]),
        ({"_schema": 1, "more": [{"_schema": 1}]}, ["/_schema", "/more/0/_schema"]),
    ],
)
def test_marshmallow_points_at_entries_of_mappings_and_members_of_objects(given: Any, places: list[str]) -> None:
    assert sorted(error["pointer"] for error in errors_of(Entries().load, given)) == sorted(places)


def test_marshmallow_points_into_many_objects() -> None:
    assert where(MarshmallowItem(many=True).load, [{"count": 1}, {}, 7]) == [("/1/count", "missing"), ("/2", "type")]


def test_messages_without_their_schema_are_read_as_members() -> None:
    problem = meaning(ma.ValidationError({"value": {"key": ["Unknown field."], 3: ["Invalid type."]}}))

    assert problem is not None
    assert [error["pointer"] for error in problem.extensions["errors"]] == ["/value/key", "/value/3"]


class Odd(ma.Schema):
    pair = fields.Tuple((fields.Integer(),))

    @ma.validates_schema
    def odd(self, data: Any, **_: Any) -> None:
        raise ma.ValidationError({"pair": {7: ["a"]}, "other": {"inner": ["b"]}, "_schema": {"_schema": "c"}})


def test_messages_that_do_not_fit_the_schema_are_read_as_members() -> None:
    assert where(Odd().load, {}) == [("/pair/7", "invalid"), ("/other/inner", "invalid"), ("", "invalid")]


def test_cattrs_points_at_the_index_and_the_key_as_well() -> None:
    given = {"items": [{"count": 1}, {"count": SECRET}], "limits": {"a/b": SECRET}}

    assert where(CHECKS["cattrs"], given) == [("/items/1/count", "type"), ("/limits/a~1b", "type")]
    assert where(lambda value: CONVERTER.structure(value, list[int]), [1, SECRET]) == [("/1", "type")]


def test_a_hook_of_cattrs_that_looks_something_up_does_not_tell_what() -> None:
    converter = cattrs.Converter()
    converter.register_structure_hook(Colour, lambda given, _: {"red": Colour.RED}[given])

    ((error),) = errors_of(lambda value: converter.structure(value, Validated), {"colour": SECRET})

    assert error == {"detail": "Expected one of 'red', 'blue'.", "pointer": "/colour", "code": "choice"}


def test_a_single_exception_of_cattrs_is_read_like_a_group() -> None:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=False)

    assert where(lambda value: converter.structure(value, AttrsItem), {"count": 1, "b": 1, "a": 1}) == [
        ("/a", "unknown"),
        ("/b", "unknown"),
    ]


# Which exceptions are validation errors.


class Unstructured:
    def __init__(self, anything: Any) -> None: ...


class ValidationError(Exception):
    """No library's."""


@pytest.mark.parametrize(
    "exc",
    [
        ValueError(),
        ValidationError(),
        ExceptionGroup("g", [ValueError()]),
        raised(msgspec.json.decode, b"{"),
        raised(lambda given: jsonschema.validate(given, {"type": "nothing"}), {}),
        raised(lambda given: cattrs.Converter(detailed_validation=False).structure(given, int), SECRET),
    ],
)
def test_other_exceptions_are_no_validation_errors(exc: Exception) -> None:
    assert reader_of(exc) is None
    assert meaning(exc) is None
    assert representative(exc, Settings()) is None


def test_a_type_that_a_converter_does_not_know_is_the_fault_of_the_service() -> None:
    not_known = raised(lambda given: CONVERTER.structure(given, Unstructured), 1)
    exc = cattrs.ClassValidationError("", [raised(CHECKS["cattrs"], {}), not_known], AttrsOrder)

    assert reader_of(exc) is not None
    assert meaning(exc) is None
    assert representative(exc, Settings()) is None


@pytest.mark.parametrize(
    "bug", [ZeroDivisionError(), AttributeError(), IndexError(), StopIteration(), OSError(), RuntimeError()], ids=repr
)
def test_a_bug_in_a_hook_of_cattrs_is_the_fault_of_the_service(bug: Exception) -> None:
    def hook(given: Any, _: object) -> Any:
        raise bug

    converter = cattrs.Converter()
    converter.register_structure_hook(Colour, hook)
    check = lambda given: converter.structure(given, list[Validated])  # noqa: E731 - a check is called like that

    exc = raised(check, [{"number": SECRET}, {"colour": SECRET}])

    assert reader_of(exc) is not None
    assert meaning(exc) is None
    assert representative(exc, Settings()) is None
    assert where(check, [{"number": SECRET}]) == [("/0/number", "type")]


@attrs.define
class Numbers:
    exact: Decimal = Decimal(0)
    number: int = 0
    by_name: dict[str, int] = attrs.Factory(dict)


@pytest.mark.parametrize(
    "given", [{"exact": SECRET}, {"number": float("inf")}, {"by_name": 7}, {"by_name": [SECRET]}, {"number": SECRET}]
)
def test_a_value_that_a_type_cannot_take_is_the_fault_of_the_client(given: Any) -> None:
    converter = cattrs.Converter()
    converter.register_structure_hook(Decimal, lambda given, _: Decimal(given))

    assert where(lambda value: converter.structure(value, Numbers), given) == [(f"/{next(iter(given))}", "type")]


def test_an_exception_that_cattrs_keeps_without_its_traceback_is_a_bug_unless_its_class_says_otherwise() -> None:
    def keeping(exc: Exception) -> Problem | None:
        return meaning(cattrs.ClassValidationError("", [exc], AttrsOrder))

    assert keeping(AttributeError()) is None
    assert keeping(ValueError()) is not None


def test_words_like_those_of_a_validator_of_attrs_are_not_taken_for_them() -> None:
    def claims(_: object, attribute: Any, number: int) -> None:
        raise ValueError(f"'{attribute.name}' must be > {number}: 1")

    wanted = attrs.make_class("Wanted", {"number": attrs.field(type=int, validator=claims)})

    assert errors_of(lambda value: CONVERTER.structure(value, wanted), {"number": 4111111111111111}) == [
        {"detail": GENERAL, "pointer": "", "code": "invalid"}
    ]


class Failing(Mapping[str, Any]):
    """Reads its members from where they are no more."""

    def __getitem__(self, name: str) -> Any:
        raise OSError(SECRET)

    def __iter__(self) -> Iterator[str]:
        raise OSError(SECRET)

    def __len__(self) -> int:
        return 1


class Detached:
    @property
    def count(self) -> int:
        raise OSError(SECRET)


def failing() -> Iterator[int]:
    yield 1
    raise OSError(SECRET)


@pytest.mark.parametrize(
    ("check", "given"),
    [
        (adapted(list[int]), failing()),
        (adapted(dict[str, int]), Failing()),
        (lambda given: PydanticItem.model_validate(given, from_attributes=True), Detached()),
    ],
)
def test_an_object_that_raises_while_pydantic_looks_into_it_is_the_fault_of_the_service(
    check: Check, given: Any
) -> None:
    exc = raised(check, given)

    assert reader_of(exc) is not None
    assert meaning(exc) is None


@attrs.define
class Hooked:
    colour: Colour


def test_a_bug_in_a_hook_of_any_library_is_the_fault_of_the_service() -> None:
    def bug(*_: Any) -> Any:
        raise LookupError(SECRET)

    class Schema(ma.Schema):
        colour = fields.String(validate=bug)

    checker = jsonschema.FormatChecker()
    checker.checks("colour")(bug)
    converter = cattrs.Converter()
    converter.register_structure_hook(Colour, bug)
    given = {"colour": "red"}
    checks: list[Check] = [
        Schema().load,
        adapted(dict[str, Annotated[str, pydantic.AfterValidator(lambda given: bug(given))]]),
        lambda value: msgspec.convert(value, dict[str, complex], dec_hook=bug),
        lambda value: jsonschema.validate(
            value, {"properties": {"colour": {"format": "colour"}}}, format_checker=checker
        ),
        lambda value: converter.structure(value, Hooked),
    ]

    for check in checks:
        assert representative(raised(check, given), Settings()) is None


@pytest.mark.parametrize("check", [CHECKS["pydantic"], CHECKS["cattrs"]])
def test_a_validation_error_stands_for_a_problem_unless_that_is_off(check: Check) -> None:
    exc = raised(check, {})
    found = representative(exc, Settings())

    assert isinstance(found, Problem)
    assert found.__cause__ is exc
    assert representative(exc, Settings(validation=False)) is None


def test_settings_decide_whose_words_are_shown() -> None:
    exc = raised(Mixed(partial=True).load, {"own": "b"})
    said = [representative(exc, Settings(validation=value)) for value in (True, "messages")]

    assert [problem.extensions["errors"][0]["detail"] for problem in said if isinstance(problem, Problem)] == [
        GENERAL,
        "Begin with an a.",
    ]


def test_a_group_with_validation_errors_stands_for_its_most_severe_member() -> None:
    valid, cat = raised(CHECKS["pydantic"], {}), raised(CHECKS["cattrs"], {})

    def status(*members: Exception) -> int | None:
        found = representative(ExceptionGroup("g", [ExceptionGroup("h", [member]) for member in members]), Settings())
        return None if found is None else status_of(found, 0)

    assert status(valid) == status(cat) == status(valid, cat) == status(NotFound(), cat) == 422
    assert status(valid, Problem(503)) == 503
    assert status(valid, ValueError()) is None


# What may go wrong.


class RaisesOnMessages(ma.ValidationError):
    @property
    def messages(self) -> Any:
        raise RuntimeError(SECRET)

    @messages.setter
    def messages(self, value: Any) -> None: ...


class RaisesOnText(msgspec.ValidationError):
    def __str__(self) -> str:
        raise RuntimeError(SECRET)


class RaisesOnPath(jsonschema.ValidationError):
    @property
    def absolute_path(self) -> Any:
        raise RuntimeError(SECRET)


def endless() -> ma.ValidationError:
    messages: dict[str, Any] = {}
    messages["again"] = messages
    return ma.ValidationError(messages)


@pytest.mark.parametrize("exc", [RaisesOnMessages(""), RaisesOnText(), RaisesOnPath(""), endless()])
def test_an_error_that_cannot_be_read_is_a_422_without_errors_and_is_logged(
    exc: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    problem = meaning(exc)

    assert problem is not None
    assert (problem.status, dict(problem.extensions)) == (422, {})
    (logged,) = caplog.records
    assert (logged.name, logged.levelno) == ("errbridge", logging.ERROR)
    assert logged.exc_info is not None


# HTTP errors that carry validation errors.


def carrying(exc: BaseException, /, **values: Any) -> Any:
    vars(exc).update(values)
    return exc


def members(exc: BaseException, **config: Any) -> dict[str, Any]:
    problem = normalize(exc, RequestFacts(), ID, Settings(**config))
    assert problem.status == status_of(exc, 0)
    return dict(problem.extensions)


def test_a_key_that_is_not_there_is_a_parameter_that_is_missing() -> None:
    exc = raised(lambda key: ImmutableMultiDict()[key], "na/me")

    assert members(exc) == {"errors": [{"detail": WORDS["missing"], "parameter": "na/me", "code": "missing"}]}


@pytest.mark.parametrize("exc", [BadRequestKeyError(), BadRequestKeyError(5), BadRequest(), NotFound()])
def test_an_http_error_that_says_nothing_more_has_no_errors(exc: BaseException) -> None:
    assert members(exc) == {}


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("json", {"pointer": "/na~1me"}),
        ("form", {"pointer": "/na~1me"}),
        ("query", {"parameter": "na/me"}),
        ("querystring", {"parameter": "na/me"}),
        ("path", {"parameter": "na/me"}),
        ("view_args", {"parameter": "na/me"}),
        ("cookies", {"parameter": "na/me"}),
        ("headers", {"header": "na/me"}),
    ],
)
def test_what_webargs_found_says_where_it_looked(location: str, expected: dict[str, str]) -> None:
    exc = carrying(
        UnprocessableEntity(), exc=None, data={"messages": {location: {"na/me": ["Unknown field.", SECRET]}}}
    )

    assert members(exc)["errors"] == [
        {"detail": "Unknown field.", **expected, "code": "unknown"},
        {"detail": GENERAL, **expected, "code": "invalid"},
    ]
    assert members(exc, validation="messages")["errors"][1]["detail"] == SECRET


def test_what_webargs_found_is_read_with_the_schema_that_it_used() -> None:
    error = raised(Period(many=True).load, [{}, {"to": 2}])
    assert isinstance(error, ma.ValidationError)

    assert members(carrying(UnprocessableEntity(), exc=error, data={"messages": {"json": error.messages}})) == {
        "errors": [{"detail": "Must be greater than or equal to 3.", "pointer": "/1/to", "code": "range"}]
    }


def test_a_query_that_is_wrong_as_a_whole_has_no_place() -> None:
    exc = carrying(UnprocessableEntity(), exc=None, data={"messages": {"query": ["Invalid value."]}})

    assert members(exc)["errors"] == [{"detail": "Invalid value.", "code": "invalid"}]


@pytest.mark.parametrize("data", [None, {}, {"messages": None}, {"messages": SECRET}, SECRET])
def test_other_data_of_an_http_error_is_left_alone(data: Any) -> None:
    assert members(carrying(UnprocessableEntity(), exc=ValueError(SECRET), data=data)) == {}


@pytest.mark.parametrize("check", [CHECKS["pydantic"], CHECKS["msgspec"]])
def test_what_quart_schema_found_says_where_it_looked(check: Check) -> None:
    error = raised(check, {"items": [], "un_known": SECRET})

    def place(exc: Exception) -> dict[str, str]:
        ((found),) = members(exc)["errors"]
        return {name: value for name, value in found.items() if name not in ("detail", "code")}

    assert place(quart_schema.RequestSchemaValidationError(error)) == {"pointer": "/un_known"}
    assert place(QuerystringValidationError(error)) == {"parameter": "un_known"}
    assert place(RequestHeadersValidationError(error)) == {"header": "un-known"}


def test_an_error_within_that_no_library_made_is_not_shown() -> None:
    assert members(quart_schema.RequestSchemaValidationError(TypeError(SECRET))) == {}


def test_a_server_error_carries_nothing_and_other_exceptions_neither() -> None:
    error = raised(CHECKS["pydantic"], {})

    assert members(carrying(InternalServerError(), exc=error, data={"messages": {"json": {"a": ["b"]}}})) == {}
    assert carried(ValueError()) == {}


def test_a_document_of_text_has_a_line_for_each_error() -> None:
    problem = problem_of(CHECKS["cattrs"], {"items": [{}, {"count": SECRET}]})

    assert render_text(incident_of(problem)).decode().splitlines()[3:7] == [
        "",
        "errors:",
        "- detail: This is required., pointer: /items/0/count, code: missing",
        "- detail: Expected an integer., pointer: /items/1/count, code: type",
    ]
