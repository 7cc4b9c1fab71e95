"""Whole requests through the bridge, in process, all in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from benchmarks.areas.kinds import BARE
from benchmarks.bridge import CONTENDERS, PATHS, flask_app
from benchmarks.calls import Answer, Ask, asgi_call, expecting, wsgi_call
from benchmarks.measure import Case, Group

__all__ = ["AREA", "THROUGH", "groups"]

AREA = "bridge"
THROUGH = {"bridge-quart": "Quart through the bridge", "bridge-flask": "Flask through the bridge"}


def _without_bridge(ask: Ask) -> Iterator[tuple[str, Callable[[], Awaitable[Answer]]]]:
    """Give what no bridge can do without: calling Flask, and calling it in a thread."""
    call = wsgi_call(flask_app(), ask)

    async def call_here() -> Answer:
        return call()

    yield "Flask", call_here
    yield "Flask, in a thread", partial(asyncio.to_thread, call)


def groups() -> Iterator[Group]:
    """Give the groups one by one; the reference is a bare Quart application."""
    for kind, path in PATHS.items():
        contenders = {"quart": BARE, **THROUGH}
        cases = [
            Case(title, asgi_call(CONTENDERS[name].make(), Ask(path)), expecting(int(kind)))
            for name, title in contenders.items()
        ]
        cases += [Case(title, call, expecting(int(kind))) for title, call in _without_bridge(Ask(path))]
        yield Group(AREA, kind, cases, is_async=True)
