"""Errors of cattrs, and of the validators of attrs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

import attrs
import cattrs
import pytest

from errbridge import Problem
from errbridge.validation import problem_of
from errbridge.validation.faults import WORDS
from errbridge.validation.readers import find_reader
from tests.core.validation.checks import (
    CHECKS,
    CONVERTER,
    GENERAL,
    SECRET,
    AttrsItem,
    AttrsOrder,
    Colour,
    errors_of,
    raised,
    where,
)


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
        ("at_least", 1, "/at_least", "range", WORDS["range"]),
        ("short", SECRET, "/short", "length", WORDS["length"]),
        ("matching", "hunter", "/matching", "pattern", WORDS["pattern"]),
        ("one_of", SECRET, "/one_of", "choice", WORDS["choice"]),
        ("instance", SECRET, "/instance", "type", "Expected an integer."),
        ("even", 7, "", "invalid", GENERAL),
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


class Unstructured:
    def __init__(self, anything: Any) -> None: ...


def test_a_type_that_a_converter_does_not_know_is_the_fault_of_the_service() -> None:
    not_known = raised(lambda given: CONVERTER.structure(given, Unstructured), 1)
    exc = cattrs.ClassValidationError("", [raised(CHECKS["cattrs"], {}), not_known], AttrsOrder)

    assert find_reader(type(exc)) is not None
    assert problem_of(exc, everywhere=True) is None


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

    assert find_reader(type(exc)) is not None
    assert problem_of(exc, everywhere=True) is None
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
        return problem_of(cattrs.ClassValidationError("", [exc], AttrsOrder), everywhere=True)

    assert keeping(AttributeError()) is None
    assert keeping(ValueError()) is not None


def test_a_text_like_that_of_a_validator_of_attrs_does_not_show_its_number() -> None:
    def claims(_: object, attribute: Any, number: int) -> None:
        raise ValueError(f"'{attribute.name}' must be > {number}: 1")

    wanted = attrs.make_class("Wanted", {"number": attrs.field(type=int, validator=claims)})

    assert errors_of(lambda value: CONVERTER.structure(value, wanted), {"number": 4111111111111111}) == [
        {"detail": WORDS["range"], "pointer": "/number", "code": "range"}
    ]
