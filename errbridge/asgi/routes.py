"""The directory of ``Bridge([...])``: applications that share one URL space, route by route.

Each application is asked through the routing that it uses itself, so its converters, hosts, subdomains and slashes
count as they always do. Flask and Quart have that routing from Werkzeug, which says no by raising: what an answer means
is read from the exception's ``code``, so that neither has to be imported. One of them serves the request:

1. the first one with a route for URL and method;
2. else the first one that redirects the URL to a route of its own;
3. else the first one that has the URL for other methods; its 405 names the methods of all;
4. else the first one that has the URL for the other protocol, HTTP or WebSocket;
5. else the first one, whose 404 it is.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.asgi.environ import describe_request
from errbridge.asgi.mounts import Connection, Destination, find_host
from errbridge.errors import SetupError

__all__ = ["Routes"]


_SERVES, _OTHER_METHOD, _UNKNOWN = 0, 2, 4
_FITS = {308: 1, 405: _OTHER_METHOD, 400: 3, 404: _UNKNOWN}
"""How well an application fits a request, the best first, by the code of what its routing raises."""


class Routes:
    """Finds the application that has a route for a request."""

    places = ()  # none of them has one of its own

    def __init__(self, apps: Sequence[Asgi | Wsgi]) -> None:
        for app in apps:
            if not hasattr(app.app, "create_url_adapter"):
                raise SetupError(
                    f"{app.app!r} has no routes that could be asked for; only Flask and Quart applications can share a "
                    "URL space, so mount it instead: Bridge({'/': ..., '/prefix': ...})"
                )
        self._apps = list(map(Destination, apps))

    def find(self, scope: Connection, root: str, path: str) -> Destination:
        """Find who serves a request."""
        question = _make_question(scope, root, path)
        apps = self._apps
        if scope["type"] == "websocket":
            apps = [app for app in apps if isinstance(app.app, Asgi)] or apps[:1]
        best, destination = _UNKNOWN, apps[0]
        for app in apps:
            fit = _ask(app.app.app, question)
            if fit < best:
                best, destination = fit, app
            if fit == _SERVES:
                break
        if best != _OTHER_METHOD and question.method != "OPTIONS":
            return destination
        allowed: list[str] = []
        for app in self._apps:
            adapting: Any = app.app.app
            with suppress(Exception):  # a Host that cannot be one: the application answers for it
                allowed += adapting.create_url_adapter(question).allowed_methods()
        return replace(destination, allow=tuple(allowed))


def _make_question(scope: Connection, root: str, path: str) -> SimpleNamespace:
    """Make as much of a request as the routing of Flask (``environ``) and Quart (all the rest) reads."""
    environ, host = describe_request(scope, root, path), find_host(scope)
    if host:
        environ["HTTP_HOST"] = host
    return SimpleNamespace(
        method=environ["REQUEST_METHOD"],
        scheme=environ["wsgi.url_scheme"],
        host=host or environ["SERVER_NAME"],
        root_path=root,
        path=path,
        query_string=scope["query_string"],
        environ=environ,
        trusted_hosts=None,
    )


def _ask(app: Any, question: SimpleNamespace) -> int:
    try:
        rule, values = app.create_url_adapter(question).match(return_rule=True)
    except Exception as refusal:
        # What is no answer of Werkzeug is a bug in a converter; the application meets it again, and answers for it.
        return _FITS.get(getattr(refusal, "code", 0), _SERVES)
    blueprint, _, endpoint = rule.endpoint.rpartition(".")
    if endpoint == "static" and not _has_file(app.blueprints.get(blueprint) if blueprint else app, values):
        return _UNKNOWN
    return _SERVES


def _has_file(owner: Any, values: dict[str, Any]) -> bool:
    """Return whether an application or blueprint has a static file; its route matches missing files as well."""
    folder, name = getattr(owner, "static_folder", None), values.get("filename")
    if folder is None or name is None:
        return True
    with suppress(OSError, ValueError):  # a name that no file can have, or a folder that cannot be looked into
        return Path(folder, name).is_file() and os.access(Path(folder, name), os.R_OK)
    return False
