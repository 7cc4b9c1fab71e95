"""The answer of a directory: who serves a request, and how much of its path the mount takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.asgi.location import Connection, Location
from errbridge.http.request import ALLOW

__all__ = ["INSIDE", "Destination", "Directory"]

INSIDE = "errbridge.inside"
"""A key of scopes: a bridge has passed the request on."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Who serves a request."""

    app: Asgi | Wsgi
    segments: int = 0  # of the path, which the mount takes
    allow: tuple[str, ...] = ()  # what other applications know at this URL, where that matters to the answer

    def place(self, scope: Connection, location: Location) -> Any:
        """Make the scope that the application has to see, of that of a request at a location of the bridge."""
        below = location.below(self.segments)
        placed = {**scope, "path": below.root + below.path, "root_path": below.root, INSIDE: True}
        if self.allow:  # for the application's own document, if errbridge is in it; the header joins anyway
            placed[ALLOW] = self.allow
        return placed


class Directory(Protocol):
    """Knows who serves what."""

    def find(self, scope: Connection, location: Location) -> Destination | None:
        """Find the application that serves a request at a location; None if none does."""
        ...
