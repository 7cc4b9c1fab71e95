"""Both apps in one process. With Hypercorn's own command: ``hypercorn examples.demo.server:app``."""

from __future__ import annotations

from errbridge.asgi import Bridge
from examples.demo import flask_app, quart_app, start_app

app = Bridge({"/": start_app.app, "/flask": flask_app.app, "/quart": quart_app.app})
