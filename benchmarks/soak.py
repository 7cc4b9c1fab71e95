"""Many mixed requests to Flask and Quart under the bridge on Hypercorn, and as many clients that leave early.

``python -m benchmarks.soak --requests 50000`` takes a few minutes. It ends with exit code 1 when an answer was wrong,
when the server's memory at the end was more than 20% above what it was after half of them, when a thread was lost, or
when the log has a record above DEBUG about a client that left.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.attack import LOG_FORMAT, THREADS, add_state, is_free, odd_records, settle
from benchmarks.loopback import DEADLINE, Answer, Connection, Server, request, serving

CONNECTIONS = 32
MOST_GROWTH = 0.20
SAMPLES = 20
SEED = 1

PLACES = {"flask": "/old", "quart": ""}
UPLOADS = {length: random.Random(length).randbytes(length) for length in (1, 1_000, 70_000, 300_000)}
DIGESTS = {length: hashlib.sha256(content).hexdigest() for length, content in UPLOADS.items()}
PIECE = bytes(range(256)) * 32
PROBLEM, PAGE, TEXT = "application/problem+json", "text/html; charset=utf-8", "text/plain; charset=utf-8"
ACCEPTS = {"application/json": PROBLEM, "text/html": PAGE, "text/plain": TEXT}
CRASH = re.compile(r"ERROR (old|new) Exception on request GET /crash/t\w+|ERROR (old|new) Exception on /(old/)?crash/t")
INCIDENT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=<code>)[0-9a-f]{8}(?=</code>)")


def service(_: str) -> Any:
    """Give what is measured: the same routes in Quart at the root and in Flask under ``/old``."""
    import logging

    from errbridge.asgi import Bridge

    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    new = quart_app()
    bridge = Bridge({"/": new, "/old": flask_app()}, threads=THREADS)
    add_state(new, bridge)
    return bridge


def page(token: str) -> str:
    return f"<!DOCTYPE html><title>{token}</title>" + "<p>paragraph</p>" * 100


def flask_app() -> Any:
    import flask

    import errbridge_flask

    app = flask.Flask("old")
    errbridge_flask.ErrorHandler(app)

    @app.get("/json/<token>")
    def json_(token: str) -> Any:
        return {"token": token, "served": "flask"}

    @app.get("/page/<token>")
    def page_(token: str) -> str:
        return page(token)

    @app.get("/text/<token>")
    def text(token: str) -> Any:
        return token, {"Content-Type": TEXT}

    @app.post("/upload/<token>")
    def upload(token: str) -> Any:
        found = hashlib.sha256()
        while chunk := flask.request.stream.read(30_000):
            found.update(chunk)
        return {"token": token, "digest": found.hexdigest()}

    @app.get("/stream/<int:count>")
    def stream(count: int) -> Any:
        return flask.Response(PIECE for _ in range(count))

    @app.get("/crash/<token>")
    def crash(token: str) -> Any:
        raise ValueError(token)

    return app


def quart_app() -> Any:
    import quart

    import errbridge_quart

    app = quart.Quart("new")
    errbridge_quart.ErrorHandler(app)

    @app.get("/json/<token>")
    async def json_(token: str) -> Any:
        return {"token": token, "served": "quart"}

    @app.get("/page/<token>")
    async def page_(token: str) -> str:
        return page(token)

    @app.get("/text/<token>")
    async def text(token: str) -> Any:
        return token, {"Content-Type": TEXT}

    @app.post("/upload/<token>")
    async def upload(token: str) -> Any:
        found = hashlib.sha256()
        async for chunk in quart.request.body:
            found.update(chunk)
        return {"token": token, "digest": found.hexdigest()}

    @app.get("/stream/<int:count>")
    async def stream(count: int) -> Any:
        async def pieces() -> Any:
            for _ in range(count):
                yield PIECE

        return quart.Response(pieces())

    @app.get("/crash/<token>")
    async def crash(token: str) -> Any:
        raise ValueError(token)

    return app


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, and the check of its answer: what is wrong with it, or nothing."""

    name: str
    sent: bytes
    check: Callable[[Answer], str]


@dataclass(slots=True)
class Results:
    asked: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    incidents: set[str] = field(default_factory=set)
    memory: list[tuple[int, int]] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return self.asked.total()


