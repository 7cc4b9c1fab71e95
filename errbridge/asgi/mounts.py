"""The directory of ``Bridge({...})``: which application is mounted where, found through the trie of the scopes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from errbridge.asgi.applications import Asgi, Wsgi
from errbridge.asgi.destination import Connection, Destination, find_host
from errbridge.errors import SetupError
from errbridge.scopes.patterns import Variable, find_converter, split_prefix
from errbridge.scopes.scope import Scope, parse_place
from errbridge.scopes.trie import ScopeTrie

__all__ = ["Mounts", "read_place"]


class Mounts:
    """Finds what is mounted at a URL: by whole segments, the deepest mount, those of the request's host first.

    Raises:
        SetupError: A key cannot be read, or two of them mean the same place.
    """

    def __init__(self, apps: Mapping[str | Scope, Asgi | Wsgi]) -> None:
        mounted: dict[Scope, _Mount] = {}
        for key, app in apps.items():
            place = read_place(key)
            if place in mounted:
                raise SetupError(f"two applications are mounted at {str(key)!r}; give each a place of its own")
            mounted[place] = _Mount(place.host, place.prefix, destination=Destination(app, _depth(place)))
        self._hosted = any(place.host is not None for place in mounted)
        self._trie = ScopeTrie(mounted.values())

    def find(self, scope: Connection, root: str, path: str) -> Destination | None:
        """Find what is mounted at the URL of a request."""
        owners: Any = self._trie.owners(find_host(scope) if self._hosted else "", path)
        return owners[0].destination if owners else None


@dataclass(frozen=True, slots=True)
class _Mount(Scope):
    destination: Destination = field(kw_only=True)


def read_place(key: str | Scope) -> Scope:
    """Read a place: ``"/prefix"``, ``"//host/prefix"`` or a scope.

    Raises:
        SetupError: It is none.
    """
    if not isinstance(key, str | Scope):
        raise SetupError(f"{key!r} is no place; write '/prefix', '//host/prefix' or Scope(host=..., prefix=...)")
    place = parse_place(key) if isinstance(key, str) else key
    if place.blueprint is not None:
        raise SetupError(f"{key} is a blueprint; mount its application at Scope(host=..., prefix=...) instead")
    return place if place.prefix is not None else Scope(place.host, "/")


def _depth(place: Scope) -> int:
    """Count the segments that a mount takes from the path."""
    parts = split_prefix(place.prefix)
    for token in (token for part in parts for token in part if isinstance(token, Variable)):
        if not find_converter(token.converter, token.arguments).isolating:
            raise SetupError(f"the mount {str(place)!r} has no certain end; use a variable without slashes in it")
    return len(parts)
