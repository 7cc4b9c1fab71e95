"""What an import costs beyond the framework's own: time and memory, each import in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.loopback import DEADLINE, ROOT
from benchmarks.measure import Result

__all__ = ["AREA", "PAIRS", "imported", "profiled", "results"]

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
found = {name: took(name) for name in names}
make = getattr(sys.modules[names[0]], names[0].title(), None)
if make is not None and len(names) > 1:  # what the first application brings along belongs to every start
    app = make("measured")
    before = now()
    sys.modules[names[1]].ErrorHandler(app)
    found[names[1] + ", and an application"] = found[names[1]] + now() - before
print(json.dumps(found))
"""

_PROFILE = """
import builtins, collections, dataclasses, importlib, importlib.machinery, json, re, sys, time
spent, inner = collections.Counter(), [0]
def clock(name, place, attribute):
    function = getattr(place, attribute)
    def clocked(*args, **kwargs):
        started = time.perf_counter_ns()
        inner.append(0)
        try:
            return function(*args, **kwargs)
        finally:
            took = time.perf_counter_ns() - started
            spent[name] += took - inner.pop()
            inner[-1] += took
    setattr(place, attribute, clocked)
framework = importlib.import_module(sys.argv[1])
clock("reading compiled modules", importlib.machinery.SourceFileLoader, "get_code")
clock("dataclasses", dataclasses, "_process_class")
clock("named tuples", collections, "namedtuple")
clock("other classes", builtins, "__build_class__")
clock("regular expressions", re, "_compile")
started = time.perf_counter_ns()
adapter = importlib.import_module(sys.argv[2])
adapter.ErrorHandler(getattr(framework, sys.argv[1].title())("measured"))
spent["all"] = time.perf_counter_ns() - started
print(json.dumps({name: spent[name] / 1e9 for name in ("all", *spent)}))
"""


def imported(measure: str, *names: str, compiled: Path) -> Mapping[str, float]:
    """Import modules in a new process, in this order, and give what each of them took.

    Args:
        measure: ``wall`` or ``cpu`` for seconds, ``memory`` for bytes that are kept.
        names: A module, or a framework and the adapter for it. Of those there is another figure: that of the adapter
            when an application of the framework was initialised, too.
        compiled: A folder for the compiled modules. Where nothing is compiled beforehand that is most of the time.
    """
    return _run(_SCRIPT, measure, *names, compiled=compiled)


def profiled(framework: str, adapter: str, *, compiled: Path) -> Mapping[str, float]:
    """Import an adapter and make an application in a new process, and give the seconds of each kind of work."""
    return _run(_PROFILE, framework, adapter, compiled=compiled)


def _run(script: str, *arguments: str, compiled: Path) -> Mapping[str, float]:
    command = [sys.executable, "-c", script, *arguments]
    # An empty value says that compiled modules may be written.
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(compiled)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=DEADLINE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def results(rounds: int, clock: str) -> list[Result]:
    """Measure both adapters, the time and its parts in each round and the memory once: it is the same each time."""
    with TemporaryDirectory() as folder:
        return _results(rounds, clock, Path(folder))


def _results(rounds: int, clock: str, compiled: Path) -> list[Result]:
    for framework, adapter in PAIRS.items():
        imported(clock, framework, adapter, compiled=compiled)
    seconds: dict[str, dict[str, list[float]]] = {framework: {} for framework in PAIRS}
    again: dict[str, list[float]] = {framework: [] for framework in PAIRS}
    spent: dict[str, dict[str, list[float]]] = {framework: {} for framework in PAIRS}
    for _ in range(rounds):
        for framework, adapter in PAIRS.items():
            for name, took in imported(clock, framework, adapter, compiled=compiled).items():
                seconds[framework].setdefault(name, []).append(took)
            again[framework].append(imported(clock, framework, compiled=compiled)[framework])
            for name, took in profiled(framework, adapter, compiled=compiled).items():
                spent[framework].setdefault(name, []).append(took)
    found = []
    for framework, adapter in PAIRS.items():
        versus = {name: framework for name in seconds[framework] if name != framework}
        found.append(Result(AREA, f"time, {framework}", "s", seconds[framework], again[framework], versus))
        kept = imported("memory", framework, adapter, compiled=compiled)
        sizes = {name: [size] for name, size in kept.items()}
        found.append(Result(AREA, f"memory, {framework}", "bytes", sizes, (), versus))
        parts = dict.fromkeys(list(spent[framework])[1:], "all")
        found.append(Result(AREA, f"where the time goes, {adapter}", "s", spent[framework], (), parts))
    return found
