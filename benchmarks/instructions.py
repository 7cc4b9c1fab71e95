"""Instructions of whole requests, by valgrind's callgrind: the same in every run, however busy the machine is.

``python -m benchmarks.instructions`` counts everything; ``python -m benchmarks.instructions flask 404 page`` some kinds
of requests of one framework, or of the bridge. It needs ``valgrind``, which Debian has.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.areas import bridge_requests, flask_requests, quart_requests
from benchmarks.areas.kinds import BARE, ERRBRIDGE, IN_GERMAN, KINDS, LANGUAGES, logging_to_nowhere
from benchmarks.loopback import ROOT
from benchmarks.measure import Group, Result, check
from benchmarks.report import table

__all__ = ["AREA", "GROUPS", "is_available", "results"]

AREA = "instructions"
WARM_UP, REQUESTS = 40, 100
GROUPS: Mapping[str, Callable[[], Iterable[Group]]] = {
    flask_requests.AREA: partial(flask_requests.groups, many=False),
    quart_requests.AREA: quart_requests.groups,
}
"""The requests of each framework."""

_COUNTED = {**GROUPS, bridge_requests.AREA: bridge_requests.groups}
_VERSUS = {ERRBRIDGE: BARE, LANGUAGES: ERRBRIDGE, **dict.fromkeys(bridge_requests.THROUGH.values(), BARE)}
"""What is counted beside bare frameworks, and what each is compared with."""

_MARK = "getppid"  # a function of the C library that nothing else calls; callgrind begins a new count with it


def is_available() -> bool:
    """Return whether instructions can be counted here."""
    return shutil.which("valgrind") is not None


def results(names: Sequence[str] = tuple(_COUNTED), kinds: Sequence[str] = ()) -> Iterator[Result]:
    """Count the instructions of requests, of bare frameworks and with errbridge.

    Args:
        names: The frameworks, or the bridge.
        kinds: The kinds of requests; all if there are none.
    """
    with TemporaryDirectory() as folder:
        out = Path(folder, "counts")
        options = ["--tool=callgrind", f"--callgrind-out-file={out}", f"--dump-before={_MARK}"]
        command = ["valgrind", *options, sys.executable, "-m", "benchmarks.instructions", "--inside", *names, *kinds]
        # The order of sets, and with it the way through them, would be another in each process. And what measures
        # coverage would count as work of errbridge.
        env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        env["PYTHONHASHSEED"] = "0"
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        found: dict[str, dict[str, list[float]]] = {}
        for number, line in enumerate(done.stdout.splitlines(), 1):  # each has a count before it as well
            name, case = line.split("\t")
            counts = out.with_name(f"{out.name}.{2 * number}").read_text()
            totals = next(row for row in counts.splitlines() if row.startswith("totals: "))
            found.setdefault(name, {})[case] = [int(totals.removeprefix("totals: ")) / REQUESTS]
    for name, values in found.items():
        versus = {case: _VERSUS[case] for case in values if _VERSUS.get(case) in values}
        yield Result(AREA, name, "instructions", values, (), versus)


def _count_inside(names: Iterable[str], kinds: Sequence[str]) -> None:
    """Make the requests, as the process that callgrind looks at."""
    for name in names:
        for group in _COUNTED[name]():
            if kinds and group.name not in kinds:
                continue
            check(group)
            for case in group.cases:
                if case.name in (BARE, *_VERSUS):
                    if group.is_async:
                        asyncio.run(_repeat_async(case.call))
                    else:
                        _repeat(case.call)
                    print(f"{group.area}, {group.name}\t{case.name}", flush=True)


def _repeat(call: Callable[[], Any]) -> None:
    for _ in repeat(None, WARM_UP):
        call()
    gc.collect()
    gc.disable()
    os.getppid()
    for _ in repeat(None, REQUESTS):
        call()
    os.getppid()
    gc.enable()


async def _repeat_async(call: Callable[[], Any]) -> None:
    for _ in repeat(None, WARM_UP):
        await call()
    gc.collect()
    gc.disable()
    os.getppid()
    for _ in repeat(None, REQUESTS):
        await call()
    os.getppid()
    gc.enable()


def main(arguments: list[str] | None = None) -> int:
    """Count, and print each count beside that of the bare framework."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="NAME", help="frameworks and kinds of requests")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    names = [name for name in _COUNTED if name in options.only] or list(_COUNTED)
    kinds = [name for name in (*(kind.name for kind in KINDS), *IN_GERMAN) if name in options.only]
    if options.inside:
        with logging_to_nowhere():
            _count_inside(names, kinds)
        return 0
    for line in table(list(results(names, kinds)), ()):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
