"""What the bridge costs under Hypercorn, against bare Quart and against the other ways of serving Flask there.

``python -m benchmarks.bridge`` takes a few minutes, with ``--quick`` less than one. Every contender has a server in a
process of its own; one client sends the same requests to one of them after the other, round after round, over 32
connections that stay open. Only one server is busy at any time. In every round bare Quart is measured right beside each
contender, and the ratio taken between the two; its median is shown with the quartiles. The second line of bare Quart
says how much of that is noise: above 5%, nothing is said about the goals. In parentheses is the ratio of the processor
time that the servers used, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import math
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.loopback import DEADLINE, Connection, Server, request, serving

CONNECTIONS = 32
SLEEP = 0.1
PATHS = {"200": "/", "404": "/nowhere"}
BASE, NOISE = "quart", "quart-again"
MOST_NOISE = 0.05


def quart_app() -> Any:
    import quart

    app = quart.Quart("new")

    @app.get("/")
    async def index() -> str:
        return "Hello."

    @app.get("/sleep")
    async def sleep() -> str:
        await asyncio.sleep(SLEEP)
        return "slept"

    return app


def flask_app() -> Any:
    import flask

    app = flask.Flask("old")

    @app.get("/")
    def index() -> str:
        return "Hello."

    @app.get("/sleep")
    def sleep() -> str:
        time.sleep(SLEEP)
        return "slept"

    return app


def quart_app_with_errbridge() -> Any:
    import errbridge_quart

    app = quart_app()
    errbridge_quart.ErrorHandler(app)
    return app


def flask_app_with_errbridge() -> Any:
    import errbridge_flask

    app = flask_app()
    errbridge_flask.ErrorHandler(app)
    return app


def through_bridge(app: Any) -> Any:
    from errbridge.asgi import Bridge

    return Bridge({"/": app})


def behind_quart() -> Any:
    """Serve Flask route by route, behind a Quart application that has none of the routes."""
    import quart

    from errbridge.asgi import Bridge

    return Bridge([quart.Quart("new"), flask_app()])


def before_flask() -> Any:
    """Serve Quart route by route, before a Flask application that has the same routes."""
    from errbridge.asgi import Bridge

    return Bridge([quart_app(), flask_app()])


def through_asgiref() -> Any:
    from asgiref.wsgi import WsgiToAsgi

    wrapped: Any = WsgiToAsgi
    return http_only(wrapped(flask_app()))


def through_hypercorn() -> Any:
    from hypercorn.middleware import AsyncioWSGIMiddleware

    return http_only(AsyncioWSGIMiddleware(flask_app()))


def through_a2wsgi() -> Any:
    from a2wsgi import WSGIMiddleware

    return http_only(WSGIMiddleware(flask_app(), workers=40))


def http_only(app: Any) -> Any:
    """Keep the server's lifespan away from an application that does not answer it."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while True:
                phase = (await receive())["type"]
                await send({"type": f"{phase}.complete"})
                if phase == "lifespan.shutdown":
                    return
        await app(scope, receive, send)

    return served


@dataclass(frozen=True, slots=True)
class Contender:
    """A way of serving, what it needs, and the goal for its ratio to bare Quart."""

    title: str
    make: Callable[[], Any]
    needs: str = "hypercorn"
    goal: float | None = None
    goal_sleeping: float | None = None


CONTENDERS = {
    BASE: Contender("Quart, bare", quart_app),
    NOISE: Contender("Quart, bare, once more (noise)", quart_app),
    "bridge-quart": Contender("Quart through the bridge", lambda: through_bridge(quart_app()), goal=1.05),
    "errbridge-quart": Contender("Quart with errbridge", quart_app_with_errbridge),
    "errbridge-both": Contender("Quart with errbridge, bridge", lambda: through_bridge(quart_app_with_errbridge())),
    "errbridge-flask": Contender("Flask with errbridge, bridge", lambda: through_bridge(flask_app_with_errbridge())),
    "routes-quart": Contender("Quart, route by route", before_flask),
    "bridge-flask": Contender(
        "Flask through the bridge", lambda: through_bridge(flask_app()), goal=1.2, goal_sleeping=0.14
    ),
    "routes-flask": Contender("Flask, route by route", behind_quart),
    "hypercorn": Contender("Flask through Hypercorn's WSGI", through_hypercorn),
    "asgiref": Contender("Flask through asgiref", through_asgiref, "asgiref"),
    "a2wsgi": Contender("Flask through a2wsgi, 40 threads", through_a2wsgi, "a2wsgi"),
}


def application(name: str) -> Any:
    """Make a contender's application; called in its server's process."""
    return CONTENDERS[name].make()


