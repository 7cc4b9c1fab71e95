"""The answer of a directory: who serves a request, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.asgi.location import Connection, Location
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["Destination", "Directory"]


@dataclass(frozen=True, slots=True)
class Destination:
    """Who serves a request.

    Attributes:
        app: The application.
        location: The request's location as this application has to see it.
        mount: Where the application is mounted.
        allow: The methods that other applications know at this URL, where that matters to the answer.
    """

    app: Asgi | Wsgi
    location: Location
    mount: Scope = ROOT
    allow: tuple[str, ...] = ()


class Directory(Protocol):
    """Knows who serves what."""

    def find(self, scope: Connection) -> Destination | None:
        """Find the application that serves a request; None if none does."""
        ...
