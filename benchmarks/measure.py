"""Rounds in which everything that is compared is measured side by side.

A figure of one contender alone says more about the machine than about the contender. So contenders that do the same
work form a group. Each round measures all of them, each for a slice of a few milliseconds, and the reference of the
group twice, in a new random order. The result is the median of the rounds' ratios. The ratio of the two measurements of
the reference, which should be 1, shows the noise.

The garbage collector is off while a slice is measured and runs between the rounds. A slice in which the process had to
wait for a processor is measured again; on a busy machine not even that helps always.
"""

from __future__ import annotations

import asyncio
import gc
import math
import random
import statistics
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from time import perf_counter_ns, process_time_ns
from typing import Any, NamedTuple

__all__ = ["AGAIN", "CLOCKS", "Case", "Effort", "Group", "Result", "check", "measure", "median", "noise", "quartiles"]

AGAIN = "the reference once more"
CLOCKS: Mapping[str, Callable[[], int]] = {"wall": perf_counter_ns, "cpu": process_time_ns}
"""Clocks in nanoseconds: what passes, or what the process uses of it, which other work disturbs less."""

_MOST_CALLS = 100_000
_BUSY = 0.95  # of the time, where no other process had the processor
_MORE_TRIES = 2


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
        area: The area of the group.
        name: The name of the group.
        unit: The unit of the values: ``s``, ``bytes`` or ``blocks``.
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

        The group's reference is measured twice; what is compared with it is compared with the mean of both.
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
    plan, watch = _planned(group.cases, effort.rounds, effort.slice_ns), _Watch(effort.clock)
    values = asyncio.run(_run_async(plan, watch)) if group.is_async else _run(plan, watch)
    first = group.cases[0].name
    versus = {case.name: case.versus or first for case in group.cases if case.name != (case.versus or first)}
    again = values.pop(AGAIN)
    return Result(group.area, group.name, "s", values, again, versus)


class _Watch:
    """Measures slices by one of the clocks, and reports whether the process had a processor all the time."""

    def __init__(self, clock: str) -> None:
        self._now = CLOCKS[clock]
        self._started = self._used = 0

    def start(self) -> None:
        self._used = process_time_ns()
        self._started = self._now()

    def stop(self) -> _Took:
        took = self._now() - self._started
        return _Took(took, process_time_ns() - self._used >= _BUSY * took)


class _Took(NamedTuple):
    ns: int
    undisturbed: bool


_Slice = tuple[Callable[[], Any], int]
"""What to call, and how often."""
_Plan = Generator[_Slice, _Took, dict[str, list[float]]]
"""The rounds: yields slices and is sent how long they took, so that sync and async calls are measured alike."""


def _planned(cases: Sequence[Case], rounds: int, slice_ns: int) -> _Plan:
    counts = {}
    for case in cases:
        first = yield case.call, 1
        some = max(1, _count(first.ns, slice_ns) // 2)
        warm = yield case.call, some
        counts[case.name] = _count(warm.ns // some, slice_ns)
    slices = [(case.name, case, counts[case.name]) for case in cases]
    slices.append((AGAIN, cases[0], counts[cases[0].name]))
    values: dict[str, list[float]] = {name: [] for name, _, _ in slices}
    order = random.Random(len(cases))
    gc.collect()
    gc.freeze()  # what is there for good takes no time between the rounds
    try:
        for _ in range(rounds):
            gc.collect()
            gc.disable()
            order.shuffle(slices)
            for name, case, count in slices:
                least = yield from _slice(case.call, count)
                values[name].append(least / count / case.units / 1e9)
            gc.enable()
    finally:
        gc.enable()
        gc.unfreeze()
    return values


def _slice(call: Callable[[], Any], count: int) -> Generator[_Slice, _Took, int]:
    took = yield call, count
    least = took.ns
    for _ in range(_MORE_TRIES):
        if took.undisturbed:
            break
        took = yield call, count
        least = min(least, took.ns)
    return least


def _count(took_ns: int, slice_ns: int) -> int:
    return max(1, min(_MOST_CALLS, slice_ns // max(took_ns, 1)))


def _run(plan: _Plan, watch: _Watch) -> dict[str, list[float]]:
    try:
        call, count = next(plan)
        while True:
            watch.start()
            for _ in repeat(None, count):
                call()
            call, count = plan.send(watch.stop())
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


async def _run_async(plan: _Plan, watch: _Watch) -> dict[str, list[float]]:
    try:
        call, count = next(plan)
        while True:
            watch.start()
            for _ in repeat(None, count):
                await call()
            call, count = plan.send(watch.stop())
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
