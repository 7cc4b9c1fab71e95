"""What is registered in an application: hosts, prefixes and blueprints, each with its style and its handlers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from errbridge.handlers.handlers import CATCH_ALL, Key
from errbridge.inspection.subject import Source, Subject, find_source, key_name
from errbridge.scopes.patterns import split_prefix
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["HandlerEntry", "Listing", "ScopeEntry", "list_registrations", "sort_keys"]


@dataclass(frozen=True, slots=True)
class HandlerEntry:
    """A handler of a scope, of errbridge or registered with the framework."""

    key: str
    source: Source
    native: bool


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """A scope with everything that is registered for it."""

    host: str | None
    prefix: str | None  # without host and prefix, a blueprint owns only the errors of its views
    blueprint: str | None
    depth: int  # how many scopes of the host contain it
    style: str | None
    failure: bool  # whether it answers uncaught exceptions with the plain page
    handlers: tuple[HandlerEntry, ...]  # the framework's first, then errbridge's, the most specific first


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that is registered in an application."""

    app: str
    dispatcher: str
    scopes: tuple[ScopeEntry, ...]  # by host, each before those that it contains; the application last


def list_registrations(subject: Subject) -> Listing:
    """List everything that is registered in an application."""
    scopes: list[ScopeEntry] = []
    containing: list[tuple[str, ...]] = []
    for scope, owner in sorted(subject.list_scopes(), key=lambda pair: _place(pair[0])):
        path = (str(scope.host), *map(str, split_prefix(scope.prefix)))
        containing = [outer for outer in containing if len(outer) < len(path) and path[: len(outer)] == outer]
        functions = [(each.key, each.function, True) for each in subject.list_natives(scope)]
        functions += [(key, owner.handlers.by_key[key].function, False) for key in sort_keys(owner.handlers.by_key)]
        entries = tuple(HandlerEntry(key_name(key), find_source(each), native) for key, each, native in functions)
        place, style = (scope.host, scope.prefix, scope.blueprint), owner.style.name if owner.style else None
        scopes.append(ScopeEntry(*place, len(containing), style, owner.failure, entries))
        containing.append(path)
    return Listing(subject.name, type(subject.error_map.dispatcher).__name__, tuple(scopes))


def _place(scope: Scope) -> tuple[object, ...]:
    segments = [str(part) for part in split_prefix(scope.prefix)]
    is_view = scope.host is None and scope.prefix is None
    return scope == ROOT, is_view, scope.host is None, scope.host, segments, scope.blueprint is None, scope.blueprint


def sort_keys(keys: Iterable[Key]) -> list[Key]:
    """Sort the keys of handlers from the most specific to the most general."""
    return sorted(
        keys, key=lambda key: (not isinstance(key, type), not isinstance(key, int), key == CATCH_ALL, key_name(key))
    )
