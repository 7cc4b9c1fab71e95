"""Whole requests through the bridge, in process, all in one event loop."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.areas.kinds import BARE
from benchmarks.bridge import CONTENDERS, PATHS
from benchmarks.calls import Ask, asgi_call, expecting
from benchmarks.measure import Case, Group

__all__ = ["AREA", "THROUGH", "groups"]

AREA = "bridge"
THROUGH = {"bridge-quart": "Quart through the bridge", "bridge-flask": "Flask through the bridge"}


def groups() -> Iterator[Group]:
    """Give the groups one by one; the reference is a bare Quart application."""
    for kind, path in PATHS.items():
        contenders = {"quart": BARE, **THROUGH}
        cases = [
            Case(title, asgi_call(CONTENDERS[name].make(), Ask(path)), expecting(int(kind)))
            for name, title in contenders.items()
        ]
        yield Group(AREA, kind, cases, is_async=True)
