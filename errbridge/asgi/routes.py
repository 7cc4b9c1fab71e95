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
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path
from typing import Any

from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.asgi.destination import Connection, Destination, find_host
from errbridge.asgi.environ import wsgi_text
from errbridge.errors import SetupError

__all__ = ["Routes"]


class _Fit(IntEnum):
    """How well an application fits a request, the best first."""

    SERVES = 1
    REDIRECTS = 2
    OTHER_METHOD = 3
    OTHER_PROTOCOL = 4
    UNKNOWN = 5


_MEANINGS = {
    308: _Fit.REDIRECTS,
    400: _Fit.OTHER_PROTOCOL,
    404: _Fit.UNKNOWN,
    405: _Fit.OTHER_METHOD,
}


class Routes:
    """Finds the application that has a route for a request.

    Raises:
        SetupError: One of them has no routing that could be asked.
    """

    def __init__(self, apps: Sequence[Asgi | Wsgi]) -> None:
        for app in apps:
            if not hasattr(app.app, "create_url_adapter"):
                raise SetupError(
                    f"{app.app!r} has no routes that could be asked for; only Flask and Quart applications can share a "
                    "URL space, so mount it instead: Bridge({'/': ..., '/prefix': ...})"
                )
        self._apps = tuple(map(Destination, apps))

    def find(self, scope: Connection, root: str, path: str) -> Destination | None:
        """Find who serves a request."""
        question = _Question.of(scope, root, path)
        best, destination = _Fit.UNKNOWN, None
        for app in self._candidates(scope):
            fit = _ask(app.app.app, question)
            if destination is None or fit < best:
                best, destination = fit, app
            if fit is _Fit.SERVES:
                break
        if destination is not None and (best is _Fit.OTHER_METHOD or question.method == "OPTIONS"):
            return replace(destination, allow=self._allowed(question))
        return destination

    def _candidates(self, scope: Connection) -> Iterable[Destination]:
        if scope["type"] == "http":
            return self._apps
        return [app for app in self._apps if isinstance(app.app, Asgi)] or self._apps[:1]

    def _allowed(self, question: _Question) -> tuple[str, ...]:
        allowed: list[str] = []
        for app in self._apps:
            adapting: Any = app.app.app
            with suppress(Exception):  # a Host that cannot be one: the application answers for it
                allowed += adapting.create_url_adapter(question).allowed_methods()
        return tuple(allowed)


@dataclass(slots=True)
class _Question:
    """As much of a request as the routing of Flask (``environ``) and Quart (all the rest) reads."""

    method: str
    scheme: str
    host: str
    root_path: str
    path: str
    query_string: bytes
    environ: dict[str, str]
    trusted_hosts: list[str] | None = None

    @classmethod
    def of(cls, scope: Connection, root: str, path: str) -> _Question:
        server = scope.get("server") or ("localhost", 80)
        method = scope["method"] if scope["type"] == "http" else "GET"
        scheme = scope.get("scheme", "http")
        host = find_host(scope)
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": wsgi_text(root),
            "PATH_INFO": wsgi_text(path),
            "QUERY_STRING": scope["query_string"].decode("latin-1"),
            "SERVER_NAME": server[0],
            "SERVER_PORT": str(server[1] or 0),
            "wsgi.url_scheme": scheme,
        }
        if host:
            environ["HTTP_HOST"] = host
        return cls(method, scheme, host or server[0], root, path, scope["query_string"], environ)


def _ask(app: Any, question: _Question) -> _Fit:
    try:
        rule, values = app.create_url_adapter(question).match(return_rule=True)
    except Exception as refusal:
        # What is no answer of Werkzeug is a bug in a converter; the application meets it again, and answers for it.
        return _MEANINGS.get(getattr(refusal, "code", 0), _Fit.SERVES)
    blueprint, _, endpoint = rule.endpoint.rpartition(".")
    if endpoint == "static" and not _has_file(app.blueprints.get(blueprint) if blueprint else app, values):
        return _Fit.UNKNOWN
    return _Fit.SERVES


def _has_file(owner: Any, values: dict[str, Any]) -> bool:
    """Return whether an application or blueprint has a static file; its route matches missing files as well."""
    folder, name = getattr(owner, "static_folder", None), values.get("filename")
    if folder is None or name is None:
        return True
    try:
        return Path(folder, name).is_file() and os.access(Path(folder, name), os.R_OK)
    except (OSError, ValueError):  # a name that no file can have, or a folder that cannot be looked into
        return False
