"""A service that crashes, and what is written about it: run as a program, since Sentry changes the whole process.

``python -m tests.support FRAMEWORK PLACE FOLDER`` crashes it 400 times from 8 threads (Flask) or 200 times in as many
tasks (Quart), alone or in a bridge, and prints what each client could quote. The logs are in FOLDER.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import flask
import quart
import sentry_sdk
from pythonjsonlogger.json import JsonFormatter
from sentry_sdk.transport import Transport

import errbridge.sentry
import errbridge_flask
import errbridge_quart
from errbridge.asgi import Bridge
from tests.clients import Request, Response, call_asgi, call_wsgi

EVENTS: list[dict[str, Any]] = []


class Collecting(Transport):
    def capture_envelope(self, envelope: Any) -> None:
        EVENTS.extend(item.payload.json for item in envelope.items if item.type == "event")


def write_logs(folder: Path) -> None:
    """Write two logs, of text and of JSON."""
    text, lines = logging.FileHandler(folder / "text.log"), logging.FileHandler(folder / "json.log")
    text.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    lines.setFormatter(JsonFormatter("%(levelname)s %(name)s %(message)s"))
    logging.getLogger().handlers = [text, lines]


def crash(number: int) -> NoReturn:
    raise LookupError(f"request number {number} failed")


def a_flask_app() -> Any:
    app = flask.Flask("shop")
    errbridge.sentry.instrument(errbridge_flask.ErrorHandler(app))
    app.get("/crash/<int:number>")(crash)
    return app


def a_quart_app() -> Any:
    app = quart.Quart("shop")
    errbridge.sentry.instrument(errbridge_quart.ErrorHandler(app))

    @app.get("/crash/<int:number>")
    async def view(number: int) -> NoReturn:
        await asyncio.sleep(0.001 * (number % 7))
        crash(number)

    return app


def requests(count: int, mount: str) -> Iterator[Request]:
    """Half of the clients want a page, the others a document."""
    for number in range(count):
        yield Request(f"{mount}/crash/{number}", headers=[("Accept", ("text/html", "application/json")[number % 2])])


def quoted(response: Response) -> str:
    """What a client can quote: the id in the document, or the reference on the page."""
    if response.content_type == "application/problem+json":
        document: Any = response.json
        return str(document["instance"])
    found = re.search(r"Reference:?\s*<code[^>]*>([0-9a-f-]+)</code>", response.text)
    assert found is not None, response.text
    return found[1]


async def ask_all(app: Any, asked: list[Request]) -> list[Response]:
    free = asyncio.Semaphore(20)  # each has a limit of time, and an event takes its own

    async def ask(request: Request) -> Response:
        async with free:
            return await call_asgi(app, request)

    return await asyncio.gather(*map(ask, asked))


def main(framework: str, place: str, folder: str) -> None:
    sentry_sdk.init(dsn="https://key@localhost/1", transport=Collecting, traces_sample_rate=0)
    write_logs(Path(folder))
    app = a_flask_app() if framework == "flask" else a_quart_app()
    mount = "/shop" if place == "bridge" else ""
    asked = list(requests(400 if framework == "flask" else 200, mount))
    if place == "bridge":
        served: Any = Bridge({"/shop": app}, threads=8) if framework == "flask" else Bridge({"/shop": app})
        answers = asyncio.run(ask_all(served, asked))
    elif framework == "flask":
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda request: call_wsgi(app, request), asked))
    else:
        answers = asyncio.run(ask_all(app, asked))
    sentry_sdk.flush()
    sys.stdout.write(json.dumps({"quoted": [quoted(answer) for answer in answers], "events": EVENTS}, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
