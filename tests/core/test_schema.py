"""From annotations to JSON Schema, checked against the documents that the JSON representation makes."""

from __future__ import annotations

import ast
import collections.abc as abc
import enum
import json
import typing
from collections import UserList, UserString, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath, PurePosixPath
from types import GenericAlias, NoneType
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, NotRequired, Optional, TypedDict, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from errbridge import Problem
from errbridge.catalogue.schema import make_schema
from errbridge.representations.rendering import render_json

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other tests may be running

T = TypeVar("T")
Cents = NewType("Cents", int)


class Colour(enum.Enum):
    RED = "red"
    GREEN = 2
    MIXED = (1, Decimal("2.5"))


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Address(TypedDict):
    street: str
    number: NotRequired[int]
    since: Annotated[date, "The day of moving in"]


class Loose(TypedDict, total=False):
    note: str


class Range(NamedTuple):
    low: int
    high: Decimal | None


class Pair(NamedTuple, Generic[T]):
    one: T
    other: T


@dataclass
class Item:
    name: str
    price: Decimal
    tags: frozenset[str] = frozenset()


@dataclass
class Tree:
    value: int
    children: list[Tree] = field(default_factory=list)


@dataclass
class Box(Generic[T]):
    content: T


class Text(str):
    """Of a subclass of str."""

    __slots__ = ()


class Opaque:
    """An object without a known representation."""


