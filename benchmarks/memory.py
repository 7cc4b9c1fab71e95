"""Whether memory stays flat, however many different errors are answered.

    python -m benchmarks.memory --errors 100000

Every request has a new path, host and Accept header, and one in ten is an uncaught exception.
What is kept after a warm-up is compared with what is kept at the end: the memory of Python's objects by tracemalloc,
and that of the process. The exit status is 1 if either has grown by more than is allowed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import flask
import quart

import errbridge_flask
import errbridge_quart
from errbridge import Handlers, Problem, Scope
from tests.clients import Request, Response, call_asgi, call_wsgi

TRACED_LIMIT = 512 * 1024
RSS_LIMIT = 16 * 1024 * 1024

shared = Handlers()


@shared.register(LookupError)
def missing(exc: LookupError) -> Problem:
    return Problem(404, detail=f"there is no {exc}")


@dataclass(frozen=True)
class Kept:
    """What a process holds on to, in bytes."""

    traced: int
    rss: int

    @classmethod
    def now(cls) -> Kept:
        gc.collect()
        return cls(tracemalloc.get_traced_memory()[0], rss())


def rss() -> int:
    """Give the size of the process in memory; where the system does not say, its largest so far."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def equip(app: Any, errors: Any, blueprint_class: Any) -> Any:
    """Set up an application with every kind of scope, and with views that fail."""
    api = blueprint_class("api", __name__, url_prefix="/api")
    user = blueprint_class("user", __name__, url_prefix="/users/<int:uid>")
    api.add_url_rule("/items/<name>", "item", item)
    user.add_url_rule("/crash", "crash", crash)
    app.register_blueprint(api)
    app.register_blueprint(user)
    errors.api_register(api, Scope(host="<tenant>.example.com", prefix="/v1/<word>"), "/deep/<a>/<b>/<c>")
    errors.web_register(user, Scope(host="*.example.org"))
    errors.include(shared, app)
    app.logger.disabled = True
    return app


def item(name: str) -> Any:
    raise KeyError(name)


def crash(uid: int) -> Any:
    raise RuntimeError(uid)


def requests(start: int, count: int) -> Iterator[Request]:
    """Yield requests that are all different."""
    paths: tuple[Callable[[int], str], ...] = (
        lambda n: f"/nope/{n}",
        lambda n: f"/api/{n}/nope",
        lambda n: f"/api/items/{n}",
        lambda n: f"/v1/{n}",
        lambda n: f"/deep/{n}/{n + 1}/{n + 2}/{n + 3}",
        lambda n: f"/users/{n}/nope",
        lambda n: f"/users/{n}/crash",
        lambda n: f"/{n}" * 40,
        lambda n: "/" * (n % 500) + str(n),
        lambda n: f"/%C3%A9{n}%20<b>",
    )
    hosts: tuple[Callable[[int], str], ...] = (
        lambda n: f"t{n}.example.com",
        lambda n: f"{n}.{n}.example.org",
        lambda n: f"host{n}:8080",
    )
    for number in range(start, start + count):
        accept = f"application/x-{number};q=0.5, {('text/html', 'application/json', 'application/xml')[number % 3]}"
        if number % 7 == 0:
            accept += f", text/x-{number}" * 20
        yield Request(
            paths[number % len(paths)](number),
            headers=[("Accept", accept), ("Traceparent", f"00-{number + 1:032x}-0000000000000001-01")],
            host=hosts[number % len(hosts)](number),
        )


def checked(response: Response) -> None:
    if response.status not in (404, 500) or not response.body:
        raise RuntimeError(f"that was no answer to an error: {response}")


def flask_errors() -> Callable[[Iterable[Request]], None]:
    app = flask.Flask(__name__)
    equip(app, errbridge_flask.ErrorHandler(app), flask.Blueprint)

    def ask(asked: Iterable[Request]) -> None:
        for request in asked:
            checked(call_wsgi(app, request))

    return ask


def quart_errors() -> Callable[[Iterable[Request]], None]:
    app: Any = quart.Quart(__name__)
    equip(app, errbridge_quart.ErrorHandler(app), quart.Blueprint)
    app.ensure_async = _in_the_loop  # threads would only cost time here

    async def ask_all(asked: Iterable[Request]) -> None:
        for request in asked:
            checked(await call_asgi(app, request))

    return lambda asked: asyncio.run(ask_all(asked))


def _in_the_loop(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    async def called(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return await result if isinstance(result, Awaitable) else result

    return called


def measured(name: str, ask: Callable[[Iterable[Request]], None], errors: int) -> bool:
    """Print what is kept at five moments, and return whether it is as much at the end as after the warm-up."""
    warm_up = max(errors // 10, 1)
    started = time.perf_counter()
    ask(requests(0, warm_up))
    first = last = Kept.now()
    done = warm_up
    row(name, done, first, first)
    for part in range(1, 5):
        count = (errors - warm_up) * part // 4 + warm_up - done
        ask(requests(done, count))
        done += count
        last = Kept.now()
        row(name, done, last, first)
    flat = last.traced - first.traced <= TRACED_LIMIT and last.rss - first.rss <= RSS_LIMIT
    print(f"{name}: {'flat' if flat else 'NOT FLAT'}, {time.perf_counter() - started:.0f} s")
    return flat


def row(name: str, done: int, kept: Kept, first: Kept) -> None:
    print(
        f"{name}  {done:>8} errors  objects {kept.traced / 1024:>8.0f} KiB ({(kept.traced - first.traced) / 1024:+.0f})"
        f"  process {kept.rss / 1024:>8.0f} KiB ({(kept.rss - first.rss) / 1024:+.0f})",
        flush=True,
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.partition("\n")[0])
    parser.add_argument("--errors", type=int, default=100_000, help="on each framework (default: %(default)s)")
    errors = parser.parse_args(arguments).errors
    log = logging.getLogger("errbridge")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    log.setLevel(logging.INFO)  # so that the records are made, too
    tracemalloc.start()
    results = [measured("flask", flask_errors(), errors), measured("quart", quart_errors(), errors)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
