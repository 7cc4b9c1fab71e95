"""Where a request is, and which application serves it: by mount, or route by route.

ASGI keeps two things in one string: ``path`` begins with ``root_path``, the part that mounts have taken. Not every
server does (behind a proxy that strips its prefix, Hypercorn's ``path`` does not), and Quart removes one from the other
with a plain ``startswith``. So the two are separated once, at the door, and every application gets a pair that cannot
be misread.

Mounts are found through the trie of the scopes. The applications of ``Bridge([...])`` share one URL space: each is
asked through the routing that it uses itself, so its converters, hosts, subdomains and slashes count as they always do.
Flask and Quart have that routing from Werkzeug, which says no by raising: what an answer means is read from the
exception's ``code``, so that neither has to be imported. One of them serves the request:

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
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from wsgiref.types import WSGIEnvironment

from asgiref.typing import HTTPScope, WebSocketScope

from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.errors import SetupError
from errbridge.http.request import ALLOW
from errbridge.scopes.patterns import Variable, find_converter, split_prefix
from errbridge.scopes.scope import Scope, parse_place
from errbridge.scopes.trie import ScopeTrie

__all__ = [
    "INSIDE",
    "Connection",
    "Destination",
    "Mounts",
    "Routes",
    "describe_request",
    "find_host",
    "read_place",
    "split_path",
]

INSIDE = "errbridge.inside"
"""A key of scopes: a bridge has passed the request on."""

Connection = HTTPScope | WebSocketScope


def split_path(scope: Connection) -> tuple[str, str]:
    """Return what mounts have taken of the path, without a trailing slash, and what is left, with a slash before it."""
    root, path = scope.get("root_path"), scope["path"]
    if path[:1] != "/":  # absolute-form, RFC 9112 section 3.2.2, or nothing at all
        path = "/" + path.partition("://")[2].partition("/")[2]
    if not root:
        return "", path
    root = root.rstrip("/")
    if path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
        path = path[len(root) :] or "/"
    return root, path


def find_host(scope: Connection) -> str:
    """Read the Host header; empty without one."""
    for name, value in scope["headers"]:
        if name == b"host":
            return value.decode("latin-1")
    return ""


def describe_request(scope: Connection, root: str, path: str) -> WSGIEnvironment:
    """Make the part of an environment that routing reads; of a path that is split already."""
    server = scope.get("server")
    if server is None or server[1] in (None, 0, "0"):  # a Unix socket; granian has its port as text
        server = "localhost", 80
    return {
        "REQUEST_METHOD": scope.get("method", "GET"),
        # WSGI wants the bytes of a path's UTF-8, each as one character.
        "SCRIPT_NAME": root.encode("utf-8", "surrogateescape").decode("latin-1"),
        "PATH_INFO": path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "wsgi.url_scheme": scope.get("scheme", "http"),
    }


@dataclass(frozen=True, slots=True)
class Destination:
    """Who serves a request."""

    app: Asgi | Wsgi
    segments: int = 0  # of the path, which the mount takes
    allow: tuple[str, ...] = ()  # what other applications know at this URL, where that matters to the answer

    def place(self, scope: Connection, root: str, path: str) -> Any:
        """Make the scope that the application has to see, of that of a request to the bridge and its split path."""
        if self.segments:
            parts = path.split("/", self.segments + 1)
            root, path = root + "/".join(parts[: self.segments + 1]), "/" + "".join(parts[self.segments + 1 :])
        # The methods are for the application's own document, if errbridge is in it; the header joins anyway.
        placed: dict[str, Any] = {**scope}
        placed["path"], placed["root_path"] = root + path, root
        placed[INSIDE], placed[ALLOW] = True, self.allow
        return placed


class Mounts:
    """Finds what is mounted at a URL: by whole segments, the deepest mount, those of the request's host first."""

    def __init__(self, apps: Iterable[tuple[str | Scope, Asgi | Wsgi]]) -> None:
        self.places: dict[Scope, Destination] = {}
        for key, app in apps:
            place = read_place(key)
            if place in self.places:
                raise SetupError(f"two applications are mounted at {str(key)!r}; give each a place of its own")
            self.places[place] = Destination(app, _count_segments(place))
        self._has_hosts = any(place.host is not None for place in self.places)
        self._trie = ScopeTrie(self.places)

    def find(self, scope: Connection, root: str, path: str) -> Destination | None:
        """Find what is mounted at the URL of a request."""
        owners = self._trie.owners(find_host(scope) if self._has_hosts else "", path)
        return self.places[owners[0]] if owners else None


def read_place(key: str | Scope) -> Scope:
    """Read ``"/prefix"``, ``"//host/prefix"`` or a scope; a SetupError if it is none."""
    if not isinstance(key, str | Scope):
        raise SetupError(f"{key!r} is no place; write '/prefix', '//host/prefix' or Scope(host=..., prefix=...)")
    place = parse_place(key) if isinstance(key, str) else key
    if place.blueprint is not None:
        raise SetupError(f"{key} is a blueprint; mount its application at Scope(host=..., prefix=...) instead")
    return place if place.prefix is not None else Scope(place.host, "/")


def _count_segments(place: Scope) -> int:
    """Count the segments that a mount takes from the path."""
    segments = split_prefix(place.prefix)
    for token in chain.from_iterable(segments):
        if isinstance(token, Variable) and not find_converter(token.converter, token.arguments).isolating:
            raise SetupError(f"the mount {str(place)!r} has no certain end; use a variable without slashes in it")
    return len(segments)


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
