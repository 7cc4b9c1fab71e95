"""Any value as one that JSON can hold."""

from __future__ import annotations

import base64
import json
from collections import UserList, UserString, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings

from errbridge.problem.values import to_json_value
from tests.core.fakes import (
    ID,
    DictRaisesOnItems,
    Point,
    RaisesOnItems,
    RaisesOnIter,
    RaisesOnStr,
)
from tests.core.values import CYCLE, DEEP, LOOP, SURROGATE, VALUES, Colour, Level, Silent, Spoken


def is_json(value: object) -> bool:
    """Return whether JSON and UTF-8 can hold a value."""
    if value is None or type(value) in (bool, int):
        return True
    if type(value) is float:
        return value == value and abs(value) != float("inf")
    if isinstance(value, str):
        return SURROGATE.search(value) is None
    if type(value) is list:
        return all(map(is_json, value))
    return type(value) is dict and all(
        type(key) is str and is_json(key) and is_json(item) for key, item in value.items()
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (5, 5),
        (1.5, 1.5),
        ("é", "é"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(3, 4, 5), "03:04:05"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (timedelta(minutes=1, milliseconds=500), 60.5),
        (Decimal("1.50"), "1.50"),
        (Decimal("NaN"), "NaN"),
        (UUID(ID), ID),
        (PurePosixPath("/a/\udcff"), "/a/\ufffd"),
        (Colour.RED, "red"),
        (Colour.NESTED, [1, 2]),
        (Level.HIGH, 3),
        ("é".encode(), "é"),
        (bytearray(b"ab"), "ab"),
        (memoryview(b"ab"), "ab"),
        (b"\xff", base64.b64encode(b"\xff").decode()),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (Point(1, Point(2)), {"x": 1, "y": {"x": 2, "y": None}}),
        (range(3), [0, 1, 2]),
        (deque("ab"), ["a", "b"]),
        (UserList([1, (2,)]), [1, [2]]),
        (UserString("é"), "é"),
        ({"b": 1, "a": 2}.keys(), ["b", "a"]),
        ({"b": 1, "a": 2}.values(), [1, 2]),
        ({"b": 1, "a": 2}.items(), [["a", 2], ["b", 1]]),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        (frozenset({2, 1}), [1, 2]),
        (
            {None: 1, True: 2, False: 3, 5: 4, 1.5: 5, Colour.RED: 6},
            {"null": 1, "true": 2, "false": 3, "5": 4, "1.5": 5, "red": 6},
        ),
        (
            {float("nan"): 1, float("inf"): 2, float("-inf"): 3, None: 4},
            {"NaN": 1, "Infinity": 2, "-Infinity": 3, "null": 4},
        ),
        (float("nan"), None),
        (float("-inf"), None),
        ("a\ud800b", "a\ufffdb"),
        (2**4095, 2**4095),
        (2**5000, hex(2**5000)),
        (-(2**5000), hex(-(2**5000))),
        (CYCLE, [1, None]),
        (LOOP, {"a": 1, "self": {"inner": None}}),
        (Spoken(), "spoken \ufffd"),
        (ValueError("words"), "words"),
        (Silent(), "Silent"),
        (Silent, "type"),
        (Spoken, "type"),
        (len, "builtin_function_or_method"),
        ((number for number in range(3)), "generator"),
        (RaisesOnStr(), "RaisesOnStr"),
        (RaisesOnIter([1]), "RaisesOnIter"),
        (RaisesOnItems(), "RaisesOnItems"),
        (DictRaisesOnItems(a=1), "DictRaisesOnItems"),
        ({"a": [RaisesOnStr(), 1]}, {"a": ["RaisesOnStr", 1]}),
    ],
)
def test_every_value_becomes_what_the_table_of_the_module_says(value: object, expected: object) -> None:
    found = to_json_value(value)

    assert found == expected
    assert type(found) is type(expected)


def test_the_same_value_twice_is_no_cycle() -> None:
    shared = [1]

    assert to_json_value({"a": shared, "b": [shared, shared]}) == {"a": [1], "b": [[1], [1]]}


def test_what_is_deeper_than_32_levels_is_null() -> None:
    def depth(value: Any) -> int:
        return 1 + depth(value[0]) if isinstance(value, list) and value else 0

    value: Any = "end"
    for _ in range(32):
        value = [value]

    assert depth(to_json_value(value)) == 32
    assert json.dumps(to_json_value(value)).count("end") == 1
    assert json.dumps(to_json_value([value])) == "[" * 32 + "null" + "]" * 32
    assert json.dumps(to_json_value(DEEP)) == "[" * 32 + "null" + "]" * 32


def test_an_endless_container_is_cut_off() -> None:
    class Endless(Mapping[str, int]):
        def __getitem__(self, name: str) -> int:
            return 1

        def __iter__(self) -> Iterator[str]:
            return iter(str, "never")

        def __len__(self) -> int:
            return 1

        def items(self) -> Any:
            count = iter(int, 1)
            return ((str(index), 1) for index, _ in enumerate(count))

    found = to_json_value(Endless())
    assert isinstance(found, dict)
    assert len(found) == 10_000
    assert to_json_value(range(20_000)) == list(range(10_000))


def test_a_set_is_sorted_whatever_is_in_it() -> None:
    assert to_json_value({2, 10, "b", "a", None}) == to_json_value({None, "a", "b", 10, 2})


@given(VALUES)
@settings(deadline=None, max_examples=200)
def test_whatever_goes_in_what_comes_out_is_json(value: object) -> None:
    assert is_json(to_json_value(value))