def exchanges(count: int, incidents: set[str]) -> Iterator[Exchange]:
    """Make up requests; every one has a token of its own, so that no answer can be taken for another's."""
    chance = random.Random(SEED)
    kinds = (got_json, got_page, got_text, uploaded, streamed, asked_head, not_found, not_allowed, crashed)
    for number in range(count):
        framework = chance.choice(sorted(PLACES))
        yield chance.choice(kinds)(
            framework, PLACES[framework], f"t{number}x{chance.randrange(10**6)}", chance, incidents
        )


def _expect(answer: Answer, status: int, content_type: str, body: bytes | None = None) -> str:
    got = (answer.status, answer.headers.get("content-type"))
    if got != (status, content_type):
        return f"{got} instead of {(status, content_type)}"
    if body is not None and answer.body != body:
        return f"{len(answer.body)} other bytes: {answer.body[:100]!r}"
    return ""


def got_json(framework: str, at: str, token: str, chance: random.Random, incidents: set[str]) -> Exchange:
    wanted = b'{"served":"%s","token":"%s"}\n' % (framework.encode(), token.encode())
    return Exchange(
        f"{framework} json",
        request("GET", f"{at}/json/{token}"),
        lambda answer: _expect(answer, 200, "application/json", wanted),
    )


def got_page(framework: str, at: str, token: str, chance: random.Random, incidents: set[str]) -> Exchange:
    wanted = page(token).encode()
    return Exchange(
        f"{framework} page", request("GET", f"{at}/page/{token}"), lambda answer: _expect(answer, 200, PAGE, wanted)
    )


def got_text(framework: str, at: str, token: str, chance: random.Random, incidents: set[str]) -> Exchange:
    wanted = token.encode()
    return Exchange(
        f"{framework} text", request("GET", f"{at}/text/{token}"), lambda answer: _expect(answer, 200, TEXT, wanted)
    )


def uploaded(framework: str, at: str, token: str, chance: random.Random, incidents: set[str]) -> Exchange:
    length = chance.choice(sorted(UPLOADS))
    wanted = b'{"digest":"%s","token":"%s"}\n' % (DIGESTS[length].encode(), token.encode())
    return Exchange(
        f"{framework} upload",
        request("POST", f"{at}/upload/{token}", {"content-type": "application/octet-stream"}, UPLOADS[length]),
        lambda answer: _expect(answer, 200, "application/json", wanted),
    )


def streamed(framework: str, at: str, token: str, chance: random.Random, incidents: set[str]) -> Exchange:
    count = chance.randrange(1, 20)
    return Exchange(
        f"{framework} stream",
        request("GET", f"{at}/stream/{count}?{token}"),
        lambda answer: _expect(answer, 200, PAGE, PIECE * count),
    )


def asked_head(framework: str, at: str, token: str, chance: random.Random, incidents: set[str]) -> Exchange:
    length = str(len(page(token)))

    def check(answer: Answer) -> str:
        said = answer.headers.get("content-length")
        return _expect(answer, 200, PAGE) or ("" if said == length else f"content-length: {said} instead of {length}")

    return Exchange(f"{framework} HEAD", request("HEAD", f"{at}/page/{token}"), check)


def _error(
    name: str, sent: bytes, status: int, accept: str, token: str, incidents: set[str], allow: str = ""
) -> Exchange:
    def check(answer: Answer) -> str:
        if said := _expect(answer, status, ACCEPTS[accept]):
            return said
        if set(answer.headers.get("allow", "").split(", ")) != set(allow.split(", ")):
            return f"allow: {answer.headers.get('allow')}"
        ids = set(INCIDENT.findall(answer.body.decode()))
        if len(ids) != 1 or not incidents.isdisjoint(ids):
            return f"not one new incident: {ids}"
        incidents.update(ids)
        if token.encode() in answer.body:
            return "it tells what it should not"
        if accept == "application/json" and json.loads(answer.body)["status"] != status:
            return "the document has another status"
        return ""

    return Exchange(name, sent, check)


def not_found(framework: str, at: str, token: str, chance: random.Random, incidents: set[str]) -> Exchange:
    accept = chance.choice(sorted(ACCEPTS))
    sent = request("GET", f"{at}/nowhere/{token}", {"accept": accept})
    return _error(f"{framework} 404", sent, 404, accept, token, incidents)


def not_allowed(framework: str, at: str, token: str, chance: random.Random, incidents: set[str]) -> Exchange:
    accept = chance.choice(sorted(ACCEPTS))
    sent = request("DELETE", f"{at}/json/{token}", {"accept": accept})
    return _error(f"{framework} 405", sent, 405, accept, token, incidents, "GET, HEAD, OPTIONS")


