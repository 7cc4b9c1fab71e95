"""Values of every kind, as a program may put them into a problem."""

from __future__ import annotations

import inspect
import re
import sys
from enum import Enum, IntEnum
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st

from errbridge import Problem
from tests.core.fakes import (
    ANY_TEXT,
    DictRaisesOnItems,
    Point,
    RaisesOnItems,
    RaisesOnIter,
    RaisesOnStr,
    TextRaisesOnStr,
)

RESERVED = inspect.signature(Problem.__init__).parameters.keys() - {"extensions"}
SURROGATE = re.compile("[\ud800-\udfff]")


class Colour(Enum):
    RED = "red"
    NESTED = (1, 2)


class Level(IntEnum):
    HIGH = 3


class Spoken:
    def __str__(self) -> str:
        return "spoken \ud800"


class Silent:
    secret = "secret"


CYCLE: list[Any] = [1]
CYCLE.append(CYCLE)
LOOP: dict[str, Any] = {"a": 1}
LOOP["self"] = {"inner": LOOP}
POINTED = Point(1)
POINTED.y = [POINTED]
DEEP: list[Any] = []
for _ in range(100_000):
    DEEP = [DEEP]

HOSTILE: list[Any] = [
    RaisesOnStr(),
    RaisesOnIter([1]),
    RaisesOnItems(),
    DictRaisesOnItems(a=1),
    TextRaisesOnStr("text"),
    CYCLE,
    LOOP,
    POINTED,
    float("nan"),
    float("inf"),
    "\ud800\udfff",
    "\0\x01\x7f\x85\u2028\ufffe\uffff",
    b"\xff\xfe",
    {"\ud800": 1, 5: 2, None: 3, True: 4, (1, 2): 5, 1.5: 6, Colour.RED: 7, Level.HIGH: 8, b"k": 9},
    {RaisesOnStr(): 1},
    {float("nan"): 1},
    object(),
    Silent(),
    Silent,
    RaisesOnStr,
    len,
    lambda: None,
    (number for number in range(3)),
    {1, "a", None, (1, 2), 2.5},
    frozenset([RaisesOnStr()]),
    SimpleNamespace(a=1),
    ValueError("x"),
    ...,
    NotImplemented,
    memoryview(b"ab"),
    complex(1, 2),
    sys,
]

HUGE = [10**5000, -(10**5000)]
"""Python refuses to print these, hypothesis included."""

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    ANY_TEXT,
    st.binary(max_size=10),
    st.decimals(),
    st.uuids(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.integers(0, len(HOSTILE) - 1).map(HOSTILE.__getitem__),
)
VALUES = st.recursive(
    LEAVES,
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.lists(children, max_size=4).map(tuple),
        st.dictionaries(st.one_of(ANY_TEXT, st.integers(), st.booleans(), st.none()), children, max_size=4),
        st.builds(Point, st.integers(), children),
    ),
    max_leaves=12,
)
EXTENSIONS = st.dictionaries(ANY_TEXT.filter(lambda name: name not in RESERVED), VALUES, max_size=4)
