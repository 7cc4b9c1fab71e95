"""All measurements: ``python -m benchmarks``, or with ``--quick`` in two.

Every figure is a ratio to something that was measured at the same time; see `benchmarks.measure`. The last lines say
which goals are reached.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from benchmarks import instructions, parts
from benchmarks.areas import (
    bridge_requests,
    dispatch,
    flask_requests,
    hypercorn,
    imports,
    kept,
    negotiation,
    peers,
    quart_requests,
    rendering,
)
from benchmarks.areas.kinds import logging_to_nowhere
from benchmarks.goals import judged
from benchmarks.measure import CLOCKS, Effort, Group, Result, measure
from benchmarks.report import as_json, circumstances, markdown, plot, table, written

__all__ = ["main"]


@dataclass(frozen=True, slots=True)
class Mode:
    """How thoroughly to measure."""

    name: str
    effort: Effort
    hypercorn: tuple[tuple[str, ...], int, int, int]
    imports: int
    errors: int
    parts: int


_BRIDGED = ("bridge-quart", "bridge-flask")
QUICK = Mode("quick", Effort(15, 1_500_000), (_BRIDGED, 5, 96, 1), 3, 2_000, 300)
FULL = Mode(
    "full",
    Effort(81, 3_000_000),
    ((*_BRIDGED, "errbridge-quart", "errbridge-both", "errbridge-flask", "hypercorn", "a2wsgi"), 15, 160, 3),
    31,
    kept.MANY,
    1500,
)

_GROUPS: Mapping[str, Callable[[], Iterable[Group]]] = {
    dispatch.AREA: dispatch.groups,
    rendering.AREA: rendering.groups,
    negotiation.AREA: negotiation.groups,
    flask_requests.AREA: flask_requests.groups,
    quart_requests.AREA: quart_requests.groups,
    bridge_requests.AREA: bridge_requests.groups,
    "peers": peers.groups,
}


def _measure_parts(area: str, mode: Mode) -> Iterator[Result]:
    return parts.results(area, mode.parts)


_OTHERS: Mapping[str, Callable[[Mode], Iterable[Result]]] = {
    hypercorn.AREA: lambda mode: hypercorn.results(*mode.hypercorn),
    imports.AREA: lambda mode: imports.results(mode.imports, mode.effort.clock),
    kept.AREA: lambda mode: kept.results(mode.errors),
    **{area: partial(_measure_parts, area) for area in parts.AREAS},
    **({instructions.AREA: lambda _: instructions.results()} if instructions.is_available() else {}),
}
AREAS = (*_GROUPS, *_OTHERS)


def measured(areas: Iterable[str], mode: Mode) -> Iterator[Result]:
    """Measure areas, and show the progress on the terminal."""
    for area in areas:
        started = time.perf_counter()
        if area in _GROUPS:
            for group in _GROUPS[area]():
                yield measure(group, mode.effort)
        else:
            yield from _OTHERS[area](mode)
        print(f"{area}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Measure and report."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="in two minutes instead of ten")
    parser.add_argument("--only", nargs="+", choices=AREAS, metavar="AREA", help=f"some of {', '.join(AREAS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the growth of a lookup (.svg or .png)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the result between the marks of a document")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu is disturbed less by other work")
    options = parser.parse_args(arguments)
    areas = [area for area in AREAS if options.only is None or area in options.only]
    if options.plot and dispatch.AREA not in areas:
        parser.error(f"--plot needs the area {dispatch.AREA}")

    mode = QUICK if options.quick else FULL
    mode = replace(mode, effort=replace(mode.effort, clock=options.clock))
    about = {**circumstances(mode.name), "clock": options.clock}
    with logging_to_nowhere():
        results = list(measured(areas, mode))
    verdicts = judged(results)
    for line in table(results, verdicts):
        print(line)
    if options.json:
        options.json.write_text(json.dumps(as_json(results, verdicts, about), indent=1) + "\n")
    if options.plot:
        plot(results, options.plot)
    if options.write:
        options.write.write_text(written(options.write.read_text(), markdown(results, verdicts, about)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
