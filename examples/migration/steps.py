"""The three steps: which part of the service is served by which framework."""

from __future__ import annotations

from errbridge.asgi import Bridge
from examples.migration import flask_app, quart_app
from examples.migration.parts import CHANGING, READING

WHAT = {
    1: "all routes are in Flask",
    2: "the routes that read orders are in Quart, those that change them still in Flask",
    3: "all routes are in Quart",
}


def bridge(step: int) -> Bridge:
    """Return the service at a step."""
    if step == 1:
        return Bridge([flask_app.make_app([READING, CHANGING])])
    if step == 2:
        return Bridge([quart_app.make_app([READING]), flask_app.make_app([CHANGING])])
    return Bridge([quart_app.make_app([READING, CHANGING])])
