"""The same Flask application, served in every way: how fast, how it does beside slow clients, how much memory.

``python -m benchmarks.servers`` takes about two minutes. Every contender has 40 threads and one process. The columns
beside *idle* are the time of one small request while 40 clients do something slowly: upload with a length, upload in
chunks, read 3 MB, or read an endless answer to an upload that no view reads. What takes five seconds is "never".
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.loopback import DEADLINE, ROOT, Connection, request

CLIENTS = 40
CONNECTIONS = 16
NEVER = 5.0
THREADS = 40


def make_flask() -> Any:
    """Make the application; no contender has errbridge in it."""
    import flask

    app = flask.Flask("compared")

    @app.get("/who")
    def who() -> str:
        return "me"

    @app.post("/length")
    def length() -> str:
        return str(len(flask.request.get_data()))

    @app.get("/whole")
    def whole() -> bytes:
        return b"x" * 3_000_000

    @app.post("/endless")
    def endless() -> Any:
        def ticks() -> Iterator[bytes]:
            while True:
                yield b"data: tick\n\n"
                time.sleep(0.1)

        return flask.Response(ticks())

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


_WSGI = "benchmarks.servers:served"
CONTENDERS = [
    Contender("errbridge, Hypercorn", f"hypercorn --bind 127.0.0.1:{{port}} {_WSGI}", "make_bridge"),
    Contender("errbridge, uvicorn", f"uvicorn --log-level error --port {{port}} {_WSGI}", "make_bridge"),
    Contender("errbridge, granian", f"granian --interface asgi --port {{port}} {_WSGI}", "make_bridge"),
    Contender("a2wsgi, Hypercorn", f"hypercorn --bind 127.0.0.1:{{port}} {_WSGI}", "make_a2wsgi"),
    Contender("asgiref, Hypercorn", f"hypercorn --bind 127.0.0.1:{{port}} {_WSGI}", "make_asgiref"),
    Contender("Hypercorn's WSGI", f"hypercorn --bind 127.0.0.1:{{port}} wsgi:{_WSGI}"),
    Contender("gunicorn gthread", f"gunicorn --bind 127.0.0.1:{{port}} --threads {THREADS} {_WSGI}"),
    Contender("waitress", f"waitress --listen 127.0.0.1:{{port}} --threads {THREADS} {_WSGI}"),
    Contender(
        "granian WSGI",
        f"granian --interface wsgi --blocking-threads {THREADS} --backpressure 128 --port {{port}} {_WSGI}",
    ),
]


served = globals()[os.environ["SERVED"]]() if "SERVED" in os.environ else None
"""What a server imports by its name."""

SLOW = {
    "length": request("POST", "/length", {}, b"x" * 100_000)[:-30_000],
    "chunks": b"POST /length HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
    "readers": request("GET", "/whole"),
    "unread": request("POST", "/endless", {}, b"x" * 100_000),
}


@dataclass(slots=True)
class Row:
    """What was measured of one contender.

    Attributes:
        title: For people.
        rate: Small requests a second.
        idle: Seconds of a small request alone.
        beside: Seconds of a small request beside slow clients, by their kind; None for never.
        memory: MiB of all its processes in the end.
    """

    title: str
    rate: float = 0.0
    idle: float = 0.0
    beside: dict[str, float | None] = field(default_factory=dict)
    memory: float = 0.0


@contextlib.contextmanager
def started(contender: Contender) -> Iterator[tuple[int, int]]:
    """Start a contender; give its port and the id of its process."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", *contender.command.format(port=port).split()]
    environment = os.environ | {"SERVED": contender.makes}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
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
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


async def who(port: int) -> float:
    """Ask once, over a connection of its own, and give the seconds that it took."""
    connection, begun = Connection(port), time.perf_counter()
    try:
        answer = await connection.ask(request("GET", "/who"))
    finally:
        connection.close()
    if answer.body != b"me":
        raise RuntimeError(f"/who was answered {answer.status} {answer.body[:100]!r}")
    return time.perf_counter() - begun


@contextlib.asynccontextmanager
async def slow_clients(port: int, sent: bytes) -> AsyncIterator[None]:
    """Have clients that send this, then do nothing until the block ends."""
    writers: list[asyncio.StreamWriter] = []
    try:
        for _ in range(CLIENTS):
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
            writers.append(writer)
            writer.write(sent)
        await asyncio.sleep(0.5)
        yield
    finally:
        for writer in writers:
            writer.transport.abort()


async def measure_rate(port: int, seconds: float) -> float:
    until, count = time.perf_counter() + seconds, 0

    async def work() -> None:
        nonlocal count
        connection = Connection(port)
        while time.perf_counter() < until:
            await connection.ask(request("GET", "/who"))
            count += 1
        connection.close()

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return count / (time.perf_counter() - begun)


async def measure(row: Row, port: int, seconds: float) -> None:
    """Measure one contender."""
    for _ in range(5):
        await asyncio.wait_for(who(port), DEADLINE)
    row.idle = statistics.median([await who(port) for _ in range(20)])
    row.rate = await measure_rate(port, seconds)
    for kind, sent in SLOW.items():
        async with slow_clients(port, sent):
            try:
                took = [await asyncio.wait_for(who(port), NEVER) for _ in range(5)]
                row.beside[kind] = statistics.median(took)
            except TimeoutError:
                row.beside[kind] = None
        await asyncio.sleep(0.5)


def memory_of(session: int) -> float:
    """Give the resident memory of a session of processes, in MiB."""
    listed = subprocess.run(
        ["ps", "-o", "rss=", "-s", str(session)], capture_output=True, text=True, timeout=DEADLINE, check=True
    )
    return sum(map(int, listed.stdout.split())) / 1024


def table(rows: list[Row]) -> Iterator[str]:
    """Write the report for people."""
    yield f"{'':24}{'requests/s':>11}{'idle':>10}" + "".join(f"{kind:>10}" for kind in SLOW) + f"{'memory':>11}"
    for row in rows:
        beside = (row.beside.get(kind) for kind in SLOW)
        cells = "".join(f"{'never' if each is None else f'{each * 1000:.1f} ms':>10}" for each in beside)
        yield f"{row.title:24}{row.rate:>11.0f}{row.idle * 1000:>7.1f} ms{cells}{row.memory:>7.0f} MiB"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="how long to send small requests (default: 5)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file as well")
    options = parser.parse_args()
    rows: list[Row] = []
    for contender in CONTENDERS:
        if importlib.util.find_spec(contender.command.split()[0]) is None:
            continue
        row = Row(contender.title)
        with started(contender) as (port, pid):
            asyncio.run(measure(row, port, options.seconds))
            row.memory = memory_of(pid)
        rows.append(row)
    for line in table(rows):
        print(line)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
