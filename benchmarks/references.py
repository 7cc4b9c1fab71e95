"""What errbridge's own algorithms are compared with: the same work, done in other ways.

Each finds the nearest owner of a path among prefixes such as ``/team7/api`` or ``/tenant7/<name>``. The owner is the
prefix itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.routing import Map, Rule
from werkzeug.routing.exceptions import NoMatch

__all__ = ["MergedTable", "by_startswith", "by_werkzeug"]

_ANY = "<>"  # no text in a path is equal to it, since a prefix cannot contain it
_OWNER = "/"


class MergedTable:
    """Nested dicts, in which each text leads to its own children and to those of a variable at the same place, merged.

    It knows one kind of variable, no hosts, and gives only one owner, any of the deepest: as little as can do the work.
    """

    def __init__(self, prefixes: Iterable[str]) -> None:
        self._root: dict[str, Any] = {}
        self._depth = 0
        for prefix in prefixes:
            segments = prefix.split("/")[1:]
            self._depth = max(self._depth, len(segments))
            node = self._root
            for segment in segments:
                node = node.setdefault(_ANY if segment.startswith("<") else segment, {})
            node[_OWNER] = prefix
        self._root = _merged(self._root, None)

    def owner(self, path: str) -> str | None:
        node = self._root
        end = path.find("/", 1)
        if _ANY not in node and (path[1:] if end < 0 else path[1:end]) not in node:
            return node[_OWNER]  # type: ignore[no-any-return]
        for segment in path.split("/", self._depth + 1)[1:]:
            if segment in node:
                node = node[segment]
            elif segment and _ANY in node:
                node = node[_ANY]
            else:
                break
        return node[_OWNER]  # type: ignore[no-any-return]


def _merged(node: dict[str, Any], inherited: str | None) -> dict[str, Any]:
    owner = node.get(_OWNER, inherited)
    otherwise: dict[str, Any] = node.get(_ANY, {})
    children = {name: child for name, child in node.items() if name != _OWNER}
    return {_OWNER: owner} | {
        name: _merged(child if name == _ANY else _union(child, otherwise), owner) for name, child in children.items()
    }


def _union(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Put two nodes into one; where both own something, the first does."""
    if not second:
        return first
    both: dict[str, Any] = {**second, **first}
    for name in first.keys() & second.keys() - {_OWNER}:
        both[name] = _union(first[name], second[name])
    return both


def by_startswith(prefixes: Iterable[str]) -> Callable[[str], str | None]:
    """Look at one prefix after the other, as Flask-ErrorsHandler does."""
    listed = list(prefixes)

    def owner(path: str) -> str | None:
        for prefix in listed:
            if path.startswith(prefix):
                return prefix
        return None

    return owner


def by_werkzeug(prefixes: Iterable[str]) -> Callable[[str], str | None]:
    """Ask the matcher of Werkzeug's routing, with a route for everything below each prefix."""
    rules = [
        Rule(f"{prefix}/<path:_rest>", endpoint=prefix, methods=["GET"], strict_slashes=False) for prefix in prefixes
    ]
    routes = Map(rules, merge_slashes=False)
    routes.update()
    matcher = routes._matcher

    def owner(path: str) -> str | None:
        try:
            rule, _ = matcher.match("", path, "GET", False)
        except NoMatch:
            return None
        return str(rule.endpoint)

    return owner
