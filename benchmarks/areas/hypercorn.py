"""Under Hypercorn: some of the contenders of `benchmarks.bridge`, measured as it does."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from statistics import median

from benchmarks.bridge import BASE, CONTENDERS, NOISE, PATHS, measure
from benchmarks.loopback import serving
from benchmarks.measure import Result

__all__ = ["AREA", "SLEEPING", "results"]

AREA = "hypercorn"
SLEEPING = "32 x 100 ms"


def results(names: tuple[str, ...], rounds: int, count: int, sleeps: int) -> list[Result]:
    """Measure contenders beside bare Quart.

    Args:
        names: The contenders of `benchmarks.bridge`, bare Quart and itself once more excepted.
        rounds: How often.
        count: Requests in each round.
        sleeps: How often the requests that sleep are sent.
    """
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving("benchmarks.bridge", "application", name))
            for name in (BASE, NOISE, *names)
        }
        measured = asyncio.run(measure(servers, rounds, count, sleeps))
    base = CONTENDERS[BASE].title
    found = []
    for kind in PATHS:
        # Bare Quart was measured right beside each contender; what counts is the ratio of the two.
        seconds = median(measured[BASE].seconds[kind])
        values = {CONTENDERS[name].title: [ratio * seconds for ratio in measured[name].ratios[kind]] for name in names}
        same = [ratio * seconds for ratio in measured[NOISE].ratios[kind]]
        by_name = {base: [seconds] * len(same), **values}
        found.append(Result(AREA, kind, "s", by_name, same, dict.fromkeys(values, base)))
    slept = {CONTENDERS[name].title: measured[name].sleeping for name in (BASE, *names)}
    versus = {title: base for title in slept if title != base}
    found.append(Result(AREA, SLEEPING, "s", slept, measured[NOISE].sleeping, versus))
    return found
