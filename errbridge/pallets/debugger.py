"""Werkzeug's debugger where no development server brings it: under the bridge."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["add_debugger"]

WSGI = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def add_debugger(app: Any, wsgi_app: WSGI) -> WSGI:
    """Return a WSGI application that shows the debugger for what escapes from one, in debug mode and under the bridge.

    Args:
        app: The Flask application.
        wsgi_app: How it is called.
    """
    debugged: list[WSGI] = []

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "asgi.scope" not in environ or not app.debug or "werkzeug.debug.preserve_context" in environ:
            return wsgi_app(environ, start_response)
        if not debugged:
            from werkzeug.debug import DebuggedApplication  # it logs a PIN, and only developers need it

            debugged.append(DebuggedApplication(wsgi_app, evalex=True))
        return debugged[0](environ, start_response)

    return call
