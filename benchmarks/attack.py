"""Clients that do everything wrong, against Flask and Quart under one bridge on Hypercorn: what is left afterwards?

``python -m benchmarks.attack --seconds 1200`` attacks for twenty minutes: slow uploads and slow readers, clients that
leave at every stage, uploads that no view reads, idle connections, server-sent events by hundreds, WebSockets that are
broken off, streams of HTTP/2 that are reset, handshakes of TLS that do not go on, and connections of TLS that only one
side closes. Meanwhile ordinary requests are sent, and each answer is checked. In the end the server gets a SIGTERM
while clients of all kinds are there.

It ends with exit code 1 when an ordinary answer was wrong, when a thread was not free soon after the last client had
left, when the log has a record above DEBUG about a client that left, when memory did not come back, or when the server
did not end in time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import socket
import ssl
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h2.config
import h2.connection
from websockets.asyncio.client import connect

from benchmarks.loopback import DEADLINE, GRACE, Connection, Server, certify, hello, request, serving
from benchmarks.slow import SLOW, make_app, slow_clients

if TYPE_CHECKING:
    import quart

ATTACKERS = 60
EVENTS = 300
IDLE = 2000
KEEP_ALIVE = 10.0
"""Seconds that Hypercorn keeps a connection that is idle, even when its client has left, and with it memory."""

MOST_GROWTH = 32.0
"""MiB that the server may keep after the second attack beyond what it kept after the first."""

MOST_TO_END = GRACE + 5.0
"""Seconds that the server may take to end."""

PATIENCE = 10.0
"""Seconds after which a client gives up that waits for the server."""

SEED = 1
THREADS = 16


def service(_: str) -> Any:
    """Give what is attacked: the same routes in Quart at the root and in Flask under ``/old``."""
    import logging

    import flask
    import quart

    import errbridge_flask
    import errbridge_quart
    from errbridge.asgi import Bridge

    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    old: flask.Flask = make_app()
    new = quart.Quart("new")
    new.config["BODY_TIMEOUT"] = None  # its timer, though cancelled, would keep the request in memory until it is due
    errbridge_flask.ErrorHandler(old)
    errbridge_quart.ErrorHandler(new)

    @old.post("/streamed")
    def streamed() -> str:
        return str(sum(len(part) for part in iter(lambda: flask.request.stream.read(10_000), b"")))

    @new.get("/who")
    async def new_who() -> str:
        return "quart"

    @new.post("/length")
    async def new_length() -> str:
        return str(len(await quart.request.get_data(as_text=False)))

    @new.route("/events", methods=["GET", "POST"])
    async def new_events() -> Any:
        async def ticks() -> AsyncIterator[bytes]:
            while True:
                yield b"data: tick\n\n"
                await asyncio.sleep(0.2)

        response = await quart.make_response(ticks())
        response.timeout = None  # type: ignore[union-attr]
        return response

    @new.websocket("/echo")
    async def echo() -> None:
        while True:
            await quart.websocket.send(await quart.websocket.receive())

    bridge = Bridge({"/": new, "/old": old}, threads=THREADS, stream_uploads=["/old/streamed"])
    add_state(new, bridge)
    return bridge


def add_state(app: quart.Quart, bridge: Any) -> None:
    """Add a view to a Quart application: what a bridge has in use."""
    import gc
    import threading

    from errbridge.asgi.exchange import Exchange

    @app.get("/state")
    async def state() -> Any:
        turns = bridge._threads
        gc.collect()
        return {
            "turns": turns.free,
            "streams": turns.streaming,
            "threads": threading.active_count(),
            "requests": sum(isinstance(each, Exchange) for each in gc.get_objects()) - 1,
        }


@dataclass(slots=True)
class Results:
    attacks: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0


@dataclass(slots=True)
class Attack:
    """An attack in progress: where, until when, and by chance.

    Attributes:
        server: What is attacked.
        trusted: What a client of TLS needs to trust it.
        until: When it has to be over, by the clock of `time.monotonic`.
        chance: Decides what is done when.
        results: What was done.
    """

    server: Server
    trusted: ssl.SSLContext
    until: float
    chance: random.Random
    results: Results

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    @contextlib.asynccontextmanager
    async def client(
        self, limit: int = 1000, port: int | None = None, trusted: ssl.SSLContext | None = None
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Connect, and leave in the end: in peace, or with a reset."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.server.port, limit=limit, ssl=trusted)
        try:
            yield reader, writer
        finally:
            if self.chance.random() < 0.5:
                writer.transport.abort()
            writer.close()

    async def pause(self, most: float) -> None:
        await asyncio.sleep(self.chance.random() * most)


async def upload_slowly(attack: Attack) -> None:
    path = attack.chance.choice(("/old/length", "/old/streamed", "/length", "/old/endless", "/old/nowhere"))
    framing, part = attack.chance.choice(
        (("Content-Length: 200000", b"x" * 5000), ("Transfer-Encoding: chunked", b"1\r\nx\r\n"))
    )
    async with attack.client() as (_, writer):
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode())
        for _ in range(attack.chance.randrange(20)):
            writer.write(part)
            await writer.drain()
            await attack.pause(0.2)


async def read_slowly(attack: Attack) -> None:
    path = attack.chance.choice(("/old/whole", "/old/pieces", "/old/endless", "/events"))
    async with attack.client() as (reader, writer):
        writer.write(request("GET", path))
        for _ in range(attack.chance.randrange(10)):
            await reader.read(1000)
            await attack.pause(0.3)


async def leave_unread(attack: Attack) -> None:
    path = attack.chance.choice(("/old/endless", "/events"))
    async with attack.client() as (reader, writer):
        writer.write(request("POST", path, {}, b"x" * 100_000))
        await writer.drain()
        if attack.chance.random() < 0.7:
            await reader.readuntil(b"\r\n\r\n")


async def leave_early(attack: Attack) -> None:
    sent = request("POST", attack.chance.choice(("/old/length", "/length", "/old/who")), {}, b"x" * 2000)
    async with attack.client() as (_, writer):
        writer.write(sent[: attack.chance.randrange(len(sent))])
        await attack.pause(0.05)


async def leave_while_waiting(attack: Attack) -> None:
    async with attack.client() as (_, writer):
        writer.write(request("GET", attack.chance.choice(("/old/who", "/who", "/old/whole"))))
        await attack.pause(0.02)


async def break_off_a_websocket(attack: Attack) -> None:
    path = attack.chance.choice(("/echo", "/echo", "/old/who"))
    socket = await connect(f"ws://127.0.0.1:{attack.server.port}{path}", proxy=None, open_timeout=PATIENCE)
    try:
        for _ in range(attack.chance.randrange(5)):
            await socket.send("x")
            await attack.pause(0.1)
    finally:
        if attack.chance.random() < 0.5:
            socket.transport.abort()
        await socket.close()


async def reset_http2(attack: Attack) -> None:
    connection = h2.connection.H2Connection(h2.config.H2Configuration())
    connection.initiate_connection()
    async with attack.client() as (_, writer):
        for number in range(attack.chance.randrange(1, 10)):
            stream, path = 2 * number + 1, attack.chance.choice(("/old/pieces", "/old/length", "/old/endless", "/who"))
            headers = [(":method", "POST"), (":path", path), (":authority", "x"), (":scheme", "http")]
            connection.send_headers(stream, headers)
            connection.send_data(stream, b"x" * 1000, end_stream=attack.chance.random() < 0.5)
            writer.write(connection.data_to_send())
            await attack.pause(0.05)
            if attack.chance.random() < 0.7:
                connection.reset_stream(stream)
                writer.write(connection.data_to_send())


async def shake_hands_slowly(attack: Attack) -> None:
    sent = hello(attack.trusted)
    async with attack.client(port=attack.server.tls_port) as (_, writer):
        writer.write(sent[: attack.chance.randrange(len(sent) + 1)])
        await attack.pause(2.0)


async def close_half_of_tls(attack: Attack) -> None:
    path, body = attack.chance.choice(
        (("/old/endless", b""), ("/old/whole", b""), ("/old/length", b"x"), ("/length", b"x"))
    )
    async with attack.client(port=attack.server.tls_port, trusted=attack.trusted) as (_, writer):
        writer.write(request("POST" if body else "GET", path, {}, body * 100_000)[: attack.chance.randrange(100_000)])
        await attack.pause(0.2)
        writer.get_extra_info("socket").shutdown(socket.SHUT_WR)
        await attack.pause(0.2)


KINDS: tuple[Callable[[Attack], Awaitable[None]], ...] = (
    upload_slowly,
    read_slowly,
    leave_unread,
    leave_early,
    leave_while_waiting,
    break_off_a_websocket,
    reset_http2,
    shake_hands_slowly,
    close_half_of_tls,
)


async def attack_on(attack: Attack) -> None:
    """Attack in one way after the other. What the server does with such a client is its business."""
    while attack.goes_on:
        kind = attack.chance.choice(KINDS)
        attack.results.attacks[kind.__name__] += 1
        with contextlib.suppress(Exception):
            async with asyncio.timeout(PATIENCE):
                await kind(attack)


async def listen_to_events(attack: Attack) -> None:
    """Listen as long as the attack lasts, with all the others, so that there are always hundreds of streams."""
    while attack.goes_on:
        with contextlib.suppress(OSError, EOFError):
            async with attack.client(limit=65536) as (reader, writer):
                writer.write(request("GET", attack.chance.choice(("/old/endless", "/events"))))
                while await reader.read(1000):
                    if time.monotonic() > attack.until:
                        return


async def stay_idle(attack: Attack) -> None:
    while attack.goes_on:
        with contextlib.suppress(OSError):
            async with attack.client() as (reader, _), asyncio.timeout(attack.until - time.monotonic()):
                await reader.read()


ORDINARY = (
    ("GET", "/old/who", b"", 200, b"me"),
    ("GET", "/who", b"", 200, b"quart"),
    ("POST", "/old/length", b"x" * 1000, 200, b"1000"),
    ("POST", "/old/length", b"x" * 400_000, 200, b"400000"),
    ("POST", "/old/streamed", b"x" * 100_000, 200, b"100000"),
    ("POST", "/length", b"x" * 100_000, 200, b"100000"),
    ("GET", "/old/nowhere", b"", 404, None),
    ("GET", "/nowhere", b"", 404, None),
)


async def ask(port: int, results: Results, chance: random.Random) -> None:
    """Ask what anyone may ask, and check the answer."""
    method, path, body, status, wanted = chance.choice(ORDINARY)
    connection, started = Connection(port), time.monotonic()
    try:
        async with asyncio.timeout(DEADLINE):
            answer = await connection.ask(request(method, path, {}, body))
        if answer.status != status or wanted not in (None, answer.body):
            results.wrong.append(f"{method} {path}: {answer.status} {answer.body[:100]!r}")
    except (OSError, EOFError, TimeoutError, ValueError) as error:
        results.wrong.append(f"{method} {path}: {error!r}")
    finally:
        connection.close()
    results.asked[f"{status}"] += 1
    results.slowest = max(results.slowest, time.monotonic() - started)


async def ask_on(attack: Attack) -> None:
    while attack.goes_on:
        await ask(attack.server.port, attack.results, attack.chance)
        await attack.pause(0.05)


def is_free(state: dict[str, float], crashes: int = 0) -> bool:
    """Return whether nothing is left of an attack; a few threads are the server's and the applications' own.

    Args:
        state: What is in use.
        crashes: Connections that Hypercorn ended by a crash; it leaves the tasks of their requests behind.
    """
    in_use = THREADS - state["turns"] + state["streams"] + max(0, state["requests"] - crashes)
    return not in_use and state["threads"] < THREADS + 10


async def settle(server: Server) -> dict[str, float]:
    """Wait until everything is free, or for a minute; give what is in use then, and the seconds that it took."""
    connection, begun = Connection(server.port), time.monotonic()
    try:
        while True:
            state: dict[str, float] = json.loads((await connection.ask(request("GET", "/state"))).body)
            state["seconds"] = round(time.monotonic() - begun, 1)
            if is_free(state) or state["seconds"] > DEADLINE:
                return state
            await asyncio.sleep(0.1)
    finally:
        connection.close()


async def attack_for(server: Server, trusted: ssl.SSLContext, seconds: float, results: Results) -> dict[str, float]:
    """Attack for some time, then wait until the server has recovered."""
    chance = random.Random(SEED)
    attack = Attack(server, trusted, time.monotonic() + seconds, chance, results)
    workers = [attack_on] * ATTACKERS + [listen_to_events] * EVENTS + [stay_idle] * IDLE + [ask_on] * 4
    async with asyncio.timeout(seconds + DEADLINE * 2):
        await asyncio.gather(*(work(attack) for work in workers))
    return await settle(server)


async def end(server: Server) -> float:
    """End the server amid clients of all kinds, which stay; give the seconds that it took."""
    async with contextlib.AsyncExitStack() as stack:
        for sent, answered in SLOW.values():
            below = sent.replace(b" /", b" /old/", 1)
            await stack.enter_async_context(slow_clients(server.port, 20, below, answered=answered))
        for _ in range(20):
            await stack.enter_async_context(connect(f"ws://127.0.0.1:{server.port}/echo", proxy=None))
        return await asyncio.to_thread(server.end, MOST_TO_END)


async def run(
    server: Server, trusted: ssl.SSLContext, seconds: float
) -> tuple[Results, dict[str, float], float, float]:
    """Attack twice, the first time to warm up, then end the server.

    Returns:
        What happened, what was in use afterwards, how many MiB memory grew, and in how many seconds the server ended.
    """
    results = Results()
    await attack_for(server, trusted, max(2.0, seconds / 2), results)
    await asyncio.sleep(KEEP_ALIVE)
    warm = server.memory()
    state = await attack_for(server, trusted, seconds, results)
    chance = random.Random(SEED)
    for _ in range(100):
        await ask(server.port, results, chance)
    await asyncio.sleep(KEEP_ALIVE)
    grown = (server.memory() - warm) / 1024
    return results, state, grown, await end(server)


LOG_FORMAT = "%(levelname)s %(name)s %(message)s"
RECORD = re.compile(r"(?=^(?:[A-Z]+ [\w.]+ |\S+: \w*Warning: ))", re.MULTILINE)
CRASH = r"ERROR asyncio Unhandled exception in client_connected_cb\n.*, in _handle_events\n.*KeyError: \d+\n\W*\Z"
KNOWN = tuple(
    re.compile(text, re.DOTALL)
    for text in (
        # A complete request that deserves one.
        r"INFO errbridge (\S+ \S+ answered 40[45]|(GET|WEBSOCKET) \S+ answered 400) [^\n]*\n\Z",
        # Hypercorn gets data of an HTTP/2 stream that is over: github.com/pgjones/hypercorn/pull/365.
        CRASH,
        # The requests of such a connection send to it.
        (
            r"ERROR asyncio Task exception was never retrieved\n.*, in stream_send\n.*, in restart\n.*"
            r"RuntimeError: TaskGroup <TaskGroup [^\n]*> is (shutting down|finished)\n"
            r"(\nThe above exception was .*\n[\w.]+\.ClientGone: [^\n]*\n)?\Z"
        ),
        r"\S+: RuntimeWarning: coroutine 'TCPServer._idle_timeout' was never awaited\n",
        # Hypercorn writes to a lost connection, a frame for each stream of HTTP/2.
        r"WARNING asyncio socket\.send\(\) raised exception\.\n\Z",
        # Hypercorn cuts a request off when it ends.
        (
            r"ERROR asyncio Exception in callback StreamReaderProtocol\.connection_made.*, in _read_data\n.*"
            r"CancelledError\n\Z"
        ),
    )
)


def odd_records(log: str) -> list[str]:
    """List the records above DEBUG that are neither deserved nor a known fault of Hypercorn's."""
    return [record for record in RECORD.split(log) if record and not any(known.match(record) for known in KNOWN)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to attack (default: 60)")
    options = parser.parse_args()
    os.environ["MALLOC_ARENA_MAX"] = "2"  # glibc keeps an arena for each thread; without that memory says little
    with tempfile.TemporaryFile() as log, tempfile.TemporaryDirectory() as folder:
        trusted = certify(Path(folder))
        attacked = ("benchmarks.attack", "service", "attack", log.fileno())
        with serving(*attacked, keep_alive=KEEP_ALIVE, certified=Path(folder)) as server:
            results, state, growth, took = asyncio.run(run(server, trusted, options.seconds))
        log.seek(0)
        logged = log.read().decode()
    odd, crashes = odd_records(logged), sum(bool(re.match(CRASH, each, re.DOTALL)) for each in RECORD.split(logged))
    ok = is_free(state, crashes)
    listed = ", ".join(f"{name} {count}" for name, count in results.attacks.most_common())
    print(f"attacks: {results.attacks.total()} ({listed}), beside {EVENTS} listeners and {IDLE} idle connections")
    print(
        f"ordinary requests: {results.asked.total()}, {len(results.wrong)} wrong, the slowest {results.slowest:.1f} s"
    )
    print(f"afterwards: {state}, {'all free' if ok else 'NOT ALL FREE'}; memory {growth:+.1f} MiB")
    print(f"ended {took:.1f} s after SIGTERM, amid slow clients")
    print(f"records: {len(odd)} odd ones; Hypercorn crashed {crashes} connections of HTTP/2")
    for said in (*results.wrong[:10], *odd[:10]):
        print("wrong:", said[:3000])
    return 1 if results.wrong or odd or not ok or growth > MOST_GROWTH or took > MOST_TO_END else 0


if __name__ == "__main__":
    raise SystemExit(main())