SCALARS: list[tuple[Any, Any]] = [
    (None, {"type": "null"}),
    (bool, {"type": "boolean"}),
    (int, {"type": "integer"}),
    (float, {"type": "number"}),
    (str, {"type": "string"}),
    (Text, {"type": "string"}),
    (bytes, {"type": "string"}),
    (Decimal, {"type": "string", "format": "decimal"}),
    (UUID, {"type": "string", "format": "uuid"}),
    (datetime, {"type": "string"}),
    (date, {"type": "string", "format": "date"}),
    (time, {"type": "string"}),
    (bytearray, {"type": "string"}),
    (memoryview, {"type": "string"}),
    (UserString, {"type": "string"}),
    (timedelta, {"type": "number"}),
    (PurePosixPath, {"type": "string"}),
]
UNKNOWN: list[Any] = [Any, object, Opaque, T, abc.Iterator[int], abc.Callable[[], int], type[int], complex]
OTHERS: list[tuple[Any, Any]] = [
    (Cents, {"type": "integer"}),
    (Annotated[int, "In cents", 7, "of a euro"], {"type": "integer", "description": "In cents\nof a euro"}),
    (Annotated[int, 7], {"type": "integer"}),
    (Literal["a", 1, True, Colour.RED, "red"], {"enum": ["a", 1, True, "red"]}),
    (Colour, {"enum": ["red", 2, [1, "2.5"]]}),
    (Level, {"enum": [1, 2]}),
    (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    (Optional[str], {"anyOf": [{"type": "string"}, {"type": "null"}]}),  # noqa: UP045 - the older form
    (int | Opaque, {}),
    (list, {"type": "array"}),
    (list[int], {"type": "array", "items": {"type": "integer"}}),
    (list[Any], {"type": "array"}),
    (abc.Sequence[str], {"type": "array", "items": {"type": "string"}}),
    (deque[str], {"type": "array", "items": {"type": "string"}}),
    (UserList, {"type": "array"}),
    (set[int], {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}),
    (abc.Set, {"type": "array", "uniqueItems": True}),
    (tuple, {"type": "array"}),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
    (
        tuple[int, str],
        {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
    ),
    (Range, {"type": "array"}),
    (Pair[int], {"type": "array"}),
    (ast.Pass, {}),  # has _fields as well
    (dict, {"type": "object"}),
    (dict[str, Any], {"type": "object"}),
    (Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
    (
        Address,
        {
            "type": "object",
            "properties": {
                "street": {"type": "string"},
                "number": {"type": "integer"},
                "since": {"type": "string", "format": "date", "description": "The day of moving in"},
            },
            "required": ["street", "since"],
        },
    ),
    (Loose, {"type": "object", "properties": {"note": {"type": "string"}}}),
    (
        Item,
        {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "price": {"type": "string", "format": "decimal"},
                "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            },
            "required": ["name", "price", "tags"],
        },
    ),
    (
        Tree,
        {
            "type": "object",
            "properties": {"value": {"type": "integer"}, "children": {"type": "array"}},
            "required": ["value", "children"],
        },
    ),
    (Box[int], {"type": "object", "properties": {"content": {}}, "required": ["content"]}),
]


@pytest.mark.parametrize(("annotation", "expected"), SCALARS + OTHERS, ids=str)
def test_the_schema_of_an_annotation(annotation: Any, expected: Any) -> None:
    schema = make_schema(annotation)

    assert schema == expected
    Draft202012Validator.check_schema(schema)


def test_an_alias_of_python_3_12_means_what_it_stands_for() -> None:
    class TypeAliasType:
        """What ``type Numbers = list[int]`` makes."""

        __value__ = list[int]

    assert make_schema(TypeAliasType()) == make_schema(list[int])


@pytest.mark.parametrize("annotation", UNKNOWN, ids=str)
def test_what_is_not_known_may_be_anything(annotation: Any) -> None:
    assert make_schema(annotation) == {}


def test_a_schema_is_a_new_one_each_time() -> None:
    make_schema(int)["description"] = "changed"

    assert make_schema(int) == {"type": "integer"}


def described(value: Any) -> Any:
    """Return a value as it is in a document."""
    return json.loads(render_json(Problem(400, value=value)))["value"]


ITEMS = st.builds(Item, st.text(), st.decimals(allow_nan=False), st.frozensets(st.text(max_size=3), max_size=3))
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.builds(Tree, st.integers()), lambda children: st.builds(Tree, st.integers(), st.lists(children, max_size=2))
)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    None: st.none(),
    bool: st.booleans(),
    int: st.integers(-(2**64), 2**64),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(),
    bytes: st.binary(),
    Decimal: st.decimals(),
    UUID: st.uuids(),
    datetime: st.datetimes(timezones=st.none() | st.timezones()),
    date: st.dates(),
    time: st.times(),
    timedelta: st.timedeltas(),
    PurePath: st.just(PurePosixPath("/a")),
    Colour: st.sampled_from(Colour),
    Level: st.sampled_from(Level),
    Literal["a", 1] | None: st.sampled_from(["a", 1, None]),
    Cents: st.integers(0, 100).map(Cents),
    Item: ITEMS,
    Tree: TREES,
    Range: st.builds(Range, st.integers(), st.none() | st.decimals()),
    Address: st.fixed_dictionaries(
        {"street": st.text(), "since": st.dates()}, optional={"number": st.integers(0, 9), "more": st.text()}
    ),
    Any: st.none() | st.text() | st.floats(),
}


def nested(inner: st.SearchStrategy[tuple[Any, Any]]) -> st.SearchStrategy[tuple[Any, Any]]:
    def around(pair: tuple[Any, Any]) -> st.SearchStrategy[tuple[Any, Any]]:
        inside, values = pair
        annotation: Any = NoneType if inside is None else inside
        return st.sampled_from(
            [
                (GenericAlias(list, annotation), st.lists(values, max_size=3)),
                (GenericAlias(tuple, (annotation, ...)), st.lists(values, max_size=3).map(tuple)),
                (GenericAlias(tuple, (annotation, int)), st.tuples(values, st.integers(0, 9))),
                (GenericAlias(dict, (str, annotation)), st.dictionaries(st.text(max_size=3), values, max_size=3)),
                (typing.Union[annotation, int], values | st.integers(0, 9)),  # noqa: UP007
                (Annotated[annotation, "described"], values),
            ]
        )

    return inner.flatmap(around)


ANNOTATED = st.recursive(st.sampled_from(list(LEAVES.items())), nested, max_leaves=4)


@UNHURRIED
@given(st.data())
def test_what_a_value_becomes_in_json_satisfies_the_schema_of_its_annotation(data: st.DataObject) -> None:
    annotation, values = data.draw(ANNOTATED)
    value = data.draw(values)

    Draft202012Validator(make_schema(annotation)).validate(described(value))


@UNHURRIED
@given(st.sets(st.integers() | st.text(max_size=2) | st.uuids()))
def test_a_set_becomes_an_array_without_repetition(value: set[Any]) -> None:
    Draft202012Validator(make_schema(set[Any])).validate(described(value))


@pytest.mark.parametrize(
    ("annotation", "wrong"),
    [
        (int, "1"),
        (Decimal, 1.5),
        (list[int], [1, "2"]),
        (Colour, "blue"),
        (Item, {"name": "a"}),
        (tuple[int, str], (1, "a", 2)),
    ],
)
def test_the_schema_tells_a_wrong_value_from_a_right_one(annotation: Any, wrong: Any) -> None:
    assert not Draft202012Validator(make_schema(annotation)).is_valid(described(wrong))
