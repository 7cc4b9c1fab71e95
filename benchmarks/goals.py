"""What has to be reached: each goal a limit, and the figure that it is for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.areas import (
    bridge_requests,
    dispatch,
    flask_requests,
    hypercorn,
    imports,
    kept,
    negotiation,
    quart_requests,
    rendering,
)
from benchmarks.areas.flask_requests import MANY
from benchmarks.areas.kinds import BARE, ERRBRIDGE, IN_GERMAN, KINDS, LANGUAGES
from benchmarks.bridge import BASE, CONTENDERS
from benchmarks.measure import Result, median, noise, quartiles

__all__ = ["GOALS", "MISSED", "REACHED", "UNDECIDED", "Goal", "Verdict", "judged"]

REACHED, MISSED, UNDECIDED = "reached", "missed", "undecided"


@dataclass(frozen=True, slots=True)
class Goal:
    """A limit for one figure.

    Attributes:
        name: What it is about.
        limit: The most that it may be, in its unit.
        unit: ``x`` for a ratio, ``%`` for one that is shown so, else what the figure is shown in.
        area: The area of the figure.
        group: Its group.
        case: Its case.
        reference: What the case is compared with; None for a figure without a reference.
        cost: Where the cost is that the reference does not have, for a goal that is missed.
    """

    name: str
    limit: float
    unit: str
    area: str
    group: str
    case: str
    reference: str | None = None
    cost: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A goal, and what was measured.

    Attributes:
        goal: The goal.
        measured: In the goal's unit.
        noise: How far off it may be, as a fraction of it.
        verdict: Undecided where the limit is within the noise.
    """

    goal: Goal
    measured: float
    noise: float
    verdict: str


_SCALES: Mapping[str, float] = {"x": 1.0, "%": 100.0, "µs": 1e6, "ms": 1e3, "MiB": 1 / 2**20, "blocks": 1.0}
"""What the values of a result are multiplied by for a goal's unit."""

_ALL = "facts of the request, owners, id, two more headers"
_EACH = "each problem is rendered by itself; JSON of the list of errors"
_CRASH = "the error passes twice, as itself and as the 500; the fields of its record"
_ERRORS: Mapping[str, tuple[float, float, str]] = {
    "404": (0.84, 1.04, _ALL),
    "scoped 404": (0.84, 1.04, _ALL),
    "page": (0.84, 1.04, _ALL),
    "abort": (0.84, 1.04, _ALL),
    "405": (0.85, 1.06, f"{_ALL}; the allowed methods as a header and a member"),
    "validation": (0.85, 1.08, _EACH),
    "pydantic": (1.05, 1.15, f"pydantic's own list of errors; {_EACH}"),
    "crash": (0.98, 1.02, _CRASH),
}
"""For each kind of error the most times bare Flask's and bare Quart's, and where the cost is."""


def _lookups() -> Iterator[Goal]:
    for group in ("hit", "unmatched", "dynamic hit", "dynamic unmatched"):
        case, reference = dispatch.named(dispatch.ERRBRIDGE, 100), dispatch.named(dispatch.MERGED, 100)
        yield Goal(f"lookup, N=100, {group}", 1.25, "x", dispatch.AREA, group, case, reference)
    least, most = (dispatch.named(dispatch.ERRBRIDGE, size) for size in (dispatch.SIZES[0], dispatch.SIZES[-1]))
    for group in ("hit", "near miss", "unmatched", "dynamic hit", "dynamic unmatched"):
        yield Goal(f"lookup, growth to N=10,000, {group}", 2.0, "x", dispatch.AREA, group, most, least)
    for kind in dispatch.ADVERSARIAL:
        group = dispatch.adversarial_name(kind)
        yield Goal(f"lookup, {group}", 6.0, "µs", dispatch.AREA, group, dispatch.ERRBRIDGE)
    case, reference = dispatch.named(dispatch.ERRBRIDGE, 1000), dispatch.named(dispatch.MERGED, 1000)
    cost = "a host with a star is found by what follows the star, then compared with a pattern"
    yield Goal("lookup, a host among 1000", 1.5, "x", dispatch.AREA, "hosts", case, reference, cost)


