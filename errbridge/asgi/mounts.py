"""Where a request is, and which application is mounted there, found through the trie of the scopes.

ASGI keeps two things in one string: ``path`` begins with ``root_path``, the part that mounts have taken. Not every
server does (behind a proxy that strips its prefix, Hypercorn's ``path`` does not), and Quart removes one from the other
with a plain ``startswith``. So the two are separated once, at the door, and every application gets a pair that cannot
be misread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from asgiref.typing import HTTPScope, WebSocketScope

from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.errors import SetupError
from errbridge.http.request import ALLOW
from errbridge.scopes.patterns import Variable, find_converter, split_prefix
from errbridge.scopes.scope import Scope, parse_place
from errbridge.scopes.trie import ScopeTrie

__all__ = ["INSIDE", "Connection", "Destination", "Mounts", "find_host", "read_place", "split_path"]

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
