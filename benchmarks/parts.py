"""Where the time of an error goes: a clock around each part of errbridge, within real requests.

Requests of all kinds take turns, with errbridge and without: so the processor's caches hold as little of a part as in a
service, where most requests have no error. In a loop of its own a part takes about half of the time.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter_ns
from typing import Any

import errbridge_flask.answering
from benchmarks.areas.kinds import BARE, ERRBRIDGE
from benchmarks.instructions import GROUPS
from benchmarks.measure import AGAIN, Result, check
from errbridge import validation
from errbridge.application.errormap import ErrorMap
from errbridge.handling import builtin, context, respond
from errbridge.pallets import application, seam
from errbridge.representations import rendering
from errbridge.telemetry import record

__all__ = ["AREAS", "PARTS", "results"]

AREAS: Mapping[str, str] = {f"{framework}-parts": framework for framework in GROUPS}
"""The frameworks, by the name of the area of each."""

SEED = 1

_Place = tuple[Any, str]

PARTS: Mapping[str, tuple[_Place, ...]] = {
    "the facts of the request": ((seam.Seam, "read_facts"),),
    "from the exception to the outcome": ((seam, "respond"),),
    "· what the framework's exception says": ((application.PalletsApplication, "http_error"),),
    "· what the exception of a library says": ((validation, "problem_of"),),
    "· what is known of the error": ((context, "open_context"),),
    "· · its id and its time": ((context, "Occurrence"),),
    "· · its owners": ((ErrorMap, "find_chain"),),
    "· · how it looks": ((ErrorMap, "choose_look"),),
    "· the answer without a handler": ((respond, "show_built_in"),),
    "· · the rendering, if equal errors do not share it": ((builtin, "render"),),
    "· · · its JSON": ((rendering, "_encode"),),
    "· · the report": ((builtin, "report"),),
    "the fields of the framework's log record": ((seam, "expect_record"), (record._Enrich, "filter")),
    "the framework's response": ((seam.Seam, "make_result"),),
    "the check of its head": ((errbridge_flask.answering, "check_head"), (application, "check_head")),
}
"""Functions by what they do, as they are looked up; a dot marks what is part of the line above."""


@contextmanager
def _clocks(spent: dict[str, int]) -> Generator[None]:
    """Add up the time that each part takes."""

    def wrap(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def clock(*args: Any, **kwargs: Any) -> Any:
            started = perf_counter_ns()
            try:
                return function(*args, **kwargs)
            finally:
                spent[name] += perf_counter_ns() - started

        return clock

    originals = [(name, place, getattr(*place)) for name, places in PARTS.items() for place in places]
    for name, place, function in originals:
        setattr(*place, wrap(name, function))
    try:
        yield
    finally:
        for _, place, function in originals:
            setattr(*place, function)


def results(area: str, rounds: int) -> Iterator[Result]:
    """Measure whole requests, bare and with errbridge, then once more with the clocks.

    Args:
        area: One of `AREAS`.
        rounds: How often each kind of request is sent.
    """
    groups = [group for group in GROUPS[AREAS[area]]() if {BARE, ERRBRIDGE} <= {case.name for case in group.cases}]
    calls = []
    for group in groups:
        check(group)
        by_name = {case.name: case.call for case in group.cases}
        calls += [(group, name, by_name[of]) for name, of in ((BARE, BARE), (AGAIN, BARE), (ERRBRIDGE, ERRBRIDGE))]
    found: dict[str, dict[str, list[float]]]
    found = {group.name: {name: [] for name in (BARE, AGAIN, ERRBRIDGE, *PARTS)} for group in groups}
    spent = dict.fromkeys(PARTS, 0)
    chance = random.Random(SEED)  # in a fixed order the garbage collector would run within the same request each time

    async def take_turns(*, with_clocks: bool) -> None:
        shuffled = [each for _ in range(rounds) for each in chance.sample(calls, len(calls))]
        for group, name, call in shuffled:
            started = perf_counter_ns()
            if group.is_async:
                await call()
            else:
                call()
            took = perf_counter_ns() - started
            if not with_clocks:
                found[group.name][name].append(took / 1e9)
            elif name == ERRBRIDGE:
                for part in PARTS:
                    found[group.name][part].append(spent[part] / 1e9)
            spent.update(dict.fromkeys(PARTS, 0))

    asyncio.run(take_turns(with_clocks=False))
    with _clocks(spent):
        asyncio.run(take_turns(with_clocks=True))
    for kind, values in found.items():
        again = values.pop(AGAIN)
        yield Result(area, kind, "s", values, again, dict.fromkeys([ERRBRIDGE, *PARTS], BARE))
