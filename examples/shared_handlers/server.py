"""Both under one server, each at a prefix of its own."""

from __future__ import annotations

from errbridge.asgi import Bridge
from examples.shared_handlers import flask_app, quart_app

app = Bridge({"/flask": flask_app.app, "/quart": quart_app.app})
