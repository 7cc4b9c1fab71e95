"""Errors of pydantic."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

import pydantic
import pytest
from pydantic_core import PydanticCustomError, PydanticKnownError
from pydantic_core.core_schema import ErrorType

from errbridge.validation import problem_of
from errbridge.validation.faults import WORDS
from errbridge.validation.pydantic import read_error
from errbridge.validation.readers import find_reader
from tests.core.validation.checks import (
    GENERAL,
    SECRET,
    Check,
    Colour,
    PydanticItem,
    adapted,
    errors_of,
    raised,
    where,
)


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


@pydantic.dataclasses.dataclass
class Point:
    x: int


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    lives: int = 9


class Dog(pydantic.BaseModel):
    kind: Literal["dog"]
    bark: int = 1


Pet = Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]


@pytest.mark.parametrize(
    ("wanted", "given", "code", "detail"),
    [
        (int, SECRET, "int_parsing", "Expected an integer."),
        (int, 1.5, "int_from_float", "Expected an integer."),
        (bool, SECRET, "bool_parsing", "Expected a boolean."),
        (Decimal, SECRET, "decimal_parsing", "Expected a number."),
        (str, 1, "string_type", "Expected a string."),
        (list[int], 1, "list_type", "Expected an array."),
        (Cat, 1, "model_type", "Expected an object."),
        (Point, 1, "dataclass_type", "Expected an object."),
        (UUID, SECRET, "uuid_parsing", "Expected a UUID."),
        (pydantic.UUID4, "d0b7c4b2-0000-1000-8000-000000000000", "uuid_version", "Expected a UUID."),
        (datetime, SECRET, "datetime_from_date_parsing", "Expected a date and time."),
        (date, SECRET, "date_from_datetime_parsing", "Expected a date."),
        (time, SECRET, "time_parsing", "Expected a time."),
        (timedelta, SECRET, "time_delta_parsing", "Expected a duration."),
        (pydantic.HttpUrl, SECRET, "url_parsing", "Expected a URL."),
        (pydantic.Json[int], SECRET, "json_invalid", "Expected JSON."),
        (None, SECRET, "none_required", "Expected null."),
        (Literal["a", "b"], SECRET, "literal_error", WORDS["choice"]),
        (Colour, SECRET, "enum", WORDS["choice"]),
        (Pet, {"kind": SECRET}, "union_tag_invalid", WORDS["choice"]),
        (pydantic.HttpUrl, "ftp://example.com", "url_scheme", WORDS["choice"]),
        (Pet, {}, "union_tag_not_found", WORDS["missing"]),
        (Point, {}, "missing", WORDS["missing"]),
        (PydanticItem, {"count": 1, "more": SECRET}, "extra_forbidden", WORDS["unknown"]),
        (Annotated[int, pydantic.Field(gt=3)], 1, "greater_than", WORDS["range"]),
        (Annotated[int, pydantic.Field(multiple_of=3)], 1, "multiple_of", WORDS["range"]),
        (Annotated[Decimal, pydantic.Field(max_digits=5)], "123456", "decimal_max_digits", WORDS["range"]),
        (pydantic.FutureDate, "2000-01-01", "date_future", WORDS["range"]),
        (Annotated[str, pydantic.Field(max_length=3)], SECRET, "string_too_long", WORDS["length"]),
        (tuple[int, int], [1, 2, 3], "too_long", WORDS["length"]),
        (Annotated[str, pydantic.Field(pattern="^a")], SECRET, "string_pattern_mismatch", WORDS["pattern"]),
        (pydantic.AwareDatetime, "2000-01-01T00:00:00", "timezone_aware", WORDS["format"]),
        (pydantic.InstanceOf[Colour], SECRET, "is_instance_of", WORDS["type"]),
        (Annotated[str, pydantic.AfterValidator(is_short)], SECRET, "value_error", GENERAL),
        (Annotated[str, pydantic.AfterValidator(is_not_secret)], SECRET, "value_error", GENERAL),
        (Annotated[str, pydantic.AfterValidator(is_not_secret_asserted)], SECRET, "assertion_error", GENERAL),
        (Annotated[str, pydantic.AfterValidator(is_custom)], SECRET, "my_code", GENERAL),
    ],
)
def test_each_error_type_of_pydantic_has_words_of_errbridges(wanted: Any, given: Any, code: str, detail: str) -> None:
    (error,) = errors_of(adapted(wanted), given)

    assert (error["code"], error["detail"]) == (code, detail)


def test_every_error_type_of_pydantic_has_words() -> None:
    """A new one of a later version would be no fault, but worth a look."""
    own = {"frozen_field", "frozen_instance", "invalid_key", "recursion_loop", "recursion_depth_exceeded",
           "default_factory_not_called", "multiple_argument_values", "set_item_not_hashable", "value_error",
           "assertion_error", "missing_sentinel_error", "ellipsis_error", "no_such_attribute", "needs_python_object",
           "get_attribute_error", "iteration_error", "json_type"}  # fmt: skip
    general = {
        code for code in get_args(ErrorType) if read_error({"type": code, "loc": (), "msg": ""}).detail == GENERAL
    }

    assert general <= own


def test_the_words_of_a_custom_error_with_the_name_of_a_rule_are_not_shown() -> None:
    def posing(text: str) -> str:
        raise PydanticCustomError("int_type", "{text} poses", {"text": text})

    def posing_more(text: str) -> str:
        raise PydanticCustomError("greater_than", "{text} poses", {"text": text})

    def posing_as_validator(text: str) -> str:
        raise PydanticCustomError("value_error", "{text} poses", {"text": text})

    for pose in (posing, posing_more, posing_as_validator):
        check = adapted(Annotated[str, pydantic.AfterValidator(pose)])
        ((error),) = errors_of(check, SECRET)
        assert error["detail"] in WORDS.values() or error["detail"] == "Expected an integer."
        ((shown),) = errors_of(check, SECRET, messages=True)
        assert shown["detail"] == f"{SECRET} poses"


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        ("my_code", GENERAL),
        ("value_error", GENERAL),
        ("greater_than", WORDS["range"]),
        ("int_type", "Expected an integer."),
    ],
)
def test_a_custom_error_of_pydantic_shows_the_words_for_its_type(code: Any, detail: str) -> None:
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

    assert error["detail"] in WORDS.values()
    assert error["code"] == known[0]
    assert shown["detail"] == PydanticKnownError(*known).message()


@pytest.mark.parametrize(
    ("validator", "shown"),
    [
        (is_short, "Three letters at most."),
        (is_not_secret, f"{SECRET} is not allowed"),
        (is_custom, f"{SECRET} is custom"),
    ],
)
def test_the_words_of_a_validator_are_shown_on_request(validator: Check, shown: str) -> None:
    ((error),) = errors_of(adapted(Annotated[str, pydantic.AfterValidator(validator)]), SECRET, messages=True)

    assert error["detail"] == shown


def test_pydantics_words_with_the_bound_are_shown_on_request_but_not_those_with_the_input() -> None:
    ((bound),) = errors_of(adapted(Annotated[int, pydantic.Field(gt=3)]), 1, messages=True)
    ((tag),) = errors_of(adapted(Pet), {"kind": SECRET}, messages=True)
    ((parsed),) = errors_of(adapted(UUID), SECRET, messages=True)

    assert bound["detail"] == "Input should be greater than 3"
    assert (tag["detail"], parsed["detail"]) == (WORDS["choice"], "Expected a UUID.")


def test_the_words_of_a_validator_are_shown_only_if_they_are_a_text() -> None:
    def check(given: str) -> str:
        raise ValueError(given, SECRET)

    def check_empty(given: str) -> str:
        raise ValueError

    for validator in (check, check_empty):
        (error,) = errors_of(adapted(Annotated[str, pydantic.AfterValidator(validator)]), SECRET, messages=True)
        assert error["detail"] == GENERAL


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
        ({"value": {"int": 1}}, {"/value/int", "/value/str", "/value/list[union[Cat,Dog]]"}),
        ({"pet": {"kind": "cat", "lives": SECRET}}, {"/pet/cat/lives"}),
        ({"by_number": {"a": 1, "1": SECRET}}, {"/by_number/a", "/by_number/1"}),
        ({"re/named": SECRET}, {"/re~1named"}),
        ({"a": {"b": SECRET}}, {"/a/b"}),
    ],
)
def test_a_pointer_is_the_location_of_pydantic_without_the_label_of_a_key(given: Any, places: set[str]) -> None:
    for check in (Union.model_validate, lambda value: Union.model_validate_json(json.dumps(value))):
        assert {error["pointer"] for error in errors_of(check, given)} == places


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

    assert find_reader(type(exc)) is not None
    assert problem_of(exc, everywhere=True) is None
