"""Where a request is: the part of its path that mounts have taken, and the part that is left.

ASGI keeps both in one string: ``path`` begins with ``root_path``. Not every server does (behind a proxy that strips its
prefix, Hypercorn's ``path`` does not), and Quart removes one from the other with a plain ``startswith``. So the two are
separated once, at the door, and every application gets a pair that cannot be misread.
"""

from __future__ import annotations

from dataclasses import dataclass

from asgiref.typing import HTTPScope, WebSocketScope

__all__ = ["Connection", "Location", "host_of"]

Connection = HTTPScope | WebSocketScope


@dataclass(frozen=True, slots=True)
class Location:
    """A path, split at the last mount."""

    root: str  # what the mounts have taken, without a trailing slash; empty at the top
    path: str  # what is left, beginning with a slash

    @classmethod
    def of(cls, scope: Connection) -> Location:
        """Read the location from a scope as the server made it."""
        root = scope.get("root_path", "").rstrip("/")
        path = scope["path"]
        if not path.startswith("/"):  # absolute-form, RFC 9112 section 3.2.2, or nothing at all
            path = "/" + path.partition("://")[2].partition("/")[2]
        if root and path.startswith(root) and path[len(root) : len(root) + 1] in ("", "/"):
            path = path[len(root) :] or "/"
        return cls(root, path)

    def below(self, segments: int) -> Location:
        """Let a mount take that many segments of the path."""
        if not segments:
            return self
        end = 0
        for _ in range(segments):
            end = self.path.find("/", end + 1)
            if end < 0:
                return Location(self.root + self.path, "/")
        return Location(self.root + self.path[:end], self.path[end:])


def host_of(scope: Connection) -> str:
    """Read the Host header; empty without one."""
    for name, value in scope["headers"]:
        if name == b"host":
            return value.decode("latin-1")
    return ""
