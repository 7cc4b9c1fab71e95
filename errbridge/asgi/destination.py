"""The answer of a directory: who serves a request, and how much of its path the mount takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.asgi.location import Connection, Location
from errbridge.http.request import ALLOW
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["INSIDE", "Destination", "Directory"]

INSIDE = "errbridge.inside"
"""A key of scopes: a bridge has passed the request on."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Who serves a request.

    Attributes:
        app: The application.
        mount: Where the application is mounted.
        segments: How many segments of the path its mount takes.
        allow: The methods that other applications know at this URL, where that matters to the answer.
    """

    app: Asgi | Wsgi
    mount: Scope = ROOT
    segments: int = 0
    allow: tuple[str, ...] = ()

    def place(self, scope: Connection, location: Location) -> Any:
        """Make the scope as the application has to see it.

        Args:
            scope: As the bridge got it.
            location: Where the request is in the bridge.
        """
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
