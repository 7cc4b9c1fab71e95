"""Rounds in which everything that is compared is measured side by side.

A figure of one contender alone says more about the machine than about the contender. So contenders that do the same
work stand in a group. Each round measures all of them, once forwards and next time backwards, each for a slice of a few
milliseconds, and begins and ends with the group's reference. What counts is the median of the rounds' ratios. The ratio
of the two measurements of the reference, which should be 1, says how much of it is noise.

The garbage collector is off while a slice is measured and runs between the rounds.
"""

from __future__ import annotations

import asyncio
import gc
import math
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from time import perf_counter_ns, process_time_ns
from typing import Any

__all__ = ["AGAIN", "CLOCKS", "Case", "Effort", "Group", "Result", "check", "measure", "median", "noise", "quartiles"]

AGAIN = "the reference once more"
CLOCKS: Mapping[str, Callable[[], int]] = {"wall": perf_counter_ns, "cpu": process_time_ns}
"""Clocks in nanoseconds: what passes, or what the process uses of it, which other work disturbs less."""

_MOST_CALLS = 100_000


@dataclass(frozen=True, slots=True)
class Case:
    """One contender.

    Attributes:
        name: What is measured, unique in its group.
        call: Does the work once; a coroutine function in a group that is async.
        expect: Raises AssertionError if what a call gave is not what it should be.
        units: How many pieces of work one call does.
        versus: The name of the case that this one is compared with; the group's first if None.
    """

    name: str
    call: Callable[[], Any]
    expect: Callable[[Any], None]
    units: int = 1
    versus: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Contenders for the same work.

    Attributes:
        area: What part of the whole it is, ``dispatch`` for instance.
        name: The work.
        cases: The first one is the reference.
        is_async: Whether the cases' calls are to be awaited.
    """

    area: str
    name: str
    cases: Sequence[Case]
    is_async: bool = False


@dataclass(frozen=True, slots=True)
class Effort:
    """How to measure: so many rounds, each with a slice of so many nanoseconds for every case, by one of `CLOCKS`."""

    rounds: int
    slice_ns: int
    clock: str = "wall"


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured of a group.

    Attributes:
        area: As of the group.
        name: Likewise.
        unit: Of the values: ``s``, ``bytes`` or ``blocks``.
        values: For each case one value a round, per piece of work.
        again: The reference, measured once more in each round.
        versus: What each case is compared with; a case that is compared with nothing is missing.
    """

    area: str
    name: str
    unit: str
    values: Mapping[str, Sequence[float]]
    again: Sequence[float] = ()
    versus: Mapping[str, str] = field(default_factory=dict)

    @property
    def reference(self) -> str:
        """The name of the first case."""
        return next(iter(self.values))

    def ratios(self, case: str, reference: str) -> list[float]:
        """Give the ratio of two cases in each round.

        The group's reference is measured at the beginning and at the end of a round; what is compared with it is
        compared with the mean of both.
        """
        under = list(self.values[reference])
        if reference == self.reference and self.again:
            under = [(first + last) / 2 for first, last in zip(under, self.again, strict=True)]
        return [over / one for over, one in zip(self.values[case], under, strict=True)]

    def same(self) -> list[float]:
        """Give the ratio of the reference to itself in each round; empty where it was measured only once."""
        return [last / first for first, last in zip(self.values[self.reference], self.again, strict=False)]


def median(values: Sequence[float]) -> float:
    """Give the middle value."""
    return statistics.median(values)


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Give the values below and above which a quarter lies."""
    if len(values) < 2:
        return values[0], values[0]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, high


def noise(same: Sequence[float]) -> float:
    """Say how far the median of ratios that should be 1 is off, and may be off by chance."""
    if not same:
        return 0.0
    low, high = quartiles(same)
    return abs(median(same) - 1) + (high - low) / math.sqrt(len(same))


def check(group: Group) -> None:
    """Run every case once and see that it does what it should.

    Raises:
        AssertionError: One of them does something else.
    """
    for case in group.cases:
        case.expect(asyncio.run(_result(case.call)) if group.is_async else case.call())


async def _result(call: Callable[[], Awaitable[Any]]) -> Any:
    return await call()


def measure(group: Group, effort: Effort) -> Result:
    """Measure all cases of a group, round after round.

    Raises:
        AssertionError: A case does not do what it should.
    """
    check(group)
    values = asyncio.run(_rounds_async(group.cases, effort)) if group.is_async else _rounds(group.cases, effort)
    first = group.cases[0].name
    versus = {case.name: case.versus or first for case in group.cases if case.name != (case.versus or first)}
    again = values.pop(AGAIN)
    return Result(group.area, group.name, "s", values, again, versus)


def _plan(counts: Mapping[str, int], cases: Sequence[Case], number: int) -> list[tuple[str, Case, int]]:
    """List what one round measures: the cases forwards or backwards, between the reference and itself."""
    reference, *others = cases
    if number % 2:
        others.reverse()
    between = [(case.name, case, counts[case.name]) for case in others]
    count = counts[reference.name]
    ends = (reference.name, AGAIN) if number % 4 < 2 else (AGAIN, reference.name)
    return [(ends[0], reference, count), *between, (ends[1], reference, count)]


def _count(took_ns: int, slice_ns: int) -> int:
    return max(1, min(_MOST_CALLS, slice_ns // max(took_ns, 1)))


def _rounds(cases: Sequence[Case], effort: Effort) -> dict[str, list[float]]:
    now = CLOCKS[effort.clock]

    def nanoseconds(call: Callable[[], Any], count: int) -> int:
        started = now()
        for _ in repeat(None, count):
            call()
        return now() - started

    counts = {}
    for case in cases:
        warm = max(1, _count(nanoseconds(case.call, 1), effort.slice_ns) // 2)
        counts[case.name] = _count(nanoseconds(case.call, warm) // warm, effort.slice_ns)
    values: dict[str, list[float]] = {name: [] for name in (*counts, AGAIN)}
    _settle()
    try:
        for number in range(effort.rounds):
            gc.collect()
            gc.disable()
            for name, case, count in _plan(counts, cases, number):
                values[name].append(nanoseconds(case.call, count) / count / case.units / 1e9)
            gc.enable()
    finally:
        _unsettle()
    return values


async def _rounds_async(cases: Sequence[Case], effort: Effort) -> dict[str, list[float]]:
    now = CLOCKS[effort.clock]

    async def nanoseconds(call: Callable[[], Awaitable[Any]], count: int) -> int:
        started = now()
        for _ in repeat(None, count):
            await call()
        return now() - started

    counts = {}
    for case in cases:
        warm = max(1, _count(await nanoseconds(case.call, 1), effort.slice_ns) // 2)
        counts[case.name] = _count(await nanoseconds(case.call, warm) // warm, effort.slice_ns)
    values: dict[str, list[float]] = {name: [] for name in (*counts, AGAIN)}
    _settle()
    try:
        for number in range(effort.rounds):
            gc.collect()
            gc.disable()
            for name, case, count in _plan(counts, cases, number):
                values[name].append(await nanoseconds(case.call, count) / count / case.units / 1e9)
            gc.enable()
    finally:
        _unsettle()
    return values


def _settle() -> None:
    """Put what is there for good out of the collector's sight, so that it takes no time between the rounds."""
    gc.collect()
    gc.freeze()


def _unsettle() -> None:
    gc.enable()
    gc.unfreeze()
