"""What an application speaks: ASGI or WSGI, found out without importing a framework or said explicitly."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

from errbridge.errors import SetupError
from errbridge.introspection import is_async

__all__ = ["App", "Asgi", "AsgiApp", "Wsgi", "WsgiApp", "recognise"]

# Any for the arguments: each framework and each server has types of its own for what ASGI and WSGI pass.
AsgiApp = Callable[[Any, Any, Any], Awaitable[None]]
"""A callable of ``(scope, receive, send)``."""

WsgiApp = Callable[[Any, Any], Iterable[bytes]]
"""A callable of ``(environ, start_response)``."""


@dataclass(frozen=True, slots=True)
class Asgi:
    """An application that speaks ASGI 3, said explicitly.

    Args:
        app: Called with ``(scope, receive, send)``.
    """

    app: AsgiApp


@dataclass(frozen=True, slots=True)
class Wsgi:
    """An application that speaks WSGI, said explicitly.

    Args:
        app: Called with ``(environ, start_response)``, in a thread.
    """

    app: WsgiApp


App = Asgi | Wsgi | AsgiApp | WsgiApp
"""Whatever can be mounted: a Quart or Flask application, another ASGI or WSGI callable, or one that is wrapped."""


def recognise(app: App) -> Asgi | Wsgi:
    """Return what an application speaks; a SetupError if it speaks neither, or that cannot be found out."""
    if isinstance(app, Asgi | Wsgi):
        return app
    if inspect.isclass(app) or not callable(app):
        raise SetupError(f"{app!r} is no application; pass a Flask or Quart application, or an ASGI or WSGI callable")
    parameters = _count_parameters(app)
    if hasattr(app, "asgi_app") or is_async(app) or parameters == 3:
        return Asgi(cast("AsgiApp", app))
    if hasattr(app, "wsgi_app") or parameters == 2:
        return Wsgi(cast("WsgiApp", app))
    raise SetupError(f"{app!r} could be ASGI or WSGI; say which one: Asgi({app!r}) or Wsgi({app!r})")


def _count_parameters(app: Callable[..., Any]) -> int:
    """Count the positional parameters that a call has to give; 0 if that is not certain."""
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return 0
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return 0
    return sum(each.kind <= each.POSITIONAL_OR_KEYWORD and each.default is each.empty for each in parameters)