def _parts() -> Iterator[Goal]:
    area, ours = rendering.AREA, rendering.ERRBRIDGE
    cost = "the members are put in order first"
    yield Goal("JSON document", 1.0, "x", area, "JSON document", ours, rendering.STDLIB, cost)
    cost = "words in the language of the client, links and a reference, each text escaped"
    yield Goal("built-in page", 0.35, "x", area, "built-in page", ours, rendering.JINJA, cost)
    for group, limit in {"new": 6.0, "8 KB": 40.0}.items():
        yield Goal(f"Accept, {group}", limit, "µs", negotiation.AREA, group, negotiation.ERRBRIDGE)


def _requests() -> Iterator[Goal]:
    kinds = [kind.name for kind in KINDS]
    for place, (title, area) in enumerate({"Flask": flask_requests.AREA, "Quart": quart_requests.AREA}.items()):
        for kind, (*limits, cost) in _ERRORS.items():
            if kind in kinds:
                yield Goal(f"{title}, {kind}", limits[place], "x", area, kind, ERRBRIDGE, BARE, cost)
        cost = "what could still fail is caught, and the head of the response is checked"
        yield Goal(f"{title}, no error", 1.02, "x", area, "200", ERRBRIDGE, BARE, cost)
    yield Goal("Flask, 1000 blueprints", 0.84, "x", flask_requests.AREA, "scoped 404", MANY, BARE, _ALL)
    for title, area in {"Flask": flask_requests.AREA, "Quart": quart_requests.AREA}.items():
        for name in IN_GERMAN:
            yield Goal(f"{title}, {name}", 1.03, "x", area, name, LANGUAGES, ERRBRIDGE)


def _processes() -> Iterator[Goal]:
    base = CONTENDERS[BASE].title
    for name, limit, cost in (
        ("bridge-quart", 1.05, "the mount is found, and each message is looked at"),
        ("bridge-flask", 1.2, "a hop to a thread and back"),
    ):
        title = CONTENDERS[name].title
        for kind in ("200", "404"):
            yield Goal(f"{title}, {kind}", limit, "x", hypercorn.AREA, kind, title, base, cost)
    title = bridge_requests.THROUGH["bridge-quart"]
    for kind in ("200", "404"):
        group = f"{bridge_requests.AREA}, {kind}"
        yield Goal(f"{title}, in process, {kind}", 1.05, "x", "instructions", group, title, BARE)
    title = CONTENDERS["bridge-flask"].title
    yield Goal(f"{title}, {hypercorn.SLEEPING}", 140.0, "ms", hypercorn.AREA, hypercorn.SLEEPING, title)
    for framework, adapter in imports.PAIRS.items():
        cost = "almost half is defining dataclasses, which Python writes as source and compiles"
        yield Goal(f"import {adapter}", 5.0, "%", imports.AREA, f"time, {framework}", adapter, framework, cost)
        case = f"{adapter}, and an application"
        yield Goal(f"import {case}", 8.0, "%", imports.AREA, f"time, {framework}", case, framework, cost)
        yield Goal(f"import {adapter}", 1.0, "MiB", imports.AREA, f"memory, {framework}", adapter)
    for framework in kept.FRAMEWORKS:
        name = f"memory kept per error, {framework.title()}"
        # Not one object in a hundred errors: of what is kept for each error there would be at least one.
        yield Goal(name, 0.01, "blocks", kept.AREA, kept.kept_name(kept.MANY, "blocks"), f"errbridge on {framework}")


GOALS: Sequence[Goal] = (*_lookups(), *_parts(), *_requests(), *_processes())


def judged(results: Iterable[Result], goals: Iterable[Goal] = GOALS) -> list[Verdict]:
    """Judge those goals whose figures were measured."""
    by_name = {(result.area, result.name): result for result in results}
    verdicts = []
    for goal in goals:
        result = by_name.get((goal.area, goal.group))
        if result is not None and goal.case in result.values and (goal.reference or goal.case) in result.values:
            verdicts.append(_judge(goal, result))
    return verdicts


def _judge(goal: Goal, result: Result) -> Verdict:
    values = result.values[goal.case] if goal.reference is None else result.ratios(goal.case, goal.reference)
    measured = median(values) * _SCALES[goal.unit]
    low, high = quartiles(values)
    by_chance = (high - low) / math.sqrt(len(values)) / median(values) if median(values) else 0.0
    off = max(noise(result.same()), by_chance)
    return Verdict(goal, measured, off, _verdict(measured, off, goal.limit))


def _verdict(measured: float, off: float, limit: float) -> str:
    if measured * (1 + off) <= limit:
        return REACHED
    return MISSED if measured * (1 - off) > limit else UNDECIDED
