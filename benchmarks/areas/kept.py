"""Memory: what one error takes while it is answered, and what is left of many.

For one error that is the peak of what Python allocates, by tracemalloc. For many it is what stays allocated after
errors that are all different, in a process of its own for each framework, which
`python -m benchmarks.areas.kept flask 1000` does for that many.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from benchmarks.areas import flask_requests, quart_requests
from benchmarks.areas.kinds import BARE, ERRBRIDGE
from benchmarks.loopback import DEADLINE, ROOT
from benchmarks.measure import Case, Group, Result, median

__all__ = ["AREA", "FRAMEWORKS", "MANY", "kept", "kept_name", "results"]

AREA = "memory"
FRAMEWORKS = ("flask", "quart")
MANY = 100_000
_PEAKS = ("404", "crash")
_TIMES = 21
_WARM_UP = 0.1
_LEAST_WARM_UP = 2500  # the caches of bounded size are full by then


def kept_name(errors: int, unit: str) -> str:
    """Name what is kept of so many errors."""
    return f"kept per error of {errors:,}, {unit}"


def kept(framework: str, errors: int) -> dict[str, float]:
    """Answer errors, after a warm-up, and give what is kept per error: blocks of Python's allocator, and bytes."""
    from benchmarks import memory

    log = logging.getLogger("errbridge")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    log.setLevel(logging.INFO)
    ask = {"flask": memory.flask_errors, "quart": memory.quart_errors}[framework]()
    warm = max(_LEAST_WARM_UP, int(errors * _WARM_UP))
    ask(memory.requests(0, warm))
    gc.collect()
    blocks, size = sys.getallocatedblocks(), memory.rss()
    ask(memory.requests(warm, errors))
    gc.collect()
    return {
        "blocks": (sys.getallocatedblocks() - blocks) / errors,
        "bytes": (memory.rss() - size) / errors,
    }


def _all_kept(errors: int) -> list[Result]:
    """Measure both frameworks at once; it is no matter of time."""
    values: dict[str, dict[str, list[float]]] = {"blocks": {}, "bytes": {}}
    with ExitStack() as stack:
        running: dict[str, subprocess.Popen[str]] = {}
        for framework in FRAMEWORKS:
            command = [sys.executable, "-m", "benchmarks.areas.kept", framework, str(errors)]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            running[framework] = stack.enter_context(process)
            stack.callback(process.kill)  # which does nothing once it has ended
        for framework, process in running.items():
            printed, _ = process.communicate(timeout=DEADLINE * 10)
            if process.returncode:
                raise RuntimeError(f"{framework} ended with code {process.returncode}")
            for unit, value in json.loads(printed).items():
                values[unit][f"errbridge on {framework}"] = [value]
    return [Result(AREA, kept_name(errors, unit), unit, found) for unit, found in values.items()]


def _peak(case: Case, call: Callable[[], Any]) -> float:
    peaks = []
    case.expect(call())
    for _ in range(_TIMES):
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        peaks.append(tracemalloc.get_traced_memory()[1] - before)
    return float(median(peaks))


def _peaks(group: Group) -> dict[str, list[float]]:
    cases = [case for case in group.cases if case.name in (BARE, ERRBRIDGE)]
    if not group.is_async:
        return {case.name: [_peak(case, case.call)] for case in cases}
    with asyncio.Runner() as runner:
        return {case.name: [_peak(case, _run_by(runner, case))] for case in cases}


def _run_by(runner: asyncio.Runner, case: Case) -> Callable[[], Any]:
    return lambda: runner.run(case.call())


def results(errors: int) -> list[Result]:
    """Measure the memory of one error, and of several."""
    found = []
    gc.collect()
    gc.freeze()  # what is there for good need not be looked through each time
    tracemalloc.start()
    try:
        for groups in (flask_requests.groups(many=False), quart_requests.groups()):
            for group in groups:
                if group.name in _PEAKS:
                    name = f"peak, {group.area} {group.name}"
                    found.append(Result(AREA, name, "bytes", _peaks(group), (), {ERRBRIDGE: BARE}))
    finally:
        tracemalloc.stop()
        gc.unfreeze()
    return [*found, *_all_kept(errors)]


if __name__ == "__main__":
    json.dump(kept(sys.argv[1], int(sys.argv[2])), sys.stdout)
