"""Where a request is, and who serves it.

ASGI keeps two things in one string: ``path`` begins with ``root_path``, the part that mounts have taken. Not every
server does (behind a proxy that strips its prefix, Hypercorn's ``path`` does not), and Quart removes one from the other
with a plain ``startswith``. So the two are separated once, at the door, and every application gets a pair that cannot
be misread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from asgiref.typing import HTTPScope, WebSocketScope

from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.http.request import ALLOW

__all__ = ["INSIDE", "Connection", "Destination", "Directory", "find_host", "split_path"]

INSIDE = "errbridge.inside"
"""A key of scopes: a bridge has passed the request on."""

Connection = HTTPScope | WebSocketScope


def split_path(scope: Connection) -> tuple[str, str]:
    """Split the path of a scope as the server made it.

    Returns:
        What mounts have taken, without a trailing slash, and what is left, beginning with a slash.
    """
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
            end = 0
            for _ in range(self.segments):
                end = path.find("/", end + 1)
            if end < 0:
                end = len(path)
            root, path = root + path[:end], path[end:] or "/"
        placed: dict[str, Any] = {**scope}
        placed["path"] = root + path
        placed["root_path"] = root
        placed[INSIDE] = True
        if self.allow:  # for the application's own document, if errbridge is in it; the header joins anyway
            placed[ALLOW] = self.allow
        return placed


class Directory(Protocol):
    """Knows who serves what."""

    def find(self, scope: Connection, root: str, path: str) -> Destination | None:
        """Find the application that serves a request, by its split path; None if none does."""
        ...
