"""What an import costs beyond the framework's own: time and memory, each import in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

from benchmarks.loopback import DEADLINE, ROOT
from benchmarks.measure import Result

__all__ = ["AREA", "PAIRS", "imported", "results"]

AREA = "imports"
PAIRS = {"flask": "errbridge_flask", "quart": "errbridge_quart"}
"""The frameworks, and what is imported on top of them."""

_SCRIPT = """
import importlib, json, sys, time, tracemalloc
measures = {
    "wall": lambda: time.perf_counter_ns() / 1e9,
    "cpu": lambda: time.process_time_ns() / 1e9,
    "memory": lambda: tracemalloc.get_traced_memory()[0],
}
now, names = measures[sys.argv[1]], sys.argv[2:]
if sys.argv[1] == "memory":
    tracemalloc.start()
def took(name):
    before = now()
    importlib.import_module(name)
    return now() - before
print(json.dumps({name: took(name) for name in names}))
"""


def imported(measure: str, *names: str) -> Mapping[str, float]:
    """Import modules in a new process, in this order, and give what each of them took.

    Args:
        measure: ``wall`` or ``cpu`` for seconds, ``memory`` for bytes that are kept.
        names: The modules.
    """
    command = [sys.executable, "-c", _SCRIPT, measure, *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def results(rounds: int, clock: str) -> list[Result]:
    """Measure both adapters, the time in each round and the memory once: it is the same each time."""
    seconds: dict[str, dict[str, list[float]]] = {framework: {} for framework in PAIRS}
    again: dict[str, list[float]] = {framework: [] for framework in PAIRS}
    for _ in range(rounds):
        for framework, adapter in PAIRS.items():
            for name, took in imported(clock, framework, adapter).items():
                seconds[framework].setdefault(name, []).append(took)
            again[framework].append(imported(clock, framework)[framework])
    found = []
    for framework, adapter in PAIRS.items():
        versus = {adapter: framework}
        found.append(Result(AREA, f"time, {framework}", "s", seconds[framework], again[framework], versus))
        kept = {name: [value] for name, value in imported("memory", framework, adapter).items()}
        found.append(Result(AREA, f"memory, {framework}", "bytes", kept, (), versus))
    return found