@dataclass(slots=True)
class Measured:
    """What was measured of one contender: seconds for a request, by the clock and of the processor, in every round."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in PATHS})
    cpu: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in PATHS})
    ratios: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in PATHS})
    sleeping: list[float] = field(default_factory=list)

    def add(self, kind: str, seconds: float, cpu: float) -> None:
        self.seconds[kind].append(seconds)
        self.cpu[kind].append(cpu)


async def batch(server: Server, path: str, wanted: int, count: int) -> tuple[float, float]:
    """Send requests over all connections and give the seconds, by the clock and of the server's processor."""
    sent = request("GET", path)
    connections = [Connection(server.port) for _ in range(CONNECTIONS)]

    async def work(connection: Connection, times: int) -> None:
        for _ in range(times):
            answer = await connection.ask(sent)
            if answer.status != wanted or not answer.body:
                raise RuntimeError(f"{path} was answered {answer.status} {answer.body[:100]!r}, not {wanted}")

    async with asyncio.timeout(DEADLINE * 2):
        try:
            first = request("GET", "/")
            for connection in connections:  # connections are opened beforehand
                await connection.ask(first)
            cpu, started = server.cpu(), time.perf_counter()
            await asyncio.gather(*(work(connection, count // CONNECTIONS) for connection in connections))
            return time.perf_counter() - started, server.cpu() - cpu
        finally:
            for connection in connections:
                connection.close()


async def measure(servers: dict[str, Server], rounds: int, count: int, sleeps: int) -> dict[str, Measured]:
    """Measure every contender beside the first one, round after round."""
    measured = {name: Measured() for name in servers}
    names = list(servers)
    for name in names:  # warm up
        for kind, path in PATHS.items():
            await batch(servers[name], path, int(kind), CONNECTIONS * 4)
        await batch(servers[name], "/sleep", 200, CONNECTIONS)
    for number in range(rounds):
        for kind, path in PATHS.items():
            for name in names[1:]:
                took: dict[str, float] = {}
                for each in (BASE, name) if number % 2 else (name, BASE):
                    took[each], cpu = await batch(servers[each], path, int(kind), count)
                    measured[each].add(kind, took[each] / count, cpu / count)
                measured[name].ratios[kind].append(took[name] / took[BASE])
                measured[BASE].ratios[kind].append(1.0)
    for _ in range(sleeps):
        for name in names:
            measured[name].sleeping.append((await batch(servers[name], "/sleep", 200, CONNECTIONS))[0])
    return measured


def report(measured: dict[str, Measured]) -> list[dict[str, Any]]:
    """Sum up: microseconds for each request, their ratio to bare Quart, milliseconds for the sleeping requests."""
    rows = []
    noise = {kind: _noise(measured[NOISE].ratios[kind]) for kind in PATHS}
    base_cpu = {kind: statistics.median(measured[BASE].cpu[kind]) for kind in PATHS}
    for name, found in measured.items():
        contender = CONTENDERS[name]
        row: dict[str, Any] = {"name": name, "title": contender.title}
        for kind in PATHS:
            low, ratio, high = _quartiles(found.ratios[kind])
            cpu = statistics.median(found.cpu[kind])
            row[kind] = {
                "us": round(statistics.median(found.seconds[kind]) * 1e6),
                "ratio": round(ratio, 3),
                "ratio_quartiles": [round(low, 3), round(high, 3)],
                "cpu_us": round(cpu * 1e6),
                "cpu_ratio": round(cpu / base_cpu[kind], 3) if base_cpu[kind] else None,
            }
        row["sleeping_ms"] = round(statistics.median(found.sleeping) * 1000)
        row["sleeping_ms_best"] = round(min(found.sleeping) * 1000)
        row["goals"] = _goals(contender, row, noise)
        rows.append(row)
    return rows


def _noise(ratios: list[float]) -> float:
    """Say how far the median of a ratio that should be 1 is off, and may be off by chance."""
    low, middle, high = _quartiles(ratios)
    return abs(middle - 1) + (high - low) / math.sqrt(len(ratios))


def _quartiles(ratios: list[float]) -> list[float]:
    return statistics.quantiles(ratios, n=4, method="inclusive")


def _goals(contender: Contender, row: dict[str, Any], noise: dict[str, float]) -> dict[str, str]:
    goals: dict[str, str] = {}
    if contender.goal is not None:
        for kind in PATHS:
            met = "met" if row[kind]["ratio"] <= contender.goal else "MISSED"
            told = met if noise[kind] <= MOST_NOISE else f"undecided, the noise is {noise[kind]:.0%}"
            goals[f"{kind} at most {contender.goal}"] = told
    if contender.goal_sleeping is not None:
        most = round(contender.goal_sleeping * 1000)
        goals[f"sleeping at most {most} ms"] = "met" if row["sleeping_ms"] <= most else "MISSED"
    return goals


def table(rows: list[dict[str, Any]]) -> Iterable[str]:
    """Write the report for people."""
    head = "".join(f"{f'{kind}: us':>11}  ratio   quartiles  (cpu)" for kind in PATHS)
    yield f"{'':34}{head}{f'{CONNECTIONS} x {SLEEP * 1000:.0f} ms':>14}"
    for row in rows:
        cells = ""
        for kind in PATHS:
            found = row[kind]
            low, high = found["ratio_quartiles"]
            cells += f"{found['us']:>11} {found['ratio']:6.2f}  {low:.2f}..{high:.2f} ({found['cpu_ratio'] or 0:4.2f})"
        yield f"{row['title']:34}{cells}{row['sleeping_ms']:>11} ms"
    for row in rows:
        for goal, told in row["goals"].items():
            yield f"{row['title']}, {goal}: {told}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bridge", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to a file as well")
    options = parser.parse_args()
    rounds, count, sleeps = (5, 160, 1) if options.quick else (25, 320, 5)

    load = os.getloadavg()[0]
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(serving("benchmarks.bridge", "application", name))
            for name, contender in CONTENDERS.items()
            if importlib.util.find_spec(contender.needs)
        }
        rows = report(asyncio.run(measure(servers, rounds, count, sleeps)))
    circumstances: dict[str, Any] = {
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "load_before": round(load, 2),
        "load_after": round(os.getloadavg()[0], 2),
        "connections": CONNECTIONS,
        "rounds": rounds,
        "requests_a_round": count,
        "versions": {name: version(name) for name in ("flask", "quart", "hypercorn", "asgiref")},
    }
    for line in table(rows):
        print(line)
    print(", ".join(f"{name} {value}" for name, value in circumstances.items() if name != "versions"))
    print(", ".join(f"{name} {value}" for name, value in circumstances["versions"].items()))
    if options.json:
        options.json.write_text(json.dumps({"circumstances": circumstances, "rows": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