def crashed(framework: str, at: str, token: str, chance: random.Random, incidents: set[str]) -> Exchange:
    accept = chance.choice(sorted(ACCEPTS))
    sent = request("GET", f"{at}/crash/{token}", {"accept": accept})
    return _error(f"{framework} crash", sent, 500, accept, token, incidents)


async def leave(port: int, chance: random.Random) -> str:
    """Ask for something, leave before the answer is complete, in peace or with a reset, and return how that is called.

    Each answer would be a 200, so no record is about such a client.
    """
    at = chance.choice(sorted(PLACES.values()))
    asked, upload = request("GET", f"{at}/page/left"), request("POST", f"{at}/upload/left", {}, UPLOADS[70_000])
    name, sent, read = chance.choice(
        (
            ("in its headers", asked[: chance.randrange(len(asked))], 0),
            ("in its upload", upload[: chance.randrange(len(upload) - 70_000, len(upload))], 0),
            ("before its answer", chance.choice((asked, upload)), 0),
            ("in a stream", request("GET", f"{at}/stream/{chance.choice((20, 200, 200, 1000))}"), 1000),
        )
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
    writer.write(sent)
    if read:
        await reader.readexactly(read)
    await asyncio.sleep(chance.choice((0, 0.001)))
    if chance.random() < 0.5:
        writer.transport.abort()
    writer.close()
    return name


async def soak(server: Server, count: int) -> Results:
    """Send that many requests over all connections, and have a client leave after each of them."""
    results = Results()
    chance = random.Random(SEED)
    waiting = exchanges(count, results.incidents)
    every = max(1, count // SAMPLES)

    async def work(connection: Connection) -> None:
        for exchange in waiting:
            try:
                async with asyncio.timeout(DEADLINE):
                    said = exchange.check(await connection.ask(exchange.sent))
            except (OSError, EOFError, TimeoutError, ValueError, KeyError) as error:
                said = repr(error)
                connection.close()
            results.asked[exchange.name] += 1
            if said:
                results.wrong.append(f"{exchange.sent[:80]!r}: {said}")
            if results.answered % every == 0:
                results.memory.append((results.answered, server.memory()))
            with contextlib.suppress(OSError, EOFError):  # the server was faster
                results.left[await leave(server.port, chance)] += 1
        connection.close()

    async with asyncio.timeout(DEADLINE + count / 10):
        await asyncio.gather(*(work(Connection(server.port)) for _ in range(CONNECTIONS)))
    results.memory.append((results.answered, server.memory()))
    return results


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000, help="at most a million (default: 50000)")
    count = parser.parse_args().requests
    if not 100 <= count <= 1_000_000:
        parser.error("--requests is 100 to 1000000")

    os.environ["MALLOC_ARENA_MAX"] = "2"  # glibc keeps an arena for each thread; without that memory says little
    started = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        with serving("benchmarks.soak", "service", "soak", log.fileno(), keep_alive=5.0) as server:
            results = asyncio.run(soak(server, count))
            state = asyncio.run(settle(server))
        log.seek(0)
        odd = [record for record in odd_records(log.read().decode()) if not CRASH.match(record)]
    took = time.perf_counter() - started
    # Hypercorn keeps a connection whose client left while it was idle, with some 70 KiB, until its keep_alive is over:
    # memory grows by steps to what the clients need that leave in this time.
    (_, warm), (_, end) = results.memory[len(results.memory) // 2 - 1], results.memory[-1]
    growth = end / warm - 1

    for name, asked in sorted(results.asked.items()):
        print(f"{name:14} {asked:7}")
    print("memory, MiB:", ", ".join(f"{used / 1024:.1f} after {asked}" for asked, used in results.memory))
    for said in results.wrong[:10]:
        print("wrong:", said)
    for said in odd[:10]:
        print("odd record:", said[:1000])
    print(f"{results.answered} requests in {took:.0f} s over {CONNECTIONS} connections, load {os.getloadavg()[0]:.1f}")
    print(f"{len(results.wrong)} wrong answers, {len(results.incidents)} incidents, each with an id of its own")
    print(f"memory after half of them {warm / 1024:.1f} MiB, at the end {end / 1024:.1f} MiB ({growth:+.1%})")
    print(f"{results.left.total()} clients left ({', '.join(f'{n} {name}' for name, n in results.left.most_common())})")
    print(f"afterwards: {state}, {'all free' if is_free(state) else 'NOT ALL FREE'}; {len(odd)} odd records")
    return 1 if results.wrong or growth > MOST_GROWTH or odd or not is_free(state) else 0


if __name__ == "__main__":
    raise SystemExit(main())
