"""What is registered in an application: hosts, prefixes and blueprints, each with its style and its handlers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from errbridge.application.errormap import Owner
from errbridge.handlers.handlers import CATCH_ALL, Key
from errbridge.inspection.subject import Source, Subject, find_source, key_name, list_scopes
from errbridge.scopes.patterns import Segment, split_prefix
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["HandlerEntry", "HostEntry", "Listing", "ScopeEntry", "list_registrations", "sort_keys"]


@dataclass(frozen=True, slots=True)
class HandlerEntry:
    """A handler of a scope, of errbridge or registered with the framework."""

    key: str
    source: Source
    native: bool


@dataclass(frozen=True, slots=True)
class ScopeEntry:
    """A scope with everything that is registered for it."""

    prefix: str | None
    blueprint: str | None
    depth: int  # how many scopes of the host contain it
    style: str | None
    failure: bool  # whether it answers uncaught exceptions with the plain page
    handlers: tuple[HandlerEntry, ...]  # the framework's first, then errbridge's, the most specific first


@dataclass(frozen=True, slots=True)
class HostEntry:
    """The scopes of a host, or without a host; a scope comes before those that it contains."""

    host: str | None
    scopes: tuple[ScopeEntry, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that is registered in an application."""

    app: str
    dispatcher: str
    hosts: tuple[HostEntry, ...]
    views: tuple[ScopeEntry, ...]  # blueprints that own no URL space, only the errors of their views
    root: ScopeEntry


def list_registrations(subject: Subject) -> Listing:
    """List everything that is registered in an application."""
    hosts: dict[str | None, list[tuple[Scope, Owner]]] = {}
    views: list[tuple[Scope, Owner]] = []
    for scope, owner in sorted(list_scopes(subject), key=_place):
        has_urls = scope.prefix is not None or scope.host is not None
        (hosts.setdefault(scope.host, []) if has_urls else views).append((scope, owner))
    return Listing(
        subject.name,
        type(subject.error_map.dispatcher).__name__,
        tuple(
            HostEntry(host, tuple(_build_tree(subject, hosts[host])))
            for host in sorted(hosts, key=lambda host: (host is None, host))
        ),
        tuple(_build_entry(subject, *view) for view in views),
        _build_entry(subject, ROOT, subject.error_map.root),
    )


def _place(pair: tuple[Scope, Owner]) -> tuple[object, ...]:
    scope = pair[0]
    return [str(part) for part in split_prefix(scope.prefix)], scope.blueprint is None, scope.blueprint or ""


def _build_tree(subject: Subject, scopes: Iterable[tuple[Scope, Owner]]) -> Iterator[ScopeEntry]:
    containing: list[tuple[Segment, ...]] = []
    for scope, owner in scopes:
        path = split_prefix(scope.prefix)
        while containing and not (len(containing[-1]) < len(path) and path[: len(containing[-1])] == containing[-1]):
            containing.pop()
        yield _build_entry(subject, scope, owner, len(containing))
        containing.append(path)


def _build_entry(subject: Subject, scope: Scope, owner: Owner, depth: int = 0) -> ScopeEntry:
    handlers = owner.handlers.by_key
    entries = (
        *(HandlerEntry(key_name(each.key), find_source(each.function), True) for each in subject.list_natives(scope)),
        *(HandlerEntry(key_name(key), find_source(handlers[key].function), False) for key in sort_keys(handlers)),
    )
    style = owner.style.name if owner.style else None
    return ScopeEntry(scope.prefix, scope.blueprint, depth, style, owner.failure, entries)


def sort_keys(keys: Iterable[Key]) -> list[Key]:
    """Sort the keys of handlers from the most specific to the most general."""

    def rank(key: Key) -> tuple[bool, bool, bool, str]:
        return not isinstance(key, type), not isinstance(key, int), key == CATCH_ALL, key_name(key)

    return sorted(keys, key=rank)
