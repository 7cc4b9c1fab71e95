"""One application, in Flask and in Quart, served in every way: how fast, also beside slow clients; how much memory.

``python -m benchmarks.servers`` takes about six minutes and prints two tables in Markdown, which ``--write
docs/bridge.md`` puts in their place there. Every contender is one process, with 40 threads for Flask, and all have one
processor together, beside the one of the client, where there are two. All are measured in turns, several times; behind
a figure is half the distance between the highest and the lowest of them.

The requests are a small answer (*200*), a missing URL for a program (*404*) and for a browser (*page*), and a view that
raises an exception (*crash*). The application has errbridge everywhere, so what differs is the way to it.

*alone* is the time of one small request, the columns beside it are the same while 40 clients do something slowly:
upload with a length or in chunks, read 3 MB, or read an endless answer to an upload that no view reads. What takes five
seconds is "never".
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.metadata
import importlib.util
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.loopback import DEADLINE, ROOT, Connection, free_port, request
from benchmarks.report import circumstances, written
from benchmarks.slow import SLOW, make_app, make_quart_app, slow_clients

BEGIN, END = "<!-- servers: begin -->", "<!-- servers: end -->"
CLIENTS = 40
CONNECTIONS = 16
NEVER = 5.0
THREADS = 40


def make_flask() -> Any:
    import errbridge_flask

    app = make_app()
    errbridge_flask.ErrorHandler(app)
    app.add_url_rule("/crash", view_func=lambda: str(1 / 0), endpoint="crash")
    return app


def make_bridge() -> Any:
    from errbridge.asgi import Bridge

    return Bridge({"/": make_flask()}, threads=THREADS)


def make_a2wsgi() -> Any:
    import a2wsgi

    return a2wsgi.WSGIMiddleware(make_flask(), workers=THREADS)


def make_asgiref() -> Any:
    import asgiref.wsgi

    return asgiref.wsgi.WsgiToAsgi(make_flask())


def make_quart() -> Any:
    import errbridge_quart

    async def crash() -> str:
        return str(1 / 0)

    app = make_quart_app()
    errbridge_quart.ErrorHandler(app)
    app.add_url_rule("/crash", "crash", crash)
    return app


@dataclass(frozen=True, slots=True)
class Contender:
    """A way of serving.

    Attributes:
        title: For people.
        command: The arguments of Python; ``{port}`` is to be filled in.
        makes: The function of this module that makes what is served.
    """

    title: str
    command: str
    makes: str = "make_flask"


_SERVED = "benchmarks.servers:served"
_ASGI = {
    "Hypercorn": f"hypercorn --bind 127.0.0.1:{{port}} {_SERVED}",
    "uvicorn": f"uvicorn --log-level error --port {{port}} {_SERVED}",
    "granian": f"granian --interface asgi --port {{port}} {_SERVED}",
}
CONTENDERS = [
    *(Contender(f"Flask in the bridge, {server}", command, "make_bridge") for server, command in _ASGI.items()),
    *(Contender(f"Quart alone, {server}", command, "make_quart") for server, command in _ASGI.items()),
    Contender("Flask, gunicorn gthread", f"gunicorn --bind 127.0.0.1:{{port}} --threads {THREADS} {_SERVED}"),
    Contender("Flask, waitress", f"waitress --listen 127.0.0.1:{{port}} --threads {THREADS} {_SERVED}"),
    Contender(
        "Flask, granian WSGI",
        f"granian --interface wsgi --blocking-threads {THREADS} --backpressure 128 --port {{port}} {_SERVED}",
    ),
    Contender("Flask, Hypercorn's WSGI", f"hypercorn --bind 127.0.0.1:{{port}} wsgi:{_SERVED}"),
    Contender("Flask, a2wsgi and Hypercorn", _ASGI["Hypercorn"], "make_a2wsgi"),
    Contender("Flask, asgiref and Hypercorn", _ASGI["Hypercorn"], "make_asgiref"),
]

served = globals()[os.environ["SERVED"]]() if "SERVED" in os.environ else None
"""What a server imports by its name."""

KINDS = {
    "200": (request("GET", "/who"), 200),
    "404": (request("GET", "/nowhere", {"accept": "application/json"}), 404),
    "page": (request("GET", "/nowhere", {"accept": "text/html"}), 404),
    "crash": (request("GET", "/crash", {"accept": "application/json"}), 500),
}
"""A request of each kind, and the status of its answer."""


@dataclass(slots=True)
class Row:
    """What was measured of one contender.

    Attributes:
        rates: Requests a second, by their kind, as often as it was measured.
        alone: Seconds of a small request alone.
        beside: Seconds of a small request beside slow clients, by their kind; None for never.
        memory: MiB of all its processes after the requests.
    """

    rates: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    alone: list[float] = field(default_factory=list)
    beside: dict[str, float | None] = field(default_factory=dict)
    memory: float = 0.0


@contextlib.contextmanager
def started(contender: Contender) -> Iterator[tuple[int, int]]:
    """Start a contender; give its port and the id of its process."""
    port = free_port()
    command = [sys.executable, "-m", *contender.command.format(port=port).split()]
    environment = os.environ | {"SERVED": contender.makes}
    with on_processor(0):
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + DEADLINE
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{contender.title} did not start")
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def on_processor(number: int) -> Iterator[None]:
    """Keep this process, and what it starts, on one processor; where there is only one, or no such call, do nothing."""
    if not hasattr(os, "sched_setaffinity") or len(before := os.sched_getaffinity(0)) < 2:
        yield
        return
    os.sched_setaffinity(0, {sorted(before)[number]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


async def ask_once(port: int) -> float:
    """Ask once, over a connection of its own, and give the seconds that it took."""
    connection, begun = Connection(port), time.perf_counter()
    try:
        answer = await connection.ask(KINDS["200"][0])
    finally:
        connection.close()
    if answer.body != b"me":
        raise RuntimeError(f"/who was answered {answer.status} {answer.body[:100]!r}")
    return time.perf_counter() - begun


async def measure_rate(port: int, sent: bytes, status: int, seconds: float) -> float:
    until, count = time.perf_counter() + seconds, 0

    async def work() -> None:
        nonlocal count
        connection = Connection(port)
        while time.perf_counter() < until:
            answer = await connection.ask(sent)
            if answer.status != status:
                raise RuntimeError(f"{sent[:20]!r} was answered {answer.status}, not {status}")
            count += 1
        connection.close()

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return count / (time.perf_counter() - begun)


async def measure(row: Row, port: int, seconds: float) -> None:
    """Measure one contender once."""
    row.alone.append(statistics.median([await ask_once(port) for _ in range(20)]))
    for kind, (sent, status) in KINDS.items():
        row.rates[kind].append(await measure_rate(port, sent, status, seconds))


async def measure_beside(port: int, kind: str) -> float | None:
    """Measure a small request beside slow clients of a kind."""
    for _ in range(5):
        await ask_once(port)
    async with slow_clients(port, CLIENTS, SLOW[kind][0]):
        await asyncio.sleep(0.5)
        try:
            async with asyncio.timeout(NEVER):
                return statistics.median([await ask_once(port) for _ in range(20)])
        except TimeoutError:
            return None


def memory_of(session: int) -> float:
    """Give the resident memory of a session of processes, in MiB."""
    listed = subprocess.run(
        ["ps", "-o", "rss=", "-s", str(session)], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    return sum(map(int, listed.stdout.split())) / 1024


def spread(figures: Sequence[float], unit: float, digits: int) -> str:
    """Write the median of some figures, and how far they are apart."""
    middle = statistics.median(figures)
    return f"{middle * unit:.{digits}f} ±{(max(figures) - min(figures)) / 2 / middle:.0%}"


def table(rows: dict[str, Row]) -> Iterator[str]:
    """Write the report, in Markdown."""
    yield "Requests per second, and the memory of all processes of the server in MiB:"
    yield ""
    yield f"| | {' | '.join(KINDS)} | memory |"
    yield "|---" + "|---:" * (len(KINDS) + 1) + "|"
    for title, row in rows.items():
        rates = [spread(row.rates[kind], 1, 0) for kind in KINDS]
        yield f"| {' | '.join([title, *rates])} | {row.memory:.0f} |"
    yield ""
    yield f"Milliseconds of one small request, alone and beside {CLIENTS} slow clients of each kind:"
    yield ""
    yield f"| | alone | {' | '.join(SLOW)} |"
    yield "|---" + "|---:" * (len(SLOW) + 1) + "|"
    for title, row in rows.items():
        beside = ["never" if each is None else f"{each * 1000:.1f}" for each in (row.beside[kind] for kind in SLOW)]
        yield f"| {' | '.join([title, spread(row.alone, 1000, 1), *beside])} |"


def block(rows: dict[str, Row], rounds: int, seconds: float) -> Iterator[str]:
    """Write the table, and when, where and with what it was measured."""
    about = circumstances("servers")
    packages = ("flask", "quart", *sorted({each.command.split()[0] for each in CONTENDERS} | {"a2wsgi", "asgiref"}))
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    yield f"Measured {about['date']}, commit {about['commit']}, {rounds} rounds in {seconds:.0f} s."
    yield f"{about['python']} on {about['machine']} (load {about['load']}). Versions: {versions}."
    yield ""
    yield from table(rows)


def measure_all(contenders: Sequence[Contender], rounds: int, seconds: float) -> dict[str, Row]:
    """Measure all contenders: first in turns how fast they are, then each beside slow clients."""
    rows = {contender.title: Row() for contender in contenders}
    with ExitStack() as stack:
        running = {each.title: stack.enter_context(started(each)) for each in contenders}
        for _ in range(rounds):
            for title, (port, _pid) in running.items():
                asyncio.run(measure(rows[title], port, seconds))
        for title, (_port, pid) in running.items():
            rows[title].memory = memory_of(pid)
    for contender in contenders:
        for kind in SLOW:  # each with a server of its own: not every one recovers
            with started(contender) as (port, _pid):
                rows[contender.title].beside[kind] = asyncio.run(measure_beside(port, kind))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often to measure each contender (default: 5)")
    parser.add_argument(
        "--seconds", type=float, default=0.7, help="how long to send each kind of request (default: 0.7)"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the result between the marks of a document")
    parser.add_argument("--only", default="", help="measure only contenders with this in their name")
    options = parser.parse_args()
    found = [
        each for each in CONTENDERS if importlib.util.find_spec(each.command.split()[0]) and options.only in each.title
    ]
    begun = time.monotonic()
    with on_processor(1):
        rows = measure_all(found, options.rounds, options.seconds)
    lines = list(block(rows, options.rounds, time.monotonic() - begun))
    print(*lines, sep="\n")
    if options.write:
        options.write.write_text(written(options.write.read_text(), lines, BEGIN, END))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
