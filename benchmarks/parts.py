"""Where the time of an error goes: each part of errbridge is left out in turn, and the request measured without it.

``python -m benchmarks.parts flask 404`` for one kind of requests of a framework. A part is left out by giving back what
it returned the first time. What that saves is more than the part takes in a loop of its own: there, its code and its
data are in the processor's caches already.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import repeat
from time import perf_counter_ns
from typing import Any

from benchmarks.areas.kinds import BARE, ERRBRIDGE, logging_to_nowhere
from benchmarks.instructions import GROUPS
from benchmarks.measure import Group, check
from errbridge.handling import builtin, context, respond
from errbridge.pallets import application, seam

__all__ = ["EQUAL", "PARTS", "measured"]

ROUNDS, REQUESTS = 60, 150

_Place = tuple[Any, str]

PARTS: Mapping[str, tuple[_Place, ...]] = {
    "the facts of the request are read": ((seam.Seam, "read_facts"),),
    "the incident gets its id and its time": ((context, "Occurrence"),),
    "the problem, the owners, the look and the native handler are found": ((context, "open_context"),),
    "the handlers are listed": ((respond, "find_candidates"),),
    "the body is found and filled in, and the error reported": ((respond, "show_built_in"),),
    "the error is reported": ((builtin, "report"),),
    "everything from the exception to the outcome": ((seam, "respond"),),
    "the framework's response is built": ((seam.Seam, "make_result"),),
    "the head of the response is checked": ((application, "check_head"),),
}
"""The functions that do each part, as they are looked up."""

EQUAL = ("404", "scoped 404", "page", "abort", "405")
"""The kinds of requests in which each error is equal to the one before, so that parts can be left out."""


@contextmanager
def _left_out(places: Iterable[_Place], kept: dict[_Place, Any]) -> Generator[None]:
    """Have functions return what they returned the first time."""

    def remembering(place: _Place, function: Callable[..., Any]) -> Callable[..., Any]:
        def remember(*args: Any, **kwargs: Any) -> Any:
            if place not in kept:
                found = function(*args, **kwargs)
                kept[place] = tuple(found) if isinstance(found, Iterator) else found
            return kept[place]

        return remember

    originals = [(place, getattr(*place)) for place in places]
    for place, function in originals:
        setattr(*place, remembering(place, function))
    try:
        yield
    finally:
        for place, function in originals:
            setattr(*place, function)


def measured(group: Group, rounds: int = ROUNDS) -> dict[str, float]:
    """Measure a kind of requests bare, with errbridge, and without each part; the best of many rounds, in seconds."""
    check(group)
    calls = {case.name: case.call for case in group.cases}
    contenders: dict[str, tuple[Callable[[], Any], tuple[_Place, ...]]] = {
        BARE: (calls[BARE], ()),
        ERRBRIDGE: (calls[ERRBRIDGE], ()),
    }
    contenders |= {name: (calls[ERRBRIDGE], places) for name, places in PARTS.items()}
    found: dict[str, list[int]] = {name: [] for name in contenders}
    kept: dict[_Place, Any] = {}
    with asyncio.Runner() as runner:
        for _ in range(rounds + 1):
            for name, (call, places) in contenders.items():
                gc.collect()
                with _left_out(places, kept):
                    took = runner.run(_time_async(call)) if group.is_async else _time(call)
                found[name].append(took)
    return {name: min(took[1:]) / REQUESTS / 1e9 for name, took in found.items()}


def _time(call: Callable[[], Any]) -> int:
    started = perf_counter_ns()
    for _ in repeat(None, REQUESTS):
        call()
    return perf_counter_ns() - started


async def _time_async(call: Callable[[], Any]) -> int:
    started = perf_counter_ns()
    for _ in repeat(None, REQUESTS):
        await call()
    return perf_counter_ns() - started


def _table(group: Group) -> Iterator[str]:
    found = measured(group)
    bare, whole = found.pop(BARE), found.pop(ERRBRIDGE)
    yield f"| {group.area}, {group.name}: what errbridge does | µs | of a bare request |"
    yield "|---|---|---|"
    for name, without in found.items():
        yield f"| {name} | {1e6 * (whole - without):.1f} | {(whole - without) / bare:.1%} |"
    yield f"| **a request in all** | {1e6 * whole:.1f} | {whole / bare:.1%} |"


def main(arguments: list[str] | None = None) -> int:
    """Measure, and print a table for each kind of requests."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.parts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("framework", choices=GROUPS)
    parser.add_argument("kind", nargs="?", choices=EQUAL, default="404", help="the kind of requests")
    options = parser.parse_args(arguments)
    with logging_to_nowhere():
        for group in GROUPS[options.framework]():
            if group.name == options.kind:
                print("\n".join(_table(group)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
